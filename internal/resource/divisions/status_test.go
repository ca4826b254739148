package divisions_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func act(token, division, action string) world.Request {
	return testkit.As(token, http.MethodPatch, "/api/divisions/"+idOf(division)+"/actions/"+action, nil)
}

// changed asks that nothing but these columns has changed.
func changed(t *testing.T, was, now, expected object) {
	t.Helper()
	want := object{}
	for column, value := range was {
		want[column] = value
	}
	for column, value := range expected {
		want[column] = value
	}
	require.Equal(t, want, now)
}

func TestActivateAndDeactivate(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	const name = "division of the clinic"
	for _, c := range []struct{ action, to string }{{"deactivate", "INACTIVE"}, {"activate", "ACTIVE"}} {
		was, wasAddresses := stored(t, s, idOf(name))
		before := counts(t, s)
		s.Clock.Advance(time.Minute)
		got := decoded(t, s.Send(t, act(owner, name, c.action)))
		require.Equal(t, c.to, got["status"])
		require.Equal(t, got, read(t, s, idOf(name)))
		require.Equal(t, object{"audit": 1.0}, grown(before, counts(t, s)))

		now, addresses := stored(t, s, idOf(name))
		require.True(t, moment(t, now["updated_at"]).After(moment(t, was["updated_at"])))
		changed(t, was, now, object{"status": c.to, "updated_at": now["updated_at"], "updated_by": idOf("owner")})
		require.Equal(t, wasAddresses, addresses)
		log := rowOf(t, s, "SELECT * FROM prm.audit_log WHERE resource_id = $1 ORDER BY inserted_at DESC LIMIT 1", idOf(name))
		require.Equal(t, "divisions", log["resource"])
		require.Equal(t, idOf("owner"), log["actor_id"])
		require.Equal(t, object{"status": c.to}, log["changeset"])
		require.Equal(t, moment(t, now["updated_at"]), moment(t, log["inserted_at"]))
	}
}

// Only a pharmacy leaves its medical programs, and does not come back.
func TestDeactivateEndsMedicalPrograms(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	_, err := s.Pool.Exec(t.Context(), `
		INSERT INTO prm.medical_program_provision (id, medical_program_id, division_id, is_active, deactivate_reason, inserted_by, inserted_at, updated_by, updated_at)
		SELECT gen_random_uuid(), medical_program_id, d.id, d.active, d.reason, p.inserted_by, p.inserted_at, p.updated_by, p.updated_at
		FROM prm.medical_program_provision p, (VALUES ($1::uuid, true, NULL), ($2::uuid, false, 'MANUAL_DEACTIVATION')) AS d (id, active, reason)
		WHERE p.id = $3`, idOf("division of the clinic"), idOf("division of the pharmacy"), world.ID("provision of the pharmacy"))
	require.NoError(t, err)
	const untouched = "SELECT * FROM prm.medical_program_provision WHERE id <> $1 ORDER BY id"
	others := rowsOf(t, s, untouched, idOf("provision of the pharmacy"))
	was := rowOf(t, s, "SELECT * FROM prm.medical_program_provision WHERE id = $1", idOf("provision of the pharmacy"))
	before := counts(t, s)

	decoded(t, s.Send(t, act(owner, "division of the clinic", "deactivate")))
	require.Equal(t, object{"audit": 1.0}, grown(before, counts(t, s)))
	decoded(t, s.Send(t, act(pharmacyOwner, "division of the pharmacy", "deactivate")))
	require.Equal(t, object{"audit": 3.0}, grown(before, counts(t, s)))

	division, _ := stored(t, s, idOf("division of the pharmacy"))
	now := rowOf(t, s, "SELECT * FROM prm.medical_program_provision WHERE id = $1", idOf("provision of the pharmacy"))
	changed(t, was, now, object{
		"is_active": false, "deactivate_reason": "AUTO_DIVISION_DEACTIVATION",
		"updated_by": idOf("pharmacy_owner"), "updated_at": division["updated_at"],
	})
	require.Equal(t, others, rowsOf(t, s, untouched, idOf("provision of the pharmacy")))
	log := rowOf(t, s, "SELECT * FROM prm.audit_log WHERE resource_id = $1", idOf("provision of the pharmacy"))
	require.Equal(t, "medical_program_provision", log["resource"])
	require.Equal(t, object{"is_active": false, "deactivate_reason": "AUTO_DIVISION_DEACTIVATION"}, log["changeset"])

	decoded(t, s.Send(t, act(pharmacyOwner, "division of the pharmacy", "activate")))
	require.Equal(t, now, rowOf(t, s, "SELECT * FROM prm.medical_program_provision WHERE id = $1", idOf("provision of the pharmacy")))
}

func TestDeactivateIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	was, _ := stored(t, s, idOf("division of the pharmacy"))
	noAudit(t, s)
	require.Equal(t, http.StatusInternalServerError, s.Send(t, act(pharmacyOwner, "division of the pharmacy", "deactivate")).Status)
	now, _ := stored(t, s, idOf("division of the pharmacy"))
	require.Equal(t, was, now)
}

// What has ended does not hold a division open.
func TestDeactivatePastUses(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	for division, end := range map[string]string{
		"division with a healthcare service": "UPDATE prm.healthcare_services SET status = 'INACTIVE' WHERE division_id = $1",
		"division with an employee":          "UPDATE prm.employees SET status = 'DISMISSED' WHERE division_id = $1",
		"division with equipment":            "UPDATE prm.equipment SET status = 'INACTIVE' WHERE division_id = $1",
	} {
		require.Equal(t, http.StatusConflict, s.Send(t, act(owner, division, "deactivate")).Status, division)
		_, err := s.Pool.Exec(t.Context(), end, world.ID(division))
		require.NoError(t, err)
		decoded(t, s.Send(t, act(owner, division, "deactivate")))
	}
}

// Of two rules that refuse, the earlier one answers.
func TestStatusOrder(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := s.Pool.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	expect := func(name string, r *testkit.Response, rule string) {
		t.Helper()
		require.Equal(t, []string{rule}, r.Rules(), "%s: %s", name, r.Raw)
	}
	closed := "sandbox-closed-owner"
	expect("removed before a stranger's", s.Send(t, act(closed, "removed division", "activate")), "division.activate.not_found")
	expect("a stranger's before the legal entity", s.Send(t, act(closed, "division of the clinic", "activate")), "division.activate.owner")
	expect("the legal entity before the status", s.Send(t, act(closed, "division of the closed clinic", "activate")), "division.activate.legal_entity_active")

	// One division with every fault; they are healed from the first to the last.
	division := world.ID("inactive division of the closed clinic")
	exec("UPDATE prm.healthcare_services SET division_id = $1", division)
	exec("UPDATE prm.employees SET division_id = $1 WHERE id = $2", division, world.ID("employee nurse"))
	exec("UPDATE prm.equipment SET division_id = $1", division)
	exec("UPDATE prm.divisions SET is_active = false, legal_entity_id = $2 WHERE id = $1", division, world.ID("clinic"))
	for _, step := range []struct {
		rule, heal string
		args       []any
	}{
		{"not_found", "UPDATE prm.divisions SET is_active = true WHERE id = $1", []any{division}},
		{"owner", "UPDATE prm.divisions SET legal_entity_id = $2 WHERE id = $1", []any{division, world.ID("closed_clinic")}},
		{"healthcare_services", "UPDATE prm.healthcare_services SET status = 'INACTIVE'", nil},
		{"employees", "UPDATE prm.employees SET is_active = false WHERE division_id = $1", []any{division}},
		{"equipment", "UPDATE prm.equipment SET status = 'ENTERED_IN_ERROR'", nil},
		{"status", "UPDATE prm.divisions SET status = 'ACTIVE' WHERE id = $1", []any{division}},
		{"legal_entity_active", "UPDATE prm.legal_entities SET status = 'SUSPENDED' WHERE id = $1", []any{world.ID("closed_clinic")}},
	} {
		expect(step.rule, s.Send(t, act(closed, "inactive division of the closed clinic", "deactivate")), "division.deactivate."+step.rule)
		exec(step.heal, step.args...)
	}
	decoded(t, s.Send(t, act(closed, "inactive division of the closed clinic", "deactivate")))
}

// Of many who change a status at once one does, and the others are told what
// they found when they came second.
func TestStatusRaces(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	for _, c := range []struct{ division, action, message string }{
		{"inactive division", "activate", "ACTIVE division cannot be ACTIVATED"},
		{"division of the clinic", "deactivate", "INACTIVE division cannot be DEACTIVATED"},
	} {
		const racers = 12
		answers := make([]*testkit.Response, racers)
		var wg sync.WaitGroup
		for i := range racers {
			wg.Go(func() { answers[i] = s.Send(t, act(owner, c.division, c.action)) })
		}
		wg.Wait()
		won := 0
		for _, r := range answers {
			if r.Status == http.StatusOK {
				won++
				continue
			}
			require.Equal(t, http.StatusConflict, r.Status, "%s", r.Raw)
			require.Equal(t, c.message, r.Body.Error.Message)
		}
		require.Equal(t, 1, won, c.action)
		require.Len(t, rowsOf(t, s, "SELECT 1 FROM prm.audit_log WHERE resource_id = $1", idOf(c.division)), 1)
	}
}
