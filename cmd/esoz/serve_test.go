package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// serve runs the command with the settings of s and more, until it is ready.
func serve(t *testing.T, s *testkit.Server, more map[string]string) error {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	admin := listener.Addr().String()
	require.NoError(t, listener.Close())
	cfg := s.Config.Get()
	for name, value := range map[string]string{
		"DATABASE_URL": string(cfg.DatabaseURL), "DATABASE_MAX_CONNS": "4",
		"MONGO_URL": string(cfg.MongoURL), "MONGO_DATABASE": cfg.MongoDatabase,
		"SERVER_KEY": string(cfg.ServerKey), "PERSON_PK_KEYPHRASE": string(cfg.PersonPKKey),
		"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": admin, "LOG_LEVEL": "error", "SHUTDOWN_DELAY": "0s",
	} {
		t.Setenv(name, value)
	}
	for name, value := range more {
		t.Setenv(name, value)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- serveCommand{}.Run(ctx) }()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			require.NoError(t, ctx.Err(), "the server was not ready in time")
			return err
		case <-ticker.C:
			if response, err := http.Get("http://" + admin + "/readyz"); err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusNoContent {
				stop()
				return <-ended
			}
		}
	}
}

// A server uses FerretDB 1 only where the settings say that it is alone there.
func TestFerretDB1IsRefused(t *testing.T) {
	s := testkit.New(t, testkit.Idle())
	ferretDB1, err := mongodb.IsFerretDB1(t.Context(), s.Mongo)
	require.NoError(t, err)
	if !ferretDB1 {
		require.NoError(t, serve(t, s, nil))
		return
	}
	require.ErrorIs(t, serve(t, s, nil), errFerretDB1)

	alone := map[string]string{"FERRETDB1": string(config.FerretDB1SingleProcess)}
	require.NoError(t, serve(t, s, alone))

	alone["MONGO_URL"] = strings.Replace(string(s.Config.Get().MongoURL), "maxPoolSize=1", "maxPoolSize=2", 1)
	err = serve(t, s, alone)
	require.ErrorIs(t, err, errFerretDB1)
	require.ErrorContains(t, err, "maxPoolSize=1")
}

// Unsigned content is for a sandbox: a server does not start with it.
func TestUnsignedContentIsRefused(t *testing.T) {
	s := testkit.New(t, testkit.Idle())
	for _, mode := range []string{"auto", "plain"} {
		require.ErrorContains(t, serve(t, s, map[string]string{"SIGNATURE": mode}), "SIGNATURE="+mode)
	}
}

// A store that is away when the server starts is checked when it comes back.
func TestFerretDB1IsRefusedLater(t *testing.T) {
	s := testkit.New(t, testkit.Idle())
	ferretDB1, err := mongodb.IsFerretDB1(t.Context(), s.Mongo)
	require.NoError(t, err)
	away, err := mongodb.Open("mongodb://127.0.0.1:1/", "nothing", time.Millisecond)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, mongodb.Close(context.Background(), away)) })
	err = checkDocuments(t.Context(), away, s.Config.Get())
	require.Error(t, err)
	require.NotErrorIs(t, err, errFerretDB1)

	err = checkDocumentsLater(t.Context(), s.Mongo, s.Config.Get())
	require.Equal(t, ferretDB1, err != nil)
	if ferretDB1 {
		require.ErrorIs(t, err, errFerretDB1)
	}
}

// The start names settings that hardly fit a server that others use.
func TestStartWarns(t *testing.T) {
	s := testkit.New(t, testkit.Idle())
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	defer file.Close()
	stderr := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = stderr }()
	require.NoError(t, serve(t, s, map[string]string{"LOG_LEVEL": "warn", "FERRETDB1": string(config.FerretDB1SingleProcess)}))
	log, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	require.Contains(t, string(log), "SMS_PROVIDER=log: ")
	require.Contains(t, string(log), "PUBLIC_BASE_URL=http://127.0.0.1:8080: ")
}
