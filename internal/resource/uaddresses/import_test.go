package uaddresses_test

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/postgres"
	"esoz/internal/resource/uaddresses"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func sample(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/sample.csv")
	require.NoError(t, err)
	return string(text)
}

func imported(t *testing.T, s *testkit.Server, text string) uaddresses.Report {
	t.Helper()
	report, err := uaddresses.Import(t.Context(), s.Pool, strings.NewReader(text), s.Clock.Now())
	require.NoError(t, err)
	return report
}

func version(t *testing.T, s *testkit.Server) (v int64) {
	t.Helper()
	require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT version FROM prm.cache_versions WHERE name = 'uaddresses'").Scan(&v))
	return v
}

// state of all rows, with the moments at which they were written.
func state(t *testing.T, s *testkit.Server) (text string) {
	t.Helper()
	require.NoError(t, s.Pool.QueryRow(t.Context(), `
SELECT concat((SELECT json_agg(a ORDER BY id) FROM uaddresses.areas a), (SELECT json_agg(r ORDER BY id) FROM uaddresses.regions r),
	(SELECT json_agg(p ORDER BY id) FROM uaddresses.settlements p), (SELECT json_agg(p ORDER BY id) FROM uaddresses.streets p))`).Scan(&text))
	return text
}

func TestImportAgain(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	village := uaddresses.ID("UA05020010010058853")
	before := version(t, s)

	report := imported(t, s, sample(t))
	require.EqualValues(t, 5, report.Inserted, "a region and four settlements; Вінницька and Київ are built in")
	require.Zero(t, report.Changed)
	require.Empty(t, report.Bad)
	require.Equal(t, before+1, version(t, s))

	first := state(t, s)
	s.Clock.Advance(time.Hour)
	report = imported(t, s, sample(t))
	require.Zero(t, report.Inserted+report.Changed)
	require.Equal(t, first, state(t, s), "rows that have not changed are not touched")
	require.Equal(t, before+1, version(t, s), "nobody needs to load anew")

	// A newer edition; the codifier does not tell what is known from elsewhere.
	_, err := s.Pool.Exec(t.Context(), "UPDATE uaddresses.settlements SET mountain_group = true, parent_settlement_id = $2 WHERE id = $1",
		village, uaddresses.ID(uaddresses.CodeKyiv))
	require.NoError(t, err)
	report = imported(t, s, strings.ReplaceAll(sample(t), "Агрономічне", "Агрономія"))
	require.EqualValues(t, 1, report.Changed)
	require.Zero(t, report.Inserted)
	require.NoError(t, s.Addresses.Refresh(t.Context()))
	found, ok := s.Addresses.Settlement(village)
	require.True(t, ok)
	require.Equal(t, "Агрономія", found.Name)
	require.True(t, found.MountainGroup)
	require.Equal(t, uaddresses.ID(uaddresses.CodeKyiv), *found.ParentID)
}

// The cache follows the version, and a row that nobody has told of is not seen.
func TestRefresh(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	city := uaddresses.ID("UA05020030010063857")
	other := uaddresses.NewCache(s.Pool)
	_, ok := other.Settlement(uaddresses.ID(uaddresses.CodeKyiv))
	require.False(t, ok, "a cache is empty before its first Refresh")
	require.NoError(t, other.Refresh(t.Context()))
	_, ok = other.Settlement(city)
	require.False(t, ok)

	imported(t, s, sample(t))
	_, err := s.Pool.Exec(t.Context(), "UPDATE uaddresses.settlements SET name = 'Інша' WHERE id = $1", city)
	require.NoError(t, err)
	for _, cache := range []*uaddresses.Cache{s.Addresses, other} {
		require.False(t, cache.SettlementNamed("Вінниця"))
		require.NoError(t, cache.Refresh(t.Context()))
		found, ok := cache.Settlement(city)
		require.True(t, ok)
		require.Equal(t, "Інша", found.Name)
		require.True(t, cache.SettlementNamed("БОХОНИКИ"))
		require.True(t, cache.AreaNamed("київ"))
		require.False(t, cache.AreaNamed("Бохоники"))
		region, ok := cache.Region(*found.RegionID)
		require.True(t, ok)
		require.Equal(t, "Вінницький", region.Name)
		area, ok := cache.Area(found.AreaID)
		require.True(t, ok)
		require.Equal(t, "Вінницька", area.Name)
	}

	_, err = s.Pool.Exec(t.Context(), "UPDATE uaddresses.settlements SET name = 'Вінниця' WHERE id = $1", city)
	require.NoError(t, err)
	require.NoError(t, other.Refresh(t.Context()))
	found, _ := other.Settlement(city)
	require.Equal(t, "Інша", found.Name, "the version is the same")
}

