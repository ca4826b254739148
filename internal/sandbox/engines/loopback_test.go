package engines

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// On loopback other users of the machine reach PostgreSQL, and do not get in.
func TestLoopbackAsksForThePassword(t *testing.T) {
	t.Parallel()
	ctx, dir := testContext(t), t.TempDir()
	e := start(t, Options{Dir: dir, Loopback: true})
	write(t, e.PostgresDSN)
	insertDocument(t, e.MongoURI)
	for _, dsn := range []string{e.PostgresDSN, e.MongoURI} {
		address, err := url.Parse(dsn)
		require.NoError(t, err)
		require.Equal(t, "127.0.0.1", address.Hostname())
	}

	address, err := url.Parse(e.PostgresDSN)
	require.NoError(t, err)
	for _, user := range []*url.Userinfo{url.User("esoz"), url.UserPassword("esoz", "guess"), url.UserPassword("postgres", "")} {
		address.User = user
		_, err = pgx.Connect(ctx, address.String())
		require.ErrorContains(t, err, "28P01")
	}
	stop(t, e)

	// The data stay, behind the same password.
	e = start(t, Options{Dir: dir, Loopback: true})
	require.Equal(t, "київ", read(t, e.PostgresDSN))
	require.Equal(t, "Київ", findDocument(t, e.MongoURI))
	stop(t, e)

	require.NoError(t, os.Remove(filepath.Join(dir, passwordFile)))
	_, err = Start(ctx, Options{Dir: dir, Loopback: true})
	require.ErrorContains(t, err, "which held it, is gone")
}
