package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/gen/client"
)

// api answers in the test's own process: inside synctest.Test no wait takes time.
type api func(w http.ResponseWriter, r *http.Request)

func (a api) Do(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	a(recorder, r)
	return recorder.Result(), nil
}

// connect makes a client of an api.
func connect(t *testing.T, a api, options ...client.Option) *client.ClientWithResponses {
	t.Helper()
	c, err := client.New("http://api.test", append(options, client.WithHTTPClient(a))...)
	require.NoError(t, err)
	return c
}

// answer writes an answer of the API.
func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

const (
	divisions   = `{"meta":{"code":200,"url":"","type":"list","request_id":"r-1"},"data":[],"paging":{"page_number":1,"page_size":50,"total_entries":0,"total_pages":1}}`
	unavailable = `{"meta":{"code":503,"url":"","type":"object","request_id":"r-2"},"error":{"type":"unavailable","message":"try again"}}`
)

func TestNewRefusesWrongBaseURLs(t *testing.T) {
	t.Parallel()
	for baseURL, want := range map[string]string{
		"":                               `client: the base URL is "", want one like https://api.example.com`,
		"localhost:8080":                 `client: the base URL is "localhost:8080", want one like https://api.example.com`,
		"ftp://example.com":              `client: the base URL is "ftp://example.com", want one like https://api.example.com`,
		"https://":                       `client: the base URL is "https:", want one like https://api.example.com`,
		"http://me:secret@example.com?a": `client: the base URL "http://me:xxxxx@example.com?a" has more than host and path`,
		"http://exa mple.com":            `client: the base URL cannot be read: invalid character " " in host name`,
	} {
		_, err := client.New(baseURL)
		require.EqualError(t, err, want)
	}
}

func TestRequestsCarryWhatWasSet(t *testing.T) {
	t.Parallel()
	var got *http.Request
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		answer(w, http.StatusOK, divisions)
	}, client.WithToken("a-token"), client.WithAPIKey("a-key"), client.WithPSK("a-psk"), client.WithUserAgent("my-mis/1.0"))
	found, err := c.ListDivisionsWithResponse(t.Context(), &client.ListDivisionsParams{Name: new("Бердичів"), Page: new(2)})
	require.NoError(t, err)
	require.Equal(t, 50, found.JSON200.Paging.PageSize)
	require.Equal(t, "http://api.test/api/divisions?name="+url.QueryEscape("Бердичів")+"&page=2", got.URL.String())
	require.Equal(t, "Bearer a-token", got.Header.Get("Authorization"))
	require.Equal(t, "a-key", got.Header.Get("API-key"))
	require.Equal(t, "a-psk", got.Header.Get("X-Custom-PSK"))
	require.Equal(t, "my-mis/1.0", got.Header.Get("User-Agent"))
}

func TestAnEmptyTokenIsToldBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	c := connect(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }, client.WithToken(""))
	_, err := c.GetUserWithResponse(t.Context())
	require.EqualError(t, err, "the access token is empty")
}

func TestBasePathsAreKept(t *testing.T) {
	t.Parallel()
	var path string
	c, err := client.New("https://gateway.test/esoz/", client.WithHTTPClient(api(func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.Path
		answer(w, http.StatusOK, divisions)
	})))
	require.NoError(t, err)
	_, err = c.ListDivisionsWithResponse(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, "/esoz/api/divisions", path)
}

func TestRetriesWaitAsLongAsTheServerWants(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
			at = append(at, time.Since(start))
			if len(at) < 3 {
				w.Header().Set("Retry-After", "7")
				answer(w, http.StatusTooManyRequests, `{"error":{"type":"too_many_requests"}}`)
				return
			}
			answer(w, http.StatusOK, divisions)
		})
		_, err := c.ListDivisionsWithResponse(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, []time.Duration{0, 7 * time.Second, 14 * time.Second}, at)
	})
}

