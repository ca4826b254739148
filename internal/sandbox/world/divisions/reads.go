package divisions

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

func list(w *build.World) {
	const op = "listDivisions"
	get := func(token, query string) build.Request { return build.Get(token, "/api/divisions"+query) }
	w.Passes(op, "all divisions of the clinic", get(owner, ""), http.StatusOK)
	w.Passes(op, "filters", get(owner, "?status=ACTIVE&type=CLINIC&name=THE&page=1&page_size=2&ids="+build.ID(clinicDivision).String()), http.StatusOK)
	w.Passes(op, "a stranger's divisions, of which none is shown", get(owner, "?legal_entity_id="+build.ID("other_clinic").String()), http.StatusOK)
	w.Passes(op, "a page past the end", get(owner, "?page=1000"), http.StatusOK)
	w.Passes(op, "a legal entity with is_active = false", get(hiddenOwner, ""), http.StatusOK)
	w.Refused(op, "a client that is no legal entity", get(build.TokenValue("stranger"), ""), fault.Refuse(rules.DivisionListLegalEntityActive))
	w.Refused(op, "an id that is no uuid", get(owner, "?ids="+build.ID(clinicDivision).String()+",1"), fault.Refuse(rules.DivisionListIDs))
	w.Refused(op, "a legal entity id that is no uuid", get(owner, "?legal_entity_id=1"), fault.Refuse(rules.DivisionListLegalEntityID))
	w.Refused(op, "both", get(owner, "?ids=1&legal_entity_id=1"),
		fault.Refuse(rules.DivisionListIDs), fault.Refuse(rules.DivisionListLegalEntityID))
}

func get(w *build.World) {
	const op = "getDivision"
	read := func(token, id string) build.Request { return build.Get(token, "/api/divisions/"+id) }
	w.Passes(op, "a division", read(doctor, build.ID(clinicDivision).String()), http.StatusOK)
	w.Passes(op, "an INACTIVE division", read(owner, build.ID("inactive division").String()), http.StatusOK)
	w.Refused(op, "an unknown division", read(owner, build.ID("no division").String()), fault.Refuse(rules.DivisionGetNotFound))
	w.Refused(op, "a malformed id", read(owner, "1"), fault.Refuse(rules.DivisionGetNotFound))
	foreign := read(owner, build.ID("division of the other clinic").String())
	w.Refused(op, "a stranger's division", foreign, fault.Refuse(rules.DivisionGetOwner))
	w.Passes(op, "a stranger's division, when that is not checked", foreign, http.StatusOK).Set("RULES", "-division.get.owner")
}
