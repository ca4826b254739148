package torture

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/conformance"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/dictionaries"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// target is an operation of the contract with requests of the world that
// pass.
type target struct {
	id, method, path string
	spec             *openapi3.Operation
	parameters       []*openapi3.Parameter
	passing          []world.Request
}

// subjects are all operations of the contract, by id.
func subjects(t *testing.T) []target {
	t.Helper()
	contract, err := conformance.Contract()
	require.NoError(t, err)
	cases := testkit.World().Cases
	var all []target
	for path, item := range contract.Paths.Map() {
		for method, spec := range item.Operations() {
			op := target{id: spec.OperationID, method: method, path: path, spec: spec}
			for _, parameter := range slices.Concat(item.Parameters, spec.Parameters) {
				op.parameters = append(op.parameters, parameter.Value)
			}
			for _, c := range cases {
				if c.OperationID == op.id && len(c.Rules) == 0 && len(c.Config) == 0 {
					op.passing = append(op.passing, c.Request)
				}
			}
			require.NotEmpty(t, op.passing, "the world has no request that %s accepts", op.id)
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b target) int { return strings.Compare(a.id, b.id) })
	return all
}

// body is the schema of the operation's body, nil when it has none.
func (op *target) body() *openapi3.Schema {
	if op.spec.RequestBody == nil {
		return nil
	}
	return op.spec.RequestBody.Value.Content.Get("application/json").Schema.Value
}

// lists tells whether the contract lists a rule for the operation.
func (op *target) lists(id rules.ID) bool {
	if id == rules.GatewayPath || slices.Contains(rules.Guards(op.id), id) {
		return true
	}
	return slices.ContainsFunc(rules.OfOperation(op.id), func(r rules.Rule) bool { return r.ID == id })
}

// inProcess sends requests to a server's handler without a network between.
type inProcess struct {
	handler  http.Handler
	contract *conformance.Document
}

func newInProcess(t *testing.T, s *testkit.Server) *inProcess {
	t.Helper()
	contract, err := conformance.Contract()
	require.NoError(t, err)
	return &inProcess{handler: s.Handler, contract: contract}
}

// send returns the answer, or what of it must never be: a failure of the
// server, an envelope that does not fit its status, anything that the contract
// does not allow, a refusal by a rule that it does not list there.
func (c *inProcess) send(op *target, r world.Request, body []byte) (*testkit.Response, error) {
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(r.Method + " " + r.Path + " HTTP/1.1\r\nHost: esoz\r\n\r\n")))
	if err != nil {
		return nil, fmt.Errorf("net/http does not read the request: %w", err)
	}
	for name, value := range r.Headers {
		request.Header.Set(name, value)
	}
	request.RemoteAddr = "192.0.2.1:1234"
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	recorder := httptest.NewRecorder()
	c.handler.ServeHTTP(recorder, request)

	answer := &testkit.Response{Status: recorder.Code, Header: recorder.Header(), Raw: recorder.Body.Bytes()}
	if err := json.Unmarshal(answer.Raw, &answer.Body); err != nil {
		return answer, fmt.Errorf("no JSON: %w", err)
	}
	var wrong []error
	if code, _ := answer.Body.Meta["code"].(float64); int(code) != answer.Status {
		wrong = append(wrong, errors.New("meta.code is not the status"))
	}
	if answer.Body.Meta["request_id"] != answer.Header.Get("X-Request-Id") {
		wrong = append(wrong, errors.New("meta.request_id is not that of X-Request-ID"))
	}
	named := answer.Rules()
	if answer.Status >= http.StatusBadRequest && len(named) == 0 {
		wrong = append(wrong, errors.New("refused by no rule"))
	}
	for _, id := range named {
		if !op.lists(rules.ID(id)) {
			wrong = append(wrong, fmt.Errorf("the contract does not list %s", id))
		}
	}
	path, _, _ := strings.Cut(r.Path, "?")
	if err := c.contract.Check(r.Method, path, answer.Status, answer.Header, answer.Raw); err != nil {
		wrong = append(wrong, err)
	}
	return answer, errors.Join(wrong...)
}

