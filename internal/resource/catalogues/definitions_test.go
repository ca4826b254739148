package catalogues_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// Each filter finds exactly the devices that have its value, and version 1 only those of its form.
func TestFiltersOfDeviceDefinitions(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	program := world.ID("medical program of devices").String()
	const (
		classes = "id IN (SELECT device_definition_id FROM prm.device_definition_classification_types WHERE "
		names   = "id IN (SELECT device_definition_id FROM prm.device_definition_names WHERE "
	)
	for _, c := range []struct{ filter, where string }{
		{"", "is_active"},
		{"is_active=false", "NOT is_active"},
		{"model_number=GC-11", "model_number = 'GC-11'"},
		{"name=" + url.QueryEscape("ТЕСТ-СМУЖК"), "is_active AND " + names + "name LIKE '%ест-смужк%')"},
		{"name_type=registered", names + "type = 'registered')"},
		{"medical_program_id=" + program, "id IN ('" + world.ID("test strips").String() + "', '" + world.ID("glucometer with strips").String() + "')"},
	} {
		for path, where := range map[string]string{"/api/v2/device_definitions": "", "/api/device_definitions": " AND classification_type IS NOT NULL"} {
			require.Len(t, definitions(t, s, path+"?page_size=300&"+c.filter), s.Count(t, "prm.device_definitions WHERE "+c.where+where), "%s?%s", path, c.filter)
		}
	}
	for filter, where := range map[string]string{
		"classification_type_system=device_definition_classification_type":                                "is_active",
		"classification_type_code=30222":                                                                  "is_active AND " + classes + "code = '30222')",
		"classification_type_code=30222&classification_type_system=device_definition_classification_type": "is_active AND " + classes + "code = '30222')",
	} {
		require.Len(t, definitions(t, s, "/api/v2/device_definitions?page_size=300&"+filter), s.Count(t, "prm.device_definitions WHERE "+where), filter)
	}
	require.Len(t, definitions(t, s, "/api/device_definitions?classification_type=30222"),
		s.Count(t, "prm.device_definitions WHERE is_active AND classification_type = '30222'"))

	for _, path := range []string{
		"/api/v2/device_definitions?classification_type_code=30222&classification_type_system=device_properties", "/api/v2/device_definitions?name=%25",
		"/api/v2/device_definitions?name_type=registered&name=" + url.QueryEscape("для глюкометра"), "/api/device_definitions?model_number=GC-11",
		"/api/device_definitions?model_number=M23N7", "/api/v2/device_definitions?medical_program_id=" + world.ID("nobody").String(),
	} {
		require.Empty(t, definitions(t, s, path), path)
	}
}

type definition struct {
	ID             uuid.UUID
	Class          string                    `json:"classification_type"`
	Classes        []struct{ Code string }   `json:"classification_types"`
	Names          []struct{ Type string }   `json:"device_names"`
	Properties     []map[string]any          `json:"properties"`
	Manufacturer   *struct{ Country string } `json:"manufacturer"`
	ProgramDevices []struct {
		ID    uuid.UUID
		Start string   `json:"start_date"`
		End   *string  `json:"end_date"`
		Daily *float64 `json:"max_daily_count"`
	} `json:"program_devices"`
}

func definitions(t *testing.T, s *testkit.Server, path string) (found []definition) {
	t.Helper()
	r := s.Send(t, as("doctor", path))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	r.Data(t, &found)
	return found
}

// Program devices are shown to those who ask for a program, from their first day to their last.
func TestDevicesOfProgram(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	program := world.ID("medical program of devices").String()
	paid := func() (shown []string) {
		for _, d := range definitions(t, s, "/api/v2/device_definitions?medical_program_id="+program) {
			require.Len(t, d.ProgramDevices, 1)
			shown = append(shown, d.ProgramDevices[0].ID.String())
		}
		return shown
	}
	strips, glucometer, lancets := world.ID("program device of test strips").String(), world.ID("last day of a program device").String(), world.ID("program device of next month").String()
	require.ElementsMatch(t, []string{strips, glucometer}, paid())
	s.Clock.Advance(24 * time.Hour)
	require.Equal(t, []string{strips}, paid(), "the last day has passed")
	s.Clock.Advance(31 * 24 * time.Hour)
	require.ElementsMatch(t, []string{strips, lancets}, paid(), "the first day has come")

	first := definitions(t, s, "/api/device_definitions?model_number=M23N76&medical_program_id="+program)[0].ProgramDevices[0]
	require.InDelta(t, 200, *first.Daily, 0)
	require.Nil(t, first.End)
	for _, path := range []string{"/api/v2/device_definitions", "/api/device_definitions"} {
		r := s.Send(t, as("doctor", path))
		require.NotContains(t, string(r.Raw), "program_devices")
	}
}

// Version 1 shows the one class of a device, and of its properties the codes of their types.
func TestVersionsOfDeviceDefinition(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	one := func(path, name string) (found definition) {
		r := s.Send(t, as("doctor", path+"/"+world.ID(name).String()))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		r.Data(t, &found)
		return found
	}
	strips := one("/api/device_definitions", "test strips")
	require.Equal(t, "30221", strips.Class)
	require.Equal(t, []map[string]any{{"type": "width", "value_decimal": 5.5}, {"type": "color", "value_string": "жовтий"}}, strips.Properties)
	require.Len(t, strips.Names, 2)
	require.Equal(t, "DE", strips.Manufacturer.Country)
	require.Equal(t, []map[string]any{{"type": "length", "value_integer": 28.0}}, one("/api/device_definitions", "lancets").Properties, "not the concept")

	glucometer := one("/api/v2/device_definitions", "glucometer with strips")
	require.Empty(t, glucometer.Class)
	require.Len(t, glucometer.Classes, 2)
	require.Len(t, glucometer.Properties, 3)
	require.Equal(t, map[string]any{"system": "device_properties", "code": "display"}, glucometer.Properties[0]["type"])
	plain := s.Send(t, as("owner", "/api/v2/device_definitions/"+world.ID("device definition").String()))
	var data map[string]json.RawMessage
	plain.Data(t, &data)
	for name, want := range map[string]string{"properties": "[]", "manufacturer": "null", "external_id": "null", "parent_id": "null"} {
		require.JSONEq(t, want, string(data[name]), name)
	}
}
