package build

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Curl writes a request as a command that can be pasted into a shell.
func (r Request) Curl(baseURL string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "curl -sS -X %s %s", r.Method, quote(baseURL+r.Path))
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		fmt.Fprintf(&b, " \\\n  -H %s", quote(name+": "+r.Headers[name]))
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
		fmt.Fprintf(&b, " \\\n  --data-raw %s", quote(body))
	}
	return b.String()
}

// quote makes one word of a POSIX shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
