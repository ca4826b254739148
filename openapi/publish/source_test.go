package publish

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
)

func TestLinks(t *testing.T) {
	t.Parallel()
	const page = "https://e-health-ua.atlassian.net/wiki/pages/viewpage.action?pageId="
	for source, want := range map[string][]Link{
		"wiki Update division (17218732574); IL 2019, Divisions.update": {
			{Text: "17218732574", URL: page + "17218732574"},
			{Text: "IL 2019", URL: "https://github.com/ehealth-ua/ehealth.api"},
		},
		"wiki [UPD] Stop Device dispense 17730342339, 17782015641": {
			{Text: "17730342339", URL: page + "17730342339"},
			{Text: "17782015641", URL: page + "17782015641"},
		},
		"wiki Resend SMS on Approval, earlier revision x/mID3PQ": {
			{Text: "x/mID3PQ", URL: "https://e-health-ua.atlassian.net/wiki/x/mID3PQ"},
		},
		"Medical events MIS API, Get approvals, medical-events.apib L4853": {
			{Text: "Medical events MIS API", URL: "https://ehealthmedicaleventsapi.docs.apiary.io/"},
		},
		"shape of esoz-blueprint.apib L440; texts of njs 0.8.10": {
			{Text: "esoz-blueprint.apib", URL: "https://esoz.docs.apiary.io/"},
			{Text: "njs", URL: "https://github.com/ehealth-ua/nex_json_schema"},
		},
		"General MIS API L5278 (date_to)": {{Text: "General MIS API", URL: "https://ehealthmisapi1.docs.apiary.io/"}},
		"mithril 2019, grant_type.ex; ehealth-ua/api-spec issue 592": {
			{Text: "mithril 2019", URL: "https://github.com/savik2007/mithril.api"},
			{Text: "api-spec issue 592", URL: "https://github.com/ehealth-ua/api-spec/issues/592"},
		},
		"ehealth.abac.api, medical_events.feature": {
			{Text: "ehealth.abac.api", URL: "https://github.com/ehealth-ua/ehealth.abac.api"},
		},
		"seed 003, Validate addresses":                {{Text: "seed 003", URL: page + "583405700"}},
		"seed 004, Validate transition":               {},
		"no source tells":                             {},
		"a number 17218732574 of no page of any site": {},
	} {
		require.Equal(t, want, Links(source), source)
	}
}

// Whatever the contract names as a source makes sound addresses.
func TestLinksOfAllRules(t *testing.T) {
	t.Parallel()
	links := 0
	for _, rule := range rules.All {
		for _, link := range Links(rule.Source) {
			address, err := url.Parse(link.URL)
			require.NoError(t, err)
			require.Equal(t, "https", address.Scheme, rule.ID)
			require.Contains(t, rule.Source, link.Text, rule.ID)
			links++
		}
	}
	require.Greater(t, links, len(rules.All)/2, "most rules have a source to look at")
}
