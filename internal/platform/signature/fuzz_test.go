package signature

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

func containers(t testing.TB) (all [][]byte) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.p7s")
	require.NoError(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		all = append(all, raw)
	}
	return all
}

// Whatever is sent is judged in bounded time, and no reader fails on it.
func FuzzOpen(f *testing.F) {
	for _, raw := range containers(f) {
		f.Add(raw)
	}
	authority, err := os.ReadFile("testdata/dstu_m257.pem")
	require.NoError(f, err)
	trust, err := NewTrust(authority)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := trust.Open(raw, time.Unix(0, 0))
		if err != nil {
			return
		}
		for _, s := range c.Signatures {
			require.NotEmpty(t, s.Failed, "no container is valid at that time")
		}
	})
}

// The parts that stand deep in a container are also read alone, which lets changed
// bytes reach them.
func FuzzParts(f *testing.F) {
	for _, raw := range containers(f) {
		c, err := parseContainer(raw)
		require.NoError(f, err)
		for _, der := range c.certificates {
			f.Add(der)
		}
	}
	f.Fuzz(func(_ *testing.T, raw []byte) {
		if c, err := parseCertificate(raw); err == nil {
			c.signer()
			c.isSignedBy(c)
		}
		if stamp, err := parseTimeStamp(raw); err == nil {
			new(Trust).service(stamp)
		}
		parseOCSP(raw)
	})
}

// DER stays as it is, and what is made of BER is DER.
func FuzzBER(f *testing.F) {
	for _, raw := range containers(f) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		der, ok := toDER(raw)
		if !ok {
			return
		}
		again, ok := toDER(der)
		require.True(t, ok)
		require.True(t, bytes.Equal(der, again))
	})
}

// Nesting is bounded, and a long way down costs little.
func TestNestedElements(t *testing.T) {
	t.Parallel()
	deep := bytes.Repeat([]byte{0x30, 0x80}, 1<<20)
	_, ok := toDER(deep)
	require.False(t, ok)
	wide := slices.Concat([]byte{0x24, 0x80}, bytes.Repeat([]byte{4, 1, 'a'}, 1<<20), []byte{0, 0})
	der, ok := toDER(wide)
	require.True(t, ok)
	require.Len(t, octets(der), 1<<20)
}

func TestTooManyParts(t *testing.T) {
	t.Parallel()
	many := func(certificates, signers, attributes int) []byte {
		var b cryptobyte.Builder
		element := func(b *cryptobyte.Builder, kind tag.Tag, children ...func(*cryptobyte.Builder)) {
			b.AddASN1(kind, func(b *cryptobyte.Builder) {
				for _, child := range children {
					child(b)
				}
			})
		}
		null := func(b *cryptobyte.Builder) { element(b, tag.SEQUENCE) }
		number := func(b *cryptobyte.Builder) { b.AddASN1Int64(1) }
		algorithm := func(b *cryptobyte.Builder) {
			element(b, tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidSHA256) })
		}
		attribute := func(b *cryptobyte.Builder) {
			element(b, tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidRSA) },
				func(b *cryptobyte.Builder) { element(b, tag.SET, number) })
		}
		signer := func(b *cryptobyte.Builder) {
			element(b, tag.SEQUENCE, number, func(b *cryptobyte.Builder) { element(b, tag.SEQUENCE, null, number) }, algorithm,
				func(b *cryptobyte.Builder) {
					element(b, explicit0, slices.Repeat([]func(*cryptobyte.Builder){attribute}, attributes)...)
				},
				algorithm, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nil) })
		}
		element(&b, tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidSignedData) }, func(b *cryptobyte.Builder) {
			element(b, explicit0, func(b *cryptobyte.Builder) {
				element(b, tag.SEQUENCE, number, func(b *cryptobyte.Builder) { element(b, tag.SET) },
					func(b *cryptobyte.Builder) {
						element(b, tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidSignedData) })
					},
					func(b *cryptobyte.Builder) {
						element(b, explicit0, slices.Repeat([]func(*cryptobyte.Builder){null}, certificates)...)
					},
					func(b *cryptobyte.Builder) {
						element(b, tag.SET, slices.Repeat([]func(*cryptobyte.Builder){signer}, signers)...)
					})
			})
		})
		return b.BytesOrPanic()
	}
	c, err := parseContainer(many(maxCertificates, maxSigners, maxAttributes))
	require.NoError(t, err)
	require.Len(t, c.certificates, maxCertificates)
	require.Len(t, c.signers, maxSigners)
	require.Len(t, c.signers[0].signed, maxAttributes)
	for _, raw := range [][]byte{many(maxCertificates+1, 1, 1), many(1, maxSigners+1, 1), many(1, 1, maxAttributes+1)} {
		_, err := new(Trust).Open(raw, time.Unix(0, 0))
		require.ErrorIs(t, err, ErrUnreadable)
	}
}
