package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"esoz/openapi"
)

// answered is what the contract says of answers.
type answered struct {
	operations map[string]*openapi3.Operation
	refusal    *openapi3.Schema
}

// answers reads the contract when it is first asked for: the server knows only of requests.
var answers = sync.OnceValues(func() (*answered, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Shapes)
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	refusal := doc.Components.Schemas["ErrorResponse"]
	if refusal == nil {
		return nil, errors.New("the contract has no ErrorResponse")
	}
	a := &answered{operations: map[string]*openapi3.Operation{}, refusal: refusal.Value}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			a.operations[op.OperationID] = op
		}
	}
	return a, nil
})

// schema is that of an answer; nil: none is known.
func (a *answered) schema(operation string, status int) *openapi3.Schema {
	if status >= http.StatusBadRequest {
		return a.refusal
	}
	op := a.operations[operation]
	if op == nil {
		return nil
	}
	response := op.Responses.Status(status)
	if response == nil {
		return nil
	}
	media := response.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil {
		return nil
	}
	return media.Schema.Value
}

// widen puts a field that the contract does not name into each object of an answer that may have one. The rest of the
// answer stays as it was, byte for byte.
func (a *acts) widen(status int, body []byte) (widened []byte, ok bool) {
	known, err := answers()
	if err != nil {
		return nil, false // the dial could not have been turned
	}
	w := walk{decoder: json.NewDecoder(bytes.NewReader(body))}
	w.decoder.UseNumber()
	if err := w.value(known.schema(a.operation, status)); err != nil || len(w.open) == 0 {
		return nil, false
	}
	var out bytes.Buffer
	done := 0
	for _, place := range w.open {
		out.Write(body[done:place.offset])
		done = place.offset
		fmt.Fprintf(&out, `"x_%08x":%s`, a.draw.Uint32(), values[a.draw.IntN(len(values))])
		if !place.empty {
			out.WriteByte(',')
		}
	}
	out.Write(body[done:])
	return out.Bytes(), true
}

// values of fields that no client knows.
var values = []string{`null`, `true`, `42`, `"unknown"`, `["unknown"]`, `{"unknown":0.5}`}

// walk goes through an answer and its schema side by side.
type walk struct {
	decoder *json.Decoder
	open    []opening
}

// opening is behind the brace that opens an object.
type opening struct {
	offset int
	empty  bool
}

func (w *walk) value(schema *openapi3.Schema) error {
	token, err := w.decoder.Token()
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch token {
	case json.Delim('{'):
		return w.object(schema)
	case json.Delim('['):
		for w.decoder.More() {
			if err := w.value(item(schema)); err != nil {
				return err
			}
		}
		return w.end()
	}
	return nil
}

func (w *walk) object(schema *openapi3.Schema) error {
	offset := int(w.decoder.InputOffset())
	if isOpen(schema) {
		w.open = append(w.open, opening{offset, !w.decoder.More()})
	}
	for w.decoder.More() {
		name, err := w.decoder.Token()
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		text, ok := name.(string)
		if !ok {
			return errors.New("read the answer: a name is " + strconv.Quote(fmt.Sprint(name)))
		}
		if err := w.value(property(schema, text)); err != nil {
			return err
		}
	}
	return w.end()
}

// end reads the end of an object or a list.
func (w *walk) end() error {
	if _, err := w.decoder.Token(); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// isOpen tells whether an object names fields, and may have others.
func isOpen(s *openapi3.Schema) bool {
	if s == nil || len(s.Properties) == 0 || s.AdditionalProperties.Schema != nil {
		return false
	}
	return s.AdditionalProperties.Has == nil || *s.AdditionalProperties.Has
}

func property(s *openapi3.Schema, name string) *openapi3.Schema {
	if s == nil || s.Properties[name] == nil {
		return nil
	}
	return s.Properties[name].Value
}

func item(s *openapi3.Schema) *openapi3.Schema {
	if s == nil || s.Items == nil {
		return nil
	}
	return s.Items.Value
}
