package divisions_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func update(token, division string, b object) world.Request {
	return testkit.As(token, http.MethodPatch, "/api/divisions/"+idOf(division), b)
}

func TestUpdateReplacesWhatWasSent(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	const name = "division of the clinic"
	was, wasAddresses := stored(t, s, idOf(name))
	others := rowsOf(t, s, "SELECT * FROM prm.divisions WHERE id <> $1 ORDER BY id", idOf(name))
	before := counts(t, s)
	s.Clock.Advance(time.Hour)

	got := decoded(t, s.Send(t, update(owner, name, body(object{
		"email": "NEW@example.com", "addresses": []object{inVerkhovyna("RESIDENCE"), address("REGISTRATION", nil)},
	}))))
	require.Equal(t, object{"addresses": 1.0, "audit": 1.0}, grown(before, counts(t, s)))
	require.Equal(t, got, read(t, s, idOf(name)))

	now, addresses := stored(t, s, idOf(name))
	require.Equal(t, others, rowsOf(t, s, "SELECT * FROM prm.divisions WHERE id <> $1 ORDER BY id", idOf(name)))
	for column, value := range (object{
		"name": "Амбулаторія №2", "type": "AMBULANT_CLINIC", "email": "new@example.com", "mountain_group": true,
		"phones": []any{object{"type": "LAND_LINE", "number": "+380414310870"}}, "updated_by": idOf("owner"),
	}) {
		require.Equal(t, value, now[column], column)
	}
	for _, column := range []string{ // not sent, or not the caller's to change
		"external_id", "longitude", "latitude", "working_hours", "status", "is_active", "legal_entity_id",
		"dls_id", "dls_verified", "inserted_at", "inserted_by",
	} {
		require.Equal(t, was[column], now[column], column)
	}
	require.NotNil(t, now["external_id"])
	at := moment(t, now["updated_at"])
	require.True(t, at.After(moment(t, was["updated_at"])))

	require.Len(t, addresses, 2)
	require.NotEqual(t, wasAddresses[0]["id"], addresses[0]["id"])
	require.Equal(t, []any{"Верховина", "Бердичів"}, []any{addresses[0]["settlement"], addresses[1]["settlement"]})
	require.Nil(t, addresses[0]["street"])

	log := rowOf(t, s, "SELECT * FROM prm.audit_log WHERE resource = 'divisions' AND resource_id = $1", idOf(name))
	require.Equal(t, idOf("owner"), log["actor_id"])
	require.Equal(t, at, moment(t, log["inserted_at"]))
	require.Equal(t, "new@example.com", log["changeset"].(object)["email"])
	require.NotContains(t, log["changeset"], "external_id")
	require.NotContains(t, log["changeset"], "status")
}

func TestUpdateSetsOptionalFields(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	got := decoded(t, s.Send(t, update(owner, "inactive division", full())))
	require.Equal(t, "INACTIVE", got["status"], "a PATCH never activates")
	require.Equal(t, "3213213", got["external_id"])
	require.Equal(t, object{"longitude": 28.5833, "latitude": 49.8992}, got["location"])
	require.Equal(t, object{"mon": []any{[]any{"08.00", "12.00"}, []any{"14.00", "18.00"}}, "sun": []any{}}, got["working_hours"])
	require.Equal(t, got, read(t, s, idOf("inactive division")))
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	was, wasAddresses := stored(t, s, idOf("division of the clinic"))
	noAudit(t, s)
	require.Equal(t, http.StatusInternalServerError, s.Send(t, update(owner, "division of the clinic", full())).Status)
	now, addresses := stored(t, s, idOf("division of the clinic"))
	require.Equal(t, was, now)
	require.Equal(t, wasAddresses, addresses)
}

// Of two rules that refuse, the earlier one answers: the division itself is
// looked at last.
func TestUpdateOrder(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	const foreign, none = "division of the other clinic", "no division"
	for _, c := range []struct {
		name, token, division string
		body                  object
		rules                 []string
	}{
		{"the legal entity before the shape", "sandbox-closed-owner", none, object{}, []string{"division.update.legal_entity_active"}},
		{
			"the body before the division", owner, none, body(object{"type": "DRUGSTORE", "email": "x"}),
			[]string{"division.update.type_mapping", "division.update.email"},
		},
		{"the body before the owner", owner, foreign, body(object{"type": "DRUGSTORE"}), []string{"division.update.type_mapping"}},
		{"the division", owner, none, body(nil), []string{"division.update.not_found"}},
		{"the owner", owner, foreign, body(nil), []string{"division.update.owner"}},
	} {
		r := s.Send(t, update(c.token, c.division, c.body))
		require.Equal(t, c.rules, r.Rules(), "%s: %s", c.name, r.Raw)
	}
}

// PATCHes of one division at a time never mix: what remains is the whole of one.
func TestUpdateConcurrently(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	const name, writers, rounds = "division of the clinic", 8, 5
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for n := range rounds {
				// An even writer sends one address, an odd one two, all marked with the writer.
				mark := fmt.Sprint(i*rounds + n + 1)
				addresses := []object{address("RESIDENCE", object{"building": mark})}
				if i%2 == 1 {
					addresses = append(addresses, address("REGISTRATION", object{"building": mark}))
				}
				r := s.Send(t, update(owner, name, body(object{"external_id": mark, "addresses": addresses})))
				if r.Status != http.StatusOK {
					t.Errorf("answered %d: %s", r.Status, r.Raw)
				}
			}
		})
	}
	wg.Wait()

	division, addresses := stored(t, s, idOf(name))
	mark := division["external_id"]
	var writer int
	_, err := fmt.Sscan(mark.(string), &writer)
	require.NoError(t, err)
	require.Len(t, addresses, 1+(writer-1)/rounds%2)
	for _, a := range addresses {
		require.Equal(t, mark, a["building"])
	}
	require.Len(t, rowsOf(t, s, "SELECT 1 FROM prm.audit_log WHERE resource_id = $1", idOf(name)), writers*rounds)
}
