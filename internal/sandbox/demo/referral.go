package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"esoz/internal/sandbox/world"
)

// serveReferral takes a referral from the question who would pay for it to its end by a second encounter, in the flow in which a
// reservation can be taken back.
func (w *walk) serveReferral() error {
	doctor, program := world.TokenValue("doctor"), reference("medical_program", world.ID("medical program").String())
	w.say("Ask a medical program whether it would pay for a service, as the doctor")
	if err := w.wouldPay(w.patientPath("service_requests", "prequalify"), body{"service_request": w.wantedService(), "programs": []any{program}}); err != nil {
		return err
	}
	id, err := w.refer()
	if err != nil {
		return err
	}
	w.referral = id
	referral := "/api/service_requests/" + id
	used := body{
		"used_by_legal_entity": reference("legal_entity", world.ID("clinic").String()), "used_by_employee": reference("employee", world.ID("employee doctor").String()),
		"program": program,
	}
	w.say("Ask the program again, now about the referral")
	if err := w.wouldPay(referral+"/actions/qualify", body{"programs": []any{program}}); err != nil {
		return err
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
		{"Complete it with the encounter of a second package", "complete", body{}},
	} {
		if step.action == "complete" {
			w.say("Submit the encounter that has carried the referral out")
			if w.second, err = w.submit(id); err != nil {
				return err
			}
			service, err := w.programService()
			if err != nil {
				return err
			}
			step.sent = body{"completed_with": reference("encounter", w.second.encounter), "program_service": reference("program_service", service)}
		}
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
		if e.ID == id {
			count++
		}
	}
	if count != 6 {
		return fmt.Errorf("%d events tell of the referral, want 6: one of each step, and one of the end of its program", count)
	}
	return nil
}

// programService is how the program pays for the service.
func (w *walk) programService() (id string, err error) {
	var paid struct {
		Data []struct {
			ID      string
			Service string `json:"service_id"`
		}
	}
	path := "/api/program_services?" + url.Values{"medical_program_id": {world.ID("medical program").String()}, "page_size": {"100"}}.Encode()
	if err := w.send(world.TokenValue("doctor"), http.MethodGet, path, nil, http.StatusOK, &paid); err != nil {
		return "", err
	}
	for _, p := range paid.Data {
		if p.Service == world.ID("service").String() {
			return p.ID, nil
		}
	}
	return "", errors.New("the program does not pay for the service")
}

// wantedService is what a doctor asks for.
func (w *walk) wantedService() body {
	return body{
		"status": "active", "intent": "order", "priority": "routine",
		"category": body{"coding": []body{{"system": "eHealth/SNOMED/service_request_categories", "code": "diagnostic_procedure"}}},
		"code":     reference("service", world.ID("service").String()), "context": reference("encounter", w.first.encounter),
		"requester_employee":     reference("employee", world.ID("employee doctor").String()),
		"requester_legal_entity": reference("legal_entity", world.ID("clinic").String()),
		"reason_reference":       []any{reference("condition", w.first.condition)},
	}
}

// refer writes a referral and returns its id.
func (w *walk) refer() (id string, err error) {
	w.say("Write a referral, signed by the doctor")
	id = uuid.NewString()
	wanted := w.wantedService()
	wanted["id"], wanted["program"] = id, reference("medical_program", world.ID("medical program").String())
	return id, w.signedJob("doctor", http.MethodPost, w.patientPath("service_requests", ""), wanted, nil)
}

// withdraw ends a referral by the signature of its author, who is told so by an SMS to the patient.
func (w *walk) withdraw() error {
	for _, c := range []struct{ title, action, status string }{
		{"Recall it, signed by its author", "recall", "recalled"},
		{"Cancel it: it was written by mistake", "cancel", "entered_in_error"},
	} {
		id, err := w.refer()
		if err != nil {
			return err
		}
		w.say(c.title)
		doctor, referral := world.TokenValue("doctor"), w.patientPath("service_requests", id)
		var shown struct{ Data body }
		if err := w.send(doctor, http.MethodGet, referral, nil, http.StatusOK, &shown); err != nil {
			return err
		}
		shown.Data["status_reason"] = body{"coding": []body{{"system": "eHealth/service_request_" + c.action + "_reasons", "code": "default"}}}
		since := time.Now() //nolint:forbidigo // as any client does
		if err := w.signedJob("doctor", http.MethodPatch, referral+"/actions/"+c.action, shown.Data, nil); err != nil {
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
		if err := w.tells("ServiceRequest", id, c.status); err != nil {
			return err
		}
	}
	return nil
}
