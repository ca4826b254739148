package clock

import (
	"time"
	_ "time/tzdata" // a minimal machine may have no time zone files
)

// Kyiv is the time zone in which legal days begin and end.
var Kyiv = func() *time.Location {
	location, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		panic(err) // time/tzdata is linked in
	}
	return location
}()

// Age counts the full years since a date of birth, on the day of a moment. Who was
// born on 29 February turns older on 1 March of a common year.
func Age(born, at time.Time) int {
	today := at.In(Kyiv)
	years := today.Year() - born.Year()
	if today.Month() < born.Month() || today.Month() == born.Month() && today.Day() < born.Day() {
		years--
	}
	return years
}

// Today is the day of a moment, as dates are stored: at midnight in UTC.
func Today(at time.Time) time.Time {
	year, month, day := at.In(Kyiv).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
