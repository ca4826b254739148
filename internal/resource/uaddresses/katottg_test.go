package uaddresses

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"
)

//go:embed testdata/sample.csv
var sample string

// read runs an importer that writes nowhere.
func read(r io.Reader) (Report, *batch, error) {
	all := &batch{}
	im := newImporter(nil, nil)
	im.rename = func(_ context.Context, ids []uuid.UUID) error {
		if len(ids) > 0 {
			return errors.New("nothing is there that could get another name")
		}
		return nil
	}
	im.write = func(_ context.Context, b *batch) error {
		all.areas = append(all.areas, b.areas...)
		all.regions = append(all.regions, b.regions...)
		all.settlements = append(all.settlements, b.settlements...)
		return nil
	}
	err := im.run(context.Background(), r)
	return im.report, all, err
}

func TestReadSample(t *testing.T) {
	t.Parallel()
	report, all, err := read(strings.NewReader(sample))
	require.NoError(t, err)
	require.Empty(t, report.Bad)
	require.Equal(t, map[string]int{"O": 1, "K": 1, "P": 1, "H": 2, "M": 1, "C": 2, "X": 1, "B": 1}, report.Categories)
	require.Equal(t, 10, report.Rows)

	vinnytska, vinnytskyi := ID("UA05000000000010236"), ID("UA05020000000026686")
	require.Equal(t, []Area{
		{ID: vinnytska, Name: "Вінницька", KOATUU: "UA05000000000010236"},
		{ID: ID(CodeKyiv), Name: "Київ", KOATUU: CodeKyiv},
	}, all.areas)
	require.Equal(t, []Region{{ID: vinnytskyi, AreaID: vinnytska, Name: "Вінницький", KOATUU: "UA05020000000026686"}}, all.regions)
	require.Equal(t, []Settlement{
		{ID: ID("UA05020010010058853"), Name: "Агрономічне", Type: "VILLAGE", AreaID: vinnytska, RegionID: &vinnytskyi, KOATUU: "UA05020010010058853"},
		{ID: ID("UA05020010020055396"), Name: "Бохоники", Type: "VILLAGE", AreaID: vinnytska, RegionID: &vinnytskyi, KOATUU: "UA05020010020055396"},
		{ID: ID("UA05020030010063857"), Name: "Вінниця", Type: "CITY", AreaID: vinnytska, RegionID: &vinnytskyi, KOATUU: "UA05020030010063857"},
		{ID: ID("UA05020050010084898"), Name: "Вороновиця", Type: "SETTLEMENT", AreaID: vinnytska, RegionID: &vinnytskyi, KOATUU: "UA05020050010084898"},
		{ID: ID(CodeKyiv), Name: "Київ", Type: "CITY", AreaID: ID(CodeKyiv), KOATUU: CodeKyiv},
	}, all.settlements)
}

