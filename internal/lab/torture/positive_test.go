package torture

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"esoz/gen/rules"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// drawAsMany sets how many requests a check of rapid draws. A check that fails
// tells the -rapid.seed that draws the same ones, and the smallest request that
// fails.
func drawAsMany(checks int) error {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		return err
	}
	return flag.Set("rapid.checks", strconv.Itoa(checks))
}

// A request that fits its schemas is accepted, or refused by a rule that the
// contract lists for the operation and that judges more than the shape of a
// body; and the answer is one that the contract declares. No operation refuses
// everything.
func TestFittingRequests(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T2", "a request that fits its schema is accepted or refused by a listed rule")
	// A wrong code does not use the verification up that a right one is to complete.
	s := &stage{Server: testkit.New(t, testkit.Idle(), testkit.With("MAX_ATTEMPTS", "1000"))}
	c := newInProcess(t, s.Server)
	t.Run("operations", func(t *testing.T) {
		all, bodies := subjects(t), 0
		for _, op := range all {
			if op.body() != nil {
				bodies++
			}
		}
		for _, op := range all {
			t.Run(op.id, func(t *testing.T) {
				t.Parallel()
				for i, request := range op.passing { // a logout ends nobody else's session
					if token, sent := strings.CutPrefix(request.Headers["Authorization"], "Bearer "); sent {
						op.passing[i] = request.Bearing(s.issue(t, s.token(t, token)))
					}
				}
				checks := 1
				if op.body() != nil {
					checks = each(60, 100_000/draws(), bodies)
				}
				var accepted, refused int
				for range checks {
					rapid.Check(t, func(t *rapid.T) {
						if sendFitting(t, c, &op, s.Dictionaries.Codes) < http.StatusBadRequest {
							accepted++
						} else {
							refused++
						}
					})
				}
				require.Positive(t, accepted, "%d requests that fit", refused)
				tr.add("fitting requests accepted", accepted)
				tr.add("refused", refused)
			})
		}
	})
}

func sendFitting(t *rapid.T, c *inProcess, op *target, codes func(dictionary string) []string) (status int) {
	request := rapid.SampledFrom(op.passing).Draw(t, "request")
	f := fitting{t: t, codes: codes}
	var body []byte
	if schema := op.body(); schema != nil {
		raw, err := json.Marshal(request.Body)
		require.NoError(t, err)
		var like any
		require.NoError(t, json.Unmarshal(raw, &like))
		body, err = json.Marshal(f.value(schema, like, "$"))
		require.NoError(t, err)
	}
	request.Path = f.path(op, request)
	answer, err := c.send(op, request, body)
	why := fmt.Sprintf("%s %s %s", op.method, request.Path, excerpt(body))
	require.NotNil(t, answer, "%s: %v", why, err)
	why += fmt.Sprintf("\nanswered %d: %s", answer.Status, excerpt(answer.Raw))
	require.NoError(t, err, why)
	documented := false // a rule may answer with 501
	for _, id := range answer.Rules() {
		rule, _ := rules.Get(rules.ID(id))
		require.False(t, op.body() != nil && rule.Schema, "refused for its shape, which is right\n%s", why)
		documented = documented || rule.Status == answer.Status
	}
	require.True(t, answer.Status < http.StatusInternalServerError || documented, why)
	return answer.Status
}

// fitting makes values that fit a schema, most of them out of those of a
// request that passes, so that some requests come through all checks.
type fitting struct {
	t     *rapid.T
	codes func(dictionary string) []string
}

func (f fitting) yes(what string) bool { return rapid.Bool().Draw(f.t, what) }

