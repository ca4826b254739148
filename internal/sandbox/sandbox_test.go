package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/app"
	"esoz/internal/conformance"
	"esoz/internal/conformance/report"
	"esoz/internal/platform/clock"
	"esoz/internal/sandbox"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
	"esoz/openapi"
)

// box is a sandbox that runs in this process, reached over HTTP alone.
type box struct {
	url string
	dir string // the data folder; "" when it is a temporary one
	out *bytes.Buffer

	document sync.Once
	own      *conformance.Document
}

func startBox(t *testing.T, change ...func(*sandbox.Options)) *box {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b := &box{out: new(bytes.Buffer)}
	ready, ended := make(chan sandbox.Addresses, 1), make(chan error, 1)
	options := sandbox.Options{
		Ephemeral: true, Listen: "127.0.0.1:0", Out: b.out, Logger: slog.New(slog.DiscardHandler),
		Ready: func(at sandbox.Addresses) { ready <- at },
	}
	for _, f := range change {
		f(&options)
	}
	go func() { ended <- sandbox.Run(ctx, options) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(30 * time.Second):
			t.Error("the sandbox does not stop")
		}
	})
	select {
	case at := <-ready:
		b.url, b.dir = at.BaseURL, options.Dir
	case err := <-ended:
		ended <- nil
		t.Fatalf("the sandbox did not start: %v", err)
	}
	return b
}

// call sends a request to the sandbox's own methods.
func (b *box) call(t *testing.T, method, path string, body, answer any) int {
	t.Helper()
	return b.callAs(t, "", method, path, body, answer)
}

// callAs is call with an access token, unless that is empty.
func (b *box) callAs(t *testing.T, token, method, path string, body, answer any) int {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, bytes.NewReader(raw))
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, ownDocument(t, b).Check(method, path, res.StatusCode, res.Header, got), "%s", got)
	if answer != nil {
		require.NoError(t, json.Unmarshal(got, answer), "%s", got)
	}
	return res.StatusCode
}

// ownDocument is what the sandbox says of its own methods.
func ownDocument(t *testing.T, b *box) *conformance.Document {
	t.Helper()
	b.document.Do(func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/_sandbox/openapi.json", http.NoBody)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		doc, err := openapi3.NewLoader().LoadFromData(raw)
		require.NoError(t, err)
		require.NoError(t, doc.Validate(t.Context()))
		b.own, err = conformance.NewDocument(doc)
		require.NoError(t, err)
	})
	return b.own
}

func (b *box) reset(t *testing.T) {
	t.Helper()
	require.Equal(t, http.StatusNoContent, b.call(t, http.MethodPost, "/_sandbox/reset", nil, nil))
}

// Every case of the world is answered exactly as documented, and so are some of
// the requests that break two rules; make conformance sends all of them.
func TestCases(t *testing.T) {
	t.Parallel()
	clk := clock.Stopped(now) // so that every recording is the same
	b := startBox(t, func(o *sandbox.Options) { o.Clock, o.Environ = clk, []string{"PUBLIC_BASE_URL=" + publicURL} })
	answers := map[string][]byte{}
	results, err := conformance.Run(t.Context(), conformance.Options{
		BaseURL: b.url, Order: 2, Timeout: 30 * time.Second, Clock: clk,
		Answered: func(c conformance.Check, body []byte) { answers[c.ID] = body },
	})
	require.NoError(t, err)
	for _, r := range results.Results {
		if len(r.Before) > 0 && r.Outcome == report.Passed {
			continue // many, and explained like the others
		}
		t.Run(r.ID, func(t *testing.T) {
			require.Equal(t, report.Passed, r.Outcome, "%s\n%s%s\n%s", r.Title, strings.Join(r.Misses, "\n"), r.Reason, r.Curl)
			requireExplained(t, b, r)
		})
	}
	require.Equal(t, len(rules.All), results.Met())
	recorded, err := record(results.Results, answers)
	require.NoError(t, err)
	t.Run("are the examples of the contract", func(t *testing.T) { requireExamples(t, recorded) })
	b.reset(t)
	t.Run("in one world", func(t *testing.T) { casesInOneWorld(t, b, clk) })
}