// A body is sent whole each time: 503 says that nothing was decided.
func TestRetriesSendTheBodyAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		c := connect(t, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			bodies = append(bodies, string(body))
			if len(bodies) < 3 {
				answer(w, http.StatusServiceUnavailable, unavailable)
				return
			}
			answer(w, http.StatusOK, `{"meta":{},"data":{"id":"d-1"}}`)
		})
		created, err := c.CreateDivisionWithResponse(t.Context(), client.DivisionRequest{Name: "Відділення"})
		require.NoError(t, err)
		require.Equal(t, "d-1", created.JSON200.Data.ID)
		require.Len(t, bodies, 3)
		require.Contains(t, bodies[0], "Відділення")
		require.Equal(t, bodies[0], bodies[1])
		require.Equal(t, bodies[0], bodies[2])
	})
}

func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options []client.Option
		header  string
		status  int
		tries   int
	}{
		"after three of them":                   {tries: 4, status: 503},
		"after as many as were set":             {tries: 2, status: 503, options: []client.Option{client.WithRetries(1)}},
		"before they begin":                     {tries: 1, status: 503, options: []client.Option{client.WithRetries(0)}},
		"when the server wants too long a wait": {tries: 1, status: 429, header: "11"},
		"when that is absurd":                   {tries: 1, status: 429, header: "Thu, 31 Dec 2099 23:59:59 GMT"},
		"when it would not help":                {tries: 1, status: 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
					tries++
					w.Header().Set("Retry-After", test.header)
					answer(w, test.status, unavailable)
				}, test.options...)
				start := time.Now()
				_, err := c.ListDivisionsWithResponse(t.Context(), nil)
				refusal, ok := errors.AsType[*client.Error](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, test.status, refusal.StatusCode)
				require.Equal(t, "try again", refusal.Message, "the last refusal is told whole")
				require.Equal(t, test.tries, tries)
				require.Less(t, time.Since(start), 10*time.Second)
			})
		})
	}
}

func TestRetriesEndWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tries := 0
		c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
			tries++
			w.Header().Set("Retry-After", "9")
			answer(w, http.StatusServiceUnavailable, unavailable)
			time.AfterFunc(time.Second, cancel)
		})
		start := time.Now()
		_, err := c.ListDivisionsWithResponse(ctx, nil)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, time.Second, time.Since(start))
		require.Equal(t, 1, tries)
	})
}

// broken is a connection that ends before the answer.
type broken struct{ tries int }

func (b *broken) Do(*http.Request) (*http.Response, error) {
	b.tries++
	return nil, io.ErrUnexpectedEOF
}

// closed is an address where nobody listens.
type closed struct{ tries int }

func (c *closed) Do(*http.Request) (*http.Response, error) {
	c.tries++
	return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
}

// What was perhaps done is not sent again.
func TestBrokenConnectionsAreRetriedWhereThatIsSafe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, n := &broken{}, &closed{}
		half, err := client.New("http://api.test", client.WithHTTPClient(b))
		require.NoError(t, err)
		replaying, err := client.New("http://api.test", client.WithHTTPClient(b), client.WithReplay())
		require.NoError(t, err)
		none, err := client.New("http://api.test", client.WithHTTPClient(n))
		require.NoError(t, err)

		_, err = half.ListDivisionsWithResponse(t.Context(), nil)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, 4, b.tries, "reading changes nothing")

		b.tries = 0
		_, err = half.CreateDivisionWithResponse(t.Context(), client.DivisionRequest{})
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, 1, b.tries, "the division may be there")

		b.tries = 0
		_, err = half.CreateDivisionWithResponse(t.Context(), client.DivisionRequest{}, client.WithIdempotencyKey("key-1"))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, 1, b.tries, "the national system would make a second division")

		b.tries = 0
		_, err = replaying.CreateDivisionWithResponse(t.Context(), client.DivisionRequest{})
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, 1, b.tries, "without a key no server knows it again")

		b.tries = 0
		_, err = replaying.CreateDivisionWithResponse(t.Context(), client.DivisionRequest{}, client.WithIdempotencyKey("key-1"))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, 4, b.tries, "the server knows it again")

		_, err = none.CreateDivisionWithResponse(t.Context(), client.DivisionRequest{})
		require.ErrorContains(t, err, "connection refused")
		require.Equal(t, 4, n.tries, "it has never left")
	})
}

