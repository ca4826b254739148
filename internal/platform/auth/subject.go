// Package auth resolves the caller of a request: the token, its user and legal
// entity, and the MIS of the API-key.
package auth

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/signature"
	"esoz/internal/platform/subject"
)

// Subject is the caller of an operation, after the gateway's checks.
type Subject struct {
	UserID      uuid.UUID
	ClientID    uuid.UUID // the legal entity of the token
	ClientType  string
	Scopes      []string
	TokenID     uuid.UUID
	LegalEntity *subject.LegalEntity // nil: prm.legal_entities has no row of ClientID
	Party       *subject.Party       // nil: the user has no party
	MISClientID *uuid.UUID           // the MIS of the API-key
}

// Signer is whom a certificate of the caller names.
func (s *Subject) Signer() (signer signature.Signer) {
	if s.Party != nil {
		signer = signature.Signer{DRFO: s.Party.TaxID, Surname: s.Party.LastName, GivenName: s.Party.FirstName}
	}
	if s.LegalEntity != nil {
		signer.EDRPOU = s.LegalEntity.EDRPOU
	}
	return signer
}

// Identity is the caller before the gateway's checks.
type Identity struct {
	Subject
	TokenName     string
	ExpiresAt     time.Time
	PasswordEnd   time.Time // of the user's password, with which all tokens end
	UserBlocked   bool
	ClientBlocked bool
	AccessType    string // Broker or Direct

	APIKeyKnown bool
	BrokerScope []string // nil: the MIS has no broker_scope
}

// Access types of a client.
const (
	Broker = "BROKER" // acts through a MIS and its API-key
	Direct = "DIRECT"
)

// Names of tokens.
const (
	AccessToken       = "access_token"
	RefreshToken      = "refresh_token"
	AuthorizationCode = "authorization_code"
)

// ScopeAuthorize is the scope of a session token, which allows authorizeApp only.
const ScopeAuthorize = "app:authorize"

// Missing returns the wanted scopes that granted lacks, in the order wanted.
func Missing(wanted, granted []string) []string {
	var missing []string
	for _, scope := range wanted {
		if !slices.Contains(granted, scope) {
			missing = append(missing, scope)
		}
	}
	return missing
}

type identityKey struct{}

// With stores the identity of the caller.
func With(ctx context.Context, who *Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, who)
}

// IdentityFrom returns the identity that With stored, or nil.
func IdentityFrom(ctx context.Context) *Identity {
	who, _ := ctx.Value(identityKey{}).(*Identity)
	return who
}

// From returns the caller, or a zero Subject when the request has no token.
func From(ctx context.Context) Subject {
	if who := IdentityFrom(ctx); who != nil {
		return who.Subject
	}
	return Subject{}
}
