package servicerequests

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/sms"
	"esoz/internal/resource/medicalevents"
)

// ResendServiceRequestSMS serves PATCH /api/patients/{patient_id}/service_requests/{service_request_id}/actions/resend.
func (a *API) ResendServiceRequestSMS(
	ctx context.Context, req api.ResendServiceRequestSMSRequestObject,
) (api.ResendServiceRequestSMSResponseObject, error) {
	job, err := Resend.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID, ID: req.ServiceRequestID}, resend{})
	return api.ResendServiceRequestSMS202JSONResponse(job), err
}

// resend takes no body; it holds the phone that gets the SMS.
type resend struct{ phone string }

type resending = operation.Call[*API, Document, resend]

// Resend sends the patient the number of a service request once more.
var Resend = operation.Inquiry[*API, Document, resend]{
	ID: "resendServiceRequestSms", Collection: Collection, Kind: kind,
	Checks: []operation.Check[*resending]{
		{Rule: rules.ServiceRequestResendPerson, Pass: operation.FindPatient[*API, Document, resend]},
		{Rule: rules.ServiceRequestResendNotFound, Want: operation.Exists},
		{Rule: rules.ServiceRequestResendPatient, Field: "subject", Want: operation.Is(operation.Patient)},
		{Rule: rules.ServiceRequestResendStatus, Pass: isTold},
		{Rule: rules.ServiceRequestResendMethod, Pass: patientGetsSMS},
	},
	Commit: func(ctx context.Context, tx postgres.Tx, c *resending) error {
		return c.API.inform(ctx, tx, c.Body.phone, c.Config.ServiceRequestCreateSMS, &c.Document)
	},
}

// inform tells a patient by SMS of a service request, if there is a phone.
func (a *API) inform(ctx context.Context, tx postgres.Tx, phone, text string, d *Document) error {
	if phone == "" {
		return nil
	}
	number, err := a.Engine.Keys.OpenRequisition(d.Requisition, d.SealedWith)
	if err != nil {
		return fmt.Errorf("open the requisition of service request %s: %w", d.ID, err)
	}
	return a.Outbox.Enqueue(ctx, tx, sms.Message{
		Phone: phone, Text: strings.ReplaceAll(text, numberPlace, medicalevents.ShowNumber(number)), Type: sms.TypeInformation,
	})
}

// numberPlace is where the texts of SMS have the number of a service request.
const numberPlace = "{number}"

// isTold passes when the number of the service request is of use to the patient: a
// referral of no program may be told of like a new one.
func isTold(_ context.Context, c *resending) error {
	d, shown := &c.Document, "null"
	if d.ProgramProcessingStatus != nil {
		shown = *d.ProgramProcessingStatus
	}
	ok := d.Status == Active && slices.Contains([]string{"null", ProgramNew, ProgramInQueue, ProgramInProgress}, shown)
	return operation.Expect(ok, "status and program_processing_status", "active; null, new, in_queue or in_progress", d.Status+"; "+shown,
		"status", d.Status, "program_processing_status", shown)
}

// patientGetsSMS passes when the method of inform_with, or the patient's default one, gets SMS.
func patientGetsSMS(ctx context.Context, c *resending) (err error) {
	c.Body.phone, err = c.API.phoneOf(ctx, c.Patient.ID, c.Document.InformWith)
	if err != nil {
		return err
	}
	return operation.Expect(c.Body.phone != "", "authentication method of the patient", medicalevents.MethodOTP, "one that gets no SMS, or none")
}
