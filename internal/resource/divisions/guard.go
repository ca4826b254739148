package divisions

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/subject"
)

// GuardCreate holds the checks of Create Division that stand before its body's.
func (a *API) GuardCreate(ctx context.Context) error { return a.guard(auth.From(ctx), createRules) }

// GuardUpdate holds the checks of Update Division that stand before its body's.
func (a *API) GuardUpdate(ctx context.Context) error { return a.guard(auth.From(ctx), updateRules) }

// guard tells whether the caller may write divisions at all. In this order
// (seed 003, Authorize and Additional; decisions R7, R18):
//
//	party                 the user's party is verified (BLOCK_UNVERIFIED_PARTY_USERS)
//	client_id             the token names its client
//	legal_entity          that is a legal entity
//	legal_entity_active   which is ACTIVE or SUSPENDED and is_active
func (a *API) guard(by auth.Subject, id ruleSet) error {
	cfg := a.config.Get()
	if cfg.On(id.party) && cfg.BlockUnverifiedParty && !by.Party.Allowed(a.clock.Now(), cfg.UnverifiedPartyDays, period(cfg)) {
		return fault.Refuse(id.party)
	}
	if by.ClientID == uuid.Nil {
		return fault.Refuse(id.clientID)
	}
	if by.LegalEntity == nil {
		return fault.Refuse(id.legalEntity)
	}
	if cfg.On(id.legalEntityActive) && !by.LegalEntity.MayManageDivisions() {
		return fault.Refuse(id.legalEntityActive)
	}
	return nil
}

// period is the operator of seed 003 for both methods, although the page of
// Update Division prints the opposite one (decisions R7).
func period(cfg *config.Config) subject.Period {
	if cfg.UnverifiedPartyCompare == config.PeriodGrace {
		return subject.Grace
	}
	return subject.Literal
}

// ruleSet names the checks that Create Division and Update Division share, each
// under its own ids.
type ruleSet struct {
	party, clientID, legalEntity, legalEntityActive rules.ID

	location                                   rules.ID
	area, settlement, settlementID             rules.ID
	settlementMatch                            rules.ID
	areaRow, areaMatch, regionRow, regionMatch rules.ID
	typeMapping, addressTypeMapping            rules.ID
	residence                                  rules.ID
	addressTypeDouble, phoneTypeDouble         rules.ID
}

var (
	createRules = ruleSet{
		party: rules.DivisionCreateParty, clientID: rules.DivisionCreateClientID,
		legalEntity: rules.DivisionCreateLegalEntity, legalEntityActive: rules.DivisionCreateLegalEntityActive,
		location: rules.DivisionCreateLocation,
		area:     rules.DivisionCreateArea, settlement: rules.DivisionCreateSettlement,
		settlementID: rules.DivisionCreateSettlementID, settlementMatch: rules.DivisionCreateSettlementMatch,
		areaRow: rules.DivisionCreateAreaRow, areaMatch: rules.DivisionCreateAreaMatch,
		regionRow: rules.DivisionCreateRegionRow, regionMatch: rules.DivisionCreateRegionMatch,
		typeMapping: rules.DivisionCreateTypeMapping, addressTypeMapping: rules.DivisionCreateAddressTypeMapping,
		residence: rules.DivisionCreateResidence, addressTypeDouble: rules.DivisionCreateAddressTypeDouble,
		phoneTypeDouble: rules.DivisionCreatePhoneTypeDouble,
	}
	updateRules = ruleSet{
		party: rules.DivisionUpdateParty, clientID: rules.DivisionUpdateClientID,
		legalEntity: rules.DivisionUpdateLegalEntity, legalEntityActive: rules.DivisionUpdateLegalEntityActive,
		location: rules.DivisionUpdateLocation,
		area:     rules.DivisionUpdateArea, settlement: rules.DivisionUpdateSettlement,
		settlementID: rules.DivisionUpdateSettlementID, settlementMatch: rules.DivisionUpdateSettlementMatch,
		areaRow: rules.DivisionUpdateAreaRow, areaMatch: rules.DivisionUpdateAreaMatch,
		regionRow: rules.DivisionUpdateRegionRow, regionMatch: rules.DivisionUpdateRegionMatch,
		typeMapping: rules.DivisionUpdateTypeMapping, addressTypeMapping: rules.DivisionUpdateAddressTypeMapping,
		residence: rules.DivisionUpdateResidence, addressTypeDouble: rules.DivisionUpdateAddressTypeDouble,
		phoneTypeDouble: rules.DivisionUpdatePhoneTypeDouble,
	}
)
