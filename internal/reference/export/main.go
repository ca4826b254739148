// Command export writes the reference as files that any web server can serve:
// all but the page to try, which needs a sandbox.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/reference"
	"esoz/internal/sandbox/world"
	"esoz/openapi/publish"
)

func main() {
	dir := flag.String("out", "bin/reference", "the folder to write")
	baseURL := flag.String("base-url", "http://127.0.0.1:8080", "the sandbox that the commands call")
	flag.Parse()
	if err := run(*dir, *baseURL); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run(dir, baseURL string) error {
	site, err := reference.New(publish.National)
	if err != nil {
		return err
	}
	keys, err := app.NewKeys(&config.Config{
		ServerKey: config.Secret(strings.Repeat("00", 32)), PersonPKKey: config.Secret(strings.Repeat("00", 16)),
	})
	if err != nil {
		return err
	}
	from := reference.Source{World: world.New(keys, clock.New().Now()), BaseURL: baseURL}
	return site.Files(from, func(name string, content []byte) error {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make the folder of %s: %w", name, err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		return nil
	})
}
