package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/events"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/httpapi"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/signature"
	"esoz/internal/platform/validation"
)

// Transition changes the state of a document of medical events in a job. The
// request makes every check, so that the caller gets the documented status. The
// job changes the document under the conditions of the same list, then commits
// event, audit row and its own end in one transaction of PostgreSQL.
//
// A is what the checks ask (the resource's API), D the document, B the body.
type Transition[A, D, B any] struct {
	ID         string // operationId
	Collection string
	Kind       string // of the document, as links of jobs name it: service_request
	// Guard is made before the schema of the body, and again before Checks.
	Guard  []Check[*Call[A, D, B]]
	Checks []Check[*Call[A, D, B]]
	// Signed returns the field of the body with signed content, for operations that take
	// some.
	Signed func(b *B) string
	// Again has the job make every check again: its change needs what they look up, or
	// they look beyond the document.
	Again  bool
	Change func(c *Call[A, D, B]) Change
	Event  Event
	Also   []Event // of further attributes, told of when Change sets them
	// Follows are the changes of further documents.
	Follows []Following[A, D, B]
	// Prepare, when set, looks up what Commit needs, once the document has changed.
	Prepare func(ctx context.Context, c *Call[A, D, B]) error
	// Commit, when set, writes what else commits with the event.
	Commit func(ctx context.Context, tx postgres.Tx, c *Call[A, D, B]) error

	Points
}

// NoBody is the body of an operation that takes none.
type NoBody struct{}

// Change is what a transition does to its document. The engine adds updated_at
// and updated_by.
type Change struct {
	Set  map[string]any
	Push map[string]any // one item for each list
}

// Event is what the Event Manager tells of a transition: the new value of one
// attribute of the document.
type Event struct {
	Entity    string   // as the catalogue of events names it: ServiceRequest; empty: it has no event
	Attribute string   // status, or another part of the state (decisions R22); empty: none changes
	To        []string // values that Change may set it to
}

// Call is one call of a transition: in the request, and again in its job, which
// knows of the caller only the user and the legal entity.
type Call[A, D, B any] struct {
	Caller
	Signed

	API      A
	ID       uuid.UUID
	Body     B
	Document D // from the check Exists on; a job that makes no checks has none
	// Patient is the one of the path, from the check FindPatient on; in every job whose
	// path has one.
	Patient Person

	engine  *Engine
	kind    string
	path    Path
	job     string // of additions and packages
	isNew   bool   // from the check IsNew on
	store   mongodb.Documents
	stored  mongodb.Document
	lookups lookups
}

// Job is the job that carries the call out: "" in a request.
func (c *Call[A, D, B]) Job() string { return c.job }

func (c *Call[A, D, B]) looked() *lookups { return &c.lookups }

func (c *Call[A, D, B]) patient() Person { return c.Patient }

// Path names a document as the URL does. Patient is empty when the path has
// none.
type Path struct{ ID, Patient, Episode string }

// Engine is what operations on documents of medical events run on.
type Engine struct {
	Documents *mongo.Database
	Queue     *jobs.Queue
	Keys      *seal.Keys
	Clock     *clock.Clock
	Config    *config.Live
	People    People
	Referents Referents
	Contents  *validation.Contents
}

// Caller returns who calls, with the settings and the time of this moment.
func (e *Engine) Caller(ctx context.Context) Caller {
	return Caller{Subject: auth.From(ctx), Config: e.Config.Get(), Now: e.Clock.Now()}
}

// params identify a request: the same request gets the same job while it is
// pending (decisions R23).
type params[B any] struct {
	ID       uuid.UUID `json:"id"`
	Patient  string    `json:"patient_id,omitempty"`
	UserID   uuid.UUID `json:"user_id"`
	ClientID uuid.UUID `json:"client_id"`
	Body     B         `json:"body"`

	Unchecked *unchecked `json:"unchecked,omitempty"`
}

