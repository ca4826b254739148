package gateway

import (
	"slices"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

// caller is who an operation refuses.
type caller struct {
	title  string
	tokens []string // the first that has the scopes of the operation calls
	config []string // pairs of name and value
}

const block, operator = "BLOCK_UNVERIFIED_PARTY_USERS", "UNVERIFIED_PARTY_PERIOD_OPERATOR"

// callers by the last word of the rule that refuses them.
var callers = map[string][]caller{
	"party": {
		{"a user without a party", []string{"partyless_owner", "partyless_doctor", "partyless_pharmacist"}, []string{block, "true"}},
		{"a party that has just become unverified, read literally", []string{"unverified_owner", "unverified_doctor", "unverified_pharmacist"}, []string{block, "true"}},
		{"a party that has long been unverified, with days of grace", []string{"long_unverified_owner", "long_unverified_doctor", "long_unverified_pharmacist"}, []string{block, "true", operator, "grace"}},
	},
	"party_deceased":    {{"a party whose death is confirmed", []string{"deceased_doctor", "deceased_pharmacist"}, []string{"BLOCK_DECEASED_PARTY_USERS", "true"}}},
	"employee_type":     {{"a user who is no doctor of the legal entity", []string{"unemployed_doctor"}, nil}},
	"client_id":         {{"a token of no client", []string{"clientless"}, nil}},
	"legal_entity":      {{"a client without a legal entity", []string{"stranger"}, nil}},
	"legal_entity_type": {{"a type of legal entity that is not allowed", []string{"nhs", "pharmacist"}, nil}},
	"legal_entity_status": {
		{"a suspended legal entity", []string{"suspended_doctor", "suspended_owner", "suspended_pharmacist"}, nil},
		{"a closed legal entity", []string{"closed_owner", "closed_pharmacist"}, nil},
	},
	"legal_entity_verified": {{"a legal entity that the NHS has not verified", []string{"unlisted_doctor"}, nil}},
	"legal_entity_active":   {{"a closed legal entity", []string{"closed_owner", "closed_pharmacist"}, nil}},
}

// breakCallers breaks what an operation asks of its caller before it looks at
// anything else: the rules that stand first.
func breakCallers(w *build.World, op operation, passing build.Request) {
	for _, rule := range rules.OfOperation(op.id) {
		id := string(rule.ID)
		if len(rule.Replaces) > 0 || rule.Schema {
			continue // the gateway's, or of the body, which is right
		}
		refused, asked := callers[id[strings.LastIndex(id, ".")+1:]]
		if !asked {
			return
		}
		for _, who := range refused {
			config := slices.Clone(who.config)
			if rule.Off {
				config = append(config, "RULES", "+"+id)
			}
			w.Refused(op.id, who.title, passing.Bearing(who.token(w, op)), fault.Refuse(rule.ID)).Set(config...)
		}
	}
}

func (who caller) token(w *build.World, op operation) string {
	for _, name := range who.tokens {
		i := slices.IndexFunc(w.Tokens, func(t build.Token) bool { return t.Name == name })
		lacks := func(scope string) bool { return !slices.Contains(w.Tokens[i].Scopes, scope) }
		if !slices.ContainsFunc(op.scopes, lacks) {
			return w.Tokens[i].Value
		}
	}
	panic("world: of " + who.title + " no token has the scopes of " + op.id)
}
