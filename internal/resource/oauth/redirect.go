package oauth

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// fits returns whether address is the registered one or lies under it: the
// registered one without its last slash, then the end, a path or a query. The
// real system matches anywhere in the address, so it accepts any host whose
// query has the registered address; this function matches from the start. It
// rejects "..": browsers resolve /callback/../other, also with backslashes, to
// /other.
func fits(registered, address string) bool {
	rest, ok := strings.CutPrefix(address, strings.TrimSuffix(registered, "/"))
	if !ok || (rest != "" && rest[0] != '/' && rest[0] != '?') {
		return false
	}
	parsed, err := url.Parse(address)
	return err == nil && !slices.Contains(strings.FieldsFunc(parsed.Path, isSlash), "..")
}

func isSlash(r rune) bool { return r == '/' || r == '\\' }

// withCode adds the code to the query of an address that fits, with what a header
// cannot carry percent-encoded.
func withCode(address, code string) string {
	address, fragment, marked := strings.Cut(address, "#")
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	address += separator + "code=" + url.QueryEscape(code)
	if marked {
		address += "#" + fragment
	}
	return unprintable.ReplaceAllStringFunc(address, url.PathEscape)
}

var unprintable = regexp.MustCompile(`[^!-~]`)
