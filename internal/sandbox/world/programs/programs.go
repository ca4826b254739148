// Package programs has medical programs, the services that they pay for, and groups of services.
package programs

import (
	"github.com/google/uuid"

	"esoz/internal/sandbox/world/build"
)

// Add adds the programs.
func Add(w *build.World) {
	consultation := service(w, "service", "11700-00", "Інша електрокардіографія [ЕКГ]", "diagnostic_procedure")
	service(w, "service of a group", "55036-00", "Ультразвукове дослідження черевної порожнини", "imaging")
	group := w.Object("service group", "service group", "palliative care; the service of a group is in it")
	w.Insert("prm.service_groups", w.Audited(build.Row{
		"id": group, "code": "A59001", "name": "Паліативна допомога", "is_active": true, "request_allowed": true,
	}))
	include(w, "service of a group", "service group", true)
	imaging(w)
	devices(w)
	procedures(w)
	for _, p := range []struct {
		name, title, kind, note string
		columns                 build.Row
	}{
		{"medical program", "Програма державних фінансових гарантій медичного обслуговування населення", "SERVICE", "pays for the service and the group of services", nil},
		{"medical program of medications", "Доступні ліки", "MEDICATION", "pays for medications, not for services", medications(settings)},
		{"medical program of insulin", "Реімбурсація препаратів інсуліну", "MEDICATION", "pays for insulin", medications(insulin)},
		{"medical program of devices", "Доступні ліки: медичні вироби (тест-смужки)", "DEVICE", "pays for test strips", build.Row{
			"device_request_allowed": true, "device_dispense_allowed": true,
			"medical_program_settings": build.Row{"care_plan_required": true, "device_request_allowed_code_types": []string{"CLASSIFICATION_TYPE"}},
		}},
		{"other medical program", "Реабілітаційна допомога", "SERVICE", "does not include the service", nil},
		{"medical program without requests", "Медичні огляди", "SERVICE", "includes the service, but takes no requests for it", nil},
		{"dental medical program", "Стоматологічна допомога", "SERVICE", "that of a referral which asks for another one", nil},
		{"inactive medical program", "Програма, що завершилася", "SERVICE", "is_active is false", build.Row{"is_active": false}},
	} {
		w.Insert("prm.medical_programs", w.Audited(build.Changed(build.Row{
			"id": w.Object("medical program", p.name, p.note), "name": p.title, "type": p.kind, "funding_source": "NHS", "is_active": true,
		}, p.columns)))
	}
	includes(w, "program service", "medical program", build.Row{
		"service_id": consultation, "request_allowed": true, "consumer_price": 152.5, "description": "За пакетом амбулаторної допомоги",
	})
	includes(w, "program service of a group", "medical program", build.Row{"service_group_id": group, "request_allowed": true})
	includes(w, "program service without requests", "medical program without requests", build.Row{"service_id": consultation, "request_allowed": false})
	includes(w, "program service of an inactive program", "inactive medical program", build.Row{"service_id": consultation, "request_allowed": true})
	includes(w, "former program service", "other medical program", build.Row{"service_id": consultation, "is_active": false, "request_allowed": false})
	devicesOfPrograms(w)
	definitions(w)
	catalogue(w)
	programReads(w)
	programServiceReads(w)
}

// settings are those of a program of medications.
var settings = build.Row{
	"care_plan_required": false, "employee_types_to_create_medication_request": []string{"DOCTOR", "SPECIALIST"}, "skip_mnn_in_treatment_period": false,
	"skip_employee_validation": false, "medication_request_max_period_day": 90, "medication_dispense_period_day": 30,
	"skip_medication_request_employee_declaration_verify": false, "skip_medication_request_legal_entity_declaration_verify": true,
	"multi_medication_dispense_allowed": false, "skip_medication_dispense_sign": false, "medication_request_notification_disabled": false,
	"skip_contract_provision_verify": false, "medical_program_change_on_dispense_allowed": false,
	"conditions_icpc2_allowed": []string{"K86", "K87", "T90"},
}

// insulin are settings of a program that only some may prescribe under, by a care plan.
var insulin = build.Changed(settings, build.Row{
	"care_plan_required": true, "speciality_types_allowed": []string{"ENDOCRINOLOGY", "PEDIATRIC_ENDOCRINOLOGY", "FAMILY_DOCTOR"},
	"patient_categories_allowed": []string{"insulin_1", "insulin_2"}, "conditions_icpc2_allowed": []string{"T89", "T90"},
})

func medications(settings build.Row) build.Row {
	return build.Row{
		"mr_blank_type": "F-1", "medication_request_allowed": true, "medication_dispense_allowed": true, "medical_program_settings": settings,
		"medical_program_settings_text": "За постановою про реімбурсацію",
	}
}

