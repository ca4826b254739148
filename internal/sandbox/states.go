package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/gen/machines"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world"
)

// stateful are objects of a kind, in a table or in a collection, with what status machines say of them.
type stateful struct {
	kind       string
	table      string
	collection string
	owner      string // the column, or the field, with the person whose it is
	parts      []part
}

// part is one part of a state: a column, or a field.
type part struct {
	name    string
	machine string // see machines.Of
}

func statusOf(machine string) []part { return []part{{"status", machine}} }

// statefuls are the kinds of objects that can be put into a state.
var statefuls = []stateful{
	{kind: "division", table: "prm.divisions", parts: statusOf("DivisionStatus")},
	{kind: "employee", table: "prm.employees", parts: statusOf("EmployeeStatus")},
	{kind: "employee role", table: "prm.employee_roles", parts: statusOf("EmployeeRoleStatus")},
	{kind: "employee request", table: "il.employee_requests", parts: statusOf("EmployeeRequestStatus")},
	{kind: "healthcare service", table: "prm.healthcare_services", parts: statusOf("HealthcareServiceStatus")},
	{kind: "declaration", table: "ops.declarations", owner: "person_id", parts: statusOf("DeclarationStatus")},
	{kind: "declaration request", table: "il.declaration_requests", parts: statusOf("DeclarationRequestStatus")},
	{kind: "person request", table: "il.person_requests", parts: statusOf("PersonRequestStatus")},
	{
		kind: "authentication method request", table: "il.authentication_method_requests", owner: "person_id",
		parts: statusOf("AuthenticationMethodRequestStatus"),
	},
	{kind: verification, table: "otp.verifications", parts: statusOf("OTPStatus")},
	{kind: approval, collection: approvals.Collection, owner: "patient_id", parts: statusOf("Approval")},
	{kind: "service request", collection: servicerequests.Collection, owner: "subject", parts: []part{
		{"status", "ServiceRequest.status"}, {"program_processing_status", "ServiceRequest.program_processing_status"},
	}},
	{kind: "device request", collection: devicerequests.Collection, owner: "subject", parts: statusOf("DeviceRequest.status")},
	{kind: "device dispense", collection: devicedispenses.Collection, owner: "subject", parts: statusOf("DeviceDispense.status")},
	{kind: "episode", collection: episodes.Collection, owner: "patient_id", parts: statusOf("Episode.status")},
}

// Kinds whose state is not stored as answers show it.
const (
	verification = "verification"
	approval     = "approval"
)

// openedObject is an object with all that is known of its state.
type openedObject struct {
	shownObject
	States     []shownState `json:"states"`
	Confirming []method     `json:"confirming,omitempty"` // of a person
}

// shownState is a part of the state of an object, with the machine that moves it.
type shownState struct {
	Attribute string   `json:"attribute"`
	Current   string   `json:"current"`
	Title     string   `json:"title"`
	States    []string `json:"states"`
	Initial   []string `json:"initial"`
	Final     []string `json:"final"`
	Ways      []way    `json:"ways"`
	Note      string   `json:"note,omitempty"`
}

// way leads from one state to another.
type way struct {
	From      string         `json:"from,omitempty"`
	To        string         `json:"to"`
	By        string         `json:"by"`
	Source    string         `json:"source"`
	Operation string         `json:"operation_id,omitempty"`
	Request   *world.Request `json:"request,omitempty"` // that goes this way from the current state
	Another   bool           `json:"another,omitempty"` // Request is for another object: its body is signed, or its path names no id
}

// method is a person's way of confirming.
type method struct {
	ID      uuid.UUID  `json:"id"`
	Type    string     `json:"type"`
	Phone   *string    `json:"phone_number,omitempty"`
	By      *uuid.UUID `json:"value,omitempty"` // who confirms in place of the person
	Alias   *string    `json:"alias,omitempty"`
	Active  bool       `json:"is_active"`
	EndedAt *time.Time `json:"ended_at,omitempty"`
}

