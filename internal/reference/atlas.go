package reference

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/sandbox/world"
)

// atlas is the contract as one who was refused reads it: the operations, the
// checks of each in their order, and what each check answers.
type atlas struct {
	groups   []group
	byID     map[string]*operation
	examples map[string]map[rules.ID]string // by operation
}

// group is the operations of one tag.
type group struct {
	Name, Description string
	Operations        []*operation `json:"-"`
}

type operation struct {
	ID, Tag, Summary, Method, Path string

	Scopes  []string
	Sources [][]part
	Guards  []rules.Rule // the gateway's checks, which come first
	Checks  []rules.Rule // its own
}

// Statuses are those with which the operation's own checks refuse.
func (o *operation) Statuses() []int {
	var statuses []int
	for _, rule := range o.Checks {
		statuses = append(statuses, rule.Status)
	}
	slices.Sort(statuses)
	return slices.Compact(statuses)
}

// Search is what a reader may look for in a list of operations.
func (o *operation) Search() string {
	words := []string{o.ID, o.Summary, o.Method, o.Path}
	for _, rule := range o.Checks {
		words = append(words, string(rule.ID), rule.Check, rule.CheckUK, rule.Message, rule.Description)
	}
	return strings.ToLower(strings.Join(words, " "))
}

// gatewayID names the page of the checks that stand before every operation.
const gatewayID = "gateway"

// document is what the atlas takes from the contract. What it shows of it, it
// shows byte for byte, in the order of the contract.
type document struct {
	Tags  []group
	Paths map[string]map[string]json.RawMessage
}

type documentOperation struct {
	OperationID string
	Summary     string
	Tags        []string
	Security    []map[string][]string
	Source      []struct{ Title, Ref string } `json:"x-source"`
	Responses   map[string]struct {
		Content map[string]struct {
			Examples map[string]struct{ Value json.RawMessage }
		}
	}
}

func readAtlas(contract []byte) (*atlas, error) {
	var doc document
	if err := json.Unmarshal(contract, &doc); err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	a := &atlas{groups: doc.Tags, byID: map[string]*operation{}, examples: map[string]map[rules.ID]string{}}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range methods {
			raw, ok := doc.Paths[path][strings.ToLower(method)]
			if !ok {
				continue
			}
			var from documentOperation
			if err := json.Unmarshal(raw, &from); err != nil {
				return nil, fmt.Errorf("read %s %s: %w", method, path, err)
			}
			if err := a.add(method, path, from); err != nil {
				return nil, fmt.Errorf("read %s %s: %w", method, path, err)
			}
		}
	}
	a.byID[gatewayID] = &operation{ID: gatewayID, Summary: "Checks of the gateway", Checks: rules.OfOperation("")}
	return a, nil
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// add takes an operation into the atlas, with the answers of its rules.
func (a *atlas) add(method, path string, from documentOperation) error {
	op := &operation{
		ID: from.OperationID, Summary: from.Summary, Method: method, Path: path, Checks: rules.OfOperation(from.OperationID),
	}
	for _, id := range rules.Guards(op.ID) {
		rule, _ := rules.Get(id)
		op.Guards = append(op.Guards, rule)
	}
	for _, requirement := range from.Security { // each a way to come in: the scopes are the same
		for _, scope := range requirement["oauth2"] {
			if !slices.Contains(op.Scopes, scope) {
				op.Scopes = append(op.Scopes, scope)
			}
		}
	}
	for _, source := range from.Source {
		text := source.Title
		if source.Ref != "" {
			text += ", " + source.Ref
		}
		op.Sources = append(op.Sources, linked(text))
	}
	answers := map[rules.ID]string{}
	for _, response := range from.Responses {
		for name, example := range response.Content["application/json"].Examples {
			if _, isRule := rules.Get(rules.ID(name)); !isRule {
				continue
			}
			var out bytes.Buffer
			if err := json.Indent(&out, example.Value, "", "  "); err != nil {
				return fmt.Errorf("example %s: %w", name, err)
			}
			answers[rules.ID(name)] = out.String()
		}
	}
	for i := range a.groups {
		if slices.Contains(from.Tags, a.groups[i].Name) {
			op.Tag = a.groups[i].Name
			a.groups[i].Operations = append(a.groups[i].Operations, op)
		}
	}
	a.byID[op.ID], a.examples[op.ID] = op, answers
	return nil
}

// check is one check on the page of an operation.
type check struct {
	rules.Rule
	Number int
	Answer string
	Source []part
	Switch string // how it is switched
	Cases  []attempt
}

// attempt is a case of the world as commands to paste.
type attempt struct {
	Title     string
	Operation string // the operation that the case calls
	Others    int    // how many more rules answer with it
	Settings  string // to be sent first
	Curl      string
}

// checks describes checks as they refuse an operation of a world.
func (a *atlas) checks(list []rules.Rule, op *operation, w *world.World, baseURL string) []check {
	checks := make([]check, len(list))
	for i, rule := range list {
		checks[i] = check{
			Rule: rule, Number: i + 1, Source: linked(rule.Source), Switch: howToSwitch(rule),
			Answer: a.answer(rule, op), Cases: attempts(w, rule.ID, op.ID, baseURL),
		}
	}
	return checks
}

