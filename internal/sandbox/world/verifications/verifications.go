// Package verifications has codes that were sent to phones.
package verifications

import (
	"time"

	"esoz/internal/platform/otp"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
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

// add adds a code that was sent to a phone and is still good, for so long that
// it can be tried at any time; columns make it another.
func add(w *build.World, name, phone, note string, columns build.Row) {
	id := w.Object("verification", name, phone+", code "+liveCodeText+": "+note)
	w.Insert("otp.verifications", build.Changed(build.Row{
		"id": id, "phone_number": phone, "status": "new", "code_hash": w.Seal.Code(id, LiveCode), "active": true, "attempts_count": 0,
		"inserted_at": w.Now.Add(-time.Minute), "code_expired_at": w.Now.AddDate(1, 0, 0),
	}, columns))
}

// CodeSent has one code counted by a limit, for long enough to be met whenever a
// case sets the limit to one.
func CodeSent(w *build.World, limit otp.Limit, to string) {
	w.Insert("otp.code_counts", build.Row{"key": otp.CounterKey(limit, to), "codes": 1, "resets_at": w.Now.AddDate(1, 0, 0)})
}

// Add adds the codes and the cases.
func Add(w *build.World) {
	add(w, "live code", LiveCodePhone, "can be used", nil)
	add(w, "expired code", ExpiredCodePhone, "its time is over, and the clean-up has yet to mark it",
		build.Row{"inserted_at": w.Now.Add(-15 * time.Minute), "code_expired_at": w.Now})
	add(w, "marked code", MarkedCodePhone, "its time is over, and the clean-up has marked it",
		build.Row{"status": "expired", "active": false, "inserted_at": w.Now.AddDate(0, 0, -1), "code_expired_at": w.Now.AddDate(0, 0, -1).Add(15 * time.Minute)})
	add(w, "exhausted code", ExhaustedCodePhone, "three wrong codes were entered", build.Row{"status": "unverified", "active": false, "attempts_count": 3})
	add(w, "last attempt", LastAttemptPhone, "two wrong codes were entered: one attempt is left", build.Row{"attempts_count": 2})
	add(w, "used code", VerifiedPhone, "was entered: the phone is verified", build.Row{"status": "verified", "active": false, "attempts_count": 1})
	add(w, "young code", YoungCodePhone, "was sent a moment ago", build.Row{"inserted_at": w.Now})
	add(w, "fresh code", persons.BusyPhone, "was sent a moment ago to busy_patient", build.Row{"inserted_at": w.Now})
	add(w, "code to renew", RenewedPhone, "gives way to the next one", nil)
	CodeSent(w, otp.PerPhone, YoungCodePhone)
	CodeSent(w, otp.PerPhone, persons.BusyPhone)
	CodeSent(w, otp.PerLegalEntity, build.ID("other_clinic").String())
	w.Insert("otp.verified_phones", build.Row{"id": build.ID("verified phone"), "phone_number": VerifiedPhone, "updated_at": w.Now})

	initialize(w)
	complete(w)
	find(w)
}
