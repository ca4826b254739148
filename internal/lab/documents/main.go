// Command documents stands in for mongodump and mongorestore where they cannot be
// installed, by the name that it is called by. It knows the flags that packaging/backup and
// packaging/restore use, and copies documents, not indexes: esoz migrate makes those.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// entry is one document of an archive.
type entry struct {
	Collection string
	Document   bson.Raw
}

func main() {
	config := flag.String("config", "", "file with the URI: uri: '…'")
	db := flag.String("db", "", "database to dump")
	include := flag.String("nsInclude", "", "DATABASE.* to restore")
	archive := flag.String("archive", "", "file to write or to read")
	_ = flag.Bool("quiet", false, "ignored")
	flag.Parse()
	work, name := dump, *db
	if filepath.Base(os.Args[0]) == "mongorestore" {
		work, name = restore, strings.TrimSuffix(*include, ".*")
	}
	if err := run(*config, name, *archive, work); err != nil {
		fmt.Fprintln(os.Stderr, os.Args[0]+":", err)
		os.Exit(1)
	}
}

func run(config, name, archive string, work func(context.Context, *mongo.Database, string) error) (err error) {
	text, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	uri := strings.Trim(strings.TrimPrefix(strings.TrimSpace(string(text)), "uri: "), "'")
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	ctx := context.Background()
	defer func() { err = errors.Join(err, client.Disconnect(ctx)) }()
	return work(ctx, client.Database(name), archive)
}

func dump(ctx context.Context, db *mongo.Database, archive string) (err error) {
	file, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bufio.NewWriter(file)
	collections, err := db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return err
	}
	for _, name := range collections {
		cursor, err := db.Collection(name).Find(ctx, bson.D{})
		if err != nil {
			return err
		}
		for cursor.Next(ctx) {
			raw, err := bson.Marshal(entry{name, cursor.Current})
			if err != nil {
				return err
			}
			if _, err := out.Write(raw); err != nil {
				return err
			}
		}
		if err := cursor.Err(); err != nil {
			return err
		}
	}
	return out.Flush()
}

func restore(ctx context.Context, db *mongo.Database, archive string) (err error) {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewReader(file)
	const batch = 500
	waiting := map[string][]any{}
	insert := func(name string) error {
		_, err := db.Collection(name).InsertMany(ctx, waiting[name])
		waiting[name] = nil
		return err
	}
	for {
		raw, err := bson.ReadDocument(in)
		if errors.Is(err, io.EOF) {
			break
		}
		var e entry
		if err := errors.Join(err, bson.Unmarshal(raw, &e)); err != nil {
			return err
		}
		if waiting[e.Collection] = append(waiting[e.Collection], e.Document); len(waiting[e.Collection]) == batch {
			if err := insert(e.Collection); err != nil {
				return err
			}
		}
	}
	for name, left := range waiting {
		if len(left) > 0 {
			if err := insert(name); err != nil {
				return err
			}
		}
	}
	return nil
}
