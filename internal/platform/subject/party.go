package subject

import (
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/clock"
)

// NotVerified is the verification status that the checks look for.
const NotVerified = "NOT_VERIFIED"

// Party is the part of a row that checks ask about.
type Party struct {
	ID                 uuid.UUID
	VerificationStatus string
	UpdatedAt          time.Time
}

// Period compares the moment a NOT_VERIFIED party was last changed with the
// day from which it is counted, current_date - UNVERIFIED_PARTY_PERIOD_DAYS_ALLOWED.
type Period func(updated, border time.Time) bool

// Literal is the operator that seed 003 prints: a party passes when it was
// last changed at or before the border. It lets in the long unverified and
// blocks the fresh ones, which reads inverted against the parameter's name;
// decisions R7 keeps it for Create Division.
func Literal(updated, border time.Time) bool { return !updated.After(border) }

// Grace is the operator of the newer pages: a party passes for so many days.
func Grace(updated, border time.Time) bool { return updated.After(border) }

// Allowed tells whether the unverified-party check passes. A user without a
// party does not pass (decisions R7).
func (p *Party) Allowed(now time.Time, days int, period Period) bool {
	switch {
	case p == nil:
		return false
	case p.VerificationStatus != NotVerified:
		return true
	}
	y, m, d := now.In(clock.Kyiv).Date()
	border := time.Date(y, m, d-days, 0, 0, 0, 0, clock.Kyiv)
	return period(p.UpdatedAt, border)
}
