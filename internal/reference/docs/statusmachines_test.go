package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/machines"
	"esoz/internal/app"
	"esoz/internal/operation"
	"esoz/internal/resource/dictionaries"
)

// codes reads the codes of the dictionaries that come with the server.
func codes(t *testing.T) map[string][]string {
	t.Helper()
	all, err := dictionaries.Builtin()
	require.NoError(t, err)
	found := map[string][]string{}
	for _, d := range all {
		for _, v := range d.Values {
			found[d.Name] = append(found[d.Name], v.Code)
		}
	}
	return found
}

func TestStatusMachinesKeepTheirDictionaries(t *testing.T) {
	t.Parallel()
	var titles []string
	checked := 0
	for _, m := range machines.All {
		titles = append(titles, m.Title)
		if m.Dictionary == "" {
			continue
		}
		checked++
		require.ElementsMatch(t, codes(t)[m.Dictionary], m.States, m.Title)
	}
	require.Subset(t, titles, []string{
		"Approval", "Declaration request", "Service request", "Service request in a medical program", "Device dispense",
		"Division", "Verification", "Job",
	})
	require.Equal(t, 3, checked)
}

// The transitions that operations of the contract make are those of the
// operations' values.
func TestStatusMachinesAndOperationsAgree(t *testing.T) {
	t.Parallel()
	moves := map[string][]*operation.Moves{}
	for _, op := range app.Operations() {
		if op.Moves != nil {
			moves[op.ID] = append([]*operation.Moves{op.Moves}, op.Also...)
		}
	}
	shown := map[string]bool{}
	for _, m := range machines.All {
		for _, transition := range m.Transitions {
			id := transition.Operation
			if moves[id] == nil || transition.From == "" {
				continue
			}
			shown[id] = true
			require.True(t, slices.ContainsFunc(moves[id], func(m *operation.Moves) bool {
				return slices.Contains(m.To, transition.To) && (len(m.From) == 0 || slices.Contains(m.From, transition.From))
			}), "%s: %s to %s", id, transition.From, transition.To)
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(moves)), slices.Collect(maps.Keys(shown)))
}

func TestAStatusMachineIsDrawn(t *testing.T) {
	t.Parallel()
	thing := machines.Machine{
		Title: "Thing", Place: "Thing.status", States: []string{"new", "old"}, Final: []string{"old"},
		Transitions: []machines.Transition{
			{To: "new", By: "createThing", Source: "Medical events MIS API, Create"},
			{From: "new", To: "old", By: "time; no one", Source: "wiki Things 583403110"},
		},
	}
	require.Equal(t, "stateDiagram-v2\n    [*] --> new : createThing\n    new --> old : time, no one\n    old --> [*]\n", diagram(thing))
	page := statusMachinePage([]machines.Machine{thing})
	require.Contains(t, page, "`Thing.status`")
	require.Contains(t, page, "| `new` | `old` | time; no one | [wiki Things 583403110](https://e-health-ua.atlassian.net/wiki/pages/viewpage.action?pageId=583403110) |")
	require.Contains(t, page, "|  | `new` | createThing |")
}
