package persons

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// API serves the register of persons.
type API struct {
	Engine *operation.Engine
	People *Store
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "searchPersons", Rules: operation.RulesOf(searchChecks)},
		{ID: "searchPersonsV2", Rules: operation.RulesOf(searchV2Checks)},
		{ID: "listAuthenticationMethods", Rules: operation.RulesOf(methodsChecks)},
		{ID: "getPersonalData", Rules: operation.RulesOf(personalDataChecks)},
		{ID: "getPersonalDataV2", Rules: operation.RulesOf(personalDataV2Checks)},
		{ID: "getPersonVerification", Rules: operation.RulesOf(verificationChecks)},
		{ID: "listConfidantPersonRelationships", Rules: operation.RulesOf(relationshipsChecks)},
	}
}

// of is one call about the person of a path.
type of struct {
	operation.Caller
	people *Store
	sent   string
	id     uuid.UUID
	isBool bool // is_expired

	verification api.PersonVerification
	personal     api.PersonalData
}

// isActive makes the check that the person of the path is active.
func isActive(rule rules.ID) operation.Check[*of] {
	return operation.Check[*of]{Rule: rule, Pass: func(ctx context.Context, s *of) error {
		var ok bool
		if s.id, ok = envelope.ParseID(s.sent); !ok {
			return fault.ErrNotFound
		}
		active, err := s.people.isActive(ctx, s.id)
		if err != nil {
			return err
		}
		return operation.Expect(active, "person", "exists and is active", "nothing")
	}}
}
