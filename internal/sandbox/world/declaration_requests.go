package world

import (
	"maps"
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/otp"
)

// formerMethodPhone was the phone of patient when a request was created; since
// then the patient has changed it.
const formerMethodPhone = "+380931234592"

// declarationRequest adds a request of V3 that a doctor of the clinic has made
// for a person and that waits for the code; columns make it another.
func (w *World) declarationRequest(name, person, note string, columns row) uuid.UUID {
	id := w.object("declaration request", name, note)
	r := w.audited(row{
		"id": id, "status": "NEW", "channel": "MIS", "is_shareable": false, "mpi_id": ID(person),
		"data":                          w.declarationData(person, "clinic", "doctor"),
		"authentication_method_current": row{"type": "OTP", "number": PatientPhone},
		"declaration_id":                ID("declaration of " + name), "declaration_number": declarationNumber(name),
		"system_declaration_limit": 1800, "current_declaration_count": 675,
		"data_legal_entity_id": ID("clinic"), "data_employee_id": ID("employee doctor"), "data_start_date_year": w.now.Year(),
		"inserted_by": ID("doctor"), "updated_by": ID("doctor"),
	})
	maps.Copy(r, columns)
	w.insert("il.declaration_requests", r)
	return id
}

// declarationData is what a request of V3 is about.
func (w *World) declarationData(person, legalEntity, doctor string) row {
	return row{
		"start_date": w.now.Format(isoDate), "end_date": w.now.AddDate(10, 0, 0).Format(isoDate),
		"person_id": ID(person), "employee_id": ID("employee " + doctor),
		"division_id": ID("division of the " + legalEntity), "legal_entity_id": ID(legalEntity),
	}
}

const (
	isoDate         = "2006-01-02"
	approvedRequest = "approved declaration request"
)

func (w *World) declarationRequests() {
	w.declarationRequest("new declaration request", "patient", "NEW, confirmed by a code: its code may be sent again", nil)
	w.declarationRequestsByMethod()
	w.declarationRequestsByStatus()
	w.declarationRequestsOfOthers()
	w.resendingDeclarationCodes()
	w.readingDeclarationRequests()
}

func (w *World) declarationRequestsByMethod() {
	w.declarationRequest("declaration request by a third person", "third_person_patient", "NEW; the code goes to the third person's phone", row{
		"authentication_method_current": row{"type": "OTP", "number": ThirdPersonPhone}, "authorize_with": ID("method of third_person_patient"),
	})
	w.declarationRequest("declaration request by a former phone", "patient", "NEW; the code goes to the phone that the patient had when it was created", row{
		"authentication_method_current": row{"type": "OTP", "number": formerMethodPhone},
	})
	w.declarationRequest("declaration request with a fresh code", "patient", "NEW; a code was sent to its phone a moment ago", row{
		"authentication_method_current": row{"type": "OTP", "number": busyPhone},
	})
	w.declarationRequest("declaration request by OFFLINE", "offline_patient", "NEW, confirmed by documents", row{
		"authentication_method_current": row{"type": "OFFLINE"},
	})
	w.declarationRequest("declaration request by a third person without a phone", "third_person_offline_patient",
		"NEW; the third person confirms by documents", row{
			"authentication_method_current": row{"type": "OFFLINE"}, "authorize_with": ID("method of third_person_offline_patient"),
		})
	w.declarationRequest("declaration request without a method", "methodless_patient", "NEW; nothing has to be confirmed (NA)", row{
		"authentication_method_current": row{"type": "NA"},
	})
	w.declarationRequest("declaration request without a number", "patient", "NEW, confirmed by a code, but the phone is missing", row{
		"authentication_method_current": row{"type": "OTP"},
	})
}

