package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"esoz/gen/client"
)

const stranger = "e43c9cc9-a01a-5ecf-8c26-236f04054431" // a doctor of another clinic

// shareEpisode begins an episode of the patient, and takes an approval of it for a doctor of another clinic from its
// creation to its cancellation.
func (m *mis) shareEpisode(ctx context.Context) error {
	baseURL := m.inbox.baseURL
	own, err := doctorAt(baseURL, "sandbox-colleague", colleague).client()
	if err != nil {
		return err
	}
	other := doctorAt(baseURL, "sandbox-other-doctor", stranger)
	api, err := other.client()
	if err != nil {
		return err
	}

	episode := uuid.NewString()
	body, err := jsonOf(map[string]any{
		"id": episode, "name": "Діабет", "status": "active", "type": map[string]any{"system": "eHealth/episode_types", "code": "PHC"},
		"managing_organization": reference("legal_entity", clinic), "care_manager": reference("employee", colleague),
		"period": map[string]any{"start": time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)},
	})
	if err != nil {
		return err
	}
	begun, err := own.CreateEpisodeWithBodyWithResponse(ctx, m.person, "application/json", body)
	if err != nil {
		return fmt.Errorf("begin an episode: %w", err)
	}
	if _, err := client.WaitJob(ctx, own, begun.JSON202); err != nil {
		return fmt.Errorf("begin an episode: %w", err)
	}

	approval, code, err := other.askForEpisode(ctx, api, m.person, episode)
	if err != nil {
		return err
	}
	if _, err := api.VerifyApprovalWithResponse(ctx, m.person, approval, client.ApprovalVerify{Code: code}); err != nil {
		return fmt.Errorf("verify the approval: %w", err)
	}
	read, err := api.ListEpisodeEncountersWithResponse(ctx, m.person, episode, nil)
	if err != nil {
		return fmt.Errorf("read the encounters of the episode: %w", err)
	}
	fmt.Println("The approval opens an episode with", len(read.JSON200.Data), "encounters")

	ending, err := api.CancelApprovalWithResponse(ctx, m.person, approval)
	if err != nil {
		return fmt.Errorf("cancel the approval: %w", err)
	}
	if _, err := client.WaitJob(ctx, api, ending.JSON202); err != nil {
		return fmt.Errorf("cancel the approval: %w", err)
	}
	_, err = api.ListEpisodeEncountersWithResponse(ctx, m.person, episode, nil)
	if refusal := new(client.Error); !errors.As(err, &refusal) || refusal.StatusCode != http.StatusForbidden {
		return fmt.Errorf("a cancelled approval still opens the episode: %w", err)
	}
	fmt.Println("The cancelled approval opens it no more")
	return nil
}

// askForEpisode creates an approval, and returns its id and the code that the patient gets.
func (d registering) askForEpisode(ctx context.Context, api *client.ClientWithResponses, person, episode string) (approval, code string, err error) {
	body, err := jsonOf(map[string]any{
		"resources":  []any{reference("episode_of_care", episode)},
		"granted_to": reference("employee", d.employee), "access_level": "read",
	})
	if err != nil {
		return "", "", err
	}
	var made client.Approval
	code, err = d.codeAfter(ctx, func() error {
		accepted, err := api.CreateApprovalWithBodyWithResponse(ctx, person, "application/json", body)
		if err != nil {
			return fmt.Errorf("ask for an approval: %w", err)
		}
		job, err := client.WaitJob(ctx, api, accepted.JSON202)
		if err != nil {
			return fmt.Errorf("ask for an approval: %w", err)
		}
		return json.Unmarshal(job.ResponseData, &made)
	})
	return made.ID, code, err
}

func reference(kind, id string) map[string]any {
	coding := []any{map[string]any{"system": "eHealth/resources", "code": kind}}
	return map[string]any{"identifier": map[string]any{"type": map[string]any{"coding": coding}, "value": id}}
}

func jsonOf(v any) (*bytes.Reader, error) {
	encoded, err := json.Marshal(v)
	return bytes.NewReader(encoded), err
}
