package main

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// templates are what several operations share, and what follows from the place where something stands. An operation's
// file says `use: name` and adds or replaces fields; <word> in a template takes the value of the field `word`, which is
// given beside `use`, or beside the list of rules for all of them.
type templates struct {
	rules, parameters, responses, queries map[string]*yaml.Node
	// operations are what operations of several resources have alike, apart from the names of things.
	operations map[string]*yaml.Node
	// lists are rules that operations take together: {list: name} in their checks.
	lists map[string]*yaml.Node

	tags  map[string]*yaml.Node // of the operations of a folder
	words map[string]*yaml.Node // values that templates of operations want, for all operations of a folder
	used  map[*yaml.Node]bool
	given *yaml.Node      // values for all templates of the operation that is being spelt out: its own, and the words of its folder
	taken map[string]bool // those of them that a template took

	refusals *yaml.Node // texts of the responses that refuse, by status
	failures *yaml.Node // refusals that no rule makes
}

func readTemplates(files map[string]*yaml.Node, p *problems) *templates {
	t := &templates{
		rules: map[string]*yaml.Node{}, parameters: map[string]*yaml.Node{}, responses: map[string]*yaml.Node{}, queries: map[string]*yaml.Node{},
		operations: map[string]*yaml.Node{}, words: map[string]*yaml.Node{},
		lists: map[string]*yaml.Node{}, tags: map[string]*yaml.Node{}, used: map[*yaml.Node]bool{}, refusals: mapping(),
	}
	kinds := map[string]map[string]*yaml.Node{
		"rules": t.rules, "parameters": t.parameters, "responses": t.responses, "lists": t.lists, "operations": t.operations,
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		switch path.Base(name) {
		case templatesFile:
			for kind, members := range entries(files[name]) {
				switch {
				case kind == "refusals" && name == templatesFile:
					t.refusals = members
				case kind == "failures" && name == templatesFile:
					t.failures = members
				case kinds[kind] == nil:
					p.add(name, members, "templates are operations, rules, lists of them, parameters and responses, not %s", kind)
				default:
					claimAll(kinds[kind], members, name, "template", p)
				}
			}
		case schemasFile:
			claimAll(t.queries, remove(files[name], "queries"), name, "query", p)
			t.tags[path.Dir(name)] = remove(files[name], "tag")
			t.words[path.Dir(name)] = remove(files[name], "words")
		}
	}
	return t
}

// checkUsed finds what no operation takes. Lists may wait for one.
func (t *templates) checkUsed(p *problems) {
	for _, list := range t.lists {
		for _, item := range list.Content {
			t.used[t.rules[item.Value]] = true
		}
	}
	for _, members := range []map[string]*yaml.Node{t.operations, t.rules, t.parameters, t.responses, t.queries} {
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if !t.used[members[name]] {
				p.add(templatesFile, members[name], "nothing uses %s", name)
			}
		}
	}
}

func claimAll(into map[string]*yaml.Node, members *yaml.Node, where, what string, p *problems) {
	for name, member := range entries(members) {
		if into[name] != nil {
			p.add(where, member, "%s %s stands in another file already", what, name)
		}
		into[name] = member
	}
}

