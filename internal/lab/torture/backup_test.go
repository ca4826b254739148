package torture

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// T26: packaging/backup under load, and packaging/restore into empty databases.
func TestBackup(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T26", "a backup of both databases that was made under load and restored has all that was acknowledged before it, and nothing by halves")
	rounds := amount(1, 5)
	for range rounds {
		r := newRig(t, rigOptions{Documents: documentsOfTests()})
		l := newLoad(t, r, flock{rows: amount(500, 4000), documents: amount(60, 600)})
		servers := []*server{l.serve("ENGINE_TIMEOUT=20s")}
		if documentsOfTests() != "" {
			servers = append(servers, l.serve("ENGINE_TIMEOUT=20s"))
		}
		l.start(8, servers...)
		wait(time.Second, 2*time.Second)
		before := l.acknowledgedSoFar()
		folder := filepath.Join(t.TempDir(), "backup")
		r.packaged("backup", folder)
		wait(time.Second, 2*time.Second)
		l.stop()
		r.stopServers()
		require.Greater(t, l.acknowledgements(), len(before), "nothing was acknowledged during the backup")

		r.loseDatabases()
		r.packaged("restore", folder)
		tr.add("acknowledged before the backup", len(before))
		tr.add("acknowledged while it was made and after it", l.forget(before))
		for _, s := range servers {
			s.start()
		}
		l.audit(true)
	}
	tr.add("backups restored", rounds)
}

// acknowledgedSoFar are the requests that a server has promised to have done.
func (l *load) acknowledgedSoFar() map[*sending]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[*sending]bool{}
	for _, s := range l.sent {
		if s.acknowledged() {
			all[s] = true
		}
	}
	return all
}

// forget makes unknown whether any other acknowledged request was done, and counts those.
func (l *load) forget(but map[*sending]bool) (forgotten int) {
	for _, s := range l.sent {
		if s.acknowledged() && !but[s] {
			s.status, s.id, s.jobs = noAnswer, "", nil
			forgotten++
		}
	}
	return forgotten
}

// loseDatabases leaves both databases empty.
func (r *rig) loseDatabases() {
	t := r.t
	t.Helper()
	r.pool.Reset()
	admin, err := pgx.Connect(t.Context(), r.engines.PostgresDSN)
	require.NoError(t, err)
	_, err = admin.Exec(t.Context(), "DROP DATABASE esoz WITH (FORCE)")
	require.NoError(t, err)
	require.NoError(t, admin.Close(t.Context()))
	_, err = r.engines.EnsureDatabase(t.Context(), "esoz")
	require.NoError(t, err)
	require.NoError(t, r.withDocuments(t.Context(), func(store *mongo.Database) error { return store.Drop(t.Context()) }))
}

// packaged runs a script of packaging/ with the settings of the rig's servers, one secret
// of which lies in a file.
func (r *rig) packaged(script string, args ...string) {
	t := r.t
	t.Helper()
	path := strings.Join([]string{dumpTools(t), filepath.Dir(program(t)), os.Getenv("PATH")}, ":")
	secret := filepath.Join(t.TempDir(), "database")
	require.NoError(t, os.WriteFile(secret, []byte(r.dsn+"\n"), 0o600))
	settings := slices.DeleteFunc(r.environ(freeAddress(t), "off"), func(s string) bool { return strings.HasPrefix(s, "DATABASE_URL=") })
	cmd := exec.Command(filepath.Join(repository, "packaging", script), args...)
	cmd.Env = append(settings, "DATABASE_URL_FILE="+secret, "PATH="+path, "HOME="+t.TempDir())
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
}

// dumpTools is a folder with a mongodump that copies the documents two seconds after
// pg_dump has begun, as that of a large database does. Where mongodump is not installed,
// a program of ours stands in.
func dumpTools(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	dump, restore := filepath.Join(folder, "documents"), filepath.Join(folder, "mongorestore")
	if installed, err := exec.LookPath("mongodump"); err == nil {
		dump = installed
	} else {
		build := exec.Command("go", "build", "-o", dump, "./documents")
		build.Dir = filepath.Join(repository, "internal", "lab")
		output, err := build.CombinedOutput()
		require.NoError(t, err, "%s", output)
		require.NoError(t, os.Symlink(dump, restore))
	}
	script := "#!/bin/sh\nsleep 2\nexec " + dump + ` "$@"` + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "mongodump"), []byte(script), 0o700))
	return folder
}
