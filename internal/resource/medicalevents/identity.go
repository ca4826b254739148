package medicalevents

import (
	"time"

	"esoz/internal/platform/clock"
)

// Identity is what a search shows of a patient so that two of them can be told
// apart: the last name in full, the initials of the others.
type Identity struct {
	LastName   string
	FirstName  string  // initial with a dot
	SecondName *string // initial with a dot
	Gender     string
	BirthDate  time.Time
}

// Age counts the full years that the person had on the day of a moment.
func (i Identity) Age(at time.Time) int { return clock.Age(i.BirthDate, at) }
