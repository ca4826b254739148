package operation

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
)

// Record reads one document of a patient.
type Record[D any] struct {
	ID         string // operationId
	Collection string
	Kind       string                 // of the document in references and approvals
	Owners     func(d *D) []uuid.UUID // for MayRead: the legal entities whose record it is
	Grounds    func(d *D) Grounds     // for MayReadEvent
	// Hides returns the codes and services of a document that forbidden groups may have, and
	// the user who made the document; for IsNotForbidden.
	Hides  func(d *D) (Items, uuid.UUID)
	Checks []Check[*Reading[D]]
}

// Reading is one call of a Record.
type Reading[D any] struct {
	Caller
	Patient  Person
	Document D

	record *Record[D]
	engine *Engine
	path   Path
	found  *bool // nil: nobody has looked yet
	others bool  // it is there, but another patient's
}

// Get makes the checks and returns the document.
func (r *Record[D]) Get(ctx context.Context, e *Engine, path Path) (*D, error) {
	s := &Reading[D]{Caller: e.Caller(ctx), record: r, engine: e, path: path}
	if err := Run(ctx, r.Checks, s); err != nil {
		return nil, err
	}
	return &s.Document, nil
}

// Operation registers the record.
func (r *Record[D]) Operation() Operation {
	return Operation{ID: r.ID, Shape: "Record", Rules: RulesOf(r.Checks), Reads: r.Collection}
}

// PatientExists passes when the patient of the path exists.
func PatientExists[D any](ctx context.Context, s *Reading[D]) (err error) {
	s.Patient, err = s.engine.People.Patient(ctx, s.path.Patient)
	return err
}

// PatientIsActive passes when the patient is active.
func PatientIsActive[D any](_ context.Context, s *Reading[D]) error {
	return patientIsActive(s.Patient)
}

func patientIsActive(p Person) error {
	return Expect(p.Active, "status of the patient", "active", "not active")
}

// IsFound passes when the document exists and is the patient's. A malformed id is
// not found (decisions R12).
func IsFound[D any](ctx context.Context, s *Reading[D]) error {
	found, err := s.find(ctx)
	if err == nil && !found {
		return fault.ErrNotFound
	}
	return err
}

// IsStored passes when the document exists, whosever it is. IsOfPatient follows, where another
// patient's document has an answer of its own.
func IsStored[D any](ctx context.Context, s *Reading[D]) error {
	found, err := s.find(ctx)
	if err == nil && !found && !s.others {
		return fault.ErrNotFound
	}
	return err
}

// IsOfPatient passes when the document is the patient's.
func IsOfPatient[D any](_ context.Context, s *Reading[D]) error {
	return Expect(!s.others, "patient of the document", "the patient of the path", "another patient")
}

// find looks the document up once. Where no check has looked the patient up, the one of
// the path is taken.
func (s *Reading[D]) find(ctx context.Context) (found bool, err error) {
	if s.found != nil {
		return *s.found, nil
	}
	if id, ok := envelope.ParseID(s.path.Patient); ok && s.Patient.Hidden == nil {
		s.Patient = Person{ID: id, Hidden: s.engine.Keys.PatientIDs(id)}
	}
	if id, ok := envelope.ParseID(s.path.ID); ok {
		stored, err := mongodb.DocumentsOf(s.engine.Documents, s.record.Collection).Get(ctx, id)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return false, err
		}
		seen := err == nil
		if seen {
			if seen, err = IsSeen(ctx, s.engine.Documents, stored); err != nil {
				return false, err
			}
		}
		s.others = seen && !slices.Contains(s.Patient.Hidden, patientOf(stored))
		if seen && !s.others {
			if err := stored.Decode(&s.Document); err != nil {
				return false, err
			}
			found = s.isInEpisode()
		}
	}
	s.found = &found
	return found, nil
}

// isInEpisode tells whether the document belongs to the episode of the path, where that
// names one.
func (s *Reading[D]) isInEpisode() bool {
	if s.path.Episode == "" {
		return true
	}
	id, ok := envelope.ParseID(s.path.Episode)
	return ok && s.record.Grounds(&s.Document).Episode == id
}

// MayReadEvent passes when the caller may read the event, or would if it existed. It
// comes before the look-ups, so that who may not see a patient's events learns neither
// which patients nor which events there are (decisions R36, R41).
func MayReadEvent[D any](ctx context.Context, s *Reading[D]) error {
	if _, ok := envelope.ParseID(s.path.Patient); !ok {
		return expectGrounds(false)
	}
	found, err := s.find(ctx)
	if err != nil {
		return err
	}
	var on Grounds
	if found {
		on = s.record.Grounds(&s.Document)
		on.ID, _ = envelope.ParseID(s.path.ID)
	} else {
		on.Episode, _ = envelope.ParseID(s.path.Episode)
	}
	on.Kind = s.record.Kind
	may, err := s.engine.People.MayReadEvent(ctx, s.Subject, s.Patient, on)
	if err != nil {
		return err
	}
	return expectGrounds(may)
}

// MayRead passes when the caller may read the document.
func MayRead[D any](ctx context.Context, s *Reading[D]) error {
	id, _ := envelope.ParseID(s.path.ID)
	return mayRead(ctx, s.engine, &s.Caller, s.Patient, Access{Kind: s.record.Kind, ID: id, LegalEntities: s.record.Owners(&s.Document)})
}
