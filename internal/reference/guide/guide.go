// Package guide shows the documents of docs/ in a sandbox: offline, in Ukrainian and English, under the bar of all pages.
package guide

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"esoz/docs"
	"esoz/internal/reference"
)

// Where a sandbox serves the pages of each language, and their pictures.
const (
	English   = Prefix + "en/"
	Ukrainian = Prefix + "uk/"
	Pictures  = Prefix + "pictures/"
	Prefix    = "/_sandbox/docs/"
)

// Local is the address of a sandbox in the documents. The pages show that of the sandbox they stand on in its place.
const Local = "http://127.0.0.1:8080"

// page is a document.
type page struct {
	file    string // in docs.Files
	address string // below Prefix, such as uk/concepts/
}

// pages are all documents by their files.
func pages() (map[string]page, error) {
	found := map[string]page{}
	err := fs.WalkDir(docs.Files, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || path.Ext(file) != ".md" {
			return nil
		}
		found[file] = page{file: file, address: address(file)}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the documents: %w", err)
	}
	return found, nil
}

// address is where the document in a file is shown, below Prefix. README.md is the first page of its folder.
func address(file string) string {
	if !strings.HasPrefix(file, "uk/") {
		file = "en/" + file
	}
	if folder, ok := strings.CutSuffix(file, "/README.md"); ok {
		if strings.Contains(folder, "/") {
			return folder + "/overview/" // beside the page that has the name of the folder
		}
		return folder + "/"
	}
	return strings.TrimSuffix(file, ".md") + "/"
}

// translation is the file of the same document in the other language, which need not be there.
func (p page) translation() string {
	if name, ok := strings.CutPrefix(p.file, "uk/"); ok {
		return name
	}
	return "uk/" + p.file
}

func (p page) language() string { return p.address[:2] }

// root is the way from a page to the root of the sandbox.
func (p page) root() string { return "../../" + strings.Repeat("../", strings.Count(p.address, "/")) }

// Handler serves the documents. baseURL is where the commands of a page call.
func Handler(baseURL func(*http.Request) string) (http.Handler, error) {
	all, err := pages()
	if err != nil {
		return nil, err
	}
	byAddress := map[string]page{}
	for _, p := range all {
		byAddress[p.address] = p
	}
	pictures := http.StripPrefix(Pictures, http.FileServerFS(docs.Files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache") // another version of the sandbox may run here next
		if strings.HasPrefix(r.URL.Path, Pictures) && slices.Contains([]string{".png", ".svg"}, path.Ext(r.URL.Path)) {
			pictures.ServeHTTP(w, r)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, Prefix)
		p, ok := byAddress[name]
		if !ok {
			if _, ok = byAddress[name+"/"]; ok {
				reference.Redirect(w, path.Base(name)+"/", http.StatusMovedPermanently)
				return
			}
			http.NotFound(w, r)
			return
		}
		content, err := p.render(all, baseURL(r))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(content) // a client that went away
	}), nil
}

var frame = template.Must(template.New("").Parse(`<!doctype html>
<html lang="{{.Language}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} · esoz</title>
<link rel="icon" href="data:,">
{{range $language, $address := .Languages}}<link rel="alternate" hreflang="{{$language}}" href="{{$address}}">
{{end}}{{.Head}}
<link rel="stylesheet" href="{{.Root}}docs/assets/atlas.css">
<link rel="stylesheet" href="{{.Root}}docs/assets/guide.css">
</head>
<body>
{{.Bar}}
<main class="guide">
{{.Content}}
</main>
</body>
</html>
`))

func (p page) render(all map[string]page, base string) ([]byte, error) {
	source, err := docs.Files.ReadFile(p.file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p.file, err)
	}
	source = p.withoutSwitch(source)
	title, content, err := p.convert(source, all, base)
	if err != nil {
		return nil, fmt.Errorf("make a page of %s: %w", p.file, err)
	}
	bar, err := reference.Bar(p.root(), "Documents")
	if err != nil {
		return nil, err
	}
	languages := map[string]string{}
	if other, ok := all[p.translation()]; ok {
		for _, one := range []page{p, other} {
			languages[one.language()] = p.root() + "_sandbox/docs/" + one.address
		}
	}
	var out bytes.Buffer
	err = frame.Execute(&out, struct {
		Language, Title, Root string
		Languages             map[string]string
		Head, Bar, Content    template.HTML
	}{p.language(), title, p.root(), languages, reference.BarHead(p.root()), bar, content})
	if err != nil {
		return nil, fmt.Errorf("make a page of %s: %w", p.file, err)
	}
	return out.Bytes(), nil
}

