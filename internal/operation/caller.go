package operation

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/config"
	"esoz/internal/platform/subject"
)

// SeesAll tells the clients that see what all legal entities have
// (TOKENS_TYPES_PERSONAL). A token without a client sees nothing.
func (c *Caller) SeesAll() bool {
	return c.ClientType != "" && !slices.Contains(c.Config.PersonalClientTypes, c.ClientType)
}

// ExpectOwn passes what the legal entity of the token has, and everything for clients
// that see all.
func (c *Caller) ExpectOwn(owner uuid.UUID) error {
	return Expect(c.SeesAll() || owner == c.ClientID, "legal entity", c.ClientID, "another legal entity")
}

// HasLegalEntity passes callers whose token belongs to a legal entity.
func HasLegalEntity(c *Caller) error {
	return Expect(c.LegalEntity != nil, "legal entity of the token", "a legal entity", "none")
}

// MayWorkWithMedicalEvents passes types of ME_ALLOWED_TRANSACTIONS_LE_TYPES.
// Whether there is a legal entity at all is another check's question.
func MayWorkWithMedicalEvents(c *Caller) error {
	if c.LegalEntity == nil {
		return nil
	}
	return Expect(slices.Contains(c.Config.MedicalEventsLETypes, c.LegalEntity.Type),
		"type of the caller's legal entity", c.Config.MedicalEventsLETypes, c.LegalEntity.Type)
}

// LegalEntityIsActive passes legal entities in status ACTIVE.
func LegalEntityIsActive(c *Caller) error {
	return ExpectStatus(c.LegalEntity, c.LegalEntity != nil && c.LegalEntity.Status == subject.Active, subject.Active)
}

// LegalEntityIsVerified passes legal entities that the National Health Service has verified.
func LegalEntityIsVerified(c *Caller) error {
	return Expect(c.LegalEntity != nil && c.LegalEntity.NHSVerified, "nhs_verified of the caller's legal entity", true, false)
}

// ExpectStatus refuses when the status of the caller's legal entity is not right.
func ExpectStatus(of *subject.LegalEntity, ok bool, statuses ...string) error {
	found := "no legal entity"
	if of != nil {
		found = of.Status
		if !of.IsActive {
			found += ", is_active false"
		}
	}
	return Expect(ok, "status of the caller's legal entity", statuses, found)
}

// PartyIsVerified compares as seed 003 does, unless the settings say otherwise
// (decisions R7).
func PartyIsVerified(c *Caller) error {
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
	return Expect(false, "party of the user", fmt.Sprintf("not NOT_VERIFIED; the border is %d days (UNVERIFIED_PARTY_PERIOD_DAYS_ALLOWED, %s)",
		c.Config.UnverifiedPartyDays, c.Config.UnverifiedPartyCompare), found)
}

// PartyIsAlive passes users whose death the register of civil status has not
// confirmed.
func PartyIsAlive(c *Caller) error {
	dead := c.Config.BlockDeceasedParty && c.Party != nil && c.Party.Deceased
	return Expect(!dead, "party of the user", "no confirmed death", "a confirmed death")
}
