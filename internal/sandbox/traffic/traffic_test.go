package traffic

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/httpapi"
)

func settings(t *testing.T, vars ...string) *config.Config {
	t.Helper()
	cfg, err := config.Load(append([]string{
		"DATABASE_URL=x", "MONGO_URL=x", "GATEWAY_API_KEY=when_sent",
		"SERVER_KEY=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "PERSON_PK_KEYPHRASE=000102030405060708090a0b0c0d0e0f",
	}, vars...))
	require.NoError(t, err)
	return cfg
}

var document = sync.OnceValues(app.Document)

func newRecorder(t testing.TB) *Recorder {
	t.Helper()
	doc, err := document()
	require.NoError(t, err)
	r, err := New(doc, clock.New())
	require.NoError(t, err)
	return r
}

// state tells what each check of an answer said; a rule that words several
// checks of the gateway is named with the check.
func state(t *testing.T, e httpapi.Exchange, s sent) map[rules.ID]State {
	t.Helper()
	steps := newRecorder(t).contract.stepsFor(e.Operation, e.Route)
	states := map[rules.ID]State{}
	for i, said := range judge(steps, e, s) {
		states[steps[i].rule.ID+steps[i].guard] = said
	}
	require.Len(t, states, len(steps))
	return states
}

func TestWhatChecksSaid(t *testing.T) {
	t.Parallel()
	plain := settings(t)
	const create, release = "createDivision", "releaseServiceRequest"
	for name, c := range map[string]struct {
		exchange httpapi.Exchange
		sent     sent
		want     map[rules.ID]State
	}{
		"everything passes": {
			httpapi.Exchange{Operation: create, Status: 200, Config: plain},
			sent{},
			map[rules.ID]State{
				rules.GatewayTokenMissing: Passed, rules.DivisionCreateSchema: Passed, rules.DivisionCreatePhoneTypeDouble: Passed,
				rules.GatewayPSK: Off, rules.GatewayRateLimit: Off, rules.DivisionCreateParty: Off,
				rules.GatewayAPIKeyMissing: Off, rules.GatewayAPIKeyUnknown: Off, rules.GatewayBrokerScope: Off,
			},
		},
		"with an API-key": {
			httpapi.Exchange{Operation: create, Status: 200, Config: plain},
			sent{apiKey: true},
			map[rules.ID]State{rules.GatewayAPIKeyMissing: Off, rules.GatewayAPIKeyUnknown: Passed, rules.GatewayBrokerScope: Passed},
		},
		"direct access needs none": {
			httpapi.Exchange{Operation: create, Status: 200, Config: settings(t, "GATEWAY_API_KEY=required"), Direct: true},
			sent{apiKey: true},
			map[rules.ID]State{rules.GatewayAPIKeyMissing: Off, rules.GatewayAPIKeyUnknown: Off, rules.GatewayBrokerScope: Off},
		},
		"everything is asked for": {
			httpapi.Exchange{Operation: create, Status: 200, Config: settings(t, "GATEWAY_API_KEY=required", "GATEWAY_PSK=k",
				"RATE_LIMIT_PER_MINUTE=9", "BLOCK_UNVERIFIED_PARTY_USERS=true", "RULES=-division.create.country")},
			sent{apiKey: true},
			map[rules.ID]State{
				rules.GatewayAPIKeyMissing: Passed, rules.GatewayPSK: Passed, rules.GatewayRateLimit: Passed,
				rules.DivisionCreateParty: Passed, rules.DivisionCreateCountry: Off,
			},
		},
		"one refuses": {
			httpapi.Exchange{Operation: create, Status: 409, Rules: []rules.ID{rules.DivisionCreateLegalEntityActive}, Config: plain},
			sent{},
			map[rules.ID]State{
				rules.DivisionCreateLegalEntity: Passed, rules.DivisionCreateLegalEntityActive: Refused,
				rules.DivisionCreateSchema: NotReached, rules.DivisionCreateLocation: NotReached,
			},
		},
		"a group refuses": {
			httpapi.Exchange{Operation: create, Status: 422, Rules: []rules.ID{rules.DivisionCreateZip, rules.DivisionCreateType}, Config: plain},
			sent{},
			map[rules.ID]State{
				rules.DivisionCreateLegalEntityActive: Passed, rules.DivisionCreateSchema: Passed, rules.DivisionCreateZip: Refused,
				rules.DivisionCreateEmail: Passed, rules.DivisionCreateType: Refused, rules.DivisionCreateBuildingPattern: Passed,
				rules.DivisionCreateLocation: Passed,
			},
		},
		"a group with more faults than are told": {
			httpapi.Exchange{Operation: create, Status: 422, Rules: []rules.ID{rules.DivisionCreateZip}, Cut: true, Config: plain},
			sent{},
			map[rules.ID]State{
				rules.DivisionCreateLegalEntityActive: Passed, rules.DivisionCreateSchema: Unknown, rules.DivisionCreateZip: Refused,
				rules.DivisionCreateEmail: Unknown, rules.DivisionCreateLocation: Unknown,
			},
		},
		"an operation's words for a check of the gateway": {
			httpapi.Exchange{
				Operation: release, Status: 401, Config: settings(t, "RATE_LIMIT_PER_MINUTE=9"),
				Rules: []rules.ID{rules.ServiceRequestReleaseToken}, Guard: rules.GatewayTokenKind,
			},
			sent{},
			map[rules.ID]State{
				rules.ServiceRequestReleaseToken + rules.GatewayTokenMissing: Passed, rules.GatewayRateLimit: Passed,
				rules.ServiceRequestReleaseToken + rules.GatewayTokenUnknown:        Passed,
				rules.ServiceRequestReleaseToken + rules.GatewayTokenKind:           Refused,
				rules.ServiceRequestReleaseTokenExpired + rules.GatewayTokenExpired: NotReached,
				rules.ServiceRequestReleaseToken + rules.GatewayTokenUserBlocked:    NotReached,
				rules.ServiceRequestReleaseScope + rules.GatewayBrokerScope:         Off,
				rules.ServiceRequestReleaseLegalEntity:                              NotReached,
			},
		},
		"the server fails": {
			httpapi.Exchange{Operation: create, Status: 503, Config: plain},
			sent{},
			map[rules.ID]State{rules.GatewayTokenMissing: Unknown, rules.DivisionCreateSchema: Unknown, rules.DivisionCreateParty: Off},
		},
		"a refusal of no check of the operation": {
			httpapi.Exchange{Operation: "listRegions", Status: 400, Rules: []rules.ID{rules.RequestJSON}, Config: plain},
			sent{},
			map[rules.ID]State{rules.RequestQuery: Unknown},
		},
		"an unknown method": {
			httpapi.Exchange{Route: "/api/divisions", Status: 403, Rules: []rules.ID{rules.GatewayMethod}, Config: plain},
			sent{},
			map[rules.ID]State{rules.GatewayPath: Passed, rules.GatewayTokenMissing: Passed, rules.GatewayMethod: Refused},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := state(t, c.exchange, c.sent)
			for id, want := range c.want {
				require.Contains(t, got, id)
				require.Equal(t, want, got[id], "%s", id)
			}
		})
	}
}