func (w *World) declarationRequestsByStatus() {
	w.declarationRequest(approvedRequest, "patient", "APPROVED: has data_to_be_signed", row{
		"status": "APPROVED", "data_to_be_signed": w.dataToBeSigned(),
	})
	w.declarationRequest("signed declaration request", "patient", "SIGNED", row{"status": "SIGNED"})
	w.declarationRequest("rejected declaration request", "patient", "REJECTED by the doctor", row{"status": "REJECTED", "status_reason": "doctor_reject"})
	w.declarationRequest("cancelled declaration request", "patient", "CANCELLED by a newer one", row{"status": "CANCELLED", "status_reason": "request_cancelled"})
	w.declarationRequest("expired declaration request", "patient", "EXPIRED: the clean-up has removed its data, so it is nobody's any more", row{
		"status": "EXPIRED", "data": nil, "data_legal_entity_id": nil, "data_start_date_year": nil, "authentication_method_current": nil,
		"inserted_at": w.now.AddDate(0, 0, -3), "updated_by": SystemUser,
	})
}

func (w *World) declarationRequestsOfOthers() {
	w.declarationRequest("V2 declaration request", "patient", "NEW, made by V2: keeps whole objects in place of ids", row{
		"data": row{
			"start_date": w.now.Format(isoDate), "end_date": w.now.AddDate(10, 0, 0).Format(isoDate),
			"person": row{"first_name": "Петро", "last_name": "Іваненко"}, "employee": row{"id": ID("employee doctor")},
			"division": row{"id": ID("division of the clinic")}, "legal_entity": row{"id": ID("clinic")},
		},
		"mpi_id": nil, "inserted_at": w.now.AddDate(0, 0, -1),
	})
	w.declarationRequest("shared declaration request", "patient", "NEW, made by the patient and shared with legal entities", row{
		"channel": "PIS", "is_shareable": true,
	})
	w.declarationRequest("approved shared declaration request", "patient", "APPROVED, made by the patient and shared: links the content that the patient has signed", row{
		"channel": "PIS", "is_shareable": true, "status": "APPROVED", "authentication_method_current": row{"type": "NA"},
		"documents": []row{{"type": "signed_content", "verb": "GET", "url": "https://storage.example.com/declaration_requests/signed_content"}},
	})
	w.declarationRequest("cabinet declaration request", "patient", "NEW, made in the patient's cabinet and not shared", row{
		"channel": "CABINET", "is_shareable": false,
	})
	w.declarationRequest("declaration request of another clinic", "stranger_patient", "NEW, of the other clinic", row{
		"data":                          w.declarationData("stranger_patient", "other_clinic", "other_doctor"),
		"authentication_method_current": row{"type": "OTP", "number": StrangerPhone},
		"data_legal_entity_id":          ID("other_clinic"), "data_employee_id": ID("employee other_doctor"),
		"inserted_by": ID("other_doctor"), "updated_by": ID("other_doctor"),
	})
}

// dataToBeSigned is what the doctor signs.
func (w *World) dataToBeSigned() row {
	return row{
		"id": ID(approvedRequest), "status": "APPROVED",
		"declaration_number": declarationNumber(approvedRequest), "declaration_id": ID("declaration of " + approvedRequest),
		"start_date": w.now.Format(isoDate), "end_date": w.now.AddDate(10, 0, 0).Format(isoDate),
		"content": "<html><body><p>Декларація № " + declarationNumber(approvedRequest) + "</p></body></html>", "channel": "MIS",
		"person": row{
			"id": ID("patient"), "first_name": "Петро", "last_name": "Іваненко", "second_name": "Миколайович",
			"birth_date": "1985-07-05", "birth_country": "Україна", "birth_settlement": "Вінниця", "gender": "MALE", "no_tax_id": true,
			"secret": "слово", "documents": []row{}, "addresses": []row{}, "phones": []row{},
			"authentication_methods": []row{{"type": "OTP", "phone_number": "+38093*****74"}},
			"emergency_contact": row{
				"first_name": "Олена", "last_name": "Іваненко", "phones": []row{{"type": "MOBILE", "number": "+380931234593"}},
			},
			"patient_signed": false, "process_disclosure_data_consent": true,
		},
		"employee": row{
			"id": ID("employee doctor"), "position": "P1",
			"party": row{"id": ID("party doctor"), "no_tax_id": true, "first_name": "Олена", "last_name": "Коваль", "second_name": "Петрівна"},
		},
		"legal_entity": row{
			"id": ID("clinic"), "name": "Амбулаторія «Верба»", "short_name": "Амбулаторія «Верба»", "legal_form": "140", "edrpou": edrpou("clinic"),
			"licenses": []row{}, "addresses": []row{}, "phones": []row{}, "email": "clinic@example.com",
		},
		"division": row{
			"id": ID("division of the clinic"), "legal_entity_id": ID("clinic"), "name": "Амбулаторія № 1",
			"addresses": []row{}, "phones": []row{}, "email": "division@example.com", "type": "CLINIC",
		},
		"seed": "0",
	}
}