// value makes one like another, which is nil when there is none.
func (f fitting) value(schema *openapi3.Schema, like any, at string) any {
	if len(schema.OneOf) > 0 {
		schema = rapid.SampledFrom(schema.OneOf).Draw(f.t, at+" as one of").Value
	}
	_, isObject := like.(map[string]any)
	switch {
	case isObject && schema.Type.Is("object") && rapid.IntRange(0, 7).Draw(f.t, at+" whole as it was") == 7:
		return like // of a large object hardly any form but this one passes all checks of what it means
	case schema.Type.Is("object"):
		return f.object(schema, like, at)
	case schema.Type.Is("array"):
		return f.array(schema, like, at)
	case like != nil && fitsType(schema, like) && rapid.IntRange(0, 3).Draw(f.t, at+" as it was") < 3:
		return like
	case schema.Nullable && f.yes(at+" null"):
		return nil
	case len(schema.Enum) > 0 && !schema.Type.Is("string"):
		return rapid.SampledFrom(schema.Enum).Draw(f.t, at)
	case schema.Type.Is("boolean"):
		return f.yes(at)
	case schema.Type.Is("integer"):
		return f.integer(schema, at)
	case schema.Type.Is("number"):
		return f.number(schema, at)
	}
	return f.text(schema, at)
}

func fitsType(schema *openapi3.Schema, value any) bool {
	switch value.(type) {
	case string:
		return schema.Type.Is("string")
	case float64:
		return schema.Type.Is("number") || schema.Type.Is("integer")
	case bool:
		return schema.Type.Is("boolean")
	}
	return false
}

func (f fitting) object(schema *openapi3.Schema, like any, at string) any {
	was, _ := like.(map[string]any)
	made := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		old, had := was[name]
		keep := had && rapid.IntRange(0, 7).Draw(f.t, at+" keeps "+name) > 0
		if slices.Contains(schema.Required, name) || keep || !had && rapid.IntRange(0, 3).Draw(f.t, at+" gets "+name) == 0 {
			made[name] = f.value(schema.Properties[name].Value, old, at+"."+name)
		}
	}
	if open := schema.AdditionalProperties.Has; (open == nil || *open) && f.yes(at+" more") {
		f.more(schema, made, at)
	}
	return made
}

// more adds members that an open object does not know: also such as a careless
// decoder takes for those that it knows.
func (f fitting) more(schema *openapi3.Schema, made map[string]any, at string) {
	names := []string{"more", "__proto__", ""}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		names = append(names, strings.ToUpper(name), strings.ToUpper(name[:1])+name[1:], strings.ReplaceAll(name, "_", ""))
	}
	name := rapid.SampledFrom(names).Draw(f.t, at+" unknown member")
	if schema.Properties[name] == nil {
		made[name] = rapid.SampledFrom([]any{nil, true, 1.5, "x", []any{}, map[string]any{"a": "b"}}).Draw(f.t, at+"."+name)
	}
}

func (f fitting) array(schema *openapi3.Schema, like any, at string) any {
	was, _ := like.([]any)
	least, most := int(schema.MinItems), int(schema.MinItems)+3
	if limit := schema.MaxItems; limit != nil {
		most = min(most, int(*limit))
	}
	n := rapid.IntRange(least, most).Draw(f.t, at+" items")
	if least <= len(was) && len(was) <= most && f.yes(at+" as many") {
		n = len(was)
	}
	items := make([]any, n)
	for i := range items {
		var old any
		if i < len(was) {
			old = was[i]
		}
		items[i] = f.value(schema.Items.Value, old, fmt.Sprintf("%s[%d]", at, i))
	}
	return items
}

func (f fitting) integer(schema *openapi3.Schema, at string) int64 {
	least, most := int64(-1<<31), int64(1<<31-1)
	if schema.Min != nil {
		least = int64(*schema.Min)
	}
	if schema.Max != nil {
		most = int64(*schema.Max)
	}
	return rapid.Int64Range(least, most).Draw(f.t, at)
}

func (f fitting) number(schema *openapi3.Schema, at string) float64 {
	least, most := -1e308, 1e308
	if schema.Min != nil {
		least = *schema.Min
	}
	if schema.Max != nil {
		most = *schema.Max
	}
	return rapid.Float64Range(least, most).Draw(f.t, at)
}

