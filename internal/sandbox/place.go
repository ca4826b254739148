package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/httpapi"
	"esoz/internal/sandbox/authority"
	"esoz/internal/sandbox/traffic"
	"esoz/internal/sandbox/world"
)

// place is where a world lives: databases that are seeded with it, and what a server on them is like.
type place struct {
	environ []string // all of it
	world   *world.World
	clock   *clock.Clock
	logger  *slog.Logger
	memory  app.Memory         // of a server on a copy of the same databases; nil: there is none
	hook    func(jobID string) // jobs.Queue's, for tests
	address string             // where it is reached unless PUBLIC_BASE_URL says otherwise
	public  bool               // other machines reach it
}

func (p place) configuration() (*config.Config, error) {
	cfg, err := config.Load(p.environ)
	if err != nil {
		return nil, fmt.Errorf("configuration:\n%w", err)
	}
	return cfg, authority.TrustIn(cfg)
}

// server is an app of a place that nobody calls yet.
type server struct {
	place
	app     *app.App
	live    *config.Live
	metrics *prometheus.Registry
	dials   *Dials
	handler *Handler // once it is opened
}

// newServer makes the server of a place.
func newServer(ctx context.Context, p place) (*server, error) {
	cfg, err := p.configuration()
	if err != nil {
		return nil, err
	}
	s := &server{place: p, live: config.NewLive(cfg), metrics: prometheus.NewRegistry(), dials: NewDials()}
	s.app, err = app.New(ctx, app.Options{
		Config: s.live, Clock: p.clock, Logger: p.logger, ShowRules: true, Memory: p.memory, AfterHandler: p.hook, Registry: s.metrics, NotServed: notServed,
		Observe:    func(ctx context.Context, e httpapi.Exchange) { s.handler.traffic.Observe(ctx, e) },
		JobRefused: func(requestID string, refusal *fault.Error) { s.handler.traffic.JobRefused(requestID, refusal) },
		Fence:      func(work func() error) error { return s.handler.Fence(work) },
		Provider:   provider{dials: s.dials}, Jobs: s.dials, Requests: s.dials, Codes: s.dials.fixedCode,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// open makes the handler before a server, whose traffic is recorded, and starts background work. end comes after it, also
// when it fails.
func (s *server) open(ctx context.Context, recorder *traffic.Recorder) (err error) {
	s.handler, err = NewHandler(ctx, s.app, s.live, s.clock, s.world, recorder, s.dials, s.logger, s.address, s.public)
	if err != nil {
		return err
	}
	return s.app.Start(ctx)
}

// closing bounds how long the connections of a server may take to end.
const closing = 10 * time.Second

// end lets nobody wait any longer, stops background work and closes the connections of a server, opened or not.
func (s *server) end(ctx context.Context) error {
	var stopped error
	if s.handler != nil {
		s.handler.leave()
		stopped = within(ctx, s.live.Get().ShutdownTimeout, s.app.Stop)
	}
	return errors.Join(stopped, within(ctx, closing, s.app.Close))
}
