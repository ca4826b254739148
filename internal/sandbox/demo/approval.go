package main

import (
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"esoz/internal/sandbox/world"
)

// openEpisode begins an episode of the patient who was registered, and takes an approval of it for a doctor of another
// legal entity from its creation to its cancellation.
func (w *walk) openEpisode() error {
	other, patient := world.TokenValue("other_doctor"), "/api/patients/"+w.person
	episode, err := w.beginEpisode(patient)
	if err != nil {
		return err
	}
	records := []string{"/episodes/" + episode, "/episodes/" + episode + "/encounters", "/conditions?episode_id=" + episode}
	reads := func(want int) error {
		for _, path := range records {
			if err := w.send(other, http.MethodGet, patient+path, nil, want, nil); err != nil {
				return err
			}
		}
		return nil
	}
	w.say("A doctor of another clinic may not read it")
	if err := reads(http.StatusForbidden); err != nil {
		return err
	}

	w.say("That doctor asks the patient for an approval of the episode")
	var made struct {
		Data struct {
			Data struct{ ID string } `json:"response_data"`
		}
	}
	if _, err = w.codeAfter(func() error {
		return w.job(other, http.MethodPost, patient+"/approvals", body{
			"resources":  []body{reference("episode_of_care", episode)},
			"granted_to": reference("employee", world.ID("employee other_doctor").String()), "access_level": "read",
		}, http.StatusOK, &made)
	}); err != nil {
		return err
	}
	approval := patient + "/approvals/" + made.Data.Data.ID
	if made.Data.Data.ID == "" {
		return errors.New("the job shows no approval")
	}

	w.say("Have the SMS sent again")
	code, err := w.codeAfter(func() error {
		return w.job(other, http.MethodPatch, approval+"/actions/resend", nil, http.StatusOK, nil)
	})
	if err != nil {
		return err
	}
	w.say("Verify it: with a wrong code, then with the code of the SMS")
	if err := w.send(other, http.MethodPatch, approval, body{"code": otherThan(code)}, http.StatusUnprocessableEntity, nil); err != nil {
		return err
	}
	if err := reads(http.StatusForbidden); err != nil {
		return err
	}
	if err := w.send(other, http.MethodPatch, approval, body{"code": code}, http.StatusOK, nil); err != nil {
		return err
	}

	w.say("Now that doctor reads the episode and its records")
	if err := reads(http.StatusOK); err != nil {
		return err
	}
	w.say("Cancel the approval: the episode is closed to that doctor again")
	if err := w.job(other, http.MethodPatch, approval+"/actions/cancel", nil, http.StatusOK, nil); err != nil {
		return err
	}
	return reads(http.StatusForbidden)
}

// beginEpisode is Create Episode by the doctor of the patient's declaration.
func (w *walk) beginEpisode(patient string) (id string, err error) {
	w.say("Begin an episode of the patient, and follow its job")
	id = uuid.NewString()
	return id, w.job(world.TokenValue("colleague"), http.MethodPost, patient+"/episodes", body{
		"id": id, "type": body{"system": "eHealth/episode_types", "code": "PHC"}, "status": "active", "name": "Діабет",
		"managing_organization": reference("legal_entity", world.ID("clinic").String()),
		"period":                body{"start": time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)}, //nolint:forbidigo // as any client does
		"care_manager":          reference("employee", world.ID("employee colleague").String()),
	}, http.StatusSeeOther, nil)
}

func reference(kind, id string) body {
	return body{"identifier": body{"type": body{"coding": []body{{"system": "eHealth/resources", "code": kind}}}, "value": id}}
}
