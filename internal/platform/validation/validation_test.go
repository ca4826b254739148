package validation

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
)

const schema = `{
  "type": "object", "additionalProperties": false, "required": ["zeta", "alpha", "list"],
  "properties": {
    "alpha": {"type": "string", "minLength": 2, "maxLength": 3},
    "zeta": {"type": "integer", "minimum": 1, "maximum": 5},
    "choice": {"type": "string", "enum": ["A", "B"]},
    "zip": {"type": "string", "pattern": "^[0-9]{5}$"},
    "day": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "mail": {"type": "string", "format": "ua-email"},
    "name": {"type": "string", "format": "ua-name"},
    "building": {"type": "string", "format": "ua-building"},
    "kind": {"type": "string", "format": "dictionary:KIND"},
    "id": {"type": "string", "format": "uuid"},
    "number": {"type": "number", "multipleOf": 0.5},
    "list": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true, "items": {
      "type": "object", "additionalProperties": false, "required": ["zip"],
      "properties": {"zip": {"type": "string", "pattern": "^[0-9]{5}$"}}}}
  }}`

// codes are those of every dictionary; without any, dictionaries are open.
type codes []string

func (c codes) Codes(string) []string { return c }
func (c codes) IsOpen(string) bool    { return len(c) == 0 }

func check(t *testing.T, raw string) []fault.Item {
	t.Helper()
	var s openapi3.Schema
	require.NoError(t, s.UnmarshalJSON([]byte(schema)))
	body := &Body{schema: &s, fallback: rules.DivisionCreateSchema}
	value, err := Decode([]byte(raw))
	require.NoError(t, err)
	formats := NewFormats([]string{"KIND"}, codes{"X", "Y"})
	refusal := body.Check(value, formats, func(rules.ID) bool { return true }).Refusal()
	if refusal == nil {
		return nil
	}
	require.Equal(t, 422, refusal.Status)
	require.Equal(t, rules.ValidationMessage, refusal.Message)
	return refusal.Invalid
}