// unchecked is what a job needs to make the checks that the request left to it.
type unchecked struct {
	By   auth.Subject `json:"by"`
	Path Path         `json:"path"`

	Claims []signature.Signature `json:"claims,omitempty"` // of the unsigned mode
}

// Start makes the checks and leaves the change to a job.
func (t *Transition[A, D, B]) Start(ctx context.Context, e *Engine, asked A, path Path, body B) (api.JobResponse, error) {
	c := t.call(e, asked)
	c.Caller, c.path, c.Body = e.Caller(ctx), path, body
	t.readSigned(c)
	inJob := checksInJob(t.ID, c.Config)
	var refused error
	if !inJob {
		if refused = Run(ctx, t.checks(), c); refused != nil && c.stored == nil {
			return api.JobResponse{}, refused
		}
	}
	if inJob || t.Again {
		return e.Start(ctx, t.ID, unmade(ctx, c), refused)
	}
	p := params[B]{ID: c.ID, Patient: path.Patient, UserID: c.UserID, ClientID: c.ClientID, Body: body}
	return e.Start(ctx, t.ID, p, refused)
}

// readSigned fills Sent.
func (t *Transition[A, D, B]) readSigned(c *Call[A, D, B]) {
	if t.Signed != nil {
		c.Sent = t.Signed(&c.Body)
	}
}

// unmade are the params of a job that makes the checks.
func unmade[A, D, B any](ctx context.Context, c *Call[A, D, B]) params[B] {
	by := c.Subject
	by.TokenID = uuid.Nil // the request of another token of the user is the same
	return params[B]{UserID: c.UserID, ClientID: c.ClientID, Body: c.Body, Unchecked: &unchecked{by, c.path, signature.ClaimsFrom(ctx)}}
}

// checks are all of them, in their order.
func (t *Transition[A, D, B]) checks() []Check[*Call[A, D, B]] {
	return slices.Concat(t.Guard, t.Checks)
}

// checksInJob tells whether ASYNC_CHECKS leaves the checks to the job. The pages of
// the core methods (origin: seed) tell the status of each refusal.
func checksInJob(operationID string, cfg *config.Config) bool {
	return cfg.ReadsLive(cfg.AsyncChecks) &&
		!slices.ContainsFunc(rules.OfOperation(operationID), func(r rules.Rule) bool { return r.Origin == "seed" })
}

// Start leaves an operation to a job. When the checks refused, the pending job of
// the same request answers, if there is one: what refuses is then its work.
func (e *Engine) Start(ctx context.Context, operationID string, params any, refused error) (api.JobResponse, error) {
	var job *jobs.Job
	var err error
	var refusal *fault.Error
	switch {
	case refused == nil:
		job, err = e.Queue.Start(ctx, operationID, params)
	case !errors.As(refused, &refusal):
		err = refused
	default:
		if job, err = e.Queue.Pending(ctx, operationID, params); errors.Is(err, fault.ErrNotFound) {
			err = refused
		}
	}
	if err != nil {
		return api.JobResponse{}, err
	}
	return jobs.Accepted(ctx, e.Config.Get(), job), nil
}

func (t *Transition[A, D, B]) call(e *Engine, asked A) *Call[A, D, B] {
	return newCall[A, D, B](e, asked, t.Kind, t.Collection)
}

func newCall[A, D, B any](e *Engine, asked A, kind, collection string) *Call[A, D, B] {
	return &Call[A, D, B]{
		API: asked, engine: e, kind: kind, store: mongodb.DocumentsOf(e.Documents, collection), lookups: lookups{in: e.Referents},
	}
}

