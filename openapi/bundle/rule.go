package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// rule is an item of x-rules: one documented check, and what a refusal by it looks like.
type rule struct {
	ID      string `yaml:"id"`
	Check   string `yaml:"check"`
	CheckUK string `yaml:"x-check-uk"`
	Status  int    `yaml:"status"`
	Type    string `yaml:"type"`
	Message string `yaml:"message"`

	// One item of the answer's invalid[].
	Entry       string    `yaml:"entry"`
	EntryType   string    `yaml:"entry_type"`
	Keyword     string    `yaml:"rule"`
	Description string    `yaml:"description"`
	Params      yaml.Node `yaml:"params"`
	InvalidJSON bool      `yaml:"invalid_json"`

	Source  string `yaml:"source"`
	Origin  string `yaml:"origin"`
	Default string `yaml:"default"`
	Fixed   bool   `yaml:"fixed"`
	Flag    string `yaml:"flag"`

	Schema   bool   `yaml:"schema"`   // the schema of the body judges it; so it does the rule ending in .schema
	Together string `yaml:"together"` // the group of checks that are all made and answer in one refusal
	Job      bool   `yaml:"job"`      // the job makes the check: its refusal is the end of the job, and no answer of the operation

	// Example is for the generated example: values of placeholders, entry if its index is not 0, or the case of the
	// sandbox's world whose answer it is.
	Example  map[string]string `yaml:"example"`
	Guards   string            `yaml:"guards"`   // document-level rules: the operations that the rule stands before
	Replaces []string          `yaml:"replaces"` // operation rules: guards that this rule answers in place of

	node  *yaml.Node
	where string
}

const validationFailed = "validation_failed"

var (
	// ruleFields are the fields of a rule in the order in which the document has them.
	ruleFields = []string{
		"id", "guards", "check", "uk", ukrainian("check"), "status", "type", "message", "entry", "entry_type", "rule", "description",
		"params", "invalid_json", "source", "origin", "default", "fixed", "flag", "schema", "job", "together", "example", "replaces",
	}
	requiredRuleFields = []string{"id", "check", "status", "type", "source", "origin", "default"}

	origins    = []string{"seed", "blueprint", "wiki", "code", "inferred"}
	entryTypes = []string{"json_data_property", "query_parameter", "header", "request"}

	// togethers name what the checks of a group look at: the body, what a body of the right shape says, the filters of a
	// query, single fields that must be there, the parts of a package.
	togethers = []string{
		"body", "content", "filters", "fields", "shape", "one_of", "visit", "diagnostic_reports", "observations", "conditions", "encounter", "immunizations",
		"allergy_intolerances", "risk_assessments", "procedures",
	}
	// refusalTypes are the words that refusals have for programs.
	refusalTypes = []string{
		"access_denied", "content_type_invalid", "forbidden", "internal_error", "invalid_client", "invalid_grant", "not_found",
		"password_expired", "request_conflict", "request_malformed", "request_too_large", "token_expired", "token_not_found",
		"too_many_requests", "too_many_results", "unverified", "user_blocked", validationFailed,
	}

	ruleID      = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)
	placeholder = regexp.MustCompile(`\{[a-z][a-z0-9_]*\}`)
)

func readRules(list *yaml.Node, where string, p *problems) []*rule {
	var rules []*rule
	for _, n := range items(list) {
		r := &rule{node: n, where: fmt.Sprintf("%s: rule %s", where, text(n, "id"))}
		if err := n.Decode(r); err != nil {
			p.add(r.where, n, "%v", err)
			continue
		}
		r.Schema = r.Schema || r.isFallback()
		rules = append(rules, r)
	}
	return rules
}

// isFallback tells the rule that names the violations of a body's schema for which its operation has no rule of their own.
func (r *rule) isFallback() bool { return strings.HasSuffix(r.ID, ".schema") }

// entryType is that of the rule's item in invalid[], "" when the rule makes none.
func (r *rule) entryType() string {
	if r.EntryType == "" && r.Type == validationFailed {
		return "json_data_property"
	}
	return r.EntryType
}

// isFixed tells that a rule cannot be switched. What a seed says in place of a check of the gateway may start off: it is
// the second of two readings of the seed (decisions R6).
func (r *rule) isFixed() bool {
	return r.Fixed || r.Origin == "seed" && (r.Default == "on" || len(r.Replaces) == 0)
}

// family is the part of an id that the rules of an operation share.
func (r *rule) family() string { return r.ID[:max(0, strings.LastIndex(r.ID, "."))] }

