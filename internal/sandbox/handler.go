package sandbox

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
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
	"esoz/internal/sandbox/world"
	"esoz/internal/sms"
	"esoz/openapi"
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

	// changing is held for writing while the world is emptied and filled: no
	// request sees half a world.
	changing sync.RWMutex
	initial  *config.Config    // what a reset goes back to
	settings map[string]string // what was set since, guarded by changing
	world    *world.World      // as last seeded, guarded by changing
}

// NewHandler wraps a server whose world is seeded.
func NewHandler(a *app.App, live *config.Live, clk *clock.Clock, w *world.World, logger *slog.Logger) (*Handler, error) {
	h := &Handler{
		app: a, config: live, clock: clk, logger: logger, mux: http.NewServeMux(),
		initial: live.Get(), settings: map[string]string{}, world: w,
	}
	own, err := jsonOf(document)
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's document: %w", err)
	}
	contract, err := jsonOf(openapi.Document)
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	h.mux.HandleFunc("/", h.api)
	h.mux.HandleFunc("GET /_sandbox/world", h.getWorld)
	h.mux.HandleFunc("GET /_sandbox/config", h.getConfig)
	h.mux.HandleFunc("POST /_sandbox/config", h.setConfig)
	h.mux.HandleFunc("POST /_sandbox/reset", h.reset)
	h.mux.HandleFunc("GET /_sandbox/sms", h.listSMS)
	h.mux.HandleFunc("GET /_sandbox/clock", h.getClock)
	h.mux.HandleFunc("POST /_sandbox/clock", h.setClock)
	h.mux.HandleFunc("GET /_sandbox/openapi.yaml", file("application/yaml", document))
	h.mux.HandleFunc("GET /_sandbox/openapi.json", file("application/json", own))
	h.mux.HandleFunc("GET /openapi.yaml", file("application/yaml", openapi.Document))
	h.mux.HandleFunc("GET /openapi.json", file("application/json", contract))
	h.mux.Handle("GET /docs/", v5emb.New("esoz", "/openapi.json", "/docs/"))
	h.mux.Handle("GET /docs", http.RedirectHandler("/docs/", http.StatusMovedPermanently))
	h.mux.Handle("GET /_sandbox/docs/", v5emb.New("esoz sandbox", "/_sandbox/openapi.json", "/_sandbox/docs/"))
	return h, nil
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

func (h *Handler) api(w http.ResponseWriter, r *http.Request) {
	h.changing.RLock()
	defer h.changing.RUnlock()
	h.app.Handler.ServeHTTP(w, r)
}

func (h *Handler) getWorld(w http.ResponseWriter, _ *http.Request) {
	h.changing.RLock()
	defer h.changing.RUnlock()
	h.write(w, http.StatusOK, h.world)
}

func (h *Handler) getConfig(w http.ResponseWriter, _ *http.Request) {
	h.changing.RLock()
	defer h.changing.RUnlock()
	h.write(w, http.StatusOK, h.settings)
}

func (h *Handler) setConfig(w http.ResponseWriter, r *http.Request) {
	var vars map[string]string
	if err := decode(w, r, &vars); err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	h.changing.Lock()
	defer h.changing.Unlock()
	if err := changeable(vars); err != nil {
		h.refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	cfg, err := h.config.Get().With(vars)
	if err != nil {
		h.refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	h.config.Set(cfg)
	maps.Copy(h.settings, vars)
	h.write(w, http.StatusOK, h.settings)
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

func (h *Handler) reset(w http.ResponseWriter, r *http.Request) {
	h.changing.Lock()
	defer h.changing.Unlock()
	h.clock.Reset()
	fresh := world.New(h.app.Keys, h.clock.Now())
	if err := fresh.Seed(r.Context(), h.app.Pool, h.app.Mongo); err != nil {
		h.logger.ErrorContext(r.Context(), "reset failed", "error", err)
		h.refuse(w, http.StatusInternalServerError, errors.New("the world could not be seeded; see the log"))
		return
	}
	if err := errors.Join(h.app.Dictionaries.Refresh(r.Context()), h.app.Addresses.Refresh(r.Context())); err != nil {
		h.logger.ErrorContext(r.Context(), "reset failed", "error", err)
		h.refuse(w, http.StatusInternalServerError, errors.New("dictionaries and addresses could not be read; see the log"))
		return
	}
	h.world, h.settings = fresh, map[string]string{}
	h.config.Set(h.initial)
	w.WriteHeader(http.StatusNoContent)
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
		h.clock.Set(*move.Set)
	default:
		d, err := duration.Parse(move.Advance)
		if err != nil {
			h.refuse(w, http.StatusBadRequest, fmt.Errorf("advance: %q is not an ISO 8601 duration such as PT5M1S", move.Advance))
			return
		}
		h.clock.Advance(d.ToTimeDuration())
	}
	h.write(w, http.StatusOK, clockAnswer{Now: h.clock.Now()})
}

func decode(w http.ResponseWriter, r *http.Request, v any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return nil
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
