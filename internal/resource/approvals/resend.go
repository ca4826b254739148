package approvals

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// ResendApprovalSMS serves PATCH /api/patients/{patient_id}/approvals/{id}/actions/resend.
// The approval does not change: all that happens is the code, and the death of
// the former one.
func (a *API) ResendApprovalSMS(
	ctx context.Context, req api.ResendApprovalSMSRequestObject,
) (api.ResendApprovalSMSResponseObject, error) {
	c := a.call(ctx, operation.Path{Patient: req.PatientID, ID: req.ID})
	refused := operation.Run(ctx, resendChecks, c)
	if c.Config.ApprovalResendMode != config.Sync || refused == nil && a.Engine.Queue.Left(ctx, "", resendID) {
		job, err := c.startResend(ctx, refused)
		return api.ResendApprovalSMS202JSONResponse(job), err
	}
	if refused != nil {
		return nil, refused
	}
	if _, err := a.Codes.Start(ctx, c.codeRequest()); err != nil {
		return nil, otp.Refusal(err, ruleOfLimit)
	}
	shown, err := a.show(c.approval)
	return api.ResendApprovalSMS201JSONResponse{Meta: envelope.Created(ctx, shown.ID), Data: shown}, err
}

// resendParams identify a request: the same caller asking for the same approval
// gets the same job while it is pending.
type resendParams struct {
	PatientID uuid.UUID `json:"patient_id"`
	ID        uuid.UUID `json:"id"`
	UserID    uuid.UUID `json:"user_id"`
	ClientID  uuid.UUID `json:"client_id"`
}

// resendID is the operationId under which resends are queued.
const resendID = "resendApprovalSms"

// startResend leaves the code to a job.
func (c *call) startResend(ctx context.Context, refused error) (api.JobResponse, error) {
	patient, isID := envelope.ParseID(c.path.Patient)
	id, isID2 := envelope.ParseID(c.path.ID)
	if !isID || !isID2 {
		return api.JobResponse{}, refused
	}
	params := resendParams{PatientID: patient, ID: id, UserID: c.UserID, ClientID: c.ClientID}
	return c.Engine.Start(ctx, resendID, params, refused)
}

// carryOutResend is the jobs.Handler of the operation. It checks again, because
// the approval may have changed since the request, and sends the code in the
// transaction that ends the job.
func (a *API) carryOutResend(ctx context.Context, _ string, raw json.RawMessage) (*jobs.Outcome, error) {
	var p resendParams
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("decode params: %w", err)
	}
	c := a.call(ctx, operation.Path{Patient: p.PatientID.String(), ID: p.ID.String()})
	c.UserID, c.ClientID = p.UserID, p.ClientID
	if err := operation.Run(ctx, resendChecks, c); err != nil {
		return nil, err
	}
	shown, err := a.show(c.approval)
	if err != nil {
		return nil, err
	}
	return &jobs.Outcome{ResponseData: shown, Commit: func(ctx context.Context, tx postgres.Tx) error {
		_, err := a.Codes.Initialize(ctx, tx, c.codeRequest())
		return otp.Refusal(err, ruleOfLimit)
	}}, nil
}

// codeRequest is the code that the approval waits for: it goes to the phone that
// was fixed when the approval was created.
func (c *call) codeRequest() otp.Request {
	return otp.Request{Phone: c.approval.Urgent.PhoneNumber, Resource: c.approval.ID, LegalEntity: c.ClientID}
}