// One case for each text of a violation.
func TestWording(t *testing.T) {
	t.Parallel()
	const valid = `"alpha":"ab","zeta":2,"list":[{"zip":"01001"}]`
	for name, c := range map[string]struct {
		body, entry, rule, description, raw string
		params                              any
	}{
		"missing":          {`{"alpha":"ab","zeta":2}`, "$.list", "required", "required property list was not present", "required property %{property} was not present", map[string]any{"property": "list"}},
		"missing in item":  {`{"alpha":"ab","zeta":2,"list":[{}]}`, "$.list[0].zip", "required", "required property zip was not present", "required property %{property} was not present", map[string]any{"property": "zip"}},
		"type":             {`{"alpha":7,"zeta":2,"list":[{"zip":"01001"}]}`, "$.alpha", "cast", "type mismatch. Expected string but got integer", "type mismatch. Expected %{expected} but got %{actual}", map[string]any{"expected": "string", "actual": "integer"}},
		"null":             {`{"alpha":null,"zeta":2,"list":[{"zip":"01001"}]}`, "$.alpha", "cast", "type mismatch. Expected string but got null", "type mismatch. Expected %{expected} but got %{actual}", map[string]any{"expected": "string", "actual": "null"}},
		"number":           {`{"alpha":"ab","zeta":2.5,"list":[{"zip":"01001"}]}`, "$.zeta", "cast", "type mismatch. Expected integer but got number", "type mismatch. Expected %{expected} but got %{actual}", map[string]any{"expected": "integer", "actual": "number"}},
		"fraction":         {`{"alpha":"ab","zeta":2.0,"list":[{"zip":"01001"}]}`, "$.zeta", "cast", "type mismatch. Expected integer but got number", "type mismatch. Expected %{expected} but got %{actual}", map[string]any{"expected": "integer", "actual": "number"}},
		"exponent":         {`{"alpha":"ab","zeta":2e0,"list":[{"zip":"01001"}]}`, "$.zeta", "cast", "type mismatch. Expected integer but got number", "type mismatch. Expected %{expected} but got %{actual}", map[string]any{"expected": "integer", "actual": "number"}},
		"fraction in text": {`{"alpha":"ab","zeta":2,"list":[{"zip":1.0}]}`, "$.list[0].zip", "cast", "type mismatch. Expected string but got number", "type mismatch. Expected %{expected} but got %{actual}", map[string]any{"expected": "string", "actual": "number"}},
		"large in text":    {`{"alpha":"ab","zeta":2,"list":[{"zip":1E2}]}`, "$.list[0].zip", "cast", "type mismatch. Expected string but got number", "type mismatch. Expected %{expected} but got %{actual}", map[string]any{"expected": "string", "actual": "number"}},
		"root":             {`[]`, "$", "cast", "type mismatch. Expected object but got array", "type mismatch. Expected %{expected} but got %{actual}", map[string]any{"expected": "object", "actual": "array"}},
		"enum":             {`{` + valid + `,"choice":"C"}`, "$.choice", "inclusion", "value is not allowed in enum", "value is not allowed in enum", map[string]any{"values": []any{"A", "B"}}},
		"dictionary":       {`{` + valid + `,"kind":"Z"}`, "$.kind", "inclusion", "value is not allowed in enum", "value is not allowed in enum", map[string]any{"values": []string{"X", "Y"}}},
		"pattern":          {`{` + valid + `,"zip":"1"}`, "$.zip", "format", `string does not match pattern "^[0-9]{5}$"`, `string does not match pattern "%{pattern}"`, map[string]any{"pattern": "^[0-9]{5}$"}},
		"uuid":             {`{` + valid + `,"id":"B075F148-7f93-4fc2-b2ec-2d81b19a9b7b"}`, "$.id", "format", `string does not match pattern "` + uuidPattern + `"`, `string does not match pattern "%{pattern}"`, map[string]any{"pattern": uuidPattern}},
		"name":             {`{` + valid + `,"name":"Ыть"}`, "$.name", "format", `string does not match pattern "` + namePattern + `"`, `string does not match pattern "%{pattern}"`, map[string]any{"pattern": namePattern}},
		"building":         {`{` + valid + `,"building":"0"}`, "$.building", "format", `string does not match pattern "` + buildingPattern + `"`, `string does not match pattern "%{pattern}"`, map[string]any{"pattern": buildingPattern}},
		"short":            {`{"alpha":"а","zeta":2,"list":[{"zip":"01001"}]}`, "$.alpha", "length", "expected value to have a minimum length of 2 but was 1", "expected value to have a minimum length of %{min} but was %{actual}", map[string]any{"min": uint64(2), "actual": 1}},
		"long":             {`{"alpha":"абвг","zeta":2,"list":[{"zip":"01001"}]}`, "$.alpha", "length", "expected value to have a maximum length of 3 but was 4", "expected value to have a maximum length of %{max} but was %{actual}", map[string]any{"max": uint64(3), "actual": 4}},
		"few items":        {`{"alpha":"ab","zeta":2,"list":[]}`, "$.list", "length", "expected a minimum of 1 items but got 0", "expected a minimum of %{min} items but got %{actual}", map[string]any{"min": uint64(1), "actual": 0}},
		"many items":       {`{"alpha":"ab","zeta":2,"list":[{"zip":"01001"},{"zip":"01002"},{"zip":"01003"}]}`, "$.list", "length", "expected a maximum of 2 items but got 3", "expected a maximum of %{max} items but got %{actual}", map[string]any{"max": uint64(2), "actual": 3}},
		"repeated items":   {`{"alpha":"ab","zeta":2,"list":[{"zip":"01001"},{"zip":"01001"}]}`, "$.list", "unique", "expected items to be unique but they were not", "expected items to be unique but they were not", map[string]any{}},
		"small":            {`{"alpha":"ab","zeta":0,"list":[{"zip":"01001"}]}`, "$.zeta", "number", "expected the value to be >= 1", "expected the value to be >= %{greater_than_or_equal_to}", map[string]any{"greater_than_or_equal_to": 1.0}},
		"large":            {`{"alpha":"ab","zeta":6,"list":[{"zip":"01001"}]}`, "$.zeta", "number", "expected the value to be <= 5", "expected the value to be <= %{less_than_or_equal_to}", map[string]any{"less_than_or_equal_to": 5.0}},
		"multiple":         {`{` + valid + `,"number":0.3}`, "$.number", "number", "expected value to be a multiple of 0.5 but got 0.3", "expected value to be a multiple of %{multiple_of} but got %{actual}", map[string]any{"multiple_of": 0.5, "actual": 0.3}},
		"date":             {`{` + valid + `,"day":"soon"}`, "$.day", "date", `expected "soon" to be a valid ISO 8601 date`, `expected "%{actual}" to be a valid ISO 8601 date`, map[string]any{"actual": "soon"}},
		"no such date":     {`{` + valid + `,"day":"2023-02-29"}`, "$.day", "date", `expected "2023-02-29" to be an existing date`, `expected "%{actual}" to be an existing date`, map[string]any{"actual": "2023-02-29"}},
		"date-time":        {`{` + valid + `,"moment":"soon"}`, "$.moment", "datetime", `expected "soon" to be a valid ISO 8601 date-time`, `expected "%{actual}" to be a valid ISO 8601 date-time`, map[string]any{"pattern": dateTimePattern, "actual": "soon"}},
		"no zone":          {`{` + valid + `,"moment":"2023-02-28T10:00:00"}`, "$.moment", "datetime", `expected "2023-02-28T10:00:00" to be an existing date-time`, `expected "%{actual}" to be an existing date-time`, map[string]any{"actual": "2023-02-28T10:00:00"}},
		"e-mail":           {`{` + valid + `,"mail":"a@b"}`, "$.mail", "email", `expected "a@b" to be an email address`, `expected "%{actual}" to be an email address`, map[string]any{"pattern": emailPattern, "actual": "a@b"}},
		"a placeholder":    {`{` + valid + `,"mail":"%{pattern}%{actual}"}`, "$.mail", "email", `expected "%{pattern}%{actual}" to be an email address`, `expected "%{actual}" to be an email address`, map[string]any{"pattern": emailPattern, "actual": "%{pattern}%{actual}"}},
		"short hour":       {`{` + valid + `,"moment":"2023-02-28T1:00:00Z"}`, "$.moment", "datetime", `expected "2023-02-28T1:00:00Z" to be a valid ISO 8601 date-time`, `expected "%{actual}" to be a valid ISO 8601 date-time`, map[string]any{"pattern": dateTimePattern, "actual": "2023-02-28T1:00:00Z"}},
		"unknown":          {`{` + valid + `,"more":1}`, "$.more", "schema", "schema does not allow additional properties", "schema does not allow additional properties", map[string]any{"properties": map[string]any{"more": 1.0}}},
		"duplicate":        {`{` + valid + `,"zip":"01001","zip":"01002"}`, "$.zip", "invalid", "Duplicated key 'zip' at $.zip", "", []any{"zip"}},
		"zero byte":        {`{"alpha":"a\u0000","zeta":2,"list":[{"zip":"01001"}]}`, "$.alpha", "invalid", "string must not contain the character U+0000", "", []any{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items := check(t, c.body)
			require.Len(t, items, 1)
			require.Equal(t, fault.Item{Entry: c.entry, EntryType: "json_data_property", Rules: []fault.Rule{{
				Rule: c.rule, Description: c.description, RawDescription: c.raw, Params: c.params,
			}}}, items[0])
		})
	}
}

