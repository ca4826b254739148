package engines

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

func TestEphemeralEnginesLeaveNothing(t *testing.T) {
	t.Parallel()
	e := start(t, Options{Ephemeral: true})
	write(t, e.PostgresDSN)
	insertDocument(t, e.MongoURI)
	require.Equal(t, "київ", read(t, e.PostgresDSN))
	require.Equal(t, "Київ", findDocument(t, e.MongoURI))

	pid, sockets := e.postgres.pid(), e.postgres.sockets // none on Windows
	stop(t, e)
	require.False(t, processExists(pid))
	require.NoDirExists(t, e.Dir)
	require.NoDirExists(t, sockets)
	stop(t, e) // again, without effect
}

func TestRestartKeepsData(t *testing.T) {
	t.Parallel()
	// A path as people have it.
	dir := filepath.Join(t.TempDir(), "Мої проєкти", ".esoz")
	first := start(t, Options{Dir: dir})
	write(t, first.PostgresDSN)
	insertDocument(t, first.MongoURI)
	stop(t, first)

	second := start(t, Options{Dir: dir})
	require.Equal(t, "київ", read(t, second.PostgresDSN))
	require.Equal(t, "Київ", findDocument(t, second.MongoURI))
}

// A kill -9 of ourselves: the server ends too, and the next start, which may
// come while it still does, finds the data.
func TestKilledProcessLeavesUsableFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.CommandContext(testContext(t), os.Args[0])
	dsn, _ := helper(t, cmd, dir)
	write(t, dsn)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	e := start(t, Options{Dir: dir, PostgresOnly: true})
	require.Equal(t, "київ", read(t, e.PostgresDSN))
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, Options{Dir: dir, PostgresOnly: true})

	_, err := Start(testContext(t), Options{Dir: dir})
	var inUse *InUseError
	require.ErrorAs(t, err, &inUse)
	require.Equal(t, dir, inUse.Dir)
	require.ErrorContains(t, err, "is in use by process "+inUse.PID)
}

func TestDatabases(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	e := start(t, Options{Ephemeral: true, PostgresOnly: true})
	template, err := e.EnsureDatabase(ctx, "Template \"1\"")
	require.NoError(t, err)
	conn := connect(t, template)
	_, err = conn.Exec(ctx, "CREATE TABLE note AS SELECT 'Київ' AS text")
	require.NoError(t, err)
	require.NoError(t, conn.Close(ctx))
	again, err := e.EnsureDatabase(ctx, "Template \"1\"")
	require.NoError(t, err)
	require.Equal(t, template, again)

	// Tests clone their databases side by side.
	var clones errgroup.Group
	for _, name := range []string{"a", "b", "c", "d"} {
		clones.Go(func() error {
			_, err := e.CloneDatabase(ctx, "Template \"1\"", name)
			return err
		})
	}
	require.NoError(t, clones.Wait())
	require.Equal(t, "київ", read(t, e.DSN("d")))
	require.NoError(t, e.DropDatabase(ctx, "d")) // read's connection is still open
	require.NoError(t, e.DropDatabase(ctx, "d"))
}

func TestSweepRemovesAbandonedFoldersOnly(t *testing.T) {
	t.Parallel()
	folder := func() string {
		dir, err := os.MkdirTemp("", ephemeralPrefix)
		require.NoError(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		return dir
	}
	used, fresh, abandoned := folder(), folder(), folder()
	held, err := lockFolder(used)
	require.NoError(t, err)
	t.Cleanup(func() { _ = held.Close() })
	lock, err := lockFolder(abandoned)
	require.NoError(t, err)
	require.NoError(t, lock.Close())

	sweep()
	require.DirExists(t, used)
	require.DirExists(t, fresh)
	require.NoDirExists(t, abandoned)
}

func TestUnfitFolderIsRefused(t *testing.T) {
	t.Parallel()
	_, err := Start(testContext(t), Options{Dir: filepath.Join(t.TempDir(), "100%")})
	require.ErrorContains(t, err, "choose another")
}
