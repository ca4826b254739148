package testkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"esoz/internal/sandbox/engines"
)

// storesAt names the socket at which WithEngines makes document stores: in the test's own process the race detector would
// watch them, which takes several times as long.
const storesAt = "ESOZ_TEST_STORES"

// store is a document store of one test, or of the template.
type store struct {
	URI  string `json:"uri"`
	Dir  string `json:"dir"`
	stop func(ctx context.Context, remove bool) error
}

// stores makes document stores.
type stores interface {
	// start makes a copy of the store whose folder is from, or an empty one when from is "".
	start(ctx context.Context, from, name string) (*store, error)
	close() error
}

// newStores makes stores in the process that the environment names, else in this one.
func newStores() (stores, error) {
	if socket := os.Getenv(storesAt); socket != "" {
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}
		return &remoteStores{&http.Client{Transport: &http.Transport{DialContext: dial}}}, nil
	}
	here, remove, err := engines.TemporaryStores(slog.New(ears.handler()))
	if err != nil {
		return nil, fmt.Errorf("make document stores: %w", err)
	}
	return &ownStores{here, remove}, nil
}

// ownStores are in this process.
type ownStores struct {
	*engines.Stores
	remove func() error
}

func (s *ownStores) start(_ context.Context, from, name string) (*store, error) {
	d, err := s.Copy(from, name)
	if err != nil {
		return nil, fmt.Errorf("start a document store: %w", err)
	}
	return &store{URI: d.URI, Dir: d.Dir, stop: func(ctx context.Context, remove bool) error {
		err := d.Stop(ctx)
		if remove {
			err = errors.Join(err, d.Remove())
		}
		return err
	}}, nil
}

func (s *ownStores) close() error { return s.remove() }

// remoteStores are in the process of WithEngines.
type remoteStores struct{ http *http.Client }

func (s *remoteStores) start(ctx context.Context, from, name string) (*store, error) {
	made := &store{}
	if err := s.ask(ctx, http.MethodPost, "/"+name+"?"+url.Values{"from": {from}}.Encode(), made); err != nil {
		return nil, fmt.Errorf("start a document store: %w", err)
	}
	made.stop = func(ctx context.Context, remove bool) error {
		return s.ask(ctx, http.MethodDelete, fmt.Sprintf("/%s?remove=%t", name, remove), nil)
	}
	return made, nil
}

func (s *remoteStores) ask(ctx context.Context, method, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://stores"+path, http.NoBody) //nolint:gosec // of a socket of ours
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	response, err := s.http.Do(request) //nolint:gosec // as above
	if err != nil {
		return err //nolint:wrapcheck // it names method and path
	}
	defer func() { _ = response.Body.Close() }() // it was read
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

func (s *remoteStores) close() error {
	s.http.CloseIdleConnections()
	return nil
}

// serveStores makes document stores for other processes until close.
func serveStores(ctx context.Context) (own stores, socket string, close func() error, err error) {
	here, remove, err := engines.TemporaryStores(slog.New(ears.handler()))
	if err != nil {
		return nil, "", nil, fmt.Errorf("make document stores: %w", err)
	}
	folder, err := os.MkdirTemp("", "esoz-stores-")
	if err != nil {
		return nil, "", nil, errors.Join(fmt.Errorf("make a folder: %w", err), remove())
	}
	socket = filepath.Join(folder, "sock")
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return nil, "", nil, errors.Join(fmt.Errorf("listen for test processes: %w", err), remove(), os.RemoveAll(folder))
	}
	own = &ownStores{here, remove}
	server := &http.Server{Handler: &storesHandler{own: own, running: map[string]*store{}}, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // it ends with close
	return own, socket, func() error { return errors.Join(server.Close(), remove(), os.RemoveAll(folder)) }, nil
}

type storesHandler struct {
	own     stores
	mu      sync.Mutex
	running map[string]*store
}

// ServeHTTP starts a store for POST /{name}?from=, and stops it for DELETE /{name}?remove=.
func (h *storesHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, query := r.URL.Path[1:], r.URL.Query()
	if r.Method == http.MethodPost {
		made, err := h.own.start(r.Context(), query.Get("from"), name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		h.mu.Lock()
		h.running[name] = made
		h.mu.Unlock()
		_ = json.NewEncoder(w).Encode(made) // a test process that went away
		return
	}
	h.mu.Lock()
	s := h.running[name]
	delete(h.running, name)
	h.mu.Unlock()
	if s == nil {
		http.NotFound(w, r)
		return
	}
	if err := s.stop(r.Context(), query.Get("remove") == "true"); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
