package signature

// element is a polynomial over GF(2), lowest word first. Curves use as many of
// its words as their field needs.
type element [7]uint64

// field is GF(2^m) modulo x^m + (x^k for each of terms) + 1.
type field struct {
	m     int
	terms []int
}

func (f *field) words() int { return (f.m + 63) / 64 }

func (e *element) isZero() bool { return *e == element{} }

func sum(a, b element) element {
	for i := range a {
		a[i] ^= b[i]
	}
	return a
}

// mul multiplies four bits of a at a time.
func (f *field) mul(a, b *element) element {
	n := f.words()
	var multiples [16]element
	multiples[1] = *b
	for i := 2; i < 16; i += 2 {
		half := &multiples[i/2]
		var carry uint64
		for j := range n {
			multiples[i][j] = half[j]<<1 | carry
			carry = half[j] >> 63
		}
		multiples[i+1] = sum(multiples[i], *b)
	}
	var c [2 * len(element{})]uint64
	for k := 60; ; k -= 4 {
		for j := range n {
			multiple := &multiples[a[j]>>k&15]
			for i := range n {
				c[i+j] ^= multiple[i]
			}
		}
		if k == 0 {
			break
		}
		for i := 2*n - 1; i > 0; i-- {
			c[i] = c[i]<<4 | c[i-1]>>60
		}
		c[0] <<= 4
	}
	return f.reduce(&c)
}

// spread holds each byte with a zero after every bit.
var spread = func() (table [256]uint64) {
	for b := range table {
		for i := range 8 {
			table[b] |= uint64(b>>i&1) << (2 * i)
		}
	}
	return table
}()

func (f *field) square(a *element) element {
	var c [2 * len(element{})]uint64
	for i := range f.words() {
		for half := range 2 {
			w := uint32(a[i] >> (32 * half))
			c[2*i+half] = spread[byte(w)] | spread[byte(w>>8)]<<16 | spread[byte(w>>16)]<<32 | spread[w>>24]<<48
		}
	}
	return f.reduce(&c)
}

func (f *field) reduce(c *[2 * len(element{})]uint64) (r element) {
	fold := func(w uint64, at int) {
		c[at/64] ^= w << (at % 64)
		if at%64 > 0 {
			c[at/64+1] ^= w >> (64 - at%64)
		}
	}
	n := f.words()
	for i := 2*n - 1; i >= n; i-- {
		w := c[i]
		c[i] = 0
		fold(w, 64*i-f.m)
		for _, k := range f.terms {
			fold(w, 64*i-f.m+k)
		}
	}
	if rest := f.m % 64; rest > 0 {
		w := c[n-1] >> rest
		c[n-1] &= 1<<rest - 1
		fold(w, 0)
		for _, k := range f.terms {
			fold(w, k)
		}
	}
	copy(r[:], c[:n])
	return r
}

// inverse is a^(2^m-2); zero has none and stays zero.
func (f *field) inverse(a *element) element {
	r := *a
	for range f.m - 2 {
		r = f.square(&r)
		r = f.mul(&r, a)
	}
	return f.square(&r)
}

// trace is the sum of a^(2^i), which is 0 or 1.
func (f *field) trace(a *element) uint64 {
	t, power := *a, *a
	for range f.m - 1 {
		power = f.square(&power)
		t = sum(t, power)
	}
	return t[0] & 1
}

// halfTrace solves z² + z = a when there is a solution. m is odd.
func (f *field) halfTrace(a *element) element {
	z, power := *a, *a
	for range (f.m - 1) / 2 {
		power = f.square(&power)
		power = f.square(&power)
		z = sum(z, power)
	}
	return z
}
