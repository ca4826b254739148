package signature

import (
	"encoding/binary"
	"math/bits"
)

// sbox is a substitution of the block cipher GOST 28147-89: one table of 256
// entries for each byte, already rotated.
type sbox [4][256]uint32

// substitution builds an S-box of eight rows. Row i replaces nibble i, counted
// from the lowest.
func substitution(rows [8][16]byte) *sbox {
	s := new(sbox)
	for i := range s {
		for b := range s[i] {
			pair := uint32(rows[2*i+1][b>>4])<<4 | uint32(rows[2*i][b&15])
			s[i][b] = bits.RotateLeft32(pair<<(8*i), 11)
		}
	}
	return s
}

// rowsDKE1 are the long-term key element No 1, which certificates of Ukraine use.
var rowsDKE1 = [8][16]byte{
	{0xA, 0x9, 0xD, 0x6, 0xE, 0xB, 0x4, 0x5, 0xF, 0x1, 0x3, 0xC, 0x7, 0x0, 0x8, 0x2},
	{0x8, 0x0, 0xC, 0x4, 0x9, 0x6, 0x7, 0xB, 0x2, 0x3, 0x1, 0xF, 0x5, 0xE, 0xA, 0xD},
	{0xF, 0x6, 0x5, 0x8, 0xE, 0xB, 0xA, 0x4, 0xC, 0x0, 0x3, 0x7, 0x2, 0x9, 0x1, 0xD},
	{0x3, 0x8, 0xD, 0x9, 0x6, 0xB, 0xF, 0x0, 0x2, 0x5, 0xC, 0xA, 0x4, 0xE, 0x1, 0x7},
	{0xF, 0x8, 0xE, 0x9, 0x7, 0x2, 0x0, 0xD, 0xC, 0x6, 0x1, 0x5, 0xB, 0x4, 0x3, 0xA},
	{0x2, 0x8, 0x9, 0x7, 0x5, 0xF, 0x0, 0xB, 0xC, 0x1, 0xD, 0xE, 0xA, 0x3, 0x6, 0x4},
	{0x3, 0x8, 0xB, 0x5, 0x6, 0x4, 0xE, 0xA, 0x2, 0xC, 0x1, 0x7, 0x9, 0xF, 0xD, 0x0},
	{0x1, 0x2, 0x3, 0xE, 0x6, 0xD, 0xB, 0x8, 0xF, 0xA, 0xC, 0x5, 0x7, 0x9, 0x0, 0x4},
}

var dke1 = substitution(rowsDKE1)

// packedDKE1 is its form in the parameters of a key.
var packedDKE1 = func() (packed []byte) {
	for _, row := range rowsDKE1 {
		for i := 0; i < len(row); i += 2 {
			packed = append(packed, row[i]<<4|row[i+1])
		}
	}
	return packed
}()

// encrypt enciphers one block.
func (s *sbox) encrypt(key *[8]uint32, block uint64) uint64 {
	low, high := uint32(block), uint32(block>>32)
	round := func(half, key uint32) uint32 {
		x := half + key
		return s[0][byte(x)] ^ s[1][byte(x>>8)] ^ s[2][byte(x>>16)] ^ s[3][x>>24]
	}
	for range 3 {
		for i := 0; i < 8; i += 2 {
			high ^= round(low, key[i])
			low ^= round(high, key[i+1])
		}
	}
	for i := 7; i > 0; i -= 2 {
		high ^= round(low, key[i])
		low ^= round(high, key[i-1])
	}
	return uint64(low)<<32 | uint64(high)
}

// words is a number of 256 bits, lowest word first.
type words [4]uint64

func readWords(block []byte) (w words) {
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(block[8*i:])
	}
	return w
}

// gost34311 hashes data by GOST 34.311-95 with a start vector of zeros.
func gost34311(s *sbox, data []byte) [32]byte {
	var h, sum words
	length := uint64(len(data)) * 8
	for {
		var block [32]byte
		n := copy(block[:], data)
		data = data[n:]
		m := readWords(block[:])
		h = s.step(h, m)
		var carry uint64
		for i := range sum {
			sum[i], carry = bits.Add64(sum[i], m[i], carry)
		}
		if len(data) == 0 {
			break
		}
	}
	h = s.step(h, words{length})
	h = s.step(h, sum)
	var digest [32]byte
	for i, w := range h {
		binary.LittleEndian.PutUint64(digest[8*i:], w)
	}
	return digest
}

// step is the hash's function of one block: keys, ciphering, mixing.
func (s *sbox) step(h, m words) words {
	// The constant of the third key; those of the second and fourth are zero.
	c3 := words{0xff00ff00ff00ff00, 0x00ff00ff00ff00ff, 0xff0000ff00ffff00, 0xff00ffff000000ff}
	var ciphered words
	u, v := h, m
	for i := range ciphered {
		if i > 0 {
			u, v = shift(u), shift(shift(v))
		}
		if i == 2 {
			for j := range u {
				u[j] ^= c3[j]
			}
		}
		key := permuted(u, v)
		ciphered[i] = s.encrypt(&key, h[i])
	}
	return mixed(h, m, ciphered)
}

func shift(y words) words { return words{y[1], y[2], y[3], y[0] ^ y[1]} }

// permuted makes a key from the sum of two numbers: byte 8i+k goes to i+4k.
func permuted(u, v words) (key [8]uint32) {
	for i := range u {
		w := u[i] ^ v[i]
		for k := range key {
			key[k] |= uint32(byte(w>>(8*k))) << (8 * i)
		}
	}
	return key
}

// mixed is ψ⁶¹(h + ψ(m + ψ¹²(s))), where ψ shifts a register of 16-bit words with
// feedback.
func mixed(h, m, s words) words {
	var register [16 + 61]uint16
	load := func(w words) {
		for i := range 16 {
			register[i] ^= uint16(w[i/4] >> (16 * (i % 4)))
		}
	}
	run := func(steps int) {
		for i := range steps {
			r := register[i : i+16]
			register[i+16] = r[0] ^ r[1] ^ r[2] ^ r[3] ^ r[12] ^ r[15]
		}
		copy(register[:16], register[steps:])
	}
	load(s)
	run(12)
	load(m)
	run(1)
	load(h)
	run(61)
	var out words
	for i := range 16 {
		out[i/4] |= uint64(register[i]) << (16 * (i % 4))
	}
	return out
}
