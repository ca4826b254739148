// Package idempotency makes requests with a key repeatable: a request is carried
// out once, and a repetition with the same key gets the stored answer. The
// national system has no such feature, so that IDEMPOTENCY=replay switches it on.
//
// A request first claims its key, in a statement of its own. All its writes and
// its answer are one transaction (postgres.Unit). If the process is killed before
// the commit, nothing has changed, and the claim expires with the request's
// deadline; after it, the answer is stored.
package idempotency

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// ErrMismatch: the key was used with another request before.
var ErrMismatch = errors.New("the idempotency key belongs to another request")

// UnderWayError: a request with the same key is still running. Wait is how long a
// client should wait.
type UnderWayError struct{ Wait time.Duration }

func (e *UnderWayError) Error() string { return "a request with this idempotency key is under way" }

// Request is a request with a key.
type Request struct {
	ID               string    // request_id of meta, to be found in the table
	ClientID, UserID uuid.UUID // callers have separate keys
	Key              string
	Content          []byte // equal when the request is repeated
}

// Answer is the stored answer of a request.
type Answer struct {
	Status int
	Body   []byte
}

// Store stores keys and answers.
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
	keys      []string // hashed with each SERVER_KEY
	requestID string
	unit      *postgres.Unit
}

// KeyHash returns the stored form of a caller's key. It is hashed, because a key
// may contain personal data.
func KeyHash(keys *seal.Keys, clientID, userID uuid.UUID, key string) string {
	return keyHashes(keys, clientID, userID, key)[0]
}

func keyHashes(keys *seal.Keys, clientID, userID uuid.UUID, key string) []string {
	return keys.Requests("idempotency key", []byte(clientID.String()+userID.String()+key))
}

// purpose under which answers are sealed.
const purpose = "idempotent answer"

// Sealed is where answers lie.
var Sealed = seal.Column{Table: "idempotency.keys", Key: "key", KeyType: "text", Name: "answer", Purpose: purpose}

// Claim returns a claim, or the stored answer when the request was carried out
// before. It returns an *UnderWayError while the request is carried out elsewhere,
// and ErrMismatch when the key belongs to another request.
func (s *Store) Claim(ctx context.Context, r Request) (*Claim, *Answer, error) {
	now := s.Clock.Now()
	claim := &Claim{store: s, id: uuid.New(), keys: keyHashes(s.Keys, r.ClientID, r.UserID, r.Key), requestID: r.ID}
	contents := s.Keys.Requests("idempotent request", r.Content)
	claimed, err := db.New().ClaimIdempotencyKey(ctx, s.Pool, db.ClaimIdempotencyKeyParams{
		Keys: claim.keys, Requests: contents, Claim: claim.id, ExpiresAt: now.Add(s.Config.Get().RequestTimeout), At: now,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("claim idempotency key: %w", postgres.Error(err))
	}
	switch {
	case claimed == int64(len(claim.keys)):
		return claim, nil, nil
	case claimed > 0: // the key was sent before, under another SERVER_KEY
		if err := claim.free(ctx, s.Pool); err != nil {
			return nil, nil, postgres.Error(err)
		}
	}
	known, err := db.New().GetIdempotencyKey(ctx, s.Pool, claim.keys)
	if err = postgres.Error(err); errors.Is(err, fault.ErrNotFound) {
		return nil, nil, &UnderWayError{Wait: time.Second} // it was running a moment ago
	}
	if err != nil {
		return nil, nil, fmt.Errorf("look up idempotency key: %w", err)
	}
	switch {
	case known.Status == nil:
		return nil, nil, &UnderWayError{Wait: min(max(time.Second, known.ExpiresAt.Sub(now)), s.Config.Get().RequestTimeout)} // the clock may have gone back
	case !slices.Contains(contents, known.Request):
		return nil, nil, ErrMismatch
	}
	body, err := s.Keys.Open(purpose, known.Answer)
	if err != nil {
		return nil, nil, fmt.Errorf("read stored answer: %w", err)
	}
	return nil, &Answer{Status: int(*known.Status), Body: body}, nil
}

// Context returns the context in which to carry out the request. Its writes are
// committed by Keep.
func (c *Claim) Context(ctx context.Context) context.Context {
	ctx, c.unit = postgres.WithUnit(ctx, c.store.Pool)
	return ctx
}

// Keep commits the request's writes together with its answer, which is kept for
// IDEMPOTENCY_TTL_HOURS. It fails, and commits nothing, if the claim has expired
// and another request has taken it over.
func (c *Claim) Keep(ctx context.Context, status int, body []byte) error {
	life := time.Duration(c.store.Config.Get().IdempotencyHours) * time.Hour
	return c.unit.Commit(ctx, func(tx postgres.Tx) error {
		kept, err := db.New().AnswerIdempotencyKey(ctx, tx, db.AnswerIdempotencyKeyParams{
			Keys: c.keys, Claim: c.id, Status: int32(status), //nolint:gosec // an HTTP status
			Answer: c.store.Keys.Seal(purpose, body), RequestID: c.requestID, ExpiresAt: c.store.Clock.Now().Add(life),
		})
		if err != nil {
			return fmt.Errorf("keep answer: %w", err)
		}
		if kept < int64(len(c.keys)) {
			return fmt.Errorf("%w: the request took longer than its claim", fault.ErrUnavailable)
		}
		return nil
	})
}

// Refuse gives up the key of a refused request. What the request has written, such
// as the counted attempt of a wrong code, stays, as it does without a key.
func (c *Claim) Refuse(ctx context.Context) error {
	return c.unit.Commit(ctx, func(tx postgres.Tx) error { return c.free(ctx, tx) })
}

// releaseTimeout bounds a release, which must work after the request's deadline
// too. A claim that is not released expires.
const releaseTimeout = time.Second

// Release rolls back what Keep has not committed, and gives up the claim.
func (c *Claim) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if err := c.unit.Rollback(ctx); err != nil {
		return fmt.Errorf("release idempotency key: %w", err)
	}
	return postgres.Error(c.free(ctx, c.store.Pool))
}

func (c *Claim) free(ctx context.Context, on db.DBTX) error {
	err := db.New().ReleaseIdempotencyKey(ctx, on, db.ReleaseIdempotencyKeyParams{Keys: c.keys, Claim: c.id})
	if err != nil {
		return fmt.Errorf("release idempotency key: %w", err)
	}
	return nil
}

// DeleteExpired deletes expired keys.
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
