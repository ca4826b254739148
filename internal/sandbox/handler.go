package sandbox

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sosodev/duration"
	"github.com/swaggest/swgui/v5emb"
	"go.yaml.in/yaml/v3"

	"esoz/internal/app"
	"esoz/internal/clock"
	"esoz/internal/config"
	"esoz/internal/reference"
	"esoz/internal/sandbox/traffic"
	"esoz/internal/sandbox/world"
	"esoz/internal/sms"
	"esoz/openapi/publish"
)

//go:embed openapi.yaml
var document []byte

// Handler serves the API of a server together with the sandbox's own methods
// and the pages to read.
type Handler struct {
	app    *app.App
	config *config.Live
	clock  *clock.Clock
	logger *slog.Logger
	mux    *http.ServeMux
	// traffic remembers what the API was asked.
	traffic *traffic.Recorder
	// closing ends long polls when the server stops.
	closing <-chan struct{}

	// changing is held for writing while the world is emptied and filled: no
	// request sees half a world.
	changing sync.RWMutex
	initial  *config.Config    // what a reset goes back to
	settings map[string]string // what was set since, guarded by changing
	world    *world.World      // as last seeded, guarded by changing
}

// NewHandler wraps a server whose world is seeded. When ctx ends it lets nobody
// wait any longer.
func NewHandler(
	ctx context.Context, a *app.App, live *config.Live, clk *clock.Clock, w *world.World, recorder *traffic.Recorder, logger *slog.Logger,
) (*Handler, error) {
	h := &Handler{
		closing: ctx.Done(),
		app:     a, config: live, clock: clk, logger: logger, mux: http.NewServeMux(),
		initial: live.Get(), settings: map[string]string{}, world: w, traffic: recorder,
	}
	own, err := jsonOf(document)
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's document: %w", err)
	}
	h.mux.HandleFunc("GET /_sandbox/world", h.getWorld)
	h.mux.HandleFunc("GET /_sandbox/config", h.getConfig)
	h.mux.HandleFunc("POST /_sandbox/config", h.setConfig)
	h.mux.HandleFunc("POST /_sandbox/reset", h.reset)
	h.mux.HandleFunc("GET /_sandbox/sms", h.listSMS)
	h.mux.HandleFunc("GET /_sandbox/clock", h.getClock)
	h.mux.HandleFunc("POST /_sandbox/clock", h.setClock)
	h.mux.HandleFunc("GET /_sandbox/explain/{request_id...}", h.explain)
	h.mux.HandleFunc("GET /_sandbox/coverage", h.coverage)
	h.mux.HandleFunc("POST /_sandbox/coverage/reset", h.forgetCoverage)
	h.mux.HandleFunc("GET /_sandbox/openapi.yaml", file("application/yaml", document))
	h.mux.HandleFunc("GET /_sandbox/openapi.json", file("application/json", own))
	h.mux.HandleFunc("GET /openapi.yaml", h.published("application/yaml", publish.YAML))
	h.mux.HandleFunc("GET /openapi.json", h.published("application/json", publish.JSON))
	h.mux.HandleFunc("GET /openapi-3.1.yaml", h.published("application/yaml", publish.YAML31))
	h.mux.HandleFunc("GET "+reference.Prefix, h.reference())
	h.mux.Handle("GET /_sandbox/docs/", v5emb.New("esoz sandbox", "/_sandbox/openapi.json", "/_sandbox/docs/"))
	return h, nil
}

// ServeHTTP answers the sandbox's own paths; everything else is the API's,
// whose paths no ServeMux may tidy up.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, own := range []string{"/_sandbox/", "/docs", "/openapi.", "/openapi-"} {
		if strings.HasPrefix(r.URL.Path, own) {
			if r.Method != http.MethodGet && !ownPage(r) {
				h.refuse(w, http.StatusForbidden, errors.New("a page of another origin may not change the sandbox"))
				return
			}
			h.mux.ServeHTTP(w, r)
			return
		}
	}
	h.api(w, r)
}

// api serves a request while no world is being changed. The body is read
// before, so that a slow client holds nobody up.
func (h *Handler) api(w http.ResponseWriter, r *http.Request) {
	limit := h.config.Get().MaxBodyBytes + 1
	raw, err := io.ReadAll(io.LimitReader(r.Body, limit))
	whole := err == nil && int64(len(raw)) < limit
	if whole {
		r.Body = io.NopCloser(bytes.NewReader(raw))
	} else {
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(raw), r.Body)) // too large, or broken: the API says so
	}
	h.changing.RLock()
	defer h.changing.RUnlock()
	h.app.Handler.ServeHTTP(w, h.traffic.Arrive(r, raw, whole))
}

