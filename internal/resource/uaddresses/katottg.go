package uaddresses

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Report tells what an import has done.
type Report struct {
	Encoding   string         // of the text
	Separator  rune           // of its fields
	Rows       int            // rows of data, good and bad
	Categories map[string]int // good rows by category of the codifier
	Inserted   int64          // rows that our tables did not have
	Changed    int64          // rows of our tables that have become different
	Bad        []BadRow       // in the order of the text
}

// BadRow is a row that was passed over.
type BadRow struct {
	Line   int
	Reason string
}

func (b BadRow) String() string { return fmt.Sprintf("line %d: %s", b.Line, b.Reason) }

// Columns of the codifier: the codes of five levels, category, name.
const (
	columnArea     = 0
	columnRegion   = 1
	columnCategory = 5
	columnName     = 6
	columns        = 7
)

// Categories of the codifier (decisions R25).
const (
	categoryOblast       = "O"
	categorySpecialCity  = "K" // an area and a city at once
	categoryRaion        = "P"
	categoryHromada      = "H"
	categoryCity         = "M"
	categorySettlement   = "X"
	categoryTownship     = "T" // in editions before 2024
	categoryVillage      = "C"
	categoryCityDistrict = "B"
)

// ownColumn is the column in which a row of a category has its own code. Those
// before it hold the codes of what it lies in.
var ownColumn = map[string]int{
	categoryOblast: 0, categorySpecialCity: 0, categoryRaion: 1, categoryHromada: 2, categoryCity: 3, categorySettlement: 3, categoryTownship: 3, categoryVillage: 3, categoryCityDistrict: 4,
}

// settlementTypes are codes of dictionary SETTLEMENT_TYPE.
var settlementTypes = map[string]string{
	categorySpecialCity: "CITY", categoryCity: "CITY", categorySettlement: "SETTLEMENT", categoryTownship: "TOWNSHIP", categoryVillage: "VILLAGE",
}

var codePattern = regexp.MustCompile(`^UA[0-9]{17}$`)

// Widths of the name columns of our tables.
const (
	maxAreaName = 50
	maxName     = 255
)

// batch is what is written in one go.
type batch struct {
	areas       []Area
	regions     []Region
	settlements []Settlement
}

const batchSize = 2000

// importer reads all rows of the codifier, judges them by what they make together,
// and hands the good ones on in batches. No order of rows is wanted: a place may stand
// before what it lies in, and take a name before its owner has another.
type importer struct {
	// rename frees the names of places that get others, before anything is written:
	// no two places of the tables may share one, not even for a moment.
	rename func(context.Context, []uuid.UUID) error
	write  func(context.Context, *batch) error
	// overwrite is false when what is in the tables stays as it is.
	overwrite      bool
	areas, regions map[uuid.UUID]place // those of the tables, and then those that are read
	entries        []entry             // rows whose form is right
	report         Report
}

// place is where an area or a region lies and how it is called there. The tables let
// no two share it.
type place struct {
	area uuid.UUID // zero of areas
	name string
}

func newImporter(areas []Area, regions []Region) *importer {
	im := &importer{overwrite: true, areas: map[uuid.UUID]place{}, regions: map[uuid.UUID]place{}}
	for _, a := range areas {
		im.areas[a.ID] = place{name: a.Name}
	}
	for _, r := range regions {
		im.regions[r.ID] = place{r.AreaID, r.Name}
	}
	return im
}

// run reads the whole codifier. A bad row is reported and stops nothing else; a
// reader that fails, or a text without one good row, does.
func (im *importer) run(ctx context.Context, r io.Reader) error {
	text := newLines(r)
	im.report = Report{Encoding: text.encoding, Separator: text.separator, Categories: map[string]int{}}
	for {
		line, err := text.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the codifier: %w", err)
		}
		im.line(line, text)
	}
	good, renamed := im.judge()
	slices.SortStableFunc(im.report.Bad, func(a, b BadRow) int { return a.Line - b.Line })
	if len(good) == 0 {
		return im.nothing()
	}
	if err := im.rename(ctx, renamed); err != nil {
		return err
	}
	return im.store(ctx, good)
}

