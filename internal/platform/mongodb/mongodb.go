// Package mongodb opens the document store of the medical events. It knows
// nothing of the domain.
//
// Code may use only what MongoDB and FerretDB 1 both support: plain and unique
// indexes, dotted equality, comparisons, $ne, $and, $or, $in, $set, $push, $pull,
// findOneAndUpdate.
package mongodb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"esoz/internal/platform/fault"
)

// Open prepares a client. It does no I/O before the first command. It keeps a pool
// size of the URI (maxPoolSize=1 for the embedded FerretDB). At most one monitor counts.
func Open(uri, database string, timeout time.Duration, monitors ...*event.CommandMonitor) (*mongo.Database, error) {
	opts := options.Client().ApplyURI(uri).
		SetRegistry(shared).
		SetBSONOptions(&options.BSONOptions{NilSliceAsEmpty: true}).
		SetReadConcern(readconcern.Majority()).
		SetWriteConcern(writeconcern.Majority()).
		SetServerSelectionTimeout(timeout).
		SetConnectTimeout(timeout). // also of the monitor's checks, which find out that the store is back
		SetTimeout(timeout)
	for _, monitor := range monitors {
		opts.SetMonitor(monitor)
	}
	client, err := mongo.Connect(opts)
	if unreadable := (*fs.PathError)(nil); errors.As(err, &unreadable) { // of tlsCAFile or tlsCertificateKeyFile
		return nil, fmt.Errorf("parse MONGO_URL: %w", unreadable)
	}
	if err != nil {
		return nil, errors.New("parse MONGO_URL: not a MongoDB connection string") // the driver's text may quote the password
	}
	return client.Database(database), nil
}

// Close closes the client of db.
func Close(ctx context.Context, db *mongo.Database) error {
	if err := db.Client().Disconnect(ctx); err != nil {
		return fmt.Errorf("close MongoDB client: %w", err)
	}
	return nil
}

// Error translates the driver's error to the sentinels of fault and keeps it as
// the cause. A write whose answer was lost returns fault.ErrUnavailable like other
// calls, not fault.ErrUnconfirmed: only jobs write, and a retried job finds its
// change by its mark.
func Error(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mongo.ErrNoDocuments):
		return fmt.Errorf("%w: %w", fault.ErrNotFound, err)
	case isAway(err):
		return fmt.Errorf("%w: %w", fault.ErrUnavailable, err)
	}
	var server mongo.ServerError
	if errors.As(err, &server) && slices.ContainsFunc(cannotWork, server.HasErrorCode) {
		return fmt.Errorf("%w: %w", fault.ErrUnavailable, err)
	}
	return err
}

// isAway returns whether the document store could not be reached, closed the
// connection or did not answer in time.
func isAway(err error) bool {
	// If a command's failure empties the pool, commands that wait for a connection
	// get an error with this method only.
	var emptied interface{ Retryable() bool }
	var netErr net.Error
	return mongo.IsNetworkError(err) || mongo.IsTimeout(err) || errors.Is(err, mongo.ErrClientDisconnected) ||
		errors.As(err, &emptied) ||
		errors.As(err, &netErr) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// cannotWork holds the codes of a replica set that elects a primary, shuts down or
// has a full disk. FerretDB 1 has no such codes.
var cannotWork = []int{91, 189, 10107, 11600, 11602, 13435, 13436, 14031}

// registry stores uuids as BSON binary subtype 04, as the national system does;
// the driver's default is subtype 00, under which equal ids would not match.
func registry() *bson.Registry {
	reg := bson.NewRegistry()
	uuidType := reflect.TypeFor[uuid.UUID]()
	reg.RegisterTypeEncoder(uuidType, bson.ValueEncoderFunc(encodeUUID))
	reg.RegisterTypeDecoder(uuidType, bson.ValueDecoderFunc(decodeUUID))
	return reg
}

func encodeUUID(_ bson.EncodeContext, w bson.ValueWriter, v reflect.Value) error {
	id, ok := v.Interface().(uuid.UUID)
	if !ok {
		return bson.ValueEncoderError{Name: "encodeUUID", Types: []reflect.Type{reflect.TypeFor[uuid.UUID]()}, Received: v}
	}
	return w.WriteBinaryWithSubtype(id[:], bson.TypeBinaryUUID)
}

func decodeUUID(_ bson.DecodeContext, r bson.ValueReader, v reflect.Value) error {
	if r.Type() == bson.TypeNull {
		v.SetZero()
		return r.ReadNull()
	}
	data, subtype, err := r.ReadBinary()
	if err != nil {
		return fmt.Errorf("read uuid: %w", err)
	}
	if subtype != bson.TypeBinaryUUID {
		return fmt.Errorf("read uuid: binary subtype %02x, want 04", subtype)
	}
	id, err := uuid.FromBytes(data)
	if err != nil {
		return fmt.Errorf("read uuid: %w", err)
	}
	v.Set(reflect.ValueOf(id))
	return nil
}
