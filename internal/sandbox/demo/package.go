package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"esoz/internal/sandbox/world"
)

// pack is an encounter package that was submitted.
type pack struct {
	encounter, condition string
	content              body // as it was signed
}

// treat begins an episode of the patient who was registered, and keeps what the doctor has found.
func (w *walk) treat() (err error) {
	if w.episode, err = w.beginEpisode("/api/patients/" + w.person); err != nil {
		return err
	}
	w.say("Submit an encounter with its diagnosis, signed by the doctor")
	if w.first, err = w.submit(""); err != nil {
		return err
	}
	return w.isDiagnosed(w.first)
}

// submit is Submit Encounter Package of an encounter that carries out a referral, if there is one.
func (w *walk) submit(referral string) (pack, error) {
	now := time.Now().UTC() //nolint:forbidigo // as any client does
	at := func(minutes time.Duration) string { return now.Add(-minutes * time.Minute).Format(time.RFC3339) }
	code := func(dictionary, code string) body {
		return body{"coding": []body{{"system": "eHealth/" + dictionary, "code": code}}}
	}
	p, visit := pack{encounter: uuid.NewString(), condition: uuid.NewString()}, uuid.NewString()
	period, doctor := body{"start": at(30), "end": at(10)}, reference("employee", world.ID("employee doctor").String())
	encounter := body{
		"id": p.encounter, "status": "finished", "period": period, "visit": reference("visit", visit), "episode": reference("episode", w.episode),
		"class": body{"system": "eHealth/encounter_classes", "code": "PHC"}, "type": code("encounter_types", "service_delivery_location"),
		"performer": doctor, "reasons": []any{code("ICPC2/reasons", "A02")}, "actions": []any{code("ICPC2/actions", "A31")},
		"diagnoses": []any{body{"condition": reference("condition", p.condition), "role": code("diagnosis_roles", "primary"), "rank": 1}},
	}
	if referral != "" {
		encounter["incoming_referral"] = reference("service_request", referral)
	}
	p.content = body{"encounter": encounter, "conditions": []any{body{
		"id": p.condition, "primary_source": true, "asserter": doctor, "context": reference("encounter", p.encounter),
		"code": code("ICPC2/condition_codes", "R80"), "clinical_status": "active", "verification_status": "confirmed", "onset_date": at(60), "asserted_date": at(20),
	}}}
	return p, w.signedJob("doctor", http.MethodPost, w.patientPath("encounter_package", ""), p.content, body{"visit": body{"id": visit, "period": period}})
}

// takeBack cancels the package of the encounter with which the referral was completed: its diagnosis leaves the episode,
// and the referral stays as it is.
func (w *walk) takeBack() error {
	w.say("Cancel the second package: it was entered in error")
	if err := w.isDiagnosed(w.second); err != nil {
		return err
	}
	encounter, _ := w.second.content["encounter"].(body)
	conditions, _ := w.second.content["conditions"].([]any)
	condition, _ := conditions[0].(body)
	encounter["status"], condition["verification_status"] = "entered_in_error", "entered_in_error"
	encounter["cancellation_reason"] = body{"coding": []body{{"system": "eHealth/cancellation_reasons", "code": "misspelling"}}}
	encounter["explanatory_letter"] = "Помилка під час внесення до системи"
	doctor := world.TokenValue("doctor")
	if err := w.signedJob("doctor", http.MethodPatch, w.patientPath("encounter_package", ""), w.second.content, nil); err != nil {
		return err
	}
	w.say("Its records are entered in error, the episode has the diagnosis of the first encounter again, and the referral stays completed")
	for path, want := range map[string]string{
		w.patientPath("encounters", w.second.encounter): "entered_in_error", w.patientPath("encounters", w.first.encounter): "finished",
		w.patientPath("conditions", w.second.condition): "entered_in_error", w.patientPath("conditions", w.first.condition): "confirmed",
		w.patientPath("service_requests", w.referral): "completed",
	} {
		var shown struct {
			Data struct {
				Status       string
				Verification string `json:"verification_status"`
			}
		}
		if err := w.send(doctor, http.MethodGet, path, nil, http.StatusOK, &shown); err != nil {
			return err
		}
		if err := expect("status of "+path, shown.Data.Status+shown.Data.Verification, want); err != nil {
			return err
		}
	}
	return w.isDiagnosed(w.first)
}

// isDiagnosed reads whose diagnosis the episode has.
func (w *walk) isDiagnosed(by pack) error {
	var shown struct {
		Data struct {
			Diagnoses []struct {
				Condition struct {
					Identifier struct{ Value string }
				}
			} `json:"current_diagnoses"`
		}
	}
	if err := w.send(world.TokenValue("doctor"), http.MethodGet, w.patientPath("episodes", w.episode), nil, http.StatusOK, &shown); err != nil {
		return err
	}
	if len(shown.Data.Diagnoses) != 1 {
		return fmt.Errorf("the episode has %d diagnoses, want 1", len(shown.Data.Diagnoses))
	}
	return expect("diagnosis of the episode", shown.Data.Diagnoses[0].Condition.Identifier.Value, by.condition)
}
