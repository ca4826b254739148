package encounterpackages

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalrecords"
)

// Classes and types of encounters that rules name.
const (
	phc          = "PHC"
	inpatient    = "INPATIENT"
	intervention = "intervention"
	identity     = "patient_identity"
	discharge    = "discharge"
	concilium    = "concilium"
)

// kind is the type of the encounter.
func (p *content) kind() string { return p.Encounter.Type.Coding[0].Code }

const (
	began     = "$.encounter.period.start"
	ended     = "$.encounter.period.end"
	classAt   = "$.encounter.class.code"
	typeAt    = "$.encounter.type.coding[0].code"
	ofEpisode = "$.encounter.episode.identifier.value"
)

var (
	performers = refers{kind: "employee", places: at("$.encounter.performer", func(p *content) *reference { return &p.Encounter.Performer })}
	referrals  = referral{name: "referral", places: at("$.encounter.incoming_referral", func(p *content) *reference { return p.Encounter.IncomingReferral })}
	services   = refers{kind: "service", places: list("$.encounter.action_references", func(p *content) []reference { return p.Encounter.ActionReferences })}
	supporting = refers{places: list("$.encounter.supporting_info", func(p *content) []reference { return p.Encounter.SupportingInfo }), titled: true}
	present    = refers{kind: "employee", places: list("$.encounter.participant", func(p *content) []reference { return p.Encounter.Participant })}
	division   = divisions("division", at("$.encounter.division", func(p *content) *reference { return p.Encounter.Division }))
	led        = refers{places: at("$.encounter.hospitalization.destination", func(p *content) *reference {
		if p.Encounter.Hospitalization == nil {
			return nil
		}
		return p.Encounter.Hospitalization.Destination
	}), titled: true}
)

// at is the place of one reference, list are those of several.
func at(where string, ref func(p *content) *reference) func(p *content) []place {
	return func(p *content) []place { return []place{{where, ref(p)}} }
}

func list(where string, refs func(p *content) []reference) func(p *content) []place {
	return func(p *content) (places []place) {
		of := refs(p)
		for i := range of {
			places = append(places, place{fmt.Sprintf("%s[%d]", where, i), &of[i]})
		}
		return places
	}
}

