package uaddresses_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/resource/uaddresses"
	"esoz/internal/testkit"
)

// get asks without a token: addresses are public.
func get(t *testing.T, s *testkit.Server, path string, filters ...string) *testkit.Response {
	t.Helper()
	query := url.Values{}
	for i := 0; i+1 < len(filters); i += 2 {
		query.Set(filters[i], filters[i+1])
	}
	return s.Send(t, testkit.As("", http.MethodGet, "/api/uaddresses/"+path+"?"+query.Encode(), nil))
}

// named asks for a list and returns the names and the paging in it.
func named(t *testing.T, s *testkit.Server, path string, filters ...string) (names []string, paging map[string]any) {
	t.Helper()
	r := get(t, s, path, filters...)
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	require.Equal(t, "list", r.Body.Meta["type"])
	var data []struct{ Name string }
	r.Data(t, &data)
	names = []string{}
	for _, item := range data {
		names = append(names, item.Name)
	}
	return names, r.Body.Paging
}

func refusedBy(t *testing.T, r *testkit.Response, status int, rule, entry string) {
	t.Helper()
	require.Equal(t, status, r.Status, "%s", r.Raw)
	require.Equal(t, []string{rule}, r.Rules())
	if entry != "" {
		require.Len(t, r.Body.Error.Invalid, 1)
		require.Equal(t, entry, r.Body.Error.Invalid[0].Entry)
		require.Equal(t, "json_data_property", r.Body.Error.Invalid[0].EntryType)
	}
}

func TestListRegions(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())

	names, paging := named(t, s, "regions")
	require.Len(t, names, 27)
	require.Equal(t, "Автономна Республіка Крим", names[0])
	require.Equal(t, "Чернігівська", names[26])
	require.Equal(t, map[string]any{"page_number": 1., "page_size": 50., "total_entries": 27., "total_pages": 1.}, paging)

	names, paging = named(t, s, "regions", "page", "3", "page_size", "10")
	require.Equal(t, []string{"Тернопільська", "Харківська", "Херсонська", "Хмельницька", "Черкаська", "Чернівецька", "Чернігівська"}, names)
	require.Equal(t, map[string]any{"page_number": 3., "page_size": 10., "total_entries": 27., "total_pages": 3.}, paging)
	names, paging = named(t, s, "regions", "page", "4", "page_size", "10")
	require.Empty(t, names, "a page past the end")
	require.EqualValues(t, 27, paging["total_entries"])

	names, _ = named(t, s, "regions", "name", "КИЇВ")
	require.Equal(t, []string{"Київ", "Київська"}, names)
	for _, written := range []string{"М.КИЇВ", "м. Київ"} {
		names, _ = named(t, s, "regions", "name", written)
		require.Equal(t, []string{"Київ"}, names, "the city, and no part of Київська")
		names, _ = named(t, s, "regions", "name", written, "koatuu", "UA18")
		require.Empty(t, names)
	}
	names, _ = named(t, s, "regions", "name", "Автономна\u00a0Республіка")
	require.Equal(t, []string{"Автономна Республіка Крим"}, names)
	names, _ = named(t, s, "regions", "name", "Івано–Франківська")
	require.Equal(t, []string{"Івано-Франківська"}, names)
	names, _ = named(t, s, "regions", "koatuu", "ua80")
	require.Equal(t, []string{"Київ"}, names)
	names, _ = named(t, s, "regions", "name", "ніде", "koatuu", "")
	require.Empty(t, names)

	var data []map[string]any
	get(t, s, "regions", "koatuu", uaddresses.CodeKyiv).Data(t, &data)
	require.Equal(t, []map[string]any{{
		"id": uaddresses.ID(uaddresses.CodeKyiv).String(), "region": "Київ", "name": "Київ", "koatuu": uaddresses.CodeKyiv,
	}}, data)
}

