package encounterpackages

import (
	"context"
	"fmt"
	"slices"
	"time"

	"esoz/internal/operation"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/medicalrecords"
)

func countConditions(p *content) int   { return len(p.Conditions) }
func countObservations(p *content) int { return len(p.Observations) }

// conditions are the checks of the conditions.
var conditions = slices.Concat([]check{
	idsDiffer("condition", "conditions"),
	contexts("condition_context", "conditions", "context", func(p *content) (refs []reference) {
		for i := range p.Conditions {
			refs = append(refs, p.Conditions[i].Context)
		}
		return refs
	}),
	each("condition_system", "conditions", ".code.coding[0].system", countConditions, func(_ *call, p *content, i int) bool {
		return p.class == phc || !slices.ContainsFunc(p.Conditions[i].Code.Coding, func(c medicalevents.Coding) bool { return c.System != icd10 })
	}),
	each("condition_dictionary", "conditions", ".code", countConditions, func(_ *call, p *content, i int) bool {
		seen := map[string]bool{}
		for _, c := range p.Conditions[i].Code.Coding {
			if seen[c.System] {
				return false
			}
			seen[c.System] = true
		}
		return true
	}),
	past("condition_onset", "conditions", "onset_date", countConditions, func(p *content, i int) time.Time { return p.Conditions[i].OnsetDate }),
	young("condition_onset_age", "conditions", "onset_date", countConditions, func(p *content, i int) time.Time { return p.Conditions[i].OnsetDate },
		func(c *call) int { return c.Config.ConditionMaxDays }),
	past("condition_asserted", "conditions", "asserted_date", countConditions, func(p *content, i int) time.Time {
		if at := p.Conditions[i].AssertedDate; at != nil {
			return *at
		}
		return time.Time{}
	}),
	evidence.exists("condition_evidence"), evidence.counts("condition_evidence_status"),
}, sources("conditions", "condition", "asserter", func(p *content) (all []source) {
	for i := range p.Conditions {
		d := &p.Conditions[i]
		all = append(all, source{d.PrimarySource, d.Asserter, d.ReportOrigin})
	}
	return all
}), []check{idsAreFree("condition", "conditions")})

var evidence = refers{kind: "observation", within: true, places: func(p *content) (places []place) {
	for i := range p.Conditions {
		for k := range p.Conditions[i].Evidences {
			details := p.Conditions[i].Evidences[k].Details
			for m := range details {
				places = append(places, place{fmt.Sprintf("$.conditions[%d].evidences[%d].details[%d]", i, k, m), &details[m]})
			}
		}
	}
	return places
}}

// observations are the checks of the observations, and after them that of the vaccinations whose reactions they are,
// which answers alone.
var observations = slices.Concat([]check{
	idsDiffer("observation", "observations"),
	contexts("observation_context", "observations", "context", func(p *content) (refs []reference) {
		for i := range p.Observations {
			refs = append(refs, *p.Observations[i].Context)
		}
		return refs
	}),
	each("observation_report", "observations", ".diagnostic_report.identifier.value", countObservations, func(_ *call, p *content, i int) bool {
		of := p.Observations[i].DiagnosticReport
		return of == nil || p.has("diagnostic_report", of.Identifier.Value)
	}),
	past("observation_issued", "observations", "issued", countObservations, func(p *content, i int) time.Time { return p.Observations[i].Issued }),
	young("observation_issued_age", "observations", "issued", countObservations, func(p *content, i int) time.Time { return p.Observations[i].Issued },
		func(c *call) int { return c.Config.ObservationMaxDays }),
}, periods("observation_effective", "observations", "effective_period", func(p *content) (all []*medicalevents.Period) {
	for i := range p.Observations {
		all = append(all, p.Observations[i].EffectivePeriod)
	}
	return all
}), sources("observations", "observation", "performer", func(p *content) (all []source) {
	for i := range p.Observations {
		d := &p.Observations[i]
		all = append(all, source{d.PrimarySource, d.Performer, d.ReportOrigin})
	}
	return all
}), []check{
	expects("identity_needed", "$.observations", func(c *call, p *content) bool {
		if p.kind() != identity {
			return true
		}
		for _, code := range c.Config.IdentityObservations {
			if !slices.ContainsFunc(p.Observations, func(o observation) bool { return o.Code.Coding[0].Code == code }) {
				return false
			}
		}
		return true
	}),
	each("identity_allowed", "observations", ".code.coding[0].code", countObservations, func(c *call, p *content, i int) bool {
		code := p.Observations[i].Code.Coding[0].Code
		return p.kind() != identity || slices.Contains(c.Config.IdentityObservations, code) || slices.Contains(c.Config.IdentityObservationsMore, code)
	}),
	sampled.exists("observation_specimen"), sampled.counts("observation_specimen_status"),
	idsAreFree("observation", "observations"),
	reactionsExist(),
})

