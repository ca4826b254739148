package torture

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/testkit"
)

// A parameter that breaks its schema never does more than be refused, paging is
// never refused, and no text in a path or a query makes the server fail.
func TestBrokenParameters(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T1", "a parameter that breaks its schema is refused, paging excepted, and no text in an address makes the server fail")
	c := newInProcess(t, testkit.New(t, testkit.Idle()))
	t.Run("operations", func(t *testing.T) {
		all := slices.DeleteFunc(subjects(t), func(op target) bool { return len(op.parameters) == 0 })
		for _, op := range all {
			t.Run(op.id, func(t *testing.T) {
				t.Parallel()
				breakParameters(t, tr, c, &op, each(*manifold*2_000, 10_000, len(all)))
			})
		}
	})
}

func breakParameters(t *testing.T, tr *trial, c *inProcess, op *target, n int) {
	request := op.passing[0]
	var body []byte
	if request.Body != nil {
		var err error
		body, err = json.Marshal(request.Body)
		require.NoError(t, err)
	}
	r := randomnessOf(op.id)
	for range n {
		parameter := anyOf(r, op.parameters...)
		broken, target := request, request.Path
		var must outcome
		switch parameter.In {
		case openapi3.ParameterInPath:
			var value string
			value, must = wrongPart(r, parameter.Schema.Value)
			if must == mustRefuse && !slices.ContainsFunc(rules.OfOperation(op.id), asksForExistence) {
				must = mayPass // what is not there has an empty list
			}
			target = withPart(op.path, request.Path, parameter.Name, url.PathEscape(value))
		case openapi3.ParameterInQuery:
			var value string
			value, must = wrongFilter(r, parameter.Schema.Value)
			target = withFilter(t, request.Path, parameter.Name, value)
		case openapi3.ParameterInHeader:
			broken = request.Header(parameter.Name, wrongKey(r))
		default:
			t.Fatalf("nobody breaks a parameter in a %s", parameter.In)
		}
		broken.Path = target
		answer, err := c.send(op, broken, body)
		why := fmt.Sprintf("-args -seed %d: %s %s %q", *seed, op.method, excerpt([]byte(target)), broken.Headers)
		require.NotNil(t, answer, "%s: %v", why, err)
		why += fmt.Sprintf("\nanswered %d: %s", answer.Status, excerpt(answer.Raw))
		require.NoError(t, err, why)
		require.Less(t, answer.Status, http.StatusInternalServerError, why)
		if parameter.In == openapi3.ParameterInHeader {
			require.NotContains(t, answer.Body.Meta, "idempotency_key", why)
			require.Empty(t, replayed(answer), why)
		}
		switch must {
		case mayPass:
		case mustRefuse:
			require.GreaterOrEqual(t, answer.Status, http.StatusBadRequest, why)
		case mustPass:
			require.Less(t, answer.Status, http.StatusBadRequest, why)
		}
	}
	tr.add("broken parameters", n)
}

func asksForExistence(rule rules.Rule) bool { return rule.Status == http.StatusNotFound }

// wrongKey makes an idempotency key, which no operation has another header than,
// that counts as not sent.
func wrongKey(r *rand.Rand) string {
	return anyOf(r, strings.Repeat("k", 201+r.IntN(1000)), "ї"+hostileText(r), "k\x00", "\t", "a\r\nb", "k\x7f", "\xff", "\u00a0")
}

// outcome is what must become of a parameter.
type outcome int

const (
	mayPass outcome = iota
	mustRefuse
	mustPass
)

// withPart replaces a parameter in a path.
func withPart(template, path, name, value string) string {
	path, query, _ := strings.Cut(path, "?")
	parts := strings.Split(path, "/")
	for i, part := range strings.Split(template, "/") {
		if part == "{"+name+"}" {
			parts[i] = value
		}
	}
	path = strings.Join(parts, "/")
	if query != "" {
		path += "?" + query
	}
	return path
}

// withFilter replaces a parameter in a query by an encoded value.
func withFilter(t *testing.T, path, name, encoded string) string {
	t.Helper()
	path, query, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(query)
	require.NoError(t, err)
	values.Del(name)
	query = name + "=" + encoded
	if len(values) > 0 {
		query = values.Encode() + "&" + query
	}
	return path + "?" + query
}

// wrongPart makes a part of a path.
func wrongPart(r *rand.Rand, schema *openapi3.Schema) (value string, must outcome) {
	for value == "" { // an empty part makes another path
		value = anyOf(r, append([]string{
			hostileText(r), hostileText(r) + "\x00", "\xff\xfe", "..", ".", "a/b", "%2e%2e", "%", "%00", "?", "#", ";a=b", "null", strings.Repeat("a", 3000),
		}, wrongTexts[schema.Format]...)...)
	}
	if schema.Format == "uuid" {
		return value, mustRefuse
	}
	return value, mayPass
}

// wrongFilter makes a value of a query, encoded.
func wrongFilter(r *rand.Rand, schema *openapi3.Schema) (encoded string, must outcome) {
	switch r.IntN(6) {
	case 0:
		return anyOf(r, "%", "%zz", "%u0041", "a%2"), mustRefuse
	case 1:
		return anyOf(r, "%00", "a%00b", "%ff", "%c0%af", "%ed%a0%80"), mustRefuse
	}
	switch {
	case schema.Type.Is("integer"):
		return anyOf(r, "abc", "-1", "0", "1e3", "1.5", "+1", "0x10", "%20", "99999999999999999999", "-99999999999999999999", "%D9%A3", ""), mustPass
	case schema.Type.Is("boolean"):
		return anyOf(r, "maybe", "1", "0", "TRUE", "True", "yes", "tru", "true%20", "null"), mustRefuse
	case schema.Format == "uuid" || schema.Format == "date-time":
		for encoded == "" { // an empty filter is none
			encoded = url.QueryEscape(anyOf(r, append([]string{"¡" + hostileText(r)}, wrongTexts[schema.Format]...)...))
		}
		return encoded, mustRefuse
	}
	return url.QueryEscape(anyOf(r, hostileText(r), hostileText(r)+hostileText(r), strings.Repeat("ї", 2000), "a,b,c", ",", "[]", "{\"$gt\":\"\"}")), mayPass
}