func (w *World) resendingDeclarationCodes() {
	const op = "resendDeclarationRequestOtp"
	resend := func(token, id string) Request {
		return as(token, post, "/api/v3/declaration_requests/"+id+"/actions/resend_otp")
	}
	of := func(name string) Request { return resend(doctor, ID(name).String()) }

	w.passes(op, "a code is sent again", of("new declaration request"), http.StatusOK)
	w.passes(op, "a body is ignored", of("new declaration request").with(row{"phone_number": StrangerPhone}), http.StatusOK)
	w.passes(op, "the code goes to a third person", of("declaration request by a third person"), http.StatusOK)
	w.passes(op, "the code goes to the phone of then", of("declaration request by a former phone"), http.StatusOK)
	w.passes(op, "a request of the patient's, shared with legal entities", of("shared declaration request"), http.StatusOK)

	for _, c := range []struct{ title, token string }{
		{"no token", ""},
		{"an unknown token", "sandbox-nobody"},
		{"an expired token", expired},
		{"a refresh token in place of an access token", TokenValue("refresh")},
		{"a token of a blocked user", TokenValue("blocked_user")},
		{"a token of a blocked client", TokenValue("blocked_client")},
	} {
		w.refused(op, c.title, resend(c.token, ID("new declaration request").String()), fault.Refuse(rules.DeclarationRequestResendOTPToken))
	}
	w.refused(op, "a token without the scope", resend(noScopes, ID("new declaration request").String()),
		fault.Refuse(rules.GatewayScope, "scopes", "otp:write"))

	w.refused(op, "an unknown request", of("no declaration request"), fault.Refuse(rules.DeclarationRequestResendOTPNotFound))
	w.refused(op, "a malformed id", resend(doctor, "1"), fault.Refuse(rules.DeclarationRequestResendOTPNotFound))
	w.refused(op, "a request that is not shared with legal entities", of("cabinet declaration request"), fault.Refuse(rules.DeclarationRequestResendOTPChannel))
	w.passes(op, "a request that is not shared, and that is not checked", of("cabinet declaration request"), http.StatusOK).
		set("RULES", "-declaration_request.resend_otp.channel")
	w.refused(op, "a request of another clinic", of("declaration request of another clinic"), fault.Refuse(rules.DeclarationRequestResendOTPLegalEntity))
	w.refused(op, "a request whose data is gone", of("expired declaration request"), fault.Refuse(rules.DeclarationRequestResendOTPLegalEntity))
	w.passes(op, "a request of another clinic, and that is not checked", of("declaration request of another clinic"), http.StatusOK).
		set("RULES", "-declaration_request.resend_otp.legal_entity")
	for _, name := range []string{
		approvedRequest, "signed declaration request", "rejected declaration request", "cancelled declaration request",
	} {
		w.refused(op, "an "+name, of(name), fault.Refuse(rules.DeclarationRequestResendOTPStatus))
	}
	w.refused(op, "an expired request, whoever's it was", of("expired declaration request"), fault.Refuse(rules.DeclarationRequestResendOTPStatus)).
		set("RULES", "-declaration_request.resend_otp.legal_entity")
	for _, name := range []string{
		"declaration request by OFFLINE", "declaration request by a third person without a phone",
		"declaration request without a method", "declaration request without a number",
	} {
		w.refused(op, "a "+name, of(name), fault.Refuse(rules.DeclarationRequestResendOTPAuthenticationMethod))
	}
	w.passes(op, "a code was sent a moment ago, and there is no limit", of("declaration request with a fresh code"), http.StatusOK)
	w.refused(op, "a code was sent a moment ago, and there is a limit", of("declaration request with a fresh code"),
		fault.Refuse(rules.DeclarationRequestResendOTPRate)).set("INIT_VERIFICATION_LIMIT", "86400")
	w.codeSent(otp.PerPhone, busyPhone)
	w.codeSent(otp.PerResource, ID("declaration request with a fresh code").String())
	w.refused(op, "the phone has got all codes of the hour", of("declaration request with a fresh code"),
		fault.Refuse(rules.DeclarationRequestResendOTPPhoneLimit)).set("OTP_PHONE_LIMIT", "1")
	w.refused(op, "all codes for the request were sent", of("declaration request with a fresh code"),
		fault.Refuse(rules.DeclarationRequestResendOTPResourceLimit)).set("OTP_RESOURCE_LIMIT", "1")
	w.refused(op, "the legal entity has had all codes of the day sent", resend(otherDoctor, ID("declaration request of another clinic").String()),
		fault.Refuse(rules.DeclarationRequestResendOTPLegalEntityLimit)).set("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1")
}

