package app_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"esoz/internal/app"
	"esoz/internal/platform/config"
	"esoz/internal/testkit"
)

func TestOwnVisitors(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load([]string{
		"DATABASE_URL=x", "MONGO_URL=x", "SERVER_KEY=65736f7a2073616e64626f7820736572766572206b65792c207075626c696321",
		"PERSON_PK_KEYPHRASE=65736f7a2073616e64626f782070617a",
		"ALLOWED_HOSTS=sandbox,esoz.internal", "PUBLIC_BASE_URL=https://mis.example.com/esoz", "CORS_ORIGINS=http://localhost:3000",
	})
	require.NoError(t, err)
	served := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	guarded := app.OwnVisitors(served, config.NewLive(cfg), "laptop.local:8080")
	foreign := func(more ...string) []string { return append([]string{"Sec-Fetch-Site", "cross-site"}, more...) }
	for _, c := range []struct {
		name, method, host string
		headers            []string
		refused            bool
	}{
		{name: "loopback", host: "127.0.0.1:8080"},
		{name: "IPv6", host: "[::1]:8080"},
		{name: "address of a network", host: "10.1.2.3"},
		{name: "localhost", host: "LocalHost.:8080"},
		{name: "host of --listen", host: "laptop.local:8080"},
		{name: "host of PUBLIC_BASE_URL", host: "mis.example.com"},
		{name: "allowed host", host: "esoz.internal:9090"},
		{name: "a probe without host", host: ""},
		{name: "name of a page", host: "evil.example:8080", refused: true},
		{name: "name that begins like an own one", host: "localhost.evil.example", refused: true},
		{name: "name that looks like an address", host: "127.0.0.1.evil.example", refused: true},
		{name: "own page", host: "localhost", headers: []string{"Sec-Fetch-Site", "same-origin"}},
		{name: "script of another site", host: "localhost", headers: foreign("Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"), refused: true},
		{name: "nothing more known", host: "localhost", headers: foreign(), refused: true},
		{name: "link of another site", host: "localhost", headers: foreign("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")},
		{name: "frame of another site", host: "localhost", headers: foreign("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"), refused: true},
		{name: "form of another site", method: http.MethodPost, host: "localhost", headers: foreign("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"), refused: true},
		{name: "allowed origin", method: http.MethodPost, host: "localhost", headers: foreign("Origin", "http://localhost:3000")},
		{name: "another origin", method: http.MethodPost, host: "localhost", headers: foreign("Origin", "https://evil.example"), refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), c.method, "/_sandbox/world", http.NoBody)
			r.Host = c.host
			for i := 0; i < len(c.headers); i += 2 {
				r.Header.Set(c.headers[i], c.headers[i+1])
			}
			w := httptest.NewRecorder()
			guarded.ServeHTTP(w, r)
			require.Equal(t, map[bool]int{false: http.StatusNoContent, true: http.StatusForbidden}[c.refused], w.Code, w.Body)
		})
	}
}

// The admin address asks for no secret either.
func TestAdminAddressHasOwnVisitors(t *testing.T) {
	t.Parallel()
	admin := testkit.New(t, testkit.Idle()).AdminHandler(prometheus.NewRegistry())
	for host, want := range map[string]int{"127.0.0.1:9090": http.StatusOK, "evil.example:9090": http.StatusForbidden} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/debug/pprof/cmdline", http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, host)
	}
}
