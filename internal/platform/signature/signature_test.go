package signature_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/signature"
	"esoz/internal/sandbox/authority"
)

var (
	now     = time.Date(2027, 3, 25, 10, 45, 0, 0, time.UTC)
	content = []byte(`{"a": "б"}`)
	olena   = signature.Signer{DRFO: "3126509816", Surname: "Дуб", GivenName: "Олена"}
)

// Containers of openssl and of npm's jkurwa (testdata/make.sh) are read and
// verified; what fails is only what they do not have.
func TestContainersOfOthers(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.p7s")
	require.NoError(t, err)
	require.Len(t, files, 14)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			opened, err := new(signature.Trust).Open(raw, now)
			require.NoError(t, err)
			last := opened.Signatures[len(opened.Signatures)-1]
			switch filepath.Base(file) {
			case "two_signers.p7s":
				require.Equal(t, []signature.Failure{{Check: signature.OneSigner, Expected: "1 signature", Found: "2", Signers: 2}}, last.Failed)
				return
			case "detached.p7s":
				require.Empty(t, opened.JSON)
				require.Contains(t, checks(last), signature.Value)
				return
			case "nested.p7s":
				require.Len(t, opened.Signatures, 2)
			default:
				require.Len(t, opened.Signatures, 1)
			}
			require.Equal(t, content, opened.JSON)
			for _, s := range opened.Signatures {
				want := olena
				if strings.HasPrefix(filepath.Base(file), "dstu") {
					want.EDRPOU = "12345678"
				}
				require.Equal(t, want, s.Signer)
				require.False(t, s.IsStamp)
				require.Equal(t, []signature.Check{
					signature.TimeStamp, signature.Root, signature.CertificateOCSP, signature.CertificateNotRevoked,
				}, checks(s))
			}
		})
	}
}

// A changed byte of content is noticed with each algorithm.
func TestChangedContent(t *testing.T) {
	t.Parallel()
	for _, file := range []string{
		"ecdsa", "ecdsa_sha512", "ecdsa_cades", "ecdsa_keyid", "ecdsa_without_attributes", "rsa", "rsa_sha384_without_attributes", "rsa_pss",
		"dstu_m257", "dstu_m431",
	} {
		raw, err := os.ReadFile("testdata/" + file + ".p7s")
		require.NoError(t, err)
		changed := bytes.Replace(raw, content, []byte(`{"a": "в"}`), 1)
		require.NotEqual(t, raw, changed)
		opened, err := new(signature.Trust).Open(changed, now)
		require.NoError(t, err)
		require.Contains(t, checks(opened.Signatures[0]), signature.Value, file)

		raw[len(raw)-1] ^= 1 // the signature stands last
		opened, err = new(signature.Trust).Open(raw, now)
		require.NoError(t, err)
		require.Contains(t, checks(opened.Signatures[0]), signature.Value, file)
	}
}

// An authority of DSTU 4145 is trusted like any other.
func TestAuthorityOfDSTU(t *testing.T) {
	t.Parallel()
	for _, curve := range []string{"m257", "m431"} {
		authority, err := os.ReadFile("testdata/dstu_" + curve + ".pem")
		require.NoError(t, err)
		trust, err := signature.NewTrust(authority)
		require.NoError(t, err)
		raw, err := os.ReadFile("testdata/dstu_" + curve + ".p7s")
		require.NoError(t, err)
		opened, err := trust.Open(raw, now)
		require.NoError(t, err)
		require.Equal(t, []signature.Check{signature.TimeStamp, signature.CertificateOCSP, signature.CertificateNotRevoked},
			checks(opened.Signatures[0]))
	}
}

func TestContent(t *testing.T) {
	t.Parallel()
	trust := new(signature.Trust)
	for raw, want := range map[string]string{
		"":                             "",
		`{"a": 1}`:                     `{"a": 1}`,
		"\ufeff{\"a\": 1}\x00\x00":     `{"a": 1}`,
		"0":                            "0", // the tag of a SEQUENCE
		"\x30\x80\x00\x00":             "\x30\x80",
		"\x30\x03\x02\x01\x01":         "\x30\x03\x02\x01\x01",
		strings.Repeat("\x30\x80", 99): strings.Repeat("\x30\x80", 99),
	} {
		opened, err := trust.Open([]byte(raw), now)
		require.NoError(t, err)
		require.Equal(t, want, string(opened.JSON))
		require.Empty(t, opened.Signatures)
	}
}

func TestTrustIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"nonsense": "text that is not PEM",
		"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n": "certificate 1: not a certificate",
		"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n":       "list of revoked certificates 1",
		"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n": "neither CERTIFICATE nor X509 CRL",
	} {
		_, err := signature.NewTrust([]byte(text))
		require.ErrorContains(t, err, want)
	}
}

// What a container holds is bounded.
func TestBounds(t *testing.T) {
	t.Parallel()
	a := authority.New()
	owner := authority.Owner{Signer: olena}
	trust := new(signature.Trust)
	var opened *signature.Content
	var err error
	nested := content
	for range 6 {
		nested = a.SignBy(nested, owner, now)
		opened, err = trust.Open(nested, now)
		require.NoError(t, err)
	}
	require.Len(t, opened.Signatures, 6)
	_, err = trust.Open(a.SignBy(nested, owner, now), now)
	require.ErrorIs(t, err, signature.ErrUnreadable)
}

func checks(s signature.Signature) (failed []signature.Check) {
	for _, f := range s.Failed {
		failed = append(failed, f.Check)
	}
	return failed
}

func BenchmarkOpen(b *testing.B) {
	for name, file := range map[string]string{"ECDSA P-256": "ecdsa", "RSA 2048": "rsa", "DSTU 4145 M257": "dstu_m257", "DSTU 4145 M431": "dstu_m431"} {
		raw, err := os.ReadFile("testdata/" + file + ".p7s")
		require.NoError(b, err)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := new(signature.Trust).Open(raw, now)
				require.NoError(b, err)
			}
		})
	}
	// With time stamp, issuer and revocation.
	a := authority.New()
	trust, err := signature.NewTrust(a.Trusted())
	require.NoError(b, err)
	signed := a.SignBy(content, authority.Owner{Signer: olena}, now)
	b.Run("ECDSA P-256 with an authority", func(b *testing.B) {
		for b.Loop() {
			_, err := trust.Open(signed, now)
			require.NoError(b, err)
		}
	})
}
