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
	categoryVillage      = "C"
	categoryCityDistrict = "B"
)

// ownColumn is the column in which a row of a category has its own code. Those
// before it hold the codes of what it lies in.
var ownColumn = map[string]int{
	categoryOblast: 0, categorySpecialCity: 0, categoryRaion: 1, categoryHromada: 2, categoryCity: 3, categorySettlement: 3, categoryVillage: 3, categoryCityDistrict: 4,
}

// settlementTypes are codes of dictionary SETTLEMENT_TYPE.
var settlementTypes = map[string]string{categorySpecialCity: "CITY", categoryCity: "CITY", categorySettlement: "SETTLEMENT", categoryVillage: "VILLAGE"}

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

func (b *batch) size() int { return len(b.areas) + len(b.regions) + len(b.settlements) }

// importer judges the rows of the codifier and hands the good ones on in
// batches.
type importer struct {
	write  func(context.Context, *batch) error
	known  places
	report Report
	batch  batch
	waits  []entry // rows that stand before what they lie in
}

// places are the areas and regions that settlements may lie in, those of the
// tables and those read, and who has which name: the tables let no two share one.
type places struct {
	areas       map[uuid.UUID]string // names
	regions     map[uuid.UUID]regionName
	areaNames   map[string]uuid.UUID
	regionNames map[regionName]uuid.UUID
	lines       map[uuid.UUID]int // where an id was read
}

type regionName struct {
	area uuid.UUID
	name string
}

func newPlaces(areas []Area, regions []Region) places {
	k := places{
		areas: map[uuid.UUID]string{}, regions: map[uuid.UUID]regionName{},
		areaNames: map[string]uuid.UUID{}, regionNames: map[regionName]uuid.UUID{}, lines: map[uuid.UUID]int{},
	}
	for _, a := range areas {
		k.addArea(a.ID, a.Name)
	}
	for _, r := range regions {
		k.addRegion(r.ID, regionName{r.AreaID, r.Name})
	}
	return k
}

func (k *places) addArea(id uuid.UUID, name string) {
	delete(k.areaNames, k.areas[id]) // a new name frees the old one
	k.areas[id], k.areaNames[name] = name, id
}

func (k *places) addRegion(id uuid.UUID, name regionName) {
	delete(k.regionNames, k.regions[id])
	k.regions[id], k.regionNames[name] = name, id
}

// run reads the whole codifier. A bad row is reported and stops nothing else; a
// reader that fails, or a text without one good row, does.
func (im *importer) run(ctx context.Context, r io.Reader) error {
	im.report.Categories = map[string]int{}
	text := newLines(r)
	for {
		line, err := text.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the codifier: %w", err)
		}
		if err := im.line(ctx, line, text); err != nil {
			return err
		}
	}
	if err := im.lateRows(ctx); err != nil {
		return err
	}
	slices.SortStableFunc(im.report.Bad, func(a, b BadRow) int { return a.Line - b.Line })
	if im.report.Rows == len(im.report.Bad) {
		return errors.New("not a row of the national codifier in it: want lines of five codes, a category and a name, separated by semicolons")
	}
	return im.flush(ctx)
}

func (im *importer) line(ctx context.Context, line string, text *lines) error {
	if text.cut {
		im.refuse(text.number, "longer than any row can be")
		return nil
	}
	fields, err := split(line)
	switch {
	case err != nil:
		im.refuse(text.number, err.Error())
		return nil
	case strings.TrimSpace(line) == "", text.number == 1 && !strings.HasPrefix(fields[0], "UA"): // the header
		return nil
	}
	e, reason := newEntry(text.number, fields)
	if reason != "" {
		im.refuse(text.number, reason)
		return nil
	}
	if !im.isPlaced(e) {
		im.waits = append(im.waits, e)
		return nil
	}
	return im.take(ctx, e)
}

