package engines

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// helperDir makes the test binary start PostgreSQL in that folder and wait, so
// that a test has a process to kill.
const helperDir = "ESOZ_TEST_ENGINES_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		if err := serveHelper(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serveHelper(dir string) error {
	ctx := context.Background()
	e, err := Start(ctx, Options{Dir: dir, PostgresOnly: true})
	if err != nil {
		return err
	}
	fmt.Println(e.PostgresDSN)
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test closes it
	return e.Stop(ctx)
}

// helper starts the helper process and returns the DSN of its PostgreSQL.
func helper(t *testing.T, cmd *exec.Cmd, dir string) (dsn string, stdin io.Closer) {
	t.Helper()
	cmd.Env = append(os.Environ(), helperDir+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	dsn, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return dsn[:len(dsn)-1], in
}

func (p *postgres) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process.Pid
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func start(t *testing.T, opts Options) *Engines {
	t.Helper()
	opts.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	e, err := Start(testContext(t), opts)
	require.NoError(t, err)
	t.Cleanup(func() { stop(t, e) })
	return e
}

func stop(t *testing.T, e *Engines) {
	t.Helper()
	// The test's own context has ended when its clean-up runs.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	defer cancel()
	require.NoError(t, e.Stop(ctx))
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(testContext(t), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// write leaves a row that read finds again.
func write(t *testing.T, dsn string) {
	t.Helper()
	_, err := connect(t, dsn).Exec(testContext(t), "CREATE TABLE note AS SELECT 'Київ' AS text")
	require.NoError(t, err)
}

func read(t *testing.T, dsn string) string {
	t.Helper()
	var text string
	require.NoError(t, connect(t, dsn).QueryRow(testContext(t), "SELECT lower(text) FROM note").Scan(&text))
	return text
}

// withDocuments gives use a collection and disconnects afterwards.
func withDocuments(t *testing.T, uri string, use func(*mongo.Collection)) {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	require.NoError(t, err)
	use(client.Database("test").Collection("notes"))
	require.NoError(t, client.Disconnect(testContext(t)))
}

func insertDocument(t *testing.T, uri string) {
	t.Helper()
	withDocuments(t, uri, func(notes *mongo.Collection) {
		_, err := notes.InsertOne(testContext(t), bson.D{{Key: "_id", Value: "a"}, {Key: "text", Value: "Київ"}})
		require.NoError(t, err)
	})
}

func findDocument(t *testing.T, uri string) string {
	t.Helper()
	var found struct{ Text string }
	withDocuments(t, uri, func(notes *mongo.Collection) {
		require.NoError(t, notes.FindOne(testContext(t), bson.D{{Key: "_id", Value: "a"}}).Decode(&found))
	})
	return found.Text
}
