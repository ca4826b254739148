package personrequests

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	limits "esoz/internal/platform/otp"
	"esoz/internal/sandbox/world/build"
	people "esoz/internal/sandbox/world/persons"
	"esoz/internal/sandbox/world/verifications"
)

// methodPhone is that of the persons of stored requests. Each request has a code of its own.
const methodPhone = "+380931234661"

// methods are the requests to change how a person confirms.
func methods(w *build.World) {
	methodOwners(w)
	createMethod(w)
	storedMethodRequests(w)
	approveMethod(w)
	resendMethod(w)
}

// methodOwners are persons whom only these requests need.
func methodOwners(w *build.World) {
	addPerson(w, "removed_person", "Єва", "1980-05-05", "taken out of the register (is_active false)", build.Row{"is_active": false, "status": "inactive"})
	addPerson(w, "moved_person", "Ліна", "1981-06-06", "confirms by documents; an OTP method has ended", nil)
	people.Method(w, "moved_person", build.Row{
		"id": build.ID("former method of moved_person"), "type": "OTP", "phone_number": methodPhone, "is_active": false, "ended_at": w.Now.AddDate(0, -1, 0),
	})
	people.Method(w, "moved_person", build.Row{"type": "OFFLINE", "inserted_at": w.Now.AddDate(0, -1, 0)})
	addPerson(w, "guarded_minor", "Яна", years(w, 16), "sixteen years old; confidant, an approved confidant, confirms by OTP", nil)
	people.Method(w, "guarded_minor", build.Row{"type": "THIRD_PERSON", "value": build.ID("confidant"), "alias": "батько"})
	w.Insert("mpi.confidant_person_relationships", w.Audited(build.Row{
		"id": build.ID("relationship of guarded_minor"), "person_id": build.ID("guarded_minor"), "confidant_person_id": build.ID("confidant"),
		"relation_type": "PRIMARY", "is_active": true, "verification_status": "VERIFIED",
	}))
}

// methodBody is the body of a request to change a method.
func methodBody(action string, method build.Row) build.Row {
	return build.Row{"action": action, "authentication_method": method}
}

// confirmedBy is a third person to be added.
func confirmedBy(name string) build.Row {
	return methodBody("INSERT", build.Row{"type": "THIRD_PERSON", "value": build.ID(name).String(), "alias": "чоловік"})
}

func byPhone(phone string) build.Row { return methodBody("INSERT", otp(phone)) }

func byDocuments() build.Row { return methodBody("INSERT", build.Row{"type": "OFFLINE"}) }

// renamed gives a method another alias.
func renamed(method string) build.Row {
	return methodBody("UPDATE", build.Row{"id": build.ID(method).String(), "alias": "дружина"})
}

func ended(method string) build.Row {
	return methodBody("DEACTIVATE", build.Row{"id": build.ID(method).String()})
}

