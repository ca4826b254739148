package divisions

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/address"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/subject"
	"esoz/internal/platform/validation"
)

// ruleSet begins the ids of the checks that Create Division and Update Division
// share.
type ruleSet string

const (
	createRules ruleSet = "division.create."
	updateRules ruleSet = "division.update."
)

func (r ruleSet) id(check string) rules.ID { return rules.ID(string(r) + check) }

// guard holds the checks that stand before those of the body: whether the caller
// may write divisions at all (decisions R7, R18).
func (r ruleSet) guard() []operation.Check[*operation.Caller] {
	return []operation.Check[*operation.Caller]{
		{Rule: r.id("party"), Caller: operation.PartyIsVerified},
		{Rule: r.id("client_id"), Caller: func(c *operation.Caller) error {
			return operation.Expect(c.ClientID != uuid.Nil, "client_id of the token", "a legal entity", "none")
		}},
		{Rule: r.id("legal_entity"), Caller: operation.HasLegalEntity},
		{Rule: r.id("legal_entity_active"), Caller: mayManage},
	}
}

// sent is a body as it came, and what is known of it when its checks begin. What
// it lacks, and what the schema refuses in it, is nil (decisions R16).
type sent struct {
	*validation.Checked
	kind   *string             // $.type
	types  config.AddressTypes // what a division of this type and legal entity may and must have
	places []address.Place     // of $.addresses, in their order
}

// read prepares the checks of a body.
func (a *API) read(ctx context.Context, body *validation.Checked) *call {
	s := a.call(ctx, "")
	s.Checked, s.kind = body, body.Text("type")
	s.types = s.Config.DivisionAddressTypes.For(s.LegalEntity.Type, deref(s.kind))
	addresses, _ := body.Value("addresses").([]any)
	s.places = make([]address.Place, len(addresses))
	for i := range s.places {
		text := func(field string) *string { return body.Text("addresses", i, field) }
		s.places[i] = address.Place{
			Type: text("type"), Area: text("area"), Settlement: text("settlement"), Region: text("region"), SettlementID: text("settlement_id"),
		}
		s.places[i].Find(s.Addresses)
	}
	return s
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// body holds the checks of what a body means, in the order of seed 003; then those
// that other sources add (decisions R16).
func (r ruleSet) body() []operation.Check[*call] {
	return slices.Concat(
		[]operation.Check[*call]{{Rule: r.id("location"), Pass: pharmacyTellsLocation}},
		r.eachAddress(address.Named),
		[]operation.Check[*call]{
			collect(r.id("type_mapping"), divisionType),
			collect(r.id("address_type_mapping"), addressTypes),
			collect(r.id("residence"), requiredTypes),
		},
		r.eachAddress(address.Agreeing),
		[]operation.Check[*call]{
			collect(r.id("address_type_double"), func(s *call, rule rules.ID) operation.Refusals { return doubles(s, rule, "addresses") }),
			collect(r.id("phone_type_double"), func(s *call, rule rules.ID) operation.Refusals { return doubles(s, rule, "phones") }),
		},
	)
}

// collect makes a check that may refuse several parts of a body.
func collect(rule rules.ID, refused func(s *call, rule rules.ID) operation.Refusals) operation.Check[*call] {
	return operation.Check[*call]{Rule: rule, Pass: func(_ context.Context, s *call) error {
		return refused(s, rule).OrNil()
	}}
}

// eachAddress makes checks of each address.
func (r ruleSet) eachAddress(checks []address.Check) (made []operation.Check[*call]) {
	for _, c := range checks {
		made = append(made, collect(r.id(c.Rule), func(s *call, rule rules.ID) (refused operation.Refusals) {
			for i := range s.places {
				switch p := &s.places[i]; {
				case c.Passes(s.Addresses, p):
				case c.ID == nil:
					refused = append(refused, fault.RefuseItem(rule, i, nil))
				default:
					refused = append(refused, fault.RefuseItem(rule, i, nil, "id", c.ID(p)))
				}
			}
			return refused
		}))
	}
	return made
}

// pharmacyTellsLocation leaves a body that is no object to its schema.
func pharmacyTellsLocation(_ context.Context, s *call) error {
	_, isObject := s.Value().(map[string]any)
	return operation.Unless(s.LegalEntity.Type != subject.TypePharmacy || !isObject || s.Value("location") != nil || !s.Sound("location"))
}

func divisionType(s *call, rule rules.ID) operation.Refusals {
	allowed := s.Config.DivisionTypes(s.LegalEntity.Type)
	if s.kind == nil || slices.Contains(allowed, *s.kind) {
		return nil
	}
	return operation.Refusals{fault.RefuseAt(rule, "$.type", append([]string{}, allowed...)).Because("$.type", allowed, "another type")}
}

func addressTypes(s *call, rule rules.ID) (refused operation.Refusals) {
	allowed := s.types.Allowed()
	for i, p := range s.places {
		if s.kind != nil && p.Type != nil && !slices.Contains(allowed, *p.Type) {
			refused = append(refused, fault.RefuseItem(rule, i, append([]string{}, allowed...)))
		}
	}
	return refused
}

// requiredTypes asks for every required type, of which RESIDENCE is the one of
// the built-in matrix and gave the rule its name. An address of an unknown type may
// be the one that is missing.
func requiredTypes(s *call, rule rules.ID) (refused operation.Refusals) {
	_, isList := s.Value("addresses").([]any)
	if !isList || slices.ContainsFunc(s.places, func(p address.Place) bool { return p.Type == nil }) {
		return nil
	}
	for _, required := range s.types.Required {
		if !slices.ContainsFunc(s.places, func(p address.Place) bool { return *p.Type == required }) {
			refused = append(refused, fault.Refuse(rule, "type", required))
		}
	}
	return refused
}

// doubles refuses each item of a list whose type an earlier one has.
func doubles(s *call, rule rules.ID, list string) (refused operation.Refusals) {
	items, _ := s.Value(list).([]any)
	seen := map[string]bool{}
	for i := range items {
		kind := s.Text(list, i, "type")
		if kind == nil {
			continue
		}
		if seen[*kind] {
			refused = append(refused, fault.RefuseItem(rule, i, []string{*kind}))
		}
		seen[*kind] = true
	}
	return refused
}
