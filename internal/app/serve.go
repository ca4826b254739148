package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"esoz/internal/platform/config"
)

// Limits of a connection, whatever a client does with it.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 2 * time.Minute // of the longest poll and the longest profile, with room
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
)

// Serve answers on the public listener, and on ADMIN_ADDR when there is one, until
// ctx ends. Then /readyz says so, and proxies have SHUTDOWN_DELAY to send requests
// elsewhere; these are still answered, but each answer ends its connection. At last
// requests under way finish. The admin address ends after the public one.
func (a *App) Serve(ctx context.Context, public net.Listener, handler http.Handler, metrics prometheus.Gatherer) error {
	cfg, logger := a.opts.Config.Get(), a.opts.Logger
	group, ctx := errgroup.WithContext(ctx)
	later := context.WithoutCancel(ctx)
	ending, end := context.WithCancel(later)
	ended, afterEnd := context.WithCancel(later)
	if cfg.AdminAddr != config.AdminOff {
		admin, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.AdminAddr)
		if err != nil {
			end()
			afterEnd()
			return errors.Join(fmt.Errorf("ADMIN_ADDR: %w", err), public.Close())
		}
		group.Go(func() error { return Serve(ended, admin, a.AdminHandler(metrics), cfg.ShutdownTimeout, logger) })
	}
	context.AfterFunc(ctx, func() {
		a.stopping.Store(true)
		time.AfterFunc(cfg.ShutdownDelay, end)
	})
	group.Go(func() error {
		defer afterEnd()
		return Serve(ending, public, a.leaving(handler), cfg.ShutdownTimeout, logger)
	})
	return group.Wait()
}

// leaving asks clients of a stopping server to connect again, elsewhere.
func (a *App) leaving(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, r)
	})
}

// Serve answers on the listener until ctx ends, then lets requests under way
// finish, for as long as patience.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, patience time.Duration, logger *slog.Logger) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		DisableGeneralOptionsHandler: true, // OPTIONS * is no operation of the contract
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return errors.Join(fmt.Errorf("let requests finish: %w", err), server.Close())
	}
	return nil
}

// AdminHandler serves what operators need and nobody else may see: metrics,
// health and profiles.
func (a *App) AdminHandler(metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if a.stopping.Load() {
			http.Error(w, "stopping", http.StatusServiceUnavailable)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := a.Ready(ctx); err != nil {
			a.opts.Logger.WarnContext(ctx, "not ready", "error", err)
			reason := "an engine does not answer"
			if errors.Is(err, ErrOldTables) {
				reason = ErrOldTables.Error()
			}
			http.Error(w, reason, http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return OwnVisitors(mux, a.opts.Config, a.opts.Config.Get().AdminAddr)
}
