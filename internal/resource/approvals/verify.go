package approvals

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// VerifyApproval serves PATCH /api/patients/{patient_id}/approvals/{id}. The request
// carries its job out itself. With an idempotency key it cannot, because the job commits
// together with the answer; nor does it while jobs are on hold. Then a worker does.
func (a *API) VerifyApproval(ctx context.Context, req api.VerifyApprovalRequestObject) (api.VerifyApprovalResponseObject, error) {
	c := a.call(ctx, operation.Path{Patient: req.PatientID, ID: req.ID})
	if req.Body != nil {
		c.code = req.Body.Code
	}
	answer, err := a.verify(ctx, c)
	for errors.Is(err, fault.ErrStale) { // another request has moved the approval since its state was read
		c.Now = a.Engine.Clock.Now()
		answer, err = a.verify(ctx, c)
	}
	return answer, err
}

func (a *API) verify(ctx context.Context, c *call) (api.VerifyApprovalResponseObject, error) {
	if err := operation.Run(ctx, verification.checks(), c); err != nil {
		return nil, err
	}
	job, err := a.Engine.Queue.Start(ctx, verification.id, transitionParams{
		resendParams: resendParams{PatientID: c.patient.ID, ID: c.approval.ID, UserID: c.UserID, ClientID: c.ClientID},
		Request:      new(uuid.New()), Verification: c.verification,
	})
	if err != nil {
		return nil, err
	}
	done := false
	if !postgres.InUnit(ctx) {
		if done, err = a.Engine.Queue.CarryOut(ctx, job); err != nil {
			return nil, err
		}
	}
	if !done {
		return api.VerifyApproval202JSONResponse(jobs.Accepted(ctx, c.Config, job)), nil
	}
	return api.VerifyApproval200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: map[string]any{}}, nil
}

// waits is the state of approvals that can be verified.
var waits = []condition{
	{rules.ApprovalVerifyStateCancelled, "status", mongodb.Not, StateCancelled},
	{rules.ApprovalVerifyStateTerminated, "status", mongodb.Not, StateTerminated},
	{rules.ApprovalVerifyStateExpired, "expires_at", mongodb.After, nil},
	{rules.ApprovalVerifyStateActive, "is_verified", mongodb.Equal, false},
}

// verification makes an approval effective, and ends what it replaces.
var verification = &transition{
	id: "verifyApproval",
	before: []operation.Check[*call]{
		{Rule: rules.ApprovalVerifyPerson, Pass: patientExists},
		{Rule: rules.ApprovalVerifyPersonActive, Pass: patientIsActive},
		{Rule: rules.ApprovalVerifyNotFound, Pass: approvalIsStored},
	},
	conditions: waits,
	after: []operation.Check[*call]{
		{Rule: rules.ApprovalVerifyPatient, Pass: isOfPatient},
		{Rule: rules.ApprovalVerifyConfidant, Pass: confidantIsApproved},
		{Rule: rules.ApprovalVerifyCode, Pass: codeIsRight},
	},
	moves: operation.Moves{Collection: Collection, Attribute: "status", From: []string{StateNew}, To: []string{StateActive}},
	told:  "ACTIVE",
	set:   func(time.Time) map[string]any { return map[string]any{"is_verified": true, "status": StateActive} },
	others: func(ctx context.Context, c *call, d *Document, jobID string) ([]change, error) {
		others, err := openGroups(ctx, c, d, jobID)
		if err != nil {
			return nil, err
		}
		ended, err := c.store().terminateOthers(ctx, d, c.Now, c.UserID)
		for _, id := range ended {
			others = append(others, change{id, operation.Told{Entity: "Approval", Status: "TERMINATED", Changeset: map[string]any{
				"status": StateTerminated, "expires_at": c.Now, "updated_at": c.Now, "updated_by": c.UserID,
			}}})
		}
		return others, err
	},
	respond: func(*call, *Document) (any, error) { return map[string]any{}, nil },
	commit: func(ctx context.Context, tx postgres.Tx, c *call, d *Document) error {
		if c.verification == nil {
			return nil
		}
		err := c.Codes.Use(ctx, tx, *c.verification, d.Urgent.PhoneNumber)
		if errors.Is(err, fault.ErrStale) { // a newer code was asked for since; this one was right when it was entered
			return nil
		}
		return err
	},
}

// waitsForCode tells whether a code confirms the approval: that of the patient or of
// a third person, but not of who confirms by documents or need not confirm.
func (d *Document) waitsForCode() bool {
	return d.Urgent != nil && (d.Urgent.Type == medicalevents.MethodOTP || d.Urgent.PhoneNumber != "")
}

// confidantIsApproved passes when a third person that authorize_with names is an
// approved confidant, if that is to be checked.
func confidantIsApproved(ctx context.Context, c *call) (err error) {
	if !c.Config.ConfidantRelationships || c.approval.AuthorizeWith == nil || c.approval.Urgent == nil {
		return nil
	}
	if c.chosen, err = c.People.Method(ctx, *c.approval.AuthorizeWith); err != nil {
		return err
	}
	return thirdPersonIsConfidant(ctx, c)
}

// codeIsRight passes when the code is the live one that was sent for the approval. It
// is used up by the job.
func codeIsRight(ctx context.Context, c *call) error {
	if !c.approval.waitsForCode() {
		return nil
	}
	right, err := c.Codes.Judge(ctx, c.approval.Urgent.PhoneNumber, c.approval.ID, otp.Entered(c.code))
	if err == nil {
		c.verification = &right
		return nil
	}
	for reason, found := range map[error]string{
		otp.ErrNoVerification: "none was sent", otp.ErrAttempts: "used, cancelled, or no attempt is left",
		otp.ErrExpired: "its time is over", otp.ErrWrongCode: "another one",
	} {
		if !errors.Is(err, reason) {
			continue
		}
		// Another request may have used it since the state was read.
		if err := approvalIsStored(ctx, c); err != nil || slices.ContainsFunc(waits, func(o condition) bool { return o.check().Pass(ctx, c) != nil }) {
			return fault.ErrStale
		}
		return operation.Expect(false, "code", "the code of the last SMS for this approval, in time", found)
	}
	return err
}
