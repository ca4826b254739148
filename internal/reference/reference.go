// Package reference is the contract to read: the page of all operations and a page of each, with what it takes, what it answers
// and its checks in their order, each with its answer, its source and the command that provokes it. Nothing in it asks another
// host for anything.
package reference

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/vearutop/statigz"

	"esoz/gen/rules"
	"esoz/internal/sandbox/world"
	"esoz/openapi/publish"
)

//go:embed assets
var assets embed.FS

//go:embed templates
var templates embed.FS

// Prefix is where a sandbox serves the pages.
const Prefix = "/docs/"

// Policy says what the pages may load and run. Exported pages hold it; a sandbox sends it as a header too.
const Policy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"

// Site is all pages of the reference.
type Site struct {
	files    map[string]file // what is the same in every world
	atlas    *atlas
	pages    map[string]page
	template *template.Template
}

type file struct {
	contentType string
	content     []byte
}

// page is a page made by a template.
type page struct {
	template string
	title    string
	about    *operation // the operation that it shows, if it shows one
}

// New reads the contract.
func New(documents publish.Documents) (*Site, error) {
	asJSON, errJSON := documents.JSON()
	asYAML, errYAML := documents.YAML()
	if err := errors.Join(errJSON, errYAML); err != nil {
		return nil, fmt.Errorf("publish the contract: %w", err)
	}
	var err error
	s := &Site{}
	if s.atlas, err = readAtlas(asJSON); err != nil {
		return nil, err
	}
	s.files = map[string]file{
		"openapi.json": {"application/json", asJSON},
		"openapi.yaml": {"application/yaml", asYAML},
	}
	s.pages = map[string]page{
		"index.html":              {template: "operations.html", title: "Reference"},
		"rules/errors/index.html": {template: "errors.html", title: "Errors"},
	}
	for id, op := range s.atlas.byID {
		s.pages["rules/"+id+"/index.html"] = page{template: "operation.html", title: op.Summary, about: op}
	}
	s.template, err = parsed()
	return s, err
}

var parsed = sync.OnceValues(func() (*template.Template, error) {
	all, err := template.New("").Funcs(template.FuncMap{
		"page": pageOf, "policy": func() string { return Policy },
		"t": inBoth, "text": inBoth, "description": Both.markdown,
	}).ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("read the templates: %w", err)
	}
	return all, nil
})

// Bar is the header of a page of a sandbox that is none of the reference. root is the way from it to the root of the sandbox, and
// current the name of its entry.
func Bar(root, current string) (template.HTML, error) {
	return piece("header", view{Source: Source{Live: true}, Title: current, Root: root + "docs/"})
}

// BarHead is what stands in the head of such a page.
func BarHead(root string) template.HTML {
	root = template.HTMLEscapeString(root)
	//nolint:gosec // escaped
	return template.HTML(`<link rel="stylesheet" href="` + root + `docs/assets/bar.css"><script src="` + root + `docs/assets/bar.js"></script>`)
}

// piece makes a piece of a page.
func piece(name string, v view) (template.HTML, error) {
	all, err := parsed()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	if err := all.ExecuteTemplate(&out, name, v); err != nil {
		return "", fmt.Errorf("make %s: %w", name, err)
	}
	return template.HTML(out.String()), nil //nolint:gosec // made by a template, which has escaped it
}

// Source is what the pages show besides the contract.
type Source struct {
	World   *world.World
	BaseURL string // of the sandbox that the commands call
	Live    bool   // the sandbox itself shows the pages: they lead to its own
}

// view is what a template sees.
type view struct {
	Source
	Site  *Site
	Title string
	Root  string // the way to the first page
	About *operation
}

func (v view) Contract() *contract { return &v.Site.atlas.contract }
func (v view) Groups() []group     { return v.Site.atlas.groups }
func (v view) Gateway() *operation { return v.Site.atlas.byID[gatewayID] }
func (v view) Rules() []rules.Rule { return alphabet() }
func (v view) Messages() []message { return messages() }
func (v view) Guards() []check     { return v.checks(v.About.Guards) }
func (v view) Checks() []check     { return v.checks(v.About.Checks) }
func (v view) Count() int          { return len(rules.All) }
func (v view) OperationCount() int { return len(v.Site.atlas.byID) - 1 } // the gateway is none
func (v view) IsGateway() bool     { return v.About == v.Gateway() }

// For is the view of an operation.
func (v view) For(op *operation) view {
	v.About = op
	return v
}

func (v view) Parameters() []field { return v.Contract().parameters(v.About.Parameters) }
func (v view) Body() *body         { return bodyOf(v.About) }
func (v view) Answers() []answer   { return v.Contract().answers(v.About.Responses) }

// SchemasOfBody are those that the body of the operation leads to.
func (v view) SchemasOfBody() []described {
	if sent := v.Body(); sent != nil {
		return v.Contract().closure(sent.Type)
	}
	return nil
}

