package approvals

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/sms"
)

// CancelApproval serves PATCH /api/patients/{patient_id}/approvals/{id}/actions/cancel.
func (a *API) CancelApproval(ctx context.Context, req api.CancelApprovalRequestObject) (api.CancelApprovalResponseObject, error) {
	c := a.call(ctx, operation.Path{Patient: req.PatientID, ID: req.ID})
	refused := operation.Run(ctx, cancellation.checks(), c)
	patient, isID := envelope.ParseID(c.path.Patient)
	id, isID2 := envelope.ParseID(c.path.ID)
	if !isID || !isID2 {
		return nil, refused
	}
	params := transitionParams{resendParams: resendParams{PatientID: patient, ID: id, UserID: c.UserID, ClientID: c.ClientID}}
	job, err := a.Engine.Start(ctx, cancellation.id, params, refused)
	return api.CancelApproval202JSONResponse(job), err
}

// noSMS is the text of APPROVAL_CANCEL_SMS with which nothing is sent.
const noSMS = "none"

// cancellation ends an approval at once.
var cancellation = &transition{
	id: "cancelApproval",
	before: []operation.Check[*call]{
		{Rule: rules.ApprovalCancelPerson, Pass: patientExists},
		{Rule: rules.ApprovalCancelNotFound, Pass: func(ctx context.Context, c *call) error {
			if err := approvalExists(ctx, c); err != nil {
				return err
			}
			return approvalIsStored(ctx, c)
		}},
	},
	// What ended an approval is asked for too: the clock of another server may be ahead,
	// and then its end lies after the moment of this job.
	conditions: []condition{
		{rules.ApprovalCancelExpired, "status", mongodb.Not, StateCancelled},
		{rules.ApprovalCancelExpired, "status", mongodb.Not, StateTerminated},
		{rules.ApprovalCancelExpired, "expires_at", mongodb.After, nil},
	},
	after: []operation.Check[*call]{{Rule: rules.ApprovalCancelAccess, Pass: func(ctx context.Context, c *call) error {
		own, err := c.visible(ctx, &c.Caller, c.patient)
		if err != nil {
			return err
		}
		of := []uuid.UUID{c.approval.GrantedTo.Identifier.Value.ID, c.approval.CreatedBy.Identifier.Value.ID}
		return operation.Expect(own == nil || slices.ContainsFunc(of, func(id uuid.UUID) bool { return slices.Contains(own, id) }),
			"caller", "the doctor of the patient, whom the approval is granted to, or who has asked for it", "none of them")
	}}},
	moves: operation.Moves{Collection: Collection, Attribute: "status", From: []string{StateNew, StateActive}, To: []string{StateCancelled}},
	told:  "CANCELLED",
	set:   func(now time.Time) map[string]any { return map[string]any{"status": StateCancelled, "expires_at": now} },
	respond: func(c *call, d *Document) (any, error) {
		return c.showDetails(d, true)
	},
	commit: func(ctx context.Context, tx postgres.Tx, c *call, d *Document) error {
		text := c.Config.ApprovalCancelSMS
		if text == noSMS || d.Urgent == nil || !otp.IsPhone(d.Urgent.PhoneNumber) {
			return nil
		}
		return c.Codes.Outbox.Enqueue(ctx, tx, sms.Message{Phone: d.Urgent.PhoneNumber, Text: text, Type: sms.TypeInformation})
	},
}