// excerpt is as much of a text as a failure needs.
func excerpt(text []byte) string {
	const enough = 2000
	if len(text) > enough {
		return fmt.Sprintf("%q… (%d bytes)", text[:enough], len(text))
	}
	return fmt.Sprintf("%q", text)
}

// randomnessOf of one operation: the same for the same -seed.
func randomnessOf(operation string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(operation)) // never fails
	return rand.New(rand.NewPCG(*seed, h.Sum64()))
}

// A body that breaks its schema is refused, whichever way it does: 422 names
// each place that is broken and no other, what is no JSON is 400, and nothing is
// written.
func TestBrokenBodies(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T1", "a body that breaks its schema is refused by the place where it does, and never otherwise")
	s := testkit.New(t, testkit.Idle())
	c := newInProcess(t, s)
	tables := []string{"prm.divisions", "otp.verifications", "mithril.tokens", "river.river_job"}
	before := map[string]int{}
	for _, table := range tables {
		before[table] = s.Count(t, table)
	}
	t.Run("operations", func(t *testing.T) {
		all := slices.DeleteFunc(subjects(t), func(op target) bool { return op.body() == nil })
		for _, op := range all {
			t.Run(op.id, func(t *testing.T) {
				t.Parallel()
				breakBodies(t, tr, c, &op, each(*manifold*10_000, 1_000_000, len(all)))
			})
		}
	})
	for _, table := range tables {
		require.Equal(t, before[table], s.Count(t, table), table)
	}
}

func breakBodies(t *testing.T, tr *trial, c *inProcess, op *target, n int) {
	var bases []bodyBase
	for _, request := range op.passing {
		if request.Body != nil || request.Raw != "" { // a body that may be left out cannot be broken where it is
			bases = append(bases, newBodyBase(t, op, request))
		}
	}
	r := randomnessOf(op.id)
	for i := range n {
		b := bases[r.IntN(len(bases))]
		broken := b.breakIt(t, r)
		answer, err := c.send(op, b.request, broken.raw)
		why := func() string {
			return fmt.Sprintf("body %d of -args -seed %d, broken by %s: %s\nanswered %d: %s",
				i, *seed, strings.Join(broken.by, ", "), excerpt(broken.raw), answer.Status, excerpt(answer.Raw))
		}
		if err != nil {
			require.NoError(t, err, why())
		}
		if miss := broken.judge(answer); miss != "" {
			t.Fatal(miss + "\n" + why())
		}
	}
	tr.add("broken bodies", n)
}

// bodyBase is a request that passes, and all the ways to break its body at one place.
type bodyBase struct {
	request world.Request
	body    any // as it is decoded
	raw     []byte
	flaws   []flaw
}

func newBodyBase(t *testing.T, op *target, request world.Request) bodyBase {
	t.Helper()
	b := bodyBase{request: request}
	var err error
	b.raw, err = json.Marshal(request.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b.raw, &b.body))
	w := flawFinder{t: t}
	w.walk(op.body(), b.body, nil)
	b.flaws = w.found
	return b
}

// flaw is a way to break a body.
type flaw struct {
	kind string
	draw func(r *rand.Rand) damage
}

// damage is a flaw with everything chosen.
type damage struct {
	at    []any  // what it changes: keys and indexes
	entry string // the place that the answer must name
	renew func(old any) any
}

// takenAway takes the place of a member that is taken away.
type takenAway struct{}

// brokenBody is a body and the answer that it must get.
type brokenBody struct {
	raw     []byte
	by      []string
	entries []string // nil: it is no JSON
}

