package torture

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/sms"
)

// T16: three servers send the messages of one queue. As long as nothing ends
// them, each message goes out once.
func TestOutbox(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T16", "three servers send the messages of one queue, each once")
	o := newOutbox(t, 3)
	n := amount(200, 10_000)
	o.queue(n)
	o.await()
	tries, delivered := o.tries(), o.gateway.deliveries()
	require.Len(t, tries, n)
	for text := range tries {
		require.Equal(t, 1, tries[text], text)
		require.Equal(t, 1, delivered[text], text)
	}
	require.Len(t, delivered, n, "nothing else is sent")
	tr.add("messages", n)
	tr.add("overtaken by a later one to their phone", o.gateway.overtaken())
}

// T16: the servers are killed in turn. A message goes out once; it is marked when it
// may have gone out twice, or not at all.
func TestOutboxWithCrashes(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T16", "three servers that are killed in turn send every message of one queue once, or mark it")
	o := newOutbox(t, 3)
	n, every := amount(200, 100_000), amount(50, 1000)
	o.queue(n)
	kills := 0
	for ; ; kills++ {
		if !o.gateway.await(t, (kills+1)*every, n) {
			break
		}
		s := o.servers[kills%len(o.servers)]
		s.kill()
		s.start()
	}
	o.await()
	tries, delivered := o.tries(), o.gateway.deliveries()
	require.Len(t, tries, n)
	marked, twice := 0, 0
	for text, try := range tries {
		if try < 2 { // its sender may have been killed twice before it called the provider
			require.Equal(t, 1, delivered[text], text)
		}
		require.LessOrEqual(t, delivered[text], try, "%s was sent more often than its mark says", text)
		if try > 1 {
			marked++
		}
		if delivered[text] > 1 {
			twice++
		}
	}
	for text := range delivered {
		require.Contains(t, tries, text, "nothing else is sent")
	}
	require.Positive(t, kills)
	require.LessOrEqual(t, marked, kills*rigWorkers, "no more than was under way when a server was killed is marked")
	tr.add("messages", n)
	tr.add("kills", kills)
	tr.add("messages sent twice", twice)
	tr.add("marked", marked)
}

// T16: the provider is slow, refuses messages or takes them without an answer. A
// message goes out once, and twice only when its first try had no answer.
func TestOutboxOfAnUnreliableGateway(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T16", "a message that the provider takes late, refuses at first or takes without an answer is sent at most twice, and then marked")
	o := newOutbox(t, 2)
	n := amount(12, 1000)
	kind := func(text string) int {
		var i int
		_, err := fmt.Sscanf(text, "message %d", &i)
		require.NoError(t, err)
		return i % 4
	}
	const late, refused, silent = 1, 2, 3
	o.gateway.first = func(w http.ResponseWriter, text string, take func()) {
		switch kind(text) {
		case late: // later than other jobs may take
			<-time.After(6 * time.Second)
			take()
		case refused:
			http.Error(w, "busy", http.StatusServiceUnavailable)
		case silent:
			take()
			panic(http.ErrAbortHandler)
		default:
			take()
		}
	}
	o.queue(n)
	o.await()
	tries, delivered := o.tries(), o.gateway.deliveries()
	require.Len(t, tries, n)
	for text, try := range tries {
		want := 1
		if kind(text) == silent {
			want = 2
		}
		require.Equal(t, want, delivered[text], text)
		require.Equal(t, want, try, text)
	}
	tr.add("messages", n)
}

// outbox are servers that send what a test queues.
type outbox struct {
	*rig
	gateway *gateway
	servers []*server
	queued  int
}

func newOutbox(t *testing.T, servers int) *outbox {
	t.Helper()
	o := &outbox{gateway: newGateway(t)}
	o.rig = newRig(t, rigOptions{}) // whose servers end before the gateway does
	for i := range servers {
		// FerretDB 1 serves one server per database, and messages are not in it.
		of := fmt.Sprintf("MONGO_DATABASE=outbox_%d", i)
		o.servers = append(o.servers, o.serve(append([]string{of}, o.gateway.settings...)...))
	}
	return o
}

