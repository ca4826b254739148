package medicalrecords_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/approvals"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// granted asks for a list of a patient that approvals open.
func granted(t *testing.T, srv *testkit.Server, token, patient, path, query string) []uuid.UUID {
	t.Helper()
	path = strings.TrimSuffix("/api/patients/"+world.ID(patient).String()+"/"+path+"?"+query, "?")
	return ids(t, srv, testkit.As(world.TokenValue(token), http.MethodGet, path, nil))
}

func expire(t *testing.T, srv *testkit.Server, patient string) {
	t.Helper()
	changed := 0
	for id, stored := range srv.Documents(t, approvals.Collection) {
		if stored["patient_id"] == srv.Keys.PatientID(world.ID(patient)) {
			srv.Change(t, approvals.Collection, id, bson.D{{Key: "expires_at", Value: srv.Clock.Now().Add(-time.Second)}})
			changed++
		}
	}
	require.NotZero(t, changed)
}

// The list follows the approvals: those of others, not verified, expired or of another
// patient name nothing.
func TestListApprovedReports(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	approved := func(token, patient, query string) []uuid.UUID {
		return granted(t, srv, token, patient, "diagnostic_reports/approved", query)
	}
	one, two := world.ID("diagnostic report that an approval names"), world.ID("diagnostic report that another approval names")
	require.ElementsMatch(t, []uuid.UUID{one, two}, approved("doctor", "stranger_patient", ""))
	require.Equal(t, []uuid.UUID{world.ID("diagnostic report that an approval of the colleague names")}, approved("colleague", "stranger_patient", ""))
	require.Empty(t, approved("doctor", "patient", ""), "a declaration names no report")
	require.Empty(t, approved("other_doctor", "stranger_patient", ""), "the author of the records has no approval")
	require.Empty(t, approved("hospital_doctor", "former_patient", ""), "all data name no report")
	require.Empty(t, approved("doctor", "stranger_patient", "page=2"))
	require.ElementsMatch(t, []uuid.UUID{one, two},
		append(approved("doctor", "stranger_patient", "page_size=1"), approved("doctor", "stranger_patient", "page_size=1&page=2")...))

	srv.Change(t, approvals.Collection, world.ID("approval of the diagnostic report that an approval names"), bson.D{{Key: "is_verified", Value: false}})
	require.Equal(t, []uuid.UUID{two}, approved("doctor", "stranger_patient", ""), "not verified")
	srv.Change(t, "diagnostic_reports", two, bson.D{{Key: "patient_id", Value: srv.Keys.PatientID(world.ID("patient"))}})
	require.Empty(t, approved("doctor", "stranger_patient", ""), "another patient's")
	require.Empty(t, approved("doctor", "patient", ""), "the approval is of another patient")
	expire(t, srv, "stranger_patient")
	require.Empty(t, approved("colleague", "stranger_patient", ""), "expired")
}

// The word in the address is no id: the list answers, and not the report.
func TestApprovedIsNoID(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	path := "/api/patients/" + world.ID("stranger_patient").String() + "/diagnostic_reports/"
	r := srv.Send(t, testkit.As(world.TokenValue("colleague"), http.MethodGet, path+"approved", nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	require.NotNil(t, r.Body.Paging)
	r = srv.Send(t, testkit.As(world.TokenValue("other_doctor"), http.MethodGet, path+world.ID("diagnostic report that an approval names").String(), nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	require.Nil(t, r.Body.Paging)
}

// The lists follow the approvals of groups of services, and what the groups hold.
func TestListsOfServiceGroups(t *testing.T) {
	t.Parallel()
	for kind, collection := range map[string]string{"diagnostic report": "diagnostic_reports", "procedure": "procedures"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			srv := testkit.New(t)
			found := func(token, patient, query string) []uuid.UUID {
				return granted(t, srv, token, patient, "service_groups/"+collection, query)
			}
			mine := func(query string) []uuid.UUID { return found("doctor", "stranger_patient", query) }
			asks := func(parameter, name string) string { return parameter + "=" + world.ID(name).String() }
			one, own := world.ID(kind+" of a service of a group"), world.ID(kind+" of the clinic, of a service of a group")
			both := []uuid.UUID{one, own}
			require.ElementsMatch(t, both, mine(""))
			require.Equal(t, []uuid.UUID{world.ID(kind + " of a service of another group")}, found("colleague", "stranger_patient", ""))
			require.Empty(t, found("other_doctor", "stranger_patient", ""), "the author of the records has no approval")
			require.Empty(t, found("doctor", "patient", ""), "a declaration opens no group")
			require.ElementsMatch(t, both, append(mine("page_size=1"), mine("page_size=1&page=2")...))

			require.ElementsMatch(t, both, mine(asks("service_group_id", "group of imaging")))
			require.Empty(t, mine(asks("service_group_id", "service group")), "no approval of the doctor names it")
			require.Empty(t, mine(asks("service_group_id", "group of mammography")), "a group below")
			require.Empty(t, mine(asks("service_group_id", "former service group")), "the group is not active")
			require.ElementsMatch(t, both, mine(asks("code", "radiography")))
			require.Empty(t, mine(asks("code", "mammography")), "of the patient, and not in the group")
			require.Equal(t, []uuid.UUID{one}, mine(asks("managing_organization", "other_clinic")))
			require.Equal(t, []uuid.UUID{own}, mine(asks("managing_organization_id", "clinic")))
			require.Empty(t, mine(asks("managing_organization", "clinic")+"&"+asks("managing_organization_id", "other_clinic")), "both must be met")

			change := func(sql string, arguments ...any) {
				t.Helper()
				tag, err := srv.Pool.Exec(t.Context(), sql, arguments...)
				require.NoError(t, err)
				require.EqualValues(t, 1, tag.RowsAffected())
			}
			inclusion := world.ID("service in group of imaging")
			change("UPDATE prm.service_inclusions SET is_active = true WHERE id = $1", inclusion)
			taken := world.ID(kind + " of a service that was taken out")
			require.ElementsMatch(t, append(both, taken), mine(""), "put into the group again")
			change("UPDATE prm.service_inclusions SET is_active = false WHERE id = $1", inclusion)
			change("UPDATE prm.service_groups SET is_active = true WHERE id = $1", world.ID("former service group"))
			require.ElementsMatch(t, append(both, taken), mine(""), "the group is in use again")
			change("UPDATE prm.service_groups SET is_active = false WHERE id = $1", world.ID("group of imaging"))
			require.Equal(t, []uuid.UUID{taken}, mine(""), "the group is out of use")

			expire(t, srv, "stranger_patient")
			require.Empty(t, mine(""), "expired")
		})
	}
}

// The short forms leave out what the records say.
func TestShortForms(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for operation, keys := range map[string][]string{
		"listDiagnosticReportsOfServiceGroups": {
			"id", "status", "code", "category", "effective_period", "issued", "managing_organization", "explanatory_letter", "used_references",
		},
		"listProceduresOfServiceGroups": {
			"id", "status", "status_reason", "code", "performed_date_time", "primary_source", "managing_organization", "category",
		},
	} {
		r := srv.Send(t, passing(t, srv, operation, "all filters"))
		var data []map[string]any
		r.Data(t, &data)
		require.Len(t, data, 1, operation)
		var shown []string
		for key := range data[0] {
			shown = append(shown, key)
		}
		require.ElementsMatch(t, keys, shown, operation)
		require.NotNil(t, data[0]["managing_organization"].(map[string]any)["display_value"]) //nolint:forcetypeassert // an object of the contract
	}
}