// Fence runs work of the background while no world is being changed, so that a
// job of the old world cannot reach into the new one.
func (h *Handler) Fence(work func() error) error {
	h.changing.RLock()
	defer h.changing.RUnlock()
	defer h.traffic.Worked()
	return work()
}

// currentWorld is as last seeded; it is never changed, only replaced.
func (h *Handler) currentWorld() *world.World {
	h.changing.RLock()
	defer h.changing.RUnlock()
	return h.world
}

func (h *Handler) getWorld(w http.ResponseWriter, _ *http.Request) {
	h.write(w, http.StatusOK, h.currentWorld())
}

func (h *Handler) getConfig(w http.ResponseWriter, _ *http.Request) {
	h.changing.RLock()
	settings := maps.Clone(h.settings)
	h.changing.RUnlock()
	h.write(w, http.StatusOK, settings)
}

func (h *Handler) setConfig(w http.ResponseWriter, r *http.Request) {
	var vars map[string]string
	if err := decode(w, r, &vars); err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	settings, err := h.set(vars)
	if err != nil {
		h.refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	h.write(w, http.StatusOK, settings)
}

func (h *Handler) set(vars map[string]string) (settings map[string]string, err error) {
	h.changing.Lock()
	defer h.changing.Unlock()
	if err := changeable(vars); err != nil {
		return nil, err
	}
	cfg, err := h.config.Get().With(vars)
	if err != nil {
		return nil, err
	}
	h.config.Set(cfg)
	h.traffic.Changed()
	maps.Copy(h.settings, vars)
	return maps.Clone(h.settings), nil
}

// changeable refuses settings that are read at the start only.
func changeable(vars map[string]string) error {
	var errs []error
	for _, f := range config.Fields() {
		if _, set := vars[f.Name]; set && f.StartOnly {
			errs = append(errs, fmt.Errorf("%s: read at the start only", f.Name))
		}
	}
	return errors.Join(errs...)
}

// resetTimeout bounds a reset, which a client that hangs up does not stop: half
// a world would stay.
const resetTimeout = 30 * time.Second

func (h *Handler) reset(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), resetTimeout)
	defer cancel()
	if err := h.renew(ctx); err != nil {
		h.logger.ErrorContext(ctx, "reset failed", "error", err)
		h.refuse(w, http.StatusInternalServerError, errors.New("the world could not be made new; see the log"))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (h *Handler) renew(ctx context.Context) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	defer h.traffic.Changed()
	h.clock.Reset()
	fresh := world.New(h.app.Keys, h.clock.Now())
	if err := fresh.Seed(ctx, h.app.Pool, h.app.Mongo); err != nil {
		return err
	}
	if err := errors.Join(h.app.Dictionaries.Refresh(ctx), h.app.Addresses.Refresh(ctx)); err != nil {
		return err
	}
	h.world, h.settings = fresh, map[string]string{}
	h.config.Set(h.initial)
	return nil
}

// message is an SMS as the inbox shows it.
type message struct {
	ID     string    `json:"id"`
	Phone  string    `json:"phone"`
	Text   string    `json:"text"`
	Code   string    `json:"code,omitempty"`
	Type   string    `json:"type"`
	Status string    `json:"status,omitempty"`
	At     time.Time `json:"at"`
}

const (
	maxMessages = 100
	maxWait     = time.Minute
	pollEvery   = 50 * time.Millisecond
)

func (h *Handler) listSMS(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	phone := query.Get("phone")
	if strings.HasPrefix(phone, " ") { // an unescaped + in a URL is a blank
		phone = "+" + phone[1:]
	}
	var after time.Time
	var wait time.Duration
	var errAfter, errWait error
	if text := query.Get("after"); text != "" {
		after, errAfter = time.Parse(time.RFC3339, text)
	}
	if text := query.Get("wait"); text != "" {
		wait, errWait = time.ParseDuration(text)
	}
	if err := errors.Join(errAfter, errWait); err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	messages, err := h.awaitSMS(r.Context(), phone, after, min(wait, maxWait))
	if err != nil {
		h.logger.ErrorContext(r.Context(), "read inbox", "error", err)
		h.refuse(w, http.StatusInternalServerError, errors.New("the inbox could not be read; see the log"))
		return
	}
	h.write(w, http.StatusOK, messages)
}

// awaitSMS reads the inbox until there is a message or the wait is over.
func (h *Handler) awaitSMS(ctx context.Context, phone string, after time.Time, wait time.Duration) ([]message, error) {
	over := time.After(wait)
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		messages, err := h.readSMS(ctx, phone, after)
		if err != nil || len(messages) > 0 {
			return messages, err
		}
		select {
		case <-over:
			return messages, nil
		case <-h.closing:
			return messages, nil
		case <-ctx.Done():
			return messages, nil
		case <-ticker.C:
		}
	}
}

