package medicalevents

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/media"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/validation"
)

// Signing is the state of an operation whose signed content is a document with changes.
type Signing interface {
	operation.SignedState
	Object() map[string]any
}

// HasReason are the checks that signed content has a status_reason of a dictionary. family is
// that of the operation's x-rules.
func HasReason[S Signing](family, dictionary string, of func(s S) validation.Dictionaries) []operation.Check[S] {
	return []operation.Check[S]{
		{Rule: rules.ID(family + ".reason_required"), Pass: func(_ context.Context, s S) error {
			_, sent := ReasonIn(s.Object())
			return operation.Expect(sent, "status_reason of the content", "a code", "none")
		}},
		{Rule: rules.ID(family + ".reason"), Pass: func(_ context.Context, s S) error {
			reason, _ := ReasonIn(s.Object())
			return CodesAreKnown(of(s), dictionary, reason.Show())
		}},
	}
}

// ReasonIn is status_reason of signed content, and whether it has a code.
func ReasonIn(content map[string]any) (reason CodeableConcept, sent bool) {
	var shape struct {
		Coding []Coding
		Text   *string
	}
	raw, err := json.Marshal(content["status_reason"])
	if err != nil || json.Unmarshal(raw, &shape) != nil {
		return CodeableConcept{}, false
	}
	coded := func(one Coding) bool { return one.Code != "" }
	return CodeableConcept{Coding: shape.Coding, Text: shape.Text}, slices.ContainsFunc(shape.Coding, coded)
}

// IDIn is the id that a reference of signed content names, uuid.Nil when it names none.
func IDIn(reference any) uuid.UUID {
	object, _ := reference.(map[string]any)
	identifier, _ := object["identifier"].(map[string]any)
	value, _ := identifier["value"].(string)
	id, _ := envelope.ParseID(value)
	return id
}

// ContentName of what was signed, in the media store.
func ContentName(collection string, id uuid.UUID, file string) string {
	return collection + "/" + id.String() + "/" + file
}

// Keep stores what was signed.
func Keep(ctx context.Context, tx postgres.Tx, in *media.Store, name, signed string) error {
	container, err := base64.StdEncoding.DecodeString(signed)
	if err != nil {
		return fmt.Errorf("decode signed content again: %w", err)
	}
	return in.Put(ctx, tx, name, container)
}
