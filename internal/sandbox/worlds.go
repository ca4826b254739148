package sandbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"esoz/internal/app/admin"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/httpapi"
	"esoz/internal/sandbox/traffic"
)

const (
	worldsPath = "/_sandbox/worlds"
	// maxWorlds run at once.
	maxWorlds = 64
	// patience is how long a world lives that nobody uses.
	patience = time.Hour
)

// worlds serve the sandbox's own world, and beside it, each under a path of its own, those that tests have asked for.
// They have nothing in common but the process and PostgreSQL.
type worlds struct {
	own     *server
	copies  *copies
	machine *clock.Clock
	mux     *http.ServeMux
	stop    context.CancelFunc // ends sweep
	swept   sync.WaitGroup     // is done when sweep has ended

	mu      sync.Mutex
	running map[string]*side
	ended   bool
}

// side is one of the worlds beside the sandbox's own.
type side struct {
	name, prefix string
	made         time.Time
	used         atomic.Int64 // nanoseconds since 1970
	recorder     *traffic.Recorder

	resetting sync.Mutex
	current   atomic.Pointer[replica] // nil while it is being made
}

// newWorlds prepares for worlds beside the sandbox's own.
func newWorlds(own *server, c *copies) *worlds {
	w := &worlds{own: own, machine: c.machine, running: map[string]*side{}, mux: http.NewServeMux(), copies: c}
	w.mux.HandleFunc("GET "+worldsPath, w.list)
	w.mux.HandleFunc("POST "+worldsPath, w.create)
	w.mux.HandleFunc("GET "+worldsPath+"/{name}", w.get)
	w.mux.HandleFunc("DELETE "+worldsPath+"/{name}", w.delete)
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	w.swept.Go(func() { w.sweep(ctx) })
	return w
}

// ServeHTTP leads a request into the world of its path.
func (w *worlds) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	rest, beside := strings.CutPrefix(r.URL.Path, worldsPath)
	if !beside || rest != "" && rest[0] != '/' {
		w.own.handler.ServeHTTP(rw, r)
		return
	}
	name, inside, isInside := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	if !isInside {
		w.own.handler.guarded(w.mux).ServeHTTP(rw, r)
		return
	}
	s := w.find(name)
	if s == nil {
		w.gone(rw, r, name)
		return
	}
	current := s.current.Load()
	http.StripPrefix(s.prefix, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case "/"+inside == worldsPath || strings.HasPrefix("/"+inside, worldsPath+"/"):
			current.handler.refuse(rw, http.StatusNotFound, errors.New("a world has no worlds beside it; the sandbox has"))
		case "/"+inside == "/_sandbox/reset" && r.Method == http.MethodPost:
			current.handler.guarded(w.resetOf(s)).ServeHTTP(rw, r)
		default:
			current.handler.ServeHTTP(rw, r)
		}
	})).ServeHTTP(rw, r)
}

// find returns a running world and notes that it is used; nil: there is none.
func (w *worlds) find(name string) *side {
	w.mu.Lock()
	s := w.running[name]
	w.mu.Unlock()
	if s == nil || s.current.Load() == nil {
		return nil
	}
	now := w.machine.Now()
	if s.idle(now) {
		w.discard(s)
		return nil
	}
	s.used.Store(now.UnixNano())
	return s
}

// runs returns whether a world has not been ended.
func (w *worlds) runs(s *side) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.running[s.name] == s
}

func (s *side) idle(now time.Time) bool { return now.Sub(s.usedAt()) >= patience }

func (s *side) usedAt() time.Time { return time.Unix(0, s.used.Load()).UTC() }

// discard ends a world.
func (w *worlds) discard(s *side) {
	w.mu.Lock()
	known := w.running[s.name] == s
	if known {
		delete(w.running, s.name)
	}
	w.mu.Unlock()
	if !known {
		return
	}
	s.resetting.Lock()
	defer s.resetting.Unlock()
	last := s.current.Load()
	last.handler.retire(func(rw *httpapi.Held, r *http.Request, _ []byte, _ bool) { w.gone(rw, r, s.name) })
	w.copies.mu.Lock()
	defer w.copies.mu.Unlock()
	w.copies.discard(last)
}

