package build

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

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
	// Job, when set, is how the job ends that the request starts: as GET /api/jobs/{id} tells it.
	Job *Expect `json:"job,omitempty"`
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

// As makes a request with a token and the API-key of the sandbox's MIS. An
// empty token sends none.
func As(token, method, path string) Request {
	r := Request{Method: method, Path: path, Headers: map[string]string{"API-key": MISKey}}
	if token != "" {
		r.Headers["Authorization"] = "Bearer " + token
	}
	return r
}

// Get makes a request with a token.
func Get(token, path string) Request { return As(token, http.MethodGet, path) }

// Post makes a request with a token.
func Post(token, path string) Request { return As(token, http.MethodPost, path) }

// Patch makes a request with a token.
func Patch(token, path string) Request { return As(token, http.MethodPatch, path) }

// With adds a JSON body.
func (r Request) With(body any) Request {
	r.Body = body
	return r.Header("Content-Type", "application/json")
}

// Sending sends text as the body, byte for byte.
func (r Request) Sending(contentType, text string) Request {
	r.Body, r.Raw = nil, text
	return r.Header("Content-Type", contentType)
}

// Header sets a header; an empty value removes it.
func (r Request) Header(name, value string) Request {
	r.Headers = maps.Clone(r.Headers)
	if value == "" {
		delete(r.Headers, name)
	} else {
		r.Headers[name] = value
	}
	return r
}

// Bearing sends another token.
func (r Request) Bearing(token string) Request { return r.Header("Authorization", "Bearer "+token) }

// Passes adds a case whose request is answered with status.
func (w *World) Passes(operation, title string, request Request, status int) *Case {
	c := Case{OperationID: operation, Rules: []rules.ID{}, Title: title, Request: request, Expect: Expect{Status: status}}
	if slices.ContainsFunc(rules.OfOperation(operation), func(r rules.Rule) bool { return r.Job }) {
		c.Job = &Expect{Status: http.StatusSeeOther}
	}
	return w.add(c)
}

// Refused adds a case whose request is refused as built by fault: one rule, or
// several that answer together.
func (w *World) Refused(operation, title string, request Request, refusals ...*fault.Error) *Case {
	return w.add(RefusedBy(Case{OperationID: operation, Title: title, Request: request}, fault.Join(refusals...)))
}

// RefusedBy is a case with the end that a refusal makes: that of its job, where the job makes the check.
func RefusedBy(c Case, refusal *fault.Error) Case {
	c.Rules, c.Expect = refusal.Rules, Expecting(refusal)
	if rule, _ := rules.Get(refusal.Rules[0]); rule.Job {
		c.Job, c.Expect = new(c.Expect), Expect{Status: http.StatusAccepted}
	}
	return c
}

// IsRefused tells whether the request, or its job, is refused.
func (c *Case) IsRefused() bool { return len(c.Rules) > 0 }

// End is what the case ends with: the end of its job, or else the answer.
func (c *Case) End() Expect {
	if c.Job != nil {
		return *c.Job
	}
	return c.Expect
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

// WrongShape is the refusal of a body for one fault in its shape, as the
// schema's validator words it.
func WrongShape(id rules.ID, entry, rule, description string) *fault.Error {
	refusal := fault.Refuse(id)
	refusal.Invalid = []fault.Item{{Entry: entry, EntryType: "json_data_property", Rules: []fault.Rule{{Rule: rule, Description: description}}}}
	return refusal
}

// MissingProperty is the refusal of a body without one of its properties.
func MissingProperty(id rules.ID, property string) *fault.Error {
	return WrongShape(id, "$."+property, "required", "required property "+property+" was not present")
}

func (w *World) add(c Case) *Case {
	name := "passes"
	if len(c.Rules) > 0 {
		name = string(c.Rules[0])
	}
	c.ID = c.OperationID + ":" + name
	w.ids[c.ID]++
	if n := w.ids[c.ID]; n > 1 {
		c.ID = fmt.Sprintf("%s:%d", c.ID, n)
	}
	w.Cases = append(w.Cases, c)
	return &w.Cases[len(w.Cases)-1]
}

// Set names configuration that the case needs: pairs of name and value.
func (c *Case) Set(pairs ...string) {
	c.Config = map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		c.Config[pairs[i]] = pairs[i+1]
	}
}

// Passing returns the first case in which an operation passes with the
// configuration as it is.
func (w *World) Passing(operation string) (Case, bool) {
	for _, c := range w.Cases {
		if c.OperationID == operation && len(c.Rules) == 0 && len(c.Config) == 0 {
			return c, true
		}
	}
	return Case{}, false
}
