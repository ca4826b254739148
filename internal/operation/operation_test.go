package operation_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
)

// state counts the checks that were made.
type state struct {
	operation.Caller
	made []rules.ID
}

func newState(switches config.Switches) *state {
	return &state{Caller: operation.Caller{Config: &config.Config{Rules: switches}}}
}

// check is made, and returns what it is told to.
func check(rule rules.ID, result error, or ...rules.ID) operation.Check[*state] {
	return operation.Check[*state]{Rule: rule, Or: or, Pass: func(_ context.Context, s *state) error {
		s.made = append(s.made, rule)
		return result
	}}
}

func refusedBy(t *testing.T, err error) []rules.ID {
	t.Helper()
	var refusal *fault.Error
	require.ErrorAs(t, err, &refusal)
	return refusal.Rules
}

func TestFirstRefusalAnswers(t *testing.T) {
	t.Parallel()
	s := newState(nil)
	err := operation.Run(t.Context(), []operation.Check[*state]{
		check(rules.DivisionActivateNotFound, nil),
		check(rules.DivisionActivateOwner, operation.Unless(true)),
		check(rules.DivisionActivateLegalEntityActive, operation.Refuse()),
		check(rules.DivisionActivateStatus, operation.Refuse()),
	}, s)
	require.Equal(t, []rules.ID{rules.DivisionActivateLegalEntityActive}, refusedBy(t, err))
	require.Len(t, s.made, 3)
}

func TestTextsAreFilled(t *testing.T) {
	t.Parallel()
	err := operation.Run(t.Context(), []operation.Check[*state]{
		check(rules.DeviceDispenseStopStatus, operation.Unless(false, "status", "completed")),
	}, newState(nil))
	require.Equal(t, []rules.ID{rules.DeviceDispenseStopStatus}, refusedBy(t, err))
	var refusal *fault.Error
	require.ErrorAs(t, err, &refusal)
	require.Contains(t, refusal.Message, "completed")
}

func TestRulesThatAreOffDoNotRefuse(t *testing.T) {
	t.Parallel()
	checks := []operation.Check[*state]{
		check(rules.ServiceRequestReleaseOwner, operation.Refuse()), // starts off
		check(rules.DivisionActivateOwner, operation.Refuse()),
	}
	s := newState(nil)
	require.Equal(t, []rules.ID{rules.DivisionActivateOwner}, refusedBy(t, operation.Run(t.Context(), checks, s)))
	require.Equal(t, []rules.ID{rules.DivisionActivateOwner}, s.made, "a check that is off is not made")

	s = newState(config.Switches{rules.ServiceRequestReleaseOwner: true})
	require.Equal(t, []rules.ID{rules.ServiceRequestReleaseOwner}, refusedBy(t, operation.Run(t.Context(), checks, s)))

	require.NoError(t, operation.Run(t.Context(), checks, newState(config.Switches{rules.DivisionActivateOwner: false})))
}

func TestChecksTogetherMakeOneAnswer(t *testing.T) {
	t.Parallel()
	checks := []operation.Check[*state]{
		check(rules.DivisionListIDs, operation.Refuse()),
		check(rules.DivisionListLegalEntityID, operation.Refuse()),
	}
	s := newState(nil)
	err := operation.Run(t.Context(), checks, s)
	require.Equal(t, []rules.ID{rules.DivisionListIDs, rules.DivisionListLegalEntityID}, refusedBy(t, err))
	var refusal *fault.Error
	require.ErrorAs(t, err, &refusal)
	require.Len(t, refusal.Invalid, 2)
}

func TestOneCheckOfSeveralRules(t *testing.T) {
	t.Parallel()
	found := operation.Refusals{
		fault.RefuseAt(rules.DeviceDispenseListUnknownParameter, "$.color", nil),
		fault.Refuse(rules.DeviceDispenseListStatus),
	}
	checks := []operation.Check[*state]{check(rules.DeviceDispenseListUnknownParameter, found, rules.DeviceDispenseListStatus)}
	require.Equal(t, []rules.ID{rules.DeviceDispenseListUnknownParameter, rules.DeviceDispenseListStatus}, operation.RulesOf(checks))

	err := operation.Run(t.Context(), checks, newState(nil))
	require.Equal(t, []rules.ID{rules.DeviceDispenseListUnknownParameter, rules.DeviceDispenseListStatus}, refusedBy(t, err))

	err = operation.Run(t.Context(), checks, newState(config.Switches{rules.DeviceDispenseListUnknownParameter: false}))
	require.Equal(t, []rules.ID{rules.DeviceDispenseListStatus}, refusedBy(t, err))
}

func TestErrorsOfChecks(t *testing.T) {
	t.Parallel()
	err := operation.Run(t.Context(), []operation.Check[*state]{check(rules.DivisionActivateNotFound, fault.ErrNotFound)}, newState(nil))
	require.Equal(t, []rules.ID{rules.DivisionActivateNotFound}, refusedBy(t, err), "what a check looks up and does not find")

	broken := errors.New("broken")
	err = operation.Run(t.Context(), []operation.Check[*state]{check(rules.DivisionActivateNotFound, broken)}, newState(nil))
	require.ErrorIs(t, err, broken)
	err = operation.Run(t.Context(), []operation.Check[*state]{check(rules.DivisionActivateNotFound, fault.ErrUnavailable)}, newState(nil))
	require.ErrorIs(t, err, fault.ErrUnavailable)
}

func TestRowTransitionChecksAgainWhenTheRowChanged(t *testing.T) {
	t.Parallel()
	tries := 0
	op := operation.RowTransition[*state]{
		ID: "activateDivision",
		Checks: []operation.Check[*state]{{Rule: rules.DivisionActivateStatus, Pass: func(context.Context, *state) error {
			return operation.Unless(tries < 2, "status", "ACTIVE")
		}}},
		Write: func(context.Context, *state) error {
			tries++
			return fault.ErrStale
		},
	}
	require.Equal(t, []rules.ID{rules.DivisionActivateStatus}, refusedBy(t, op.Run(t.Context(), newState(nil))))
	require.Equal(t, 2, tries)
}

func TestVerifyComparesWithTheContract(t *testing.T) {
	t.Parallel()
	right := operation.Operation{ID: "getDivision", Rules: []rules.ID{rules.DivisionGetNotFound, rules.DivisionGetOwner}}
	require.NoError(t, operation.Verify([]string{"getDivision"}, []operation.Operation{right}))

	swapped := operation.Operation{ID: "getDivision", Rules: []rules.ID{rules.DivisionGetOwner, rules.DivisionGetNotFound}}
	err := operation.Verify([]string{"getDivision"}, []operation.Operation{swapped})
	require.ErrorContains(t, err, "x-rules: division.get.not_found, division.get.owner")
	require.ErrorContains(t, err, "checked: division.get.owner, division.get.not_found")

	missing := operation.Operation{ID: "getDivision", Rules: right.Rules[:1]}
	require.ErrorContains(t, operation.Verify([]string{"getDivision"}, []operation.Operation{missing}), "getDivision")
	require.ErrorContains(t, operation.Verify([]string{"getDivision"}, []operation.Operation{right, right}), "twice")
	require.ErrorContains(t, operation.Verify([]string{"getDivision", "getJob"}, []operation.Operation{right}), "no resource registers getJob")
	require.ErrorContains(t, operation.Verify(nil, []operation.Operation{right}), "no operation of the contract")
}
