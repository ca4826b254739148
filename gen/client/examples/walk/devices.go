package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"time"

	"github.com/google/uuid"

	"esoz/gen/client"
)

// More of the sandbox's world.
const (
	deviceDefinition = "4ba15f56-8ed6-5aac-8dcf-30abd1d97f9e"
	pharmacist       = "dda9abdf-51f9-5657-adf0-a75886dc1ac7"
	drugstore        = "cf89e85c-4261-5d55-8e25-a2258360834b"
	deviceProgram    = "c582f656-203d-5971-a05d-71dd2c1c25eb"
	pharmacistToken  = "sandbox-pharmacist"
)

// dispenseDevices has a pharmacist dispense what three prescriptions of the doctor ask for: what is handed over completes its
// device request, the second dispense is stopped, and the third was a mistake.
func (m *mis) dispenseDevices(ctx context.Context) error {
	for _, c := range []struct {
		end    func(ctx context.Context, dispense string) error
		status string // of the request, in the end
		events int    // of the request
	}{
		{m.handOver, "completed", 2},
		{m.stop, "active", 1},
		{m.markInError, "active", 1},
	} {
		request, number, code, err := m.prescribe(ctx)
		if err != nil {
			return err
		}
		m.changed("DeviceRequest", request, c.events)
		dispense, err := m.dispense(ctx, number, code)
		if err != nil {
			return err
		}
		if err := c.end(ctx, dispense); err != nil {
			return err
		}
		m.changed("DeviceDispense", dispense, 2) // of its beginning and of its end
		found, err := m.find(ctx, number)
		if err != nil {
			return err
		}
		if string(found.Status) != c.status {
			return fmt.Errorf("the device request is %s, want %s", found.Status, c.status)
		}
		fmt.Println("The device request is", found.Status)
	}
	return nil
}

// inSMS finds the number of a device request and its code in the SMS about it.
var inSMS = regexp.MustCompile(`([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})\D*([0-9]+)$`)

// prescribe writes a prescription of a device, signed by the doctor. The patient shows its SMS at the pharmacy.
func (m *mis) prescribe(ctx context.Context) (id, number, code string, err error) {
	author := doctorAt(m.inbox.baseURL, "sandbox-doctor", doctor)
	api, err := author.client()
	if err != nil {
		return "", "", "", err
	}
	now, program := time.Now().UTC(), reference("medical_program", deviceProgram)
	wanted := map[string]any{
		"intent": "order", "quantity": map[string]any{"value": 10, "system": "device_unit", "code": "piece"},
		"code_reference": reference("device_definition", deviceDefinition), "encounter": reference("encounter", m.first.encounter),
		"requester": reference("employee", doctor), "authored_on": now.Format(time.RFC3339),
		"occurrence_period": map[string]any{"start": now.Format(time.RFC3339), "end": now.AddDate(0, 1, 0).Format(time.RFC3339)},
	}
	body, err := jsonOf(map[string]any{"device_request": wanted, "programs": []any{program}})
	if err != nil {
		return "", "", "", err
	}
	told, err := api.PreQualifyDeviceRequestWithBodyWithResponse(ctx, m.person, "application/json", body)
	if err != nil {
		return "", "", "", fmt.Errorf("ask the program about a device: %w", err)
	}
	if told.JSON200.Data[0].Status != client.DeviceRequestPreQualificationStatusVALID {
		return "", "", "", errors.New("the program would not pay for the device")
	}
	id = uuid.NewString()
	wanted["id"], wanted["status"], wanted["program"] = id, "active", program
	signed, err := signAs(ctx, m.inbox.baseURL, author.token, wanted)
	if err != nil {
		return "", "", "", err
	}
	since := time.Now()
	accepted, err := api.CreateDeviceRequestWithResponse(ctx, m.person, client.DeviceRequestNew{SignedData: signed})
	if err == nil {
		_, err = client.WaitJob(ctx, api, accepted.JSON202)
	}
	if err != nil {
		return "", "", "", fmt.Errorf("prescribe a device: %w", err)
	}
	message, err := m.inbox.next(ctx, since)
	if err != nil {
		return "", "", "", err
	}
	found := inSMS.FindStringSubmatch(message.Text)
	if found == nil {
		return "", "", "", errors.New("the SMS about the device request tells no number and code")
	}
	return id, found[1], found[2], nil
}

// find returns the device request that has a number.
func (m *mis) find(ctx context.Context, number string) (*client.DeviceRequest, error) {
	found, err := m.pharmacist.SearchDeviceRequestsWithResponse(ctx, &client.SearchDeviceRequestsParams{Requisition: number})
	if err != nil {
		return nil, fmt.Errorf("find the device request: %w", err)
	}
	if len(found.JSON200.Data) != 1 {
		return nil, fmt.Errorf("%d device requests have the number, want 1", len(found.JSON200.Data))
	}
	return &found.JSON200.Data[0], nil
}

