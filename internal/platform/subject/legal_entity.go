// Package subject holds what the checks ask about who sends a request: the
// legal entity of the token and the party behind its user.
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

// LegalEntity is the part of a row that checks ask about.
type LegalEntity struct {
	ID       uuid.UUID
	Type     string
	Status   string
	IsActive bool
}

// MayManageDivisions: ACTIVE or SUSPENDED and is_active (seed 003, Additional).
func (l *LegalEntity) MayManageDivisions() bool {
	return l != nil && l.IsActive && (l.Status == Active || l.Status == Suspended)
}
