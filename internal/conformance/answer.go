package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world"
)

// answer is what a server sent.
type answer struct {
	status int
	header http.Header
	body   []byte

	envelope struct {
		Meta struct {
			Code      *int    `json:"code"`
			RequestID *string `json:"request_id"`
		} `json:"meta"`
		Error struct {
			Type    string `json:"type"`
			Message string `json:"message"`
			Invalid []struct {
				Entry string `json:"entry"`
				Rules []struct {
					Rule        string `json:"rule"`
					Description string `json:"description"`
				} `json:"rules"`
			} `json:"invalid"`
		} `json:"error"`
	}
	decoding error
}

// server is reached over HTTP alone.
type server struct {
	baseURL string
	name    string // the same without a password, to be told
	client  *http.Client
}

func newServer(baseURL string, timeout time.Duration) *server {
	baseURL = strings.TrimRight(baseURL, "/")
	name := baseURL
	if address, err := url.Parse(baseURL); err == nil {
		name = address.Redacted()
	}
	return &server{baseURL: baseURL, name: name, client: &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // 303 of a finished job is an answer
	}}
}

// worlds makes worlds in a sandbox. Its own world is left as it is. end ends them.
func (s *server) worlds(ctx context.Context, n int) (made []*server, end func() error, err error) {
	const path = "/_sandbox/worlds"
	end = func() (err error) {
		ctx := context.WithoutCancel(ctx)
		for _, w := range made {
			_, failed := w.send(ctx, world.Request{Method: http.MethodDelete})
			err = errors.Join(err, failed)
		}
		return err
	}
	for range n {
		a, err := s.send(ctx, world.Request{Method: http.MethodPost, Path: path})
		var told struct {
			BaseURL string `json:"base_url"`
		}
		switch {
		case err != nil:
			err = fmt.Errorf("%w: %w", ErrNoAnswer, reason(err))
		case a.status != http.StatusCreated:
			err = fmt.Errorf("%w: POST %s gives %d: only a sandbox has worlds", ErrUnknown, path, a.status)
		default:
			err = json.Unmarshal(a.body, &told)
		}
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("make a world: %w", err), end())
		}
		w := newServer(told.BaseURL, s.client.Timeout)
		w.name = s.name // of what is left after the run
		made = append(made, w)
	}
	return made, end, nil
}

// maxAnswer is more than any documented answer has.
const maxAnswer = 64 << 20

func (s *server) send(ctx context.Context, r world.Request) (*answer, error) {
	var body io.Reader = http.NoBody
	switch {
	case r.Raw != "":
		body = strings.NewReader(r.Raw)
	case r.Body != nil:
		encoded, err := json.Marshal(r.Body)
		if err != nil {
			return nil, fmt.Errorf("encode the body: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, s.baseURL+r.Path, body)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	for name, value := range r.Headers {
		req.Header.Set(name, value)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err //nolint:wrapcheck // it names method and address
	}
	defer res.Body.Close() //nolint:errcheck // read to its end below
	a := &answer{status: res.StatusCode, header: res.Header}
	if a.body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer)); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if len(a.body) > 0 {
		a.decoding = json.Unmarshal(a.body, &a.envelope)
	}
	return a, nil
}

// notJSON tells that an answer is something else.
func (a *answer) notJSON() bool {
	var syntax *json.SyntaxError
	return errors.As(a.decoding, &syntax)
}

func (a *answer) contentType() string {
	if contentType := a.header.Get("Content-Type"); contentType != "" {
		return contentType
	}
	return "no Content-Type"
}

func (a *answer) invalid() []world.InvalidEntry {
	var entries []world.InvalidEntry
	for _, item := range a.envelope.Error.Invalid {
		for _, rule := range item.Rules {
			entries = append(entries, world.InvalidEntry{Entry: item.Entry, Rule: rule.Rule, Description: rule.Description})
		}
	}
	return entries
}

