package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// language is how a page tells of changed rules, in the form of the list of changes.
type language struct {
	page, title, other, intro, nothing string
	since                              string
	kinds                              [3]string
	every                              string // the operation of the gateway's rules
	became, at, together, order        string
	guard, noGuard                     string
	check                              func(rule) string
}

const (
	changed = iota
	added
	removed
)

var languages = []language{
	{
		page: "rule-changes.md", title: "Rule changes", other: "[Українською](uk/rule-changes.md)",
		intro: "What the checks of a later version answer otherwise, made by `make generate` from the contract and the one that was released " +
			"before it. New operations stand in the [list of changes](../CHANGELOG.md); `make openapi-diff` fails until it announces each line here.",
		nothing: "Nothing.", since: "since", kinds: [3]string{"Changed", "Added", "Removed"}, every: "every operation",
		became: "became", at: "at", together: "answers together with", order: "check %d became check %d", guard: "is checked here, too", noGuard: "is no longer checked here",
		check: func(r rule) string { return r.Check },
	},
	{
		page: "uk/rule-changes.md", title: "Зміни правил", other: "[In English](../rule-changes.md)",
		intro: "На що перевірки нової версії відповідають інакше. Створює `make generate` із контракту й того, який випущено " +
			"перед ним. Нові методи названо в [переліку змін](../../CHANGELOG.md) (англ.); `make openapi-diff` не проходить, доки там не оголошено кожного рядка звідси.",
		nothing: "Нічого.", since: "після", kinds: [3]string{"Змінено", "Додано", "Вилучено"}, every: "усі методи",
		became: "тепер", at: "у", together: "відповідає разом із", order: "перевірка %d тепер %d", guard: "перевіряється і тут", noGuard: "тут більше не перевіряється",
		check: func(r rule) string { return cmp.Or(r.CheckUK, r.Check) },
	},
}

// line is a change of a rule, or the same change of several.
type line struct {
	kind            int
	operation, text string
	ids             []string
}

// String is the line of the page.
func (c line) String() string {
	if len(c.ids) == 0 {
		return c.text
	}
	return c.text + ": `" + strings.Join(c.ids, "`, `") + "`"
}

// writeChanges writes the pages that tell which rules of the contract answer otherwise than in the one that was released last.
// Sections of former versions stay as they are.
func writeChanges(out io.Writer, p paths) error {
	return writePages(out, p, func(l language, old, current *contract) string {
		return fmt.Sprintf("## [Unreleased] %s %s\n\n%s", l.since, old.Info.Version, l.section(old, current))
	})
}

// releaseChanges keeps the section of what is not released as that of the version that is released now.
func releaseChanges(out io.Writer, p paths) error {
	if _, err := os.Stat(p.released); os.IsNotExist(err) {
		return nil // the first version changes nothing
	}
	return writePages(out, p, func(l language, old, current *contract) string {
		version := current.Info.Version
		if version == old.Info.Version {
			return fmt.Sprintf("## [Unreleased] %s %s\n\n%s\n", l.since, version, l.nothing)
		}
		return fmt.Sprintf("## [Unreleased] %s %s\n\n%s\n\n## [%s] %s %s\n\n%s",
			l.since, version, l.nothing, version, l.since, old.Info.Version, l.section(old, current))
	})
}

func writePages(out io.Writer, p paths, sections func(l language, old, current *contract) string) error {
	old, err := readContract(p.released)
	if err != nil {
		return err
	}
	current, err := readContract(p.contract)
	if err != nil {
		return err
	}
	for _, l := range languages {
		path := filepath.Join(p.docs, l.page)
		former, err := formerSections(path)
		if err != nil {
			return err
		}
		page := fmt.Sprintf("# %s\n\n%s\n\n%s\n\n%s%s", l.title, l.other, l.intro, sections(l, old, current), former)
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		fmt.Fprintln(out, path)
	}
	return nil
}

var ofAVersion = regexp.MustCompile(`(?m)^## \[\d`)

