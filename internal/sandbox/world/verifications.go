package world

import (
	"maps"
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/otp"
)

// Phones that codes were sent to. They are no patient's.
const (
	LiveCodePhone      = "+380931234601"
	ExpiredCodePhone   = "+380931234602"
	MarkedCodePhone    = "+380931234603"
	ExhaustedCodePhone = "+380931234604"
	LastAttemptPhone   = "+380931234605"
	VerifiedPhone      = "+380931234606"
	YoungCodePhone     = "+380931234607"
	SilentPhone        = "+380931234608" // no code was ever sent to it
	RenewedPhone       = "+380931234609"
)

// Codes of the world's verifications: three digits and their check digit.
const (
	LiveCode     = 1232
	liveCodeText = "1232"
	wrongCode    = 9993
)

// verification adds a code that was sent to a phone and is still good; columns
// make it another.
func (w *World) verification(name, phone, note string, columns row) {
	id := w.object("verification", name, phone+", code "+liveCodeText+": "+note)
	r := row{
		"id": id, "phone_number": phone, "status": "new", "code_hash": w.keys.Code(id, LiveCode), "active": true, "attempts_count": 0,
		"inserted_at": w.now.Add(-time.Minute), "code_expired_at": w.now.AddDate(1, 0, 0),
	}
	maps.Copy(r, columns)
	w.insert("otp.verifications", r)
}

// codeSent has one code counted by a limit, for long enough to be met whenever a
// case sets the limit to one.
func (w *World) codeSent(limit otp.Limit, to string) {
	w.insert("otp.code_counts", row{"key": otp.CounterKey(limit, to), "codes": 1, "resets_at": w.now.AddDate(1, 0, 0)})
}

func (w *World) verifications() {
	w.verification("live code", LiveCodePhone, "can be used", nil)
	w.verification("expired code", ExpiredCodePhone, "its time is over, and the clean-up has yet to mark it", row{"code_expired_at": w.now})
	w.verification("marked code", MarkedCodePhone, "its time is over, and the clean-up has marked it",
		row{"status": "expired", "active": false, "inserted_at": w.now.AddDate(0, 0, -1), "code_expired_at": w.now.AddDate(0, 0, -1)})
	w.verification("exhausted code", ExhaustedCodePhone, "three wrong codes were entered", row{"status": "unverified", "active": false, "attempts_count": 3})
	w.verification("last attempt", LastAttemptPhone, "two wrong codes were entered: one attempt is left", row{"attempts_count": 2})
	w.verification("used code", VerifiedPhone, "was entered: the phone is verified", row{"status": "verified", "active": false, "attempts_count": 1})
	w.verification("young code", YoungCodePhone, "was sent a moment ago", row{"inserted_at": w.now})
	w.verification("code to renew", RenewedPhone, "gives way to the next one", nil)
	w.codeSent(otp.PerPhone, YoungCodePhone)
	w.codeSent(otp.PerLegalEntity, ID("other_clinic").String())
	w.insert("otp.verified_phones", row{"id": ID("verified phone"), "phone_number": VerifiedPhone, "updated_at": w.now})

	w.initializing()
	w.completing()
	w.findingVerifications()
}

func (w *World) initializing() {
	const op = "initializeVerification"
	send := func(body any) Request { return as(doctor, post, "/api/verifications").with(body) }
	to := func(phone string) Request { return send(row{"phone_number": phone}) }

	w.passes(op, "the first code of a phone", to(SilentPhone), http.StatusOK)
	w.passes(op, "a live code gives way to a new one", to(RenewedPhone), http.StatusOK)
	w.passes(op, "a verified phone is verified again", to(VerifiedPhone), http.StatusOK)
	w.passes(op, "a code was sent a moment ago, and there is no limit", to(YoungCodePhone), http.StatusOK)
	w.refused(op, "no phone", send(row{}), missingProperty(rules.VerificationInitializeSchema, "phone_number"))
	w.refused(op, "a number in place of a text", send(row{"phone_number": 380931234601}), bodyViolation(rules.VerificationInitializeSchema,
		"$.phone_number", "cast", "type mismatch. Expected string but got integer"))
	w.refused(op, "a key that the body does not have", send(row{"phone_number": SilentPhone, "provider": "mouth_twilio"}),
		bodyViolation(rules.VerificationInitializeSchema, "$.provider", "schema", "schema does not allow additional properties"))
	for _, phone := range []string{"0931234601", "+38093123460", "+3809312346010", "+48931234601", ""} {
		w.refused(op, "a phone that is none: "+phone, to(phone), fault.Refuse(rules.VerificationInitializePhoneNumber))
	}
	w.refused(op, "a code was sent a moment ago, and there is a limit", to(YoungCodePhone), fault.Refuse(rules.VerificationInitializeRate)).
		set("INIT_VERIFICATION_LIMIT", "86400")
	w.refused(op, "the phone has got all codes of the hour", to(YoungCodePhone), fault.Refuse(rules.VerificationInitializePhoneLimit)).
		set("OTP_PHONE_LIMIT", "1")
	w.refused(op, "the legal entity has had all codes of the day sent", as(otherDoctor, post, "/api/verifications").with(row{"phone_number": SilentPhone}),
		fault.Refuse(rules.VerificationInitializeLegalEntityLimit)).set("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1")
}

