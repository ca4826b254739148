package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"esoz/internal/sandbox/world"
)

// dispense takes a device from its prescription to the hand-over by the code of the patient's SMS,
// and two more to another end of their dispenses.
func (w *walk) dispense() error {
	for _, c := range []struct {
		title    string
		end      func(dispense string) error
		statuses []string // of the dispense
		becomes  []string // of its request
	}{
		{"Hand the device over, signed by the pharmacist", w.complete, []string{"in_progress", "completed"}, []string{"active", "completed"}},
		{"Stop a second dispense", w.stop, []string{"in_progress", "stopped"}, []string{"active"}},
		{"Take a third one back, which was recorded by mistake", w.markInError, []string{"in_progress", "entered_in_error"}, []string{"active"}},
	} {
		request, number, code, err := w.prescribe()
		if err != nil {
			return err
		}
		if err := w.find(request, number); err != nil {
			return err
		}
		id, err := w.beginDispense(request, code)
		if err != nil {
			return err
		}
		w.say(c.title)
		if err := c.end(id); err != nil {
			return err
		}
		if err := w.tells("DeviceDispense", id, c.statuses...); err != nil {
			return err
		}
		if err := w.tells("DeviceRequest", request, c.becomes...); err != nil {
			return err
		}
	}
	return nil
}

// find has the pharmacist find a prescription by its number, and ask a program about it.
func (w *walk) find(request, number string) error {
	w.say("Find the prescription by its number, as the pharmacist")
	pharmacist := world.TokenValue("pharmacist")
	var found struct{ Data []struct{ ID string } }
	path := "/api/device_requests?" + url.Values{"requisition": {number}}.Encode()
	if err := w.send(pharmacist, http.MethodGet, path, nil, http.StatusOK, &found); err != nil {
		return err
	}
	if len(found.Data) != 1 || found.Data[0].ID != request {
		return fmt.Errorf("%d prescriptions have the number, want one", len(found.Data))
	}
	w.say("Ask a medical program whether it pays, and by which devices")
	var told struct {
		Data []struct {
			Status       string
			Participants []struct{ ID string }
		}
	}
	err := w.send(pharmacist, http.MethodPost, "/api/device_requests/"+request+"/actions/qualify", body{
		"location": reference("division", world.ID("drugstore").String()), "programs": []any{reference("medical_program", world.ID("device program").String())},
	}, http.StatusOK, &told)
	if err != nil {
		return err
	}
	if len(told.Data) != 1 || told.Data[0].Status != "VALID" || len(told.Data[0].Participants) != 1 {
		return errors.New("the program does not pay")
	}
	return nil
}

// prescribe writes a prescription of a device and reads its id, its number, and the code of its SMS.
func (w *walk) prescribe() (id, number, code string, err error) {
	doctor, now := world.TokenValue("doctor"), time.Now().UTC() //nolint:forbidigo // as any client does
	program := reference("medical_program", world.ID("device program").String())
	wanted := body{
		"intent": "order", "quantity": body{"value": 10, "system": "device_unit", "code": "piece"},
		"code_reference": reference("device_definition", world.ID("device definition").String()),
		"encounter":      reference("encounter", w.first.encounter), "requester": reference("employee", world.ID("employee doctor").String()),
		"authored_on": now.Format(time.RFC3339), "occurrence_period": body{"start": now.Format(time.RFC3339), "end": now.AddDate(0, 1, 0).Format(time.RFC3339)},
	}
	w.say("Ask a medical program whether it would pay for a device, as the doctor")
	if err := w.wouldPay(w.patientPath("device_requests", "prequalify"), body{"device_request": wanted, "programs": []any{program}}); err != nil {
		return "", "", "", err
	}
	w.say("Prescribe it, signed by the doctor")
	id = uuid.NewString()
	wanted["id"], wanted["status"], wanted["program"] = id, "active", program
	if err := w.signedJob("doctor", http.MethodPost, w.patientPath("device_requests", ""), wanted, nil); err != nil {
		return "", "", "", err
	}
	if _, code, err = w.inbox(now); err != nil {
		return "", "", "", err
	}
	var shown struct{ Data struct{ Requisition string } }
	err = w.send(doctor, http.MethodGet, w.patientPath("device_requests", id), nil, http.StatusOK, &shown)
	return id, shown.Data.Requisition, code, err
}

