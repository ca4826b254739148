package sandbox

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"esoz/gen/client"
)

// TestWorld is a world of one test: databases, a clock, an inbox and settings that
// no other test sees. Its methods fail the test when the sandbox does not do what
// they are for.
type TestWorld struct {
	BaseURL string

	t       testing.TB
	sandbox *Sandbox
	http    *http.Client

	mu      sync.Mutex
	refused []string // addresses at which refusals are explained
}

// World makes a world in the sandbox of the package's tests, which Main stops.
func World(t testing.TB) *TestWorld {
	t.Helper()
	used = true
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s.World(t)
}

// World makes a world, which ends with the test. When the test has failed, the log
// tells of its last refusals what each check expected and found.
func (s *Sandbox) World(t testing.TB) *TestWorld {
	t.Helper()
	var made struct {
		BaseURL string `json:"base_url"`
	}
	if err := s.call(t.Context(), http.MethodPost, "/_sandbox/worlds", nil, &made); err != nil {
		t.Fatalf("make a world: %v", err)
	}
	w := &TestWorld{BaseURL: made.BaseURL, t: t, sandbox: s}
	w.http = &http.Client{Timeout: s.http.Timeout, Transport: noting{w}}
	t.Cleanup(w.end)
	return w
}

func (w *TestWorld) end() {
	ctx := context.WithoutCancel(w.t.Context()) // it has ended by now
	if w.t.Failed() {
		for _, address := range w.refused {
			w.t.Log(w.explanation(ctx, address))
		}
	}
	if err := call(ctx, w.sandbox.http, http.MethodDelete, w.BaseURL, nil, nil); err != nil {
		w.t.Errorf("end the world: %v", err)
	}
}

// Client calls the API with a seeded token, such as doctor, owner or pharmacist, and
// the API-key of the seeded medical information system. The empty name sends no token.
func (w *TestWorld) Client(token string, options ...client.Option) *client.ClientWithResponses {
	w.t.Helper()
	all := []client.Option{client.WithHTTPClient(w.http), client.WithAPIKey(MISKey)}
	if token != "" {
		all = append(all, client.WithToken(w.Token(token)))
	}
	c, err := client.New(w.BaseURL, append(all, options...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// HTTP returns a client that notes refusals, for code under test that brings its own.
func (w *TestWorld) HTTP() *http.Client { return w.http }

// Token returns a seeded access token by its name.
func (w *TestWorld) Token(name string) string {
	w.t.Helper()
	for _, token := range w.seeds().Tokens {
		if token.Name == name {
			return token.Value
		}
	}
	w.t.Fatalf("no token of the world has the name %q", name)
	return ""
}

// ID returns the id of a seeded object by its name.
func (w *TestWorld) ID(name string) string {
	w.t.Helper()
	for _, object := range w.seeds().Objects {
		if object.Name == name {
			return object.ID
		}
	}
	w.t.Fatalf("no object of the world has the name %q", name)
	return ""
}

func (w *TestWorld) seeds() *seeds {
	w.t.Helper()
	s, err := w.sandbox.seeded()
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// SMS is a message that the world has sent.
type SMS struct {
	ID    string
	Phone string
	Text  string
	Code  string // at the end of the text, if it ends with one
	Type  string
	At    time.Time
}

// WaitForSMS returns the newest message to a phone such as +380501234567. It waits
// up to 30 seconds for one.
func (w *TestWorld) WaitForSMS(phone string) SMS {
	w.t.Helper()
	return w.WaitForSMSAfter(phone, time.Time{})
}

// WaitForSMSAfter is WaitForSMS for messages that are younger than a moment of the
// world's clock.
func (w *TestWorld) WaitForSMSAfter(phone string, after time.Time) SMS {
	w.t.Helper()
	query := url.Values{"phone": {phone}, "wait": {"30s"}}
	if !after.IsZero() {
		query.Set("after", after.Format(time.RFC3339Nano))
	}
	var messages []SMS
	w.call(http.MethodGet, "/_sandbox/sms?"+query.Encode(), nil, &messages)
	if len(messages) == 0 {
		w.t.Fatalf("no SMS to %s came within 30 seconds", phone)
	}
	return messages[0]
}

type clock struct {
	Now time.Time `json:"now"`
}

// Now returns what time the world has.
func (w *TestWorld) Now() time.Time {
	w.t.Helper()
	var c clock
	w.call(http.MethodGet, "/_sandbox/clock", nil, &c)
	return c.Now
}

// Advance moves the clock of the world forward, and returns what time it is then.
func (w *TestWorld) Advance(d time.Duration) time.Time {
	w.t.Helper()
	var c clock
	w.call(http.MethodPost, "/_sandbox/clock", map[string]string{"advance": fmt.Sprintf("PT%.6fS", d.Seconds())}, &c)
	return c.Now
}

// Set changes settings of the world, by their names in docs/configuration.md.
func (w *TestWorld) Set(settings map[string]string) {
	w.t.Helper()
	w.call(http.MethodPost, "/_sandbox/config", settings, nil)
}

// Dial turns dials of the world: held jobs, late SMS and the like. It merges what is
// sent into what was set before, as POST /_sandbox/dials does.
func (w *TestWorld) Dial(dials map[string]any) {
	w.t.Helper()
	w.call(http.MethodPost, "/_sandbox/dials", dials, nil)
}

// Reset makes the world as it was at first. Its address stays.
func (w *TestWorld) Reset() {
	w.t.Helper()
	w.call(http.MethodPost, "/_sandbox/reset", nil, nil)
}

// Call asks a method of the world's own, such as POST /_sandbox/sign. into may be nil.
func (w *TestWorld) Call(method, path string, body, into any) {
	w.t.Helper()
	w.call(method, path, body, into)
}

func (w *TestWorld) call(method, path string, body, into any) {
	w.t.Helper()
	if err := call(w.t.Context(), w.sandbox.http, method, w.BaseURL+path, body, into); err != nil {
		w.t.Fatal(err)
	}
}

// explanation is what the sandbox says of a refusal, or why it says nothing.
func (w *TestWorld) explanation(ctx context.Context, address string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Accept", "text/plain")
	response, err := w.sandbox.http.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }() // it was read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// explained is how many refusals of a test are explained, the last ones.
const explained = 3

// noting sends requests and remembers where refusals are explained.
type noting struct{ w *TestWorld }

// RoundTrip implements http.RoundTripper.
func (n noting) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return response, err //nolint:wrapcheck // it stands in the place of the transport
	}
	if path := response.Header.Get("X-Sandbox-Explain"); path != "" {
		if at, err := request.URL.Parse(path); err == nil {
			n.w.mu.Lock()
			n.w.refused = append(n.w.refused, at.String())
			n.w.refused = n.w.refused[max(0, len(n.w.refused)-explained):]
			n.w.mu.Unlock()
		}
	}
	return response, nil
}