// SchemasOfAnswers are those that its answers lead to, and its body does not.
func (v view) SchemasOfAnswers() []described {
	var from []kind
	if sent := v.Body(); sent != nil {
		from = append(from, sent.Type)
	}
	for _, answer := range v.Answers() {
		from = append(from, answer.Type)
	}
	return v.Contract().closure(from...)[len(v.SchemasOfBody()):]
}

// Schemas are those that any operation leads to.
func (v view) Schemas() []described {
	var from []kind
	for _, g := range v.Groups() {
		for _, op := range g.Operations {
			one := v.For(op)
			if sent := one.Body(); sent != nil {
				from = append(from, sent.Type)
			}
			for _, answer := range one.Answers() {
				from = append(from, answer.Type)
			}
		}
	}
	return v.Contract().closure(from...)
}

// Statuses are all with which a rule refuses.
func (v view) Statuses() []int {
	var statuses []int
	for _, rule := range rules.All {
		statuses = append(statuses, rule.Status)
	}
	slices.Sort(statuses)
	return slices.Compact(statuses)
}

// inBoth is a text in both languages, of which the style sheet shows that of the page, with what stands between backticks as
// code; one without a translation is English.
func inBoth(en, uk string) template.HTML {
	if uk == "" {
		return `<span lang="en">` + code(en) + `</span>`
	}
	return `<span class="en">` + code(en) + `</span><span class="uk" lang="uk">` + code(uk) + `</span>`
}

// code marks up what stands between backticks.
func code(text string) template.HTML {
	var out strings.Builder
	for i, piece := range strings.Split(text, "`") {
		if i%2 == 0 {
			out.WriteString(template.HTMLEscapeString(piece))
		} else {
			out.WriteString("<code>" + template.HTMLEscapeString(piece) + "</code>")
		}
	}
	return template.HTML(out.String()) //nolint:gosec // escaped piece by piece
}

// render makes a page.
func (s *Site) render(name string, from Source) ([]byte, error) {
	p := s.pages[name]
	v := view{Source: from, Site: s, Title: p.title, Root: strings.Repeat("../", strings.Count(name, "/")), About: p.about}
	var out bytes.Buffer
	if err := s.template.ExecuteTemplate(&out, p.template, v); err != nil {
		return nil, fmt.Errorf("make page %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// AssetsPrefix is where a sandbox serves what the pages load.
const AssetsPrefix = Prefix + "assets/"

// Assets serves what the pages load, pages of others that have the bar included. It is there before the pages, which take a
// moment to be made.
func Assets() http.Handler {
	files := http.StripPrefix(Prefix, statigz.FileServer(assets))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache") // asked again each time; files that have not changed answer 304
		files.ServeHTTP(w, r)
	})
}

// Handler serves the pages of a sandbox under Prefix. The world is asked for
// each time: a reset makes a new one. baseURL is where the commands of a page call.
func (s *Site) Handler(current func() *world.World, baseURL func(*http.Request) string) http.Handler {
	static := Assets()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache") // asked again each time; files that have not changed answer 304
		name := strings.TrimPrefix(r.URL.Path, Prefix)
		switch {
		case strings.HasPrefix(name, "assets/"):
			static.ServeHTTP(w, r)
		case name == "rules": // a reader has shortened the address of an operation
			Redirect(w, "./", http.StatusMovedPermanently)
		case name == "rules/":
			Redirect(w, "../", http.StatusMovedPermanently)
		default:
			s.serve(w, r, name, Source{World: current(), BaseURL: baseURL(r), Live: true})
		}
	})
}

func (s *Site) serve(w http.ResponseWriter, r *http.Request, name string, from Source) {
	if f, ok := s.files[name]; ok {
		send(w, f)
		return
	}
	index := name + "index.html"
	if _, ok := s.pages[name+"/index.html"]; ok {
		Redirect(w, path.Base(name)+"/", http.StatusMovedPermanently) // it is one of the pages
		return
	}
	if _, ok := s.pages[index]; !ok {
		http.NotFound(w, r)
		return
	}
	content, err := s.render(index, from)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, file{"text/html; charset=utf-8", content})
}

// Redirect leads to an address beside that of the request. http.Redirect would make it one from the root, which a proxy that
// serves the pages under a path of its own does not have.
func Redirect(w http.ResponseWriter, to string, status int) {
	w.Header().Set("Location", to)
	w.WriteHeader(status)
}

func send(w http.ResponseWriter, f file) {
	w.Header().Set("Content-Type", f.contentType)
	_, _ = w.Write(f.content) // a client that went away
}

// Files gives every file of a folder that any web server can serve.
func (s *Site) Files(from Source, write func(name string, content []byte) error) error {
	var errs []error
	for name, f := range s.files {
		errs = append(errs, write(name, f.content))
	}
	for name := range s.pages {
		content, err := s.render(name, from)
		if err == nil {
			err = write(name, content)
		}
		errs = append(errs, err)
	}
	entries, err := fs.ReadDir(assets, "assets")
	errs = append(errs, err)
	for _, entry := range entries {
		name := "assets/" + entry.Name()
		content, err := assets.ReadFile(name)
		if err == nil {
			err = write(name, content)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
