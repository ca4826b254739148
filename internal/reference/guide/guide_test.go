package guide_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"esoz/docs"
	"esoz/internal/reference/guide"
)

const base = "http://127.0.0.1:18080/_sandbox/worlds/beside"

func handler(t *testing.T) http.Handler {
	t.Helper()
	h, err := guide.Handler(func(*http.Request) string { return base })
	require.NoError(t, err)
	return h
}

func get(h http.Handler, address string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, address, http.NoBody))
	return answer
}

// served is a page as a browser gets it.
type served struct {
	root *html.Node
	ids  map[string]int
}

func parse(t *testing.T, body string) served {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	require.NoError(t, err)
	page := served{root: root, ids: map[string]int{}}
	for n := range root.Descendants() {
		if id := attribute(n, "id"); id != "" {
			page.ids[id]++
		}
	}
	return page
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Every document is a page, and every link of it that leads to another document leads to one that is there, at an anchor that
// it has. Pictures are there too.
func TestEveryDocumentIsAPage(t *testing.T) {
	t.Parallel()
	h := handler(t)
	files, err := guide.Files()
	require.NoError(t, err)
	require.Contains(t, files, "uk/concepts.md")
	pages := map[string]served{} // by path
	for _, file := range files {
		address := guide.Address(file)
		answer := get(h, address)
		require.Equal(t, http.StatusOK, answer.Code, file)
		pages[address] = parse(t, answer.Body.String())
	}
	for address, page := range pages {
		for id, times := range page.ids {
			require.Equal(t, 1, times, "%s has the id %s more than once", address, id)
		}
		for n := range page.root.Descendants() {
			for _, name := range []string{"href", "src"} {
				if link := attribute(n, name); link != "" {
					follow(t, h, pages, address, link)
				}
			}
		}
	}
}

func follow(t *testing.T, h http.Handler, pages map[string]served, from, link string) {
	t.Helper()
	here, err := url.Parse("http://sandbox" + from)
	require.NoError(t, err)
	to, err := here.Parse(link)
	require.NoError(t, err, "%s: %s", from, link)
	if to.Host != here.Host || to.Scheme != "http" {
		return
	}
	require.False(t, strings.HasPrefix(link, "/"), "%s: %s would leave a world or a proxy", from, link)
	switch page, ok := pages[to.Path]; {
	case strings.HasPrefix(to.Path, guide.Pictures):
		require.Equal(t, http.StatusOK, get(h, to.Path).Code, "%s: %s", from, link)
	case strings.HasPrefix(to.Path, guide.English), strings.HasPrefix(to.Path, guide.Ukrainian):
		require.True(t, ok, "%s: %s: no such page", from, link)
		if to.Fragment != "" {
			require.NotZero(t, page.ids[to.Fragment], "%s: %s: no such heading", from, link)
		}
	default: // of the sandbox itself
		require.Regexp(t, `^/(console|docs|_sandbox|openapi)`, to.Path, "%s: %s", from, link)
	}
}

// A page stands in its language, knows the other one, and calls the sandbox on which it is read.
func TestAPage(t *testing.T) {
	t.Parallel()
	h := handler(t)
	page := get(h, guide.Ukrainian+"first-minutes/").Body.String()
	require.Contains(t, page, `<html lang="uk">`)
	require.Contains(t, page, `<title>Перші десять хвилин · esoz</title>`)
	require.Contains(t, page, `<link rel="alternate" hreflang="en" href="../../../../_sandbox/docs/en/first-minutes/">`)
	require.Contains(t, page, `<a href="../../../../console/">`)
	require.Contains(t, page, "export ESOZ="+base+"\n")
	require.NotContains(t, page, "127.0.0.1:8080")
	require.NotContains(t, page, "In English", "the bar has the switch")

	page = get(h, guide.English+"concepts/").Body.String()
	require.Contains(t, page, `<svg role="img" aria-label="`)
	require.NotContains(t, page, "prefers-color-scheme", "drawings follow the bar")

	page = get(h, guide.English+"architecture/").Body.String()
	require.NotContains(t, page, "hreflang")
	require.NotContains(t, page, `href="../internal`, "the sandbox has no source")

	answer := get(h, guide.English+"concepts")
	require.Equal(t, http.StatusMovedPermanently, answer.Code)
	require.Equal(t, "concepts/", answer.Header().Get("Location"))
	for _, address := range []string{guide.English + "nowhere/", guide.English + "uk/", guide.Ukrainian + "ci/", guide.Pictures, guide.Pictures + "none.png", guide.Pictures + "ci.md"} {
		require.Equal(t, http.StatusNotFound, get(h, address).Code, address)
	}
}

var (
	fence    = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```")
	comment  = regexp.MustCompile(`(?m)\s*#.*$`)
	levels   = regexp.MustCompile(`(?m)^(#+) `)
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	code     = regexp.MustCompile("`[^`\n]+`")
	row      = regexp.MustCompile(`(?m)^\|`)
	item     = regexp.MustCompile(`(?m)^(?:-|\d+\.) `)
	shapes   = regexp.MustCompile(`(?m)^<(?:rect|path)[^>]*>$|<text [^>]*>`)
	language = regexp.MustCompile(`(?m)\A# .*\n\n\[(Українською|In English)\]\(([^)]+)\)\n\n`)
)

// The pages for people are in both languages, and the two say the same: headings, commands, code, lists, tables, links, pictures.
func TestTheLanguagesAgree(t *testing.T) {
	t.Parallel()
	files, err := guide.Files()
	require.NoError(t, err)
	translated := 0
	for _, file := range files {
		name, isUkrainian := strings.CutPrefix(file, "uk/")
		if !isUkrainian {
			require.Equal(t, slices.Contains(files, "uk/"+file), language.MatchString(read(t, file)), "%s and its link to a translation", file)
			continue
		}
		translated++
		require.Contains(t, files, name, "%s translates nothing", file)
		en, uk := read(t, name), read(t, file)
		require.Equal(t, []string{"Українською", "uk/" + name}, language.FindStringSubmatch(en)[1:], name)
		require.Equal(t, []string{"In English", "../" + name}, language.FindStringSubmatch(uk)[1:], file)

		require.Equal(t, all(levels, en), all(levels, uk), "headings of %s", name)
		require.Equal(t, blocks(en), blocks(uk), "commands of %s", name)
		en, uk = fence.ReplaceAllString(en, ""), fence.ReplaceAllString(uk, "")
		require.Equal(t, len(row.FindAllString(en, -1)), len(row.FindAllString(uk, -1)), "tables of %s", name)
		require.Equal(t, len(item.FindAllString(en, -1)), len(item.FindAllString(uk, -1)), "lists of %s", name)
		require.Equal(t, targets(en, name, files), targets(uk, file, files), "links of %s", name)
		require.Equal(t, sorted(all(code, en)), sorted(all(code, uk)), "code of %s", name)
		for _, picture := range targets(en, name, files) {
			if path.Ext(picture) == ".svg" {
				require.Equal(t, shapes.FindAllString(read(t, picture), -1), shapes.FindAllString(read(t, "uk/"+picture), -1), "shapes of %s", picture)
			}
		}
	}
	for _, name := range []string{
		"README", "installing", "first-minutes", "concepts", "glossary", "testing", "preproduction", "not-here", "troubleshooting", "trust",
	} {
		require.Contains(t, files, "uk/"+name+".md")
	}
	require.GreaterOrEqual(t, translated, 10)
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := docs.Files.ReadFile(file)
	require.NoError(t, err)
	return string(content)
}

func all(pattern *regexp.Regexp, text string) []string {
	return pattern.FindAllString(fence.ReplaceAllString(text, ""), -1)
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

func blocks(page string) []string {
	var found []string
	for _, block := range fence.FindAllStringSubmatch(page, -1) {
		found = append(found, block[1]+"\n"+comment.ReplaceAllString(block[2], ""))
	}
	return found
}

// targets are the files to which a page links, whichever language they are in, in order; anchors differ between languages.
func targets(page, file string, files []string) []string {
	var found []string
	for _, l := range link.FindAllStringSubmatch(language.ReplaceAllString(page, ""), -1) {
		target, _, _ := strings.Cut(l[1], "#")
		if !strings.Contains(target, "://") && target != "" {
			target = path.Join(path.Dir(file), target)
			if rest, ok := strings.CutPrefix(target, "uk/"); ok && (slices.Contains(files, rest) || path.Ext(rest) == ".svg") {
				target = rest
			}
		}
		found = append(found, target)
	}
	slices.Sort(found)
	return found
}