// breakIt breaks the body: mostly at one place, at times at several that have
// nothing to do with each other, at times as a text.
func (b *bodyBase) breakIt(t *testing.T, r *rand.Rand) brokenBody {
	t.Helper()
	if r.IntN(8) == 0 {
		for { // a body without a text has none to spoil
			s := spoilers[r.IntN(len(spoilers))]
			if spoiled := s.spoil(r, b.raw); !bytes.Equal(spoiled, b.raw) {
				return brokenBody{raw: spoiled, by: []string{s.kind}}
			}
		}
	}
	places := 1
	if r.IntN(4) == 0 {
		places = 2 + r.IntN(3)
	}
	result, body := brokenBody{}, b.body
	var taken []damage
	for range places {
		f := b.flaws[r.IntN(len(b.flaws))]
		d := f.draw(r)
		if slices.ContainsFunc(taken, func(other damage) bool { return overlap(d.at, other.at) }) {
			continue
		}
		taken = append(taken, d)
		body = changedAt(body, d.at, d.renew)
		result.by = append(result.by, f.kind+" at "+d.entry)
		result.entries = append(result.entries, d.entry)
	}
	var err error
	result.raw, err = json.Marshal(body)
	require.NoError(t, err, "%v", result.by)
	return result
}

// judge tells in what an answer is not the one that the body must get.
func (b *brokenBody) judge(answer *testkit.Response) string {
	if b.entries == nil {
		if answer.Status != http.StatusBadRequest || answer.Body.Error.Type != "request_malformed" {
			return "what is no JSON must be 400 request_malformed"
		}
		return ""
	}
	if answer.Status != http.StatusUnprocessableEntity || answer.Body.Error.Type != fault.TypeValidationFailed {
		return "a body that breaks the schema must be 422 validation_failed"
	}
	for _, id := range answer.Rules() {
		if rule, _ := rules.Get(rules.ID(id)); !rule.Schema && rule.Together != "body" {
			return id + " does not judge a body"
		}
	}
	var named []string
	for _, item := range answer.Body.Error.Invalid {
		named = append(named, item.Entry)
	}
	if want, got := distinctTexts(b.entries), distinctTexts(named); !slices.Equal(want, got) {
		return fmt.Sprintf("invalid must name %q and names %q", want, got)
	}
	return ""
}

func distinctTexts(texts []string) []string {
	sorted := slices.Sorted(slices.Values(texts))
	return slices.Compact(sorted)
}

// overlap tells whether one place lies in the other.
func overlap(a, b []any) bool {
	n := min(len(a), len(b))
	return slices.Equal(a[:n], b[:n])
}

// changedAt copies a value with what stands at a place made anew.
func changedAt(value any, at []any, renew func(old any) any) any {
	if len(at) == 0 {
		return renew(value)
	}
	switch step := at[0].(type) {
	case string:
		object, _ := value.(map[string]any)
		copied := maps.Clone(object)
		copied[step] = changedAt(object[step], at[1:], renew)
		if _, away := copied[step].(takenAway); away {
			delete(copied, step)
		}
		return copied
	case int:
		list, _ := value.([]any)
		copied := slices.Clone(list)
		copied[step] = changedAt(list[step], at[1:], renew)
		return copied
	}
	return value
}

// jsonPath prints a place as the answers do: $.addresses[0].zip.
func jsonPath(at []any) string {
	path := "$"
	for _, step := range at {
		switch step := step.(type) {
		case string:
			path += "." + step
		case int:
			path += fmt.Sprintf("[%d]", step)
		}
	}
	return path
}

func deeper(at []any, step any) []any { return append(slices.Clone(at), step) }

// flawFinder lists the flaws that a body can be given.
type flawFinder struct {
	t     *testing.T
	found []flaw
}

// at adds a flaw that puts another value at a place.
func (w *flawFinder) at(kind string, at []any, renew func(r *rand.Rand, old any) any) {
	w.found = append(w.found, flaw{kind, func(r *rand.Rand) damage {
		return damage{at: at, entry: jsonPath(at), renew: func(old any) any { return renew(r, old) }}
	}})
}

