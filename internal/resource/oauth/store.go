package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
)

// store reads and writes users, clients and tokens. A look-up that finds nothing
// returns fault.ErrNotFound.
type store struct{ pool *pgxpool.Pool }

// client acts for users: the account of a legal entity or a MIS.
type client struct {
	ID        uuid.UUID
	IsBlocked bool
	Grants    []string // allowed grant types
	TypeScope []string // scopes that its type may request
}

func (s store) client(ctx context.Context, id uuid.UUID) (*client, error) {
	row, err := db.New().GetClient(ctx, s.pool, id)
	if err != nil {
		return nil, fmt.Errorf("look up client: %w", postgres.Error(err))
	}
	var settings struct {
		AllowedGrantTypes []string `json:"allowed_grant_types"`
	}
	if err := json.Unmarshal(row.Settings, &settings); err != nil {
		return nil, fmt.Errorf("settings of client %s: %w", id, err)
	}
	return &client{
		ID: row.ID, IsBlocked: row.IsBlocked,
		Grants: settings.AllowedGrantTypes, TypeScope: strings.Fields(row.ClientTypeScope),
	}, nil
}

// redirects returns the registered addresses of a client.
func (s store) redirects(ctx context.Context, clientID uuid.UUID) ([]string, error) {
	rows, err := db.New().ListConnections(ctx, s.pool, clientID)
	if err != nil {
		return nil, fmt.Errorf("look up connections: %w", postgres.Error(err))
	}
	addresses := make([]string, len(rows))
	for i, row := range rows {
		addresses[i] = row.RedirectURI
	}
	return addresses, nil
}

// redirectOf returns the registered address of the client's connection that
// has the secret.
func (s store) redirectOf(ctx context.Context, clientID uuid.UUID, secret string) (string, error) {
	row, err := db.New().GetConnectionBySecret(ctx, s.pool, db.GetConnectionBySecretParams{
		ClientID: clientID, SecretHash: seal.Token(secret),
	})
	if err != nil {
		return "", fmt.Errorf("look up connection: %w", postgres.Error(err))
	}
	return row.RedirectURI, nil
}

// roleScope returns the scopes of the user's roles in the client and of the
// user's global roles.
func (s store) roleScope(ctx context.Context, userID, clientID uuid.UUID) ([]string, error) {
	scopes, err := db.New().ListRoleScopes(ctx, s.pool, db.ListRoleScopesParams{UserID: userID, ClientID: clientID})
	if err != nil {
		return nil, fmt.Errorf("look up roles: %w", postgres.Error(err))
	}
	return strings.Fields(strings.Join(scopes, " ")), nil
}

// appScope returns the scope that the user has granted to the client so far.
func (s store) appScope(ctx context.Context, userID, clientID uuid.UUID) (string, error) {
	app, err := db.New().GetApp(ctx, s.pool, db.GetAppParams{UserID: userID, ClientID: clientID})
	if err != nil {
		return "", fmt.Errorf("look up app: %w", postgres.Error(err))
	}
	return app.Scope, nil
}

// user is a row of mithril.users.
type user = db.MithrilUser

func (s store) user(ctx context.Context, id uuid.UUID) (user, error) {
	found, err := db.New().GetUser(ctx, s.pool, id)
	if err != nil {
		return user{}, fmt.Errorf("look up user: %w", postgres.Error(err))
	}
	return found, nil
}

func (s store) userByEmail(ctx context.Context, email string) (user, error) {
	found, err := db.New().GetUserByEmail(ctx, s.pool, email)
	if err != nil {
		return user{}, fmt.Errorf("look up user by e-mail: %w", postgres.Error(err))
	}
	return found, nil
}

// countAttempt counts a login as failed. It returns fault.ErrStale when most
// attempts since the given moment are counted already.
func (s store) countAttempt(ctx context.Context, userID uuid.UUID, most int, since, now time.Time) error {
	var n int64
	err := postgres.Once(ctx, s.pool, func(on postgres.Conn) (err error) {
		n, err = db.New().CountLoginAttempt(ctx, on, db.CountLoginAttemptParams{
			ID: userID, MaxAttempts: int32(most), Since: since, At: now, //nolint:gosec // a small setting
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("count login attempt: %w", err)
	}
	if n == 0 {
		return fault.ErrStale
	}
	return nil
}

// forgetAttempts clears what countAttempt counted. If PostgreSQL is unavailable,
// it returns fault.ErrUnconfirmed, because the counted attempt remains.
func (s store) forgetAttempts(ctx context.Context, userID uuid.UUID, now time.Time) error {
	err := postgres.Error(db.New().ClearLoginAttempts(ctx, s.pool, db.ClearLoginAttemptsParams{ID: userID, At: now}))
	if errors.Is(err, fault.ErrUnavailable) {
		return fmt.Errorf("clear login attempts: %w: %w", fault.ErrUnconfirmed, err)
	}
	if err != nil {
		return fmt.Errorf("clear login attempts: %w", err)
	}
	return nil
}

// token returns the token of a value and a name, expired or not.
func (s store) token(ctx context.Context, value, name string) (*token, error) {
	row, err := db.New().GetToken(ctx, s.pool, db.GetTokenParams{ValueHash: seal.Token(value), Name: name})
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", name, postgres.Error(err))
	}
	t := &token{
		ID: row.ID, Name: row.Name, UserID: row.UserID, ExpiresAt: row.ExpiresAt, PasswordSetAt: row.PasswordSetAt, IsBlocked: row.IsBlocked,
	}
	if err := json.Unmarshal(row.Details, &t.Details); err != nil {
		return nil, fmt.Errorf("details of token %s: %w", row.ID, err)
	}
	return t, nil
}

// openSession stores the token of a login and ends the user's older access
// tokens in the client.
func (s store) openSession(ctx context.Context, session token, now time.Time) error {
	return postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := db.New().LockUser(ctx, tx, session.UserID); err != nil {
			return fmt.Errorf("lock user: %w", err)
		}
		err := db.New().EndTokensOfUser(ctx, tx, db.EndTokensOfUserParams{
			UserID: session.UserID, ClientID: session.Details.ClientID, ExpiresAt: now.Unix(), At: now,
		})
		if err != nil {
			return fmt.Errorf("end older tokens: %w", err)
		}
		return insert(ctx, tx, now, session)
	})
}

