// Package subject holds the legal entity of a token and the party of its user, as
// far as checks need them.
package subject

import "github.com/google/uuid"

// Statuses of a legal entity.
const (
	Active       = "ACTIVE"
	Suspended    = "SUSPENDED"
	Closed       = "CLOSED"
	Reorganized  = "REORGANIZED"
	TypePharmacy = "PHARMACY"
)

// LegalEntity has the columns that checks need.
type LegalEntity struct {
	ID          uuid.UUID
	Type        string
	Status      string
	IsActive    bool
	NHSVerified bool
	EDRPOU      string
}

// MayManageDivisions: ACTIVE or SUSPENDED and is_active (seed 003, Additional).
func (l *LegalEntity) MayManageDivisions() bool {
	return l != nil && l.IsActive && (l.Status == Active || l.Status == Suspended)
}
