// Package gateway makes the cases of the checks that stand before an operation:
// those of the gateway, and what an operation asks of its caller. They are made
// for every operation of the contract, from the first case in which it passes; so
// are those of signed content.
package gateway

import (
	"slices"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

// Add adds the cases. It comes after the packages whose operations pass.
func Add(w *build.World) {
	w.Refused("", "an unknown path", build.Get(build.TokenValue("doctor"), "/api/unknown"), fault.Refuse(rules.GatewayPath))
	usedKeys(w)
	for _, op := range operations() {
		passing, ok := w.Passing(op.id)
		if !ok {
			continue // a test fails for it
		}
		breakGuards(w, op, passing.Request)
		breakSignatures(w, op, passing)
		if !op.public {
			spend(w, op)
			breakCallers(w, op, passing.Request)
		}
	}
}

// breakGuards breaks each check of the gateway that the contract lists for the
// operation. Some operations have words of their own for it.
func breakGuards(w *build.World, op operation, passing build.Request) {
	own, second := map[rules.ID]rules.ID{}, map[rules.ID]rules.ID{} // second: of rules that start off
	for _, rule := range rules.OfOperation(op.id) {
		for _, id := range rule.Replaces {
			if rule.Off {
				second[id] = rule.ID
			} else {
				own[id] = rule.ID
			}
		}
	}
	guards := rules.Guards(op.id)
	for _, v := range violations {
		id, replaced := own[v.rule]
		if !replaced {
			id = v.rule
		}
		switch {
		case !replaced && id != rules.GatewayMethod && !slices.Contains(guards, id):
			continue
		case id == rules.GatewayRateLimit && op.public:
			continue // it counts the calls of an address, which the world does not know
		}
		args := []any{"path", op.prefix(), "scopes", strings.Join(op.scopes, ", "), "parameter", op.query}
		c := w.Refused(op.id, v.title, v.request(w, op, passing), fault.Refuse(id, args...))
		if config := v.config; len(config) > 0 {
			if op.signed != "" && id == rules.RequestTooLarge {
				config = append(slices.Clone(config), "MAX_SIGNED_CONTENT_BYTES", "1") // whose bodies may be larger
			}
			c.Set(config...)
		}
		if id, ok := second[v.rule]; ok {
			w.Refused(op.id, v.title+", in the second reading", v.request(w, op, passing), fault.Refuse(id, args...)).Set("RULES", "+"+string(id))
		}
	}
}

// spend uses up the request limit of an operation for one token.
func spend(w *build.World, op operation) {
	w.Insert("mithril.rate_limits", build.Row{
		"key": auth.RateKey(op.id, build.TokenValue("spent")), "count": 1_000_000, "resets_at": w.Now.AddDate(1, 0, 0),
	})
}
