package medicalevents

import (
	"strings"
	"time"

	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
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

// Show shows the identity with the age that the person had at a moment.
func (i Identity) Show(at time.Time) *api.PersonIdentity {
	shown := &api.PersonIdentity{
		LastName: nullable.NewNullableWithValue(i.LastName), FirstName: nullable.NewNullableWithValue(i.FirstName),
		SecondName: nullable.NewNullNullable[string](), Gender: api.PersonIdentityGender(i.Gender), Age: i.Age(at),
	}
	if i.SecondName != nil {
		shown.SecondName.Set(*i.SecondName)
	}
	return shown
}

// ShowNumber prints the number of a request as patients read it: four groups of four.
func ShowNumber(requisition string) string {
	var groups []string
	for len(requisition) > 4 {
		groups, requisition = append(groups, requisition[:4]), requisition[4:]
	}
	return strings.Join(append(groups, requisition), "-")
}
