package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"

	"github.com/google/uuid"

	"esoz/internal/app"
	"esoz/internal/app/admin"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/httpapi"
	"esoz/internal/platform/media"
	"esoz/internal/reference"
	"esoz/internal/reference/guide"
	"esoz/internal/resource/oauth/signin"
	"esoz/internal/sandbox/authority"
	"esoz/internal/sandbox/console"
	"esoz/internal/sandbox/traffic"
	"esoz/internal/sandbox/world"
	"esoz/openapi/publish"
)

// docsPrefix is where the sandbox's own methods are shown.
const docsPrefix = "/_sandbox/docs/"

// Handler serves the API of a server together with the sandbox's own methods
// and the pages to read.
type Handler struct {
	app    *app.App
	config *config.Live
	clock  *clock.Clock
	logger *slog.Logger
	mux    *http.ServeMux
	// traffic remembers what the API was asked.
	traffic   *traffic.Recorder
	dials     *Dials
	documents publish.Documents
	// crossOrigin lets pages of others not change the sandbox.
	crossOrigin *http.CrossOriginProtection
	prefix      string // of every path of this world; "" for the sandbox's own
	address     string // where it is reached unless PUBLIC_BASE_URL says otherwise
	public      bool   // other machines reach it
	// closing ends long polls when the server stops, as leave tells them to.
	closing <-chan struct{}
	leave   context.CancelFunc
	ending  <-chan struct{} // closing of the sandbox's own world, for one beside it

	// changing is held for writing while the world is emptied and filled: no
	// request sees half a world.
	changing sync.RWMutex
	initial  *config.Config                       // what a reset goes back to
	settings map[string]string                    // what was set since, guarded by changing
	world    *world.World                         // as last seeded, guarded by changing
	known    traffic.Secrets                      // what of it is no secret, guarded by changing
	placed   func() (map[uuid.UUID]string, error) // where its documents are, guarded by changing
	next     serving                              // once this server is no longer its world's, guarded by changing
}

