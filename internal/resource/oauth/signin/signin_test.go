package signin_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/oauth"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// address of the page, with parameters; an empty value leaves one out.
func address(s *testkit.Server, path string, changes map[string]string) string {
	query := url.Values{
		"client_id": {build.ID("clinic").String()}, "redirect_uri": {accounts.RedirectURI}, "scope": {"division:read division:write"}, "response_type": {"code"},
	}
	for name, value := range changes {
		query.Set(name, value)
		if value == "" {
			query.Del(name)
		}
	}
	return s.URL + path + "?" + query.Encode()
}

// shown is what a browser gets.
type shown struct {
	status int
	header http.Header
	body   string
}

func get(t *testing.T, address string) shown {
	t.Helper()
	return send(t, http.MethodGet, address, nil)
}

func post(t *testing.T, address string, form url.Values) shown {
	t.Helper()
	return send(t, http.MethodPost, address, form)
}

func send(t *testing.T, method, address string, form url.Values) shown {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return shown{response.StatusCode, response.Header, string(body)}
}

// consentForm has the hidden fields of the page.
func consentForm(page shown) url.Values {
	form := url.Values{}
	for _, field := range hidden.FindAllStringSubmatch(page.body, -1) {
		form.Add(field[1], field[2])
	}
	return form
}

var (
	hidden = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)
	right  = url.Values{"email": {oauth.LoginEmail}, "password": {oauth.LoginPassword}}
)

// agree signs in and consents; it returns the address that the browser is sent
// to, and the scopes that were shown.
func agree(t *testing.T, address string) (*url.URL, []string) {
	t.Helper()
	page := post(t, address, right)
	require.Equal(t, http.StatusOK, page.status, page.body)
	form := consentForm(page)
	for _, scope := range form["scope"] {
		require.Contains(t, page.body, "<code>"+scope+"</code>")
	}
	page = post(t, address, form)
	require.Equal(t, http.StatusSeeOther, page.status, page.body)
	target, err := url.Parse(page.header.Get("Location"))
	require.NoError(t, err)
	return target, form["scope"]
}

// tokens exchanges a code.
func tokens(t *testing.T, s *testkit.Server, code string) *testkit.Response {
	t.Helper()
	return s.Send(t, testkit.As("", http.MethodPost, "/oauth/tokens", map[string]any{"token": map[string]any{
		"grant_type": "authorization_code", "client_id": build.ID("clinic"), "client_secret": accounts.Secret("clinic"),
		"code": code, "redirect_uri": accounts.RedirectURI,
	}}))
}

