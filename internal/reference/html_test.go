package reference_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func parse(t *testing.T, page []byte) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(string(page)))
	require.NoError(t, err)
	return root
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// elements yields the elements below a node that have a name.
func elements(root *html.Node, name string) []*html.Node {
	var found []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			found = append(found, n)
		}
	}
	return found
}

// withClass yields the elements below a node that have a class.
func withClass(root *html.Node, class string) []*html.Node {
	var found []*html.Node
	for n := range root.Descendants() {
		if slices.Contains(strings.Fields(attribute(n, "class")), class) {
			found = append(found, n)
		}
	}
	return found
}

func text(root *html.Node) string {
	var out strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			out.WriteString(n.Data)
		}
	}
	return out.String()
}

// curls are the commands below a node.
func curls(root *html.Node) []string {
	var found []string
	for _, pre := range elements(root, "pre") {
		if attribute(pre, "class") == "curl" {
			found = append(found, text(pre))
		}
	}
	return found
}

// references are what a page leads to, and what it cannot do without.
func references(root *html.Node) (links, needs []string) {
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "a" {
			links = append(links, attribute(n, "href"))
			continue
		}
		for _, name := range []string{"src", "href", "action"} {
			if address := attribute(n, name); address != "" && !strings.HasPrefix(address, "data:") {
				needs = append(needs, address)
			}
		}
	}
	return links, needs
}

// anchored tells whether a page has a place of that name. The pages that draw
// themselves have none before they have done so.
func anchored(root *html.Node, fragment string) bool {
	if strings.ContainsRune(fragment, '/') {
		return true
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && attribute(n, "id") == fragment {
			return true
		}
	}
	return false
}