// queue stores messages as operations do: ten to each phone.
func (o *outbox) queue(n int) {
	o.t.Helper()
	inserter, err := river.NewClient(riverpgxv5.New(o.pool), &river.Config{Schema: "river", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(o.t, err)
	box := &sms.Outbox{River: inserter, Keys: o.keys, Clock: clock.New()}
	const batch = 1000
	for o.queued < n {
		ctx, first := o.t.Context(), o.queued
		require.NoError(o.t, postgres.InTx(ctx, o.pool, func(tx pgx.Tx) error {
			for i := first; i < min(n, first+batch); i++ {
				err := box.Enqueue(ctx, tx, sms.Message{
					Phone: fmt.Sprintf("+38067%07d", i/10), Text: fmt.Sprintf("message %07d", i), Type: sms.TypeVerification,
				})
				if err != nil {
					return err
				}
			}
			return nil
		}))
		o.queued = min(n, first+batch)
	}
}

// await waits until no message is left to be sent.
func (o *outbox) await() {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), jobsPatience)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		var left int
		require.NoError(o.t, o.pool.QueryRow(ctx, "SELECT count(*) FROM river.river_job WHERE kind = 'send_sms' AND state <> 'completed'").Scan(&left))
		if left == 0 {
			return
		}
		select {
		case <-ctx.Done():
			o.t.Fatalf("%d messages are not sent", left)
		case <-ticker.C:
		}
	}
}

// tries is the mark of each message that has ended, by its text.
func (o *outbox) tries() map[string]int {
	o.t.Helper()
	rows, err := o.pool.Query(o.t.Context(), "SELECT body, tries FROM otp.sms_logs WHERE gateway_status IN ('queued', 'Unknown')")
	require.NoError(o.t, err)
	found := map[string]int{}
	var body []byte
	var tries int
	_, err = pgx.ForEachRow(rows, []any{&body, &tries}, func() error {
		text, err := o.keys.Open("sms", body)
		found[string(text)] = tries
		return err
	})
	require.NoError(o.t, err)
	return found
}

// gateway stands in for Twilio, under its name: servers reach it through a
// proxy and trust its certificate.
type gateway struct {
	settings []string // of servers

	// first, when set, answers the first request with a message; take accepts it.
	first func(w http.ResponseWriter, text string, take func())

	mu    sync.Mutex
	asked map[string]bool // texts of requests
	texts []string        // as they came
	to    []string        // phones
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	const host = "api.twilio.com"
	g := &gateway{asked: map[string]bool{}}
	certificate, file := selfSigned(t, host)
	server := httptest.NewUnstartedServer(http.HandlerFunc(g.accept))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	proxy := httptest.NewServer(tunnel(server.Listener.Addr().String()))
	t.Cleanup(proxy.CloseClientConnections)
	t.Cleanup(proxy.Close)
	g.settings = []string{
		"SMS_PROVIDER=twilio", "TWILIO_ACCOUNT_SID=AC0123", "TWILIO_AUTH_TOKEN=secret", "TWILIO_FROM=+15005550006",
		"HTTPS_PROXY=" + proxy.URL, "SSL_CERT_FILE=" + file,
	}
	return g
}

// accept takes a message that has come as a whole.
func (g *gateway) accept(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest) // its sender was killed
		return
	}
	phone, text := r.PostFormValue("To"), r.PostFormValue("Body")
	g.mu.Lock()
	again := g.asked[text]
	g.asked[text] = true
	g.mu.Unlock()
	take := func() { g.take(w, phone, text) }
	if g.first != nil && !again {
		g.first(w, text, take)
		return
	}
	take()
}

func (g *gateway) take(w http.ResponseWriter, phone, text string) {
	g.mu.Lock()
	g.texts, g.to = append(g.texts, text), append(g.to, phone)
	n := len(g.texts)
	g.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"sid": "SM%d", "status": "queued"}`, n)
}

// await waits until so many messages were accepted, and tells whether there are
// more to come.
func (g *gateway) await(t *testing.T, n, all int) bool {
	t.Helper()
	took := clock.Stopwatch()
	for n < all {
		g.mu.Lock()
		accepted := len(g.texts)
		g.mu.Unlock()
		if accepted >= n {
			return true
		}
		require.Less(t, took(), jobsPatience, "%d messages were accepted", accepted)
		wait(2*time.Millisecond, 5*time.Millisecond)
	}
	return false
}

// deliveries is how often each text came.
func (g *gateway) deliveries() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	found := map[string]int{}
	for _, text := range g.texts {
		found[text]++
	}
	return found
}

// overtaken counts the messages that came after a later one to the same phone.
func (g *gateway) overtaken() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	newest := map[string]string{}
	for i, text := range g.texts {
		if phone := g.to[i]; text < newest[phone] {
			n++
		} else {
			newest[phone] = text
		}
	}
	return n
}

// tunnel is a proxy whose every way leads to one address.
func tunnel(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "CONNECT only", http.StatusMethodNotAllowed)
			return
		}
		there, err := net.Dial("tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
			return
		}
		ended := make(chan struct{}, 2)
		for _, ends := range [][2]net.Conn{{here, there}, {there, here}} {
			go func() {
				_, _ = io.Copy(ends[0], ends[1]) // a killed server resets it
				ended <- struct{}{}
			}()
		}
		<-ended
	})
}

// selfSigned makes a certificate, and the file by which others trust it.
func selfSigned(t *testing.T, host string) (certificate tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "gateway.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600))
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, file
}
