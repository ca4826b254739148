package programs

import (
	"time"

	"esoz/internal/sandbox/world/build"
)

// devicesOfPrograms adds the devices that requests prescribe and pharmacies dispense.
func devicesOfPrograms(w *build.World) {
	define(w, "device definition", "packages of 5 test strips; the device program pays for them", "Тест-смужки Accu-Chek Performa для глюкометра", "30221", nil)
	pays(w, "program device", "device program", "device definition", nil)
	pays(w, "silent program device", "silent device program", "device definition", nil)
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
		"start_date": w.Now.AddDate(-1, 0, 0).Format(time.DateOnly), "end_date": nil, "is_active": true,
	}, changed)))
}
