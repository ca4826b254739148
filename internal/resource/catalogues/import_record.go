package catalogues

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"esoz/internal/platform/envelope"
)

// record is a row of a file, and what is wrong with it.
type record struct {
	line   int
	fields map[string]string
	bad    []BadRow
	id     uuid.UUID // of the row of the table that it means
}

func (r *record) refuse(format string, args ...any) {
	r.bad = append(r.bad, BadRow{r.line, fmt.Sprintf(format, args...)})
}

// text is null when the field is empty.
func (r *record) text(column string) *string {
	if value := r.fields[column]; value != "" {
		return &value
	}
	return nil
}

// flag reads a boolean; one that is missing is otherwise.
func (r *record) flag(column string, otherwise bool) bool {
	if value := r.optionalFlag(column); value != nil {
		return *value
	}
	return otherwise
}

func (r *record) optionalFlag(column string) *bool {
	value, ok := envelope.ParseBool(new(strings.ToLower(r.fields[column])))
	if !ok {
		r.refuse("%s is neither true nor false", column)
	}
	return value
}

func (r *record) uuid(column string) (id uuid.UUID, isSent bool) {
	value := r.fields[column]
	id, ok := envelope.ParseID(value)
	if !ok && value != "" {
		r.refuse("%s is no UUID", column)
	}
	return id, ok
}

var (
	pricePattern      = regexp.MustCompile(`^[0-9]{1,10}([.,][0-9]{1,2})?$`)
	percentagePattern = regexp.MustCompile(`^(100([.,]0{1,2})?|[0-9]{1,2}([.,][0-9]{1,2})?)$`)
	quantityPattern   = regexp.MustCompile(`^[0-9]{1,8}([.,][0-9]{1,4})?$`)
	countPattern      = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)
)

// price reads an amount of hryvnias.
func (r *record) price(column string) *json.Number {
	return r.number(column, pricePattern, "amount such as 152.50")
}

func (r *record) percentage(column string) *json.Number {
	return r.number(column, percentagePattern, "percentage such as 12.5")
}

func (r *record) quantity(column string) *json.Number {
	return r.number(column, quantityPattern, "quantity such as 2.5")
}

func (r *record) count(column string) *json.Number {
	return r.number(column, countPattern, "count such as 50")
}

// number takes the comma of Ukrainian spreadsheets too.
func (r *record) number(column string, pattern *regexp.Regexp, what string) *json.Number {
	value := r.fields[column]
	if value == "" {
		return nil
	}
	if !pattern.MatchString(value) {
		r.refuse("%s is no %s", column, what)
		return nil
	}
	whole, fraction, _ := strings.Cut(strings.ReplaceAll(value, ",", "."), ".")
	number := cmp.Or(strings.TrimLeft(whole, "0"), "0") // JSON begins no number with two of them
	if fraction != "" {
		number += "." + fraction
	}
	return new(json.Number(number))
}

// date reads a day.
func (r *record) date(column string) *string {
	value := r.text(column)
	if value == nil {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, *value); err != nil {
		r.refuse("%s is no day such as 2026-01-31", column)
		return nil
	}
	return value
}

// object reads a JSON object.
func (r *record) object(column string) json.RawMessage {
	value := r.fields[column]
	if value == "" {
		return nil
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(value), &object); err != nil || object == nil || strings.Contains(value, `\u0000`) {
		r.refuse("%s is no JSON object", column)
		return nil
	}
	return json.RawMessage(value)
}

// decoded reads JSON of a known form, and writes it in that form.
func decoded[Value any](r *record, column, form string, isComplete func(Value) bool) json.RawMessage {
	sent := r.fields[column]
	if sent == "" {
		return nil
	}
	var value Value
	decoder := json.NewDecoder(strings.NewReader(sent))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil || decoder.More() || strings.Contains(sent, `\u0000`) || !isComplete(value) {
		r.refuse("%s is not %s", column, form)
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		r.refuse("%s is not %s", column, form)
	}
	return text
}

// oneOf finds what a field names, by the keys of known.
func (r *record) oneOf(known map[string]uuid.UUID, column, what string) (id uuid.UUID) {
	value := r.fields[column]
	id, found := known[value]
	if !found && value != "" {
		r.refuse("%s: no %s is stored under %q", column, what, value)
	}
	return id
}

// read returns the rows of a file, and what is wrong with its form.
func (t *table) read(r io.Reader) (all []*record, bad []BadRow, err error) {
	reader, err := newReader(r)
	if err != nil {
		return nil, nil, err
	}
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, errors.New("the file is empty: it needs a line with the names of its columns")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the names of the columns: %w", err)
	}
	if err := t.checkHeader(header); err != nil {
		return nil, nil, err
	}
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, bad, nil
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			bad = append(bad, BadRow{wrong.StartLine, wrong.Err.Error()})
			if errors.Is(err, csv.ErrFieldCount) {
				continue
			}
			return all, bad, nil // where the next row begins is not known
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read the file: %w", err)
		}
		line, _ := reader.FieldPos(0)
		all = append(all, t.record(line, header, fields))
	}
}

// newReader finds out whether commas or semicolons separate the fields.
func newReader(r io.Reader) (*csv.Reader, error) {
	text := bufio.NewReaderSize(r, 64<<10)
	head, err := text.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if mark := "\ufeff"; strings.HasPrefix(string(head), mark) {
		_, _ = text.Discard(len(mark))
	}
	names, _, _ := strings.Cut(string(head), "\n")
	reader := csv.NewReader(text)
	if strings.Contains(names, ";") {
		reader.Comma = ';'
	}
	return reader, nil
}

func (t *table) checkHeader(header []string) error {
	known := slices.Concat(t.required, t.optional, []string{"id"})
	for i, name := range header {
		header[i] = strings.TrimSpace(name)
		if !slices.Contains(known, header[i]) {
			return fmt.Errorf("line 1: no column is called %q; there are %s", header[i], strings.Join(known, ", "))
		}
		if slices.Contains(header[:i], header[i]) {
			return fmt.Errorf("line 1: two columns are called %s", header[i])
		}
	}
	for _, name := range t.required {
		if !slices.Contains(header, name) {
			return fmt.Errorf("line 1: there is no column %s", name)
		}
	}
	return nil
}

func (t *table) record(line int, header, fields []string) *record {
	r := &record{line: line, fields: map[string]string{}}
	for i, value := range fields {
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			r.refuse("%s is no UTF-8", header[i])
			continue
		}
		r.fields[header[i]] = strings.TrimSpace(value)
	}
	for _, name := range t.required {
		if r.fields[name] == "" && len(r.bad) == 0 {
			r.refuse("%s is empty", name)
		}
	}
	return r
}
