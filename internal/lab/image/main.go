// Image writes the OCI image of the sandbox without a daemon, and unpacks one for runc.
//
//	image write -rootfs FOLDER -programs bin/programs/linux_amd64 -time SECONDS -out FOLDER
//	image bundle -tmpfs /data -out FOLDER LAYOUT [ARGUMENT ...]
//
// write leaves an OCI layout in oci/ and a file for docker load. The same rootfs and program give the same digest: owners,
// times and what each installation makes anew (keys, caches, logs) are left out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"esoz/openapi"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, said io.Writer) error {
	if len(args) == 0 {
		return errors.New("usage: image write … | image bundle …")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	out := flags.String("out", "", "folder to write into")
	switch args[0] {
	case "write":
		var s sources
		flags.StringVar(&s.rootfs, "rootfs", "", "folder with a system that PostgreSQL is installed in")
		flags.StringVar(&s.programs, "programs", "", "folder with the programs of this platform")
		flags.StringVar(&s.docs, "docs", ".", "folder with LICENSE")
		seconds := flags.Int64("time", 0, "seconds since 1970 that everything is dated")
		flags.StringVar(&s.revision, "revision", "", "commit that the programs were built from")
		if err := flags.Parse(args[1:]); err != nil {
			return err //nolint:wrapcheck // flag has said it
		}
		s.time = time.Unix(*seconds, 0).UTC()
		s.version, _, _ = strings.Cut(openapi.Version(), " ")
		return s.write(*out, said)
	case "bundle":
		tmpfs := flags.String("tmpfs", "", "folders in memory, comma-separated")
		if err := flags.Parse(args[1:]); err != nil {
			return err //nolint:wrapcheck // flag has said it
		}
		if flags.NArg() == 0 {
			return errors.New("bundle: name the layout")
		}
		return bundle(ctx, flags.Arg(0), *out, strings.Split(*tmpfs, ","), flags.Args()[1:])
	}
	return fmt.Errorf("%q is no command of mine", args[0])
}

// sources are what an image is made of.
type sources struct {
	rootfs, programs, docs string
	version, revision      string
	time                   time.Time
}

// user runs the sandbox. PostgreSQL refuses root, and initdb a user without a name.
const (
	user = 1000
	data = "/data"
)

// write writes the image into a folder.
func (s *sources) write(out string, said io.Writer) (err error) {
	work, err := os.MkdirTemp("", "esoz-image-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	img, err := s.image(work)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(out, "oci")); err != nil {
		return fmt.Errorf("empty %s: %w", out, err)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	path, err := layout.Write(filepath.Join(out, "oci"), empty.Index)
	if err != nil {
		return fmt.Errorf("write the layout: %w", err)
	}
	err = path.AppendImage(img, layout.WithPlatform(v1.Platform{OS: "linux", Architecture: runtime.GOARCH}),
		layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": s.version}))
	if err != nil {
		return fmt.Errorf("write the layout: %w", err)
	}
	tag, err := name.NewTag("esoz-sandbox:" + s.version)
	if err != nil {
		return fmt.Errorf("name the image: %w", err)
	}
	file := filepath.Join(out, fmt.Sprintf("esoz-sandbox_%s_linux_%s.docker.tar", s.version, runtime.GOARCH))
	if err := tarball.WriteToFile(file, tag, img); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	digest, err := img.Digest()
	if err != nil {
		return fmt.Errorf("sum up the image: %w", err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("look at what was written: %w", err)
	}
	_, err = fmt.Fprintf(said, "%s  %s, %.1f MB\n", digest, filepath.Base(file), float64(info.Size())/1e6)
	return err //nolint:wrapcheck // of standard output
}

// image puts the system and the program into layers of their own: the program changes oftener.
func (s *sources) image(work string) (v1.Image, error) {
	system, err := s.systemLayer(filepath.Join(work, "system.tar.gz"))
	if err != nil {
		return nil, err
	}
	program, err := s.programLayer(filepath.Join(work, "program.tar.gz"))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	created := v1.Time{Time: s.time}
	img, err = mutate.Append(img,
		mutate.Addendum{Layer: system, History: v1.History{Created: created, CreatedBy: "debootstrap, with PostgreSQL"}},
		mutate.Addendum{Layer: program, History: v1.History{Created: created, CreatedBy: "esoz-sandbox " + s.version}})
	if err != nil {
		return nil, fmt.Errorf("put the layers together: %w", err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("configure the image: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", runtime.GOARCH, created
	config.Config = v1.Config{
		User: fmt.Sprintf("%d:%d", user, user), WorkingDir: data,
		Env:        []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + data, "LC_ALL=C.UTF-8"},
		Entrypoint: []string{"/usr/local/bin/esoz-sandbox"},
		// Arguments take the place of these.
		Cmd:          []string{"--listen", "0.0.0.0:8080", "--i-know-this-is-public", "--data", data},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}}, Volumes: map[string]struct{}{data: {}}, StopSignal: "SIGTERM",
		Labels: map[string]string{
			"org.opencontainers.image.title":       "esoz-sandbox",
			"org.opencontainers.image.description": "Ukraine's eHealth API with databases and a seeded world, in one process",
			"org.opencontainers.image.licenses":    "Apache-2.0",
			"org.opencontainers.image.version":     s.version,
			"org.opencontainers.image.revision":    s.revision,
			"org.opencontainers.image.created":     s.time.Format(time.RFC3339),
		},
	}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		return nil, fmt.Errorf("configure the image: %w", err)
	}
	return img, nil
}
