// Package sqlfiles carries the database migrations inside the binary.
package sqlfiles

import (
	"embed"
	"io/fs"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations holds the goose files at its root, as goose.NewProvider expects
// them. sqlc reads the same files as its schema.
var Migrations = mustSub("migrations")

func mustSub(dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // only a misspelt directory, found on the first start
	}
	return sub
}