// encounter are the checks of the encounter, and after them those of its referral that answer alone.
var encounter = slices.Concat([]check{
	finds("encounter_id", func(ctx context.Context, c *call, p *content) ([]wrong, error) {
		stored, err := c.Stored(ctx, "encounters", []uuid.UUID{p.Encounter.ID})
		if err != nil || len(stored) == 0 {
			return nil, err
		}
		return []wrong{{"$.encounter.id", nil}}, nil
	}),
	expects("period_start", began, func(c *call, p *content) bool { return !p.Encounter.Period.Start.After(c.Now) }),
	finds("period_start_age", func(_ context.Context, c *call, p *content) ([]wrong, error) {
		border := clock.Today(c.Now).AddDate(0, 0, -c.Config.EncounterMaxDays)
		if clock.Today(p.Encounter.Period.Start).After(border) {
			return nil, nil
		}
		return []wrong{{began, []any{"date", border.Format(time.DateOnly)}}}, nil
	}),
	finds("period_start_episode", func(ctx context.Context, c *call, p *content) ([]wrong, error) {
		found, err := p.episode(ctx, c)
		if err != nil || found == nil || !p.Encounter.Period.Start.Before(found.Since) {
			return nil, err
		}
		return []wrong{{began, nil}}, nil
	}),
	expects("period_end", ended, func(c *call, p *content) bool { return !p.Encounter.Period.End.After(c.Now) }),
	expects("period_order", ended, func(_ *call, p *content) bool { return !p.Encounter.Period.End.Before(p.Encounter.Period.Start) }),
	finds("episode", func(ctx context.Context, c *call, p *content) ([]wrong, error) {
		id := p.Encounter.Episode.Identifier.Value
		found, err := p.episode(ctx, c)
		if err != nil {
			return nil, err
		}
		if found == nil {
			return []wrong{{ofEpisode, nil}}, nil
		}
		stored, err := c.Stored(ctx, episodes.Collection, []uuid.UUID{id})
		if err != nil {
			return nil, err
		}
		p.stored = new(episodes.Document)
		return nil, stored[id].Decode(p.stored)
	}),
	finds("episode_status", ofItsEpisode(func(_ *call, found *operation.Referent) bool { return found.Status == episodes.Active })),
	finds("episode_organization", ofItsEpisode(func(c *call, found *operation.Referent) bool { return found.LegalEntity == c.ClientID })),
	finds("visit", func(ctx context.Context, c *call, p *content) ([]wrong, error) {
		id := p.Encounter.Visit.Identifier.Value
		if sent := c.Body.Visit; sent != nil {
			if idOf(sent.ID) == id {
				return nil, nil
			}
			return []wrong{{"$.encounter.visit.identifier.value", nil}}, nil
		}
		found, err := look(ctx, c, "visit", id)
		if err != nil || found != nil {
			return nil, err
		}
		return []wrong{{"$.encounter.visit.identifier.value", nil}}, nil
	}),
	allows("class_legal_entity", classAt, func(c *call, p *content, _, _ string) bool {
		return c.LegalEntity == nil || slices.Contains(c.Config.EncounterLEClasses[c.LegalEntity.Type], p.class)
	}),
	allows("class_employee", classAt, func(c *call, p *content, employee, _ string) bool {
		return employee == "" || slices.Contains(c.Config.EncounterEmployeeClasses[employee], p.class)
	}),
	allows("type_employee", typeAt, func(c *call, p *content, employee, _ string) bool {
		return employee == "" || slices.Contains(c.Config.EncounterEmployeeTypes[employee], p.kind())
	}),
	allows("type_class", typeAt, func(c *call, p *content, _, _ string) bool {
		return slices.Contains(c.Config.EncounterClassTypes[p.class], p.kind())
	}),
	allows("class_episode", classAt, func(c *call, p *content, _, episode string) bool {
		return episode == "" || slices.Contains(c.Config.EncounterEpisodeClasses[episode], p.class)
	}),
	finds("needed", neededOfClass),
	finds("excluded", excludedByClass),
	expects("participants", "$.encounter.participant", func(_ *call, p *content) bool {
		return p.kind() != concilium || len(p.Encounter.Participant) >= 2
	}),
	performers.exists("performer"),
	performers.check("performer_type", func(c *call, _ *content, _ place, found *operation.Referent) bool {
		return found == nil || slices.Contains(c.Config.EncounterPerformers, found.Type)
	}),
	performers.inStatus("performer_status", approved),
}, division, []check{
	expects("primary_diagnosis", "$.encounter.diagnoses", func(_ *call, p *content) bool {
		primary := 0
		for _, d := range p.Encounter.Diagnoses {
			if d.Role.Coding[0].Code == "primary" {
				primary++
			}
		}
		return primary == 1 || len(p.Encounter.Diagnoses) == 0
	}),
	finds("diagnosis", diagnosesExist),
	finds("diagnosis_system", primaryIsOfClass),
	finds("action", func(_ context.Context, _ *call, p *content) ([]wrong, error) {
		if p.class == phc || len(p.Encounter.ActionReferences)+len(p.DiagnosticReports)+len(p.Procedures) > 0 {
			return nil, nil
		}
		return []wrong{{"$.encounter.action_references", nil}}, nil
	}),
	finds("action_referral", actionIsReferred),
	services.exists("service"), services.inStatus("service_status", "active"),
	supporting.exists("supporting_info"), supporting.counts("supporting_info_status"),
	led.exists("destination"),
	present.exists("participant"),
}, referrals.fields(), []check{
	referrals.check("category", func(c *call, _ *content, _ place, found *operation.Referent) bool {
		return len(c.Config.EncounterReferrals) == 0 || slices.Contains(c.Config.EncounterReferrals, found.Order.Category.First())
	}),
}, referrals.alone())

func ofItsEpisode(ok func(c *call, found *operation.Referent) bool) func(ctx context.Context, c *call, p *content) ([]wrong, error) {
	return func(ctx context.Context, c *call, p *content) ([]wrong, error) {
		found, err := p.episode(ctx, c)
		if err != nil || found == nil || p.refused[ofEpisode] || ok(c, found) {
			return nil, err
		}
		p.refused[ofEpisode] = true
		return []wrong{{ofEpisode, nil}}, nil
	}
}

// allows makes a check of a matrix. What is not found is judged elsewhere: its type is empty.
func allows(name, where string, ok func(c *call, p *content, employee, episode string) bool) check {
	return finds(name, func(ctx context.Context, c *call, p *content) ([]wrong, error) {
		if !c.Config.EncounterMatrices {
			return nil, nil
		}
		performer, err := p.performer(ctx, c)
		if err != nil {
			return nil, err
		}
		of, err := p.episode(ctx, c)
		if err != nil {
			return nil, err
		}
		var employee, episode string
		if performer != nil {
			employee = performer.Type
		}
		if of != nil {
			episode = of.Type
		}
		if ok(c, p, employee, episode) {
			return nil, nil
		}
		return []wrong{{where, nil}}, nil
	})
}

