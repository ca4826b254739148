package servicerequests_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// A laboratory sees whose specimen it is by gender and age alone, the age being that of today.
func TestReferralsOfSpecimen(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	type referral struct {
		ID, Status string
		Specimens  []any
		Identity   struct {
			Last   *string `json:"last_name"`
			First  *string `json:"first_name"`
			Second *string `json:"second_name"`
			Gender string
			Age    int
		}
	}
	found := func(query string) (all []referral) {
		r := srv.Send(t, testkit.As(doctor, http.MethodGet, "/api/specimens/"+world.ID("specimen of patient").String()+"/service_requests"+query, nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		r.Data(t, &all)
		return all
	}
	all := found("")
	require.Len(t, all, 2)
	for _, one := range all {
		require.Len(t, one.Specimens, 2)
		require.Nil(t, one.Identity.Last)
		require.Nil(t, one.Identity.First)
		require.Nil(t, one.Identity.Second)
		require.NotEmpty(t, one.Identity.Gender)
	}
	require.Equal(t, world.ID("service request for a specimen").String(), found("?status=active")[0].ID)
	require.Len(t, found("?status=completed"), 1)
	require.Empty(t, found("?status=draft"))

	srv.Clock.Advance(364 * 24 * time.Hour) // the token lives for a year
	var age int
	require.NoError(t, srv.Pool.QueryRow(t.Context(), "SELECT extract(year FROM age($1::date, birth_date))::int FROM mpi.persons WHERE id = $2",
		srv.Clock.Now(), world.ID("patient")).Scan(&age))
	require.Equal(t, age, found("")[0].Identity.Age)
}
