package diagnosesgroups_test

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

// Each filter finds exactly the groups that have its value.
func TestFilters(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	of := func(pairs ...string) url.Values {
		query := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			query.Set(pairs[i], pairs[i+1])
		}
		return query
	}
	dementia, diabetes := world.ID("group of dementia"), world.ID("group of diagnoses")
	for _, c := range []struct {
		query url.Values
		want  []uuid.UUID
	}{
		{of(), []uuid.UUID{dementia, diabetes}},
		{of("diagnoses_group_name", "", "diagnosis_code", ""), []uuid.UUID{dementia, diabetes}},
		{of("diagnoses_group_name", "цукровий ДІАБЕТ"), []uuid.UUID{diabetes}},
		{of("diagnoses_group_name", "%"), nil},
		{of("diagnoses_group_code", "H00"), []uuid.UUID{dementia}},
		{of("diagnoses_group_code", "h00"), nil},
		{of("diagnosis_code", "G30.9"), []uuid.UUID{dementia}},
		{of("diagnosis_code", "G30"), nil},
		{of("diagnosis_code", "X85"), nil},   // of a group that is no more
		{of("diagnosis_code", "H04.2"), nil}, // taken out
		{of("diagnosis_name", "ХВОРОБА АЛЬЦГЕЙМЕРА"), []uuid.UUID{dementia}},
		{of("diagnosis_name", "діабет"), []uuid.UUID{diabetes}},
		{of("diagnosis_name", "Сльозотеча"), nil}, // taken out
		// Two diagnoses of one group are not one.
		{of("diagnosis_name", "Альцгеймера", "diagnosis_code", "P70"), nil},
		{of("diagnosis_name", "Альцгеймера", "diagnosis_code", "G30.9"), []uuid.UUID{dementia}},
		{of("diagnoses_group_code", "H00", "diagnosis_code", "E11.9"), nil},
	} {
		r := s.Send(t, testkit.As("", http.MethodGet, "/api/diagnoses_groups?"+c.query.Encode(), nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var found []struct{ ID uuid.UUID }
		r.Data(t, &found)
		ids := []uuid.UUID{}
		for _, g := range found {
			ids = append(ids, g.ID)
		}
		require.ElementsMatch(t, c.want, ids, c.query.Encode())
		require.InDelta(t, len(c.want), r.Body.Paging["total_entries"], 0)
	}
}

// A group shows its active diagnoses only, in the order of dictionary and code.
func TestGet(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	r := s.Send(t, testkit.As("", http.MethodGet, "/api/diagnoses_groups/"+world.ID("group of dementia").String(), nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var shown struct {
		Description         *string
		DiagnosesGroupCodes []struct{ Code, System string } `json:"diagnoses_group_codes"`
	}
	r.Data(t, &shown)
	require.NotNil(t, shown.Description)
	type code = struct{ Code, System string }
	require.Equal(t, []code{{"G30.9", "eHealth/ICD10_AM/condition_codes"}, {"P70", "eHealth/ICPC2/condition_codes"}}, shown.DiagnosesGroupCodes)
}
