package declarationrequests_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var doctor = world.TokenValue("doctor")

const text = "Код авторизації дій в системі eHealth: "

// fixture is a server, with its database in reach.
type fixture struct {
	*testkit.Server
	t *testing.T
}

func start(t *testing.T, opts ...testkit.Option) *fixture {
	t.Helper()
	return &fixture{Server: testkit.New(t, opts...), t: t}
}

func (f *fixture) resend(id uuid.UUID) *testkit.Response {
	f.t.Helper()
	return f.Send(f.t, testkit.As(doctor, http.MethodPost, "/api/v3/declaration_requests/"+id.String()+"/actions/resend_otp", nil))
}

func (f *fixture) complete(phone, code string) *testkit.Response {
	f.t.Helper()
	return f.Send(f.t, testkit.As(doctor, http.MethodPatch, "/api/verifications/"+phone+"/actions/complete", map[string]any{"code": json.Number(code)}))
}

func (f *fixture) get(id uuid.UUID) *testkit.Response {
	f.t.Helper()
	return f.Send(f.t, testkit.As(doctor, http.MethodGet, "/api/v3/declaration_requests/"+id.String(), nil))
}

func (f *fixture) list(query string) *testkit.Response {
	f.t.Helper()
	return f.Send(f.t, testkit.As(doctor, http.MethodGet, "/api/v3/declaration_requests"+query, nil))
}

// codes returns the codes that were sent to a phone, newest first.
func (f *fixture) codes(phone string) []string {
	f.t.Helper()
	received, err := sms.Inbox(f.t.Context(), f.Pool, f.Keys, phone, 1000)
	require.NoError(f.t, err)
	codes := make([]string, len(received))
	for i, message := range received {
		require.Equal(f.t, sms.TypeVerification, message.Type)
		code, found := strings.CutPrefix(message.Text, text)
		require.True(f.t, found, "%q", message.Text)
		codes[i] = code
	}
	return codes
}

// one reads a single value from the database.
func one[T any](f *fixture, query string, args ...any) T {
	f.t.Helper()
	var value T
	require.NoError(f.t, f.Pool.QueryRow(f.t.Context(), query, args...).Scan(&value))
	return value
}

func (f *fixture) exec(query string, args ...any) {
	f.t.Helper()
	_, err := f.Pool.Exec(f.t.Context(), query, args...)
	require.NoError(f.t, err)
}

// contents prints a table, so that two moments can be compared.
func (f *fixture) contents(table string) string {
	f.t.Helper()
	return one[string](f, "SELECT coalesce(jsonb_agg(t ORDER BY t::text)::text, '') FROM "+table+" t")
}

// inParallel runs n calls at once and returns their answers.
func inParallel(n int, call func() *testkit.Response) []*testkit.Response {
	answers := make([]*testkit.Response, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { answers[i] = call() })
	}
	wg.Wait()
	return answers
}

func count(answers []*testkit.Response, status int) int {
	n := 0
	for _, r := range answers {
		if r.Status == status {
			n++
		}
	}
	return n
}

// outbox is a provider that remembers what it was given.
type outbox struct {
	mu   sync.Mutex
	sent []string
}

func (*outbox) Name() string { return "outbox" }

func (o *outbox) Send(_ context.Context, _ uuid.UUID, phone, text string) (gatewayID, status string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, phone+" "+text)
	return "gateway-id", "Delivered", nil
}

func (o *outbox) messages() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.sent...)
}