func createMethod(w *build.World) {
	const op = "createAuthenticationMethodRequest"
	by := func(token, id string, body build.Row) build.Request {
		return build.Post(token, "/api/persons/"+id+"/authentication_method_requests").With(body)
	}
	of := func(person string, body build.Row) build.Request { return by(doctor, build.ID(person).String(), body) }
	pass := func(title, person string, body build.Row, config ...string) {
		w.Passes(op, title, of(person, body), http.StatusCreated).Set(config...)
	}
	pass("a new phone", "newcomer", byPhone(verifications.VerifiedPhone))
	pass("a new phone in place of documents", "offline_patient", byPhone(verifications.VerifiedPhone))
	pass("a phone of a person who confirms by nothing", "cabinet_patient", byPhone(verifications.VerifiedPhone))
	pass("a phone by which five others confirm, and there is no limit", "newcomer", byPhone(crowdedPhone), "PHONE_NUMBER_AUTH_LIMIT", "0")
	pass("documents of a person who confirms by nothing", "cabinet_patient", byDocuments())
	pass("documents in place of a phone, which is allowed", "newcomer", byDocuments(), "AUTH_REQUEST_SECURITY_REDUCTION", "true")
	pass("a third person of an adult", "newcomer", confirmedBy("confidant"))
	pass("a third person, named with the phone", "newcomer", build.Changed(confirmedBy("confidant"), build.Row{"authentication_method": build.Row{
		"type": "THIRD_PERSON", "value": build.ID("confidant").String(), "alias": "чоловік", "phone_number": people.ConfidantPhone,
	}}))
	pass("a third person of a child who confirms by nothing", "methodless_patient", confirmedBy("confidant"))
	pass("a third person who confirms by documents, which is allowed", "methodless_patient", confirmedBy("offline_patient"), "THIRD_PERSON_OFFLINE", "true")
	pass("a new alias", "confided_patient", renamed("method of confided_patient"))
	pass("a third person no longer confirms", "guarded_child", ended("third_person for guarded_child"))

	for _, r := range wrongMethodRequests() {
		w.Refused(op, r.title, of(r.owner, r.body), r.refusal).Set(r.config...)
	}
	w.Refused(op, "a malformed id of the person", by(doctor, "1", byPhone(verifications.VerifiedPhone)), fault.Refuse(rules.AuthenticationMethodRequestCreatePerson))
	w.Refused(op, "the legal entity has had all codes of the day sent", by(otherDoctor, build.ID("newcomer").String(), byPhone(verifications.VerifiedPhone)),
		fault.Refuse(rules.AuthenticationMethodRequestCreateLegalEntityLimit)).Set("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1")
}

// wrongMethod is a request that is refused.
type wrongMethod struct {
	title   string
	refusal *fault.Error
	owner   string
	body    build.Row
	config  []string
}

