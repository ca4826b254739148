package catalogues_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/resource/catalogues"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

var deviceFiles = []struct{ table, text string }{
	{catalogues.DeviceDefinitionsTable, "external_id,parent_external_id,classification_type,packaging_type,packaging_count,packaging_unit,manufacturer,properties,id\n" +
		`D-2,D-1,30221,box,50,piece,"{""name"": ""Нова"", ""country"": ""UA""}","[{""type"": {""system"": ""device_properties"", ""code"": ""width""}, ""value_decimal"": 5.25}]",5e0f8c3a-7d0b-4b3e-9a51-0a8f3d2c1b4e` + "\n" +
		"D-1,,,box,1,piece,,,\n"},
	{catalogues.DeviceDefinitionNamesTable, "device_definition;name;type\nD-2;Смужки нові;registered\nD-2;Смужки;user_friendly\nD-1;Глюкометр новий;registered\n"},
	{catalogues.DeviceDefinitionTypesTable, "device_definition,system,code\nD-2,device_definition_classification_type,30221\nD-1,device_definition_classification_type,30222\n"},
	{catalogues.ProgramDevicesTable, "medical_program,device_definition,reimbursement_type,reimbursement_amount,percentage_discount,max_daily_count,start_date,end_date\n" +
		"Доступні медичні вироби,D-2,FIXED,\"12,5\",,2.25,2020-01-01,\nДоступні медичні вироби,D-1,PERCENTAGE,,07.5,,2020-01-01,2020-12-31\n"},
}

// stored is all that there is of devices, with the moments at which it was written.
func stored(t *testing.T, s *testkit.Server) (text string) {
	t.Helper()
	require.NoError(t, s.Pool.QueryRow(t.Context(), `
SELECT concat((SELECT json_agg(a ORDER BY id) FROM prm.device_definitions a), (SELECT json_agg(a ORDER BY id) FROM prm.device_definition_names a),
	(SELECT json_agg(a ORDER BY id) FROM prm.device_definition_classification_types a), (SELECT json_agg(a ORDER BY id) FROM prm.program_devices a))`).Scan(&text))
	return text
}

// Devices that are imported are served, and importing them again changes nothing.
func TestImportOfDevices(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	for i, file := range deviceFiles {
		report := imported(t, s, file.table, file.text)
		require.EqualValues(t, []int{2, 3, 2, 2}[i], report.Inserted, file.table)
		require.Zero(t, report.Changed, file.table)
	}
	const id = "5e0f8c3a-7d0b-4b3e-9a51-0a8f3d2c1b4e"
	var shown struct {
		Packaging struct {
			Count int `json:"packaging_count"`
		}
		Properties []struct {
			Value float64 `json:"value_decimal"`
		}
		Names []struct{ Name string } `json:"device_names"`
	}
	s.Send(t, as("doctor", "/api/device_definitions/"+id)).Data(t, &shown)
	require.Equal(t, 50, shown.Packaging.Count)
	require.InDelta(t, 5.25, shown.Properties[0].Value, 0)
	require.Len(t, shown.Names, 2)
	paid := definitions(t, s, "/api/v2/device_definitions?name=%D0%BD%D0%BE%D0%B2%D1%96&medical_program_id="+world.ID("device program").String())
	require.Len(t, paid, 1, "the other is no longer paid for")
	require.InDelta(t, 2.25, *paid[0].ProgramDevices[0].Daily, 0)

	before := stored(t, s)
	s.Clock.Advance(time.Hour)
	for _, file := range deviceFiles {
		report := imported(t, s, file.table, file.text)
		require.Zero(t, report.Inserted+report.Changed, file.table)
	}
	require.Equal(t, before, stored(t, s))

	// A device has the names of the file, and no others; devices that are not in it keep theirs.
	report := imported(t, s, catalogues.DeviceDefinitionNamesTable, "device_definition,name,type\nD-2,Смужки новіші,registered\nD-2,Смужки,user_friendly\n")
	require.EqualValues(t, []int64{1, 1}, []int64{report.Inserted, report.Changed})
	require.Equal(t, 2, s.Count(t, "prm.device_definition_names WHERE device_definition_id = $1 AND name IN ('Смужки новіші', 'Смужки')", id))
	require.Equal(t, 2, s.Count(t, "prm.device_definition_names WHERE device_definition_id = $1", id))
	require.Equal(t, 1, s.Count(t, "prm.device_definition_names WHERE name = 'Глюкометр новий'"))
	report = imported(t, s, catalogues.DeviceDefinitionTypesTable, "device_definition,system,code\nD-1,device_definition_classification_type,30223\n")
	require.EqualValues(t, []int64{1, 1}, []int64{report.Inserted, report.Changed})

	// What is out of use stays in the catalogue.
	report = imported(t, s, catalogues.DeviceDefinitionsTable, "external_id,classification_type,packaging_type,packaging_count,packaging_unit,is_active\nD-2,30221,box,50,piece,false\n")
	require.EqualValues(t, 1, report.Changed)
	require.Equal(t, http.StatusOK, s.Send(t, as("doctor", "/api/device_definitions/"+id)).Status)
}

