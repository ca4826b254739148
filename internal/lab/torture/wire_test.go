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
	every    time.Duration // a byte of sent at a time
	first    string        // is sent at once, before that
	hangsUp  bool          // nothing more will come, and the client says so
	vanishes bool          // the client is gone and waits for no answer
	resets   bool          // and its system says so
	lacks    string        // what no answer may hold
}

// Parts of requests. The token and the key are good: what is hostile comes after.
var (
	hostLine      = "Host: esoz\r\n"
	identityLines = "Authorization: Bearer " + world.TokenValue("owner") + "\r\nAPI-key: " + world.MISKey + "\r\n"
	jsonLine      = "Content-Type: application/json\r\n"
	chunkedLine   = "Transfer-Encoding: chunked\r\n"
)

// listCall is a request of a list, with more headers.
func listCall(more string) string {
	return "GET /api/divisions HTTP/1.1\r\n" + hostLine + identityLines + more + "\r\n"
}

// getCall is a request of another target.
func getCall(target string) string {
	return "GET " + target + " HTTP/1.1\r\n" + hostLine + identityLines + "\r\n"
}

// createCall is a request with a body, whose framing stands in the headers.
func createCall(headers, body string) string {
	return "POST /api/divisions HTTP/1.1\r\n" + hostLine + identityLines + jsonLine + headers + "\r\n" + body
}

// createJSON announces its body as it is.
func createJSON(body string) string {
	return createCall("Content-Length: "+strconv.Itoa(len(body))+"\r\n", body)
}

// asChunk is the body as one chunk, without the last one.
func asChunk(body string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(body), body) }

func times(text string, n int) string { return strings.Repeat(text, n) }

const mebibyte = 1 << 20

