package reference_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"esoz/gen/rules"
)

// row is a message of the errors page, as its filter sees it.
type row struct {
	text    string
	pattern *regexp.Regexp
	rules   []rules.ID
}

func errorRows(t *testing.T) (rows []row) {
	t.Helper()
	for _, li := range elements(parse(t, newSite(t).body(t, "/docs/rules/errors/")), "li") {
		if attribute(li, "data-statuses") == "" {
			continue // a rule of a message
		}
		r := row{text: strings.ToLower(text(li))}
		if pattern := attribute(li, "data-pattern"); pattern != "" {
			var err error
			r.pattern, err = regexp.Compile("(?i)^(?:" + pattern + ")$")
			require.NoError(t, err)
		}
		for _, a := range elements(li, "a") {
			r.rules = append(r.rules, rules.ID(ruleOf(a)))
		}
		rows = append(rows, r)
	}
	require.NotEmpty(t, rows)
	return rows
}

func ruleOf(a *html.Node) string {
	_, id, _ := strings.Cut(attribute(a, "href"), "#")
	return id
}

// find does what assets/filter.js does.
func find(rows []row, sent string) (found []rules.ID) {
	sent = strings.Join(strings.Fields(sent), " ")
	for _, r := range rows {
		inText := !slices.ContainsFunc(strings.Fields(strings.ToLower(sent)), func(word string) bool { return !strings.Contains(r.text, word) })
		if inText || r.pattern != nil && r.pattern.MatchString(sent) {
			found = append(found, r.rules...)
		}
	}
	return found
}

// A message as a client got it, with its values, leads to a rule that answered.
func TestErrorsPageFindsMessages(t *testing.T) {
	t.Parallel()
	rows := errorRows(t)
	looked := 0
	for _, c := range newSite(t).world.Cases {
		var texts []string
		for _, item := range c.Expect.Invalid {
			if item.Description != "" {
				texts = append(texts, item.Description)
			}
		}
		if len(texts) == 0 && len(c.Rules) > 0 && c.Expect.Message != "" {
			texts = []string{c.Expect.Message}
		}
		for _, text := range texts {
			found := find(rows, text)
			require.True(t, slices.ContainsFunc(c.Rules, func(id rules.ID) bool { return slices.Contains(found, id) }), "%s: %s finds %v", c.ID, text, found)
			looked++
		}
	}
	require.NotZero(t, looked)
}

func TestErrorsPageFindsPartsOfMessages(t *testing.T) {
	t.Parallel()
	rows := errorRows(t)
	for text, want := range map[string]rules.ID{
		"Missing allowances: division:write":                          rules.GatewayScope,
		"allowances: division:write job:read":                         rules.GatewayScope,
		"required property zip was not present":                       rules.DivisionCreateSchema,
		"Expected string but got null":                                rules.DivisionCreateSchema,
		"Period must be less than or equal to 3 hours. Please set":    rules.EventListPeriod,
		"less than or equal to 3 hours. Please set allowed period to": rules.EventListPeriod,
	} {
		found := find(rows, text)
		require.Contains(t, found, want, text)
		require.NotContains(t, found, rules.TokenCreateGrantExpired, text)
	}
	for _, text := range []string{"the moon is made of cheese", "Missing", "zip", "500"} {
		require.NotContains(t, find(rows, text), rules.EventListPeriod, text)
	}
	require.Empty(t, find(rows, "the moon is made of cheese"))
	page := string(newSite(t).body(t, "/docs/rules/errors/"))
	require.Contains(t, page, "data-nothing hidden")
}
