package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// belowRoot is how many users the container has beside root, who is the plain user outside.
const belowRoot = 1 << 16

// bundle unpacks the image of a layout for runc, run by a plain user: a system that cannot be written, folders in memory,
// and the network of the machine. Arguments take the place of the image's.
func bundle(ctx context.Context, from, out string, tmpfs, args []string) error {
	index, err := layout.ImageIndexFromPath(from)
	if err != nil {
		return fmt.Errorf("read the layout: %w", err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return fmt.Errorf("read the layout: %w", err)
	}
	if len(manifest.Manifests) != 1 {
		return fmt.Errorf("the layout has %d images, not one", len(manifest.Manifests))
	}
	img, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		return fmt.Errorf("read the image: %w", err)
	}
	root := filepath.Join(out, "rootfs")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	files := mutate.Extract(img)
	unpack := exec.CommandContext(ctx, "tar", "-x", "--no-same-owner", "-p", "-C", root)
	unpack.Stdin, unpack.Stderr = files, os.Stderr
	if err := errors.Join(unpack.Run(), files.Close()); err != nil {
		return fmt.Errorf("unpack the image: %w", err)
	}
	for _, folder := range tmpfs { // runc gives what it mounts the mode of the folder below
		if err := os.Chmod(filepath.Join(root, folder), 0o777|os.ModeSticky); err != nil {
			return fmt.Errorf("open a folder in memory to all: %w", err)
		}
	}
	config, err := img.ConfigFile()
	if err != nil {
		return fmt.Errorf("read the image: %w", err)
	}
	spec, err := plainSpec(ctx, out)
	if err != nil {
		return err
	}
	uid, gid, err := userOf(config.Config)
	if err != nil {
		return err
	}
	apply(spec, config.Config, uid, gid, tmpfs, args)
	if err := mapUsers(spec.Linux); err != nil {
		return err
	}
	text, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the bundle's settings: %w", err)
	}
	if err := os.WriteFile(filepath.Join(out, "config.json"), text, 0o600); err != nil {
		return fmt.Errorf("write the bundle's settings: %w", err)
	}
	return nil
}

// plainSpec is what runc would do for a plain user.
func plainSpec(ctx context.Context, folder string) (*specs.Spec, error) {
	asked := exec.CommandContext(ctx, "runc", "spec", "--rootless", "--bundle", folder)
	asked.Stderr = os.Stderr
	if err := asked.Run(); err != nil {
		return nil, fmt.Errorf("ask runc for settings: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "config.json"))
	if err != nil {
		return nil, fmt.Errorf("read runc's settings: %w", err)
	}
	var spec specs.Spec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, fmt.Errorf("read runc's settings: %w", err)
	}
	return &spec, nil
}

// userOf reads the user and the group of an image.
func userOf(image v1.Config) (uid, gid uint32, err error) {
	if _, err := fmt.Sscanf(image.User, "%d:%d", &uid, &gid); err != nil {
		return 0, 0, fmt.Errorf("read the image's user %q: %w", image.User, err)
	}
	return uid, gid, nil
}

// apply puts what the image says into the settings.
func apply(spec *specs.Spec, image v1.Config, uid, gid uint32, tmpfs, args []string) {
	if len(args) == 0 {
		args = image.Cmd
	}
	spec.Root = &specs.Root{Path: "rootfs", Readonly: true}
	spec.Process.Terminal = false
	spec.Process.Args = append(slices.Clone(image.Entrypoint), args...)
	spec.Process.Env, spec.Process.Cwd = image.Env, image.WorkingDir
	spec.Process.User = specs.User{UID: uid, GID: gid}
	spec.Process.Capabilities = &specs.LinuxCapabilities{}
	spec.Process.Rlimits = nil
	for _, folder := range tmpfs {
		spec.Mounts = append(spec.Mounts, specs.Mount{
			Destination: folder, Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "nodev", "noexec", "mode=1777"},
		})
	}
	spec.Linux.Namespaces = slices.DeleteFunc(spec.Linux.Namespaces, func(n specs.LinuxNamespace) bool { return n.Type == specs.NetworkNamespace })
}

// mapUsers gives the container its users: root is who starts it, others come from that user's share of ids.
func mapUsers(to *specs.Linux) (err error) {
	below := specs.LinuxIDMapping{ContainerID: 1, Size: belowRoot}
	for _, one := range []struct {
		file string
		to   *[]specs.LinuxIDMapping
	}{{"/etc/subuid", &to.UIDMappings}, {"/etc/subgid", &to.GIDMappings}} {
		if below.HostID, err = subordinate(one.file, os.Getenv("USER")); err != nil {
			return err
		}
		*one.to = append(*one.to, below)
	}
	return nil
}

// subordinate is the first id that a user may give to others in a container.
func subordinate(file, name string) (uint32, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read which ids are %s's: %w", name, err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) != 3 || fields[0] != name {
			continue
		}
		first, err := strconv.ParseUint(fields[1], 10, 32)
		count, countErr := strconv.ParseUint(fields[2], 10, 32)
		if err := errors.Join(err, countErr); err != nil {
			return 0, fmt.Errorf("read %s: %w", file, err)
		}
		if count >= belowRoot {
			return uint32(first), nil
		}
	}
	return 0, fmt.Errorf("%s gives %s fewer than %d ids: usermod --add-subuids and --add-subgids give more", file, name, belowRoot)
}
