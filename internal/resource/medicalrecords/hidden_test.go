package medicalrecords_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/operation"
	"esoz/internal/resource/approvals"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// A forbidden group hides a record by id and in the list, from all but its author, until an
// approval opens the group or the record.
func TestForbiddenGroupsHide(t *testing.T) {
	t.Parallel()
	for kind, collection := range map[string]string{
		"encounter": "encounters", "condition": "conditions", "diagnostic report": "diagnostic_reports", "procedure": "procedures", "episode": "episodes",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			srv := testkit.New(t)
			record := world.ID(kind + " of former_patient")
			path := "/api/patients/" + world.ID("former_patient").String() + "/" + collection
			seen := func() bool {
				t.Helper()
				reader := world.TokenValue("hospital_doctor") // has an approval of all data, and one of the group
				r := srv.Send(t, testkit.As(reader, http.MethodGet, path+"/"+record.String(), nil))
				if r.Status != http.StatusOK {
					require.Equal(t, []string{strings.ReplaceAll(kind, " ", "_") + ".get.forbidden_group"}, r.Rules(), "%s", r.Raw)
				}
				listed := slices.Contains(ids(t, srv, testkit.As(reader, http.MethodGet, path, nil)), record)
				require.Equal(t, r.Status == http.StatusOK, listed)
				return listed
			}
			made := func(user string) {
				srv.Change(t, collection, record, bson.D{{Key: "inserted_by", Value: world.ID(user)}})
			}
			has := func(items ...string) {
				srv.Change(t, collection, record, bson.D{{Key: "items", Value: items}})
			}
			approval := func(field string, value any) {
				srv.Change(t, approvals.Collection, world.ID("approval of the forbidden group"), bson.D{{Key: field, Value: value}})
			}
			change := func(sql string, arguments ...any) {
				t.Helper()
				tag, err := srv.Pool.Exec(t.Context(), sql, arguments...)
				require.NoError(t, err)
				require.EqualValues(t, 1, tag.RowsAffected())
			}
			const icd = "eHealth/ICD10_AM/condition_codes"
			forbidden := operation.Item(icd, "F20.0")

			has("A", forbidden)
			require.True(t, seen(), "the approval opens the group")
			approval("is_verified", false)
			require.False(t, seen())
			approval("is_verified", true)
			approval("granted_resources", []approvals.Reference{approvals.To(strings.ReplaceAll(kind, " ", "_"), record)})
			require.True(t, seen(), "the approval opens the record")
			approval("granted_resources", []approvals.Reference{approvals.To(strings.ReplaceAll(kind, " ", "_"), uuid.New())})
			require.False(t, seen(), "it opens another one")

			made("hospital_doctor")
			require.True(t, seen(), "the author")
			change(`UPDATE prm.party_users SET party_id = (SELECT party_id FROM prm.party_users WHERE user_id = $1) WHERE user_id = $2`,
				world.ID("hospital_doctor"), world.ID("colleague"))
			made("colleague")
			require.True(t, seen(), "another user of the author")
			made("other_doctor")
			require.False(t, seen())

			for _, harmless := range []string{
				operation.Item("eHealth/ICPC2/condition_codes", "F20.0"), operation.Item(icd, "F20"), operation.Item(icd, "F32.0"),
				world.ID("service once forbidden").String(), world.ID("service").String(),
			} {
				has(harmless)
				require.True(t, seen(), harmless)
			}
			for _, service := range []string{"forbidden service", "service of a forbidden group"} {
				has(world.ID(service).String())
				require.False(t, seen(), service)
			}
			change("UPDATE prm.service_inclusions SET is_active = false WHERE id = $1", world.ID("inclusion in a forbidden group of services"))
			require.True(t, seen(), "the service was taken out of the group of services")
			has(forbidden)
			require.False(t, seen())
			change("UPDATE prm.forbidden_groups SET is_active = false WHERE id = $1", world.ID("forbidden group"))
			require.True(t, seen(), "the group is out of use")
		})
	}
}

// The lists that approvals of groups open are cut like others.
func TestForbiddenGroupsHideWhatOtherGroupsOpen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ collection, path, forbidden string }{
		"diagnostic report of a service of a group": {"diagnostic_reports", "service_groups/diagnostic_reports", "forbidden service"},
		"procedure of a service of a group":         {"procedures", "service_groups/procedures", "forbidden service"},
		"episode of diabetes":                       {"episodes", "diagnoses_groups/episodes", "service of a forbidden group"},
	} {
		srv := testkit.New(t)
		found := func() []uuid.UUID { return granted(t, srv, "doctor", "stranger_patient", c.path, "") }
		require.Contains(t, found(), world.ID(name))
		srv.Change(t, c.collection, world.ID(name), bson.D{{Key: "items", Value: []string{world.ID(c.forbidden).String()}}})
		require.NotContains(t, found(), world.ID(name))
	}
}

// What is hidden is not counted either, on any page of any list.
func TestWhatIsHiddenIsNotCounted(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	path := "/api/patients/" + world.ID("patient").String()
	episode := "/episodes/" + world.ID("episode of the other clinic").String()
	for address, hidden := range map[string]string{
		path + "/encounters":           "encounter that a forbidden group hides",
		path + episode + "/encounters": "encounter that a forbidden group hides",
		path + "/conditions":           "condition that a forbidden group hides",
		path + episode + "/conditions": "condition that a forbidden group hides",
		path + "/diagnostic_reports":   "diagnostic report that a forbidden group hides",
		path + "/procedures":           "procedure that a forbidden group hides",
		path + "/episodes":             "episode that a forbidden group hides",
		path + "/summary/episodes":     "episode that a forbidden group hides",
	} {
		request := testkit.As(world.TokenValue("doctor"), http.MethodGet, address, nil)
		found := ids(t, srv, request)
		require.NotContains(t, found, world.ID(hidden), address)
		require.InDelta(t, len(found), srv.Send(t, request).Body.Paging["total_entries"], 0, address)
		_, err := srv.Pool.Exec(t.Context(), "UPDATE prm.forbidden_groups SET is_active = false WHERE id = $1", world.ID("forbidden group"))
		require.NoError(t, err)
		require.ElementsMatch(t, append(found, world.ID(hidden)), ids(t, srv, request), address)
		_, err = srv.Pool.Exec(t.Context(), "UPDATE prm.forbidden_groups SET is_active = true WHERE id = $1", world.ID("forbidden group"))
		require.NoError(t, err)
	}
}