// found is an object as the databases have it.
type found struct {
	of     *stateful
	states []string // of the parts; "" when the object has none
	owner  uuid.UUID
}

var errNoObject = errors.New("neither the seeded world nor what was made since has an object with this id")

func (h *Handler) getObject(w http.ResponseWriter, r *http.Request) {
	h.changing.RLock()
	defer h.changing.RUnlock()
	object, err := h.openObject(r.Context(), r.PathValue("id"))
	h.answerObject(r.Context(), w, object, err)
}

func (h *Handler) answerObject(ctx context.Context, w http.ResponseWriter, object *openedObject, err error) {
	switch {
	case errors.Is(err, errNoObject):
		h.refuse(w, http.StatusNotFound, err)
	case err != nil:
		h.failed(ctx, w, err)
	default:
		h.write(w, http.StatusOK, object)
	}
}

// openObject reads an object of the world, or one that was made since. The caller holds changing.
func (h *Handler) openObject(ctx context.Context, text string) (*openedObject, error) {
	id, ok := envelope.ParseID(text)
	if !ok {
		return nil, errNoObject
	}
	object := openedObject{shownObject: shownObject{ID: id}, States: []shownState{}}
	for _, seeded := range h.world.Objects {
		if seeded.ID == id {
			object.shownObject = shownObject{Name: seeded.Name, Kind: seeded.Kind, ID: id, Note: seeded.Note}
		}
	}
	at, err := h.find(ctx, id, object.Kind)
	if err != nil {
		return nil, err
	}
	if at != nil {
		object.Kind = at.of.kind
		object.Status = at.states[0]
		for i, p := range at.of.parts {
			if at.states[i] != "" {
				object.States = append(object.States, h.state(id, at, p, at.states[i]))
			}
		}
	}
	if object.Confirming, err = h.confirming(ctx, id); err != nil {
		return nil, err
	}
	if object.Confirming != nil {
		object.Kind = "person"
	}
	if object.Kind == "" {
		return nil, errNoObject
	}
	if at == nil {
		statuses, err := h.statuses(ctx, map[uuid.UUID]bool{id: true})
		if err != nil {
			return nil, err
		}
		object.Status = statuses[id]
	}
	return &object, nil
}

// find looks for an object where those of its kind are, and in all places when its kind is not known. It returns nil if
// there is none.
func (h *Handler) find(ctx context.Context, id uuid.UUID, kind string) (*found, error) {
	for i := range statefuls {
		of := &statefuls[i]
		if kind != "" && kind != of.kind {
			continue
		}
		read := h.findRow
		if of.collection != "" {
			read = h.findDocument
		}
		at, err := read(ctx, of, id)
		if err != nil || at != nil {
			return at, err
		}
	}
	return nil, nil
}

func (h *Handler) findRow(ctx context.Context, of *stateful, id uuid.UUID) (*found, error) {
	owner := "NULL::uuid"
	if of.owner != "" {
		owner = of.owner
	}
	at := &found{of: of, states: make([]string, len(of.parts))}
	var person *uuid.UUID
	err := h.app.Pool.QueryRow(ctx, "SELECT status, "+owner+" FROM "+of.table+" WHERE id = $1", id).Scan(&at.states[0], &person)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state in %s: %w", of.table, postgres.Error(err))
	}
	if person != nil {
		at.owner = *person
	}
	if of.kind == verification {
		at.states[0] = strings.ToUpper(at.states[0])
	}
	return at, nil
}

