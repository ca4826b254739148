package twilio

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/sms"
)

const (
	phone = "+380931234574"
	text  = "Код: 1232"
)

// elsewhere is a transport that sends every request to a test server.
type elsewhere struct{ url *url.URL }

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = e.url.Scheme, e.url.Host
	return http.DefaultTransport.RoundTrip(r)
}

func provider(t *testing.T, answer http.HandlerFunc) *Provider {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	p := New("AC0123", "secret", "+15005550006")
	p.transport = elsewhere{address}
	return p
}

func TestSend(t *testing.T) {
	t.Parallel()
	p := provider(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		ok := user == "AC0123" && password == "secret" && r.Method == http.MethodPost &&
			r.URL.Path == "/2010-04-01/Accounts/AC0123/Messages.json" &&
			r.PostFormValue("To") == phone && r.PostFormValue("From") == "+15005550006" && r.PostFormValue("Body") == text
		if !ok {
			http.Error(w, `{"code": 1, "status": 400}`, http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"sid": "SM1", "status": "queued", "to": "` + phone + `"}`))
	})
	id, status, err := p.Send(t.Context(), uuid.New(), phone, text)
	require.NoError(t, err)
	require.Equal(t, "SM1", id)
	require.Equal(t, "queued", status)
}

// No error holds the phone, the text or a secret.
func TestErrorsHoldNoData(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer   http.HandlerFunc
		want     string
		notTaken bool
	}{
		"refused": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"code": 21211, "status": 400, "message": "Invalid 'To' Phone Number: ` + phone + `", "details": {"to": "` + phone + `"}}`))
		}, "refused with status 400, code 21211", true},
		"too many":              {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, phone, http.StatusTooManyRequests) }, "refused with status 429", true},
		"overloaded":            {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, phone, http.StatusServiceUnavailable) }, "refused with status 503", true},
		"failed":                {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, phone, http.StatusInternalServerError) }, "refused with status 500", false},
		"failed on the way":     {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, phone, http.StatusBadGateway) }, "refused with status 502", false},
		"accepted, not in JSON": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(phone)) }, "the answer cannot be read", false},
		"moved": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere?to="+url.QueryEscape(phone), http.StatusTemporaryRedirect)
		}, "the answer cannot be read", false},
		"without a message": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"to": "` + phone + `"}`)) }, "the answer names no message", false},
		"hung up":           {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "cannot be reached", false},
	} {
		_, _, err := provider(t, c.answer).Send(t.Context(), uuid.New(), phone, text)
		require.ErrorContains(t, err, c.want, name)
		require.Equal(t, c.notTaken, errors.Is(err, sms.ErrNotTaken), name)
		for _, secret := range []string{phone, phone[1:], text, "1232", "secret"} {
			require.NotContains(t, err.Error(), secret, name)
		}
	}
}

// A provider that cannot be reached has taken nothing, however long the way to it took.
func TestWithoutAConnectionNothingIsTaken(t *testing.T) {
	t.Parallel()
	p := New("AC0123", "secret", "+15005550006")
	p.transport = elsewhere{&url.URL{Scheme: "http", Host: "127.0.0.1:1"}}
	_, _, err := p.Send(t.Context(), uuid.New(), phone, text)
	require.ErrorIs(t, err, sms.ErrNotTaken)
	require.ErrorContains(t, err, "cannot be reached")

	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // completes no TLS handshake
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	p.transport = elsewhere{&url.URL{Scheme: "https", Host: silent.Addr().String()}}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err = p.Send(ctx, uuid.New(), phone, text)
	require.ErrorIs(t, err, sms.ErrNotTaken)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestSendEndsWithItsContext(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	p := provider(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-over:
		}
	})
	t.Cleanup(func() { close(over) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err := p.Send(ctx, uuid.New(), phone, text)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotErrorIs(t, err, sms.ErrNotTaken, "the request was sent")
	require.NotContains(t, err.Error(), phone)
}
