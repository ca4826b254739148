package subject

import (
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/clock"
)

// NotVerified is a verification status.
const NotVerified = "NOT_VERIFIED"

// Party has the columns that checks need.
type Party struct {
	ID                 uuid.UUID
	VerificationStatus string
	UpdatedAt          time.Time
	TaxID              string // empty: none
	LastName           string
	FirstName          string
	Deceased           bool // the death is confirmed by hand
}

// Period compares the moment of the last change of a NOT_VERIFIED party with the
// border, current_date - UNVERIFIED_PARTY_PERIOD_DAYS_ALLOWED. It returns whether
// the party passes.
type Period func(updated, border time.Time) bool

// Literal is the operator that seed 003 prints: a party passes when it was last
// changed at or before the border. So parties that are unverified for long pass
// and recent ones do not, the opposite of the parameter's name. Decisions R7 keeps
// this for Create Division.
func Literal(updated, border time.Time) bool { return !updated.After(border) }

// Grace is the operator of newer pages: a party passes during the period.
func Grace(updated, border time.Time) bool { return updated.After(border) }

// Allowed returns whether the unverified-party check passes. A user without a
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
