package reference

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// contract is a document of OpenAPI, as far as pages show it. What has an order in it keeps its order.
type contract struct {
	Info       struct{ Both }
	Tags       []group
	Paths      members[members[json.RawMessage]]
	Components struct {
		Schemas    map[string]schema
		Parameters map[string]parameter
		Responses  map[string]response
	}
}

// Both is a text in the two languages of the pages.
type Both struct {
	Description   string
	DescriptionUK string `json:"x-description-uk"`
}

// member is a member of an object of JSON.
type member[T any] struct {
	Name  string
	Value T
}

// members are the members of an object of JSON, in its order.
type members[T any] []member[T]

func (m *members[T]) UnmarshalJSON(raw []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	_, err := decoder.Token() // the brace
	for err == nil && decoder.More() {
		var name json.Token
		if name, err = decoder.Token(); err != nil {
			break
		}
		var value T
		err = decoder.Decode(&value)
		*m = append(*m, member[T]{fmt.Sprint(name), value})
	}
	if err != nil {
		return fmt.Errorf("read an object: %w", err)
	}
	return nil
}

// call is what the contract says about calling an operation.
type call struct {
	OperationID string
	Summary     string
	SummaryUK   string `json:"x-summary-uk"`
	Both
	Tags        []string
	Deprecated  bool
	Security    []map[string][]string
	Source      []struct{ Title, Ref string } `json:"x-source"`
	Idempotent  bool                          `json:"x-idempotent"`
	Aliases     []string                      `json:"x-aliases"`
	Parameters  []parameter
	RequestBody *struct {
		Both
		Content map[string]media
	}
	Responses members[response]
}

type parameter struct {
	Ref      string `json:"$ref"`
	Name, In string
	Required bool
	Schema   schema
	Example  json.RawMessage
	Both
}

type response struct {
	Ref string `json:"$ref"`
	Both
	Content map[string]media
}

type media struct {
	Schema   schema
	Example  json.RawMessage
	Examples members[struct {
		Summary   string
		SummaryUK string `json:"x-summary-uk"`
		Value     json.RawMessage
	}]
}

// schema is a schema of OpenAPI 3.0.
type schema struct {
	Ref string `json:"$ref"`
	Both
	Type, Format, Pattern                    string
	Nullable                                 bool
	Enum                                     []json.RawMessage
	Default, Example                         json.RawMessage
	MinLength, MaxLength, MinItems, MaxItems *json.Number
	Minimum, Maximum                         *json.Number
	Items                                    *schema
	Properties                               members[schema]
	Required                                 []string
	OneOf, AnyOf, AllOf                      []schema
	AdditionalProperties                     json.RawMessage
	Content                                  *schema `json:"x-content"` // of what is signed and sent as a text
}

// field is a field of an object, or a parameter.
type field struct {
	Name     string
	Type     kind
	Required bool
	In       string // of a parameter
	Bounds   []string
	Enum     []string
	Example  string
	Both
}

// kind is the type of a value in words, and the schema that it leads to.
type kind struct {
	Words string
	Of    []string // names of schemas
}

// described is a schema with its fields, if it has any.
type described struct {
	field
	Fields []field
}

// answer is one of the answers of an operation.
type answer struct {
	Status string
	Type   kind
	Examples
	Both
}

// Examples are bodies, indented.
type Examples []example

type example struct{ Title, TitleUK, Body string }

const schemas = "#/components/schemas/"

