package approvals

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/otp"
	"esoz/internal/resource/persons"
)

// ResendApprovalSMS serves PATCH /api/patients/{patient_id}/approvals/{id}/actions/resend.
func (a *API) ResendApprovalSMS(
	ctx context.Context, req api.ResendApprovalSMSRequestObject,
) (api.ResendApprovalSMSResponseObject, error) {
	if a.config.Get().ApprovalResendMode == config.Sync {
		approval, err := a.resend(ctx, auth.From(ctx), req.PatientID, req.ID)
		if err != nil {
			return nil, err
		}
		return api.ResendApprovalSMS201JSONResponse{Meta: envelope.Created(ctx, approval.ID), Data: approval}, nil
	}
	job, err := a.startResend(ctx, auth.From(ctx), req.PatientID, req.ID)
	if err != nil {
		return nil, err
	}
	return api.ResendApprovalSMS202JSONResponse(jobs.Accepted(ctx, job)), nil
}

// resendParams identify a request: the same caller asking for the same approval
// gets the same job while it is pending.
type resendParams struct {
	PatientID uuid.UUID `json:"patient_id"`
	ID        uuid.UUID `json:"id"`
	UserID    uuid.UUID `json:"user_id"`
	ClientID  uuid.UUID `json:"client_id"`
}

// startResend runs every check, so that the caller gets the documented status,
// and leaves the code to a job, which checks again: it is counted when it is
// made, and others may have been made meanwhile.
func (a *API) startResend(ctx context.Context, by auth.Subject, patientID, id string) (*jobs.Job, error) {
	_, approval, err := a.checkResend(ctx, patientID, id)
	if err == nil {
		err = otp.Refusal(a.codes.Check(ctx, codeOf(approval, by.ClientID)), ruleOf)
	}
	params := resendParams{UserID: by.UserID, ClientID: by.ClientID}
	var known [2]bool
	params.PatientID, known[0] = envelope.ParseID(patientID)
	params.ID, known[1] = envelope.ParseID(id)
	switch refusal := (*fault.Error)(nil); {
	case err == nil:
		return a.queue.Start(ctx, resendID, params)
	case !errors.As(err, &refusal) || known != [2]bool{true, true}:
		return nil, err
	}
	// The same request's job may be pending still, and the refusal its work.
	job, pendingErr := a.queue.Pending(ctx, resendID, params)
	if errors.Is(pendingErr, fault.ErrNotFound) {
		return nil, err
	}
	return job, pendingErr
}

// resendID is the operationId under which resends are queued.
const resendID = "resendApprovalSms"

// CarryOutResend is the jobs.Handler of Resend SMS on Approval. The approval
// does not change: all that happens is the code, in the transaction that ends
// the job.
func (a *API) CarryOutResend(ctx context.Context, _ string, raw json.RawMessage) (*jobs.Outcome, error) {
	var params resendParams
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, fmt.Errorf("decode params: %w", err)
	}
	_, approval, err := a.checkResend(ctx, params.PatientID.String(), params.ID.String())
	if err != nil {
		return nil, err
	}
	rendered, err := a.renderApproval(approval)
	if err != nil {
		return nil, err
	}
	return &jobs.Outcome{ResponseData: rendered, Commit: a.sendCode(codeOf(approval, params.ClientID))}, nil
}

// resend is the synchronous mode.
func (a *API) resend(ctx context.Context, by auth.Subject, patientID, id string) (api.Approval, error) {
	_, approval, err := a.checkResend(ctx, patientID, id)
	if err != nil {
		return api.Approval{}, err
	}
	if err := a.sendCodeNow(ctx, codeOf(approval, by.ClientID)); err != nil {
		return api.Approval{}, err
	}
	return a.renderApproval(approval)
}