// constant is the rule's name in Go: division.create.party is DivisionCreateParty.
func (r *rule) constant() string {
	var name strings.Builder
	for _, word := range strings.FieldsFunc(r.ID, func(c rune) bool { return c == '.' || c == '_' }) {
		if initialism, ok := initialisms[word]; ok {
			word = initialism
		}
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String()
}

var initialisms = map[string]string{
	"api": "API", "http": "HTTP", "id": "ID", "ids": "IDs", "json": "JSON", "otp": "OTP", "psk": "PSK", "sms": "SMS",
	"url": "URL", "uuid": "UUID",
}

// check finds what is wrong with a rule on its own.
func (r *rule) check(p *problems) {
	bad := func(format string, args ...any) { p.add(r.where, r.node, format, args...) }
	for field := range entries(r.node) {
		if !slices.Contains(ruleFields, field) {
			bad("unknown field %q", field)
		}
	}
	for _, field := range requiredRuleFields {
		if text(r.node, field) == "" {
			bad("%s is missing", field)
		}
	}
	if !ruleID.MatchString(r.ID) {
		bad("the id must be <resource>.<operation>.<slug> of a-z, 0-9 and _")
	}
	if r.Status < 400 || r.Status > 599 {
		bad("status %d is no refusal", r.Status)
	}
	if !slices.Contains(refusalTypes, r.Type) {
		bad("type %q is none of %s", r.Type, strings.Join(refusalTypes, ", "))
	}
	if !slices.Contains(origins, r.Origin) {
		bad("origin %q is none of %s", r.Origin, strings.Join(origins, ", "))
	}
	if r.Default != "on" && r.Default != "off" {
		bad("default %q is neither on nor off", r.Default)
	}
	if r.isFixed() && r.Default == "off" {
		bad("a rule that cannot be switched starts on")
	}
	if r.EntryType != "" && !slices.Contains(entryTypes, r.EntryType) {
		bad("entry_type %q is none of %s", r.EntryType, strings.Join(entryTypes, ", "))
	}
	if r.Together != "" && !slices.Contains(togethers, r.Together) {
		bad("together %q is none of %s", r.Together, strings.Join(togethers, ", "))
	}
	r.checkInvalid(bad)
}

// checkInvalid looks at the parts of a rule that make an item of invalid[].
func (r *rule) checkInvalid(bad func(format string, args ...any)) {
	if r.Type != validationFailed {
		if r.Entry != "" && r.EntryType == "" {
			bad("entry of a %s refusal wants an entry_type", r.Type)
		}
		return
	}
	if r.Status != 422 {
		bad("type %s comes with status 422, not %d", validationFailed, r.Status)
	}
	if r.Message != "" {
		bad("type %s has the standing message; leave message out", validationFailed)
	}
	if r.isFallback() {
		return
	}
	for _, field := range []string{"entry", "description"} {
		if text(r.node, field) == "" {
			bad("a field's 422 wants %s (only the rule <resource>.<operation>.schema has none)", field)
		}
	}
}

// fill puts values in the place of {name}. It reports the names that have none.
func fill(s string, values map[string]string) (filled string, missing []string) {
	filled = placeholder.ReplaceAllStringFunc(s, func(match string) string {
		value, ok := values[match[1:len(match)-1]]
		if !ok {
			missing = append(missing, match)
		}
		return value
	})
	return filled, missing
}

// checkRules finds what is wrong with the rules as a whole.
func (c *contract) checkRules(p *problems) {
	ids, constants := map[string]*rule{}, map[string]*rule{}
	for r := range c.rules() {
		r.check(p)
		if first := ids[r.ID]; first != nil {
			p.add(r.where, r.node, "the id stands already in %s, line %d", first.where, first.node.Line)
			continue
		}
		ids[r.ID] = r
		if first := constants[r.constant()]; first != nil {
			p.add(r.where, r.node, "its Go name %s is also that of %s", r.constant(), first.ID)
		}
		constants[r.constant()] = r
	}
	groups := slices.Sorted(maps.Keys(guardGroups))
	for _, r := range c.shared {
		if guardGroups[r.Guards] == nil {
			p.add(r.where, r.node, "guards %q is none of %s", r.Guards, strings.Join(groups, ", "))
		}
		if len(r.Replaces) > 0 {
			p.add(r.where, r.node, "only rules of operations replace others")
		}
		if r.Together != "" {
			p.add(r.where, r.node, "the first of the document's rules that refuses answers alone; leave together out")
		}
	}
}
