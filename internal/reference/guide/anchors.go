package guide

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
)

// Anchors gives headings the addresses that GitHub gives them. It holds how often each has been taken.
type Anchors map[string]int

var linkInText = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// Plain is a heading without its links.
func Plain(heading string) string { return linkInText.ReplaceAllString(heading, "$1") }

// Generate returns the address of the next heading of a page.
func (a Anchors) Generate(heading []byte, _ ast.NodeKind) []byte {
	slug := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, Plain(string(heading)))
	anchor := slug
	if n := a[slug]; n > 0 {
		anchor = fmt.Sprintf("%s-%d", slug, n)
	}
	a[slug]++
	return []byte(anchor)
}

// Put keeps an address that a page itself has given.
func (a Anchors) Put(anchor []byte) { a[string(anchor)]++ }