// sweep ends worlds that nobody uses.
func (w *worlds) sweep(ctx context.Context) {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			now := w.machine.Now()
			for _, s := range w.all() {
				if s.idle(now) {
					w.discard(s)
				}
			}
		}
	}
}

// all are the running worlds by name.
func (w *worlds) all() []*side {
	w.mu.Lock()
	defer w.mu.Unlock()
	running := slices.Collect(maps.Values(w.running))
	running = slices.DeleteFunc(running, func(s *side) bool { return s.current.Load() == nil })
	slices.SortFunc(running, func(a, b *side) int { return cmp.Compare(a.name, b.name) })
	return running
}

// shownWorld is what is told of a world.
type shownWorld struct {
	Name    string    `json:"name"`
	BaseURL string    `json:"base_url"`
	MadeAt  time.Time `json:"made_at"`
	EndsAt  time.Time `json:"ends_at"` // unless it is used before
}

func (w *worlds) show(r *http.Request, s *side) shownWorld {
	return shownWorld{Name: s.name, BaseURL: w.own.handler.baseURL(r) + s.prefix, MadeAt: s.made, EndsAt: s.usedAt().Add(patience)}
}

func (w *worlds) list(rw http.ResponseWriter, r *http.Request) {
	shown := []shownWorld{}
	for _, s := range w.all() {
		shown = append(shown, w.show(r, s))
	}
	w.own.handler.write(rw, http.StatusOK, shown)
}

func (w *worlds) get(rw http.ResponseWriter, r *http.Request) {
	if s := w.find(r.PathValue("name")); s != nil {
		w.own.handler.write(rw, http.StatusOK, w.show(r, s))
		return
	}
	w.unknown(rw, r.PathValue("name"))
}

func (w *worlds) delete(rw http.ResponseWriter, r *http.Request) {
	s := w.find(r.PathValue("name"))
	if s == nil {
		w.unknown(rw, r.PathValue("name"))
		return
	}
	w.discard(s)
	rw.WriteHeader(http.StatusNoContent)
}

func unknownWorld(name string) error {
	return fmt.Errorf("no world %q is running: nobody has made it, or it was ended, or nobody used it for an hour; POST %s makes one", name, worldsPath)
}

func (w *worlds) unknown(rw http.ResponseWriter, name string) {
	w.own.handler.refuse(rw, http.StatusNotFound, unknownWorld(name))
}

// gone answers for a world that is not there, as its API would: clients of the API understand that.
func (w *worlds) gone(rw http.ResponseWriter, r *http.Request, name string) {
	about := &envelope.Request{URL: w.own.handler.baseURL(r) + r.URL.EscapedPath(), ID: uuid.NewString()}
	rw.Header().Set("X-Request-ID", about.ID)
	w.own.handler.write(rw, http.StatusNotFound, map[string]any{
		"meta":  envelope.Meta(envelope.WithRequest(r.Context(), about), http.StatusNotFound),
		"error": map[string]string{"type": "not_found", "message": unknownWorld(name).Error()},
	})
}

// namePattern is of names that need no escape in a path or a file.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

func (w *worlds) create(rw http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Name string `json:"name"`
	}
	if r.ContentLength != 0 {
		if err := decode(rw, r, &wanted); err != nil {
			w.own.handler.refuse(rw, http.StatusBadRequest, err)
			return
		}
	}
	if wanted.Name == "" {
		wanted.Name = strings.ToLower(rand.Text()[:12])
	}
	if !namePattern.MatchString(wanted.Name) {
		w.own.handler.refuse(rw, http.StatusUnprocessableEntity,
			fmt.Errorf("name: %q is not up to 63 of a-z, 0-9, _ and -, the first of them a letter or digit", wanted.Name))
		return
	}
	s, status, err := w.reserve(wanted.Name)
	if err != nil {
		w.own.handler.refuse(rw, status, err)
		return
	}
	if err := w.begin(r.Context(), s); err != nil {
		w.mu.Lock()
		delete(w.running, s.name)
		w.mu.Unlock()
		w.own.logger.ErrorContext(r.Context(), "a world could not be made", "error", err)
		w.own.handler.refuse(rw, http.StatusInternalServerError, errors.New("the world could not be made; see the log"))
		return
	}
	w.own.handler.write(rw, http.StatusCreated, w.show(r, s))
}

