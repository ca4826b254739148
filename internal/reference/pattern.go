package reference

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"esoz/internal/platform/fault"
)

// validatorTexts are the texts of the schema's validator, which no rule has.
var validatorTexts = []string{
	"type mismatch. Expected {expected} but got {actual}",
	"value is not allowed in enum",
	`string does not match pattern "{pattern}"`,
	`expected "{actual}" to be an email address`,
	`expected "{actual}" to be a valid ISO 8601 date`,
	`expected "{actual}" to be an existing date`,
	`expected "{actual}" to be a valid ISO 8601 date-time`,
	`expected "{actual}" to be an existing date-time`,
	`expected "{actual}" to be of format {format}`,
	"expected value to have a minimum length of {min} but was {actual}",
	"expected value to have a maximum length of {max} but was {actual}",
	"expected a minimum of {min} items but got {actual}",
	"expected a maximum of {max} items but got {actual}",
	"expected a minimum of {min} properties but got {actual}",
	"expected a maximum of {max} properties but got {actual}",
	"expected items to be unique but they were not",
	"expected the value to be >= {limit}", "expected the value to be <= {limit}",
	"expected the value to be > {limit}", "expected the value to be < {limit}",
	"expected value to be a multiple of {multiple_of} but got {actual}",
	"required property {property} was not present",
	"schema does not allow additional properties",
	"Duplicated key '{key}' at {entry}",
	"string must not contain the character U+0000",
	"value does not match the schema",
}

// Texts are the templates of a message.
func (m message) Texts() []string {
	if m.Text == "" && m.Status == http.StatusUnprocessableEntity && m.Type == fault.TypeValidationFailed {
		return validatorTexts
	}
	return []string{m.Text}
}

// Pattern is a regular expression, for JavaScript and for Go, of the message with its
// placeholders filled, and of parts of it. It is empty when words alone find it.
func (m message) Pattern() string {
	var all []string
	for _, text := range m.Texts() {
		if placeholder.MatchString(text) || m.Text == "" {
			all = append(all, filledIn(text)...)
		}
	}
	return strings.Join(all, "|")
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// enough letters tell a message from others.
const enough = 8

// filledIn returns a pattern for each word with which a part of a text may begin.
func filledIn(text string) (patterns []string) {
	words := strings.Fields(text)
	for i := range words {
		if pattern, ok := fragment(words[i:], i == 0); ok {
			patterns = append(patterns, pattern)
		}
	}
	return slices.Compact(patterns)
}

// fragment matches the first words of a list, as many of them as say enough, or more.
func fragment(words []string, whole bool) (pattern string, ok bool) {
	letters, last := 0, len(words)-1
	for i, word := range words {
		letters += len(placeholder.ReplaceAllString(word, ""))
		if letters >= enough {
			last = i
			break
		}
	}
	if letters == 0 || letters < enough && !whole {
		return "", false
	}
	var out strings.Builder
	for i, word := range words {
		if i > last {
			out.WriteString("(?:")
		}
		if i > 0 {
			out.WriteString(" ")
		}
		for j, piece := range placeholder.Split(word, -1) {
			if j > 0 {
				out.WriteString(".+")
			}
			out.WriteString(regexp.QuoteMeta(piece))
		}
	}
	out.WriteString(strings.Repeat(")?", len(words)-1-last))
	return out.String(), true
}
