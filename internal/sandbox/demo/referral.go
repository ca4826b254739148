package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"esoz/internal/sandbox/world"
)

// serveReferral takes a referral from the question who pays to its end, in the flow in which a reservation can be taken back.
func (w *walk) serveReferral() error {
	use, ok := w.world.Passing("useServiceRequest")
	if !ok {
		return errors.New("the world has no referral to use")
	}
	doctor, referral := world.TokenValue("doctor"), "/api/service_requests/"+world.ID("service request to be used").String()
	used, ok := use.Request.Body.(map[string]any)
	if !ok {
		return errors.New("the case of Use has no body")
	}
	w.say("Ask a medical program whether it pays for a referral")
	var told struct{ Data []struct{ Status string } }
	err := w.send(doctor, http.MethodPost, referral+"/actions/qualify", body{"programs": []any{used["program"]}}, http.StatusOK, &told)
	if err != nil {
		return err
	}
	if len(told.Data) != 1 || told.Data[0].Status != "VALID" {
		return errors.New("the program does not pay")
	}
	w.say("Let Use put referrals into the queue, as it once did")
	if err := w.show("", http.MethodPost, "/_sandbox/config", body{"SERVICE_REQUEST_USE_TARGET_STATUS": "in_queue"}, http.StatusOK, nil); err != nil {
		return err
	}
	for _, step := range []struct {
		title, action string
		sent          body
	}{
		{"Reserve the referral", "use", used},
		{"Release it", "release", nil},
		{"Reserve it once more", "use", used},
		{"Begin the work", "process", nil},
		{"Complete it", "complete", body{}},
	} {
		w.say(step.title)
		if err := w.job(doctor, http.MethodPatch, referral+"/actions/"+step.action, step.sent, http.StatusSeeOther, nil); err != nil {
			return err
		}
	}
	var events struct {
		Data []struct {
			ID string `json:"entity_id"`
		}
	}
	path := "/api/events?" + url.Values{"entity_type": {"ServiceRequest"}, "page_size": {"100"}}.Encode()
	if err := w.send(world.TokenValue("mis"), http.MethodGet, path, nil, http.StatusOK, &events); err != nil {
		return err
	}
	count := 0
	for _, e := range events.Data {
		if e.ID == world.ID("service request to be used").String() {
			count++
		}
	}
	if count != 6 {
		return fmt.Errorf("%d events tell of the referral, want 6: one of each step, and one of the end of its program", count)
	}
	return nil
}

// withdraw ends a referral by the signature of its author, who is told so by an SMS to the patient.
func (w *walk) withdraw() error {
	for _, c := range []struct{ title, name, action, status string }{
		{"Recall a referral, signed by its author", "service request to be recalled", "recall", "recalled"},
		{"Cancel a referral that was written by mistake", "service request to be canceled", "cancel", "entered_in_error"},
	} {
		w.say(c.title)
		doctor, referral := world.TokenValue("doctor"), patientPath("service_requests", world.ID(c.name).String())
		var shown struct{ Data body }
		if err := w.send(doctor, http.MethodGet, referral, nil, http.StatusOK, &shown); err != nil {
			return err
		}
		shown.Data["status_reason"] = body{"coding": []body{{"system": "eHealth/service_request_" + c.action + "_reasons", "code": "default"}}}
		since := time.Now() //nolint:forbidigo // as any client does
		if err := w.signedJob("doctor", referral+"/actions/"+c.action, shown.Data); err != nil {
			return err
		}
		if _, _, err := w.inbox(since); err != nil {
			return err
		}
		var ended struct{ Data struct{ Status string } }
		if err := w.send(doctor, http.MethodGet, referral, nil, http.StatusOK, &ended); err != nil {
			return err
		}
		if ended.Data.Status != c.status {
			return fmt.Errorf("the referral is %s, want %s", ended.Data.Status, c.status)
		}
	}
	return nil
}