// A server that cannot be given a new world is judged by what can be told in
// one world, and is not blamed for what the cases do to each other.
func casesInOneWorld(t *testing.T, b *box, clk *clock.Clock) {
	results, err := conformance.Run(t.Context(), conformance.Options{
		BaseURL: b.url, KeepWorld: true, Timeout: 30 * time.Second, Clock: clk,
	})
	require.NoError(t, err)
	require.False(t, results.Renewed)
	for _, r := range results.Results {
		require.NotEqual(t, report.Failed, r.Outcome, "%s: %s", r.ID, strings.Join(r.Misses, "; "))
		require.Equal(t, r.Outcome == report.Skipped, strings.HasPrefix(r.Reason, "needs "), r.ID)
	}
	require.Greater(t, results.Met(), len(rules.All)*4/5)
}

// The cases are the contract's: each rule makes at least one answer, each
// operation passes at least once, and no case names a rule of another operation.
func TestCasesCoverTheContract(t *testing.T) {
	t.Parallel()
	doc, err := app.Document()
	require.NoError(t, err)
	w := testkit.World()

	answered, passed := map[rules.ID]bool{}, map[string]bool{}
	for _, c := range w.Cases {
		if len(c.Rules) == 0 {
			passed[c.OperationID] = true
		}
		for _, id := range c.Rules {
			rule, known := rules.Get(id)
			require.True(t, known, "case %s names %s, which the contract does not have", c.ID, id)
			require.Contains(t, []string{"", c.OperationID}, rule.Operation, "case %s", c.ID)
			answered[id] = true
		}
	}
	for _, rule := range rules.All {
		require.True(t, answered[rule.ID], "no case makes %s answer", rule.ID)
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			require.True(t, passed[op.OperationID], "no case passes %s", op.OperationID)
		}
	}
}

// What the sandbox adds to the server, on one sandbox.
func TestOwnMethods(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := startBox(t, func(o *sandbox.Options) {
		o.Ephemeral, o.Dir = false, dir
		o.Environ = []string{"REQUEST_TIMEOUT=1m"} // so that who waits for a request to end waits longer than for anything else
	})
	for _, c := range []struct {
		name string
		test func(*testing.T, *box)
	}{
		{"banner", banner},
		{"documented operations that are not served", documentedButNotServed},
		{"browsers find the console", browsersFindTheConsole},
		{"taken places are refused", takenPlacesAreRefused},
		{"config refuses what it does not know", configRefusesWhatItDoesNotKnow},
		{"config goes back", configGoesBack},
		{"inbox waits", inboxWaits},
		{"reset forgets everything", resetForgetsEverything},
		{"slow clients hold nobody up", slowClientsHoldNobodyUp},
		{"clients that do not read hold nobody up", clientsThatDoNotReadHoldNobodyUp},
		{"hostile pages are refused", hostilePagesAreRefused},
		{"clock moves", clockMoves},
		{"registry serves a team's own data", registryServesATeamsOwnData},
		{"registry refuses what is wrong", registryRefusesWhatIsWrong},
		{"registry makes patients", registryMakesPatients},
		{"signing", signing},
		{"registers answer", registersAnswer},
		{"confidants are set", confidantsAreSet},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, b) })
	}
}

// What the sandbox shows: its documents and its pages, on one sandbox.
func TestPages(t *testing.T) {
	t.Parallel()
	said, file := new(bytes.Buffer), filepath.Join(t.TempDir(), "ready.json")
	t.Cleanup(func() { require.NoFileExists(t, file, "after the end") })
	require.NoError(t, os.WriteFile(file, []byte(`{"base_url":"http://killed","database_url":"x"}`), 0o600))
	b := startBox(t, func(o *sandbox.Options) { o.JSON, o.ReadyFile = said, file })
	saysHowToReachIt(t, b, said.Bytes(), file)
	for _, c := range []struct {
		name string
		test func(*testing.T, *box)
	}{
		{"pages", pages},
		{"documents name the sandbox", documentsNameTheSandbox},
		{"pages work under a path", pagesWorkUnderAPath},
		{"pages cannot be framed", pagesCannotBeFramed},
		{"pages have the bar", pagesHaveTheBar},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, b) })
	}
}