// fittingTexts are what formats take. What they may hold at all is U+0000 not
// among: no schema can say so, and no text of ours may have it.
var fittingTexts = map[string]*rapid.Generator[string]{
	"ua-name":     rapid.StringMatching(`[a-zA-ZА-ЩЬЮЯҐЇІЄа-щьюяґїіє0-9№"!*)\]\[(._-][^ЫЪЭЁыъэё@%&$^#\n\x00]{0,60}`),
	"ua-person":   rapid.StringMatching(`[А-ЩЬЮЯҐЇІЄа-щьюяґїіє'-]{1,20}( [А-ЩЬЮЯҐЇІЄа-щьюяґїіє'-]{1,20})?`),
	"ua-building": rapid.StringMatching(`[1-9][А-ЩЬЮЯҐЇІЄа-щьюяґїіє /'0-9-]{0,20}`),
	"ua-email":    rapid.StringMatching(`[a-zA-Z0-9]([a-zA-Z0-9._%+-]{0,30}[a-zA-Z0-9])?@[a-z0-9-]{1,20}(\.[a-z0-9-]{1,10}){0,2}\.[a-zA-Z]{2,12}`),
	"uuid":        rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`),
	"date":        fittingMoments(time.DateOnly),
	"date-time":   fittingMoments(time.RFC3339),
	"moment":      rapid.OneOf(fittingMoments(time.DateOnly), fittingMoments(time.RFC3339)),
}

func fittingMoments(layout string) *rapid.Generator[string] {
	return rapid.Map(rapid.Int64Range(-5e10, 2e11), func(at int64) string { return time.Unix(at, 0).UTC().Format(layout) })
}

func (f fitting) text(schema *openapi3.Schema, at string) string {
	if name, isCode := strings.CutPrefix(schema.Format, "dictionary:"); isCode && !slices.Contains(openFormats, schema.Format) {
		codes := f.codes(name)
		require.NotEmpty(f.t, codes, "dictionary %s", name)
		return rapid.SampledFrom(codes).Draw(f.t, at)
	}
	if len(schema.Enum) > 0 {
		text, _ := rapid.SampledFrom(schema.Enum).Draw(f.t, at).(string)
		return text
	}
	if schema.Pattern != "" {
		return rapid.StringMatching(schema.Pattern).Draw(f.t, at)
	}
	if texts, known := fittingTexts[schema.Format]; known {
		text := []rune(texts.Draw(f.t, at))
		for len(text) < int(schema.MinLength) {
			text = append(text, 'а') // fits each format that has a shortest length
		}
		if schema.MaxLength != nil {
			text = text[:min(len(text), int(*schema.MaxLength))]
		}
		return string(text)
	}
	require.Contains(f.t, openFormats, schema.Format, "%s: the generator does not know what fits the format", at)
	const most = 80
	least, longest := int(schema.MinLength), most
	if schema.MaxLength != nil {
		longest = min(longest, int(*schema.MaxLength))
	}
	return strings.ReplaceAll(rapid.StringN(least, max(least, longest), -1).Draw(f.t, at), "\x00", "0")
}

// path makes the address of a request: its ids and texts, and a query.
func (f fitting) path(op *target, request world.Request) string {
	path, sent, _ := strings.Cut(request.Path, "?")
	was, err := url.ParseQuery(sent)
	require.NoError(f.t, err)
	query := url.Values{}
	for _, parameter := range op.parameters {
		at, schema := parameter.In+" "+parameter.Name, parameter.Schema.Value
		switch parameter.In {
		case openapi3.ParameterInPath:
			if rapid.IntRange(0, 3).Draw(f.t, at+" as it was") == 0 {
				if value := fmt.Sprint(f.value(schema, nil, at)); value != "" { // an empty part makes another path
					path = withPart(op.path, path, parameter.Name, url.PathEscape(value))
				}
			}
		case openapi3.ParameterInQuery:
			if values, had := was[parameter.Name]; had && f.yes(at+" as it was") {
				query[parameter.Name] = values
			} else if parameter.Required || rapid.IntRange(0, 3).Draw(f.t, at+" sent") == 0 { // of many filters hardly any set fits
				query.Set(parameter.Name, fmt.Sprint(f.value(schema, nil, at)))
			}
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}
