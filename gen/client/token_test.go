package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"esoz/gen/client"
)

// issuer answers as POST /oauth/tokens does.
func issuer(t *testing.T, asked *[]map[string]map[string]string, expires time.Time) api {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		var body map[string]map[string]string
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		*asked = append(*asked, body)
		answer(w, http.StatusCreated, fmt.Sprintf(
			`{"meta":{},"data":{"id":"t","name":"access_token","value":"token-%d","user_id":"u","expires_at":%d,"details":{"scope":"","client_id":"clinic","grant_type":"","refresh_token":"refresh"}}}`,
			len(*asked), expires.Unix()))
	}
}

func TestExchangeOfACode(t *testing.T) {
	t.Parallel()
	var asked []map[string]map[string]string
	expires := time.Now().Add(time.Hour).Truncate(time.Second)
	app := client.App{
		API: connect(t, issuer(t, &asked, expires)), ClientID: "clinic", Secret: "secret", RedirectURI: "https://mis.test/",
	}
	token, err := app.Exchange(t.Context(), "a-code")
	require.NoError(t, err)
	require.Equal(t, &oauth2.Token{AccessToken: "token-1", TokenType: "Bearer", RefreshToken: "refresh", Expiry: expires}, token)
	require.Equal(t, []map[string]map[string]string{{"token": {
		"grant_type": "authorization_code", "code": "a-code", "redirect_uri": "https://mis.test/", "client_id": "clinic", "client_secret": "secret",
	}}}, asked)
}

func TestAnExpiredTokenIsRefreshedOnce(t *testing.T) {
	t.Parallel()
	var asked []map[string]map[string]string
	app := client.App{API: connect(t, issuer(t, &asked, time.Now().Add(time.Hour))), ClientID: "clinic", Secret: "secret"}
	expired := &oauth2.Token{AccessToken: "token-0", RefreshToken: "refresh", Expiry: time.Now().Add(-time.Minute)}
	var wrong atomic.Int32
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token-1" {
			wrong.Add(1)
		}
		answer(w, http.StatusOK, divisions)
	}, client.WithTokenSource(app.TokenSource(t.Context(), expired)))

	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			if _, err := c.ListDivisionsWithResponse(t.Context(), nil); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	require.Zero(t, wrong.Load())
	require.Equal(t, []map[string]map[string]string{{"token": {
		"grant_type": "refresh_token", "refresh_token": "refresh", "client_id": "clinic", "client_secret": "secret",
	}}}, asked)
}

func TestAGoodTokenIsKept(t *testing.T) {
	t.Parallel()
	app := client.App{API: connect(t, func(http.ResponseWriter, *http.Request) { t.Error("a token was asked for") })}
	good := &oauth2.Token{AccessToken: "token-0", Expiry: time.Now().Add(time.Hour)}
	token, err := app.TokenSource(t.Context(), good).Token()
	require.NoError(t, err)
	require.Equal(t, "token-0", token.AccessToken)
}

// The error of a call is that of the refresh: the user has to log in again.
func TestARefreshThatIsRefused(t *testing.T) {
	t.Parallel()
	app := client.App{API: connect(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusUnauthorized, `{"error":{"type":"token_expired","message":"Token expired."}}`)
	})}
	for refresh, want := range map[string]string{
		"refresh": "get an access token: POST /oauth/tokens: 401 token_expired: Token expired.",
		"":        "get an access token: the access token has expired and came without a refresh token",
	} {
		c := connect(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") },
			client.WithTokenSource(app.TokenSource(t.Context(), &oauth2.Token{RefreshToken: refresh})))
		_, err := c.ListDivisionsWithResponse(t.Context(), nil)
		require.EqualError(t, err, want)
		refusal, ok := errors.AsType[*client.Error](err)
		require.Equal(t, refresh != "", ok && refusal.StatusCode == http.StatusUnauthorized)
	}
}
