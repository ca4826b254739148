package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"

	"esoz/internal/sandbox/world"
)

// patientPhone is no phone of the world.
const patientPhone = "+380671234567"

// stranger signs what others should, in the world's numbers nobody's.
const stranger = "3333333333"

// sign makes a container of content as the doctor of a name, or with another drfo. The headers go with the request that sends it.
type sign func(w *walk, doctor, drfo string, content []byte) (container string, headers map[string]string, err error)

// bySandbox signs with a key of the sandbox's authority.
func bySandbox(w *walk, doctor, drfo string, content []byte) (string, map[string]string, error) {
	toSign := body{"content": json.RawMessage(content)}
	if drfo != "" {
		toSign["signer"] = body{"drfo": drfo, "surname": "Інша", "given_name": "Особа"}
	}
	var signed struct {
		Container string `json:"signed_content"`
	}
	err := w.send(world.TokenValue(doctor), http.MethodPost, "/_sandbox/sign", toSign, http.StatusOK, &signed)
	return signed.Container, nil, err
}

// unsigned is the mode without signatures: the owner of the token has signed, or the person whom a header names.
func unsigned(_ *walk, _, drfo string, content []byte) (container string, headers map[string]string, err error) {
	if drfo != "" {
		headers = map[string]string{"drfo": drfo}
	}
	return base64.StdEncoding.EncodeToString(content), headers, nil
}

// register takes a patient from a phone to a declaration, and to the next one with another doctor. Only staff, the legal
// entity, addresses and dictionaries are of the world.
func (w *walk) register() error {
	if err := w.verifyPhone(); err != nil {
		return err
	}
	if err := w.registerPatient(); err != nil {
		return err
	}
	first, err := w.declare("doctor", true)
	if err != nil {
		return err
	}
	if _, err := w.declare("colleague", false); err != nil {
		return err
	}
	w.say("The declaration with the first doctor has ended")
	var ended struct{ Data struct{ Status string } }
	if err := w.send(world.TokenValue("doctor"), http.MethodGet, "/api/declarations/"+first, nil, http.StatusOK, &ended); err != nil {
		return err
	}
	return expect("status of the first declaration", ended.Data.Status, "terminated")
}

func (w *walk) verifyPhone() error {
	doctor := world.TokenValue("doctor")
	w.say("Verify the phone of a patient")
	code, err := w.codeAfter(func() error {
		return w.send(doctor, http.MethodPost, "/api/verifications", body{"phone_number": patientPhone}, http.StatusOK, nil)
	})
	if err != nil {
		return err
	}
	return w.send(doctor, http.MethodPatch, "/api/verifications/"+url.PathEscape(patientPhone)+"/actions/complete",
		body{"code": json.Number(code)}, http.StatusOK, nil)
}

// registerPatient ends with a person who is found.
func (w *walk) registerPatient() error {
	doctor, path := world.TokenValue("doctor"), "/api/v2/person_requests"
	var settlements struct {
		Data []struct {
			ID, Region, District, Type string
			SettlementName             string `json:"settlement_name"`
		}
	}
	if err := w.fetch(http.MethodGet, "/api/uaddresses/settlements?"+url.Values{"name": {"Бердичів"}}.Encode(), nil, &settlements); err != nil {
		return err
	}
	if len(settlements.Data) == 0 {
		return errors.New("the settlement is not there")
	}
	s := settlements.Data[0]
	person := body{ //nolint:gosec // an invented person
		"first_name": "Марія", "last_name": "Коваленко", "second_name": "Іванівна", "birth_date": "1988-03-14",
		"birth_country": "Україна", "birth_settlement": "Бердичів", "gender": "FEMALE", "no_tax_id": false, "tax_id": "3221405188", "secret": "калина",
		"documents": []body{{"type": "PASSPORT", "number": "ВМ204518", "issued_by": "Бердичівським МВ УДМС", "issued_at": "2006-05-16"}},
		"addresses": []body{{
			"type": "RESIDENCE", "country": "UA", "area": s.Region, "region": s.District, "settlement": s.SettlementName,
			"settlement_type": s.Type, "settlement_id": s.ID, "street_type": "STREET", "street": "Житомирська", "building": "7", "zip": "13300",
		}},
		"authentication_methods": []body{{"type": "OTP", "phone_number": patientPhone}},
		"emergency_contact":      body{"first_name": "Іван", "last_name": "Коваленко", "phones": []body{{"type": "MOBILE", "number": "+380503410870"}}},
	}
	w.say("Ask for the registration of the patient")
	var made struct{ Data struct{ ID string } }
	code, err := w.codeAfter(func() error {
		return w.send(doctor, http.MethodPost, path, body{
			"person": person, "patient_signed": false, "process_disclosure_data_consent": true,
		}, http.StatusCreated, &made)
	})
	if err != nil {
		return err
	}
	path += "/" + made.Data.ID + "/actions/"

	w.say("Approve it: with a wrong code, then with the code of the SMS")
	if err := w.refused(doctor, path+"approve", body{"verification_code": otherThan(code)}, "Invalid verification code"); err != nil {
		return err
	}
	var approved struct{ Data json.RawMessage }
	if err := w.send(doctor, http.MethodPatch, path+"approve", body{"verification_code": json.Number(code)}, http.StatusCreated, &approved); err != nil {
		return err
	}

	w.say("Sign it: other content, another signer, and then as it must be")
	var signed struct {
		Data struct {
			PersonID string `json:"person_id"`
		}
	}
	if err := w.signAndSend(path+"sign", "signed_content", "doctor", approved.Data, &signed); err != nil {
		return err
	}
	w.person = signed.Data.PersonID

	w.say("Find the patient")
	var found struct{ Data []struct{ ID string } }
	query := url.Values{"first_name": {"Марія"}, "last_name": {"Коваленко"}, "birth_date": {"1988-03-14"}, "phone_number": {patientPhone}}
	if err := w.send(doctor, http.MethodGet, "/api/persons?"+query.Encode(), nil, http.StatusOK, &found); err != nil {
		return err
	}
	if len(found.Data) != 1 {
		return fmt.Errorf("%d persons are found, want 1", len(found.Data))
	}
	return expect("id of the person", found.Data[0].ID, w.person)
}

