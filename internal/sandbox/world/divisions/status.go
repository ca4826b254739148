package divisions

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

func activate(w *build.World) {
	const op = "activateDivision"
	patch := func(token, division string) build.Request {
		return build.Patch(token, "/api/divisions/"+build.ID(division).String()+"/actions/activate")
	}
	w.Passes(op, "an INACTIVE division", patch(owner, "inactive division"), http.StatusOK)
	w.Passes(op, "a body is ignored", patch(owner, "inactive division").With([]any{}), http.StatusOK)
	w.Refused(op, "an unknown division", patch(owner, "no division"), fault.Refuse(rules.DivisionActivateNotFound))
	w.Refused(op, "a malformed id", build.Patch(owner, "/api/divisions/1/actions/activate"), fault.Refuse(rules.DivisionActivateNotFound))
	w.Refused(op, "a division with is_active = false", patch(owner, "removed division"), fault.Refuse(rules.DivisionActivateNotFound))
	w.Refused(op, "a stranger's division", patch(owner, "division of the other clinic"), fault.Refuse(rules.DivisionActivateOwner))
	w.Refused(op, "a CLOSED legal entity", patch(closedOwner, "inactive division of the closed clinic"),
		fault.Refuse(rules.DivisionActivateLegalEntityActive))
	w.Passes(op, "a CLOSED legal entity, when that is not checked", patch(closedOwner, "inactive division of the closed clinic"), http.StatusOK).
		Set("RULES", "-division.activate.legal_entity_active")
	w.Refused(op, "a division that is ACTIVE", patch(owner, clinicDivision), fault.Refuse(rules.DivisionActivateStatus, "status", "ACTIVE"))
}

func deactivate(w *build.World) {
	const op = "deactivateDivision"
	patch := func(token, division string) build.Request {
		return build.Patch(token, "/api/divisions/"+build.ID(division).String()+"/actions/deactivate")
	}
	w.Passes(op, "an ACTIVE division", patch(owner, clinicDivision), http.StatusOK)
	w.Passes(op, "a pharmacy, which leaves its medical programs", patch(pharmacyOwner, pharmacyDivision), http.StatusOK)
	w.Refused(op, "an unknown division", patch(owner, "no division"), fault.Refuse(rules.DivisionDeactivateNotFound))
	w.Refused(op, "a malformed id", build.Patch(owner, "/api/divisions/1/actions/deactivate"), fault.Refuse(rules.DivisionDeactivateNotFound))
	w.Refused(op, "a division with is_active = false", patch(owner, "removed division"), fault.Refuse(rules.DivisionDeactivateNotFound))
	w.Refused(op, "a stranger's division", patch(owner, "division of the other clinic"), fault.Refuse(rules.DivisionDeactivateOwner))
	for _, c := range []struct {
		title, division string
		id              rules.ID
	}{
		{"an active healthcare service", "division with a healthcare service", rules.DivisionDeactivateHealthcareServices},
		{"an approved employee", "division with an employee", rules.DivisionDeactivateEmployees},
		{"active equipment", "division with equipment", rules.DivisionDeactivateEquipment},
	} {
		w.Refused(op, c.title, patch(owner, c.division), fault.Refuse(c.id))
		w.Passes(op, c.title+", when that is not checked", patch(owner, c.division), http.StatusOK).Set("RULES", "-"+string(c.id))
	}
	w.Refused(op, "a division that is INACTIVE", patch(owner, "inactive division"), fault.Refuse(rules.DivisionDeactivateStatus, "status", "INACTIVE"))
	w.Refused(op, "a CLOSED legal entity", patch(closedOwner, "division of the closed clinic"),
		fault.Refuse(rules.DivisionDeactivateLegalEntityActive))
}
