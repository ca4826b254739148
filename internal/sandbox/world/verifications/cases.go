package verifications

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

var doctor, otherDoctor = build.TokenValue("doctor"), build.TokenValue("other_doctor")

func initialize(w *build.World) {
	const op = "initializeVerification"
	send := func(body any) build.Request { return build.Post(doctor, "/api/verifications").With(body) }
	to := func(phone string) build.Request { return send(build.Row{"phone_number": phone}) }

	w.Passes(op, "the first code of a phone", to(SilentPhone), http.StatusOK)
	w.Passes(op, "the first code of a phone, as the running system answers", to(SilentPhone), http.StatusCreated).Set("READING", "live")
	w.Passes(op, "a live code gives way to a new one", to(RenewedPhone), http.StatusOK)
	w.Passes(op, "a verified phone is verified again", to(VerifiedPhone), http.StatusOK)
	w.Passes(op, "a code was sent a moment ago, and there is no limit", to(YoungCodePhone), http.StatusOK)
	w.Refused(op, "no phone", send(build.Row{}), build.MissingProperty(rules.VerificationInitializeSchema, "phone_number"))
	w.Refused(op, "a number in place of a text", send(build.Row{"phone_number": 380931234601}), build.WrongShape(rules.VerificationInitializeSchema,
		"$.phone_number", "cast", "type mismatch. Expected string but got integer"))
	w.Refused(op, "a key that the body does not have", send(build.Row{"phone_number": SilentPhone, "provider": "mouth_twilio"}),
		build.WrongShape(rules.VerificationInitializeSchema, "$.provider", "schema", "schema does not allow additional properties"))
	for _, phone := range []string{"0931234601", "+38093123460", "+3809312346010", "+48931234601", ""} {
		w.Refused(op, "a phone that is none: "+phone, to(phone), fault.Refuse(rules.VerificationInitializePhoneNumber))
	}
	w.Refused(op, "a code was sent a moment ago, and there is a limit", to(YoungCodePhone), fault.Refuse(rules.VerificationInitializeRate)).
		Set("INIT_VERIFICATION_LIMIT", "86400")
	w.Refused(op, "the phone has got all codes of the hour", to(YoungCodePhone), fault.Refuse(rules.VerificationInitializePhoneLimit)).
		Set("OTP_PHONE_LIMIT", "1")
	w.Refused(op, "the legal entity has had all codes of the day sent", build.Post(otherDoctor, "/api/verifications").With(build.Row{"phone_number": SilentPhone}),
		fault.Refuse(rules.VerificationInitializeLegalEntityLimit)).Set("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1")
}

func complete(w *build.World) {
	const op = "completeVerification"
	send := func(phone string, body any) build.Request {
		return build.Patch(doctor, "/api/verifications/"+phone+"/actions/complete").With(body)
	}
	enter := func(phone string, code any) build.Request { return send(phone, build.Row{"code": code}) }

	w.Passes(op, "the right code", enter(LiveCodePhone, LiveCode), http.StatusOK)
	w.Passes(op, "the right code in the last attempt", enter(LastAttemptPhone, LiveCode), http.StatusOK)
	w.Refused(op, "no code", send(LiveCodePhone, build.Row{}), build.MissingProperty(rules.VerificationCompleteSchema, "code"))
	w.Refused(op, "a text in place of a number", enter(LiveCodePhone, liveCodeText), build.WrongShape(rules.VerificationCompleteSchema,
		"$.code", "cast", "type mismatch. Expected number but got string"))
	w.Refused(op, "a phone that no code was sent to", enter(SilentPhone, LiveCode), fault.Refuse(rules.VerificationCompleteNotFound))
	w.Refused(op, "a phone that is none", enter("380931234601", LiveCode), fault.Refuse(rules.VerificationCompleteNotFound))
	w.Refused(op, "three wrong codes were entered before", enter(ExhaustedCodePhone, LiveCode), fault.Refuse(rules.VerificationCompleteActive))
	w.Refused(op, "the code was used before", enter(VerifiedPhone, LiveCode), fault.Refuse(rules.VerificationCompleteActive))
	w.Refused(op, "the right code, too late", enter(ExpiredCodePhone, LiveCode), fault.Refuse(rules.VerificationCompleteExpired))
	w.Refused(op, "the right code, after the clean-up", enter(MarkedCodePhone, LiveCode), fault.Refuse(rules.VerificationCompleteExpired))
	w.Refused(op, "a wrong code", enter(LiveCodePhone, wrongCode), fault.Refuse(rules.VerificationCompleteCode))
	w.Refused(op, "a wrong code in the last attempt", enter(LastAttemptPhone, wrongCode), fault.Refuse(rules.VerificationCompleteCode))
	w.Refused(op, "a number that is no code", enter(LiveCodePhone, 1232.5), fault.Refuse(rules.VerificationCompleteCode))
}

func find(w *build.World) {
	one := func(phone string) build.Request { return build.Get(doctor, "/api/verifications/"+phone) }
	w.Passes("getVerification", "a verified phone", one(VerifiedPhone), http.StatusOK)
	w.Passes("getVerification", "its plus may be escaped", one("%2B"+VerifiedPhone[1:]), http.StatusOK)
	w.Refused("getVerification", "a phone whose code was not entered yet", one(LiveCodePhone), fault.Refuse(rules.VerificationGetNotFound))
	w.Refused("getVerification", "a phone that no code was sent to", one(SilentPhone), fault.Refuse(rules.VerificationGetNotFound))
	w.Refused("getVerification", "a phone that is none", one("1%00"), fault.Refuse(rules.VerificationGetNotFound))
}
