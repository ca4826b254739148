package declarationrequests

import (
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
	"esoz/internal/sandbox/world/verifications"
)

// approvalPhone gets the codes of the requests below, each its own.
const approvalPhone = "+380931234651"

// ofDeclarant adds a request and the person it is for, "person of <name>", with a
// passport; columns make the request another.
func ofDeclarant(w *build.World, name, note string, columns build.Row) {
	person := "person of " + name
	declarant(w, person, "1990-07-05", "for whom "+name+" is", nil, "PASSPORT")
	byOTP(w, person, approvalPhone)
	add(w, name, person, note, build.Changed(build.Row{
		"authentication_method_current": otp(approvalPhone), "inserted_at": w.Now.Add(-time.Minute), "updated_at": w.Now.Add(-time.Minute),
	}, columns))
}

// code adds the code that was sent for a request; columns make it another.
func code(w *build.World, request string, code int, columns build.Row) {
	id := build.ID("code of " + request)
	w.Insert("otp.verifications", build.Changed(build.Row{
		"id": id, "phone_number": approvalPhone, "resource_id": build.ID(request), "status": "new", "code_hash": w.Seal.Code(id, code), "active": true,
		"attempts_count": 0, "inserted_at": w.Now.Add(-time.Minute), "code_expired_at": w.Now.AddDate(1, 0, 0),
	}, columns))
}

// wrongCode is not the code of any request that LiveCode is.
const wrongCode = 9993

// scan is a scan that a request waits for.
func scan(kind string) []build.Row { return []build.Row{{"type": kind, "verb": "PUT"}} }

// toApprove are requests that wait for their confirmation.
func toApprove(w *build.World) {
	for _, r := range []struct{ name, note string }{
		{"declaration request with a code", "NEW, confirmed by a code that can be used"},
		{"declaration request with a code in text", "NEW, confirmed by a code that can be used"},
		{"declaration request for a wrong code", "NEW, confirmed by a code"},
	} {
		ofDeclarant(w, r.name, r.note, nil)
		code(w, r.name, verifications.LiveCode, nil)
	}
	ofDeclarant(w, "declaration request with an old code", "NEW; the time of its code is over", nil)
	code(w, "declaration request with an old code", verifications.LiveCode, build.Row{"inserted_at": w.Now.Add(-time.Hour), "code_expired_at": w.Now.Add(-45 * time.Minute)})
	ofDeclarant(w, "declaration request with a used code", "NEW; its code was used", nil)
	code(w, "declaration request with a used code", verifications.LiveCode, build.Row{"status": "verified", "active": false, "attempts_count": 1})
	ofDeclarant(w, "declaration request with a code of its own", "NEW, confirmed by a code that is not that of the other requests to its phone", nil)
	code(w, "declaration request with a code of its own", wrongCode, nil)
	ofDeclarant(w, "declaration request with a missing scan", "NEW, confirmed by a code and by a scan that was not sent", build.Row{"documents": scan("person.no_tax_id")})
	code(w, "declaration request with a missing scan", verifications.LiveCode, nil)

	documents := build.Row{"authentication_method_current": offline, "documents": scan("person.PASSPORT")}
	ofDeclarant(w, "declaration request with its scan", "NEW, confirmed by a scan that was sent", documents)
	w.Insert("il.media", build.Row{
		"name":    "declaration_requests/" + text("declaration request with its scan") + "/declaration_request_person.PASSPORT.jpeg",
		"content": w.Seal.Seal("media", []byte("scan")), "inserted_at": w.Now,
	})
	ofDeclarant(w, "declaration request without its scan", "NEW, confirmed by a scan that was not sent", documents)

	carried := func(person string) build.Row {
		return build.Row{"authentication_method_current": notAsked, "parent_declaration_id": persons.DeclarationID(person)}
	}
	add(w, "declaration request that carries on", "carrying_declarant", "NEW, confirmed by nothing: it carries on a declaration with a reorganised clinic", carried("carrying_declarant"))
	ofDeclarant(w, "declaration request that carries on nothing", "NEW; the declaration that it carries on has ended", carried("former_patient"))
	add(w, "declaration request of unverified_declarant", "unverified_declarant", "NEW; its person is NOT_VERIFIED", nil)
	add(w, "declaration request of nobody", "no person", "NEW; its person is not stored", nil)
	ofDeclarant(w, "declaration request by nothing", "NEW, confirmed by nothing", build.Row{"authentication_method_current": notAsked})
	ofDeclarant(w, "declaration request without a doctor", "NEW; its doctor is not stored", build.Row{
		"authentication_method_current": notAsked, "data_employee_id": build.ID("employee nobody"),
	})

	const crowded = "declaration request for a crowded doctor"
	ofDeclarant(w, crowded, "NEW, confirmed by a code; its doctor has one declaration", build.Row{
		"data": data(w, "person of "+crowded, "clinic", "crowded_doctor"), "data_employee_id": build.ID("employee crowded_doctor"),
	})
	code(w, crowded, verifications.LiveCode, nil)
	accounts.User(w, "crowded_doctor", nil)
	accounts.Party(w, "crowded_doctor", "Ліна", "Приймак", "Левівна", nil)
	accounts.Employee(w, "crowded_doctor", "clinic", "DOCTOR", "a therapist of the clinic with one declaration", accounts.Speciality("THERAPIST"))
	declarant(w, "crowding_declarant", "1990-07-05", "has a declaration with crowded_doctor", nil, "PASSPORT")
	persons.Declaration(w, "crowding_declarant", "clinic", "crowded_doctor", nil)
}