// nothing says why a text has no good row.
func (im *importer) nothing() error {
	reason := ""
	if len(im.report.Bad) > 0 {
		reason = "; " + im.report.Bad[0].String()
	}
	return fmt.Errorf("not a row of the national codifier in it, read as %s with the separator %q: want lines of five codes, a category and a name%s",
		im.report.Encoding, im.report.Separator, reason)
}

func (im *importer) line(line string, text *lines) {
	if text.cut {
		im.refuse(text.number, "longer than any row can be")
		return
	}
	fields, err := split(line, text.separator)
	switch {
	case err != nil:
		im.refuse(text.number, err.Error())
		return
	case strings.TrimSpace(line) == "", text.number == 1 && !strings.HasPrefix(strings.TrimSpace(fields[0]), "UA"): // the header
		return
	}
	e, reason := newEntry(text.number, fields)
	if reason != "" {
		im.refuse(text.number, reason)
		return
	}
	im.entries = append(im.entries, e)
}

// split cuts a row into fields.
func split(line string, separator rune) ([]string, error) {
	if !strings.Contains(line, `"`) {
		return strings.Split(line, string(separator)), nil
	}
	quoted := csv.NewReader(strings.NewReader(line))
	quoted.Comma = separator
	fields, err := quoted.Read()
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		return nil, fmt.Errorf("quotes: %w", bad.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("quotes: %w", err)
	}
	return fields, nil
}

// entry is a row whose form is right.
type entry struct {
	line                 int
	id                   uuid.UUID
	category, code, name string
	area, region         uuid.UUID // what it lies in, as far as its category does
}

// newEntry reads a row; reason tells what is wrong with its form.
func newEntry(line int, fields []string) (e entry, reason string) {
	if len(fields) != columns {
		return e, fmt.Sprintf("%d fields instead of %d", len(fields), columns)
	}
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	e = entry{line: line, category: fields[columnCategory], name: fields[columnName]}
	own, known := ownColumn[e.category]
	if !known {
		return e, fmt.Sprintf("unknown category %q", e.category)
	}
	for i, code := range fields[:columnCategory] {
		switch {
		case i <= own && !codePattern.MatchString(code):
			return e, fmt.Sprintf("column %d: want UA and 17 digits, have %q", i+1, code)
		case i > own && code != "":
			return e, fmt.Sprintf("column %d: a row of category %s has no code there, have %q", i+1, e.category, code)
		}
	}
	width := maxName
	if own == 0 {
		width = maxAreaName
	}
	switch {
	case e.name == "":
		return e, "no name"
	case !utf8.ValidString(e.name) || strings.ContainsAny(e.name, "\x00\ufffd"): // U+FFFD: what could not be decoded
		return e, "the name is not text in the file's encoding"
	case utf8.RuneCountInString(e.name) > width:
		return e, fmt.Sprintf("the name has more than %d characters", width)
	}
	// A copy lets go of the line.
	e.category, e.code, e.name = strings.Clone(e.category), strings.Clone(fields[own]), strings.Clone(e.name)
	e.id, e.area = ID(e.code), ID(fields[columnArea])
	// Прип’ять and Чорнобиль lie in no raion: the codifier repeats the area there.
	if own > columnRegion && fields[columnRegion] != fields[columnArea] {
		e.region = ID(fields[columnRegion])
	}
	return e, ""
}

// level is the depth at which a row has its own code.
func (e entry) level() int { return ownColumn[e.category] }

// place is where an area or a region is, when the row has been stored.
func (e entry) place() place {
	if e.level() == columnArea {
		return place{name: e.name}
	}
	return place{e.area, e.name}
}