func wrongMethodRequests() []wrongMethod {
	const verified = verifications.VerifiedPhone
	shape := func(entry, rule, description string) *fault.Error {
		return build.WrongShape(rules.AuthenticationMethodRequestCreateSchema, entry, rule, description)
	}
	required := func(field string) *fault.Error {
		return fault.Refuse(rules.AuthenticationMethodRequestCreateFieldRequired, "field", field)
	}
	forbidden := func(field string) *fault.Error {
		return fault.Refuse(rules.AuthenticationMethodRequestCreateFieldForbidden, "field", field)
	}
	insert := func(method build.Row) build.Row { return methodBody("INSERT", method) }
	third := func(changes build.Row) build.Row {
		return insert(build.Edit(build.Row{"type": "THIRD_PERSON", "value": build.ID("confidant").String(), "alias": "чоловік"}, changes))
	}
	method := build.ID("method of newcomer").String()
	refuse := func(id rules.ID, args ...any) *fault.Error { return fault.Refuse(id, args...) }
	return []wrongMethod{
		{"no action", build.MissingProperty(rules.AuthenticationMethodRequestCreateSchema, "action"), "newcomer", build.Row{"authentication_method": otp(verified)}, nil},
		{"an action that there is not", shape("$.action", "inclusion", "value is not allowed in enum"), "newcomer", methodBody("DELETE", otp(verified)), nil},
		{"NA as the new method", shape("$.authentication_method.type", "inclusion", "value is not allowed in enum"), "newcomer", insert(build.Row{"type": "NA"}), nil},
		{
			"a field that no method has", shape("$.authentication_method.name", "schema", "schema does not allow additional properties"), "newcomer",
			insert(build.Row{"type": "OTP", "phone_number": verified, "name": "мій"}), nil,
		},
		{"a new method without a type", required("type"), "newcomer", insert(build.Row{"phone_number": verified}), nil},
		{"a new phone without the phone", required("phone_number"), "newcomer", insert(build.Row{"type": "OTP"}), nil},
		{"a third person without an id", required("value"), "newcomer", third(build.Row{"value": nil}), nil},
		{"a third person without an alias", required("alias"), "newcomer", third(build.Row{"alias": nil}), nil},
		{"a new alias without the alias", required("alias"), "newcomer", methodBody("UPDATE", build.Row{"id": method}), nil},
		{"the end of nothing", required("id"), "newcomer", methodBody("DEACTIVATE", build.Row{}), nil},
		{"a new phone of a third person", forbidden("value"), "newcomer", insert(build.Row{"type": "OTP", "phone_number": verified, "value": build.ID("confidant").String()}), nil},
		{"documents with a phone", forbidden("phone_number"), "newcomer", insert(build.Row{"type": "OFFLINE", "phone_number": verified}), nil},
		{"a new method with an id", forbidden("id"), "newcomer", insert(build.Row{"type": "OTP", "phone_number": verified, "id": method}), nil},
		{"a new alias with a phone", forbidden("phone_number"), "newcomer", methodBody("UPDATE", build.Row{"id": method, "alias": "мій", "phone_number": verified}), nil},
		{"an end with an alias", forbidden("alias"), "newcomer", methodBody("DEACTIVATE", build.Row{"id": method, "alias": "мій"}), nil},
		{"a new phone without +38", refuse(rules.AuthenticationMethodRequestCreatePhone), "newcomer", byPhone("0503410870"), nil},

		{"nobody's method", refuse(rules.AuthenticationMethodRequestCreatePerson), "no person", byPhone(verified), nil},
		{"a person who was taken out of the register", refuse(rules.AuthenticationMethodRequestCreatePerson), "removed_person", byPhone(verified), nil},
		{"a person who is not active", refuse(rules.AuthenticationMethodRequestCreatePersonActive), "inactive_patient", byPhone(verified), nil},
		{"a new alias of an unknown method", refuse(rules.AuthenticationMethodRequestCreateMethodActive), "newcomer", renamed("no method"), nil},
		{"a new alias of a method that has ended", refuse(rules.AuthenticationMethodRequestCreateMethodActive), "moved_person", renamed("former method of moved_person"), nil},
		{"a new alias of another person's method", refuse(rules.AuthenticationMethodRequestCreateMethodOwner), "newcomer", renamed("method of patient"), nil},
		{"the end of an own method", refuse(rules.AuthenticationMethodRequestCreateMethodType), "newcomer", ended("method of newcomer"), nil},
		{"the end of the default method", refuse(rules.AuthenticationMethodRequestCreateMethodPrimary), "confided_patient", ended("method of confided_patient"), nil},
		{"a third person of an adult who confirms by nothing", refuse(rules.AuthenticationMethodRequestCreateCurrentMethod), "settled_patient", confirmedBy("third_person"), nil},
		{"documents of a child", refuse(rules.AuthenticationMethodRequestCreateAge), "third_person_patient", byDocuments(), nil},
		{"a phone that is not verified", refuse(rules.AuthenticationMethodRequestCreatePhoneVerified), "newcomer", byPhone(verifications.SilentPhone), nil},
		{"a phone by which five others confirm", refuse(rules.AuthenticationMethodRequestCreatePhoneLimit, "limit", 5), "newcomer", byPhone(crowdedPhone), nil},
		{"documents of a person who confirms by documents", refuse(rules.AuthenticationMethodRequestCreateOfflinePresent), "moved_person", byDocuments(), nil},
		{"documents in place of a phone", refuse(rules.AuthenticationMethodRequestCreateOfflineAfterOTP), "newcomer", byDocuments(), nil},
		{"an unknown third person", refuse(rules.AuthenticationMethodRequestCreateThirdPerson), "newcomer", confirmedBy("no person"), nil},
		{"a third person who is not active", refuse(rules.AuthenticationMethodRequestCreateThirdPersonActive), "newcomer", confirmedBy("inactive_patient"), nil},
		{"a child as the third person", refuse(rules.AuthenticationMethodRequestCreateThirdPersonAge), "newcomer", confirmedBy("confided_patient"), nil},
		{"a third person who has no method", refuse(rules.AuthenticationMethodRequestCreateThirdPersonMethod), "newcomer", confirmedBy("cabinet_patient"), nil},
		{"a third person who shows documents", refuse(rules.AuthenticationMethodRequestCreateThirdPersonOffline), "newcomer", confirmedBy("offline_patient"), nil},
		{"a third person with another phone", refuse(rules.AuthenticationMethodRequestCreateThirdPersonPhone), "newcomer", third(build.Row{"phone_number": crowdedPhone, "alias": "брат"}), nil},
		{"a third person once more", refuse(rules.AuthenticationMethodRequestCreateThirdPersonPresent), "confided_patient", third(build.Row{"alias": "брат"}), nil},
		{
			"a third person who confirms for others", refuse(rules.AuthenticationMethodRequestCreateThirdPersonLimit, "limit", 1), "newcomer", confirmedBy("confidant"),
			[]string{"THIRD_PERSON_LIMIT", "1"},
		},
		{"one third person too many", refuse(rules.AuthenticationMethodRequestCreateThirdPersons), "guarded_child", confirmedBy("newcomer"), []string{"PERSON_WITH_THIRD_PERSON_LIMIT", "2"}},
		{"documents of a minor with a confidant person", refuse(rules.AuthenticationMethodRequestCreateConfidant), "guarded_minor", byDocuments(), nil},
		{
			"a code was sent a moment ago, and there is a limit", refuse(rules.AuthenticationMethodRequestCreateRate), "busy_patient", byPhone(verified),
			[]string{"INIT_VERIFICATION_LIMIT", "86400"},
		},
		{"the phone has got all codes of the hour", refuse(rules.AuthenticationMethodRequestCreateCodeLimit), "busy_patient", byPhone(verified), []string{"OTP_PHONE_LIMIT", "1"}},
	}
}

