package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/sms"
	"esoz/internal/platform/sms/twilio"
)

type serveCommand struct{}

// Run serves until a signal, then lets requests and jobs under way finish.
func (serveCommand) Run(ctx context.Context) (err error) {
	cfg, err := config.Load(os.Environ())
	if err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	if cfg.Signature != config.SignatureCMS {
		return fmt.Errorf("configuration:\nSIGNATURE=%s: unsigned content is for a sandbox; esoz serve takes cms only", cfg.Signature)
	}
	logger := app.NewLogger(os.Stderr, cfg)
	app.LimitMemory(logger)
	stopTracing, err := app.StartTracing(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopTracing(context.WithoutCancel(ctx))) }()

	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a, err := app.New(ctx, app.Options{
		Config: config.NewLive(cfg), Clock: clock.New(), Logger: logger, Registry: registry, Provider: provider(cfg),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
	unknown := checkDocuments(ctx, a.Mongo, cfg)
	if errors.Is(unknown, errFerretDB1) {
		return unknown
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.ShutdownTimeout)
		defer cancel()
		err = errors.Join(err, a.Stop(stopping))
	}()

	public, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.ListenAddr)
	if err != nil {
		return fmt.Errorf("LISTEN_ADDR: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.Serve(ctx, public, a.Handler, registry) })
	if unknown != nil {
		logger.WarnContext(ctx, "the document store is away", "error", unknown)
		group.Go(func() error { return checkDocumentsLater(ctx, a.Mongo, cfg) })
	}
	for _, warning := range cfg.Warnings() {
		logger.WarnContext(ctx, warning)
	}
	roomForGarbage()
	logger.InfoContext(ctx, "serving", "address", public.Addr().String())
	return group.Wait()
}

// garbagePercent is GOGC where nothing is said. What lives is small (the
// contract, dictionaries, addresses) and a request leaves some 50 KB behind: with
// Go's own 100 collecting costs three times as much (docs/performance.md).
const garbagePercent = 400

// roomForGarbage frees what reading the contract and the engines' first answers
// left, and then lets garbage gather. GOGC and GOMEMLIMIT keep their meaning.
func roomForGarbage() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.FreeOSMemory()
	debug.SetGCPercent(garbagePercent)
}

func provider(cfg *config.Config) sms.Provider {
	if cfg.SMSProvider == config.SMSTwilio {
		return twilio.New(cfg.TwilioAccountSID, string(cfg.TwilioAuthToken), cfg.TwilioFrom)
	}
	return sms.Log{}
}