// judge refuses the rows that do not fit the others: first among areas, then among
// regions, then among what lies in them. It returns the rest in the order of the text,
// and the places of the tables that get another name.
func (im *importer) judge() (good []entry, renamed []uuid.UUID) {
	lines := map[uuid.UUID]int{} // where an id was read
	levels := make([][]entry, columnCategory)
	for _, e := range im.entries {
		levels[e.level()] = append(levels[e.level()], e)
	}
	for level, rows := range levels {
		rows = slices.DeleteFunc(rows, func(e entry) bool {
			line, twice := lines[e.id]
			switch {
			case !im.isPlaced(e):
				im.refuse(e.line, "the area and the region that it names do not exist together")
				return true
			case twice:
				im.refuse(e.line, fmt.Sprintf("its code stands on line %d already", line))
				return true
			}
			lines[e.id] = e.line
			return false
		})
		switch level {
		case columnArea:
			rows = im.named(rows, im.areas, &renamed)
		case columnRegion:
			rows = im.named(rows, im.regions, &renamed)
		}
		good = append(good, rows...)
	}
	slices.SortFunc(good, func(a, b entry) int { return a.line - b.line })
	return good, renamed
}

// isPlaced tells whether the area and the region that a row lies in are known.
// Hromadas and districts of cities are counted and not stored, so theirs do
// not matter (those of Київ name the city in place of a region).
func (im *importer) isPlaced(e entry) bool {
	_, known := im.areas[e.area]
	switch e.category {
	case categoryOblast, categorySpecialCity, categoryHromada, categoryCityDistrict:
		return true
	case categoryRaion:
		return known
	}
	return known && (e.region == uuid.Nil || im.regions[e.region].area == e.area)
}

// named refuses the rows whose name another place of the same level has in the end,
// and notes the new names of the others. A row that is refused leaves its place as it
// was, which may take the name of another row: so the rest is judged again.
func (im *importer) named(rows []entry, known map[uuid.UUID]place, renamed *[]uuid.UUID) []entry {
	for judged := -1; judged != len(rows); {
		judged = len(rows)
		moves := make(map[uuid.UUID]bool, len(rows))
		for _, e := range rows {
			moves[e.id] = im.overwrite
		}
		owners := make(map[place]uuid.UUID, len(known)+len(rows))
		for id, p := range known {
			if !moves[id] {
				owners[p] = id
			}
		}
		rows = slices.DeleteFunc(rows, func(e entry) bool {
			if _, stays := known[e.id]; stays && !im.overwrite {
				return false
			}
			if owner, taken := owners[e.place()]; taken && owner != e.id {
				im.refuse(e.line, fmt.Sprintf("the name %q belongs to another code there", e.name))
				return true
			}
			owners[e.place()] = e.id
			return false
		})
	}
	for _, e := range rows {
		was, stays := known[e.id]
		switch {
		case stays && !im.overwrite:
			continue
		case stays && was != e.place():
			*renamed = append(*renamed, e.id)
		}
		known[e.id] = e.place()
	}
	return rows
}

// store hands the rows on.
func (im *importer) store(ctx context.Context, good []entry) error {
	for rows := range slices.Chunk(good, batchSize) {
		b := &batch{}
		for _, e := range rows {
			im.report.Rows++
			im.report.Categories[e.category]++
			b.add(e)
		}
		if err := im.write(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) add(e entry) {
	switch e.category {
	case categoryOblast, categorySpecialCity:
		b.areas = append(b.areas, Area{ID: e.id, Name: e.name, KOATUU: e.code})
	case categoryRaion:
		b.regions = append(b.regions, Region{ID: e.id, AreaID: e.area, Name: e.name, KOATUU: e.code})
	}
	kind, ok := settlementTypes[e.category]
	if !ok {
		return
	}
	s := Settlement{ID: e.id, AreaID: e.area, Name: e.name, Type: kind, KOATUU: e.code}
	if e.region != uuid.Nil {
		s.RegionID = &e.region
	}
	b.settlements = append(b.settlements, s)
}

func (im *importer) refuse(line int, reason string) {
	im.report.Rows++
	im.report.Bad = append(im.report.Bad, BadRow{Line: line, Reason: reason})
}
