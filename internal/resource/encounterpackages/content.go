package encounterpackages

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/internal/operation"
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

	original originals // what a cancellation takes back, from the checks of it on
}

// observation has what only the immunization keeps.
type observation struct {
	medicalrecords.Observation `bson:",inline"`

	ReactionOn *reference `bson:"reaction_on"`
}

// kind is one of the arrays of a package.
type kind struct{ plural, singular, title string }

// kinds are in the order of a job's links.
var kinds = []kind{
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

// moment reads a date and time, or a date as its beginning. The schema has judged its form.
func moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		at, _ = time.Parse(time.DateOnly, text)
	}
	return at.UTC().Truncate(time.Millisecond)
}

// Record is a document of a package.
type Record interface{ Head() *medicalrecords.Header }

// Records are the documents of a package by their collections, without what the server adds.
func Records(sent map[string]any) (map[string][]Record, error) {
	p, err := read(sent)
	if err != nil {
		return nil, err
	}
	all := map[string][]Record{"encounters": {&p.Encounter}}
	for _, plural := range arrays {
		all[plural] = p.records(plural)
	}
	return all, nil
}

func recordsOf[D any, R interface {
	*D
	Record
}](documents []D) []Record {
	records := make([]Record, len(documents))
	for i := range documents {
		records[i] = R(&documents[i])
	}
	return records
}

// records of an array, in its order.
func (p *content) records(plural string) (records []Record) {
	switch plural {
	case "immunizations":
		return recordsOf(p.Immunizations)
	case "allergy_intolerances":
		return recordsOf(p.AllergyIntolerances)
	case "risk_assessments":
		return recordsOf(p.RiskAssessments)
	case "diagnostic_reports":
		return recordsOf(p.DiagnosticReports)
	case "conditions":
		return recordsOf(p.Conditions)
	case "observations":
		for i := range p.Observations {
			records = append(records, &p.Observations[i].Observation)
		}
		return records
	case "procedures":
		return recordsOf(p.Procedures)
	}
	return nil
}

// ids of an array, in its order.
func (p *content) ids(plural string) []uuid.UUID {
	records := p.records(plural)
	ids := make([]uuid.UUID, len(records))
	for i, r := range records {
		ids[i] = r.Head().ID
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
