package signature

import (
	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// maxNesting is how deep the elements of a container may stand in each other. A
// container with certificates and time stamps needs about twenty levels.
const maxNesting = 40

// toDER gives definite lengths to elements of indefinite length, and joins strings
// that come in parts. Elements without either stay as they are, byte by byte:
// hashes are made of them.
func toDER(ber []byte) ([]byte, bool) {
	r := reader{rest: ber}
	der, ok := r.element(0)
	return der, ok && len(r.rest) == 0
}

type reader struct{ rest []byte }

// element reads one element and returns it in DER.
func (r *reader) element(depth int) ([]byte, bool) {
	start := r.rest
	if depth > maxNesting || len(start) < 2 || start[0]&0x1f == 0x1f { // tags of several bytes are not used
		return nil, false
	}
	constructed := start[0]&0x20 != 0
	length, ok := r.header()
	if !ok {
		return nil, false
	}
	if length >= 0 {
		header := len(start) - len(r.rest)
		body := r.rest[:length]
		r.rest = r.rest[length:]
		if !constructed {
			return start[:header+length], true
		}
		inner := reader{rest: body}
		children, changed, ok := inner.children(depth, false)
		if !ok {
			return nil, false
		}
		if !changed && start[0] != byte(tag.OCTET_STRING)|0x20 {
			return start[:header+length], true
		}
		return wrap(start[0], children)
	}
	if !constructed {
		return nil, false
	}
	children, _, ok := r.children(depth, true)
	if !ok {
		return nil, false
	}
	return wrap(start[0], children)
}

// header reads tag and length; the length is -1 when it is indefinite.
func (r *reader) header() (int, bool) {
	first := r.rest[1]
	r.rest = r.rest[2:]
	switch {
	case first < 0x80:
		return int(first), int(first) <= len(r.rest)
	case first == 0x80:
		return -1, true
	}
	n := int(first & 0x7f)
	if n > 4 || n > len(r.rest) {
		return 0, false
	}
	length := 0
	for _, b := range r.rest[:n] {
		length = length<<8 | int(b)
	}
	r.rest = r.rest[n:]
	return length, length <= len(r.rest)
}

// children reads elements to the end of the input or to the two zeros that end an
// element of indefinite length.
func (r *reader) children(depth int, indefinite bool) (all [][]byte, changed, ok bool) {
	for len(r.rest) > 0 {
		if indefinite && len(r.rest) >= 2 && r.rest[0] == 0 && r.rest[1] == 0 {
			r.rest = r.rest[2:]
			return all, true, true
		}
		before := r.rest
		child, ok := r.element(depth + 1)
		if !ok {
			return nil, false, false
		}
		same := len(child) == len(before)-len(r.rest) && &child[0] == &before[0]
		changed = changed || !same
		all = append(all, child)
	}
	return all, changed, !indefinite
}

// wrap makes an element of its children. The parts of an OCTET STRING become one.
func wrap(first byte, children [][]byte) ([]byte, bool) {
	kind := tag.Tag(first)
	parts := children
	if kind == tag.OCTET_STRING.Constructed() {
		kind = tag.OCTET_STRING
		parts = make([][]byte, len(children))
		for i, child := range children {
			input := cryptobyte.String(child)
			var part cryptobyte.String
			if !input.ReadASN1(&part, tag.OCTET_STRING) {
				return nil, false
			}
			parts[i] = part
		}
	}
	var b cryptobyte.Builder
	b.AddASN1(kind, func(b *cryptobyte.Builder) {
		for _, part := range parts {
			b.AddBytes(part)
		}
	})
	der, err := b.Bytes()
	return der, err == nil
}
