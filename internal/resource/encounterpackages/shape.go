package encounterpackages

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
)

// shapes are the rules of the shape of the content, by the validator's word.
var shapes = []struct{ keyword, rule string }{
	{"", "content_kind"},
	{"schema", "content_unknown"},
	{"required", "content_required"},
	{"cast", "content_type"},
	{"inclusion", "content_value"},
	{"length", "content_length"},
	{"number", "content_number"},
	{"format", "content_format"},
	{"datetime", "content_datetime"},
	{"date", "content_date"},
	{"invalid", "content_duplicate"},
}

// shape makes the checks of the shape of the content at once, and reads it.
func shape(family, schema string) check {
	ids := make([]rules.ID, len(shapes))
	for i, s := range shapes {
		ids[i] = rules.ID(family + "." + s.rule)
	}
	return check{Rule: ids[0], Or: ids[1:], Pass: func(_ context.Context, c *call) error {
		items := c.API.Engine.Contents.Violations(schema, c.Content)
		if len(items) < c.Config.ContentErrors {
			items = append(items, values(c, c.Object(), family)...)
		}
		var refused operation.Refusals
		for i, item := range items {
			if i == c.Config.ContentErrors {
				break
			}
			refused = append(refused, refusalOf(family, item))
		}
		if len(refused) > 0 {
			return refused
		}
		return c.Body.read(c.Object())
	}}
}

// refusalOf a violation of the shape.
func refusalOf(family string, item fault.Item) *fault.Error {
	found := item.Rules[0]
	rule := func(name string) rules.ID { return rules.ID(family + "." + name) }
	name := "content_unknown"
	for _, s := range shapes {
		if s.keyword == found.Rule {
			name = s.rule
		}
	}
	kind := strings.TrimPrefix(item.Entry, "$.")
	if found.Rule == "schema" && slices.Contains(unsupported, kind) {
		refusal := fault.RefuseAt(rule("content_kind"), item.Entry, found.Params)
		fact := fault.NewFact("kinds of the package", supported(), kind)
		fact.Hint = kind + " are part of packages in the national system and not of this server; leave them out"
		return refusal.With(fact)
	}
	refusal := fault.RefuseAt(rule(name), item.Entry, nil)
	documented, _ := rules.Get(rule(name))
	refusal.Invalid = []fault.Item{item}
	return refusal.Because(item.Entry, documented.Check, found.Rule)
}

func supported() []string {
	names := []string{"encounter"}
	for _, k := range kinds {
		names = append(names, k.plural)
	}
	return names
}

// binding tells what may stand at a place: codes of dictionaries, or references to kinds.
type binding struct {
	place string // [*] stands for any index
	names []string
	not   string // a code that only cancelling gives
}

const (
	icpc2   = "eHealth/ICPC2/condition_codes"
	icd10   = "eHealth/ICD10_AM/condition_codes"
	origins = "eHealth/report_origins"
	units   = "eHealth/ucum/units"
)

