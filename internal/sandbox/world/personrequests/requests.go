package personrequests

import (
	"net/http"
	"strings"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	limits "esoz/internal/platform/otp"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/verifications"
)

// Phones of stored requests, each with a code of its own.
const (
	approvalPhone  = "+380931234631" // its code can be used
	rightPhone     = "+380931234632" // so can this one's
	wrongCodePhone = "+380931234633"
	overPhone      = "+380931234634" // the time of its code is over
	usedPhone      = "+380931234635" // its code was used
	scanPhone      = "+380931234636" // its code can be used, but a scan is missing
	textPhone      = "+380931234637" // its code can be used
)

// wrongCode is not the code of any phone here.
const wrongCode = 9993

// add adds a NEW request of the clinic for an adult; columns make it another.
func add(w *build.World, v version, name, note, phone string, columns build.Row) {
	person := adult(build.Row{"authentication_methods": []build.Row{otp(phone)}})
	id := w.Object("person request", v.name(name), note)
	w.Insert("il.person_requests", build.Changed(w.Audited(build.Row{
		"id": id, "version": v, "data": v.data(person), "status": "NEW", "authentication_method_current": otp(phone), "documents": []build.Row{},
		"legal_entity_id": build.ID("clinic"), "channel": "MIS", "first_name": "Роман", "last_name": "Заєць", "birth_date": "1990-07-05",
		// Not the person of the cases of createPersonRequest, who would cancel it.
		"tax_id": nil, "person_documents": []build.Row{document("PASSPORT", "АА000000", build.Row{"issued_by": name})},
		"inserted_by": build.ID("doctor"), "updated_by": build.ID("doctor"), "inserted_at": w.Now.Add(-time.Minute), "updated_at": w.Now.Add(-time.Minute),
	}), columns))
}

// code adds the code that was sent to a phone for a request; columns make it another.
func code(w *build.World, v version, request, phone string, columns build.Row) {
	codeCalled(w, v.name("code for "+phone), v.name(request), phone, columns)
}

func codeCalled(w *build.World, name, request, phone string, columns build.Row) {
	id := build.ID(name)
	w.Insert("otp.verifications", build.Changed(build.Row{
		"id": id, "phone_number": phone, "resource_id": build.ID(request), "status": "new", "code_hash": w.Seal.Code(id, verifications.LiveCode), "active": true,
		"attempts_count": 0, "inserted_at": w.Now.Add(-time.Minute), "code_expired_at": w.Now.AddDate(1, 0, 0),
	}, columns))
}

var offline = build.Row{"type": "OFFLINE"}

// scan is a scan that a request waits for.
func scan(kind string) []build.Row { return []build.Row{{"type": kind}} }

// stored are requests in every state.
func stored(w *build.World, v version) {
	code(w, v, "new person request", approvalPhone, nil)
	code(w, v, "person request with a code", rightPhone, nil)
	code(w, v, "person request with a code in text", textPhone, nil)
	code(w, v, "person request for a wrong code", wrongCodePhone, nil)
	code(w, v, "person request with a missing scan", scanPhone, nil)
	code(w, v, "person request with an old code", overPhone, build.Row{"inserted_at": w.Now.Add(-time.Hour), "code_expired_at": w.Now.Add(-45 * time.Minute)})
	code(w, v, "person request with a used code", usedPhone, build.Row{"status": "verified", "active": false, "attempts_count": 1})

	add(w, v, "new person request", "NEW, confirmed by a code that can be used", approvalPhone, nil)
	add(w, v, "person request with a code", "NEW, confirmed by a code that can be used", rightPhone, nil)
	add(w, v, "person request with a code in text", "NEW, confirmed by a code that can be used", textPhone, nil)
	add(w, v, "person request for a wrong code", "NEW, confirmed by a code", wrongCodePhone, nil)
	add(w, v, "person request with an old code", "NEW; the time of its code is over", overPhone, nil)
	add(w, v, "person request with a used code", "NEW; its code was used", usedPhone, nil)
	add(w, v, "person request without a code of its own", "NEW; the code of its phone was sent for another request", rightPhone, nil)
	add(w, v, "person request with a fresh code", "NEW; a code was sent to its phone a moment ago", freshPhone, nil)
	add(w, v, "person request with a missing scan", "NEW, confirmed by a code and by a scan that was not sent", scanPhone, build.Row{"documents": scan("person.unzr")})
	add(w, v, "person request by documents", "NEW, confirmed by a scan that was sent", approvalPhone, build.Row{
		"authentication_method_current": offline, "documents": scan("person.PASSPORT"),
	})
	w.Insert("il.media", build.Row{
		"name":    "person_requests/" + v.id("person request by documents").String() + "/person_request_person.PASSPORT.jpeg",
		"content": w.Seal.Seal("media", []byte("scan")), "inserted_at": w.Now,
	})
	add(w, v, "person request without scans", "NEW, confirmed by a scan that was not sent", approvalPhone, build.Row{
		"authentication_method_current": offline, "documents": scan("person.PASSPORT"),
	})
	add(w, v, "person request by nothing", "NEW, an update of a person who confirms by nothing (NA)", approvalPhone, build.Row{
		"authentication_method_current": build.Row{"type": "NA"}, "mpi_id": build.ID("methodless_patient"),
	})
	add(w, v, "person request without a method", "NEW; how it is confirmed is not known", approvalPhone, build.Row{"authentication_method_current": nil})
	add(w, v, "patient's person request", "NEW, made by the patient", approvalPhone, build.Row{"channel": "PIS"})
	for _, status := range []string{"APPROVED", "SIGNED", "REJECTED", "CANCELLED"} {
		add(w, v, strings.ToLower(status)+" person request", status, approvalPhone, build.Row{"status": status, "printout_form": form(status)})
	}
	add(w, v, "person request to reject", "NEW", approvalPhone, nil)
	add(w, v, "approved person request to reject", "APPROVED", approvalPhone, build.Row{"status": "APPROVED", "printout_form": form("APPROVED")})
	add(w, v, "expired person request", "EXPIRED: the clean-up has removed its data", approvalPhone, build.Row{
		"status": "EXPIRED", "data": nil, "authentication_method_current": nil, "documents": nil, "first_name": nil, "last_name": nil,
		"birth_date": nil, "person_documents": nil, "updated_by": build.SystemUser,
	})
	add(w, v, "old person request", "SIGNED: the clean-up has removed its data", approvalPhone, build.Row{
		"status": "SIGNED", "data": nil, "authentication_method_current": nil, "documents": nil, "first_name": nil, "last_name": nil,
		"birth_date": nil, "person_documents": nil, "updated_by": build.SystemUser,
	})
	add(w, v, "foreign person request", "NEW, of the other clinic", freshPhone, build.Row{
		"legal_entity_id": build.ID("other_clinic"), "inserted_by": build.ID("other_doctor"), "updated_by": build.ID("other_doctor"),
	})
}