func TestListDistricts(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	zhytomyrska, lvivska := uaddresses.ID("UA18000000000041385"), uaddresses.ID("UA46000000000026241")

	names, paging := named(t, s, "districts")
	require.Equal(t, []string{"Бердичівський", "Бориспільський", "Верховинський", "Вишгородський", "Житомирський", "Львівський", "Одеський"}, names)
	require.EqualValues(t, 7, paging["total_entries"])
	for _, c := range []struct{ filters, found []string }{
		{[]string{"region", "ЖИТОМИРСЬКА"}, []string{"Бердичівський", "Житомирський"}},
		{[]string{"region", "Житомир"}, []string{}},
		{[]string{"region", "Жито\u00adмирська\u00a0"}, []string{"Бердичівський", "Житомирський"}},
		{[]string{"region_id", zhytomyrska.String()}, []string{"Бердичівський", "Житомирський"}},
		{[]string{"region_id", strings.ToUpper(zhytomyrska.String())}, []string{"Бердичівський", "Житомирський"}},
		{[]string{"region_id", lvivska.String(), "region", "Житомирська"}, []string{"Львівський"}},
		{[]string{"region_id", "", "region", "Житомирська"}, []string{"Бердичівський", "Житомирський"}},
		{[]string{"region_id", uuid.NewString()}, []string{}},
		{[]string{"name", "бе", "koatuu", "UA18"}, []string{"Бердичівський"}},
	} {
		names, _ := named(t, s, "districts", c.filters...)
		require.Equal(t, c.found, names, "%v", c.filters)
	}

	var data []map[string]any
	get(t, s, "districts", "name", "Бердичівський").Data(t, &data)
	require.Equal(t, []map[string]any{{
		"id": uaddresses.ID("UA18020000000072859").String(), "district": "Бердичівський", "name": "Бердичівський",
		"region": "Житомирська", "region_id": zhytomyrska.String(), "koatuu": "UA18020000000072859",
	}}, data)

	for _, malformed := range []string{"1", "urn:uuid:" + zhytomyrska.String(), "{" + zhytomyrska.String() + "}"} {
		refusedBy(t, get(t, s, "districts", "region_id", malformed), http.StatusUnprocessableEntity, "district.list.region_id", "$.region_id")
	}
	s.Set(t, map[string]string{"RULES": "-district.list.region_id"})
	names, _ = named(t, s, "districts", "region_id", "1")
	require.Empty(t, names, "what is no id is nobody's")
}

func TestListsWithinAPlace(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	zhytomyrska, berdychivskyi := uaddresses.ID("UA18000000000041385"), uaddresses.ID("UA18020000000072859")
	districts, settlements := "regions/"+zhytomyrska.String()+"/districts", "districts/"+berdychivskyi.String()+"/settlements"
	names, paging := named(t, s, districts)
	require.Equal(t, []string{"Бердичівський", "Житомирський"}, names)
	require.EqualValues(t, 2, paging["total_entries"])
	for filters, found := range map[[2]string][]string{
		{"name", "БЕРД"}: {"Бердичівський"}, {"koatuu", "ua1802"}: {"Бердичівський"}, {"page", "2"}: {}, {"name", "Львівський"}: {},
	} {
		names, _ = named(t, s, districts, filters[:]...)
		require.Equal(t, found, names, "%v", filters)
	}
	all, _ := named(t, s, "settlements", "district_id", berdychivskyi.String())
	names, _ = named(t, s, settlements)
	require.NotEmpty(t, names)
	require.Equal(t, all, names)
	names, _ = named(t, s, settlements, "name", "Львів")
	require.Empty(t, names)
	var inRegion, anywhere []map[string]any
	get(t, s, districts, "name", "Бердичівський").Data(t, &inRegion)
	get(t, s, "districts", "name", "Бердичівський").Data(t, &anywhere)
	require.Equal(t, anywhere, inRegion)
}

func TestListSettlements(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())

	for _, c := range []struct{ filters, found []string }{
		{[]string{"name", "БЕРД"}, []string{"Бердичів"}},
		{[]string{"region", "івано-франківська", "district", "верховинський", "mountain_group", "true"}, []string{"Верховина", "Криворівня"}},
		{[]string{"region", "Івано-Франківська", "mountain_group", "false"}, []string{}},
		{[]string{"district_id", uaddresses.ID("UA18020000000072859").String()}, []string{"Бердичів", "Семенівка"}},
		{[]string{"district_id", uaddresses.ID("UA18020000000072859").String(), "type", "village"}, []string{"Семенівка"}},
		{[]string{"district", "ніякий"}, []string{}},
		{[]string{"region", "М.КИЇВ"}, []string{"Київ"}},
		{[]string{"region", "Івано\u2011Франківська", "name", "верховина"}, []string{"Верховина"}},
		{[]string{"koatuu", uaddresses.CodeKyiv}, []string{"Київ"}},
	} {
		names, _ := named(t, s, "settlements", c.filters...)
		require.Equal(t, c.found, names, "%v", c.filters)
	}

	refusedBy(t, get(t, s, "settlements", "district_id", "1", "mountain_group", "maybe"), http.StatusUnprocessableEntity, "settlement.list.district_id", "$.district_id")
	refusedBy(t, get(t, s, "settlements", "mountain_group", "TRUE"), http.StatusUnprocessableEntity, "settlement.list.mountain_group", "$.mountain_group")
	s.Set(t, map[string]string{"RULES": "-settlement.list.district_id,-settlement.list.mountain_group"})
	names, _ := named(t, s, "settlements", "district_id", "1")
	require.Empty(t, names)
	names, _ = named(t, s, "settlements", "koatuu", uaddresses.CodeKyiv, "mountain_group", "maybe")
	require.Equal(t, []string{"Київ"}, names)
}

