package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// readAnnounced returns what the list of changes says of the versions after the released one.
func readAnnounced(path, released string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	place := versionHeading(released).FindIndex(content)
	if place == nil {
		return "", fmt.Errorf("%s has no heading ## [%s]", path, released)
	}
	return string(content[:place[0]]), nil
}

func versionHeading(version string) *regexp.Regexp {
	return regexp.MustCompile(`(?m)^## \[` + regexp.QuoteMeta(version) + `\]`)
}

var marks = strings.NewReplacer("`", "", "'", "", `"`, "")

// announces tells whether a line of the text names a change by its key, whatever marks stand around its words.
func announces(text, key string) bool {
	whole := regexp.MustCompile(`(^|[^\w.])` + regexp.QuoteMeta(marks.Replace(key)) + `($|[^\w.]|\.($|\s))`)
	for line := range strings.Lines(text) {
		if whole.MatchString(strings.TrimSpace(marks.Replace(line))) {
			return true
		}
	}
	return false
}
