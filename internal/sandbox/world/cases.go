package world

import (
	"fmt"
	"maps"
	"net/http"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
)

// Case is one request with the answer that a freshly seeded world gives.
type Case struct {
	ID          string            `json:"id"`
	OperationID string            `json:"operation_id"`
	Rules       []rules.ID        `json:"rules"` // empty: the request passes
	Title       string            `json:"title"`
	Config      map[string]string `json:"config,omitempty"` // to be set first
	Request     Request           `json:"request"`
	Expect      Expect            `json:"expect"`
}

// Request is ready to be sent.
type Request struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"` // with query
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body,omitempty"`
	Raw     string            `json:"raw,omitempty"` // sent instead of Body, byte for byte
}

// Expect is the documented answer.
type Expect struct {
	Status  int            `json:"status"`
	Type    string         `json:"type,omitempty"`
	Message string         `json:"message,omitempty"`
	Invalid []InvalidEntry `json:"invalid,omitempty"`
}

// InvalidEntry is one item of `invalid`.
type InvalidEntry struct {
	Entry       string `json:"entry,omitempty"`
	Rule        string `json:"rule,omitempty"`
	Description string `json:"description,omitempty"`
}

// as makes a request with a token and the API-key of the sandbox's MIS. An
// empty token sends none.
func as(token, method, path string) Request {
	r := Request{Method: method, Path: path, Headers: map[string]string{"API-key": MISKey}}
	if token != "" {
		r.Headers["Authorization"] = "Bearer " + token
	}
	return r
}

// with adds a JSON body.
func (r Request) with(body any) Request {
	r.Body = body
	r.Headers = maps.Clone(r.Headers)
	r.Headers["Content-Type"] = "application/json"
	return r
}

// raw sends text as the body, byte for byte.
func (r Request) raw(contentType, text string) Request {
	r.Raw = text
	r.Headers = maps.Clone(r.Headers)
	r.Headers["Content-Type"] = contentType
	return r
}

// header sets a header; an empty value removes it.
func (r Request) header(name, value string) Request {
	r.Headers = maps.Clone(r.Headers)
	if value == "" {
		delete(r.Headers, name)
	} else {
		r.Headers[name] = value
	}
	return r
}

// passes adds a case whose request is answered with status.
func (w *World) passes(operation, title string, request Request, status int) *Case {
	return w.add(Case{OperationID: operation, Rules: []rules.ID{}, Title: title, Request: request, Expect: Expect{Status: status}})
}

// refused adds a case whose request is refused as built by fault: one rule, or
// several that answer together.
func (w *World) refused(operation, title string, request Request, refusals ...*fault.Error) *Case {
	refusal := fault.Join(refusals...)
	return w.add(Case{OperationID: operation, Rules: refusal.Rules, Title: title, Request: request, Expect: Expecting(refusal)})
}

// Expecting is the answer that a refusal makes.
func Expecting(refusal *fault.Error) Expect {
	expect := Expect{Status: refusal.Status, Type: refusal.Type, Message: refusal.Message}
	for _, item := range refusal.Invalid {
		for _, rule := range item.Rules {
			expect.Invalid = append(expect.Invalid, InvalidEntry{Entry: item.Entry, Rule: rule.Rule, Description: rule.Description})
		}
	}
	return expect
}

func (w *World) add(c Case) *Case {
	name := "passes"
	if len(c.Rules) > 0 {
		name = string(c.Rules[0])
	}
	c.ID = c.OperationID + ":" + name
	if n := w.count(c.ID); n > 0 {
		c.ID = fmt.Sprintf("%s:%d", c.ID, n+1)
	}
	w.Cases = append(w.Cases, c)
	return &w.Cases[len(w.Cases)-1]
}

func (w *World) count(id string) int {
	n := 0
	for _, c := range w.Cases {
		if c.ID == id || strings.HasPrefix(c.ID, id+":") {
			n++
		}
	}
	return n
}

// set names configuration that the case needs: pairs of name and value.
func (c *Case) set(pairs ...string) *Case {
	c.Config = map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		c.Config[pairs[i]] = pairs[i+1]
	}
	return c
}

// Methods, short.
const (
	get   = http.MethodGet
	post  = http.MethodPost
	patch = http.MethodPatch
)
