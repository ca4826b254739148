package mongodb_test

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// When the only connection breaks, its user and all callers that wait for it get
// fault.ErrUnavailable.
func TestEveryoneFindsTheStoreAway(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	given := options.Client().ApplyURI(string(s.Config.Get().MongoURL))
	network := "tcp"
	if strings.HasPrefix(given.Hosts[0], "/") {
		network = "unix"
	}

	const callers = 8
	waiting := make(chan struct{})
	var asking atomic.Int64
	pool := &event.PoolMonitor{Event: func(e *event.PoolEvent) {
		if e.Type == event.ConnectionCheckOutStarted && asking.Add(1) == callers {
			close(waiting)
		}
	}}
	address := testkit.Bridge(t, network, given.Hosts[0], func(answer []byte) bool {
		if !bytes.Contains(answer, []byte("firstBatch\x00")) {
			return false
		}
		<-waiting
		return true
	})
	client, err := mongo.Connect(given.SetHosts([]string{address}).SetDirect(true).SetMaxPoolSize(1).
		SetTimeout(30 * time.Second).SetRetryReads(false).SetPoolMonitor(pool))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Disconnect(context.Background())) })

	found := make(chan error, callers)
	for range callers {
		go func() { found <- client.Database("nothing").Collection("nothing").FindOne(t.Context(), bson.D{}).Err() }()
	}
	for range callers {
		require.ErrorIs(t, mongodb.Error(<-found), fault.ErrUnavailable)
	}
}

// Errors about the store itself are fault.ErrUnavailable; errors about a command
// are not.
func TestStoreThatCannotWork(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]int{"another primary": 10107, "it shuts down": 91, "its disk is full": 14031} {
		require.ErrorIs(t, mongodb.Error(mongo.CommandError{Code: int32(code)}), fault.ErrUnavailable, name)
		require.ErrorIs(t, mongodb.Error(mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: code}}}), fault.ErrUnavailable, name)
	}
	require.NotErrorIs(t, mongodb.Error(mongo.CommandError{Code: 2, Name: "BadValue"}), fault.ErrUnavailable)
	require.NotErrorIs(t, mongodb.Error(mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 11000}}}), fault.ErrUnavailable)
}
