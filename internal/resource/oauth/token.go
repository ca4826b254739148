package oauth

import (
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
)

// password is the grant type of login. Other grant types have the name of the
// token that is exchanged.
const password = "password"

// token is a row of mithril.tokens.
type token struct {
	ID        uuid.UUID
	Name      string
	Value     string // the row holds only its hash
	UserID    uuid.UUID
	ExpiresAt int64 // Unix seconds
	Details   details

	// Of a token that was looked up.
	PasswordSetAt time.Time // of its user
	IsBlocked     bool      // its user or its client is
}

// details is the JSON column of a token.
type details struct {
	ClientID     uuid.UUID `json:"client_id"`
	GrantType    string    `json:"grant_type"`
	Scope        string    `json:"scope"`
	ScopeRequest string    `json:"scope_request,omitempty"` // of a code: the scope of its access token
	RedirectURI  string    `json:"redirect_uri,omitempty"`
	// RefreshTokenID links an access token to its session: logout ends all its
	// tokens. The value of the refresh token is not stored.
	RefreshTokenID *uuid.UUID `json:"refresh_token_id,omitempty"`
	// CodeID is the code that the tokens of a session came from.
	CodeID *uuid.UUID `json:"code_id,omitempty"`
}

// newToken makes a token that lives for lifetime seconds.
func newToken(name string, user uuid.UUID, now time.Time, lifetime int, d details) token {
	return token{ID: uuid.New(), Name: name, Value: newValue(), UserID: user, ExpiresAt: now.Unix() + int64(lifetime), Details: d}
}

// newValue returns 32 random bytes. They cannot be guessed, so storing a plain
// hash of them is safe.
func newValue() string {
	var raw [32]byte
	rand.Read(raw[:]) // never fails: crypto/rand crashes the program instead
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// expired returns whether the token has ended. At the second of ExpiresAt it has.
func (t token) expired(now time.Time) bool { return t.ExpiresAt <= now.Unix() }

// render shows an access token. refresh is the value of its refresh token, empty
// if it has none.
func (t token) render(refresh string) api.Token {
	return api.Token{
		ID: t.ID.String(), Name: t.Name, Value: t.Value, UserID: t.UserID.String(), ExpiresAt: t.ExpiresAt,
		Details: api.TokenDetails{
			ClientID: t.Details.ClientID.String(), GrantType: t.Details.GrantType, Scope: t.Details.Scope,
			RedirectURI: present(t.Details.RedirectURI), RefreshToken: present(refresh),
		},
	}
}

// present returns nil for an empty text, so that its key is left out.
func present(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
