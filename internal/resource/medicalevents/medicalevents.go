// Package medicalevents holds what the documents of medical events share:
// references, dictionary values and amounts, as they are stored and as they are
// shown.
package medicalevents

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/validation"
)

// Reference links to another object. The patient's never lies in a document:
// their id is hidden (decisions R13).
type Reference struct {
	Identifier   Identifier `bson:"identifier"`
	DisplayValue *string    `bson:"display_value"`
}

// Identifier says which object of which kind is meant.
type Identifier struct {
	Type  CodeableConcept `bson:"type"`
	Value uuid.UUID       `bson:"value"`
}

// CodeableConcept is a meaning, told by values of dictionaries.
type CodeableConcept struct {
	Coding []Coding `bson:"coding"`
	Text   *string  `bson:"text,omitempty"`
}

// Coding is a value of a dictionary.
type Coding struct {
	System string `bson:"system"`
	Code   string `bson:"code"`
}

// Quantity is an amount of something.
type Quantity struct {
	Value      float64 `bson:"value"`
	System     string  `bson:"system"`
	Code       string  `bson:"code"`
	Unit       *string `bson:"unit,omitempty"`
	Comparator *string `bson:"comparator,omitempty"`
}

// Range is what lies between two amounts.
type Range struct {
	Low  Quantity `bson:"low"`
	High Quantity `bson:"high"`
}

// Period is a stretch of time.
type Period struct {
	Start time.Time  `bson:"start"`
	End   *time.Time `bson:"end,omitempty"`
}

// Diagnosis is one of an encounter, with the part that it plays there.
type Diagnosis struct {
	Condition Reference       `bson:"condition"`
	Code      CodeableConcept `bson:"code"`
	Role      CodeableConcept `bson:"role"`
	Rank      *int32          `bson:"rank,omitempty"`
}

// ItemsOf are what forbidden groups may name of concepts and services.
func ItemsOf(concepts []CodeableConcept, services ...Reference) (items operation.Items) {
	add := func(item string) {
		if !slices.Contains(items, item) {
			items = append(items, item)
		}
	}
	for _, concept := range concepts {
		for _, c := range concept.Coding {
			add(operation.Item(c.System, c.Code))
		}
	}
	for _, service := range services {
		add(service.Identifier.Value.String())
	}
	return items
}

// ReceivedPeriod is a stretch of time as a client sent it; the contract's schema has judged
// its form.
func ReceivedPeriod(sent api.Period) Period {
	moment := func(text string) time.Time {
		at, _ := time.Parse(time.RFC3339Nano, text)
		return at.UTC().Truncate(time.Millisecond)
	}
	return Period{Start: moment(sent.Start), End: Optional(sent.End, moment)}
}

// Recast reads a value of one schema as one of another that has the same fields.
func Recast(into, from any) error {
	raw, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return fmt.Errorf("read what was sent: %w", err)
	}
	return nil
}

// Dictionaries are lists of codes with their texts.
type Dictionaries interface {
	validation.Dictionaries
	// Text returns what a code means, nil when it is not known.
	Text(name, code string) *string
}

// ReceivedQuantity is an amount as a client sent it, with its unit in words.
func ReceivedQuantity(sent *api.Quantity, in Dictionaries) *Quantity {
	if sent == nil {
		return nil
	}
	return &Quantity{Value: sent.Value, System: sent.System, Code: sent.Code, Unit: in.Text(sent.System, sent.Code)}
}

// Resources is the dictionary of what a reference leads to.
const Resources = "eHealth/resources"

// To makes a reference to an object of a kind.
func To(kind string, id uuid.UUID) Reference {
	return Reference{Identifier: Identifier{Type: Concept(Resources, kind), Value: id}}
}

// Received is a reference as a client sent it; the contract's schema has judged
// the id.
func Received(sent api.ReferenceRequest) Reference {
	id, _ := envelope.ParseID(sent.Identifier.Value)
	coding := make([]Coding, len(sent.Identifier.Type.Coding))
	for i, c := range sent.Identifier.Type.Coding {
		coding[i] = Coding{System: c.System, Code: c.Code}
	}
	return Reference{Identifier: Identifier{Type: CodeableConcept{Coding: coding, Text: sent.Identifier.Type.Text}, Value: id}}
}