// After 504 nobody knows whether the change was made: only its key makes it safe
// to send it again.
func TestUnconfirmedChangesAreRetriedUnderTheirKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var keys []string
		c := connect(t, func(w http.ResponseWriter, r *http.Request) {
			keys = append(keys, r.Header.Get("X-Idempotency-Key"))
			if len(keys)%2 == 1 {
				answer(w, http.StatusGatewayTimeout, `{"error":{"type":"internal_error","message":"It is not known"}}`)
				return
			}
			answer(w, http.StatusOK, `{"meta":{},"data":{"id":"d-1"}}`)
		}, client.WithReplay())
		_, err := c.CreateDivisionWithResponse(t.Context(), client.DivisionRequest{})
		refusal, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, http.StatusGatewayTimeout, refusal.StatusCode)
		require.Equal(t, []string{""}, keys)

		keys = nil
		created, err := c.CreateDivisionWithResponse(t.Context(), client.DivisionRequest{}, client.WithIdempotencyKey("key-1"))
		require.NoError(t, err)
		require.Equal(t, "d-1", created.JSON200.Data.ID)
		require.Equal(t, []string{"key-1", "key-1"}, keys)
	})
}

// The server may still be at work on the first of two requests with one key. It
// then says how long, and nobody else's conflict does.
func TestRequestUnderWayIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		c := connect(t, func(w http.ResponseWriter, r *http.Request) {
			tries++
			switch {
			case r.Header.Get("X-Idempotency-Key") == "":
				w.Header().Set("Retry-After", "8")
				answer(w, http.StatusConflict, `{"error":{"type":"request_conflict","message":"not of a key"}}`)
			case tries == 1:
				answer(w, http.StatusGatewayTimeout, `{"error":{"type":"internal_error","message":"It is not known"}}`)
			case tries == 2:
				w.Header().Set("Retry-After", "8")
				answer(w, http.StatusConflict, `{"error":{"type":"request_conflict","message":"under way"}}`)
			case tries == 3:
				answer(w, http.StatusOK, `{"meta":{},"data":{"id":"d-1"}}`)
			default:
				answer(w, http.StatusConflict, `{"error":{"type":"request_conflict","message":"a state"}}`)
			}
		}, client.WithReplay())
		began := time.Now()
		created, err := c.CreateDivisionWithResponse(t.Context(), client.DivisionRequest{}, client.WithIdempotencyKey("key-1"))
		require.NoError(t, err)
		require.Equal(t, "d-1", created.JSON200.Data.ID)
		require.GreaterOrEqual(t, time.Since(began), 8*time.Second)

		_, err = c.CreateDivisionWithResponse(t.Context(), client.DivisionRequest{}, client.WithIdempotencyKey("key-2"))
		require.ErrorContains(t, err, "a state")
		_, err = c.CreateDivisionWithResponse(t.Context(), client.DivisionRequest{})
		require.ErrorContains(t, err, "not of a key")
		require.Equal(t, 5, tries)
	})
}

