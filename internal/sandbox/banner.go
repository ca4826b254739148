package sandbox

import (
	"fmt"
	"io"
	"runtime"
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
func printBanner(out io.Writer, at Addresses, w *world.World, old bool) {
	fmt.Fprintf(out, "\nesoz sandbox\n\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  Console\t%s\n", at.BaseURL+"/console/")
	fmt.Fprintf(table, "  Documents\t%s/_sandbox/docs/uk/ (in English: /en/)\n", at.BaseURL)
	fmt.Fprintf(table, "  API\t%s\n", at.BaseURL)
	fmt.Fprintf(table, "  Reference\t%s/docs/\n", at.BaseURL)
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
			printCommand(out, runtime.GOOS, operation, c.Request, at.BaseURL)
		}
	}
	if old {
		fmt.Fprintf(out, "\nThe data folder holds the world of another version of esoz: what this page and the documents name may be missing.\n"+
			"POST %s/_sandbox/reset makes the world new, and takes what you have registered.\n", at.BaseURL)
	}
	fmt.Fprintf(out, "\nPress Ctrl-C to stop. POST %s/_sandbox/reset makes the world new.\n\n", at.BaseURL)
}

// printCommand shows a request as a command for the shells of an operating system.
func printCommand(out io.Writer, system, title string, r world.Request, baseURL string) {
	if system != "windows" {
		fmt.Fprintf(out, "\n# %s\n%s\n", title, r.Curl(baseURL))
		return
	}
	cmd, powerShell := r.CurlWindows(baseURL)
	if cmd == powerShell {
		fmt.Fprintf(out, "\n# %s\n%s\n", title, cmd)
		return
	}
	fmt.Fprintf(out, "\n# %s, in PowerShell\n%s\n# %s, in cmd\n%s\n", title, powerShell, title, cmd)
}
