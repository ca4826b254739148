package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"esoz/gen/client"
)

// encounterPackage is one that was submitted.
type encounterPackage struct {
	encounter, condition string
	content              map[string]any // as it was signed
}

func concept(dictionary, code string) client.CodeableConcept {
	return client.CodeableConcept{Coding: []client.Coding{{System: dictionary, Code: code}}}
}

// treat begins an episode of the patient who was registered, and keeps what the doctor has found.
func (m *mis) treat(ctx context.Context) (err error) {
	if m.episode, err = m.beginEpisode(ctx, m.person); err != nil {
		return err
	}
	m.first, err = m.submit(ctx, "")
	return err
}

// submit stores an encounter with its diagnosis, signed by the doctor. It carries out a referral, if there is one.
func (m *mis) submit(ctx context.Context, referral string) (p encounterPackage, err error) {
	now, visit := time.Now().UTC(), uuid.NewString()
	at := func(minutes time.Duration) string { return now.Add(-minutes * time.Minute).Format(time.RFC3339) }
	p.encounter, p.condition = uuid.NewString(), uuid.NewString()
	encounter := map[string]any{
		"id": p.encounter, "status": "finished", "period": client.EncounterPackagePeriod{Start: at(30), End: at(10)},
		"visit": reference("visit", visit), "episode": reference("episode", m.episode),
		"class": client.Coding{System: "eHealth/encounter_classes", Code: "PHC"}, "type": concept("eHealth/encounter_types", "service_delivery_location"),
		"performer": reference("employee", doctor), "reasons": []any{concept("eHealth/ICPC2/reasons", "A02")},
		"actions": []any{concept("eHealth/ICPC2/actions", "A31")},
		"diagnoses": []any{map[string]any{
			"condition": reference("condition", p.condition), "role": concept("eHealth/diagnosis_roles", "primary"), "rank": 1,
		}},
	}
	if referral != "" {
		encounter["incoming_referral"] = reference("service_request", referral)
	}
	p.content = map[string]any{"encounter": encounter, "conditions": []any{map[string]any{
		"id": p.condition, "context": reference("encounter", p.encounter), "primary_source": true, "asserter": reference("employee", doctor),
		"code": concept("eHealth/ICPC2/condition_codes", "R80"), "clinical_status": "active", "verification_status": "confirmed",
		"onset_date": at(60), "asserted_date": at(20),
	}}}
	author := doctorAt(m.inbox.baseURL, "sandbox-doctor", doctor)
	api, err := author.client()
	if err != nil {
		return p, err
	}
	signed, err := signAs(ctx, m.inbox.baseURL, author.token, p.content)
	if err != nil {
		return p, err
	}
	accepted, err := api.SubmitEncounterPackageWithResponse(ctx, m.person, client.EncounterPackageSubmit{
		SignedData: signed, Visit: &client.EncounterPackageVisit{ID: visit, Period: client.EncounterPackagePeriod{Start: at(30), End: at(10)}},
	})
	if err != nil {
		return p, fmt.Errorf("submit an encounter: %w", err)
	}
	if _, err := client.WaitJob(ctx, api, accepted.JSON202); err != nil {
		return p, fmt.Errorf("submit an encounter: %w", err)
	}
	fmt.Println("Encounter", p.encounter, "is stored with its diagnosis")
	return p, m.isDiagnosed(ctx, api, p)
}

// takeBack cancels the package with whose encounter the referral was completed. Its diagnosis leaves the episode; the
// referral stays as it is.
func (m *mis) takeBack(ctx context.Context) error {
	encounter, _ := m.second.content["encounter"].(map[string]any)
	conditions, _ := m.second.content["conditions"].([]any)
	condition, _ := conditions[0].(map[string]any)
	encounter["status"], condition["verification_status"] = "entered_in_error", "entered_in_error"
	encounter["cancellation_reason"] = concept("eHealth/cancellation_reasons", "misspelling")
	encounter["explanatory_letter"] = "Помилка під час внесення до системи"
	author := doctorAt(m.inbox.baseURL, "sandbox-doctor", doctor)
	api, err := author.client()
	if err != nil {
		return err
	}
	signed, err := signAs(ctx, m.inbox.baseURL, author.token, m.second.content)
	if err != nil {
		return err
	}
	accepted, err := api.CancelEncounterPackageWithResponse(ctx, m.person, client.EncounterPackageCancel{SignedData: signed})
	if err != nil {
		return fmt.Errorf("cancel the package: %w", err)
	}
	if _, err := client.WaitJob(ctx, api, accepted.JSON202); err != nil {
		return fmt.Errorf("cancel the package: %w", err)
	}
	shown, err := api.GetEncounterWithResponse(ctx, m.person, m.second.encounter)
	if err != nil {
		return fmt.Errorf("read the encounter: %w", err)
	}
	found, err := api.GetConditionWithResponse(ctx, m.person, m.second.condition)
	if err != nil {
		return fmt.Errorf("read the condition: %w", err)
	}
	referral, err := api.GetServiceRequestWithResponse(ctx, m.person, m.referral)
	if err != nil {
		return fmt.Errorf("read the referral: %w", err)
	}
	got := fmt.Sprint(shown.JSON200.Data.Status, " ", found.JSON200.Data.VerificationStatus, " ", referral.JSON200.Data.Status)
	if want := "entered_in_error entered_in_error completed"; got != want {
		return fmt.Errorf("the encounter, its condition and the referral are %s, want %s", got, want)
	}
	fmt.Println("The second encounter is cancelled; the referral stays completed")
	return m.isDiagnosed(ctx, api, m.first)
}

// isDiagnosed expects that the episode has the diagnosis of a package.
func (m *mis) isDiagnosed(ctx context.Context, api *client.ClientWithResponses, by encounterPackage) error {
	episode, err := api.GetEpisodeWithResponse(ctx, m.person, m.episode)
	if err != nil {
		return fmt.Errorf("read the episode: %w", err)
	}
	now := episode.JSON200.Data.CurrentDiagnoses
	if len(now) != 1 || now[0].Condition.Identifier.Value != by.condition {
		return errors.New("the episode has not the diagnosis of the last encounter in force")
	}
	return nil
}
