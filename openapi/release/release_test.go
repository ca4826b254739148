package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"esoz/openapi"
	"esoz/openapi/tree"
)

const changelog = "# Changelog\n\n## [Unreleased]\n\n## [0.1.0]\n\n- division.create.party: announced too early\n"

// sharedContract is the contract with the operations alone that the tests change: oasdiff reads it in a tenth of the time.
var sharedContract = sync.OnceValues(func() ([]byte, error) {
	root, err := tree.Parse(openapi.Document)
	if err != nil {
		return nil, err
	}
	paths := tree.Mapping()
	for _, path := range []string{
		"/api/jobs/{id}", "/api/events/{id}", "/api/divisions", "/api/divisions/{id}", "/api/service_requests/{service_request_id}/actions/release",
		"/api/patients/{patient_id}/device_dispenses/{device_dispense_id}/actions/stop",
	} {
		tree.Set(paths, path, tree.At(root, "paths", path))
	}
	tree.Set(root, "paths", paths)
	return tree.YAML(root)
})

// release is a contract in a folder of its own that is compared with a copy of itself.
func release(t *testing.T) paths {
	t.Helper()
	dir := t.TempDir()
	p := paths{
		contract:  filepath.Join(dir, "openapi.yaml"),
		released:  filepath.Join(dir, "released.yaml"),
		changelog: filepath.Join(dir, "CHANGELOG.md"),
		docs:      dir,
	}
	content, err := sharedContract()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(p.contract, content, 0o600))
	require.NoError(t, os.WriteFile(p.changelog, []byte(changelog), 0o600))
	kept, err := sharedBaseline()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(p.released, kept, 0o600))
	return p
}

// sharedBaseline is what baseline keeps of the contract. TestMain removes its folder.
var sharedBaseline = sync.OnceValues(func() ([]byte, error) {
	p := paths{contract: filepath.Join(temporary, "openapi.yaml"), released: filepath.Join(temporary, "released.yaml"), changelog: filepath.Join(temporary, "CHANGELOG.md"), docs: temporary}
	content, err := sharedContract()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(
		os.WriteFile(p.contract, content, 0o600), os.WriteFile(p.changelog, []byte(changelog), 0o600), baseline(p),
	); err != nil {
		return nil, err
	}
	return os.ReadFile(p.released)
})

var temporary string

func TestMain(m *testing.M) {
	var err error
	if temporary, err = os.MkdirTemp("", "esoz-release-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(temporary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// replace changes a file at the first place after a mark.
func replace(t *testing.T, path, mark, old, text string) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	head, tail, ok := strings.Cut(string(content), mark)
	require.True(t, ok, mark)
	require.Contains(t, tail, old)
	require.NoError(t, os.WriteFile(path, []byte(head+mark+strings.Replace(tail, old, text, 1)), 0o600))
}

func announce(t *testing.T, p paths, line string) {
	t.Helper()
	replace(t, p.changelog, "## [Unreleased]\n", "\n", "\n- "+line+"\n\n")
}

func compare(t *testing.T, p paths) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := diff(t.Context(), &out, p)
	return out.String(), err
}

func TestTheSameContractBreaksNobody(t *testing.T) {
	t.Parallel()
	out, err := compare(t, release(t))
	require.NoError(t, err, out)
	require.Equal(t, "nothing breaks clients of 0.1.0 unannounced\n", out)
}

func TestARemovedFieldMustBeAnnounced(t *testing.T) {
	t.Parallel()
	p := release(t)
	replace(t, p.contract, "\n    JobLink:\n", "      required: [entity, href]\n", "      required: [entity]\n")
	replace(t, p.contract, "\n    JobLink:\n", "        href:\n", "        address:\n")
	out, err := compare(t, p)
	require.ErrorContains(t, err, "announce each line under [Unreleased]")
	const line = "GET /api/jobs/{id} removed the required property `data/links/items/href` from the response with the `200` status"
	require.Contains(t, out, "BREAKING   "+line+"\n")

	for found := range strings.Lines(out) {
		text, breaking := strings.CutPrefix(found, "BREAKING   ")
		require.True(t, breaking, found)
		announce(t, p, strings.TrimSpace(text)+".")
	}
	out, err = compare(t, p)
	require.NoError(t, err, out)
	require.Contains(t, out, "announced  "+line+"\n")
}