// ownerOf a stored request.
func ownerOf(name string) string { return "owner of " + name }

// addMethodRequest adds a NEW request of a person of its own, with a code that can be used; columns make it another.
func addMethodRequest(w *build.World, name, note string, body, columns build.Row) {
	addPerson(w, ownerOf(name), "Клим", "1980-03-04", "has the "+name, nil)
	people.Method(w, ownerOf(name), otp(methodPhone))
	id := w.Object("authentication method request", name, note)
	at := w.Now.Add(-time.Minute)
	w.Insert("il.authentication_method_requests", build.Changed(build.Row{
		"id": id, "action": body["action"], "person_id": build.ID(ownerOf(name)), "authentication_method": body["authentication_method"],
		"authentication_method_current": otp(methodPhone), "documents": []build.Row{}, "status": "NEW", "channel": "MIS",
		"inserted_by": build.ID("doctor"), "updated_by": build.ID("doctor"), "inserted_at": at, "updated_at": at,
	}, columns))
}

// addWithCode adds such a request and its code; columns are those of the code.
func addWithCode(w *build.World, name, note string, body, columns build.Row) {
	addMethodRequest(w, name, note, body, nil)
	codeCalled(w, "code of "+name, name, methodPhone, columns)
}

// thirdOf adds a third person of the owner of a request.
func thirdOf(w *build.World, name string) {
	people.Method(w, ownerOf(name), build.Row{
		"id": build.ID("third person for " + name), "type": "THIRD_PERSON", "value": build.ID("confidant"), "alias": "батько",
	})
}

