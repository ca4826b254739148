package conformance

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world"
)

// gatewayFault is a change that makes a request break a rule of the gateway.
type gatewayFault struct {
	rule    rules.ID
	title   string
	changes parts
}

// findFaults collects how the world's cases break rules of the gateway. Only
// what can be done to any request counts: its method, headers, query and body.
func (d *deriver) findFaults(operations []*operation) {
	for _, op := range operations {
		for _, c := range d.world.Cases {
			if c.OperationID != op.id || len(c.Rules) != 1 || len(c.Config) > 0 {
				continue
			}
			r, _ := rules.Get(c.Rules[0])
			p, ok := partsOf(c.Request)
			if r.Operation != "" || !ok {
				continue
			}
			changes, ok := op.nearest(p)
			if !ok || changes.touches("path") {
				continue
			}
			// Which fields a wrong body no longer has, and which parameter is wrong, is another matter in each operation.
			maps.DeleteFunc(changes, func(key string, value any) bool { return value == gone{} && strings.HasPrefix(key, "body/") })
			f := gatewayFault{rule: r.ID, title: c.Title, changes: d.withoutSound(changes)}
			known := func(other gatewayFault) bool {
				return other.rule == f.rule && (f.changes.touches("query") || reflect.DeepEqual(other.changes, f.changes))
			}
			if !slices.ContainsFunc(d.faults, known) {
				d.faults = append(d.faults, f)
			}
		}
	}
}

// withoutSound leaves out headers with which another case of the world passes:
// they are not what is wrong, unless nothing else is.
func (d *deriver) withoutSound(changes parts) parts {
	wrong := maps.Clone(changes)
	for _, c := range d.world.Cases {
		if len(c.Rules) > 0 || len(c.Config) > 0 {
			continue
		}
		for name, value := range c.Request.Headers {
			if key := "header/" + strings.ToLower(name); wrong[key] == value {
				delete(wrong, key)
			}
		}
	}
	if len(wrong) == 0 {
		return changes
	}
	return wrong
}

// on tells how a fault is made in an operation, and what is answered; ok is
// false when the fault is none there. Beside a wrong method no operation is
// found, and nothing is answered in its words.
func (d *deriver) on(op *operation, f gatewayFault, request parts, found bool) (changes parts, refusal *fault.Error, ok bool) {
	id := f.rule
	switch own, replaced := op.replaced[id]; {
	case id == rules.GatewayMethod:
		if op.public && !op.open || slices.Contains(op.methods, methodOf(f.changes)) {
			return nil, nil, false
		}
	case replaced:
		if found {
			id = own
		}
	case !slices.Contains(rules.Guards(op.id), id):
		return nil, nil, false
	}
	changes = f.changes
	args := []any{"path", beforeParameters(op.path)}
	switch f.rule {
	case rules.GatewayScope:
		token, known := d.tokenOf(f.changes)
		missing := subtract(op.scopes, token.Scopes)
		if !known || len(missing) == 0 {
			return nil, nil, false
		}
		args = append(args, "scopes", strings.Join(missing, ", "))
	case rules.GatewayBrokerScope:
		key, known := d.keyOf(f.changes)
		missing := subtract(op.scopes, key.Scopes)
		if !known || len(missing) == 0 {
			return nil, nil, false
		}
		args = append(args, "scopes", strings.Join(missing, ", "))
	}
	if changes.touches("query") {
		if len(op.query) == 0 {
			return nil, nil, false
		}
		for _, value := range changes { // the one parameter, by a name that the operation has
			changes = parts{"query/" + op.query[0]: value}
		}
		args = append(args, "parameter", op.query[0])
	}
	if changes.touches("body") {
		whole := parts{}
		for key := range request {
			if key == "body" || strings.HasPrefix(key, "body/") {
				whole[key] = gone{}
			}
		}
		maps.Copy(whole, changes)
		changes = whole
	}
	if changes.touches("header/api-key") {
		if token, _ := d.tokenOf(request); token.Direct {
			return nil, nil, false // nobody looks at its API-key
		}
	}
	return changes, fault.Refuse(id, args...), true
}

func methodOf(p parts) string {
	method, _ := p["method"].(string)
	return method
}

func (d *deriver) tokenOf(p parts) (world.Token, bool) {
	header, _ := p["header/authorization"].(string)
	i := slices.IndexFunc(d.world.Tokens, func(t world.Token) bool { return "Bearer "+t.Value == header })
	if i < 0 {
		return world.Token{}, false
	}
	return d.world.Tokens[i], true
}

func (d *deriver) keyOf(p parts) (world.Key, bool) {
	i := slices.IndexFunc(d.world.Keys, func(k world.Key) bool { return k.Value == p["header/api-key"] })
	if i < 0 {
		return world.Key{}, false
	}
	return d.world.Keys[i], true
}

func subtract(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(one string) bool { return slices.Contains(some, one) })
}

// beforeParameters is the part of a path that the gateway names.
func beforeParameters(path string) string {
	head, _, _ := strings.Cut(path, "/{")
	head, _, _ = strings.Cut(head, "/actions")
	return head
}

// gateway sends each fault of the gateway to an operation that would pass.
func (d *deriver) gateway(op *operation) {
	if len(op.passing) == 0 {
		return
	}
	base := op.passing[0]
	for _, f := range d.faults {
		changes, refusal, ok := d.on(op, f, base.parts, true)
		if !ok {
			continue
		}
		d.add(Check{Case: refusedCase(op.id+":"+string(refusal.Rules[0]), op.id, f.title, base.parts.with(changes), refusal)})
	}
}
