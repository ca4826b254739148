package encounterpackages

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/medicalrecords"
)

type (
	reference = medicalevents.Reference
	concept   = medicalevents.CodeableConcept
)

// content is what was signed, as it is stored. Its documents have what the client sent.
type content struct {
	Encounter           medicalrecords.Encounter            `bson:"encounter"`
	Conditions          []medicalrecords.Condition          `bson:"conditions"`
	Observations        []observation                       `bson:"observations"`
	DiagnosticReports   []medicalrecords.DiagnosticReport   `bson:"diagnostic_reports"`
	Procedures          []medicalrecords.Procedure          `bson:"procedures"`
	Immunizations       []medicalrecords.Immunization       `bson:"immunizations"`
	AllergyIntolerances []medicalrecords.AllergyIntolerance `bson:"allergy_intolerances"`
	RiskAssessments     []medicalrecords.RiskAssessment     `bson:"risk_assessments"`

	sent    map[string]any
	refused map[string]bool // references that a check has refused already
	class   string          // of the encounter

	stored *episodes.Document    // the episode, from the check of it on
	codes  map[uuid.UUID]concept // of stored conditions
}

// observation has what only the immunization keeps.
type observation struct {
	medicalrecords.Observation `bson:",inline"`

	ReactionOn *reference `bson:"reaction_on"`
}

// kinds of the arrays of a package, in the order of a job's links, with their singular.
var kinds = []struct{ plural, singular, title string }{
	{"immunizations", "immunization", "Immunization"},
	{"allergy_intolerances", "allergy_intolerance", "Allergy intolerance"},
	{"risk_assessments", "risk_assessment", "Risk assessment"},
	{"diagnostic_reports", "diagnostic_report", "Diagnostic report"},
	{"conditions", "condition", "Condition"},
	{"observations", "observation", "Observation"},
	{"procedures", "procedure", "Procedure"},
}

// unsupported are the arrays that the national system has beside them.
var unsupported = []string{
	"devices", "medication_statements", "medication_administrations", "clinical_impressions", "specimens", "device_dispenses",
	"device_associations", "detected_issues",
}

// read makes documents of content whose shape is right.
func read(sent map[string]any) (*content, error) {
	prepared, _ := prepare(sent).(map[string]any)
	raw, err := bson.Marshal(prepared)
	if err != nil {
		return nil, fmt.Errorf("read the content of a package: %w", err)
	}
	decoder := bson.NewDecoder(bson.NewDocumentReader(bytes.NewReader(raw)))
	decoder.SetRegistry(received)
	p := &content{sent: sent, refused: map[string]bool{}, codes: map[uuid.UUID]concept{}}
	if err := decoder.Decode(p); err != nil {
		return nil, fmt.Errorf("read the content of a package: %w", err)
	}
	p.class = p.Encounter.Class.Code
	return p, nil
}

// prepare names fields as documents do. What only the answer has (display_value) is left out, and a single concept
// becomes a list where the answer has one.
func prepare(value any) any {
	switch value := value.(type) {
	case map[string]any:
		object := make(map[string]any, len(value))
		for key, field := range value {
			switch key {
			case "id":
				key = "_id"
			case "display_value":
				continue
			case "reasons_not_given", "reason_codes":
				field = []any{field}
			}
			object[key] = prepare(field)
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			list[i] = prepare(item)
		}
		return list
	}
	return value
}

// received reads ids and moments that are texts.
var received = func() *bson.Registry {
	r := bson.NewRegistry()
	text := func(set func(text string) reflect.Value) bson.ValueDecoder {
		return bson.ValueDecoderFunc(func(_ bson.DecodeContext, from bson.ValueReader, to reflect.Value) error {
			sent, err := from.ReadString()
			if err == nil {
				to.Set(set(sent))
			}
			return err //nolint:wrapcheck // read wraps it
		})
	}
	r.RegisterTypeDecoder(reflect.TypeFor[uuid.UUID](), text(func(sent string) reflect.Value {
		id, _ := envelope.ParseID(sent) // a malformed id names nothing
		return reflect.ValueOf(id)
	}))
	r.RegisterTypeDecoder(reflect.TypeFor[time.Time](), text(func(sent string) reflect.Value { return reflect.ValueOf(moment(sent)) }))
	return r
}()

// moment reads a date and time, or a date as its beginning. The schema has judged its form.
func moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		at, _ = time.Parse(time.DateOnly, text)
	}
	return at.UTC().Truncate(time.Millisecond)
}

// ids of an array, in its order.
func (p *content) ids(plural string) []uuid.UUID {
	var ids []uuid.UUID
	switch plural {
	case "immunizations":
		for i := range p.Immunizations {
			ids = append(ids, p.Immunizations[i].ID)
		}
	case "allergy_intolerances":
		for i := range p.AllergyIntolerances {
			ids = append(ids, p.AllergyIntolerances[i].ID)
		}
	case "risk_assessments":
		for i := range p.RiskAssessments {
			ids = append(ids, p.RiskAssessments[i].ID)
		}
	case "diagnostic_reports":
		for i := range p.DiagnosticReports {
			ids = append(ids, p.DiagnosticReports[i].ID)
		}
	case "conditions":
		for i := range p.Conditions {
			ids = append(ids, p.Conditions[i].ID)
		}
	case "observations":
		for i := range p.Observations {
			ids = append(ids, p.Observations[i].ID)
		}
	case "procedures":
		for i := range p.Procedures {
			ids = append(ids, p.Procedures[i].ID)
		}
	}
	return ids
}

// has tells whether the package has an object of a kind with an id.
func (p *content) has(kind string, id uuid.UUID) bool {
	for _, k := range kinds {
		if k.singular == kind {
			return slices.Contains(p.ids(k.plural), id)
		}
	}
	return false
}

// place is where the content refers to an object.
type place struct {
	at  string // $.conditions[0].asserter
	ref *reference
}

func (s place) kind() string {
	if coding := s.ref.Identifier.Type.Coding; len(coding) > 0 {
		return coding[0].Code
	}
	return ""
}

// look returns what a reference leads to, nil when it leads nowhere. Of a patient's objects only those of the patient of
// the path are found.
func look(ctx context.Context, c *call, kind string, id uuid.UUID) (*operation.Referent, error) {
	found, err := c.Referent(ctx, kind, id.String())
	if err != nil || found == nil {
		return nil, err
	}
	if found.Patient != "" && !slices.Contains(c.Patient.Hidden, found.Patient) {
		return nil, nil
	}
	return found, nil
}

// episode is that of the encounter, nil when there is none.
func (p *content) episode(ctx context.Context, c *call) (*operation.Referent, error) {
	return look(ctx, c, "episode", p.Encounter.Episode.Identifier.Value)
}

func (p *content) performer(ctx context.Context, c *call) (*operation.Referent, error) {
	return look(ctx, c, "employee", p.Encounter.Performer.Identifier.Value)
}
