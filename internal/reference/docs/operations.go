package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"esoz/internal/app"
	"esoz/internal/reference/blueprint"
	"esoz/openapi"
)

// operationLine is an operation's row of docs/operations.md.
type operationLine struct {
	ID, Summary, Method, Path string
	Shape                     string // of its value, or empty
	Seed                      string // of its method page, or empty
	Scopes, Sources           []string
	Contract, Code            string // files, from the root of the repository
}

// operationPage lists the operations of the contract by tag. Root is the
// repository: each operation's files are looked up in it, so that a file that
// moves cannot leave a stale link.
func operationPage(root string) (string, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		return "", fmt.Errorf("read the contract: %w", err)
	}
	contract, err := readFiles(root, ".yaml", "openapi/src")
	if err != nil {
		return "", err
	}
	code, err := readFiles(root, ".go", "internal/resource", "internal/platform")
	if err != nil {
		return "", err
	}
	shapes := map[string]string{}
	for _, op := range app.Operations() {
		shapes[op.ID] = op.Shape
	}
	byTag := map[string][]operationLine{}
	for address, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			line := operationLine{
				ID: op.OperationID, Summary: op.Summary, Method: method, Path: address, Shape: shapes[op.OperationID],
				Scopes: scopes(doc, op), Sources: sources(op),
			}
			line.Seed, line.Sources = splitSeed(line.Sources)
			if line.Contract, err = fileNamed(contract, line.ID+".yaml"); err != nil {
				return "", fmt.Errorf("contract of %s: %w", line.ID, err)
			}
			// An operation that is a value names its id; any other is the method that the generated interface asks for.
			if line.Code, err = fileWith(code, `\bID:\s+"`+line.ID+`"`); err != nil {
				line.Code, err = fileWith(code, `(?mi)^func \(\w+ \*?API\) `+line.ID+`\(`)
			}
			if err != nil {
				return "", fmt.Errorf("code of %s: %w", line.ID, err)
			}
			byTag[op.Tags[0]] = append(byTag[op.Tags[0]], line)
		}
	}
	type section struct {
		Name, Description string
		Operations        []operationLine
	}
	missing, err := notYet(doc)
	if err != nil {
		return "", err
	}
	var sections []section
	for _, tag := range doc.Tags {
		lines := byTag[tag.Name]
		slices.SortFunc(lines, func(a, b operationLine) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
		sections = append(sections, section{tag.Name, tag.Description, lines})
	}
	return render(`# Operations

Made from the contract by `+"`make generate`"+`. Each row links to everything about an operation:

- **operation**: its id, which leads to its cases in the sandbox's world. The five core methods are bold and name their method page ("seed 000" to "seed 004"), the national system's own description;
- **rules**: how many documented checks can refuse it, those of the gateway included. The link opens its page of a sandbox on this machine (`+"`make run`"+`);
- **files**: its part of the contract, and the Go file that serves it, with the [shape](architecture.md#the-shapes-of-an-operation) of the value there; without one it is a plain function;
- **sources**: the public documents it follows, explained in [divergences.md](divergences.md#sources).

Operations that the national system documents and this server does not have stand [at the end](#not-yet).
{{range .Sections}}
## {{.Name}}

{{.Description}}

| operation | request | scope | rules | files | sources |
|---|---|---|---|---|---|
{{range .Operations}}| {{with .Seed}}**{{end}}[{{.ID}}](sandbox-world.md#{{lower .ID}}){{with .Seed}}**{{end}}<br>{{.Summary}}{{with .Seed}} ({{.}}){{end}} | `+"`{{.Method}} {{.Path}}`"+` | {{range .Scopes}}`+"`{{.}}`"+` {{else}}none {{end}}| [{{rules .ID}}](http://127.0.0.1:8080/docs/rules/{{.ID}}/) | [contract](../{{.Contract}}), [code](../{{.Code}}){{with .Shape}} {{.}}{{end}} | {{cell (semicolons .Sources)}} |
{{end}}{{end}}
## Not yet

The national system's blueprints document these too. A sandbox answers them with 501, `+"`not_implemented`"+`, and names the document and the line in `+"`X-Sandbox-Hint`"+`; `+"`esoz serve`"+` answers as to any unknown path or method ([R32](decisions.md#r32)). The line is that of the blueprint of March 2026; general.apib is the General MIS API, medical-events.apib the Medical events MIS API. The scope is the one that the blueprint names, if any.

| resource | operation | request | scope | here | source |
|---|---|---|---|---|---|
{{range .Missing}}| {{.Resource}} | {{cell .Title}}{{with .State}} ({{.}}){{end}} | `+"`{{.Method}} {{.Path}}`"+` | {{with .Scope}}`+"`{{.}}`"+`{{end}} | not yet | {{.Source}} |
{{end}}`, map[string]any{"Sections": sections, "Missing": missing}), nil
}

// notYet lists the operations of the blueprints that the contract does not have.
func notYet(doc *openapi3.T) ([]blueprint.Operation, error) {
	served := map[string]bool{}
	for address, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			served[method+" "+blueprint.Shape(address)] = true
		}
	}
	var missing []blueprint.Operation
	for _, op := range blueprint.All() {
		if !served[op.Method+" "+blueprint.Shape(op.Path)] {
			missing = append(missing, op)
		}
	}
	if len(missing) == len(blueprint.All()) {
		return nil, errors.New("the blueprints have none of the contract's operations")
	}
	return missing, nil
}

// readFiles reads the files of folders that end in suffix, tests left out.
func readFiles(root, suffix string, folders ...string) (map[string][]byte, error) {
	files := map[string][]byte{}
	tree := os.DirFS(root)
	for _, folder := range folders {
		err := fs.WalkDir(tree, folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, suffix) || strings.HasSuffix(name, "_test.go") {
				return err
			}
			files[name], err = fs.ReadFile(tree, name)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", folder, err)
		}
	}
	return files, nil
}

// fileNamed returns the file with a name, in whichever folder.
func fileNamed(files map[string][]byte, name string) (string, error) {
	for file := range files {
		if path.Base(file) == name {
			return file, nil
		}
	}
	return "", errors.New("found in no file")
}

// fileWith returns the first file, by name, in which a pattern stands.
func fileWith(files map[string][]byte, pattern string) (string, error) {
	wanted := regexp.MustCompile(pattern)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if wanted.Match(files[name]) {
			return name, nil
		}
	}
	return "", errors.New("found in no file")
}

func scopes(doc *openapi3.T, op *openapi3.Operation) []string {
	security := op.Security
	if security == nil {
		security = &doc.Security
	}
	var names []string
	for _, requirement := range *security {
		names = append(names, requirement["oauth2"]...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func sources(op *openapi3.Operation) []string {
	list, _ := op.Extensions["x-source"].([]any)
	var titles []string
	for _, entry := range list {
		if source, ok := entry.(map[string]any); ok {
			titles = append(titles, fmt.Sprint(source["title"]))
		}
	}
	return titles
}

var seedTitle = regexp.MustCompile(`^(?i:seed) (\d{3})\b`)

// splitSeed takes the method page out of an operation's sources.
func splitSeed(titles []string) (seed string, others []string) {
	for _, title := range titles {
		if found := seedTitle.FindStringSubmatch(title); found != nil {
			seed = "seed " + found[1]
			continue
		}
		others = append(others, title)
	}
	return seed, others
}
