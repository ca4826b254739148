package bench

import (
	"bytes"
	"context"
	"encoding/json"
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
	all := []contender{{name: prism, problem: installed}, {name: specmatic, problem: installed}, {name: wireMock, problem: installed}}
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

func (l *lab) peersFolder() string { return filepath.Join(l.root, "internal", "lab", "bench", "peers") }

// installPeers fetches what package-lock.json pins, unless it is there. Scripts
// of packages stay off.
func (l *lab) installPeers(ctx context.Context) error {
	wanted, err := os.ReadFile(filepath.Join(l.peersFolder(), "package-lock.json"))
	if err != nil {
		return fmt.Errorf("read the list of packages: %w", err)
	}
	note := filepath.Join(l.peersFolder(), "node_modules", ".installed.json") // what was wanted the last time
	if had, err := os.ReadFile(note); err == nil && bytes.Equal(had, wanted) {
		return nil
	}
	fmt.Fprintln(l.Progress, "Fetching Prism, Specmatic and WireMock …")
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = l.peersFolder()
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w: %s", err, output)
	}
	if err := os.WriteFile(note, wanted, 0o600); err != nil {
		return fmt.Errorf("note what was fetched: %w", err)
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
	canned, err := l.can(probe)
	if err != nil {
		return nil, err
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
		wireMock: {
			"java", "-jar", filepath.Join(packages, "wiremock", "build", "wiremock-standalone-3.13.2.jar"),
			"--bind-address", host, "--port", port, "--root-dir", canned,
			"--no-request-journal", "--disable-request-logging", "--disable-banner",
		},
	}
	args := commands[name]
	if _, err := exec.LookPath(args[0]); err != nil {
		return nil, errors.New(args[0] + " is not installed")
	}
	cmd := exec.Command(args[0], args[1:]...) //nolint:noctx // launch ends it
	cmd.Dir = l.Dir
	s, err := l.service(ctx, name, cmd, listen, probe)
	if s != nil && s.process != nil {
		s.rude = true // Specmatic would write a report of every request first
	}
	return s, err
}

// can makes the folder from which WireMock answers the request, whatever is in
// it, with its own body.
func (l *lab) can(r request) (folder string, err error) {
	folder = filepath.Join(l.Dir, "wiremock")
	mapping, err := json.Marshal(map[string]any{
		"request":  map[string]any{"method": r.Method, "urlPath": r.Path},
		"response": map[string]any{"status": r.right[0], "jsonBody": r.Body, "headers": map[string]string{"Content-Type": "application/json"}},
	})
	if err != nil {
		return "", fmt.Errorf("encode the canned answer: %w", err)
	}
	mappings := filepath.Join(folder, "mappings")
	if err := errors.Join(os.MkdirAll(mappings, 0o755), os.WriteFile(filepath.Join(mappings, "create.json"), mapping, 0o600)); err != nil {
		return "", fmt.Errorf("write the canned answer: %w", err)
	}
	return folder, nil
}
