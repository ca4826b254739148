package engines

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const passwordFile = "postgres.password"

// loopback is how a PostgreSQL without sockets is reached: on 127.0.0.1, where other
// users of the machine come too, so that it asks for a password.
type loopback struct {
	port     int
	password string
}

func newLoopback(ctx context.Context, dir, cluster string) (*loopback, error) {
	password, err := passwordOf(dir, cluster)
	if err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	return &loopback{port: port, password: password}, nil
}

// passwordOf reads the password of the cluster, or makes the one that the cluster
// will be made with.
func passwordOf(dir, cluster string) (string, error) {
	path := filepath.Join(dir, passwordFile)
	content, err := os.ReadFile(path)
	if password := strings.TrimSpace(string(content)); err == nil && password != "" {
		return password, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read password of PostgreSQL: %w", err)
	}
	if major, err := clusterMajor(cluster); err != nil || major != 0 {
		return "", errors.Join(err, fmt.Errorf("the databases in %s have a password, and %s, which held it, is gone: bring it back, or choose another data folder", dir, path))
	}
	password := rand.Text()
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep password of PostgreSQL: %w", err)
	}
	return password, nil
}

// The ports below those that systems give to clients: a server that starts again
// must find its own still free.
const (
	lowestPort = 20000
	ports      = 10000
)

func freePort(ctx context.Context) (int, error) {
	var err error
	for range 100 { // Windows keeps ranges of ports for itself
		var n *big.Int
		if n, err = rand.Int(rand.Reader, big.NewInt(ports)); err != nil {
			break
		}
		port := lowestPort + int(n.Int64())
		var listener net.Listener
		listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("find a free port on 127.0.0.1: %w", err)
}
