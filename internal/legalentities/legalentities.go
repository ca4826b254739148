// Package legalentities holds what the resources ask about the legal entity of
// a token (prm.legal_entities).
package legalentities

import (
	"slices"

	"github.com/google/uuid"
)

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

// MayWorkWithServiceRequests: of an allowed type and ACTIVE (seed 002, Validate
// legal entity). An unknown legal entity may not.
func (l *LegalEntity) MayWorkWithServiceRequests(allowedTypes []string) bool {
	return l != nil && l.Status == Active && slices.Contains(allowedTypes, l.Type)
}

// IsOpen: exists and ACTIVE (seed 004, Validate Legal entity; DESIGN R20: the
// status alone counts).
func (l *LegalEntity) IsOpen() bool { return l != nil && l.Status == Active }
