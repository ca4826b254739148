package personrequests_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/operation"
	"esoz/internal/resource/personrequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// A request that is not signed in time expires: its data and its scans go, and nobody
// finds it. One that was signed keeps its status until its data goes, too, and what
// was signed stays.
func TestOldRequestsAreForgotten(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle(), testkit.Still())
	waiting, urgent := created(t, s, "an adult who confirms by documents")
	_, urls := documents(urgent)
	require.Equal(t, http.StatusOK, upload(t, s, http.MethodPut, urls[0], "image/jpeg", jpeg))
	data, _ := get(t, s, world.ID("person request to sign").String())
	data["patient_signed"] = true
	person := signs(t, s, data)
	rejected := world.ID("rejected person request").String()

	began := s.Clock.Now()
	clean := func(age time.Duration) {
		s.Clock.Set(began.Add(age))
		api := personrequests.API{Engine: &operation.Engine{Config: s.Config, Clock: s.Clock}, Store: personrequests.Store{Pool: s.Pool}}
		require.NoError(t, api.Clean(t.Context()))
	}
	const day = 24 * time.Hour
	scan := "il.media WHERE name LIKE '%' || $1 || '%'"
	clean(10*day - time.Second)
	require.Equal(t, "NEW", requestOf(t, s, waiting["id"])["status"])
	require.Equal(t, 1, s.Count(t, scan, waiting["id"]))

	clean(10*day + time.Second)
	gone := func(id any, status string) {
		t.Helper()
		stored := requestOf(t, s, id)
		require.Equal(t, status, stored["status"])
		for _, column := range []string{
			"data", "authentication_method_current", "printout_form", "documents", "tax_id", "first_name", "last_name", "birth_date", "person_documents",
		} {
			require.Nil(t, stored[column], column)
		}
		require.Equal(t, s.Config.Get().SystemUser.String(), stored["updated_by"])
		r := s.Send(t, testkit.As(doctor, http.MethodGet, "/api/v2/person_requests/"+id.(string), nil))
		require.Equal(t, []string{"person_request.get.expired"}, r.Rules(), "%s", r.Raw)
	}
	gone(waiting["id"], "EXPIRED")
	require.Zero(t, s.Count(t, scan, waiting["id"]))
	require.Equal(t, "EXPIRED", row(t, s, `SELECT changeset ->> 'status' AS status FROM prm.audit_log
		WHERE resource = 'person_requests' AND resource_id = $1 ORDER BY inserted_at DESC LIMIT 1`, waiting["id"])["status"])
	require.Equal(t, []string{"person_request.approve.expired"}, s.Send(t, action(waiting["id"], "approve", nil)).Rules())
	require.Equal(t, "SIGNED", requestOf(t, s, data["id"])["status"])
	require.NotNil(t, requestOf(t, s, rejected)["data"])

	clean(30*day + time.Second)
	gone(data["id"], "SIGNED")
	gone(rejected, "REJECTED")
	require.Equal(t, 1, s.Count(t, scan, data["id"]), "signed content stays")
	require.Equal(t, person, requestOf(t, s, data["id"])["mpi_id"])
	require.Equal(t, 1, s.Count(t, "mpi.persons WHERE id = $1", person))
}
