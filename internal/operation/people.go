package operation

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"esoz/internal/platform/auth"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/seal"
)

// Person is a patient of the medical events.
type Person struct {
	ID     uuid.UUID // as in the URL
	Hidden []string  // as documents may hold it: under the newest key first (decisions R13)
	Active bool
}

// Access is what a caller wants to read of a patient.
type Access struct {
	Kind          string      // the code of its reference: service_request, device_dispense
	ID            uuid.UUID   // uuid.Nil: the patient's records in general
	LegalEntities []uuid.UUID // whose record it is
}

// People answers what reads ask about patients.
type People interface {
	// Patient looks a patient up by the id of a path; fault.ErrNotFound when
	// there is none.
	Patient(ctx context.Context, id string) (Person, error)
	// MayRead applies decisions R26.
	MayRead(ctx context.Context, by auth.Subject, p Person, what Access) (bool, error)
	// MayReadEvent applies decisions R41.
	MayReadEvent(ctx context.Context, by auth.Subject, p Person, on Grounds) (bool, error)
	// Granted returns the ids of the resources of these kinds that effective approvals of
	// the patient open to the caller.
	Granted(ctx context.Context, by auth.Subject, p Person, kinds ...string) ([]uuid.UUID, error)
	// Hidden returns what forbidden groups hide from the caller of the patient's events of a
	// kind, and of the items only the given ones, if they are not nil.
	Hidden(ctx context.Context, by auth.Subject, p Person, kind string, of Items) (Hidden, error)
}

// Grounds are what may open an event of a patient, or a list of them, to a caller
// (decisions R41). An id that is uuid.Nil is absent.
type Grounds struct {
	Access

	Episode   uuid.UUID // in which it happened; an episode is its own
	Origin    uuid.UUID // the episode that it began with
	Encounter uuid.UUID // that it is a part of
	Report    uuid.UUID // the diagnostic report that it is a part of
}

func expectGrounds(may bool) error {
	return Expect(may, "access to the patient's event",
		"an active declaration with the caller, a record of the caller's legal entity, or an approval in force", "none of them")
}

func mayRead(ctx context.Context, e *Engine, by *Caller, p Person, what Access) error {
	may, err := e.People.MayRead(ctx, by.Subject, p, what)
	if err != nil {
		return err
	}
	return Expect(may, "access to the patient's data",
		"an active declaration with the caller's legal entity, a record of its own, or an approval in force", "none of them")
}

// patientField holds the hidden id of a document's patient, eventPatientField that of the
// kinds of decisions R42.
const (
	patientField      = "subject"
	eventPatientField = "patient_id"
)

// patientOf returns the hidden id of a document's patient.
func patientOf(stored mongodb.Document) string {
	if hidden := stored.Text(eventPatientField); hidden != "" {
		return hidden
	}
	return stored.Text(patientField)
}

// openPatient returns the patient whose hidden id a document holds.
func (e *Engine) openPatient(kind string, id uuid.UUID, stored mongodb.Document) (uuid.UUID, error) {
	patient, err := e.Keys.OpenPatientID(patientOf(stored), stored.Text(seal.KeyField))
	if err != nil {
		return uuid.Nil, fmt.Errorf("%s %s: %w", kind, id, err)
	}
	return patient, nil
}
