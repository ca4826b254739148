package reference_test

import (
	"cmp"
	"encoding/json"
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
	handler := pages.Handler(func() *world.World { return w }, func(*http.Request) string { return base })
	return &site{pages: pages, handler: handler, world: w}, nil
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
	index := string(s.body(t, "/docs/"))
	for _, id := range operationIDs(t) {
		require.Contains(t, index, `href="rules/`+id+`/"`)
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
			require.Equal(t, "approval:create", text(withClass(page, "scopes")[0]), "its scope, once")
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
			if !slices.Contains(c.Rules, rule.ID) {
				continue
			}
			commands := curls(shown)
			switch guards := slices.Contains(rules.Guards(c.OperationID), rule.ID); {
			case guards:
				commands = curls(on(c.OperationID, rule.ID))
			case rule.Operation == "" && c.OperationID != "":
				continue // refuses before an operation is found: one case is enough
			}
			require.Contains(t, commands, c.Request.Curl(base), "%s: %s", rule.ID, c.ID)
			if len(c.Config) > 0 {
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
	seen, waiting := map[string]*html.Node{}, []*url.URL{here}
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
	for name, content := range files {
		switch {
		case path.Ext(name) == ".html":
			require.Contains(t, html.UnescapeString(string(content)), `<meta http-equiv="Content-Security-Policy" content="default-src 'self';`, name)
		case path.Ext(name) == ".css", name == "assets/filter.js", name == "assets/coverage.js":
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
		"/docs/":                      "text/html; charset=utf-8",
		"/docs/rules/errors/":         "text/html; charset=utf-8",
		"/docs/rules/createDivision/": "text/html; charset=utf-8",
		"/docs/openapi.json":          "application/json",
		"/docs/openapi.yaml":          "application/yaml",
		"/docs/assets/atlas.css":      "text/css; charset=utf-8",
		"/docs/assets/filter.js":      "application/javascript",
	} {
		res := s.get(t, address)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode, address)
		require.Equal(t, want, res.Header.Get("Content-Type"), address)
	}
	for address, want := range map[string]string{
		"/docs/rules": "./", "/docs/rules/": "../", "/docs/rules/createDivision": "createDivision/",
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

// Files that have not changed are not sent again.
func TestAssetsAreCached(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const script = "/docs/assets/filter.js"
	res := s.get(t, script)
	require.NoError(t, res.Body.Close())
	require.Equal(t, "no-cache", res.Header.Get("Cache-Control"))
	again := s.get(t, script, "If-None-Match", res.Header.Get("ETag"))
	require.NoError(t, again.Body.Close())
	require.Equal(t, http.StatusNotModified, again.StatusCode)
}

// The page of an operation shows each parameter, each field of what it takes and answers, and each answer that refuses nothing.
func TestOperationsShowTheContract(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, item := range contract(t).Paths.Map() {
		for _, op := range item.Operations() {
			page := parse(t, s.body(t, "/docs/rules/"+op.OperationID+"/"))
			shown := map[string]bool{} // fields, by their schema
			for _, list := range withClass(page, "fields") {
				of := attribute(list.Parent, "id")
				for _, name := range elements(list, "li") {
					shown[of+" "+text(elements(name, "code")[0])] = true
				}
			}
			for _, parameter := range op.Parameters {
				require.Contains(t, shown, " "+parameter.Value.Name, op.OperationID)
			}
			var follow func(ref *openapi3.SchemaRef, name string)
			followed := map[string]bool{}
			follow = func(ref *openapi3.SchemaRef, path string) {
				if ref.Ref != "" {
					path = "schema-" + ref.Ref[strings.LastIndexByte(ref.Ref, '/')+1:] + " "
					if followed[path] {
						return
					}
					followed[path] = true
				}
				for name, property := range ref.Value.Properties {
					if path != "" {
						require.Contains(t, shown, path+name, op.OperationID)
					}
					if property.Ref != "" {
						follow(property, "")
						continue
					}
					follow(property, path+name+".")
				}
				if items := ref.Value.Items; items != nil {
					if items.Ref == "" {
						follow(items, strings.TrimSuffix(path, ".")+"[].")
						return
					}
					follow(items, "")
				}
			}
			if op.RequestBody != nil {
				follow(op.RequestBody.Value.Content["application/json"].Schema, "")
			}
			for status, response := range op.Responses.Map() {
				if status < "400" {
					require.Contains(t, text(withClass(page, "ok"+status)[0]), status)
					if content := response.Value.Content["application/json"]; content != nil {
						follow(content.Schema, "")
					}
				}
			}
		}
	}
}

// A request of a page leads to where it can be changed and sent; exported pages have no such place.
func TestRequestsCanBeSent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c, ok := s.world.Passing("createDivision")
	require.True(t, ok)
	want := `href="../../../console/send?case=` + url.QueryEscape(c.ID) + `&amp;operation=createDivision"`
	require.Contains(t, string(s.body(t, "/docs/rules/createDivision/")), want)
	require.NotContains(t, string(s.files(t, false)["rules/createDivision/index.html"]), "console/send")
}

// The list of operations finds a rule by its id and by what it says.
func TestRulesCanBeFound(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	found := map[string]*html.Node{}
	for _, rule := range elements(parse(t, s.body(t, "/docs/")), "li") {
		if links := elements(rule, "a"); attribute(rule, "data-statuses") != "" {
			found[attribute(links[0], "href")] = rule
		}
	}
	for _, rule := range rules.All {
		if rule.Operation == "" {
			continue // of the gateway: the errors have them
		}
		shown := found["rules/"+rule.Operation+"/#"+string(rule.ID)]
		require.NotNil(t, shown, rule.ID)
		require.Contains(t, text(shown), rule.ID)
		require.Contains(t, text(shown), strings.ReplaceAll(rule.CheckUK, "`", ""))
		require.Contains(t, attribute(shown, "data-rule"), rule.Message)
	}
}

// A document without rules is shown whole on one page, in its order.
func TestPageOfOtherMethods(t *testing.T) {
	t.Parallel()
	const document = `{"openapi": "3.0.3", "info": {"description": "Of <b>ours</b> and \u0060code\u0060."}, "tags": [{"name": "World"}], "paths": {
		"/_sandbox/things/{id}": {
			"parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}, "example": "a b"}],
			"post": {"operationId": "putThing", "summary": "Put a thing", "tags": ["World"],
				"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}, "example": {"size": 1, "name": "a"}}}},
				"responses": {"200": {"description": "Put."}, "404": {"$ref": "#/components/responses/Missing"}}}}},
		"components": {
			"responses": {"Missing": {"description": "There is none."}},
			"schemas": {"Thing": {"type": "object", "required": ["size"], "properties": {
				"size": {"type": "integer", "minimum": 1, "maximum": 9}, "name": {"type": "string"},
				"parts": {"type": "array", "maxItems": 3, "items": {"type": "object", "properties": {"of": {"$ref": "#/components/schemas/Thing"}}}},
				"either": {"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/Thing"}]}}}}}}`
	api, err := reference.NewAPI([]byte(document))
	require.NoError(t, err)
	raw, err := api.Page("../../", base)
	require.NoError(t, err)
	page := parse(t, raw)
	require.NotContains(t, string(raw), "<b>ours</b>")
	require.Contains(t, string(raw), "<code>code</code>")
	require.Equal(t, "curl -sS -X POST '"+base+"/_sandbox/things/a%20b' -H 'Content-Type: application/json' --data-raw '{\n  \"size\": 1,\n  \"name\": \"a\"\n}'",
		strings.ReplaceAll(strings.TrimSpace(curls(page)[0]), " \\\n ", ""))
	var fields []string
	for _, name := range withClass(page, "schema") {
		for _, field := range elements(withClass(name, "fields")[0], "li") {
			fields = append(fields, strings.Join(strings.Fields(text(field)), " "))
		}
	}
	require.Equal(t, []string{
		"size integer requiredобов’язкове 1 ≤ value ≤ 9", "name string", "parts array of object items ≤ 3", "parts[].of Thing", "either one of string Thing",
	}, fields)
	require.Len(t, withClass(page, "answer"), 2)
	require.Contains(t, text(withClass(page, "answer")[1]), "There is none.")

	_, err = reference.NewAPI([]byte(`{"paths": {"/a": {"get": []}}}`))
	require.ErrorContains(t, err, "read GET /a")
}