func resetForgetsEverything(t *testing.T, b *box) {
	var before, after world.World
	b.call(t, http.MethodGet, "/_sandbox/world", nil, &before)
	c, ok := before.Passing("createDivision")
	require.True(t, ok)
	listed := func() any {
		return testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil)).Body.Paging["total_entries"]
	}
	fresh := listed()
	require.Equal(t, http.StatusOK, testkit.Send(t, b.url, c.Request).Status)
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/config", map[string]string{"GATEWAY_PSK": "key"}, nil))
	require.Equal(t, http.StatusUnauthorized, testkit.Send(t, b.url, c.Request).Status)

	b.reset(t)
	require.Equal(t, fresh, listed())
	b.call(t, http.MethodGet, "/_sandbox/world", nil, &after)
	require.Equal(t, before.Objects, after.Objects, "ids are the same in every world")
}

func configRefusesWhatItDoesNotKnow(t *testing.T, b *box) {
	for name, c := range map[string]struct {
		body   any
		status int
		says   string
	}{
		"unknown setting":   {map[string]string{"NO_SUCH": "1"}, 422, "NO_SUCH"},
		"invalid value":     {map[string]string{"MAX_ATTEMPTS": "many"}, 422, "MAX_ATTEMPTS"},
		"unknown rule":      {map[string]string{"RULES": "+no.such"}, 422, "no.such"},
		"read at the start": {map[string]string{"DATABASE_URL": "x"}, 422, "DATABASE_URL"},
		"not text":          {map[string]any{"MAX_ATTEMPTS": 3}, 400, "body"},
	} {
		var answer struct{ Error string }
		require.Equal(t, c.status, b.call(t, http.MethodPost, "/_sandbox/config", c.body, &answer), name)
		require.Contains(t, answer.Error, c.says, name)
	}
}

func configGoesBack(t *testing.T, b *box) {
	b.reset(t)
	settings := func() (all map[string]string) {
		require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/config", nil, &all))
		return all
	}
	keyless := func() int {
		return testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil)).Status
	}
	wanted := map[string]string{"GATEWAY_API_KEY": "required"}
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/config", wanted, nil))
	require.Equal(t, wanted, settings())
	require.Equal(t, http.StatusUnauthorized, keyless())
	require.Equal(t, http.StatusNoContent, b.call(t, http.MethodDelete, "/_sandbox/config", nil, nil))
	require.Empty(t, settings())
	require.Equal(t, http.StatusOK, keyless())
}

func clockMoves(t *testing.T, b *box) {
	now := func() time.Time {
		var answer struct{ Now time.Time }
		require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/clock", nil, &answer))
		return answer.Now
	}
	before := now()
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/clock", map[string]string{"advance": "PT5M1S"}, nil))
	require.WithinDuration(t, before.Add(5*time.Minute+time.Second), now(), time.Minute)
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/clock", map[string]string{"set": "2038-01-19T03:14:08Z"}, nil))
	require.Equal(t, 2038, now().Year())
	require.Equal(t, http.StatusUnauthorized,
		testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil)).Status, "tokens expire by this clock")
	for _, wrong := range []map[string]string{{}, {"advance": "5 minutes"}, {"advance": "PT1S", "set": "2026-01-01T00:00:00Z"}, {"forward": "PT1S"}, {"set": "9999-01-01T00:00:00Z"}, {"advance": "P1000Y"}} {
		require.Equal(t, http.StatusBadRequest, b.call(t, http.MethodPost, "/_sandbox/clock", wrong, nil), "%v", wrong)
	}
	b.reset(t)
	require.WithinDuration(t, before, now(), time.Minute)
}

