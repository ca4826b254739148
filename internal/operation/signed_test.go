package operation

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/signature"
	"esoz/internal/platform/subject"
	"esoz/internal/platform/validation"
	"esoz/internal/sandbox/authority"
)

type signing struct {
	Caller
	Signed
}

var (
	signedAt = time.Date(2026, 3, 25, 10, 45, 0, 0, time.UTC)
	olena    = signature.Signer{DRFO: "3126509816", EDRPOU: "12345678", Surname: "Дуб", GivenName: "Олена"}
	stamp    = authority.Owner{Signer: signature.Signer{EDRPOU: "12345678"}, IsStamp: true}
)

// caller is olena with a token.
func callerOf(t *testing.T, mode config.SignatureMode) Caller {
	t.Helper()
	cfg := &config.Config{Signature: mode, MaxSignedBytes: 4000}
	require.NoError(t, authority.TrustIn(cfg))
	return Caller{Config: cfg, Now: signedAt, Subject: auth.Subject{
		Party:       &subject.Party{TaxID: olena.DRFO, LastName: olena.Surname, FirstName: olena.GivenName},
		LegalEntity: &subject.LegalEntity{EDRPOU: olena.EDRPOU},
	}}
}

// first makes the checks of signed content and of its signer, and returns the rule
// that refuses, and its placeholders.
func first(t *testing.T, s *signing, headers http.Header) (string, map[any]any) {
	t.Helper()
	ctx := signature.WithClaims(t.Context(), signature.Claims(headers))
	for _, c := range append(SignedContent[*signing]("x.sign", 1, 0), SignerIsCaller[*signing]("x.sign")...) {
		err := c.make(ctx, s)
		var refused *refusal
		if !errors.As(err, &refused) {
			require.NoError(t, err)
			continue
		}
		args := map[any]any{}
		for i := 0; i+1 < len(refused.args); i += 2 {
			args[refused.args[i]] = refused.args[i+1]
		}
		require.NotNil(t, refused.fact, c.Rule)
		return strings.TrimPrefix(string(c.Rule), "x.sign.signed_"), args
	}
	return "", nil
}

func TestSignedContent(t *testing.T) {
	t.Parallel()
	a := authority.New()
	content := []byte(`{"a": 1}`)
	owner := authority.Owner{Signer: olena}
	signed := a.SignBy(content, owner, signedAt)
	encoded := base64.StdEncoding.EncodeToString
	stranger := owner
	stranger.DRFO = "1111111111"
	nobody := owner
	nobody.DRFO = ""
	nested := signed
	for range 7 {
		nested = a.SignBy(nested, owner, signedAt)
	}
	type args = map[any]any
	for name, c := range map[string]struct {
		mode    config.SignatureMode
		sent    string
		headers http.Header
		rule    string
		args    args
	}{
		"a container":             {"cms", encoded(signed), nil, "", nil},
		"a container in auto":     {"auto", encoded(signed), nil, "", nil},
		"not base64":              {"cms", "?", nil, "base64", nil},
		"line breaks":             {"cms", encoded(signed)[:64] + "\n" + encoded(signed)[64:], nil, "base64", nil},
		"unsigned where it must":  {"cms", encoded(content), nil, "count", args{"signatures": "0 signatures", "stamps": "0 stamps"}},
		"nothing":                 {"cms", "", nil, "count", args{"signatures": "0 signatures", "stamps": "0 stamps"}},
		"two signatures":          {"cms", encoded(a.SignBy(signed, owner, signedAt)), nil, "count", args{"signatures": "2 signatures", "stamps": "0 stamps"}},
		"a stamp too":             {"cms", encoded(a.SignBy(signed, stamp, signedAt)), nil, "count", args{"signatures": "1 signature", "stamps": "1 stamp"}},
		"a stamp alone":           {"cms", encoded(a.SignBy(content, stamp, signedAt)), nil, "count", args{"signatures": "0 signatures", "stamps": "1 stamp"}},
		"two signers":             {"cms", encoded(a.Fail(signature.OneSigner, content, owner, signedAt)), nil, "one_signer", args{"signatures": 2}},
		"too deep":                {"cms", encoded(nested), nil, "readable", nil},
		"no JSON":                 {"cms", encoded(a.SignBy([]byte(`{"a": b}`), owner, signedAt)), nil, "json", args{"error": "unexpected byte at position 6"}},
		"too large":               {"cms", encoded(a.SignBy(bytes.Repeat([]byte("a"), 4001), owner, signedAt)), nil, "size", nil},
		"a foreign signer":        {"cms", encoded(a.SignBy(content, stranger, signedAt)), nil, "drfo", nil},
		"a signer without number": {"cms", encoded(a.SignBy(content, nobody, signedAt)), nil, "drfo_present", nil},
		"headers with a container": {
			"auto", encoded(a.SignBy(content, stranger, signedAt)), http.Header{"Drfo": {olena.DRFO}}, "drfo", nil,
		},

		"plain":                     {"plain", encoded(content), nil, "", nil},
		"plain in auto":             {"auto", encoded(content), nil, "", nil},
		"plain with headers":        {"auto", encoded(content), http.Header{"Drfo": {olena.DRFO}, "Surname": {"%D0%94%D1%83%D0%B1"}}, "", nil},
		"plain, a foreign signer":   {"auto", encoded(content), http.Header{"Drfo": {"1"}}, "drfo", nil},
		"plain, no drfo":            {"auto", encoded(content), http.Header{"Edrpou": {"1"}}, "drfo_present", nil},
		"plain, two signatures":     {"plain", encoded(content), http.Header{"Drfo": {olena.DRFO}, "Msp_drfo": {"1"}}, "count", args{"signatures": "2 signatures", "stamps": "0 stamps"}},
		"plain, no JSON":            {"auto", encoded([]byte("{")), nil, "json", args{"error": "unexpected byte at position 1"}},
		"plain, too large":          {"plain", encoded(bytes.Repeat([]byte("a"), 4001)), nil, "size", nil},
		"plain, no base64":          {"auto", "?", nil, "base64", nil},
		"a container where plain":   {"plain", encoded(signed), nil, "json", args{"error": "not one JSON value"}},
		"plain in auto, too large":  {"auto", encoded(bytes.Repeat([]byte("a"), 4001)), nil, "size", nil},
		"a number with other signs": {"plain", encoded(content), http.Header{"Drfo": {"31265 09816"}}, "", nil},
	} {
		s := &signing{Caller: callerOf(t, c.mode), Signed: Signed{Sent: c.sent}}
		rule, got := first(t, s, c.headers)
		require.Equal(t, c.rule, rule, name)
		require.Equal(t, c.args == nil, len(got) == 0, name)
		for placeholder, value := range c.args {
			require.Equal(t, value, got[placeholder], name)
		}
		if rule == "" {
			require.Equal(t, map[string]any{"a": 1.0}, s.Content.JSON, name)
		}
	}
}

