package reference

import (
	"strings"

	"esoz/openapi/publish"
)

// part is a piece of a text, with the link that it makes if it makes one.
type part struct {
	Text string
	URL  string
}

// linked cuts a source into its links and the words between them.
func linked(source string) []part {
	var parts []part
	for _, link := range publish.Links(source) {
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
