package torture

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/conformance"
	"esoz/internal/conformance/report"
	"esoz/internal/platform/clock"
	"esoz/internal/testkit"
)

// A check that RULES switches off refuses nothing: what it used to refuse passes
// it by.
func TestChecksThatAreSwitchedOff(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T5", "a check that is switched off refuses nothing")
	s := &stage{Server: testkit.New(t, testkit.Idle())}
	plain := s.Config.Get()
	for _, rule := range sampleOf(ruleIDs(func(r rules.Rule) bool { return !r.Fixed }), amount(25, len(rules.All))) {
		id := rules.ID(rule)
		sent := 0
		for _, c := range s.World.Cases {
			if !slices.Contains(c.Rules, id) {
				continue
			}
			settings := maps.Clone(c.Config)
			if settings == nil {
				settings = map[string]string{}
			}
			settings["RULES"] = strings.TrimPrefix(settings["RULES"]+",-"+rule, ",") // the last word counts
			s.fresh(t)
			s.Set(t, settings)
			answer := s.send(t, c.Request)
			s.Config.Set(plain)
			require.NotContains(t, answer.Rules(), rule, "%s: %s", c.ID, answer.Raw)
			if len(answer.Rules()) == 0 {
				require.Less(t, answer.Status, 500, "%s: %s", c.ID, answer.Raw)
			}
			sent++
		}
		require.Positive(t, sent, "%s refuses no case of the world", rule)
		tr.add("checks switched off", 1)
		tr.add("requests", sent)
	}
}

func ruleIDs(wanted func(rules.Rule) bool) []string {
	var ids []string
	for _, rule := range rules.All {
		if wanted(rule) {
			ids = append(ids, string(rule.ID))
		}
	}
	return ids
}

// Each check, taken out of the program alone, fails every request that it has to
// answer, and so would be missed. A server is built in which any check can be
// taken out; with all of them in their places it conforms.
func TestMissingChecksAreFound(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T5", "without any one of the documented checks the conformance run fails by its id")
	m := startMutable(t)
	sampled := sampleOf(ruleIDs(func(rules.Rule) bool { return true }), amount(10, len(rules.All)))
	whole := m.run(t, sampled...)
	require.Empty(t, whole.Unasked())
	for _, r := range whole.Results {
		require.Equal(t, report.Passed, r.Outcome, "%s fails with every check in its place: %s", r.ID, strings.Join(r.Misses, "; "))
	}

	var survived []string
	for _, id := range sampled {
		m.without(t, id)
		for _, r := range m.run(t, id).Results {
			tr.add("requests", 1)
			if slices.Contains(r.Rules, rules.ID(id)) && r.Outcome == report.Passed {
				survived = append(survived, r.ID)
			}
		}
		tr.add("checks taken out", 1)
	}
	require.Empty(t, survived, "these requests are answered the same without the check that should answer them")
}

// mutable is a sandbox with a hand on its checks: the one that a file names does
// nothing.
type mutable struct{ url, hand string }

// without takes one check out, and puts the former one back.
func (m *mutable) without(t *testing.T, id string) {
	t.Helper()
	require.NoError(t, os.WriteFile(m.hand, []byte(id), 0o600))
}

// run sends the requests that some rules have to answer.
func (m *mutable) run(t *testing.T, ids ...string) *conformance.Results {
	t.Helper()
	results, err := conformance.Run(t.Context(), conformance.Options{
		BaseURL: m.url, Rules: ids, Timeout: 30 * time.Second, Clock: clock.New(),
	})
	require.NoError(t, err, "%v", ids)
	require.NotEmpty(t, results.Results)
	return results
}

// startMutable builds the sandbox from mutable sources and runs it.
func startMutable(t *testing.T) *mutable {
	t.Helper()
	m := &mutable{hand: filepath.Join(t.TempDir(), "hand")}
	m.without(t, "")
	m.url = startChanged(t, mutableSources(t, repository), handVariable+"="+m.hand)
	return m
}

