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
	for _, p := range []struct {
		name, title, kind, note string
		active                  bool
	}{
		{"medical program", "Програма державних фінансових гарантій медичного обслуговування населення", "SERVICE", "pays for the service and the group of services", true},
		{"medical program of medications", "Доступні ліки", "MEDICATION", "pays for medications, not for services", true},
		{"other medical program", "Реабілітаційна допомога", "SERVICE", "does not include the service", true},
		{"medical program without requests", "Медичні огляди", "SERVICE", "includes the service, but takes no requests for it", true},
		{"dental medical program", "Стоматологічна допомога", "SERVICE", "that of a referral which asks for another one", true},
		{"inactive medical program", "Програма, що завершилася", "SERVICE", "is_active is false", false},
	} {
		w.Insert("prm.medical_programs", w.Audited(build.Row{
			"id": w.Object("medical program", p.name, p.note), "name": p.title, "type": p.kind, "funding_source": "NHS", "is_active": p.active,
		}))
	}
	includes(w, "program service", "medical program", build.Row{"service_id": consultation, "request_allowed": true})
	includes(w, "program service of a group", "medical program", build.Row{"service_group_id": group, "request_allowed": true})
	includes(w, "program service without requests", "medical program without requests", build.Row{"service_id": consultation, "request_allowed": false})
	includes(w, "program service of an inactive program", "inactive medical program", build.Row{"service_id": consultation, "request_allowed": true})
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

// imaging adds a group of services with a group below it.
func imaging(w *build.World) {
	service(w, "radiography", "57512-00", "Рентгенографія грудної клітки", "imaging")
	service(w, "mammography", "59300-00", "Мамографія", "imaging")
	upper := w.Object("service group", "group of imaging", "radiography is in it; the service was taken out of it")
	lower := w.Object("service group", "group of mammography", "below the group of imaging; mammography is in it")
	for _, row := range []build.Row{
		{"id": upper, "code": "A58001", "name": "Променева діагностика"},
		{"id": lower, "code": "A58002", "name": "Мамографічні дослідження", "parent_id": upper},
	} {
		w.Insert("prm.service_groups", w.Audited(build.Changed(build.Row{"parent_id": nil, "is_active": true, "request_allowed": true}, row)))
	}
	include(w, "radiography", "group of imaging", true)
	include(w, "service", "group of imaging", false)
	include(w, "mammography", "group of mammography", true)
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
