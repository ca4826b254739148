package operation

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// Referent is an object that a reference leads to, as far as checks and answers need
// it. What its kind does not have is empty.
type Referent struct {
	Status      string
	Type        string
	LegalEntity uuid.UUID // whose it is
	Patient     string    // hidden (decisions R13)
	Display     *string   // display_value
	Items       Items     // what forbidden groups may name of it
	Referral    uuid.UUID // the service request that it carries out
	Service     uuid.UUID // what was done
	Episode     uuid.UUID
	Performer   uuid.UUID   // of an encounter
	Since       time.Time   // when an encounter or an episode began
	Speciality  string      // of an employee
	Until       *time.Time  // the end of a care plan, the last day of an employee
	Remaining   *float64    // what is left of an activity; nil: it has no quantity
	Verified    bool        // a division, by the register of drugstores
	Requestable bool        // a service or a group of services: requests may name it
	Whole       uuid.UUID   // the care plan of an activity
	Party       uuid.UUID   // who an employee is
	TaxID       string      // of that party
	Groups      []uuid.UUID // that include a service
	Order       *Referral   // of a service request
}

// Referral is what is asked of a service request.
type Referral struct {
	Program       *struct{}  `bson:"program"`
	ProgramStatus *string    `bson:"program_processing_status"`
	UsedBy        *link      `bson:"used_by_legal_entity"`
	Code          coded      `bson:"code"`
	Category      coding     `bson:"category"`
	BasedOn       []coded    `bson:"based_on"`
	Context       *link      `bson:"context"`
	EpisodeID     *uuid.UUID `bson:"context_episode_id"`
	Expires       time.Time  `bson:"expiration_date"`
}

type (
	link struct {
		Identifier struct {
			Value uuid.UUID `bson:"value"`
		} `bson:"identifier"`
	}
	coding struct {
		Coding []struct {
			Code string `bson:"code"`
		} `bson:"coding"`
	}
	coded struct {
		Identifier struct {
			Type  coding    `bson:"type"`
			Value uuid.UUID `bson:"value"`
		} `bson:"identifier"`
	}
)

// Kind is what the reference leads to: service or service_group, say.
func (c coded) Kind() string { return c.Identifier.Type.First() }

// First is the code of the first value.
func (c coding) First() string {
	if len(c.Coding) == 0 {
		return ""
	}
	return c.Coding[0].Code
}

// Referents looks up what references lead to.
type Referents interface {
	// Referent returns the object of a kind (the code of its references), or
	// fault.ErrNotFound.
	Referent(ctx context.Context, kind string, id uuid.UUID) (Referent, error)
}

// Reference is a place of a body that refers to an object of a kind. Its methods make
// the checks of what it refers to, which an operation lists in its documented order.
// After the first of them that refuses the others pass. The look-up of an object is made
// once for a call.
type Reference[S referring] struct {
	Kind  string // the code of its references: employee
	Field string // the place in the body: care_manager
	// Sent returns the reference, nil when the body has none: the checks pass then.
	Sent func(s S) *api.ReferenceRequest
}

// referring is the state of an operation whose body refers to objects.
type referring interface {
	State
	patient() Person
	looked() *lookups
}

// lookups are what the references of one call lead to, and the fields whose reference
// was refused.
type lookups struct {
	in      Referents
	found   map[lookup]*Referent // nil: nothing
	refused map[string]bool
}

type lookup struct {
	kind string
	id   string
}

func (l *lookups) get(ctx context.Context, kind, id string) (*Referent, error) {
	key := lookup{kind, id}
	if found, known := l.found[key]; known {
		return found, nil
	}
	var found *Referent
	if parsed, ok := envelope.ParseID(id); ok { // a malformed id finds nothing
		r, err := l.in.Referent(ctx, kind, parsed)
		switch {
		case err == nil:
			found = &r
		case !errors.Is(err, fault.ErrNotFound):
			return nil, err
		}
	}
	if l.found == nil {
		l.found = map[lookup]*Referent{}
	}
	l.found[key] = found
	return found, nil
}

// Referent returns the object of a kind that an id leads to, nil when there is none. It is
// for bodies whose references are of several kinds.
func (c *Call[A, D, B]) Referent(ctx context.Context, kind, id string) (*Referent, error) {
	return c.lookups.get(ctx, kind, id)
}