var sampled = refers{kind: "specimen", places: func(p *content) (places []place) {
	for i := range p.Observations {
		places = append(places, place{fmt.Sprintf("$.observations[%d].specimen", i), p.Observations[i].Specimen})
	}
	return places
}}

func reactionsExist() check {
	id := rule("reaction")
	return check{Rule: id, Pass: func(ctx context.Context, c *call) error {
		p := c.Body.content
		for i := range p.Observations {
			of := p.Observations[i].ReactionOn
			if of == nil || p.has("immunization", of.Identifier.Value) {
				continue
			}
			found, err := look(ctx, c, "immunization", of.Identifier.Value)
			if err != nil {
				return err
			}
			if found == nil || found.Status == inError {
				return operation.Explained(fault.NewFact(fmt.Sprintf("$.observations[%d].reaction_on", i), "a vaccination of the package or of the patient", "none"),
					"id", of.Identifier.Value)
			}
		}
		return nil
	}}
}

// periods are the checks of periods that must be over.
func periods(name, plural, field string, of func(p *content) []*medicalevents.Period) []check {
	each := func(rule, end string, ok func(c *call, at medicalevents.Period) bool) check {
		return finds(name+rule, func(_ context.Context, c *call, p *content) (found []wrong, _ error) {
			for i, at := range of(p) {
				if at != nil && !ok(c, *at) {
					found = append(found, wrong{fmt.Sprintf("$.%s[%d].%s.%s", plural, i, field, end), nil})
				}
			}
			return found, nil
		})
	}
	return []check{
		each("_start", "start", func(c *call, at medicalevents.Period) bool { return !at.Start.After(c.Now) }),
		each("_end", "end", func(c *call, at medicalevents.Period) bool { return at.End == nil || !at.End.After(c.Now) }),
		each("_order", "end", func(_ *call, at medicalevents.Period) bool { return at.End == nil || !at.End.Before(at.Start) }),
	}
}

func countImmunizations(p *content) int { return len(p.Immunizations) }

// immunizations are the checks of the vaccinations.
var immunizations = slices.Concat([]check{
	idsDiffer("immunization", "immunizations"),
	contexts("immunization_context", "immunizations", "context", func(p *content) (refs []reference) {
		for i := range p.Immunizations {
			refs = append(refs, p.Immunizations[i].Context)
		}
		return refs
	}),
	past("immunization_date", "immunizations", "date", countImmunizations, func(p *content, i int) time.Time { return p.Immunizations[i].Date }),
	young("immunization_date_age", "immunizations", "date", countImmunizations, func(p *content, i int) time.Time { return p.Immunizations[i].Date },
		func(c *call) int { return c.Config.ImmunizationMaxDays }),
}, sources("immunizations", "immunization", "performer", func(p *content) (all []source) {
	for i := range p.Immunizations {
		d := &p.Immunizations[i]
		all = append(all, source{d.PrimarySource, d.Performer, d.ReportOrigin})
	}
	return all
}), []check{
	ofProtocols("immunization_dose_sequence", "dose_sequence", func(v medicalrecords.VaccinationProtocol) *int { return v.DoseSequence }),
	ofProtocols("immunization_series_doses", "series_doses", func(v medicalrecords.VaccinationProtocol) *int { return v.SeriesDoses }),
	finds("immunization_needed", func(_ context.Context, _ *call, p *content) (found []wrong, _ error) {
		for i := range p.Immunizations {
			d := &p.Immunizations[i]
			explained := d.Explanation
			if explained == nil {
				explained = new(medicalrecords.ImmunizationExplanation)
			}
			given := d.PrimarySource && !d.NotGiven
			for _, field := range []struct {
				name        string
				has, needed bool
			}{
				{"explanation.reasons", len(explained.Reasons) > 0, !d.NotGiven},
				{"explanation.reasons_not_given", len(explained.ReasonsNotGiven) > 0, d.NotGiven},
				{"manufacturer", d.Manufacturer != nil, given},
				{"lot_number", d.LotNumber != nil, given},
				{"expiration_date", d.ExpirationDate != nil, given},
				{"site", d.Site != nil, given},
				{"route", d.Route != nil, given},
				{"dose_quantity", d.DoseQuantity != nil, given},
			} {
				if field.needed && !field.has {
					found = append(found, wrong{fmt.Sprintf("$.immunizations[%d].%s", i, field.name), []any{"property", field.name}})
				}
			}
		}
		return found, nil
	}),
	finds("immunization_excluded", func(_ context.Context, _ *call, p *content) (found []wrong, _ error) {
		for i := range p.Immunizations {
			d := &p.Immunizations[i]
			if d.Explanation == nil {
				continue
			}
			if d.NotGiven && len(d.Explanation.Reasons) > 0 {
				found = append(found, wrong{fmt.Sprintf("$.immunizations[%d].explanation.reasons", i), nil})
			}
			if !d.NotGiven && len(d.Explanation.ReasonsNotGiven) > 0 {
				found = append(found, wrong{fmt.Sprintf("$.immunizations[%d].explanation.reasons_not_given", i), nil})
			}
		}
		return found, nil
	}),
	idsAreFree("immunization", "immunizations"),
})