// Concept makes a meaning of one value of a dictionary.
func Concept(system, code string) CodeableConcept {
	return CodeableConcept{Coding: []Coding{{System: system, Code: code}}}
}

// CodesAreKnown passes when a dictionary has all codes of a status_reason.
func CodesAreKnown(in validation.Dictionaries, dictionary string, sent api.CodeableConcept) error {
	codes := in.Codes(dictionary)
	for _, coding := range sent.Coding {
		if !slices.Contains(codes, coding.Code) && !in.IsOpen(dictionary) {
			return operation.Expect(false, "status_reason", codes, "another code", "code", coding.Code)
		}
	}
	return nil
}

// ReceivedConcept is a meaning as a client sent it.
func ReceivedConcept(sent api.CodeableConcept) CodeableConcept {
	received := CodeableConcept{Text: sent.Text}
	for _, c := range sent.Coding {
		received.Coding = append(received.Coding, Coding{System: c.System, Code: c.Code})
	}
	return received
}

// ShowPatient shows a reference to a patient.
func ShowPatient(id uuid.UUID) api.Reference { return To("patient", id).Show() }

// Show shows a reference with its display_value, null when it has none.
func (r Reference) Show() api.Reference {
	return api.Reference{Identifier: r.Identifier.show(), DisplayValue: Nullable(r.DisplayValue, AsIs)}
}

// ShowSent shows a reference as clients send them.
func (r Reference) ShowSent() api.ReferenceRequest {
	return api.ReferenceRequest{Identifier: r.Identifier.show()}
}

func (i Identifier) show() api.Identifier {
	return api.Identifier{Type: i.Type.Show(), Value: i.Value.String()}
}

// Show shows a meaning.
func (c CodeableConcept) Show() api.CodeableConcept {
	return api.CodeableConcept{Coding: Each(c.Coding, Coding.Show), Text: c.Text}
}

func (c Coding) Show() api.Coding { return api.Coding{System: c.System, Code: c.Code} }

// Show shows an amount.
func (q Quantity) Show() api.Quantity {
	return api.Quantity{Value: q.Value, System: q.System, Code: q.Code, Unit: q.Unit, Comparator: q.Comparator}
}

// Show shows a diagnosis.
func (d Diagnosis) Show() api.Diagnosis {
	return api.Diagnosis{
		Condition: d.Condition.Show(), Code: d.Code.Show(), Role: d.Role.Show(), Rank: Optional(d.Rank, func(r int32) int { return int(r) }),
	}
}

// Show shows a range.
func (r Range) Show() api.Range { return api.Range{Low: r.Low.Show(), High: r.High.Show()} }

// Show shows a period.
func (p Period) Show() api.Period {
	return api.Period{Start: envelope.Milli(p.Start), End: Optional(p.End, envelope.Milli)}
}

// AsIs shows a value as it is stored.
func AsIs[T any](v T) T { return v }

// Each shows every item of a list.
func Each[T, S any](stored []T, show func(T) S) []S {
	shown := make([]S, len(stored))
	for i, item := range stored {
		shown[i] = show(item)
	}
	return shown
}

// Optional shows a value that is absent when it was never set.
func Optional[T, S any](stored *T, show func(T) S) *S {
	if stored == nil {
		return nil
	}
	shown := show(*stored)
	return &shown
}

// OptionalList shows a list that is absent when it was never set.
func OptionalList[T, S any](stored []T, show func(T) S) *[]S {
	if stored == nil {
		return nil
	}
	shown := Each(stored, show)
	return &shown
}

// Nullable shows a value that is null when it is not set.
func Nullable[T, S any](stored *T, show func(T) S) nullable.Nullable[S] {
	if stored == nil {
		return nullable.NewNullNullable[S]()
	}
	return nullable.NewNullableWithValue(show(*stored))
}