// split cuts a row into fields.
func split(line string) ([]string, error) {
	if !strings.Contains(line, `"`) {
		return strings.Split(line, ";"), nil
	}
	quoted := csv.NewReader(strings.NewReader(line))
	quoted.Comma = ';'
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
	case !utf8.ValidString(e.name) || strings.ContainsRune(e.name, 0):
		return e, "the name is not UTF-8 text"
	case utf8.RuneCountInString(e.name) > width:
		return e, fmt.Sprintf("the name has more than %d characters", width)
	}
	// A copy lets go of the line.
	e.category, e.code, e.name = strings.Clone(e.category), strings.Clone(fields[own]), strings.Clone(e.name)
	e.area = ID(fields[columnArea])
	// Прип’ять and Чорнобиль lie in no raion: the codifier repeats the area there.
	if own > columnRegion && fields[columnRegion] != fields[columnArea] {
		e.region = ID(fields[columnRegion])
	}
	return e, ""
}

// isPlaced tells whether the area and the region that a row lies in are known.
// Hromadas and districts of cities are counted and not stored, so theirs do
// not matter (those of Київ name the city in place of a region).
func (im *importer) isPlaced(e entry) bool {
	switch e.category {
	case categoryRaion:
		_, known := im.known.areas[e.area]
		return known
	case categoryCity, categorySettlement, categoryVillage:
		_, known := im.known.areas[e.area]
		return known && (e.region == uuid.Nil || im.known.regions[e.region].area == e.area)
	}
	return true
}

// lateRows takes the rows that had to wait: regions first, settlements may be
// waiting for them.
func (im *importer) lateRows(ctx context.Context) error {
	slices.SortStableFunc(im.waits, func(a, b entry) int { return ownColumn[a.category] - ownColumn[b.category] })
	for _, e := range im.waits {
		if !im.isPlaced(e) {
			im.refuse(e.line, "the area and the region that it names do not exist together")
			continue
		}
		if err := im.take(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// take adds a row to the batch, unless its code or its name is another's.
func (im *importer) take(ctx context.Context, e entry) error {
	id := ID(e.code)
	if line, twice := im.known.lines[id]; twice {
		im.refuse(e.line, fmt.Sprintf("its code stands on line %d already", line))
		return nil
	}
	if owner, taken := im.owner(e); taken && owner != id {
		im.refuse(e.line, fmt.Sprintf("the name %q belongs to another code there", e.name))
		return nil
	}
	im.known.lines[id] = e.line
	im.report.Rows++
	im.report.Categories[e.category]++
	switch e.category {
	case categoryOblast, categorySpecialCity:
		im.known.addArea(id, e.name)
		im.batch.areas = append(im.batch.areas, Area{ID: id, Name: e.name, KOATUU: e.code})
	case categoryRaion:
		im.known.addRegion(id, regionName{e.area, e.name})
		im.batch.regions = append(im.batch.regions, Region{ID: id, AreaID: e.area, Name: e.name, KOATUU: e.code})
	}
	if kind, ok := settlementTypes[e.category]; ok {
		s := Settlement{ID: id, AreaID: e.area, Name: e.name, Type: kind, KOATUU: e.code}
		if e.region != uuid.Nil {
			s.RegionID = &e.region
		}
		im.batch.settlements = append(im.batch.settlements, s)
	}
	if im.batch.size() < batchSize {
		return nil
	}
	return im.flush(ctx)
}

// owner is the area or region that has the name of a row already.
func (im *importer) owner(e entry) (id uuid.UUID, taken bool) {
	switch e.category {
	case categoryOblast, categorySpecialCity:
		id, taken = im.known.areaNames[e.name]
	case categoryRaion:
		id, taken = im.known.regionNames[regionName{e.area, e.name}]
	}
	return id, taken
}

func (im *importer) refuse(line int, reason string) {
	im.report.Rows++
	im.report.Bad = append(im.report.Bad, BadRow{Line: line, Reason: reason})
}

func (im *importer) flush(ctx context.Context) error {
	if err := im.write(ctx, &im.batch); err != nil {
		return err
	}
	im.batch = batch{}
	return nil
}
