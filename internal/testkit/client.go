package testkit

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/conformance"
	"esoz/internal/sandbox/world"
)

// Response is an answer that was checked against the contract.
type Response struct {
	Status int
	Header http.Header
	Raw    []byte
	Body   struct {
		Meta   map[string]any  `json:"meta"`
		Data   json.RawMessage `json:"data"`
		Urgent json.RawMessage `json:"urgent"`
		Paging map[string]any  `json:"paging"`
		Error  struct {
			Type    string `json:"type"`
			Message string `json:"message"`
			Invalid []Item `json:"invalid"`
		} `json:"error"`
	}
}

// Item is one entry of `invalid`.
type Item struct {
	Entry     string `json:"entry"`
	EntryType string `json:"entry_type"`
	Rules     []struct {
		Rule           string `json:"rule"`
		Description    string `json:"description"`
		RawDescription string `json:"raw_description"`
		Params         any    `json:"params"`
	} `json:"rules"`
}

// Rules are the ids that the refusal names.
func (r *Response) Rules() []string {
	header := r.Header.Get("X-Sandbox-Rule")
	if header == "" {
		return nil
	}
	return strings.Split(header, ", ")
}

// Data decodes `data` into v.
func (r *Response) Data(t testing.TB, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(r.Body.Data, v), "%s", r.Raw)
}

// Send sends a request of the world and checks the answer against the contract.
func (s *Server) Send(t testing.TB, request world.Request) *Response {
	t.Helper()
	return Send(t, s.URL, request)
}

// As makes a request with a token; body nil sends none.
func As(token, method, path string, body any) world.Request {
	r := world.Request{Method: method, Path: path, Headers: map[string]string{}, Body: body}
	if token != "" {
		r.Headers["Authorization"] = "Bearer " + token
	}
	if body != nil {
		r.Headers["Content-Type"] = "application/json"
	}
	return r
}

// Send sends a request to any server of the contract.
func Send(t testing.TB, baseURL string, request world.Request) *Response {
	t.Helper()
	var body io.Reader
	switch {
	case request.Raw != "":
		body = strings.NewReader(request.Raw)
	case request.Body != nil:
		raw, err := json.Marshal(request.Body)
		require.NoError(t, err)
		body = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // longer than any server of a test works at it
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, request.Method, baseURL+request.Path, body)
	require.NoError(t, err)
	for name, value := range request.Headers {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close() //nolint:errcheck // read to its end below
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)

	r := &Response{Status: res.StatusCode, Header: res.Header, Raw: raw}
	if len(raw) > 0 {
		require.NoError(t, json.Unmarshal(raw, &r.Body), "%s", raw)
		require.EqualValues(t, res.StatusCode, r.Body.Meta["code"], "meta.code is the status")
		require.Equal(t, res.Header.Get("X-Request-Id"), r.Body.Meta["request_id"], "meta.request_id is the header's")
	}
	checkResponse(t, request.Method, request.Path, res.StatusCode, res.Header, raw)
	return r
}

// client does not follow 303 of a finished job: clients read its links.
var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
}

// checkResponse fails the test when an answer is not one that the contract
// declares: unknown status, missing field, wrong type.
func checkResponse(t testing.TB, method, path string, status int, header http.Header, raw []byte) {
	t.Helper()
	contract, err := conformance.Contract()
	require.NoError(t, err)
	require.NoError(t, contract.Check(method, path, status, header, raw), "%s %s answered %d: %s", method, path, status, raw)
}

// WaitJob polls the job of a 202 answer until it is no longer pending.
func (s *Server) WaitJob(t testing.TB, token string, accepted *Response) *Response {
	t.Helper()
	require.Equal(t, http.StatusAccepted, accepted.Status, "%s", accepted.Raw)
	var job struct {
		Links []struct{ Entity, Href string }
	}
	accepted.Data(t, &job)
	require.Len(t, job.Links, 1)
	return s.PollJob(t, token, job.Links[0].Href)
}

// PollJob polls a job by its link until it is no longer pending.
func (s *Server) PollJob(t testing.TB, token, href string) *Response {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(90 * time.Second)
	for {
		r := s.Send(t, As(token, http.MethodGet, href, nil))
		var job struct{ Status string }
		r.Data(t, &job)
		if job.Status != "pending" {
			return r
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("job %s is still pending", href)
		}
	}
}
