package validation

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"esoz/internal/platform/fault"
)

// formatError carries the national system's text of a format violation. Its own
// text holds no value, because errors are logged.
type formatError struct{ rule fault.Rule }

func (e *formatError) Error() string { return "format: " + e.rule.Rule }

// Patterns of the national system. Go's regexp has no look-ahead, so three of them
// are checked by an equivalent (RE2), and answers print the documented one.
const (
	namePattern     = `^(?!.*[ЫЪЭЁыъэё@%&$^#])[a-zA-ZА-ЯҐЇІЄа-яґїіє0-9№\"!\^\*)\]\[(._-].*$`
	nameRE2         = `^[a-zA-ZА-ЩЬЮЯҐЇІЄа-щьюяґїіє0-9№"!*)\]\[(._-][^ЫЪЭЁыъэё@%&$^#\n]*$`
	personPattern   = `^(?!.*[ЫЪЭЁыъэё@%&$^#])[А-ЯҐЇІЄа-яґїіє\'\-]+(\s(?!.*[ЫЪЭЁыъэё@%&$^#])[А-ЯҐЇІЄа-яґїіє\'\-]+)*$`
	personRE2       = `^[А-ЩЬЮЯҐЇІЄа-щьюяґїіє'\-]+(\s[А-ЩЬЮЯҐЇІЄа-щьюяґїіє'\-]+)*$`
	buildingPattern = `^[1-9]((?![ЫЪЭЁыъэё])()([А-ЯҐЇІЄа-яґїіє \/\'\-0-9])){0,20}$`
	buildingRE2     = `^[1-9][А-ЩЬЮЯҐЇІЄа-щьюяґїіє /'\-0-9]{0,20}$`
	emailWiki       = "(?i)^[\\w!#$%&'*+/=?`{|}~^-]+(?:\\.[\\w!#$%&'*+/=?`{|}~^-]+)*@(?:[A-Z0-9-]+\\.)+[A-Z]{2,6}$"
	emailPattern    = `^[a-zA-Z0-9](?:[a-zA-Z0-9._%+-]{0,63}[a-zA-Z0-9])?@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*\.[a-zA-Z]{2,63}$`
	dateTimePattern = `^([0-9]{4})-(1[0-2]|0[1-9])-(3[01]|0[1-9]|[12][0-9])T(2[0-3]|[01][0-9]):([0-5][0-9]):([0-5][0-9])(\.[0-9]+)?(Z|[+-](?:2[0-3]|[01][0-9]):[0-5][0-9])?$`
	uuidPattern     = `^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`
)

var (
	nameRegexp       = regexp.MustCompile(nameRE2)
	personRegexp     = regexp.MustCompile(personRE2)
	buildingRegexp   = regexp.MustCompile(buildingRE2)
	emailWikiRegexp  = regexp.MustCompile(emailWiki)
	emailRegexp      = regexp.MustCompile(emailPattern)
	dateTimeRegexp   = regexp.MustCompile(dateTimePattern)
	dateShapeRegexp  = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	uuidFormatRegexp = regexp.MustCompile(uuidPattern)
)

// Form is a documented pattern, and an equivalent that Go can read.
type Form struct {
	*regexp.Regexp

	Documented string
}

// Forms that depend on more than their field, so that no schema names them.
var (
	NameForm     = Form{nameRegexp, namePattern}
	BuildingForm = Form{buildingRegexp, buildingPattern}
)

// SignedContent is the format of fields that hold signed content in base64. The
// checks of their operations judge it.
const SignedContent = "signed-content"

// Dictionaries are those that the contract's formats name.
type Dictionaries interface {
	// Codes returns the active codes of a dictionary in their order.
	Codes(name string) []string
	// IsOpen returns whether a dictionary accepts codes that it does not list.
	IsOpen(name string) bool
}