func (h *Handler) findDocument(ctx context.Context, of *stateful, id uuid.UUID) (*found, error) {
	var document bson.Raw
	err := h.app.Mongo.Collection(of.collection).FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Decode(&document)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state in %s: %w", of.collection, err)
	}
	at := &found{of: of}
	for _, p := range of.parts {
		state, _ := document.Lookup(p.name).StringValueOK()
		at.states = append(at.states, state)
	}
	hidden, _ := document.Lookup(of.owner).StringValueOK()
	key, _ := document.Lookup(seal.KeyField).StringValueOK()
	if at.owner, err = h.app.Keys.OpenPatientID(hidden, key); err != nil {
		return nil, fmt.Errorf("read whose document it is in %s: %w", of.collection, err)
	}
	if of.kind == approval {
		var d approvals.Document
		if err := h.app.Mongo.Collection(of.collection).FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Decode(&d); err != nil {
			return nil, fmt.Errorf("read the approval: %w", err)
		}
		at.states[0] = d.State(h.clock.Now())
	}
	return at, nil
}

// state is a part of the state of an object, with the requests that go on from there.
func (h *Handler) state(id uuid.UUID, at *found, p part, current string) shownState {
	m, _ := machines.Of(p.machine)
	s := shownState{
		Attribute: p.name, Current: current, Title: m.Title, States: m.States, Initial: m.Initial, Final: m.Final, Note: strings.TrimSpace(m.Note),
		Ways: []way{},
	}
	for _, t := range m.Transitions {
		one := way{From: t.From, To: t.To, By: t.By, Operation: t.Operation, Source: t.Source}
		if t.From == current && t.Operation != "" {
			one.Request, one.Another = h.goingOn(t.Operation, id, at.owner)
		}
		s.Ways = append(s.Ways, one)
	}
	return s
}

var idInPath = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// goingOn is a request of an operation for an object: that of a case which passes, with the object in its path. A body that
// is signed names the object of the case, so such a request stays as it is.
func (h *Handler) goingOn(operation string, id, owner uuid.UUID) (request *world.Request, another bool) {
	for _, c := range h.world.Cases {
		if c.OperationID != operation || c.IsRefused() || len(c.Config) > 0 {
			continue
		}
		if strings.Contains(c.Request.Path, id.String()) {
			return &c.Request, false
		}
		if request == nil {
			request = &c.Request
		}
	}
	if request == nil {
		return nil, false
	}
	places := idInPath.FindAllStringIndex(request.Path, -1)
	body, _ := request.Body.(map[string]any)
	signed := slices.ContainsFunc(slices.Collect(maps.Keys(body)), func(field string) bool { return strings.HasPrefix(field, "signed_") })
	if signed || len(places) == 0 || len(places) > 2 {
		return request, true
	}
	own := *request
	last := places[len(places)-1]
	own.Path = own.Path[:last[0]] + id.String() + own.Path[last[1]:]
	if len(places) == 2 && owner != uuid.Nil {
		own.Path = own.Path[:places[0][0]] + owner.String() + own.Path[places[0][1]:]
	}
	return &own, false
}

