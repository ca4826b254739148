package operation

import (
	"slices"

	"esoz/internal/platform/subject"
)

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