func TestWhatEveryAnswerHasIsAnnouncedOnce(t *testing.T) {
	t.Parallel()
	p := release(t)
	replace(t, p.contract, "description: The HTTP status of the answer.\n", "maximum: 504\n", "maximum: 599\n")
	out, err := compare(t, p)
	require.ErrorContains(t, err, "announce each line under [Unreleased]")
	const line = "every operation: the `meta/code` response property's max was increased from `504.00` to `599.00`"
	require.Equal(t, "BREAKING   "+line+"\n", out)

	announce(t, p, line+".")
	out, err = compare(t, p)
	require.NoError(t, err, out)

	some := []found{
		{"a `b` for the response status `200`", "GET", "/x"},
		{"a `b` for the response status `404`", "GET", "/x"},
		{"a `b` for the response status `200`", "GET", "/y"},
	}
	require.Len(t, inEveryOperation(some, 2), 1)
	require.Len(t, inEveryOperation(some, 3), 3, "not in the third")
}

// What oasdiff takes for less than an error.
func TestWhatReadersOfAnswersMissMustBeAnnounced(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ mark, old, text, want string }{
		"a refusal's status": {
			"operationId: releaseServiceRequest\n", "        '409':\n", "        '410':\n",
			"removed the non-success response with the status `409`",
		},
		"a parameter": {"operationId: listDivisions\n", "- name: ids\n", "- name: id_list\n", "deleted the `query` request parameter `ids`"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := release(t)
			replace(t, p.contract, tt.mark, tt.old, tt.text)
			out, err := compare(t, p)
			require.Error(t, err)
			require.Contains(t, out, tt.want)
		})
	}
}

func TestChangedRulesMustBeAnnounced(t *testing.T) {
	t.Parallel()
	tests := []struct {
		mark, old, text string
		id              string   // to be announced
		want            []string // what is found
	}{
		{
			"- id: device_dispense.stop.owner\n", "status: 404", "status: 403",
			"device_dispense.stop.owner",
			[]string{"device_dispense.stop.owner: status 404 -> 403"},
		},
		{
			"- id: device_dispense.stop.owner\n", "type: not_found", "type: forbidden",
			"device_dispense.stop.owner",
			[]string{`device_dispense.stop.owner: type "not_found" -> "forbidden"`},
		},
		{
			"- id: gateway.api_key.unknown\n", "message: Invalid api key", "message: Unknown api key",
			"gateway.api_key.unknown",
			[]string{`gateway.api_key.unknown: message "Invalid api key" -> "Unknown api key"`},
		},
		{
			"- id: division.create.zip\n", "entry: $.addresses[*].zip", "entry: $.addresses[*].postcode",
			"division.create.zip",
			[]string{`division.create.zip: entry "$.addresses[*].zip" -> "$.addresses[*].postcode"`},
		},
		{
			"- id: division.create.zip\n", "description: string does", "description: text does",
			"division.create.zip",
			[]string{`division.create.zip: description "string does not match pattern \"^[0-9]{5}$\"" -> "text does not match pattern \"^[0-9]{5}$\""`},
		},
		{
			"- id: division.create.zip\n", "          together: body\n", "",
			"division.create.zip",
			[]string{`division.create.zip: together "body" -> ""`},
		},
		{
			"", "- id: device_dispense.stop.patient\n", "- id: device_dispense.stop.person\n",
			"device_dispense.stop.patient, device_dispense.stop.person",
			[]string{
				"device_dispense.stop.person: new, refuses what has passed",
				"device_dispense.stop.patient: removed",
			},
		},
	}
	p := release(t)
	for _, tt := range tests {
		replace(t, p.contract, tt.mark, tt.old, tt.text)
	}
	out, err := compare(t, p)
	require.ErrorContains(t, err, "breaks clients of 0.1.0")
	for _, tt := range tests {
		for _, want := range tt.want {
			require.Contains(t, out, "BREAKING   "+want+"\n")
		}
		announce(t, p, "The rule `"+tt.id+"` changes.")
	}
	out, err = compare(t, p)
	require.NoError(t, err, out)
	for _, tt := range tests {
		for _, want := range tt.want {
			require.Contains(t, out, "announced  "+want+"\n")
		}
	}
}

