package divisions

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
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
		{Rule: r.id("party"), Caller: partyIsVerified},
		{Rule: r.id("client_id"), Caller: func(c *operation.Caller) error {
			return operation.Expect(c.ClientID != uuid.Nil, "client_id of the token", "a legal entity", "none")
		}},
		{Rule: r.id("legal_entity"), Caller: operation.HasLegalEntity},
		{Rule: r.id("legal_entity_active"), Caller: mayManage},
	}
}

// partyIsVerified compares as seed 003 does in both operations, although the
// page of Update Division prints the opposite operator (decisions R7).
func partyIsVerified(c *operation.Caller) error {
	compare := subject.Literal
	if c.Config.UnverifiedPartyCompare == config.PeriodGrace {
		compare = subject.Grace
	}
	if !c.Config.BlockUnverifiedParty || c.Party.Allowed(c.Now, c.Config.UnverifiedPartyDays, compare) {
		return nil
	}
	found := "a user without a party"
	if c.Party != nil {
		found = c.Party.VerificationStatus + ", changed " + c.Party.UpdatedAt.UTC().Format(time.RFC3339)
	}
	return operation.Expect(false, "party of the user", fmt.Sprintf("not NOT_VERIFIED; the border is %d days (UNVERIFIED_PARTY_PERIOD_DAYS_ALLOWED, %s)",
		c.Config.UnverifiedPartyDays, c.Config.UnverifiedPartyCompare), found)
}

// sent is a body as it came, and what is known of it when its checks begin. What
// it lacks, and what the schema refuses in it, is nil (decisions R16).
type sent struct {
	*validation.Checked
	kind   *string             // $.type
	types  config.AddressTypes // what a division of this type and legal entity may and must have
	places []place             // of $.addresses, in their order
}

// place is an address of the body and the settlement that it names.
type place struct {
	kind, area, settlement, region, settlementID *string
	found                                        *Settlement // that settlementID names
}