// reserve takes a name for a world that is about to be made.
func (w *worlds) reserve(name string) (s *side, status int, err error) {
	now := w.machine.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.ended:
		return nil, http.StatusServiceUnavailable, errors.New("the sandbox is about to end")
	case w.running[name] != nil:
		return nil, http.StatusConflict, fmt.Errorf("a world %q is running already", name)
	case len(w.running) >= maxWorlds:
		return nil, http.StatusServiceUnavailable, fmt.Errorf("%d worlds are running, and there is no room for more: end one with DELETE %s/{name}", maxWorlds, worldsPath)
	}
	s = &side{name: name, prefix: worldsPath + "/" + name, made: now}
	s.used.Store(now.UnixNano())
	w.running[name] = s
	return s, 0, nil
}

// begin gives a world its first server.
func (w *worlds) begin(ctx context.Context, s *side) error {
	fresh, err := w.copies.take(ctx)
	if err != nil {
		return err
	}
	s.recorder = w.own.handler.traffic.Another(fresh.clock)
	if err := w.open(ctx, s, fresh); err != nil {
		return errors.Join(err, w.copies.remove(ctx, fresh))
	}
	s.used.Store(w.machine.Now().UnixNano())
	s.current.Store(fresh)
	return nil
}

// open puts a server behind the address of a world.
func (w *worlds) open(ctx context.Context, s *side, fresh *replica) error {
	fresh.address = w.own.address + s.prefix
	base := strings.TrimSuffix(w.own.live.Get().PublicBaseURL, "/")
	cfg, err := fresh.live.Get().With(map[string]string{"PUBLIC_BASE_URL": base + s.prefix})
	if err != nil {
		return err
	}
	fresh.live.Set(cfg)
	err = fresh.open(context.WithoutCancel(ctx), s.recorder)
	if fresh.handler != nil {
		fresh.handler.ending = w.own.handler.closing
	}
	return err
}

// resetOf puts a new server in the place of that of a world: whoever comes later finds the new one.
func (w *worlds) resetOf(s *side) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		s.resetting.Lock()
		defer s.resetting.Unlock()
		if !w.runs(s) { // it was ended while this reset waited
			w.unknown(rw, s.name)
			return
		}
		old := s.current.Load()
		keep, err := kept(r)
		if err != nil {
			old.handler.refuse(rw, http.StatusBadRequest, err)
			return
		}
		ctx := context.WithoutCancel(r.Context())
		if err := w.replace(ctx, s, old, keep); err != nil {
			w.own.logger.ErrorContext(ctx, "reset failed", "error", err)
			old.handler.refuse(rw, http.StatusInternalServerError, errors.New("the world could not be made new; see the log"))
			return
		}
		rw.WriteHeader(http.StatusNoContent)
	}
}

func (w *worlds) replace(ctx context.Context, s *side, old *replica, keep bool) error {
	fresh, err := w.copies.take(ctx)
	if err != nil {
		return err
	}
	registered := &admin.Kept{}
	if keep {
		registered, err = old.handler.registry().Keep(ctx)
	}
	if err == nil {
		err = w.open(ctx, s, fresh)
	}
	if err == nil {
		err = fresh.handler.registry().Restore(ctx, registered)
	}
	if err != nil {
		return errors.Join(err, w.copies.remove(ctx, fresh))
	}
	s.recorder.Follow(fresh.clock)
	s.recorder.Log.Draw(s.recorder.Latest(), fresh.clock.Now())
	s.current.Store(fresh)
	old.handler.retire(fresh.handler.serve)
	w.copies.mu.Lock()
	defer w.copies.mu.Unlock()
	w.copies.discard(old)
	return nil
}

// end ends all worlds but the sandbox's own.
func (w *worlds) end(ctx context.Context) error {
	w.stop()
	w.swept.Wait()
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	for _, s := range w.all() {
		w.discard(s)
	}
	return w.copies.end(ctx)
}
