package engines

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// documents is a FerretDB that serves one folder of SQLite files.
type documents struct {
	uri    string
	cancel context.CancelFunc
	done   chan struct{}
}

// ferretdb.New writes to a variable of its package.
var newFerretDB sync.Mutex

// startDocuments listens in the folder of sockets, or on 127.0.0.1 when there is none.
func startDocuments(dir, sockets string, fast bool, log *slog.Logger) (*documents, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder for documents: %w", err)
	}
	listener := ferretdb.ListenerConfig{TCP: "127.0.0.1:0"}
	if sockets != "" {
		listener = ferretdb.ListenerConfig{Unix: filepath.Join(sockets, mongoSocket)}
	}

	newFerretDB.Lock()
	db, err := ferretdb.New(&ferretdb.Config{
		Listener:  listener,
		Logger:    slog.New(errorsOnly{log.Handler()}).With("engine", "ferretdb"),
		Handler:   "sqlite",
		SQLiteURL: sqliteURI(dir, fast),
	})
	newFerretDB.Unlock()
	if err != nil {
		return nil, fmt.Errorf("start FerretDB: %w", err)
	}

	address := db.MongoDBURI() // which does not escape the path of a socket
	if sockets != "" {
		address = "mongodb://" + url.PathEscape(listener.Unix) + "/"
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := &documents{
		uri:    address + "?directConnection=true&maxPoolSize=1",
		cancel: cancel,
		done:   make(chan struct{}),
	}
	go func() {
		defer close(d.done)
		_ = db.Run(ctx) // it only ever returns nil, after ctx has ended
	}()
	return d, nil
}

func (d *documents) stop(ctx context.Context) error {
	d.cancel()
	select {
	case <-d.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop FerretDB: %w", ctx.Err())
	}
}

// fitForDocuments refuses what FerretDB would misread: it hands the path to
// SQLite as a part of a URI, unescaped.
func fitForDocuments(dir string) error {
	if strings.ContainsAny(dir, "?#%") {
		return fmt.Errorf("FerretDB cannot work in %s, because of a ?, # or %% in the path: choose another data folder", dir)
	}
	if len(dir) > maxDataPath {
		return fmt.Errorf("FerretDB cannot work in a data folder whose path has more than %d bytes, and this one has %d: choose another data folder", maxDataPath, len(dir))
	}
	return nil
}

// maxDataPath leaves room for the names of files: SQLite takes 512 bytes.
const maxDataPath = 400

func sqliteURI(dir string, fast bool) string {
	dir = filepath.ToSlash(dir)
	if fast {
		return "file:" + dir + "/?_pragma=synchronous(off)"
	}
	return "file:" + dir + "/"
}

// errorsOnly drops what FerretDB says below an error: a line per connection,
// and a warning with the whole answer, documents included, for every command
// that fails.
type errorsOnly struct{ slog.Handler }

func (h errorsOnly) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError && h.Handler.Enabled(ctx, level)
}

func (h errorsOnly) WithAttrs(attrs []slog.Attr) slog.Handler {
	return errorsOnly{h.Handler.WithAttrs(attrs)}
}

func (h errorsOnly) WithGroup(name string) slog.Handler {
	return errorsOnly{h.Handler.WithGroup(name)}
}
