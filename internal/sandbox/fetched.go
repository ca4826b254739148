package sandbox

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
)

// showFetched shows how much of PostgreSQL has been fetched: a bar on a terminal, else
// a line for each quarter.
func showFetched(out io.Writer) func(done, total int64) {
	if file, ok := out.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		var bar *progressbar.ProgressBar
		return func(done, total int64) {
			if bar == nil {
				bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription("  PostgreSQL"),
					progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true),
					progressbar.OptionThrottle(100*time.Millisecond))
			}
			_ = bar.Set64(done) // a terminal that went away
		}
	}
	const parts, mb = 4, 1 << 20
	told := int64(0)
	return func(done, total int64) {
		if total <= 0 { // the registry does not say
			return
		}
		if part := parts * done / total; part > told {
			told = part
			fmt.Fprintf(out, "  %d of %d MB\n", done/mb, total/mb)
		}
	}
}