// Programs write the same text in many ways.
func TestReadWaysOfWriting(t *testing.T) {
	t.Parallel()
	want, rows, err := read(strings.NewReader(sample))
	require.NoError(t, err)
	quoted := strings.ReplaceAll(strings.ReplaceAll(sample, "\r\n", "\n"), ";Вінницька", `;"Вінницька"`)
	for name, text := range map[string]string{
		"a mark before it":     "\ufeff" + sample,
		"lines of Unix":        strings.ReplaceAll(sample, "\r\n", "\n"),
		"no end of the last":   strings.TrimRight(sample, "\r\n"),
		"lines with nothing":   strings.ReplaceAll(sample, "\r\n", "\r\n\r\n"),
		"no header":            sample[strings.Index(sample, "\n")+1:],
		"blanks around fields": strings.ReplaceAll(sample[strings.Index(sample, "\n")+1:], ";", " ; "),
		"quotes":               quoted,
	} {
		got, gotRows, err := read(strings.NewReader(text))
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
		require.Equal(t, rows, gotRows, name)
	}
	got, _, err := read(iotest.OneByteReader(strings.NewReader(sample)))
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// Spreadsheets save in the encodings of Windows and with other separators.
func TestReadWhatSpreadsheetsSave(t *testing.T) {
	t.Parallel()
	want, rows, err := read(strings.NewReader(sample))
	require.NoError(t, err)
	require.Equal(t, "UTF-8", want.Encoding)
	require.Equal(t, ';', want.Separator)
	in := func(e encoding.Encoding, text string) string {
		encoded, err := e.NewEncoder().String(text)
		require.NoError(t, err)
		return encoded
	}
	noHeader := sample[strings.Index(sample, "\n")+1:]
	for _, c := range []struct {
		text, encoding string
		separator      rune
	}{
		{"\ufeff" + sample, "UTF-8", ';'},
		{in(utf.UTF16(utf.LittleEndian, utf.UseBOM), sample), "UTF-16LE", ';'},
		{in(utf.UTF16(utf.BigEndian, utf.UseBOM), sample), "UTF-16BE", ';'},
		{in(utf.UTF16(utf.LittleEndian, utf.IgnoreBOM), sample), "UTF-16LE", ';'},
		{in(utf.UTF16(utf.BigEndian, utf.IgnoreBOM), noHeader), "UTF-16BE", ';'},
		{in(charmap.Windows1251, sample), "windows-1251", ';'},
		{strings.ReplaceAll(sample, ";", ","), "UTF-8", ','},
		{strings.ReplaceAll(noHeader, ";", ","), "UTF-8", ','},
		{in(utf.UTF16(utf.LittleEndian, utf.UseBOM), strings.ReplaceAll(sample, ";", "\t")), "UTF-16LE", '\t'},
		{in(charmap.Windows1251, strings.ReplaceAll(strings.ReplaceAll(sample, ";Вінницька", `;"Вінницька"`), ";", ",")), "windows-1251", ','},
	} {
		got, gotRows, err := read(strings.NewReader(c.text))
		require.NoError(t, err, "%s %q", c.encoding, c.separator)
		require.Equal(t, rows, gotRows, "%s %q", c.encoding, c.separator)
		require.Equal(t, c.encoding, got.Encoding)
		require.Equal(t, c.separator, got.Separator)
		got.Encoding, got.Separator = want.Encoding, want.Separator
		require.Equal(t, want, got)
	}
}

// Editions before 2024 have settlements of a category that there is no more.
func TestReadTownships(t *testing.T) {
	t.Parallel()
	_, all, err := read(strings.NewReader(strings.Replace(sample, ";X;", ";T;", 1)))
	require.NoError(t, err)
	require.Equal(t, "TOWNSHIP", all.settlements[3].Type)
	require.Equal(t, "Вороновиця", all.settlements[3].Name)
}

// A letter that the encoding of the file does not have is not stored as another.
func TestReadWhatIsNoText(t *testing.T) {
	t.Parallel()
	text, err := utf.UTF16(utf.LittleEndian, utf.UseBOM).NewEncoder().String("UA05000000000010236;;;;;O;Вінницька\nUA07000000000024379;;;;;O;Воли@ська\n")
	require.NoError(t, err)
	report, all, err := read(strings.NewReader(strings.Replace(text, "@\x00", "\x00\xd8", 1))) // half of a pair
	require.NoError(t, err)
	require.Equal(t, []BadRow{{Line: 2, Reason: "the name is not text in the file's encoding"}}, report.Bad)
	require.Len(t, all.areas, 1)
}

// A row that stands before what it lies in waits for it.
func TestReadInAnyOrder(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(sample), "\r\n")
	var reversed bytes.Buffer
	reversed.WriteString(lines[0] + "\n")
	for i := len(lines) - 1; i > 0; i-- {
		reversed.WriteString(lines[i] + "\n")
	}
	want, _, err := read(strings.NewReader(sample))
	require.NoError(t, err)
	got, all, err := read(&reversed)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Len(t, all.settlements, 5)
}

