package reference_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"esoz/gen/rules"
	"esoz/internal/reference"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
	"esoz/openapi"
	"esoz/openapi/publish"
)

const base = "http://sandbox.test"

// site is the reference as a sandbox serves it.
type site struct {
	pages   *reference.Site
	handler http.Handler
	world   *world.World
	bodies  sync.Map // by address
}

// newSite is one for all tests, which change nothing of it.
func newSite(t *testing.T) *site {
	t.Helper()
	s, err := sharedSite()
	require.NoError(t, err)
	return s
}

var sharedSite = sync.OnceValues(func() (*site, error) {
	pages, err := reference.New(publish.National)
	if err != nil {
		return nil, err
	}
	w := testkit.World()
	handler, err := pages.Handler(func() *world.World { return w }, func(*http.Request) string { return base })
	return &site{pages: pages, handler: handler, world: w}, err
})

func (s *site) get(t *testing.T, address string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, base+address, http.NoBody)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, r)
	return recorder.Result()
}

func (s *site) body(t *testing.T, address string) []byte {
	t.Helper()
	if known, ok := s.bodies.Load(address); ok {
		return known.([]byte)
	}
	res := s.get(t, address)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode, address)
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	s.bodies.Store(address, raw)
	return raw
}

// files is the reference as it is exported.
func (s *site) files(t *testing.T, live bool) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := s.pages.Files(reference.Source{World: s.world, BaseURL: base, Live: live}, func(name string, content []byte) error {
		files[name] = content
		return nil
	})
	require.NoError(t, err)
	return files
}

// checks are the checks of a page, by rule.
func checks(t *testing.T, page []byte) map[rules.ID]*html.Node {
	t.Helper()
	found := map[rules.ID]*html.Node{}
	for _, article := range elements(parse(t, page), "article") {
		found[rules.ID(attribute(article, "id"))] = article
	}
	return found
}

func contract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := sharedContract()
	require.NoError(t, err)
	return doc
}

var sharedContract = sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(openapi.Document) })

func operationIDs(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, item := range contract(t).Paths.Map() {
		for _, op := range item.Operations() {
			ids = append(ids, op.OperationID)
		}
	}
	require.NotEmpty(t, ids)
	return ids
}

// Each operation has a page with a command that passes and all its checks: the
// gateway's, then its own, in their order.
func TestOperationsShowTheirChecks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	index := string(s.body(t, "/docs/rules/"))
	for _, id := range operationIDs(t) {
		require.Contains(t, index, `href="`+id+`/"`)
		page := parse(t, s.body(t, "/docs/rules/"+id+"/"))
		var shown []rules.ID
		for _, article := range elements(page, "article") {
			shown = append(shown, rules.ID(attribute(article, "id")))
		}
		want := slices.Clone(rules.Guards(id))
		for _, rule := range rules.OfOperation(id) {
			want = append(want, rule.ID)
		}
		require.Equal(t, want, shown, id)
		c, ok := s.world.Passing(id)
		require.True(t, ok)
		require.Contains(t, curls(page), c.Request.Curl(base), id)
		if id == "resendApprovalSms" {
			require.Equal(t, "approval:create", text(elements(page, "dd")[0]), "its scope, once")
		}
	}
}

// Each rule stands on the page that leads to it, with all that is known of it;
// every case of a rule stands on the page of its operation.
func TestRulesShowHowToProvokeThem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	errorPage := string(s.body(t, "/docs/rules/errors/"))
	pages := map[string]map[rules.ID]*html.Node{}
	on := func(name string, id rules.ID) *html.Node {
		if pages[name] == nil {
			pages[name] = checks(t, s.body(t, "/docs/rules/"+name+"/"))
		}
		return pages[name][id]
	}
	for _, rule := range rules.All {
		name := cmp.Or(rule.Operation, "gateway")
		shown := on(name, rule.ID)
		require.NotNil(t, shown, rule.ID)
		require.Contains(t, errorPage, `href="../`+name+"/#"+string(rule.ID)+`"`)
		for _, want := range []string{strings.ReplaceAll(rule.Check, "`", ""), rule.Origin, rule.Source, rule.Message, rule.Description, rule.Flag} {
			require.Contains(t, text(shown), want, rule.ID)
		}
		switch {
		case rule.Fixed:
			require.Contains(t, text(shown), "always on", rule.ID)
		case rule.Off:
			require.Contains(t, text(shown), "RULES=+"+string(rule.ID))
		default:
			require.Contains(t, text(shown), "RULES=-"+string(rule.ID))
		}
		require.NotEmpty(t, curls(shown), rule.ID)
		for _, c := range s.world.Cases {
			commands := curls(shown)
			switch guards := slices.Contains(rules.Guards(c.OperationID), rule.ID); {
			case guards:
				commands = curls(on(c.OperationID, rule.ID))
			case rule.Operation == "" && c.OperationID != "":
				continue // refuses before an operation is found: one case is enough
			}
			if slices.Contains(c.Rules, rule.ID) {
				require.Contains(t, commands, c.Request.Curl(base), "%s: %s", rule.ID, c.ID)
			}
			if slices.Contains(c.Rules, rule.ID) && len(c.Config) > 0 {
				setting := slices.IndexFunc(commands, func(command string) bool { return strings.Contains(command, "/_sandbox/config") })
				require.GreaterOrEqual(t, setting, 0, "%s: %s", rule.ID, c.ID)
				require.Less(t, setting, slices.Index(commands, c.Request.Curl(base)), "%s: the setting comes first", rule.ID)
			}
		}
	}
}

