package catalogues_test

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

func as(user, path string) world.Request {
	return testkit.As(world.TokenValue(user), http.MethodGet, path, nil)
}

// Each filter finds exactly the programs that have its value.
func TestFiltersOfMedicalPrograms(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	id := world.ID("medical program of insulin").String()
	for _, c := range []struct{ filter, where string }{
		{"", "is_active"},
		{"is_active=true", "is_active"},
		{"is_active=false", "NOT is_active"},
		{"type=SERVICE", "is_active AND type = 'SERVICE'"},
		{"type=DEVICE", "is_active AND type = 'DEVICE'"},
		{"mr_blank_type=F-1", "is_active AND mr_blank_type = 'F-1'"},
		{"id=" + id, "id = '" + id + "'"},
		{"id=" + world.ID("inactive medical program").String() + "&is_active=false", "NOT is_active"},
		{"name=" + url.QueryEscape("ФІНАНСОВИХ ГАРАНТІЙ"), "name LIKE '%фінансових гарантій%'"},
	} {
		r := s.Send(t, as("doctor", "/api/medical_programs?page_size=300&"+c.filter))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var found []struct{ ID uuid.UUID }
		r.Data(t, &found)
		require.NotEmpty(t, found, c.filter)
		require.Len(t, found, s.Count(t, "prm.medical_programs WHERE "+c.where), c.filter)
	}
	for _, filter := range []string{"type=OTHER", "mr_blank_type=F-3", "name=%25", "id=" + world.ID("inactive medical program").String()} {
		r := s.Send(t, as("doctor", "/api/medical_programs?"+filter))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		require.InDelta(t, 0, r.Body.Paging["total_entries"], 0, filter)
	}
}

// The settings of a program are shown as they are stored.
func TestProgramShowsItsSettings(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	r := s.Send(t, as("pharmacist", "/api/medical_programs/"+world.ID("medical program of insulin").String()))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var shown struct {
		Settings struct {
			CarePlan     bool     `json:"care_plan_required"`
			Days         int      `json:"medication_request_max_period_day"`
			Specialities []string `json:"speciality_types_allowed"`
		} `json:"medical_program_settings"`
	}
	r.Data(t, &shown)
	require.True(t, shown.Settings.CarePlan)
	require.Equal(t, 90, shown.Settings.Days)
	require.Contains(t, shown.Settings.Specialities, "ENDOCRINOLOGY")
}

// A program lists what it still pays for, and each entry shows either a service or a group.
func TestServicesOfProgram(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	r := s.Send(t, as("doctor", "/api/program_services?medical_program_id="+world.ID("medical program").String()))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var found []struct {
		ServiceID      *uuid.UUID `json:"service_id"`
		ServiceGroupID *uuid.UUID `json:"service_group_id"`
		Price          float64    `json:"consumer_price"`
	}
	r.Data(t, &found)
	require.Len(t, found, 2)
	prices := map[uuid.UUID]float64{}
	for _, entry := range found {
		require.NotEqual(t, entry.ServiceID == nil, entry.ServiceGroupID == nil)
		if entry.ServiceID != nil {
			prices[*entry.ServiceID] = entry.Price
		} else {
			prices[*entry.ServiceGroupID] = entry.Price
		}
	}
	require.Equal(t, map[uuid.UUID]float64{world.ID("service"): 152.5, world.ID("service group"): 0}, prices)
}
