package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"

	"esoz/internal/reference/docs/part"
	"esoz/internal/reference/guide"
)

// heading is a heading of a Markdown page, with its address.
type heading struct {
	Level        int
	Text, Anchor string
}

var (
	fence       = regexp.MustCompile("(?ms)^```.*?^```")
	headingLine = regexp.MustCompile(`(?m)^(#{1,6}) +(.*?)\s*$`)
)

// headings returns the headings of a page with the addresses that GitHub gives them.
func headings(page string) []heading {
	var found []heading
	anchors := guide.Anchors{}
	for _, match := range headingLine.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		anchor := string(anchors.Generate([]byte(match[2]), ast.KindHeading))
		found = append(found, heading{len(match[1]), guide.Plain(match[2]), anchor})
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
