// Package divisions holds the places where a legal entity works: Create
// Division (seed 003), its reads and the rest of its life.
package divisions

import (
	"context"

	"esoz/gen/api"
	"esoz/internal/operation"
	"esoz/internal/platform/address"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/subject"
)

// API serves the operations of the resource.
type API struct {
	Engine    *operation.Engine
	Store     Store
	Addresses address.Register
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		Create.Operation(a.Engine, a.read),
		Update.Operation(a.Engine, a.read),
		Activate.Operation(a.Engine, nil),
		Deactivate.Operation(a.Engine, nil),
		{ID: "getDivision", Rules: operation.RulesOf(getChecks), Reads: table},
		{ID: "listDivisions", Rules: operation.RulesOf(listChecks)},
	}
}

// call is one call of an operation on a division.
type call struct {
	operation.Caller
	*API
	id       string   // in the path
	division division // that id names; after Write, as Write left it

	sent // of the checks of a body
	body *api.DivisionRequest
	uses *uses
}

func (a *API) call(ctx context.Context, id string) *call {
	return &call{Caller: a.Engine.Caller(ctx), API: a, id: id}
}

// isFound passes when the path names a division in any status. A malformed id is
// not found (decisions R12).
func isFound(ctx context.Context, s *call) error {
	id, ok := envelope.ParseID(s.id)
	if !ok {
		return fault.ErrNotFound
	}
	found, err := s.Store.get(ctx, id)
	if err != nil {
		return err
	}
	s.division = *found
	return nil
}

// isOwn passes when the division is the caller's.
func isOwn(_ context.Context, s *call) error {
	return operation.Expect(s.division.legalEntityID == s.ClientID, "legal entity of the division", s.ClientID, s.division.legalEntityID)
}

// isFoundActive passes when it is also is_active.
func isFoundActive(ctx context.Context, s *call) error {
	if err := isFound(ctx, s); err != nil {
		return err
	}
	return operation.Expect(s.division.isActive, "is_active of the division", true, false)
}

// mayManage passes legal entities that may work with divisions.
func mayManage(c *operation.Caller) error {
	return operation.ExpectStatus(c.LegalEntity, c.LegalEntity.MayManageDivisions(), subject.Active, subject.Suspended)
}

// isIn passes when the division has the status.
func isIn(status api.DivisionStatus) func(context.Context, *call) error {
	return func(_ context.Context, s *call) error {
		return operation.Expect(s.division.shown.Status == status, "status", status, s.division.shown.Status, "status", s.division.shown.Status)
	}
}

// setStatus is the Write of operations that set the status.
func (s *call) setStatus(ctx context.Context, t transition) (err error) {
	t.by, t.at = s.UserID, s.Engine.Clock.Now()
	s.division.shown, err = s.Store.setStatus(ctx, &s.division, t)
	return err
}

// moves are the way from one status to another.
func moves(from, to api.DivisionStatus) *operation.Moves {
	return &operation.Moves{Collection: table, Attribute: "status", From: []string{string(from)}, To: []string{string(to)}}
}
