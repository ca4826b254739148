package catalogues_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/postgres"
	"esoz/internal/resource/catalogues"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// node is a group or a service of an answer.
type node struct {
	Code     string
	Name     string
	IsActive bool    `json:"is_active"`
	Groups   *[]node `json:"groups"`
	Services *[]node `json:"services"`
}

// outline prints a tree: A(B(s) t) is group A with group B and service t.
func outline(nodes []node) string {
	parts := []string{}
	for _, n := range nodes {
		text := n.Code
		if n.Groups != nil || n.Services != nil {
			var within []string
			for _, list := range []*[]node{n.Groups, n.Services} {
				if list != nil && len(*list) > 0 {
					within = append(within, outline(*list))
				}
			}
			text += "(" + strings.Join(within, " ") + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func services(t *testing.T, s *testkit.Server, query url.Values) ([]node, *testkit.Response) {
	t.Helper()
	r := s.Send(t, as("doctor", "/api/services?"+query.Encode()))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var found []node
	r.Data(t, &found)
	return found, r
}

// What a filter leaves of the tree: a group that matches stays whole, of others only
// what leads to a match.
func TestServicesAreATree(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	const imaging = "A58001(A58002(59300-00) A58003(56001-00 56101-00 56401-00) 58500-00)"
	for _, c := range []struct {
		query url.Values
		want  string
	}{
		{url.Values{"code": {"59300-00"}}, "A58001(A58002(59300-00))"},
		{url.Values{"code": {"59300"}}, ""},
		{url.Values{"code": {"a58003"}}, "A58001(A58003(56001-00 56101-00 56401-00))"},
		{url.Values{"code": {"A58001"}}, imaging},
		{url.Values{"name": {"ТОМОГРАФІЯ ГОЛОВНОГО"}}, "A58001(A58003(56001-00))"},
		{url.Values{"name": {"рентген"}, "code": {"58500-00"}}, "A58001(58500-00)"},
		{url.Values{"name": {"рентген"}, "code": {"59300-00"}}, ""},
		{url.Values{"name": {"інсулін"}}, "A57001(96200-06) A59001(96200-06)"},
		{url.Values{"name": {"інсуліну вдома"}}, "A59001(96200-06)"},
		{url.Values{"code": {"A57001"}}, "A57001(A57002() 30224-02 96092-00 96200-06)"},
		// It was taken out of A58001: an inclusion that is not active drops the service.
		{url.Values{"code": {"11700-00"}}, "A59009(11700-00)"},
		{url.Values{"name": {"%"}}, ""},
	} {
		found, r := services(t, s, c.query)
		require.Equal(t, c.want, outline(found), c.query.Encode())
		require.InDelta(t, len(found), r.Body.Paging["total_entries"], 0)
	}
}

// Pages count the topmost groups that are left.
func TestPagesOfServices(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	all, r := services(t, s, url.Values{"page_size": {"300"}})
	require.InDelta(t, len(all), r.Body.Paging["total_entries"], 0)
	require.Len(t, all, s.Count(t, "prm.service_groups WHERE parent_id IS NULL"))
	for i, want := range all {
		page, r := services(t, s, url.Values{"page_size": {"1"}, "page": {string(rune('1' + i))}})
		require.Equal(t, []node{want}, page)
		require.InDelta(t, len(all), r.Body.Paging["total_pages"], 0)
	}
}

// A service has the name that its group gives it, and what is out of use is shown.
func TestServiceInGroups(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	found, _ := services(t, s, url.Values{"code": {"96200-06"}})
	require.Len(t, found, 2)
	require.Equal(t, "Підшкірне введення фармакологічного засобу, інсулін", (*found[0].Services)[0].Name)
	require.Equal(t, "Введення інсуліну вдома", (*found[1].Services)[0].Name)
	found, _ = services(t, s, url.Values{"code": {"96092-00"}})
	require.False(t, (*found[0].Services)[0].IsActive)
	found, _ = services(t, s, url.Values{"code": {"A57002"}})
	empty := (*found[0].Groups)[0]
	require.False(t, empty.IsActive)
	require.Nil(t, empty.Groups)
	require.Equal(t, &[]node{}, empty.Services)
}

// The catalogue in memory follows its version.
func TestServicesRefresh(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	_, err := s.Pool.Exec(t.Context(), "UPDATE prm.services SET name = 'Інша назва' WHERE id = $1", world.ID("mammography"))
	require.NoError(t, err)
	require.NoError(t, s.Services.Refresh(t.Context()))
	found, _ := services(t, s, url.Values{"name": {"інша назва"}})
	require.Empty(t, found, "the version is the same")
	require.NoError(t, postgres.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error {
		return catalogues.ServicesChanged(t.Context(), tx, s.Clock.Now())
	}))
	require.NoError(t, s.Services.Refresh(t.Context()))
	found, _ = services(t, s, url.Values{"name": {"інша назва"}})
	require.Equal(t, "A58001(A58002(59300-00))", outline(found))
}
