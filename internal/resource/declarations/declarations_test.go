package declarations_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const doctor, nhs = "sandbox-doctor", "sandbox-nhs-admin"

// persons whose declarations a list shows, and the number of all that match.
func persons(t *testing.T, s *testkit.Server, token, query string) (found []string, total any) {
	t.Helper()
	r := s.Send(t, testkit.As(token, http.MethodGet, "/api/declarations"+query, nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var data []struct{ Person struct{ ID string } }
	r.Data(t, &data)
	for _, d := range data {
		found = append(found, d.Person.ID)
	}
	return found, r.Body.Paging["total_entries"]
}

func TestListShowsTheOwnOfOneStatus(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	id := func(person string) string { return world.ID(person).String() }

	own, total := persons(t, s, doctor, "")
	require.Equal(t, id("confided_patient"), own[0], "the newest first")
	require.Contains(t, own, id("patient"))
	require.NotContains(t, own, id("stranger_patient"))
	require.NotContains(t, own, id("former_patient"), "only active ones")
	require.EqualValues(t, len(own), total)

	for query, person := range map[string]string{
		"?status=closed":   "closed_patient",
		"?status=rejected": "rejected_patient",
		"?status=pending_verification&reason=offline": "pending_patient",
	} {
		found, total := persons(t, s, doctor, query)
		require.Equal(t, []string{id(person)}, found, query)
		require.EqualValues(t, 1, total, query)
	}
	found, total := persons(t, s, doctor, "?page=2&page_size=5000")
	require.Empty(t, found)
	require.EqualValues(t, len(own), total, "a page past the end says how many there are")
	found, _ = persons(t, s, doctor, "?employee_id="+id("employee colleague"))
	require.Empty(t, found)

	all, _ := persons(t, s, nhs, "")
	require.Contains(t, all, id("patient"))
	require.Contains(t, all, id("stranger_patient"), "the National Health Service sees those of all")
	found, _ = persons(t, s, nhs, "?legal_entity_id="+id("other_clinic"))
	require.Equal(t, []string{id("stranger_patient")}, found)
}

// Details show what the registers know now, in the order of the original: the
// official speciality first, then the other ones of the party.
func TestDetails(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	_, err := s.Pool.Exec(t.Context(), `UPDATE prm.employees SET speciality = $2, additional_info = '{"educations": []}' WHERE id = $1`,
		world.ID("employee doctor"), map[string]any{"speciality": "FAMILY_DOCTOR", "speciality_officio": true})
	require.NoError(t, err)
	_, err = s.Pool.Exec(t.Context(), "UPDATE prm.parties SET specialities = $2 WHERE id = $1", world.ID("party doctor"),
		[]any{map[string]any{"speciality": "FAMILY_DOCTOR", "speciality_officio": true}, map[string]any{"speciality": "PEDIATRICIAN", "speciality_officio": true}})
	require.NoError(t, err)
	r := s.Send(t, testkit.As(doctor, http.MethodGet, "/api/persons/"+world.ID("patient").String()+"/declaration", nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var data []struct {
		Status   string
		Person   struct{ Phones []map[string]string }
		Employee struct {
			Doctor struct {
				Specialities []struct {
					Speciality string
					Officio    bool `json:"speciality_officio"`
				}
			}
		}
	}
	r.Data(t, &data)
	require.Len(t, data, 1)
	require.Equal(t, "active", data[0].Status)
	require.Equal(t, []map[string]string{{"type": "MOBILE", "number": world.PatientPhone}}, data[0].Person.Phones)
	specialities := data[0].Employee.Doctor.Specialities
	require.Len(t, specialities, 2)
	require.Equal(t, "FAMILY_DOCTOR", specialities[0].Speciality)
	require.True(t, specialities[0].Officio)
	require.Equal(t, "PEDIATRICIAN", specialities[1].Speciality)
	require.False(t, specialities[1].Officio)
	require.Nil(t, r.Body.Urgent)
}
