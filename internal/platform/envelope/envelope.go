// Package envelope builds the parts that all answers share: meta, paging and the
// format of moments.
package envelope

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"esoz/gen/api"
)

// Request is the part of a request that meta repeats.
type Request struct {
	URL            string // without query
	ID             string
	IdempotencyKey string            // of either header
	EchoedKey      string            // of X-Idempotency-Key, repeated in meta
	Undeclared     map[string]string // query parameters that the operation does not have
	Declared       []string          // query parameters that it has
	Warnings       []string          // of an answer that is right: what would surprise at the national host
}

// Warn adds a warning once.
func (r *Request) Warn(text string) {
	if !slices.Contains(r.Warnings, text) {
		r.Warnings = append(r.Warnings, text)
	}
}

type requestKey struct{}

// WithRequest stores r for Meta.
func WithRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestFrom returns the Request that WithRequest stored, or an empty one.
func RequestFrom(ctx context.Context) *Request {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok {
		return r
	}
	return &Request{}
}

// Meta describes an answer with one object.
func Meta(ctx context.Context, code int) api.Meta { return meta(ctx, code, "object") }

// ListMeta describes a 200 answer with a list.
func ListMeta(ctx context.Context) api.Meta { return meta(ctx, http.StatusOK, "list") }

// Created describes a 201 answer: its URL ends with the new object's id.
func Created(ctx context.Context, id string) api.Meta {
	m := Meta(ctx, http.StatusCreated)
	m.URL += "/" + id
	return m
}

func meta(ctx context.Context, code int, kind string) api.Meta {
	r := RequestFrom(ctx)
	m := api.Meta{Code: code, URL: r.URL, Type: api.MetaType(kind)}
	r.sign(&m)
	return m
}

// sign writes into meta what differs between two requests that are otherwise the same.
func (r *Request) sign(m *api.Meta) {
	m.RequestID, m.IdempotencyKey = r.ID, nil
	if r.EchoedKey != "" {
		m.IdempotencyKey = &r.EchoedKey
	}
}

// Own returns an answer to another, equal request as the answer to r.
func (r *Request) Own(answer []byte) ([]byte, error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(answer, &parts); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	var m api.Meta
	if err := json.Unmarshal(parts["meta"], &m); err != nil {
		return nil, fmt.Errorf("read meta: %w", err)
	}
	r.sign(&m)
	var err error
	if parts["meta"], err = json.Marshal(m); err != nil {
		return nil, fmt.Errorf("encode meta: %w", err)
	}
	own, err := json.Marshal(parts)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return append(own, '\n'), nil
}

// Page is the requested part of a list.
type Page struct{ Number, Size int }

// DefaultPageSize applies when a request has no page_size.
const DefaultPageSize = 50

// PageOf reads the parameters page and page_size. httpapi has made them valid.
func PageOf(number, size *int) Page {
	p := Page{Number: 1, Size: DefaultPageSize}
	if number != nil {
		p.Number = *number
	}
	if size != nil {
		p.Size = *size
	}
	return p
}

// Offset is the number of entries before the page.
func (p Page) Offset() int { return (p.Number - 1) * p.Size }

// Paging describes the page of a list of total entries. emptyPages is the
// total_pages of an empty list: 1 in the SQL services, 0 in the medical events.
func (p Page) Paging(total, emptyPages int) api.Paging {
	pages := (total + p.Size - 1) / p.Size
	if total == 0 {
		pages = emptyPages
	}
	return api.Paging{PageNumber: p.Number, PageSize: p.Size, TotalEntries: total, TotalPages: pages}
}

// Values of Paging's emptyPages.
const (
	EmptySQL           = 1
	EmptyMedicalEvents = 0
)

// Micro prints a moment as the SQL services do: UTC with microseconds.
func Micro(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Milli prints a moment as the medical events do: UTC with milliseconds.
func Milli(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// MaskPhone hides a phone but its first six and last two characters. Where there is
// no phone it returns nil, and the answer has none.
func MaskPhone(phone string) *string {
	if phone == "" {
		return nil
	}
	masked := strings.Repeat("*", len(phone))
	if len(phone) >= 8 {
		masked = phone[:6] + "*****" + phone[len(phone)-2:]
	}
	return &masked
}
