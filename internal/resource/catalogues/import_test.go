package catalogues_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/resource/catalogues"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// files of a catalogue, in the order in which they are imported.
var files = []struct{ table, text string }{
	{catalogues.ServicesTable, "\ufeffcode,name,category,is_active,is_composition\n" +
		"55001-00,\"УЗД серця, перше\",imaging,true,false\n55002-00,УЗД нирок,imaging,,\n59300-00,Мамографія двостороння,imaging,,\n"},
	{catalogues.ServiceGroupsTable, "name;code;parent_code;request_allowed\nНирки;B2;B1;true\nУльтразвук;B1;;false\n"},
	{catalogues.ServiceInclusionsTable, "service_code,service_group_code,alias\n55001-00,B1,\n55002-00,B2,УЗД\n59300-00,B1,\n"},
	{catalogues.MedicalProgramsTable, "id,name,type,funding_source,mr_blank_type,medication_request_allowed,medical_program_settings\n" +
		"8c2d3d5e-9a9b-4e3c-8f0a-3f0d7a1b2c3d,Скринінг,SERVICE,NHS,,,\n" +
		",Ліки,MEDICATION,NHS,F-3,TRUE,\"{\"\"care_plan_required\"\": true}\"\n"},
	{catalogues.ProgramServicesTable, "medical_program,service_code,service_group_code,consumer_price,description\n" +
		"Скринінг,55001-00,,\"152,5\",\nСкринінг,,B2,80,За групою\n"},
}

func imported(t *testing.T, s *testkit.Server, table, text string) catalogues.Report {
	t.Helper()
	report, err := catalogues.Import(t.Context(), s.Pool, table, strings.NewReader(text), s.Clock.Now(), world.SystemUser)
	require.NoError(t, err, "%v", report.Bad)
	return report
}

// state of all rows, with the moments at which they were written, and of the version.
func state(t *testing.T, s *testkit.Server) (text string) {
	t.Helper()
	require.NoError(t, s.Pool.QueryRow(t.Context(), `
SELECT concat((SELECT json_agg(a ORDER BY id) FROM prm.services a), (SELECT json_agg(a ORDER BY id) FROM prm.service_groups a),
	(SELECT json_agg(a ORDER BY id) FROM prm.service_inclusions a), (SELECT json_agg(a ORDER BY id) FROM prm.medical_programs a),
	(SELECT json_agg(a ORDER BY id) FROM prm.program_services a), (SELECT version FROM prm.cache_versions WHERE name = 'services'))`).Scan(&text))
	return text
}

// A catalogue that is imported is served, and importing it again changes nothing.
func TestImport(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	for i, file := range files {
		report := imported(t, s, file.table, file.text)
		require.EqualValues(t, []int{2, 2, 3, 2, 2}[i], report.Inserted, file.table)
		require.EqualValues(t, []int{1, 0, 0, 0, 0}[i], report.Changed, file.table)
		require.Equal(t, []int{3, 2, 3, 2, 2}[i], report.Rows, file.table)
	}
	require.NoError(t, s.Services.Refresh(t.Context()))
	found, _ := services(t, s, url.Values{"code": {"B1"}})
	require.Equal(t, "B1(B2(55002-00) 55001-00 59300-00)", outline(found))
	found, _ = services(t, s, url.Values{"name": {"мамографія двостороння"}})
	require.Equal(t, "A58001(A58002(59300-00)) B1(59300-00)", outline(found), "a service that is known by its code is renamed")

	r := s.Send(t, as("doctor", "/api/medical_programs?name="+url.QueryEscape("Ліки")+"&mr_blank_type=F-3"))
	var programs []struct {
		Allowed  bool `json:"medication_request_allowed"`
		Settings struct {
			CarePlan bool `json:"care_plan_required"`
		} `json:"medical_program_settings"`
	}
	r.Data(t, &programs)
	require.Len(t, programs, 1)
	require.True(t, programs[0].Allowed)
	require.True(t, programs[0].Settings.CarePlan)
	r = s.Send(t, as("doctor", "/api/program_services?medical_program_id=8c2d3d5e-9a9b-4e3c-8f0a-3f0d7a1b2c3d"))
	require.Equal(t, http.StatusOK, r.Status)
	require.Contains(t, string(r.Raw), `"consumer_price":152.5`)
	require.InDelta(t, 2, r.Body.Paging["total_entries"], 0)

	before := state(t, s)
	s.Clock.Advance(time.Hour)
	for _, file := range files {
		report := imported(t, s, file.table, file.text)
		require.Zero(t, report.Inserted+report.Changed, file.table)
	}
	require.Equal(t, before, state(t, s), "rows that have not changed are not touched, and nobody loads anew")

	// Taken out of use, and taken in again: the same row.
	for _, active := range []string{"false", "true"} {
		report := imported(t, s, catalogues.ServiceInclusionsTable, "service_code,service_group_code,is_active\n55001-00,B1,"+active+"\n")
		require.EqualValues(t, 1, report.Changed)
		require.Zero(t, report.Inserted)
	}
}