// startChanged builds the sandbox from sources some of which are changed, and
// runs it until the test ends.
func startChanged(t *testing.T, sources map[string]string, environ ...string) (baseURL string) {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs(repository)
	require.NoError(t, err)
	overlay := map[string]string{}
	for file, source := range sources {
		changed := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		require.NoError(t, os.WriteFile(changed, []byte(source), 0o600))
		overlay[filepath.Join(root, file)] = changed
	}
	raw, err := json.Marshal(map[string]any{"Replace": overlay})
	require.NoError(t, err)
	replacements, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "esoz-sandbox")
	require.NoError(t, os.WriteFile(replacements, raw, 0o600))
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", replacements, "-o", binary, "./cmd/esoz-sandbox")
	build.Dir = root
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)

	sandbox := exec.Command(binary, "--ephemeral", "--listen", "127.0.0.1:0")
	sandbox.Env = append(append(os.Environ(), "LOG_LEVEL=error"), environ...)
	sandbox.Stderr = os.Stderr
	out, err := sandbox.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, sandbox.Start())
	t.Cleanup(func() {
		require.NoError(t, sandbox.Process.Signal(syscall.SIGTERM))
		require.NoError(t, sandbox.Wait())
	})
	address := regexp.MustCompile(`API +(http://\S+)`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if found := address.FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, out) }() // the banner goes on
			return found[1]
		}
	}
	t.Fatal("the changed sandbox did not start")
	return ""
}

// handVariable names the file that names the check that is taken out.
const handVariable = "ESOZ_TORTURE_WITHOUT"

// placesByHand are changes that the general one does not make, by file.
var placesByHand = map[string][]struct{ search, replace string }{
	// Refusals that can be absent, and their makers: nil stands for a check that passes.
	"internal/platform/fault/fault.go": {
		{`(?m)^import \(`, "import (\n\t\"os\""},
		{`func \(e \*Error\) After\(d time\.Duration\) \*Error \{`, "$0\n\tif e == nil {\n\t\treturn nil\n\t}"},
		{`\z`, `
func Out(id rules.ID) bool {
	raw, err := os.ReadFile(os.Getenv("` + handVariable + `"))
	return err == nil && string(raw) == string(id)
}

func MayRefuse(id rules.ID, args ...any) *Error {
	if Out(id) {
		return nil
	}
	return Refuse(id, args...)
}

func MayRefuseAt(id rules.ID, entry string, params any, args ...any) *Error {
	if Out(id) {
		return nil
	}
	return RefuseAt(id, entry, params, args...)
}

func MayRefuseItem(id rules.ID, index int, params any, args ...any) *Error {
	if Out(id) {
		return nil
	}
	return RefuseItem(id, index, params, args...)
}
`},
	},
	"internal/platform/fault/fact.go":        {{`func \(e \*Error\) With\(f Fact\) \*Error \{`, "$0\n\tif e == nil {\n\t\treturn nil\n\t}"}},
	"internal/operation/check.go":            {{`if on\(r\.Rules\[0\]\) \{`, "if r != nil && on(r.Rules[0]) {"}},
	"internal/platform/httpapi/operation.go": {{`refusal\.Guard = id`, "if refusal != nil {\n\t\trefusal.Guard = id\n\t}"}},
	// The rules of a body's shape are asked for by their ids.
	"internal/platform/validation/validation.go": {{`if !on\(id\) \{`, "if !on(id) || fault.Out(id) {"}},
}

// mutableSources are the sources of the server, changed so that a refusal may be
// nil: `return a, fault.Refuse(id)` returns only when there is one.
func mutableSources(t *testing.T, root string) map[string]string {
	t.Helper()
	sources := map[string]string{}
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"conformance", "fault", "testkit", "lab", "world", "testdata"}, entry.Name()):
			return fs.SkipDir // what knows the right answers, or asks for them
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read a source: %w", err)
		}
		changed, err := withoutReturns(path, string(raw))
		if err != nil {
			return err
		}
		if changed != string(raw) {
			file, err := filepath.Rel(root, path)
			if err != nil {
				return fmt.Errorf("name a source: %w", err)
			}
			sources[filepath.ToSlash(file)] = changed
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, sources)
	for file, places := range placesByHand {
		source, changed := sources[file]
		if !changed {
			raw, err := os.ReadFile(filepath.Join(root, file))
			require.NoError(t, err)
			source = string(raw)
		}
		for _, place := range places {
			search := regexp.MustCompile(place.search)
			require.Len(t, search.FindAllString(source, -1), 1, "%s must fit once in %s", place.search, file)
			source = search.ReplaceAllStringFunc(source, func(found string) string {
				return strings.ReplaceAll(place.replace, "$0", found)
			})
		}
		sources[file] = source
	}
	return sources
}

// edit replaces a stretch of a source.
type edit struct {
	from, to int
	text     string
}

