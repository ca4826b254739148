// Package part writes the parts of a document that are made by a program: what
// stands between a comment that names the part and its maker, and the comment
// that ends it.
package part

import (
	"fmt"
	"os"
	"regexp"
)

// Replace puts text into a part of a document, and tells whether something else
// stood there. The part begins with <!-- name: made by … --> and ends with
// <!-- /name -->.
func Replace(path, name, text string) (changed bool, err error) {
	old, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", path, err)
	}
	quoted := regexp.QuoteMeta(name)
	between := regexp.MustCompile(`(?s)(<!-- ` + quoted + `: made by [^\n]* -->\n)(.*?)(<!-- /` + quoted + ` -->)`)
	found := between.FindSubmatchIndex(old)
	if found == nil {
		return false, fmt.Errorf("%s has no part %q", path, name)
	}
	if string(old[found[4]:found[5]]) == text {
		return false, nil
	}
	content := string(old[:found[4]]) + text + string(old[found[5]:])
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		return false, fmt.Errorf("write %s: %w", path, err)
	}
	return true, nil
}
