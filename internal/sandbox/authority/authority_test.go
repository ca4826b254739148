package authority_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/signature"
	"esoz/internal/sandbox/authority"
)

var (
	at    = time.Date(2026, 3, 25, 10, 45, 0, 0, time.UTC)
	olena = authority.Owner{Signer: signature.Signer{DRFO: "3126509816", EDRPOU: "12345678", Surname: "Дуб", GivenName: "Олена"}}
	json  = []byte(`{"a": "б"}`)
)

func trust(t *testing.T) *signature.Trust {
	t.Helper()
	trusted, err := signature.NewTrust(authority.New().Trusted())
	require.NoError(t, err)
	return trusted
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	a := authority.New()
	signed := a.SignBy(json, olena, at)
	require.Equal(t, signed, a.SignBy(json, olena, at), "the same every time")
	content, err := trust(t).Open(signed, at.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, &signature.Content{JSON: json, Signatures: []signature.Signature{{Signer: olena.Signer}}}, content)

	// A stamp is a container around the first one.
	stamp := authority.Owner{Signer: signature.Signer{EDRPOU: "12345678", Surname: "Амбулаторія"}, IsStamp: true}
	content, err = trust(t).Open(a.SignBy(signed, stamp, at), at)
	require.NoError(t, err)
	require.Equal(t, json, content.JSON)
	require.Equal(t, []signature.Signature{{Signer: olena.Signer}, {Signer: stamp.Signer, IsStamp: true}}, content.Signatures)
}

// Each fault fails its check, and none that comes before it.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, check := range signature.Checks {
		content, err := trust(t).Open(authority.New().Fail(check, json, olena, at), at)
		require.NoError(t, err, check)
		require.Len(t, content.Signatures, 1)
		failed := content.Signatures[0].Failed
		require.NotEmpty(t, failed, check)
		require.Equal(t, check, failed[0].Check, "%v", failed)
		require.NotEmpty(t, failed[0].Expected)
		require.NotEmpty(t, failed[0].Found)
	}
}

// No byte of what is signed can be changed.
func TestChangedBytes(t *testing.T) {
	t.Parallel()
	signed := authority.New().SignBy(json, olena, at)
	trusted := trust(t)
	for i := range signed {
		changed := bytes.Clone(signed)
		changed[i] ^= 1
		content, err := trusted.Open(changed, at)
		if err != nil || len(content.Signatures) == 0 || len(content.Signatures[0].Failed) > 0 {
			continue
		}
		require.Equal(t, olena.Signer, content.Signatures[0].Signer, "byte %d", i)
		require.Equal(t, json, content.JSON, "byte %d", i)
	}
}
