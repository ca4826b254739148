// Package console is the page on which the developer of a client sees what it has sent to a sandbox, why it was refused,
// and what that has set going. Its program lies in src; make generate bundles it into dist.
package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"github.com/vearutop/statigz"

	"esoz/internal/reference"
)

// Prefix is where a sandbox serves the console.
const Prefix = "/console/"

// Policy of the page: it runs its own program and asks its own sandbox, nothing else.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'none'"

//go:embed dist
var dist embed.FS

//go:embed console.html
var page string

var pageTemplate = template.Must(template.New("").Parse(page))

// Handler serves the page at each of its addresses, and what it loads.
var Handler = sync.OnceValues(func() (http.Handler, error) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("files of the console: %w", err)
	}
	embedded, ok := files.(fs.ReadDirFS)
	if !ok {
		return nil, fmt.Errorf("files of the console: %T lists no folder", files)
	}
	assets := http.StripPrefix(Prefix+"assets", statigz.FileServer(embedded, statigz.EncodeOnInit))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache") // asked again each time; files that have not changed answer 304
		if strings.HasPrefix(r.URL.Path, Prefix+"assets/") {
			assets.ServeHTTP(w, r)
			return
		}
		root := strings.Repeat("../", strings.Count(r.URL.EscapedPath(), "/")-1)
		bar, err := reference.Bar(root, "Console")
		var out bytes.Buffer
		if err == nil {
			err = pageTemplate.Execute(&out, struct {
				Root string
				Bar  template.HTML
			}{root, bar})
		}
		if err != nil {
			http.Error(w, "the page could not be made", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(out.Bytes()) // a client that went away
	}), nil
})
