package encounterpackages

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	document "esoz/internal/resource/approvals"
	"esoz/internal/resource/encounterpackages"
	stored "esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	records "esoz/internal/resource/medicalrecords"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/approvals"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/episodes"
)

const (
	ofCancelled         = "episode of packages to be cancelled"
	ofCancelledHospital = "episode of packages of the hospital to be cancelled"
)

const inError = "entered_in_error"

// kept are packages that are stored, by the names of their episodes.
type kept struct {
	w       *build.World
	history map[string][]stored.DiagnosesItem
}

// add stores a package as Submit Encounter Package does; change is what was done to a record since.
func (k kept) add(episode string, p *pack, change func(collection string, r encounterpackages.Record)) {
	w, of, at := k.w, "clinic", k.w.Now.Add(-time.Hour)
	if episode == ofCancelledHospital {
		of = "hospital"
	}
	var sent map[string]any
	if err := json.Unmarshal([]byte(marshal(p.content)), &sent); err != nil {
		panic(err) // a value of the world
	}
	all, err := encounterpackages.Records(sent)
	if err != nil {
		panic(err) // as above
	}
	encounter, _ := all["encounters"][0].(*records.Encounter)
	for i := range encounter.Diagnoses {
		condition, _ := all["conditions"][i].(*records.Condition)
		encounter.Diagnoses[i].Code = condition.Code
	}
	w.Objects = append(w.Objects, build.Object{Name: "encounter in " + p.name, Kind: "encounter", ID: encounter.ID, Note: "finished, of a package that can be cancelled"})
	for _, collection := range append([]string{"encounters"}, collections...) {
		for _, r := range all[collection] {
			*r.Head() = records.Header{
				ID: r.Head().ID, PatientID: w.Seal.PatientID(build.ID("patient")), ContextEpisodeID: new(build.ID(episode)), Visible: true,
				ManagingOrganization: medicalevents.To("legal_entity", build.ID(of)),
				InsertedAt:           at, InsertedBy: build.ID(p.user), UpdatedAt: at, UpdatedBy: build.ID(p.user),
			}
			if change != nil {
				change(collection, r)
			}
			w.Document(collection, r)
		}
	}
	k.history[episode] = append(k.history[episode], stored.DiagnosesItem{
		Date: at, IsActive: encounter.Status != inError, Evidence: medicalevents.To("encounter", encounter.ID), Diagnoses: encounter.Diagnoses,
	})
}

var collections = []string{
	"conditions", "observations", "diagnostic_reports", "procedures", "immunizations", "allergy_intolerances", "risk_assessments",
}

// inError makes of a package what is signed to cancel it: places are what is taken back.
func (p *pack) inError(places ...string) *pack {
	p.visit = nil
	p.put("encounter.cancellation_reason", concept("cancellation_reasons", "misspelling")).
		put("encounter.explanatory_letter", "Помилка під час внесення до системи")
	for _, place := range places {
		field := ".status"
		if strings.HasPrefix(place, "conditions") || strings.HasPrefix(place, "allergy_intolerances") {
			field = ".verification_status"
		}
		p.put(place+field, inError)
	}
	return p
}

// whole takes everything back.
func (p *pack) whole() *pack {
	places := []string{"encounter"}
	for _, plural := range collections {
		items, _ := p.content[plural].([]any)
		for i := range items {
			places = append(places, fmt.Sprintf("%s.%d", plural, i))
		}
	}
	return p.inError(places...)
}

// cancellation sends what its user has signed.
func (p *pack) cancellation(patient string) build.Request {
	return p.cancelledBy(patient, marshal(p.content), p.user)
}

func (p *pack) cancelledBy(patient, text, signer string) build.Request {
	return build.Patch(build.TokenValue(p.user), "/api/patients/"+patient+"/encounter_package").
		With(build.Row{"signed_data": p.w.Sign(json.RawMessage(text), accounts.Signer(signer))})
}

// by lets another user sign.
func (p *pack) by(user string) *pack {
	p.user = user
	return p
}

