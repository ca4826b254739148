package publish

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

const wikiPage = "https://e-health-ua.atlassian.net/wiki/pages/viewpage.action?pageId="

// blueprints are the addresses of the API blueprints, by the words that sources call them by.
var blueprints = []struct{ name, url string }{
	{"General MIS API", "https://ehealthmisapi1.docs.apiary.io/"},
	{"Medical events MIS API", "https://medicaleventsmisapi.docs.apiary.io/"},
	{"ESOZ blueprint", "https://esoz.docs.apiary.io/"},
	{"ESOZ,", "https://esoz.docs.apiary.io/"},
}

// pageID is the number of a page of the wiki; in the sources nothing else has nine digits or more.
var pageID = regexp.MustCompile(`\b\d{9,}\b`)

// SourceURL is where a source that the contract names can be read: the first page of the wiki that it tells the number
// of, or the blueprint that it begins with. It is "" for sources without a known address.
func SourceURL(source string) string {
	if id := pageID.FindString(source); id != "" {
		return wikiPage + id
	}
	for _, blueprint := range blueprints {
		if strings.HasPrefix(source, blueprint.name) {
			return blueprint.url
		}
	}
	return ""
}

// addSourceURLs gives the entries of x-source a url, and rules and transitions a source_url.
func addSourceURLs(list *yaml.Node) {
	for _, entry := range tree.Items(list) {
		key, source := "url", tree.Text(entry, "title")+" "+tree.Text(entry, "ref")
		if named := tree.Text(entry, "source"); named != "" {
			key, source = "source_url", named
		}
		if url := SourceURL(source); url != "" {
			tree.Set(entry, key, url)
		}
	}
}