// neededOfClass finds what an encounter of its class and type lacks.
func neededOfClass(_ context.Context, _ *call, p *content) (found []wrong, _ error) {
	e, h := &p.Encounter, p.Encounter.Hospitalization
	if h == nil {
		h = new(medicalrecords.EncounterHospitalization)
	}
	for _, field := range []struct {
		name     string
		has, all bool
	}{
		{"reasons", len(e.Reasons) > 0, p.class == phc},
		{"actions", len(e.Actions) > 0, p.class == phc},
		{"diagnoses", len(e.Diagnoses) > 0, p.kind() != intervention},
		{"priority", e.Priority != nil, p.class == inpatient},
		{"division", e.Division != nil, p.class == inpatient && p.kind() != identity},
		{"hospitalization.admit_source", h.AdmitSource != nil, p.kind() == discharge},
		{"hospitalization.discharge_disposition", h.DischargeDisposition != nil, p.kind() == discharge},
		{"hospitalization.discharge_department", h.DischargeDepartment != nil, p.kind() == discharge},
	} {
		if field.all && !field.has {
			found = append(found, wrong{"$.encounter." + field.name, []any{"property", field.name}})
		}
	}
	return found, nil
}

// excludedByClass finds what an encounter of its class and type must not have.
func excludedByClass(_ context.Context, _ *call, p *content) (found []wrong, _ error) {
	e := &p.Encounter
	outside := p.kind() == "field" || p.kind() == "home"
	for _, field := range []struct {
		name     string
		has, not bool
	}{
		{"actions", len(e.Actions) > 0, p.class != phc},
		{"action_references", len(e.ActionReferences) > 0, p.class == phc},
		{"hospitalization", e.Hospitalization != nil, p.class != inpatient},
		{"division", e.Division != nil, outside},
	} {
		if field.not && field.has {
			found = append(found, wrong{"$.encounter." + field.name, nil})
		}
	}
	return found, nil
}

// diagnosesExist finds diagnoses whose condition is neither in the package nor stored.
func diagnosesExist(ctx context.Context, c *call, p *content) (found []wrong, err error) {
	for i, d := range p.Encounter.Diagnoses {
		id := d.Condition.Identifier.Value
		if p.has("condition", id) {
			continue
		}
		known, err := look(ctx, c, "condition", id)
		if err != nil {
			return nil, err
		}
		if known == nil {
			found = append(found, wrong{fmt.Sprintf("$.encounter.diagnoses[%d].condition.identifier.value", i), nil})
			continue
		}
		if err := p.know(ctx, c, id); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// know reads the code of a stored condition.
func (p *content) know(ctx context.Context, c *call, id uuid.UUID) error {
	stored, err := c.Stored(ctx, "conditions", []uuid.UUID{id})
	if err != nil || len(stored) == 0 {
		return err
	}
	var d medicalrecords.Condition
	if err := stored[id].Decode(&d); err != nil {
		return err
	}
	p.codes[id] = d.Code
	return nil
}

// primaryIsOfClass finds that no primary diagnosis has a code of the class's dictionary.
func primaryIsOfClass(_ context.Context, _ *call, p *content) ([]wrong, error) {
	system, known := icd10, false
	if p.class == phc {
		system = icpc2
	}
	for _, d := range p.Encounter.Diagnoses {
		if d.Role.Coding[0].Code != "primary" {
			continue
		}
		code := p.codeOf(d.Condition.Identifier.Value)
		if len(code.Coding) == 0 { // its condition is not found
			return nil, nil
		}
		known = known || hasSystem(code, system)
	}
	if known || len(p.Encounter.Diagnoses) == 0 {
		return nil, nil
	}
	return []wrong{{"$.encounter.diagnoses", []any{"system", system}}}, nil
}

// actionIsReferred finds that nothing of the package is the service that the referral asks for.
func actionIsReferred(ctx context.Context, c *call, p *content) ([]wrong, error) {
	if p.class == phc || p.Encounter.IncomingReferral == nil {
		return nil, nil
	}
	found, err := look(ctx, c, "service_request", p.Encounter.IncomingReferral.Identifier.Value)
	if err != nil || found == nil {
		return nil, err
	}
	done := slices.Clone(p.Encounter.ActionReferences)
	for i := range p.DiagnosticReports {
		done = append(done, p.DiagnosticReports[i].Code)
	}
	for i := range p.Procedures {
		done = append(done, p.Procedures[i].Code)
	}
	for _, service := range done {
		if fits, err := isOrdered(ctx, c, found.Order, service.Identifier.Value); err != nil || fits {
			return nil, err
		}
	}
	if len(done) == 0 {
		return nil, nil // another check is about that
	}
	return []wrong{{"$.encounter.action_references", nil}}, nil
}

// isOrdered tells whether a service is that of a service request, or of its group.
func isOrdered(ctx context.Context, c *call, order *operation.Referral, service uuid.UUID) (bool, error) {
	if order.Code.Kind() != "service_group" {
		return order.Code.Identifier.Value == service, nil
	}
	found, err := look(ctx, c, "service", service)
	return found != nil && slices.Contains(found.Groups, order.Code.Identifier.Value), err
}
