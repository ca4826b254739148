// Package idempotency lets callers send a request again that they have no
// answer of: under one key it is carried out once, and each later sending gets
// the first one's answer. The national system has nothing like it.
//
// A request claims its key before anything else, in a statement of its own. What
// it then writes is one transaction with its answer (postgres.Unit). Killed at
// any point, it has either changed nothing, and its claim runs out with its
// deadline, or it is done and its answer is kept.
package idempotency

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
)

// ErrMismatch: the key was sent with another request before.
var ErrMismatch = errors.New("the idempotency key is another request's")

// UnderWayError refuses a request whose key is that of one under way.
type UnderWayError struct{ Wait time.Duration }

func (e *UnderWayError) Error() string { return "a request with this idempotency key is under way" }

// Request is one that bears a key.
type Request struct {
	ID               string    // as meta tells it
	ClientID, UserID uuid.UUID // who sends it: the keys of others are not in the way
	Key              string
	Content          []byte // what is the same when it is sent again
}

// Answer is what a request was answered.
type Answer struct {
	RequestID string
	Status    int
	Body      []byte
}

// Store keeps the keys.
type Store struct {
	Pool   *pgxpool.Pool
	Keys   *seal.Keys
	Clock  *clock.Clock
	Config *config.Live
}

// Claim is the right to carry out a request.
type Claim struct {
	store     *Store
	id        uuid.UUID
	key       string // hashed
	requestID string
	unit      *postgres.Unit
}

// KeyHash is what is stored of a caller's key, which may hold anything.
func KeyHash(keys *seal.Keys, clientID, userID uuid.UUID, key string) string {
	return keys.Request("idempotency key", []byte(clientID.String()+userID.String()+key))
}

// purpose under which answers are sealed.
const purpose = "idempotent answer"

// Claim gives either the right to carry out a request or the answer that it got
// before. It returns an *UnderWayError while it is carried out elsewhere, and
// ErrMismatch for another request.
func (s *Store) Claim(ctx context.Context, r Request) (*Claim, *Answer, error) {
	now := s.Clock.Now()
	claim := &Claim{store: s, id: uuid.New(), key: KeyHash(s.Keys, r.ClientID, r.UserID, r.Key), requestID: r.ID}
	content := s.Keys.Request("idempotent request", r.Content)
	claimed, err := db.New().ClaimIdempotencyKey(ctx, s.Pool, db.ClaimIdempotencyKeyParams{
		Key: claim.key, Request: content, Claim: claim.id, ExpiresAt: now.Add(s.Config.Get().RequestTimeout), At: now,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("claim idempotency key: %w", postgres.Error(err))
	}
	if claimed > 0 {
		return claim, nil, nil
	}
	known, err := db.New().GetIdempotencyKey(ctx, s.Pool, claim.key)
	if err = postgres.Error(err); errors.Is(err, fault.ErrNotFound) {
		return nil, nil, &UnderWayError{Wait: time.Second} // it was, a moment ago
	}
	if err != nil {
		return nil, nil, fmt.Errorf("look up idempotency key: %w", err)
	}
	switch {
	case known.Status == nil || known.RequestID == nil:
		return nil, nil, &UnderWayError{Wait: min(max(time.Second, known.ExpiresAt.Sub(now)), s.Config.Get().RequestTimeout)} // the clock may have gone back
	case known.Request != content:
		return nil, nil, ErrMismatch
	}
	body, err := s.Keys.Open(purpose, known.Answer)
	if err != nil {
		return nil, nil, fmt.Errorf("read answer of request %s: %w", *known.RequestID, err)
	}
	return nil, &Answer{RequestID: *known.RequestID, Status: int(*known.Status), Body: body}, nil
}

// Context is that in which the request is carried out: what it writes stands
// from Keep on.
func (c *Claim) Context(ctx context.Context) context.Context {
	ctx, c.unit = postgres.WithUnit(ctx, c.store.Pool)
	return ctx
}

// Keep commits what the request has written, and its answer for
// IDEMPOTENCY_TTL_HOURS. Nothing stands when the claim was taken over.
func (c *Claim) Keep(ctx context.Context, status int, body []byte) error {
	life := time.Duration(c.store.Config.Get().IdempotencyHours) * time.Hour
	return c.unit.Commit(ctx, func(tx postgres.Tx) error {
		kept, err := db.New().AnswerIdempotencyKey(ctx, tx, db.AnswerIdempotencyKeyParams{
			Key: c.key, Claim: c.id, Status: int32(status), //nolint:gosec // an HTTP status
			Answer: c.store.Keys.Seal(purpose, body), RequestID: c.requestID, ExpiresAt: c.store.Clock.Now().Add(life),
		})
		if err != nil {
			return fmt.Errorf("keep answer: %w", err)
		}
		if kept == 0 {
			return fmt.Errorf("%w: the request took longer than its claim", fault.ErrUnavailable)
		}
		return nil
	})
}

// releaseTimeout bounds a release, which comes also after the request's deadline.
// A claim that is not released in time runs out by itself.
const releaseTimeout = time.Second

// Release gives up the claim with all that was written under it, unless Keep
// has made it stand.
func (c *Claim) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if err := c.unit.Rollback(ctx); err != nil {
		return fmt.Errorf("release idempotency key: %w", err)
	}
	err := db.New().ReleaseIdempotencyKey(ctx, c.store.Pool, db.ReleaseIdempotencyKeyParams{Key: c.key, Claim: c.id})
	if err != nil {
		return fmt.Errorf("release idempotency key: %w", postgres.Error(err))
	}
	return nil
}

// DeleteExpired removes keys whose time is over.
func (s *Store) DeleteExpired(ctx context.Context) error {
	now := s.Clock.Now()
	err := postgres.InBatches(ctx, func(ctx context.Context, limit int32) (int64, error) {
		return db.New().DeleteExpiredIdempotencyKeys(ctx, s.Pool, db.DeleteExpiredIdempotencyKeysParams{Now: now, Batch: limit})
	})
	if err != nil {
		return fmt.Errorf("delete expired idempotency keys: %w", err)
	}
	return nil
}
