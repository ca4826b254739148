package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"iter"
	"slices"
	"strings"
	"text/template"
)

// goMethod is how the generated client spells an operation.
type goMethod struct {
	Call       string // ListDivisionsWithResponse
	Parameters string // ctx context.Context, params *ListDivisionsParams, reqEditors ...RequestEditorFn
	Arguments  string // ctx, params, reqEditors...
	Params     string // ListDivisionsParams
	Answers    []goAnswer
	Item       string // Division, of a list
}

// goAnswer is a type, and the fields of a result that may hold it.
type goAnswer struct {
	Type   string // JobResponse
	Fields []string
}

// goClient is what client.gen.go declares.
type goClient struct {
	methods map[string]*ast.FuncType // of ClientWithResponses, by the operation's id in small letters
	called  map[string]string        // the same methods' names
	structs map[string]*ast.StructType
}

func parseClient(source []byte) (*goClient, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	c := &goClient{methods: map[string]*ast.FuncType{}, called: map[string]string{}, structs: map[string]*ast.StructType{}}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			operation, ok := strings.CutSuffix(d.Name.Name, "WithResponse")
			if ok && d.Recv != nil && types.ExprString(d.Recv.List[0].Type) == "*ClientWithResponses" {
				c.methods[strings.ToLower(operation)], c.called[strings.ToLower(operation)] = d.Type, d.Name.Name
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok {
					if s, ok := t.Type.(*ast.StructType); ok {
						c.structs[t.Name.Name] = s
					}
				}
			}
		}
	}
	return c, nil
}

func (c *goClient) method(op operation) (*goMethod, error) {
	key := strings.ToLower(op.id)
	signature := c.methods[key]
	if signature == nil {
		return nil, fmt.Errorf("%s has no method %sWithResponse", clientPath, op.id)
	}
	m := &goMethod{Call: c.called[key]}
	var parameters, arguments []string
	for _, field := range signature.Params.List {
		spelled := types.ExprString(field.Type)
		for _, parameter := range field.Names {
			parameters, arguments = append(parameters, parameter.Name+" "+spelled), append(arguments, parameter.Name)
			if parameter.Name == "params" {
				m.Params = strings.TrimPrefix(spelled, "*")
			}
		}
	}
	m.Parameters, m.Arguments = strings.Join(parameters, ", "), strings.Join(arguments, ", ")+"..."
	result := c.structs[strings.TrimPrefix(types.ExprString(signature.Results.List[0].Type), "*")]
	for field, spelled := range fields(result) {
		if !strings.HasPrefix(field, "JSON") {
			continue
		}
		spelled = strings.TrimPrefix(spelled, "*")
		if at := slices.IndexFunc(m.Answers, func(a goAnswer) bool { return a.Type == spelled }); at >= 0 {
			m.Answers[at].Fields = append(m.Answers[at].Fields, field)
		} else {
			m.Answers = append(m.Answers, goAnswer{Type: spelled, Fields: []string{field}})
		}
	}
	if len(m.Answers) == 0 || len(m.Answers) > 2 {
		return nil, fmt.Errorf("%s answers in %d shapes, want one or two", op.id, len(m.Answers))
	}
	if op.all == nil {
		return m, nil
	}
	for field, spelled := range fields(c.structs[m.Answers[0].Type]) {
		if field == "Data" {
			m.Item = strings.TrimPrefix(spelled, "[]")
		}
	}
	if m.Item == "" || m.Params == "" || len(m.Answers) != 1 {
		return nil, fmt.Errorf("%s has pages, but does not answer with a list", op.id)
	}
	return m, nil
}

// fields yields the names and types of a struct.
func fields(s *ast.StructType) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		if s == nil {
			return
		}
		for _, field := range s.Fields.List {
			for _, called := range field.Names {
				if !yield(called.Name, types.ExprString(field.Type)) {
					return
				}
			}
		}
	}
}

