package validation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Bounds of a body: no documented one comes near them, and larger ones would
// only cost stack and memory.
const (
	maxDepth  = 64
	maxValues = 10_000
)

// Decode reads one JSON value. It refuses trailing data, invalid UTF-8 and
// nesting and numbers of values beyond any use; keys that stand twice in an object are reported
// beside the value, because they have a documented answer of their own.
func Decode(raw []byte) (value any, duplicates []Duplicate, err error) {
	if !utf8.Valid(raw) {
		return nil, nil, errors.New("not UTF-8")
	}
	d := decoder{json: json.NewDecoder(bytes.NewReader(raw))}
	if value, err = d.value(nil); err != nil {
		return nil, nil, err
	}
	if _, err := d.json.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("data after the value")
	}
	return value, d.duplicates, nil
}

// Duplicate is a key that stands more than once in its object.
type Duplicate struct {
	Key    string
	parent path
}

type decoder struct {
	json       *json.Decoder
	values     int
	duplicates []Duplicate
}

func (d *decoder) value(at path) (any, error) {
	if d.values++; d.values > maxValues || len(at) > maxDepth {
		return nil, errors.New("too many values, or nested too deeply")
	}
	token, err := d.json.Token()
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	switch token {
	case json.Delim('{'):
		return d.object(at)
	case json.Delim('['):
		return d.array(at)
	}
	return token, nil
}

func (d *decoder) object(at path) (any, error) {
	object := map[string]any{}
	for d.json.More() {
		token, err := d.json.Token()
		if err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
		key, _ := token.(string)
		if _, twice := object[key]; twice {
			d.duplicates = append(d.duplicates, Duplicate{Key: key, parent: at.copy()})
		}
		if object[key], err = d.value(at.key(key)); err != nil {
			return nil, err
		}
	}
	if _, err := d.json.Token(); err != nil {
		return nil, fmt.Errorf("read end of object: %w", err)
	}
	return object, nil
}

func (d *decoder) array(at path) (any, error) {
	array := []any{}
	for d.json.More() {
		item, err := d.value(at.index(len(array)))
		if err != nil {
			return nil, err
		}
		array = append(array, item)
	}
	if _, err := d.json.Token(); err != nil {
		return nil, fmt.Errorf("read end of array: %w", err)
	}
	return array, nil
}

// path is a place in a JSON value: keys (string) and indexes (int).
type path []any

func (p path) key(k string) path { return append(p[:len(p):len(p)], k) }
func (p path) index(i int) path  { return append(p[:len(p):len(p)], i) }
func (p path) copy() path        { return append(path(nil), p...) }

// String prints the JSONPath of the national system: $.addresses[0].zip.
func (p path) String() string { return p.print(func(i int) string { return fmt.Sprintf("[%d]", i) }) }

// pattern prints the path with every index as [*], as rules name it.
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
