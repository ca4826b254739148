package signature

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The examples A.3.1 and A.3.2 of GOST 34.311-95, with the S-box that the standard
// gives for examples.
func TestGOST34311Standard(t *testing.T) {
	t.Parallel()
	s := substitution([8][16]byte{
		{0x4, 0xA, 0x9, 0x2, 0xD, 0x8, 0x0, 0xE, 0x6, 0xB, 0x1, 0xC, 0x7, 0xF, 0x5, 0x3},
		{0xE, 0xB, 0x4, 0xC, 0x6, 0xD, 0xF, 0xA, 0x2, 0x3, 0x8, 0x1, 0x0, 0x7, 0x5, 0x9},
		{0x5, 0x8, 0x1, 0xD, 0xA, 0x3, 0x4, 0x2, 0xE, 0xF, 0xC, 0x7, 0x6, 0x0, 0x9, 0xB},
		{0x7, 0xD, 0xA, 0x1, 0x0, 0x8, 0x9, 0xF, 0xE, 0x4, 0x6, 0xC, 0xB, 0x2, 0x5, 0x3},
		{0x6, 0xC, 0x7, 0x1, 0x5, 0xF, 0xD, 0x8, 0x4, 0xA, 0x9, 0xE, 0x0, 0x3, 0xB, 0x2},
		{0x4, 0xB, 0xA, 0x0, 0x7, 0x2, 0x1, 0xD, 0x3, 0x6, 0x8, 0x5, 0x9, 0xC, 0xF, 0xE},
		{0xD, 0xB, 0x4, 0x1, 0x3, 0xF, 0x5, 0x9, 0x0, 0xA, 0xE, 0x7, 0x6, 0x8, 0x2, 0xC},
		{0x1, 0xF, 0xD, 0x0, 0x5, 0x7, 0xA, 0x4, 0x9, 0x2, 0x3, 0xE, 0x6, 0xB, 0x8, 0xC},
	})
	for message, digest := range map[string]string{
		"This is message, length=32 bytes":                   "b1c466d37519b82e8319819ff32595e047a28cb6f83eff1c6916a815a637fffa",
		"Suppose the original message has length = 50 bytes": "471aba57a60a770d3a76130635c1fbea4ef14de51f78b4ae57dd893b62f55208",
	} {
		got := gost34311(s, []byte(message))
		require.Equal(t, digest, hex.EncodeToString(got[:]), message)
	}
}

// Digests with the S-box of certificates, as npm's gost89 makes them.
func TestGOST34311OfCertificates(t *testing.T) {
	t.Parallel()
	for message, digest := range map[string]string{
		"123123":                           "34d4da2c04e9c1ceb933282069c864617d94ed7cc5c0a9840c0c1a99629df637",
		"12345678901234567890123456789011": "7686f3f4b113aadc97bca9ea054f41821f0676c5c28ffb987e41797a568e1ed4",
		"IGNORE THIS FILE. This file does nothing, contains no useful data, and might go away in future releases.  Do not depend on this file or its contents.": "e9312d13d0e0d39aa4a00c77dcfb661883dd0ed8218af48a146168fc60f014dc",
	} {
		got := gost34311(dke1, []byte(message))
		require.Equal(t, digest, hex.EncodeToString(got[:]), message)
	}
}

