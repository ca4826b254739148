package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Error is a refusal: an answer of 400 and above, a job that has failed, or an
// answer that is none of this API. errors.As finds it in the error of every call.
type Error struct {
	// Operation is the method and the path, with {id} for what may be personal.
	Operation string
	// JobID is the job that has failed, when one has.
	JobID string
	// StatusCode is the HTTP status; of a job the one that it would have been.
	StatusCode int
	// Type is the kind of the refusal, for programs: validation_failed, not_found.
	// It is empty when the answer is not in the envelope of this API.
	Type string
	// Message is the refusal in words; of a foreign answer its beginning.
	Message string
	// Invalid lists the places of the request that broke a rule.
	Invalid []InvalidItem
	// RequestID is what to tell the operators of the server.
	RequestID string
	// RetryAfter is how long the server wants its caller to wait.
	RetryAfter time.Duration
	// Rules are the ids of the rules that answered. Only the sandbox tells them.
	Rules []string
}

// Error tells all in one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.JobID != "" {
		fmt.Fprintf(&b, "job %s: ", e.JobID)
	} else {
		fmt.Fprintf(&b, "%s: ", e.Operation)
	}
	fmt.Fprintf(&b, "%d", e.StatusCode)
	if e.Type != "" {
		b.WriteString(" " + e.Type)
	} else {
		b.WriteString(" not an answer of this API")
	}
	if words := e.words(); words != "" {
		b.WriteString(": " + words)
	}
	if len(e.Rules) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(e.Rules, ", "))
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (retry after %s)", e.RetryAfter)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " [request %s]", e.RequestID)
	}
	return b.String()
}

// Has tells whether a rule refused: by its id, which only the sandbox tells
// (division.create.zip), or by its kind (required, format).
func (e *Error) Has(rule string) bool {
	return slices.Contains(e.Rules, rule) || slices.ContainsFunc(e.Invalid, func(item InvalidItem) bool {
		return slices.ContainsFunc(item.Rules, func(r InvalidRule) bool { return r.Rule == rule })
	})
}

// words are what the rules say, or else the message, which is the same for all of them.
func (e *Error) words() string {
	var all []string
	for _, item := range e.Invalid {
		for _, rule := range item.Rules {
			if rule.Description != "" {
				all = append(all, strings.TrimSpace(item.Entry+" "+rule.Description))
			}
		}
	}
	if len(all) == 0 {
		return e.Message
	}
	return strings.Join(all, "; ")
}

const (
	longestRefusal = 1 << 20 // bytes
	longestExcerpt = 200     // bytes
)

// refusalOf makes an error of an answer, and closes it.
func refusalOf(req *http.Request, res *http.Response) *Error {
	defer func() { _ = res.Body.Close() }()
	e := &Error{
		Operation: operation(req), StatusCode: res.StatusCode, RetryAfter: retryAfter(res),
		RequestID: res.Header.Get("X-Request-ID"),
	}
	for id := range strings.SplitSeq(res.Header.Get("X-Sandbox-Rule"), ",") {
		if id = strings.TrimSpace(id); id != "" {
			e.Rules = append(e.Rules, id)
		}
	}
	raw, readErr := io.ReadAll(io.LimitReader(res.Body, longestRefusal))
	var answer struct {
		Meta struct {
			RequestID string `json:"request_id"`
		}
		Error ErrorBody
	}
	if err := json.Unmarshal(raw, &answer); err != nil || answer.Error.Type == "" {
		e.Message = excerpt(req, raw)
		if e.Message == "" {
			e.Message = http.StatusText(res.StatusCode)
		}
		if readErr != nil {
			e.Message += " (cut off: " + readErr.Error() + ")"
		}
		return e
	}
	e.Type, e.Message, e.Invalid = answer.Error.Type, answer.Error.Message, answer.Error.Invalid
	if answer.Meta.RequestID != "" {
		e.RequestID = answer.Meta.RequestID
	}
	return e
}

// version is the only part of a path in the contract that has a digit and is no id.
var version = regexp.MustCompile(`^v\d+$`)

// operation names what was asked without ids and phones.
func operation(req *http.Request) string {
	parts := strings.Split(req.URL.Path, "/")
	for i, part := range parts {
		if strings.ContainsAny(part, "0123456789") && !version.MatchString(part) {
			parts[i] = "{id}"
		}
	}
	return req.Method + " " + strings.Join(parts, "/")
}

// excerpt is the beginning of an answer that nobody can decode, without the
// secrets of the request, should a proxy have repeated them.
func excerpt(req *http.Request, raw []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(raw), "")), " ")
	for _, header := range []string{"Authorization", "API-key", "X-Custom-PSK"} {
		if secret := strings.TrimPrefix(req.Header.Get(header), "Bearer "); secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	if len(text) <= longestExcerpt {
		return text
	}
	end := longestExcerpt
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

func isJSON(res *http.Response) bool { return strings.Contains(res.Header.Get("Content-Type"), "json") }
