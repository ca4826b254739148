package sandbox_test

import (
	"context"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/gen/client"
	"esoz/gen/client/sandbox"
)

// program builds the sandbox, which sandbox.Start then finds.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "esoz-sandbox")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "esoz/cmd/esoz-sandbox").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// Worlds of one sandbox, as tests of a medical information system use them.
func TestWorldsOfTests(t *testing.T) {
	t.Setenv("ESOZ_URL", "")
	t.Setenv("ESOZ_SANDBOX", program(t))
	s, err := sandbox.Open(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	t.Run("in their worlds", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, *sandbox.TestWorld){
			"a code by SMS": codeBySMS, "the clock moves": clockMoves, "settings": settings, "reset": reset, "seeded names": seededNames,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, s.World(t))
			})
		}
	})
	t.Run("a test that fails is told why", func(t *testing.T) { failuresAreExplained(t, s) })
	t.Run("attach", func(t *testing.T) {
		t.Setenv("ESOZ_URL", s.BaseURL+"/")
		again, err := sandbox.Open(t.Context())
		require.NoError(t, err)
		require.Equal(t, s.BaseURL, again.BaseURL)
		require.NoError(t, again.Close(), "the sandbox goes on")
		again.World(t)
	})
}

func codeBySMS(t *testing.T, w *sandbox.TestWorld) {
	const phone = "+380509998877"
	api, before := w.Client("doctor"), w.Now()
	_, err := api.InitializeVerificationWithResponse(t.Context(), client.InitializeVerificationJSONRequestBody{PhoneNumber: phone})
	require.NoError(t, err)
	message := w.WaitForSMSAfter(phone, before.Add(-time.Second))
	require.True(t, strings.HasSuffix(message.Text, message.Code), message.Text)
	require.Len(t, message.Code, 4)
	require.Equal(t, message, w.WaitForSMS(phone))
}

func clockMoves(t *testing.T, w *sandbox.TestWorld) {
	before := w.Now()
	const years = 10 * 365 * 24 * time.Hour
	require.WithinDuration(t, before.Add(years), w.Advance(years), time.Minute)
	_, err := w.Client("owner").ListDivisionsWithResponse(t.Context(), nil)
	var refusal *client.Error
	require.ErrorAs(t, err, &refusal, "tokens expire by this clock")
	require.Equal(t, http.StatusUnauthorized, refusal.StatusCode)
}

func settings(t *testing.T, w *sandbox.TestWorld) {
	w.Set(map[string]string{"GATEWAY_PSK": "key"})
	_, err := w.Client("owner").ListDivisionsWithResponse(t.Context(), nil)
	require.Error(t, err)
	_, err = w.Client("owner", client.WithPSK("key")).ListDivisionsWithResponse(t.Context(), nil)
	require.NoError(t, err)
}

func reset(t *testing.T, w *sandbox.TestWorld) {
	api := w.Client("owner")
	deactivate := func() error {
		_, err := api.DeactivateDivisionWithResponse(t.Context(), w.ID("division of the clinic"))
		return err
	}
	require.NoError(t, deactivate())
	require.Error(t, deactivate())
	w.Reset()
	require.NoError(t, deactivate())
}

func seededNames(t *testing.T, w *sandbox.TestWorld) {
	require.Equal(t, "sandbox-doctor", w.Token("doctor"))
	answer, err := w.Client("owner").GetDivisionWithResponse(t.Context(), w.ID("division of the clinic"))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode())
}

// failing is a test that fails, and keeps what is logged.
type failing struct {
	testing.TB
	mu       sync.Mutex
	logged   []string
	cleanups []func()
}

func (f *failing) Failed() bool       { return true }
func (f *failing) Cleanup(end func()) { f.cleanups = append(f.cleanups, end) }
func (f *failing) Log(args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range args {
		f.logged = append(f.logged, a.(string))
	}
}

func failuresAreExplained(t *testing.T, s *sandbox.Sandbox) {
	f := &failing{TB: t}
	w := s.World(f)
	_, err := w.Client("doctor").CreateDivisionWithResponse(t.Context(), client.DivisionRequest{Name: "Амбулаторія"})
	require.Error(t, err)
	for _, end := range f.cleanups {
		end()
	}
	require.Len(t, f.logged, 1)
	require.Contains(t, f.logged[0], "Create Division")
	require.Contains(t, f.logged[0], "refused")
	_, err = w.Client("doctor").ListDivisionsWithResponse(t.Context(), nil)
	require.Error(t, err, "the world has ended")
}

// What cannot be started or found is said in one clear error.
func TestNoSandbox(t *testing.T) {
	t.Setenv("ESOZ_URL", "")
	t.Setenv("ESOZ_SANDBOX", filepath.Join(t.TempDir(), "none"))
	_, err := sandbox.Open(t.Context())
	require.ErrorContains(t, err, "ESOZ_SANDBOX")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = sandbox.Attach(ctx, "http://127.0.0.1:1")
	require.ErrorContains(t, err, "does not answer")
}