// checkResend returns the approval whose SMS may be sent again. In this order
// (decisions R19):
//
//	approval.resend.person             the patient exists
//	approval.resend.not_found          the approval exists and is the patient's
//	approval.resend.no_method          it was created with an authentication method
//	approval.resend.method_type        whose type gets SMS
//	approval.resend.third_person       by which the third person can be reached
//	approval.resend.method_usable      the chosen method is still the patient's and active (starts off)
//	approval.resend.method_confidant   its third person is an approved confidant (by configuration)
//	approval.resend.person_active      the patient is active
//	approval.resend.state_*            the approval still waits to be verified
//	approval.resend.otp                the OTP service takes the phone
//
// Last come the limits of codes, from the OTP service: approval.resend.rate,
// phone_limit, resource_limit and legal_entity_limit.
func (a *API) checkResend(ctx context.Context, patientID, id string) (operation.Person, *Document, error) {
	cfg := a.config.Get()
	patient, err := a.people.Patient(ctx, patientID)
	if errors.Is(err, fault.ErrNotFound) {
		return patient, nil, fault.Refuse(rules.ApprovalResendPerson)
	}
	if err != nil {
		return patient, nil, err
	}
	approval, err := a.find(ctx, patient, id)
	if errors.Is(err, fault.ErrNotFound) {
		return patient, nil, fault.Refuse(rules.ApprovalResendNotFound)
	}
	if err != nil {
		return patient, nil, err
	}
	if err := a.checkMethod(ctx, patient, approval); err != nil {
		return patient, nil, err
	}
	if cfg.On(rules.ApprovalResendPersonActive) && !patient.Active {
		return patient, nil, fault.Refuse(rules.ApprovalResendPersonActive)
	}
	if rule, refuses := refusingState[approval.State(a.clock.Now())]; refuses && cfg.On(rule) {
		return patient, nil, fault.Refuse(rule)
	}
	if !phonePattern.MatchString(approval.Urgent.PhoneNumber) {
		return patient, nil, fault.Refuse(rules.ApprovalResendOTP)
	}
	return patient, approval, nil
}

// refusingState names the rule by which an approval in a state is refused. Only
// a new one waits for a code.
var refusingState = map[string]rules.ID{
	StateActive:     rules.ApprovalResendStateActive,
	StateCancelled:  rules.ApprovalResendStateCancelled,
	StateTerminated: rules.ApprovalResendStateTerminated,
	StateExpired:    rules.ApprovalResendStateExpired,
}

// phonePattern is what the OTP service takes.
var phonePattern = regexp.MustCompile(`^\+380[0-9]{9}$`)

// checkMethod judges the method that was chosen when the approval was created:
// the one that authorize_with names, without it the one fixed in the approval.
func (a *API) checkMethod(ctx context.Context, patient operation.Person, approval *Document) error {
	cfg := a.config.Get()
	if approval.Urgent == nil {
		return fault.Refuse(rules.ApprovalResendNoMethod)
	}
	chosen, err := a.chosenMethod(ctx, approval)
	if err != nil {
		return err
	}
	// A third person who could not get SMS left no number in the approval.
	kind, reachable := approval.Urgent.Type, approval.Urgent.PhoneNumber != ""
	if chosen != nil {
		kind, reachable = chosen.Type, chosen.ThirdPersonOTP
	}
	if kind != persons.OTP && kind != persons.ThirdPerson {
		return fault.Refuse(rules.ApprovalResendMethodType)
	}
	if cfg.On(rules.ApprovalResendThirdPerson) && kind == persons.ThirdPerson && !reachable {
		return fault.Refuse(rules.ApprovalResendThirdPerson)
	}
	if approval.AuthorizeWith == nil {
		return nil
	}
	if cfg.On(rules.ApprovalResendMethodUsable) && (chosen == nil || chosen.PersonID != patient.ID || !chosen.Usable) {
		return fault.Refuse(rules.ApprovalResendMethodUsable)
	}
	if cfg.On(rules.ApprovalResendMethodConfidant) && cfg.ConfidantRelationships &&
		kind == persons.ThirdPerson && (chosen == nil || !chosen.ConfidantApproved) {
		return fault.Refuse(rules.ApprovalResendMethodConfidant)
	}
	return nil
}

// chosenMethod is the method that authorize_with names, nil when it names none
// or one that is gone.
func (a *API) chosenMethod(ctx context.Context, approval *Document) (*persons.Method, error) {
	if approval.AuthorizeWith == nil {
		return nil, nil
	}
	return a.people.Method(ctx, *approval.AuthorizeWith)
}
