package gateway

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/idempotency"
	"esoz/internal/sandbox/world/build"
)

// violation breaks a check of the gateway in a request that passes.
type violation struct {
	rule    rules.ID
	title   string
	request func(w *build.World, op operation, passing build.Request) build.Request
	config  []string // pairs of name and value
}

// violations in the order of the checks.
var violations = []violation{
	{rules.GatewayPSK, "a hosting key that is not allowed", header("X-Custom-PSK", "wrong"), []string{"GATEWAY_PSK", strings.Repeat("0123456789abcdef", 4)}},
	{rules.GatewayTokenMissing, "no token", header("Authorization", ""), nil},
	{rules.GatewayRateLimit, "one request too many in a minute", bearing("spent"), []string{"RATE_LIMIT_PER_MINUTE", "60"}},
	{rules.GatewayTokenUnknown, "an unknown token", bearing("nobody"), nil},
	{rules.GatewayTokenKind, "a refresh token in place of an access token", bearing("refresh"), nil},
	{rules.GatewayTokenExpired, "an expired token", bearing("expired"), nil},
	{rules.GatewayTokenClientBlocked, "a token of a blocked client", bearing("blocked_client"), nil},
	{rules.GatewayTokenUserBlocked, "a token of a blocked user", bearing("blocked_user"), nil},
	{rules.GatewayMethod, "a method that the path does not have", otherMethod, nil},
	{rules.GatewayAPIKeyMissing, "no API-key where one is required", apiKey(""), []string{"GATEWAY_API_KEY", "required"}},
	{rules.GatewayAPIKeyUnknown, "an unknown API-key", apiKey("sandbox-unknown"), nil},
	{rules.GatewayAPIKeyBroker, "an API-key of a MIS without rights", apiKey(build.MISKeyUnbroken), nil},
	{rules.GatewayScope, "a token without the scope", bearing("no_scopes"), nil},
	{rules.GatewayBrokerScope, "a MIS without the scope", apiKey(build.MISKeyNoScope), nil},
	{rules.RequestURL, "a query that is badly encoded", badlyEncoded, nil},
	{rules.RequestQuery, "a query that is not text", noText, nil},
	{rules.RequestTooLarge, "a body beyond the limit", body("application/json", `"`+strings.Repeat(" ", 2048)+`"`), []string{"MAX_BODY_BYTES", "1024"}},
	{rules.RequestContentType, "a body of another content type", body("text/plain", `{}`), nil},
	{rules.RequestJSON, "a body that is not JSON", body("application/json", `{"name":`), nil},
	{rules.RequestIdempotencyInFlight, "an idempotency key whose first request is under way", header("X-Idempotency-Key", keyUnderWay), []string{"IDEMPOTENCY", "replay"}},
	{rules.RequestIdempotencyMismatch, "an idempotency key that was sent with another request", header("X-Idempotency-Key", keyUsed), []string{"IDEMPOTENCY", "replay"}},
}

type change = func(w *build.World, op operation, passing build.Request) build.Request

func header(name, value string) change {
	return func(_ *build.World, _ operation, r build.Request) build.Request { return r.Header(name, value) }
}

func bearing(token string) change {
	return func(_ *build.World, _ operation, r build.Request) build.Request {
		return r.Bearing(build.TokenValue(token))
	}
}

// apiKey sends another API-key, by a client that needs one.
func apiKey(key string) change {
	return func(w *build.World, _ operation, r build.Request) build.Request {
		direct := slices.ContainsFunc(w.Tokens, func(t build.Token) bool { return t.Direct && r.Headers["Authorization"] == "Bearer "+t.Value })
		if direct {
			r = r.Bearing(build.TokenValue("nhs"))
		}
		return r.Header("API-key", key)
	}
}

func body(contentType, text string) change {
	return func(_ *build.World, _ operation, r build.Request) build.Request { return r.Sending(contentType, text) }
}

func otherMethod(_ *build.World, op operation, r build.Request) build.Request {
	r.Method = op.missing
	return r
}

func badlyEncoded(_ *build.World, _ operation, r build.Request) build.Request {
	path, _, _ := strings.Cut(r.Path, "?")
	r.Path = path + "?name=%zz"
	return r
}

func noText(_ *build.World, op operation, r build.Request) build.Request {
	path, query, _ := strings.Cut(r.Path, "?")
	values, err := url.ParseQuery(query)
	must(err)
	values.Set(op.query, "\x00")
	r.Path = path + "?" + values.Encode()
	return r
}

// Idempotency keys that every caller has used.
const (
	keyUnderWay = "sandbox-under-way"
	keyUsed     = "sandbox-used"
)

// usedKeys adds the keys, sent with a request that the world does not hold.
func usedKeys(w *build.World) {
	add := func(client, user uuid.UUID, key string, answer build.Row) {
		r := build.Row{
			"key": idempotency.KeyHash(w.Seal, client, user, key), "request": "another", "claim": build.ID(key), "expires_at": w.Now.AddDate(1, 0, 0),
		}
		maps.Copy(r, answer)
		w.Insert("idempotency.keys", r)
	}
	for _, token := range w.Tokens {
		for _, client := range []uuid.UUID{token.LegalEntityID, uuid.Nil} { // one token names no client
			add(client, token.UserID, keyUnderWay, nil)
			add(client, token.UserID, keyUsed, build.Row{"status": http.StatusOK, "answer": w.Seal.Seal(idempotency.Sealed.Purpose, []byte("{}")), "request_id": "sandbox"})
		}
	}
}
