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
