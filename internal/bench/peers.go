package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// peers are the mock servers that serve the same contract. One that cannot be
// had is told of and holds nobody up.
func (l *lab) peers(ctx context.Context, probe request) []contender {
	installed := l.installPeers(ctx)
	all := []contender{{name: prism, problem: installed}, {name: specmatic, problem: installed}}
	for i := range all {
		c := &all[i]
		if c.problem != nil {
			continue
		}
		peer, err := l.peer(ctx, c.name, probe)
		if err != nil {
			c.problem = err
			continue
		}
		c.process, c.round = peer.process, l.saturate(peer, probe)
	}
	return all
}

func (l *lab) peersFolder() string { return filepath.Join(l.root, "internal", "bench", "peers") }

// installPeers fetches what package-lock.json pins, unless it is there. Scripts
// of packages stay off.
func (l *lab) installPeers(ctx context.Context) error {
	have, haveErr := os.Stat(filepath.Join(l.peersFolder(), "node_modules", ".package-lock.json"))
	want, err := os.Stat(filepath.Join(l.peersFolder(), "package-lock.json"))
	if err != nil {
		return fmt.Errorf("find the list of packages: %w", err)
	}
	if haveErr == nil && !have.ModTime().Before(want.ModTime()) {
		return nil
	}
	fmt.Fprintln(l.Progress, "Fetching Prism and Specmatic …")
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = l.peersFolder()
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w: %s", err, output)
	}
	return nil
}

// peer starts a mock server. What it would print about each request goes nowhere.
func (l *lab) peer(ctx context.Context, name string, probe request) (*service, error) {
	listen, _, err := twoAddresses(ctx)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("free address: %w", err)
	}
	packages := filepath.Join(l.peersFolder(), "node_modules")
	contract := filepath.Join(l.root, "openapi", "openapi.yaml")
	commands := map[string][]string{
		prism: {
			"node", filepath.Join(packages, "@stoplight", "prism-cli", "dist", "index.js"), "mock",
			"-h", host, "-p", port, "--verboseLevel", "silent", contract,
		},
		specmatic: {
			"java", "-jar", filepath.Join(packages, "specmatic", "specmatic.jar"), "stub",
			"--host", host, "--port", port, "--noConsoleLog", contract,
		},
	}
	args := commands[name]
	if _, err := exec.LookPath(args[0]); err != nil {
		return nil, errors.New(args[0] + " is not installed")
	}
	cmd := exec.Command(args[0], args[1:]...) //nolint:noctx // launch ends it
	cmd.Dir = l.Dir
	return l.service(ctx, name, cmd, listen, probe)
}
