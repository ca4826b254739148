package employees_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

type listed struct {
	ID           string
	EmployeeType string `json:"employee_type"`
	Status       string
	EndDate      *string `json:"end_date"`
	Doctor       *struct {
		Specialities []map[string]any
	}
	Division *struct{ ID string }
}

func list(t *testing.T, s *testkit.Server, token string, query url.Values) []listed {
	t.Helper()
	query.Set("page_size", "300")
	r := s.Send(t, testkit.As(token, http.MethodGet, "/api/employees?"+query.Encode(), nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var found []listed
	r.Data(t, &found)
	return found
}

// Each filter finds exactly the rows that have its value.
func TestFiltersOfEmployees(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	const ofClinic = "prm.employees e JOIN prm.parties a ON a.id = e.party_id WHERE e.legal_entity_id = $1 AND e.is_active"
	clinic := world.ID("clinic")
	for filter, where := range map[string]string{
		"":                                     "",
		"no_tax_id=true":                       " AND a.no_tax_id",
		"verification_status=NOT_VERIFIED":     " AND a.verification_status = 'NOT_VERIFIED'",
		"status=DISMISSED":                     " AND e.status IN ('DISMISSED', 'STOPPED')",
		"status=APPROVED&employee_type=DOCTOR": " AND e.status = 'APPROVED' AND e.employee_type = 'DOCTOR'",
		"division_id=" + world.ID("division with an employee").String():                   " AND e.division_id IS NOT NULL",
		"party_id=" + world.ID("party doctor").String():                                   " AND a.id = '" + world.ID("party doctor").String() + "'",
		"tax_id=" + url.QueryEscape("НВ345678"):                                           " AND a.tax_id = 'НВ345678'",
		"ids=" + world.ID("employee doctor").String() + "," + world.ID("nobody").String(): " AND e.id = '" + world.ID("employee doctor").String() + "'",
	} {
		query, err := url.ParseQuery(filter)
		require.NoError(t, err)
		found := list(t, s, owner, query)
		require.NotEmpty(t, found, filter)
		require.Len(t, found, s.Count(t, ofClinic+where, clinic), filter)
	}
	require.Empty(t, list(t, s, owner, url.Values{"edrpou": {"00000000"}}))
	require.Empty(t, list(t, s, owner, url.Values{"status": {"NONE"}}))
	require.Empty(t, list(t, s, owner, url.Values{"legal_entity_id": {world.ID("hospital").String()}}))
	require.Greater(t, len(list(t, s, world.TokenValue("nhs_admin"), url.Values{})), s.Count(t, ofClinic, clinic), "those of all legal entities")
}

// A list shows the specialities as they are stored, details those that are composed, and
// both the same where nothing but the official one is known.
func TestSpecialitiesOfEmployees(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	of := func(name string) []listed {
		return list(t, s, owner, url.Values{"ids": {world.ID("employee " + name).String()}})
	}
	adviser := of("adviser")[0]
	require.Len(t, adviser.Doctor.Specialities, 2)
	require.Equal(t, world.ID("division with an employee").String(), adviser.Division.ID)
	for _, speciality := range adviser.Doctor.Specialities {
		require.IsType(t, "", speciality["level"])
	}
	require.Equal(t, "FAMILY_DOCTOR", of("doctor")[0].Doctor.Specialities[0]["speciality"])
	require.Nil(t, of("owner")[0].Doctor)

	var shown struct {
		Doctor struct{ Specialities []map[string]any }
		Party  struct {
			TaxID             string `json:"tax_id"`
			Phones, Documents []map[string]any
			BirthDate         string `json:"birth_date"`
		}
	}
	r := s.Send(t, testkit.As(owner, http.MethodGet, "/api/employees/"+world.ID("employee adviser").String(), nil))
	r.Data(t, &shown)
	require.Equal(t, adviser.Doctor.Specialities, shown.Doctor.Specialities)
	require.Equal(t, "НВ345678", shown.Party.TaxID, "the passport of an employee who has declined a tax number")
	require.NotEmpty(t, shown.Party.Phones)
	require.NotEmpty(t, shown.Party.Documents)
	require.Len(t, shown.Party.BirthDate, len("1985-01-01"))
}

// Roles are those of the own legal entity's healthcare services. A dismissal ends them.
func TestRolesOfEmployees(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	read := func(token, query string) (found []struct {
		ID, Status string
		EndDate    *string `json:"end_date"`
	},
	) {
		r := s.Send(t, testkit.As(token, http.MethodGet, "/api/employee_roles?page_size=300"+query, nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		r.Data(t, &found)
		return found
	}
	require.Len(t, read(owner, ""), s.Count(t, "prm.employee_roles WHERE is_active"))
	require.Empty(t, read(world.TokenValue("other_doctor"), ""))
	require.Empty(t, read(owner, "&healthcare_service_id="+world.ID("inactive healthcare service").String()))
	active := read(owner, "&status=active")
	require.Len(t, active, 1)
	require.Nil(t, active[0].EndDate)

	require.Equal(t, http.StatusOK, dismiss(t, s, "leaver", nil).Status)
	require.Empty(t, read(owner, "&status=ACTIVE"))
	ended := read(owner, "&status=inactive&employee_id="+world.ID("employee leaver").String())
	require.Len(t, ended, 1)
	require.Equal(t, active[0].ID, ended[0].ID)
	require.NotNil(t, ended[0].EndDate)
}

// Requests are those of the own legal entity, newest first; each filter finds exactly the
// rows that have its value.
func TestFiltersOfEmployeeRequests(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	read := func(filter string) (found []struct {
		ID, Status string
		InsertedAt string `json:"inserted_at"`
		NoTaxID    bool   `json:"no_tax_id"`
	},
	) {
		r := s.Send(t, testkit.As(owner, http.MethodGet, "/api/employee_requests?page_size=300"+filter, nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		r.Data(t, &found)
		return found
	}
	for filter, where := range map[string]string{
		"":                 "",
		"&status=NEW":      " AND status = 'NEW'",
		"&no_tax_id=true":  " AND data #> '{party,no_tax_id}' = 'true'",
		"&no_tax_id=false": " AND data #> '{party,no_tax_id}' = 'false'",
		"&legal_entity_name=" + url.QueryEscape("ВЕРБА"): "",
	} {
		found := read(filter)
		require.NotEmpty(t, found, filter)
		require.Len(t, found, s.Count(t, "il.employee_requests WHERE legal_entity_id = $1"+where, world.ID("clinic")), filter)
		for i := range found[1:] {
			require.GreaterOrEqual(t, found[i].InsertedAt, found[i+1].InsertedAt)
		}
	}
	require.Empty(t, read("&legal_entity_name=%25"), "no wildcard")
	require.Empty(t, read("&edrpou=00000000"))
	require.Empty(t, read("&status=new"))
}

// A request shows what was sent and what has become of it; urgent names the user with its
// e-mail.
func TestEmployeeRequestShowsWhatWasSent(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	var answer struct {
		Data struct {
			Status     string
			EmployeeID *string `json:"employee_id"`
			Party      struct{ Email string }
			Doctor     struct {
				Specialities []struct{ Level string }
			}
		}
		Urgent *struct {
			UserID string `json:"user_id"`
		}
	}
	read := func(name string) {
		r := s.Send(t, testkit.As(owner, http.MethodGet, "/api/employee_requests/"+world.ID(name).String(), nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		answer.Urgent = nil
		require.NoError(t, json.Unmarshal(r.Raw, &answer))
	}
	read("approved employee request")
	require.Equal(t, "APPROVED", answer.Data.Status, "not the status of the body")
	require.Equal(t, world.ID("employee adviser").String(), *answer.Data.EmployeeID)
	require.Equal(t, "FIRST", answer.Data.Doctor.Specialities[0].Level)
	require.Nil(t, answer.Urgent)
	read("new employee request")
	require.Nil(t, answer.Data.EmployeeID)
	require.Equal(t, "leaver@example.com", answer.Data.Party.Email)
	require.Equal(t, world.ID("leaver").String(), answer.Urgent.UserID)
}