// A job that has ended answers 303 with a body; a redirect of a proxy is no answer.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/jobs/1":
			w.Header().Set("Location", "/elsewhere")
			answer(w, http.StatusSeeOther, `{"meta":{},"data":{"status":"processed","eta":""}}`)
		case "/oauth/user":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		default:
			t.Errorf("%s was followed to", r.URL.Path)
		}
	}))
	defer server.Close()
	own := &http.Client{Timeout: time.Minute}
	c, err := client.New(server.URL, client.WithHTTPClient(own))
	require.NoError(t, err)

	job, err := c.GetJobWithResponse(t.Context(), "1")
	require.NoError(t, err)
	require.Equal(t, client.JobStatusProcessed, job.JSON303.Data.Status)
	_, err = c.GetUserWithResponse(t.Context())
	require.EqualError(t, err, `GET /oauth/user: 302 not an answer of this API: <a href="/elsewhere">Found</a>.`)
	require.Nil(t, own.CheckRedirect, "the caller's client stays as it was")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const token = "very-secret-token"
	for name, test := range map[string]struct {
		status int
		header http.Header
		body   string
		want   client.Error
		text   string
	}{
		"validation": {
			status: 422,
			header: http.Header{"X-Sandbox-Rule": {"division.create.zip, division.create.email"}},
			body: `{"meta":{"code":422,"url":"","type":"object","request_id":"r-422"},"error":{"type":"validation_failed","message":"Validation failed. You can find …","invalid":[
				{"entry":"$.addresses[0].zip","entry_type":"json_data_property","rules":[{"rule":"format","description":"string does not match pattern \"^[0-9]{5}$\"","raw_description":"string does not match pattern \"%{pattern}\"","params":{"pattern":"^[0-9]{5}$"}}]},
				{"entry":"$.email","entry_type":"json_data_property","rules":[{"rule":"required","description":"can't be blank","params":[]}]}]}}`,
			want: client.Error{
				StatusCode: 422, Type: "validation_failed", Message: "Validation failed. You can find …", RequestID: "r-422",
				Rules: []string{"division.create.zip", "division.create.email"},
				Invalid: []client.InvalidItem{
					{Entry: "$.addresses[0].zip", EntryType: client.InvalidItemEntryTypeJSONDataProperty, Rules: []client.InvalidRule{{
						Rule: "format", Description: `string does not match pattern "^[0-9]{5}$"`, RawDescription: `string does not match pattern "%{pattern}"`,
						Params: map[string]any{"pattern": "^[0-9]{5}$"},
					}}},
					{Entry: "$.email", EntryType: client.InvalidItemEntryTypeJSONDataProperty, Rules: []client.InvalidRule{{
						Rule: "required", Description: "can't be blank", Params: []any{},
					}}},
				},
			},
			text: `422 validation_failed: $.addresses[0].zip string does not match pattern "^[0-9]{5}$"; $.email can't be blank (division.create.zip, division.create.email) [request r-422]`,
		},
		"invalid without words": {
			status: 413,
			body:   `{"meta":{"request_id":"r-413"},"error":{"type":"request_too_large","message":"Request body is too large.","invalid":[{"entry_type":"request","rules":[{"rule":"size"}]}]}}`,
			want: client.Error{
				StatusCode: 413, Type: "request_too_large", Message: "Request body is too large.", RequestID: "r-413",
				Invalid: []client.InvalidItem{{EntryType: client.InvalidItemEntryTypeRequest, Rules: []client.InvalidRule{{Rule: "size"}}}},
			},
			text: "413 request_too_large: Request body is too large. [request r-413]",
		},
		"a wrong token": {
			status: 401,
			body:   `{"meta":{"request_id":"r-401"},"error":{"type":"access_denied","message":"Invalid access token"}}`,
			want:   client.Error{StatusCode: 401, Type: "access_denied", Message: "Invalid access token", RequestID: "r-401"},
			text:   "401 access_denied: Invalid access token [request r-401]",
		},
		"a long wait": {
			status: 429, header: http.Header{"Retry-After": {"60"}},
			body: `{"meta":{"request_id":"r-429"},"error":{"type":"too_many_requests"}}`,
			want: client.Error{StatusCode: 429, Type: "too_many_requests", RequestID: "r-429", RetryAfter: time.Minute},
			text: "429 too_many_requests (retry after 1m0s) [request r-429]",
		},
		"the page of a proxy": {
			status: 502, header: http.Header{"Content-Type": {"text/html"}, "X-Request-Id": {"r-502"}},
			body: "<html>\r\n<title>502</title>\n Authorization: Bearer " + token + "</html>",
			want: client.Error{StatusCode: 502, RequestID: "r-502", Message: "<html> <title>502</title> Authorization: Bearer ***</html>"},
			text: "502 not an answer of this API: <html> <title>502</title> Authorization: Bearer ***</html> [request r-502]",
		},
		"a page instead of data": {
			status: 200, header: http.Header{"Content-Type": {"text/html"}}, body: "<h1>Sign in to the hotel's Wi-Fi</h1>",
			want: client.Error{StatusCode: 200, Message: "<h1>Sign in to the hotel's Wi-Fi</h1>"},
			text: "200 not an answer of this API: <h1>Sign in to the hotel's Wi-Fi</h1>",
		},
		"a long page": {
			status: 500, body: strings.Repeat("ї", 5000),
			want: client.Error{StatusCode: 500, Message: strings.Repeat("ї", 100) + "…"},
			text: "500 not an answer of this API: " + strings.Repeat("ї", 100) + "…",
		},
		"nothing": {
			status: 500, want: client.Error{StatusCode: 500, Message: "Internal Server Error"},
			text: "500 not an answer of this API: Internal Server Error",
		},
		"half of the JSON": {
			status: 403, body: `{"meta":{"request_id":"r-403"},"error":{"type":"forb`,
			want: client.Error{StatusCode: 403, Message: `{"meta":{"request_id":"r-403"},"error":{"type":"forb`},
			text: `403 not an answer of this API: {"meta":{"request_id":"r-403"},"error":{"type":"forb`,
		},
		"JSON of a gateway": {
			status: 404, body: `{"message":"no Route matched with those values"}`,
			want: client.Error{StatusCode: 404, Message: `{"message":"no Route matched with those values"}`},
			text: `404 not an answer of this API: {"message":"no Route matched with those values"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
					for key, values := range test.header {
						w.Header()[key] = values
					}
					w.WriteHeader(test.status)
					_, _ = io.WriteString(w, test.body)
				}, client.WithToken(token))
				_, err := c.StopDeviceDispenseWithResponse(t.Context(), "722757d1-9a84-5559-803f-3fcf525809df", "45ab6d7a-ff13-5796-8116-741f2db75e20")
				var refusal *client.Error
				require.ErrorAs(t, err, &refusal)
				test.want.Operation = "PATCH /api/patients/{id}/device_dispenses/{id}/actions/stop"
				require.Equal(t, test.want, *refusal)
				require.Equal(t, test.want.Operation+": "+test.text, err.Error())
			})
		})
	}
}

func TestErrorsNameNoPhone(t *testing.T) {
	t.Parallel()
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusNotFound, `{"error":{"type":"not_found"}}`)
	})
	_, err := c.GetVerificationWithResponse(t.Context(), "+380931234574")
	require.EqualError(t, err, "GET /api/verifications/{id}: 404 not_found")
	_, err = c.GetDeclarationRequestWithResponse(t.Context(), "b934fd09-0000-5000-8000-000000000000")
	require.EqualError(t, err, "GET /api/v3/declaration_requests/{id}: 404 not_found")

	away, err := client.New("http://api.test", client.WithHTTPClient(&closed{}), client.WithRetries(0))
	require.NoError(t, err)
	_, err = away.GetVerificationWithResponse(t.Context(), "+380931234574")
	require.EqualError(t, err, "GET /api/verifications/{id}: dial: connection refused")
}

func TestHasFindsRulesByIDAndByKind(t *testing.T) {
	t.Parallel()
	e := &client.Error{Rules: []string{"division.create.zip"}, Invalid: []client.InvalidItem{{Rules: []client.InvalidRule{{Rule: "format"}}}}}
	require.True(t, e.Has("division.create.zip"))
	require.True(t, e.Has("format"))
	require.False(t, e.Has("required"))
}

// An answer that ends in the middle is an error and no result.
func TestHalfAnAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(divisions)))
		answer(w, http.StatusOK, divisions[:40])
	}))
	defer server.Close()
	c, err := client.New(server.URL)
	require.NoError(t, err)
	_, err = c.ListDivisionsWithResponse(t.Context(), nil)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// Bodies of any length are sent as they are.
func TestBodiesOfTheCallersOwn(t *testing.T) {
	t.Parallel()
	body := bytes.Repeat([]byte(" "), 100_000)
	var got []byte
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		answer(w, http.StatusOK, `{"meta":{},"data":{}}`)
	})
	_, err := c.CreateDivisionWithBodyWithResponse(t.Context(), "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	require.Equal(t, body, got)
}
