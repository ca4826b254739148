package dictionaries

import (
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/api"
)

// No dictionary and no code stands twice, every code has a text, and a dictionary without codes is open. The names and
// numbers are those of the sources.
func TestBuiltin(t *testing.T) {
	t.Parallel()
	all, err := Builtin()
	require.NoError(t, err)
	count, open, total := map[string]int{}, map[string]bool{}, 0
	for _, d := range all {
		require.NotContains(t, count, d.Name)
		codes := map[string]bool{}
		var visit func(values []DefinedValue)
		visit = func(values []DefinedValue) {
			for _, v := range values {
				require.NotEmpty(t, v.Code, d.Name)
				require.NotEmpty(t, v.Description, v.Code)
				require.False(t, codes[v.Code], "%s %s", d.Name, v.Code)
				codes[v.Code] = true
				visit(v.Values)
			}
		}
		visit(d.Values)
		require.True(t, d.Open || len(codes) > 0, "%s is empty and not open", d.Name)
		count[d.Name], open[d.Name] = len(codes), d.Open
		total += len(codes)
	}
	require.GreaterOrEqual(t, len(all), 250)
	require.GreaterOrEqual(t, total, 14_059)
	for name, want := range map[string]int{
		"ADDRESS_TYPE": 3, "PHONE_TYPE": 2, "SETTLEMENT_TYPE": 4, "DIVISION_TYPE": 6, "DIVISION_STATUS": 2,
		"LEGAL_ENTITY_TYPE": 7, "LEGAL_ENTITY_TYPE_V2": 4, "STREET_TYPE": 44, "COUNTRY": 249,
		"AUTHENTICATION_METHOD": 4, "DECLARATION_REQUEST_STATUSES": 6, "device_dispense_statuses": 8,
		"eHealth/ICD10/condition_codes": 9530, "eHealth/ICPC2/reasons": 1318, "POSITION": 256, "SCOPES": 138,
		"eHealth/ICF/classifiers": 3, "eHealth/assistive_devices": 0, "eHealth/eye_colour": 0,
	} {
		require.Contains(t, count, name)
		require.Equal(t, want, count[name], name)
	}
	require.True(t, open["eHealth/ICF/classifiers"], "only an example of its values is public")
	for _, name := range []string{"ADDRESS_TYPE", "PHONE_TYPE", "SETTLEMENT_TYPE", "DIVISION_TYPE", "STREET_TYPE", "COUNTRY"} {
		require.False(t, open[name], "%s is checked in bodies", name)
	}
}

func TestValueFilter(t *testing.T) {
	t.Parallel()
	values := []Value{
		{Code: "a", Description: "Перший", IsActive: true, Children: []Value{
			{Code: "a1", Description: "Другий", IsActive: false, Children: []Value{{Code: "a11", Description: "Третій", IsActive: true}}},
			{Code: "a2", Description: "Ще другий", IsActive: true},
		}},
		{Code: "b", Description: "Четвертий", IsActive: true},
	}
	yes, no := true, false
	for name, c := range map[string]struct {
		filter valueFilter
		kept   string
	}{
		"none":                           {valueFilter{}, "a(a1(a11()),a2()),b()"},
		"a code":                         {valueFilter{code: "b"}, "b()"},
		"a code below keeps those up":    {valueFilter{code: "a11"}, "a(a1(a11()))"},
		"a value alone, not those below": {valueFilter{code: "a1"}, "a(a1())"},
		"a code in another case":         {valueFilter{code: "B"}, ""},
		"a part of the text":             {valueFilter{description: "друг"}, "a(a1(),a2())"},
		"out of use":                     {valueFilter{isActive: &no}, "a(a1())"},
		"in use":                         {valueFilter{isActive: &yes}, "a(a1(a11()),a2()),b()"},
		"both must hold":                 {valueFilter{description: "друг", isActive: &yes}, "a(a2())"},
	} {
		require.Equal(t, c.kept, shape(c.filter.apply(values)), name)
	}
}

func shape(values []api.DictionaryValue) (text string) {
	for i, v := range values {
		if i > 0 {
			text += ","
		}
		text += v.Code + "(" + shape(v.ChildValues) + ")"
	}
	return text
}
