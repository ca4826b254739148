package employees_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/clock"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const owner = "sandbox-owner"

func dismiss(t *testing.T, s *testkit.Server, employee string, body any) *testkit.Response {
	t.Helper()
	return s.Send(t, testkit.As(owner, http.MethodPatch, "/api/employees/"+world.ID("employee "+employee).String()+"/actions/deactivate", body))
}

// Everything that depends on the work of a doctor ends with it, and nothing else.
func TestDismissalEndsWhatDependsOnTheWork(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	exec := func(sql string, args ...any) {
		_, err := s.Pool.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	leaver, clinic, declaration := world.ID("leaver"), world.ID("clinic"), world.DeclarationID("left_patient")
	for i, client := range []string{"clinic", "hospital"} {
		exec(`INSERT INTO mithril.apps (id, user_id, client_id, scope, inserted_at, updated_at) VALUES ($1, $2, $3, '', $4, $4)`,
			uuid.New(), leaver, world.ID(client), s.Clock.Now())
		exec(`INSERT INTO mithril.tokens (id, name, value_hash, expires_at, user_id, details, inserted_at, updated_at)
			VALUES ($1, 'access_token', sha256($2), 99999999999, $3, jsonb_build_object('client_id', $4::text), $5, $5)`,
			uuid.New(), []byte{byte(i)}, leaver, world.ID(client).String(), s.Clock.Now())
	}
	others := s.Count(t, "ops.declarations WHERE status = 'active'")
	yesterday := clock.Today(s.Clock.Now()).AddDate(0, 0, -1)

	r := dismiss(t, s, "leaver", map[string]any{"status": "STOPPED", "end_date": yesterday.Format(time.DateOnly)})
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var shown struct {
		Status  string
		EndDate string `json:"end_date"`
		Doctor  struct {
			Specialities []struct{ Speciality string }
		}
	}
	r.Data(t, &shown)
	require.Equal(t, "STOPPED", shown.Status)
	require.Equal(t, yesterday.Format(time.DateOnly), shown.EndDate)
	require.Equal(t, "FAMILY_DOCTOR", shown.Doctor.Specialities[0].Speciality)

	by := world.ID("owner")
	require.Equal(t, 1, s.Count(t, `prm.employees WHERE id = $1 AND status = 'STOPPED' AND status_reason = 'manual_employee_deactivate'
		AND end_date = $2 AND is_active AND updated_by = $3`, world.ID("employee leaver"), yesterday, by))
	require.Equal(t, 1, s.Count(t, "prm.employee_roles WHERE id = $1 AND status = 'INACTIVE' AND end_date = updated_at AND updated_by = $2", world.ID("role of leaver"), by))
	require.Equal(t, 1, s.Count(t, "ops.declarations WHERE id = $1 AND status = 'terminated' AND reason = 'manual_employee' AND is_active AND updated_by = $2", declaration, by))
	require.Equal(t, others-1, s.Count(t, "ops.declarations WHERE status = 'active'"))
	for entity, value := range map[uuid.UUID]string{world.ID("employee leaver"): "STOPPED", declaration: "terminated"} {
		events := s.Events(t, entity)
		require.Len(t, events, 1)
		require.Equal(t, "StatusChangeEvent", events[0].Type)
		require.JSONEq(t, `{"status": {"new_value": "`+value+`"}}`, events[0].Properties)
		require.Equal(t, by, events[0].By)
	}
	for resource, id := range map[string]uuid.UUID{"employees": world.ID("employee leaver"), "employee_roles": world.ID("role of leaver"), "declarations": declaration} {
		require.Equal(t, 1, s.Count(t, "prm.audit_log WHERE resource = $1 AND resource_id = $2 AND actor_id = $3", resource, id.String(), by.String()))
	}
	access := func(client uuid.UUID) []int {
		return []int{
			s.Count(t, "mithril.user_roles WHERE user_id = $1 AND client_id = $2", leaver, client),
			s.Count(t, "mithril.apps WHERE user_id = $1 AND client_id = $2", leaver, client),
			s.Count(t, "mithril.tokens WHERE user_id = $1 AND client_id = $2 AND expires_at > $3", leaver, client, s.Clock.Now().Unix()),
		}
	}
	require.Equal(t, []int{0, 0, 0}, access(clinic))
	require.Equal(t, []int{0, 1, 1}, access(world.ID("hospital")), "what was allowed to another legal entity stays")
}

// Who works in the legal entity in another place of the same type keeps the access.
func TestDismissalFromOneOfTwoPlaces(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	second := uuid.New()
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO prm.employees (id, party_id, legal_entity_id, employee_type, position, status, is_active, start_date,
			inserted_by, inserted_at, updated_by, updated_at)
		SELECT $1, party_id, legal_entity_id, employee_type, position, status, is_active, start_date, inserted_by, inserted_at, updated_by, updated_at
		FROM prm.employees WHERE id = $2`, second, world.ID("employee leaver"))
	require.NoError(t, err)
	roles := func() int { return s.Count(t, "mithril.user_roles WHERE user_id = $1", world.ID("leaver")) }
	require.Equal(t, http.StatusOK, dismiss(t, s, "leaver", nil).Status)
	require.Equal(t, 1, roles())
	require.Equal(t, 1, s.Count(t, "prm.employees WHERE id = $1 AND status = 'DISMISSED' AND end_date = $2", world.ID("employee leaver"), clock.Today(s.Clock.Now())),
		"without a body: the older name, today")
	r := s.Send(t, testkit.As(owner, http.MethodPatch, "/api/employees/"+second.String()+"/actions/deactivate", nil))
	require.Equal(t, http.StatusOK, r.Status)
	require.Equal(t, 0, roles())
}

// Of many dismissals at once one is carried out.
func TestOneDismissal(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	statuses := make(chan int, 8)
	for range cap(statuses) {
		go func() { statuses <- dismiss(t, s, "leaver", nil).Status }()
	}
	found := map[int]int{}
	for range cap(statuses) {
		found[<-statuses]++
	}
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusConflict: 7}, found)
	require.Len(t, s.Events(t, world.DeclarationID("left_patient")), 1)
	require.Len(t, s.Events(t, world.ID("employee leaver")), 1)
}
