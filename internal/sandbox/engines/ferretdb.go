package engines

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// Documents is a FerretDB that serves one folder of SQLite files.
type Documents struct {
	// URI connects to it. What [Engines.MongoURI] says of clients holds for it.
	URI string

	// Dir is the folder, which can be copied from after Stop.
	Dir string

	cancel context.CancelFunc
	done   chan struct{}
}

// ferretdb.New writes to a variable of its package.
var newFerretDB sync.Mutex

// Stores starts document stores in one folder.
type Stores struct {
	dir     string // of the stores' folders
	sockets string
	log     *slog.Logger
}

// TemporaryStores makes a folder for stores without other engines. close removes it.
func TemporaryStores(log *slog.Logger) (s *Stores, close func() error, err error) {
	dir, err := os.MkdirTemp("", ephemeralPrefix)
	if err != nil {
		return nil, nil, fmt.Errorf("make temporary folder for documents: %w", err)
	}
	s = &Stores{dir: dir, log: log}
	if runtime.GOOS != "windows" {
		s.sockets = dir
	}
	return s, func() error { return os.RemoveAll(dir) }, nil
}

// Copy starts a store. name is not that of another one. It begins with what lies in a folder,
// or empty when from is "", and never waits for the disk.
func (s *Stores) Copy(from, name string) (*Documents, error) {
	if from != "" {
		if _, err := s.Keep(from, name); err != nil {
			return nil, err
		}
	}
	return startDocuments(filepath.Join(s.dir, name), s.socket(name), true, s.log)
}

// Keep copies the folder of a store, to be copied from. No client of the store may be
// connected.
func (s *Stores) Keep(from, name string) (dir string, err error) {
	dir = filepath.Join(s.dir, name)
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		return "", fmt.Errorf("copy documents: %w", err)
	}
	return dir, nil
}

// Remove deletes the folder. Stop comes first.
func (d *Documents) Remove() error {
	if err := os.RemoveAll(d.Dir); err != nil {
		return fmt.Errorf("remove documents: %w", err)
	}
	return nil
}

// socket is where the store of a name listens; "": on 127.0.0.1, where there are no sockets.
func (s *Stores) socket(name string) string {
	if s.sockets == "" {
		return ""
	}
	return filepath.Join(s.sockets, name+mongoEnding)
}

// startDocuments listens on a socket, or on 127.0.0.1 when it has no path.
func startDocuments(dir, socket string, fast bool, log *slog.Logger) (*Documents, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder for documents: %w", err)
	}
	listener := ferretdb.ListenerConfig{TCP: "127.0.0.1:0"}
	if socket != "" {
		listener = ferretdb.ListenerConfig{Unix: socket}
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
	if socket != "" {
		address = "mongodb://" + url.PathEscape(socket) + "/"
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := &Documents{
		URI:    address + "?directConnection=true&maxPoolSize=1",
		Dir:    dir,
		cancel: cancel,
		done:   make(chan struct{}),
	}
	go func() {
		defer close(d.done)
		_ = db.Run(ctx) // it only ever returns nil, after ctx has ended
	}()
	return d, nil
}

// Stop ends it. Disconnect clients first.
func (d *Documents) Stop(ctx context.Context) error {
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