// The inbox gives the code of a message as soon as it is there.
func inboxWaits(t *testing.T, b *box) {
	const phone = "%2B380509998877"
	var none, some []struct{ Phone, Text, Code string }
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/sms?phone="+phone, nil, &none))
	require.Empty(t, none)

	got := make(chan int, 1)
	go func() { got <- b.call(t, http.MethodGet, "/_sandbox/sms?wait=30s&phone="+phone, nil, &some) }()
	r := testkit.Send(t, b.url, testkit.As("sandbox-doctor", http.MethodPost, "/api/verifications", map[string]string{"phone_number": "+380509998877"}))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	require.Equal(t, http.StatusOK, <-got)
	require.Len(t, some, 1)
	require.Regexp(t, `^[1-9]{3}[0-9]$`, some[0].Code)
	require.Equal(t, "Код авторизації дій в системі eHealth: "+some[0].Code, some[0].Text)
}

// Each curl of the banner can be pasted and works.
func banner(t *testing.T, b *box) {
	for _, line := range []string{
		b.url + "/docs/", "sandbox-doctor", "sandbox-owner", "sandbox-pharmacist", "sandbox-mis",
		"# createDivision", "# resendApprovalSms", "# resendDeclarationRequestOtp", "# releaseServiceRequest", "# stopDeviceDispense",
	} {
		require.Contains(t, b.out.String(), line)
	}
}

// saysHowToReachIt reads what a program reads that has started a sandbox.
func saysHowToReachIt(t *testing.T, b *box, said []byte, file string) {
	t.Helper()
	var got sandbox.Started
	require.NoError(t, json.Unmarshal(said, &got), "one object and nothing else: %s", said)
	require.Equal(t, b.url, got.BaseURL)
	require.Contains(t, got.DatabaseURL, "postgres://")
	require.Contains(t, got.MongoURL, "mongodb://")
	require.Equal(t, openapi.Version(), got.Version)
	require.Equal(t, "sandbox-doctor", got.Tokens["doctor"])
	require.Equal(t, world.MISKey, got.APIKeys["mis"])
	require.NotContains(t, b.out.String(), "curl")
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(said), string(written))
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left of writing it")
}

// A file that cannot be written, or that holds something else, is refused before the engines start, and kept.
func TestReadyFileIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := filepath.Join(dir, "notes.json")
	require.NoError(t, os.WriteFile(other, []byte(`{"notes": []}`), 0o600))
	for file, says := range map[string]string{
		other: "holds something else", dir: "directory", filepath.Join(dir, "none", "ready.json"): "none",
	} {
		err := sandbox.Run(t.Context(), sandbox.Options{
			Ephemeral: true, Listen: "127.0.0.1:0", Out: io.Discard, Logger: slog.New(slog.DiscardHandler), ReadyFile: file,
		})
		require.ErrorContains(t, err, "--ready-file")
		require.ErrorContains(t, err, says)
	}
	kept, err := os.ReadFile(other)
	require.NoError(t, err)
	require.Equal(t, `{"notes": []}`, string(kept))
}

func browsersFindTheConsole(t *testing.T, b *box) {
	for accept, want := range map[string]int{"text/html,application/xhtml+xml": http.StatusOK, "": http.StatusNotFound, "application/json": http.StatusNotFound} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/", http.NoBody)
		require.NoError(t, err)
		req.Header.Set("Accept", accept)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, want, res.StatusCode, accept)
	}
}

// get fetches a page or a document.
func (b *box) get(t *testing.T, path string) (http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path, http.NoBody)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode, path)
	return res.Header, raw
}

