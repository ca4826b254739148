package reference

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/sandbox/world"
)

// atlas is the contract as its readers look for it: the operations, what each takes and answers, the checks of each in their
// order, and what each check answers.
type atlas struct {
	contract contract
	groups   []group
	byID     map[string]*operation
	examples map[string]map[rules.ID]string // by operation
}

// group is the operations of one tag.
type group struct {
	Name string
	Both
	Operations []*operation `json:"-"`
}

type operation struct {
	call
	ID, Tag, Method, Path string

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

// Search is what a reader may look for in a list of operations, besides their rules.
func (o *operation) Search() string {
	words := []string{o.ID, o.Summary, o.SummaryUK, o.Method, o.Path}
	return strings.ToLower(strings.Join(append(words, o.Scopes...), " "))
}

// gatewayID names the page of the checks that stand before every operation.
const gatewayID = "gateway"

func readAtlas(document []byte) (*atlas, error) {
	a := &atlas{byID: map[string]*operation{}, examples: map[string]map[rules.ID]string{}}
	if err := json.Unmarshal(document, &a.contract); err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	a.groups = a.contract.Tags
	if err := a.contract.eachCall(a.add); err != nil {
		return nil, err
	}
	a.contract.Paths = nil
	a.byID[gatewayID] = &operation{
		call: call{Summary: "Checks of the gateway", SummaryUK: "Перевірки шлюзу"}, ID: gatewayID, Checks: rules.OfOperation(""),
	}
	return a, nil
}

// add takes an operation into the atlas, with the answers of its rules.
func (a *atlas) add(method, path string, from *call) error {
	op := &operation{call: *from, ID: from.OperationID, Method: method, Path: path, Checks: rules.OfOperation(from.OperationID)}
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
	for _, r := range from.Responses {
		for _, example := range r.Value.Content["application/json"].Examples {
			if _, isRule := rules.Get(rules.ID(example.Name)); isRule {
				answers[rules.ID(example.Name)] = indented(example.Value.Value)
			}
		}
	}
	if len(answers) > 0 { // they stand at their rules
		op.Responses = slices.DeleteFunc(op.Responses, func(r member[response]) bool { return r.Name >= "400" })
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
	Root   string // the way to the first page
}

// attempt is a case of the world as commands to paste.
type attempt struct {
	Title    string
	Others   int    // how many more rules answer with it
	Settings string // to be sent first
	Curl     string
	Send     string // where it can be changed and sent; "" without a sandbox
}

// checks describes checks as they refuse the operation of the page.
func (v view) checks(list []rules.Rule) []check {
	checks := make([]check, len(list))
	for i, rule := range list {
		checks[i] = check{
			Rule: rule, Number: i + 1, Source: linked(rule.Source), Switch: howToSwitch(rule),
			Answer: v.Site.atlas.answer(rule, v.About), Cases: v.attempts(rule.ID), Root: v.Root,
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

// attempts are the cases that make a rule answer: those of the operation of the page or,
// where the rule is shown by itself, those of one operation. First come those in
// which no other rule answers too.
func (v view) attempts(id rules.ID) []attempt {
	operationID := v.About.ID
	var cases []world.Case
	for _, c := range v.World.Cases {
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
		shown[i] = v.attemptOf(c)
	}
	return shown
}

// Passing are the cases in which the operation of the page refuses nothing.
func (v view) Passing() []attempt {
	var shown []attempt
	for _, c := range v.World.Cases {
		if c.OperationID == v.About.ID && len(c.Rules) == 0 {
			shown = append(shown, v.attemptOf(c))
		}
	}
	return shown
}

func (v view) attemptOf(c world.Case) attempt {
	a := attempt{Title: c.Title, Others: max(0, len(c.Rules)-1), Curl: c.Request.Curl(v.BaseURL)}
	if v.Live {
		a.Send = v.send(url.Values{"operation": {c.OperationID}, "case": {c.ID}})
	}
	if len(c.Config) > 0 {
		a.Settings = world.Request{
			Method: http.MethodPost, Path: "/_sandbox/config", Body: c.Config,
			Headers: map[string]string{"Content-Type": "application/json"},
		}.Curl(v.BaseURL)
	}
	return a
}

// send is the address at which the console lets a request be changed and sent.
func (v view) send(filled url.Values) string { return v.Root + "../console/send?" + filled.Encode() }

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

// alphabet is all rules by their ids.
func alphabet() []rules.Rule {
	return slices.SortedFunc(slices.Values(rules.All), func(a, b rules.Rule) int { return cmp.Compare(a.ID, b.ID) })
}

// pageOf names the page on which a rule stands.
func pageOf(rule rules.Rule) string { return cmp.Or(rule.Operation, gatewayID) }
