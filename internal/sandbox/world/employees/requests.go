package employees

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

// requests are employee requests in every status.
func requests(w *build.World) {
	for i, r := range []struct {
		name, first, last, legalEntity, status, note string
		employee                                     any
		noTaxID                                      bool
	}{
		{"new employee request", "Данило", "Ревуцький", "clinic", "NEW", "a doctor with a user of that e-mail", nil, false},
		{"employee request of a passport", "Зорян", "Криницький", "clinic", "NEW", "the employee has declined a tax number", nil, true},
		{"approved employee request", "Софія", "Вдовенко", "clinic", "APPROVED", "has made employee adviser", build.ID("employee adviser"), true},
		{"rejected employee request", "Любомир", "Заболотний", "clinic", "REJECTED", "was refused", nil, false},
		{"expired employee request", "Ярина", "Чорновіл", "clinic", "EXPIRED", "was not answered", nil, false},
		{"employee request of the other clinic", "Назар", "Величко", "other_clinic", "NEW", "a stranger's", nil, false},
	} {
		party := build.Row{
			"first_name": r.first, "last_name": r.last, "second_name": "Остапович", "birth_date": "1991-08-19", "gender": "MALE", "no_tax_id": r.noTaxID,
			"tax_id": accounts.TaxID(r.name), "email": "applicant" + accounts.TaxID(r.name) + "@example.com", "working_experience": 10,
			"documents": []build.Row{{"type": "PASSPORT", "number": "ЕР" + accounts.TaxID(r.name)[1:7]}},
			"phones":    []build.Row{{"type": "MOBILE", "number": "+38068" + accounts.TaxID(r.name)[1:8]}},
		}
		if i == 0 {
			party["email"] = "leaver@example.com"
		}
		since := w.Now.AddDate(0, 0, -i)
		w.Insert("il.employee_requests", w.Audited(build.Row{
			"id": w.Object("employee request", r.name, r.status+": "+r.note), "legal_entity_id": build.ID(r.legalEntity), "status": r.status, "employee_id": r.employee,
			"inserted_at": since, "updated_at": since, "data": build.Row{
				"legal_entity_id": build.ID(r.legalEntity), "division_id": build.ID("division with an employee"), "position": "P8", "start_date": "2026-03-02", "employee_type": "DOCTOR",
				"status": "NEW", "party": party, "doctor": build.Changed(profession["additional_info"].(build.Row), build.Row{
					"specialities": []build.Row{profession["speciality"].(build.Row)},
				}),
			},
		}))
	}
}

func listRequests(w *build.World) {
	const op = "listEmployeeRequests"
	of := func(token, query string) build.Request { return build.Get(token, "/api/employee_requests"+query) }
	w.Passes(op, "employee requests of the clinic", of(doctor, "?page_size=300"), http.StatusOK)
	for _, status := range []string{"NEW", "APPROVED", "REJECTED", "EXPIRED"} {
		w.Passes(op, "employee requests in status "+status, of(owner, "?status="+status), http.StatusOK)
	}
	w.Passes(op, "an employee request by its id", of(owner, "?id="+build.ID("new employee request").String()), http.StatusOK)
	w.Passes(op, "employee requests by the EDRPOU and a part of the name",
		of(owner, "?edrpou="+accounts.EDRPOU("clinic")+"&legal_entity_name=%D0%B2%D0%B5%D1%80%D0%B1%D0%B0"), http.StatusOK)
	w.Passes(op, "employee requests without a tax number", of(owner, "?no_tax_id=true"), http.StatusOK)
	w.Passes(op, "an employee request of another legal entity is not listed", of(owner, "?id="+build.ID("employee request of the other clinic").String()), http.StatusOK)
	w.Passes(op, "any employee request for the National Health Service", of(nhs, "?edrpou="+accounts.EDRPOU("other_clinic")), http.StatusOK)
	w.Passes(op, "a page of employee requests past the end", of(owner, "?page=100"), http.StatusOK)
	wrong := of(owner, "?id=1&no_tax_id=1")
	w.Refused(op, "an id of an employee request that is no uuid", of(owner, "?id=1"), fault.Refuse(rules.EmployeeRequestListID))
	w.Refused(op, "no_tax_id of an employee request that is no boolean", of(owner, "?no_tax_id=1"), fault.Refuse(rules.EmployeeRequestListNoTaxID))
	w.Refused(op, "all filters of employee requests wrong", wrong, fault.Refuse(rules.EmployeeRequestListID), fault.Refuse(rules.EmployeeRequestListNoTaxID))
	w.Passes(op, "wrong filters of employee requests find nothing when they are not checked", wrong, http.StatusOK).
		Set("RULES", "-employee_request.list.id,-employee_request.list.no_tax_id")
}

func getRequest(w *build.World) {
	const op = "getEmployeeRequest"
	of := func(token, name string) build.Request {
		return build.Get(token, "/api/employee_requests/"+build.ID(name).String())
	}
	w.Passes(op, "a new employee request", of(doctor, "new employee request"), http.StatusOK)
	for _, status := range []string{"approved", "rejected", "expired"} {
		w.Passes(op, "an employee request that is "+status, of(owner, status+" employee request"), http.StatusOK)
	}
	w.Passes(op, "an employee request of any legal entity for the National Health Service", of(nhs, "employee request of the other clinic"), http.StatusOK)
	w.Refused(op, "an unknown employee request", of(owner, "nobody"), fault.Refuse(rules.EmployeeRequestGetNotFound))
	w.Refused(op, "a malformed id of an employee request", build.Get(owner, "/api/employee_requests/1"), fault.Refuse(rules.EmployeeRequestGetNotFound))
	w.Refused(op, "an employee request of another legal entity", of(owner, "employee request of the other clinic"), fault.Refuse(rules.EmployeeRequestGetOwner))
	w.Passes(op, "an employee request of another legal entity, when that is not checked", of(owner, "employee request of the other clinic"), http.StatusOK).
		Set("RULES", "-employee_request.get.owner")
}
