package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"esoz/internal/sandbox/world"
)

// shownTokens are the roles that the five methods and the events need.
var shownTokens = []string{"doctor", "owner", "pharmacist", "mis"}

// shownOperations get a curl of their own.
var shownOperations = []string{
	"resendApprovalSms", "resendDeclarationRequestOtp", "releaseServiceRequest", "createDivision", "stopDeviceDispense",
}

// printBanner shows how to talk to a sandbox that has just started.
func printBanner(out io.Writer, at Addresses, w *world.World) {
	fmt.Fprintf(out, "\nesoz sandbox\n\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  API\t%s\n", at.BaseURL)
	fmt.Fprintf(table, "  Reference\t%s/docs\n", at.BaseURL)
	fmt.Fprintf(table, "  Contract\t%s/openapi.yaml\n", at.BaseURL)
	fmt.Fprintf(table, "  World\t%s/_sandbox/world (its methods: %s/_sandbox/docs/)\n", at.BaseURL, at.BaseURL)
	fmt.Fprintf(table, "  PostgreSQL\t%s\n", at.DatabaseURL)
	_ = table.Flush() // a terminal that went away
	fmt.Fprintln(out)
	for _, name := range shownTokens {
		for _, token := range w.Tokens {
			if token.Name == name {
				fmt.Fprintf(table, "  Token of %s\t%s\n", token.Note, token.Value)
			}
		}
	}
	_ = table.Flush() // as above
	for _, operation := range shownOperations {
		if c, ok := w.Passing(operation); ok {
			fmt.Fprintf(out, "\n# %s\n%s\n", operation, Curl(at.BaseURL, c.Request))
		}
	}
	fmt.Fprintf(out, "\nPress Ctrl-C to stop. POST %s/_sandbox/reset makes the world new.\n\n", at.BaseURL)
}

// Curl writes a request as a command that can be pasted into a shell.
func Curl(baseURL string, r world.Request) string {
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
