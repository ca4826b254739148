package employees

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

func list(w *build.World) {
	const op = "listEmployees"
	of := func(token, query string) build.Request { return build.Get(token, "/api/employees"+query) }
	w.Passes(op, "doctors of the clinic", of(doctor, "?page_size=2&employee_type=DOCTOR"), http.StatusOK)
	w.Passes(op, "all employees, as live clients ask for them", of(owner, "?page=1&page_size=300"), http.StatusOK)
	for _, c := range []struct{ title, query string }{
		{"employees by their ids", "ids=" + build.ID("employee doctor").String() + "," + build.ID("employee adviser").String()},
		{"employees without a tax number", "no_tax_id=true"},
		{"an employee by a tax number", "tax_id=" + accounts.TaxID("doctor")},
		{"employees of a party", "party_id=" + build.ID("party doctor").String()},
		{"employees who are not verified", "verification_status=NOT_VERIFIED"},
		{"employees by the EDRPOU", "edrpou=" + accounts.EDRPOU("clinic")},
		{"employees of a division", "division_id=" + build.ID("division of the clinic").String()},
		{"employees who work", "status=APPROVED"},
		{"employees in a status that is none", "status=approved"},
		{"those who were dismissed, by the older name of the status", "status=DISMISSED"},
		{"those who were entered in error", "status=ENTERED_IN_ERROR"},
		{"a page of employees past the end", "page=100"},
		{"employees of another legal entity are an empty list", "legal_entity_id=" + build.ID("other_clinic").String()},
	} {
		w.Passes(op, c.title, of(doctor, "?"+c.query), http.StatusOK)
	}
	w.Passes(op, "employees who work, by default", of(owner, ""), http.StatusOK).Set("EMPLOYEES_LIST_DEFAULT_STATUS", "APPROVED")
	w.Passes(op, "employees of any legal entity for the National Health Service", of(nhs, "?legal_entity_id="+build.ID("other_clinic").String()), http.StatusOK)
	wrong := of(doctor, "?ids=1&party_id=1&legal_entity_id=1&division_id=1&no_tax_id=no")
	w.Refused(op, "an id of employees that is no uuid", of(doctor, "?ids="+build.ID("employee doctor").String()+",1"), fault.Refuse(rules.EmployeeListIDs))
	w.Refused(op, "party_id of an employee that is no uuid", of(doctor, "?party_id=1"), fault.Refuse(rules.EmployeeListPartyID))
	w.Refused(op, "legal_entity_id of an employee that is no uuid", of(doctor, "?legal_entity_id=1"), fault.Refuse(rules.EmployeeListLegalEntityID))
	w.Refused(op, "division_id of an employee that is no uuid", of(doctor, "?division_id=1"), fault.Refuse(rules.EmployeeListDivisionID))
	w.Refused(op, "no_tax_id that is no boolean", of(doctor, "?no_tax_id=1"), fault.Refuse(rules.EmployeeListNoTaxID))
	w.Refused(op, "all filters of employees wrong", wrong, fault.Refuse(rules.EmployeeListIDs), fault.Refuse(rules.EmployeeListPartyID),
		fault.Refuse(rules.EmployeeListLegalEntityID), fault.Refuse(rules.EmployeeListDivisionID), fault.Refuse(rules.EmployeeListNoTaxID))
	w.Passes(op, "wrong filters of employees find nothing when they are not checked", wrong, http.StatusOK).
		Set("RULES", "-employee.list.ids,-employee.list.party_id,-employee.list.legal_entity_id,-employee.list.division_id,-employee.list.no_tax_id")
}

func get(w *build.World) {
	const op = "getEmployee"
	of := func(token, name string) build.Request {
		return build.Get(token, "/api/employees/"+build.ID("employee "+name).String())
	}
	w.Passes(op, "a doctor with two specialities", of(owner, "adviser"), http.StatusOK)
	w.Passes(op, "an employee in a division", of(owner, "nurse"), http.StatusOK)
	w.Passes(op, "an employee who was dismissed", of(owner, "dismissed"), http.StatusOK)
	w.Passes(op, "an owner as an employee", of(owner, "owner"), http.StatusOK)
	w.Passes(op, "any employee for the National Health Service", of(nhs, "other_doctor"), http.StatusOK)
	w.Refused(op, "details of an unknown employee", of(owner, "nobody"), fault.Refuse(rules.EmployeeGetNotFound))
	w.Refused(op, "details of an employee with is_active = false", of(owner, "uncounted"), fault.Refuse(rules.EmployeeGetNotFound))
	w.Refused(op, "details of an employee by a malformed id", build.Get(owner, "/api/employees/1"), fault.Refuse(rules.EmployeeGetNotFound))
	w.Refused(op, "details of an employee of another legal entity", of(owner, "other_doctor"), fault.Refuse(rules.EmployeeGetOwner))
	w.Passes(op, "details of an employee of another legal entity, when that is not checked", of(owner, "other_doctor"), http.StatusOK).
		Set("RULES", "-employee.get.owner")
}