// Found is what a check has found under an id, nil when it has found nothing or none has looked.
func (c *Call[A, D, B]) Found(kind, id string) *Referent { return c.lookups.found[lookup{kind, id}] }

// Exists passes when the object is stored.
func (r Reference[S]) Exists(rule rules.ID) Check[S] {
	return r.check(rule, func(_ S, _ string, found *Referent) error {
		return Expect(found != nil, r.Field, "the id of a stored "+r.Kind, "nothing of this id")
	})
}

// IsCallers passes when the reference leads to the legal entity of the token.
func (r Reference[S]) IsCallers(rule rules.ID) Check[S] {
	return r.check(rule, func(s S, id string, _ *Referent) error {
		parsed, _ := envelope.ParseID(id)
		return Expect(parsed == s.caller().ClientID, r.Field, s.caller().ClientID, "another legal entity")
	})
}

// OfPatient passes when the object is the patient's.
func (r Reference[S]) OfPatient(rule rules.ID) Check[S] {
	return r.known(rule, func(s S, _ string, found *Referent) error {
		return Expect(slices.Contains(s.patient().Hidden, found.Patient), "patient of "+r.Field, "the patient of the path", "another patient")
	})
}

// InStatus passes when the object is in one of the statuses.
func (r Reference[S]) InStatus(rule rules.ID, statuses ...string) Check[S] {
	return r.known(rule, func(_ S, _ string, found *Referent) error {
		return Expect(slices.Contains(statuses, found.Status), "status of "+r.Field, statuses, found.Status, "status", found.Status)
	})
}

// OfType passes when the object is of one of the types that the settings allow.
func (r Reference[S]) OfType(rule rules.ID, types func(c *Caller) []string) Check[S] {
	return r.known(rule, func(s S, _ string, found *Referent) error {
		allowed := types(s.caller())
		return Expect(slices.Contains(allowed, found.Type), "type of "+r.Field, allowed, found.Type, "type", found.Type)
	})
}

// OfCaller passes when the object belongs to the legal entity of the token.
func (r Reference[S]) OfCaller(rule rules.ID) Check[S] {
	return r.known(rule, func(s S, id string, found *Referent) error {
		return Expect(found.LegalEntity == s.caller().ClientID, "legal entity of "+r.Field, s.caller().ClientID, "another legal entity", "id", id)
	})
}

// IsOneCoding passes when the type of the reference has one coding.
func (r Reference[S]) IsOneCoding(rule rules.ID) Check[S] {
	return Check[S]{Rule: rule, Pass: func(_ context.Context, s S) error {
		sent := r.Sent(s)
		return Expect(sent == nil || len(sent.Identifier.Type.Coding) == 1, "coding of "+r.Field, "one item", "several items")
	}}
}

// Referent returns the object that the reference leads to, nil when there is none.
func (r Reference[S]) Referent(ctx context.Context, s S) (*Referent, error) {
	sent := r.Sent(s)
	if sent == nil {
		return nil, nil
	}
	return s.looked().get(ctx, r.Kind, sent.Identifier.Value)
}

// Display returns the display_value of the object that a check of the reference has found.
func (r Reference[S]) Display(s S) *string {
	if sent := r.Sent(s); sent != nil {
		if found := s.looked().found[lookup{r.Kind, sent.Identifier.Value}]; found != nil {
			return found.Display
		}
	}
	return nil
}

// known makes a check of an object that exists.
func (r Reference[S]) known(rule rules.ID, pass func(s S, id string, found *Referent) error) Check[S] {
	return r.check(rule, func(s S, id string, found *Referent) error {
		if found == nil {
			return nil // the check Exists is about that
		}
		return pass(s, id, found)
	})
}

func (r Reference[S]) check(rule rules.ID, pass func(s S, id string, found *Referent) error) Check[S] {
	return Check[S]{Rule: rule, Pass: func(ctx context.Context, s S) error {
		looked := s.looked()
		if r.Sent(s) == nil || looked.refused[r.Field] {
			return nil
		}
		found, err := r.Referent(ctx, s)
		if err != nil {
			return err
		}
		if err = pass(s, r.Sent(s).Identifier.Value, found); err != nil {
			if looked.refused == nil {
				looked.refused = map[string]bool{}
			}
			looked.refused[r.Field] = true
		}
		return err
	}}
}
