package torture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"esoz/internal/testkit"
)

// moment is when the network breaks.
type moment int

const (
	atConnect moment = iota // every connection has to be made anew
	midQuery                // while requests are under way
	atCommit                // where a change is sent or confirmed
)

// toxic is one of toxiproxy's, as its API names it.
type toxic struct {
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Attributes map[string]any `json:"attributes"`
}

func upstream(kind string, attributes map[string]any) toxic {
	return toxic{kind, "upstream", attributes}
}

func downstream(kind string, attributes map[string]any) toxic {
	return toxic{kind, "downstream", attributes}
}

// networkFault is one way in which a network breaks. Without toxics nobody
// listens any more.
type networkFault struct {
	name   string
	at     moment
	toxics []toxic
}

// mild are the faults that slow a server down, and need not stop it.
var mild = []string{"connections that are made byte by byte", "late answers", "jitter", "slices", "a narrow line"}

// bites tells whether no request that needs the engine can pass while the fault
// lasts. What breaks but changes need not break a look.
func (f networkFault) bites() bool { return f.at != atCommit && !slices.Contains(mild, f.name) }

// networkFaults are tried on each engine. request and answer are what on the
// wire tells that a change is sent and confirmed.
func networkFaults(request, answer string) []networkFault {
	type attributes = map[string]any
	silent := attributes{"timeout": 0}
	return []networkFault{
		{"nobody listens", atConnect, nil},
		{"connections that take too long", atConnect, []toxic{upstream("latency", attributes{"latency": 3000})}},
		{"connections that are reset", atConnect, []toxic{downstream("reset_peer", attributes{"timeout": 0})}},
		{"connections that nobody answers on", atConnect, []toxic{upstream("timeout", silent), downstream("timeout", silent)}},
		{"connections that end in the first bytes", atConnect, []toxic{downstream("limit_data", attributes{"bytes": 20})}},
		{"connections that are made byte by byte", atConnect, []toxic{downstream("slicer", attributes{"average_size": 2, "size_variation": 1, "delay": 10})}},
		{"late answers", midQuery, []toxic{downstream("latency", attributes{"latency": 60})}},
		{"jitter", midQuery, []toxic{upstream("latency", attributes{"latency": 40, "jitter": 40}), downstream("latency", attributes{"latency": 40, "jitter": 40})}},
		{"answers past the deadline", midQuery, []toxic{downstream("latency", attributes{"latency": 3000})}},
		{"requests past the deadline", midQuery, []toxic{upstream("latency", attributes{"latency": 3000})}},
		{"resets", midQuery, []toxic{upstream("reset_peer", attributes{"timeout": 0})}},
		{"resets in place of an answer", midQuery, []toxic{downstream("reset_peer", attributes{"timeout": 20})}},
		{"silence", midQuery, []toxic{upstream("timeout", silent), downstream("timeout", silent)}},
		{"silence and then the end", midQuery, []toxic{downstream("timeout", attributes{"timeout": 300})}},
		{"half open: no answers", midQuery, []toxic{downstream("timeout", silent)}},
		{"half open: no requests", midQuery, []toxic{upstream("timeout", silent)}},
		{"slices", midQuery, []toxic{upstream("slicer", attributes{"average_size": 64, "size_variation": 32, "delay": 50}), downstream("slicer", attributes{"average_size": 64, "size_variation": 32, "delay": 50})}},
		{"a narrow line", midQuery, []toxic{downstream("bandwidth", attributes{"rate": 1})}},
		{"answers that end in the middle", midQuery, []toxic{downstream("limit_data", attributes{"bytes": 300})}},
		{"requests that end in the middle", midQuery, []toxic{upstream("limit_data", attributes{"bytes": 200})}},
		{"a change that never arrives", atCommit, []toxic{upstream("cut", attributes{"at": request})}},
		{"a change whose answer is lost", atCommit, []toxic{downstream("cut", attributes{"at": answer})}},
		{"a change whose answer never comes", atCommit, []toxic{downstream("cut", attributes{"at": answer, "silent": true})}},
	}
}

// What is written to the wire. PostgreSQL's answers are names of commands that
// end with a zero.
const (
	sentCommit     = "commit\x00"
	doneCommit     = "COMMIT\x00"
	doneInsert     = "INSERT 0 1\x00" // in a transaction, or by itself
	sentFindModify = "findAndModify\x00"
	doneFindModify = "lastErrorObject\x00"
)