// kindOf tells the type of a value.
func kindOf(s *schema) kind {
	switch {
	case s.Ref != "":
		return kind{Of: []string{strings.TrimPrefix(s.Ref, schemas)}}
	case s.Content != nil:
		signed := kindOf(s.Content)
		return kind{Words: "base64, signed:", Of: signed.Of}
	case len(s.OneOf)+len(s.AnyOf)+len(s.AllOf) > 0:
		words, parts := "one of", slices.Concat(s.OneOf, s.AnyOf)
		if len(s.AllOf) > 0 {
			words, parts = "all of", s.AllOf
		}
		k := kind{Words: words}
		for i := range parts {
			part := kindOf(&parts[i])
			k.Of = append(k.Of, part.Of...)
			if len(part.Of) == 0 {
				k.Words += " " + part.Words
			}
		}
		return k
	case s.Items != nil:
		items := kindOf(s.Items)
		return kind{Words: strings.TrimSpace("array of " + items.Words), Of: items.Of}
	case s.Type == "object" && len(s.Properties) == 0 && len(s.AdditionalProperties) > 0 && s.AdditionalProperties[0] == '{':
		var values schema
		if json.Unmarshal(s.AdditionalProperties, &values) == nil {
			of := kindOf(&values)
			return kind{Words: strings.TrimSpace("object with values " + of.Words), Of: of.Of}
		}
	case s.Format != "":
		return kind{Words: strings.TrimSpace(s.Type + " " + s.Format)}
	}
	return kind{Words: cmp.Or(s.Type, "any")}
}

// bounds tells what a value must fit, in signs that need no language.
func bounds(s *schema) (told []string) {
	between := func(what string, least, most *json.Number) {
		switch {
		case least != nil && most != nil && *least == *most:
			told = append(told, what+" = "+most.String())
		case least != nil && most != nil:
			told = append(told, least.String()+" ≤ "+what+" ≤ "+most.String())
		case least != nil:
			told = append(told, what+" ≥ "+least.String())
		case most != nil:
			told = append(told, what+" ≤ "+most.String())
		}
	}
	between("value", s.Minimum, s.Maximum)
	between("length", s.MinLength, unless(s.MaxLength, "1048576"))
	between("items", s.MinItems, unless(s.MaxItems, "10000"))
	if s.Items != nil {
		told = append(told, bounds(s.Items)...)
	}
	if s.Pattern != "" {
		told = append(told, "pattern "+s.Pattern)
	}
	if s.Nullable {
		told = append(told, "nullable")
	}
	if len(s.Default) > 0 {
		told = append(told, "default "+string(s.Default))
	}
	return told
}

// unless leaves out the bound of all bodies, which the contract gives where a value has none of its own.
func unless(most *json.Number, general json.Number) *json.Number {
	if most != nil && *most == general {
		return nil
	}
	return most
}

func enumOf(s *schema) (values []string) {
	for _, raw := range s.Enum {
		values = append(values, plain(raw))
	}
	if s.Items != nil {
		values = append(values, enumOf(s.Items)...)
	}
	return values
}

// plain is a value of JSON as a reader writes it: a text without its quotes.
func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

func fieldOf(name string, s *schema) field {
	f := field{Name: name, Type: kindOf(s), Bounds: bounds(s), Enum: enumOf(s), Both: s.Both}
	if len(s.Example) > 0 && !bytes.ContainsAny(s.Example[:1], "{[") {
		f.Example = plain(s.Example)
	}
	return f
}

