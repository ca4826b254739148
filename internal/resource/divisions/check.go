package divisions

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/subject"
	"esoz/internal/resource/uaddresses"
)

// bodyCheck judges what a body means, after its shape was found right.
type bodyCheck struct {
	cfg         *config.Config
	id          ruleSet
	legalEntity *subject.LegalEntity
	addresses   *uaddresses.Cache
	body        *api.DivisionRequest
	types       config.AddressTypes // what a division of this type and legal entity may and must have
	places      []place             // of body.Addresses, in their order
}

// place is what uaddresses knows of one address of the body.
type place struct {
	settlement uaddresses.Settlement
	known      bool // whether settlement_id names a settlement
}

func (a *API) newBodyCheck(id ruleSet, legalEntity *subject.LegalEntity, body *api.DivisionRequest) *bodyCheck {
	cfg := a.config.Get()
	c := &bodyCheck{
		cfg: cfg, id: id, legalEntity: legalEntity, addresses: a.addresses, body: body,
		types:  cfg.DivisionAddressTypes.For(legalEntity.Type, body.Type),
		places: make([]place, len(body.Addresses)),
	}
	for i, address := range body.Addresses {
		// A malformed id names no settlement (decisions R16).
		if parsed, ok := envelope.ParseID(address.SettlementID); ok {
			c.places[i].settlement, c.places[i].known = a.addresses.Settlement(parsed)
		}
	}
	return c
}

// run makes all checks and answers with everything that is wrong (decisions R16).
// In the seed's order:
//
//	location               a PHARMACY tells where its divisions are
//	area                   the area of each address exists
//	settlement             so does the settlement, by name
//	settlement_id          and by id
//	settlement_match       both are the same settlement
//	area_row, area_match   the settlement's area exists and is the one that was sent
//	region_row, _match     so with the region, when both have one
//	type_mapping           a legal entity of this type may have this type of division
//	address_type_mapping   which may have these types of address
//	residence              and must have those
//	address_type_double    each of them once
//	phone_type_double      and each type of phone
func (c *bodyCheck) run() error {
	refusal := fault.Join(
		c.location(),
		c.eachAddress(c.id.area, c.area),
		c.eachAddress(c.id.settlement, c.settlement),
		c.eachAddress(c.id.settlementID, c.settlementID),
		c.eachAddress(c.id.settlementMatch, c.settlementMatch),
		c.eachAddress(c.id.areaRow, c.areaRow),
		c.eachAddress(c.id.areaMatch, c.areaMatch),
		c.eachAddress(c.id.regionRow, c.regionRow),
		c.eachAddress(c.id.regionMatch, c.regionMatch),
		c.typeMapping(),
		c.eachAddress(c.id.addressTypeMapping, c.addressTypeMapping),
		c.obligations(),
		c.addressTypeDouble(),
		c.phoneTypeDouble(),
	)
	if refusal != nil {
		return refusal
	}
	return nil
}

// mountainGroup of a division is that of the settlement where it works: of its
// RESIDENCE, which an address matrix without it leaves to the first address.
func (c *bodyCheck) mountainGroup() bool {
	residence := slices.IndexFunc(c.body.Addresses, func(a api.DivisionAddressRequest) bool { return a.Type == "RESIDENCE" })
	return c.places[max(residence, 0)].settlement.MountainGroup
}

// eachAddress collects the refusals of a rule over all addresses.
func (c *bodyCheck) eachAddress(id rules.ID, check func(i int, address api.DivisionAddressRequest, at place) *fault.Error) *fault.Error {
	if !c.cfg.On(id) {
		return nil
	}
	var refusal *fault.Error
	for i, address := range c.body.Addresses {
		refusal = fault.Join(refusal, check(i, address, c.places[i]))
	}
	return refusal
}

// refuse builds the refusal of a field of an address; args fill the rule's text.
func refuse(id rules.ID, i int, field string, params any, args ...any) *fault.Error {
	return fault.RefuseAt(id, fmt.Sprintf("$.addresses[%d].%s", i, field), params, args...)
}

func (c *bodyCheck) location() *fault.Error {
	if c.cfg.On(c.id.location) && c.legalEntity.Type == subject.TypePharmacy && c.body.Location == nil {
		return fault.Refuse(c.id.location)
	}
	return nil
}

func (c *bodyCheck) area(i int, address api.DivisionAddressRequest, _ place) *fault.Error {
	if !c.addresses.AreaNamed(address.Area) {
		return refuse(c.id.area, i, "area", nil)
	}
	return nil
}

func (c *bodyCheck) settlement(i int, address api.DivisionAddressRequest, _ place) *fault.Error {
	if !c.addresses.SettlementNamed(address.Settlement) {
		return refuse(c.id.settlement, i, "settlement", nil)
	}
	return nil
}

