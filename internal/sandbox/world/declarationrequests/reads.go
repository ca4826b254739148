package declarationrequests

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

func get(w *build.World) {
	const op = "getDeclarationRequest"
	one := func(name string) build.Request {
		return build.Get(doctor, "/api/v3/declaration_requests/"+build.ID(name).String())
	}
	for _, name := range []string{
		"new declaration request", "declaration request by OFFLINE", approved,
		"signed declaration request", "V2 declaration request", shared, "approved shared declaration request",
	} {
		w.Passes(op, "a "+name, one(name), http.StatusOK)
	}
	w.Refused(op, "an unknown request", one("no declaration request"), fault.Refuse(rules.DeclarationRequestGetNotFound))
	w.Refused(op, "a malformed id", build.Get(doctor, "/api/v3/declaration_requests/1"), fault.Refuse(rules.DeclarationRequestGetNotFound))
	w.Refused(op, "a request that is not shared with legal entities", one("cabinet declaration request"), fault.Refuse(rules.DeclarationRequestGetChannel))
	w.Refused(op, "a request of another clinic", one(foreign), fault.Refuse(rules.DeclarationRequestGetLegalEntity))
	w.Refused(op, "a request whose data is gone", one(expired), fault.Refuse(rules.DeclarationRequestGetLegalEntity))
	w.Passes(op, "a request whose data is gone, whoever's it was", one(expired), http.StatusOK).Set("RULES", "-declaration_request.get.legal_entity")
}

func list(w *build.World) {
	const op = "listDeclarationRequests"
	of := func(query string) build.Request { return build.Get(doctor, "/api/v3/declaration_requests"+query) }
	w.Passes(op, "those of the own legal entity", of(""), http.StatusOK)
	w.Passes(op, "filters", of("?status=NEW&channel=MIS&employee_id="+build.ID("employee doctor").String()), http.StatusOK)
	w.Passes(op, "a page past the end", of("?page=100&page_size=10"), http.StatusOK)
	w.Passes(op, "an unknown status finds nothing", of("?status=OLD"), http.StatusOK)
	w.Passes(op, "another legal entity's are an empty list", of("?legal_entity_id="+build.ID("other_clinic").String()), http.StatusOK)
	w.Refused(op, "employee_id that is no uuid", of("?employee_id=1"), fault.Refuse(rules.DeclarationRequestListEmployeeID))
	w.Refused(op, "legal_entity_id that is no uuid", of("?legal_entity_id=1"), fault.Refuse(rules.DeclarationRequestListLegalEntityID))
	w.Refused(op, "both wrong", of("?employee_id=1&legal_entity_id=1"),
		fault.Refuse(rules.DeclarationRequestListEmployeeID), fault.Refuse(rules.DeclarationRequestListLegalEntityID))
	w.Passes(op, "ids that are no uuids find nothing when that is not checked", of("?employee_id=1&legal_entity_id=1"), http.StatusOK).
		Set("RULES", "-declaration_request.list.employee_id,-declaration_request.list.legal_entity_id")
}
