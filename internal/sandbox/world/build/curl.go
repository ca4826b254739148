package build

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Curl writes a request as a command that can be pasted into a POSIX shell.
func (r Request) Curl(baseURL string) string {
	words := r.words(baseURL)
	var b strings.Builder
	fmt.Fprintf(&b, "curl -sS -X %s %s", r.Method, quote(words[0].value))
	for _, w := range words[1:] {
		fmt.Fprintf(&b, " \\\n  %s %s", w.flag, quote(w.value))
	}
	return b.String()
}

// CurlWindows writes a request as one line for cmd and one for PowerShell. They are the same unless the request has a
// body, which must be JSON.
func (r Request) CurlWindows(baseURL string) (cmd, powerShell string) {
	words := r.words(baseURL)
	line := "-sS -X " + r.Method + " " + quoteWindows(words[0].value)
	for _, w := range words[1:] {
		if w.flag == flagBody {
			w.value = plainJSON(w.value)
		}
		line += " " + w.flag + " " + quoteWindows(w.value)
	}
	// curl alone is another command in PowerShell 5, which also loses the quotes within a word unless --% stops it from
	// reading the rest of the line.
	cmd, powerShell = "curl.exe "+line, "curl.exe "+line
	if strings.ContainsAny(line, "\\$`") {
		powerShell = "curl.exe --% " + line
	}
	return cmd, powerShell
}

// word is a value on the command line of curl, with the flag before it.
type word struct{ flag, value string }

const flagBody = "--data-raw"

// words are the values of a request: its address, its headers, its body.
func (r Request) words(baseURL string) []word {
	words := []word{{"", baseURL + r.Path}}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		words = append(words, word{"-H", name + ": " + r.Headers[name]})
	}
	body := r.Raw
	if body == "" && r.Body != nil {
		raw, err := json.Marshal(r.Body)
		if err != nil {
			panic(err) // the world's bodies are plain values
		}
		body = string(raw)
	}
	if body != "" {
		words = append(words, word{flagBody, body})
	}
	return words
}

// quote makes one word of a POSIX shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// quoteWindows makes one word of a Windows command line, as programs split it: a backslash is one, unless quotes follow.
func quoteWindows(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	backslashes := 0
	for _, c := range text {
		switch c {
		case '\\':
			backslashes++
		case '"':
			b.WriteString(strings.Repeat(`\`, backslashes+1))
			backslashes = 0
		default:
			backslashes = 0
		}
		b.WriteRune(c)
	}
	b.WriteString(strings.Repeat(`\`, backslashes) + `"`)
	return b.String()
}

// escaped are the escapes of JSON that shells take for theirs.
var escaped = strings.NewReplacer(`\\`, `\u005c`, `\"`, `\u0022`)

// plainJSON writes JSON in letters that no shell and no console's code page changes. Only strings hold others, and there
// they can be written by their numbers.
func plainJSON(text string) string {
	var b strings.Builder
	for _, c := range escaped.Replace(text) {
		switch {
		case c >= 0x10000:
			c -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		case c > '~' || strings.ContainsRune("%!^&|<>'$`", c):
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
