package auth

import (
	"net/url"
	"slices"
	"strings"
)

// fits tells whether an address is the registered one or lies under it: the
// registered one without its last slash, then the end, a path or a query. The real system's pattern is not bound to the start
// of the address, which lets any host through that carries the registered
// address in its query; this one is. Nor may the rest lead up again: browsers
// take /callback/../other, and a backslash for each slash, for /other.
func fits(registered, address string) bool {
	rest, ok := strings.CutPrefix(address, strings.TrimSuffix(registered, "/"))
	if !ok || (rest != "" && rest[0] != '/' && rest[0] != '?') {
		return false
	}
	parsed, err := url.Parse(address)
	return err == nil && !slices.Contains(strings.FieldsFunc(parsed.Path, isSlash), "..")
}

func isSlash(r rune) bool { return r == '/' || r == '\\' }

// withCode adds the code to the query of an address that fits.
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
	return address
}