// cut is a toxic that breaks a connection where the bytes of a text would pass:
// at the first of them and at every other.
type cut struct {
	At     string `json:"at"`
	Silent bool   `json:"silent"` // close nothing, and let nothing pass any more

	met, made atomic.Int64
}

func init() { toxics.Register("cut", new(cut)) }

// Pipe implements toxics.Toxic.
func (c *cut) Pipe(stub *toxics.ToxicStub) {
	dead := false
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
			if !dead && bytes.Contains(chunk.Data, []byte(c.At)) && c.met.Add(1)%2 == 1 {
				c.made.Add(1)
				if !c.Silent {
					stub.Close()
					return
				}
				dead = true
			}
			if !dead {
				stub.Output <- chunk
			}
		}
	}
}

// line is the way from a server to one engine, with a proxy on it that can
// break it.
type line struct {
	api                     *toxiproxy.ApiServer
	name, listen, leadsHere string

	proxy *toxiproxy.Proxy
	cuts  []*cut // that are on it now
}

func newLine(t *testing.T, name, network, address string) *line {
	t.Helper()
	l := &line{
		api:  toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()),
		name: name, leadsHere: testkit.Bridge(t, network, address, nil),
		listen: freeAddress(t), // none that the kernel gives away while nobody listens
	}
	l.proxy = l.whole()
	require.NoError(t, l.proxy.Start())
	t.Cleanup(func() { l.proxy.Stop() })
	return l
}

// whole is a proxy that breaks nothing.
func (l *line) whole() *toxiproxy.Proxy {
	return toxiproxy.NewProxy(l.api, l.name, l.listen, l.leadsHere)
}

// postgresLine is a way to the rig's PostgreSQL, and DATABASE_URL of a server
// that takes it.
func (r *rig) postgresLine() (*line, string) {
	r.t.Helper()
	dsn, err := url.Parse(r.dsn)
	require.NoError(r.t, err)
	network, address := pgconn.NetworkAddress(dsn.Query().Get("host"), 5432)
	l := newLine(r.t, "postgres", network, address)
	host, port, err := net.SplitHostPort(l.listen)
	require.NoError(r.t, err)
	dsn.RawQuery = url.Values{
		"host": {host}, "port": {port}, "sslmode": {"disable"}, "application_name": {lineName},
	}.Encode()
	return l, dsn.String()
}

// lineName is how PostgreSQL knows the connections of a server on a line.
const lineName = "esoz-on-a-line"

// documentsLine is the same for the rig's FerretDB, and MONGO_URL.
func (r *rig) documentsLine() (*line, string) {
	r.t.Helper()
	socket, options, ok := strings.Cut(strings.TrimPrefix(r.mongo, "mongodb://"), "/")
	require.True(r.t, ok, r.mongo)
	address, err := url.PathUnescape(socket)
	require.NoError(r.t, err)
	l := newLine(r.t, "documents", "unix", address)
	return l, "mongodb://" + l.listen + "/" + options
}

// suffer breaks the line.
func (l *line) suffer(f networkFault) error {
	if f.at == atConnect {
		l.proxy.Stop() // and with it all connections
		if len(f.toxics) == 0 {
			return nil
		}
		l.proxy = l.whole()
	}
	for _, toxic := range f.toxics {
		raw, err := json.Marshal(toxic)
		if err != nil {
			return err
		}
		added, err := l.proxy.Toxics.AddToxicJson(bytes.NewReader(raw))
		if err != nil {
			return fmt.Errorf("add %s: %w", raw, err)
		}
		if c, ok := added.Toxic.(*cut); ok {
			l.cuts = append(l.cuts, c)
		}
	}
	if f.at == atConnect {
		return l.proxy.Start()
	}
	return nil
}

// heal makes the line whole. What was connected ends: toxiproxy can hang while
// it takes a toxic from a connection whose caller has gone.
func (l *line) heal() error {
	l.proxy.Stop()
	l.proxy, l.cuts = l.whole(), nil
	return l.proxy.Start()
}

// hasCut tells whether the toxics that look for a text have found it.
func (l *line) hasCut() bool {
	return !slices.ContainsFunc(l.cuts, func(c *cut) bool { return c.made.Load() == 0 })
}
