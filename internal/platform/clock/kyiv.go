package clock

import (
	"time"
	_ "time/tzdata" // a bare machine may have no time zones of its own
)

// Kyiv is where a day of the law begins and ends.
var Kyiv = func() *time.Location {
	location, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		panic(err) // time/tzdata is linked in
	}
	return location
}()
