package fault_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"name", "addresses", "legal_entity_id", "page"}
	for sent, want := range map[string]string{
		"nam": "name", "Name": "name", "adresses": "addresses", "legalEntityId": "legal_entity_id", "legal_entity": "legal_entity_id",
		"date": "", "380671112233": "", "": "", "прізвище": "", strings.Repeat("name", 100): "",
	} {
		require.Equal(t, want, fault.Nearest(sent, known), sent)
	}
}

// What a client sent is shown only when it has the form of a scope or is almost a
// documented name.
func TestFactsRepeatNoValues(t *testing.T) {
	t.Parallel()
	asked := []string{"division:read", "division:write", "380671112233", "Коцюбинська:read", "+38:write"}
	f := fault.ScopeFact("scope", asked, []string{"division:read"})
	require.Equal(t, fault.Fact{
		What: "scope", Expected: "only division:read", Found: "division:read, division:write",
		Hint: "refused scopes: division:write; words that are no scopes: 3",
	}, f)
	require.Equal(t, "words that are no scopes: 1", fault.ScopeFact("scope", []string{"380671112233"}, nil).Hint)
	require.NotContains(t, fmt.Sprint(fault.NameFact("$", "Коцюбинська", []string{"name"})), "Коц")

	codes := make([]string, 1000)
	for i := range codes {
		codes[i] = fmt.Sprint("CODE", i)
	}
	require.Less(t, len(fault.NewFact("$.code", codes, nil).Expected), 1000)
}

// The error of a refusal, which is logged, and its parts that are sent have no fact.
func TestFactsStayInside(t *testing.T) {
	t.Parallel()
	refusal := fault.Join(
		fault.Refuse(rules.DivisionCreateZip).Because("first", "a", "b"), fault.Refuse(rules.DivisionCreateArea).Because("second", "c", "d"),
	)
	require.NotContains(t, refusal.Error(), "first")
	require.Len(t, refusal.Facts, 2)
	require.Equal(t, []rules.ID{rules.DivisionCreateZip, rules.DivisionCreateArea}, []rules.ID{refusal.Facts[0].Rule, refusal.Facts[1].Rule})
	require.NotContains(t, fmt.Sprint(refusal.Invalid, refusal.Message), "second")
}
