package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"esoz/internal/sandbox/world"
)

// openEpisode begins an episode of the patient who was registered, and takes an approval of it for a doctor of another
// legal entity from its creation to its cancellation.
func (w *walk) openEpisode() error {
	patient := "/api/patients/" + w.person
	episode, err := w.beginEpisode(patient)
	if err != nil {
		return err
	}
	w.say("A doctor of another clinic may not read it")
	if err := w.reads(patient, episode, http.StatusForbidden); err != nil {
		return err
	}
	w.say("That doctor asks the patient for an approval of the episode")
	var approval string
	if _, err = w.codeAfter(func() error {
		approval, err = w.askForEpisode(patient, episode)
		return err
	}); err != nil {
		return err
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
	if err := w.reads(patient, episode, http.StatusForbidden); err != nil {
		return err
	}
	if err := w.send(other, http.MethodPatch, approval, body{"code": code}, http.StatusOK, nil); err != nil {
		return err
	}

	w.say("Now that doctor reads the episode and its records")
	if err := w.reads(patient, episode, http.StatusOK); err != nil {
		return err
	}
	w.say("Cancel the approval: the episode is closed to that doctor again")
	if err := w.job(other, http.MethodPatch, approval+"/actions/cancel", nil, http.StatusOK, nil); err != nil {
		return err
	}
	return w.reads(patient, episode, http.StatusForbidden)
}

// confirmOtherwise has approvals confirmed by documents, and by a third person for a child.
func (w *walk) confirmOtherwise() error {
	for _, c := range []struct{ patient, title string }{
		{"offline_patient", "A patient confirms by documents: no SMS is sent, and no code is asked for"},
		{"third_person_patient", "A third person confirms for a child: the code goes to their phone"},
	} {
		patient := "/api/patients/" + world.ID(c.patient).String()
		episode, err := w.beginEpisode(patient)
		if err != nil {
			return err
		}
		w.say(c.title)
		since := time.Now() //nolint:forbidigo // as any client does
		approval, err := w.askForEpisode(patient, episode)
		if err != nil {
			return err
		}
		code := body{}
		if c.patient == "third_person_patient" {
			phone, entered, err := w.inbox(since)
			if err != nil {
				return err
			}
			if err := expect("phone of the SMS", phone, world.ThirdPersonPhone); err != nil {
				return err
			}
			code["code"] = entered
		}
		if err := w.send(other, http.MethodPatch, approval, code, http.StatusOK, nil); err != nil {
			return err
		}
		if err := w.reads(patient, episode, http.StatusOK); err != nil {
			return err
		}
	}
	return nil
}

// expire shows that an approval whose time is over opens nothing.
func (w *walk) expire() error {
	w.say("An approval whose time is over opens nothing")
	colleague, patient := world.TokenValue("colleague"), "/api/patients/"+world.ID("stranger_patient").String()
	approval := patient + "/approvals/" + world.ID("expired approval of an episode").String()
	var shown struct {
		Data struct {
			ExpiresAt time.Time `json:"expires_at"`
		}
	}
	if err := w.send(colleague, http.MethodGet, approval, nil, http.StatusOK, &shown); err != nil {
		return err
	}
	if time.Until(shown.Data.ExpiresAt) > 0 {
		return fmt.Errorf("the approval is good until %s", shown.Data.ExpiresAt)
	}
	episode := world.ID("closed episode of stranger_patient").String()
	return w.send(colleague, http.MethodGet, patient+"/episodes/"+episode, nil, http.StatusForbidden, nil)
}

// other is the token of a doctor of another legal entity.
var other = world.TokenValue("other_doctor")

// reads has the other doctor read an episode and what belongs to it.
func (w *walk) reads(patient, episode string, want int) error {
	for _, path := range []string{"/episodes/" + episode, "/episodes/" + episode + "/encounters", "/conditions?episode_id=" + episode} {
		if err := w.send(other, http.MethodGet, patient+path, nil, want, nil); err != nil {
			return err
		}
	}
	return nil
}

// askForEpisode is Create Approval by the other doctor. It returns the path of the approval.
func (w *walk) askForEpisode(patient, episode string) (approval string, err error) {
	var made struct {
		Data struct {
			Data struct{ ID string } `json:"response_data"`
		}
	}
	if err := w.job(other, http.MethodPost, patient+"/approvals", body{
		"resources":  []body{reference("episode_of_care", episode)},
		"granted_to": reference("employee", world.ID("employee other_doctor").String()), "access_level": "read",
	}, http.StatusOK, &made); err != nil {
		return "", err
	}
	if made.Data.Data.ID == "" {
		return "", errors.New("the job shows no approval")
	}
	return patient + "/approvals/" + made.Data.Data.ID, nil
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