// formerSections are those of the versions that were released.
func formerSections(path string) (string, error) {
	page, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	if at := ofAVersion.FindIndex(page); at != nil {
		return "\n" + string(page[at[0]:]), nil
	}
	return "", nil
}

// section has the changes by kind and operation.
func (l language) section(old, current *contract) string {
	lines := l.rules(l.every, old.Rules, current.Rules)
	before, now := old.operations(), current.operations()
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if op, there := now[id]; there {
			lines = append(lines, l.operation(id, before[id], op)...)
		}
	}
	var out strings.Builder
	for kind, heading := range l.kinds {
		of := ""
		for _, found := range lines {
			if found.kind != kind {
				continue
			}
			if of == "" {
				fmt.Fprintf(&out, "### %s\n\n", heading)
			}
			if of != found.operation {
				of = found.operation
				fmt.Fprintf(&out, "- %s:\n", of)
			}
			fmt.Fprintf(&out, "  - %s\n", found)
		}
		if of != "" {
			out.WriteString("\n")
		}
	}
	if out.Len() == 0 {
		return l.nothing + "\n"
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func (l language) operation(id string, old, current operation) []line {
	name := "`" + id + "`"
	lines := l.rules(name, old.Rules, current.Rules)
	for _, guard := range old.Guards {
		if !slices.Contains(current.Guards, guard) {
			lines = append(lines, line{removed, name, fmt.Sprintf("`%s` %s", guard, l.noGuard), nil})
		}
	}
	for _, guard := range current.Guards {
		if !slices.Contains(old.Guards, guard) {
			lines = append(lines, line{added, name, fmt.Sprintf("`%s` %s", guard, l.guard), nil})
		}
	}
	for _, m := range moves(old.checks(), current.checks()) {
		lines = append(lines, line{changed, name, fmt.Sprintf("`%s`: "+l.order, m.id, m.was, m.is), nil})
	}
	return lines
}

// rules tells which rules answer otherwise, are new or gone.
func (l language) rules(operation string, old, current []rule) []line {
	before, now := byID(old), byID(current)
	var lines []line
	for _, was := range old {
		is, there := now[was.ID]
		if !there {
			lines = append(lines, line{removed, operation, l.whole(was), nil})
			continue
		}
		for _, field := range []struct{ lead, was, is string }{
			{"", fmt.Sprint(was.Status), fmt.Sprint(is.Status)},
			{"", quoted(was.Type), quoted(is.Type)},
			{"", quoted(was.Message), quoted(is.Message)},
			{l.at + " ", quoted(was.Entry), quoted(is.Entry)},
			{"", quoted(was.Keyword), quoted(is.Keyword)},
			{"", quoted(was.Description), quoted(is.Description)},
			{l.together + " ", quoted(was.Together), quoted(is.Together)},
		} {
			if field.was == field.is {
				continue
			}
			text := fmt.Sprintf("%s%s %s %s", field.lead, field.was, l.became, field.is)
			if same := slices.IndexFunc(lines, func(c line) bool { return c.kind == changed && c.text == text }); same >= 0 {
				lines[same].ids = append(lines[same].ids, was.ID)
				continue
			}
			lines = append(lines, line{changed, operation, text, []string{was.ID}})
		}
	}
	for _, is := range current {
		if _, there := before[is.ID]; !there {
			lines = append(lines, line{added, operation, l.whole(is), nil})
		}
	}
	return lines
}

// whole is a rule with its answer.
func (l language) whole(r rule) string {
	text := fmt.Sprint(r.Status)
	if says := cmp.Or(r.Message, r.Description); says != "" {
		text += " " + quoted(says)
	}
	return fmt.Sprintf("%s: `%s`. %s", text, r.ID, strings.TrimSuffix(l.check(r), ".")+".")
}

// quoted is a text as code, which may hold backticks itself.
func quoted(text string) string {
	switch {
	case text == "":
		return "—"
	case strings.Contains(text, "`"):
		return "`` " + text + " ``"
	}
	return "`" + text + "`"
}
