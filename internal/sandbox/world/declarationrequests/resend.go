package declarationrequests

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	limits "esoz/internal/platform/otp"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
	"esoz/internal/sandbox/world/verifications"
)

func resend(w *build.World) {
	const op = "resendDeclarationRequestOtp"
	by := func(token, id string) build.Request {
		return build.Post(token, "/api/v3/declaration_requests/"+id+"/actions/resend_otp")
	}
	of := func(name string) build.Request { return by(doctor, build.ID(name).String()) }

	w.Passes(op, "a code is sent again", of("new declaration request"), http.StatusOK)
	w.Passes(op, "a code is sent again, as the running system answers", of("new declaration request"), http.StatusOK).Set("READING", "live")
	w.Passes(op, "a body is ignored", of("new declaration request").With(build.Row{"phone_number": persons.StrangerPhone}), http.StatusOK)
	w.Passes(op, "the code goes to a third person", of("declaration request by a third person"), http.StatusOK)
	w.Passes(op, "the code goes to the phone of then", of("declaration request by a former phone"), http.StatusOK)

	w.Refused(op, "an unknown request", of("no declaration request"), fault.Refuse(rules.DeclarationRequestResendOTPNotFound))
	w.Refused(op, "a malformed id", by(doctor, "1"), fault.Refuse(rules.DeclarationRequestResendOTPNotFound))
	w.Refused(op, "a request that is not shared with legal entities", of("cabinet declaration request"), fault.Refuse(rules.DeclarationRequestResendOTPChannel))
	w.Refused(op, "a request of another clinic", of(foreign), fault.Refuse(rules.DeclarationRequestResendOTPLegalEntity))
	w.Refused(op, "a request whose data is gone", of(expired), fault.Refuse(rules.DeclarationRequestResendOTPLegalEntity))
	w.Passes(op, "a request of another clinic, and that is not checked", of(foreign), http.StatusOK).
		Set("RULES", "-declaration_request.resend_otp.legal_entity")
	for _, name := range []string{
		approved, "signed declaration request", "rejected declaration request", "cancelled declaration request",
	} {
		w.Refused(op, "an "+name, of(name), fault.Refuse(rules.DeclarationRequestResendOTPStatus))
	}
	w.Refused(op, "an expired request, whoever's it was", of(expired), fault.Refuse(rules.DeclarationRequestResendOTPStatus)).
		Set("RULES", "-declaration_request.resend_otp.legal_entity")

	method := fault.Refuse(rules.DeclarationRequestResendOTPAuthenticationMethod)
	for _, name := range []string{
		"declaration request by OFFLINE", "declaration request by a third person without a phone", shared,
	} {
		w.Refused(op, "a "+name, of(name), method)
	}
	w.Refused(op, "a request that is not shared, and that is not checked", of("cabinet declaration request"), method).
		Set("RULES", "-declaration_request.resend_otp.channel")

	verifications.CodeSent(w, limits.PerResource, build.ID(busy).String())
	w.Passes(op, "a code was sent a moment ago, and there is no limit", of(busy), http.StatusOK)
	w.Refused(op, "a code was sent a moment ago, and there is a limit", of(busy), fault.Refuse(rules.DeclarationRequestResendOTPRate)).
		Set("INIT_VERIFICATION_LIMIT", "86400")
	w.Refused(op, "the phone has got all codes of the hour", of(busy), fault.Refuse(rules.DeclarationRequestResendOTPPhoneLimit)).Set("OTP_PHONE_LIMIT", "1")
	w.Refused(op, "all codes for the request were sent", of(busy), fault.Refuse(rules.DeclarationRequestResendOTPResourceLimit)).Set("OTP_RESOURCE_LIMIT", "1")
	w.Refused(op, "the legal entity has had all codes of the day sent", by(otherDoctor, build.ID(foreign).String()),
		fault.Refuse(rules.DeclarationRequestResendOTPLegalEntityLimit)).Set("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1")
}
