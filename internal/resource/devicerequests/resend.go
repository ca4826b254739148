package devicerequests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/sms"
	"esoz/internal/resource/medicalevents"
)

// ResendDeviceRequestSMS serves PATCH /api/patients/{patient_id}/device_requests/{device_request_id}/actions/resend.
func (a *API) ResendDeviceRequestSMS(
	ctx context.Context, req api.ResendDeviceRequestSMSRequestObject,
) (api.ResendDeviceRequestSMSResponseObject, error) {
	r := &resending{Caller: a.Engine.Caller(ctx), API: a, path: operation.Path{Patient: req.PatientID, ID: req.DeviceRequestID}}
	refused := operation.Run(ctx, resendChecks, r)
	patient, isID := envelope.ParseID(req.PatientID)
	id, isID2 := envelope.ParseID(req.DeviceRequestID)
	if !isID || !isID2 {
		return nil, refused
	}
	job, err := a.Engine.Start(ctx, resendID, resendParams{PatientID: patient, ID: id, UserID: r.UserID, ClientID: r.ClientID}, refused)
	return api.ResendDeviceRequestSMS202JSONResponse(job), err
}

// resendID is the operationId under which resends are queued.
const resendID = "resendDeviceRequestSms"

// resendParams identify a request: the same caller asking for the same device request
// gets the same job while it is pending.
type resendParams struct {
	PatientID uuid.UUID `json:"patient_id"`
	ID        uuid.UUID `json:"id"`
	UserID    uuid.UUID `json:"user_id"`
	ClientID  uuid.UUID `json:"client_id"`
}

// resending is one call of resendDeviceRequestSms.
type resending struct {
	operation.Caller
	*API
	path     operation.Path
	document Document
}

var resendChecks = []operation.Check[*resending]{
	{Rule: rules.DeviceRequestResendNotFound, Pass: func(ctx context.Context, r *resending) error {
		patient, isID := envelope.ParseID(r.path.Patient)
		id, isID2 := envelope.ParseID(r.path.ID)
		if !isID || !isID2 {
			return fault.ErrNotFound
		}
		stored, err := mongodb.DocumentsOf(r.Engine.Documents, Collection).Get(ctx, id)
		if err != nil {
			return err
		}
		if !slices.Contains(r.Engine.Keys.PatientIDs(patient), stored.Text("subject")) {
			return fault.ErrNotFound
		}
		return stored.Decode(&r.document)
	}},
	{Rule: rules.DeviceRequestResendStatus, Pass: func(_ context.Context, r *resending) error {
		return operation.Expect(r.document.Status == Active, "status of the device request", Active, r.document.Status)
	}},
	{Rule: rules.DeviceRequestResendTimeout, Pass: func(ctx context.Context, r *resending) error {
		return untilNext(attempts(r.Config).Check(ctx, r.Pool, r.document.ID, r.Now), r.Now)
	}},
}

// attempts limits how often the SMS about a device request is sent again.
func attempts(cfg *config.Config) sms.Attempts {
	return sms.Attempts{Kind: kind, Most: cfg.DeviceRequestAttempts, Period: time.Duration(cfg.DeviceRequestSendTimeout) * time.Second}
}

// untilNext refuses when too many attempts were made, and says until when.
func untilNext(err error, now time.Time) error {
	var reached *sms.AttemptsError
	if !errors.As(err, &reached) {
		return err
	}
	return fault.Refuse(rules.DeviceRequestResendTimeout, "time", envelope.Milli(reached.Next)).After(reached.Next.Sub(now)).
		Because("SMS about the device request", "fewer than DR_MAX_ATTEMPTS_COUNT in DR_SEND_TIMEOUT seconds", "as many")
}

// carryOutResend is the jobs.Handler of the operation. It checks again, because the device
// request may have changed, and sends the SMS in the transaction that ends the job.
func (a *API) carryOutResend(ctx context.Context, _ string, raw json.RawMessage) (*jobs.Outcome, error) {
	var p resendParams
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("decode params: %w", err)
	}
	r := &resending{
		Caller: operation.Caller{Config: a.Engine.Config.Get(), Now: a.Engine.Clock.Now().Truncate(time.Millisecond)}, API: a,
		path: operation.Path{Patient: p.PatientID.String(), ID: p.ID.String()},
	}
	if err := operation.Run(ctx, resendChecks, r); err != nil {
		return nil, err
	}
	phone, err := a.phone(ctx, r.Config, &r.document)
	if err != nil {
		return nil, err
	}
	text, err := a.text(r.Config.DeviceRequestSMSText, &r.document)
	if err != nil {
		return nil, err
	}
	return &jobs.Outcome{
		Links: []jobs.Link{{Entity: kind, Href: fmt.Sprintf("/api/patients/%s/%s/%s", p.PatientID, Collection, p.ID)}},
		Commit: func(ctx context.Context, tx postgres.Tx) error {
			if err := attempts(r.Config).Count(ctx, tx, p.ID, r.Now); err != nil {
				return untilNext(err, r.Now)
			}
			return a.inform(ctx, tx, phone, text)
		},
	}, nil
}

// text tells a patient the number of a request, and its code when a program pays.
func (a *API) text(before string, d *Document) (string, error) {
	if before == noSMS {
		return noSMS, nil
	}
	number, err := a.Engine.Keys.OpenRequisition(d.Requisition, d.SealedWith)
	if err != nil {
		return "", fmt.Errorf("SMS about device request %s: %w", d.ID, err)
	}
	text := before + medicalevents.ShowNumber(number)
	if d.VerificationCode == nil {
		return text, nil
	}
	code, err := a.Engine.Keys.OpenDocumentCode(*d.VerificationCode, d.SealedWith)
	if err != nil {
		return "", fmt.Errorf("SMS about device request %s: %w", d.ID, err)
	}
	return text + ", код: " + code, nil
}
