package twilio

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
	id, status, err := p.Send(t.Context(), phone, text)
	require.NoError(t, err)
	require.Equal(t, "SM1", id)
	require.Equal(t, "queued", status)
}

// No error holds the phone, the text or a secret.
func TestErrorsHoldNoData(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"refused": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"code": 21211, "status": 400, "message": "Invalid 'To' Phone Number: ` + phone + `", "details": {"to": "` + phone + `"}}`))
		}, "refused with status 400, code 21211"},
		"refused, not in JSON":  {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, phone, http.StatusBadGateway) }, "the answer cannot be read"},
		"accepted, not in JSON": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(phone)) }, "the answer cannot be read"},
		"moved": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere?to="+url.QueryEscape(phone), http.StatusTemporaryRedirect)
		}, "the answer cannot be read"},
		"without a message": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"to": "` + phone + `"}`)) }, "the answer names no message"},
		"hung up":           {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "cannot be reached"},
	} {
		_, _, err := provider(t, c.answer).Send(t.Context(), phone, text)
		require.ErrorContains(t, err, c.want, name)
		for _, secret := range []string{phone, phone[1:], text, "1232", "secret"} {
			require.NotContains(t, err.Error(), secret, name)
		}
	}
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
	_, _, err := p.Send(ctx, phone, text)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotContains(t, err.Error(), phone)
}