func cancelRule(name string) rules.ID { return rules.ID("encounter_package.cancel." + name) }

func cancel(w *build.World) {
	const op = "cancelEncounterPackage"
	patient := build.ID("patient").String()
	k := kept{w, map[string][]stored.DiagnosesItem{}}
	fam := func(name string) func() *pack { return func() *pack { return family(w, name, ofCancelled) } }
	all := func(name string) func() *pack {
		return func() *pack { return family(w, name, ofCancelled).everything() }
	}
	hos := func(name string) func() *pack { return func() *pack { return hospital(w, name, ofCancelledHospital) } }
	passes := func(title, episode string, of func() *pack, sign func(p *pack) *pack) {
		k.add(episode, of(), nil)
		w.Passes(op, title, sign(of()).cancellation(patient), http.StatusAccepted)
	}
	whole := (*pack).whole
	passes("an encounter that was entered in error", ofCancelled, fam("a package entered in error"), whole)
	passes("everything that was entered in error", ofCancelled, all("a full package entered in error"), whole)
	passes("a report and a procedure that were entered in error", ofCancelledHospital, hos("a package of an outpatient entered in error"), func(p *pack) *pack {
		return p.whole().put("procedures.0.status_reason", concept("procedure_status_reasons", "default")).
			put("procedures.0.explanatory_letter", "Не та процедура").put("diagnostic_reports.0.explanatory_letter", "Не той звіт")
	})
	passes("an observation of an encounter that stays", ofCancelled, all("a package with a wrong observation"), func(p *pack) *pack {
		p.inError("observations.0")
		for _, plural := range collections {
			if plural != "observations" {
				p.put(plural, nil)
			}
		}
		return p
	})
	passes("a medical administrator", ofCancelled, fam("a package that an administrator takes back"), func(p *pack) *pack { return p.whole().by("med_admin") })
	passes("a colleague with an approval", ofCancelled, fam("a package that a colleague takes back"), func(p *pack) *pack { return p.whole().by("colleague") })
	approvals.AddWriting(w, "approval to change an encounter", "patient", "lets the colleague change an encounter", "colleague",
		document.To("encounter", fam("a package that a colleague takes back")().id("encounter")))
	passes("lists in another order, with names", ofCancelledHospital, func() *pack {
		p := hos("a package with two diagnoses")()
		second := hospital(w, "a second diagnosis", ofCancelledHospital)
		condition, _ := second.get("conditions.0").(build.Row)
		condition["context"] = refer("encounter", p.id("encounter"))
		diagnosis, _ := second.get("encounter.diagnoses.0").(build.Row)
		diagnosis["role"], diagnosis["rank"] = concept("diagnosis_roles", "CC"), 2
		p.put("conditions", []any{p.get("conditions.0"), condition})
		return p.put("encounter.diagnoses", []any{p.get("encounter.diagnoses.0"), diagnosis})
	}, func(p *pack) *pack {
		diagnoses, _ := p.get("encounter.diagnoses").([]any)
		slices.Reverse(diagnoses)
		return p.whole().put("encounter.performer.display_value", "Лікар")
	})

	refuseCancellations(k, op, patient)
	for _, e := range []struct {
		name, note, kind string
		ofHospital       bool
	}{
		{ofCancelled, "active, of the clinic: encounter packages in it are cancelled", "PHC", false},
		{ofCancelledHospital, "active, of the hospital: encounter packages in it are cancelled", "TREATMENT", true},
	} {
		episodes.OfPackages(w, e.name, e.note, e.kind, e.ofHospital, func(d *stored.Document) {
			d.DiagnosesHistory = k.history[e.name]
			d.CurrentDiagnoses = d.DiagnosesHistory[len(d.DiagnosesHistory)-1].Diagnoses
		})
	}
}

