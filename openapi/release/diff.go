package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

const oasdiff = "github.com/oasdiff/oasdiff@v1.33.0"

// diff compares the contract with the one that was released last, and fails when it breaks clients in a way that the
// list of changes does not announce.
func diff(ctx context.Context, out io.Writer, p paths) error {
	old, err := readContract(p.released)
	if err != nil {
		return err
	}
	current, err := readContract(p.contract)
	if err != nil {
		return err
	}
	announced, err := readAnnounced(p.changelog, old.Info.Version)
	if err != nil {
		return err
	}
	differences, err := compareDocuments(ctx, p)
	if err != nil {
		return err
	}
	changes := append(inEveryOperation(differences, len(old.operations())), compareRules(old, current)...)

	surprises := 0
	for _, c := range changes {
		word := "announced"
		if !announces(announced, c.key) {
			surprises++
			word = "BREAKING"
		}
		fmt.Fprintf(out, "%-9s  %s\n", word, c)
	}
	for _, id := range nameless(old, current) {
		surprises++
		fmt.Fprintf(out, "%-9s  %s is new since %s and says no x-addedInVersion\n", "NEW", id, old.Info.Version)
	}
	if surprises > 0 {
		return fmt.Errorf("%s breaks clients of %s: announce each line under [Unreleased] in %s, a rule by its id", p.contract, old.Info.Version, p.changelog)
	}
	fmt.Fprintf(out, "nothing breaks clients of %s unannounced\n", old.Info.Version)
	return nil
}

// nameless are the new operations that do not say with which version they came.
func nameless(old, current *contract) []string {
	before, now := old.operations(), current.operations()
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(now)) {
		if _, known := before[id]; !known && now[id].AddedInVersion == "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// levels are what oasdiff takes for harmless and clients read all the same.
const levels = `response-non-success-status-removed err
optional-response-header-removed err
`

// compareDocuments asks oasdiff for what breaks clients: its errors, and its warnings, among which are a parameter and a
// field that are gone.
func compareDocuments(ctx context.Context, p paths) ([]found, error) {
	cmd := exec.CommandContext(ctx, "go", "run", oasdiff, "breaking", "--format", "json", "--severity-levels", "/dev/stdin", p.released, p.contract) //nolint:gosec // files of the repository
	cmd.Stdin = strings.NewReader(levels)
	var answer, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &answer, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run %s: %w: %s", oasdiff, err, bytes.TrimSpace(complaint.Bytes()))
	}
	var list []found
	if answer.Len() > 0 {
		if err := json.Unmarshal(answer.Bytes(), &list); err != nil {
			return nil, fmt.Errorf("read the answer of %s: %w", oasdiff, err)
		}
	}
	return list, nil
}

// found is a change of the document, as oasdiff tells it.
type found struct {
	Text, Operation, Path string
}

var ofOneStatus = regexp.MustCompile(" for the response status `\\d+`$")

// inEveryOperation makes one change of what was found in each of so many operations: a part of all their answers has
// changed.
func inEveryOperation(list []found, operations int) []change {
	where := map[string]map[string]bool{}
	for _, f := range list {
		text := ofOneStatus.ReplaceAllString(f.Text, "")
		if where[text] == nil {
			where[text] = map[string]bool{}
		}
		where[text][f.Operation+" "+f.Path] = true
	}
	var changes []change
	for _, f := range list {
		line := fmt.Sprintf("%s %s %s", f.Operation, f.Path, f.Text)
		if text := ofOneStatus.ReplaceAllString(f.Text, ""); len(where[text]) == operations {
			line = "every operation: " + text
		}
		if c := (change{line, line}); !slices.Contains(changes, c) {
			changes = append(changes, c)
		}
	}
	return changes
}