func TestValidBodiesPass(t *testing.T) {
	t.Parallel()
	require.Empty(t, check(t, `{"alpha":"ab","zeta":2,"number":1.0,"list":[{"zip":"01001"}],"mail":"o'neil@example.com","kind":"X",
		"day":"2024-02-29","moment":"2024-02-29T10:00:00+02:00","name":"Відділення №1 (Київ)","building":"15-А/2"}`))
	require.Empty(t, check(t, `{"alpha":"ab","zeta":2,"list":[{"zip":"01001"}],"mail":"someone@example.technology"}`),
		"either pattern of an e-mail is enough")
}

// The order is: known properties by name, unknown ones, missing ones in the
// schema's order. Violations inside a value come before those of the value.
func TestOrder(t *testing.T) {
	t.Parallel()
	var entries []string
	for _, item := range check(t, `{"zip":"1","more":1,"also":2,"choice":"C","list":[{"zip":"1","x":1},{},{"zip":"2"}]}`) {
		entries = append(entries, item.Entry)
	}
	require.Equal(t, []string{
		"$.choice", "$.list[0].zip", "$.list[0].x", "$.list[1].zip", "$.list[2].zip", "$.list", "$.zip",
		"$.also", "$.more", "$.zeta", "$.alpha",
	}, entries)
}