// carryOut is the jobs.Handler of the operation.
func (t *Transition[A, D, B]) carryOut(ctx context.Context, e *Engine, asked A, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
	var p params[B]
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("decode params: %w", err)
	}
	c := t.call(e, asked)
	c.Caller = Caller{Subject: auth.Subject{UserID: p.UserID, ClientID: p.ClientID}, Config: e.Config.Get(), Now: e.Clock.Now().Truncate(time.Millisecond)}
	c.ID, c.path, c.Body = p.ID, Path{ID: p.ID.String(), Patient: p.Patient}, p.Body
	c.knowPatient()
	if p.Unchecked != nil {
		c.Subject, c.path = p.Unchecked.By, p.Unchecked.Path
		t.readSigned(c)
		ctx = signature.WithClaims(ctx, p.Unchecked.Claims)
		// A job that carries on after a crash has changed the document already. It goes on,
		// whatever refuses now: also a check that stands before the look-up of the document.
		refused := Run(ctx, t.checks(), c)
		if refused != nil && c.stored == nil {
			if err := c.find(ctx); err != nil && !errors.Is(err, fault.ErrNotFound) {
				return nil, err
			}
		}
		if _, ours := c.stored.MarkOf(jobID); refused != nil && !ours {
			return nil, refused
		}
		if t.Signed != nil {
			c.read(ctx, &c.Caller) // which the checks have not done when an earlier one refuses
		}
	}

	change := t.change(c, jobID)
	mark := change.Mark
	if err := t.at(jobID, "change "+t.Collection); err != nil {
		return nil, err
	}
	stored, err := c.store.Apply(ctx, c.ID, t.guard(c), change)
	if errors.Is(err, fault.ErrStale) {
		stored, err = t.changedBefore(ctx, c, jobID)
	}
	if err != nil {
		return nil, err
	}
	patient, err := e.openPatient(t.Kind, c.ID, stored)
	if err != nil {
		return nil, err
	}
	if t.Prepare != nil || t.Follows != nil {
		if err := stored.Decode(&c.Document); err != nil {
			return nil, err
		}
	}
	if t.Prepare != nil {
		if err := t.Prepare(ctx, c); err != nil {
			return nil, err
		}
	}
	if first, ok := stored.MarkOf(jobID); ok && !first.At.Equal(mark.At) {
		// A job that carries on after a crash tells of the moment of its change.
		mark, c.Now = first, first.At
		change.Set["updated_at"] = first.At
	}
	made, err := t.follow(ctx, c, jobID)
	if err != nil {
		return nil, err
	}
	if err := t.at(jobID, "commit"); err != nil {
		return nil, err
	}
	return &jobs.Outcome{
		Links:  []jobs.Link{{Entity: t.Kind, Href: fmt.Sprintf("/api/patients/%s/%s/%s", patient, t.Collection, c.ID)}},
		Commit: func(ctx context.Context, tx postgres.Tx) error { return t.commit(ctx, tx, c, jobID, change, made) },
		Forget: func(ctx context.Context) error { return t.forget(ctx, c, mark, made) },
	}, nil
}

// change is what the job writes.
func (t *Transition[A, D, B]) change(c *Call[A, D, B], jobID string) mongodb.Change {
	change := t.Change(c)
	set := map[string]any{"updated_at": c.Now, "updated_by": c.UserID}
	maps.Copy(set, change.Set)
	return mongodb.Change{Set: set, Push: change.Push, Mark: mongodb.Mark{Job: jobID, At: c.Now}}
}

// guard is what the document must still hold when it is changed.
func (t *Transition[A, D, B]) guard(c *Call[A, D, B]) []mongodb.Condition {
	var conditions []mongodb.Condition
	for _, check := range t.checks() {
		if check.Field != "" && c.Config.On(check.Rule) {
			conditions = append(conditions, c.condition(check.Field, check.Want))
		}
	}
	if c.stored == nil { // no check has seen it
		return conditions
	}
	return append(conditions, Seen(t.checks(), c)...)
}

// changedBefore returns the document when an earlier try of the job has changed
// it, and refuses when another request was faster.
func (t *Transition[A, D, B]) changedBefore(ctx context.Context, c *Call[A, D, B], jobID string) (mongodb.Document, error) {
	second := t.checks()
	if !t.Again { // what they look up is not looked at again
		second = slices.DeleteFunc(second, func(check Check[*Call[A, D, B]]) bool { return check.Want.operator == "" })
	}
	refused := Run(ctx, second, c)
	if _, ours := c.stored.MarkOf(jobID); ours {
		return c.stored, nil
	}
	if refused != nil {
		return nil, refused
	}
	return nil, fault.ErrStale // the document may be changed again already: the job tries once more
}

