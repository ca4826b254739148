package httpapi

import (
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// bearer returns the text after "Bearer " without surrounding spaces.
func FuzzBearer(f *testing.F) {
	for _, header := range []string{
		"Bearer sandbox-owner", "bearer\tsandbox-owner", "BEARER  a b ", "Bearer", "Bearer ", "Basic b3duZXI6", "Bearer sandbox\xff", " Bearer x",
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token := bearer(&http.Request{Header: http.Header{"Authorization": {header}}})
		require.Equal(t, strings.TrimSpace(token), token)
		if token != "" {
			require.True(t, strings.EqualFold("Bearer ", header[:len("Bearer ")]), "%q", header)
			require.Equal(t, token, strings.TrimSpace(header[len("Bearer "):]))
		}
	})
}

var printableText = regexp.MustCompile(`^[ -~]{1,200}$`)

// Echoed header values (request ids, idempotency keys) are short and have no
// control characters.
func FuzzPrintable(f *testing.F) {
	for _, text := range []string{"req-1", "", strings.Repeat("x", 201), "a\r\nSet-Cookie: b", "з кирилицею", "\x7f", "a\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		require.Equal(t, printableText.MatchString(text), printable(text))
	})
}

// After normalizeQuery a query can be bound: it is well encoded, each declared
// parameter is sent once and is valid text, and paging is within bounds.
// Normalizing it again changes nothing.
func FuzzQuery(f *testing.F) {
	s := &Server{Config: config.NewLive(&config.Config{MaxPageSize: 300})}
	op := &operation{id: "listDivisions", query: []string{"ids", "name", "page", "page_size"}, paged: true, replaced: map[rules.ID]rules.ID{}}
	for _, query := range []string{
		"name=a&name=b;c&page=2&page_size=1000", "page_number=7", "page=-1&page_size=9999999999999999999999", "name=%zz", "name=%00", "name=%ff",
		"page=+1&page_size=0x10", "a=1&a=2&%6eame=x", "=&&;==", "page=%EF%BC%91",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		query, refusal := normalized(t, s, op, raw)
		if refusal != nil {
			require.Contains(t, []rules.ID{rules.RequestURL, rules.RequestQuery}, refusal.Rules[0])
			return
		}
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		for _, name := range op.query {
			if !values.Has(name) {
				continue
			}
			require.Len(t, values[name], 1)
			require.True(t, utf8.ValidString(values[name][0]) && !strings.ContainsRune(values[name][0], 0))
		}
		for name, most := range map[string]int{"page": maxPage, "page_size": 300} {
			if values.Has(name) {
				n, err := strconv.Atoi(values.Get(name))
				require.NoError(t, err)
				require.True(t, n >= 1 && n <= most, "%s is %d", name, n)
			}
		}
		if values.Has("page_number") {
			return // it is used when page was dropped
		}
		again, refusal := normalized(t, s, op, query)
		require.Nil(t, refusal)
		require.Equal(t, query, again)
	})
}

// normalized returns the query that an operation sees.
func normalized(t *testing.T, s *Server, op *operation, raw string) (query string, refusal *fault.Error) {
	t.Helper()
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/api/divisions", RawQuery: raw}, Header: http.Header{}}
	r = r.WithContext(envelope.WithRequest(t.Context(), new(envelope.Request)))
	c := echo.New().NewContext(r, httptest.NewRecorder())
	called := false
	err := s.normalizeQuery(op)(func(c echo.Context) error {
		called, query = true, c.Request().URL.RawQuery
		return nil
	})(c)
	if err == nil {
		require.True(t, called)
		return query, nil
	}
	require.False(t, called)
	require.ErrorAs(t, err, &refusal)
	return "", refusal
}

// isJSON ignores the case and the parameters of a media type.
func FuzzContentType(f *testing.F) {
	for _, text := range []string{
		"application/json", "Application/JSON; charset=utf-8", "application/json;", "application/jsonp", "text/plain", "application/json;a=\"", "\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		media, _, err := mime.ParseMediaType(text)
		require.Equal(t, err == nil && media == "application/json", isJSON(text))
	})
}

// A broker passes only with the key of a known MIS that has scopes.
func FuzzAPIKey(f *testing.F) {
	op := &operation{id: "listDivisions", replaced: map[rules.ID]rules.ID{}}
	modes := []config.APIKeyMode{config.APIKeyOff, config.APIKeyWhenSent, config.APIKeyRequired}
	f.Add("sandbox-mis-key", uint8(1), "broker", true, true)
	f.Add("", uint8(2), auth.Direct, false, false)
	f.Fuzz(func(t *testing.T, key string, mode uint8, access string, known, scoped bool) {
		m := modes[int(mode)%len(modes)]
		s := &Server{Config: config.NewLive(&config.Config{GatewayAPIKey: m})}
		who := &auth.Identity{AccessType: access, APIKeyKnown: known}
		if scoped {
			who.BrokerScope = []string{"division:read"}
		}
		brokered, err := s.checkAPIKey(op, who, key)
		asked := m != config.APIKeyOff && access != auth.Direct && (key != "" || m == config.APIKeyRequired)
		require.Equal(t, asked && key != "" && known && scoped, brokered)
		require.Equal(t, asked && !brokered, err != nil)
		var refusal *fault.Error
		if err != nil {
			require.ErrorAs(t, err, &refusal)
			require.True(t, slices.Contains(rules.Guards("listDivisions"), refusal.Rules[0]))
		}
	})
}
