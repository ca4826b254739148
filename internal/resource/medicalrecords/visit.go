package medicalrecords

import "esoz/internal/resource/medicalevents"

// Visits holds the visits, which no operation reads.
const Visits = "visits"

// Visit is when a patient came. It becomes known with its first encounter.
type Visit struct {
	Header `bson:",inline"`

	Encounter reference            `bson:"encounter"`
	Period    medicalevents.Period `bson:"period"`
}
