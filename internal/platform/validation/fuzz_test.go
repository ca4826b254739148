package validation

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
)

// Decode reads the same values as encoding/json, but only from bounded Unicode text,
// and reports repeated keys and U+0000.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name":"Верба","list":[1,-0.5e1,true,null,{"a":"\u0000"}],"name":"\ud800"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		value, err := Decode(raw)
		var want any
		wantErr := json.Unmarshal(raw, &want)
		if err != nil {
			beyond := bytes.Count(raw, []byte("["))+bytes.Count(raw, []byte("{")) > maxDepth || len(raw) > maxValues
			if wantErr != nil || !utf8.Valid(raw) || errors.Is(err, errBounds) && beyond {
				return
			}
			require.NotZero(t, odditiesOf(t, raw).replaced, "%q is refused: %v", raw, err)
			return
		}
		require.NoError(t, wantErr, "%q is accepted", raw)
		require.True(t, utf8.Valid(raw), "%q is accepted", raw)
		require.Equal(t, want, value.JSON)

		odd := odditiesOf(t, raw)
		if !bytes.ContainsRune(raw, utf8.RuneError) && !escapedReplacement.Match(raw) {
			require.Zero(t, odd.replaced, "%q is accepted", raw)
		}
		require.Len(t, value.duplicates, odd.twice)
		require.Len(t, value.unstorable, odd.zero)
	})
}

var escapedReplacement = regexp.MustCompile(`(?i)\\ufffd`)

// oddities finds with encoding/json faults that a map cannot represent.
type oddities struct {
	json                  *json.Decoder
	twice, zero, replaced int // repeated keys, texts with U+0000, texts with U+FFFD
}

func odditiesOf(t *testing.T, raw []byte) *oddities {
	odd := &oddities{json: json.NewDecoder(bytes.NewReader(raw))}
	odd.value(t)
	return odd
}

func (o *oddities) look(text string) {
	if strings.ContainsRune(text, utf8.RuneError) {
		o.replaced++
	}
}

func (o *oddities) value(t *testing.T) {
	token, err := o.json.Token()
	require.NoError(t, err)
	if text, ok := token.(string); ok {
		o.look(text)
		if strings.ContainsRune(text, 0) {
			o.zero++
		}
	}
	delimiter, ok := token.(json.Delim)
	if !ok {
		return
	}
	seen := map[string]bool{}
	for o.json.More() {
		if delimiter == '{' {
			token, err := o.json.Token()
			require.NoError(t, err)
			key, _ := token.(string)
			o.look(key)
			if seen[key] {
				o.twice++
			}
			seen[key] = true
		}
		o.value(t)
	}
	_, err = o.json.Token() // its end
	require.NoError(t, err)
}

// For every body the answer is bounded, has a path for each fault and is
// deterministic.
func FuzzCheck(f *testing.F) {
	var s openapi3.Schema
	require.NoError(f, s.UnmarshalJSON([]byte(schema)))
	body := &Body{schema: &s, fallback: rules.DivisionCreateSchema}
	formats := NewFormats([]string{"KIND"}, codes{"X", "Y"})
	on := func(rules.ID) bool { return true }
	f.Add([]byte(`{"alpha":"ab","zeta":2,"list":[{"zip":"01001"}],"mail":"someone@example.com","kind":"X"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		value, err := Decode(raw)
		if err != nil {
			return
		}
		first, again := body.Check(value, formats, on).Refusal(), body.Check(value, formats, on).Refusal()
		require.Equal(t, first, again)
		if first == nil {
			return
		}
		require.NotEmpty(t, first.Invalid)
		require.LessOrEqual(t, len(first.Invalid), maxViolations)
		for _, item := range first.Invalid {
			require.True(t, item.Entry == "$" || strings.HasPrefix(item.Entry, "$."), item.Entry)
			require.Len(t, item.Rules, 1)
			require.NotEmpty(t, item.Rules[0].Description)
		}
		_, err = json.Marshal(first.Invalid)
		require.NoError(t, err)
	})
}

// The formats accept exactly the documented texts. Their errors hold nothing of the
// text, because errors are logged.
func FuzzFormats(f *testing.F) {
	formats := NewFormats([]string{"KIND"}, codes{"X", "Y"})
	for _, text := range []string{
		"2024-02-29", "2024-02-30", "2024-02-29T10:00:00+02:00", "2024-02-29T1:00:00Z", "2024-02-29T10:00:00,5Z",
		"b075f148-7f93-4fc2-b2ec-2d81b19a9b7b", "Відділення №1 (Київ)", "15-А/2", "o'neil@example.com", "X",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // Decode rejects it
		}
		passes := func(format string) bool {
			err := formats[format].Validate(text)
			if err != nil {
				require.Regexp(t, `^format: [a-z]+$`, err.Error())
			}
			return err == nil
		}
		day, err := time.Parse(time.DateOnly, text)
		require.Equal(t, err == nil && day.Format(time.DateOnly) == text, passes("date"))
		if passes("date-time") {
			_, err := time.Parse(time.RFC3339Nano, text)
			require.NoError(t, err)
			require.True(t, HasDateTimeForm(text) && text[len("2006-01-02T15")] == ':' && !strings.Contains(text, ","), text)
		}
		if passes("uuid") {
			require.Equal(t, uuid.MustParse(text).String(), text)
		}
		require.Equal(t, isName(text), passes("ua-name"), text)
		require.Equal(t, isBuilding(text), passes("ua-building"), text)
		if passes("ua-email") {
			local, host, found := strings.Cut(text, "@")
			require.True(t, found && local != "" && strings.Contains(host, "."), text)
			require.NotContains(t, host, "@")
			require.False(t, strings.ContainsAny(text, " \t\r\n\"<>(),;:\\"), "%q", text)
		}
		require.Equal(t, passes("ua-email"), passes("email"))
		require.Equal(t, text == "X" || text == "Y", passes("dictionary:KIND"))
	})
}

const ukrainian = "АБВГҐДЕЄЖЗИІЇЙКЛМНОПРСТУФХЦЧШЩЬЮЯабвгґдеєжзиіїйклмнопрстуфхцчшщьюя"

// isName implements the documented namePattern: no forbidden character, and a
// listed character at the start.
func isName(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return text != "" && !strings.ContainsAny(text, "ЫЪЭЁыъэё@%&$^#\n") &&
		strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789№\"!*)][(._-"+ukrainian, first)
}

// isBuilding implements the documented buildingPattern: a digit that is not 0, and
// up to 20 more characters of a house number.
func isBuilding(text string) bool {
	if text == "" || text[0] < '1' || text[0] > '9' || utf8.RuneCountInString(text) > 21 {
		return false
	}
	return strings.Trim(text[1:], "0123456789 /'-"+ukrainian) == ""
}