// dispense begins a dispense of all that a device request asks for, at the expense of its medical program.
func (m *mis) dispense(ctx context.Context, number, code string) (id string, err error) {
	request, err := m.find(ctx, number)
	if err != nil {
		return "", err
	}
	program, location := reference("medical_program", deviceProgram), reference("division", drugstore)
	told, err := m.pharmacist.QualifyDeviceRequestWithResponse(ctx, request.ID, client.DeviceRequestQualify{
		Location: location, Programs: []client.ReferenceRequest{program},
	})
	if err != nil {
		return "", fmt.Errorf("ask the program about the device request: %w", err)
	}
	answer := told.JSON200.Data[0]
	if answer.Status != client.DeviceRequestQualificationStatusVALID {
		return "", errors.New("the program does not pay for the device request")
	}
	device := answer.Participants[0] // what the program pays for
	detail := client.DeviceDispenseDetailCreate{
		Device: new(reference("device_definition", device.DeviceDefinition.ID)), ProgramDevice: new(reference("program_device", device.ID)),
		SellPrice: new(18.65), DiscountAmount: new(150.0),
	}
	detail.Quantity.Value, detail.Quantity.System, detail.Quantity.Code = request.Quantity.Value, "device_unit", request.Quantity.Code
	id = uuid.NewString()
	accepted, err := m.pharmacist.CreateDeviceDispenseWithResponse(ctx, m.person, client.DeviceDispenseCreate{
		ID: id, Status: client.DeviceDispenseCreateStatusInProgress, PrimarySource: true, BasedOn: reference("device_request", request.ID),
		Performer: reference("employee", pharmacist), Location: location, Program: &program, VerificationCode: &code,
		Details: []client.DeviceDispenseDetailCreate{detail},
	})
	if err != nil {
		return "", fmt.Errorf("begin a device dispense: %w", err)
	}
	if _, err := client.WaitJob(ctx, m.pharmacist, accepted.JSON202); err != nil {
		return "", fmt.Errorf("begin a device dispense: %w", err)
	}
	fmt.Println("Device dispense", id, "has begun")
	return id, nil
}

// handOver completes a dispense by signature.
func (m *mis) handOver(ctx context.Context, dispense string) error {
	signed, err := m.signDispense(ctx, dispense, map[string]any{
		"status": "completed", "when_handed_over": time.Now().UTC().Format(time.RFC3339), "payment_amount": 36.5,
	})
	if err != nil {
		return err
	}
	accepted, err := m.pharmacist.CompleteDeviceDispenseWithResponse(ctx, m.person, dispense, client.DeviceDispenseSigned{SignedData: signed})
	if err != nil {
		return fmt.Errorf("complete the device dispense: %w", err)
	}
	return m.dispenseBecomes(ctx, dispense, accepted.JSON202, "completed")
}

// stop ends a dispense whose devices were not picked up.
func (m *mis) stop(ctx context.Context, dispense string) error {
	accepted, err := m.pharmacist.StopDeviceDispenseWithResponse(ctx, m.person, dispense)
	if err != nil {
		return fmt.Errorf("stop the device dispense: %w", err)
	}
	return m.dispenseBecomes(ctx, dispense, accepted.JSON202, "stopped")
}

// markInError takes a dispense back that was a mistake, by signature.
func (m *mis) markInError(ctx context.Context, dispense string) error {
	reason := client.Coding{System: "device_dispense_mark_in_error_reasons", Code: "incorrect_patient"}
	signed, err := m.signDispense(ctx, dispense, map[string]any{
		"status": "entered_in_error", "status_reason": client.CodeableConcept{Coding: []client.Coding{reason}},
	})
	if err != nil {
		return err
	}
	accepted, err := m.pharmacist.MarkInErrorDeviceDispenseWithResponse(ctx, m.person, dispense, client.DeviceDispenseSigned{SignedData: signed})
	if err != nil {
		return fmt.Errorf("mark the device dispense in error: %w", err)
	}
	return m.dispenseBecomes(ctx, dispense, accepted.JSON202, "entered_in_error")
}

// signDispense has the pharmacist sign a dispense as it is read, with changes.
func (m *mis) signDispense(ctx context.Context, dispense string, changes map[string]any) (signed string, err error) {
	answer, err := m.pharmacist.GetDeviceDispenseWithResponse(ctx, m.person, dispense)
	if err != nil {
		return "", fmt.Errorf("read the device dispense: %w", err)
	}
	content, err := shown(answer.Body, "data")
	if err != nil {
		return "", err
	}
	maps.Copy(content, changes)
	return signAs(ctx, m.inbox.baseURL, pharmacistToken, content)
}

// dispenseBecomes waits for a job, and expects the status that it gives to a dispense.
func (m *mis) dispenseBecomes(ctx context.Context, dispense string, accepted *client.JobResponse, status string) error {
	if _, err := client.WaitJob(ctx, m.pharmacist, accepted); err != nil {
		return fmt.Errorf("the device dispense is not %s: %w", status, err)
	}
	answer, err := m.pharmacist.GetDeviceDispenseWithResponse(ctx, m.person, dispense)
	if err != nil {
		return fmt.Errorf("read the device dispense: %w", err)
	}
	if got := string(answer.JSON200.Data.Status); got != status {
		return fmt.Errorf("the device dispense is %s, want %s", got, status)
	}
	fmt.Println("Device dispense", dispense, "is", status)
	return nil
}