// The answers are envelopes of the contract that say what their rule says.
func TestAnswersAreTheContracts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	schema := contract(t).Components.Schemas["ErrorResponse"].Value
	for _, name := range append(operationIDs(t), "gateway") {
		for id, article := range checks(t, s.body(t, "/docs/rules/"+name+"/")) {
			rule, known := rules.Get(id)
			require.True(t, known, id)
			shown := text(elements(article, "pre")[0])
			var value any
			require.NoError(t, json.Unmarshal([]byte(shown), &value), "%s: %s", id, shown)
			require.NoError(t, schema.VisitJSON(value), "%s of %s: %s", id, name, shown)
			var answer struct {
				Meta  struct{ Code int }
				Error struct{ Type string }
			}
			require.NoError(t, json.Unmarshal([]byte(shown), &answer))
			require.Equal(t, rule.Status, answer.Meta.Code, "%s of %s", id, name)
			require.Equal(t, rule.Type, answer.Error.Type, "%s of %s", id, name)
		}
	}
}

// From the first page every link of the sandbox's own leads somewhere, and no
// page needs another host.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	here, err := url.Parse(base + "/docs/")
	require.NoError(t, err)
	seen, waiting := map[string]*html.Node{}, []*url.URL{here, here.JoinPath("try/"), here.JoinPath("rules/")}
	visit := func(address *url.URL) *html.Node {
		if _, known := seen[address.Path]; !known {
			seen[address.Path] = parse(t, s.body(t, address.Path))
			waiting = append(waiting, address)
		}
		return seen[address.Path]
	}
	for len(waiting) > 0 {
		page := waiting[0]
		waiting = waiting[1:]
		if strings.HasPrefix(page.Path, "/docs/openapi.") {
			continue
		}
		links, needs := references(visit(page))
		for _, need := range needs {
			address, err := page.Parse(need)
			require.NoError(t, err)
			require.Equal(t, here.Host, address.Host, "%s needs %s", page, need)
			s.body(t, address.Path)
		}
		for _, link := range links {
			address, err := page.Parse(link)
			require.NoError(t, err, "%s leads to %s", page, link)
			if address.Host != here.Host || strings.HasPrefix(address.Path, "/_sandbox/") || strings.HasPrefix(address.Path, "/console/") {
				continue
			}
			target := visit(address)
			if address.Fragment != "" {
				require.True(t, anchored(target, address.Fragment), "%s leads to %s", page, link)
			}
		}
	}
	require.Greater(t, len(seen), len(operationIDs(t)), "the walk went through the pages of the operations")
}

// The pages forbid what they hold of others to fetch from elsewhere, and what is
// our own does not try.
func TestNothingIsFetchedFromElsewhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	files := s.files(t, true)
	files["try/index.html"] = s.body(t, "/docs/try/")
	for name, content := range files {
		switch {
		case path.Ext(name) == ".html":
			require.Contains(t, html.UnescapeString(string(content)), `<meta http-equiv="Content-Security-Policy" content="default-src 'self';`, name)
		case path.Ext(name) == ".css", name == "assets/reading.js", name == "assets/filter.js", name == "assets/coverage.js":
			require.NotContains(t, string(content), "://", name)
		}
	}
}