// Readers and refreshes meet all the time.
func TestRefreshWhileReading(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	kyiv := uaddresses.ID(uaddresses.CodeKyiv)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 50 {
				if _, ok := s.Addresses.Settlement(kyiv); !ok {
					t.Error("Київ is gone")
				}
				err := postgres.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error { return uaddresses.Changed(t.Context(), tx, s.Clock.Now()) })
				if err != nil {
					t.Error(err)
				}
				if err := s.Addresses.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// What is already in the tables counts as much as the rows before: a text of
// villages alone finds their regions, and nobody's name is taken away.
func TestImportIntoWhatIsThere(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	report := imported(t, s, strings.Join([]string{
		"UA18000000000041385;UA18020000000072859;UA18020150000084693;UA18020150030011111;;C;Нова",
		"UA99000000000041385;;;;;O;Житомирська",
		"UA18000000000041385;UA18990000000072859;;;;P;Бердичівський",
		"UA18000000000041385;UA18020000000072859;;;;P;Семенівський",
		"UA18000000000041385;UA18990000000072859;;;;P;Бердичівський ",
	}, "\n"))
	require.Equal(t, []uaddresses.BadRow{
		{Line: 2, Reason: `the name "Житомирська" belongs to another code there`},
		{Line: 5, Reason: "its code stands on line 3 already"},
	}, report.Bad)
	require.EqualValues(t, 2, report.Inserted, "the village, and the region that took over a name that had become free")
	require.EqualValues(t, 1, report.Changed)
}

// Names may pass from one place to another in any order of rows, and be swapped; what
// counts is what a file makes in the end.
func TestImportRenames(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	const (
		a, b       = "UA97000000000011111", "UA98000000000011111"
		r1, r2, r3 = "UA97020000000022222", "UA97040000000022222", "UA97060000000022222"
	)
	areas := func(first, second string) string { return a + ";;;;;O;" + first + "\n" + b + ";;;;;O;" + second + "\n" }
	regions := func(names ...string) (text string) {
		for i, name := range names {
			text += a + ";" + []string{r1, r2, r3}[i] + ";;;;P;" + name + "\n"
		}
		return text
	}
	named := func() (names []string) {
		require.NoError(t, s.Addresses.Refresh(t.Context()))
		for _, code := range []string{a, b} {
			area, _ := s.Addresses.Area(uaddresses.ID(code))
			names = append(names, area.Name)
		}
		for _, code := range []string{r1, r2, r3} {
			region, _ := s.Addresses.Region(uaddresses.ID(code))
			names = append(names, region.Name)
		}
		return names
	}
	imported(t, s, areas("Ланцюгова", "Інша")+regions("Альфа", "Бета", "Гамма"))
	for _, c := range []struct {
		what, text string
		changed    int64
		bad        []uaddresses.BadRow
		want       []string
	}{
		{"a chain", regions("Бета", "Гамма", "Дельта"), 3, nil, []string{"Ланцюгова", "Інша", "Бета", "Гамма", "Дельта"}},
		{"a swap", regions("Гамма", "Бета"), 2, nil, []string{"Ланцюгова", "Інша", "Гамма", "Бета", "Дельта"}},
		{"a ring", regions("Бета", "Дельта", "Гамма"), 3, nil, []string{"Ланцюгова", "Інша", "Бета", "Дельта", "Гамма"}},
		{"a swap of areas", areas("Інша", "Ланцюгова"), 2, nil, []string{"Інша", "Ланцюгова", "Бета", "Дельта", "Гамма"}},
		{"the same once more", areas("Інша", "Ланцюгова") + regions("Бета", "Дельта", "Гамма"), 0, nil, []string{"Інша", "Ланцюгова", "Бета", "Дельта", "Гамма"}},
		{
			"a chain that cannot end", regions("Дельта", "Житня", "Гамма") + a + ";UA97990000000022222;;;;P;Житня\n", 2,
			[]uaddresses.BadRow{{Line: 4, Reason: `the name "Житня" belongs to another code there`}},
			[]string{"Інша", "Ланцюгова", "Дельта", "Житня", "Гамма"},
		},
		{
			"a row that is refused keeps the name that another wants", regions("Житня", "Гамма"), 0,
			[]uaddresses.BadRow{
				{Line: 1, Reason: `the name "Житня" belongs to another code there`}, {Line: 2, Reason: `the name "Гамма" belongs to another code there`},
			},
			[]string{"Інша", "Ланцюгова", "Дельта", "Житня", "Гамма"},
		},
	} {
		text := c.text + "UA80000000000093317;;;;;K;Київ\n" // a row that is good in any case
		report := imported(t, s, text)
		require.Equal(t, c.bad, report.Bad, c.what)
		require.Equal(t, c.changed, report.Changed, c.what)
		require.Equal(t, c.want, named(), c.what)
	}
}

// Nothing is written when the text breaks off.
func TestImportIsOneTransaction(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	before := state(t, s)
	var many strings.Builder
	for i := range 5000 {
		many.WriteString("UA18000000000041385;UA18020000000072859;UA18020150000084693;UA1802015" + strings.Repeat("0", 5) +
			string([]byte{byte('0' + i/1000), byte('0' + i/100%10), byte('0' + i/10%10), byte('0' + i%10)}) + "1;;C;Нова\n")
	}
	_, err := uaddresses.Import(t.Context(), s.Pool, &breaking{rest: many.String()}, s.Clock.Now())
	require.ErrorContains(t, err, "unplugged")
	require.Equal(t, before, state(t, s))
	report := imported(t, s, many.String())
	require.EqualValues(t, 5000, report.Inserted)
}

// breaking is a reader that fails where its text ends.
type breaking struct{ rest string }

func (b *breaking) Read(p []byte) (int, error) {
	if b.rest == "" {
		return 0, errUnplugged
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

var errUnplugged = errors.New("unplugged")

// The built-in addresses give way to a newer edition of the codifier.
func TestSeedLeavesImports(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	imported(t, s, "UA18000000000041385;UA18020000000072859;;;;P;Перейменований\n")
	before := state(t, s)
	v := version(t, s)
	s.Clock.Advance(time.Hour)
	require.NoError(t, postgres.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error {
		return uaddresses.Seed(t.Context(), tx, s.Clock.Now())
	}))
	require.Equal(t, before, state(t, s))
	require.Equal(t, v, version(t, s))

	// Addresses of another origin under the same names are not disturbed either.
	_, err := s.Pool.Exec(t.Context(), `
TRUNCATE uaddresses.areas, uaddresses.regions, uaddresses.settlements, uaddresses.streets, uaddresses.streets_aliases;
INSERT INTO uaddresses.areas (id, name, inserted_at, updated_at) VALUES (gen_random_uuid(), 'Житомирська', now(), now())`)
	require.NoError(t, err)
	require.NoError(t, postgres.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error {
		return uaddresses.Seed(t.Context(), tx, s.Clock.Now())
	}))
	require.NoError(t, s.Addresses.Refresh(t.Context()))
	_, ok := s.Addresses.Settlement(uaddresses.ID(uaddresses.CodeKyiv))
	require.True(t, ok)
	_, ok = s.Addresses.Settlement(uaddresses.ID(uaddresses.CodeBerdychiv))
	require.False(t, ok)
}

// A reset of the sandbox seeds its world again; imports stay.
func TestWorldLeavesImports(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	imported(t, s, sample(t))
	before := state(t, s)
	require.NoError(t, s.World.Seed(t.Context(), s.Pool, s.Mongo))
	require.Equal(t, before, state(t, s))
	require.NoError(t, s.Addresses.Refresh(t.Context()))
	require.True(t, s.Addresses.SettlementNamed("Вінниця"))
}