// judge tells in what an answer differs from what the case expects, and from
// what the contract allows.
func (a *answer) judge(c world.Case, contract *Document) []string {
	var misses []string
	miss := func(what string, want, got any) {
		misses = append(misses, fmt.Sprintf("%s: want %s\n  got %s", what, shown(want), shown(got)))
	}
	if a.notJSON() {
		return []string{fmt.Sprintf("want %d, got %d with %s that is not JSON", c.Expect.Status, a.status, a.contentType())}
	}
	if c.Job != nil {
		c.Rules = nil // it is the job that they refuse
	}
	misses = append(misses, a.judgeEnd(c)...)
	if named := a.header.Get("X-Sandbox-Rule"); named != "" && named != joined(c.Rules) {
		miss("X-Sandbox-Rule", joined(c.Rules), named)
	}
	if code := a.envelope.Meta.Code; code != nil && *code != a.status {
		miss("meta.code", a.status, *code)
	}
	id, sent := a.envelope.Meta.RequestID, a.header.Get("X-Request-Id")
	if id != nil && sent != "" && *id != sent {
		miss("meta.request_id", "that of X-Request-ID", "another one")
	}
	if err := contract.Check(c.Request.Method, c.Request.Path, a.status, a.header, a.body); err != nil {
		misses = append(misses, "contract: "+err.Error())
	}
	return misses
}

// judgeEnd tells in what the answer, or the end of a job, differs from what the case expects.
func (a *answer) judgeEnd(c world.Case) []string {
	var misses []string
	miss := func(what string, want, got any) {
		misses = append(misses, fmt.Sprintf("%s: want %s\n  got %s", what, shown(want), shown(got)))
	}
	got := a.envelope.Error
	if a.status != c.Expect.Status {
		miss("status", c.Expect.Status, a.status)
	}
	if got.Type != c.Expect.Type {
		miss("error.type", c.Expect.Type, got.Type)
	}
	if got.Message != c.Expect.Message {
		miss("error.message", c.Expect.Message, got.Message)
	}
	if invalid := a.invalid(); c.Expect.Status >= http.StatusBadRequest && len(invalid)+len(c.Expect.Invalid) > 0 && !reflect.DeepEqual(invalid, c.Expect.Invalid) {
		miss("error.invalid", c.Expect.Invalid, invalid)
	}
	return append(misses, a.undocumented(c)...)
}

// undocumented tells in what an answer, though the case expects it, differs from
// the rule that the case names: a world that a server tells of itself may be as
// wrong as the server.
func (a *answer) undocumented(c world.Case) []string {
	if len(c.Rules) == 0 {
		return nil
	}
	rule, _ := rules.Get(c.Rules[0])
	message := rule.Message
	if message == "" && rule.Type == fault.TypeValidationFailed {
		message = rules.ValidationMessage
	}
	var misses []string
	miss := func(what string, want, expected any) {
		misses = append(misses, fmt.Sprintf("%s: the contract says %s for %s\n  the case, and the server, %s", what, shown(want), rule.ID, shown(expected)))
	}
	if c.Expect.Status != rule.Status && a.status == c.Expect.Status {
		miss("status", rule.Status, c.Expect.Status)
	}
	if got := a.envelope.Error.Type; c.Expect.Type != rule.Type && got == c.Expect.Type {
		miss("error.type", rule.Type, c.Expect.Type)
	}
	if got := a.envelope.Error.Message; !fits(message, c.Expect.Message) && got == c.Expect.Message {
		miss("error.message", message, c.Expect.Message)
	}
	for _, id := range c.Rules {
		rule, _ := rules.Get(id)
		told := func(entry world.InvalidEntry) bool {
			return fits(rule.Keyword, entry.Rule) && fits(rule.Description, entry.Description)
		}
		if rule.Description != "" && reflect.DeepEqual(a.invalid(), c.Expect.Invalid) && !slices.ContainsFunc(c.Expect.Invalid, told) {
			miss("error.invalid", rule.Description, c.Expect.Invalid)
		}
	}
	return misses
}

var placeholder = regexp.MustCompile(`\\\{[a-z][a-z0-9_]*\\\}`)

// fits tells whether a text is one of the contract with its {names} filled in.
func fits(documented, text string) bool {
	pattern := placeholder.ReplaceAllString(regexp.QuoteMeta(documented), "(?s:.*)")
	return regexp.MustCompile("^" + pattern + "$").MatchString(text)
}

func shown(value any) string {
	switch value := value.(type) {
	case string:
		if value == "" {
			return "none"
		}
		return fmt.Sprintf("%q", value)
	case []world.InvalidEntry:
		if len(value) == 0 {
			return "none"
		}
		lines := make([]string, len(value))
		for i, entry := range value {
			lines[i] = fmt.Sprintf("%s %s %q", entry.Entry, entry.Rule, entry.Description)
		}
		return strings.Join(lines, " + ")
	}
	return fmt.Sprint(value)
}

func joined(ids []rules.ID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return strings.Join(texts, ", ")
}
