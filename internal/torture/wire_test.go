package torture

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"esoz/internal/sandbox/world"
)

// wire is what a hostile client does on a connection of its own.
type wire struct {
	name string
	sent string
	// want are the statuses of the answers in their order, "422 200"; "" is a
	// connection that is closed without a word. Any of several will do.
	want []string

	method   string        // HEAD, whose answers have no body
	every    time.Duration // a byte of sent at a time, the rest never
	hangsUp  bool          // nothing more will come, and the client says so
	vanishes bool          // the client is gone and waits for no answer
	resets   bool          // and its system says so
	lacks    string        // what no answer may hold
}

// Parts of requests. The token and the key are good: what is hostile comes after.
var (
	host     = "Host: esoz\r\n"
	identity = "Authorization: Bearer " + world.TokenValue("owner") + "\r\nAPI-key: " + world.MISKey + "\r\n"
	asJSON   = "Content-Type: application/json\r\n"
	chunked  = "Transfer-Encoding: chunked\r\n"
)

// ask is a request of a list, with more headers.
func ask(more string) string { return "GET /api/divisions HTTP/1.1\r\n" + host + identity + more + "\r\n" }

// askAt is a request of another target.
func askAt(target string) string { return "GET " + target + " HTTP/1.1\r\n" + host + identity + "\r\n" }

// post is a request with a body, whose framing stands in the headers.
func post(headers, body string) string {
	return "POST /api/divisions HTTP/1.1\r\n" + host + identity + asJSON + headers + "\r\n" + body
}

// postJSON announces its body as it is.
func postJSON(body string) string {
	return post("Content-Length: "+strconv.Itoa(len(body))+"\r\n", body)
}

// asChunk is the body as one chunk, without the last one.
func asChunk(body string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(body), body) }

func repeat(text string, n int) string { return strings.Repeat(text, n) }

const mebi = 1 << 20

