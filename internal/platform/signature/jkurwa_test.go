//go:build jkurwa

package signature_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/signature"
)

// What npm's jkurwa signs, with new keys each time, is read and verified: `make
// jkurwa`, which needs npm.
func TestJkurwa(t *testing.T) {
	t.Parallel()
	for _, curve := range []string{"DSTU_PB_257", "DSTU_PB_431"} {
		for i := range 5 {
			t.Run(fmt.Sprint(curve, i), func(t *testing.T) {
				t.Parallel()
				json := fmt.Appendf(nil, `{"text": "%0*d", "letters": "Їжак"}`, 100*i, i)
				first, authority := signedByJkurwa(t, curve, json)
				second, another := signedByJkurwa(t, curve, first)
				trust, err := signature.NewTrust(append(authority, another...))
				require.NoError(t, err)
				opened, err := trust.Open(second, now)
				require.NoError(t, err)
				require.Equal(t, json, opened.JSON)
				require.Len(t, opened.Signatures, 2)
				for _, s := range opened.Signatures {
					require.Equal(t, signature.Signer{DRFO: "3126509816", EDRPOU: "12345678", Surname: "Дуб", GivenName: "Олена"}, s.Signer)
					require.Equal(t, []signature.Check{signature.TimeStamp, signature.CertificateOCSP, signature.CertificateNotRevoked}, checks(s))
				}

				changed := bytes.Replace(first, []byte("Їжак"), []byte("їжак"), 1)
				opened, err = trust.Open(changed, now)
				require.NoError(t, err)
				require.Contains(t, checks(opened.Signatures[0]), signature.Value)
			})
		}
	}
}

func signedByJkurwa(t *testing.T, curve string, content []byte) (signed, authority []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "authority.pem")
	command := exec.CommandContext(t.Context(), "node", "jkurwa/sign.js", curve, file)
	command.Stdin, command.Stderr = bytes.NewReader(content), os.Stderr
	signed, err := command.Output()
	require.NoError(t, err)
	authority, err = os.ReadFile(file)
	require.NoError(t, err)
	return signed, authority
}