func (w *World) completing() {
	const op = "completeVerification"
	send := func(phone string, body any) Request {
		return as(doctor, patch, "/api/verifications/"+phone+"/actions/complete").with(body)
	}
	enter := func(phone string, code any) Request { return send(phone, row{"code": code}) }

	w.passes(op, "the right code", enter(LiveCodePhone, LiveCode), http.StatusOK)
	w.passes(op, "the right code in the last attempt", enter(LastAttemptPhone, LiveCode), http.StatusOK)
	w.refused(op, "no code", send(LiveCodePhone, row{}), missingProperty(rules.VerificationCompleteSchema, "code"))
	w.refused(op, "a text in place of a number", enter(LiveCodePhone, liveCodeText), bodyViolation(rules.VerificationCompleteSchema,
		"$.code", "cast", "type mismatch. Expected number but got string"))
	w.refused(op, "a phone that no code was sent to", enter(SilentPhone, LiveCode), fault.Refuse(rules.VerificationCompleteNotFound))
	w.refused(op, "a phone that is none", enter("380931234601", LiveCode), fault.Refuse(rules.VerificationCompleteNotFound))
	w.refused(op, "three wrong codes were entered before", enter(ExhaustedCodePhone, LiveCode), fault.Refuse(rules.VerificationCompleteActive))
	w.refused(op, "the code was used before", enter(VerifiedPhone, LiveCode), fault.Refuse(rules.VerificationCompleteActive))
	w.refused(op, "the right code, too late", enter(ExpiredCodePhone, LiveCode), fault.Refuse(rules.VerificationCompleteExpired))
	w.refused(op, "the right code, after the clean-up", enter(MarkedCodePhone, LiveCode), fault.Refuse(rules.VerificationCompleteExpired))
	w.refused(op, "a wrong code", enter(LiveCodePhone, wrongCode), fault.Refuse(rules.VerificationCompleteCode))
	w.refused(op, "a wrong code in the last attempt", enter(LastAttemptPhone, wrongCode), fault.Refuse(rules.VerificationCompleteCode))
	w.refused(op, "a number that is no code", enter(LiveCodePhone, 1232.5), fault.Refuse(rules.VerificationCompleteCode))
}

func (w *World) findingVerifications() {
	find := func(phone string) Request { return as(doctor, get, "/api/verifications/"+phone) }
	w.passes("getVerification", "a verified phone", find(VerifiedPhone), http.StatusOK)
	w.passes("getVerification", "its plus may be escaped", find("%2B"+VerifiedPhone[1:]), http.StatusOK)
	w.refused("getVerification", "a phone whose code was not entered yet", find(LiveCodePhone), fault.Refuse(rules.VerificationGetNotFound))
	w.refused("getVerification", "a phone that no code was sent to", find(SilentPhone), fault.Refuse(rules.VerificationGetNotFound))
	w.refused("getVerification", "a phone that is none", find("1%00"), fault.Refuse(rules.VerificationGetNotFound))
}

// bodyViolation is the refusal of a body for one fault in its shape.
func bodyViolation(id rules.ID, entry, rule, description string) *fault.Error {
	return &fault.Error{
		Status: http.StatusUnprocessableEntity, Type: fault.TypeValidationFailed, Message: rules.ValidationMessage, Rules: []rules.ID{id},
		Invalid: []fault.Item{{
			Entry: entry, EntryType: "json_data_property", Rules: []fault.Rule{{Rule: rule, Description: description}},
		}},
	}
}