var resendChecks = []operation.Check[*call]{
	{Rule: rules.ApprovalResendPerson, Pass: patientExists},
	{Rule: rules.ApprovalResendNotFound, Pass: approvalExists},
	{Rule: rules.ApprovalResendNoMethod, Pass: func(_ context.Context, c *call) error {
		return operation.Expect(c.approval.Urgent != nil, "authentication method of the approval", "one that was fixed at its creation", "none")
	}},
	{Rule: rules.ApprovalResendMethodType, Pass: methodGetsSMS},
	{Rule: rules.ApprovalResendThirdPerson, Pass: thirdPersonHasPhone},
	{Rule: rules.ApprovalResendMethodUsable, Pass: methodIsUsable},
	{Rule: rules.ApprovalResendMethodConfidant, Pass: thirdPersonIsConfidant},
	{Rule: rules.ApprovalResendPersonActive, Pass: func(_ context.Context, c *call) error {
		return operation.Expect(c.patient.Active, "status of the patient", "active", "not active")
	}},
	{Rule: rules.ApprovalResendStateActive, Pass: isNot(StateActive)},
	{Rule: rules.ApprovalResendStateCancelled, Pass: isNot(StateCancelled)},
	{Rule: rules.ApprovalResendStateTerminated, Pass: isNot(StateTerminated)},
	{Rule: rules.ApprovalResendStateExpired, Pass: isNot(StateExpired)},
	{Rule: rules.ApprovalResendOTP, Pass: func(_ context.Context, c *call) error {
		return operation.Expect(otp.IsPhone(c.approval.Urgent.PhoneNumber), "phone of the approval", "a phone number", "another text")
	}},
	{Rule: rules.ApprovalResendRate, Or: []rules.ID{
		rules.ApprovalResendPhoneLimit, rules.ApprovalResendResourceLimit, rules.ApprovalResendLegalEntityLimit,
	}, Pass: codesAreLeft},
}

// methodType is the type of the method that was chosen when the approval was
// created: the one that authorize_with names, without it the one fixed in the
// approval.
func (c *call) methodType() string {
	if c.chosen != nil {
		return c.chosen.Type
	}
	return c.approval.Urgent.Type
}

// methodGetsSMS passes when the type of the chosen method gets SMS.
func methodGetsSMS(ctx context.Context, c *call) (err error) {
	if c.approval.AuthorizeWith != nil {
		if c.chosen, err = c.People.Method(ctx, *c.approval.AuthorizeWith); err != nil {
			return err
		}
	}
	return operation.Expect(c.methodType() == medicalevents.MethodOTP || c.methodType() == medicalevents.MethodThirdPerson,
		"type of the authentication method", []string{medicalevents.MethodOTP, medicalevents.MethodThirdPerson}, c.methodType())
}

// thirdPersonHasPhone passes when a third person who confirms can be reached. One
// who could not get SMS left no number in the approval.
func thirdPersonHasPhone(_ context.Context, c *call) error {
	reachable := c.approval.Urgent.PhoneNumber != ""
	if c.chosen != nil {
		reachable = c.chosen.ThirdPersonOTP
	}
	return operation.Expect(c.methodType() != medicalevents.MethodThirdPerson || reachable,
		"authentication method of the third person", medicalevents.MethodOTP+" with a phone", "no phone that gets SMS")
}

// methodIsUsable passes when a method that authorize_with names is still the
// patient's and active.
func methodIsUsable(_ context.Context, c *call) error {
	return operation.Expect(c.approval.AuthorizeWith == nil || c.chosen != nil && c.chosen.PersonID == c.patient.ID && c.chosen.Usable,
		"authentication method that authorize_with names", "an active one of the patient", "ended, or another person's")
}

// thirdPersonIsConfidant passes when a third person that authorize_with names is
// an approved confidant, if that is to be checked.
func thirdPersonIsConfidant(_ context.Context, c *call) error {
	asked := c.Config.ConfidantRelationships && c.approval.AuthorizeWith != nil && c.methodType() == medicalevents.MethodThirdPerson
	return operation.Expect(!asked || c.chosen != nil && c.chosen.ConfidantApproved,
		"relationship of the third person with the patient", "an approved confidant", "none")
}

// isNot passes approvals in another state.
func isNot(state string) func(context.Context, *call) error {
	return func(_ context.Context, c *call) error {
		return operation.Expect(c.approval.State(c.Now) != state, "state of the approval", "another one", state)
	}
}

// codesAreLeft passes while no limit of codes is reached. The last word has the
// transaction that sends the code, which counts it.
func codesAreLeft(ctx context.Context, c *call) error {
	return otp.Refusal(c.Codes.Check(ctx, c.codeRequest()), ruleOfLimit)
}

// ruleOfLimit names the rule that refuses when a limit of codes is reached.
var ruleOfLimit = map[otp.Limit]rules.ID{
	otp.Frequency:      rules.ApprovalResendRate,
	otp.PerPhone:       rules.ApprovalResendPhoneLimit,
	otp.PerResource:    rules.ApprovalResendResourceLimit,
	otp.PerLegalEntity: rules.ApprovalResendLegalEntityLimit,
}
