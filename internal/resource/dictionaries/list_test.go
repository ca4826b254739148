package dictionaries_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/postgres"
	"esoz/internal/resource/dictionaries"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const classifier = "eHealth/ICF/classifiers"

func get(t *testing.T, s *testkit.Server, path string, filters ...string) *testkit.Response {
	t.Helper()
	query := url.Values{}
	for i := 0; i+1 < len(filters); i += 2 {
		query.Set(filters[i], filters[i+1])
	}
	return s.Send(t, testkit.As("", http.MethodGet, path+"?"+query.Encode(), nil))
}

func names(t *testing.T, s *testkit.Server, path string, filters ...string) []string {
	t.Helper()
	r := get(t, s, path, filters...)
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	require.Equal(t, "list", r.Body.Meta["type"])
	require.Nil(t, r.Body.Paging)
	var data []struct{ Name string }
	r.Data(t, &data)
	found := []string{}
	for _, d := range data {
		found = append(found, d.Name)
	}
	return found
}

// change edits dictionaries as an administrator does, and tells the caches.
func change(t *testing.T, s *testkit.Server, sql string, args ...any) {
	t.Helper()
	require.NoError(t, postgres.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), sql, args...); err != nil {
			return err
		}
		return dictionaries.Changed(t.Context(), tx, s.Clock.Now())
	}))
	require.NoError(t, s.Dictionaries.Refresh(t.Context()))
}

// stored are the dictionaries of a database, in the order of the list.
func stored(t *testing.T, s *testkit.Server) []string {
	t.Helper()
	rows, err := s.Pool.Query(t.Context(), `SELECT name FROM prm.dictionaries ORDER BY name COLLATE "C"`)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(all), 250)
	return all
}

func TestListDictionaries(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	const path = "/api/dictionaries"
	change(t, s, "UPDATE prm.dictionaries SET is_active = false WHERE name = 'PHONE_TYPE'")
	all := stored(t, s)

	require.Equal(t, all, names(t, s, path))
	require.Equal(t, all, names(t, s, path, "name", "", "is_active", ""), "empty filters are none")
	require.Equal(t, []string{"DIVISION_TYPE"}, names(t, s, path, "name", "DIVISION_TYPE"))
	require.Equal(t, []string{"ADDRESS_TYPE", "DIVISION_TYPE"}, names(t, s, path, "name", "DIVISION_TYPE, ADDRESS_TYPE"))
	require.Empty(t, names(t, s, path, "name", "DIVISION"), "names are whole")
	require.Empty(t, names(t, s, path, "name", "division_type"), "and exact")
	require.Equal(t, []string{"PHONE_TYPE"}, names(t, s, path, "is_active", "false"))
	require.NotContains(t, names(t, s, path, "is_active", "true"), "PHONE_TYPE")
	require.Empty(t, names(t, s, path, "is_active", "true", "name", "PHONE_TYPE"))

	var data []map[string]any
	get(t, s, path, "name", classifier).Data(t, &data)
	require.Equal(t, []map[string]any{{
		"name": classifier, "labels": []any{"SYSTEM", "EXTERNAL"}, "is_active": true,
		// Values in use, of all levels.
		"values": map[string]any{"b1142": "Орієнтація в особі", "b11429": "Орієнтація в особі неуточнена"},
	}}, data)

	r := get(t, s, path, "is_active", "1")
	require.Equal(t, http.StatusUnprocessableEntity, r.Status)
	require.Equal(t, []string{"dictionary.list.is_active"}, r.Rules())
	require.Equal(t, []any{"boolean"}, r.Body.Error.Invalid[0].Rules[0].Params)
	s.Set(t, map[string]string{"RULES": "-dictionary.list.is_active"})
	require.Equal(t, all, names(t, s, path, "is_active", "1"))
}

