package traffic

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func entry(number int, body string) *Entry {
	return &Entry{Summary: Summary{Number: number, Status: 200}, Answer: Message{Body: body}}
}

func TestLogForgetsTheOldest(t *testing.T) {
	t.Parallel()
	l := newLog()
	for n := range Kept + 5 {
		l.Add(entry(n+1, ""))
	}
	_, kept := l.Find(5)
	require.False(t, kept)
	_, kept = l.Find(6)
	require.True(t, kept)
	_, _, fitting := l.List(Filter{Limit: 1})
	require.Equal(t, Kept, fitting)
}

func TestLogIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	l, body := newLog(), strings.Repeat("x", 1<<20)
	for n := range 100 {
		l.Add(entry(n+1, body))
		require.LessOrEqual(t, l.bytes, mostBytes)
	}
	_, _, fitting := l.List(Filter{Limit: 1})
	require.Equal(t, 63, fitting)
	last, ok := l.Find(0)
	require.True(t, ok)
	require.Equal(t, 100, last.Number)
	l.Clear()
	require.Zero(t, l.bytes)
}

func TestNewsOfALog(t *testing.T) {
	t.Parallel()
	l := newLog()
	news, stop := l.Watch()
	seen := l.Seen()
	l.Add(entry(2, ""))
	l.Notice(NoticeClock)
	l.Add(entry(1, "")) // it came first, and took longer
	<-news
	requests, kinds, seen := l.News(seen)
	require.Equal(t, []int{2, 1}, []int{requests[0].Number, requests[1].Number})
	require.Equal(t, []string{NoticeClock}, kinds)
	requests, kinds, _ = l.News(seen)
	require.Empty(t, requests)
	require.Empty(t, kinds)
	listed, _, _ := l.List(Filter{Limit: 2})
	require.Equal(t, []int{2, 1}, []int{listed[0].Number, listed[1].Number})
	stop()
	l.Notice(NoticeClock)
	require.Empty(t, news)
}

func TestSecretsOfMessages(t *testing.T) {
	t.Parallel()
	s := Secrets{Known: map[string]bool{"public": true}}
	for sent, want := range map[string]string{
		`{"token": {"client_secret" : "a\"b", "name":"c"}}`: `{"token": {"client_secret" : "***", "name":"c"}}`,
		`{"access_token":"public"}`:                         `{"access_token":"public"}`,
		`{"password":"cut of`:                               `{"password":"***`,
		`{"code":1234,"value":"v"}`:                         `{"code":1234,"value":"v"}`,
	} {
		require.Equal(t, want, s.Message("/api/x", http.Header{}, []byte(sent), len(sent)).Body)
	}
	require.Equal(t, `{"code":"***","value":"***"}`, s.Message("/oauth/tokens", nil, []byte(`{"code":"abc","value":"v"}`), 0).Body)
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Cookie": {"a=b"}, "Authorization": {"Bearer public"}}
	m := s.Message("/x", form, []byte("a=1&password=hidden"), 0)
	require.Equal(t, "a=1&password=***", m.Body)
	require.Equal(t, []Header{{"Authorization", "Bearer public"}, {"Content-Type", form.Get("Content-Type")}, {"Cookie", "***"}}, m.Headers)
	require.Equal(t, "/x?a=1&token=***&b=2", s.Target("/x?a=1&token=t&b=2"))
	require.Equal(t, "/oauth/authorize?code=***", s.Target("/oauth/authorize?code=t"))
	require.Equal(t, "/x?code=1", s.Target("/x?code=1"))
	require.True(t, s.Message("/x", nil, []byte(`{"name":"`+"\xff"+`"}`), 0).Base64)
}
