package reference

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Link is a place where a source can be read.
type Link struct {
	Text string // the words of the source that name the place
	URL  string
}

const (
	wikiPage  = "https://e-health-ua.atlassian.net/wiki/pages/viewpage.action?pageId="
	wikiShort = "https://e-health-ua.atlassian.net/wiki/"

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

// part is a piece of a text, with the link that it makes if it makes one.
type part struct {
	Text string
	URL  string
}

// linked cuts a source into its links and the words between them.
func linked(source string) []part {
	var parts []part
	for _, link := range Links(source) {
		before, after, ok := strings.Cut(source, link.Text)
		if !ok {
			continue // inside the link before
		}
		if before != "" {
			parts = append(parts, part{Text: before})
		}
		parts = append(parts, part(link))
		source = after
	}
	if source != "" {
		parts = append(parts, part{Text: source})
	}
	return parts
}