func TestTheOrderOfChecksIsCompared(t *testing.T) {
	t.Parallel()
	require.Empty(t, compareOrder("op", []string{"a", "b", "c"}, []string{"new", "a", "c"}), "what came and went moves nothing")
	require.Equal(t, []change{{"a", "a: check 1 -> 3 of op"}}, compareOrder("op", []string{"a", "b", "c"}, []string{"b", "c", "a"}))

	op := func(ids ...string) *contract {
		var rules []rule
		for _, id := range ids {
			rules = append(rules, rule{ID: id})
		}
		return &contract{Paths: map[string]map[string]operation{"/x": {"get": {ID: "op", Guards: []string{"g"}, Rules: rules}}}}
	}
	require.Equal(t, []change{{"a", "a: check 2 -> 3 of op"}}, compareRules(op("a", "b"), op("b", "a")), "guards are counted")
	require.Equal(t, []change{{"b", "b: new, refuses what has passed"}}, compareRules(op("a"), op("a", "b")))
	require.Equal(t, []change{{"g", "g: no check of op any more"}, {"h", "h: a check of op, too"}}, compareGuards("op", []string{"g"}, []string{"h"}))
	require.Empty(t, compareRules(op("a", "b"), &contract{}), "rules go with their operation, which oasdiff reports")
}

func TestAnnouncements(t *testing.T) {
	t.Parallel()
	const text = "- `division.create.party`, and GET /api/x removed the property `a/b`.\n- x.y.z"
	for key, want := range map[string]bool{
		"division.create.party":                   true,
		"division.create.party_status":            false,
		"vision.create.party":                     false,
		"create.party":                            false,
		"x.y.z":                                   true,
		"x.y":                                     false,
		"GET /api/x removed the property b":       false,
		"GET /api/x removed the property `a/b`":   true,
		"PATCH /api/x removed the property `a/b`": false,
	} {
		require.Equal(t, want, announces(text, key), key)
	}
}

func TestAnnouncementsOfOldVersionsDoNotCount(t *testing.T) {
	t.Parallel()
	p := release(t)
	announced, err := readAnnounced(p.changelog, "0.1.0")
	require.NoError(t, err)
	require.False(t, announces(announced, "division.create.party"))
	_, err = readAnnounced(p.changelog, "0.1")
	require.ErrorContains(t, err, "has no heading ## [0.1]")
}

func TestNewOperationsSayTheirVersion(t *testing.T) {
	t.Parallel()
	p := release(t)
	replace(t, p.released, "", "  /api/events/{id}:\n", "  /api/old_events/{id}:\n")
	replace(t, p.released, "  /api/old_events/{id}:\n", "operationId: getEvent", "operationId: getOldEvent")
	out, err := compare(t, p)
	require.Error(t, err)
	require.Contains(t, out, "NEW        getEvent is new since 0.1.0 and says no x-addedInVersion\n")

	replace(t, p.contract, "", "operationId: getEvent\n", "operationId: getEvent\n      x-addedInVersion: 0.2.0\n")
	out, err = compare(t, p)
	require.Error(t, err, "the old operation is gone")
	require.NotContains(t, out, "getEvent")
}

func TestABaselineIsAValidDocumentOfAnAnnouncedVersion(t *testing.T) {
	t.Parallel()
	p := release(t)
	doc, err := openapi3.NewLoader().LoadFromFile(p.released)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	old, err := readContract(p.contract)
	require.NoError(t, err)
	kept, err := readContract(p.released)
	require.NoError(t, err)
	require.Equal(t, old, kept, "nothing that is compared is left out")

	require.NoError(t, os.WriteFile(p.changelog, []byte("## [Unreleased]\n"), 0o600))
	require.ErrorContains(t, baseline(p), "has no heading ## [0.1.0]")
}

func TestDocumentsAreWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out bytes.Buffer
	require.NoError(t, writeDocuments(&out, filepath.Join(dir, "openapi")))
	for _, name := range []string{"esoz.yaml", "esoz.json", "esoz-3.1.yaml"} {
		content, err := os.ReadFile(filepath.Join(dir, "openapi", name))
		require.NoError(t, err)
		require.Contains(t, string(content), "x-codeSamples")
		require.Contains(t, out.String(), name)
	}
}

func TestUnknownCommandsAreTold(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, run(t.Context(), nil, nil), "usage")
	require.ErrorContains(t, run(t.Context(), nil, []string{"deploy"}), `"deploy" is none of publish, changes, diff, baseline`)
}