func (w *flawFinder) walk(schema *openapi3.Schema, value any, at []any) {
	require.Empty(w.t, schema.AllOf, "%s: the generator does not know allOf", jsonPath(at))
	require.Empty(w.t, schema.AnyOf, "%s: the generator does not know anyOf", jsonPath(at))
	require.Nil(w.t, schema.Not, "%s: the generator does not know not", jsonPath(at))
	w.wrongType(schema, at)
	switch value := value.(type) {
	case string:
		w.texts(schema, at)
	case float64:
		w.numbers(schema, at)
	case []any:
		w.lists(schema, value, at)
		for i, item := range value {
			w.walk(schema.Items.Value, item, deeper(at, i))
		}
	case map[string]any:
		w.objects(schema, value, at)
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if property := schema.Properties[name]; property != nil {
				w.walk(property.Value, value[name], deeper(at, name))
			}
		}
	}
}

// jsonKinds of JSON values, integers apart from other numbers.
var jsonKinds = []string{"null", "boolean", "number", "integer", "string", "array", "object"}

func (w *flawFinder) wrongType(schema *openapi3.Schema, at []any) {
	allowed := slices.Clone(schema.Type.Slice())
	for _, one := range schema.OneOf {
		allowed = append(allowed, one.Value.Type.Slice()...)
	}
	require.NotEmpty(w.t, allowed, "%s has no type", jsonPath(at))
	wrong := slices.DeleteFunc(slices.Clone(jsonKinds), func(kind string) bool {
		return slices.Contains(allowed, kind) || kind == "integer" && slices.Contains(allowed, "number") || kind == "null" && schema.Nullable
	})
	w.at("type", at, func(r *rand.Rand, _ any) any { return valueOfKind(r, wrong[r.IntN(len(wrong))]) })
	if !schema.Nullable {
		w.at("null", at, func(*rand.Rand, any) any { return nil })
	}
}

// valueOfKind makes a value without faults of its own.
func valueOfKind(r *rand.Rand, kind string) any {
	switch kind {
	case "boolean":
		return r.IntN(2) == 0
	case "number":
		return json.RawMessage(anyOf(r, "0.5", "-1.25", "1e-300", "123456.789", "-0.1E-7"))
	case "integer":
		return json.RawMessage(anyOf(r, "0", "-1", "1e2", "9007199254740993", "18446744073709551616", "1e308", "-1e308", "-0"))
	case "string":
		return hostileText(r)
	case "array":
		var list any = []any{}
		for range r.IntN(20) {
			list = []any{list}
		}
		return list
	case "object":
		return map[string]any{anyOf(r, "a", "__proto__", "toString", "$ref", ""): hostileText(r)}
	}
	return nil
}