// fieldsOf lists the fields of an object. Those of an object in it that has no schema of its own follow it, by their path.
func fieldsOf(s *schema, path string) (fields []field) {
	for i := range s.Properties {
		value, inner := &s.Properties[i].Value, path+s.Properties[i].Name
		f := fieldOf(inner, value)
		f.Required = slices.Contains(s.Required, s.Properties[i].Name)
		for value.Items != nil {
			value, inner = value.Items, inner+"[]"
		}
		fields = append(append(fields, f), fieldsOf(value, inner+".")...)
	}
	return fields
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// eachCall reads the operations, by path and method.
func (c *contract) eachCall(visit func(method, path string, from *call) error) error {
	paths := slices.SortedFunc(slices.Values(c.Paths), func(a, b member[members[json.RawMessage]]) int { return strings.Compare(a.Name, b.Name) })
	for _, path := range paths {
		for _, method := range methods {
			i := slices.IndexFunc(path.Value, func(m member[json.RawMessage]) bool { return m.Name == strings.ToLower(method) })
			if i < 0 {
				continue
			}
			var from call
			var common []parameter // of all methods of the path
			err := json.Unmarshal(path.Value[i].Value, &from)
			if j := slices.IndexFunc(path.Value, func(m member[json.RawMessage]) bool { return m.Name == "parameters" }); err == nil && j >= 0 {
				err = json.Unmarshal(path.Value[j].Value, &common)
			}
			if err == nil {
				from.Parameters = append(common, from.Parameters...)
				err = visit(method, path.Name, &from)
			}
			if err != nil {
				return fmt.Errorf("read %s %s: %w", method, path.Name, err)
			}
		}
	}
	return nil
}

// parameters lists the parameters of an operation.
func (c *contract) parameters(list []parameter) []field {
	fields := make([]field, 0, len(list))
	for _, p := range list {
		if p.Ref != "" {
			p = c.Components.Parameters[last(p.Ref)]
		}
		f := fieldOf(p.Name, &p.Schema)
		f.In, f.Required, f.Both = p.In, p.Required, p.Both
		if len(p.Example) > 0 {
			f.Example = plain(p.Example)
		}
		fields = append(fields, f)
	}
	return fields
}

func last(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// answers lists the answers of an operation.
func (c *contract) answers(of members[response]) (list []answer) {
	for _, r := range of {
		if r.Value.Ref != "" {
			r.Value = c.Components.Responses[last(r.Value.Ref)]
		}
		a := answer{Status: r.Name, Both: r.Value.Both}
		for _, content := range r.Value.Content {
			a.Type, a.Examples = kindOf(&content.Schema), examples(content)
		}
		list = append(list, a)
	}
	return list
}

func examples(of media) (list Examples) {
	if len(of.Example) > 0 {
		list = append(list, example{Body: indented(of.Example)})
	}
	for _, e := range of.Examples {
		list = append(list, example{Title: e.Value.Summary, TitleUK: e.Value.SummaryUK, Body: indented(e.Value.Value)})
	}
	return list
}

func indented(raw json.RawMessage) string {
	var out bytes.Buffer
	if json.Indent(&out, raw, "", "  ") != nil {
		return string(raw)
	}
	return out.String()
}

// closure describes the schemas that kinds lead to, and those that these lead to, each once.
func (c *contract) closure(from ...kind) (all []described) {
	known := map[string]bool{}
	var add func(kind)
	add = func(k kind) {
		for _, name := range k.Of {
			s, ok := c.Components.Schemas[name]
			if known[name] || !ok {
				continue
			}
			known[name] = true
			d := described{field: fieldOf(name, &s), Fields: fieldsOf(&s, "")}
			all = append(all, d)
			add(d.Type)
			for _, f := range d.Fields {
				add(f.Type)
			}
		}
	}
	for _, k := range from {
		add(k)
	}
	return all
}

// body is what an operation takes.
type body struct {
	Type kind
	Examples
	Both
}

func bodyOf(op *operation) *body {
	if op.RequestBody == nil {
		return nil
	}
	b := &body{Both: op.RequestBody.Both}
	for _, content := range op.RequestBody.Content {
		b.Type, b.Examples = kindOf(&content.Schema), examples(content)
	}
	return b
}

var convert = goldmark.New(goldmark.WithExtensions(extension.Table))

// markdown makes a text of the contract HTML, in both languages. HTML in it is left out.
func (b Both) markdown() (template.HTML, error) {
	var out bytes.Buffer
	write := func(attributes, text string) error {
		out.WriteString("<div " + attributes + ">")
		defer out.WriteString("</div>")
		return convert.Convert([]byte(text), &out)
	}
	var err error
	switch {
	case b.Description == "":
	case b.DescriptionUK == "":
		err = write(`lang="en"`, b.Description)
	default:
		err = errors.Join(write(`class="en"`, b.Description), write(`class="uk" lang="uk"`, b.DescriptionUK))
	}
	if err != nil {
		return "", fmt.Errorf("read Markdown: %w", err)
	}
	return template.HTML(out.String()), nil //nolint:gosec // made of Markdown, without the HTML in it
}