func TestUserGetsToTheClientWithACode(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	for _, path := range []string{"/sign-in", "/"} {
		page := get(t, address(s, path, map[string]string{"email": "a@example.com"}))
		require.Equal(t, http.StatusOK, page.status)
		require.Equal(t, "text/html; charset=UTF-8", page.header.Get("Content-Type"))
		require.Equal(t, "deny", page.header.Get("X-Frame-Options"))
		require.Contains(t, page.header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
		require.Contains(t, page.body, `value="a@example.com"`)
		require.Contains(t, page.body, "Амбулаторія «Верба»")

		target, scopes := agree(t, address(s, path, map[string]string{"state": "a b&c#"}))
		require.Equal(t, []string{"division:read", "division:write"}, scopes)
		require.Equal(t, "a b&c#", target.Query().Get("state"))
		require.True(t, strings.HasPrefix(target.String(), accounts.RedirectURI+"?code="))
		require.Equal(t, http.StatusCreated, tokens(t, s, target.Query().Get("code")).Status)
	}
	target, _ := agree(t, address(s, "/sign-in", nil))
	require.False(t, target.Query().Has("state"), "what was not sent is not handed back")
	target, _ = agree(t, address(s, "/sign-in", map[string]string{"redirect_uri": accounts.RedirectURI + "?FP=1"}))
	require.Equal(t, "1", target.Query().Get("FP"))
	_, scopes := agree(t, address(s, "/sign-in", map[string]string{"scope": ""}))
	require.Contains(t, scopes, "approval:create", "without a scope: all that the roles give")
	require.NotContains(t, scopes, "device_dispense:stop")
}

func TestAddressesThatAreWrong(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	for _, c := range []struct {
		changes map[string]string
		want    string
	}{
		{map[string]string{"client_id": ""}, "Не вказан идентифікатор додатку для авторизації"},
		{map[string]string{"client_id": "clinic"}, "Не знайдено додаток за вказанним ідентифікатором"},
		{map[string]string{"client_id": build.ID("nobody").String()}, "Не знайдено додаток за вказанним ідентифікатором"},
		{map[string]string{"redirect_uri": ""}, "Не вказано адресу зворотнього визову"},
	} {
		page := get(t, address(s, "/sign-in", c.changes))
		require.Equal(t, http.StatusUnprocessableEntity, page.status, c.want)
		require.Contains(t, page.body, c.want)
		require.NotContains(t, page.body, "<form")
	}
	require.Equal(t, http.StatusMethodNotAllowed, send(t, http.MethodPut, address(s, "/sign-in", nil), nil).status)
}

// As with the API's own parameters, the last of two counts (decisions R33).
func TestLastOfEqualParametersCounts(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	first, second := url.Values{}, address(s, "/sign-in", map[string]string{"state": "second", "email": "second@example.com"})
	for _, name := range []string{"client_id", "redirect_uri", "scope", "state", "email"} {
		first.Set(name, "first")
	}
	twice := strings.Replace(second, "?", "?"+first.Encode()+"&", 1)
	require.Contains(t, get(t, twice).body, `value="second@example.com"`)
	target, scopes := agree(t, twice)
	require.Equal(t, []string{"division:read", "division:write"}, scopes)
	require.Equal(t, "second", target.Query().Get("state"))
}

func TestUserWithoutScopes(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	at := address(s, "/sign-in", map[string]string{"scope": ""})
	for _, c := range []struct{ change, want string }{
		{"UPDATE mithril.client_types SET scope = 'event:read'", "Не вказані параметри доступу до данних"},
		{"DELETE FROM mithril.user_roles", "У даного користувача не має доступу"},
	} {
		_, err := s.Pool.Exec(t.Context(), c.change)
		require.NoError(t, err)
		page := post(t, at, right)
		require.Equal(t, http.StatusForbidden, page.status)
		require.Contains(t, page.body, c.want)
		require.NotContains(t, page.body, "<form")
	}
}

func TestRefusalsAreSaidInWords(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	for i, c := range []struct {
		email, password, want string
	}{
		{oauth.LoginEmail, "wrong", "Електронна адреса або пароль неправильні."},
		{"nobody@example.com", "wrong", "Користувача з такою електронною адресою не знайдено."},
		{"blocked_login_user@example.com", oauth.LoginPassword, "Користувача заблоковано."},
		{"locked_login_user@example.com", oauth.LoginPassword, "Забагато невдалих спроб. Спробуйте пізніше."},
	} {
		page := post(t, address(s, "/sign-in", nil), url.Values{"email": {c.email}, "password": {c.password}})
		require.Equal(t, http.StatusUnauthorized, page.status, i)
		require.Contains(t, page.body, c.want)
		require.Contains(t, page.body, `name="password"`, "the form may be sent again")
		require.NotContains(t, page.body, c.password+`"`)
	}
	for _, c := range []struct {
		changes map[string]string
		want    string
	}{
		{map[string]string{"redirect_uri": "https://evil.example.com/"}, "Адресу, на яку треба повернутися, додаток не зареєстрував."},
		{map[string]string{"scope": "medication_dispense:process_everything"}, "Тип закладу не дає всіх цих прав."},
	} {
		at := address(s, "/sign-in", c.changes)
		page := post(t, at, consentForm(post(t, at, right)))
		require.NotEqual(t, http.StatusSeeOther, page.status, "never sent to an address that is not registered")
		require.Contains(t, page.body, c.want)
	}
	page := post(t, address(s, "/sign-in", nil), url.Values{"session": {"no-such-session"}, "scope": {"division:read"}})
	require.Equal(t, http.StatusUnauthorized, page.status)
	require.Contains(t, page.body, `name="password"`)
}

func TestWhatIsSentIsShownAsText(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	require.NotContains(t, get(t, address(s, "/sign-in", map[string]string{"email": `"><script>alert(1)</script>`})).body, "<script")
	require.NotContains(t, post(t, address(s, "/sign-in", map[string]string{"scope": "<script>"}), right).body, "<script")
}

func TestSessionOfThePageEnds(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	at := address(s, "/sign-in", nil)
	session := consentForm(post(t, at, right)).Get("session")
	user := testkit.As(session, http.MethodPost, "/oauth/apps/authorize", map[string]any{"app": map[string]any{
		"client_id": build.ID("clinic"), "redirect_uri": accounts.RedirectURI, "scope": "division:read",
	}})
	require.Equal(t, http.StatusCreated, s.Send(t, user).Status)
	require.Equal(t, http.StatusSeeOther, post(t, at, url.Values{"session": {session}, "scope": {"division:read"}}).status)
	require.Equal(t, http.StatusUnauthorized, s.Send(t, user).Status, "after consent the session has ended")
}