// NewHandler wraps a server whose world is seeded, that has dials, and that is reached at an address, by anybody if it is
// public. When ctx ends it lets nobody wait any longer.
func NewHandler(
	ctx context.Context, a *app.App, live *config.Live, clk *clock.Clock, w *world.World, recorder *traffic.Recorder, d *Dials, logger *slog.Logger,
	address string, public bool,
) (*Handler, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("address of the sandbox: %w", err)
	}
	ctx, leave := context.WithCancel(ctx)
	h := &Handler{
		dials: d, closing: ctx.Done(), leave: leave, address: address, prefix: at.Path, public: public, crossOrigin: http.NewCrossOriginProtection(),
		app: a, config: live, clock: clk, logger: logger, mux: http.NewServeMux(),
		initial: live.Get(), settings: map[string]string{}, world: w, traffic: recorder,
		documents: publish.For(live.Get().PublicBaseURL),
	}
	h.known, h.placed = h.secrets(), places(w)
	d.seeded, d.endToken = h.isSeeded, h.endToken
	own, err := ownDocument()
	if err != nil {
		leave()
		return nil, err
	}
	h.mux.HandleFunc("GET /_sandbox/world", h.getWorld)
	h.mux.HandleFunc("GET /_sandbox/config", h.getConfig)
	h.mux.HandleFunc("POST /_sandbox/config", h.setConfig)
	h.mux.HandleFunc("DELETE /_sandbox/config", h.unsetConfig)
	h.mux.HandleFunc("POST /_sandbox/reset", h.reset)
	h.mux.HandleFunc("POST /_sandbox/mis", register[admin.MIS](h))
	h.mux.HandleFunc("POST /_sandbox/legal_entities", register[admin.LegalEntity](h))
	h.mux.HandleFunc("POST /_sandbox/users", register[admin.User](h))
	h.mux.HandleFunc("POST /_sandbox/persons", register[admin.Person](h))
	h.mux.HandleFunc("PUT /_sandbox/persons/{id}/verification", h.setVerification)
	h.mux.HandleFunc("PUT /_sandbox/persons/{id}/confidants/{confidant_person_id}", h.setRelationship)
	h.mux.HandleFunc("GET /_sandbox/registered", h.listRegistered)
	h.mux.HandleFunc("DELETE /_sandbox/registered/{id}", h.deleteRegistered)
	h.mux.HandleFunc("GET /_sandbox/sms", h.listSMS)
	h.mux.HandleFunc("POST /_sandbox/sign", h.sign)
	h.mux.HandleFunc("GET /_sandbox/authority.pem", file("application/x-pem-file", authority.New().Trusted()))
	h.mux.HandleFunc("GET /_sandbox/clock", h.getClock)
	h.mux.HandleFunc("POST /_sandbox/clock", h.setClock)
	h.mux.HandleFunc("GET /_sandbox/dials", h.getDials)
	h.mux.HandleFunc("POST /_sandbox/dials", h.setDials)
	h.mux.HandleFunc("DELETE /_sandbox/dials", h.unsetDials)
	h.mux.HandleFunc("GET /_sandbox/jobs", h.listJobs)
	h.mux.HandleFunc("POST /_sandbox/jobs/release", h.releaseJobs)
	h.mux.HandleFunc("POST /_sandbox/jobs/fail", h.failJobs)
	h.mux.HandleFunc("GET /_sandbox/events", h.listEvents)
	h.mux.HandleFunc("GET /_sandbox/objects", h.listObjects)
	h.mux.HandleFunc("GET /_sandbox/objects/{id}", h.getObject)
	h.mux.HandleFunc("POST /_sandbox/objects/{id}/state", h.putIntoState)
	h.mux.HandleFunc("GET /_sandbox/requests", h.listRequests)
	h.mux.HandleFunc("DELETE /_sandbox/requests", h.clearRequests)
	h.mux.HandleFunc("GET /_sandbox/requests/{number}", h.getRequest)
	h.mux.HandleFunc("GET "+livePath, h.live)
	h.mux.HandleFunc("GET /_sandbox/explain/{request_id...}", h.explain)
	h.mux.HandleFunc("GET /_sandbox/coverage", h.coverage)
	h.mux.HandleFunc("POST /_sandbox/coverage/reset", h.forgetCoverage)
	h.mux.HandleFunc("GET /_sandbox/openapi.yaml", file("application/yaml", document))
	h.mux.HandleFunc("GET /_sandbox/openapi.json", file("application/json", own))
	h.mux.HandleFunc("GET /openapi.yaml", h.published("application/yaml", h.documents.YAML))
	h.mux.HandleFunc("GET /openapi.json", h.published("application/json", h.documents.JSON))
	h.mux.HandleFunc("GET /openapi-3.1.yaml", h.published("application/yaml", h.documents.YAML31))
	h.mux.Handle("GET "+reference.AssetsPrefix, reference.Assets())
	h.mux.HandleFunc("GET "+reference.Prefix, h.reference())
	view, errConsole := console.Handler()
	documents, errGuide := guide.Handler(h.baseURL)
	if err := errors.Join(errConsole, errGuide); err != nil {
		leave()
		return nil, err
	}
	h.mux.Handle("GET "+console.Prefix, view)
	h.mux.HandleFunc("GET "+console.Prefix+"requests/{number}", h.inConsole(view))
	for _, part := range []string{guide.English, guide.Ukrainian, guide.Pictures} {
		h.mux.Handle("GET "+part, documents)
	}
	h.mux.HandleFunc("GET "+docsPrefix+"{$}", h.ownMethods)
	return h, nil
}

// ServeHTTP answers the sandbox's own paths; everything else is the API's,
// whose paths no ServeMux may tidy up. Who opens its address in a browser is
// led to the console.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.public || r.URL.Path == livePath {
		h.route(w, r)
		return
	}
	answer := httpapi.Hold(w)
	h.route(answer, r)
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		answer.Insert("<body>", publicNotice)
	}
	if err := answer.Send(); err != nil {
		h.logger.Debug("answer not delivered", "error", err)
	}
}

// publicNotice stands on every page of a sandbox that other machines reach.
const publicNotice = "<body>\n<p role=\"note\"><strong>This sandbox is public. Everyone who reaches it can read and change it. " +
	"Put no data of real people into it.</strong></p>"

