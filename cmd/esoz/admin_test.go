package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/app/admin"
	"esoz/internal/testkit"
)

func TestAdminRegisters(t *testing.T) {
	s := testkit.New(t, testkit.Idle())
	cfg := s.Config.Get()
	for name, value := range map[string]string{
		"DATABASE_URL": string(cfg.DatabaseURL), "MONGO_URL": string(cfg.MongoURL), "MONGO_DATABASE": cfg.MongoDatabase,
		"SERVER_KEY": string(cfg.ServerKey), "PERSON_PK_KEYPHRASE": string(cfg.PersonPKKey),
	} {
		t.Setenv(name, value)
	}
	file := filepath.Join(t.TempDir(), "mis.json")
	describe := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }

	describe(`{"name": "МІС «Хвиля»", "redirect_uri": "https://mis.example.com/callback"}`)
	require.NoError(t, addCommand{Kind: "mis", File: file}.Run(t.Context()))
	require.NoError(t, listCommand{}.Run(t.Context()))

	registry := &admin.Registry{Pool: s.Pool, Documents: s.Mongo, Keys: s.Keys, Clock: s.Clock, SystemUser: cfg.SystemUser}
	list, err := registry.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "МІС «Хвиля»", list[0].Name)

	require.ErrorContains(t, addCommand{Kind: "person", File: file}.Run(t.Context()), `unknown field "name"`)
	describe(`{"name": "МІС"}`)
	require.ErrorContains(t, addCommand{Kind: "mis", File: file}.Run(t.Context()), "redirect_uri: ")

	require.NoError(t, deleteCommand{ID: list[0].ID}.Run(t.Context()))
	require.ErrorIs(t, deleteCommand{ID: list[0].ID}.Run(t.Context()), admin.ErrUnknown)
}
