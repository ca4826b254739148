// Package sandbox gives tests worlds of their own in a sandbox of esoz, so that
// they can run side by side:
//
//	func TestMain(m *testing.M) { sandbox.Main(m) }
//
//	func TestDivision(t *testing.T) {
//		t.Parallel()
//		world := sandbox.World(t)
//		api := world.Client("owner")
//		…
//	}
//
// Tests use the sandbox whose address is in ESOZ_URL. Without one, Main starts
// the program esoz-sandbox, or the one that ESOZ_SANDBOX names, and stops it
// after the last test.
package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Environment variables.
const (
	urlVariable     = "ESOZ_URL"
	programVariable = "ESOZ_SANDBOX"
)

// MISKey is the API-key that clients of a world send: that of the seeded medical
// information system.
const MISKey = "sandbox-mis-key"

// Sandbox is a running sandbox.
type Sandbox struct {
	BaseURL string

	http   *http.Client
	stop   func() error
	seeded func() (*seeds, error)
}

// seeds are what every world begins with. Names, ids and tokens are the same in all of them.
type seeds struct {
	Tokens  []struct{ Name, Value string }
	Objects []struct{ Name, ID string }
}

var shared = sync.OnceValues(func() (*Sandbox, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // PostgreSQL may have to be fetched
	defer cancel()
	return Open(ctx)
})

var used bool

// Main runs the tests of a package, and then stops the sandbox if one was started
// for them.
func Main(m *testing.M) {
	code := m.Run()
	if used {
		if s, err := shared(); err == nil {
			if err := s.Close(); err != nil {
				fmt.Fprintln(os.Stderr, "sandbox:", err)
				code = max(code, 1)
			}
		}
	}
	os.Exit(code)
}

// Open attaches to the sandbox at ESOZ_URL, or starts one when the variable is empty.
func Open(ctx context.Context) (*Sandbox, error) {
	if address := os.Getenv(urlVariable); address != "" {
		return Attach(ctx, address)
	}
	return Start(ctx)
}

// Attach waits until the sandbox at an address answers, as long as ctx allows.
func Attach(ctx context.Context, baseURL string) (*Sandbox, error) {
	s := at(baseURL)
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := s.call(ctx, http.MethodGet, "/_sandbox/clock", nil, nil)
		if err == nil {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("sandbox: %s does not answer: %w", s.BaseURL, err)
		case <-ticker.C:
		}
	}
}

// Start starts the program esoz-sandbox, or that which ESOZ_SANDBOX names, with an
// empty world that is forgotten, on a free port. ctx bounds the start only.
func Start(ctx context.Context, arguments ...string) (*Sandbox, error) {
	program := os.Getenv(programVariable)
	if program == "" {
		program = "esoz-sandbox"
	}
	arguments = append([]string{"--ephemeral", "--listen", "127.0.0.1:0", "--json"}, arguments...)
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, arguments...) //nolint:gosec // of who runs the tests
	told := &tail{}
	cmd.Stderr = told
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("sandbox: start %s (%s names another program, %s a sandbox that runs): %w", program, programVariable, urlVariable, err)
	}
	ended := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	var ready struct {
		BaseURL string `json:"base_url"`
	}
	if err := json.NewDecoder(out).Decode(&ready); err != nil || !ended() {
		return nil, fmt.Errorf("sandbox: %s did not start: %w: %s", program, errors.Join(err, cmd.Wait(), ctx.Err()), told)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // it says no more
	s := at(ready.BaseURL)
	s.stop = func() error { return end(cmd) }
	return s, nil
}

// end asks the program to stop. Windows has no way to ask: its engines end with it.
func end(cmd *exec.Cmd) error {
	if runtime.GOOS == "windows" {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it says that it was killed
		return nil
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the sandbox: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("the sandbox ended: %w", err)
	}
	return nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-2000):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}

func at(baseURL string) *Sandbox {
	s := &Sandbox{BaseURL: strings.TrimSuffix(baseURL, "/"), http: &http.Client{Timeout: 2 * time.Minute}, stop: func() error { return nil }}
	s.seeded = sync.OnceValues(func() (*seeds, error) {
		w := &seeds{}
		return w, s.call(context.Background(), http.MethodGet, "/_sandbox/world", nil, w)
	})
	return s
}

// Close stops a sandbox that was started here; another one goes on.
func (s *Sandbox) Close() error { return s.stop() }

// call asks one of the sandbox's own methods.
func (s *Sandbox) call(ctx context.Context, method, path string, body, into any) error {
	return call(ctx, s.http, method, s.BaseURL+path, body, into)
}

func call(ctx context.Context, c *http.Client, method, address string, body, into any) error {
	var sent io.Reader = http.NoBody
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode the body: %w", err)
		}
		sent = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, sent) //nolint:gosec // the address is that of who runs the tests
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, address, err)
	}
	request.Header.Set("Accept", "application/json")
	response, err := c.Do(request) //nolint:gosec // as above
	if err != nil {
		return err //nolint:wrapcheck // it names method and address
	}
	defer func() { _ = response.Body.Close() }() // it was read
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, address, err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s answered %d: %s", method, address, response.StatusCode, bytes.TrimSpace(raw))
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s %s: %w", method, address, err)
	}
	return nil
}