func refuseCancellations(k kept, op, patient string) {
	w := k.w
	fam := func() *pack { return family(w, "a package that stays", ofCancelled) }
	all := func() *pack { return family(w, "a full package that stays", ofCancelled).everything() }
	hos := func() *pack { return hospital(w, "a package of an outpatient that stays", ofCancelledHospital) }
	k.add(ofCancelled, fam(), nil)
	k.add(ofCancelled, all(), nil)
	k.add(ofCancelledHospital, hos(), nil)
	refused := func(title string, request build.Request, refusal *fault.Error) *build.Case {
		return w.Refused(op, title, request, refusal)
	}
	at := func(name, entry string, args ...any) *fault.Error {
		return fault.RefuseAt(cancelRule(name), entry, nil, args...)
	}
	is := func(name string, args ...any) *fault.Error { return fault.Refuse(cancelRule(name), args...) }

	refused("an unknown patient", fam().whole().cancellation(build.ID("nobody").String()), is("person"))
	refused("a malformed patient id", fam().whole().cancellation("1"), is("person"))
	refused("an inactive patient", fam().whole().cancellation(build.ID("inactive_patient").String()), is("person_active"))
	refused("nothing signed", fam().whole().cancellation(patient).With(build.Row{}), build.MissingProperty(cancelRule("schema"), "signed_data"))
	for _, c := range []struct{ token, rule string }{{"stranger", "legal_entity"}, {"nhs", "legal_entity_type"}, {"suspended_doctor", "legal_entity_status"}} {
		refused("a token of "+strings.ReplaceAll(c.token, "_", " "), fam().whole().cancellation(patient).Bearing(build.TokenValue(c.token)), is(c.rule))
	}

	for _, b := range []struct {
		title   string
		pack    *pack
		put     []any // pairs of place and value
		refusal *fault.Error
	}{
		{"a kind that is not stored", fam().whole(), []any{"devices", []any{}}, at("content_kind", "$.devices")},
		{"a visit among what is signed", fam().whole(), []any{"visit", build.Row{}}, at("content_unknown", "$.visit")},
		{"no letter", fam().whole(), []any{"encounter.explanatory_letter", nil}, at("content_required", "$.encounter.explanatory_letter", "property", "explanatory_letter")},
		{"no reason", fam().inError("conditions.0"), []any{"encounter.cancellation_reason", nil}, at("content_required", "$.encounter.cancellation_reason", "property", "cancellation_reason")},
		{"a number as a letter", fam().whole(), []any{"encounter.explanatory_letter", 1}, at("content_type", "$.encounter.explanatory_letter", "expected", "string", "actual", "integer")},
		{"a status that no encounter has", fam().whole(), []any{"encounter.status", "cancelled"}, at("content_value", "$.encounter.status")},
		{"no code of a reason", fam().whole(), []any{"encounter.cancellation_reason.coding", []any{}}, at("content_length", "$.encounter.cancellation_reason.coding", "limits", "a minimum of 1 items but got 0")},
		{"a rank beyond ten", fam().whole(), []any{"encounter.diagnoses.0.rank", 11}, at("content_number", "$.encounter.diagnoses[0].rank", "limits", "<= 10")},
		{"an id that is no UUID", fam().whole(), []any{"encounter.id", "1"}, at("content_format", "$.encounter.id", "pattern", uuidPattern)},
		{"a moment that is none", fam().whole(), []any{"encounter.period.start", "yesterday"}, at("content_datetime", "$.encounter.period.start", "actual", "yesterday", "what", "a valid ISO 8601")},
		{"a day that does not exist", fam().whole(), []any{"conditions.0.onset_date", "2026-02-30"}, at("content_date", "$.conditions[0].onset_date", "actual", "2026-02-30", "what", "an existing")},
		{"neither an asserter nor an origin", fam().whole(), []any{"conditions.0.asserter", nil}, at("one_of_needed", "$.conditions[0]")},

		{"an encounter that nobody knows", fam().whole(), []any{"encounter.id", uuid.NewSHA1(uuid.Nil, []byte("nobody's encounter")).String()}, is("not_found")},
		{"an encounter of another patient", fam().whole(), []any{"encounter.id", build.ID("encounter of stranger_patient").String()}, is("not_found")},
		{"nothing that was entered in error", fam().inError(), nil, is("something")},
		{"another prescription", fam().whole(), []any{"encounter.prescriptions", "Пити чай"}, is("content", "path", "encounter.prescriptions")},
		{"another episode", fam().whole(), []any{"encounter.episode", named("episode", ofFamily)}, is("content", "path", "encounter.episode.identifier.value")},
		{"a field that was left out", fam().whole(), []any{"conditions.0.severity", nil}, is("content", "path", "conditions.0.severity")},
		{"another code of a condition", fam().whole(), []any{"conditions.0.code", concept("ICPC2/condition_codes", "A03")}, is("content", "path", "conditions.0.code.coding")},
		{"another lot of a vaccine", all().whole(), []any{"immunizations.0.lot_number", "BBJN11K"}, is("content", "path", "immunizations.0.lot_number")},
		{"a condition of another package", fam().whole(), []any{"conditions.0", all().whole().get("conditions.0")}, is("content", "path", "conditions.0")},
		{"a diagnosis of an encounter that stays", fam().inError("conditions.0"), nil, is("diagnosis")},
		{"a reason that no dictionary has", fam().whole(), []any{"encounter.cancellation_reason", concept("cancellation_reasons", "none")}, at("reason", "$.encounter.cancellation_reason.coding[0].code")},
		{"a reason of another dictionary", fam().whole(), []any{"encounter.cancellation_reason", concept("encounter_classes", "PHC")}, at("reason", "$.encounter.cancellation_reason.coding[0].system")},
	} {
		for i := 0; i+1 < len(b.put); i += 2 {
			place, _ := b.put[i].(string)
			b.pack.put(place, b.put[i+1])
		}
		refused(b.title, b.pack.cancellation(patient), b.refusal)
	}
	one := fam().whole()
	one.put("conditions", []any{one.get("conditions.0"), one.get("conditions.0")})
	refused("a condition twice", one.cancellation(patient), is("content", "path", "conditions.1"))
	twice := fam().whole()
	refused("a key twice", twice.cancelledBy(patient, `{"conditions":[],`+marshal(twice.content)[1:], twice.user),
		at("content_duplicate", "$.conditions", "key", "conditions", "place", "$.conditions"))
	refused("a condition with an asserter and an origin", fam().whole().put("conditions.0.report_origin", concept("report_origins", "patient")).cancellation(patient),
		fault.Join(at("one_of_single", "$.conditions[0].report_origin"), at("one_of_single", "$.conditions[0].asserter")))
	refused("a colleague without an approval", fam().whole().by("colleague").cancellation(patient), is("performer"))
	refused("an encounter of another clinic", hos().whole().by("med_admin").cancellation(patient), at("organization", "$.managing_organization.identifier.value"))

	gone := func(p *pack, collection, status string) {
		k.add(ofCancelled, p, func(of string, r encounterpackages.Record) {
			if of != collection {
				return
			}
			switch d := r.(type) {
			case *records.Encounter:
				d.Status = status
			case *records.Observation:
				d.Status = status
			}
		})
	}
	gone(family(w, "a package that was cancelled", ofCancelled), "encounters", inError)
	refused("an encounter that is cancelled already", family(w, "a package that was cancelled", ofCancelled).whole().cancellation(patient), is("transition", "kind", "encounter"))
	gone(family(w, "a package without its observation", ofCancelled).everything(), "observations", inError)
	refused("an observation that is cancelled already", family(w, "a package without its observation", ofCancelled).everything().whole().cancellation(patient),
		is("transition", "kind", "observation"))
	lost := family(w, "a package whose episode is lost", "episode that is lost")
	k.add("episode that is lost", lost, nil)
	refused("an encounter whose episode is lost", family(w, "a package whose episode is lost", "episode that is lost").whole().cancellation(patient), is("episode"))
}