// answer is the example that the contract has for a rule: that of the operation,
// or, where the rule is shown by itself, that of the first operation that has one.
func (a *atlas) answer(rule rules.Rule, op *operation) string {
	if answer, ok := a.examples[op.ID][rule.ID]; ok {
		return answer
	}
	for _, id := range slices.Sorted(maps.Keys(a.examples)) {
		if answer, ok := a.examples[id][rule.ID]; ok {
			return answer
		}
	}
	// The check of the path stands before all operations and belongs to none.
	return fmt.Sprintf(`{
  "meta": {
    "code": %d,
    "url": "https://api.ehealth.gov.ua/api/unknown",
    "type": "object",
    "request_id": "6617aeec-15e2-4d6f-b9bd-53559c358f97#17810"
  },
  "error": {
    "type": %q,
    "message": %q
  }
}`, rule.Status, rule.Type, rule.Message)
}

// attempts are the cases that make a rule answer: those of the operation or,
// where the rule is shown by itself, those of one operation. First come those in
// which no other rule answers too.
func attempts(w *world.World, id rules.ID, operationID, baseURL string) []attempt {
	var cases []world.Case
	for _, c := range w.Cases {
		if slices.Contains(c.Rules, id) {
			cases = append(cases, c)
		}
	}
	of := func(c world.Case) bool { return c.OperationID == operationID }
	if len(cases) > 0 && !slices.ContainsFunc(cases, of) {
		reads := func(c world.Case) bool { return c.Request.Method == http.MethodGet }
		operationID = cases[max(0, slices.IndexFunc(cases, reads))].OperationID // the simplest command
	}
	cases = slices.DeleteFunc(cases, func(c world.Case) bool { return !of(c) })
	slices.SortStableFunc(cases, func(a, b world.Case) int { return cmp.Compare(len(a.Rules), len(b.Rules)) })
	shown := make([]attempt, len(cases))
	for i, c := range cases {
		shown[i] = attemptOf(c, baseURL)
	}
	return shown
}

// passing are the cases in which an operation refuses nothing.
func passing(w *world.World, operationID, baseURL string) []attempt {
	var shown []attempt
	for _, c := range w.Cases {
		if c.OperationID == operationID && len(c.Rules) == 0 {
			shown = append(shown, attemptOf(c, baseURL))
		}
	}
	return shown
}

func attemptOf(c world.Case, baseURL string) attempt {
	a := attempt{Title: c.Title, Operation: c.OperationID, Others: max(0, len(c.Rules)-1), Curl: c.Request.Curl(baseURL)}
	if len(c.Config) > 0 {
		a.Settings = world.Request{
			Method: http.MethodPost, Path: "/_sandbox/config", Body: c.Config,
			Headers: map[string]string{"Content-Type": "application/json"},
		}.Curl(baseURL)
	}
	return a
}

// howToSwitch tells what turns a check on or off.
func howToSwitch(rule rules.Rule) string {
	var how string
	switch {
	case rule.Off:
		how = fmt.Sprintf("off; RULES=+%s turns it on", rule.ID)
	case rule.Fixed && rule.Origin == "seed":
		how = "always on: the page of the method itself asks for it"
	case rule.Fixed:
		how = "always on"
	default:
		how = fmt.Sprintf("on; RULES=-%s turns it off", rule.ID)
	}
	if rule.Flag != "" {
		how += "; depends on the setting " + rule.Flag
	}
	return how
}

// message is a text that refuses, and the rules that refuse with it.
type message struct {
	Status     int
	Type, Text string
	Rules      []rules.Rule
}

// anyViolation is the text of rules about signed content that its schema refuses.
const anyViolation = "{violation}"

// messages are all texts of the contract, by status and alphabet. Of a wrong
// field the text is that of its item: the message is always the same one.
func messages() []message {
	type key struct {
		status     int
		kind, text string
	}
	byKey := map[key][]rules.Rule{}
	for _, rule := range rules.All {
		k := key{rule.Status, rule.Type, cmp.Or(rule.Description, rule.Message)}
		if k.text == anyViolation {
			k.text = ""
		}
		byKey[k] = append(byKey[k], rule)
	}
	all := make([]message, 0, len(byKey))
	for k, list := range byKey {
		all = append(all, message{Status: k.status, Type: k.kind, Text: k.text, Rules: list})
	}
	slices.SortFunc(all, func(a, b message) int {
		return cmp.Or(
			cmp.Compare(a.Status, b.Status), cmp.Compare(strings.ToLower(a.Text), strings.ToLower(b.Text)),
			cmp.Compare(a.Text, b.Text), cmp.Compare(a.Type, b.Type),
		)
	})
	return all
}

// Search is what a reader may look for in a list of messages.
func (m message) Search() string {
	words := []string{m.Type, m.Text}
	for _, rule := range m.Rules {
		words = append(words, string(rule.ID), rule.Check, rule.CheckUK)
	}
	return strings.ToLower(strings.Join(words, " "))
}

// alphabet is all rules by their ids.
func alphabet() []rules.Rule {
	return slices.SortedFunc(slices.Values(rules.All), func(a, b rules.Rule) int { return cmp.Compare(a.ID, b.ID) })
}

// pageOf names the page on which a rule stands.
func pageOf(rule rules.Rule) string { return cmp.Or(rule.Operation, gatewayID) }