var trailingCode = regexp.MustCompile(`[0-9]{2,9}$`)

func (h *Handler) readSMS(ctx context.Context, phone string, after time.Time) ([]message, error) {
	received, err := sms.Inbox(ctx, h.app.Pool, h.app.Keys, phone, maxMessages)
	if err != nil {
		return nil, err
	}
	messages := []message{}
	for _, m := range received {
		if !m.At.After(after) {
			continue
		}
		shown := message{ID: m.ID.String(), Phone: m.Phone, Text: m.Text, Code: trailingCode.FindString(m.Text), Type: m.Type, At: m.At}
		if m.GatewayStatus != nil {
			shown.Status = *m.GatewayStatus
		}
		messages = append(messages, shown)
	}
	return messages, nil
}

type clockAnswer struct {
	Now time.Time `json:"now"`
}

func (h *Handler) getClock(w http.ResponseWriter, _ *http.Request) {
	h.write(w, http.StatusOK, clockAnswer{Now: h.clock.Now()})
}

// maxMove is how far the clock may be moved.
const maxMove = 100 * 366 * 24 * time.Hour

func (h *Handler) setClock(w http.ResponseWriter, r *http.Request) {
	var move struct {
		Advance string     `json:"advance"`
		Set     *time.Time `json:"set"`
	}
	if err := decode(w, r, &move); err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	switch {
	case (move.Advance == "") == (move.Set == nil):
		h.refuse(w, http.StatusBadRequest, errors.New("want either advance or set"))
		return
	case move.Set != nil:
		if far := time.Until(*move.Set).Abs(); far > maxMove {
			h.refuse(w, http.StatusBadRequest, errors.New("set: more than a hundred years away"))
			return
		}
		h.clock.Set(*move.Set)
	default:
		d, err := duration.Parse(move.Advance)
		if err != nil {
			h.refuse(w, http.StatusBadRequest, fmt.Errorf("advance: %q is not an ISO 8601 duration such as PT5M1S", move.Advance))
			return
		}
		if d.Years > 100 || d.ToTimeDuration().Abs() > maxMove {
			h.refuse(w, http.StatusBadRequest, errors.New("advance: more than a hundred years"))
			return
		}
		h.clock.Advance(d.ToTimeDuration())
	}
	h.traffic.Changed()
	h.write(w, http.StatusOK, clockAnswer{Now: h.clock.Now()})
}

func decode(w http.ResponseWriter, r *http.Request, v any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if decoder.More() {
		return errors.New("body: data after the value")
	}
	return nil
}

// ownPage tells whether a request that changes something comes from a page of
// this sandbox or from no page at all: pages of others must not reset it.
func ownPage(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "http://"+r.Host
}

func (h *Handler) refuse(w http.ResponseWriter, status int, err error) {
	h.write(w, status, map[string]string{"error": err.Error()})
}

func (h *Handler) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		h.logger.Debug("answer not delivered", "error", err)
	}
}

func file(contentType string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(content) // a client that went away
	}
}

// jsonOf turns a YAML document into JSON.
// published serves the contract as its readers want it, which is made when it is first asked for.
func (h *Handler) published(contentType string, read func() ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		content, err := read()
		if err != nil {
			h.logger.ErrorContext(r.Context(), "the contract could not be published", "error", err)
			h.refuse(w, http.StatusInternalServerError, errors.New("the contract could not be published; see the log"))
			return
		}
		file(contentType, content)(w, r)
	}
}

// reference serves the pages to read. They are made at the first request, so that
// a start does not wait for them.
func (h *Handler) reference() http.HandlerFunc {
	pages := sync.OnceValues(func() (http.Handler, error) {
		site, err := reference.New()
		if err != nil {
			return nil, err
		}
		return site.Handler(h.currentWorld)
	})
	return func(w http.ResponseWriter, r *http.Request) {
		handler, err := pages()
		if err != nil {
			h.logger.ErrorContext(r.Context(), "the reference could not be made", "error", err)
			h.refuse(w, http.StatusInternalServerError, errors.New("the reference could not be made; see the log"))
			return
		}
		handler.ServeHTTP(w, r)
	}
}

// jsonOf turns a YAML document into JSON.
func jsonOf(document []byte) ([]byte, error) {
	var value any
	if err := yaml.Unmarshal(document, &value); err != nil {
		return nil, fmt.Errorf("parse YAML: %w", err)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return raw, nil
}