// withoutReturns has refusals made by functions that may give none, and goes on
// where there is none. A function that returns an error and would end there
// panics: nothing can be answered without that check.
func withoutReturns(path, source string) (string, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
	if err != nil {
		return "", fmt.Errorf("parse: %w", err)
	}
	at := func(p token.Pos) int { return files.Position(p).Offset }
	var edits []edit
	var functions []function // around a node, outermost first
	ending := map[*ast.BlockStmt]bool{}
	var around []ast.Node
	ast.Inspect(parsed, func(n ast.Node) bool {
		if n == nil {
			switch around[len(around)-1].(type) {
			case *ast.FuncDecl, *ast.FuncLit:
				functions = functions[:len(functions)-1]
			}
			around = around[:len(around)-1]
			return true
		}
		around = append(around, n)
		switch n := n.(type) {
		case *ast.FuncDecl:
			functions = append(functions, function{n.Type, n.Body})
		case *ast.FuncLit:
			functions = append(functions, function{n.Type, n.Body})
		case *ast.SelectorExpr:
			if isFault(n, "Refuse", "RefuseAt", "RefuseItem") {
				edits = append(edits, edit{at(n.Sel.Pos()), at(n.Sel.Pos()), "May"})
			}
		case *ast.ReturnStmt:
			inner := functions[len(functions)-1]
			for _, result := range n.Results {
				if !makesRefusal(result) || inner.returnsRefusal() {
					continue
				}
				before, after := source[at(n.Pos()):at(result.Pos())], source[at(result.End()):at(n.End())]
				edits = append(edits,
					edit{at(n.Pos()), at(result.Pos()), "if refused := "},
					edit{at(result.End()), at(n.End()), "; refused != nil { " + before + "refused" + after + " }"})
				if !ending[inner.body] {
					ending[inner.body] = true
					end := at(inner.body.Rbrace)
					edits = append(edits, edit{end, end, "\npanic(\"a check that the rest needs is out\")\n"})
				}
				break
			}
		}
		return true
	})
	slices.SortStableFunc(edits, func(a, b edit) int { return b.from - a.from })
	for _, e := range edits {
		source = source[:e.from] + e.text + source[e.to:]
	}
	return source, nil
}

// function is one around a node.
type function struct {
	kind *ast.FuncType
	body *ast.BlockStmt
}

// returnsRefusal tells whether the last result is a *fault.Error, which may be
// nil: it needs no change.
func (f function) returnsRefusal() bool {
	if f.kind.Results == nil {
		return false
	}
	results := f.kind.Results.List
	pointer, ok := results[len(results)-1].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	selector, ok := pointer.X.(*ast.SelectorExpr)
	return ok && isFault(selector, "Error")
}

// makesRefusal tells whether an expression is a call that makes a refusal.
func makesRefusal(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	switch selector.Sel.Name {
	case "refuse": // op.refuse of httpapi
		return len(call.Args) > 0 && isRuleID(call.Args[0])
	case "After":
		return makesRefusal(selector.X)
	}
	return isFault(selector, "Refuse", "RefuseAt", "RefuseItem")
}

func isFault(s *ast.SelectorExpr, names ...string) bool {
	of, ok := s.X.(*ast.Ident)
	return ok && of.Name == "fault" && slices.Contains(names, s.Sel.Name)
}

func isRuleID(e ast.Expr) bool {
	selector, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	of, ok := selector.X.(*ast.Ident)
	return ok && of.Name == "rules"
}

func TestWithoutReturns(t *testing.T) {
	t.Parallel()
	changed, err := withoutReturns("x.go", `package x

func one(id string) (int, error) {
	if id == "" {
		return 0, fault.Refuse(rules.A).After(1)
	}
	return 1, nil
}

var two = func() error { return gate.refuse(rules.B, "path", 1) }

func three() *fault.Error { return fault.RefuseAt(rules.C, "$.c", nil) }
`)
	require.NoError(t, err)
	require.Equal(t, `package x

func one(id string) (int, error) {
	if id == "" {
		if refused := fault.MayRefuse(rules.A).After(1); refused != nil { return 0, refused }
	}
	return 1, nil

panic("a check that the rest needs is out")
}

var two = func() error { if refused := gate.refuse(rules.B, "path", 1); refused != nil { return refused } 
panic("a check that the rest needs is out")
}

func three() *fault.Error { return fault.MayRefuseAt(rules.C, "$.c", nil) }
`, changed)
	_, err = withoutReturns("x.go", "no source")
	require.Error(t, err)
}