// The example of DSTU 4145-2002, annex B.
func TestDSTU4145Standard(t *testing.T) {
	t.Parallel()
	m163 := &curve{
		field: field{163, []int{3, 6, 7}},
		a:     1,
		b:     fromHex("5FF6108462A2DC8210AB403925E638A19C1455D21"),
		base:  point{fromHex("72D867F93A93AC27DF9FF01AFFE74885C8C540420"), fromHex("0224A9C3947852B97C5599D5F4AB81122ADC3FD9B")},
		n:     number("400000000000000000002BEC12BE2262D39BCF14D"),
	}
	q := point{fromHex("057DE7FDE023FF929CB6AC785CE4B79CF64ABDC2DA"), fromHex("3E85444324BCF06AD85ABF6AD7B5F34770532B9AA")}
	digest := reversed(fromText(t, "09C9C44277910C9AAEE486883A2EB95B7180166DDF73532EEB76EDAEF52247FF"))
	r := reversed(fromText(t, "0274EA2C0CAA014A0D80A424F59ADE7A93068D08A7"))
	s := reversed(fromText(t, "02100D86957331832B8E8C230F5BD6A332B3615ACA"))

	require.True(t, m163.verify(q, digest, append(r, s...)))
	product, _ := m163.affine(m163.combine(number("183F60FDF7951FF47D67193F8D073790C1C9B5A3E"), new(big.Int), q))
	require.Equal(t, point{q.x, sum(q.x, q.y)}, product, "the public key is the negative of d times the base point")
	for i := range 8 * len(r) {
		changed := append(reversed(reversed(r)), s...)
		changed[i/8] ^= 1 << (i % 8)
		require.False(t, m163.verify(q, digest, changed), "bit %d of r", i)
		changed = append(reversed(reversed(r)), s...)
		changed[len(r)+i/8] ^= 1 << (i % 8)
		require.False(t, m163.verify(q, digest, changed), "bit %d of s", i)
	}
	for i := range m163.m { // the rest of the digest is cut off
		changed := reversed(reversed(digest))
		changed[i/8] ^= 1 << (i % 8)
		require.False(t, m163.verify(q, changed, append(r, s...)), "bit %d of the digest", i)
	}
}

func TestCurves(t *testing.T) {
	t.Parallel()
	for _, c := range []*curve{m257, m431} {
		require.True(t, c.holds(c.base), c.m)
		q, finite := c.affine(c.combine(big.NewInt(12345), new(big.Int), c.base))
		require.True(t, finite)
		require.True(t, c.holds(q))
		beyond := c.combine(c.n, new(big.Int), q)
		require.True(t, beyond.z.isZero(), "n times the base point is infinity")
		for _, p := range []point{q, {q.x, sum(q.x, q.y)}} {
			expanded, err := c.expand(c.compressed(p))
			require.NoError(t, err)
			require.Equal(t, p, expanded)
		}
		_, err := c.expand(make([]byte, (c.m+7)/8))
		require.ErrorIs(t, err, errPoint)
		_, err = c.expand(nil)
		require.ErrorIs(t, err, errPoint)
		inverse := c.inverse(&q.x)
		require.Equal(t, element{1}, c.mul(&q.x, &inverse))
	}
}

// Zero, n and r or s beyond n are refused, whatever else fits.
func TestDSTU4145Ranges(t *testing.T) {
	t.Parallel()
	n := reversed(m257.n.Bytes())
	one := make([]byte, 32)
	one[0] = 1
	for _, signature := range [][]byte{
		nil,
		{1},
		make([]byte, 64), append(make([]byte, 32), one...), append(one, make([]byte, 32)...), append(n, one...), append(one, n...),
		[]byte(strings.Repeat("\xff", 1000)),
	} {
		require.False(t, m257.verify(m257.base, one, signature))
	}
}

func (c *curve) holds(p point) bool {
	x2, y2 := c.square(&p.x), c.square(&p.y)
	right := sum(c.mul(&x2, &p.x), c.b)
	if c.a == 1 {
		right = sum(right, x2)
	}
	return sum(y2, c.mul(&p.x, &p.y)) == right
}

func (c *curve) compressed(p point) []byte {
	inverse := c.inverse(&p.x)
	z := c.mul(&p.y, &inverse)
	x := p.x
	x[0] = x[0]&^1 | c.trace(&z)
	b := make([]byte, (c.m+7)/8)
	for i := range b {
		b[i] = byte(x[i/8] >> (8 * (i % 8)))
	}
	return b
}

func fromText(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	require.NoError(t, err)
	return b
}

func BenchmarkDSTU4145(b *testing.B) {
	digest := bytes.Repeat([]byte{0x5a}, 32)
	compressed := m257.compressed(m257.base)
	for b.Loop() {
		key, err := m257.expand(compressed)
		require.NoError(b, err)
		m257.verify(key, digest, append(digest, digest...))
	}
}

func BenchmarkGOST34311(b *testing.B) {
	data := make([]byte, 1<<20)
	b.SetBytes(1 << 20)
	for b.Loop() {
		gost34311(dke1, data)
	}
}
