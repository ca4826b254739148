package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"unicode"

	"esoz/internal/reference/docs/part"
)

// heading is a heading of a Markdown page, with its address.
type heading struct {
	Level        int
	Text, Anchor string
}

var (
	fence       = regexp.MustCompile("(?ms)^```.*?^```")
	headingLine = regexp.MustCompile(`(?m)^(#{1,6}) +(.*?)\s*$`)
	linkInText  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// headings returns the headings of a page with the addresses that GitHub gives them.
func headings(page string) []heading {
	var found []heading
	taken := map[string]int{}
	for _, match := range headingLine.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		text := linkInText.ReplaceAllString(match[2], "$1")
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, text)
		anchor := slug
		if n := taken[slug]; n > 0 {
			anchor = fmt.Sprintf("%s-%d", slug, n)
		}
		taken[slug]++
		found = append(found, heading{len(match[1]), text, anchor})
	}
	return found
}

// writeContents writes a page's table of contents: a line for each section that
// has subsections, with links to them.
func writeContents(path string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	var lines, points []string
	section := ""
	end := func() {
		if len(points) > 0 {
			lines = append(lines, "- **"+section+"**: "+strings.Join(points, " · "))
		}
		points = nil
	}
	for _, h := range headings(string(page)) {
		switch link := fmt.Sprintf("[%s](#%s)", h.Text, h.Anchor); h.Level {
		case 2:
			end()
			section = link
		case 3:
			points = append(points, link)
		}
	}
	end()
	_, err = part.Replace(path, "contents", strings.Join(lines, "\n")+"\n")
	return err
}
