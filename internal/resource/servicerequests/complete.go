package servicerequests

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// CompleteServiceRequest serves PATCH /api/service_requests/{service_request_id}/actions/complete.
func (a *API) CompleteServiceRequest(
	ctx context.Context, req api.CompleteServiceRequestRequestObject,
) (api.CompleteServiceRequestResponseObject, error) {
	job, err := Complete.Start(ctx, a.Engine, a, operation.Path{ID: req.ServiceRequestID}, complete{ServiceRequestComplete: *req.Body})
	return api.CompleteServiceRequest202JSONResponse(job), err
}

// complete is the body, and the service of the program_service that it names.
type complete struct {
	api.ServiceRequestComplete
	service *uuid.UUID
}

type completing = operation.Call[*API, Document, complete]

// Complete ends a service request that the caller's legal entity has worked on. What it
// asks of the program is not asked where there is none.
var Complete = operation.Transition[*API, Document, complete]{
	ID: "completeServiceRequest", Collection: Collection, Kind: kind, Again: true,
	Guard: []operation.Check[*completing]{
		{Rule: rules.ServiceRequestCompleteLegalEntity, Caller: operation.HasLegalEntity},
		{Rule: rules.ServiceRequestCompleteLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
		{Rule: rules.ServiceRequestCompleteLegalEntityStatus, Caller: operation.LegalEntityIsActive},
	},
	Checks: []operation.Check[*completing]{
		{Rule: rules.ServiceRequestCompleteNotFound, Want: operation.Exists},
		{Rule: rules.ServiceRequestCompleteOwner, Pass: isUsedByCaller, Seen: func(c *completing) mongodb.Condition {
			if c.Document.UsedByLegalEntity == nil {
				return seen("used_by_legal_entity", nil)
			}
			return seen("used_by_legal_entity.identifier.value", c.Document.UsedByLegalEntity.Identifier.Value)
		}},
		{Rule: rules.ServiceRequestCompleteProgramStatus, Pass: isInProgress, Seen: func(c *completing) mongodb.Condition {
			if c.Document.ProgramProcessingStatus == nil {
				return seen("program_processing_status", nil)
			}
			return seen("program_processing_status", *c.Document.ProgramProcessingStatus)
		}},
		{Rule: rules.ServiceRequestCompleteStatus, Field: "status", Want: operation.Is(Active)},
		{Rule: rules.ServiceRequestCompleteRecordKind, Pass: recordIsOfKind},
		{Rule: rules.ServiceRequestCompleteRecord, Pass: recordExists},
		{Rule: rules.ServiceRequestCompleteRecordLegalEntity, Pass: ofRecord(recordIsOwn)},
		{Rule: rules.ServiceRequestCompleteRecordReferral, Pass: ofRecord(recordIsOfReferral)},
		{Rule: rules.ServiceRequestCompleteRecordType, Pass: ofRecord(recordEndsStay)},
		{Rule: rules.ServiceRequestCompleteRecordEpisode, Pass: episodeOfRecordIsActive},
		{Rule: rules.ServiceRequestCompleteRecordStatus, Pass: ofRecord(recordCounts)},
		{Rule: rules.ServiceRequestCompleteProgramServiceRequired, Pass: ofProgram(programServiceIsGiven)},
		{Rule: rules.ServiceRequestCompleteProgramService, Pass: ofProgram(programServiceExists)},
		{Rule: rules.ServiceRequestCompleteProgramServiceGroup, Pass: ofProgram(programServiceIsNoGroup)},
		{Rule: rules.ServiceRequestCompleteProgramServiceCode, Pass: ofProgram(ofRecord(recordIsOfProgramService))},
	},
	Change: func(c *completing) operation.Change {
		change := operation.Change{
			Set:  map[string]any{"status": Completed, "completed_with": nil, "program_service": nil, "status_reason": nil},
			Push: map[string]any{},
		}
		status := StatusChange{Status: Completed, Change: Change{InsertedAt: c.Now, InsertedBy: c.UserID}}
		if sent := c.Body.StatusReason; sent != nil {
			status.StatusReason = new(medicalevents.ReceivedConcept(*sent))
			change.Set["status_reason"] = status.StatusReason
		}
		change.Push["status_history"] = status
		if sent := c.Body.CompletedWith; sent != nil {
			change.Set["completed_with"] = medicalevents.Received(*sent)
		}
		if sent := c.Body.ProgramService; sent != nil {
			change.Set["program_service"] = medicalevents.Received(*sent)
		}
		if c.Document.Program != nil {
			change.Set["program_processing_status"] = ProgramCompleted
			change.Push["program_processing_status_history"] = programChange(c.Caller, ProgramCompleted)
		}
		return change
	},
	Event: operation.Event{Entity: "ServiceRequest", Attribute: "status", To: []string{Completed}},
	Also:  []operation.Event{{Entity: "ServiceRequest", Attribute: "program_processing_status", To: []string{ProgramCompleted}}},
}

// seen is what a field of the document holds.
func seen(field string, value any) mongodb.Condition {
	return mongodb.Condition{Field: field, Operator: mongodb.Equal, Values: []any{value}}
}

// ofProgram makes a check where the service request is of a program.
func ofProgram(pass func(ctx context.Context, c *completing) error) func(ctx context.Context, c *completing) error {
	return func(ctx context.Context, c *completing) error {
		if c.Document.Program == nil {
			return nil
		}
		return pass(ctx, c)
	}
}

// ofRecord makes a check of what completed_with leads to.
func ofRecord(pass func(c *completing, found *operation.Referent) error) func(ctx context.Context, c *completing) error {
	return func(ctx context.Context, c *completing) error {
		found, err := record(ctx, c)
		if found == nil {
			return err
		}
		return pass(c, found)
	}
}

// Kinds of records that complete a service request, with their names in texts.
const (
	encounter        = "encounter"
	diagnosticReport = "diagnostic_report"
	procedure        = "procedure"
)

var recordTitles = map[string]string{encounter: "Encounter", diagnosticReport: "Diagnostic report", procedure: "Procedure"}

// recordKind is the kind that completed_with names, "" when it names none.
func recordKind(c *completing) string {
	if coding := c.Body.CompletedWith.Identifier.Type.Coding; len(coding) > 0 {
		return coding[0].Code
	}
	return ""
}

// record looks up what completed_with leads to, nil when it leads nowhere.
func record(ctx context.Context, c *completing) (*operation.Referent, error) {
	if c.Body.CompletedWith == nil || recordTitles[recordKind(c)] == "" {
		return nil, nil
	}
	return c.Referent(ctx, recordKind(c), c.Body.CompletedWith.Identifier.Value)
}

func isUsedByCaller(_ context.Context, c *completing) error {
	user := c.Document.UsedByLegalEntity
	return operation.Expect(c.Document.Program == nil || user != nil && user.Identifier.Value == c.ClientID, "used_by_legal_entity",
		c.ClientID, "another legal entity, or none")
}

func isInProgress(_ context.Context, c *completing) error {
	status := c.Document.ProgramProcessingStatus
	return operation.Expect(c.Document.Program == nil || is(status, ProgramInProgress), "program_processing_status", ProgramInProgress, status)
}

func recordIsOfKind(_ context.Context, c *completing) error {
	return operation.Expect(c.Body.CompletedWith == nil || recordTitles[recordKind(c)] != "", "kind of completed_with",
		slices.Sorted(maps.Keys(recordTitles)), "another kind")
}

func recordExists(ctx context.Context, c *completing) error {
	found, err := record(ctx, c)
	if err != nil || found != nil || c.Body.CompletedWith == nil {
		return err
	}
	return operation.Expect(false, "completed_with", "the id of a stored record", "nothing of this id", "resource", recordTitles[recordKind(c)])
}

func recordIsOwn(c *completing, found *operation.Referent) error {
	return operation.Expect(found.LegalEntity == c.ClientID, "managing_organization of completed_with", c.ClientID, "another legal entity")
}

func recordIsOfReferral(c *completing, found *operation.Referent) error {
	return operation.Expect(found.Referral == c.ID, "service request that completed_with carries out", c.ID, "another one, or none", "kind", recordKind(c))
}

func recordEndsStay(c *completing, found *operation.Referent) error {
	return operation.Expect(!isStay(&c.Document) || recordKind(c) == encounter && found.Type == "discharge", "completed_with",
		"an encounter of type discharge", "another record", "category", categoryOf(&c.Document))
}

func episodeOfRecordIsActive(ctx context.Context, c *completing) error {
	found, err := record(ctx, c)
	if found == nil || recordKind(c) != encounter {
		return err
	}
	episode, err := c.Referent(ctx, "episode", found.Episode.String())
	if err != nil {
		return err
	}
	return operation.Expect(episode != nil && episode.Status == "active", "episode of the encounter", "active", "another status")
}

func recordCounts(c *completing, found *operation.Referent) error {
	counts := found.Status != EnteredInError && (recordKind(c) != procedure || found.Status != "not_done")
	return operation.Expect(counts, "status of completed_with", "a record that counts", found.Status,
		"resource", recordTitles[recordKind(c)], "status", found.Status)
}

func programServiceIsGiven(_ context.Context, c *completing) error {
	return operation.Expect(c.Body.CompletedWith == nil || c.Body.ProgramService != nil, "program_service", "one, because completed_with is given", "none")
}

func programServiceExists(ctx context.Context, c *completing) error {
	if c.Body.ProgramService == nil {
		return nil
	}
	id, _ := envelope.ParseID(c.Body.ProgramService.Identifier.Value)
	found, err := db.New().GetServiceOfProgram(ctx, c.API.Pool, id)
	if err = postgres.Error(err); err != nil {
		return fmt.Errorf("look up the service of a program: %w", err)
	}
	c.Body.service = found
	return nil
}

func programServiceIsNoGroup(_ context.Context, c *completing) error {
	return operation.Expect(c.Body.ProgramService == nil || c.Body.service != nil, "program_service", "a service", "a group of services")
}

func recordIsOfProgramService(c *completing, found *operation.Referent) error {
	return operation.Expect(c.Body.ProgramService == nil || recordKind(c) == encounter || isStay(&c.Document) || is(c.Body.service, found.Service), "service of completed_with",
		"that of program_service", "another service")
}