func (h *Handler) route(w http.ResponseWriter, r *http.Request) {
	if signin.IsFor(r) {
		h.api(w, r)
		return
	}
	if r.URL.Path == "/" && r.Method == http.MethodGet && accepted(r, "application/json", "text/html") == "text/html" {
		reference.Redirect(w, "console/", http.StatusFound)
		return
	}
	for _, page := range []string{reference.Prefix, docsPrefix, console.Prefix, guide.English, guide.Ukrainian} {
		if r.URL.Path+"/" == page {
			reference.Redirect(w, path.Base(page)+"/", http.StatusMovedPermanently)
			return
		}
	}
	for _, own := range []string{"/_sandbox/", "/docs", console.Prefix, "/openapi.", "/openapi-"} {
		if strings.HasPrefix(r.URL.Path, own) {
			h.guarded(h.missing(h.mux)).ServeHTTP(w, r)
			return
		}
	}
	h.api(w, r)
}

// guarded lets pages of others neither change nor frame what the sandbox adds to the API.
func (h *Handler) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h.crossOrigin.Check(r); err != nil {
			h.refuse(w, http.StatusForbidden, errors.New("a page of another origin may not change the sandbox"))
			return
		}
		head := w.Header()
		head.Set("Content-Security-Policy", policy(r.URL.Path))
		head.Set("X-Frame-Options", "deny")
		head.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// api serves a request while no world is being changed. The body is read before and the answer sent after that, so
// that a slow client holds nobody up.
func (h *Handler) api(w http.ResponseWriter, r *http.Request) {
	limit := h.config.Get().MaxBodyBytes + 1
	raw, err := io.ReadAll(io.LimitReader(r.Body, limit))
	whole := err == nil && int64(len(raw)) < limit
	if whole {
		r.Body = io.NopCloser(bytes.NewReader(raw))
	} else {
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(raw), r.Body)) // too large, or broken: the API says so
	}
	answer := httpapi.Hold(w)
	h.serve(answer, r, raw, whole)
	if err := answer.Send(); err != nil {
		h.logger.Debug("answer not delivered", "error", err)
	}
}

func (h *Handler) serve(w *httpapi.Held, r *http.Request, raw []byte, whole bool) {
	h.changing.RLock()
	if next := h.next; next != nil {
		h.changing.RUnlock()
		next(w, r, raw, whole)
		return
	}
	defer h.changing.RUnlock()
	if signin.IsFor(r) || strings.HasPrefix(r.URL.Path, media.Prefix) { // neither what is typed into the page nor scans are remembered
		h.app.Handler.ServeHTTP(w, r)
		return
	}
	target := r.URL.RequestURI()
	r = h.traffic.Arrive(r, raw, whole)
	w.Header().Set("X-Sandbox-Explain", h.explainedAt(r))
	h.strictly(w, r)
	h.record(w, r, target, raw, whole)
}

// explainedAt is the address at which a request can be looked at: in the console when it is kept there, which explains to
// programs, too.
func (h *Handler) explainedAt(r *http.Request) string {
	view := strings.TrimPrefix(console.Prefix, "/") + "requests/"
	if h.traffic.Log.IsOff() {
		view = "_sandbox/explain/"
	}
	return fmt.Sprintf("%s/%s%d", h.baseURL(r), view, traffic.NumberOf(r))
}

// retire waits for the requests under way. Those to come, whose bodies may have been on their way for long, are served by next.
func (h *Handler) retire(next serving) {
	h.leave()
	h.changing.Lock()
	defer h.changing.Unlock()
	h.next = next
}

// serving answers a request of the API, whose body has been read.
type serving = func(w *httpapi.Held, r *http.Request, body []byte, whole bool)

// Fence runs work of the background while no world is being changed, so that a
// job of the old world cannot reach into the new one.
func (h *Handler) Fence(work func() error) error {
	h.changing.RLock()
	defer h.changing.RUnlock()
	defer h.traffic.Worked()
	return work()
}

// usualBody is how many bytes a body may have that is not signed.
const usualBody = 1 << 20

func decode(w http.ResponseWriter, r *http.Request, v any) error {
	return decodeUpTo(usualBody, w, r, v)
}

func decodeUpTo(most int64, w http.ResponseWriter, r *http.Request, v any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, most))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if decoder.More() {
		return errors.New("body: data after the value")
	}
	return nil
}

// policy of the page at a path.
func policy(path string) string {
	own := reference.Policy
	if strings.HasPrefix(path, console.Prefix) {
		own = console.Policy
	}
	return own + "; base-uri 'none'; frame-ancestors 'none'"
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