// read prepares the checks of a body.
func (a *API) read(ctx context.Context, body *validation.Checked) *call {
	s := a.call(ctx, "")
	s.Checked, s.kind = body, body.Text("type")
	s.types = s.Config.DivisionAddressTypes.For(s.LegalEntity.Type, deref(s.kind))
	addresses, _ := body.Value("addresses").([]any)
	s.places = make([]place, len(addresses))
	for i := range s.places {
		text := func(field string) *string { return body.Text("addresses", i, field) }
		s.places[i] = place{
			kind: text("type"), area: text("area"), settlement: text("settlement"), region: text("region"), settlementID: text("settlement_id"),
		}
		// A malformed id names no settlement.
		if id, ok := envelope.ParseID(deref(s.places[i].settlementID)); ok {
			if found, known := s.Addresses.Settlement(id); known {
				s.places[i].found = &found
			}
		}
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
	return []operation.Check[*call]{
		{Rule: r.id("location"), Pass: pharmacyTellsLocation},
		eachAddress(r.id("area"), func(s *call, p *place) bool { return p.area == nil || s.Addresses.AreaNamed(*p.area) }, nil),
		eachAddress(r.id("settlement"), func(s *call, p *place) bool { return p.settlement == nil || s.Addresses.SettlementNamed(*p.settlement) }, nil),
		eachAddress(r.id("settlement_id"), func(_ *call, p *place) bool { return p.settlementID == nil || p.found != nil }, func(p *place) any { return *p.settlementID }),
		collect(r.id("type_mapping"), divisionType),
		collect(r.id("address_type_mapping"), addressTypes),
		collect(r.id("residence"), requiredTypes),
		eachAddress(r.id("settlement_match"), settlementMatches, nil),
		eachAddress(r.id("area_row"), areaExists, func(p *place) any { return p.found.AreaID }),
		eachAddress(r.id("area_match"), areaMatches, nil),
		eachAddress(r.id("region_row"), regionExists, func(p *place) any { return *p.found.RegionID }),
		eachAddress(r.id("region_match"), regionMatches, nil),
		collect(r.id("address_type_double"), func(s *call, rule rules.ID) operation.Refusals { return doubles(s, rule, "addresses") }),
		collect(r.id("phone_type_double"), func(s *call, rule rules.ID) operation.Refusals { return doubles(s, rule, "phones") }),
	}
}

// collect makes a check that may refuse several parts of a body.
func collect(rule rules.ID, refused func(s *call, rule rules.ID) operation.Refusals) operation.Check[*call] {
	return operation.Check[*call]{Rule: rule, Pass: func(_ context.Context, s *call) error {
		if all := refused(s, rule); len(all) > 0 {
			return all
		}
		return nil
	}}
}

// eachAddress makes a check of each address. named, when set, is the id that the
// rule's text tells.
func eachAddress(rule rules.ID, passes func(s *call, p *place) bool, named func(p *place) any) operation.Check[*call] {
	return collect(rule, func(s *call, rule rules.ID) (refused operation.Refusals) {
		for i := range s.places {
			switch p := &s.places[i]; {
			case passes(s, p):
			case named == nil:
				refused = append(refused, refuseItem(rule, i, nil))
			default:
				refused = append(refused, refuseItem(rule, i, nil, "id", named(p)))
			}
		}
		return refused
	})
}

// refuseItem refuses an item of the list that the rule's entry names.
func refuseItem(rule rules.ID, i int, params any, args ...any) *fault.Error {
	r, _ := rules.Get(rule)
	entry := strings.Replace(r.Entry, "*", strconv.Itoa(i), 1)
	return fault.RefuseAt(rule, entry, params, args...).Because(entry, r.Check, "another value")
}

// pharmacyTellsLocation leaves a body that is no object to its schema.
func pharmacyTellsLocation(_ context.Context, s *call) error {
	_, isObject := s.Value().(map[string]any)
	return operation.Unless(s.LegalEntity.Type != subject.TypePharmacy || !isObject || s.Value("location") != nil || !s.Sound("location"))
}

func settlementMatches(s *call, p *place) bool {
	return p.found == nil || p.settlement == nil || !s.Addresses.SettlementNamed(*p.settlement) || s.Addresses.SameName(*p.settlement, p.found.Name)
}

func areaExists(s *call, p *place) bool {
	if p.found == nil {
		return true
	}
	_, exists := s.Addresses.Area(p.found.AreaID)
	return exists
}

func areaMatches(s *call, p *place) bool {
	if p.found == nil || p.area == nil || !s.Addresses.AreaNamed(*p.area) {
		return true
	}
	name, exists := s.Addresses.Area(p.found.AreaID)
	return !exists || s.Addresses.SameArea(*p.area, name)
}

// isInRegion tells whether an address is compared with a region: it names one,
// and its settlement is in one.
func (p *place) isInRegion() bool {
	return p.found != nil && p.region != nil && p.found.RegionID != nil
}

func regionExists(s *call, p *place) bool {
	if !p.isInRegion() {
		return true
	}
	_, exists := s.Addresses.Region(*p.found.RegionID)
	return exists
}

func regionMatches(s *call, p *place) bool {
	if !p.isInRegion() {
		return true
	}
	name, exists := s.Addresses.Region(*p.found.RegionID)
	return !exists || s.Addresses.SameName(*p.region, name)
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
		if s.kind != nil && p.kind != nil && !slices.Contains(allowed, *p.kind) {
			refused = append(refused, refuseItem(rule, i, append([]string{}, allowed...)))
		}
	}
	return refused
}

// requiredTypes asks for every required type, of which RESIDENCE is the one of
// the built-in matrix and gave the rule its name. An address of an unknown type may
// be the one that is missing.
func requiredTypes(s *call, rule rules.ID) (refused operation.Refusals) {
	_, isList := s.Value("addresses").([]any)
	if !isList || slices.ContainsFunc(s.places, func(p place) bool { return p.kind == nil }) {
		return nil
	}
	for _, required := range s.types.Required {
		if !slices.ContainsFunc(s.places, func(p place) bool { return *p.kind == required }) {
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
			refused = append(refused, refuseItem(rule, i, []string{*kind}))
		}
		seen[*kind] = true
	}
	return refused
}
