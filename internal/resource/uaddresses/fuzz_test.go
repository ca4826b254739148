package uaddresses

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Whatever a file holds, each row of it is stored once or told of, what is
// stored fits its tables, and everything lies in something that is stored.
func FuzzImport(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("\ufeffПерший рівень;;;;;;\nUA05000000000010236;;;;;O;\"Вінни\"\"цька\"\nUA05020000000026686;x\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		report, all, err := read(strings.NewReader(string(raw)))
		good := 0
		for _, n := range report.Categories {
			good += n
		}
		require.Equal(t, report.Rows, good+len(report.Bad))
		require.Equal(t, good == 0, err != nil, "%v", err)
		if err != nil {
			require.Empty(t, all.areas)
			require.Empty(t, all.regions)
			require.Empty(t, all.settlements)
			return
		}
		areas, regions, settlements := map[uuid.UUID]bool{}, map[uuid.UUID]uuid.UUID{}, map[uuid.UUID]bool{}
		fits := func(name, code string, width int) {
			require.True(t, utf8.ValidString(name) && name != "" && !strings.ContainsRune(name, 0), "%q", name)
			require.LessOrEqual(t, utf8.RuneCountInString(name), width)
			require.Regexp(t, codePattern, code)
		}
		for _, a := range all.areas {
			fits(a.Name, a.KOATUU, maxAreaName)
			require.False(t, areas[a.ID], "twice")
			areas[a.ID] = true
		}
		for _, r := range all.regions {
			fits(r.Name, r.KOATUU, maxName)
			require.True(t, areas[r.AreaID])
			require.NotContains(t, regions, r.ID)
			regions[r.ID] = r.AreaID
		}
		for _, s := range all.settlements {
			fits(s.Name, s.KOATUU, maxName)
			require.True(t, areas[s.AreaID])
			if s.RegionID != nil {
				require.Equal(t, s.AreaID, regions[*s.RegionID])
			}
			require.False(t, settlements[s.ID], "twice")
			settlements[s.ID] = true
		}
	})
}

// A name that is folded already stays, so that what is stored folded and what is
// folded on the way in meet.
func FuzzFold(f *testing.F) {
	for _, name := range []string{"Кам’янець-Подільський", " КАМ'ЯНКА ", "Ки\u0456\u0308в", "J\u030c", "İ", "ẞ", "\u212a"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !utf8.ValidString(name) {
			return // Decode and the query have refused it
		}
		folded := fold(name)
		require.Equal(t, folded, fold(folded))
		require.True(t, SameName(name, folded))
		known := names{}
		known.add(name, folded)
		require.True(t, known.has(name, fold) && known.has(folded, fold))
	})
}