func approve(w *build.World) {
	const op = "approveDeclarationRequest"
	toApprove(w)
	empty := func(id string) build.Request {
		return build.Patch(doctor, "/api/v3/declaration_requests/"+id+"/actions/approve").With(build.Row{})
	}
	of := func(id string) build.Request {
		return empty(id).With(build.Row{"verification_code": verifications.LiveCode})
	}
	named := func(name string) build.Request { return of(text(name)) }

	w.Passes(op, "the right code", named("declaration request with a code"), http.StatusCreated)
	w.Passes(op, "the right code, as a text", named("declaration request with a code in text").With(build.Row{"verification_code": "1232"}), http.StatusCreated)
	w.Passes(op, "a request whose scan was sent", empty(text("declaration request with its scan")), http.StatusCreated)
	w.Passes(op, "no body", build.Patch(doctor, "/api/v3/declaration_requests/"+text("declaration request by nothing")+"/actions/approve"), http.StatusCreated)
	w.Passes(op, "a declaration is carried on", empty(text("declaration request that carries on")), http.StatusCreated)

	w.Refused(op, "a list in place of an object", named("declaration request with a code").With([]int{}),
		build.WrongShape(rules.DeclarationRequestApproveSchema, "$", "cast", "type mismatch. Expected object but got array"))
	w.Refused(op, "an unknown request", named("no declaration request"), fault.Refuse(rules.DeclarationRequestApproveNotFound))
	w.Refused(op, "a malformed id", of("1"), fault.Refuse(rules.DeclarationRequestApproveNotFound))
	w.Refused(op, "a request that is not shared with legal entities", named("cabinet declaration request"), fault.Refuse(rules.DeclarationRequestApproveChannel))
	w.Refused(op, "a request of another clinic", named(foreign), fault.Refuse(rules.DeclarationRequestApproveLegalEntity))
	w.Refused(op, "a request whose data is gone", named(expired), fault.Refuse(rules.DeclarationRequestApproveLegalEntity))
	w.Refused(op, "a request of V2", named("V2 declaration request"), fault.Refuse(rules.DeclarationRequestApproveVersion))
	w.Refused(op, "a request that the patient has made", named(shared), fault.Refuse(rules.DeclarationRequestApprovePatient))
	for _, status := range []string{"approved", "signed", "rejected", "cancelled"} {
		w.Refused(op, "a request that is "+status, named(status+" declaration request"), fault.Refuse(rules.DeclarationRequestApproveStatus))
	}
	w.Refused(op, "a person who is not stored", named("declaration request of nobody"), fault.Refuse(rules.DeclarationRequestApprovePerson))
	w.Refused(op, "a person who is not verified", named("declaration request of unverified_declarant"), fault.Refuse(rules.DeclarationRequestApprovePersonVerified))
	w.Refused(op, "no code", empty(text("declaration request for a wrong code")), fault.Refuse(rules.DeclarationRequestApproveCodeRequired))
	w.Refused(op, "a used code", named("declaration request with a used code"), fault.Refuse(rules.DeclarationRequestApproveAttempts))
	w.Refused(op, "a code whose time is over", named("declaration request with an old code"), fault.Refuse(rules.DeclarationRequestApproveCodeExpired))
	w.Refused(op, "a wrong code", named("declaration request for a wrong code").With(build.Row{"verification_code": wrongCode}), fault.Refuse(rules.DeclarationRequestApproveCode))
	w.Refused(op, "a code of letters", named("declaration request for a wrong code").With(build.Row{"verification_code": "abcd"}), fault.Refuse(rules.DeclarationRequestApproveCode))
	w.Refused(op, "the code of another request", named("declaration request with a code of its own"), fault.Refuse(rules.DeclarationRequestApproveCode))
	w.Refused(op, "a scan was not sent", empty(text("declaration request without its scan")), fault.Refuse(rules.DeclarationRequestApproveDocuments, "types", "person.PASSPORT"))
	w.Refused(op, "the right code, but a scan was not sent", named("declaration request with a missing scan"),
		fault.Refuse(rules.DeclarationRequestApproveDocuments, "types", "person.no_tax_id"))
	w.Refused(op, "a declaration that is carried on has ended", empty(text("declaration request that carries on nothing")), fault.Refuse(rules.DeclarationRequestApproveParent))
	w.Refused(op, "a doctor who is not stored", empty(text("declaration request without a doctor")), fault.Refuse(rules.DeclarationRequestApproveDoctor))
	w.Refused(op, "a doctor who may have no more declarations", named("declaration request for a crowded doctor"),
		fault.Refuse(rules.DeclarationRequestApproveLimit, "count", 1)).Set("THERAPIST_DECLARATION_LIMIT", "1")
	w.Passes(op, "a doctor who may have no more declarations, and that is not asked", named("declaration request for a crowded doctor"), http.StatusCreated).
		Set("THERAPIST_DECLARATION_LIMIT", "1", "RULES", "-declaration_request.approve.limit")
}