// wires are a function: the texts are large and nobody else needs them.
func wires() []wire {
	is := func(want ...string) []string { return want }
	closed := is("")
	return []wire{
		// The request line.
		{name: "nonsense", sent: "nonsense\r\n\r\n", want: is("400")},
		{name: "HTTP/0.9", sent: "GET /api/divisions\r\n", want: is("400")},
		{name: "empty lines first", sent: "\r\n\r\n" + listCall(""), want: is("400")},
		{name: "two blanks", sent: "GET  /api/divisions HTTP/1.1\r\n" + hostLine + "\r\n", want: is("400")},
		{name: "tabs for blanks", sent: "GET\t/api/divisions\tHTTP/1.1\r\n" + hostLine + "\r\n", want: is("400")},
		{name: "a method in small letters", sent: "get /api/divisions HTTP/1.1\r\n" + hostLine + identityLines + "\r\n", want: is("403")},
		{name: "a method that nobody knows", sent: "BREW /api/divisions HTTP/1.1\r\n" + hostLine + identityLines + "\r\n", want: is("403")},
		{name: "a method of 1000 letters", sent: times("A", 1000) + " /api/divisions HTTP/1.1\r\n" + hostLine + identityLines + "\r\n", want: is("403")},
		{name: "a method with U+0000", sent: "GE\x00T /api/divisions HTTP/1.1\r\n" + hostLine + "\r\n", want: is("400")},
		{name: "TRACE", sent: "TRACE /api/divisions HTTP/1.1\r\n" + hostLine + identityLines + "\r\n", want: is("403")},
		{name: "HEAD", method: http.MethodHead, sent: "HEAD /api/divisions HTTP/1.1\r\n" + hostLine + identityLines + "\r\n", want: is("403")},
		{name: "CONNECT", sent: "CONNECT 127.0.0.1:22 HTTP/1.1\r\n" + hostLine + identityLines + "\r\n", want: is("404")},
		{name: "a method that is overridden", sent: listCall("X-HTTP-Method-Override: DELETE\r\n"), want: is("200")},
		{name: "OPTIONS *", sent: "OPTIONS * HTTP/1.1\r\n" + hostLine + identityLines + "\r\n", want: is("404")},
		{name: "GET *", sent: getCall("*"), want: is("404")},
		{name: "the preface of HTTP/2", sent: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", want: is("404")},
		{name: "an upgrade to HTTP/2", sent: listCall("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), want: is("200")},
		{name: "an upgrade to a WebSocket", sent: listCall("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"), want: is("200")},
		{name: "HTTP/2.0 in words", sent: "GET /api/divisions HTTP/2.0\r\n" + hostLine + "\r\n", want: is("505")},
		{name: "HTTP/9.9", sent: "GET /api/divisions HTTP/9.9\r\n" + hostLine + "\r\n", want: is("505")},
		{name: "a version that is none", sent: "GET /api/divisions HTTP/1.1.1\r\n" + hostLine + "\r\n", want: is("400")},
		{name: "a version in small letters", sent: "GET /api/divisions http/1.1\r\n" + hostLine + "\r\n", want: is("400")},
		{name: "a line of a mebibyte", sent: "GET /" + times("a", mebibyte), want: is("431")},
		{name: "bytes without a line", sent: times("\x01\x02\xff", mebibyte/3), want: is("431")},
		{name: "the greeting of TLS", sent: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", want: is("400")},
		{name: "HTTP/1.0 without a host", sent: "GET /api/divisions HTTP/1.0\r\n" + identityLines + "\r\n", want: is("200")},
		{name: "HTTP/1.0 that stays", sent: times("GET /api/divisions HTTP/1.0\r\nConnection: keep-alive\r\n"+identityLines+"\r\n", 2), want: is("200 200", "200")}, // a large answer ends with the connection
		{name: "HTTP/1.0 with chunks", sent: "POST /api/divisions HTTP/1.0\r\n" + identityLines + jsonLine + chunkedLine + "\r\n" + asChunk("{}") + "0\r\n\r\n", want: is("422")},

		// The path.
		{name: "up and down", sent: getCall("/api/../api/divisions"), want: is("404")},
		{name: "out of the root", sent: getCall("/../../../../etc/passwd"), want: is("404")},
		{name: "out of an id", sent: getCall("/api/divisions/../../etc/passwd"), want: is("404")},
		{name: "escaped dots", sent: getCall("/api/divisions/%2e%2e%2f%2e%2e%2fetc"), want: is("404")},
		{name: "dots escaped twice", sent: getCall("/api/divisions/%252e%252e"), want: is("404")},
		{name: "two slashes first", sent: getCall("//api/divisions"), want: is("404")},
		{name: "two slashes within", sent: getCall("/api//divisions"), want: is("404")},
		{name: "an escaped slash", sent: getCall("/api%2fdivisions"), want: is("404")},
		{name: "backslashes", sent: getCall(`/api\divisions`), want: is("404")},
		{name: "a parameter of the path", sent: getCall("/api/divisions;a=b"), want: is("404")},
		{name: "capitals", sent: getCall("/API/DIVISIONS"), want: is("404")},
		{name: "an escaped U+0000", sent: getCall("/api/divisions/%00"), want: is("404")},
		{name: "a bare U+0000", sent: getCall("/api/divisions/\x00"), want: is("400")},
		{name: "a bare control character", sent: getCall("/api/divisions/\x7f"), want: is("400")},
		{name: "escaped bytes that are no UTF-8", sent: getCall("/api/divisions/%ff%fe"), want: is("404")},
		{name: "bare UTF-8", sent: getCall("/api/divisions/ї"), want: is("404")},
		{name: "an escape that is none", sent: getCall("/api/divisions/%zz"), want: is("400")},
		{name: "no slash", sent: getCall("api/divisions"), want: is("400")},
		{name: "an empty part", sent: "PATCH /api/divisions//actions/activate HTTP/1.1\r\n" + hostLine + identityLines + "\r\n", want: is("400", "404")},
		{name: "a path of 50 000 characters", sent: getCall("/api/divisions/" + times("a", 50_000)), want: is("404")},
		{name: "a path of 10 000 parts", sent: getCall(times("/a", 10_000)), want: is("404")},
		{name: "another server's address", sent: getCall("http://evil.example/api/divisions"), want: is("200"), lacks: "evil.example"},
		{name: "an address that is none", sent: getCall("http://[::1/api/divisions"), want: is("400")},
		{name: "a query that is badly encoded", sent: getCall("/api/divisions?name=%zz"), want: is("400")},
		{name: "a query with U+0000", sent: getCall("/api/divisions?name=%00"), want: is("422")},
		{name: "a query of 5000 parameters", sent: getCall("/api/divisions?" + times("a=1&", 5000)), want: is("200")},

		// The headers.
		{name: "no host", sent: "GET /api/divisions HTTP/1.1\r\n" + identityLines + "\r\n", want: is("400")},
		{name: "two hosts", sent: listCall("Host: evil.example\r\n"), want: is("400")},
		{name: "a host that is none", sent: "GET /api/divisions HTTP/1.1\r\nHost: a b/c\r\n" + identityLines + "\r\n", want: is("400")},
		{name: "another host", sent: "GET /api/divisions HTTP/1.1\r\nHost: evil.example\r\n" + identityLines + "\r\n", want: is("200"), lacks: "evil.example"},
		{name: "a forwarded host", sent: listCall("X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n"), want: is("200"), lacks: "evil.example"},
		{name: "a header without a colon", sent: listCall("nonsense\r\n"), want: is("400")},
		{name: "a blank before the colon", sent: listCall("Transfer-Encoding : chunked\r\n"), want: is("400")},
		{name: "a name that is none", sent: listCall("X@(): a\r\n"), want: is("400")},
		{name: "a first line that goes on", sent: "GET /api/divisions HTTP/1.1\r\n X: a\r\n" + hostLine + "\r\n", want: is("400")},
		{name: "U+0000 in a value", sent: listCall("X: a\x00b\r\n"), want: is("400")},
		{name: "a bare carriage return in a value", sent: listCall("X: a\rb\r\n"), want: is("400")},
		{name: "lines that end with a line feed alone", sent: strings.ReplaceAll(listCall(""), "\r", ""), want: is("200")},
		{name: "a header of a mebibyte", sent: listCall("X: " + times("a", mebibyte) + "\r\n"), want: is("431")},
		{name: "headers without an end", sent: strings.TrimSuffix(listCall(times("X: a\r\n", mebibyte/6)), "\r\n"), want: is("431")},
		{name: "5000 headers", sent: listCall(times("X: a\r\n", 5000)), want: is("200")},
		{name: "a token of 50 000 characters", sent: "GET /api/divisions HTTP/1.1\r\n" + hostLine + "Authorization: Bearer " + times("a", 50_000) + "\r\n\r\n", want: is("401")},
		{name: "a token that is no UTF-8", sent: "GET /api/divisions HTTP/1.1\r\n" + hostLine + "Authorization: Bearer \xff\xfe\r\n\r\n", want: is("401")},
		{name: "two tokens, the first one wrong", sent: "GET /api/divisions HTTP/1.1\r\n" + hostLine + "Authorization: Bearer nobody\r\n" + identityLines + "\r\n", want: is("401")},
		{name: "a token that goes on in the next line", sent: "GET /api/divisions HTTP/1.1\r\n" + hostLine + "Authorization: Bearer\r\n sandbox-nobody\r\n\r\n", want: is("401")},
		{name: "a request id that would split the answer", sent: listCall("X-Request-ID: a%0d%0aSet-Cookie: b\r\n"), want: is("200"), lacks: "\r\nSet-Cookie"},

		// Lengths, chunks and requests within requests.
		{name: "a body that nobody announced", sent: createCall("", `{"name":1}`+"\r\n\r\n"), want: is("422 400")},
		{name: "a negative length", sent: createCall("Content-Length: -1\r\n", "{}"), want: is("400")},
		{name: "a length with a sign", sent: createCall("Content-Length: +2\r\n", "{}"), want: is("400")},
		{name: "a length in hexadecimal", sent: createCall("Content-Length: 0x2\r\n", "{}"), want: is("400")},
		{name: "a length beyond all", sent: createCall("Content-Length: 99999999999999999999\r\n", "{}"), want: is("400")},
		{name: "an empty length", sent: createCall("Content-Length: \r\n", "{}"), want: is("400")},
		{name: "a list of lengths", sent: createCall("Content-Length: 2, 2\r\n", "{}"), want: is("400")},
		{name: "two lengths", sent: createCall("Content-Length: 2\r\nContent-Length: 40\r\n", "{}"), want: is("400")},
		{name: "one length twice", sent: createCall("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"), want: is("422")},
		{name: "the largest length, and ten bytes", sent: createCall("Content-Length: 9223372036854775807\r\n", `{"name":"a`), hangsUp: true, want: is("400")},
		{name: "fewer bytes than announced", sent: createCall("Content-Length: 100\r\n", "{}"), hangsUp: true, want: is("400")},
		{name: "more bytes than announced", sent: createCall("Content-Length: 2\r\n", "{}garbage\r\n\r\n"), want: is("422 400")},
		{name: "a request in the surplus", sent: createCall("Content-Length: 2\r\n", "{}"+listCall("")), want: is("422 200")},
		{name: "length and chunks, the chunks count", sent: createCall("Content-Length: 4\r\n"+chunkedLine, "0\r\n\r\n"+listCall("")), want: is("422 200")},
		{name: "chunks and length, the chunks count", sent: createCall(chunkedLine+"Content-Length: 100\r\n", asChunk("{}")+"0\r\n\r\n"), want: is("422")},
		{name: "chunked twice", sent: createCall("Transfer-Encoding: chunked, chunked\r\n", asChunk("{}")+"0\r\n\r\n"), want: is("501")},
		{name: "two encodings", sent: createCall(chunkedLine+"Transfer-Encoding: identity\r\n", asChunk("{}")+"0\r\n\r\n"), want: is("501")},
		{name: "another encoding and a length", sent: createCall("Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n", "{}"), want: is("501")},
		{name: "an encoding behind a control character", sent: createCall("Transfer-Encoding: \x0bchunked\r\n", asChunk("{}")+"0\r\n\r\n"), want: is("501", "400")},
		{name: "chunks", sent: createCall(chunkedLine, asChunk("{")+asChunk("}")+"0\r\n\r\n"), want: is("422")},
		{name: "chunks of one byte", sent: createCall(chunkedLine, times("1\r\n \r\n", 2000)+asChunk("{}")+"0\r\n\r\n"), want: is("422")},
		{name: "a chunk size that is none", sent: createCall(chunkedLine, "zz\r\n{}\r\n0\r\n\r\n"), want: is("400")},
		{name: "a negative chunk size", sent: createCall(chunkedLine, "-2\r\n{}\r\n0\r\n\r\n"), want: is("400")},
		{name: "a chunk size beyond all", sent: createCall(chunkedLine, "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"), want: is("400")},
		{name: "the largest chunk, and two bytes", sent: createCall(chunkedLine, "7fffffffffffffff\r\n{}"), hangsUp: true, want: is("400")},
		{name: "a chunk longer than its size", sent: createCall(chunkedLine, "1\r\n{}\r\n0\r\n\r\n"), want: is("400")},
		{name: "chunk lines that end with a line feed alone", sent: createCall(chunkedLine, "2\n{}\n0\n\n"), want: is("400")},
		{name: "a chunk extension of 10 000 characters", sent: createCall(chunkedLine, "2;a="+times("b", 10_000)+"\r\n{}\r\n0\r\n\r\n"), want: is("400")},
		{name: "extensions longer than the body", sent: createCall(chunkedLine, times("1;"+times("a", 200)+"\r\n \r\n", 4000)+"0\r\n\r\n"), want: is("400")},
		{name: "no last chunk", sent: createCall(chunkedLine, asChunk("{}")), hangsUp: true, want: is("400")},
		{name: "a trailer", sent: createCall(chunkedLine, asChunk("{}")+"0\r\nAuthorization: Bearer x\r\n\r\n"), want: is("422")},
		{name: "a trailer that may be none", sent: createCall(chunkedLine+"Trailer: Content-Length\r\n", asChunk("{}")+"0\r\nContent-Length: 5\r\n\r\n"), want: is("400")},
		{name: "a trailer of a mebibyte", sent: createCall(chunkedLine, asChunk("{}")+"0\r\nX: "+times("a", mebibyte)+"\r\n\r\n"), want: is("400")},
		{name: "50 requests at once", sent: times(listCall(""), 50), want: is(strings.TrimSpace(times("200 ", 50)))},
		{name: "good and bad requests at once", sent: listCall("") + createJSON("{") + listCall("") + getCall("/api/divisions/%zz") + listCall(""), want: is("200 400 200 400")},
		{name: "an answer that is awaited before the body", sent: createCall("Expect: 100-continue\r\nContent-Length: 2\r\n", "{}"), want: is("100 422")},
		{name: "an answer that is awaited, without a token", sent: "POST /api/divisions HTTP/1.1\r\n" + hostLine + jsonLine + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", want: is("401")},
		{name: "another expectation", sent: listCall("Expect: the-unexpected\r\n"), want: is("417")},

		// The body.
		{name: "a body beyond the limit", sent: createJSON(`"` + times("a", mebibyte+mebibyte/2) + `"`), want: is("413")},
		{name: "chunks beyond the limit", sent: createCall(chunkedLine, times(asChunk(times(" ", 1000)), 1500)+"0\r\n\r\n"), want: is("413")},
		{name: "a body that a list does not read", sent: listCall("Content-Length: "+strconv.Itoa(mebibyte)+"\r\n") + times("a", mebibyte), want: is("200")},
		{name: "a mebibyte of opened lists", sent: createJSON(times("[", mebibyte-10)), want: is("400")},
		{name: "lists 1000 deep", sent: createJSON(times("[", 1000) + times("]", 1000)), want: is("400")},
		{name: "objects 10 000 deep", sent: createJSON(times(`{"a":`, 10_000) + "1" + times("}", 10_000)), want: is("400")},
		{name: "half a million values", sent: createJSON("[" + times("0,", mebibyte/2-10) + "0]"), want: is("400")},
		{name: "a key 5000 times", sent: createJSON("{" + times(`"name":1,`, 5000) + `"name":2}`), want: is("422")},
		{name: "9000 unknown keys", sent: createJSON(unknownKeys(9000)), want: is("422")},
		{name: "a text of a mebibyte", sent: createJSON(`{"name":"` + times("а", mebibyte/2-100) + `"}`), want: is("422")},
		{name: "a mebibyte of escapes", sent: createJSON(`{"name":"` + times(`\u0430`, mebibyte/6-100) + `"}`), want: is("422")},
		{name: "a number of 500 000 digits", sent: createJSON(times("1", 500_000)), want: is("400")},
		{name: "an exponent beyond all", sent: createJSON(`{"name":1e999999999}`), want: is("400")},
		{name: "a mebibyte of blanks", sent: createJSON(times(" ", mebibyte-10)), want: is("422")},
		{name: "bytes that are no UTF-8", sent: createJSON("{\"name\":\"\xff\"}"), want: is("400")},
		{name: "UTF-16", sent: createJSON("\xff\xfe{\x00}\x00"), want: is("400")},
		{name: "zeros", sent: createJSON(times("\x00", 1000)), want: is("400")},
		{name: "a packed body", sent: createCall("Content-Encoding: gzip\r\nContent-Length: 20\r\n", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00"), want: is("400")},
		{name: "no content type", sent: "POST /api/divisions HTTP/1.1\r\n" + hostLine + identityLines + "Content-Length: 2\r\n\r\n{}", want: is("415")},
		{name: "a form", sent: "POST /api/divisions HTTP/1.1\r\n" + hostLine + identityLines + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b", want: is("415")},
		{name: "a content type that is none", sent: "POST /api/divisions HTTP/1.1\r\n" + hostLine + identityLines + "Content-Type: application/json; charset=\xff\r\nContent-Length: 2\r\n\r\n{}", want: is("415")},

		// Time, and clients that go away.
		{name: "a connection that says nothing", every: time.Hour, sent: " ", want: closed},
		// What has come of a line when the time for headers is up net/http takes for all of it.
		{name: "a request line a byte at a time", every: 300 * time.Millisecond, sent: "GET /" + times("a", 1000), want: is("400")},
		{name: "the name of a header a byte at a time", first: "GET / HTTP/1.1\r\n", every: 300 * time.Millisecond, sent: times("a", 1000), want: is("400")},
		{name: "a header a byte at a time", first: "GET / HTTP/1.1\r\nX:", every: 300 * time.Millisecond, sent: times("a", 1000), want: closed},
		{name: "a body a byte at a time", first: createCall("Content-Length: 1000\r\n", ""), every: time.Second, sent: times(" ", 1000), want: is("400")},
		{name: "a body that never comes", first: createCall("Content-Length: 100\r\n", ""), every: time.Hour, sent: " ", want: is("400")},
		{name: "gone before a word", hangsUp: true, want: closed},
		{name: "gone within the line", sent: "GET /api/divi", hangsUp: true, want: is("400")},
		{name: "gone within the headers", sent: "GET /api/divisions HTTP/1.1\r\nHost: es", hangsUp: true, want: is("400")},
		{name: "gone within the body", sent: createCall("Content-Length: 100\r\n", `{"name":`), vanishes: true},
		{name: "gone before the answer", sent: createJSON("{}"), vanishes: true},
		{name: "reset within the body", sent: createCall("Content-Length: 100\r\n", `{"name":`), resets: true},
		{name: "reset before the answer", sent: createJSON("{}"), resets: true},
		{name: "reset within a chunk", sent: createCall(chunkedLine, "fff\r\n{"), resets: true},
	}
}

func unknownKeys(n int) string {
	var body strings.Builder
	for i := range n {
		fmt.Fprintf(&body, `"key%d":1,`, i)
	}
	return "{" + body.String() + `"last":1}`
}

// wirePatience with an answer is longer than the longest that the server has with a
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
	_, _ = io.WriteString(conn, w.first)
	ticker := time.NewTicker(w.every)
	defer ticker.Stop()
	for i := range len(w.sent) {
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
		if err = errors.Join(err, response.Body.Close()); err != nil && !isReset(err) {
			return strings.Join(got, " "), err
		}
		got = append(got, strconv.Itoa(response.StatusCode))
		if w.lacks != "" && (strings.Contains(string(body), w.lacks) || strings.Contains(fmt.Sprint(response.Header), w.lacks)) {
			return strings.Join(got, " "), fmt.Errorf("the answer holds %q", w.lacks)
		}
		const most = 2 * mebibyte // what comes with a request must not grow
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
		require.NoError(t, stillAnswers(t.Context(), address))
		require.NoError(t, wire{name: "an ordinary body", sent: createJSON(unknownKeys(100)), want: []string{"422"}}.on(t.Context(), address))
	}
	before := residentMemory(t, s.admin)
	peak := watchMemory(t, s.admin)

	for round := range amount(1, 6) {
		var wrong failures
		var quick, slow errgroup.Group
		quick.SetLimit(8)
		for _, w := range all {
			switch {
			case w.every == 0:
				quick.Go(func() error {
					wrong.add(w.on(t.Context(), address))
					wrong.add(stillAnswers(t.Context(), address))
					return nil
				})
			case round == 0: // they take half a minute
				slow.Go(func() error { wrong.add(w.on(t.Context(), address)); return nil })
			default:
				continue
			}
			tr.add("connections", 1)
		}
		_ = quick.Wait() // what fails is in wrong
		if round == 0 {
			crowdIn(t, tr, address)
		}
		_ = slow.Wait()
		require.NoError(t, errors.Join(wrong.all...))
	}
	tr.add("kinds of hostile connection", len(all))
	require.NoError(t, stillAnswers(t.Context(), address))
	growth := (peak() - before) / mebibyte
	tr.add("MiB of growth", max(0, growth))
	require.Less(t, growth, 64, "the server's memory has grown by %d MiB", growth)
}

// failures gathers what several clients see, so that one run tells of all.
type failures struct {
	mu  sync.Mutex
	all []error
}

func (f *failures) add(err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, err)
}

// stillAnswers tells in what the server does not answer an ordinary request.
func stillAnswers(ctx context.Context, address string) error {
	return wire{name: "an ordinary request", sent: listCall(""), want: []string{"200"}}.on(ctx, address)
}

// crowdIn opens many connections that announce much and send little, all at once,
// and asks whether others are served.
func crowdIn(t *testing.T, tr *trial, address string) {
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
		_, err = io.WriteString(conn, createCall("Content-Length: "+strconv.Itoa(mebibyte)+"\r\n", `{"name":"`))
		require.NoError(t, err)
	}
	require.NoError(t, stillAnswers(t.Context(), address))
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
