package traffic

import (
	"encoding/base64"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"esoz/gen/rules"
)

// Bounds of a log. A body that is longer than MostBody is cut.
const (
	mostBytes   = 64 << 20
	MostBody    = 64 << 10
	mostLines   = 1000
	mostNotices = 1000
	overhead    = 1 << 10 // what an entry takes besides its texts, about
)

// Log keeps what clients have sent and got, headers and bodies included, for the developer of a client. It is forgotten
// with the process.
type Log struct {
	off bool

	mu      sync.Mutex
	entries []*Entry // in the order in which they were answered; the oldest are forgotten
	bytes   int
	lines   []Line
	seen    int // of entries, lines and notices, since the start
	notices []notice
	wake    map[chan struct{}]bool
}

// Summary is a request of a list.
type Summary struct {
	Number    int        `json:"number"`
	At        time.Time  `json:"at"` // when it was answered, by the clock of the world
	TookMS    float64    `json:"took_ms"`
	Method    string     `json:"method"`
	Path      string     `json:"path"` // with query, as it was sent
	Operation string     `json:"operation_id,omitempty"`
	Status    int        `json:"status"`
	Rules     []rules.ID `json:"rules"`
	Warnings  []string   `json:"warnings"`
	RequestID string     `json:"request_id,omitempty"`
	Test      string     `json:"test,omitempty"` // X-Sandbox-Test of the request
}

// Entry is a kept request.
type Entry struct {
	Summary
	Request Message   `json:"request"`
	Answer  Message   `json:"answer"`
	Arrived time.Time `json:"arrived_at"`

	seen int
}

// Message is one of the two halves of an exchange.
type Message struct {
	Headers []Header `json:"headers"` // by name
	Body    string   `json:"body"`
	Base64  bool     `json:"base64,omitempty"` // the body is no text, and written as base64
	Size    int      `json:"size"`             // bytes of the body as it came
	Cut     bool     `json:"cut,omitempty"`    // the body is longer than what is kept
}

// Header is one line of a header.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Line parts the requests before and after a reset of the world.
type Line struct {
	After int       `json:"after"` // number of the last request before it
	At    time.Time `json:"at"`
}

// Kinds of notices.
const (
	NoticeReset   = "reset"   // the world was made new
	NoticeCleared = "cleared" // the log was
	NoticeClock   = "clock"   // the clock was moved
	NoticeChanged = "changed" // dials or settings are others
	NoticeWorked  = "worked"  // background work has ended
)

// notice is something that whoever watches should know and nobody keeps.
type notice struct {
	kind string
	seen int
}

func newLog() *Log { return &Log{wake: map[chan struct{}]bool{}} }

// TurnOff makes the log keep no request.
func (l *Log) TurnOff() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.off = true
}

// IsOff tells whether requests are not kept.
func (l *Log) IsOff() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.off
}

// another returns an empty log that is off when this one is.
func (l *Log) another() *Log {
	fresh := newLog()
	fresh.off = l.IsOff()
	return fresh
}

// Add keeps a request.
func (l *Log) Add(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.off {
		return
	}
	l.seen++
	e.seen = l.seen
	l.entries, l.bytes = append(l.entries, e), l.bytes+e.size()
	for len(l.entries) > Kept || l.bytes > mostBytes && len(l.entries) > 1 {
		l.bytes -= l.entries[0].size()
		l.entries[0] = nil
		l.entries = l.entries[1:]
	}
	l.tell()
}

func (e *Entry) size() int {
	n := overhead + len(e.Path) + len(e.Request.Body) + len(e.Answer.Body)
	for _, h := range slices.Concat(e.Request.Headers, e.Answer.Headers) {
		n += len(h.Name) + len(h.Value)
	}
	return n
}

// Clear forgets all requests.
func (l *Log) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries, l.bytes, l.lines = nil, 0, nil
	l.note(NoticeCleared)
}

// Draw draws a line after a request: the world was made new.
func (l *Log) Draw(after int, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, Line{After: after, At: at})
	if len(l.lines) > mostLines {
		l.lines = slices.Clone(l.lines[1:])
	}
	l.note(NoticeReset)
}

// Notice tells whoever watches of something, such as a moved clock.
func (l *Log) Notice(kind string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(kind)
}

func (l *Log) note(kind string) {
	l.seen++
	l.notices = append(l.notices, notice{kind, l.seen})
	if len(l.notices) > mostNotices {
		l.notices = slices.Clone(l.notices[mostNotices/2:])
	}
	l.tell()
}

// tell wakes those that watch. The caller holds mu.
func (l *Log) tell() {
	for channel := range l.wake {
		select {
		case channel <- struct{}{}:
		default: // it is awake
		}
	}
}

// Watch returns a channel that gets something when there is news, and a function that ends that.
func (l *Log) Watch() (news <-chan struct{}, stop func()) {
	channel := make(chan struct{}, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wake[channel] = true
	return channel, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.wake, channel)
	}
}

// Seen is how far the log has come, for News.
func (l *Log) Seen() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}

// News returns the requests and the kinds of notices since a Seen, and the Seen of now.
func (l *Log) News(since int) (requests []Summary, kinds []string, seen int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range slices.Backward(l.entries) {
		if e.seen <= since {
			break
		}
		requests = append(requests, e.Summary)
	}
	slices.Reverse(requests)
	for _, n := range slices.Backward(l.notices) {
		if n.seen <= since {
			break
		}
		kinds = append(kinds, n.kind)
	}
	slices.Reverse(kinds)
	return requests, kinds, l.seen
}