// NewFormats builds the validators of the contract's formats. Dictionary formats
// (dictionary:NAME) ask dictionaries at every check, so that a changed dictionary
// applies immediately.
func NewFormats(names []string, dictionaries Dictionaries) Formats {
	formats := Formats{
		"ua-name":     matching(nameRegexp, namePattern),
		"ua-person":   matching(personRegexp, personPattern),
		"ua-building": matching(buildingRegexp, buildingPattern),
		"uuid":        matching(uuidFormatRegexp, uuidPattern),
		"ua-email":    openapi3.NewCallbackValidator(checkEmail),
		"email":       openapi3.NewCallbackValidator(checkEmail),
		"date":        openapi3.NewCallbackValidator(checkDate),
		"date-time":   openapi3.NewCallbackValidator(checkDateTime),
		"moment":      openapi3.NewCallbackValidator(checkMoment),
	}
	for _, name := range names {
		formats["dictionary:"+name] = openapi3.NewCallbackValidator(func(value string) error {
			values := dictionaries.Codes(name)
			if slices.Contains(values, value) || dictionaries.IsOpen(name) {
				return nil
			}
			return &formatError{rule("inclusion", "value is not allowed in enum", map[string]any{"values": values})}
		})
	}
	return formats
}

// DictionaryNames lists the dictionaries of the formats in a document.
func DictionaryNames(doc *openapi3.T) []string {
	var names []string
	for _, schema := range doc.Components.Schemas {
		names = dictionaryNames(schema.Value, names, map[*openapi3.Schema]bool{})
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func dictionaryNames(s *openapi3.Schema, names []string, seen map[*openapi3.Schema]bool) []string {
	if s == nil || seen[s] {
		return names
	}
	seen[s] = true
	if name, ok := strings.CutPrefix(s.Format, "dictionary:"); ok {
		names = append(names, name)
	}
	if s.Items != nil {
		names = dictionaryNames(s.Items.Value, names, seen)
	}
	for _, property := range s.Properties {
		names = dictionaryNames(property.Value, names, seen)
	}
	return names
}

func matching(re *regexp.Regexp, documented string) openapi3.StringFormatValidator {
	return openapi3.NewCallbackValidator(func(value string) error {
		if re.MatchString(value) {
			return nil
		}
		return &formatError{rule("format", `string does not match pattern "%{pattern}"`, map[string]any{"pattern": documented})}
	})
}

// checkEmail accepts addresses that match one of the two known patterns
// (decisions R17).
func checkEmail(value string) error {
	if emailWikiRegexp.MatchString(value) || emailRegexp.MatchString(value) {
		return nil
	}
	return &formatError{rule("email", `expected "%{actual}" to be an email address`, map[string]any{"pattern": emailPattern, "actual": value})}
}

func checkDate(value string) error {
	if _, err := time.Parse(time.DateOnly, value); err == nil {
		return nil
	}
	text := `expected "%{actual}" to be a valid ISO 8601 date`
	if dateShapeRegexp.MatchString(value) {
		text = `expected "%{actual}" to be an existing date`
	}
	return &formatError{rule("date", text, map[string]any{"actual": value})}
}

// checkDateTime checks the form first, because time.Parse also accepts an hour of
// one digit and a comma before the fraction.
func checkDateTime(value string) error {
	if !dateTimeRegexp.MatchString(value) {
		return &formatError{rule("datetime", `expected "%{actual}" to be a valid ISO 8601 date-time`,
			map[string]any{"pattern": dateTimePattern, "actual": value})}
	}
	if _, err := time.Parse(time.RFC3339Nano, value); err != nil {
		return &formatError{rule("datetime", `expected "%{actual}" to be an existing date-time`, map[string]any{"actual": value})}
	}
	return nil
}

// checkMoment accepts a date-time, and a date, which the schemas of 2019 have in its
// place.
func checkMoment(value string) error {
	if dateShapeRegexp.MatchString(value) {
		return checkDate(value)
	}
	return checkDateTime(value)
}