// Every check of a container is a rule that refuses.
func TestContainerChecks(t *testing.T) {
	t.Parallel()
	for _, check := range signature.Checks {
		sent := base64.StdEncoding.EncodeToString(authority.New().Fail(check, []byte(`{}`), authority.Owner{Signer: olena}, signedAt))
		s := &signing{Caller: callerOf(t, config.SignatureCMS), Signed: Signed{Sent: sent}}
		rule, _ := first(t, s, nil)
		require.Equal(t, string(check), rule)
	}
}

func TestSameNumber(t *testing.T) {
	t.Parallel()
	for _, same := range [][2]string{{"3126509816", "3126509816"}, {" 31265 09816", "3126509816"}, {"нм123456", "HM123456"}, {"HM123456", "НМ123456"}} {
		require.True(t, SameNumber(same[0], same[1]), same)
	}
	for _, other := range [][2]string{{"3126509816", "3126509817"}, {"", ""}, {"1", ""}} {
		require.False(t, SameNumber(other[0], other[1]), other)
	}
}

// The places that differ are named, the values and unknown fields are not.
func TestExpectSame(t *testing.T) {
	t.Parallel()
	stored := `{"a": {"b": [1, {"c": "Дуб"}]}, "d": null, "e": true}`
	for signed, found := range map[string]string{
		`{"e": true, "d": null, "a": {"b": [1.0, {"c": "Дуб"}]}}`:                    "",
		`{"a": {"b": [1, {"c": "Клен"}]}, "d": null, "e": true}`:                     "differences in $.a.b[1].c",
		`{"a": {"b": [1]}, "d": null, "e": true}`:                                    "differences in $.a.b",
		`{"a": {"b": {"c": "Дуб"}}, "d": {}, "e": [true]}`:                           "differences in $.a.b, $.d, $.e",
		`{"a": {"b": [1, {"c": "Дуб", "Коваль": 1}]}, "d": null, "e": true, "f": 1}`: "differences in $.a.b[1] (unknown fields), $ (unknown fields)",
		`{"a": null, "e": false}`:                                                    "differences in $.a, $.d (missing), $.e",
		`[]`:                                                                         "differences in $",
	} {
		err := ExpectSame(decoded(t, signed), decoded(t, stored))
		if found == "" {
			require.NoError(t, err)
			continue
		}
		var refused *refusal
		require.ErrorAs(t, err, &refused)
		require.Equal(t, found, refused.fact.Found)
	}
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	value, err := validation.Decode([]byte(text))
	require.NoError(t, err)
	return value.JSON
}
