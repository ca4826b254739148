// Command console bundles the program of the sandbox's console, and its style sheet, with the parts by others that lie
// beside it:
//
//	go -C internal/lab run ./console ../sandbox/console
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// most is how many bytes the page may load, packed.
const most = 60_000

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: console FOLDER")
		os.Exit(2)
	}
	if err := bundle(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "console:", err)
		os.Exit(1)
	}
}

func bundle(folder string) error {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return fmt.Errorf("find the sources: %w", err)
	}
	part := func(name string) string { return filepath.Join(folder, "preact", name+".mjs") }
	result := api.Build(api.BuildOptions{
		AbsWorkingDir: folder,
		EntryPoints:   []string{"src/app.tsx", "src/page.css"}, Outdir: "dist", EntryNames: "[name]",
		Bundle: true, MinifySyntax: true, MinifyWhitespace: true, MinifyIdentifiers: true, Format: api.FormatESModule, Target: api.ES2022, Charset: api.CharsetUTF8,
		JSX: api.JSXAutomatic, JSXImportSource: "preact", LegalComments: api.LegalCommentsNone,
		Alias: map[string]string{
			"preact": part("preact"), "preact/hooks": part("hooks"), "preact/jsx-runtime": part("jsx-runtime"),
			"@preact/signals": part("signals"), "@preact/signals-core": part("signals-core"),
		},
	})
	var errs []error
	for _, m := range result.Errors {
		errs = append(errs, fmt.Errorf("%s", api.FormatMessages([]api.Message{m}, api.FormatMessagesOptions{})[0]))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	names, all := map[string]string{"app.js": "console.js", "page.css": "console.css"}, 0
	for _, file := range result.OutputFiles {
		size, err := packed(file.Contents)
		if err != nil {
			return err
		}
		all += size
		name := filepath.Join(folder, "dist", names[filepath.Base(file.Path)])
		if err := os.WriteFile(name, file.Contents, 0o644); err != nil {
			return fmt.Errorf("write the bundle: %w", err)
		}
	}
	if all > most {
		return fmt.Errorf("the page loads %d bytes, packed; at most %d are wanted", all, most)
	}
	fmt.Fprintf(os.Stdout, "the console: %d bytes, packed\n", all)
	return nil
}

// packed is how many bytes a file has that is sent with gzip.
func packed(content []byte) (int, error) {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	_, err := writer.Write(content)
	if err = errors.Join(err, writer.Close()); err != nil {
		return 0, fmt.Errorf("pack the bundle: %w", err)
	}
	return out.Len(), nil
}