// form is printed when a request is approved.
func form(status string) any {
	if status != "APPROVED" && status != "SIGNED" {
		return nil
	}
	return "<!doctype html><title>Інформація про особу</title>"
}

// refuseUnseen are requests that a method with the checks of a family does not find.
func refuseUnseen(w *build.World, v version, op, family string, of func(id string) build.Request) {
	refuse := func(title, id, rule string) {
		w.Refused(op, title, of(id), v.refuse(family, rule))
	}
	refuse("an unknown request", build.ID("no person request").String(), "not_found")
	refuse("a malformed id", "1", "not_found")
	refuse("a request of another clinic", v.id("foreign person request").String(), "legal_entity")
	refuse("an expired request", v.id("expired person request").String(), "expired")
	if family != "resend_otp" {
		refuse("an old request, whose data was removed", v.id("old person request").String(), "expired")
		refuse("a request of another version", (v%3 + 1).id("new person request").String(), "version")
	}
}

func reads(w *build.World, v version) {
	op := v.op("getPersonRequest")
	one := func(id string) build.Request { return build.Get(doctor, v.path("/"+id)) }
	for _, title := range []string{"a new person request", "an approved person request", "a signed person request", "a person request by documents", "a patient's person request"} {
		_, name, _ := strings.Cut(title, " ")
		w.Passes(op, title, one(v.id(name).String()), http.StatusOK)
	}
	refuseUnseen(w, v, op, "get", one)
}

func list(w *build.World) {
	const list = "listPersonRequests"
	of := func(query string) build.Request { return build.Get(doctor, "/api/person_requests"+query) }
	w.Passes(list, "those of the own legal entity", of(""), http.StatusOK)
	w.Passes(list, "requests that wait for their confirmation", of("?status=NEW&page_size=2"), http.StatusOK)
	w.Passes(list, "a page past the end", of("?page=100"), http.StatusOK)
	w.Refused(list, "a status that no request has", of("?status=OLD"), fault.Refuse(rules.PersonRequestListStatus))
	w.Refused(list, "the status that no answer shows", of("?status=EXPIRED"), fault.Refuse(rules.PersonRequestListStatus))
}

