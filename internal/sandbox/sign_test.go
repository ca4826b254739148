package sandbox_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/signature"
	"esoz/internal/sandbox"
	"esoz/internal/sandbox/world"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/testkit"
)

// The sandbox signs as the owner of a token, as an employee, or as anybody, and
// everybody can verify it.
func signing(t *testing.T, b *box) {
	_, trusted := b.get(t, "/_sandbox/authority.pem")
	trust, err := signature.NewTrust(trusted)
	require.NoError(t, err)
	const content = `{"b":1.0,"a":"Їжак"}`
	open := func(signed sandbox.Signed) *signature.Content {
		raw, err := base64.StdEncoding.DecodeString(signed.SignedContent)
		require.NoError(t, err)
		opened, err := trust.Open(raw, testkit.World().Now)
		require.NoError(t, err)
		return opened
	}
	doctor := signature.Signer{DRFO: accounts.TaxID("doctor"), EDRPOU: accounts.EDRPOU("clinic"), Surname: "Коваль", GivenName: "Олена"}
	sign := func(body, token string) (signed sandbox.Signed) {
		require.Equal(t, http.StatusOK, b.callAs(t, token, http.MethodPost, "/_sandbox/sign", json.RawMessage(body), &signed))
		return signed
	}

	own := sign(`{"content": `+content+`}`, "sandbox-doctor")
	require.Equal(t, doctor, own.Signer)
	opened := open(own)
	require.Equal(t, content, string(opened.JSON), "as it came")
	require.Equal(t, []signature.Signature{{Signer: doctor}}, opened.Signatures)
	require.Equal(t, doctor, sign(`{"content": {}, "employee_id": "`+world.ID("employee doctor").String()+`"}`, "").Signer)

	stamped := open(sign(`{"signed_content": "`+own.SignedContent+`", "stamp": true}`, "sandbox-doctor"))
	require.Equal(t, content, string(stamped.JSON))
	require.Len(t, stamped.Signatures, 2)
	require.True(t, stamped.Signatures[1].IsStamp)
	require.Empty(t, stamped.Signatures[1].Signer.DRFO)

	wrong := open(sign(`{"content": {}, "signer": {"drfo": "1"}, "fault": "root"}`, ""))
	require.Equal(t, signature.Root, wrong.Signatures[0].Failed[0].Check)

	for _, c := range []struct {
		body   any
		status int
		says   string
	}{
		{object{"content": 1}, 422, "who signs"},
		{object{"signer": object{}}, 422, "content"},
		{object{"content": 1, "signer": object{}, "fault": "none"}, 422, "certificate_not_revoked"},
		{object{"content": 1, "employee_id": world.ID("doctor")}, 422, "no such employee"},
		{object{"signed_content": "?", "signer": object{}}, 400, "body"},
		{object{"content": strings.Repeat("a", 5<<23), "signer": object{}}, 400, "body"},
	} {
		var answer struct{ Error string }
		require.Equal(t, c.status, b.call(t, http.MethodPost, "/_sandbox/sign", c.body, &answer), c.says)
		require.Contains(t, answer.Error, c.says)
	}
	require.Equal(t, http.StatusUnprocessableEntity,
		b.callAs(t, "no-such-token", http.MethodPost, "/_sandbox/sign", object{"content": 1}, nil))
}
