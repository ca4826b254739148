package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// repositoryFiles returns the files of the repository, from its root: those
// that git knows, and new ones that it does not ignore.
func repositoryFiles(t *testing.T) []string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = repository
	out, err := list.Output()
	require.NoError(t, err)
	var files []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(repository, name))
		if err == nil && info.Mode().IsRegular() { // not deleted
			files = append(files, name)
		}
	}
	require.NotEmpty(t, files)
	return files
}

func TestLinksOfThePagesLeadSomewhere(t *testing.T) {
	t.Parallel()
	var broken []string
	known := map[string]map[string]bool{} // anchors by page
	for _, name := range repositoryFiles(t) {
		if filepath.Ext(name) == ".md" {
			broken = append(broken, brokenLinks(t, name, known)...)
		}
	}
	require.Empty(t, broken)
}

var (
	code = regexp.MustCompile("(?ms)^```.*?^```|`[^`\n]+`")
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

func brokenLinks(t *testing.T, name string, known map[string]map[string]bool) (broken []string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(repository, name))
	require.NoError(t, err)
	for _, found := range link.FindAllSubmatch(code.ReplaceAll(page, nil), -1) {
		target := string(found[1])
		if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
			continue
		}
		file, anchor, _ := strings.Cut(target, "#")
		path := filepath.Join(repository, filepath.Dir(name), file)
		if file == "" {
			path = filepath.Join(repository, name)
		}
		if _, err := os.Stat(path); err != nil {
			broken = append(broken, fmt.Sprintf("%s: %s: no such file", name, target))
			continue
		}
		if anchor != "" && known[path] == nil {
			known[path] = anchors(t, path)
		}
		if anchor != "" && !known[path][anchor] {
			broken = append(broken, fmt.Sprintf("%s: %s: no such heading", name, target))
		}
	}
	return broken
}

func anchors(t *testing.T, path string) map[string]bool {
	t.Helper()
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	found := map[string]bool{}
	for _, h := range headings(string(page)) {
		found[h.Anchor] = true
	}
	return found
}

func TestHeadings(t *testing.T) {
	t.Parallel()
	page := "# One `X-y` (2)!\n```sh\n# comment\n```\n## Same\n### Same\n## [Link](x.md) її\n"
	require.Equal(t, []heading{
		{1, "One `X-y` (2)!", "one-x-y-2"}, {2, "Same", "same"}, {3, "Same", "same-1"}, {2, "Link її", "link-її"},
	}, headings(page))
}

// A reader has the repository alone: nothing may cite a page that is not in it.
// Public documents of the national system are named by their titles.
func TestOnlyPagesOfTheRepositoryAreCited(t *testing.T) {
	t.Parallel()
	outside := regexp.MustCompile(`\.\./shared\b|\bspec/[a-z_]+\.md|\bspec: ?[a-z_]+(\.md| \d)|\bDESIGN\b|\b(PRODUCT|ENGINEERING) [§A-Z]`)
	page := regexp.MustCompile(`\bdocs/[a-z-]+\.md\b`)
	rulings := regexp.MustCompile(`\bdecisions (R\d+(?:, R\d+)*)`)
	marks := []string{"shared", "spec", "DESIGN", "PRODUCT", "ENGINEERING", "docs/", "decisions R"} // one in all that is looked for
	decisions := anchors(t, filepath.Join(repository, "docs/decisions.md"))
	known := map[string]bool{}
	files := repositoryFiles(t)
	for _, name := range files {
		known[name] = true
	}
	var wrong []string
	for _, name := range files {
		if name == "internal/reference/docs/links_test.go" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(repository, name))
		require.NoError(t, err)
		for i, line := range strings.Split(string(content), "\n") {
			if !slices.ContainsFunc(marks, func(mark string) bool { return strings.Contains(line, mark) }) {
				continue
			}
			at := fmt.Sprintf("%s:%d: ", name, i+1)
			if found := outside.FindString(line); found != "" {
				wrong = append(wrong, at+found)
			}
			for _, found := range page.FindAllString(line, -1) {
				if !known[found] {
					wrong = append(wrong, at+found+": no such page")
				}
			}
			for _, found := range rulings.FindAllStringSubmatch(line, -1) {
				for ruling := range strings.SplitSeq(found[1], ", ") {
					if !decisions[strings.ToLower(ruling)] {
						wrong = append(wrong, at+ruling+": no such ruling")
					}
				}
			}
		}
	}
	require.Empty(t, wrong)
}