// What is remembered does not grow with the traffic.
func TestOldestIsForgotten(t *testing.T) {
	t.Parallel()
	r, cfg := newRecorder(t), settings(t)
	const more = 50
	for n := range Kept + more {
		req := httptest.NewRequest(http.MethodPost, "/api/divisions", http.NoBody)
		req = r.Arrive(req, fmt.Append(nil, n), true)
		r.Observe(req.Context(), httpapi.Exchange{RequestID: fmt.Sprint(n), Operation: "createDivision", Status: 200, Config: cfg})
	}
	for _, n := range []int{0, more - 1, more, Kept, Kept + more - 1} {
		_, known := r.Explain(fmt.Sprint(n))
		require.Equal(t, n >= more, known, "%d", n)
	}
	require.Len(t, r.kept, Kept)
	require.Len(t, r.byID, Kept)
	require.Len(t, r.byPrint, Kept)
	require.Equal(t, Kept+more, r.Coverage(cfg).Totals.Succeeded, "counts are not forgotten")

	r.Reset()
	_, known := r.Explain(fmt.Sprint(Kept))
	require.False(t, known)
	require.Zero(t, r.Coverage(cfg).Totals.Requests)
}

// A client that sends one id again and again is told of the last, also when the
// first have been forgotten.
func TestRequestIDsThatAreSentAgain(t *testing.T) {
	t.Parallel()
	r, cfg := newRecorder(t), settings(t)
	for n := range Kept + 10 {
		status := 200
		if n%2 == 1 {
			status = 202
		}
		r.Observe(context.Background(), httpapi.Exchange{RequestID: "same", Operation: "createDivision", Status: status, Config: cfg})
	}
	x, known := r.Explain("same")
	require.True(t, known)
	require.Equal(t, 202, x.Status)
	require.Len(t, r.byID, 1)
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	type answer struct {
		method string
		status int
		retry  time.Duration
	}
	refused := answer{http.MethodPost, 422, 0}
	for name, c := range map[string]struct {
		first   answer
		between func(r *Recorder, clk *clock.Clock)
		want    Repeats
	}{
		"a refusal":                  {refused, nil, Repeats{AfterRefusal: 1}},
		"a refusal of a GET":         {answer{http.MethodGet, 404, 0}, nil, Repeats{AfterRefusal: 1}},
		"a refusal, late":            {refused, func(_ *Recorder, clk *clock.Clock) { clk.Advance(soon + time.Second) }, Repeats{}},
		"a refusal, and a job ended": {refused, func(r *Recorder, _ *clock.Clock) { r.Worked() }, Repeats{}},
		"a refusal, and a setting":   {refused, func(r *Recorder, _ *clock.Clock) { r.Changed() }, Repeats{}},
		"a success":                  {answer{http.MethodPost, 200, 0}, nil, Repeats{AfterSuccess: 1}},
		"a job":                      {answer{http.MethodPatch, 202, 0}, nil, Repeats{AfterSuccess: 1}},
		"something read":             {answer{http.MethodGet, 200, 0}, nil, Repeats{}},
		"a failure":                  {answer{http.MethodPost, 500, 0}, nil, Repeats{}},
		"503":                        {answer{http.MethodPost, 503, time.Second}, nil, Repeats{TooEarly: 1}},
		"503, after a while":         {answer{http.MethodPost, 503, time.Second}, func(_ *Recorder, clk *clock.Clock) { clk.Advance(time.Second) }, Repeats{}},
		"429 before Retry-After":     {answer{http.MethodGet, 429, time.Minute}, func(_ *Recorder, clk *clock.Clock) { clk.Advance(50 * time.Second) }, Repeats{TooEarly: 1}},
		"429 after Retry-After":      {answer{http.MethodGet, 429, time.Minute}, func(_ *Recorder, clk *clock.Clock) { clk.Advance(time.Minute) }, Repeats{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecorder(t)
			clk := r.clock.Load()
			arrive := func() context.Context {
				return r.Arrive(httptest.NewRequest(c.first.method, "/api/divisions?a=b", http.NoBody), []byte("{}"), true).Context()
			}
			exchange := httpapi.Exchange{
				Operation: "createDivision", Method: c.first.method, Status: c.first.status, RetryAfter: c.first.retry, Config: settings(t),
			}
			parallel := arrive()
			r.Observe(arrive(), exchange)
			r.Observe(parallel, exchange)
			require.Zero(t, r.counts["createDivision"].Repeats, "requests that wait together do not repeat each other")
			if c.between != nil {
				c.between(r, clk)
			}
			r.Observe(arrive(), exchange)
			require.Equal(t, c.want, r.counts["createDivision"].Repeats)
		})
	}
}