// operation spells out a file that holds one operation: the item of its path.
func (t *templates) operation(root *yaml.Node, name string, p *problems) *yaml.Node {
	if len(root.Content) != 2 || len(root.Content[1].Content) != 2 || !slices.Contains(methods, root.Content[1].Content[0].Value) {
		p.add(name, root, "a file holds one operation: a path, and one method below it")
		return mapping()
	}
	op := root.Content[1].Content[1]
	t.given, t.taken = nil, nil
	if at(op, "use") != nil {
		t.given, t.taken = clone(op), map[string]bool{}
		for word, value := range entries(t.words[path.Dir(name)]) {
			set(t.given, word, clone(value))
		}
		op = t.use("operation", t.operations, op, nil, map[string]bool{}, name, p)
		order(op, []string{"summary", "x-addedInVersion", "description", "uk", "security", "x-source", "parameters", "responses", "x-rules"})
		root.Content[1].Content[1] = op
	}
	op.Content = slices.Insert(op.Content, 0, scalar("operationId"), scalar(strings.TrimSuffix(path.Base(name), ".yaml")))
	if tag := t.tags[path.Dir(name)]; tag != nil && at(op, "tags") == nil {
		insertBefore(op, "security", "tags", sequence(clone(tag)))
	}
	if parameters := at(op, "parameters"); parameters != nil {
		parameters.Content = t.parameterList(parameters, name, p)
	}
	if body := at(op, "requestBody"); body != nil {
		setContent(body)
		set(body, "required", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
		order(body, []string{"required", "description", "uk", "content"})
	}
	responses := at(op, "responses")
	for status, response := range entries(responses) {
		response = t.use("response", t.responses, response, nil, map[string]bool{}, name, p)
		setContent(response)
		set(responses, status, response)
	}
	scopes := ""
	for _, requirement := range items(at(op, "security")) {
		scopes = strings.Join(values(at(requirement, "oauth2")), ", ")
	}
	if rules := at(op, "x-rules"); rules != nil {
		set(op, "x-rules", t.checks(rules, scopes, name, p))
	}
	for word := range t.taken {
		remove(op, word)
	}
	return mapping("paths", root)
}

// give is the value of a word for all templates of the operation.
func (t *templates) give(word string) *yaml.Node {
	value := at(t.given, word)
	if value != nil {
		t.taken[word] = true
	}
	return value
}

// parameterList spells out the parameters of an operation; {query: name} stands for those of a query.
func (t *templates) parameterList(list *yaml.Node, where string, p *problems) []*yaml.Node {
	var all []*yaml.Node
	for _, n := range list.Content {
		if name := text(n, "query"); name != "" {
			if t.queries[name] == nil {
				p.add(where, n, "there is no query %s", name)
			}
			t.used[t.queries[name]] = true
			all = append(all, t.parameterList(clone(orEmpty(t.queries[name])), where, p)...)
			continue
		}
		n = t.use("parameter", t.parameters, n, nil, map[string]bool{}, where, p)
		order(n, []string{"name", "in", "required", "description", "uk", "schema", "example"})
		all = append(all, n)
	}
	return all
}

// setContent spells out `schema: Name`: the body or answer is JSON of that schema. Its examples are cases of the sandbox's
// world, and called like these unless they have a summary.
func setContent(n *yaml.Node) {
	if schema := at(n, "schema"); schema != nil && schema.Kind == yaml.ScalarNode {
		remove(n, "schema")
		content := mapping("schema", mapping("$ref", "#/components/schemas/"+schema.Value))
		if examples := remove(n, "examples"); examples != nil {
			for _, example := range entries(examples) {
				order(example, []string{"case", "summary"})
				if title := text(example, "case"); at(example, "summary") == nil && title != "" {
					insertAfter(example, "case", "summary", scalar(strings.ToUpper(title[:1])+title[1:]))
				}
			}
			set(content, "examples", examples)
		}
		set(n, "content", mapping("application/json", content))
	}
}

// typesOf are the words that refusals have for programs when their rules say nothing else.
var typesOf = map[string]string{
	"400": "request_malformed", "401": "access_denied", "403": "forbidden", "404": "not_found", "409": "request_conflict",
	"413": "request_too_large", "415": "content_type_invalid", "422": validationFailed, "429": "too_many_requests",
	"500": "internal_error", "501": "internal_error", "503": "internal_error", "504": "internal_error",
}

// checks spells out a list of rules. That of an operation is a mapping: its `family` is the beginning of the ids in
// `checks`, and its other fields hold for each rule that does not say otherwise.
func (t *templates) checks(n *yaml.Node, scopes, where string, p *problems) *yaml.Node {
	list, family, defaults := n, "", mapping()
	if n.Kind == yaml.MappingNode {
		list, family, defaults = orEmpty(at(n, "checks")), text(n, "family")+".", clone(n)
		remove(defaults, "checks")
		remove(defaults, "family")
		set(defaults, "scopes", scopes)
	}
	wanted := map[string]bool{"scopes": true}
	t.expand(list, defaults, wanted, where, p)
	for i, rule := range list.Content {
		rule = t.use("rule", t.rules, rule, defaults, wanted, where, p)
		if family != "" {
			set(rule, "id", family+text(rule, "id"))
		}
		if kind := typesOf[text(rule, "status")]; at(rule, "type") == nil && kind != "" {
			set(rule, "type", kind)
		}
		if text(rule, "origin") == "seed" { // fixed anyway
			remove(rule, "fixed")
		}
		if text(rule, "job") == "false" { // of an operation whose other rules have it
			remove(rule, "job")
		}
		if at(rule, "default") == nil {
			set(rule, "default", "on")
		}
		order(rule, ruleFields)
		list.Content[i] = rule
	}
	for key, value := range entries(defaults) {
		if !slices.Contains(ruleFields, key) && !wanted[key] {
			p.add(where, value, "%q is no field of a rule, and no template wants it", key)
		}
	}
	return list
}

// expand puts rules in the place of {list: name}. Its other fields hold for each of them, and for what the list's own
// rules want.
func (t *templates) expand(checks, defaults *yaml.Node, wanted map[string]bool, where string, p *problems) {
	var all []*yaml.Node
	for _, n := range checks.Content {
		name := remove(n, "list")
		if name == nil {
			all = append(all, n)
			continue
		}
		if t.lists[name.Value] == nil {
			p.add(where, n, "there is no list %s", name.Value)
		}
		own := map[string]bool{}
		for _, template := range clone(orEmpty(t.lists[name.Value])).Content {
			both := clone(defaults)
			for key, value := range entries(n) {
				set(both, key, clone(value))
			}
			template.Line = n.Line
			fillArguments(template, func(word string) string {
				own[word] = true
				value := cmp.Or(at(both, word), t.give(word))
				if value == nil {
					p.add(where, n, "list %s wants %s", name.Value, word)
					return ""
				}
				return value.Value
			})
			all = append(all, t.use("rule", t.rules, template, both, own, where, p))
		}
		for key, value := range entries(n) {
			if !own[key] && !slices.Contains(ruleFields, key) {
				p.add(where, value, "%q is no field of a rule, and no template of list %s wants it", key, name.Value)
			}
			delete(own, key)
		}
		maps.Copy(wanted, own)
	}
	checks.Content = all
}

var argument = regexp.MustCompile(`<[a-z_]+>`)

// use is n with what it takes from a template and, after that, from defaults, which hold fields of rules and values that
// templates want. It notes what the template wants.
func (t *templates) use(kind string, all map[string]*yaml.Node, n, defaults *yaml.Node, wanted map[string]bool, where string, p *problems) *yaml.Node {
	if n.Kind == yaml.ScalarNode {
		n = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: n.Line, Content: []*yaml.Node{scalar("use"), n}}
	}
	if name := remove(n, "use"); name != nil {
		template := all[name.Value]
		if template == nil {
			p.add(where, n, "there is no template %s for a %s", name.Value, kind)
			return n
		}
		t.used[template] = true
		template = clone(template)
		own := map[string]bool{}
		fillArguments(template, func(word string) string {
			own[word], wanted[word] = true, true
			value := cmp.Or(at(n, word), at(defaults, word), t.give(word))
			if value == nil {
				p.add(where, n, "template %s wants %s", name.Value, word)
				return ""
			}
			return value.Value
		})
		for word := range own {
			remove(n, word)
		}
		for key, value := range entries(template) {
			if at(n, key) == nil {
				set(n, key, value)
			}
		}
		if kind == "rule" && at(n, "id") == nil {
			set(n, "id", name.Value[strings.LastIndex(name.Value, ".")+1:])
		}
	}
	for key, value := range entries(defaults) {
		if kind == "rule" && at(n, key) == nil && slices.Contains(ruleFields, key) {
			set(n, key, clone(value))
		}
	}
	return n
}

// fillArguments puts values in the place of <word> in all texts at and below n.
func fillArguments(n *yaml.Node, value func(word string) string) {
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "<") {
		n.Value = argument.ReplaceAllStringFunc(n.Value, func(match string) string { return value(match[1 : len(match)-1]) })
	}
	for _, child := range n.Content {
		fillArguments(child, value)
	}
}

// order sorts the fields of n as in keys; others, which are faults, come last.
func order(n *yaml.Node, keys []string) {
	sorted := mapping()
	for _, key := range keys {
		if value := at(n, key); value != nil {
			set(sorted, key, value)
		}
	}
	for key, value := range entries(n) {
		if !slices.Contains(keys, key) {
			set(sorted, key, value)
		}
	}
	n.Content = sorted.Content
}

func orEmpty(n *yaml.Node) *yaml.Node {
	if n == nil {
		return sequence()
	}
	return n
}
