package operation

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
)

// Page lists documents of a patient. Filters are conditions on the documents.
type Page[D any] struct {
	ID         string // operationId
	Collection string
	Kind       string       // of the documents in references and approvals
	Owner      string       // the field with the legal entity whose record a document is
	Grounds    GroundFields // for MayListEvents
	Events     bool         // of the kinds of decisions R42: other field of the patient, newest first
	Newest     bool         // the newest comes first
	// Granted, when set, are kinds in granted_resources: only documents that an effective
	// approval names are listed.
	Granted []string
	// Hides leaves out what forbidden groups hide.
	Hides  bool
	Checks []Check[*Listing]
}

// GroundFields are the fields of documents that may open a list to a caller, when a filter
// asks for one value of them (decisions R41). Not every kind has each.
type GroundFields struct{ Episode, Origin, Encounter, Report string }

// Listing is one call of a Page.
type Listing struct {
	Caller
	Patient Person
	Filters *Filters

	engine      *Engine
	patientID   string
	kind, owner string
	grounds     GroundFields
}

// List makes the checks and returns a page of documents, oldest first (events: newest
// first), and how many there are in all.
func (p *Page[D]) List(ctx context.Context, e *Engine, patientID string, f *Filters, page envelope.Page) ([]D, int, error) {
	s := &Listing{Caller: e.Caller(ctx), Filters: f, engine: e, patientID: patientID, kind: p.Kind, owner: p.Owner, grounds: p.Grounds}
	if err := Run(ctx, p.Checks, s); err != nil {
		return nil, 0, err
	}
	if s.know(); s.Patient.Hidden == nil {
		return nil, 0, nil // a malformed id, and no check looks at it
	}
	if p.Granted != nil {
		ids, err := e.People.Granted(ctx, s.Subject, s.Patient, p.Granted...)
		if err != nil || len(ids) == 0 {
			return nil, 0, err
		}
		f.anyOf("_id", ids)
	}
	for _, among := range f.among {
		ids, err := among.open(ctx, s)
		if err != nil || len(ids) == 0 {
			return nil, 0, err
		}
		f.anyOf(among.field, ids)
	}
	if p.Hides {
		hidden, err := e.People.Hidden(ctx, s.Subject, s.Patient, p.Kind, nil)
		if err != nil {
			return nil, 0, err
		}
		if len(hidden.Items) > 0 {
			f.conditions = append(f.conditions, hidden.condition())
		}
	}
	field, order := patientField, OldestFirst
	if p.Events {
		field, order = eventPatientField, NewestFirst
	}
	if p.Newest {
		order = NewestFirst
	}
	f.OneOf(s.Patient.Hidden, field)
	return FindPage[D](ctx, e, p.Collection, f, order, page)
}

// know takes the patient of the path where no check has looked them up.
func (s *Listing) know() {
	if id, ok := envelope.ParseID(s.patientID); ok && s.Patient.Hidden == nil {
		s.Patient = Person{ID: id, Hidden: s.engine.Keys.PatientIDs(id)}
	}
}

// Granted returns the ids of the resources of the kind that effective approvals of the
// patient open to the caller; of them only the asked one, if it is not nil.
func (s *Listing) Granted(ctx context.Context, kind string, asked *uuid.UUID) ([]uuid.UUID, error) {
	ids, err := s.engine.People.Granted(ctx, s.Subject, s.Patient, kind)
	if asked != nil {
		ids = slices.DeleteFunc(ids, func(id uuid.UUID) bool { return id != *asked })
	}
	return ids, err
}

// Operation registers the page.
func (p *Page[D]) Operation() Operation {
	return Operation{ID: p.ID, Shape: "Page", Rules: RulesOf(p.Checks)}
}

// Orders of a list, by inserted_at.
const (
	OldestFirst = mongodb.OldestFirst
	NewestFirst = mongodb.NewestFirst
)

// FindPage returns a page of the documents that the filters leave, and how many
// there are in all.
func FindPage[D any](
	ctx context.Context, e *Engine, collection string, f *Filters, order mongodb.Order, page envelope.Page,
) ([]D, int, error) {
	stored, total, err := mongodb.DocumentsOf(e.Documents, collection).Find(ctx, f.conditions, order, page.Offset(), page.Size)
	if err != nil {
		return nil, 0, err
	}
	found := make([]D, len(stored))
	for i, d := range stored {
		if err := d.Decode(&found[i]); err != nil {
			return nil, 0, err
		}
	}
	return found, total, nil
}

// FiltersAreSound refuses what is wrong with the filters.
func FiltersAreSound(_ context.Context, s *Listing) error { return s.Filters.Err() }

// PathIsSound passes when the ids of the path are well formed.
func PathIsSound(_ context.Context, s *Listing) error {
	if s.know(); s.Patient.Hidden == nil || s.Filters.malformed {
		return fault.ErrNotFound
	}
	return nil
}

// ListedPatientExists passes when the patient of the path exists.
func ListedPatientExists(ctx context.Context, s *Listing) (err error) {
	s.Patient, err = s.engine.People.Patient(ctx, s.patientID)
	return err
}

// ListedEpisodeExists passes when the episode of the path, which a filter wants a field to
// hold, is the patient's.
func ListedEpisodeExists(field string) func(ctx context.Context, s *Listing) error {
	return func(ctx context.Context, s *Listing) error {
		found, err := s.engine.Referents.Referent(ctx, "episode", s.wanted(field))
		if err == nil && !slices.Contains(s.Patient.Hidden, found.Patient) {
			return fault.ErrNotFound
		}
		return err
	}
}

// ListedPatientIsActive passes when the patient is active.
func ListedPatientIsActive(_ context.Context, s *Listing) error { return patientIsActive(s.Patient) }

// MayList passes when the caller may read what was asked for: the records of the
// patient, or those of one legal entity.
func MayList(ctx context.Context, s *Listing) error {
	return mayRead(ctx, s.engine, &s.Caller, s.Patient, s.asked())
}

// asked are the records that the filters ask for.
func (s *Listing) asked() Access {
	what := Access{Kind: s.kind}
	if id := s.wanted(s.owner); id != uuid.Nil {
		what.LegalEntities = []uuid.UUID{id}
	}
	return what
}

// wanted is the id that a filter wants a field to hold, or uuid.Nil.
func (s *Listing) wanted(field string) (id uuid.UUID) {
	for _, c := range s.Filters.conditions {
		if wanted, ok := c.Values[0].(uuid.UUID); ok && c.Field == field {
			id = wanted
		}
	}
	return id
}

// MayListEvents passes when the caller may read what was asked for: all events of the
// patient, or those of one legal entity, episode, encounter or report. It comes before the
// look-ups, so that a caller without access does not learn which patients there are
// (decisions R36, R41).
func MayListEvents(ctx context.Context, s *Listing) error {
	if s.know(); s.Patient.Hidden == nil {
		return expectGrounds(false)
	}
	may, err := s.engine.People.MayReadEvent(ctx, s.Subject, s.Patient, Grounds{
		Access: s.asked(), Episode: s.wanted(s.grounds.Episode), Origin: s.wanted(s.grounds.Origin),
		Encounter: s.wanted(s.grounds.Encounter), Report: s.wanted(s.grounds.Report),
	})
	if err != nil {
		return err
	}
	return expectGrounds(may)
}