// Big ones are left out of the first version's list, which has no pages.
func TestBigDictionaries(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle(), testkit.With("BIG_DICTIONARIES", "COUNTRY,STREET_TYPE"))
	found := names(t, s, "/api/dictionaries")
	require.Len(t, found, len(stored(t, s))-2)
	require.NotContains(t, found, "COUNTRY")
	require.Equal(t, []string{"COUNTRY"}, names(t, s, "/api/dictionaries", "name", "COUNTRY"))
	require.Contains(t, names(t, s, "/api/v2/dictionaries"), "COUNTRY")
}

func TestListDictionariesV2(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	const path = "/api/v2/dictionaries"
	change(t, s, "UPDATE prm.dictionaries SET is_active = false WHERE name = 'PHONE_TYPE'")
	all := stored(t, s)

	require.Equal(t, all, names(t, s, path))
	require.Equal(t, all, names(t, s, path, "name", "", "is_active", "", "value_code", "", "value_description", "", "value_is_active", ""))
	require.Equal(t, []string{"PHONE_TYPE"}, names(t, s, path, "is_active", "false"))
	require.Empty(t, names(t, s, path, "name", "DIVISION_TYPE,ADDRESS_TYPE"), "one name, not a list")
	require.Contains(t, names(t, s, path, "value_code", "INACTIVE"), "DIVISION_STATUS")
	require.Empty(t, names(t, s, path, "name", "ADDRESS_TYPE", "value_code", "INACTIVE"))
	require.Equal(t, []string{classifier}, names(t, s, path, "value_is_active", "false"))

	var data []map[string]any
	get(t, s, path, "name", "STREET_TYPE", "value_description", "ПРОСПЕКТ").Data(t, &data)
	require.Len(t, data, 1)
	require.Equal(t, []any{map[string]any{"code": "AVENUE", "description": "проспект", "is_active": true, "child_values": []any{}}}, data[0]["values"])

	get(t, s, path, "name", classifier).Data(t, &data)
	require.Equal(t, []map[string]any{{
		"name": classifier, "description": "Класифікатори МКФ", "labels": []any{"SYSTEM", "EXTERNAL"}, "is_active": true,
		"values": []any{map[string]any{
			"code": "b1142", "description": "Орієнтація в особі", "is_active": true, "child_values": []any{
				map[string]any{"code": "b11428", "description": "Орієнтація в особі, інша уточнена", "is_active": false, "child_values": []any{}},
				map[string]any{"code": "b11429", "description": "Орієнтація в особі неуточнена", "is_active": true, "child_values": []any{}},
			},
		}},
	}}, data)

	r := get(t, s, path, "is_active", "yes", "value_is_active", "yes")
	require.Equal(t, http.StatusUnprocessableEntity, r.Status)
	require.Equal(t, []string{"dictionary.list_v2.is_active"}, r.Rules())
	r = get(t, s, path, "value_is_active", "yes")
	require.Equal(t, []string{"dictionary.list_v2.value_is_active"}, r.Rules())
	require.Equal(t, "$.value_is_active", r.Body.Error.Invalid[0].Entry)
}

// What the other methods accept: active codes of active dictionaries.
func TestCodes(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	require.Equal(t, []string{"RECEPTION", "REGISTRATION", "RESIDENCE"}, s.Dictionaries.Codes("ADDRESS_TYPE"))
	require.Equal(t, []string{"b1142", "b11429"}, s.Dictionaries.Codes(classifier))
	require.Empty(t, s.Dictionaries.Codes("UNKNOWN"))

	other := dictionaries.NewCache(s.Pool)
	require.Empty(t, other.Codes("ADDRESS_TYPE"), "a cache is empty before its first Refresh")
	require.NoError(t, other.Refresh(t.Context()))
	change(t, s, "UPDATE prm.dictionary_values SET is_active = false WHERE code = 'RECEPTION'")
	require.Equal(t, []string{"REGISTRATION", "RESIDENCE"}, s.Dictionaries.Codes("ADDRESS_TYPE"))
	require.Len(t, other.Codes("ADDRESS_TYPE"), 3)
	require.NoError(t, other.Refresh(t.Context()))
	require.Len(t, other.Codes("ADDRESS_TYPE"), 2)
	change(t, s, "UPDATE prm.dictionaries SET is_active = false WHERE name = 'ADDRESS_TYPE'")
	require.Empty(t, s.Dictionaries.Codes("ADDRESS_TYPE"))
}

