package oauth

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An address that fits is under the registered one for browsers too, which treat
// backslashes as slashes and resolve "..". The address with the code is as well.
func FuzzFits(f *testing.F) {
	for _, address := range []string{
		"https://example.com/callback", "https://example.com/callback/?a=b#c", "https://example.com/callback?code=x",
		"https://example.com/callback/../other", "https://example.com/callback/%2e%2e/other", `https://example.com/callback/\..\..\other`,
		"https://example.com/callback@example.org/", "https://example.com/callback/;a=b", "https://example.com.example.org/",
	} {
		f.Add("https://example.com/callback", address)
	}
	f.Add("https://example.com", "https://example.com@example.org/")
	f.Fuzz(func(t *testing.T, registered, address string) {
		home, err := url.Parse(registered)
		if err != nil || home.Scheme != "https" || home.Host == "" || home.RawQuery != "" || home.ForceQuery || home.Fragment != "" ||
			strings.ContainsAny(registered, `#?\`) || path.Clean("/"+home.Path) != "/"+strings.Trim(home.Path, "/") {
			return // no such address is registered
		}
		if !fits(registered, address) {
			return
		}
		for _, at := range []string{address, withCode(address, "a-b_")} {
			parsed, err := url.Parse(at)
			require.NoError(t, err)
			require.Equal(t, home.Scheme, parsed.Scheme)
			require.Equal(t, home.Host, parsed.Host)
			require.Equal(t, home.User, parsed.User)
			walked := path.Clean("/" + strings.ReplaceAll(parsed.Path, `\`, "/"))
			require.True(t, strings.HasPrefix(walked+"/", strings.TrimSuffix(path.Clean("/"+home.Path), "/")+"/"), "%s leads to %s", address, walked)
		}
		parsed, err := url.Parse(withCode(address, "a-b_"))
		require.NoError(t, err)
		require.Contains(t, parsed.Query()["code"], "a-b_")
	})
}
