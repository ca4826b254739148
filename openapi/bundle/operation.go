package main

import (
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// operation is a method of a path.
type operation struct {
	id, path, method string

	public bool     // wants no token
	scopes []string // that the token must have
	body   bool     // reads a body
	query  bool     // takes query parameters

	idempotent bool // heeds an idempotency key (decisions R30)

	rules  []*rule // its own, as checked
	guards []*rule // the document's rules that stand before it, as checked, without those that it replaces

	recorded *yaml.Node // cases of the sandbox's world, by their titles

	node  *yaml.Node
	item  *yaml.Node // the path item, which may hold parameters
	where string
}

// guardGroups tells for the values of a document-level rule's guards whether it stands before an operation.
var guardGroups = map[string]func(*operation) bool{
	"all":    func(*operation) bool { return true },
	"token":  func(op *operation) bool { return !op.public },
	"scope":  func(op *operation) bool { return len(op.scopes) > 0 },
	"body":   func(op *operation) bool { return op.body },
	"query":  func(op *operation) bool { return op.query },
	"router": func(*operation) bool { return false },

	"idempotent": func(op *operation) bool { return op.idempotent },
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// readOperations reads the operations of a file; the merged document holds the same nodes.
func (c *contract) readOperations(s source, p *problems) {
	for address, item := range entries(at(s.root, "paths")) {
		for method, n := range entries(item) {
			if !slices.Contains(methods, method) {
				continue
			}
			op := &operation{
				id: text(n, "operationId"), path: address, method: method,
				body: at(n, "requestBody") != nil, node: n, item: item,
			}
			op.where = s.name
			op.query = takesQuery(item) || takesQuery(n)
			op.readSecurity(p)
			op.idempotent = method != "get" && !op.public && path.Dir(s.name) != "oauth"
			op.rules = readRules(at(n, "x-rules"), op.where, p)
			op.readGuards(c.shared, p)
			c.operations = append(c.operations, op)
		}
	}
}

// takesQuery tells whether a path item or an operation declares query parameters.
func takesQuery(n *yaml.Node) bool {
	return slices.ContainsFunc(items(at(n, "parameters")), func(parameter *yaml.Node) bool {
		return text(parameter, "in") == "query"
	})
}

// readSecurity understands `security: []` and `security: [{oauth2: [scopes]}]`.
func (op *operation) readSecurity(p *problems) {
	security := at(op.node, "security")
	if security == nil {
		p.add(op.where, op.node, "security is missing ([] when no token is wanted)")
		return
	}
	if len(items(security)) == 0 {
		op.public = true
		return
	}
	scopes := at(security.Content[0], "oauth2")
	if len(security.Content) != 1 || scopes == nil {
		p.add(op.where, security, "security must be [] or one oauth2 requirement")
		return
	}
	for _, scope := range items(scopes) {
		op.scopes = append(op.scopes, scope.Value)
	}
}

// readGuards finds the document's rules that stand before the operation.
func (op *operation) readGuards(shared []*rule, p *problems) {
	replaced := map[string]*rule{}
	for i, r := range op.rules {
		if len(r.Replaces) > 0 && i > 0 && len(op.rules[i-1].Replaces) == 0 {
			p.add(r.where, r.node, "rules that replace the gateway's stand before all others")
		}
		for _, id := range r.Replaces {
			if first := replaced[id]; first != nil {
				p.add(r.where, r.node, "%s is replaced by %s already", id, first.ID)
			}
			replaced[id] = r
		}
	}
	for _, guard := range shared {
		applies := guardGroups[guard.Guards]
		if applies == nil || !applies(op) {
			continue
		}
		by := replaced[guard.ID]
		if by == nil || by.Default == "off" { // that one answers only when it is switched on, and may answer otherwise
			op.guards = append(op.guards, guard)
		} else if by.Status != guard.Status {
			p.add(by.where, by.node, "answers %d in place of %s, which answers %d", by.Status, guard.ID, guard.Status)
		}
		delete(replaced, guard.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(replaced)) {
		r := replaced[id]
		p.add(r.where, r.node, "replaces %q, which is no rule of %s that guards this operation", id, rootFile)
	}
}

// refusals yields every rule that can refuse a request: the guards, then its own.
func (op *operation) refusals() iter.Seq[*rule] {
	return func(yield func(*rule) bool) {
		for _, r := range slices.Concat(op.guards, op.rules) {
			if !r.Job && !yield(r) {
				return
			}
		}
	}
}

// rules yields all rules in document order, the document's own first.
func (c *contract) rules() iter.Seq[*rule] {
	return func(yield func(*rule) bool) {
		all := slices.Clone(c.shared)
		for _, op := range c.operations {
			all = append(all, op.rules...)
		}
		for _, r := range all {
			if !yield(r) {
				return
			}
		}
	}
}

// checkOperations finds what is wrong with operations, apart from what an OpenAPI validator tells.
func (c *contract) checkOperations(p *problems) {
	if text(c.root, "x-validation-message") == "" {
		p.add(rootFile, nil, "x-validation-message, the message of %s refusals, is missing", validationFailed)
	}
	declared := at(c.root, "components", "securitySchemes", "oauth2", "flows", "authorizationCode", "scopes")
	ids := map[string]*operation{}
	for _, op := range c.operations {
		bad := func(format string, args ...any) { p.add(op.where, op.node, format, args...) }
		if first := ids[op.id]; first != nil {
			bad("the operationId stands already in %s", first.where)
		}
		ids[op.id] = op
		for _, scope := range op.scopes {
			if at(declared, scope) == nil {
				bad("scope %s is not declared in %s", scope, rootFile)
			}
		}
		for status := range entries(at(op.node, "responses")) {
			if status >= "400" {
				bad("response %s: refusals are made from the rules", status)
			}
		}
		op.checkRules(bad)
	}
}

func (op *operation) checkRules(bad func(format string, args ...any)) {
	fallbacks := 0
	for _, r := range op.rules {
		if r.Guards != "" {
			bad("rule %s: guards is for rules of %s", r.ID, rootFile)
		}
		if strings.Count(r.ID, ".") != 2 || r.family() != op.rules[0].family() {
			bad("rule %s: the rules of an operation share <resource>.<operation>, here %s", r.ID, op.rules[0].family())
		}
		if r.isFallback() {
			fallbacks++
		}
	}
	if fallbacks > 1 || op.body && fallbacks == 0 {
		bad("an operation with a body has one rule <resource>.<operation>.schema for what no other rule names, this one has %d", fallbacks)
	}
	op.checkTogether(bad)
}

// checkTogether looks at the groups of rules that answer in one refusal: its members stand one after another, there are
// at least two of them, and they agree in what one answer has once.
func (op *operation) checkTogether(bad func(format string, args ...any)) {
	seen := map[string]bool{}
	for rest := op.rules; len(rest) > 0; {
		first, size := rest[0], 1
		for size < len(rest) && rest[size].Together == first.Together {
			size++
		}
		group := rest[:size]
		rest = rest[size:]
		if first.Together == "" {
			continue
		}
		if seen[first.Together] {
			bad("rule %s: the rules that are checked together as %s stand one after another", first.ID, first.Together)
		}
		seen[first.Together] = true
		if first.Together == "body" && !slices.ContainsFunc(group, (*rule).isFallback) {
			bad("rule %s: the rules of the body are checked together with %s.schema", first.ID, first.family())
		}
		if size == 1 {
			bad("rule %s: nothing is checked together with it as %s", first.ID, first.Together)
		}
		for _, r := range group {
			if r.Status != first.Status || r.Type != first.Type || r.Message != first.Message {
				bad("rule %s: answers otherwise than %s, with which it is checked together", r.ID, first.ID)
			}
			if len(r.Replaces) > 0 {
				bad("rule %s: a check of the gateway answers alone; leave together out", r.ID)
			}
		}
	}
}

// declareKeys adds to the operation's token what else is sent beside it: the API-key always, the hosting's key where the
// deployment wants it.
func (op *operation) declareKeys() {
	if op.public {
		return
	}
	requirement := at(op.node, "security").Content[0]
	set(requirement, "apiKey", flow(sequence()))
	hosted := clone(requirement)
	set(hosted, "customPsk", flow(sequence()))
	set(op.node, "security", sequence(requirement, hosted))
}

// declareIdempotencyKeys adds the headers by which a request may be sent again, named as in components/parameters.
func (c *contract) declareIdempotencyKeys(op *operation, p *problems) {
	if !op.idempotent {
		return
	}
	insertBefore(op.node, "responses", "x-idempotent", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
	parameters := at(op.node, "parameters")
	if parameters == nil {
		parameters = sequence()
		insertBefore(op.node, "responses", "parameters", parameters)
	}
	for _, name := range []string{"X-Idempotency-Key", "Idempotency-Key"} {
		if at(c.root, "components", "parameters", name) == nil {
			p.add(rootFile, nil, "components/parameters has no %s", name)
			return
		}
		parameters.Content = append(parameters.Content, flow(mapping("$ref", "#/components/parameters/"+name)))
	}
}

// checkReferences finds references of a file that lead nowhere in the merged document.
func (c *contract) checkReferences(s source, p *problems) {
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for key, value := range entries(n) {
			if key == "$ref" && value.Kind == yaml.ScalarNode && c.resolve(value.Value) == nil {
				p.add(s.name, value, "$ref %s leads to nothing", value.Value)
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(s.root)
}

// resolve finds what a reference within the document means; nil when it means nothing.
func (c *contract) resolve(ref string) *yaml.Node {
	pointer, local := strings.CutPrefix(ref, "#/")
	if !local {
		return nil
	}
	return at(c.root, strings.Split(pointer, "/")...)
}

// follow returns n, or what it refers to when it is a reference.
func (c *contract) follow(n *yaml.Node) *yaml.Node {
	for seen := 0; at(n, "$ref") != nil && seen < 10; seen++ {
		n = c.resolve(text(n, "$ref"))
	}
	return n
}