// A file of devices with a bad row is not imported at all, and each bad row is named.
func TestImportOfBadDevices(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	before := stored(t, s)
	const (
		device  = "external_id,packaging_type,packaging_count,packaging_unit,manufacturer,properties,parent_external_id\n"
		program = "medical_program,device_definition,reimbursement_type,start_date,reimbursement_amount,percentage_discount,end_date,max_daily_count\nДоступні медичні вироби,0012351,"
		form    = `line 2: properties is not [{"type": {"system": "…", "code": "…"}, "value_…": …}, …]`
		alone   = "line 2: FIXED wants reimbursement_amount alone, PERCENTAGE wants percentage_discount alone"
	)
	for _, c := range []struct{ what, table, text, want string }{
		{"no devices in a package", catalogues.DeviceDefinitionsTable, device + "D-3,box,0,piece,,,\n", "line 2: packaging_count is no count such as 50"},
		{"a manufacturer without a country", catalogues.DeviceDefinitionsTable, device + "D-3,box,1,piece,\"{\"\"name\"\":\"\"Нова\"\"}\",,\n", `line 2: manufacturer is not {"name": "…", "country": "…"}`},
		{"a property without a value", catalogues.DeviceDefinitionsTable, device + "D-3,box,1,piece,,\"[{\"\"type\"\":{\"\"system\"\":\"\"a\"\",\"\"code\"\":\"\"b\"\"}}]\",\n", form},
		{"a property of two values", catalogues.DeviceDefinitionsTable, device + "D-3,box,1,piece,,\"[{\"\"type\"\":{\"\"system\"\":\"\"a\"\",\"\"code\"\":\"\"b\"\"},\"\"value_string\"\":\"\"c\"\",\"\"value_integer\"\":1}]\",\n", form},
		{"a property of no type", catalogues.DeviceDefinitionsTable, device + "D-3,box,1,piece,,\"[{\"\"value_string\"\":\"\"c\"\"}]\",\n", form},
		{"a concept without codings", catalogues.DeviceDefinitionsTable, device + "D-3,box,1,piece,,\"[{\"\"type\"\":{\"\"system\"\":\"\"a\"\",\"\"code\"\":\"\"b\"\"},\"\"value_codeable_concept\"\":{\"\"text\"\":\"\"c\"\"}}]\",\n", form},
		{"an unknown device", catalogues.DeviceDefinitionsTable, device + "D-3,box,1,piece,,,D-9\n", `line 2: parent_external_id: no device definition is stored under "D-9"`},
		{"an unknown kind of name", catalogues.DeviceDefinitionNamesTable, "device_definition,name,type\n0012351,Смужки,other\n", "line 2: type is not registered, user_friendly or patient_reported"},
		{"the same name twice", catalogues.DeviceDefinitionNamesTable, "device_definition,name,type\n0012351,Смужки,registered\n0012351,Смужки,registered\n", "line 3: the same stands on line 2 already"},
		{"a class of no device", catalogues.DeviceDefinitionTypesTable, "device_definition,system,code\nD-9,device_definition_classification_type,30221\n", `line 2: device_definition: no device definition is stored under "D-9"`},
		{"an unknown way to pay", catalogues.ProgramDevicesTable, program + "OTHER,2020-01-01,,,,\n", "line 2: reimbursement_type is not FIXED or PERCENTAGE"},
		{"an amount that is missing", catalogues.ProgramDevicesTable, program + "FIXED,2020-01-01,,,,\n", alone},
		{"an amount too many", catalogues.ProgramDevicesTable, program + "PERCENTAGE,2020-01-01,5,5,,\n", alone},
		{"a discount too large", catalogues.ProgramDevicesTable, program + "PERCENTAGE,2020-01-01,,100.5,,\n", "line 2: percentage_discount is no percentage such as 12.5"},
		{"a day that does not exist", catalogues.ProgramDevicesTable, program + "FIXED,2020-02-30,5,,,\n", "line 2: start_date is no day such as 2026-01-31"},
		{"an end before the start", catalogues.ProgramDevicesTable, program + "FIXED,2020-01-02,5,,2020-01-01,\n", "line 2: end_date is before start_date"},
		{"a quantity that is none", catalogues.ProgramDevicesTable, program + "FIXED,2020-01-01,5,,,many\n", "line 2: max_daily_count is no quantity such as 2.5"},
	} {
		report, err := catalogues.Import(t.Context(), s.Pool, c.table, strings.NewReader(c.text), s.Clock.Now(), world.SystemUser)
		require.ErrorIs(t, err, catalogues.ErrBadRows, c.what)
		require.Equal(t, c.want, report.Bad[0].String(), c.what)
	}
	require.Equal(t, before, stored(t, s))
}