// A file with a bad row is not imported at all, and each bad row is named.
func TestImportOfBadRows(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	for _, file := range files {
		imported(t, s, file.table, file.text)
	}
	before := state(t, s)
	const good = "70000-00,Нова,imaging,true\n"
	for _, c := range []struct {
		what, table, text string
		want              []string
	}{
		{"a value that is missing", "services", "code,name,category,is_active\n" + good + "70001-00,,imaging,\n", []string{"line 3: name is empty"}},
		{"several bad rows", "services", "code,name,category,is_active\n" + good + "70001-00,Друга,imaging,yes\n70002-00,Третя\n70000-00,Знову,imaging,\n", []string{
			"line 3: is_active is neither true nor false", "line 4: wrong number of fields", "line 5: the same stands on line 2 already",
		}},
		{"a quote that does not end", "services", "code,name,category,is_active\n" + good + "70001-00,\"Друга,imaging,\n", []string{`line 3: extraneous or missing " in quoted-field`}},
		{"another encoding", "services", "code,name,category\n70001-00,\xcd\xee\xe2\xe0,imaging\n", []string{"line 2: name is no UTF-8"}},
		{"an id that is none", "services", "id,code,name,category\n1,70001-00,Друга,imaging\n", []string{"line 2: id is no UUID"}},
		{
			"an id that is not the row's", "services", "id,code,name,category\n" + world.ID("service").String() + ",59300-00,Мамографія,imaging\n" +
				world.ID("service").String() + ",70001-00,Друга,imaging\n",
			[]string{
				"line 2: the table has it under the id " + world.ID("mammography").String(),
				"line 3: another row has the id " + world.ID("service").String(),
			},
		},
		{"an unknown parent", "service_groups", "code,name,parent_code\nB3,Третя,B9\n", []string{`line 2: parent_code: no group of services is stored under "B9"`}},
		{"a ring of groups", "service_groups", "code,name,parent_code\nB1,Перша,B2\n", []string{"line 2: more than 3 groups stand above each other"}},
		{"groups too deep", "service_groups", "code,name,parent_code\nB3,Третя,B2\nB4,Четверта,B3\n", []string{
			"line 2: more than 3 groups stand above each other", "line 3: more than 3 groups stand above each other",
		}},
		{"an unknown service", "service_inclusions", "service_code,service_group_code\n55001-00,B2\n0,B2\n", []string{`line 3: service_code: no service is stored under "0"`}},
		{"an unknown type", "medical_programs", "name,type,funding_source\nІнша,OTHER,NHS\n", []string{"line 2: type is not MEDICATION, SERVICE or DEVICE"}},
		{"settings that are no object", "medical_programs", "name,type,funding_source,medical_program_settings\nІнша,SERVICE,NHS,[1]\n", []string{"line 2: medical_program_settings is no JSON object"}},
		{"a program of the same id", "medical_programs", "id,name,type,funding_source\n8c2d3d5e-9a9b-4e3c-8f0a-3f0d7a1b2c3d,Інша,SERVICE,NHS\n", []string{
			"line 2: another row has the id 8c2d3d5e-9a9b-4e3c-8f0a-3f0d7a1b2c3d",
		}},
		{"an amount that is none", "program_services", "medical_program,service_code,consumer_price\nСкринінг,55002-00,-1\n", []string{"line 2: consumer_price is no amount such as 152.50"}},
		{"a service and a group", "program_services", "medical_program,service_code,service_group_code\nСкринінг,55002-00,B1\nСкринінг,,\n", []string{
			"line 2: one of service_code and service_group_code is wanted, and not both",
			"line 3: one of service_code and service_group_code is wanted, and not both",
		}},
		{"an unknown program", "program_services", "medical_program,service_code\nНіяка,55002-00\n", []string{`line 2: medical_program: no medical program is stored under "Ніяка"`}},
	} {
		report, err := catalogues.Import(t.Context(), s.Pool, c.table, strings.NewReader(c.text), s.Clock.Now(), world.SystemUser)
		require.ErrorIs(t, err, catalogues.ErrBadRows, c.what)
		found := []string{}
		for _, bad := range report.Bad {
			found = append(found, bad.String())
		}
		require.Equal(t, c.want, found, c.what)
	}
	for text, want := range map[string]string{
		"":                                       "the file is empty",
		"code,name\n":                            "line 1: there is no column category",
		"code,name,category,price\n":             `line 1: no column is called "price"`,
		"code,name,category,code\n":              "line 1: two columns are called code",
		"code,name,category\nx,\"y\n":            "nothing was imported",
		"\xff\xfec\x00o\x00d\x00e\x00,\x00n\x00": "line 1: no column is called",
	} {
		_, err := catalogues.Import(t.Context(), s.Pool, "services", strings.NewReader(text), s.Clock.Now(), world.SystemUser)
		require.ErrorContains(t, err, want)
	}
	require.Equal(t, before, state(t, s), "nothing is half imported")
}
