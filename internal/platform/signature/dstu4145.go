package signature

import (
	"errors"
	"math/big"
	"slices"
)

// curve is y² + xy = x³ + ax² + b over a field, with a base point of order n.
type curve struct {
	field
	a    uint64 // 0 or 1
	b    element
	base point
	n    *big.Int
}

// point is a point of a curve other than the one at infinity.
type point struct{ x, y element }

var (
	// m257 is the curve of nearly all keys of qualified signatures in Ukraine.
	m257 = &curve{
		field: field{257, []int{12}},
		b:     fromHex("01CEF494720115657E18F938D7A7942394FF9425C1458C57861F9EEA6ADBE3BE10"),
		base: point{
			fromHex("2A29EF207D0E9B6C55CD260B306C7E007AC491CA1B10C62334A9E8DCD8D20FB7"),
			fromHex("010686D41FF744D4449FCCF6D8EEA03102E6812C93A9D60B978B702CF156D814EF"),
		},
		n: number("800000000000000000000000000000006759213AF182E987D3E17714907D470D"),
	}
	m431 = &curve{
		field: field{431, []int{1, 3, 5}},
		a:     1,
		b:     fromHex("03CE10490F6A708FC26DFE8C3D27C4F94E690134D5BFF988D8D28AAEAEDE975936C66BAC536B18AE2DC312CA493117DAA469C640CAF3"),
		base: point{
			fromHex("1A62BA79D98133A16BBAE7ED9A8E03C32E0824D57AEF72F88986874E5AAE49C27BED49A2A95058068426C2171E99FD3B43C5947C857D"),
			fromHex("70B5E1E14031C1F70BBEFE96BDDE66F451754B4CA5F48DA241F331AA396B8D1839A855C1769B1EA14BA53308B5E2723724E090E02DB9"),
		},
		n: number("3FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFBA3175458009A8C0A724F02F81AA8A1FCBAF80D90C7A95110504CF"),
	}

	// namedCurves are the curves by the parameters of a key.
	namedCurves = map[string]*curve{
		oidDSTU4145.String() + ".2.6": m257,
		oidDSTU4145.String() + ".2.9": m431,
	}

	errPoint = errors.New("the public key is no point of its curve")
)

func number(hex string) *big.Int {
	n, ok := new(big.Int).SetString(hex, 16)
	if !ok {
		panic("no hexadecimal number: " + hex)
	}
	return n
}

func fromHex(hex string) element { return fromBig(number(hex)) }

func fromBig(n *big.Int) (e element) {
	return fromBytes(reversed(n.Bytes()), 64*len(e))
}

// fromBytes reads a little-endian number and keeps its lowest bits.
func fromBytes(b []byte, bits int) (e element) {
	for i, v := range b[:min(len(b), 8*len(e))] {
		e[i/8] |= uint64(v) << (8 * (i % 8))
	}
	for i := bits; i < 64*len(e); i++ {
		e[i/64] &^= 1 << (i % 64)
	}
	return e
}

func reversed(b []byte) []byte {
	b = slices.Clone(b)
	slices.Reverse(b)
	return b
}

func littleEndian(b []byte) *big.Int { return new(big.Int).SetBytes(reversed(b)) }

// expand reads a compressed point: x, whose lowest bit stands for the trace of
// y/x.
func (c *curve) expand(compressed []byte) (p point, err error) {
	if len(compressed) != (c.m+7)/8 {
		return p, errPoint
	}
	p.x = fromBytes(compressed, c.m)
	sign := p.x[0] & 1
	p.x[0] &^= 1
	if c.trace(&p.x) != c.a {
		p.x[0] |= 1
	}
	if p.x.isZero() {
		return p, errPoint
	}
	square := c.square(&p.x)
	inverse := c.inverse(&square)
	right := sum(sum(p.x, element{c.a}), c.mul(&c.b, &inverse))
	z := c.halfTrace(&right)
	if sum(c.square(&z), z) != right {
		return p, errPoint
	}
	if c.trace(&z) != sign {
		z[0] ^= 1
	}
	p.y = c.mul(&z, &p.x)
	if product := c.combine(new(big.Int), c.n, p); !product.z.isZero() {
		return p, errPoint
	}
	return p, nil
}