// Find returns the request with a number; 0 is the last one.
func (l *Log) Find(number int) (*Entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number == 0 && len(l.entries) > 0 {
		return l.entries[len(l.entries)-1], true
	}
	for _, e := range slices.Backward(l.entries) {
		if e.Number == number {
			return e, true
		}
	}
	return nil, false
}

// Crossed tells whether a reset lies between a request and now: what it caused is gone.
func (l *Log) Crossed(number int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.lines, func(line Line) bool { return line.After >= number })
}

// Filter chooses requests. What is zero chooses all.
type Filter struct {
	Operation, Test string
	Rule            rules.ID
	Low, High       int // statuses
	After           int // numbers above it
	Since           time.Time
	Limit           int
}

func (f Filter) fits(s *Summary) bool {
	return (f.Operation == "" || s.Operation == f.Operation) && (f.Test == "" || s.Test == f.Test) &&
		(f.Rule == "" || slices.Contains(s.Rules, f.Rule)) && (f.High == 0 || s.Status >= f.Low && s.Status <= f.High) &&
		s.Number > f.After && !s.At.Before(f.Since)
}

// List returns the requests that fit, the latest number first, all lines, and how many fit in all.
func (l *Log) List(f Filter) (requests []Summary, lines []Line, fitting int) {
	l.mu.Lock()
	requests = []Summary{}
	for _, e := range slices.Backward(l.entries) {
		if f.fits(&e.Summary) {
			requests = append(requests, e.Summary)
		}
	}
	lines = append([]Line{}, l.lines...)
	l.mu.Unlock()
	slices.SortStableFunc(requests, func(a, b Summary) int { return b.Number - a.Number })
	fitting = len(requests)
	return requests[:min(fitting, f.Limit)], lines, fitting
}

// Mask stands for a secret that the world does not know.
const Mask = "***"

// Secrets hides what may be a secret of the client's own. known are those of the world, which are public.
type Secrets struct{ Known map[string]bool }

// secretHeaders hold a secret after an optional scheme.
var secretHeaders = []string{"Authorization", "Api-Key", "X-Custom-Psk", "Cookie", "Set-Cookie", "Proxy-Authorization"}

// Names of fields that hold secrets, and those that do so among the operations of OAuth.
const (
	secretNames = `password|client_secret|secret|access_token|refresh_token|token|token_value|api_key|apikey`
	secretOAuth = secretNames + `|value|code`
)

var (
	inBody       = regexp.MustCompile(`(?i)("(?:` + secretNames + `)"\s*:\s*")((?:[^"\\]|\\.)*)`)
	inBodyOAuth  = regexp.MustCompile(`(?i)("(?:` + secretOAuth + `)"\s*:\s*")((?:[^"\\]|\\.)*)`)
	inQuery      = regexp.MustCompile(`(?i)((?:^|[?&;])(?:` + secretNames + `)=)([^&;]*)`)
	inQueryOAuth = regexp.MustCompile(`(?i)((?:^|[?&;])(?:` + secretOAuth + `)=)([^&;]*)`)
)

func isOAuth(path string) bool {
	return strings.HasPrefix(path, "/oauth/") || strings.HasPrefix(path, "/auth/")
}

// value hides a secret that the world does not know.
func (s Secrets) value(secret string) string {
	if secret == "" || s.Known[secret] {
		return secret
	}
	return Mask
}

func (s Secrets) replace(in *regexp.Regexp, text string) string {
	return in.ReplaceAllStringFunc(text, func(found string) string {
		parts := in.FindStringSubmatch(found)
		return parts[1] + s.value(parts[2])
	})
}

// Target hides secrets in the target of a request.
func (s Secrets) Target(target string) string {
	path, query, has := strings.Cut(target, "?")
	if !has {
		return target
	}
	in := inQuery
	if isOAuth(path) {
		in = inQueryOAuth
	}
	return path + s.replace(in, "?"+query)
}

// Message makes what is kept of headers and a body.
func (s Secrets) Message(path string, headers http.Header, body []byte, size int) Message {
	m := Message{Headers: []Header{}, Size: size, Cut: len(body) > MostBody || size > len(body)}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		for _, value := range headers[name] {
			m.Headers = append(m.Headers, Header{name, s.header(name, value)})
		}
	}
	body = body[:min(len(body), MostBody)]
	for m.Cut && len(body) > 0 && !utf8.Valid(body) && MostBody-len(body) < utf8.UTFMax { // the cut may go through a letter
		body = body[:len(body)-1]
	}
	fields, query := inBody, inQuery
	if isOAuth(path) {
		fields, query = inBodyOAuth, inQueryOAuth
	}
	m.Body = s.replace(fields, string(body))
	if strings.HasPrefix(headers.Get("Content-Type"), "application/x-www-form-urlencoded") {
		m.Body = s.replace(query, m.Body)
	}
	if !utf8.ValidString(m.Body) {
		m.Body, m.Base64 = base64.StdEncoding.EncodeToString([]byte(m.Body)), true
	}
	return m
}

func (s Secrets) header(name, value string) string {
	if !slices.Contains(secretHeaders, name) {
		if name == "Location" || name == "Referer" {
			return s.replace(inQueryOAuth, value)
		}
		return value
	}
	if scheme, secret, ok := strings.Cut(value, " "); ok {
		return scheme + " " + s.value(secret)
	}
	return s.value(value)
}
