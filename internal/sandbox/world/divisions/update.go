package divisions

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

func update(w *build.World) {
	const op = "updateDivision"
	patch := func(token, division string, body build.Row) build.Request {
		return build.Patch(token, "/api/divisions/"+build.ID(division).String()).With(body)
	}
	w.Passes(op, "a new name and address", patch(owner, clinicDivision, build.Edit(bodyAt(residence(build.Row{
		"area": "Київ", "region": nil, "settlement": "Київ", "settlement_id": kyiv.String(),
	})), build.Row{"name": "Київське відділення"})), http.StatusOK)
	w.Passes(op, "an INACTIVE division", patch(owner, "inactive division", validBody(nil)), http.StatusOK)
	w.Passes(op, "a pharmacy", patch(pharmacyOwner, pharmacyDivision, validBody(build.Row{"type": "DRUGSTORE_POINT"})), http.StatusOK)

	unlessBlocked(w, op, func(token string) build.Request { return patch(token, clinicDivision, validBody(nil)) }, rules.DivisionUpdateLegalEntityActive)
	refuseBodies(w, op, "division.update.", func(body build.Row) build.Request { return patch(owner, clinicDivision, body) })
	refuseAtOnce(w, op, "division.update.", func(token string, body build.Row) build.Request {
		division := clinicDivision
		if token == pharmacyOwner {
			division = pharmacyDivision
		}
		return patch(token, division, body)
	})
	w.Refused(op, "a pharmacy without location", patch(pharmacyOwner, pharmacyDivision, validBody(build.Row{"type": "DRUGSTORE", "location": nil})),
		fault.Refuse(rules.DivisionUpdateLocation))
	w.Refused(op, "an unknown division", patch(owner, "no division", validBody(nil)), fault.Refuse(rules.DivisionUpdateNotFound))
	w.Refused(op, "a malformed id", build.Patch(owner, "/api/divisions/1").With(validBody(nil)), fault.Refuse(rules.DivisionUpdateNotFound))
	foreign := patch(owner, "division of the other clinic", validBody(nil))
	w.Refused(op, "a stranger's division", foreign, fault.Refuse(rules.DivisionUpdateOwner))
	w.Passes(op, "a stranger's division, when that is not checked", foreign, http.StatusOK).Set("RULES", "-division.update.owner")
}
