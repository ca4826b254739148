package publish

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// BaseURL is the server that the code samples call.
const BaseURL = "https://api.ehealth.gov.ua"

//go:embed samples/*.tmpl
var sampleFiles embed.FS

var sampleTemplates = template.Must(template.New("").Funcs(template.FuncMap{
	"json":   func(n *yaml.Node, indent string) string { return literal(n, jsonWords, indent) },
	"ts":     func(n *yaml.Node, indent string) string { return literal(n, typescriptWords, indent) },
	"python": func(n *yaml.Node, indent string) string { return literal(n, pythonWords, indent) },
	"php":    func(n *yaml.Node, indent string) string { return literal(n, phpWords, indent) },
	"sh":     shellQuote,
	"goraw":  goRaw,
	"goname": goName,
	"pascal": func(s string) string { return strings.ToUpper(s[:1]) + strings.ToLower(s[1:]) },
	"upper":  strings.ToUpper,
}).ParseFS(sampleFiles, "samples/*.tmpl"))

// languages are those that every operation has a sample in.
var languages = []struct{ lang, label, template string }{
	{"Shell", "curl", "curl.tmpl"},
	{"Go", "Go", "go.tmpl"},
	{"TypeScript", "TypeScript", "typescript.tmpl"},
	{"Python", "Python", "python.tmpl"},
	{"C#", "C#", "csharp.tmpl"},
	{"PHP", "PHP", "php.tmpl"},
}

// call is what a sample shows: one request, made of the operation's examples.
type call struct {
	Base    string
	ID      string // operationId
	Method  string // as in the document, in lower case
	Path    string // with {placeholders}
	Target  string // the path with its values
	Query   string // what follows the path, with its ?
	Token   bool   // wants a token beside the keys, which every call wants
	Success string // status of the answer that carries what was asked for, "" when there are several

	PathValues, QueryValues *yaml.Node // mappings from the names of what is required to values
	Params                  bool       // takes query parameters, required or not; the Go SDK has no argument for headers
	Body                    *yaml.Node // nil when there is none
}

// named is a parameter with its value.
type named struct {
	Name  string
	Value *yaml.Node
}

// PathEntries are the path parameters as they follow each other.
func (c *call) PathEntries() []named { return list(c.PathValues) }

// QueryEntries are the required query parameters.
func (c *call) QueryEntries() []named { return list(c.QueryValues) }

func list(mapping *yaml.Node) []named {
	var entries []named
	for name, value := range tree.Entries(mapping) {
		entries = append(entries, named{name, value})
	}
	return entries
}

// MayHaveBody tells whether the method is one that sends bodies.
func (c *call) MayHaveBody() bool { return c.Method != "get" && c.Method != "delete" }

// codeSamples are the samples of an operation in all languages.
func codeSamples(root *yaml.Node, op operation) (*yaml.Node, error) {
	c, err := newCall(root, op)
	if err != nil {
		return nil, err
	}
	samples := tree.Sequence()
	for _, l := range languages {
		var source bytes.Buffer
		if err := sampleTemplates.ExecuteTemplate(&source, l.template, c); err != nil {
			return nil, err
		}
		samples.Content = append(samples.Content,
			tree.Mapping("lang", l.lang, "label", l.label, "source", strings.TrimSpace(source.String())+"\n"))
	}
	return samples, nil
}

func newCall(root *yaml.Node, op operation) (*call, error) {
	c := &call{
		Base: BaseURL, ID: op.id, Method: op.method, Path: op.path, Target: op.path,
		Token:      len(tree.Items(tree.At(op.node, "security"))) > 0,
		PathValues: tree.Mapping(), QueryValues: tree.Mapping(),
	}
	query := url.Values{}
	for _, parameter := range inOrder(root, op) {
		name, in := tree.Text(parameter, "name"), tree.Text(parameter, "in")
		c.Params = c.Params || in == "query"
		if tree.Text(parameter, "required") != "true" {
			continue
		}
		value := example(root, parameter)
		if value == nil {
			return nil, fmt.Errorf("required parameter %s has no example", name)
		}
		switch in {
		case "path":
			tree.Set(c.PathValues, name, value)
			c.Target = strings.ReplaceAll(c.Target, "{"+name+"}", url.PathEscape(value.Value))
		case "query":
			tree.Set(c.QueryValues, name, value)
			query.Set(name, value.Value)
		default:
			return nil, fmt.Errorf("required parameter %s in %s: no sample shows such", name, in)
		}
	}
	if len(query) > 0 {
		c.Query = "?" + query.Encode()
	}
	if body := follow(root, tree.At(op.node, "requestBody")); body != nil {
		if c.Body = example(root, tree.At(body, "content", "application/json")); c.Body == nil {
			return nil, errors.New("the body has no example in application/json")
		}
	}
	c.Success = success(op.node)
	return c, nil
}

// success is the one status that an operation succeeds with; "" when there are several.
func success(op *yaml.Node) string {
	var found []string
	for status := range tree.Entries(tree.At(op, "responses")) {
		if status < "400" {
			found = append(found, status)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// inOrder are an operation's parameters, those of the path in the order of the path.
func inOrder(root *yaml.Node, op operation) []*yaml.Node {
	parameters := make([]*yaml.Node, len(op.parameters))
	for i, n := range op.parameters {
		parameters[i] = follow(root, n)
	}
	slices.SortStableFunc(parameters, func(a, b *yaml.Node) int {
		place := func(n *yaml.Node) int { return strings.Index(op.path, "{"+tree.Text(n, "name")+"}") }
		return cmp.Compare(place(a), place(b))
	})
	return parameters
}

// example is the first example of a parameter or of a content; nil when it has none.
func example(root, n *yaml.Node) *yaml.Node {
	for _, named := range tree.Entries(tree.At(n, "examples")) {
		return tree.At(follow(root, named), "value")
	}
	if value := tree.At(n, "example"); value != nil {
		return value
	}
	return tree.At(follow(root, tree.At(n, "schema")), "example")
}

// follow returns n, or what it refers to when it is a reference.
func follow(root, n *yaml.Node) *yaml.Node {
	for range 10 {
		pointer, local := strings.CutPrefix(tree.Text(n, "$ref"), "#/")
		if !local {
			break
		}
		n = tree.At(root, strings.Split(pointer, "/")...)
	}
	return n
}

// shellQuote writes a text as one word of a shell.
func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// goRaw writes a text as a raw string of Go, which holds no backtick.
func goRaw(text string) string { return "`" + strings.ReplaceAll(text, "`", "` + \"`\" + `") + "`" }

// goName is the name that the Go SDK gives to an operation or parameter: createDivision is CreateDivision, and
// settlement_id SettlementID.
func goName(name string) string {
	var out strings.Builder
	for _, word := range words(name) {
		if initialisms[strings.ToUpper(word)] {
			word = strings.ToUpper(word)
		}
		out.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return out.String()
}

// initialisms are the words of the document's names that Go writes in capitals.
var initialisms = map[string]bool{"API": true, "ID": true, "OTP": true, "SMS": true, "URL": true, "UUID": true}

// words splits camelCase and snake_case.
func words(name string) []string {
	var spaced strings.Builder
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			spaced.WriteByte('_')
		}
		spaced.WriteRune(c)
	}
	return strings.FieldsFunc(spaced.String(), func(c rune) bool { return c == '_' || c == '-' })
}
