package devicedispenses_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// Each episode is the one that the dispense was stored with, or null.
func TestContextsOfDispense(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	episode := func(name string) any {
		if name == "" {
			return nil
		}
		return map[string]any{"display_value": nil, "identifier": map[string]any{
			"type": map[string]any{"coding": []any{map[string]any{"system": "eHealth/resources", "code": "episode"}}}, "value": world.ID(name).String(),
		}}
	}
	for name, want := range map[string][2]string{
		"device dispense with both episodes": {"episode of patient", "episode of the care plan"},
		"device dispense in progress":        {"episode of patient", ""},
		"declined device dispense":           {"", ""},
	} {
		r := srv.Send(t, testkit.As(world.TokenValue("doctor"), http.MethodGet,
			"/api/patients/"+world.ID("patient").String()+"/device_dispenses/"+world.ID(name).String()+"/context", nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var shown map[string]any
		r.Data(t, &shown)
		require.Equal(t, map[string]any{"episode": episode(want[0]), "origin_episode": episode(want[1])}, shown, name)
	}
}
