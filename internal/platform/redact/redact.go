// Package redact removes data from errors before they are logged. Our own words,
// codes and names of tables and constraints stay. Values that databases and
// libraries quote are removed, because they are phones, names or diagnoses.
package redact

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Error returns the text of an error without quoted values.
func Error(err error) string {
	text := err.Error()
	visit(err, func(part error) {
		if redacted, quotes := withoutValues(part); quotes {
			if original := part.Error(); original != "" {
				text = strings.ReplaceAll(text, original, redacted)
			}
		}
	})
	return unencodable.ReplaceAllString(text, "unable to encode a value")
}

// unencodable is the text with which pgx quotes an argument that does not fit its
// column. This error has no type of its own.
var unencodable = regexp.MustCompile(`(?s)unable to encode .*`)

// visit calls show with an error and its causes, outermost first.
func visit(err error, show func(error)) {
	if err == nil {
		return
	}
	show(err)
	switch wrapping := err.(type) { //nolint:errorlint // walks the chain itself
	case interface{ Unwrap() error }:
		visit(wrapping.Unwrap(), show)
	case interface{ Unwrap() []error }:
		for _, cause := range wrapping.Unwrap() {
			visit(cause, show)
		}
	}
}

// withoutValues returns the text of one error without values. quotes is false
// when its own text quotes none.
func withoutValues(err error) (text string, quotes bool) {
	switch e := err.(type) { //nolint:errorlint // visit walks the chain
	case *pgconn.PgError:
		return ofPostgres(e), true
	case fromDocuments:
		return ofDocuments(e)
	case *time.ParseError:
		return "not a moment of the form " + e.Layout, true
	case *strconv.NumError:
		return e.Func + ": " + e.Err.Error(), true
	case *json.UnmarshalTypeError:
		kind, _, _ := strings.Cut(e.Value, " ") // "number 3801…"
		return "json: cannot read " + kind + " into " + e.Struct + "." + e.Field, true
	case *url.Error:
		return e.Op + ": " + Error(e.Err), true
	}
	return "", false
}

// named holds the SQLSTATE classes whose messages name tables, columns and
// constraints but no values: connections, constraints, transactions, rights,
// names, resources, limits, states, operators, the system.
var named = map[string]bool{
	"08": true, "23": true, "25": true, "26": true, "28": true, "3D": true, "3F": true,
	"40": true, "42": true, "53": true, "54": true, "55": true, "57": true, "58": true,
}

func ofPostgres(e *pgconn.PgError) string {
	text := e.Severity + ": "
	if len(e.Code) == 5 && named[e.Code[:2]] {
		text += e.Message + " "
	}
	for _, name := range []string{e.TableName, e.ColumnName, e.ConstraintName} {
		if name != "" {
			text += name + " "
		}
	}
	return text + "(SQLSTATE " + e.Code + ")"
}

// fromDocuments has the methods of all errors that the document store sent. Their
// messages may quote a whole document.
type fromDocuments interface {
	error
	ErrorCodes() []int
	HasErrorLabel(label string) bool
}

// ofDocuments keeps the driver's own text when the store could not be reached: it
// names addresses only.
func ofDocuments(e fromDocuments) (text string, quotes bool) {
	if e.HasErrorLabel("NetworkError") {
		return "", false
	}
	return fmt.Sprintf("refused by the document store with %v", e.ErrorCodes()), true
}

// Wrap returns an error whose text has no values. errors.Is and errors.As still
// find its causes.
func Wrap(err error) error {
	if err == nil {
		return nil
	}
	return &redacted{cause: err}
}

type redacted struct{ cause error }

func (r *redacted) Error() string { return Error(r.cause) }
func (r *redacted) Unwrap() error { return r.cause }

// Panic returns the type of a panic's value. It repeats only the texts of
// runtime.Error, which name types and indices.
func Panic(value any) string {
	if failure, ok := value.(runtime.Error); ok {
		return failure.Error()
	}
	return fmt.Sprintf("a value of type %T", value)
}

// Logger replaces errors among a line's attributes by their redacted text.
func Logger(l *slog.Logger) *slog.Logger { return slog.New(handler{l.Handler()}) }

type handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, line slog.Record) error {
	failed := false
	line.Attrs(func(a slog.Attr) bool {
		failed = holdsError(a)
		return !failed
	})
	if failed { // rare: most lines pass unchanged
		line = withoutErrors(line)
	}
	if err := h.Handler.Handle(ctx, line); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

func withoutErrors(line slog.Record) slog.Record {
	clean := slog.NewRecord(line.Time, line.Level, line.Message, line.PC)
	line.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(withoutError(a))
		return true
	})
	return clean
}

// holdsError returns whether an attribute, or one in its group, is an error.
func holdsError(a slog.Attr) bool {
	switch a.Value.Kind() {
	case slog.KindAny:
		_, isError := a.Value.Any().(error)
		return isError
	case slog.KindGroup:
		return slices.ContainsFunc(a.Value.Group(), holdsError)
	}
	return false
}

func withoutError(a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindAny:
		if err, isError := a.Value.Any().(error); isError {
			a.Value = slog.StringValue(Error(err))
		}
	case slog.KindGroup:
		a.Value = slog.GroupValue(allWithoutErrors(a.Value.Group())...)
	}
	return a
}

func allWithoutErrors(attrs []slog.Attr) []slog.Attr {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = withoutError(a)
	}
	return clean
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(allWithoutErrors(attrs))}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