func (w *World) readingDeclarationRequests() {
	one := func(name string) Request { return as(doctor, get, "/api/v3/declaration_requests/"+ID(name).String()) }
	for _, name := range []string{
		"new declaration request", "declaration request by OFFLINE", "declaration request without a method", approvedRequest,
		"signed declaration request", "V2 declaration request", "shared declaration request", "approved shared declaration request",
	} {
		w.passes("getDeclarationRequest", "a "+name, one(name), http.StatusOK)
	}
	w.refused("getDeclarationRequest", "an unknown request", one("no declaration request"), fault.Refuse(rules.DeclarationRequestGetNotFound))
	w.refused("getDeclarationRequest", "a malformed id", as(doctor, get, "/api/v3/declaration_requests/1"), fault.Refuse(rules.DeclarationRequestGetNotFound))
	w.refused("getDeclarationRequest", "a request that is not shared with legal entities", one("cabinet declaration request"),
		fault.Refuse(rules.DeclarationRequestGetChannel))
	w.refused("getDeclarationRequest", "a request of another clinic", one("declaration request of another clinic"),
		fault.Refuse(rules.DeclarationRequestGetLegalEntity))
	w.refused("getDeclarationRequest", "a request whose data is gone", one("expired declaration request"),
		fault.Refuse(rules.DeclarationRequestGetLegalEntity))
	w.passes("getDeclarationRequest", "a request whose data is gone, whoever's it was", one("expired declaration request"), http.StatusOK).
		set("RULES", "-declaration_request.get.legal_entity")

	list := func(query string) Request { return as(doctor, get, "/api/v3/declaration_requests"+query) }
	w.passes("listDeclarationRequests", "those of the own legal entity", list(""), http.StatusOK)
	w.passes("listDeclarationRequests", "filters", list("?status=NEW&channel=MIS&employee_id="+ID("employee doctor").String()), http.StatusOK)
	w.passes("listDeclarationRequests", "a page past the end", list("?page=100&page_size=10"), http.StatusOK)
	w.passes("listDeclarationRequests", "an unknown status finds nothing", list("?status=OLD"), http.StatusOK)
	w.passes("listDeclarationRequests", "another legal entity's are an empty list", list("?legal_entity_id="+ID("other_clinic").String()), http.StatusOK)
	w.refused("listDeclarationRequests", "employee_id that is no uuid", list("?employee_id=1"), fault.Refuse(rules.DeclarationRequestListEmployeeID))
	w.refused("listDeclarationRequests", "legal_entity_id that is no uuid", list("?legal_entity_id=1"), fault.Refuse(rules.DeclarationRequestListLegalEntityID))
	w.refused("listDeclarationRequests", "both wrong", list("?employee_id=1&legal_entity_id=1"),
		fault.Refuse(rules.DeclarationRequestListEmployeeID), fault.Refuse(rules.DeclarationRequestListLegalEntityID))
	w.passes("listDeclarationRequests", "ids that are no uuids find nothing when that is not checked", list("?employee_id=1&legal_entity_id=1"), http.StatusOK).
		set("RULES", "-declaration_request.list.employee_id,-declaration_request.list.legal_entity_id")
}