func storedMethodRequests(w *build.World) {
	const isNew = "NEW, confirmed by a code that can be used"
	addWithCode(w, "new method request", isNew, confirmedBy("confidant"), nil)
	addWithCode(w, "method request of a third person", isNew, confirmedBy("confidant"), nil)
	addWithCode(w, "method request of a new phone", isNew, byPhone(verifications.VerifiedPhone), nil)
	addWithCode(w, "method request of an alias", isNew, renamed("third person for method request of an alias"), nil)
	thirdOf(w, "method request of an alias")
	addWithCode(w, "method request of an end", isNew, ended("third person for method request of an end"), nil)
	thirdOf(w, "method request of an end")
	addWithCode(w, "method request for no code", isNew, confirmedBy("confidant"), nil)
	addWithCode(w, "method request for a wrong code", isNew, confirmedBy("confidant"), nil)
	addWithCode(w, "method request with an old code", "NEW; the time of its code is over", confirmedBy("confidant"),
		build.Row{"inserted_at": w.Now.Add(-time.Hour), "code_expired_at": w.Now.Add(-45 * time.Minute)})
	addWithCode(w, "method request with a used code", "NEW; its code was used", confirmedBy("confidant"),
		build.Row{"status": "verified", "active": false, "attempts_count": 1})
	addMethodRequest(w, "method request without a code", "NEW; the code of its phone was sent for another request", confirmedBy("confidant"), nil)
	addWithCode(w, "busy method request", "NEW; a code was sent to its phone a moment ago", confirmedBy("confidant"), build.Row{"inserted_at": w.Now})
	verifications.CodeSent(w, limits.PerPhone, methodPhone)
	verifications.CodeSent(w, limits.PerResource, build.ID("busy method request").String())

	byScan := build.Row{"authentication_method_current": offline, "documents": scan("person.PASSPORT")}
	addMethodRequest(w, "method request by documents", "NEW, confirmed by a scan that was sent", byPhone(verifications.VerifiedPhone), byScan)
	w.Insert("il.media", build.Row{
		"name": "authentication_method_requests/" + build.ID("method request by documents").String() +
			"/authentication_method_request_person.PASSPORT.jpeg",
		"content": w.Seal.Seal("media", []byte("scan")), "inserted_at": w.Now,
	})
	addMethodRequest(w, "method request without scans", "NEW, confirmed by a scan that was not sent", byPhone(verifications.VerifiedPhone), byScan)
	addMethodRequest(w, "method request by nothing", "NEW; the person confirmed by nothing when it was made", byPhone(verifications.VerifiedPhone),
		build.Row{"authentication_method_current": build.Row{"type": "NA"}})
	for _, status := range []string{"COMPLETED", "CANCELED"} {
		addMethodRequest(w, strings.ToLower(status)+" method request", status, confirmedBy("confidant"), build.Row{"status": status})
	}
	addMethodRequest(w, "expired method request", "EXPIRED: the clean-up has removed its data", confirmedBy("confidant"), build.Row{
		"status": "EXPIRED", "authentication_method": nil, "authentication_method_current": nil, "documents": nil, "updated_by": build.SystemUser,
	})
	for _, of := range [][2]string{{"method request of nobody", "removed_person"}, {"method request of an inactive person", "inactive_patient"}} {
		addMethodRequest(w, of[0], "NEW", confirmedBy("confidant"), build.Row{"person_id": build.ID(of[1])})
	}
}

// ofMethodRequest is the path of a request and its owner.
func ofMethodRequest(person, request uuid.UUID, action string) string {
	return "/api/persons/" + person.String() + "/authentication_method_requests/" + request.String() + "/actions/" + action
}

// refuseUnseenMethods are requests that a method with the checks of a family does not find.
func refuseUnseenMethods(w *build.World, op, family string, of func(path string) build.Request) {
	refuse := func(title, person, request, rule string) {
		w.Refused(op, title, of("/api/persons/"+person+"/authentication_method_requests/"+request), fault.Refuse(rules.ID("authentication_method_request."+family+"."+rule)))
	}
	id := func(name string) string { return build.ID(name).String() }
	const known = "new method request"
	refuse("an unknown person", id("no person"), id(known), "person")
	refuse("a malformed id of the person", "1", id(known), "person")
	refuse("a person who was taken out of the register", id("removed_person"), id("method request of nobody"), "person")
	refuse("a person who is not active", id("inactive_patient"), id("method request of an inactive person"), "person_active")
	refuse("an unknown request", id(ownerOf(known)), id("no method request"), "not_found")
	refuse("a malformed id of the request", id(ownerOf(known)), "1", "not_found")
	refuse("another person's request", id("stranger_patient"), id("method request for a wrong code"), "not_found")
}

