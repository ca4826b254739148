package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/oauth2"
)

// What New starts from.
const (
	userAgent      = "esoz-go-client"
	timeout        = 30 * time.Second // of one try
	defaultRetries = 3
	backoffMin     = 250 * time.Millisecond // of the first wait; later ones grow
	backoffMax     = time.Second
	longestWait    = 10 * time.Second // of a Retry-After that is waited for
)

// Option sets something up for New. Every ClientOption is one as well:
// WithHTTPClient brings a client of your own, WithRequestEditorFn changes requests.
type Option interface{ set(s *settings) }

type settings struct {
	retries int
	replay  bool // the server keeps to idempotency keys
	client  []ClientOption
}

func (o ClientOption) set(s *settings) { s.client = append(s.client, o) }

type setting func(s *settings)

func (f setting) set(s *settings) { f(s) }

// New makes a client of the API at an address such as https://api.example.com.
func New(baseURL string, options ...Option) (*ClientWithResponses, error) {
	if err := checkBaseURL(baseURL); err != nil {
		return nil, err
	}
	s := settings{retries: defaultRetries}
	WithUserAgent(userAgent).set(&s)
	for _, option := range options {
		option.set(&s)
	}
	c, err := NewClient(baseURL, s.client...)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	c.Client = newDoer(c.Client, s)
	return &ClientWithResponses{c}, nil
}

// WithToken sends an access token.
func WithToken(token string) Option {
	return WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}))
}

// WithTokenSource asks for the access token before each request; see App.
func WithTokenSource(source oauth2.TokenSource) Option {
	return WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
		token, err := source.Token()
		if err != nil {
			return fmt.Errorf("get an access token: %w", err)
		}
		if token.AccessToken == "" {
			return errors.New("the access token is empty")
		}
		token.SetAuthHeader(req)
		return nil
	})
}

// WithAPIKey sends the secret of the medical information system.
func WithAPIKey(key string) Option { return withHeader("API-key", key) }

// WithPSK sends the key of the hosting provider.
func WithPSK(key string) Option { return withHeader("X-Custom-PSK", key) }

// WithUserAgent tells the server who calls.
func WithUserAgent(name string) Option { return withHeader("User-Agent", name) }

// WithIdempotencyKey is for a single call, after its other arguments. The national
// system only repeats the key in meta. A server with IDEMPOTENCY=replay makes the
// change once, however often it is sent under this key; see WithReplay.
func WithIdempotencyKey(key string) RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		req.Header.Set("X-Idempotency-Key", key)
		return nil
	}
}

// WithRetries sets how often a request is sent again, 3 times unless told; 0 is
// never. It is sent again after 429 and 503, which say that nothing was done, and
// when no connection came about; GET also when the connection broke. Retry-After
// is kept to; when it is longer than ten seconds, the refusal is returned at once.
//
// After 504, and when the connection broke, a change may have been made. It is not
// sent again, but for what WithReplay says.
func WithRetries(n int) Option { return setting(func(s *settings) { s.retries = max(0, n) }) }

// WithReplay is for servers with IDEMPOTENCY=replay only, which answer a repeated
// idempotency key with the first answer: a change that has a key is then also sent
// again after 504, when the connection broke, and while the first one is under
// way. The national system carries out a repetition once more.
func WithReplay() Option { return setting(func(s *settings) { s.replay = true }) }

func withHeader(name, value string) ClientOption {
	return WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
		req.Header.Set(name, value)
		return nil
	})
}

func checkBaseURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return fmt.Errorf("client: the base URL cannot be read: %w", errors.Unwrap(err))
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Errorf("client: the base URL is %q, want one like https://api.example.com", u.Redacted())
	case u.RawQuery != "", u.Fragment != "":
		return fmt.Errorf("client: the base URL %q has more than host and path", u.Redacted())
	}
	return nil
}

// doer sends requests for the generated client: it tries again, and makes errors
// of refusals.
type doer struct {
	http   *retryablehttp.Client
	replay bool
}

func newDoer(under HttpRequestDoer, s settings) *doer {
	return &doer{replay: s.replay, http: &retryablehttp.Client{
		HTTPClient:   httpClient(under),
		RetryMax:     s.retries,
		RetryWaitMin: backoffMin,
		RetryWaitMax: backoffMax,
		CheckRetry:   worthRetrying,
		Backoff:      pause,
		ErrorHandler: retryablehttp.PassthroughErrorHandler, // the last refusal tells more than "giving up"
	}}
}

// httpClient leaves redirects alone: a job that has ended answers 303 with a body.
func httpClient(under HttpRequestDoer) *http.Client {
	var c http.Client
	switch under := under.(type) {
	case *http.Client:
		c = *under
	default:
		c.Transport = roundTripper(under.Do)
	}
	if c.Timeout == 0 {
		c.Timeout = timeout
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

// Do implements HttpRequestDoer.
func (d *doer) Do(req *http.Request) (*http.Response, error) {
	again, err := retryablehttp.FromRequest(req)
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	again = again.WithContext(context.WithValue(again.Context(), replayedRequest{}, d.replay && hasKey(req)))
	res, err := d.http.Do(again)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation(req), unaddressed(err))
	}
	if res.StatusCode < http.StatusBadRequest && isJSON(res) {
		return res, nil
	}
	return nil, refusalOf(req, res)
}

// replayedRequest is the key under which the context of a request holds whether
// the server answers a repetition with the first answer: worthRetrying does not
// see the request itself.
type replayedRequest struct{}

func hasKey(req *http.Request) bool {
	return req.Header.Get("X-Idempotency-Key") != "" || req.Header.Get("Idempotency-Key") != ""
}

// unaddressed takes off what net/http puts around an error: the whole address,
// which may hold a phone.
func unaddressed(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

// worthRetrying implements retryablehttp.CheckRetry.
func worthRetrying(ctx context.Context, res *http.Response, err error) (bool, error) {
	replayed, _ := ctx.Value(replayedRequest{}).(bool)
	switch {
	case ctx.Err() != nil:
		return false, nil
	case err != nil:
		again, _ := retryablehttp.DefaultRetryPolicy(ctx, nil, err)
		return again && (replayed || nothingDone(err)), nil
	}
	switch res.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return retryAfter(res) <= longestWait, nil
	case http.StatusGatewayTimeout: // it may have been done
		return replayed, nil
	case http.StatusConflict: // with Retry-After: the one before, of this key, is under way
		return replayed && res.Header.Get("Retry-After") != "" && retryAfter(res) <= longestWait, nil
	}
	return false, nil
}

// pause is how long to wait before the next try: as long as the server says, or
// longer from try to try.
func pause(shortest, longest time.Duration, tried int, res *http.Response) time.Duration {
	if res != nil && res.Header.Get("Retry-After") != "" {
		return retryAfter(res)
	}
	return retryablehttp.LinearJitterBackoff(shortest, longest, tried, res)
}

// nothingDone tells whether a request that failed on its way may be sent again:
// it has not left, or changes nothing.
func nothingDone(err error) bool {
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" {
		return true
	}
	request, ok := errors.AsType[*url.Error](err)
	return ok && request.Op == "Get" // so does http.Client spell the method
}

// retryAfter reads how long the server wants its caller to wait.
func retryAfter(res *http.Response) time.Duration {
	value := res.Header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