var (
	// concepts are what has coding[].
	concepts = []binding{
		{"encounter.type", one("eHealth/encounter_types"), ""},
		{"encounter.priority", one("eHealth/encounter_priority"), ""},
		{"encounter.reasons[*]", one("eHealth/ICPC2/reasons"), ""},
		{"encounter.diagnoses[*].role", one("eHealth/diagnosis_roles"), ""},
		{"encounter.actions[*]", one("eHealth/ICPC2/actions"), ""},
		{"encounter.hospitalization.admit_source", one("eHealth/encounter_admit_source"), ""},
		{"encounter.hospitalization.re_admission", one("eHealth/encounter_re_admission"), ""},
		{"encounter.hospitalization.discharge_disposition", one("eHealth/encounter_discharge_disposition"), ""},
		{"encounter.hospitalization.discharge_department", one("eHealth/encounter_discharge_department"), ""},
		{"conditions[*].code", []string{icpc2, icd10}, ""},
		{"conditions[*].report_origin", one(origins), ""},
		{"conditions[*].severity", one("eHealth/condition_severities"), ""},
		{"conditions[*].body_sites[*]", one("eHealth/body_sites"), ""},
		{"conditions[*].stage.summary", one("eHealth/condition_stages"), ""},
		{"conditions[*].evidences[*].codes[*]", one("eHealth/ICPC2/reasons"), ""},
		{"observations[*].categories[*]", []string{"eHealth/observation_categories", "eHealth/ICF/observation_categories"}, ""},
		{"observations[*].code", []string{"eHealth/LOINC/observation_codes", "eHealth/custom/observation_codes", "eHealth/ICF/classifiers"}, ""},
		{"observations[*].report_origin", one(origins), ""},
		{"observations[*].interpretation", one("eHealth/observation_interpretations"), ""},
		{"observations[*].body_site", one("eHealth/body_sites"), ""},
		{"observations[*].method", one("eHealth/observation_methods"), ""},
		{"observations[*].reference_ranges[*].type", one("eHealth/reference_range_types"), ""},
		{"observations[*].reference_ranges[*].applies_to", one("eHealth/reference_range_applications"), ""},
		{"observations[*].components[*].interpretation", one("eHealth/observation_interpretations"), ""},
		{"observations[*].components[*].reference_ranges[*].type", one("eHealth/reference_range_types"), ""},
		{"observations[*].components[*].reference_ranges[*].applies_to", one("eHealth/reference_range_applications"), ""},
		{"diagnostic_reports[*].category[*]", one("eHealth/diagnostic_report_categories"), ""},
		{"diagnostic_reports[*].conclusion_code", one(icd10), ""},
		{"diagnostic_reports[*].report_origin", one(origins), ""},
		{"procedures[*].category", one("eHealth/procedure_categories"), ""},
		{"procedures[*].outcome", one("eHealth/procedure_outcomes"), ""},
		{"procedures[*].status_reason", one("eHealth/procedure_status_reasons"), ""},
		{"procedures[*].report_origin", one(origins), ""},
		{"procedures[*].used_codes[*]", one("eHealth/assistive_products"), ""},
		{"procedures[*].focal_device.action", one("procedure_focal_device_actions"), ""},
		{"immunizations[*].vaccine_code", one("eHealth/vaccine_codes"), ""},
		{"immunizations[*].report_origin", one("eHealth/immunization_report_origins"), ""},
		{"immunizations[*].site", one("eHealth/immunization_body_sites"), ""},
		{"immunizations[*].route", one("eHealth/vaccination_routes"), ""},
		{"immunizations[*].explanation.reasons[*]", one("eHealth/reason_explanations"), ""},
		{"immunizations[*].explanation.reasons_not_given", one("eHealth/reason_not_given_explanations"), ""},
		{"immunizations[*].vaccination_protocols[*].authority", one("eHealth/vaccination_authorities"), ""},
		{"immunizations[*].vaccination_protocols[*].target_diseases[*]", one("eHealth/vaccination_target_diseases"), ""},
		{"allergy_intolerances[*].code", one("eHealth/allergy_intolerance_codes"), ""},
		{"allergy_intolerances[*].report_origin", one(origins), ""},
		{"risk_assessments[*].method", []string{"eHealth/risk_assesment_methods", "eHealth/risk_assessment_methods"}, ""},
		{"risk_assessments[*].code", []string{"eHealth/risk_assesment_codes", "eHealth/risk_assessment_codes"}, ""},
		{"risk_assessments[*].reason_codes", one("eHealth/risk_assessment_reasons"), ""},
		{"risk_assessments[*].predictions[*].outcome", one("eHealth/risk_assessment_outcomes"), ""},
		{"risk_assessments[*].predictions[*].qualitative_risk", one("eHealth/risk_assessment_qualitative_risks"), ""},
	}
	// codings are single values with their system.
	codings = []binding{
		{"encounter.class", one("eHealth/encounter_classes"), ""},
		{"observations[*].value_quantity", one(units), ""},
		{"observations[*].components[*].value_quantity", one(units), ""},
		{"immunizations[*].dose_quantity", one("eHealth/immunization_dosage_units"), ""},
	}
	// codes are single values without it.
	codes = []binding{
		{"conditions[*].clinical_status", one("eHealth/condition_clinical_statuses"), ""},
		{"conditions[*].verification_status", one("eHealth/condition_verification_statuses"), inError},
		{"allergy_intolerances[*].clinical_status", one("eHealth/allergy_intolerance_clinical_statuses"), ""},
		{"allergy_intolerances[*].verification_status", one("eHealth/allergy_intolerance_verification_statuses"), inError},
		{"allergy_intolerances[*].type", one("eHealth/allergy_intolerance_types"), ""},
		{"allergy_intolerances[*].category", one("eHealth/allergy_intolerance_categories"), ""},
		{"allergy_intolerances[*].criticality", one("eHealth/allergy_intolerance_criticalities"), ""},
		{"risk_assessments[*].status", one("eHealth/risk_assessment_statuses"), inError},
	}
	// references are what leads to objects, by their kinds.
	references = []binding{
		{"encounter.visit", one("visit"), ""},
		{"encounter.episode", []string{"episode", "episode_of_care"}, ""},
		{"encounter.performer", one("employee"), ""},
		{"encounter.incoming_referral", one("service_request"), ""},
		{"encounter.division", one("division"), ""},
		{"encounter.diagnoses[*].condition", one("condition"), ""},
		{"encounter.action_references[*]", one("service"), ""},
		{"encounter.supporting_info[*]", []string{"observation", "diagnostic_report", "condition"}, ""},
		{"encounter.hospitalization.destination", []string{"division", "legal_entity"}, ""},
		{"encounter.participant[*]", one("employee"), ""},
		{"conditions[*].asserter", one("employee"), ""},
		{"conditions[*].context", one("encounter"), ""},
		{"conditions[*].evidences[*].details[*]", one("observation"), ""},
		{"observations[*].performer", one("employee"), ""},
		{"observations[*].context", one("encounter"), ""},
		{"observations[*].diagnostic_report", one("diagnostic_report"), ""},
		{"observations[*].reaction_on", one("immunization"), ""},
		{"observations[*].specimen", one("specimen"), ""},
		{"observations[*].device", []string{"equipment", "device"}, ""},
		{"diagnostic_reports[*].based_on", one("service_request"), ""},
		{"diagnostic_reports[*].code", one("service"), ""},
		{"diagnostic_reports[*].recorded_by", one("employee"), ""},
		{"diagnostic_reports[*].specimens[*]", one("specimen"), ""},
		{"diagnostic_reports[*].used_references[*]", []string{"equipment", "device"}, ""},
		{"diagnostic_reports[*].encounter", one("encounter"), ""},
		{"diagnostic_reports[*].division", one("division"), ""},
		{"diagnostic_reports[*].managing_organization", one("legal_entity"), ""},
		{"diagnostic_reports[*].performer.reference", one("employee"), ""},
		{"diagnostic_reports[*].results_interpreter.reference", one("employee"), ""},
		{"procedures[*].based_on", one("service_request"), ""},
		{"procedures[*].code", one("service"), ""},
		{"procedures[*].recorded_by", one("employee"), ""},
		{"procedures[*].performer", one("employee"), ""},
		{"procedures[*].division", one("division"), ""},
		{"procedures[*].managing_organization", one("legal_entity"), ""},
		{"procedures[*].encounter", one("encounter"), ""},
		{"procedures[*].reason_references[*]", []string{"condition", "observation", "diagnostic_report"}, ""},
		{"procedures[*].complication_details[*]", []string{"condition", "observation", "diagnostic_report"}, ""},
		{"procedures[*].used_references[*]", []string{"equipment", "device"}, ""},
		{"procedures[*].focal_device.manipulated", one("device"), ""},
		{"immunizations[*].performer", one("employee"), ""},
		{"immunizations[*].context", one("encounter"), ""},
		{"allergy_intolerances[*].asserter", one("employee"), ""},
		{"allergy_intolerances[*].context", one("encounter"), ""},
		{"risk_assessments[*].performer", one("employee"), ""},
		{"risk_assessments[*].context", one("encounter"), ""},
		{"risk_assessments[*].basis.references[*]", []string{"observation", "condition", "diagnostic_report"}, ""},
		{"risk_assessments[*].reason_references[*]", []string{"observation", "condition", "diagnostic_report"}, ""},
	}
)

