package operation

import (
	"slices"

	"esoz/internal/platform/subject"
)

// HasLegalEntity passes callers whose token belongs to a legal entity.
func HasLegalEntity(c *Caller) error { return Unless(c.LegalEntity != nil) }

// MayWorkWithMedicalEvents passes types of ME_ALLOWED_TRANSACTIONS_LE_TYPES.
// Whether there is a legal entity at all is another check's question.
func MayWorkWithMedicalEvents(c *Caller) error {
	return Unless(c.LegalEntity == nil || slices.Contains(c.Config.MedicalEventsLETypes, c.LegalEntity.Type))
}

// LegalEntityIsActive passes legal entities in status ACTIVE.
func LegalEntityIsActive(c *Caller) error {
	return Unless(c.LegalEntity != nil && c.LegalEntity.Status == subject.Active)
}