// commit writes the event, the audit row and what else belongs to the change.
func (t *Transition[A, D, B]) commit(
	ctx context.Context, tx postgres.Tx, c *Call[A, D, B], jobID string, change mongodb.Change, made []followed,
) error {
	for _, f := range made {
		if err := f.tell(ctx, tx, &c.Caller); err != nil {
			return err
		}
	}
	for i, told := range append([]Event{t.Event}, t.Also...) {
		value, set := change.Set[told.Attribute]
		if told.Entity == "" || i > 0 && !set {
			continue
		}
		e := events.Event{
			ID: events.IDOfJob(jobID), Type: events.StateChange, EntityType: told.Entity, EntityID: c.ID,
			Attribute: told.Attribute, NewValue: value, At: c.Now, ChangedBy: c.UserID,
		}
		if told.Attribute == "status" {
			e.Type = events.StatusChange
		}
		if i > 0 {
			e.ID = events.IDOfJob(jobID + " " + told.Attribute)
		}
		if err := events.Write(ctx, tx, e); err != nil {
			return err
		}
	}
	err := audit.Write(ctx, tx, audit.Entry{Actor: c.UserID, Resource: t.Collection, ResourceID: c.ID, At: c.Now, Changeset: change.Set})
	if err != nil || t.Commit == nil {
		return err
	}
	return t.Commit(ctx, tx, c)
}

// forget takes the marks away.
func (t *Transition[A, D, B]) forget(ctx context.Context, c *Call[A, D, B], mark mongodb.Mark, made []followed) error {
	for _, f := range made {
		if err := f.store.Forget(ctx, f.id, f.change.Mark); err != nil {
			return err
		}
	}
	return c.store.Forget(ctx, c.ID, mark)
}

// meets makes a check of the document.
func (c *Call[A, D, B]) meets(ctx context.Context, field string, want Want) error {
	if want.operator == Exists.operator {
		return c.find(ctx)
	}
	if c.stored.Meets(c.condition(field, want)) {
		return nil
	}
	fact := fault.NewFact(field, strings.ReplaceAll(want.String(), string(Now), c.Now.UTC().Format(time.RFC3339)), c.stored.Shown(field))
	if slices.Contains(want.values, any(Patient)) {
		fact.Found = "another patient"
	}
	return Explained(fact, found(field), c.stored.Text(field))
}

// find looks the document up. A malformed id is not found (decisions R12).
func (c *Call[A, D, B]) find(ctx context.Context) error {
	id, ok := envelope.ParseID(c.path.ID)
	if !ok {
		return fault.ErrNotFound
	}
	stored, err := c.store.Get(ctx, id)
	if err != nil {
		return err
	}
	c.ID, c.stored = id, stored
	return stored.Decode(&c.Document)
}

// MayRead passes when the caller may read the document, which is a record of
// owner (decisions R26).
func (c *Call[A, D, B]) MayRead(ctx context.Context, owner uuid.UUID) error {
	patient, err := c.engine.openPatient(c.kind, c.ID, c.stored)
	if err != nil {
		return err
	}
	person := Person{ID: patient, Hidden: c.engine.Keys.PatientIDs(patient)}
	return mayRead(ctx, c.engine, &c.Caller, person, Access{Kind: c.kind, ID: c.ID, LegalEntities: []uuid.UUID{owner}})
}

// MayReadPatient passes when the caller may read records of the patient of the path. One of
// them is a record of owner (decisions R26).
func (c *Call[A, D, B]) MayReadPatient(ctx context.Context, owner uuid.UUID) error {
	return mayRead(ctx, c.engine, &c.Caller, c.Patient, Access{Kind: c.kind, LegalEntities: []uuid.UUID{owner}})
}

