package signature

import (
	"context"
	"net/http"
	"net/url"
)

// Claims reads who has signed content that is no container, from the headers of
// the documented unsigned mode. Without them it returns nothing.
func Claims(h http.Header) (signatures []Signature) {
	if drfo := h.Get("msp_drfo"); drfo != "" {
		signatures = append(signatures, Signature{Signer: Signer{DRFO: drfo}})
	}
	signer := Signer{DRFO: h.Get("drfo"), EDRPOU: h.Get("edrpou"), Surname: unescaped(h.Get("surname")), GivenName: unescaped(h.Get("given_name"))}
	if signer != (Signer{}) {
		signatures = append(signatures, Signature{Signer: signer})
	}
	return signatures
}

// unescaped decodes percent signs: headers have ASCII only.
func unescaped(text string) string {
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded
	}
	return text
}

type claimsKey struct{}

// WithClaims stores claims of a request.
func WithClaims(ctx context.Context, signatures []Signature) context.Context {
	return context.WithValue(ctx, claimsKey{}, signatures)
}

// ClaimsFrom returns what WithClaims has stored.
func ClaimsFrom(ctx context.Context) []Signature {
	signatures, _ := ctx.Value(claimsKey{}).([]Signature)
	return signatures
}
