// Package declarations holds what patients and doctors have agreed on: its reads
// and its endings. Declarations begin with the signature of a declaration request.
package declarations

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Store  Store
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "listDeclarations", Rules: operation.RulesOf(listChecks)},
		{ID: "getDeclaration", Rules: operation.RulesOf(getChecks), Reads: table},
		{ID: "getPersonDeclaration", Rules: operation.RulesOf(personChecks)},
		Approve.Operation(a.Engine, nil),
		Reject.Operation(a.Engine, nil),
		Terminate.Operation(a.Engine, nil),
		TerminatePIS.Operation(a.Engine, nil),
	}
}

// call is one call of an operation on a declaration.
type call struct {
	operation.Caller
	*API
	pathID string
	words  *string // reason_description of the body
	found  *declaration
}

func (a *API) call(ctx context.Context, id string) *call {
	return &call{Caller: a.Engine.Caller(ctx), API: a, pathID: id}
}

// declaration is a declaration as operations show it, with what only checks ask about.
type declaration struct {
	id, legalEntityID, personID uuid.UUID
	status                      api.DeclarationStatus
	isActive                    bool
	personExists                bool                            // of those that are changed
	shown                       api.Declaration                 // of those that are read, or have been changed
	confirmed                   api.AuthenticationMethodCurrent // of those that are read
}

// lookUp passes when get finds a declaration by the id of the path. A malformed
// id is not found (decisions R12).
func lookUp(rule rules.ID, get func(Store, context.Context, uuid.UUID) (*declaration, error)) operation.Check[*call] {
	return operation.Check[*call]{Rule: rule, Pass: func(ctx context.Context, s *call) (err error) {
		id, ok := envelope.ParseID(s.pathID)
		if !ok {
			return fault.ErrNotFound
		}
		s.found, err = get(s.Store, ctx, id)
		return err
	}}
}

// isOpen passes when the caller may handle declarations of the legal entity.
func isOpen(_ context.Context, s *call) error {
	return s.ExpectOwn(s.found.legalEntityID)
}
