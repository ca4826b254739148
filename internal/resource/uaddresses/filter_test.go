package uaddresses

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/gen/api"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
)

func namesOf(all []Settlement) (names []string) {
	for _, p := range all {
		names = append(names, p.Name)
	}
	return names
}

// The Ukrainian alphabet, which neither code points nor the collations of most
// databases follow.
func TestSortedByTheAlphabet(t *testing.T) {
	t.Parallel()
	all := &rows{}
	want := []string{"Гадяч", "Ґонтівка", "Дунаївці", "Еліно", "Єланець", "Жовква", "Збараж", "Ивоть", "Ізюм", "Їжівці", "Йосипівка", "Щирець", "Юрківка", "Яворів"}
	for _, name := range slices.Backward(want) {
		all.settlements = append(all.settlements, Settlement{ID: uuid.New(), Name: name})
	}
	require.Equal(t, want, namesOf(newSnapshot(all).settlements))
}

func TestEqualNamesAreSortedByID(t *testing.T) {
	t.Parallel()
	first, second := ID("a"), ID("b")
	if first.String() > second.String() {
		first, second = second, first
	}
	s := newSnapshot(&rows{settlements: []Settlement{{ID: second, Name: "Мирне"}, {ID: first, Name: "Мирне"}}})
	require.Equal(t, []uuid.UUID{first, second}, []uuid.UUID{s.settlements[0].ID, s.settlements[1].ID})
}

func TestPageOf(t *testing.T) {
	t.Parallel()
	numbers := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	isEven := func(n *int) bool { return *n%2 == 0 }
	for _, c := range []struct {
		page  envelope.Page
		found []int
	}{
		{envelope.Page{Number: 1, Size: 2}, []int{2, 4}},
		{envelope.Page{Number: 2, Size: 2}, []int{6, 8}},
		{envelope.Page{Number: 3, Size: 2}, []int{10}},
		{envelope.Page{Number: 4, Size: 2}, nil},
		{envelope.Page{Number: 1, Size: 300}, []int{2, 4, 6, 8, 10}},
	} {
		found, total := pageOf(each(numbers), c.page, isEven)
		var values []int
		for _, n := range found {
			values = append(values, *n)
		}
		require.Equal(t, c.found, values)
		require.Equal(t, 5, total)
	}
}

// country is small, and has what makes filters go wrong: regions of one name in
// two areas, and a settlement that is in no region.
func country() *snapshot {
	north, south := ID("north"), ID("south")
	northern, southern, other := ID("northern"), ID("southern"), ID("other")
	return newSnapshot(&rows{
		areas: []Area{{ID: north, Name: "Північна"}, {ID: south, Name: "Південна"}},
		regions: []Region{
			{ID: northern, AreaID: north, Name: "Кам’янський"},
			{ID: southern, AreaID: south, Name: "Кам’янський"},
			{ID: other, AreaID: south, Name: "Інший"},
		},
		settlements: []Settlement{
			{ID: ID("1"), Name: "Мирне", Type: "VILLAGE", AreaID: north, RegionID: &northern, KOATUU: "UA01"},
			{ID: ID("2"), Name: "Мирноград", Type: "CITY", AreaID: south, RegionID: &southern, KOATUU: "UA02"},
			{ID: ID("3"), Name: "Столиця", Type: "CITY", AreaID: south, KOATUU: "UA03"},
			{ID: ID("4"), Name: "Яремче", Type: "SETTLEMENT", AreaID: south, RegionID: &other, MountainGroup: true, KOATUU: "UA04"},
		},
	})
}

func TestSettlementFilters(t *testing.T) {
	t.Parallel()
	s := country()
	none, text := (*string)(nil), func(v string) *string { return &v }
	all := []string{"Мирне", "Мирноград", "Столиця", "Яремче"}
	for name, c := range map[string]struct {
		params api.ListSettlementsParams
		found  []string
	}{
		"none":                         {api.ListSettlementsParams{Name: none}, all},
		"empty ones are none":          {api.ListSettlementsParams{Name: text(""), Region: text(""), District: text(""), DistrictID: text(""), Koatuu: text(""), Type: text(""), MountainGroup: text("")}, all},
		"a part of the name":           {api.ListSettlementsParams{Name: text("ИРН")}, []string{"Мирне", "Мирноград"}},
		"a region is a whole name":     {api.ListSettlementsParams{Region: text("півден")}, nil},
		"region":                       {api.ListSettlementsParams{Region: text("ПІВДЕННА")}, []string{"Мирноград", "Столиця", "Яремче"}},
		"a district of several areas":  {api.ListSettlementsParams{District: text("кам'янський")}, []string{"Мирне", "Мирноград"}},
		"a district of one":            {api.ListSettlementsParams{District: text("кам'янський"), Region: text("північна")}, []string{"Мирне"}},
		"district by id":               {api.ListSettlementsParams{DistrictID: text(ID("southern").String())}, []string{"Мирноград"}},
		"district by id, and its name": {api.ListSettlementsParams{DistrictID: text(ID("southern").String()), District: text("Інший")}, nil},
		"an unknown district":          {api.ListSettlementsParams{DistrictID: text(ID("nowhere").String())}, nil},
		"koatuu":                       {api.ListSettlementsParams{Koatuu: text("a03")}, []string{"Столиця"}},
		"type":                         {api.ListSettlementsParams{Type: text("city")}, []string{"Мирноград", "Столиця"}},
		"a part of a type":             {api.ListSettlementsParams{Type: text("CIT")}, nil},
		"mountain":                     {api.ListSettlementsParams{MountainGroup: text("true")}, []string{"Яремче"}},
		"not mountain":                 {api.ListSettlementsParams{MountainGroup: text("false"), Type: text("CITY")}, []string{"Мирноград", "Столиця"}},
	} {
		q := &query{Caller: operation.Caller{Config: &config.Config{}}}
		q.within, q.isID = parseID(c.params.DistrictID)
		filter := newSettlementFilter(c.params, q)
		require.NoError(t, operation.Run(t.Context(), settlementChecks, q), name)
		list, keep := filter.on(s)
		found, total := pageOf(list, envelope.Page{Number: 1, Size: 50}, keep)
		var names []string
		for _, p := range found {
			names = append(names, p.Name)
		}
		require.Equal(t, c.found, names, name)
		require.Equal(t, len(c.found), total, name)
	}
}