// wouldPay asks a medical program about a request that is not written yet.
func (w *walk) wouldPay(path string, sent body) error {
	var told struct{ Data []struct{ Status string } }
	if err := w.send(world.TokenValue("doctor"), http.MethodPost, path, sent, http.StatusOK, &told); err != nil {
		return err
	}
	if len(told.Data) != 1 || told.Data[0].Status != "VALID" {
		return errors.New("the program does not pay")
	}
	return nil
}

// beginDispense is Create Device Dispense; it returns the id.
func (w *walk) beginDispense(request, code string) (string, error) {
	w.say("Keep the device ready for the patient")
	id := uuid.NewString()
	sent := body{
		"id": id, "status": "in_progress", "primary_source": true,
		"performer": reference("employee", world.ID("employee pharmacist").String()), "location": reference("division", world.ID("drugstore").String()),
		"based_on": reference("device_request", request), "program": reference("medical_program", world.ID("device program").String()), "verification_code": code,
		"details": []body{{
			"device":   reference("device_definition", world.ID("device definition").String()),
			"quantity": body{"value": 10, "system": "device_unit", "code": "piece"}, "sell_price": 18.65,
		}},
	}
	return id, w.job(world.TokenValue("pharmacist"), http.MethodPost, w.patientPath("device_dispenses", ""), sent, http.StatusSeeOther, nil)
}

func (w *walk) complete(dispense string) error {
	return w.signDispense(dispense, "complete", body{
		"status": "completed", "when_handed_over": time.Now().UTC().Format(time.RFC3339), "payment_amount": 61.5, "payment_id": "1239804", //nolint:forbidigo // as above
	})
}

func (w *walk) stop(dispense string) error {
	return w.job(world.TokenValue("pharmacist"), http.MethodPatch, w.patientPath("device_dispenses", dispense)+"/actions/stop", nil, http.StatusSeeOther, nil)
}

func (w *walk) markInError(dispense string) error {
	return w.signDispense(dispense, "mark_in_error", body{
		"status":        "entered_in_error",
		"status_reason": body{"coding": []body{{"system": "device_dispense_mark_in_error_reasons", "code": "incorrect_patient"}}},
	})
}

// signDispense signs a dispense as it is read, with changes.
func (w *walk) signDispense(dispense, action string, changes body) error {
	pharmacist, path := world.TokenValue("pharmacist"), w.patientPath("device_dispenses", dispense)
	var shown struct{ Data body }
	if err := w.send(pharmacist, http.MethodGet, path, nil, http.StatusOK, &shown); err != nil {
		return err
	}
	for field, value := range changes {
		shown.Data[field] = value
	}
	return w.signedJob("pharmacist", http.MethodPatch, path+"/actions/"+action, shown.Data, nil)
}

// signedJob sends what a user has signed, for a job, and what goes beside it.
func (w *walk) signedJob(user, method, path string, content, beside body) error {
	raw, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("write what is to be signed: %w", err)
	}
	container, headers, err := w.sign(w, user, "", raw)
	if err != nil {
		return err
	}
	w.extra = headers
	defer func() { w.extra = nil }()
	sent := body{"signed_data": container}
	maps.Copy(sent, beside)
	return w.job(world.TokenValue(user), method, path, sent, http.StatusSeeOther, nil)
}

// tells reads the events of an object, which must tell these statuses.
func (w *walk) tells(entity, id string, statuses ...string) error {
	var events struct {
		Data []struct {
			ID         string `json:"entity_id"`
			Properties struct {
				Status struct {
					NewValue string `json:"new_value"`
				}
			}
		}
	}
	path := "/api/events?" + url.Values{"entity_type": {entity}, "page_size": {"100"}}.Encode()
	if err := w.send(world.TokenValue("mis"), http.MethodGet, path, nil, http.StatusOK, &events); err != nil {
		return err
	}
	var told []string
	for _, e := range events.Data {
		if e.ID == id {
			told = append(told, e.Properties.Status.NewValue)
		}
	}
	if fmt.Sprint(told) != fmt.Sprint(statuses) {
		return fmt.Errorf("the events of the %s tell %v, want %v", entity, told, statuses)
	}
	return nil
}

func (w *walk) patientPath(resource, id string) string {
	path := "/api/patients/" + w.person + "/" + resource
	if id != "" {
		path += "/" + id
	}
	return path
}