// A migration brings what is missing and corrects what it has brought, and lets
// alone what others have decided.
func TestSeedAgain(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	var system uuid.UUID
	require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT inserted_by FROM prm.dictionaries WHERE name = 'COUNTRY'").Scan(&system))
	state := func() (text string) {
		require.NoError(t, s.Pool.QueryRow(t.Context(), `
SELECT concat((SELECT json_agg(d ORDER BY id) FROM prm.dictionaries d), (SELECT json_agg(v ORDER BY id) FROM prm.dictionary_values v),
	(SELECT json_agg(c ORDER BY name) FROM prm.cache_versions c))`).Scan(&text))
		return text
	}
	seed := func() {
		s.Clock.Advance(time.Hour)
		require.NoError(t, postgres.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error {
			return dictionaries.Seed(t.Context(), tx, s.Clock.Now(), system)
		}))
		require.NoError(t, s.Dictionaries.Refresh(t.Context()))
	}
	before := state()
	seed()
	require.Equal(t, before, state())

	change(t, s, "UPDATE prm.dictionary_values SET is_active = false WHERE code IN ('AQ', 'UM')")
	change(t, s, "UPDATE prm.dictionary_values SET description = 'Україна', updated_by = $1 WHERE code = 'UA'", uuid.New())
	before = state()
	seed()
	require.Equal(t, before, state(), "switched off stays off, another's text stays")

	change(t, s, "UPDATE prm.dictionary_values SET description = 'помилка' WHERE code = 'AVENUE'")
	change(t, s, "DELETE FROM prm.dictionary_values WHERE code = 'STREET'")
	seed()
	require.NotContains(t, s.Dictionaries.Codes("STREET_TYPE"), "STREET", "a version is brought once")
	change(t, s, "DELETE FROM prm.cache_versions WHERE name = 'dictionaries.builtin'")
	seed()
	require.Contains(t, s.Dictionaries.Codes("STREET_TYPE"), "STREET")
	var data []struct{ Values map[string]string }
	get(t, s, "/api/dictionaries", "name", "STREET_TYPE").Data(t, &data)
	require.Equal(t, "проспект", data[0].Values["AVENUE"])
}

// A large dictionary is one list: no source knows pages here.
func TestLargeDictionary(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	const large = "eHealth/ICD10/condition_codes"
	r := get(t, s, "/api/v2/dictionaries", "name", large, "page", "2", "page_size", "10")
	require.Nil(t, r.Body.Paging)
	var v2 []struct{ Values []struct{ Code string } }
	r.Data(t, &v2)
	require.Len(t, v2, 1)
	require.Len(t, v2[0].Values, 9530)
	var v1 []struct{ Values map[string]string }
	get(t, s, "/api/dictionaries", "name", large).Data(t, &v1)
	require.Len(t, v1[0].Values, 9530)
	require.Equal(t, "Холера, спричинена холерним вібріоном 01, bіovar chоlerae", v1[0].Values["A00.00"])
}

// An open dictionary is listed with what is public of it, if anything.
func TestOpenDictionaries(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	var data []struct {
		Name   string
		Values []any
	}
	get(t, s, "/api/v2/dictionaries", "name", "eHealth/assistive_devices").Data(t, &data)
	require.Len(t, data, 1)
	require.Empty(t, data[0].Values)
	require.True(t, s.Dictionaries.IsOpen("eHealth/assistive_devices"))
	require.True(t, s.Dictionaries.IsOpen(classifier), "only an example of it is public")
	require.False(t, s.Dictionaries.IsOpen("COUNTRY"))
	require.False(t, s.Dictionaries.IsOpen("UNKNOWN"))
	change(t, s, "UPDATE prm.dictionaries SET is_active = false WHERE name = 'eHealth/assistive_devices'")
	require.False(t, s.Dictionaries.IsOpen("eHealth/assistive_devices"), "what is out of use accepts nothing")
}
