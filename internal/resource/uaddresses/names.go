package uaddresses

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"esoz/internal/platform/config"
)

// SameName tells whether two names are one. Upper and lower case, the characters
// that people type for the apostrophe and the hyphen, the kind and number of blanks,
// and characters that nobody sees make no difference (decisions R25).
func SameName(a, b string) bool { return a == b || fold(a) == fold(b) }

// SameArea is SameName for areas. The cities with the standing of an oblast are also
// written with м. before them, as the running system does (decisions R31).
func SameArea(a, b string) bool { return a == b || foldArea(a) == foldArea(b) }

// lookalikes are what keyboards and editors put where the codifier has ’ and -.
var lookalikes = strings.NewReplacer(
	"'", "’", "ʼ", "’", "‘", "’", "‛", "’", "ʹ", "’", "ʻ", "’", "′", "’", "`", "’", "´", "’", "＇", "’",
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-", "﹘", "-", "﹣", "-", "－", "-",
)

// fold makes names comparable byte by byte. Composed and decomposed letters (й,
// ї) come out alike: files and clipboards of macOS hold the latter. They are
// composed after the small letters are made, because a small letter may have a form
// that its capital lacks (J̌), and after unseen characters have left their middle.
func fold(name string) string {
	seen := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) { // soft hyphen, joiners, marks of byte order and direction
			return -1
		}
		return r
	}, name)
	return lookalikes.Replace(strings.Join(strings.Fields(norm.NFC.String(strings.ToLower(seen))), " "))
}

// foldArea is fold for the name of an area.
func foldArea(name string) string {
	folded := fold(name)
	city, is := strings.CutPrefix(folded, "м.")
	if city = strings.TrimSpace(city); is && (city == "київ" || city == "севастополь") {
		return city
	}
	return folded
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

func (n names) has(name string, fold func(string) string) bool {
	_, found := n[name]
	if !found {
		_, found = n[fold(name)]
	}
	return found
}
