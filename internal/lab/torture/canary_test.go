package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// Every documented answer of every operation is provoked, on servers that are
// well and on servers whose engines, provider and jobs fail in ways that quote
// what they were given. testkit.New hears log, metrics and spans meanwhile; here
// is heard what it cannot know: codes and tokens made on the way, and what
// River keeps of jobs that failed.
func TestNothingConfidentialIsTold(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T19", "no log, metric, span or failed job tells a name, a phone, a birth date, an e-mail, a password, a token, a key or a one-time code")
	tr.add("confidential values of the world", len(testkit.World().Confidential()))
	for name, ill := range map[string]illness{
		"nothing":                        {},
		"rows that PostgreSQL refuses":   {begin: refuseRows},
		"time that is too short":         {begin: noTime},
		"a PostgreSQL that is away":      {begin: closePool, options: []testkit.Option{testkit.Idle()}},
		"panics of the provider":         {options: []testkit.Option{testkit.WithProvider(panicking{})}},
		"panics before the end of a job": {options: []testkit.Option{testkit.WithHook(func(string) { panic(world.PatientPhone) })}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listenTo(t, tr, ill)
		})
	}
}

// illness is what a server suffers from.
type illness struct {
	options []testkit.Option
	begin   func(t *testing.T, s *testkit.Server)
}

func listenTo(t *testing.T, tr *trial, ill illness) {
	t.Helper()
	lines := &transcript{}
	s := testkit.New(t, append(ill.options,
		testkit.With("OTP_CODE_LENGTH", "9"), // four digits may stand anywhere
		testkit.WithLogger(slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: slog.LevelDebug}))),
	)...)
	if ill.begin != nil {
		ill.begin(t, s)
	}
	cases := s.World.Cases
	if ill.begin != nil || ill.options != nil {
		cases = sampleOf(cases, amount(300, 3000))
	}
	var made []string
	for round := range amount(1, 2) {
		if round > 0 && ill.begin == nil {
			require.NoError(t, s.World.Seed(t.Context(), s.Pool, s.Mongo))
		}
		for _, c := range cases {
			before := s.Config.Get()
			changed, err := before.With(c.Config)
			require.NoError(t, err)
			s.Config.Set(changed)
			made = append(made, secretsIn(t, provoke(t, s.URL, c.Request))...)
			s.Config.Set(before)
			tr.add("requests", 1)
		}
		if ill.begin == nil {
			awaitAllJobs(t, s)
			made = append(made, codesMade(t, s)...)
			requireSilent(t, "what River keeps", keptByRiver(t, s), made)
		}
	}
	require.NotEmpty(t, lines.String())
	requireSilent(t, "the log", lines.String(), made)
	tr.add("lines of logs", strings.Count(lines.String(), "\n"))
	tr.add("codes and tokens made meanwhile", len(made))
}

// refuseRows lets PostgreSQL answer every change with an error that quotes the
// whole row, in its text and beside it.
func refuseRows(t *testing.T, s *testkit.Server) {
	t.Helper()
	for _, statement := range []string{
		`CREATE FUNCTION public.refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			RAISE EXCEPTION 'cannot keep %', NEW USING DETAIL = NEW::text, HINT = NEW::text;
		END $$`,
		`DO $$
		DECLARE found record;
		BEGIN
			FOR found IN SELECT schemaname, tablename FROM pg_tables
				WHERE schemaname IN ('mithril', 'prm', 'mpi', 'ops', 'il', 'otp', 'event_manager', 'jobs') LOOP
				EXECUTE format('CREATE TRIGGER refuse_row BEFORE INSERT OR UPDATE ON %I.%I FOR EACH ROW EXECUTE FUNCTION public.refuse_row()',
					found.schemaname, found.tablename);
			END LOOP;
		END $$`,
	} {
		_, err := s.Pool.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	refused := provoke(t, s.URL, passingCase(t, s.World, "initializeVerification"))
	require.Contains(t, string(refused), `"code":500`, "the rows are refused")
}

func noTime(t *testing.T, s *testkit.Server) {
	t.Helper()
	s.Set(t, map[string]string{"REQUEST_TIMEOUT": "1ns"})
}

func closePool(_ *testing.T, s *testkit.Server) { s.Pool.Close() }

// panicking quotes what it should send.
type panicking struct{}

func (panicking) Name() string { return "panicking" }

func (panicking) Send(_ context.Context, _ uuid.UUID, phone, text string) (gatewayID, status string, err error) {
	panic("cannot send " + text + " to " + phone)
}

func passingCase(t *testing.T, w *world.World, operation string) world.Request {
	t.Helper()
	c, ok := w.Passing(operation)
	require.True(t, ok)
	return c.Request
}

// provoke returns the answer, whatever it is.
func provoke(t *testing.T, baseURL string, r world.Request) []byte {
	t.Helper()
	body := []byte(r.Raw)
	if r.Raw == "" && r.Body != nil {
		var err error
		body, err = json.Marshal(r.Body)
		require.NoError(t, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), r.Method, baseURL+r.Path, bytes.NewReader(body))
	require.NoError(t, err)
	for name, value := range r.Headers {
		req.Header.Set(name, value)
	}
	res, err := (&http.Client{Transport: http.DefaultTransport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}).Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return answer
}

// secretsIn are the tokens and codes that an answer hands out.
func secretsIn(t *testing.T, answer []byte) []string {
	t.Helper()
	var body struct {
		Data struct {
			Value   string
			Details struct {
				RefreshToken string `json:"refresh_token"`
			}
		}
	}
	_ = json.Unmarshal(answer, &body) // lists have no such thing
	var found []string
	for _, secret := range []string{body.Data.Value, body.Data.Details.RefreshToken} {
		if len(secret) >= 20 {
			found = append(found, secret)
		}
	}
	return found
}

// codesMade are those of the messages that the server has made.
func codesMade(t *testing.T, s *testkit.Server) []string {
	t.Helper()
	messages, err := sms.Inbox(t.Context(), s.Pool, s.Keys, "", 10_000)
	require.NoError(t, err)
	require.NotEmpty(t, messages)
	var found []string
	for _, m := range messages {
		if m.Type == sms.TypeInformation {
			continue // it tells no code
		}
		code := strings.TrimPrefix(m.Text, s.Config.Get().OTPCodeText)
		require.Len(t, code, 9)
		found = append(found, code)
	}
	return found
}

// awaitAllJobs waits until every job of the server has been tried.
func awaitAllJobs(t *testing.T, s *testkit.Server) {
	t.Helper()
	require.Eventually(t, func() bool {
		return s.Count(t, "river.river_job WHERE state = 'running' OR state IN ('available', 'retryable') AND attempt = 0") == 0
	}, 2*time.Minute, 20*time.Millisecond)
}

// keptByRiver is all that River stores with its jobs.
func keptByRiver(t *testing.T, s *testkit.Server) string {
	t.Helper()
	var text string
	require.NoError(t, s.Pool.QueryRow(t.Context(),
		"SELECT coalesce(string_agg(concat_ws(' ', args, metadata, array_to_string(errors, ' ')), E'\\n'), '') FROM river.river_job").Scan(&text))
	return text
}

func requireSilent(t *testing.T, where, text string, made []string) {
	t.Helper()
	require.Empty(t, testkit.Canary(text), where)
	for _, secret := range made {
		require.NotContains(t, text, secret, where)
	}
}

// transcript keeps what a server has logged.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (tr *transcript) Write(line []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.Write(line)
}

func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.String()
}