// A page that has a translation begins with a link to it, for readers of the repository. In a sandbox the bar has it.
var languageLink = regexp.MustCompile(`(?m)^\[(?:Українською|In English)\]\(([^)]+)\)\n\n`)

func (p page) withoutSwitch(source []byte) []byte { return languageLink.ReplaceAll(source, nil) }

// convert makes HTML of a document.
func (p page) convert(source []byte, all map[string]page, base string) (string, template.HTML, error) {
	source = bytes.ReplaceAll(source, []byte(Local), []byte(base))
	links := &links{page: p, all: all, base: base}
	convert := goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithASTTransformers(util.Prioritized(links, 0))),
		goldmark.WithRendererOptions(html.WithUnsafe(), renderer.WithNodeRenderers(util.Prioritized(blocks{}, 0))), // the documents are our own
	)
	var out bytes.Buffer
	if err := convert.Convert(source, &out, parser.WithContext(parser.NewContext(parser.WithIDs(Anchors{})))); err != nil {
		return "", "", fmt.Errorf("convert: %w", err)
	}
	return links.title, template.HTML(out.String()), errors.Join(links.faults...) //nolint:gosec // of our own documents
}

// links turns the links of the repository into those of a sandbox.
type links struct {
	page   page
	all    map[string]page
	base   string
	title  string
	faults []error
}

func (l *links) Transform(document *ast.Document, reader text.Reader, _ parser.Context) {
	var found []ast.Node
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			if n.Level == 1 && l.title == "" {
				l.title = plain(n, reader.Source())
			}
		case *ast.Link, *ast.Image:
			found = append(found, n)
		}
		return ast.WalkContinue, nil
	}) // the walker returns no error
	for _, n := range found {
		switch n := n.(type) {
		case *ast.Link:
			l.lead(n)
		case *ast.Image:
			l.draw(n, reader.Source())
		}
	}
}

// lead turns a link. What only the repository has is no link here.
func (l *links) lead(n *ast.Link) {
	target := string(n.Destination)
	if rest, ok := strings.CutPrefix(target, l.base+"/"); ok {
		n.Destination = []byte(l.page.root() + rest)
		return
	}
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") || strings.HasPrefix(target, "#") {
		return
	}
	file, anchor, anchored := strings.Cut(target, "#")
	to, ok := l.all[path.Join(path.Dir(l.page.file), file)]
	if !ok {
		parent := n.Parent()
		for child := n.FirstChild(); child != nil; {
			next := child.NextSibling()
			parent.InsertBefore(parent, n, child)
			child = next
		}
		parent.RemoveChild(parent, n)
		return
	}
	target = l.page.root() + "_sandbox/docs/" + to.address
	if anchored {
		target += "#" + anchor
	}
	n.Destination = []byte(target)
}

// draw puts a drawing into the page itself, so that it takes the page's colours, and leads to other pictures.
func (l *links) draw(n *ast.Image, source []byte) {
	file := path.Join(path.Dir(l.page.file), string(n.Destination))
	content, err := docs.Files.ReadFile(file)
	if err != nil {
		l.faults = append(l.faults, fmt.Errorf("picture %s: %w", file, err))
		return
	}
	if path.Ext(file) != ".svg" || path.Base(path.Dir(file)) != "img" {
		n.Destination = []byte(l.page.root() + strings.TrimPrefix(Pictures, "/") + file)
		return
	}
	drawing := ast.NewString(bytes.Replace(content, []byte("<svg "), []byte(`<svg role="img" aria-label="`+template.HTMLEscapeString(plain(n, source))+`" `), 1))
	drawing.SetCode(true) // as it is
	n.Parent().ReplaceChild(n.Parent(), n, drawing)
}

// plain is the text of a node.
func plain(n ast.Node, source []byte) string {
	var out strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			out.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	}) // as above
	return out.String()
}

// blocks renders code so that the keyboard can scroll it.
type blocks struct{}

func (b blocks) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, b.code)
}

func (blocks) code(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString(`<pre tabindex="0"><code>`) // the writer keeps its error
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		_, _ = w.Write(util.EscapeHTML(line.Value(source)))
	}
	_, _ = w.WriteString("</code></pre>\n")
	return ast.WalkContinue, nil
}

// Files are the names of all documents.
func Files() ([]string, error) {
	all, err := pages()
	if err != nil {
		return nil, err
	}
	var files []string
	for file := range all {
		files = append(files, file)
	}
	slices.Sort(files)
	return files, nil
}

// Address is where the document in a file is served.
func Address(file string) string { return Prefix + address(file) }
