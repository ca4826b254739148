package auth

import (
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/internal/platform/fault"
)

// Names under which tokens are kept.
const (
	AccessToken       = "access_token"
	RefreshToken      = "refresh_token"
	AuthorizationCode = "authorization_code"
)

// password is the grant that logs a user in; the names of the other grants are
// those of the tokens that are exchanged.
const password = "password"

// ScopeAuthorize is the scope of a session token, which can do nothing but
// call authorizeApp.
const ScopeAuthorize = "app:authorize"

// token is a row of mithril.tokens.
type token struct {
	ID        uuid.UUID
	Name      string
	Value     string // known only to who made it: the row holds a hash
	UserID    uuid.UUID
	ExpiresAt int64 // Unix seconds
	Details   details
}

// details is what is kept of a token as JSON.
type details struct {
	ClientID     uuid.UUID `json:"client_id"`
	GrantType    string    `json:"grant_type"`
	Scope        string    `json:"scope"`
	ScopeRequest string    `json:"scope_request,omitempty"` // of a code: the scope of the token to come
	RedirectURI  string    `json:"redirect_uri,omitempty"`
	// RefreshTokenID ties an access token to its session, so that logout finds
	// the rest of it. The value of the refresh token is never kept.
	RefreshTokenID *uuid.UUID `json:"refresh_token_id,omitempty"`
}

// newToken makes a token that lives for so many seconds.
func newToken(name string, user uuid.UUID, now time.Time, lifetime int, d details) token {
	return token{ID: uuid.New(), Name: name, Value: newValue(), UserID: user, ExpiresAt: now.Unix() + int64(lifetime), Details: d}
}

// newValue is 32 random bytes: nobody guesses it, hence a plain hash of it is
// safe to keep.
func newValue() string {
	var raw [32]byte
	rand.Read(raw[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// expired tells whether the token has ended: at its very second it has.
func (t token) expired(now time.Time) bool { return t.ExpiresAt <= now.Unix() }

// render shows an access token; refresh is the value of the refresh token that
// belongs to it, if any.
func (t token) render(refresh string) api.Token {
	return api.Token{
		ID: t.ID.String(), Name: t.Name, Value: t.Value, UserID: t.UserID.String(), ExpiresAt: t.ExpiresAt,
		Details: api.TokenDetails{
			ClientID: t.Details.ClientID.String(), GrantType: t.Details.GrantType, Scope: t.Details.Scope,
			RedirectURI: present(t.Details.RedirectURI), RefreshToken: present(refresh),
		},
	}
}

// present is nil for an empty text, whose key is then left out.
func present(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// refusal turns what fault.Join returns into an error: a nil pointer in an
// error would not be nil.
func refusal(joined *fault.Error) error {
	if joined == nil {
		return nil
	}
	return joined
}
