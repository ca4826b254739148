package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"go/parser"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"esoz/openapi"
	"esoz/openapi/tree"
)

// samples returns the samples of a language by operationId.
func samples(t *testing.T, label string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for op := range operations(published(t)) {
		for _, sample := range tree.Items(tree.At(op.node, "x-codeSamples")) {
			if tree.Text(sample, "label") == label {
				found[op.id] = tree.Text(sample, "source")
			}
		}
	}
	require.NotEmpty(t, found)
	return found
}

// reader is a server that checks requests against the contract and notes whose they are.
type reader struct {
	*httptest.Server
	mu     sync.Mutex
	seen   map[string]int // by operationId
	faults []string
}

func newReader(t *testing.T) *reader {
	t.Helper()
	router, err := sharedRouter()
	require.NoError(t, err)
	r := &reader{seen: map[string]int{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		route, path, err := router.FindRoute(request)
		if err != nil {
			r.faults = append(r.faults, fmt.Sprintf("%s %s: %v", request.Method, request.URL, err))
			return
		}
		if err := check(request, route.Operation, &openapi3filter.RequestValidationInput{Request: request, PathParams: path, Route: route}); err != nil {
			r.faults = append(r.faults, fmt.Sprintf("%s: %v", route.Operation.OperationID, err))
		}
		r.seen[route.Operation.OperationID]++
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"data":{}}`))
	}))
	t.Cleanup(r.Close)
	return r
}

var sharedRouter = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil
	return gorillamux.NewRouter(doc)
})

func check(request *http.Request, op *openapi3.Operation, input *openapi3filter.RequestValidationInput) error {
	input.Options = &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	wanted := [3]string{"", "a key", "a hosting key"}
	if len(*op.Security) > 0 {
		wanted[0] = "Bearer a token"
	}
	h := request.Header
	if sent := [3]string{h.Get("Authorization"), h.Get("API-key"), h.Get("X-Custom-PSK")}; sent != wanted {
		return fmt.Errorf("sent with %q, wanted %q", sent, wanted)
	}
	return openapi3filter.ValidateRequest(request.Context(), input)
}

// requireAll proves that every operation was called once, as the contract wants it.
func (r *reader) requireAll(t *testing.T, sources map[string]string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Empty(t, r.faults)
	want := map[string]int{}
	for id := range sources {
		want[id] = 1
	}
	require.Equal(t, want, r.seen)
}

func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TOKEN=a token", "API_KEY=a key", "PSK=a hosting key")
	return cmd
}

func TestCurlSamplesSendWhatTheContractWants(t *testing.T) {
	t.Parallel()
	server := newReader(t)
	sources := samples(t, "curl")
	for id, source := range sources {
		script := strings.ReplaceAll(source, BaseURL, server.URL)
		out, err := command(t.Context(), "", "sh", "-euc", strings.Replace(script, "curl ", "curl -sS --fail ", 1)).CombinedOutput()
		require.NoError(t, err, "%s: %s", id, out)
	}
	server.requireAll(t, sources)
}

// requests stands for Python's library of this name, as far as the samples use it.
const requests = `
import json as j, urllib.parse, urllib.request

class Response:
    def __init__(self, body): self.body = body
    def raise_for_status(self): pass
    def json(self): return j.loads(self.body)

def send(method, url, params=None, headers=None, json=None, timeout=None):
    if params: url += "?" + urllib.parse.urlencode(params)
    request = urllib.request.Request(url, method=method, headers=headers or {})
    if json is not None:
        request.data = j.dumps(json).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=timeout) as answer: return Response(answer.read())

def get(url, **options): return send("GET", url, **options)
def post(url, **options): return send("POST", url, **options)
def patch(url, **options): return send("PATCH", url, **options)
`

func TestPythonSamplesSendWhatTheContractWants(t *testing.T) {
	t.Parallel()
	server := newReader(t)
	sources := samples(t, "Python")
	dir := t.TempDir()
	write(t, dir, "requests.py", requests)
	run := []string{"-c", "import runpy, sys\nsys.path.insert(0, '.')\nfor name in sys.argv[1:]: runpy.run_path(name)"}
	for id, source := range sources {
		run = append(run, write(t, dir, id+".py", strings.ReplaceAll(source, BaseURL, server.URL)))
	}
	out, err := command(t.Context(), dir, "python3", run...).CombinedOutput()
	require.NoError(t, err, string(out))
	server.requireAll(t, sources)
}

// The samples are put into one package that only the compiler sees, and built with the Go SDK.
func TestGoSamplesFitTheSDK(t *testing.T) {
	t.Parallel()
	const imports = "package samples\n\nimport (\n\"context\"\n\"fmt\"\n\"os\"\n\"strings\"\n\n\"esoz/gen/client\"\n)\n\n" +
		"var _, _ = os.Getenv, strings.NewReader\n\n"
	dir := t.TempDir()
	overlay := map[string]string{}
	for id, source := range samples(t, "Go") {
		name := fmt.Sprintf("sample_%s.go", id) // none of the endings that mean a system
		code := imports + "func " + id + "(ctx context.Context) error {\n" + source + "\nreturn nil\n}\n"
		overlay[filepath.Join(root(t), "gen/client/samples", name)] = write(t, dir, name, code)
	}
	raw, err := json.Marshal(map[string]any{"Replace": overlay})
	require.NoError(t, err)
	build := command(t.Context(), root(t), "go", "build", "-overlay="+write(t, dir, "overlay.json", string(raw)), "./gen/client/samples")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
}

// root is the module's.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	return dir
}

func TestTypeScriptSamplesParse(t *testing.T) {
	t.Parallel()
	// They use nothing that JavaScript has not. Each is compiled as a module, and not run.
	const parse = "const vm = require('vm'), fs = require('fs'); for (const name of process.argv.slice(1)) " +
		"new vm.SourceTextModule(fs.readFileSync(name, 'utf8'), { identifier: name })"
	dir := t.TempDir()
	run := []string{"--experimental-vm-modules", "--no-warnings", "-e", parse, "--"}
	for id, source := range samples(t, "TypeScript") {
		run = append(run, write(t, dir, id+".mjs", source))
	}
	out, err := command(t.Context(), dir, "node", run...).CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = command(t.Context(), dir, "node", append(run, write(t, dir, "broken.mjs", "const = 1"))...).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "broken.mjs:1")
}

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// No compiler of these languages is here; a text that ends too early or a bracket too many is found all the same.
func TestCSharpAndPHPSamplesAreBalanced(t *testing.T) {
	t.Parallel()
	for _, label := range []string{"C#", "PHP"} {
		for id, source := range samples(t, label) {
			require.NoError(t, balanced(source, label == "PHP"), "%s of %s:\n%s", label, id, source)
		}
	}
	require.Error(t, balanced(`f(['a' => 'it's'])`, true))
	require.Error(t, balanced(`f("a"`, false))
	require.Error(t, balanced(`f("""{"a"]"""]`, false))
}

// balanced reads brackets outside of texts.
func balanced(source string, php bool) error {
	quotes := []string{`"""`, `"`}
	if php {
		quotes = []string{`'`}
	}
	var open []byte
	for i := 0; i < len(source); i++ {
		for _, quote := range quotes {
			if !strings.HasPrefix(source[i:], quote) {
				continue
			}
			i += len(quote)
			for i < len(source) && !strings.HasPrefix(source[i:], quote) {
				if source[i] == '\\' && quote != `"""` {
					i++
				}
				i++
			}
			if i >= len(source) {
				return fmt.Errorf("a text does not end")
			}
			i += len(quote) - 1
			goto next
		}
		switch c := source[i]; c {
		case '(', '[', '{':
			open = append(open, c)
		case ')', ']', '}':
			pairs := map[byte]byte{')': '(', ']': '[', '}': '{'}
			if len(open) == 0 || open[len(open)-1] != pairs[c] {
				return fmt.Errorf("%c closes nothing", c)
			}
			open = open[:len(open)-1]
		}
	next:
	}
	if len(open) > 0 {
		return fmt.Errorf("%q stay open", open)
	}
	return nil
}

// awkward is a contract whose values are hard to quote.
const awkward = `
paths:
  /things/{id}:
    post:
      operationId: createThingOtp
      security: [{oauth2: []}]
      parameters:
        - {$ref: '#/components/parameters/kind'}
        - {name: id, in: path, required: true, schema: {type: string, example: "п'ять/5"}}
      requestBody: {content: {application/json: {examples: {first: {value: {text: %s, none: null, "it's": [], empty: {}, n: 1.5, ok: true}}}}}}
      responses: {'201': {}, '422': {}}
components: {parameters: {kind: {name: kind_id, in: query, required: true, examples: {a: {value: "a&b"}}}}}
`

func TestAwkwardValuesAreQuoted(t *testing.T) {
	t.Parallel()
	text := "Об'єднання \"Ї\" `x` \\ $HOME ${a} \n<b> {{y}}"
	quoted, err := json.Marshal(text)
	require.NoError(t, err)
	root, err := tree.Parse(fmt.Appendf(nil, awkward, quoted))
	require.NoError(t, err)
	op := first(t, root)
	node, err := codeSamples(root, op)
	require.NoError(t, err)
	sample := func(label string) string {
		i := slices.IndexFunc(node.Content, func(n *yaml.Node) bool { return tree.Text(n, "label") == label })
		return tree.Text(node.Content[i], "source")
	}
	body := map[string]any{"text": text, "none": nil, "it's": []any{}, "empty": map[string]any{}, "n": 1.5, "ok": true}

	script := strings.Replace(sample("curl"), "curl ", "printf '%s\\n' ", 1)
	out, err := command(t.Context(), "", "sh", "-euc", script).Output()
	require.NoError(t, err)
	_, data, ok := strings.Cut(string(out), "\n-d\n")
	require.True(t, ok, string(out))
	requireJSON(t, body, data)
	require.Contains(t, string(out), BaseURL+"/things/%D0%BF%27%D1%8F%D1%82%D1%8C%2F5?kind_id=a%26b\n")

	python := sample("Python") + "\n"
	dir := t.TempDir()
	write(t, dir, "requests.py", "def post(url, **options):\n    import json; print(json.dumps(options['json'])); raise SystemExit")
	out, err = command(t.Context(), dir, "python3", write(t, dir, "sample.py", python)).Output()
	require.NoError(t, err)
	requireJSON(t, body, string(out))

	require.Contains(t, sample("Go"),
		`c.CreateThingOTPWithBodyWithResponse(ctx, "п'ять/5", &client.CreateThingOTPParams{KindID: "a&b"}, "application/json"`)
	_, err = parser.ParseExpr("func() {\n" + sample("Go") + "\n}")
	require.NoError(t, err, sample("Go"))
	require.Contains(t, sample("Go"), "answer.JSON201.Data")

	require.Contains(t, sample("PHP"), `'text' => 'Об\'єднання "Ї" `+"`x`"+` \\ $HOME`)
	require.Contains(t, sample("PHP"), `'empty' => new stdClass()`)
	require.NoError(t, balanced(sample("PHP"), true))
	require.NoError(t, balanced(sample("C#"), false))

	script = sample("TypeScript")
	_, script, _ = strings.Cut(script, "\n\nconst api")
	script = "const createClient = () => ({ POST: (path, { body }) => { process.stdout.write(JSON.stringify(body)); return {} } });\nconst api" + script
	out, err = command(t.Context(), dir, "node", write(t, dir, "sample.mjs", strings.Replace(script, "console.log(data)", "", 1))).Output()
	require.NoError(t, err)
	requireJSON(t, body, string(out))
}

func first(t *testing.T, root *yaml.Node) operation {
	t.Helper()
	for op := range operations(root) {
		return op
	}
	require.Fail(t, "no operation")
	return operation{}
}

func requireJSON(t *testing.T, want any, got string) {
	t.Helper()
	raw, err := json.Marshal(want)
	require.NoError(t, err)
	require.JSONEq(t, string(raw), got)
}
