package publish

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// Link is a place where a source can be read.
type Link struct {
	Text string // the words of the source that name the place
	URL  string
}

const (
	wikiShort = "https://e-health-ua.atlassian.net/wiki/"
	wikiPage  = wikiShort + "pages/viewpage.action?pageId="

	generalAPI       = "https://ehealthmisapi1.docs.apiary.io/"
	medicalEventsAPI = "https://ehealthmedicaleventsapi.docs.apiary.io/"
	esozAPI          = "https://esoz.docs.apiary.io/"

	github = "https://github.com/"
)

// places are the sources that can be found by their names. A seed has a link
// when its page of the wiki is known.
var places = []struct {
	name *regexp.Regexp
	url  string
}{
	{regexp.MustCompile(`(?i)\bseed 000\b`), wikiPage + "583403110"},
	{regexp.MustCompile(`(?i)\bseed 003\b`), wikiPage + "583405700"},

	{regexp.MustCompile(`general\.apib|General MIS API`), generalAPI},
	{regexp.MustCompile(`medical-events\.apib|Medical events MIS API`), medicalEventsAPI},
	{regexp.MustCompile(`esoz-blueprint\.apib|\bESOZ\b`), esozAPI},

	{regexp.MustCompile(`kong-mithril-plugin`), github + "edenlabllc/kong-mithril-plugin"},
	{regexp.MustCompile(`\bmithril\.api\b|\bmithril 2019\b`), github + "savik2007/mithril.api"},
	{regexp.MustCompile(`\beview\b`), github + "Nebo15/eview"},
	{regexp.MustCompile(`\bnex_json_schema\b|\bnjs\b`), github + "ehealth-ua/nex_json_schema"},
	{regexp.MustCompile(`\bmedical_events 2019\b`), github + "ehealth-ua/medical_events"},
	{regexp.MustCompile(`\bIL 2019\b`), github + "ehealth-ua/ehealth.api"},
	{regexp.MustCompile(`\botp_verification\.api\b|\bOTP service 2019\b`), github + "ehealth-ua/otp_verification.api"},
	{regexp.MustCompile(`\buaddresses 2019\b`), github + "ehealth-ua/uaddresses.api"},
	{regexp.MustCompile(`\bevent_manager\.api\b`), github + "ehealth-ua/event_manager.api"},
	{regexp.MustCompile(`\behealth\.abac\.api\b`), github + "ehealth-ua/ehealth.abac.api"},
}

var (
	wiki      = regexp.MustCompile(`(?i)\bwiki\b`)
	pageID    = regexp.MustCompile(`\b[0-9]{9,11}\b`)
	shortPage = regexp.MustCompile(`\bx/[A-Za-z0-9_-]{5,}`)
	issue     = regexp.MustCompile(`\bapi-spec issue ([0-9]+)\b`)
)

// Links finds in the source of a rule the places where it can be read, in the
// order in which it names them. Some sources have none: a page of the wiki may be
// known by its title only.
func Links(source string) []Link {
	type found struct {
		at int
		Link
	}
	var all []found
	add := func(span []int, url string) {
		all = append(all, found{span[0], Link{Text: source[span[0]:span[1]], URL: url}})
	}
	for _, place := range places {
		if span := place.name.FindStringIndex(source); span != nil {
			add(span, place.url)
		}
	}
	if wiki.MatchString(source) {
		for _, span := range pageID.FindAllStringIndex(source, -1) {
			add(span, wikiPage+source[span[0]:span[1]])
		}
		for _, span := range shortPage.FindAllStringIndex(source, -1) {
			add(span, wikiShort+source[span[0]:span[1]])
		}
	}
	for _, span := range issue.FindAllStringSubmatchIndex(source, -1) {
		add(span, github+"ehealth-ua/api-spec/issues/"+source[span[2]:span[3]])
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Compare(a.at, b.at) })
	links := make([]Link, len(all))
	for i, f := range all {
		links[i] = f.Link
	}
	return links
}

// SourceURL is the one address that a source is best read at: its page of the wiki, or else the first of its links. It is
// "" for sources without a known address.
func SourceURL(source string) string {
	links := Links(source)
	for _, link := range links {
		if strings.HasPrefix(link.URL, wikiShort) {
			return link.URL
		}
	}
	if len(links) > 0 {
		return links[0].URL
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
