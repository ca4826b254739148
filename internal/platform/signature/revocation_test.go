package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"
)

var today = time.Date(2026, 3, 25, 10, 45, 0, 0, time.UTC)

type issued struct {
	key    *ecdsa.PrivateKey
	x509   *x509.Certificate
	parsed *certificate
}

func issue(t *testing.T, name string, by *issued, usage ...x509.ExtKeyUsage) *issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(name))), Subject: pkix.Name{CommonName: name}, NotBefore: today.AddDate(-1, 0, 0), NotAfter: today.AddDate(1, 0, 0),
		IsCA: by == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCRLSign | x509.KeyUsageCertSign, ExtKeyUsage: usage,
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.x509, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	i := &issued{key: key}
	i.x509, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	i.parsed, err = parseCertificate(der)
	require.NoError(t, err)
	return i
}

// bringing is a container whose signature brings answers of OCSP and lists.
func bringing(t *testing.T, crls, answers [][]byte) revocations {
	t.Helper()
	list := func(kind tag.Tag, items [][]byte) cryptobyte.BuilderContinuation {
		return func(b *cryptobyte.Builder) {
			b.AddASN1(kind, func(b *cryptobyte.Builder) {
				b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, item := range items {
						b.AddBytes(item)
					}
				})
			})
		}
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		list(explicit0, crls)(b)
		list(explicit1, answers)(b)
	})
	return new(container).revocations(&signerInfo{unsigned: []attribute{{oidRevocationValues, [][]byte{b.BytesOrPanic()}}}})
}

func answer(t *testing.T, about, issuer, by *issued, status int, at time.Time) []byte {
	t.Helper()
	response := ocsp.Response{Status: status, SerialNumber: about.x509.SerialNumber, ThisUpdate: at, NextUpdate: at.Add(time.Hour), IssuerHash: crypto.SHA1}
	if status == ocsp.Revoked {
		response.RevokedAt = at
	}
	if by != issuer {
		response.Certificate = by.x509
	}
	der, err := ocsp.CreateResponse(issuer.x509, by.x509, response, by.key)
	require.NoError(t, err)
	input := cryptobyte.String(der)
	var whole, wrapped, bytes, basic cryptobyte.String
	require.True(t, input.ReadASN1(&whole, tag.SEQUENCE) && whole.SkipASN1(tag.ENUM) && whole.ReadASN1(&wrapped, explicit0) &&
		wrapped.ReadASN1(&bytes, tag.SEQUENCE) && bytes.SkipASN1(tag.OBJECT_IDENTIFIER) && bytes.ReadASN1(&basic, tag.OCTET_STRING))
	return basic
}

func list(t *testing.T, by *issued, from time.Time, revoked ...*issued) []byte {
	t.Helper()
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: from, NextUpdate: from.Add(time.Hour)}
	for _, r := range revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: r.x509.SerialNumber, RevocationTime: from})
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, by.x509, by.key)
	require.NoError(t, err)
	return der
}

// Lists and answers count when the issuer or its responder has signed them, and
// while they are current: those of the container at the signature, others now.
func TestRevocation(t *testing.T) {
	t.Parallel()
	authority, foreign := issue(t, "authority", nil), issue(t, "another authority", nil)
	leaf, other := issue(t, "leaf", authority), issue(t, "other leaf", authority)
	responder := issue(t, "responder", authority, x509.ExtKeyUsageOCSPSigning)
	stranger := issue(t, "responder of another", foreign, x509.ExtKeyUsageOCSPSigning)
	signed := today.Add(-24 * time.Hour)
	const good, revoked, unknown = "good", "revoked", "unknown"

	for name, c := range map[string]struct {
		crls, answers [][]byte
		settings      []byte
		want          string
	}{
		"nothing":                      {nil, nil, nil, unknown},
		"a list":                       {[][]byte{list(t, authority, signed)}, nil, nil, good},
		"a list with it":               {[][]byte{list(t, authority, signed, other, leaf)}, nil, nil, revoked},
		"a list with another":          {[][]byte{list(t, authority, signed, other)}, nil, nil, good},
		"an old list":                  {[][]byte{list(t, authority, signed.Add(-2*time.Hour), leaf)}, nil, nil, unknown},
		"a list of another authority":  {[][]byte{list(t, foreign, signed, leaf)}, nil, nil, unknown},
		"a list of the settings":       {nil, nil, list(t, authority, today), good},
		"an old list of the settings":  {nil, nil, list(t, authority, signed), unknown},
		"revoked since":                {[][]byte{list(t, authority, signed)}, nil, list(t, authority, today, leaf), revoked},
		"an answer":                    {nil, [][]byte{answer(t, leaf, authority, authority, ocsp.Good, signed)}, nil, good},
		"an answer of a responder":     {nil, [][]byte{answer(t, leaf, authority, responder, ocsp.Good, signed)}, nil, good},
		"an answer that revokes":       {nil, [][]byte{answer(t, leaf, authority, responder, ocsp.Revoked, signed)}, nil, revoked},
		"an answer that knows nothing": {nil, [][]byte{answer(t, leaf, authority, responder, ocsp.Unknown, signed)}, nil, unknown},
		"an answer about another":      {nil, [][]byte{answer(t, other, authority, responder, ocsp.Good, signed)}, nil, unknown},
		"an old answer":                {nil, [][]byte{answer(t, leaf, authority, responder, ocsp.Good, signed.Add(-2*time.Hour))}, nil, unknown},
		"an answer of a stranger":      {nil, [][]byte{answer(t, leaf, authority, stranger, ocsp.Good, signed)}, nil, unknown},
		"an answer of a leaf":          {nil, [][]byte{answer(t, leaf, authority, other, ocsp.Good, signed)}, nil, unknown},
		"both":                         {[][]byte{list(t, authority, signed)}, [][]byte{answer(t, leaf, authority, responder, ocsp.Revoked, signed)}, nil, revoked},
		"no DER":                       {[][]byte{{0x30, 0}}, [][]byte{{0x30, 0}}, nil, unknown},
	} {
		trust := new(Trust)
		if c.settings != nil {
			require.NoError(t, trust.Add(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: c.settings})))
		}
		found, err := trust.isRevoked(leaf.parsed, authority.parsed, bringing(t, c.crls, c.answers), signed, today)
		got := map[bool]string{true: revoked, false: good}[found]
		if err != nil {
			got = unknown
		}
		require.Equal(t, c.want, got, name)
	}
}
