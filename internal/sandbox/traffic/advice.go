package traffic

import (
	"fmt"
	"slices"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/sandbox/world"
)

// Advise adds what to try on the world of the sandbox. baseURL is its address.
func (x *Explanation) Advise(w *world.World, baseURL string) {
	if len(x.Refusals) == 0 {
		return
	}
	for _, op := range x.near {
		x.pass(w, op, baseURL)
	}
	if x.op == nil {
		return
	}
	for _, refused := range x.Refusals {
		switch gatewayCheck(refused) {
		case rules.GatewayScope:
			x.Try = append(x.Try, tokensWith(w, x.op.scopes)...)
		case rules.GatewayBrokerScope, rules.GatewayAPIKeyMissing, rules.GatewayAPIKeyUnknown, rules.GatewayAPIKeyBroker:
			x.Try = append(x.Try, keysWith(w, x.op.scopes)...)
		}
	}
	x.pass(w, x.op, baseURL)
	if others := x.others; len(others) > 0 {
		x.Try = append(x.Try, Advice{Text: "Was another action meant? There are: " + strings.Join(others, ", ")})
	}
}

// gatewayCheck returns the gateway's check that refused, if one did.
func gatewayCheck(c Check) rules.ID {
	if c.Guard != "" {
		return c.Guard
	}
	return c.ID
}

// pass advises a case of an operation that passes.
func (x *Explanation) pass(w *world.World, op *operation, baseURL string) {
	if c, ok := w.Passing(op.id); ok {
		x.Try = append(x.Try, Advice{
			Text: fmt.Sprintf("%s passes: %s", op.call(), c.Title), Curl: c.Request.Curl(baseURL),
		})
	}
}

// mostTokens are enough to choose from.
const mostTokens = 5

// tokensWith advises tokens that hold scopes.
func tokensWith(w *world.World, scopes []string) (advice []Advice) {
	for _, token := range w.Tokens {
		faulty := slices.ContainsFunc(w.Cases, func(c world.Case) bool {
			return c.Request.Headers["Authorization"] == "Bearer "+token.Value && refusesToken(c)
		})
		if len(auth.Missing(scopes, token.Scopes)) == 0 && !faulty && len(advice) < mostTokens {
			advice = append(advice, Advice{Text: fmt.Sprintf("The token %s has %s: %s", token.Value, strings.Join(scopes, ", "), token.Note)})
		}
	}
	return advice
}

// refusesToken tells whether a case shows a fault of its token.
func refusesToken(c world.Case) bool {
	return slices.ContainsFunc(c.Rules, func(id rules.ID) bool { return strings.HasPrefix(string(id), "gateway.token.") })
}

func keysWith(w *world.World, scopes []string) (advice []Advice) {
	for _, key := range w.Keys {
		if len(auth.Missing(scopes, key.Scopes)) == 0 {
			advice = append(advice, Advice{Text: fmt.Sprintf("The API-key %s may act with %s: %s", key.Value, strings.Join(scopes, ", "), key.Note)})
		}
	}
	return advice
}
