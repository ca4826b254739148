package employees

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

var otherDoctor = build.TokenValue("other_doctor")

func listRoles(w *build.World) {
	const op = "listEmployeeRoles"
	of := func(token, query string) build.Request { return build.Get(token, "/api/employee_roles"+query) }
	w.Passes(op, "roles of the clinic", of(owner, "?page_size=300"), http.StatusOK)
	w.Passes(op, "roles without any parameter", of(owner, ""), http.StatusOK)
	w.Passes(op, "roles that are in force, of an employee in a healthcare service", of(owner, "?status=active&employee_id="+build.ID("employee leaver").String()+
		"&healthcare_service_id="+build.ID("active healthcare service").String()), http.StatusOK)
	w.Passes(op, "roles of another legal entity are not listed", of(otherDoctor, "?employee_id="+build.ID("employee leaver").String()), http.StatusOK)
	w.Passes(op, "roles of any legal entity for the National Health Service", of(nhs, "?employee_id="+build.ID("employee leaver").String()), http.StatusOK)
	w.Passes(op, "a page of roles past the end", of(owner, "?page=100"), http.StatusOK)
	w.Refused(op, "no parameter, where one is wanted", of(owner, ""), fault.Refuse(rules.EmployeeRoleListAny)).Set("RULES", "+employee_role.list.any")
	w.Passes(op, "a page_size, where a parameter is wanted", of(owner, "?page_size=300"), http.StatusOK).Set("RULES", "+employee_role.list.any")
	wrong := of(owner, "?employee_id=1&healthcare_service_id=1")
	w.Refused(op, "employee_id of a role that is no uuid", of(owner, "?employee_id=1"), fault.Refuse(rules.EmployeeRoleListEmployeeID))
	w.Refused(op, "healthcare_service_id that is no uuid", of(owner, "?healthcare_service_id=1"), fault.Refuse(rules.EmployeeRoleListHealthcareServiceID))
	w.Refused(op, "all filters of roles wrong", wrong, fault.Refuse(rules.EmployeeRoleListEmployeeID), fault.Refuse(rules.EmployeeRoleListHealthcareServiceID))
	w.Passes(op, "wrong filters of roles find nothing when they are not checked", wrong, http.StatusOK).
		Set("RULES", "-employee_role.list.employee_id,-employee_role.list.healthcare_service_id")
}

func getRole(w *build.World) {
	const op = "getEmployeeRole"
	of := func(token, name string) build.Request {
		return build.Get(token, "/api/employee_roles/"+build.ID(name).String())
	}
	w.Passes(op, "a role in force", of(doctor, "role of leaver"), http.StatusOK)
	w.Passes(op, "a role that has ended", of(owner, "former role of dismissed"), http.StatusOK)
	w.Passes(op, "any role for the National Health Service", of(nhs, "role of leaver"), http.StatusOK)
	w.Refused(op, "an unknown role", of(owner, "nobody"), fault.Refuse(rules.EmployeeRoleGetNotFound))
	w.Refused(op, "a role with is_active = false", of(owner, "removed role"), fault.Refuse(rules.EmployeeRoleGetNotFound))
	w.Refused(op, "a malformed id of a role", build.Get(owner, "/api/employee_roles/1"), fault.Refuse(rules.EmployeeRoleGetNotFound))
	w.Refused(op, "a role in another legal entity", of(otherDoctor, "role of leaver"), fault.Refuse(rules.EmployeeRoleGetOwner))
	w.Passes(op, "a role in another legal entity, when that is not checked", of(otherDoctor, "role of leaver"), http.StatusOK).
		Set("RULES", "-employee_role.get.owner")
}
