package operation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/validation"
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
	return Operation{ID: r.ID, Rules: RulesOf(r.Checks), Reads: r.Collection}
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

func expectGrounds(may bool) error {
	return Expect(may, "access to the patient's event",
		"an active declaration with the caller, a record of the caller's legal entity, or an approval in force", "none of them")
}

// MayRead passes when the caller may read the document.
func MayRead[D any](ctx context.Context, s *Reading[D]) error {
	id, _ := envelope.ParseID(s.path.ID)
	return mayRead(ctx, s.engine, &s.Caller, s.Patient, Access{Kind: s.record.Kind, ID: id, LegalEntities: s.record.Owners(&s.Document)})
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
func (p *Page[D]) Operation() Operation { return Operation{ID: p.ID, Rules: RulesOf(p.Checks)} }

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

// Filters collects what a query asks for, and what is wrong with it, which comes
// in one answer.
type Filters struct {
	conditions []mongodb.Condition
	wrong      Refusals
	among      []among
	malformed  bool // an id of the path
}

// among wants a field to hold one of the ids that open returns.
type among struct {
	field string
	open  func(ctx context.Context, s *Listing) ([]uuid.UUID, error)
}

// Among wants a field to hold one of the ids that open returns, which is called after the
// checks of the list. Without ids the list is empty.
func (f *Filters) Among(field string, open func(ctx context.Context, s *Listing) ([]uuid.UUID, error)) {
	f.among = append(f.among, among{field, open})
}

// Err returns what is wrong.
func (f *Filters) Err() error {
	if len(f.wrong) == 0 {
		return nil
	}
	return f.wrong
}

// Refuse adds what is wrong.
func (f *Filters) Refuse(refusal *fault.Error) { f.wrong = append(f.wrong, refusal) }

// Undeclared refuses each parameter that the operation does not have.
func (f *Filters) Undeclared(ctx context.Context, rule rules.ID) {
	about := envelope.RequestFrom(ctx)
	undeclared := about.Undeclared
	for _, name := range slices.Sorted(maps.Keys(undeclared)) {
		f.Refuse(fault.RefuseAt(rule, "$."+name, map[string]any{"properties": undeclared}).
			With(fault.NameFact("query parameter", name, about.Declared)))
	}
}

// Text wants a field to hold the text.
func (f *Filters) Text(value *string, field string) {
	if value != nil {
		f.want(field, mongodb.Equal, *value)
	}
}

// Not wants a field to hold any other text.
func (f *Filters) Not(value, field string) { f.want(field, mongodb.Not, value) }

// Is wants a field to hold yes or no.
func (f *Filters) Is(value bool, field string) { f.want(field, mongodb.Equal, value) }

// PathID wants a field to hold the id of a path. PathIsSound refuses a malformed one.
func (f *Filters) PathID(value, field string) {
	id, ok := envelope.ParseID(value)
	f.malformed = f.malformed || !ok
	f.want(field, mongodb.Equal, id)
}

func (f *Filters) anyOf(field string, ids []uuid.UUID) {
	f.conditions = append(f.conditions, mongodb.Condition{Field: field, Operator: mongodb.OneOf, Values: values(ids)})
}

func values[T any](of []T) []any {
	all := make([]any, len(of))
	for i, value := range of {
		all[i] = value
	}
	return all
}

// OneOf wants a field to hold one of the texts.
func (f *Filters) OneOf(values []string, field string) {
	f.conditions = append(f.conditions, oneOf(field, values))
}

func oneOf(field string, values []string) mongodb.Condition {
	c := mongodb.Condition{Field: field, Operator: mongodb.Equal}
	for _, value := range values {
		c.Values = append(c.Values, value)
	}
	if len(values) > 1 {
		c.Operator = mongodb.OneOf
	}
	return c
}

// UUID wants a field to hold the id, which must be well formed.
func (f *Filters) UUID(rule rules.ID, parameter string, value *string, field string) {
	if id := f.ID(rule, parameter, value); id != nil {
		f.want(field, mongodb.Equal, *id)
	}
}

// ID returns the id, which must be well formed; nil when it was not sent or is refused.
func (f *Filters) ID(rule rules.ID, parameter string, value *string) *uuid.UUID {
	if value == nil {
		return nil
	}
	id, ok := envelope.ParseID(*value)
	if !ok || !validation.IsUUID(*value) {
		f.Refuse(fault.Refuse(rule, "parameter", parameter).Because(parameter, "a UUID", "another text"))
		return nil
	}
	return &id
}

// Moment compares a field with a moment: form refuses what does not look like
// one, exists what is none.
func (f *Filters) Moment(form, exists rules.ID, parameter string, value *string, field string, operator mongodb.Operator) {
	if value == nil {
		return
	}
	if !validation.HasDateTimeForm(*value) {
		f.Refuse(fault.Refuse(form, "parameter", parameter, "actual", *value).
			Because(parameter, "a moment as 2026-03-25T10:45:16Z", "another text"))
		return
	}
	moment, err := time.Parse(time.RFC3339Nano, *value)
	if err != nil {
		f.Refuse(fault.Refuse(exists, "parameter", parameter, "actual", *value).Because(parameter, "a moment that exists", "a day or an hour that does not"))
		return
	}
	f.want(field, operator, moment)
}

// Day compares a field with a day: form refuses what does not look like a date, exists a
// day that does not exist. AtMost takes the whole day.
func (f *Filters) Day(form, exists rules.ID, parameter string, value *string, field string, operator mongodb.Operator) {
	if value == nil {
		return
	}
	if !validation.HasDateForm(*value) {
		f.Refuse(fault.Refuse(form, "parameter", parameter, "actual", *value).Because(parameter, "a date as 2026-03-25", "another text"))
		return
	}
	day, err := time.Parse(time.DateOnly, *value)
	if err != nil {
		f.Refuse(fault.Refuse(exists, "parameter", parameter, "actual", *value).Because(parameter, "a day that exists", "a day that does not"))
		return
	}
	if operator == mongodb.AtMost {
		operator, day = mongodb.Before, day.AddDate(0, 0, 1)
	}
	f.want(field, operator, day)
}

// Days compares a field with the days of two parameters, the first of which ends in _from
// and the other in _to.
func (f *Filters) Days(form, exists rules.ID, name string, from, to *string, field string) {
	f.Day(form, exists, name+"_from", from, field, mongodb.AtLeast)
	f.Day(form, exists, name+"_to", to, field, mongodb.AtMost)
}

func (f *Filters) want(field string, operator mongodb.Operator, value any) {
	f.conditions = append(f.conditions, mongodb.Condition{Field: field, Operator: operator, Values: []any{value}})
}

// openPatient returns the patient whose hidden id a document holds.
func (e *Engine) openPatient(kind string, id uuid.UUID, stored mongodb.Document) (uuid.UUID, error) {
	patient, err := e.Keys.OpenPatientID(patientOf(stored), stored.Text(seal.KeyField))
	if err != nil {
		return uuid.Nil, fmt.Errorf("%s %s: %w", kind, id, err)
	}
	return patient, nil
}
