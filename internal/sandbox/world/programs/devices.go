package programs

import (
	"esoz/internal/sandbox/world/build"
)

// devicesOfPrograms adds the devices that requests prescribe and pharmacies dispense.
func devicesOfPrograms(w *build.World) {
	define(w, "device definition", "packages of 5 test strips; the device program pays for them", "Тест-смужки Accu-Chek Performa для глюкометра", "30221", nil)
	define(w, "device definition of large packages", "packages of 3 test strips", "Тест-смужки Contour Plus для глюкометра", "30221", build.Row{"packaging_count": 3})
	define(w, "device definition in boxes", "counted in boxes", "Ланцети Accu-Chek Softclix", "30221", build.Row{"packaging_unit": "box"})
	define(w, "device definition of another type", "of a type that nobody prescribes", "Голки для шприц-ручок Novofine", "30222", nil)
	define(w, "device definition outside of programs", "packages of 5 test strips that no program pays for", "Тест-смужки Rightest", "30221", nil)
	define(w, "inactive device definition", "is_active is false", "Тест-смужки GluNeo Lite", "30221", build.Row{"is_active": false})
	for _, p := range []struct{ name, title, note string }{
		{"scarce device program", "Вироби за добовою нормою", "pays for one device in ten days"},
		{"device program of large packages", "Вироби в упаковках по три", "pays for packages of 3"},
		{"device program of boxes", "Вироби, які рахують коробками", "pays for boxes"},
		{"device program of several devices", "Вироби на вибір", "pays for the same device at two prices"},
		{"former device program", "Вироби минулого року", "has no device in date"},
	} {
		w.Insert("prm.medical_programs", w.Audited(build.Row{
			"id": w.Object("medical program", p.name, p.note), "name": p.title, "type": "DEVICE", "funding_source": "NHS", "is_active": true,
			"medical_program_settings": build.Row{"request_notification_disabled": false},
		}))
	}
	pays(w, "program device", "device program", "device definition", nil)
	pays(w, "silent program device", "silent device program", "device definition", nil)
	pays(w, "scarce program device", "scarce device program", "device definition", build.Row{"max_daily_count": 0.1})
	pays(w, "program device of large packages", "device program of large packages", "device definition of large packages", nil)
	pays(w, "program device of boxes", "device program of boxes", "device definition in boxes", nil)
	pays(w, "first program device", "device program of several devices", "device definition", nil)
	pays(w, "second program device", "device program of several devices", "device definition", build.Row{
		"reimbursement_type": "PERCENTAGE", "reimbursement_amount": nil, "percentage_discount": 50,
	})
	pays(w, "former program device", "former device program", "device definition", build.Row{"end_date": w.Day(-1)})
	for _, program := range []string{
		"device program", "silent device program", "scarce device program", "device program of large packages", "device program of boxes",
		"device program of several devices", "former device program", "medical program of medications",
	} {
		w.Insert("prm.medical_program_provision", w.Audited(build.Row{
			"id": build.ID("provision of " + program + " by the drugstore"), "medical_program_id": build.ID(program), "division_id": build.ID("drugstore"),
			"contract_number": "0000-AB12-D",
		}))
	}
}

// define adds a definition of packages of 5 devices, but for what is changed.
func define(w *build.World, name, note, title, code string, changed build.Row) {
	id := w.Object("device definition", name, note)
	w.Insert("prm.device_definitions", w.Audited(build.Changed(build.Row{
		"id": id, "external_id": nil, "classification_type": code, "packaging_type": "box", "packaging_count": 5, "packaging_unit": "piece", "is_active": true,
	}, changed)))
	w.Insert("prm.device_definition_names", build.Row{"id": build.ID("name of " + name), "device_definition_id": id, "name": title, "type": "user_friendly"})
	w.Insert("prm.device_definition_classification_types", build.Row{
		"id": build.ID("type of " + name), "device_definition_id": id, "system": "device_definition_classification_type", "code": code,
	})
}

// pays has a program pay for a device since last year, but for what is changed.
func pays(w *build.World, name, program, definition string, changed build.Row) {
	w.Insert("prm.program_devices", w.Audited(build.Changed(build.Row{
		"id": w.Object("program device", name, "the "+definition+" in the "+program), "medical_program_id": build.ID(program),
		"device_definition_id": build.ID(definition), "reimbursement_type": "FIXED", "reimbursement_amount": 12.5,
		"wholesale_price": 14.2, "consumer_price": 18.65, "reimbursement_daily_count": 2, "estimated_payment_amount": 6.15, "max_daily_count": nil,
		"registry_number": "НСЗУ-30221-1", "device_request_allowed": true, "care_plan_activity_allowed": true,
		"start_date": w.Day(-365), "end_date": nil, "is_active": true,
	}, changed)))
}