// wires are a function: the texts are large and nobody else needs them.
func wires() []wire {
	is := func(want ...string) []string { return want }
	closed := is("")
	return []wire{
		// The request line.
		{name: "nonsense", sent: "nonsense\r\n\r\n", want: is("400")},
		{name: "HTTP/0.9", sent: "GET /api/divisions\r\n", want: is("400")},
		{name: "empty lines first", sent: "\r\n\r\n" + ask(""), want: is("400")},
		{name: "two blanks", sent: "GET  /api/divisions HTTP/1.1\r\n" + host + "\r\n", want: is("400")},
		{name: "tabs for blanks", sent: "GET\t/api/divisions\tHTTP/1.1\r\n" + host + "\r\n", want: is("400")},
		{name: "a method in small letters", sent: "get /api/divisions HTTP/1.1\r\n" + host + identity + "\r\n", want: is("403")},
		{name: "a method that nobody knows", sent: "BREW /api/divisions HTTP/1.1\r\n" + host + identity + "\r\n", want: is("403")},
		{name: "a method of 1000 letters", sent: repeat("A", 1000) + " /api/divisions HTTP/1.1\r\n" + host + identity + "\r\n", want: is("403")},
		{name: "a method with U+0000", sent: "GE\x00T /api/divisions HTTP/1.1\r\n" + host + "\r\n", want: is("400")},
		{name: "TRACE", sent: "TRACE /api/divisions HTTP/1.1\r\n" + host + identity + "\r\n", want: is("403")},
		{name: "HEAD", method: http.MethodHead, sent: "HEAD /api/divisions HTTP/1.1\r\n" + host + identity + "\r\n", want: is("403")},
		{name: "CONNECT", sent: "CONNECT 127.0.0.1:22 HTTP/1.1\r\n" + host + identity + "\r\n", want: is("404")},
		{name: "a method that is overridden", sent: ask("X-HTTP-Method-Override: DELETE\r\n"), want: is("200")},
		{name: "OPTIONS *", sent: "OPTIONS * HTTP/1.1\r\n" + host + identity + "\r\n", want: is("404")},
		{name: "GET *", sent: askAt("*"), want: is("404")},
		{name: "the preface of HTTP/2", sent: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", want: is("404")},
		{name: "an upgrade to HTTP/2", sent: ask("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), want: is("200")},
		{name: "an upgrade to a WebSocket", sent: ask("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"), want: is("200")},
		{name: "HTTP/2.0 in words", sent: "GET /api/divisions HTTP/2.0\r\n" + host + "\r\n", want: is("505")},
		{name: "HTTP/9.9", sent: "GET /api/divisions HTTP/9.9\r\n" + host + "\r\n", want: is("505")},
		{name: "a version that is none", sent: "GET /api/divisions HTTP/1.1.1\r\n" + host + "\r\n", want: is("400")},
		{name: "a version in small letters", sent: "GET /api/divisions http/1.1\r\n" + host + "\r\n", want: is("400")},
		{name: "a line of a mebibyte", sent: "GET /" + repeat("a", mebi), want: is("431")},
		{name: "bytes without a line", sent: repeat("\x01\x02\xff", mebi/3), want: is("431")},
		{name: "the greeting of TLS", sent: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", want: is("400")},
		{name: "HTTP/1.0 without a host", sent: "GET /api/divisions HTTP/1.0\r\n" + identity + "\r\n", want: is("200")},
		{name: "HTTP/1.0 that stays", sent: repeat("GET /api/divisions HTTP/1.0\r\nConnection: keep-alive\r\n"+identity+"\r\n", 2), want: is("200 200")},
		{name: "HTTP/1.0 with chunks", sent: "POST /api/divisions HTTP/1.0\r\n" + identity + asJSON + chunked + "\r\n" + asChunk("{}") + "0\r\n\r\n", want: is("422")},

		// The path.
		{name: "up and down", sent: askAt("/api/../api/divisions"), want: is("404")},
		{name: "out of the root", sent: askAt("/../../../../etc/passwd"), want: is("404")},
		{name: "out of an id", sent: askAt("/api/divisions/../../etc/passwd"), want: is("404")},
		{name: "escaped dots", sent: askAt("/api/divisions/%2e%2e%2f%2e%2e%2fetc"), want: is("404")},
		{name: "dots escaped twice", sent: askAt("/api/divisions/%252e%252e"), want: is("404")},
		{name: "two slashes first", sent: askAt("//api/divisions"), want: is("404")},
		{name: "two slashes within", sent: askAt("/api//divisions"), want: is("404")},
		{name: "an escaped slash", sent: askAt("/api%2fdivisions"), want: is("404")},
		{name: "backslashes", sent: askAt(`/api\divisions`), want: is("404")},
		{name: "a parameter of the path", sent: askAt("/api/divisions;a=b"), want: is("404")},
		{name: "capitals", sent: askAt("/API/DIVISIONS"), want: is("404")},
		{name: "an escaped U+0000", sent: askAt("/api/divisions/%00"), want: is("404")},
		{name: "a bare U+0000", sent: askAt("/api/divisions/\x00"), want: is("400")},
		{name: "a bare control character", sent: askAt("/api/divisions/\x7f"), want: is("400")},
		{name: "escaped bytes that are no UTF-8", sent: askAt("/api/divisions/%ff%fe"), want: is("404")},
		{name: "bare UTF-8", sent: askAt("/api/divisions/ї"), want: is("404")},
		{name: "an escape that is none", sent: askAt("/api/divisions/%zz"), want: is("400")},
		{name: "no slash", sent: askAt("api/divisions"), want: is("400")},
		{name: "an empty part", sent: "PATCH /api/divisions//actions/activate HTTP/1.1\r\n" + host + identity + "\r\n", want: is("400", "404")},
		{name: "a path of 50 000 characters", sent: askAt("/api/divisions/" + repeat("a", 50_000)), want: is("404")},
		{name: "a path of 10 000 parts", sent: askAt(repeat("/a", 10_000)), want: is("404")},
		{name: "another server's address", sent: askAt("http://evil.example/api/divisions"), want: is("200"), lacks: "evil.example"},
		{name: "an address that is none", sent: askAt("http://[::1/api/divisions"), want: is("400")},
		{name: "a query that is badly encoded", sent: askAt("/api/divisions?name=%zz"), want: is("400")},
		{name: "a query with U+0000", sent: askAt("/api/divisions?name=%00"), want: is("422")},
		{name: "a query of 5000 parameters", sent: askAt("/api/divisions?" + repeat("a=1&", 5000)), want: is("200")},

		// The headers.
		{name: "no host", sent: "GET /api/divisions HTTP/1.1\r\n" + identity + "\r\n", want: is("400")},
		{name: "two hosts", sent: ask("Host: evil.example\r\n"), want: is("400")},
		{name: "a host that is none", sent: "GET /api/divisions HTTP/1.1\r\nHost: a b/c\r\n" + identity + "\r\n", want: is("400")},
		{name: "another host", sent: "GET /api/divisions HTTP/1.1\r\nHost: evil.example\r\n" + identity + "\r\n", want: is("200"), lacks: "evil.example"},
		{name: "a forwarded host", sent: ask("X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n"), want: is("200"), lacks: "evil.example"},
		{name: "a header without a colon", sent: ask("nonsense\r\n"), want: is("400")},
		{name: "a blank before the colon", sent: ask("Transfer-Encoding : chunked\r\n"), want: is("400")},
		{name: "a name that is none", sent: ask("X@(): a\r\n"), want: is("400")},
		{name: "a first line that goes on", sent: "GET /api/divisions HTTP/1.1\r\n X: a\r\n" + host + "\r\n", want: is("400")},
		{name: "U+0000 in a value", sent: ask("X: a\x00b\r\n"), want: is("400")},
		{name: "a bare carriage return in a value", sent: ask("X: a\rb\r\n"), want: is("400")},
		{name: "lines that end with a line feed alone", sent: strings.ReplaceAll(ask(""), "\r", ""), want: is("200")},
		{name: "a header of a mebibyte", sent: ask("X: " + repeat("a", mebi) + "\r\n"), want: is("431")},
		{name: "headers without an end", sent: strings.TrimSuffix(ask(repeat("X: a\r\n", mebi/6)), "\r\n"), want: is("431")},
		{name: "5000 headers", sent: ask(repeat("X: a\r\n", 5000)), want: is("200")},
		{name: "a token of 50 000 characters", sent: "GET /api/divisions HTTP/1.1\r\n" + host + "Authorization: Bearer " + repeat("a", 50_000) + "\r\n\r\n", want: is("401")},
		{name: "a token that is no UTF-8", sent: "GET /api/divisions HTTP/1.1\r\n" + host + "Authorization: Bearer \xff\xfe\r\n\r\n", want: is("401")},
		{name: "two tokens, the first one wrong", sent: "GET /api/divisions HTTP/1.1\r\n" + host + "Authorization: Bearer nobody\r\n" + identity + "\r\n", want: is("401")},
		{name: "a token that goes on in the next line", sent: "GET /api/divisions HTTP/1.1\r\n" + host + "Authorization: Bearer\r\n sandbox-nobody\r\n\r\n", want: is("401")},
		{name: "a request id that would split the answer", sent: ask("X-Request-ID: a%0d%0aSet-Cookie: b\r\n"), want: is("200"), lacks: "\r\nSet-Cookie"},

		// Lengths, chunks and requests within requests.
		{name: "a body that nobody announced", sent: post("", `{"name":1}`+"\r\n\r\n"), want: is("422 400")},
		{name: "a negative length", sent: post("Content-Length: -1\r\n", "{}"), want: is("400")},
		{name: "a length with a sign", sent: post("Content-Length: +2\r\n", "{}"), want: is("400")},
		{name: "a length in hexadecimal", sent: post("Content-Length: 0x2\r\n", "{}"), want: is("400")},
		{name: "a length beyond all", sent: post("Content-Length: 99999999999999999999\r\n", "{}"), want: is("400")},
		{name: "an empty length", sent: post("Content-Length: \r\n", "{}"), want: is("400")},
		{name: "a list of lengths", sent: post("Content-Length: 2, 2\r\n", "{}"), want: is("400")},
		{name: "two lengths", sent: post("Content-Length: 2\r\nContent-Length: 40\r\n", "{}"), want: is("400")},
		{name: "one length twice", sent: post("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"), want: is("422")},
		{name: "the largest length, and ten bytes", sent: post("Content-Length: 9223372036854775807\r\n", `{"name":"a`), hangsUp: true, want: is("400")},
		{name: "fewer bytes than announced", sent: post("Content-Length: 100\r\n", "{}"), hangsUp: true, want: is("400")},
		{name: "more bytes than announced", sent: post("Content-Length: 2\r\n", "{}garbage\r\n\r\n"), want: is("422 400")},
		{name: "a request in the surplus", sent: post("Content-Length: 2\r\n", "{}"+ask("")), want: is("422 200")},
		{name: "length and chunks, the chunks count", sent: post("Content-Length: 4\r\n"+chunked, "0\r\n\r\n"+ask("")), want: is("422 200")},
		{name: "chunks and length, the chunks count", sent: post(chunked+"Content-Length: 100\r\n", asChunk("{}")+"0\r\n\r\n"), want: is("422")},
		{name: "chunked twice", sent: post("Transfer-Encoding: chunked, chunked\r\n", asChunk("{}")+"0\r\n\r\n"), want: is("501")},
		{name: "two encodings", sent: post(chunked+"Transfer-Encoding: identity\r\n", asChunk("{}")+"0\r\n\r\n"), want: is("501")},
		{name: "another encoding and a length", sent: post("Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n", "{}"), want: is("501")},
		{name: "an encoding behind a control character", sent: post("Transfer-Encoding: \x0bchunked\r\n", asChunk("{}")+"0\r\n\r\n"), want: is("501", "400")},
		{name: "chunks", sent: post(chunked, asChunk("{")+asChunk("}")+"0\r\n\r\n"), want: is("422")},
		{name: "chunks of one byte", sent: post(chunked, repeat("1\r\n \r\n", 2000)+asChunk("{}")+"0\r\n\r\n"), want: is("422")},
		{name: "a chunk size that is none", sent: post(chunked, "zz\r\n{}\r\n0\r\n\r\n"), want: is("400")},
		{name: "a negative chunk size", sent: post(chunked, "-2\r\n{}\r\n0\r\n\r\n"), want: is("400")},
		{name: "a chunk size beyond all", sent: post(chunked, "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"), want: is("400")},
		{name: "the largest chunk, and two bytes", sent: post(chunked, "7fffffffffffffff\r\n{}"), hangsUp: true, want: is("400")},
		{name: "a chunk longer than its size", sent: post(chunked, "1\r\n{}\r\n0\r\n\r\n"), want: is("400")},
		{name: "chunk lines that end with a line feed alone", sent: post(chunked, "2\n{}\n0\n\n"), want: is("400")},
		{name: "a chunk extension of 10 000 characters", sent: post(chunked, "2;a="+repeat("b", 10_000)+"\r\n{}\r\n0\r\n\r\n"), want: is("400")},
		{name: "extensions longer than the body", sent: post(chunked, repeat("1;"+repeat("a", 200)+"\r\n \r\n", 4000)+"0\r\n\r\n"), want: is("400")},
		{name: "no last chunk", sent: post(chunked, asChunk("{}")), hangsUp: true, want: is("400")},
		{name: "a trailer", sent: post(chunked, asChunk("{}")+"0\r\nAuthorization: Bearer x\r\n\r\n"), want: is("422")},
		{name: "a trailer that may be none", sent: post(chunked+"Trailer: Content-Length\r\n", asChunk("{}")+"0\r\nContent-Length: 5\r\n\r\n"), want: is("400")},
		{name: "a trailer of a mebibyte", sent: post(chunked, asChunk("{}")+"0\r\nX: "+repeat("a", mebi)+"\r\n\r\n"), want: is("400")},
		{name: "50 requests at once", sent: repeat(ask(""), 50), want: is(strings.TrimSpace(repeat("200 ", 50)))},
		{name: "good and bad requests at once", sent: ask("") + postJSON("{") + ask("") + askAt("/api/divisions/%zz") + ask(""), want: is("200 400 200 400")},
		{name: "an answer that is awaited before the body", sent: post("Expect: 100-continue\r\nContent-Length: 2\r\n", "{}"), want: is("100 422")},
		{name: "an answer that is awaited, without a token", sent: "POST /api/divisions HTTP/1.1\r\n" + host + asJSON + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", want: is("401")},
		{name: "another expectation", sent: ask("Expect: the-unexpected\r\n"), want: is("417")},

		// The body.
		{name: "a body beyond the limit", sent: postJSON(`"` + repeat("a", mebi+mebi/2) + `"`), want: is("413")},
		{name: "chunks beyond the limit", sent: post(chunked, repeat(asChunk(repeat(" ", 1000)), 1500)+"0\r\n\r\n"), want: is("413")},
		{name: "a body that a list does not read", sent: ask("Content-Length: " + strconv.Itoa(mebi) + "\r\n") + repeat("a", mebi), want: is("200")},
		{name: "a mebibyte of opened lists", sent: postJSON(repeat("[", mebi-10)), want: is("400")},
		{name: "lists 1000 deep", sent: postJSON(repeat("[", 1000) + repeat("]", 1000)), want: is("400")},
		{name: "objects 10 000 deep", sent: postJSON(repeat(`{"a":`, 10_000) + "1" + repeat("}", 10_000)), want: is("400")},
		{name: "half a million values", sent: postJSON("[" + repeat("0,", mebi/2-10) + "0]"), want: is("400")},
		{name: "a key 5000 times", sent: postJSON("{" + repeat(`"name":1,`, 5000) + `"name":2}`), want: is("422")},
		{name: "9000 unknown keys", sent: postJSON(unknownKeys(9000)), want: is("422")},
		{name: "a text of a mebibyte", sent: postJSON(`{"name":"` + repeat("а", mebi/2-100) + `"}`), want: is("422")},
		{name: "a mebibyte of escapes", sent: postJSON(`{"name":"` + repeat(`\u0430`, mebi/6-100) + `"}`), want: is("422")},
		{name: "a number of 500 000 digits", sent: postJSON(repeat("1", 500_000)), want: is("400")},
		{name: "an exponent beyond all", sent: postJSON(`{"name":1e999999999}`), want: is("400")},
		{name: "a mebibyte of blanks", sent: postJSON(repeat(" ", mebi-10)), want: is("422")},
		{name: "bytes that are no UTF-8", sent: postJSON("{\"name\":\"\xff\"}"), want: is("400")},
		{name: "UTF-16", sent: postJSON("\xff\xfe{\x00}\x00"), want: is("400")},
		{name: "zeros", sent: postJSON(repeat("\x00", 1000)), want: is("400")},
		{name: "a packed body", sent: post("Content-Encoding: gzip\r\nContent-Length: 20\r\n", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00"), want: is("400")},
		{name: "no content type", sent: "POST /api/divisions HTTP/1.1\r\n" + host + identity + "Content-Length: 2\r\n\r\n{}", want: is("415")},
		{name: "a form", sent: "POST /api/divisions HTTP/1.1\r\n" + host + identity + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b", want: is("415")},
		{name: "a content type that is none", sent: "POST /api/divisions HTTP/1.1\r\n" + host + identity + "Content-Type: application/json; charset=\xff\r\nContent-Length: 2\r\n\r\n{}", want: is("415")},

		// Time, and clients that go away.
		{name: "a connection that says nothing", every: time.Hour, sent: " ", want: closed},
		{name: "headers a byte at a time", every: 300 * time.Millisecond, sent: ask(""), want: closed},
		{name: "a body a byte at a time", every: time.Second, sent: postJSON(repeat(" ", 1000)), want: is("400")},
		{name: "a body that never comes", every: time.Hour, sent: post("Content-Length: 100\r\n", " "), want: is("400")},
		{name: "gone before a word", hangsUp: true, want: closed},
		{name: "gone within the line", sent: "GET /api/divi", hangsUp: true, want: is("400")},
		{name: "gone within the headers", sent: "GET /api/divisions HTTP/1.1\r\nHost: es", hangsUp: true, want: is("400")},
		{name: "gone within the body", sent: post("Content-Length: 100\r\n", `{"name":`), vanishes: true},
		{name: "gone before the answer", sent: postJSON("{}"), vanishes: true},
		{name: "reset within the body", sent: post("Content-Length: 100\r\n", `{"name":`), resets: true},
		{name: "reset before the answer", sent: postJSON("{}"), resets: true},
		{name: "reset within a chunk", sent: post(chunked, "fff\r\n{"), resets: true},
	}
}

func unknownKeys(n int) string {
	var body strings.Builder
	for i := range n {
		fmt.Fprintf(&body, `"key%d":1,`, i)
	}
	return "{" + body.String() + `"last":1}`
}

// patience with an answer is longer than the longest that the server has with a
// request: 30 s for all of it.
const wirePatience = 45 * time.Second

// on does what the client does, on a connection to a server, and tells in what
// the server did not answer as it must.
func (w wire) on(ctx context.Context, address string) error {
	dialer := net.Dialer{}
	dialed, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	conn, _ := dialed.(*net.TCPConn)
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(wirePatience)); err != nil {
		return err
	}
	if w.vanishes || w.resets {
		if _, err := io.WriteString(conn, w.sent); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if w.resets {
			return conn.SetLinger(0)
		}
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go w.send(ctx, conn)
	got, err := w.answers(conn)
	if err != nil {
		return fmt.Errorf("%s: after %q: %w", w.name, got, err)
	}
	for _, want := range w.want {
		if got == want {
			return nil
		}
	}
	return fmt.Errorf("%s: want %q, got %q", w.name, w.want, got)
}

// send writes the request. That the server closes the connection while it does
// is the server's right.
func (w wire) send(ctx context.Context, conn *net.TCPConn) {
	if w.every == 0 {
		_, _ = io.WriteString(conn, w.sent)
		if w.hangsUp {
			_ = conn.CloseWrite()
		}
		return
	}
	quick := 0 // the headers of a slow body come at once
	if head := strings.Index(w.sent, "\r\n\r\n"); head >= 0 && head+4 < len(w.sent) {
		quick = head + 4
	}
	_, _ = io.WriteString(conn, w.sent[:quick])
	ticker := time.NewTicker(w.every)
	defer ticker.Stop()
	for i := quick; i < len(w.sent); i++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if _, err := io.WriteString(conn, w.sent[i:i+1]); err != nil {
			return
		}
	}
}

// answers are the statuses of all answers until the server closes the
// connection, which it is asked to do when as many have come as must.
func (w wire) answers(conn *net.TCPConn) (string, error) {
	var got []string
	must := 0
	for _, want := range w.want {
		must = max(must, len(strings.Fields(want)))
	}
	reader := bufio.NewReader(conn)
	for {
		if _, err := reader.Peek(1); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || isReset(err) {
				return strings.Join(got, " "), nil
			}
			return strings.Join(got, " "), err
		}
		response, err := http.ReadResponse(reader, &http.Request{Method: w.method})
		if err != nil {
			return strings.Join(got, " "), err
		}
		body, err := io.ReadAll(response.Body)
		if err != nil && !isReset(err) {
			return strings.Join(got, " "), err
		}
		got = append(got, strconv.Itoa(response.StatusCode))
		if w.lacks != "" && (strings.Contains(string(body), w.lacks) || strings.Contains(fmt.Sprint(response.Header), w.lacks)) {
			return strings.Join(got, " "), fmt.Errorf("the answer holds %q", w.lacks)
		}
		const most = 2 * mebi // what comes with a request must not grow
		if len(body) > most {
			return strings.Join(got, " "), fmt.Errorf("an answer of %d bytes", len(body))
		}
		if len(got) == must {
			_ = conn.CloseWrite() // it may be closed already
		}
	}
}

// isReset tells whether the server closed the connection without reading all
// that was sent.
func isReset(err error) bool {
	return strings.Contains(err.Error(), "connection reset") || strings.Contains(err.Error(), "broken pipe")
}

// Whatever comes over the wire, the server answers as the protocol has it or
// closes the connection, goes on to answer others, and keeps nothing of it.
func TestHostileWire(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T12", "whatever comes over the wire is answered or cut off, the server lives and its memory stays")
	r := newRig(t, rigOptions{})
	s := r.serve("GOGC=100") // as Go collects by itself: what is measured is what is kept, and not what may be collected
	address := strings.TrimPrefix(s.url, "http://")
	all := wires()
	require.GreaterOrEqual(t, len(all), 60)

	// What a server that works holds.
	for range 300 {
		require.NoError(t, alive(t.Context(), address))
		require.NoError(t, wire{name: "an ordinary body", sent: postJSON(unknownKeys(100)), want: []string{"422"}}.on(t.Context(), address))
	}
	before := residentMemory(t, s.admin)
	peak := watchMemory(t, s.admin)

	quick, slow := 8, 1
	rounds := amount(1, 20)
	for round := range rounds {
		var group errgroup.Group
		group.SetLimit(quick)
		var patient errgroup.Group
		for _, w := range all {
			if w.every > 0 {
				if round < slow {
					patient.Go(func() error { return w.on(t.Context(), address) })
				}
				continue
			}
			group.Go(func() error { return errors.Join(w.on(t.Context(), address), alive(t.Context(), address)) })
			tr.add("connections", 1)
		}
		require.NoError(t, group.Wait())
		if round < slow {
			crowd(t, tr, address)
		}
		require.NoError(t, patient.Wait())
	}
	tr.add("kinds of hostile connection", len(all))
	require.NoError(t, alive(t.Context(), address))
	grown := (peak() - before) / mebi
	tr.add("MiB of growth", max(0, grown))
	require.Less(t, grown, 64, "the server's memory has grown by %d MiB", grown)
}

// alive tells in what the server does not answer an ordinary request.
func alive(ctx context.Context, address string) error {
	return wire{name: "an ordinary request", sent: ask(""), want: []string{"200"}}.on(ctx, address)
}

// crowd opens many connections that announce much and send little, all at once,
// and asks whether others are served.
func crowd(t *testing.T, tr *trial, address string) {
	t.Helper()
	n := amount(200, 500)
	dialer := net.Dialer{}
	var open []net.Conn
	defer func() {
		for _, conn := range open {
			_ = conn.Close()
		}
	}()
	for range n {
		conn, err := dialer.DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		open = append(open, conn)
		_, err = io.WriteString(conn, post("Content-Length: "+strconv.Itoa(mebi)+"\r\n", `{"name":"`))
		require.NoError(t, err)
	}
	require.NoError(t, alive(t.Context(), address))
	tr.add("connections", n)
}

var residentBytes = regexp.MustCompile(`(?m)^process_resident_memory_bytes (\S+)$`)

// residentMemory is what a server says that it holds, in bytes.
func residentMemory(t *testing.T, admin string) int {
	t.Helper()
	n, err := readResidentMemory(t.Context(), admin)
	require.NoError(t, err)
	return n
}

func readResidentMemory(ctx context.Context, admin string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, admin+"/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	told, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	found := residentBytes.FindSubmatch(told)
	if found == nil {
		return 0, errors.New("the metrics do not tell of memory")
	}
	n, err := strconv.ParseFloat(string(found[1]), 64)
	return int(n), err
}

// watchMemory looks at a server's memory again and again; the function that it
// returns ends that and tells the most.
func watchMemory(t *testing.T, admin string) func() int {
	t.Helper()
	var most atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	var watcher sync.WaitGroup
	watcher.Go(func() {
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for {
			if n, err := readResidentMemory(ctx, admin); err == nil {
				most.Store(max(most.Load(), int64(n)))
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
	t.Cleanup(cancel)
	return func() int {
		cancel()
		watcher.Wait()
		return max(int(most.Load()), residentMemory(t, admin))
	}
}
