package main

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// statusMachine is the x-status-machine of a schema: the states of what it describes, and the ways between them.
type statusMachine struct {
	Title       string
	Dictionary  string // holds the states, when one does
	States      []string
	Initial     []string
	Final       []string // that no documented way leads out of
	Transitions []transition
	Note        string
}

// transition is a documented way from one state to another. By is an operationId, or words for what this contract does
// not hold.
type transition struct {
	From   string // "" when something comes into being
	To     string
	By     string
	Source string
}

var (
	machineFields    = []string{"title", "dictionary", "states", "initial", "final", "transitions", "note"}
	transitionFields = []string{"from", "to", "by", "source"}
	operationID      = regexp.MustCompile(`^[a-z][A-Za-z0-9]*[A-Z][A-Za-z0-9]*$`)
)

// checkStatusMachines finds what is wrong with the status machines of a file.
func (c *contract) checkStatusMachines(s source, p *problems) {
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if machine := at(n, "x-status-machine"); machine != nil {
			c.checkStatusMachine(n, machine, s.name, p)
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(s.root)
}

func (c *contract) checkStatusMachine(schema, n *yaml.Node, where string, p *problems) {
	bad := func(format string, args ...any) {
		p.add(where, n, "status machine "+text(n, "title")+": "+format, args...)
	}
	var m statusMachine
	if err := n.Decode(&m); err != nil {
		bad("%v", err)
		return
	}
	for field := range entries(n) {
		if !slices.Contains(machineFields, field) {
			bad("unknown field %q", field)
		}
	}
	for _, t := range items(at(n, "transitions")) {
		for field := range entries(t) {
			if !slices.Contains(transitionFields, field) {
				bad("unknown field %q of a transition", field)
			}
		}
	}
	if m.Title == "" || len(m.States) == 0 {
		bad("title and states are wanted")
	}
	enum := slices.DeleteFunc(values(at(schema, "enum")), func(value string) bool { // a state in other letters
		return !slices.Contains(m.States, value) && slices.ContainsFunc(m.States, func(state string) bool { return strings.EqualFold(state, value) })
	})
	if enum != nil && !sameElements(enum, m.States) {
		bad("states %s are not those of the schema, %s", strings.Join(m.States, ", "), strings.Join(enum, ", "))
	}
	c.checkTransitions(&m, bad)
}

func (c *contract) checkTransitions(m *statusMachine, bad func(format string, args ...any)) {
	var begins, reached []string
	for _, t := range m.Transitions {
		if t.To == "" || t.By == "" || t.Source == "" {
			bad("a transition wants to, by and source")
			continue
		}
		for _, state := range []string{t.From, t.To} {
			if state != "" && !slices.Contains(m.States, state) {
				bad("%s is no state", state)
			}
		}
		if operationID.MatchString(t.By) && !c.knows(t.By) {
			bad("%s is no operation", t.By)
		}
		if slices.Contains(m.Final, t.From) {
			bad("%s is final and has a transition to %s", t.From, t.To)
		}
		reached = append(reached, t.To)
		if t.From == "" && !slices.Contains(begins, t.To) {
			begins = append(begins, t.To)
		}
	}
	if !sameElements(begins, m.Initial) {
		bad("initial %s, transitions from nothing lead to %s", strings.Join(m.Initial, ", "), strings.Join(begins, ", "))
	}
	for _, state := range m.Final {
		if !slices.Contains(m.States, state) {
			bad("%s is no state", state)
		}
	}
	for _, state := range m.States {
		if !slices.Contains(reached, state) {
			bad("no transition leads to %s", state)
		}
	}
}

// knows tells whether the contract has an operation.
func (c *contract) knows(id string) bool {
	return slices.ContainsFunc(c.operations, func(op *operation) bool { return op.id == id })
}

// values are the texts of a list, without null.
func values(list *yaml.Node) []string {
	var texts []string
	for _, n := range items(list) {
		if n.Tag != "!!null" {
			texts = append(texts, n.Value)
		}
	}
	return texts
}

func sameElements(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
