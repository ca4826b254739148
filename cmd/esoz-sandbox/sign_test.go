package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The command sends content byte by byte, and says who signs.
func TestSign(t *testing.T) {
	t.Parallel()
	var body, token string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body, token = string(raw), r.Header.Get("Authorization")
		if strings.Contains(body, "refuse") {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = w.Write([]byte(`{"error": "who signs"}`))
			return
		}
		_, _ = w.Write([]byte(`{"signed_content": "MAA=", "signed_content_encoding": "base64"}`))
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "content.json")
	require.NoError(t, os.WriteFile(file, []byte("MAA=\n"), 0o600))

	for _, c := range []struct {
		args        []string
		in          string
		body, token string
	}{
		{[]string{"--token", "t"}, "{\"b\": 1.0,  \"a\":2}\n", `{"content":{"b": 1.0,  "a":2}}`, "Bearer t"},
		{[]string{"-", "--drfo=1", "--edrpou=2", "--fault", "root"}, "1", `{"content":1,"signer":{"drfo":"1","edrpou":"2","surname":"","given_name":""},"fault":"root"}`, ""},
		{[]string{file, "--around", "--stamp", "--token=t"}, "", `{"signed_content":"MAA=","stamp":true}`, "Bearer t"},
		{
			[]string{"--employee", "97d57238-ffbe-4335-92ea-28d4de117ea2"},
			"[]",
			`{"content":[],"employee_id":"97d57238-ffbe-4335-92ea-28d4de117ea2"}`, "",
		},
	} {
		parsed, command := parsed(t, append([]string{"sign", "--url", server.URL}, c.args...)...)
		require.True(t, strings.HasPrefix(command, "sign"), command)
		var out bytes.Buffer
		require.NoError(t, parsed.Sign.run(t.Context(), strings.NewReader(c.in), &out))
		require.Equal(t, "MAA=\n", out.String())
		require.Equal(t, c.body, body)
		require.Equal(t, c.token, token)
	}

	refused, _ := parsed(t, "sign", "--url", server.URL)
	require.EqualError(t, refused.Sign.run(t.Context(), strings.NewReader(`"refuse"`), io.Discard), "who signs")
	require.EqualError(t, refused.Sign.run(t.Context(), strings.NewReader(`{`), io.Discard), "-: no JSON")
	missing, _ := parsed(t, "sign", "no-such-file")
	require.ErrorContains(t, missing.Sign.run(t.Context(), nil, io.Discard), "no-such-file")
	away, _ := parsed(t, "sign", "--url", "http://127.0.0.1:1")
	require.Equal(t, exitNoAnswer, exitCode(away.Sign.run(t.Context(), strings.NewReader("1"), io.Discard)))
}