func anyOf[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// hostileText makes a text that hurts whoever takes it for another one. It has no
// U+0000, which is a flaw by itself.
func hostileText(r *rand.Rand) string {
	if r.IntN(2) == 0 {
		return anyOf(r,
			"", " ", "null", "0", "\u202eevil", "a\u0301\u0323", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\ufeff", "\ufffd", "\uffff", "İıſK", "ﷺ", "';DROP TABLE prm.divisions;--", "{{7*7}}",
			"${jndi:ldap://127.0.0.1/a}", "%{pattern}", "%s%n%d", "../../etc/passwd", "<script>alert(1)</script>", "\r\nSet-Cookie: a=b", "\\u0000", "$where", "*",
		)
	}
	runes := make([]rune, r.IntN(40))
	for i := range runes {
		runes[i] = anyOf(r, rune('0'+r.IntN(10)), rune('a'+r.IntN(26)), rune(0x410+r.IntN(64)), rune(1+r.IntN(0xd7ff)), rune(0x10000+r.IntN(0xfffff)))
	}
	return string(runes)
}

// wrongTexts are texts that a format refuses, whatever else is said of it.
var wrongTexts = map[string][]string{
	"ua-name":     {"", "Ы", "Верба @", "a%b", "a&b", "$", "^a", "a^b", "#1", " Верба", "ёлка", "\tВерба", "\ufffd"},
	"ua-person":   {"", " ", "Ы", "a", "Петро ", "Пет2о", "Пет_ро", "Пет\nЫ"},
	"ua-building": {"", "0", "01", "a", "1Ы", "1a", "1_", "1\n", "123456789012345678901 2", "-1", "١"},
	"ua-email":    {"", "a", "a@b", "@b.com", "a b@c.com", "a@", "a@b..com", "a@@b.com", "a@b@c.com", "а@кома.укр", "a@b.c", "a@b.com ", "a@b.com\n", "\"a\"@b.com"},
	"date":        {"", "soon", "2023-02-29", "2023-13-01", "2023-1-1", "01.01.2023", "2023-01-01T00:00:00Z", "+2023-01-01"},
	"date-time":   {"", "soon", "2023-02-29T00:00:00Z", "2023-01-01", "2023-01-01T00:00:00", "2023-01-01T1:00:00Z", "2023-01-01T00:00:00,5Z", "2023-01-01T24:00:00Z"},
	"moment":      {"", "soon", "2023-02-29T00:00:00Z", "2023-02-29", "2023-1-1", "2023-01-01T00:00:00", "2023-01-01T24:00:00Z", "+2023-01-01"},
	"uuid":        {"", "1", "d290f1ee6c544b0190e6d701748f0851", "{d290f1ee-6c54-4b01-90e6-d701748f0851}", "urn:uuid:d290f1ee-6c54-4b01-90e6-d701748f0851"},
}

// openFormats refuse no text. What is signed is judged by rules of its own. Of these dictionaries no code is known.
var openFormats = []string{"", "text", "password", "signed-content", "dictionary:LANGUAGE", "dictionary:ISSUING_COUNTRY"}

// openDictionaries take codes that they do not list.
var openDictionaries = sync.OnceValues(func() (map[string]bool, error) {
	all, err := dictionaries.Builtin()
	open := make(map[string]bool, len(all))
	for _, d := range all {
		open[d.Name] = d.Open
	}
	return open, err
})

func (w *flawFinder) texts(schema *openapi3.Schema, at []any) {
	w.at("U+0000", at, func(r *rand.Rand, old any) any {
		was, _ := old.(string)
		i := 0
		if was != "" {
			i = r.IntN(len(was))
		}
		for i > 0 && was[i]&0xc0 == 0x80 { // within a character
			i--
		}
		return was[:i] + "\x00" + was[i:]
	})
	if len(schema.OneOf) > 0 {
		return
	}
	dictionary, isCode := strings.CutPrefix(schema.Format, "dictionary:")
	open, err := openDictionaries()
	require.NoError(w.t, err)
	switch {
	case isCode && open[dictionary]:
	case isCode:
		w.at("dictionary "+dictionary, at, func(r *rand.Rand, old any) any {
			was, _ := old.(string)
			return anyOf(r, "¡"+hostileText(r), was+" ", was+"_", strings.ToLower(was)+"¡", "")
		})
	case len(schema.Enum) > 0:
		w.at("enum", at, func(r *rand.Rand, _ any) any { return "¡" + hostileText(r) })
	case schema.Pattern != "":
		pattern := regexp.MustCompile(schema.Pattern)
		w.at("pattern", at, func(r *rand.Rand, old any) any {
			was, _ := old.(string)
			for {
				if wrong := anyOf(r, hostileText(r), was+hostileText(r), hostileText(r)+was, was+"\n", strings.Replace(was, "0", "٠", 1), ""); !pattern.MatchString(wrong) {
					return wrong
				}
			}
		})
	case !slices.Contains(openFormats, schema.Format):
		wrong := wrongTexts[schema.Format]
		require.NotEmpty(w.t, wrong, "%s: the generator does not know what breaks the format %s", jsonPath(at), schema.Format)
		w.at("format "+schema.Format, at, func(r *rand.Rand, _ any) any { return wrong[r.IntN(len(wrong))] })
	}
	const longest = 4096 // what is longer breaks the limit of the body first
	if most := schema.MaxLength; most != nil && *most <= longest {
		w.at("too long", at, func(r *rand.Rand, _ any) any {
			return strings.Repeat(anyOf(r, "а", "1", "🙂"), int(*most)+1+r.IntN(50))
		})
	}
	if schema.MinLength > 0 {
		w.at("too short", at, func(*rand.Rand, any) any { return "" })
	}
}

func (w *flawFinder) numbers(schema *openapi3.Schema, at []any) {
	if least := schema.Min; least != nil {
		w.at("too small", at, func(r *rand.Rand, _ any) any { return *least - float64(1+r.IntN(1000)) })
	}
	if most := schema.Max; most != nil {
		w.at("too large", at, func(r *rand.Rand, _ any) any { return *most + float64(1+r.IntN(1000)) })
	}
	if schema.MultipleOf != nil {
		w.at("no multiple", at, func(*rand.Rand, any) any { return *schema.MultipleOf * 1.5 })
	}
}

func (w *flawFinder) lists(schema *openapi3.Schema, value, at []any) {
	// What is longer breaks the limit of values first.
	const most = 64
	if least := int(schema.MinItems); least > 0 {
		w.at("too few items", at, func(_ *rand.Rand, old any) any {
			list, _ := old.([]any)
			return list[:least-1]
		})
	}
	if len(value) == 0 {
		return
	}
	if limit := schema.MaxItems; limit != nil && *limit <= most {
		w.at("too many items", at, func(r *rand.Rand, _ any) any {
			return slices.Repeat(value[:1], int(*limit)+1+r.IntN(5))
		})
	}
	if schema.UniqueItems {
		w.at("an item twice", at, func(*rand.Rand, any) any { return append(slices.Clone(value), value[0]) })
	}
}

func (w *flawFinder) objects(schema *openapi3.Schema, value map[string]any, at []any) {
	for _, name := range schema.Required {
		if _, has := value[name]; has {
			w.at("missing", deeper(at, name), func(*rand.Rand, any) any { return takenAway{} })
		}
	}
	names := slices.Sorted(maps.Keys(value))
	for _, name := range names {
		w.found = append(w.found, flaw{"a key twice", func(r *rand.Rand) damage {
			return damage{at: at, entry: jsonPath(deeper(at, name)), renew: func(old any) any { return keyTwice(w.t, r, old, name) }}
		}})
	}
	if open := schema.AdditionalProperties.Has; open == nil || *open {
		return
	}
	known := slices.Sorted(maps.Keys(schema.Properties))
	w.found = append(w.found, flaw{"an unknown key", func(r *rand.Rand) damage {
		like := anyOf(r, known...)
		key := anyOf(r, "", "status", "id", "__proto__", "a.b", "[0]", "$", "a\"b\\", "ідентифікатор", "\u202e", "🙂", strings.Repeat("k", 300),
			strings.ToUpper(like), strings.ToUpper(like[:1])+like[1:], like+" ", like+"\ufeff")
		for schema.Properties[key] != nil {
			key += "_"
		}
		at := deeper(at, key)
		return damage{at: at, entry: jsonPath(at), renew: func(any) any { return valueOfKind(r, anyOf(r, jsonKinds...)) }}
	}})
}

// keyTwice writes an object with a key that stands in it already, as it is or
// escaped; the last one is the one that was there.
func keyTwice(t *testing.T, r *rand.Rand, object any, key string) json.RawMessage {
	raw, err := json.Marshal(object)
	require.NoError(t, err)
	name, err := json.Marshal(key)
	require.NoError(t, err)
	if r.IntN(2) == 0 {
		name = []byte(`"`)
		for _, character := range key {
			require.Less(t, character, rune(0x10000))
			name = fmt.Appendf(name, `\u%04x`, character)
		}
		name = append(name, '"')
	}
	value, err := json.Marshal(valueOfKind(r, anyOf(r, jsonKinds...)))
	require.NoError(t, err)
	return slices.Concat([]byte("{"), name, []byte(":"), value, []byte(","), raw[1:])
}

// spoiler makes a text of a body that is no JSON, or none that is read.
type spoiler struct {
	kind  string
	spoil func(r *rand.Rand, raw []byte) []byte
}

// behindMark puts a text behind the first mark of a body.
func behindMark(raw []byte, mark, text string) []byte {
	return []byte(strings.Replace(string(raw), mark, mark+text, 1))
}

var spoilers = []spoiler{
	{"its end cut off", func(r *rand.Rand, raw []byte) []byte { return raw[:1+r.IntN(len(raw)-1)] }},
	{"something behind it", func(r *rand.Rand, raw []byte) []byte {
		return append(slices.Clone(raw), anyOf(r, "{}", "x", ",", "]", "}", "null", "\x00", "//", "\ufeff")...)
	}},
	{"something before it", func(r *rand.Rand, raw []byte) []byte {
		return append([]byte(anyOf(r, "\ufeff", "x", ",", "[", ")]}',\n", "\x00", "\u00a0", "//\n")), raw...)
	}},
	{"bytes that are no UTF-8", func(r *rand.Rand, raw []byte) []byte {
		return behindMark(raw, `"`, anyOf(r, "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xe2\x82"))
	}},
	{"half a surrogate pair", func(r *rand.Rand, raw []byte) []byte {
		return behindMark(raw, `"`, anyOf(r, `\ud800`, `\udfff`, `\ude00\ud83d`, `\ud83d\u0061`))
	}},
	{"a control character in a text", func(r *rand.Rand, raw []byte) []byte {
		return behindMark(raw, `"`, anyOf(r, "\n", "\t", "\x00", "\x1f"))
	}},
	{"an escape that is none", func(r *rand.Rand, raw []byte) []byte {
		return behindMark(raw, `"`, anyOf(r, `\x`, `\u1x`, `\uzzzz`, `\'`, `\U`))
	}},
	{"a number that is none", func(r *rand.Rand, raw []byte) []byte {
		return behindMark(raw, "{", `"n":`+anyOf(r, "NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "0x10", "1e", "-", "1_000", "٣")+",")
	}},
	{"a number beyond all", func(r *rand.Rand, raw []byte) []byte {
		return behindMark(raw, "{", `"n":`+anyOf(r, "1e400", "-1e400", "1e999999999", strings.Repeat("9", 400))+",")
	}},
	{"not JSON", func(r *rand.Rand, raw []byte) []byte {
		return anyOf(r, []byte("{'a':1}"), []byte("{a:1}"), []byte(`{"a":1,}`), []byte(`{"a" 1}`), []byte("[1,]"), []byte("undefined"), []byte("True"),
			[]byte("<a/>"), []byte("a=1&b=2"), []byte{0xff, 0xfe, '{', 0, '}', 0}, []byte("\x1f\x8b\x08\x00"), bytes.ReplaceAll(raw, []byte(`"`), []byte("'")))
	}},
	{"too deep", func(r *rand.Rand, _ []byte) []byte {
		n := 66 + r.IntN(anyOf(r, 10, 1000, 100_000))
		opened, closed := strings.Repeat("[", n), strings.Repeat("]", n)
		if r.IntN(2) == 0 {
			opened, closed = strings.Repeat(`{"a":`, n)+"1", strings.Repeat("}", n)
		}
		return []byte(opened + anyOf(r, closed, ""))
	}},
	{"too many values", func(r *rand.Rand, raw []byte) []byte {
		return behindMark(raw, "{", `"list":[`+strings.Repeat("0,", 10_000+r.IntN(100_000))+"0],")
	}},
}
