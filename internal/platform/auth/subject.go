// Package auth resolves the caller of a request: the token, its user and legal
// entity, and the MIS of the API-key.
package auth

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/subject"
)

// Subject is the caller of an operation, after the gateway's checks.
type Subject struct {
	UserID      uuid.UUID
	ClientID    uuid.UUID // the legal entity of the token
	ClientType  string
	Scopes      []string
	TokenID     uuid.UUID
	LegalEntity *subject.LegalEntity // nil: prm.legal_entities has no such row
	Party       *subject.Party       // nil: the user has no party
	MISClientID *uuid.UUID           // the MIS that the API-key belongs to
}

// Identity is what a token and an API-key resolve to, before anything is judged.
type Identity struct {
	Subject
	TokenName     string
	ExpiresAt     time.Time
	UserBlocked   bool
	ClientBlocked bool
	AccessType    string // BROKER clients act through a MIS, DIRECT ones do not

	APIKeyKnown bool
	BrokerScope []string // nil: the MIS has no broker_scope
}

// Access types of a client.
const (
	Broker = "BROKER"
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

// With stores who asks.
func With(ctx context.Context, who *Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, who)
}

// IdentityFrom returns what With stored, nil without it.
func IdentityFrom(ctx context.Context) *Identity {
	who, _ := ctx.Value(identityKey{}).(*Identity)
	return who
}

// From returns the caller, a zero one without a token.
func From(ctx context.Context) Subject {
	if who := IdentityFrom(ctx); who != nil {
		return who.Subject
	}
	return Subject{}
}
