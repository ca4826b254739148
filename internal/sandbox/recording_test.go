package sandbox_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"esoz/internal/conformance"
	"esoz/openapi/tree"
)

// What stands in an answer in place of what is another one each time.
const (
	publicURL = "https://api.ehealth.gov.ua"
	requestID = "6617aeec-15e2-4d6f-b9bd-53559c358f97#17810"
	jobID     = "5cbed6e2ed59d30001e54b92"
	seed      = "BX4IPZ56XS2KWHKZVISLB7NT4P"
	token     = "MTQ2aHBmN2RmMjU4OGVhYWIyNGE1NmJhMzYwOWFkNWQ"
)

// Ids that are new in an answer, by the order in which it names them.
var newIDs = []string{
	"d290f1ee-6c54-4b01-90e6-d701748f0851", "b075f148-7f93-4fc2-b2ec-2d81b19a9b7b", "c8aadb87-ecb9-41ca-9ad4-ffdfe1dd89c9",
	"3ff33ced-69dc-415a-b231-c6446898335a",
}

var now = time.Date(2026, 3, 25, 10, 0, 0, 0, time.UTC)

// recording is what a sandbox has answered to all its cases, and to those of the gateway on every operation. The
// contract shows some of it: make examples writes them to openapi/examples, one file for each operation, and the
// bundler takes them from there.
type recording []exchange

type exchange struct {
	conformance.Check
	answer []byte
}

// record pairs the cases with their answers.
func record(results []conformance.Result, answers map[string][]byte) (recording, error) {
	known, err := knownWorld()
	if err != nil {
		return nil, err
	}
	var recorded recording
	for _, r := range results {
		if len(r.Before) == 0 {
			recorded = append(recorded, exchange{r.Check, stable(answers[r.ID], known)})
		}
	}
	return recorded, nil
}

// knownWorld is the text of the world, whose ids are the same in every sandbox.
func knownWorld() ([]byte, error) {
	contract, err := conformance.Contract()
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	w, err := conformance.BuiltIn(now, contract)
	if err != nil {
		return nil, fmt.Errorf("make the world: %w", err)
	}
	text, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("write the world: %w", err)
	}
	return text, nil
}

var (
	requestIDs = regexp.MustCompile(`"request_id":"[^"]*"`)
	randomIDs  = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b`)
	jobIDs     = regexp.MustCompile(`\b[0-9a-f]{24}\b`)
	tokens     = regexp.MustCompile(`["=][A-Za-z0-9_-]{43}"`)
	seeds      = regexp.MustCompile(`"seed":"[A-Z2-7]{26}"`)
)

// stable is an answer without what is another one each time: the id of the request, and ids and tokens that the world
// does not know.
func stable(answer, known []byte) []byte {
	placeholders := map[string]string{}
	unless := func(placeholder func(found string) string) func(found []byte) []byte {
		return func(found []byte) []byte {
			if bytes.Contains(known, found) {
				return found
			}
			return []byte(placeholder(string(found)))
		}
	}
	answer = requestIDs.ReplaceAllLiteral(answer, []byte(`"request_id":""`)) // it must not take a placeholder
	answer = randomIDs.ReplaceAllFunc(answer, unless(func(id string) string {
		if placeholders[id] == "" {
			placeholders[id] = newIDs[len(placeholders)]
		}
		return placeholders[id]
	}))
	answer = seeds.ReplaceAllFunc(answer, unless(func(string) string { return `"seed":"` + seed + `"` }))
	answer = jobIDs.ReplaceAllFunc(answer, unless(func(string) string { return jobID }))
	answer = tokens.ReplaceAllFunc(answer, unless(func(quoted string) string {
		if quoted == strings.ToLower(quoted) {
			return quoted // the name of a field, as long as a token
		}
		return quoted[:1] + token + `"`
	}))
	return requestIDs.ReplaceAllLiteral(answer, []byte(`"request_id":"`+requestID+`"`))
}

// wantedCases are the titles of the cases that the sources show as examples, by operation.
func wantedCases(dir string) (map[string][]string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*", "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("list the sources: %w", err)
	}
	operations, templates := map[string]*yaml.Node{}, map[string]*yaml.Node{}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the sources: %w", err)
		}
		root, err := tree.Parse(content)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		switch filepath.Base(name) {
		case "schemas.yaml":
		case "templates.yaml":
			maps.Insert(templates, tree.Entries(tree.At(root, "operations")))
		default:
			operations[strings.TrimSuffix(filepath.Base(name), ".yaml")] = root
		}
	}
	wanted := map[string][]string{}
	for operation, root := range operations {
		wanted[operation] = titles(root)
		for _, item := range tree.Entries(root) {
			for _, method := range tree.Entries(item) {
				if template := templates[tree.Text(method, "use")]; template != nil {
					wanted[operation] = append(wanted[operation], titles(template)...)
				}
			}
		}
	}
	return wanted, nil
}

// titles are the values of `case` at and below n, each once.
func titles(n *yaml.Node) []string {
	var all []string
	if title := tree.Text(n, "case"); title != "" {
		all = append(all, title)
	}
	for _, child := range n.Content {
		all = append(all, titles(child)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// files are the recorded cases that are wanted: for each operation a mapping from their titles to the body that was
// sent and the answer.
func (r recording) files(wanted map[string][]string) (map[string][]byte, error) {
	var errs []error
	files := map[string][]byte{}
	for operation, titles := range wanted {
		file := tree.Mapping()
		for _, title := range titles {
			i := slices.IndexFunc(r, func(e exchange) bool { return e.OperationID == operation && e.Title == title })
			if i < 0 {
				errs = append(errs, fmt.Errorf("%s: the world has no case %q", operation, title))
				continue
			}
			example, err := r[i].example()
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: case %q: %w", operation, title, err))
				continue
			}
			tree.Set(file, title, example)
		}
		content, err := tree.YAML(file)
		if err != nil {
			errs = append(errs, err)
		}
		files[operation+".yaml"] = append([]byte("# Code generated by make examples; DO NOT EDIT.\n"), content...)
	}
	return files, errors.Join(errs...)
}

func (e exchange) example() (*yaml.Node, error) {
	example := tree.Mapping()
	if e.Request.Body != nil {
		body, err := json.Marshal(e.Request.Body)
		if err != nil {
			return nil, fmt.Errorf("write the body: %w", err)
		}
		if err := add(example, "request", body); err != nil {
			return nil, err
		}
	}
	return example, add(example, "answer", e.answer)
}

func add(example *yaml.Node, part string, body []byte) error {
	value, err := tree.Parse(body)
	if err != nil {
		return fmt.Errorf("read the %s: %w", part, err)
	}
	inBlocks(value)
	tree.Set(example, part, value)
	return nil
}

// inBlocks makes YAML of what was JSON.
func inBlocks(n *yaml.Node) {
	n.Style = 0
	for _, child := range n.Content {
		inBlocks(child)
	}
}