func ofProtocols(name, field string, of func(v medicalrecords.VaccinationProtocol) *int) check {
	return finds(name, func(_ context.Context, _ *call, p *content) (found []wrong, _ error) {
		for i := range p.Immunizations {
			for k, protocol := range p.Immunizations[i].VaccinationProtocols {
				if n := of(protocol); n != nil && *n <= 0 {
					found = append(found, wrong{fmt.Sprintf("$.immunizations[%d].vaccination_protocols[%d].%s", i, k, field), nil})
				}
			}
		}
		return found, nil
	})
}

func countAllergies(p *content) int { return len(p.AllergyIntolerances) }

// allergies are the checks of the allergies and intolerances.
var allergies = slices.Concat([]check{
	idsDiffer("allergy_intolerance", "allergy_intolerances"),
	contexts("allergy_intolerance_context", "allergy_intolerances", "context", func(p *content) (refs []reference) {
		for i := range p.AllergyIntolerances {
			refs = append(refs, p.AllergyIntolerances[i].Context)
		}
		return refs
	}),
	past("allergy_intolerance_onset", "allergy_intolerances", "onset_date_time", countAllergies,
		func(p *content, i int) time.Time { return p.AllergyIntolerances[i].OnsetDateTime }),
	young("allergy_intolerance_onset_age", "allergy_intolerances", "onset_date_time", countAllergies,
		func(p *content, i int) time.Time { return p.AllergyIntolerances[i].OnsetDateTime }, func(c *call) int { return c.Config.AllergyIntoleranceMaxDays }),
	past("allergy_intolerance_asserted", "allergy_intolerances", "asserted_date", countAllergies,
		func(p *content, i int) time.Time { return p.AllergyIntolerances[i].AssertedDate }),
	past("allergy_intolerance_last", "allergy_intolerances", "last_occurrence", countAllergies, func(p *content, i int) time.Time {
		if at := p.AllergyIntolerances[i].LastOccurrence; at != nil {
			return *at
		}
		return time.Time{}
	}),
}, sources("allergy_intolerances", "allergy_intolerance", "asserter", func(p *content) (all []source) {
	for i := range p.AllergyIntolerances {
		d := &p.AllergyIntolerances[i]
		all = append(all, source{d.PrimarySource, d.Asserter, d.ReportOrigin})
	}
	return all
}), []check{idsAreFree("allergy_intolerance", "allergy_intolerances")})

func countRisks(p *content) int { return len(p.RiskAssessments) }

// risks are the checks of the risk assessments.
var risks = slices.Concat([]check{
	idsDiffer("risk_assessment", "risk_assessments"),
	contexts("risk_assessment_context", "risk_assessments", "context", func(p *content) (refs []reference) {
		for i := range p.RiskAssessments {
			refs = append(refs, p.RiskAssessments[i].Context)
		}
		return refs
	}),
	past("risk_assessment_asserted", "risk_assessments", "asserted_date", countRisks,
		func(p *content, i int) time.Time { return p.RiskAssessments[i].AssertedDate }),
}, employees("risk_assessment_performer", func(p *content) (places []place) {
	for i := range p.RiskAssessments {
		places = append(places, place{fmt.Sprintf("$.risk_assessments[%d].performer", i), &p.RiskAssessments[i].Performer})
	}
	return places
}), []check{
	basis.exists("risk_assessment_basis"), basis.counts("risk_assessment_basis_status"),
	idsAreFree("risk_assessment", "risk_assessments"),
})

var basis = refers{within: true, titled: true, places: func(p *content) (places []place) {
	for i := range p.RiskAssessments {
		d := &p.RiskAssessments[i]
		for k := range d.ReasonReferences {
			places = append(places, place{fmt.Sprintf("$.risk_assessments[%d].reason_references[%d]", i, k), &d.ReasonReferences[k]})
		}
		if d.Basis == nil {
			continue
		}
		for k := range d.Basis.References {
			places = append(places, place{fmt.Sprintf("$.risk_assessments[%d].basis.references[%d]", i, k), &d.Basis.References[k]})
		}
	}
	return places
}}