func TestReportRequires(t *testing.T) {
	t.Parallel()
	r, cfg := newRecorder(t), settings(t)
	for _, e := range []httpapi.Exchange{
		{Operation: "createDivision", Method: http.MethodPost, Status: 200},
		{Operation: "createDivision", Method: http.MethodPost, Status: 422, Rules: []rules.ID{rules.DivisionCreateZip}},
		{Operation: "listDivisions", Method: http.MethodGet, Status: 401, Rules: []rules.ID{rules.GatewayTokenMissing}},
	} {
		e.Config = cfg
		r.Observe(context.Background(), e)
	}
	c := r.Coverage(cfg)
	failed := func(required ...string) (ids []string) {
		t.Helper()
		report, err := c.Report("http://esoz", required)
		require.NoError(t, err)
		for _, suite := range report.Suites {
			for _, one := range suite.Cases {
				if one.Outcome == "failed" {
					ids = append(ids, one.ID)
				}
			}
		}
		return ids
	}
	require.Empty(t, failed())
	require.Empty(t, failed("createDivision", "division.create.z*", "gateway.token.missing"))
	require.Equal(t, []string{"listDivisions", "getDivision"}, failed("listDivisions", "getDivision"))
	require.Equal(t, []string{"division.create.country"}, failed("division.create.[zc]*ry", "division.create.zip"))
	require.Contains(t, failed("gateway.*"), "gateway.psk", "what is required is not excused by being off")
	_, err := c.Report("http://esoz", []string{"createDivisions", "division.*", "no.rule"})
	require.ErrorContains(t, err, "called createDivisions, no.rule")

	all, err := c.Report("http://esoz", nil)
	require.NoError(t, err)
	require.Equal(t, len(rules.All)+c.Totals.Operations.Of, all.Total(), "a case for every operation and every rule")
}

// What a sandbox pays for a request that it remembers.
func BenchmarkObserve(b *testing.B) {
	r := newRecorder(b)
	cfg := &config.Config{}
	body := make([]byte, 1024)
	req := httptest.NewRequest(http.MethodPost, "/api/divisions", http.NoBody)
	for b.Loop() {
		r.Observe(r.Arrive(req, body, true).Context(), httpapi.Exchange{
			RequestID: "id", Operation: "createDivision", Method: http.MethodPost, Status: 422,
			Rules: []rules.ID{rules.DivisionCreateZip}, Config: cfg,
		})
	}
}
