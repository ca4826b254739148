package validation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of a body. Documented bodies are far below them; larger ones would only
// cost stack and memory.
const (
	maxDepth  = 64
	maxValues = 10_000
)

var errBounds = errors.New("too many values, or nested too deeply")

// Value is a decoded body, with faults that a schema cannot express.
type Value struct {
	JSON       any
	duplicates []duplicate
	unstorable []path // of strings with U+0000, which PostgreSQL cannot store
	decimals   []path // of whole numbers with a fraction or an exponent (1.0, 1e2), which are no integers
}

// duplicate is a repeated key of an object.
type duplicate struct {
	key    string
	parent path
}

// Decode reads one JSON value. It rejects trailing data, text that is not Unicode
// (also escaped, as half of a surrogate pair: decisions R33) and bodies beyond
// maxDepth and maxValues. Check rejects repeated keys and characters that cannot be
// stored, because they have a documented answer.
func Decode(raw []byte) (*Value, error) { return DecodeUpTo(raw, maxValues) }

// DecodeUpTo is Decode with another bound of the values.
func DecodeUpTo(raw []byte, values int) (*Value, error) {
	d := decoder{json: jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true)), most: values}
	var err error
	if d.read.JSON, err = d.value(); err != nil {
		return nil, err
	}
	if _, err := d.json.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("data after the value")
	}
	return &d.read, nil
}

type decoder struct {
	json   *jsontext.Decoder
	at     path // of the current value
	values int
	most   int
	read   Value
}

func (d *decoder) value() (any, error) {
	if d.values++; d.values > d.most || len(d.at) > maxDepth {
		return nil, errBounds
	}
	token, err := d.json.ReadToken()
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	switch token.Kind() {
	case jsontext.KindBeginObject:
		return d.object()
	case jsontext.KindBeginArray:
		return d.array()
	case jsontext.KindString:
		text := token.String()
		if strings.IndexByte(text, 0) >= 0 {
			d.read.unstorable = append(d.read.unstorable, d.at.copy())
		}
		return text, nil
	case jsontext.KindNumber:
		text := token.String()
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("read number: %w", err)
		}
		if strings.ContainsAny(text, ".eE") && number == math.Trunc(number) {
			d.read.decimals = append(d.read.decimals, d.at.copy())
		}
		return number, nil
	case jsontext.KindTrue, jsontext.KindFalse:
		return token.Bool(), nil
	}
	return nil, nil //nolint:nilnil // JSON's null
}

func (d *decoder) object() (any, error) {
	object := map[string]any{}
	for d.json.PeekKind() != jsontext.KindEndObject {
		token, err := d.json.ReadToken()
		if err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
		key := token.String()
		if _, twice := object[key]; twice {
			d.read.duplicates = append(d.read.duplicates, duplicate{key, d.at.copy()})
		}
		d.at = append(d.at, key)
		if object[key], err = d.value(); err != nil {
			return nil, err
		}
		d.at = d.at[:len(d.at)-1]
	}
	if _, err := d.json.ReadToken(); err != nil {
		return nil, fmt.Errorf("read end of object: %w", err)
	}
	return object, nil
}

func (d *decoder) array() (any, error) {
	array := []any{}
	for d.json.PeekKind() != jsontext.KindEndArray {
		d.at = append(d.at, len(array))
		item, err := d.value()
		if err != nil {
			return nil, err
		}
		d.at = d.at[:len(d.at)-1]
		array = append(array, item)
	}
	if _, err := d.json.ReadToken(); err != nil {
		return nil, fmt.Errorf("read end of array: %w", err)
	}
	return array, nil
}

// path is a place in a JSON value: keys (string) and indexes (int).
type path []any

func (p path) key(k string) path { return append(p[:len(p):len(p)], k) }
func (p path) index(i int) path  { return append(p[:len(p):len(p)], i) }
func (p path) copy() path        { return append(path(nil), p...) }

// String prints the path as a JSONPath, as the national system does:
// $.addresses[0].zip.
func (p path) String() string { return p.print(func(i int) string { return fmt.Sprintf("[%d]", i) }) }

// pattern prints the path with every index as [*], the form of Rule.Entry.
func (p path) pattern() string { return p.print(func(int) string { return "[*]" }) }

func (p path) print(index func(int) string) string {
	var b strings.Builder
	b.WriteByte('$')
	for _, part := range p {
		switch part := part.(type) {
		case string:
			b.WriteByte('.')
			b.WriteString(part)
		case int:
			b.WriteString(index(part))
		}
	}
	return b.String()
}