func pages(t *testing.T, b *box) {
	for path, contentType := range map[string]string{
		"/console": "text/html", "/console/sms": "text/html", "/docs": "text/html", "/docs/": "text/html", "/console/send": "text/html", "/docs/rules/createDivision/": "text/html",
		"/openapi.json": "application/json", "/openapi.yaml": "application/yaml", "/openapi-3.1.yaml": "application/yaml",
		"/_sandbox/docs/": "text/html", "/_sandbox/openapi.json": "application/json",
	} {
		header, raw := b.get(t, path)
		require.Contains(t, header.Get("Content-Type"), contentType, path)
		require.NotContains(t, string(raw), "https://cdn", "%s works offline", path)
	}
}

// The documents of a sandbox show the way to it.
func documentsNameTheSandbox(t *testing.T, b *box) {
	for _, path := range []string{"/openapi.json", "/openapi.yaml", "/openapi-3.1.yaml", "/docs/openapi.json", "/docs/openapi.yaml"} {
		_, raw := b.get(t, path)
		doc, err := openapi3.NewLoader().LoadFromData(raw)
		require.NoError(t, err, path)
		require.Equal(t, b.url, doc.Servers[0].URL, path)
		flow := doc.Components.SecuritySchemes["oauth2"].Value.Flows.AuthorizationCode
		for _, address := range []string{flow.AuthorizationURL, flow.TokenURL, flow.RefreshURL} {
			require.True(t, strings.HasPrefix(address, "https://"), address)
		}
		require.NotRegexp(t, `format"?: "?text`, string(raw), path)
	}
}

// A documented operation that is not served stands where an unknown path or a wrong method is refused, in the same place
// of the chain.
func documentedButNotServed(t *testing.T, b *box) {
	const general, events = "Documented in General MIS API but not part of this sandbox", "Documented in Medical events MIS API but not part of this sandbox"
	for _, c := range []struct {
		token, method, path string
		status              int
		message, hint       string
	}{
		{"", http.MethodGet, "/api/medical_program_provision", 501, general, "general.apib L6309, Get Medical program provision List"},
		{"", http.MethodGet, "/api/patients/1/clinical_impressions/2", 501, events, "medical-events.apib L1569, Get Clinical Impression by id"},
		{"", http.MethodPut, "/api/medical_program_provision", 404, "not_found", ""},
		{"", http.MethodGet, "/api/nothing", 404, "not_found", ""},
		{"sandbox-doctor", http.MethodPost, "/api/patients/1/care_plans", 501, events, "medical-events.apib L4947, Create Care Plan"},
		{
			"sandbox-doctor", http.MethodPost, "/api/persons/1/confidant_person_relationship_requests", 501, general,
			"general.apib L2187, Create new Confidant Person relationship request",
		},
		{"", http.MethodPost, "/api/patients/1/device_dispenses", 401, "Authorization header is not set or doesn't contain Bearer token", ""},
		{"sandbox-doctor", http.MethodPut, "/api/patients/1/device_dispenses", 403, "ACL: No matching rule was found for path /api/patients", ""},
	} {
		answer := testkit.Send(t, b.url, testkit.As(c.token, c.method, c.path, nil))
		require.Equal(t, c.status, answer.Status, "%s %s: %s", c.method, c.path, answer.Raw)
		require.Equal(t, c.message, answer.Body.Error.Message)
		require.Equal(t, c.hint, answer.Header.Get("X-Sandbox-Hint"))
		if c.status == http.StatusNotImplemented {
			require.Equal(t, "not_implemented", answer.Body.Error.Type)
			require.Empty(t, answer.Header.Get("X-Sandbox-Rule"))
		}
	}
}

// A port or a data folder that is taken is said in one clear line.
func takenPlacesAreRefused(t *testing.T, b *box) {
	options := sandbox.Options{Dir: b.dir, Listen: "127.0.0.1:0", Out: io.Discard, Logger: slog.New(slog.DiscardHandler)}
	require.ErrorContains(t, sandbox.Run(t.Context(), options), "in use")
	options.Listen = strings.TrimPrefix(b.url, "http://")
	require.ErrorContains(t, sandbox.Run(t.Context(), options), "cannot listen")
}