func TestGetSettlement(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	kyiv, verkhovyna := uaddresses.ID(uaddresses.CodeKyiv), uaddresses.ID(uaddresses.CodeVerkhovyna)
	for _, want := range []map[string]any{
		{
			"id": kyiv.String(), "region_id": kyiv.String(), "region": "Київ", "district_id": nil, "district": nil,
			"settlement_name": "Київ", "name": "Київ", "mountain_group": false, "type": "CITY", "koatuu": uaddresses.CodeKyiv,
			"parent_settlement": nil, "parent_settlement_id": nil,
		},
		{
			"id": verkhovyna.String(), "region_id": uaddresses.ID("UA26000000000069363").String(), "region": "Івано-Франківська",
			"district_id": uaddresses.ID("UA26020000000044654").String(), "district": "Верховинський",
			"settlement_name": "Верховина", "name": "Верховина", "mountain_group": true, "type": "SETTLEMENT", "koatuu": uaddresses.CodeVerkhovyna,
			"parent_settlement": nil, "parent_settlement_id": nil,
		},
	} {
		r := get(t, s, "settlements/"+want["id"].(string))
		require.Equal(t, http.StatusOK, r.Status)
		require.Equal(t, "object", r.Body.Meta["type"])
		var data map[string]any
		r.Data(t, &data)
		require.Equal(t, want, data)
	}
	for _, id := range []string{uuid.NewString(), uuid.Nil.String(), "kyiv", "%7B" + kyiv.String() + "%7D", strings.ReplaceAll(kyiv.String(), "-", "")} {
		refusedBy(t, get(t, s, "settlements/"+id), http.StatusNotFound, "settlement.get.not_found", "")
	}

	_, err := s.Pool.Exec(t.Context(), "UPDATE uaddresses.settlements SET parent_settlement_id = $1 WHERE id = $2", kyiv, verkhovyna)
	require.NoError(t, err)
	imported(t, s, sample(t)) // tells the server to load anew
	require.NoError(t, s.Addresses.Refresh(t.Context()))
	var data map[string]any
	get(t, s, "settlements/"+verkhovyna.String()).Data(t, &data)
	require.Equal(t, "Київ", data["parent_settlement"])
	require.Equal(t, kyiv.String(), data["parent_settlement_id"])
}

func TestListStreets(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	kyiv := uaddresses.ID(uaddresses.CodeKyiv).String()

	for _, c := range []struct{ filters, found []string }{
		{nil, []string{"Берестейський", "Володимирська", "Хрещатик"}},
		{[]string{"page", "2", "page_size", "2"}, []string{"Хрещатик"}},
		{[]string{"name", "ХРЕЩ"}, []string{"Хрещатик"}},
		{[]string{"name", "перемоги"}, []string{"Берестейський"}},
		{[]string{"type", "avenue"}, []string{"Берестейський"}},
		{[]string{"type", "AVE"}, []string{}},
		{[]string{"name", "перемоги", "type", "STREET"}, []string{}},
		{[]string{"settlement_id", uaddresses.ID(uaddresses.CodeVerkhovyna).String()}, []string{}},
		{[]string{"settlement_id", uuid.NewString()}, []string{}},
	} {
		names, _ := named(t, s, "streets", append([]string{"settlement_id", kyiv}, c.filters...)...)
		require.Equal(t, c.found, names, "%v", c.filters)
	}

	var data []map[string]any
	get(t, s, "streets", "settlement_id", kyiv, "type", "AVENUE").Data(t, &data)
	require.Len(t, data, 1)
	delete(data[0], "id")
	require.Equal(t, map[string]any{
		"settlement_id": kyiv, "settlement_name": "Київ", "street_type": "AVENUE", "type": "AVENUE",
		"street_name": "Берестейський", "name": "Берестейський", "aliases": []any{"Берестейський", "Перемоги"},
	}, data[0])

	required := get(t, s, "streets")
	refusedBy(t, required, http.StatusUnprocessableEntity, "street.list.settlement_id_required", "$.settlement_id")
	require.Equal(t, "can't be blank", required.Body.Error.Invalid[0].Rules[0].Description)
	refusedBy(t, get(t, s, "streets", "settlement_id", ""), http.StatusUnprocessableEntity, "street.list.settlement_id_required", "$.settlement_id")
	refusedBy(t, get(t, s, "streets", "settlement_id", "kyiv"), http.StatusUnprocessableEntity, "street.list.settlement_id", "$.settlement_id")
}
