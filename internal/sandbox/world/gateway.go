package world

import (
	"maps"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/idempotency"
)

// gateway shows the checks that stand before every operation, on methods that
// have the gateway's own words for them.
func (w *World) gateway() {
	divisions := func(token string) Request { return as(token, get, "/api/divisions") }
	refuse := func(id rules.ID, args ...any) *fault.Error { return fault.Refuse(id, args...) }

	w.refused("", "an unknown path", as(doctor, get, "/api/unknown"), refuse(rules.GatewayPath))
	w.refused("listDivisions", "a hosting key that is not allowed", divisions(owner).header("X-Custom-PSK", "wrong"), refuse(rules.GatewayPSK)).
		set("GATEWAY_PSK", strings.Repeat("0123456789abcdef", 4))
	w.refused("listDivisions", "no token", divisions(""), refuse(rules.GatewayTokenMissing))
	w.refused("listDivisions", "an unknown token", divisions("sandbox-nobody"), refuse(rules.GatewayTokenUnknown))
	w.refused("listDivisions", "a refresh token in place of an access token", divisions(TokenValue("refresh")), refuse(rules.GatewayTokenKind))
	w.refused("listDivisions", "an expired token", divisions(expired), refuse(rules.GatewayTokenExpired))
	w.refused("listDivisions", "a token of a blocked client", divisions(TokenValue("blocked_client")), refuse(rules.GatewayTokenClientBlocked))
	w.refused("listDivisions", "a token of a blocked user", divisions(TokenValue("blocked_user")), refuse(rules.GatewayTokenUserBlocked))
	w.refused("listDivisions", "a method that the path does not have", as(owner, "DELETE", "/api/divisions"), refuse(rules.GatewayMethod, "path", "/api/divisions"))
	w.refused("listDivisions", "no API-key where one is required", divisions(owner).header("API-key", ""), refuse(rules.GatewayAPIKeyMissing)).
		set("GATEWAY_API_KEY", "required")
	w.refused("listDivisions", "an unknown API-key", divisions(owner).header("API-key", "sandbox-unknown"), refuse(rules.GatewayAPIKeyUnknown))
	w.refused("listDivisions", "an API-key of a MIS without rights", divisions(owner).header("API-key", MISKeyUnbroken), refuse(rules.GatewayAPIKeyBroker))
	w.refused("listDivisions", "a token without the scope", divisions(noScopes), refuse(rules.GatewayScope, "scopes", "division:read"))
	w.refused("getDivision", "a MIS without the scope", as(owner, get, "/api/divisions/"+ID("division of the clinic").String()).header("API-key", MISKeyNoScope),
		refuse(rules.GatewayBrokerScope, "scopes", "division:details"))

	w.insert("mithril.rate_limits", row{
		"key": auth.RateKey("listDivisions", TokenValue("spent")), "count": 1_000_000, "resets_at": w.now.AddDate(1, 0, 0),
	})
	w.refused("listDivisions", "one request too many in a minute", divisions(TokenValue("spent")), refuse(rules.GatewayRateLimit)).
		set("RATE_LIMIT_PER_MINUTE", "60")

	create := as(owner, post, "/api/divisions")
	w.refused("createDivision", "a body that is not JSON", create.raw("application/json", `{"name":`), refuse(rules.RequestJSON))
	w.refused("createDivision", "a body of another content type", create.raw("text/plain", `{}`), refuse(rules.RequestContentType))
	w.refused("createDivision", "a body beyond the limit", create.raw("application/json", `"`+strings.Repeat(" ", 2048)+`"`), refuse(rules.RequestTooLarge)).
		set("MAX_BODY_BYTES", "1024")
	w.refused("listDivisions", "a query that is badly encoded", as(owner, get, "/api/divisions?name=%zz"), refuse(rules.RequestURL))
	w.refused("listDivisions", "a query that is not text", as(owner, get, "/api/divisions?name=%00"), refuse(rules.RequestQuery, "parameter", "name"))
}

// Idempotency keys that every caller has used.
const (
	keyUnderWay = "sandbox-under-way"
	keyUsed     = "sandbox-used"
)

// idempotency shows the checks of an idempotency key.
func (w *World) idempotency() {
	for _, token := range w.Tokens {
		for _, client := range []uuid.UUID{token.LegalEntityID, uuid.Nil} { // one token names no client
			w.usedKey(client, token.UserID, keyUnderWay, nil)
			w.usedKey(client, token.UserID, keyUsed, row{"status": http.StatusOK, "answer": []byte{}, "request_id": "sandbox"})
		}
	}
	const op = "createDivision"
	create := as(owner, post, "/api/divisions").with(divisionBody(nil))
	w.refused(op, "an idempotency key whose first request is under way", create.header("X-Idempotency-Key", keyUnderWay),
		fault.Refuse(rules.RequestIdempotencyInFlight))
	w.refused(op, "an idempotency key that was sent with another request", create.header("X-Idempotency-Key", keyUsed),
		fault.Refuse(rules.RequestIdempotencyMismatch))
}

// usedKey adds a key that a caller has sent with a request that the world does
// not hold; answered are the columns of one that is no longer under way.
func (w *World) usedKey(client, user uuid.UUID, key string, answered row) {
	r := row{
		"key": idempotency.KeyHash(w.keys, client, user, key), "request": "another", "claim": ID(key), "expires_at": w.now.AddDate(1, 0, 0),
	}
	maps.Copy(r, answered)
	w.insert("idempotency.keys", r)
}
