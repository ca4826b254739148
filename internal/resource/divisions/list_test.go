package divisions_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/testkit"
)

// names of the divisions of a list, and its paging.
func names(t *testing.T, s *testkit.Server, token string, query url.Values) (found []string, paging map[string]any) {
	t.Helper()
	r := s.Send(t, testkit.As(token, http.MethodGet, "/api/divisions?"+query.Encode(), nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	require.Equal(t, "list", r.Body.Meta["type"])
	var data []struct{ Name string }
	r.Data(t, &data)
	found = []string{}
	for _, d := range data {
		found = append(found, d.Name)
	}
	return found, r.Body.Paging
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	ids := map[string]string{}
	for _, d := range []struct{ name, kind string }{{"Перша", "CLINIC"}, {"ДРУГА 100%", "FAP"}, {"Третя_", "CLINIC"}} {
		s.Clock.Advance(time.Second)
		ids[d.name] = decoded(t, s.Send(t, create("sandbox-msp-owner", body(object{"type": d.kind}))))["id"].(string)
		s.Clock.Advance(time.Second)
	}
	for name, id := range ids { // as rows that were there before the pattern of names
		_, err := s.Pool.Exec(t.Context(), "UPDATE prm.divisions SET name = $1 WHERE id = $2", name, id)
		require.NoError(t, err)
	}
	_, err := s.Pool.Exec(t.Context(), "UPDATE prm.divisions SET status = 'INACTIVE', is_active = false WHERE id = $1", ids["Третя_"])
	require.NoError(t, err)

	first, second, third := "Перша", "ДРУГА 100%", "Третя_"
	for _, c := range []struct {
		name  string
		query url.Values
		found []string
	}{
		{"none", url.Values{}, []string{first, second, third}},
		{"empty ones are none", url.Values{"ids": {""}, "name": {""}, "type": {""}, "status": {""}, "legal_entity_id": {""}}, []string{first, second, third}},
		{"ids", url.Values{"ids": {ids[third] + "," + ids[first]}}, []string{first, third}},
		{"another's id", url.Values{"ids": {idOf("division of the clinic")}}, []string{}},
		{"a part of the name in any case", url.Values{"name": {"друга"}}, []string{second}},
		{"a percent sign is a percent sign", url.Values{"name": {"%"}}, []string{second}},
		{"an underscore too", url.Values{"name": {"_"}}, []string{third}},
		{"type", url.Values{"type": {"CLINIC"}}, []string{first, third}},
		{"an unknown type", url.Values{"type": {"clinic"}}, []string{}},
		{"status", url.Values{"status": {"INACTIVE"}}, []string{third}},
		{"all together", url.Values{"type": {"CLINIC"}, "status": {"ACTIVE"}, "name": {"а"}, "ids": {ids[first] + "," + ids[second]}}, []string{first}},
		{"the own legal entity", url.Values{"legal_entity_id": {idOf("msp")}}, []string{first, second, third}},
		{"a foreign one", url.Values{"legal_entity_id": {idOf("clinic")}}, []string{}},
	} {
		found, paging := names(t, s, "sandbox-msp-owner", c.query)
		require.Equal(t, c.found, found, c.name)
		require.EqualValues(t, len(c.found), paging["total_entries"], c.name)
		require.EqualValues(t, 1, paging["total_pages"], c.name)
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	all, paging := names(t, s, owner, url.Values{})
	require.Greater(t, len(all), 4)
	require.EqualValues(t, 50, paging["page_size"])
	var walked []string
	for page := 1; ; page++ {
		found, paging := names(t, s, owner, url.Values{"page": {strconv.Itoa(page)}, "page_size": {"2"}})
		require.EqualValues(t, page, paging["page_number"])
		require.EqualValues(t, len(all), paging["total_entries"])
		require.EqualValues(t, (len(all)+1)/2, paging["total_pages"])
		if len(found) == 0 {
			require.Greater(t, page, (len(all)+1)/2, "only a page past the end is empty")
			break
		}
		walked = append(walked, found...)
	}
	require.Equal(t, all, walked)
}

// A switched-off check of an id lets it find nothing.
func TestListUncheckedIDs(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.With("RULES", "-division.list.ids,-division.list.legal_entity_id"))
	found, _ := names(t, s, owner, url.Values{"ids": {"1"}})
	require.Empty(t, found)
	found, _ = names(t, s, owner, url.Values{"ids": {"1," + idOf("division of the clinic")}})
	require.Len(t, found, 1)
	found, _ = names(t, s, owner, url.Values{"legal_entity_id": {"1"}})
	require.Empty(t, found)
}