func one(name string) []string { return []string{name} }

// values finds what no dictionary has, and references to objects of other kinds.
func values(c *call, sent map[string]any, family string) (found []fault.Item) {
	refuse := func(at string) {
		found = append(found, fault.Item{Entry: at, EntryType: "json_data_property", Rules: []fault.Rule{{
			Rule: "inclusion", Description: "value is not allowed in enum", RawDescription: "value is not allowed in enum", Params: map[string]any{},
		}}})
	}
	known := func(dictionary, code string) bool {
		return slices.Contains(c.API.Dictionaries.Codes(dictionary), code) || c.API.Dictionaries.IsOpen(dictionary)
	}
	value := func(at string, of map[string]any, names []string) {
		system, hasSystem := of["system"].(string)
		code, hasCode := of["code"].(string)
		switch {
		case hasSystem && !slices.Contains(names, system):
			refuse(at + ".system")
		case hasSystem && hasCode && !known(system, code):
			refuse(at + ".code")
		}
	}
	for _, b := range codings {
		visit(sent, "$", b.place, func(at string, v any) {
			if object, ok := v.(map[string]any); ok {
				value(at, object, b.names)
			}
		})
	}
	for _, b := range concepts {
		visit(sent, "$", b.place+".coding[*]", func(at string, v any) {
			if object, ok := v.(map[string]any); ok {
				value(at, object, b.names)
			}
		})
	}
	for _, b := range codes {
		visit(sent, "$", b.place, func(at string, v any) {
			if code, ok := v.(string); ok && (code == b.not && family != cancelFamily || !known(b.names[0], code)) {
				refuse(at)
			}
		})
	}
	for _, b := range references {
		visit(sent, "$", b.place+".identifier.type.coding[*]", func(at string, v any) {
			object, _ := v.(map[string]any)
			code, _ := object["code"].(string)
			switch {
			case object["system"] != medicalevents.Resources:
				refuse(at + ".system")
			case !slices.Contains(b.names, code):
				refuse(at + ".code")
			}
		})
	}
	return found
}