func (c *bodyCheck) settlementID(i int, address api.DivisionAddressRequest, at place) *fault.Error {
	if !at.known {
		return refuse(c.id.settlementID, i, "settlement_id", nil, "id", address.SettlementID)
	}
	return nil
}

func (c *bodyCheck) settlementMatch(i int, address api.DivisionAddressRequest, at place) *fault.Error {
	if at.known && c.addresses.SettlementNamed(address.Settlement) && !uaddresses.SameName(address.Settlement, at.settlement.Name) {
		return refuse(c.id.settlementMatch, i, "settlement", nil)
	}
	return nil
}

func (c *bodyCheck) areaRow(i int, _ api.DivisionAddressRequest, at place) *fault.Error {
	if !at.known {
		return nil
	}
	if _, exists := c.addresses.Area(at.settlement.AreaID); !exists {
		return refuse(c.id.areaRow, i, "settlement_id", nil, "id", at.settlement.AreaID)
	}
	return nil
}

func (c *bodyCheck) areaMatch(i int, address api.DivisionAddressRequest, at place) *fault.Error {
	if !at.known || !c.addresses.AreaNamed(address.Area) {
		return nil
	}
	area, exists := c.addresses.Area(at.settlement.AreaID)
	if exists && !uaddresses.SameName(address.Area, area.Name) {
		return refuse(c.id.areaMatch, i, "area", nil)
	}
	return nil
}

func (c *bodyCheck) regionRow(i int, address api.DivisionAddressRequest, at place) *fault.Error {
	id := regionAsked(address, at)
	if id == nil {
		return nil
	}
	if _, exists := c.addresses.Region(*id); !exists {
		return refuse(c.id.regionRow, i, "settlement_id", nil, "id", *id)
	}
	return nil
}

func (c *bodyCheck) regionMatch(i int, address api.DivisionAddressRequest, at place) *fault.Error {
	id := regionAsked(address, at)
	if id == nil {
		return nil
	}
	region, exists := c.addresses.Region(*id)
	if exists && !uaddresses.SameName(*address.Region, region.Name) {
		return refuse(c.id.regionMatch, i, "region", nil)
	}
	return nil
}

// regionAsked is the region that an address is compared with: nil when the
// address names none or the settlement is in none.
func regionAsked(address api.DivisionAddressRequest, at place) *uuid.UUID {
	if !at.known || address.Region == nil {
		return nil
	}
	return at.settlement.RegionID
}

func (c *bodyCheck) typeMapping() *fault.Error {
	allowed := c.cfg.DivisionTypes(c.legalEntity.Type)
	if c.cfg.On(c.id.typeMapping) && !slices.Contains(allowed, c.body.Type) {
		return fault.RefuseAt(c.id.typeMapping, "$.type", append([]string{}, allowed...))
	}
	return nil
}

func (c *bodyCheck) addressTypeMapping(i int, address api.DivisionAddressRequest, _ place) *fault.Error {
	if allowed := c.types.Allowed(); !slices.Contains(allowed, address.Type) {
		return refuse(c.id.addressTypeMapping, i, "type", append([]string{}, allowed...))
	}
	return nil
}

// obligations asks for every required type, of which RESIDENCE is the one of
// the built-in matrix and gave the rule its name.
func (c *bodyCheck) obligations() *fault.Error {
	if !c.cfg.On(c.id.residence) {
		return nil
	}
	var refusal *fault.Error
	for _, required := range c.types.Required {
		if !slices.ContainsFunc(c.body.Addresses, func(a api.DivisionAddressRequest) bool { return a.Type == required }) {
			refusal = fault.Join(refusal, fault.Refuse(c.id.residence, "type", required))
		}
	}
	return refusal
}

func (c *bodyCheck) addressTypeDouble() *fault.Error {
	return c.doubles(c.id.addressTypeDouble, "addresses", len(c.body.Addresses), func(i int) string { return c.body.Addresses[i].Type })
}

func (c *bodyCheck) phoneTypeDouble() *fault.Error {
	return c.doubles(c.id.phoneTypeDouble, "phones", len(c.body.Phones), func(i int) string { return c.body.Phones[i].Type })
}

// doubles refuses each item of a list whose type an earlier one has.
func (c *bodyCheck) doubles(id rules.ID, list string, n int, typeOf func(i int) string) *fault.Error {
	if !c.cfg.On(id) {
		return nil
	}
	var refusal *fault.Error
	seen := map[string]bool{}
	for i := range n {
		kind := typeOf(i)
		if seen[kind] {
			refusal = fault.Join(refusal, fault.RefuseAt(id, fmt.Sprintf("$.%s[%d].type", list, i), []string{kind}))
		}
		seen[kind] = true
	}
	return refusal
}