func TestDecodeRefusesWhatIsNotOneJSONValue(t *testing.T) {
	t.Parallel()
	deep := make([]byte, 0, 400)
	for range 200 {
		deep = append(deep, '[')
	}
	for _, raw := range []string{
		"", "{", `{"a":1}{}`, `{"a":1} x`, "{'a':1}", "\"\xff\"", "nul", string(deep),
		`"\ud800"`, `"\ud83dA"`, `"\ud83d\n"`, `"\udc00\ud800x"`, `{"\ud83c":1}`, "\"\xed\xa0\x80\"", `1e400`,
	} {
		_, err := Decode([]byte(raw))
		require.Error(t, err, "%q", raw)
	}
}

// Decode accepts and rejects the same bodies as encoding/json, but for halves of
// surrogate pairs.
func TestDecodeReadsLikeTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		`{}`, `[]`, ` null `, `true`, `-0`, `1.5e3`, `9007199254740993`, `1e308`, `""`, `"їжак \u0457 \ud83d\ude00"`,
		`"\u0000"`, `"\/\b\f\n\r\t\"\\"`, `{"a":{"b":[1,{"c":null}]},"":[]}`, `{"a":1,"a":2}`, "\t{\r\n}\n",
		`1e400`, `01`, `+1`, `.5`, `1.`, `NaN`, `"\x"`, `"\u12"`, "\"\n\"", `[1,]`, `[1 2]`, `{"a"}`, `{"a":}`, `{1:2}`, `{"a":1,}`, "\ufeff{}", `//`, `tru`,
	} {
		var want any
		wantErr := json.Unmarshal([]byte(raw), &want)
		got, err := Decode([]byte(raw))
		require.Equal(t, wantErr == nil, err == nil, "%s: %v, %v", raw, wantErr, err)
		if err == nil {
			require.Equal(t, want, got.JSON, "%s", raw)
		}
	}
}

// A small body with many faults gets a small answer in a short time.
func TestHostileBodiesAreBounded(t *testing.T) {
	t.Parallel()
	var unknown, items strings.Builder
	for i := range 9000 {
		fmt.Fprintf(&unknown, `,"key%d":1`, i)
	}
	for range 4000 {
		items.WriteString("{},")
	}
	require.Len(t, check(t, `{"alpha":"ab","zeta":2,"list":[{"zip":"01001"}]`+unknown.String()+`}`), maxUnknown)
	require.Len(t, check(t, `{"alpha":"ab","zeta":2,"list":[`+items.String()+`{}]}`), maxViolations)
	_, err := Decode([]byte("[" + strings.Repeat("0,", maxValues) + "0]"))
	require.Error(t, err)
}

func TestOpenDictionariesAcceptAnyCode(t *testing.T) {
	t.Parallel()
	var kind openapi3.Schema
	require.NoError(t, kind.UnmarshalJSON([]byte(`{"type": "object", "properties": {"kind": {"type": "string", "format": "dictionary:KIND"}}}`)))
	body := &Body{schema: &kind, fallback: rules.DivisionCreateSchema}
	value, err := Decode([]byte(`{"kind": "unheard of"}`))
	require.NoError(t, err)
	on := func(rules.ID) bool { return true }
	require.Nil(t, body.Check(value, NewFormats([]string{"KIND"}, codes{}), on).Refusal())
	require.NotNil(t, body.Check(value, NewFormats([]string{"KIND"}, codes{"X"}), on).Refusal())
}