// grant stores the scope that a user grants to a client, and the code for the
// client. It returns the id of the app, which is what the user has granted so far.
func (s store) grant(ctx context.Context, code token, now time.Time) (app uuid.UUID, err error) {
	err = postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		row, err := db.New().UpsertApp(ctx, tx, db.UpsertAppParams{
			ID: uuid.New(), UserID: code.UserID, ClientID: code.Details.ClientID, Scope: code.Details.ScopeRequest, At: now,
		})
		if err != nil {
			return fmt.Errorf("grant access: %w", err)
		}
		app = row.ID
		return insert(ctx, tx, now, code)
	})
	return app, err
}

// exchangeCode marks the code as used and stores the tokens that replace it. It
// returns fault.ErrStale when the code is used already; the tokens that it has
// given are ended then.
func (s store) exchangeCode(ctx context.Context, code *token, access, refresh token, now time.Time) error {
	var replayed bool
	err := postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		n, err := db.New().UseAuthorizationCode(ctx, tx, db.UseAuthorizationCodeParams{ID: code.ID, At: now})
		if err != nil {
			return fmt.Errorf("use code: %w", err)
		}
		if replayed = n == 0; !replayed {
			return insert(ctx, tx, now, refresh, access)
		}
		err = db.New().EndTokensOfCode(ctx, tx, db.EndTokensOfCodeParams{
			UserID: code.UserID, ClientID: code.Details.ClientID, Code: code.ID.String(), ExpiresAt: now.Unix(), At: now,
		})
		if err != nil {
			return fmt.Errorf("end the tokens of a replayed code: %w", err)
		}
		return nil
	})
	if err == nil && replayed {
		return fault.ErrStale
	}
	return err
}

// exchangeRefresh stores the access token of a refresh token. It returns
// fault.ErrStale when a logout has ended the refresh token since it was read.
func (s store) exchangeRefresh(ctx context.Context, refresh *token, access token, now time.Time) error {
	return postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := db.New().HoldToken(ctx, tx, db.HoldTokenParams{ID: refresh.ID, ExpiresAt: refresh.ExpiresAt})
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return fault.ErrStale
		case err != nil:
			return fmt.Errorf("hold refresh token: %w", err)
		}
		return insert(ctx, tx, now, access)
	})
}

// endSession ends an access token, its refresh token and all access tokens of
// that refresh token. It returns fault.ErrStale when the access token no longer
// expires at was: another logout has ended it.
func (s store) endSession(ctx context.Context, access uuid.UUID, was, now time.Time) error {
	return postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		err := db.New().EndRefreshToken(ctx, tx, db.EndRefreshTokenParams{AccessTokenID: access, ExpiresAt: now.Unix(), At: now})
		if err != nil {
			return fmt.Errorf("end refresh token: %w", err)
		}
		ended, err := db.New().EndAccessTokens(ctx, tx, db.EndAccessTokensParams{
			AccessTokenID: access, Was: was.Unix(), ExpiresAt: now.Unix(), At: now,
		})
		if err != nil {
			return fmt.Errorf("end access tokens: %w", err)
		}
		if !slices.Contains(ended, access) {
			return fault.ErrStale
		}
		return nil
	})
}

// insert stores tokens with hashes of their values.
func insert(ctx context.Context, tx pgx.Tx, now time.Time, tokens ...token) error {
	for _, t := range tokens {
		raw, err := json.Marshal(t.Details)
		if err != nil {
			return fmt.Errorf("encode details: %w", err)
		}
		err = db.New().InsertToken(ctx, tx, db.InsertTokenParams{
			ID: t.ID, Name: t.Name, ValueHash: seal.Token(t.Value), ExpiresAt: t.ExpiresAt, UserID: t.UserID, Details: raw, At: now,
		})
		if err != nil {
			return fmt.Errorf("store %s: %w", t.Name, err)
		}
	}
	return nil
}
