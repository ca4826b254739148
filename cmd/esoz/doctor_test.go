package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/testkit"
)

// The doctor finds what is wrong, and finds nothing in what works.
func TestDoctor(t *testing.T) {
	s := testkit.New(t, testkit.Idle())
	cfg := s.Config.Get()
	keys := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(keys, []byte(cfg.ServerKey), 0o600))
	for name, value := range map[string]string{
		"DATABASE_URL": string(cfg.DatabaseURL), "MONGO_URL": string(cfg.MongoURL), "MONGO_DATABASE": cfg.MongoDatabase,
		"SERVER_KEY_FILE": keys, "PERSON_PK_KEYPHRASE": string(cfg.PersonPKKey), "FERRETDB1": string(config.FerretDB1SingleProcess),
		"PUBLIC_BASE_URL": "https://mis.example.com",
	} {
		t.Setenv(name, value)
	}
	examined := func() (string, error) {
		var out bytes.Buffer
		err := examine(t.Context(), &out)
		return out.String(), err
	}
	out, err := examined()
	require.NoError(t, err, out)
	require.Contains(t, out, "ok       keys\n")
	require.Contains(t, out, "warning  settings: SMS_PROVIDER=log")
	require.NotContains(t, out, "chmod")
	require.NotContains(t, out, "import katottg")

	require.NoError(t, os.Chmod(keys, 0o644))
	out, err = examined()
	require.NoError(t, err, out)
	require.Contains(t, out, "warning  settings: SERVER_KEY_FILE: others may read the file (chmod 600)\n")

	for _, c := range []struct{ name, value, says string }{
		{"PERSON_PK_KEYPHRASE", strings.Repeat("ab", 16), "wrong    keys: PERSON_PK_KEYPHRASE: "},
		{"MAX_ATTEMPTS", "0", "wrong    settings: MAX_ATTEMPTS: want at least 1\n"},
		{"DATABASE_URL", "postgres://127.0.0.1:1/esoz", "wrong    PostgreSQL: does not answer: "},
		{"DATABASE_URL", "postgres://esoz:secret@[", "wrong    PostgreSQL: parse DATABASE_URL: not a PostgreSQL connection string\n"},
		{"DATABASE_URL", "postgres://127.0.0.1:1/esoz?sslmode=verify-full&sslrootcert=nowhere.pem", "wrong    PostgreSQL: parse DATABASE_URL: open nowhere.pem: "},
		{"MONGO_URL", "mongodb://127.0.0.1:1/?tls=true&tlsCAFile=nowhere.pem", "wrong    document store: parse MONGO_URL: open nowhere.pem: "},
		{"MONGO_URL", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100", "wrong    document store: does not answer: "},
		{"MONGO_DATABASE", "another", "wrong    document store: service_requests has no indexes: run esoz migrate\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			out, err := examined()
			require.ErrorIs(t, err, errWrong)
			require.Contains(t, out, c.says)
		})
	}
	ferretDB1, err := mongodb.IsFerretDB1(t.Context(), s.Mongo)
	require.NoError(t, err)
	if ferretDB1 {
		t.Setenv("FERRETDB1", "")
		out, err = examined()
		require.ErrorIs(t, err, errWrong)
		require.Contains(t, out, "wrong    document store: MONGO_URL: FerretDB 1 is refused")
	}

	empty, _ := testkit.EmptyDatabase(t)
	t.Setenv("DATABASE_URL", empty)
	out, err = examined()
	require.ErrorIs(t, err, errWrong)
	require.Contains(t, out, "wrong    tables: ")
	require.Contains(t, out, "run esoz migrate")
}