// declare makes a declaration of the patient with a doctor.
func (w *walk) declare(name string, wrongly bool) (declaration string, err error) {
	doctor, path := world.TokenValue(name), "/api/v3/declaration_requests"
	w.say("Ask for a declaration with " + name + ", and have the code sent again")
	var made struct{ Data struct{ ID string } }
	if _, err := w.codeAfter(func() error {
		return w.send(doctor, http.MethodPost, path, body{
			"person_id": w.person, "employee_id": world.ID("employee " + name).String(), "division_id": w.division,
		}, http.StatusCreated, &made)
	}); err != nil {
		return "", err
	}
	path += "/" + made.Data.ID + "/actions/"
	code, err := w.codeAfter(func() error {
		return w.send(doctor, http.MethodPost, path+"resend_otp", nil, http.StatusOK, nil)
	})
	if err != nil {
		return "", err
	}

	w.say("Approve and sign it")
	var approved struct {
		Data struct {
			ToSign json.RawMessage `json:"data_to_be_signed"`
		}
	}
	if wrongly {
		if err := w.refused(doctor, path+"approve", body{"verification_code": otherThan(code)}, "Invalid verification code"); err != nil {
			return "", err
		}
	}
	if err := w.send(doctor, http.MethodPatch, path+"approve", body{"verification_code": json.Number(code)}, http.StatusCreated, &approved); err != nil {
		return "", err
	}
	var signed struct{ Data struct{ ID, Status string } }
	if err := w.signAndSend(path+"sign", "signed_declaration_request", name, approved.Data.ToSign, &signed); err != nil {
		return "", err
	}
	if err := expect("status of the declaration", signed.Data.Status, "active"); err != nil {
		return "", err
	}

	w.say("It is listed")
	var listed struct{ Data []struct{ ID string } }
	if err := w.send(doctor, http.MethodGet, "/api/persons/"+w.person+"/declaration", nil, http.StatusOK, &listed); err != nil {
		return "", err
	}
	if len(listed.Data) != 1 {
		return "", fmt.Errorf("%d active declarations of the patient, want 1", len(listed.Data))
	}
	return signed.Data.ID, expect("the active declaration", listed.Data[0].ID, signed.Data.ID)
}

// signAndSend sends content that was changed, content that another person has signed, and at last what must be sent.
func (w *walk) signAndSend(path, field, doctor string, content json.RawMessage, answer any) error {
	var fields map[string]any
	if err := json.Unmarshal(content, &fields); err != nil {
		return fmt.Errorf("read what is to be signed: %w", err)
	}
	form := fields
	if person, ok := fields["person"].(map[string]any); ok && fields["patient_signed"] == nil {
		form = person
	}
	form["patient_signed"] = true // on paper
	changed := maps.Clone(fields)
	changed["process_disclosure_data_consent"] = "changed"
	for _, try := range []struct {
		content       map[string]any
		drfo, refusal string
	}{
		{changed, "", "Signed content does not match the previously created content"},
		{fields, stranger, "Does not match the signer drfo"},
		{fields, "", ""},
	} {
		raw, err := json.Marshal(try.content)
		if err != nil {
			return fmt.Errorf("write what is to be signed: %w", err)
		}
		container, headers, err := w.sign(w, doctor, try.drfo, raw)
		if err != nil {
			return err
		}
		w.extra = headers
		if try.refusal == "" {
			return w.send(world.TokenValue(doctor), http.MethodPatch, path, body{field: container}, http.StatusOK, answer)
		}
		err = w.refused(world.TokenValue(doctor), path, body{field: container}, try.refusal)
		w.extra = nil
		if err != nil {
			return err
		}
	}
	return nil
}

// refused sends what is answered 422, and compares the text.
func (w *walk) refused(token, path string, b body, want string) error {
	var refusal struct {
		Error struct {
			Message string
			Invalid []struct {
				Rules []struct{ Description string }
			}
		}
	}
	if err := w.send(token, http.MethodPatch, path, b, http.StatusUnprocessableEntity, &refusal); err != nil {
		return err
	}
	text := refusal.Error.Message // of all texts the one about the field, where there is one
	if invalid := refusal.Error.Invalid; len(invalid) > 0 && invalid[0].Rules[0].Description != "" {
		text = invalid[0].Rules[0].Description
	}
	return expect("refusal", text, want)
}

// codeAfter returns the code of the message that something brings about.
func (w *walk) codeAfter(do func() error) (code string, err error) {
	since := time.Now() //nolint:forbidigo // the demo follows the machine's clock, as any client does
	if err := do(); err != nil {
		return "", err
	}
	_, code, err = w.inbox(since)
	return code, err
}

// otherThan is a number that is not the code.
func otherThan(code string) json.Number {
	if code == "1111" {
		return "1112"
	}
	return "1111"
}

func expect(what, got, want string) error {
	if got != want {
		return fmt.Errorf("%s: %q, want %q", what, got, want)
	}
	return nil
}