func TestBadRows(t *testing.T) {
	t.Parallel()
	const (
		o    = "UA05000000000010236;;;;;O;Вінницька\n"
		p    = "UA05000000000010236;UA05020000000026686;;;;P;Вінницький\n"
		good = "UA05000000000010236;UA05020000000026686;UA05020010000053508;UA05020010020055396;;C;Бохоники\n"
	)
	for _, c := range []struct{ row, reason string }{
		{"UA05000000000010236;UA05020000000026686;;;P;Вінницький", "6 fields instead of 7"},
		{"UA05000000000010236;UA05020000000026686;;;;P;Вінницький;", "8 fields instead of 7"},
		{"Бохоники", "1 fields instead of 7"},
		{"UA07000000000024379;;;;;Q;Волинська", `unknown category "Q"`},
		{"UA07000000000024379;;;;;о;Волинська", `unknown category "о"`},
		{"UA0700000000002437;;;;;O;Волинська", `column 1: want UA and 17 digits, have "UA0700000000002437"`},
		{"0700000000;;;;;O;Волинська", `column 1: want UA and 17 digits, have "0700000000"`},
		{"UA05000000000010236;;UA05020010000053508;UA05020010010058853;;C;Агрономічне", `column 2: want UA and 17 digits, have ""`},
		{"UA05000000000010236;UA05020000000026686;UA05020010000053508;;;C;Агрономічне", `column 4: want UA and 17 digits, have ""`},
		{"UA07000000000024379;UA07020000000071168;;;;O;Волинська", `column 2: a row of category O has no code there, have "UA07020000000071168"`},
		{"UA07000000000024379;;;;;O; ", "no name"},
		{"UA07000000000024379;;;;;O;\xc2\xee\xeb\xe8\xed\xfc", "the name is not text in the file's encoding"},
		{"UA07000000000024379;;;;;O;Воли\x00нська", "the name is not text in the file's encoding"},
		{"UA07000000000024379;;;;;O;" + strings.Repeat("і", 51), "the name has more than 50 characters"},
		{"UA05000000000010236;UA05040000000050292;;;;P;" + strings.Repeat("і", 256), "the name has more than 255 characters"},
		{"UA07000000000024379;UA07020000000071168;;;;P;Волинський", "the area and the region that it names do not exist together"},
		{"UA05000000000010236;UA05040000000050292;UA05040010000011111;UA05040010010011111;;C;Мирне", "the area and the region that it names do not exist together"},
		{"UA05000000000010236;;;;;O;Вінницька", "its code stands on line 1 already"},
		{"UA07000000000024379;;;;;O;Вінницька", `the name "Вінницька" belongs to another code there`},
		{"UA05000000000010236;UA05040000000050292;;;;P;Вінницький", `the name "Вінницький" belongs to another code there`},
		{`UA07000000000024379;;;;;O;"Волинська`, `quotes: extraneous or missing " in quoted-field`},
		{`UA07000000000024379;;;;;O;Волин"ська`, `quotes: bare " in non-quoted-field`},
		{strings.Repeat("UA07000000000024379;", 2000), "longer than any row can be"},
	} {
		report, all, err := read(strings.NewReader(o + p + c.row + "\n" + good))
		require.NoError(t, err, c.row)
		require.Equal(t, []BadRow{{Line: 3, Reason: c.reason}}, report.Bad, c.row)
		require.Equal(t, 4, report.Rows, c.row)
		require.Len(t, all.settlements, 1, "%q must not touch the row after it", c.row)
	}
}

// A region of another area is not the one that a settlement lies in.
func TestRegionOfAnotherArea(t *testing.T) {
	t.Parallel()
	report, _, err := read(strings.NewReader(strings.Join([]string{
		"UA05000000000010236;;;;;O;Вінницька", "UA07000000000024379;;;;;O;Волинська",
		"UA05000000000010236;UA05020000000026686;;;;P;Вінницький",
		"UA07000000000024379;UA05020000000026686;UA05020010000053508;UA05020010020055396;;C;Бохоники",
	}, "\n")))
	require.NoError(t, err)
	require.Len(t, report.Bad, 1)
	require.Equal(t, "line 4: the area and the region that it names do not exist together", report.Bad[0].String())
}

func TestReadFails(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":      "",
		"header alone": sample[:strings.Index(sample, "\n")+1],
		"another text": "<html>\n<body>\n",
	} {
		_, all, err := read(strings.NewReader(text))
		require.ErrorContains(t, err, "not a row of the national codifier", name)
		require.Empty(t, all.areas)
	}
	for text, reason := range map[string]string{
		"<html>\n<body>\n":                                           `read as UTF-8 with the separator ';': want lines of five codes, a category and a name; line 2: 1 fields instead of 7`,
		strings.ReplaceAll(sample, "\r\n", ";\r\n"):                  "; line 2: 8 fields instead of 7",
		"UA07000000000024379,,,,,Q,Волинська":                        `with the separator ',': want lines of five codes, a category and a name; line 1: unknown category "Q"`,
		"UA07000000000024379:::::O:Волинська\nUA07000000000024379;x": "line 1: ",
	} {
		report, _, err := read(strings.NewReader(text))
		require.ErrorContains(t, err, reason)
		require.NotEmpty(t, report.Bad, "the report holds the reasons")
	}
	broken := errors.New("the disk is gone")
	_, _, err := read(io.MultiReader(strings.NewReader(sample), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
}

// The built-in addresses are an excerpt of the codifier without a fault.
func TestBuiltin(t *testing.T) {
	t.Parallel()
	report, all, err := read(bytes.NewReader(builtin))
	require.NoError(t, err)
	require.Empty(t, report.Bad)
	require.Len(t, all.areas, 27)
	known := map[string]bool{}
	for _, p := range all.settlements {
		known[p.KOATUU] = true
	}
	for _, code := range []string{CodeKyiv, CodeBerdychiv, CodeVerkhovyna, CodeKryvorivna} {
		require.True(t, known[code], code)
	}
	for _, s := range streets {
		require.True(t, known[s.settlement], s.settlement)
	}
}