func approveMethod(w *build.World) {
	const op = "approveAuthenticationMethodRequest"
	of := func(path string) build.Request {
		return build.Patch(doctor, path+"/actions/approve").With(build.Row{"verification_code": verifications.LiveCode})
	}
	named := func(name string) build.Request {
		return build.Patch(doctor, ofMethodRequest(build.ID(ownerOf(name)), build.ID(name), "approve")).With(build.Row{"verification_code": verifications.LiveCode})
	}
	pass := func(title, name string) { w.Passes(op, title, named(name), http.StatusCreated) }
	pass("a third person is added", "method request of a third person")
	pass("a phone takes the place of another", "method request of a new phone")
	pass("an alias changes", "method request of an alias")
	pass("a third person ends", "method request of an end")
	pass("a request by documents, with a code that nobody asked for", "method request by documents")
	pass("a request that nobody has to confirm", "method request by nothing")

	w.Refused(op, "a field that there is not", named("new method request").With(build.Row{"code": verifications.LiveCode}),
		build.WrongShape(rules.AuthenticationMethodRequestApproveSchema, "$.code", "schema", "schema does not allow additional properties"))
	w.Refused(op, "a list in place of an object", named("new method request").With([]int{}),
		build.WrongShape(rules.AuthenticationMethodRequestApproveSchema, "$", "cast", "type mismatch. Expected object but got array"))
	refuseUnseenMethods(w, op, "approve", of)
	for _, status := range []string{"completed", "canceled", "expired"} {
		w.Refused(op, "a request that is "+status, named(status+" method request"), fault.Refuse(rules.AuthenticationMethodRequestApproveStatus))
	}
	w.Refused(op, "no code", named("method request for no code").With(build.Row{}), fault.Refuse(rules.AuthenticationMethodRequestApproveCodeRequired))
	w.Refused(op, "a used code", named("method request with a used code"), fault.Refuse(rules.AuthenticationMethodRequestApproveAttempts))
	w.Refused(op, "the code of another request", named("method request without a code"), fault.Refuse(rules.AuthenticationMethodRequestApproveAttempts))
	w.Refused(op, "a code whose time is over", named("method request with an old code"), fault.Refuse(rules.AuthenticationMethodRequestApproveCodeExpired))
	w.Refused(op, "a wrong code", named("method request for a wrong code").With(build.Row{"verification_code": wrongCode}), fault.Refuse(rules.AuthenticationMethodRequestApproveCode))
	w.Refused(op, "a scan was not sent", named("method request without scans"), fault.Refuse(rules.AuthenticationMethodRequestApproveDocuments, "types", "person.PASSPORT"))
}

func resendMethod(w *build.World) {
	const op = "resendAuthenticationMethodRequestOtp"
	of := func(path string) build.Request { return build.Post(doctor, path+"/actions/resend_otp") }
	by := func(token, name string) build.Request {
		return build.Post(token, ofMethodRequest(build.ID(ownerOf(name)), build.ID(name), "resend_otp"))
	}
	named := func(name string) build.Request { return by(doctor, name) }
	w.Passes(op, "a code is sent again", named("new method request"), http.StatusOK)
	refuseUnseenMethods(w, op, "resend_otp", of)
	w.Refused(op, "a request by documents", named("method request by documents"), fault.Refuse(rules.AuthenticationMethodRequestResendOTPMethod))
	w.Refused(op, "a request by nothing", named("method request by nothing"), fault.Refuse(rules.AuthenticationMethodRequestResendOTPMethod))
	for _, status := range []string{"completed", "canceled"} {
		w.Refused(op, "a request that is "+status, named(status+" method request"), fault.Refuse(rules.AuthenticationMethodRequestResendOTPStatus))
	}
	const busy = "busy method request"
	w.Refused(op, "a code was sent a moment ago, and there is a limit", named(busy), fault.Refuse(rules.AuthenticationMethodRequestResendOTPRate)).Set("INIT_VERIFICATION_LIMIT", "86400")
	w.Refused(op, "the phone has got all codes of the hour", named(busy), fault.Refuse(rules.AuthenticationMethodRequestResendOTPPhoneLimit)).Set("OTP_PHONE_LIMIT", "1")
	w.Refused(op, "all codes for the request were sent", named(busy), fault.Refuse(rules.AuthenticationMethodRequestResendOTPResourceLimit)).Set("OTP_RESOURCE_LIMIT", "1")
	w.Refused(op, "the legal entity has had all codes of the day sent", by(otherDoctor, busy),
		fault.Refuse(rules.AuthenticationMethodRequestResendOTPLegalEntityLimit)).Set("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1")
}
