package torture

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// T25: two servers behind a proxy are stopped and started in turn, as an upgrade
// does it. The clients of the proxy see nothing of it.
func TestRollingRestarts(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T25", "clients of two servers behind HAProxy see no error while the servers are restarted in turn")
	r := newRig(t, rigOptions{Documents: documentsOfTests()})
	l := newLoad(t, r, flock{rows: amount(1500, 20_000), documents: amount(30, 1500)})
	l.deadline = 25 * time.Second // a busy machine is no fault
	var servers []*server
	for i := range 2 {
		settings := []string{"SHUTDOWN_DELAY=2s", "ENGINE_TIMEOUT=20s"}
		if documentsOfTests() == "" { // FerretDB 1 serves one server per database
			settings = append(settings, fmt.Sprintf("MONGO_DATABASE=rolling_%d", i))
		}
		servers = append(servers, l.serve(settings...))
	}
	if documentsOfTests() == "" {
		l.operations = slices.DeleteFunc(l.operations, func(op *operation) bool {
			return slices.ContainsFunc(op.deeds, (*deed).needsDocuments)
		})
	}
	l.start(12, &server{url: haproxy(t, servers)})
	restarts := amount(2, 20)
	for range restarts {
		for _, s := range servers {
			s.stop()
			s.start()
			wait(500*time.Millisecond, 600*time.Millisecond) // the proxy's health checks notice that it is back
		}
	}
	l.audit(false)
	require.Equal(t, []int{0, 0, 0}, []int{
		l.answers(noAnswer), l.answers(http.StatusServiceUnavailable), l.answers(http.StatusGatewayTimeout),
	}, "requests without an answer, with 503 and with 504")
	tr.add("rolling restarts", restarts)
	l.report(tr)
}

// haproxy puts a proxy before servers, which asks each for /readyz, and returns its
// address.
func haproxy(t *testing.T, servers []*server) string {
	t.Helper()
	program, err := exec.LookPath("haproxy")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/haproxy") // not in the PATH of everybody
	}
	require.NoError(t, err, "this test needs HAProxy: apt-get install haproxy")
	listen := freeAddress(t)
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	text := `defaults
  mode http
  timeout connect 5s
  timeout check 5s
  timeout client 60s
  timeout server 60s
  retries 3
  option redispatch 1
  option httpchk GET /readyz
frontend esoz
  bind ` + listen + `
  default_backend servers
backend servers
  default-server check inter 100ms fall 1 rise 1
`
	for i, s := range servers {
		text += fmt.Sprintf("  server s%d %s port %s\n", i, strings.TrimPrefix(s.url, "http://"), strings.TrimPrefix(s.admin, "http://127.0.0.1:"))
	}
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	cmd := exec.Command(program, "-db", "-f", file)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	dieWithUs(cmd.SysProcAttr)
	started, done := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread() // see launch
		defer runtime.UnlockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // it is killed
		}
	}()
	require.NoError(t, <-started)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
	})
	url := "http://" + listen
	require.Eventually(t, func() bool {
		response, err := probes.Get(url + "/api/dictionaries?page_size=1")
		return err == nil && response.Body.Close() == nil && response.StatusCode != http.StatusServiceUnavailable
	}, rigPatience, 20*time.Millisecond, "HAProxy does not pass requests on")
	return url
}
