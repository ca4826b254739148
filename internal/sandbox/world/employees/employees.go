// Package employees has employees who are to be dismissed, and those who cannot be.
package employees

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
)

var owner = build.TokenValue("owner")

// profession is what a doctor has learnt.
var profession = build.Row{
	"speciality": build.Row{
		"speciality": "FAMILY_DOCTOR", "speciality_officio": true, "level": "FIRST", "qualification_type": "AWARDING",
		"attestation_name": "Академія Богомольця", "attestation_date": "2017-02-28", "valid_to_date": "2027-02-28", "certificate_number": "AB/21331",
	},
	"additional_info": build.Row{"educations": []build.Row{{
		"country": "UA", "city": "Київ", "institution_name": "Академія Богомольця", "issued_date": "2005-06-30", "diploma_number": "DD123543",
		"degree": "MASTER", "speciality": "Лікувальна справа",
	}}, "qualifications": []build.Row{{
		"type": "SPECIALIZATION", "institution_name": "Академія Богомольця", "speciality": "Загальна практика — сімейна медицина",
		"issued_date": "2017-02-28", "certificate_number": "AB/21331", "valid_to": "2027-02-28",
	}}, "science_degree": build.Row{
		"country": "UA", "city": "Київ", "degree": "PHD", "institution_name": "Академія Богомольця", "diploma_number": "DD123543",
		"speciality": "Педіатр", "issued_date": "2012-02-28",
	}},
}

// Who calls.
var doctor, nhs = build.TokenValue("doctor"), build.TokenValue("nhs_admin")

// adviser has every field that an employee may have, and two specialities.
func adviser(w *build.World) {
	second := build.Row{
		"speciality": "PEDIATRICIAN", "speciality_officio": false, "level": "HIGHEST", "qualification_type": "AWARDING",
		"attestation_name": "Академія Богомольця", "attestation_date": "2018-05-14", "valid_to_date": "2028-05-14", "certificate_number": "AB/21332",
	}
	accounts.User(w, "adviser", nil)
	accounts.Party(w, "adviser", "Софія", "Вдовенко", "Гнатівна", build.Row{
		"tax_id": "НВ345678", "no_tax_id": true, "verification_status": "NOT_VERIFIED", "specialities": []build.Row{second},
		"working_experience": 15, "about_myself": "Лікую родини цілих вулиць",
	})
	information := build.Changed(profession["additional_info"].(build.Row), build.Row{"specialities": []build.Row{profession["speciality"].(build.Row), second}})
	accounts.Employee(w, "adviser", "clinic", "DOCTOR", "with every field that an employee may have", build.Changed(profession, build.Row{
		"additional_info": information, "division_id": build.ID("division with an employee"), "position": "P7",
	}))
}

// Add adds the employees and the cases.
func Add(w *build.World) {
	for _, e := range []struct {
		name, first, last, second, legalEntity, kind, note string
		columns                                            build.Row
	}{
		{"leaver", "Ірина", "Юрченко", "Олексіївна", "clinic", "DOCTOR", "to be dismissed: has a declaration with left_patient and an employee role", profession},
		{"mistaken", "Богдан", "Лях", "Юрійович", "clinic", "DOCTOR", "was entered in error", nil},
		{"dismissed", "Яна", "Білик", "Орестівна", "clinic", "DOCTOR", "STOPPED a month ago", build.Row{
			"status": "STOPPED", "end_date": w.Now.AddDate(0, -1, 0), "status_reason": "manual_employee_deactivate",
		}},
		{"uncounted", "Лев", "Горобець", "Ілліч", "clinic", "DOCTOR", "APPROVED, with is_active = false", build.Row{"is_active": false}},
		{"merged_doctor", "Алла", "Сич", "Захарівна", "reorganized_clinic", "DOCTOR", "of a legal entity that was merged into the clinic", nil},
	} {
		accounts.User(w, e.name, nil)
		accounts.Party(w, e.name, e.first, e.last, e.second, nil)
		accounts.Employee(w, e.name, e.legalEntity, e.kind, e.note, e.columns)
	}
	adviser(w)
	accounts.Role(w, "leaver", "clinic", "DOCTOR")
	persons.Declaration(w, "left_patient", "clinic", "leaver", nil)
	w.Insert("prm.employee_roles", w.Audited(build.Row{
		"id": w.Object("employee role", "role of leaver", "ACTIVE, of the active healthcare service"), "employee_id": build.ID("employee leaver"),
		"healthcare_service_id": build.ID("active healthcare service"), "start_date": w.Now.AddDate(-1, 0, 0), "status": "ACTIVE", "is_active": true,
	}))
	w.Insert("prm.employee_roles", w.Audited(build.Row{
		"id": w.Object("employee role", "former role of dismissed", "INACTIVE"), "employee_id": build.ID("employee dismissed"),
		"healthcare_service_id": build.ID("active healthcare service"), "start_date": w.Now.AddDate(-1, 0, 0), "end_date": w.Now.AddDate(0, -1, 0),
		"status": "INACTIVE", "is_active": true,
	}))
	w.Insert("prm.employee_roles", w.Audited(build.Row{
		"id": w.Object("employee role", "removed role", "is_active is false"), "employee_id": build.ID("employee mistaken"),
		"healthcare_service_id": build.ID("active healthcare service"), "start_date": w.Now.AddDate(-1, 0, 0), "status": "INACTIVE", "is_active": false,
	}))
	w.Insert("prm.related_legal_entities", w.Audited(build.Row{
		"id": build.ID("merger of reorganized_clinic"), "merged_from_id": build.ID("reorganized_clinic"), "merged_to_id": build.ID("clinic"),
		"reason": "Приєднання", "reason_date": w.Now.AddDate(0, -2, 0), "type": "ACCESSION", "is_active": true,
	}))
	list(w)
	get(w)
	listRoles(w)
	getRole(w)
	requests(w)
	listRequests(w)
	getRequest(w)
	deactivate(w)
}

