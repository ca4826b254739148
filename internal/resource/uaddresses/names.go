package uaddresses

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"esoz/internal/platform/config"
)

// SameName tells whether two names are one: upper and lower case, the
// characters that people type for the apostrophe, and blanks around the name
// make no difference (decisions R25).
func SameName(a, b string) bool { return a == b || fold(a) == fold(b) }

// apostrophes are what keyboards and editors put where the codifier has ’.
var apostrophes = strings.NewReplacer(
	"'", "’", "ʼ", "’", "‘", "’", "‛", "’", "ʹ", "’", "ʻ", "’", "′", "’", "`", "’", "´", "’", "＇", "’",
)

// fold makes names comparable byte by byte. Composed and decomposed letters (й,
// ї) come out alike: files and clipboards of macOS hold the latter. They are
// composed last, because a small letter may have a form that its capital lacks (J̌).
func fold(name string) string {
	return apostrophes.Replace(norm.NFC.String(strings.ToLower(strings.TrimSpace(name))))
}

// printed is the name of an area as answers show it. The running system marks the
// two cities that are areas (decisions R31).
func (a *Area) printed(cfg *config.Config) string {
	if cfg.ReadsLive(cfg.CityAreaNames) && (SameName(a.Name, "Київ") || SameName(a.Name, "Севастополь")) {
		return "М." + strings.ToUpper(a.Name)
	}
	return a.Name
}

// names holds every name folded and as the codifier writes it, which is how
// most clients send it and saves the folding.
type names map[string]struct{}

func (n names) add(name, folded string) {
	n[name], n[folded] = struct{}{}, struct{}{}
}

func (n names) has(name string) bool {
	_, found := n[name]
	if !found {
		_, found = n[fold(name)]
	}
	return found
}