// projective is a point (X/Z, Y/Z²); Z = 0 is the one at infinity.
type projective struct{ x, y, z element }

// combine returns s·base + r·q.
func (c *curve) combine(s, r *big.Int, q point) projective {
	both, finite := c.affine(c.add(projective{c.base.x, c.base.y, element{1}}, q))
	var sum projective
	for i := max(s.BitLen(), r.BitLen()) - 1; i >= 0; i-- {
		sum = c.double(sum)
		switch s.Bit(i)<<1 | r.Bit(i) {
		case 0b01:
			sum = c.add(sum, q)
		case 0b10:
			sum = c.add(sum, c.base)
		case 0b11:
			if finite {
				sum = c.add(sum, both)
			}
		}
	}
	return sum
}

func (c *curve) affine(p projective) (point, bool) {
	if p.z.isZero() {
		return point{}, false
	}
	inverse := c.inverse(&p.z)
	square := c.square(&inverse)
	return point{c.mul(&p.x, &inverse), c.mul(&p.y, &square)}, true
}

// double and add are the formulas of López and Dahab.
func (c *curve) double(p projective) (d projective) {
	x2, z2, y2 := c.square(&p.x), c.square(&p.z), c.square(&p.y)
	d.z = c.mul(&x2, &z2)
	z4 := c.square(&z2)
	bz4 := c.mul(&c.b, &z4)
	d.x = sum(c.square(&x2), bz4)
	t := sum(y2, bz4)
	if c.a == 1 {
		t = sum(t, d.z)
	}
	d.y = sum(c.mul(&bz4, &d.z), c.mul(&d.x, &t))
	return d
}

func (c *curve) add(p projective, q point) (r projective) {
	if p.z.isZero() {
		return projective{q.x, q.y, element{1}}
	}
	z2 := c.square(&p.z)
	a := sum(p.y, c.mul(&q.y, &z2))
	b := sum(p.x, c.mul(&q.x, &p.z))
	if b.isZero() {
		if a.isZero() {
			return c.double(p)
		}
		return projective{}
	}
	t := c.mul(&b, &p.z)
	r.z = c.square(&t)
	inner := sum(a, c.square(&b))
	if c.a == 1 {
		inner = sum(inner, t)
	}
	r.x = sum(c.square(&a), c.mul(&t, &inner))
	d := sum(c.mul(&q.x, &r.z), r.x)
	e := sum(c.mul(&a, &t), r.z)
	z4 := c.square(&r.z)
	xy := sum(q.x, q.y)
	r.y = sum(c.mul(&d, &e), c.mul(&xy, &z4))
	return r
}

// verify checks a signature of DSTU 4145-2002: r and s, each little-endian, of a
// digest that is read little-endian as an element of the field.
func (c *curve) verify(q point, digest, signature []byte) bool {
	if len(signature)%2 != 0 {
		return false
	}
	half := len(signature) / 2
	r, s := littleEndian(signature[:half]), littleEndian(signature[half:])
	for _, v := range []*big.Int{r, s} {
		if v.Sign() == 0 || v.Cmp(c.n) >= 0 {
			return false
		}
	}
	sum, finite := c.affine(c.combine(s, r, q))
	if !finite {
		return false
	}
	h := fromBytes(digest, c.m)
	if h.isZero() {
		h = element{1}
	}
	y := c.mul(&h, &sum.x)
	for i := c.n.BitLen() - 1; i < 64*len(y); i++ {
		y[i/64] &^= 1 << (i % 64)
	}
	return y == fromBig(r)
}
