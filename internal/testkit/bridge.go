package testkit

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Bridge makes an engine that listens on a Unix socket, or anywhere else,
// reachable by another address over TCP, which it returns. lose, when it is not
// nil, sees what the engine answers, piece by piece; for a piece that it says
// true to, the connection ends instead.
func Bridge(t testing.TB, network, address string, lose func(answer []byte) bool) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() {
		cancel()
		require.NoError(t, listener.Close())
	})
	go func() {
		for {
			caller, err := listener.Accept()
			if err != nil {
				return
			}
			engine, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				_ = caller.Close() // as if nobody listened
				continue
			}
			join(caller, engine, lose)
		}
	}()
	return listener.Addr().String()
}

// join carries bytes both ways until either side ends.
func join(caller, engine net.Conn, lose func(answer []byte) bool) {
	end := sync.OnceFunc(func() {
		_ = caller.Close() // one of them has ended already
		_ = engine.Close()
	})
	go func() {
		defer end()
		_, _ = io.Copy(engine, caller)
	}()
	go func() {
		defer end()
		if lose == nil {
			_, _ = io.Copy(caller, engine)
			return
		}
		piece := make([]byte, 32<<10)
		for {
			n, err := engine.Read(piece)
			if err != nil || lose(piece[:n]) {
				return
			}
			if _, err := caller.Write(piece[:n]); err != nil {
				return
			}
		}
	}()
}