// visit calls fn with what stands at a place below a value.
func visit(value any, at, rest string, fn func(at string, value any)) {
	if rest == "" {
		fn(at, value)
		return
	}
	if tail, ok := strings.CutPrefix(rest, "[*]"); ok {
		items, _ := value.([]any)
		for i, item := range items {
			visit(item, fmt.Sprintf("%s[%d]", at, i), tail, fn)
		}
		return
	}
	rest = strings.TrimPrefix(rest, ".")
	end := strings.IndexAny(rest, ".[")
	if end < 0 {
		end = len(rest)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return
	}
	if field, ok := object[rest[:end]]; ok {
		visit(field, at+"."+rest[:end], rest[end:], fn)
	}
}

// choice is a set of fields of which at most one may be there, and at least one where it is needed.
type choice struct {
	place  string
	fields []string
	needed bool
}

var observed = []string{
	"value_quantity", "value_codeable_concept", "value_sampled_data", "value_string", "value_boolean", "value_range", "value_ratio", "value_time",
	"value_date_time", "value_period",
}

var choices = []choice{
	{"conditions[*]", []string{"report_origin", "asserter"}, true},
	{"allergy_intolerances[*]", []string{"report_origin", "asserter"}, true},
	{"observations[*]", []string{"report_origin", "performer"}, true},
	{"immunizations[*]", []string{"report_origin", "performer"}, true},
	{"procedures[*]", []string{"report_origin", "performer"}, true},
	{"observations[*]", []string{"effective_date_time", "effective_period"}, false},
	{"observations[*]", observed, true},
	{"observations[*].components[*]", observed, true},
	{"procedures[*]", []string{"performed_date_time", "performed_period"}, true},
	{"diagnostic_reports[*]", []string{"effective_date_time", "effective_period"}, false},
	{"immunizations[*].explanation", []string{"reasons", "reasons_not_given"}, false},
	{"risk_assessments[*]", []string{"reason_references", "reason_codes"}, false},
	{"risk_assessments[*].predictions[*]", []string{"probability_range", "probability_decimal"}, false},
	{"risk_assessments[*].predictions[*]", []string{"when_range", "when_period"}, false},
	{"diagnostic_reports[*].performer", []string{"reference", "text"}, true},
	{"diagnostic_reports[*].results_interpreter", []string{"reference", "text"}, true},
	{"encounter", []string{"incoming_referral", "paper_referral"}, false},
}

// oneOf makes the checks of fields that exclude each other.
func oneOf(family string) check {
	needed, single := rules.ID(family+".one_of_needed"), rules.ID(family+".one_of_single")
	return check{Rule: needed, Or: []rules.ID{single}, Pass: func(_ context.Context, c *call) error {
		var missing, more operation.Refusals
		for _, ch := range choices {
			visit(c.Object(), "$", ch.place, func(at string, v any) {
				object, _ := v.(map[string]any)
				var have []string
				params := make([]any, len(ch.fields))
				for i, field := range ch.fields {
					params[i] = at + "." + field
					if _, ok := object[field]; ok {
						have = append(have, field)
					}
				}
				switch {
				case len(have) == 0 && ch.needed:
					missing = append(missing, fault.RefuseAt(needed, at, params).Because(at, "one of "+strings.Join(ch.fields, ", "), "none"))
				case len(have) > 1:
					for _, field := range have {
						place := at + "." + field
						more = append(more, fault.RefuseAt(single, place, params).Because(place, "one of "+strings.Join(ch.fields, ", "), strings.Join(have, ", ")))
					}
				}
			})
		}
		return append(missing, more...).OrNil()
	}}
}
