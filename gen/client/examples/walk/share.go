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

// More of the sandbox's world.
const (
	stranger            = "e43c9cc9-a01a-5ecf-8c26-236f04054431" // a doctor of another clinic
	offlinePatient      = "1c3bb2a5-204a-54b4-b350-6e61dcd9d1be" // confirms by documents
	thirdPersonPatient  = "9f878e9f-447c-556f-9504-c2532756f054" // a third person confirms for them
	thirdPersonPhone    = "+380931234575"
	otherClinicsPatient = "97050973-0e4c-579a-9910-c53e30d0b21e"
	expiredApproval     = "33e0c781-30be-5332-9ac3-a4c65263a7b1"
)

// shareEpisode begins an episode of the patient, and takes an approval of it for a doctor of another clinic from its
// creation to its cancellation.
func (m *mis) shareEpisode(ctx context.Context) error {
	episode, err := m.beginEpisode(ctx, m.person)
	if err != nil {
		return err
	}
	other := doctorAt(m.inbox.baseURL, "sandbox-other-doctor", stranger)
	api, err := other.client()
	if err != nil {
		return err
	}
	var approval string
	code, err := other.codeAfter(ctx, func() (err error) {
		approval, err = other.askForEpisode(ctx, api, m.person, episode)
		return err
	})
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
	if err := forbidden(err); err != nil {
		return fmt.Errorf("a cancelled approval still opens the episode: %w", err)
	}
	fmt.Println("The cancelled approval opens it no more")
	return nil
}

// confirmOtherwise has approvals confirmed by documents, without a code, and for a child by a third person, who gets the SMS.
func (m *mis) confirmOtherwise(ctx context.Context) error {
	other := doctorAt(m.inbox.baseURL, "sandbox-other-doctor", stranger)
	api, err := other.client()
	if err != nil {
		return err
	}
	for _, c := range []struct{ person, by, phone string }{
		{offlinePatient, "documents", ""}, {thirdPersonPatient, "a third person", thirdPersonPhone},
	} {
		episode, err := m.beginEpisode(ctx, c.person)
		if err != nil {
			return err
		}
		before := time.Now()
		approval, err := other.askForEpisode(ctx, api, c.person, episode)
		if err != nil {
			return err
		}
		var entered client.ApprovalVerify
		if c.phone != "" {
			message, err := m.inbox.next(ctx, before)
			if err != nil {
				return err
			}
			if message.Phone != c.phone {
				return errors.New("the SMS went to another phone than the third person's")
			}
			entered.Code = message.Code
		}
		if _, err := api.VerifyApprovalWithResponse(ctx, c.person, approval, entered); err != nil {
			return fmt.Errorf("verify the approval: %w", err)
		}
		if _, err := api.GetEpisodeWithResponse(ctx, c.person, episode); err != nil {
			return fmt.Errorf("read the episode: %w", err)
		}
		fmt.Println("An approval confirmed by", c.by, "opens an episode")
	}
	return nil
}

// expire shows that an approval whose time is over opens nothing.
func (m *mis) expire(ctx context.Context) error {
	api, err := doctorAt(m.inbox.baseURL, "sandbox-colleague", colleague).client()
	if err != nil {
		return err
	}
	answer, err := api.GetApprovalWithResponse(ctx, otherClinicsPatient, expiredApproval)
	if err != nil {
		return fmt.Errorf("read the approval: %w", err)
	}
	var shown client.Approval
	if err := json.Unmarshal(answer.JSON200.Data, &shown); err != nil {
		return fmt.Errorf("read the approval: %w", err)
	}
	_, err = api.GetEpisodeWithResponse(ctx, otherClinicsPatient, shown.GrantedResources[0].Identifier.Value)
	if err := forbidden(err); err != nil {
		return fmt.Errorf("an approval whose time is over opens the episode: %w", err)
	}
	fmt.Println("An approval that was good until", shown.ExpiresAt, "opens nothing")
	return nil
}

// forbidden returns the error, unless it is the refusal of an access.
func forbidden(err error) error {
	refusal := new(client.Error)
	if errors.As(err, &refusal) && refusal.StatusCode == http.StatusForbidden {
		return nil
	}
	return fmt.Errorf("not refused: %w", err)
}

// beginEpisode begins an episode of a patient, by a doctor of the clinic.
func (m *mis) beginEpisode(ctx context.Context, person string) (episode string, err error) {
	own, err := doctorAt(m.inbox.baseURL, "sandbox-colleague", colleague).client()
	if err != nil {
		return "", err
	}
	episode = uuid.NewString()
	body, err := jsonOf(map[string]any{
		"id": episode, "name": "Діабет", "status": "active", "type": map[string]any{"system": "eHealth/episode_types", "code": "PHC"},
		"managing_organization": reference("legal_entity", clinic), "care_manager": reference("employee", colleague),
		"period": map[string]any{"start": time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)},
	})
	if err != nil {
		return "", err
	}
	begun, err := own.CreateEpisodeWithBodyWithResponse(ctx, person, "application/json", body)
	if err != nil {
		return "", fmt.Errorf("begin an episode: %w", err)
	}
	if _, err := client.WaitJob(ctx, own, begun.JSON202); err != nil {
		return "", fmt.Errorf("begin an episode: %w", err)
	}
	return episode, nil
}

// askForEpisode creates an approval, and returns its id.
func (d registering) askForEpisode(ctx context.Context, api *client.ClientWithResponses, person, episode string) (approval string, err error) {
	body, err := jsonOf(map[string]any{
		"resources":  []any{reference("episode_of_care", episode)},
		"granted_to": reference("employee", d.employee), "access_level": "read",
	})
	if err != nil {
		return "", err
	}
	accepted, err := api.CreateApprovalWithBodyWithResponse(ctx, person, "application/json", body)
	if err != nil {
		return "", fmt.Errorf("ask for an approval: %w", err)
	}
	job, err := client.WaitJob(ctx, api, accepted.JSON202)
	if err != nil {
		return "", fmt.Errorf("ask for an approval: %w", err)
	}
	var made client.Approval
	if err := json.Unmarshal(job.ResponseData, &made); err != nil {
		return "", fmt.Errorf("read the approval: %w", err)
	}
	return made.ID, nil
}

func reference(kind, id string) client.ReferenceRequest {
	coding := []client.Coding{{System: "eHealth/resources", Code: kind}}
	return client.ReferenceRequest{Identifier: client.Identifier{Type: client.CodeableConcept{Coding: coding}, Value: id}}
}

func jsonOf(v any) (*bytes.Reader, error) {
	encoded, err := json.Marshal(v)
	return bytes.NewReader(encoded), err
}
