// Package legalentities holds what the resources ask about the legal entity of
// a token (prm.legal_entities).
package legalentities

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
