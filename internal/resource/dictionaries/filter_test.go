package dictionaries

import (
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/api"
)

// The built-in dictionaries have as many codes as they are documented with, no
// code twice and no text missing.
func TestBuiltin(t *testing.T) {
	t.Parallel()
	all, err := definitions()
	require.NoError(t, err)
	count := map[string]int{}
	for _, d := range all {
		require.NotContains(t, count, d.Name)
		require.NotEmpty(t, d.Description, d.Name)
		codes := map[string]bool{}
		for _, v := range d.Values {
			require.NotEmpty(t, v.Code, d.Name)
			require.NotEmpty(t, v.Description, v.Code)
			require.False(t, codes[v.Code], "%s %s", d.Name, v.Code)
			codes[v.Code] = true
		}
		count[d.Name] = len(codes)
	}
	require.Equal(t, map[string]int{
		"ADDRESS_TYPE": 3, "PHONE_TYPE": 2, "SETTLEMENT_TYPE": 4, "DIVISION_TYPE": 6, "DIVISION_STATUS": 2,
		"LEGAL_ENTITY_TYPE": 6, "LEGAL_ENTITY_TYPE_V2": 4, "STREET_TYPE": 42, "COUNTRY": 249,
		"AUTHENTICATION_METHOD": 4, "DECLARATION_REQUEST_STATUSES": 6, "device_dispense_statuses": 8,
	}, count)
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