// What is exported is what is served, and without a sandbox it leads nowhere
// that it does not hold.
func TestExport(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, content := range s.files(t, true) {
		require.Equal(t, string(s.body(t, "/docs/"+strings.TrimSuffix(name, "index.html"))), string(content), name)
	}
	files := s.files(t, false)
	for name, content := range files {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		links, needs := references(parse(t, content))
		for _, link := range append(links, needs...) {
			address, err := url.Parse(link)
			require.NoError(t, err)
			if address.Host != "" || address.Path == "" {
				continue
			}
			target := path.Join(path.Dir(name), address.Path)
			if strings.HasSuffix(address.Path, "/") {
				target = path.Join(target, "index.html")
			}
			require.Contains(t, files, target, "%s leads to %s", name, link)
		}
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for address, want := range map[string]string{
		"/docs/":                           "text/html; charset=utf-8",
		"/docs/rules/":                     "text/html; charset=utf-8",
		"/docs/rules/errors/":              "text/html; charset=utf-8",
		"/docs/rules/createDivision/":      "text/html; charset=utf-8",
		"/docs/try/":                       "text/html",
		"/docs/try/openapi.json":           "application/json",
		"/docs/openapi.json":               "application/json",
		"/docs/openapi.yaml":               "application/yaml",
		"/docs/assets/atlas.css":           "text/css; charset=utf-8",
		"/docs/assets/redoc.standalone.js": "application/javascript",
		"/docs/try/swagger-ui-bundle.js":   "application/javascript",
		"/docs/assets/redoc.LICENSE.txt":   "text/plain; charset=utf-8",
	} {
		res := s.get(t, address)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode, address)
		require.Equal(t, want, res.Header.Get("Content-Type"), address)
	}
	for address, want := range map[string]string{
		"/docs/rules": "rules/", "/docs/rules/createDivision": "createDivision/", "/docs/try": "try/",
	} {
		res := s.get(t, address)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusMovedPermanently, res.StatusCode, address)
		require.Equal(t, want, res.Header.Get("Location"), address)
	}
	for _, address := range []string{"/docs/rules/unknown/", "/docs/unknown", "/docs/assets/unknown.js", "/docs/index.html/", "/docs/../go.mod"} {
		res := s.get(t, address)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusNotFound, res.StatusCode, address)
	}
}

// The large script travels packed, and once.
func TestAssetsAreCached(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const script = "/docs/assets/redoc.standalone.js"
	res := s.get(t, script, "Accept-Encoding", "gzip")
	require.NoError(t, res.Body.Close())
	require.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
	require.Equal(t, "no-cache", res.Header.Get("Cache-Control"))
	again := s.get(t, script, "Accept-Encoding", "gzip", "If-None-Match", res.Header.Get("ETag"))
	require.NoError(t, again.Body.Close())
	require.Equal(t, http.StatusNotModified, again.StatusCode)
	require.Contains(t, string(s.body(t, script)), "Redoc", "and is unpacked for who cannot")
}

// The document of the page to try is sound, asks for tokens that are filled in
// and holds what a request that passes sends.
func TestTryItIsFilledIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := string(s.body(t, "/docs/try/"))
	doc, err := openapi3.NewLoader().LoadFromData(s.body(t, "/docs/try/openapi.json"))
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context(), openapi3.EnableExamplesValidation()))
	require.Equal(t, "../../", doc.Servers[0].URL)
	require.Len(t, doc.Servers, 1)
	for route, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			c, ok := s.world.Passing(op.OperationID)
			require.True(t, ok)
			sent, err := url.Parse(c.Request.Path)
			require.NoError(t, err)
			path, query := route, url.Values{}
			for _, parameter := range op.Parameters {
				value := ""
				if parameter.Value.Example != nil {
					value = fmt.Sprint(parameter.Value.Example)
				}
				switch parameter.Value.In {
				case openapi3.ParameterInPath:
					path = strings.ReplaceAll(path, "{"+parameter.Value.Name+"}", value)
				case openapi3.ParameterInQuery:
					if value != "" {
						query.Set(parameter.Value.Name, value)
					}
				}
			}
			require.Equal(t, sent.Path, path, op.OperationID)
			require.Equal(t, sent.Query(), query, op.OperationID)
			if c.Request.Body != nil {
				want, err := json.Marshal(c.Request.Body)
				require.NoError(t, err)
				got, err := json.Marshal(op.RequestBody.Value.Content["application/json"].Example)
				require.NoError(t, err)
				require.JSONEq(t, string(want), string(got), op.OperationID)
			}
			token, signed := strings.CutPrefix(c.Request.Headers["Authorization"], "Bearer ")
			require.Len(t, *op.Security, 1)
			for scheme := range (*op.Security)[0] {
				require.Contains(t, doc.Components.SecuritySchemes, scheme, op.OperationID)
				require.Contains(t, page, `"`+scheme+`":`, op.OperationID)
			}
			if signed {
				require.Contains(t, page, `:"`+token+`"`, op.OperationID)
			}
		}
	}
}
