package auth

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/subject"
)

// Authenticator identifies callers and counts their requests.
type Authenticator struct {
	Pool   *pgxpool.Pool
	Clock  *clock.Clock
	Config *config.Live
}

// Identify returns the owner of a token and an API-key, in one round trip. It
// makes no checks. It returns fault.ErrNotFound when the token does not exist.
func (a *Authenticator) Identify(ctx context.Context, token, apiKey string) (*Identity, error) {
	params := db.ResolveIdentityParams{ValueHash: seal.Token(token)}
	if apiKey != "" {
		params.APIKeyHash = seal.Token(apiKey)
	}
	row, err := db.New().ResolveIdentity(ctx, a.Pool, params)
	if err != nil {
		return nil, fmt.Errorf("resolve token: %w", postgres.Error(err))
	}
	who := &Identity{
		TokenName:   row.TokenName,
		ExpiresAt:   time.Unix(row.ExpiresAt, 0).UTC(),
		PasswordEnd: row.UserPasswordSetAt.AddDate(0, 0, int(a.Config.Get().PasswordExpiration)),
		UserBlocked: row.UserIsBlocked,
		// A deleted client counts as blocked.
		ClientBlocked: row.ClientID != nil && (row.ClientRowID == nil || *row.ClientIsBlocked),
		AccessType:    row.AccessType,
		APIKeyKnown:   row.ConnectionID != nil && row.MISIsBlocked != nil && !*row.MISIsBlocked,
	}
	if row.BrokerScope != "" {
		who.BrokerScope = strings.Fields(row.BrokerScope)
	}
	who.Subject = subjectOf(row)
	return who, nil
}

func subjectOf(row db.ResolveIdentityRow) Subject {
	s := Subject{
		TokenID: row.TokenID, UserID: row.UserID, Scopes: strings.Fields(row.Scope),
		MISClientID: row.MISClientID, ClientID: deref(row.ClientID), ClientType: deref(row.ClientType),
	}
	if row.LegalEntityID != nil {
		s.LegalEntity = &subject.LegalEntity{
			ID: *row.LegalEntityID, Type: deref(row.LegalEntityType),
			Status: deref(row.LegalEntityStatus), IsActive: deref(row.LegalEntityIsActive),
			NHSVerified: row.LegalEntityNHSVerified, EDRPOU: row.LegalEntityEdrpou,
		}
	}
	if row.PartyID != nil {
		s.Party = &subject.Party{
			ID: *row.PartyID, VerificationStatus: deref(row.PartyVerificationStatus), UpdatedAt: deref(row.PartyUpdatedAt), Deceased: row.PartyDeceased,
			TaxID: row.PartyTaxID, LastName: row.PartyLastName, FirstName: row.PartyFirstName,
		}
	}
	return s
}

// CountRequest counts a call of an operation by a caller (a token or an address) in the current minute, on all servers
// together, and returns when the minute ends.
func (a *Authenticator) CountRequest(ctx context.Context, operation, caller string) (used int, resets time.Time, err error) {
	now := a.Clock.Now()
	row, err := db.New().CountRequest(ctx, a.Pool, db.CountRequestParams{
		Key: RateKey(operation, caller), ResetsAt: now.Add(time.Minute), Now: now,
	})
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("count request: %w", postgres.Error(err))
	}
	return int(row.Count), row.ResetsAt, nil
}

// Requests returns how many calls CountRequest has counted in the current minute.
func (a *Authenticator) Requests(ctx context.Context, operation, caller string) (used int, resets time.Time, err error) {
	row, err := db.New().GetRequestCount(ctx, a.Pool, db.GetRequestCountParams{Key: RateKey(operation, caller), Now: a.Clock.Now()})
	if err = postgres.Error(err); errors.Is(err, fault.ErrNotFound) {
		return 0, time.Time{}, nil
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("look up counted requests: %w", err)
	}
	return int(row.Count), row.ResetsAt, nil
}

// RateKey returns the key of the counter of an operation and a caller.
func RateKey(operation, caller string) string {
	return operation + " " + hex.EncodeToString(seal.Token(caller))
}

// DeletePassedLimits deletes counters of past minutes.
func (a *Authenticator) DeletePassedLimits(ctx context.Context) error {
	now := a.Clock.Now()
	err := postgres.InBatches(ctx, func(ctx context.Context, limit int32) (int64, error) {
		return db.New().DeletePassedRateLimits(ctx, a.Pool, db.DeletePassedRateLimitsParams{Now: now, Batch: limit})
	})
	if err != nil {
		return fmt.Errorf("delete passed rate limits: %w", err)
	}
	return nil
}

// keepExpired is how long expired tokens are kept, so that they are reported as
// expired, not unknown.
const keepExpired = 30 * 24 * time.Hour

// DeleteExpired deletes tokens that expired longer than keepExpired ago.
func (a *Authenticator) DeleteExpired(ctx context.Context) error {
	before := a.Clock.Now().Add(-keepExpired).Unix()
	err := postgres.InBatches(ctx, func(ctx context.Context, limit int32) (int64, error) {
		return db.New().DeleteExpiredTokens(ctx, a.Pool, db.DeleteExpiredTokensParams{ExpiredBefore: before, Batch: limit})
	})
	if err != nil {
		return fmt.Errorf("delete expired tokens: %w", err)
	}
	return nil
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