// writeGo writes gen/client/resources.gen.go.
func writeGo(resources []*resource, source []byte) ([]byte, error) {
	client, err := parseClient(source)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", clientPath, err)
	}
	type method struct {
		*goMethod
		Name, All, Operation, Summary string
	}
	type methods struct {
		Name, Description string
		Methods           []method
	}
	var all []methods
	for _, r := range resources {
		of := methods{Name: r.name.inGo(), Description: r.description}
		for _, op := range r.operations {
			m, err := client.method(op)
			if err != nil {
				return nil, err
			}
			of.Methods = append(of.Methods, method{m, op.name.inGo(), op.all.inGo(), op.method + " " + op.path, op.summary})
		}
		all = append(all, of)
	}
	var out bytes.Buffer
	if err := goTemplate.Execute(&out, all); err != nil {
		return nil, err
	}
	return format.Source(out.Bytes())
}

var goTemplate = template.Must(template.New("go").Funcs(template.FuncMap{
	"or": func(fields []string) string { // the field of a result that is set
		if len(fields) == 1 {
			return "res." + fields[0]
		}
		return "cmp.Or(res." + strings.Join(fields, ", res.") + ")"
	},
	"next": func(arguments string) string { return strings.Replace(arguments, "params", "&next", 1) },
}).Parse(`// Code generated by openapi/resources from openapi/openapi.yaml; DO NOT EDIT.

package client

import (
	"cmp"
	"context"
	"iter"
)

// API has the operations by resource; Resources makes one.
type API struct {
{{- range .}}
	// {{.Name}}: {{.Description}}
	{{.Name}} {{.Name}}Resource
{{- end}}
}

// Resources finds the operations of a client by resource.
func Resources(c *ClientWithResponses) *API {
	return &API{
{{- range .}}
		{{.Name}}: {{.Name}}Resource{c},
{{- end}}
	}
}
{{range $r := .}}
// {{.Name}}Resource is API.{{.Name}}.
type {{.Name}}Resource struct{ c *ClientWithResponses }
{{range .Methods}}
// {{.Name}} is {{.Operation}}: {{.Summary}}. More is said at [ClientWithResponses.{{.Call}}].
{{- if eq (len .Answers) 1}}
func (r {{$r.Name}}Resource) {{.Name}}({{.Parameters}}) (*{{(index .Answers 0).Type}}, error) {
	res, err := r.c.{{.Call}}({{.Arguments}})
	if err != nil {
		return nil, err
	}
	return answered(res.HTTPResponse, {{printf "%q" .Operation}}, {{or (index .Answers 0).Fields}})
}
{{- else}}{{$one := index .Answers 0}}{{$two := index .Answers 1}}
//
// One of the two is answered, the other one is nil.
func (r {{$r.Name}}Resource) {{.Name}}({{.Parameters}}) (*{{$one.Type}}, *{{$two.Type}}, error) {
	res, err := r.c.{{.Call}}({{.Arguments}})
	if err != nil {
		return nil, nil, err
	}
	one, two := {{or $one.Fields}}, {{or $two.Fields}}
	if one == nil && two == nil {
		return nil, nil, unanswered(res.HTTPResponse, {{printf "%q" .Operation}})
	}
	return one, two, nil
}
{{- end}}
{{if .All}}
// {{.All}} goes through the entries of all pages of {{.Name}}, from params.Page on. It ends after the first error.
func (r {{$r.Name}}Resource) {{.All}}({{.Parameters}}) iter.Seq2[{{.Item}}, error] {
	var asked {{.Params}}
	if params != nil {
		asked = *params
	}
	return pages(asked.Page, func(page *int) ([]{{.Item}}, Paging, error) {
		next := asked
		next.Page = page
		answer, err := r.{{.Name}}({{next .Arguments}})
		if err != nil {
			return nil, Paging{}, err
		}
		return answer.Data, answer.Paging, nil
	})
}
{{end}}
{{- end}}
{{- end}}`))
