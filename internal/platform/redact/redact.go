// Package redact tells of a failure what a log may know: our own words, codes,
// the names of tables and constraints. What engines and libraries quote stays
// out of it, because a value in a row is somebody's phone, name or illness.
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

// Error is the text of an error without the values in it.
func Error(err error) string {
	text := err.Error()
	visit(err, func(part error) {
		if told, quotes := withoutValues(part); quotes {
			if said := part.Error(); said != "" {
				text = strings.ReplaceAll(text, said, told)
			}
		}
	})
	return unencodable.ReplaceAllString(text, "unable to encode a value")
}

// unencodable is how pgx begins to quote an argument that does not fit its
// column. It has no type of its own.
var unencodable = regexp.MustCompile(`(?s)unable to encode .*`)

// visit shows an error and its causes, outermost first.
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

// withoutValues says what one error may tell, when its text quotes values.
func withoutValues(err error) (told string, quotes bool) {
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

// named are the classes of SQLSTATE whose messages name tables, columns and
// constraints, but never what is in them: connections, constraints, transactions,
// rights, names, resources, limits, states, operators, the system.
var named = map[string]bool{
	"08": true, "23": true, "25": true, "26": true, "28": true, "3D": true, "3F": true,
	"40": true, "42": true, "53": true, "54": true, "55": true, "57": true, "58": true,
}

func ofPostgres(e *pgconn.PgError) string {
	told := e.Severity + ": "
	if len(e.Code) == 5 && named[e.Code[:2]] {
		told += e.Message + " "
	}
	for _, name := range []string{e.TableName, e.ColumnName, e.ConstraintName} {
		if name != "" {
			told += name + " "
		}
	}
	return told + "(SQLSTATE " + e.Code + ")"
}

// fromDocuments is what the errors have in common that a document store sent:
// its messages may quote a whole document.
type fromDocuments interface {
	error
	ErrorCodes() []int
	HasErrorLabel(label string) bool
}

// ofDocuments leaves the words of the driver itself, which could not reach the
// store: they name addresses.
func ofDocuments(e fromDocuments) (told string, quotes bool) {
	if e.HasErrorLabel("NetworkError") {
		return "", false
	}
	return fmt.Sprintf("refused by the document store with %v", e.ErrorCodes()), true
}

// Wrap gives an error a text without values. Its causes are still found by
// errors.Is and errors.As.
func Wrap(err error) error {
	if err == nil {
		return nil
	}
	return &redacted{cause: err}
}

type redacted struct{ cause error }

func (r *redacted) Error() string { return Error(r.cause) }
func (r *redacted) Unwrap() error { return r.cause }

// Panic tells what kind of value a panic had. Only the runtime's own words are
// repeated: they name types and indices.
func Panic(value any) string {
	if failure, ok := value.(runtime.Error); ok {
		return failure.Error()
	}
	return fmt.Sprintf("a value of type %T", value)
}

// Logger tells of errors among the attributes of a line what Error tells.
func Logger(l *slog.Logger) *slog.Logger { return slog.New(handler{l.Handler()}) }

type handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, line slog.Record) error {
	failed := false
	line.Attrs(func(a slog.Attr) bool {
		failed = holdsError(a)
		return !failed
	})
	if failed { // seldom: most lines are passed on as they are
		line = withoutErrors(line)
	}
	if err := h.Handler.Handle(ctx, line); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

func withoutErrors(line slog.Record) slog.Record {
	told := slog.NewRecord(line.Time, line.Level, line.Message, line.PC)
	line.Attrs(func(a slog.Attr) bool {
		told.AddAttrs(withoutError(a))
		return true
	})
	return told
}

// holdsError tells whether an attribute, or one in its group, is an error.
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
	told := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		told[i] = withoutError(a)
	}
	return told
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(allWithoutErrors(attrs))}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
