package sandbox

import (
	"bytes"
	_ "embed"
	htmltemplate "html/template"
	"net/http"
	"strings"

	"esoz/internal/reference"
)

//go:embed missing.html
var missingPage string

var missingTemplate = htmltemplate.Must(htmltemplate.New("").Parse(missingPage))

// rootOf is the way from a page to the root of its world.
func rootOf(r *http.Request) string {
	return strings.Repeat("../", strings.Count(r.URL.EscapedPath(), "/")-1)
}

// missing shows who opens an address in a browser that there is no such page, and the way on.
func (h *Handler) missing(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		if accepted(r, "application/json", "text/html") != "text/html" {
			mux.ServeHTTP(w, r)
			return
		}
		if pattern != "" {
			mux.ServeHTTP(&pageWriter{ResponseWriter: w, handler: h, request: r}, r)
			return
		}
		h.showMissing(w, r)
	})
}

func (h *Handler) showMissing(w http.ResponseWriter, r *http.Request) {
	root := rootOf(r)
	bar, err := reference.Bar(root, "")
	var out bytes.Buffer
	if err == nil {
		err = missingTemplate.Execute(&out, struct {
			Root, Path string
			Bar, Head  htmltemplate.HTML
		}{root, r.URL.Path, bar, reference.BarHead(root)})
	}
	if err != nil {
		http.Error(w, "404", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(out.Bytes()) // a client that went away
}

// pageWriter shows the page of what is missing in place of a bare text.
type pageWriter struct {
	http.ResponseWriter
	handler *Handler
	request *http.Request
	shown   bool
}

func (p *pageWriter) WriteHeader(status int) {
	if status == http.StatusNotFound && strings.HasPrefix(p.Header().Get("Content-Type"), "text/plain") {
		p.shown = true
		p.Header().Del("Content-Length")
		p.handler.showMissing(p.ResponseWriter, p.request)
		return
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *pageWriter) Write(content []byte) (int, error) {
	if p.shown {
		return len(content), nil
	}
	return p.ResponseWriter.Write(content) //nolint:wrapcheck // it stands in its place
}

// Unwrap lets http.ResponseController reach what is below.
func (p *pageWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// withBar puts the bar on a page that is whole without it.
func withBar(page []byte, root, current string) ([]byte, error) {
	bar, err := reference.Bar(root, current)
	if err != nil {
		return nil, err
	}
	const room = "\n.bar { position: fixed; left: 0; right: 0; } body { padding-top: 5rem; }\n@media (max-width: 60rem) { body { padding-top: 7rem; } }\n"
	page = bytes.Replace(page, []byte("<style>"), []byte(string(reference.BarHead(root))+"<style>"), 1)
	page = bytes.Replace(page, []byte("</style>"), []byte(room+"</style>"), 1)
	return bytes.Replace(page, []byte("<body>"), []byte("<body>\n"+string(bar)), 1), nil
}
