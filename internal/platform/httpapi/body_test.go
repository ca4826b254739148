package httpapi

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
)

// A body that does not come is the client's fault, unless the server has used up the time before it began to read.
func TestBodiesThatDoNotCome(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		left   time.Duration // of a second, when reading begins
		client bool
	}{
		"the client is slow":  {600 * time.Millisecond, true},
		"the server was slow": {50 * time.Millisecond, false},
		"no time is left":     {-time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			var got error
			read := server.readBody(&operation{id: "createDivision"})(func(echo.Context) error { return errors.New("the body came") })
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx, cancel := context.WithTimeout(r.Context(), test.left)
				defer cancel()
				got = read(echo.New().NewContext(r.WithContext(ctx), w))
			}))
			t.Cleanup(front.Close)
			conn, err := net.Dial("tcp", front.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, "POST /api/divisions HTTP/1.1\r\nHost: esoz\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
			require.NoError(t, err)
			_, err = io.ReadAll(conn) // until the server is done
			require.NoError(t, err)
			refusal := new(fault.Error)
			if test.client {
				require.ErrorAs(t, got, &refusal)
				require.Equal(t, []rules.ID{rules.RequestJSON}, refusal.Rules)
				return
			}
			require.NotErrorAs(t, got, &refusal)
			require.ErrorIs(t, got, context.DeadlineExceeded)
		})
	}
}
