package engines

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const duplicateDatabase = "42P04"

// DSN connects to the named database, which need not exist yet.
func (e *Engines) DSN(database string) string { return e.postgres.dsn(database) }

// EnsureDatabase creates a database unless it is there, and returns its DSN.
func (e *Engines) EnsureDatabase(ctx context.Context, name string) (string, error) {
	err := e.admin(ctx, "CREATE DATABASE "+quote(name))
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == duplicateDatabase {
		err = nil
	}
	if err != nil {
		return "", fmt.Errorf("create database %s: %w", name, err)
	}
	return e.DSN(name), nil
}

// CloneDatabase creates a database as a copy of template, to which nobody may
// be connected, and returns its DSN.
func (e *Engines) CloneDatabase(ctx context.Context, template, name string) (string, error) {
	// PostgreSQL's default, to log every page, takes several times as long.
	if err := e.admin(ctx, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template)+" STRATEGY FILE_COPY"); err != nil {
		return "", fmt.Errorf("clone database %s as %s: %w", template, name, err)
	}
	return e.DSN(name), nil
}

// DropDatabase drops a database and whoever is still connected to it. A missing
// one is no error.
func (e *Engines) DropDatabase(ctx context.Context, name string) error {
	if err := e.admin(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

func (e *Engines) admin(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, e.PostgresDSN)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, statement)
	return err
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