func approve(w *build.World, v version) {
	op := v.op("approvePersonRequest")
	of := func(id string) build.Request {
		return build.Patch(doctor, v.path("/"+id+"/actions/approve")).With(build.Row{"verification_code": verifications.LiveCode})
	}
	named := func(name string) build.Request { return of(v.id(name).String()) }
	empty := func(name string) build.Request {
		return build.Patch(doctor, v.path("/"+v.id(name).String()+"/actions/approve"))
	}
	w.Passes(op, "a request by documents, with a code that nobody asked for", named("person request by documents"), http.StatusCreated)
	w.Passes(op, "the right code", named("person request with a code"), http.StatusCreated)
	w.Passes(op, "the right code, as a text", named("person request with a code in text").With(build.Row{"verification_code": "1232"}), http.StatusCreated)
	w.Passes(op, "a request by nothing, with a code that nobody asked for", named("person request by nothing"), http.StatusCreated)

	w.Refused(op, "a field that there is not", named("new person request").With(build.Row{"code": verifications.LiveCode}),
		build.WrongShape(v.rule("approve", "schema"), "$.code", "schema", "schema does not allow additional properties"))
	w.Refused(op, "a list in place of an object", named("new person request").With([]int{}),
		build.WrongShape(v.rule("approve", "schema"), "$", "cast", "type mismatch. Expected object but got array"))
	refuseUnseen(w, v, op, "approve", of)
	w.Refused(op, "a request that the patient has made", named("patient's person request"), v.refuse("approve", "channel"))
	for _, status := range []string{"approved", "signed", "rejected", "cancelled"} {
		w.Refused(op, "a request that is "+status, named(status+" person request"), v.refuse("approve", "status"))
	}
	w.Refused(op, "a request without a method", named("person request without a method"), v.refuse("approve", "method"))
	w.Refused(op, "no code", empty("new person request").With(build.Row{}), v.refuse("approve", "code_required"))
	w.Refused(op, "a used code", named("person request with a used code"), v.refuse("approve", "attempts"))
	w.Refused(op, "a code whose time is over", named("person request with an old code"), v.refuse("approve", "code_expired"))
	w.Refused(op, "a wrong code", named("person request for a wrong code").With(build.Row{"verification_code": wrongCode}), v.refuse("approve", "code"))
	w.Refused(op, "the code of another request", named("person request without a code of its own"), v.refuse("approve", "attempts"))
	w.Refused(op, "a code of letters", named("person request for a wrong code").With(build.Row{"verification_code": "abcd"}), v.refuse("approve", "code"))
	w.Refused(op, "a scan was not sent", empty("person request without scans").With(build.Row{}), v.refuse("approve", "documents", "types", "person.PASSPORT"))
	w.Refused(op, "the right code, but a scan was not sent", named("person request with a missing scan"),
		v.refuse("approve", "documents", "types", "person.unzr"))
}

func reject(w *build.World, v version) {
	op := v.op("rejectPersonRequest")
	of := func(id string) build.Request {
		return build.Patch(doctor, v.path("/"+id+"/actions/reject"))
	}
	w.Passes(op, "a new person request", of(v.id("person request to reject").String()), http.StatusOK)
	w.Passes(op, "an approved person request", of(v.id("approved person request to reject").String()), http.StatusOK)
	refuseUnseen(w, v, op, "reject", of)
	for _, status := range []string{"signed", "rejected", "cancelled"} {
		w.Refused(op, "a request that is "+status, of(v.id(status+" person request").String()), v.refuse("reject", "status"))
	}
}

func resend(w *build.World) {
	const op = "resendPersonRequestOtp"
	by := func(token, id string) build.Request {
		return build.Post(token, "/api/person_requests/"+id+"/actions/resend_otp")
	}
	of := func(id string) build.Request { return by(doctor, id) }
	named := func(name string) build.Request { return of(build.ID(name).String()) }
	w.Passes(op, "a code is sent again", named("new person request"), http.StatusOK)
	w.Passes(op, "a code is sent again, as the running system answers", named("new person request"), http.StatusOK).Set("READING", "live")
	w.Passes(op, "a request of version 1", of(v1.id("new person request").String()), http.StatusOK)
	w.Passes(op, "a request of version 3", of(v3.id("new person request").String()), http.StatusOK)
	refuseUnseen(w, v2, op, "resend_otp", of)
	w.Refused(op, "a request by documents", named("person request by documents"), fault.Refuse(rules.PersonRequestResendOTPMethod))
	w.Refused(op, "a request by nothing", named("person request by nothing"), fault.Refuse(rules.PersonRequestResendOTPMethod))
	for _, status := range []string{"approved", "signed", "rejected", "cancelled"} {
		w.Refused(op, "a request that is "+status, named(status+" person request"), fault.Refuse(rules.PersonRequestResendOTPStatus))
	}
	const busy = "person request with a fresh code"
	verifications.CodeSent(w, limits.PerResource, build.ID(busy).String())
	w.Refused(op, "a code was sent a moment ago, and there is a limit", named(busy), fault.Refuse(rules.PersonRequestResendOTPRate)).Set("INIT_VERIFICATION_LIMIT", "86400")
	w.Refused(op, "the phone has got all codes of the hour", named(busy), fault.Refuse(rules.PersonRequestResendOTPPhoneLimit)).Set("OTP_PHONE_LIMIT", "1")
	w.Refused(op, "all codes for the request were sent", named(busy), fault.Refuse(rules.PersonRequestResendOTPResourceLimit)).Set("OTP_RESOURCE_LIMIT", "1")
	w.Refused(op, "the legal entity has had all codes of the day sent", by(otherDoctor, build.ID("foreign person request").String()),
		fault.Refuse(rules.PersonRequestResendOTPLegalEntityLimit)).Set("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1")
}