// devices adds medical programs that pay for devices.
func devices(w *build.World) {
	for _, p := range []struct {
		name, title, note string
		silent            bool
	}{
		{"device program", "Доступні медичні вироби", "pays for devices", false},
		{"silent device program", "Реабілітаційні вироби", "pays for devices, and sends their patients no SMS", true},
	} {
		w.Insert("prm.medical_programs", w.Audited(build.Row{
			"id": w.Object("medical program", p.name, p.note), "name": p.title, "type": "DEVICE", "funding_source": "NHS", "is_active": true,
			"medical_program_settings": build.Row{"request_notification_disabled": p.silent},
		}))
	}
}

func service(w *build.World, name, code, title, category string) uuid.UUID {
	id := w.Object("service", name, title)
	w.Insert("prm.services", w.Audited(build.Row{
		"id": id, "code": code, "name": title, "category": category, "is_active": true, "request_allowed": true,
	}))
	return id
}

// imaging adds a group of services with groups below it.
func imaging(w *build.World) {
	service(w, "radiography", "58500-00", "Рентгенографія грудної клітки", "imaging")
	service(w, "mammography", "59300-00", "Мамографія", "imaging")
	upper := w.Object("service group", "group of imaging", "radiography is in it; the service was taken out of it")
	lower := w.Object("service group", "group of mammography", "below the group of imaging; mammography is in it")
	tomography := w.Object("service group", "group of tomography", "below the group of imaging; no request may name it")
	for _, row := range []build.Row{
		{"id": upper, "code": "A58001", "name": "Променева діагностика"},
		{"id": lower, "code": "A58002", "name": "Мамографічні дослідження", "parent_id": upper},
		{"id": tomography, "code": "A58003", "name": "Комп’ютерна томографія", "parent_id": upper, "request_allowed": false},
	} {
		w.Insert("prm.service_groups", w.Audited(build.Changed(build.Row{"parent_id": nil, "is_active": true, "request_allowed": true}, row)))
	}
	for _, s := range []struct{ name, code, title string }{
		{"tomography of the head", "56001-00", "Комп’ютерна томографія головного мозку"},
		{"tomography of the neck", "56101-00", "Комп’ютерна томографія м’яких тканин шиї"},
		{"tomography of the abdomen", "56401-00", "Комп’ютерна томографія черевної порожнини"},
	} {
		service(w, s.name, s.code, s.title, "imaging")
		include(w, s.name, "group of tomography", true)
	}
	include(w, "radiography", "group of imaging", true)
	include(w, "service", "group of imaging", false)
	include(w, "mammography", "group of mammography", true)
}

// procedures adds a group with services that are out of use, or have another name in it.
func procedures(w *build.World) {
	w.Insert("prm.service_groups", w.Audited(build.Row{
		"id":   w.Object("service group", "group of procedures", "no request may name it, only its services"),
		"code": "A57001", "name": "Лікувальні процедури", "is_active": true, "request_allowed": false,
	}))
	w.Insert("prm.service_groups", w.Audited(build.Row{
		"id":   w.Object("service group", "empty service group", "is_active is false, no service is in it"),
		"code": "A57002", "name": "Процедури, що виведені з переліку", "parent_id": build.ID("group of procedures"), "is_active": false, "request_allowed": false,
	}))
	service(w, "insulin injection", "96200-06", "Підшкірне введення фармакологічного засобу, інсулін", "diagnostic_procedure")
	service(w, "drainage", "30224-02", "Черезшкірне дренування абсцесу", "surgical_procedure")
	former := w.Object("service", "former service", "is_active is false")
	w.Insert("prm.services", w.Audited(build.Row{
		"id": former, "code": "96092-00", "name": "Фізіотерапія", "category": "education", "is_active": false, "request_allowed": false,
	}))
	include(w, "insulin injection", "group of procedures", true)
	include(w, "drainage", "group of procedures", true)
	include(w, "former service", "group of procedures", true)
	w.Insert("prm.service_inclusions", w.Audited(build.Row{
		"id": build.ID("insulin injection of palliative care"), "service_id": build.ID("insulin injection"), "service_group_id": build.ID("service group"),
		"alias": "Введення інсуліну вдома", "is_active": true,
	}))
}

// include puts a service into a group, or takes it out.
func include(w *build.World, service, group string, active bool) {
	w.Insert("prm.service_inclusions", w.Audited(build.Row{
		"id": build.ID(service + " in " + group), "service_id": build.ID(service), "service_group_id": build.ID(group), "is_active": active,
	}))
}

func includes(w *build.World, name, program string, columns build.Row) {
	w.Insert("prm.program_services", w.Audited(build.Changed(build.Row{
		"id": build.ID(name), "program_id": build.ID(program), "consumer_price": 0, "is_active": true,
	}, columns)))
}
