package declarations_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/resource/declarations"
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
	require.ElementsMatch(t, []string{id("stranger_patient"), id("faithful_declarant")}, found)
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

// A declaration shows who acts for the patient: as the patient was registered, or else
// who has been approved and is so still.
func TestDetailsShowConfidants(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	type confidant struct {
		RelationType  string           `json:"relation_type"`
		LastName      string           `json:"last_name"`
		Relationship  []map[string]any `json:"documents_relationship"`
		OwnDocuments  []map[string]any `json:"documents_person"`
		SettlementOld string           `json:"birth_settlement"`
	}
	shown := func(person string) []confidant {
		t.Helper()
		r := s.Send(t, testkit.As(doctor, http.MethodGet, "/api/declarations/"+world.DeclarationID(person).String(), nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var data struct {
			Person struct {
				Confidants []confidant `json:"confidant_person"`
			}
		}
		r.Data(t, &data)
		return data.Person.Confidants
	}
	require.Equal(t, []confidant{{
		RelationType: "PRIMARY", LastName: "Гринько", SettlementOld: "Бердичів",
		Relationship: []map[string]any{{"type": "BIRTH_CERTIFICATE", "number": "І-АМ654321", "issued_by": "РАЦС", "issued_at": "2015-03-12"}},
		OwnDocuments: []map[string]any{{"type": "PASSPORT", "number": "ВВ654321", "issued_by": "РАЦС", "issued_at": "2004-11-02"}},
	}}, shown("confided_patient"), "and not the one whose time is over")
	require.Empty(t, shown("patient"))

	_, err := s.Pool.Exec(t.Context(), "UPDATE mpi.persons SET confidant_person = $2 WHERE id = $1", world.ID("confided_patient"), []any{map[string]any{
		"relation_type": "SECONDARY", "first_name": "Ада", "last_name": "Тиха", "birth_date": "1980-01-01", "gender": "FEMALE",
		"documents_person": []any{}, "documents_relationship": []any{map[string]any{"type": "DOCUMENT", "number": "1"}},
	}})
	require.NoError(t, err)
	registered := shown("confided_patient")
	require.Len(t, registered, 1)
	require.Equal(t, "Тиха", registered[0].LastName)

	_, err = s.Pool.Exec(t.Context(), "UPDATE mpi.persons SET confidant_person = NULL WHERE id = $1", world.ID("confided_patient"))
	require.NoError(t, err)
	_, err = s.Pool.Exec(t.Context(), "UPDATE mpi.confidant_person_relationships SET active_to = $2 WHERE person_id = $1",
		world.ID("confided_patient"), s.Clock.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Len(t, shown("confided_patient"), 2)
	s.Clock.Advance(2 * time.Hour)
	require.Empty(t, shown("confided_patient"))
}

func act(token, path string, body any) world.Request {
	return testkit.As(token, http.MethodPatch, path, body)
}

// ended is what the table keeps of a declaration's end.
type ended struct {
	Status, Reason, Words string
	By                    uuid.UUID
	At                    time.Time
}

func stored(t *testing.T, s *testkit.Server, person string) (e ended) {
	t.Helper()
	err := s.Pool.QueryRow(t.Context(), `SELECT status, COALESCE(reason, ''), COALESCE(reason_description, ''), updated_by, updated_at
		FROM ops.declarations WHERE id = $1`, world.DeclarationID(person)).Scan(&e.Status, &e.Reason, &e.Words, &e.By, &e.At)
	require.NoError(t, err)
	return e
}

// told asks for the one event and the one audit row of a change.
func told(t *testing.T, s *testkit.Server, person, status string, by uuid.UUID) {
	t.Helper()
	events := s.Events(t, world.DeclarationID(person))
	require.Len(t, events, 1)
	require.Equal(t, "StatusChangeEvent", events[0].Type)
	require.Equal(t, "Declaration", events[0].EntityType)
	require.JSONEq(t, `{"status": {"new_value": "`+status+`"}}`, events[0].Properties)
	require.Equal(t, by, events[0].By)
	require.Equal(t, 1, s.Count(t, "prm.audit_log WHERE resource = 'declarations' AND resource_id = $1 AND actor_id = $2 AND changeset ->> 'status' = $3",
		world.DeclarationID(person).String(), by.String(), status))
}

func TestChanges(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	for _, c := range []struct {
		token, user, person, prefix, action string
		body                                any
		want                                ended
	}{
		{nhs, "nhs_admin", "pending_patient", "/api", "/actions/approve", nil, ended{Status: "active", Reason: "offline"}},
		{nhs, "nhs_admin", "doubted_patient", "", "/reject", nil, ended{Status: "rejected", Reason: "no_tax_id"}},
		{
			"sandbox-cabinet", "cabinet_user", "settled_patient", "/api/cabinet", "/actions/terminate",
			map[string]any{"reason_description": "переїзд"},
			ended{Status: "terminated", Reason: "manual_person", Words: "переїзд"},
		},
		{
			"sandbox-portal", "portal_user", "portal_patient", "/api/pis", "/actions/terminate",
			map[string]any{"reason_description": "переїзд"},
			ended{Status: "terminated", Reason: "manual_person", Words: "переїзд"},
		},
	} {
		s.Clock.Advance(time.Minute)
		start := s.Clock.Now()
		path := c.prefix + "/declarations/" + world.DeclarationID(c.person).String() + c.action
		r := s.Send(t, act(c.token, path, c.body))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		got := stored(t, s, c.person)
		require.False(t, got.At.Before(start))
		c.want.By, c.want.At = world.ID(c.user), got.At
		require.Equal(t, c.want, got)
		told(t, s, c.person, c.want.Status, c.want.By)
		require.Equal(t, 1, s.Count(t, "ops.declarations WHERE updated_at >= $1", start), "no other declaration changes")
		var shown struct{ Status string }
		r.Data(t, &shown)
		require.Equal(t, c.want.Status, shown.Status)
	}
}

// Of two who end a declaration at once, one does.
func TestOneEnds(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	path := "/api/declarations/" + world.DeclarationID("pending_patient").String() + "/actions/"
	statuses := make(chan int, 8)
	for i := range cap(statuses) {
		go func() { statuses <- s.Send(t, act(nhs, path+[]string{"approve", "reject"}[i%2], nil)).Status }()
	}
	found := map[int]int{}
	for range cap(statuses) {
		found[<-statuses]++
	}
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusConflict: 7}, found)
	require.Len(t, s.Events(t, world.DeclarationID("pending_patient")), 1)
}

// A declaration is in force on its last day, in Kyiv, and closed after it.
func TestCloseAfterTheLastDay(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	closing := &declarations.API{Engine: &operation.Engine{Clock: s.Clock, Config: s.Config}, Store: declarations.Store{Pool: s.Pool}}
	lastDay := clock.Today(s.Clock.Now())
	_, err := s.Pool.Exec(t.Context(), "UPDATE ops.declarations SET end_date = $1 WHERE id = ANY($2)", lastDay,
		[]uuid.UUID{world.DeclarationID("patient"), world.DeclarationID("pending_patient")})
	require.NoError(t, err)

	require.NoError(t, closing.Close(t.Context()))
	require.Equal(t, "active", stored(t, s, "patient").Status)
	require.Empty(t, s.Events(t, world.DeclarationID("patient")))

	s.Clock.Advance(24 * time.Hour)
	active := s.Count(t, "ops.declarations WHERE status = 'active'")
	require.NoError(t, closing.Close(t.Context()))
	require.Equal(t, "closed", stored(t, s, "patient").Status)
	require.Equal(t, "pending_verification", stored(t, s, "pending_patient").Status)
	require.Equal(t, active-1, s.Count(t, "ops.declarations WHERE status = 'active'"))
	told(t, s, "patient", "closed", world.SystemUser)
}