// FindPatient passes when the patient of the path exists.
func FindPatient[A, D, B any](ctx context.Context, c *Call[A, D, B]) (err error) {
	c.Patient, err = c.engine.People.Patient(ctx, c.path.Patient)
	return err
}

// CalledPatientIsActive passes when the patient of the path is active.
func CalledPatientIsActive[A, D, B any](_ context.Context, c *Call[A, D, B]) error {
	return patientIsActive(c.Patient)
}

// knowPatient fills the patient of the path for a job that makes no checks. The request
// has found them.
func (c *Call[A, D, B]) knowPatient() {
	if id, ok := envelope.ParseID(c.path.Patient); ok {
		c.Patient = Person{ID: id, Hidden: c.engine.Keys.PatientIDs(id), Active: true}
	}
}

// PatientKeyID names the key that hides the patient in new documents (seal.KeyField).
func (c *Call[A, D, B]) PatientKeyID() string { return c.engine.Keys.PatientKeyIDs()[0] }

// condition puts what is known of the call in the place of placeholders.
func (c *Call[A, D, B]) condition(field string, want Want) mongodb.Condition {
	if slices.Contains(want.values, any(Patient)) {
		hidden := []string{""}
		if id, ok := envelope.ParseID(c.path.Patient); ok {
			hidden = c.engine.Keys.PatientIDs(id)
		}
		return oneOf(field, hidden)
	}
	values := make([]any, len(want.values))
	for i, value := range want.values {
		switch value {
		case Client:
			value = c.ClientID
		case Now:
			value = c.Now
		}
		values[i] = value
	}
	return mongodb.Condition{Field: field, Operator: want.operator, Values: values}
}

// pathGuard makes the checks that stand before the schema of the body.
func pathGuard[A, D, B any](e *Engine, checks []Check[*Call[A, D, B]], call func() *Call[A, D, B]) httpapi.Guard {
	if len(checks) == 0 {
		return nil
	}
	return func(ctx context.Context, path func(name string) string) error {
		c := call()
		c.Caller, c.path = e.Caller(ctx), Path{Patient: path("patient_id"), ID: path(c.kind + "_id")}
		return Run(ctx, checks, c)
	}
}

// Operation registers the transition.
func (t *Transition[A, D, B]) Operation(e *Engine, asked A) Operation {
	var also []*Moves
	for _, told := range t.Also {
		also = append(also, t.moves(told))
	}
	for _, f := range t.Follows {
		if len(f.From) > 0 && f.Event.Entity != "" {
			also = append(also, &Moves{Collection: f.Collection, Attribute: f.Event.Attribute, From: f.From, To: f.Event.To})
		}
	}
	return Operation{
		ID: t.ID, Shape: "Transition", Rules: RulesOf(t.checks()), Moves: t.moves(t.Event), Also: also, Signed: t.Signed != nil, Points: &t.Points,
		Guard: pathGuard(e, t.Guard, func() *Call[A, D, B] { return t.call(e, asked) }),
		Handler: func(ctx context.Context, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
			return t.carryOut(ctx, e, asked, jobID, raw)
		},
		Update: func(by Caller, keys *seal.Keys, path Path) ([]mongodb.Condition, mongodb.Change) {
			c := &Call[A, D, B]{Caller: by, path: path, engine: &Engine{Keys: keys}}
			return t.guard(c), t.change(c, "")
		},
	}
}

// moves are the ways in the status machine that the transition goes.
func (t *Transition[A, D, B]) moves(told Event) *Moves {
	if told.Attribute == "" {
		return nil
	}
	m := &Moves{Collection: t.Collection, Attribute: told.Attribute, To: told.To}
	for _, check := range t.checks() {
		if check.Field == told.Attribute && (check.Want.operator == mongodb.Equal || check.Want.operator == mongodb.OneOf) {
			for _, value := range check.Want.values {
				if text, ok := value.(string); ok {
					m.From = append(m.From, text)
				}
			}
		}
	}
	return m
}
