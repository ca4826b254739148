package forbiddengroups_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// The list has the groups in use whose name has the part that was asked for.
func TestFilter(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	health, infections := world.ID("forbidden group"), world.ID("forbidden group without contents")
	for name, want := range map[string][]uuid.UUID{
		"":                {health, infections},
		"психічне здоров": {health},
		"ІНФЕКЦІЙНІ":      {infections},
		"%":               nil,
	} {
		r := s.Send(t, testkit.As("", http.MethodGet, "/api/forbidden_groups?"+url.Values{"name": {name}}.Encode(), nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var found []struct{ ID uuid.UUID }
		r.Data(t, &found)
		ids := []uuid.UUID{}
		for _, g := range found {
			ids = append(ids, g.ID)
		}
		require.ElementsMatch(t, want, ids, name)
		require.InDelta(t, len(want), r.Body.Paging["total_entries"], 0)
	}
}

// A group shows what is in it now, and not what was taken out.
func TestGet(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	r := s.Send(t, testkit.As("", http.MethodGet, "/api/forbidden_groups/"+world.ID("forbidden group").String(), nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	type code = struct{ Code, System string }
	type service = struct {
		ServiceID      *uuid.UUID `json:"service_id"`
		ServiceGroupID *uuid.UUID `json:"service_group_id"`
	}
	var shown struct {
		Codes    []code    `json:"forbidden_group_codes"`
		Services []service `json:"forbidden_group_services"`
	}
	r.Data(t, &shown)
	require.Equal(t, []code{{"F20.0", "eHealth/ICD10_AM/condition_codes"}, {"P72", "eHealth/ICPC2/condition_codes"}}, shown.Codes)
	require.ElementsMatch(t, []service{
		{ServiceID: new(world.ID("forbidden service"))}, {ServiceGroupID: new(world.ID("forbidden group of services"))},
	}, shown.Services)
}
