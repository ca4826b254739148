package divisions

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/subject"
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

// writing is a body and what is known of it when its checks begin.
type writing struct {
	body   *api.DivisionRequest
	types  config.AddressTypes // what a division of this type and legal entity may and must have
	places []place             // of body.Addresses, in their order
}

// place is an address of the body and the settlement that it names.
type place struct {
	*api.DivisionAddressRequest
	known bool // whether settlement_id names a settlement
	found Settlement
}

func (s *call) withBody(body *api.DivisionRequest) *call {
	s.writing = writing{
		body: body, types: s.Config.DivisionAddressTypes.For(s.LegalEntity.Type, body.Type), places: make([]place, len(body.Addresses)),
	}
	for i := range s.places {
		p := &s.places[i]
		p.DivisionAddressRequest = &body.Addresses[i]
		// A malformed id names no settlement (decisions R16).
		if id, ok := envelope.ParseID(p.SettlementID); ok {
			p.found, p.known = s.Addresses.Settlement(id)
		}
	}
	return s
}

// mountainGroup of a division is that of the settlement where it works: of its
// RESIDENCE, which an address matrix without it leaves to the first address.
func (s *call) mountainGroup() bool {
	residence := slices.IndexFunc(s.places, func(p place) bool { return p.Type == "RESIDENCE" })
	return s.places[max(residence, 0)].found.MountainGroup
}

// body holds the checks of what a body means, after its shape was found right
// (decisions R16).
func (r ruleSet) body() []operation.Check[*call] {
	return []operation.Check[*call]{
		{Rule: r.id("location"), Pass: pharmacyTellsLocation},
		eachAddress(r.id("area"), areaIsKnown, nil),
		eachAddress(r.id("settlement"), settlementIsKnown, nil),
		eachAddress(r.id("settlement_id"), func(_ *call, p *place) bool { return p.known }, func(p *place) any { return p.SettlementID }),
		eachAddress(r.id("settlement_match"), settlementMatches, nil),
		eachAddress(r.id("area_row"), areaExists, func(p *place) any { return p.found.AreaID }),
		eachAddress(r.id("area_match"), areaMatches, nil),
		eachAddress(r.id("region_row"), regionExists, func(p *place) any { return *p.found.RegionID }),
		eachAddress(r.id("region_match"), regionMatches, nil),
		collect(r.id("type_mapping"), divisionType),
		collect(r.id("address_type_mapping"), addressTypes),
		collect(r.id("residence"), requiredTypes),
		collect(r.id("address_type_double"), func(s *call, rule rules.ID) operation.Refusals {
			return doubles(rule, len(s.body.Addresses), func(i int) string { return s.body.Addresses[i].Type })
		}),
		collect(r.id("phone_type_double"), func(s *call, rule rules.ID) operation.Refusals {
			return doubles(rule, len(s.body.Phones), func(i int) string { return s.body.Phones[i].Type })
		}),
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

func pharmacyTellsLocation(_ context.Context, s *call) error {
	return operation.Unless(s.LegalEntity.Type != subject.TypePharmacy || s.body.Location != nil)
}

func areaIsKnown(s *call, p *place) bool { return s.Addresses.AreaNamed(p.Area) }

func settlementIsKnown(s *call, p *place) bool { return s.Addresses.SettlementNamed(p.Settlement) }

func settlementMatches(s *call, p *place) bool {
	return !p.known || !settlementIsKnown(s, p) || s.Addresses.SameName(p.Settlement, p.found.Name)
}

func areaExists(s *call, p *place) bool {
	if !p.known {
		return true
	}
	_, exists := s.Addresses.Area(p.found.AreaID)
	return exists
}

func areaMatches(s *call, p *place) bool {
	if !p.known || !areaIsKnown(s, p) {
		return true
	}
	name, exists := s.Addresses.Area(p.found.AreaID)
	return !exists || s.Addresses.SameName(p.Area, name)
}

// hasRegion tells whether an address is compared with a region: it names one,
// and its settlement is in one.
func (p *place) hasRegion() bool { return p.known && p.Region != nil && p.found.RegionID != nil }

func regionExists(s *call, p *place) bool {
	if !p.hasRegion() {
		return true
	}
	_, exists := s.Addresses.Region(*p.found.RegionID)
	return exists
}

func regionMatches(s *call, p *place) bool {
	if !p.hasRegion() {
		return true
	}
	name, exists := s.Addresses.Region(*p.found.RegionID)
	return !exists || s.Addresses.SameName(*p.Region, name)
}

func divisionType(s *call, rule rules.ID) operation.Refusals {
	allowed := s.Config.DivisionTypes(s.LegalEntity.Type)
	if slices.Contains(allowed, s.body.Type) {
		return nil
	}
	return operation.Refusals{fault.RefuseAt(rule, "$.type", append([]string{}, allowed...)).Because("$.type", allowed, "another type")}
}

func addressTypes(s *call, rule rules.ID) (refused operation.Refusals) {
	allowed := s.types.Allowed()
	for i, p := range s.places {
		if !slices.Contains(allowed, p.Type) {
			refused = append(refused, refuseItem(rule, i, append([]string{}, allowed...)))
		}
	}
	return refused
}

// requiredTypes asks for every required type, of which RESIDENCE is the one of
// the built-in matrix and gave the rule its name.
func requiredTypes(s *call, rule rules.ID) (refused operation.Refusals) {
	for _, required := range s.types.Required {
		if !slices.ContainsFunc(s.places, func(p place) bool { return p.Type == required }) {
			refused = append(refused, fault.Refuse(rule, "type", required))
		}
	}
	return refused
}

// doubles refuses each item of a list whose type an earlier one has.
func doubles(rule rules.ID, n int, typeOf func(i int) string) (refused operation.Refusals) {
	seen := map[string]bool{}
	for i := range n {
		kind := typeOf(i)
		if seen[kind] {
			refused = append(refused, refuseItem(rule, i, []string{kind}))
		}
		seen[kind] = true
	}
	return refused
}
