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

// Age counts the full years that the person had on the day of a moment. Who was
// born on 29 February turns older on 1 March of a common year.
func (i Identity) Age(at time.Time) int {
	born, today := i.BirthDate, at.In(clock.Kyiv)
	years := today.Year() - born.Year()
	if today.Month() < born.Month() || today.Month() == born.Month() && today.Day() < born.Day() {
		years--
	}
	return years
}
