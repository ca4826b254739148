package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// The password of the database is no argument, which everybody on the machine sees.
func TestImportTakesNoPassword(t *testing.T) {
	s := testkit.New(t, testkit.Idle())
	file := filepath.Join(t.TempDir(), "codifier.csv")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	var c commands
	parser, err := kong.New(&c)
	require.NoError(t, err)
	_, err = parser.Parse([]string{"import", "katottg", "--database-url=postgres://esoz:secret@db/esoz", file})
	require.ErrorContains(t, err, "unknown flag --database-url")

	t.Setenv("DATABASE_URL", "")
	require.EqualError(t, importKATOTTGCommand{File: file}.Run(t.Context()), "DATABASE_URL or DATABASE_URL_FILE is needed")
	url := filepath.Join(t.TempDir(), "url")
	require.NoError(t, os.WriteFile(url, []byte(s.Config.Get().DatabaseURL), 0o600))
	t.Setenv("DATABASE_URL_FILE", url)
	require.ErrorContains(t, importKATOTTGCommand{File: file}.Run(t.Context()), "import "+file, "the database is reached, the codifier is empty")
}

// A catalogue is imported with the settings of the server, and a bad one is refused.
func TestImportCatalogue(t *testing.T) {
	s := testkit.New(t, testkit.Idle())
	cfg := s.Config.Get()
	for name, value := range map[string]string{
		"DATABASE_URL": string(cfg.DatabaseURL), "MONGO_URL": string(cfg.MongoURL), "MONGO_DATABASE": cfg.MongoDatabase,
		"SERVER_KEY": string(cfg.ServerKey), "PERSON_PK_KEYPHRASE": string(cfg.PersonPKKey),
	} {
		t.Setenv(name, value)
	}
	for command, rows := range map[string]string{
		"services":           "code,name,category\n57000-00,Нова,imaging\n",
		"service_groups":     "code,name\nC1,Нова\n",
		"service_inclusions": "service_code,service_group_code\n59300-00,A59001\n",
		"medical_programs":   "name,type,funding_source\nНова,SERVICE,NHS\n",
		"program_services":   "medical_program,service_code\nРеабілітаційна допомога,59300-00\n",
		"device_definitions": "external_id,packaging_type,packaging_count,packaging_unit\nD-1,box,1,piece\n",
		"program_devices":    "medical_program,device_definition,reimbursement_type,reimbursement_amount,start_date\nДоступні медичні вироби,0012351,FIXED,5,2020-01-01\n",
	} {
		file := filepath.Join(t.TempDir(), command+".csv")
		require.NoError(t, os.WriteFile(file, []byte(rows), 0o600))
		run := func() error {
			var c commands
			parser, err := kong.New(&c, kong.BindTo(t.Context(), (*context.Context)(nil)))
			require.NoError(t, err)
			parsed, err := parser.Parse([]string{"import", command, file})
			require.NoError(t, err)
			return parsed.Run()
		}
		before := s.Count(t, "prm."+command)
		require.NoError(t, run())
		require.Equal(t, before+1, s.Count(t, "prm."+command))
		require.Equal(t, 1, s.Count(t, "prm."+command+" WHERE inserted_by = $1 AND inserted_at > $2", cfg.SystemUser, s.World.Now))
		require.NoError(t, os.WriteFile(file, []byte("code\n"), 0o600))
		require.ErrorContains(t, run(), "import "+file)
	}
	// Tables of names and classes have no column for the user who imports them.
	for command, rows := range map[string]string{
		"device_definition_names":                "device_definition,name,type\n0012351,Нова,registered\n",
		"device_definition_classification_types": "device_definition,system,code\n0012351,device_definition_classification_type,30229\n",
	} {
		file := filepath.Join(t.TempDir(), command+".csv")
		require.NoError(t, os.WriteFile(file, []byte(rows), 0o600))
		var c commands
		parser, err := kong.New(&c, kong.BindTo(t.Context(), (*context.Context)(nil)))
		require.NoError(t, err)
		parsed, err := parser.Parse([]string{"import", command, file})
		require.NoError(t, err)
		require.NoError(t, parsed.Run())
		require.Equal(t, 1, s.Count(t, "prm."+command+" WHERE device_definition_id = $1", world.ID("test strips")))
	}
}
