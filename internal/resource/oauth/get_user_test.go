package oauth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestGetUser(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	request := testkit.As(world.TokenValue("doctor"), http.MethodGet, "/oauth/user", nil)
	person := world.ID("patient")
	_, err := s.Pool.Exec(t.Context(), `UPDATE mithril.users SET inserted_at = '2017-05-05 17:09:59.2+03', updated_at = '2017-05-06 14:09:59.232112Z' WHERE id = $1`, world.ID("doctor"))
	require.NoError(t, err)

	var user object
	answer := s.Send(t, request)
	require.Equal(t, http.StatusOK, answer.Status)
	answer.Data(t, &user)
	require.Equal(t, object{
		"id": world.ID("doctor").String(), "email": "doctor@example.com", "is_blocked": false, "settings": object{},
		"inserted_at": "2017-05-05T14:09:59.200000", "updated_at": "2017-05-06T14:09:59.232112",
	}, user)

	_, err = s.Pool.Exec(t.Context(), `UPDATE mithril.users SET person_id = $2, tax_id = '3126509816', settings = '{"a": [1]}', block_reason = 'None' WHERE id = $1`,
		world.ID("doctor"), person)
	require.NoError(t, err)
	before := state(t, s)
	user = nil
	s.Send(t, request).Data(t, &user)
	require.Equal(t, person.String(), user["person_id"])
	require.Equal(t, "3126509816", user["tax_id"])
	require.Equal(t, "None", user["block_reason"])
	require.Equal(t, object{"a": []any{1.0}}, user["settings"])
	require.Equal(t, before, state(t, s))

	refuses(t, s, testkit.As(world.TokenValue("session"), http.MethodGet, "/oauth/user", nil), "gateway.scope")
}