func deactivate(w *build.World) {
	const op = "deactivateEmployee"
	today := w.Day(0)
	stopped := build.Row{"status": "STOPPED", "end_date": today}
	of := func(name string) build.Request {
		return build.Patch(owner, "/api/employees/"+build.ID("employee "+name).String()+"/actions/deactivate")
	}
	w.Passes(op, "a doctor is dismissed", of("leaver").With(stopped), http.StatusOK)
	w.Passes(op, "an employee is dismissed today, without a body", of("leaver"), http.StatusOK)
	w.Passes(op, "an employee was entered in error", of("mistaken").With(build.Row{"status": "ENTERED_IN_ERROR"}), http.StatusOK)
	w.Passes(op, "an employee was entered in error, with spaces", of("mistaken").With(build.Row{"status": "ENTERED IN ERROR"}), http.StatusOK).
		Set("EMPLOYEE_ENTERED_IN_ERROR_VALUE", "ENTERED IN ERROR")
	w.Passes(op, "the owner of the successor dismisses", of("merged_doctor").With(stopped), http.StatusOK)
	w.Passes(op, "an employee without roles, when roles forbid it", of("mistaken"), http.StatusOK).Set("EMPLOYEE_DEACTIVATE_WITH_ROLES", "refuse")
	w.Refused(op, "a status that no dismissal gives", of("leaver").With(build.Row{"status": "REORGANIZED"}),
		build.WrongShape(rules.EmployeeDeactivateSchema, "$.status", "inclusion", "value is not allowed in enum"))
	w.Refused(op, "a list in place of an object", of("leaver").With([]int{}),
		build.WrongShape(rules.EmployeeDeactivateSchema, "$", "cast", "type mismatch. Expected object but got array"))
	w.Refused(op, "STOPPED without a last day", of("leaver").With(build.Row{"status": "STOPPED"}), fault.Refuse(rules.EmployeeDeactivateEndDate))
	w.Passes(op, "STOPPED without a last day, when that is not checked", of("leaver").With(build.Row{"status": "STOPPED"}), http.StatusOK).
		Set("RULES", "-employee.deactivate.end_date")
	tomorrow := build.Row{"status": "STOPPED", "end_date": w.Day(2)}
	w.Refused(op, "a last day that is to come", of("leaver").With(tomorrow), fault.Refuse(rules.EmployeeDeactivateEndDatePast))
	w.Passes(op, "a last day that is to come, when that is not checked", of("leaver").With(tomorrow), http.StatusOK).
		Set("RULES", "-employee.deactivate.end_date_past")
	w.Refused(op, "an unknown employee", of("nobody").With(stopped), fault.Refuse(rules.EmployeeDeactivateNotFound))
	w.Refused(op, "a malformed id of an employee", build.Patch(owner, "/api/employees/1/actions/deactivate").With(stopped), fault.Refuse(rules.EmployeeDeactivateNotFound))
	w.Refused(op, "an employee of another legal entity", of("other_doctor").With(stopped), fault.Refuse(rules.EmployeeDeactivateOwner))
	w.Passes(op, "an employee of another legal entity, when that is not checked", of("other_doctor"), http.StatusOK).
		Set("RULES", "-employee.deactivate.owner")
	w.Refused(op, "an owner", of("owner").With(stopped), fault.Refuse(rules.EmployeeDeactivateOwnerType))
	w.Passes(op, "an owner, when that is not checked", of("owner"), http.StatusOK).Set("RULES", "-employee.deactivate.owner_type")
	w.Refused(op, "an employee who is dismissed already", of("dismissed").With(stopped), fault.Refuse(rules.EmployeeDeactivateStatus))
	w.Refused(op, "an employee with is_active = false", of("uncounted").With(stopped), fault.Refuse(rules.EmployeeDeactivateStatus))
	w.Refused(op, "an employee with an active role, when roles forbid it", of("leaver").With(stopped), fault.Refuse(rules.EmployeeDeactivateRoles)).
		Set("EMPLOYEE_DEACTIVATE_WITH_ROLES", "refuse")
	early := build.Row{"status": "STOPPED", "end_date": w.Day(-3 * 365)}
	w.Refused(op, "a last day before the first", of("leaver").With(early), fault.Refuse(rules.EmployeeDeactivateEndDateStart))
	w.Passes(op, "a last day before the first, when that is not checked", of("leaver").With(early), http.StatusOK).
		Set("RULES", "-employee.deactivate.end_date_start")
}
