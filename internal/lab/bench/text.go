package bench

import (
	"fmt"
	"strings"
)

// about fills in a text whose lines are one paragraph.
func about(text string, args ...any) string {
	return fmt.Sprintf(strings.ReplaceAll(text, "\n", " "), args...)
}