// confirming are the ways of confirming of a person; nil: there is no such person.
func (h *Handler) confirming(ctx context.Context, person uuid.UUID) ([]method, error) {
	rows, err := h.app.Pool.Query(ctx, `SELECT m.id, m.type, m.phone_number, m.value, m.alias, m.is_active, m.ended_at
		FROM mpi.persons p LEFT JOIN mpi.person_authentication_methods m ON m.person_id = p.id WHERE p.id = $1 ORDER BY m.inserted_at, m.id`, person)
	var methods []method
	if err == nil {
		var id *uuid.UUID
		var kind *string
		var active *bool
		var m method
		_, err = pgx.ForEachRow(rows, []any{&id, &kind, &m.Phone, &m.By, &m.Alias, &active, &m.EndedAt}, func() error {
			if methods == nil {
				methods = []method{}
			}
			if id != nil {
				m.ID, m.Type, m.Active = *id, *kind, *active
				methods = append(methods, m)
			}
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read the ways of confirming: %w", postgres.Error(err))
	}
	return methods, nil
}

// wantedState is a state that an object is to be put into.
type wantedState struct {
	Attribute string `json:"attribute"`
	State     string `json:"state"`
}

func (h *Handler) putIntoState(w http.ResponseWriter, r *http.Request) {
	wanted := wantedState{Attribute: "status"}
	if err := decode(w, r, &wanted); err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	h.changing.RLock()
	defer h.changing.RUnlock()
	object, err := h.openObject(r.Context(), r.PathValue("id"))
	if err != nil {
		h.answerObject(r.Context(), w, nil, err)
		return
	}
	if err := wanted.of(object); err != nil {
		h.refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	if err := h.put(r.Context(), object, wanted); err != nil {
		var conflict *pgconn.PgError
		if errors.As(err, &conflict) && strings.HasPrefix(conflict.Code, integrityViolation) {
			h.refuse(w, http.StatusConflict, fmt.Errorf("another object stands in the way: %s", conflict.ConstraintName))
			return
		}
		h.failed(r.Context(), w, err)
		return
	}
	h.changed()
	object, err = h.openObject(r.Context(), r.PathValue("id"))
	h.answerObject(r.Context(), w, object, err)
}

// integrityViolation is the class of PostgreSQL's codes for a row that a constraint refuses.
const integrityViolation = "23"

// of checks that an object can be put into the state.
func (s wantedState) of(object *openedObject) error {
	if len(object.States) == 0 {
		return fmt.Errorf("%s: this kind has no status machine", object.Kind)
	}
	var attributes []string
	for _, p := range object.States {
		if p.Attribute == s.Attribute {
			if !slices.Contains(p.States, s.State) {
				return fmt.Errorf("state: %q is none of %s", s.State, strings.Join(p.States, ", "))
			}
			return nil
		}
		attributes = append(attributes, p.Attribute)
	}
	return fmt.Errorf("attribute: %q is none of %s", s.Attribute, strings.Join(attributes, ", "))
}

// put writes a state. It changes nothing else: no event is told, and nothing follows.
func (h *Handler) put(ctx context.Context, object *openedObject, wanted wantedState) error {
	of := statefuls[slices.IndexFunc(statefuls, func(s stateful) bool { return s.kind == object.Kind })]
	now := h.clock.Now()
	var err error
	switch {
	case of.kind == verification:
		_, err = h.app.Pool.Exec(ctx, `UPDATE otp.verifications SET status = lower($2), active = $2 = 'NEW' WHERE id = $1`, object.ID, wanted.State)
	case of.table != "":
		_, err = h.app.Pool.Exec(ctx, "UPDATE "+of.table+" SET status = $2, updated_at = $3 WHERE id = $1", object.ID, wanted.State, now)
	default:
		set := bson.D{{Key: wanted.Attribute, Value: wanted.State}, {Key: "updated_at", Value: now}}
		if of.kind == approval {
			set = approvalIn(wanted.State, now)
		}
		_, err = h.app.Mongo.Collection(of.collection).UpdateOne(ctx, bson.D{{Key: "_id", Value: object.ID}}, bson.D{{Key: "$set", Value: set}})
	}
	if err != nil {
		return fmt.Errorf("put %s into %s: %w", object.Kind, wanted.State, postgres.Error(err))
	}
	return nil
}

// againFor is how long an approval is good that is put into a state where it is.
const againFor = 90 * 24 * time.Hour

// approvalIn are the fields of an approval from which its state follows.
func approvalIn(state string, now time.Time) bson.D {
	status, verified, expires := approvals.StateNew, state == approvals.StateActive, now.Add(againFor)
	switch state {
	case approvals.StateActive, approvals.StateCancelled, approvals.StateTerminated:
		status = state
	case approvals.StateExpired:
		verified, expires = true, now
	}
	return bson.D{
		{Key: "status", Value: status}, {Key: "is_verified", Value: verified}, {Key: "expires_at", Value: expires}, {Key: "updated_at", Value: now},
	}
}
