package redact_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/redact"
)

// secret is part of every error of this file.
const secret = "380931234574"

// quoting holds errors as databases and libraries return them.
func quoting(t *testing.T) map[string]error {
	t.Helper()
	_, notANumber := strconv.Atoi(secret + "x")
	_, notATime := time.Parse(time.RFC3339, secret)
	var small struct {
		Code int8 `json:"code"`
	}
	tooLarge := json.Unmarshal([]byte(`{"code":`+secret+`}`), &small)
	_, unencodable := pgtype.NewMap().Encode(pgtype.Int4OID, pgtype.BinaryFormatCode, int64(380931234574), nil)
	for _, err := range []error{notANumber, notATime, tooLarge, unencodable} {
		require.ErrorContains(t, err, secret)
	}
	return map[string]error{
		"a number":            notANumber,
		"a time":              notATime,
		"a JSON number":       tooLarge,
		"an argument":         fmt.Errorf("failed to encode args[0]: %w", unencodable),
		"an address":          &url.Error{Op: "Get", URL: "http://sms/?to=" + secret, Err: errors.New("refused")},
		"a value of a column": &pgconn.PgError{Severity: "ERROR", Code: "22P02", Message: `invalid input syntax for type uuid: "` + secret + `"`},
		"a raised text":       &pgconn.PgError{Severity: "ERROR", Code: "P0001", Message: "no room for " + secret, Detail: secret},
		"a failed command":    mongo.CommandError{Code: 2, Name: "BadValue", Message: "cannot use " + secret},
		"a failed write": mongo.WriteException{WriteErrors: mongo.WriteErrors{{
			Code: 11000, Message: `E11000 duplicate key error index: phone dup key: { phone: "` + secret + `" }`,
		}}},
		"many failed writes": mongo.BulkWriteException{WriteErrors: []mongo.BulkWriteError{{WriteError: mongo.WriteError{Code: 11000, Message: secret}}}},
	}
}

// Values are removed from wrapped errors at any depth. Our own words stay, and
// errors.Is and errors.As still find the cause.
func TestErrorsTellNoValues(t *testing.T) {
	t.Parallel()
	for name, cause := range quoting(t) {
		for _, err := range []error{
			fmt.Errorf("store the code: %w", cause),
			fmt.Errorf("store the code: %w", errors.Join(errors.New("another"), fmt.Errorf("deeper: %w", cause))),
			redact.Wrap(fmt.Errorf("store the code: %w", redact.Wrap(cause))),
		} {
			require.Contains(t, err.Error()+redact.Error(err), "store the code", name)
			require.NotContains(t, redact.Error(err), secret, name)
			require.NotContains(t, redact.Wrap(err).Error(), secret, name)
			require.ErrorIs(t, redact.Wrap(err), err, name)
		}
	}
	require.NoError(t, redact.Wrap(nil))
}

// Texts that an operator needs stay.
func TestErrorsTellWhatFailed(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		`look up user: ERROR: duplicate key value violates unique constraint "users_email_key" users users_email_key (SQLSTATE 23505)`: fmt.Errorf("look up user: %w", &pgconn.PgError{
			Severity: "ERROR", Code: "23505", Message: `duplicate key value violates unique constraint "users_email_key"`,
			Detail: "Key (email)=(" + secret + ") already exists.", TableName: "users", ConstraintName: "users_email_key",
		}),
		"FATAL: terminating connection due to administrator command (SQLSTATE 57P01)": &pgconn.PgError{
			Severity: "FATAL", Code: "57P01", Message: "terminating connection due to administrator command",
		},
		"ERROR: persons birth_date (SQLSTATE 22008)": &pgconn.PgError{
			Severity: "ERROR", Code: "22008", Message: "date/time field value out of range: " + secret, TableName: "persons", ColumnName: "birth_date",
		},
		"refused by the document store with [11000]": mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 11000, Message: secret}}},
		"plain": errors.New("plain"),
	} {
		require.Equal(t, want, redact.Error(err))
	}
	away := mongo.CommandError{Labels: []string{"NetworkError"}, Wrapped: errors.New("connection refused")}
	require.Contains(t, redact.Error(away), "connection refused")
}

func TestPanicsTellTheirKind(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a value of type string", redact.Panic(secret))
	require.Equal(t, "a value of type *errors.errorString", redact.Panic(errors.New(secret)))
	defer func() {
		require.Equal(t, "runtime error: index out of range [3] with length 0", redact.Panic(recover()))
	}()
	var none []string
	third := 3
	_ = none[third]
}

func TestLoggerTellsNoValues(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	logger := redact.Logger(slog.New(slog.NewTextHandler(&lines, nil)))
	for _, err := range quoting(t) {
		logger.Warn("job waits", "job_id", "1", "error", fmt.Errorf("carry out: %w", err))
		logger.With("one", 1).WithGroup("group").Error("job failed", slog.Any("error", err))
		logger.With("error", err).Info("begun with it")
		logger.Info("in a group", slog.Group("cause", slog.Int("n", 1), slog.Any("error", err)))
	}
	require.NotContains(t, lines.String(), secret)
	require.Contains(t, lines.String(), `msg="job waits" job_id=1 error="carry out: `)
	require.Contains(t, lines.String(), `one=1 group.error=`)
	require.Contains(t, lines.String(), `msg="in a group" cause.n=1 cause.error=`)
}
