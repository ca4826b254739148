// Package signin is the page on which users let a client act for them: GET /sign-in of general.apib (L73). Like the
// page of the national system it is a client of the API, so each check stands in the API alone. It is not part of the
// contract, whose answers are envelopes.
package signin

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// Path of the page.
const Path = "/sign-in"

// Page serves it.
type Page struct {
	API    http.Handler
	Pool   *pgxpool.Pool
	Config *config.Live
	Logger *slog.Logger
}

var (
	//go:embed signin.html
	source string
	//go:embed signin.css
	style string

	page   = template.Must(template.New("page").Parse(source))
	policy = fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'", styleHash())
)

func styleHash() string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// IsFor tells whether a request is for the page: live clients open the root of
// the login host, too.
func IsFor(r *http.Request) bool {
	if r.URL.Path != "/" {
		return r.URL.Path == Path
	}
	query := r.URL.Query()
	return query.Has("client_id") || query.Has("response_type")
}

// view is what the page shows.
type view struct {
	Style   template.CSS
	Problem string // that ends the visit
	Notice  string // above the form, which may be sent again
	Client  string
	Email   string
	Session string   // of a user who has signed in and is asked for consent
	Scopes  []string // to consent to
}

// visit is one request for the page.
type visit struct {
	clientID    uuid.UUID
	redirectURI string
	scope       string
	state       string
	hasState    bool
}

// Texts of the page of 2019, when the address is not one to sign in with.
const (
	noClientID    = "Не вказан идентифікатор додатку для авторизації"
	unknownClient = "Не знайдено додаток за вказанним ідентифікатором"
	noRoles       = "У даного користувача не має доступу"
	noScope       = "Не вказані параметри доступу до данних"
	noRedirectURI = "Не вказано адресу зворотнього визову"
)

// texts are what the page says in place of messages of the API.
var texts = map[string]string{ //nolint:gosec // words about passwords
	"User not found.": "Користувача з такою електронною адресою не знайдено.",
	"User blocked.":   "Користувача заблоковано.",
	"Identity, password combination is wrong.":                                         "Електронна адреса або пароль неправильні.",
	"You reached login attempts limit. Try again later":                                "Забагато невдалих спроб. Спробуйте пізніше.",
	"Client is not allowed to issue login token.":                                      "Цей додаток не дозволяє входити з паролем.",
	"The redirection URI provided does not match a pre-registered value.":              "Адресу, на яку треба повернутися, додаток не зареєстрував.",
	"Scope is not allowed by client type.":                                             "Тип закладу не дає всіх цих прав.",
	"User requested scope that is not allowed by role based access policies.":          "Ролі користувача не дають усіх цих прав.",
	"Requested scope is empty. Scope not passed or user has no roles or global roles.": noRoles,
}

// ServeHTTP serves the form, takes it, asks for consent, and sends the browser
// back to the client with a code.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=UTF-8")
	h.Set("X-Frame-Options", "deny")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		h.Set("Allow", "GET, HEAD, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), p.Config.Get().RequestTimeout)
	defer cancel()
	v, status, target, err := p.answer(r.WithContext(ctx))
	if err != nil {
		p.Logger.ErrorContext(r.Context(), "sign-in page failed", "error", err)
		v, status = view{Problem: "Система тимчасово недоступна. Спробуйте пізніше."}, http.StatusServiceUnavailable
	}
	if target != "" {
		h.Set("Location", target)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	v.Style = template.CSS(style) //nolint:gosec // our own file
	var body bytes.Buffer
	if err := page.Execute(&body, v); err != nil {
		p.Logger.ErrorContext(r.Context(), "sign-in page not rendered", "error", err)
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the browser may be gone
}

// answer returns what to show, or the address to send the browser to.
func (p *Page) answer(r *http.Request) (v view, status int, target string, err error) {
	s, name, problem, err := p.visit(r)
	if err != nil {
		return view{}, 0, "", err
	}
	if problem != "" {
		return view{Problem: problem}, http.StatusUnprocessableEntity, "", nil
	}
	v = view{Client: name, Email: parameter(r, "email")}
	if r.Method != http.MethodPost {
		return v, http.StatusOK, "", nil
	}
	r.Body = http.MaxBytesReader(nil, r.Body, 1<<16)
	if err := r.ParseForm(); err != nil {
		v.Notice = "Форму не вдалося прочитати."
		return v, http.StatusBadRequest, "", nil //nolint:nilerr // told on the page
	}
	if session := r.PostForm.Get("session"); session != "" {
		return p.consent(r, s, v, session)
	}
	return p.signIn(r, s, v)
}

// visit reads the address of the page. problem says what is wrong with it.
func (p *Page) visit(r *http.Request) (s visit, name, problem string, err error) {
	s = visit{redirectURI: parameter(r, "redirect_uri"), scope: parameter(r, "scope"), state: parameter(r, "state"), hasState: r.URL.Query().Has("state")}
	clientID := parameter(r, "client_id")
	if clientID == "" {
		return s, "", noClientID, nil
	}
	id, ok := envelope.ParseID(clientID)
	if !ok {
		return s, "", unknownClient, nil
	}
	s.clientID = id
	row, err := db.New().GetClient(r.Context(), p.Pool, id)
	if err := postgres.Error(err); errors.Is(err, fault.ErrNotFound) {
		return s, "", unknownClient, nil
	} else if err != nil {
		return s, "", "", fmt.Errorf("look up client: %w", err)
	}
	if s.redirectURI == "" {
		return s, "", noRedirectURI, nil
	}
	return s, row.Name, "", nil
}

// parameter of the address. The last of equal ones counts, as in the API
// (decisions R33).
func parameter(r *http.Request, name string) string {
	values := r.URL.Query()[name]
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// signIn takes the e-mail and the password.
func (p *Page) signIn(r *http.Request, s visit, v view) (view, int, string, error) {
	v.Email = r.PostForm.Get("email")
	answer, err := p.call(r, "", "/auth/login", map[string]any{"token": map[string]any{
		"grant_type": "password", "client_id": s.clientID, "email": v.Email, "password": r.PostForm.Get("password"), "scope": auth.ScopeAuthorize,
	}})
	if err != nil {
		return v, 0, "", err
	}
	if answer.status != http.StatusCreated {
		v.Notice = answer.words()
		return v, answer.status, "", nil
	}
	v.Session = answer.Data.Value
	v.Scopes = strings.Fields(s.scope)
	if len(v.Scopes) == 0 {
		var problem string
		if v.Scopes, problem, err = p.scopesOf(r.Context(), v.Email, s.clientID); err != nil {
			return v, 0, "", err
		}
		if problem != "" {
			return view{Problem: problem}, http.StatusForbidden, "", nil
		}
	}
	return v, http.StatusOK, "", nil
}

// scopesOf are all that the user's roles in the client give, cut to the client's
// type: what an address without a scope asks for. problem says why there is none.
func (p *Page) scopesOf(ctx context.Context, email string, clientID uuid.UUID) (scopes []string, problem string, err error) {
	user, err := db.New().GetUserByEmail(ctx, p.Pool, email)
	if err != nil {
		return nil, "", fmt.Errorf("look up user: %w", postgres.Error(err))
	}
	roles, err := db.New().ListRoleScopes(ctx, p.Pool, db.ListRoleScopesParams{UserID: user.ID, ClientID: clientID})
	if err != nil {
		return nil, "", fmt.Errorf("look up roles: %w", postgres.Error(err))
	}
	if len(roles) == 0 {
		return nil, noRoles, nil
	}
	client, err := db.New().GetClient(ctx, p.Pool, clientID)
	if err != nil {
		return nil, "", fmt.Errorf("look up client: %w", postgres.Error(err))
	}
	allowed := strings.Fields(client.ClientTypeScope)
	for _, scope := range strings.Fields(strings.Join(roles, " ")) {
		if len(auth.Missing([]string{scope}, allowed)) == 0 && len(auth.Missing([]string{scope}, scopes)) > 0 {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 {
		problem = noScope
	}
	return scopes, problem, nil
}

// consent takes the user's agreement.
func (p *Page) consent(r *http.Request, s visit, v view, session string) (view, int, string, error) {
	answer, err := p.call(r, session, "/oauth/apps/authorize", map[string]any{"app": map[string]any{
		"client_id": s.clientID, "redirect_uri": s.redirectURI, "scope": strings.Join(r.PostForm["scope"], " "),
	}})
	if err != nil {
		return v, 0, "", err
	}
	switch answer.status {
	case http.StatusCreated:
		// The session has served its end. When it cannot be ended now, it ends by time.
		if _, err := p.call(r, session, "/auth/logout", nil); err != nil {
			p.Logger.WarnContext(r.Context(), "session of the sign-in page not ended", "error", err)
		}
		return v, 0, s.back(answer.header.Get("Location")), nil
	case http.StatusUnauthorized: // the session has ended: sign in again
		v.Notice = answer.words()
		return v, answer.status, "", nil
	default:
		return view{Problem: answer.words()}, answer.status, "", nil
	}
}

// back adds the state to the address that has the code.
func (s visit) back(location string) string {
	if !s.hasState {
		return location
	}
	address, fragment, marked := strings.Cut(location, "#")
	address += "&state=" + url.QueryEscape(s.state)
	if marked {
		address += "#" + fragment
	}
	return address
}

// answer of the API.
type answer struct {
	status int
	header http.Header
	Data   struct{ Value string }
	Error  struct{ Message, Type string }
}

// words say to the user why the API has refused.
func (a answer) words() string {
	words := a.Error.Message
	if known, ok := texts[words]; ok {
		words = known
	} else if a.Error.Type == "password_expired" {
		words = "Строк дії пароля закінчився."
	}
	if hint := a.header.Get("X-Sandbox-Hint"); hint != "" {
		words += " (" + hint + ")"
	}
	return words
}

// call sends a request to the API, as from the browser's address.
func (p *Page) call(r *http.Request, token, path string, body any) (a answer, err error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return a, fmt.Errorf("encode the request: %w", err)
	}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, path, bytes.NewReader(raw))
	if err != nil {
		return a, fmt.Errorf("make the request: %w", err)
	}
	request.Host, request.RemoteAddr, request.RequestURI = r.Host, r.RemoteAddr, path
	request.Header.Set("Content-Type", "application/json")
	if keys := p.Config.Get().GatewayPSK; len(keys) > 0 {
		request.Header.Set("X-Custom-PSK", string(keys[0]))
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	p.API.ServeHTTP(w, request)
	a.status, a.header = w.status, w.header
	if err := json.Unmarshal(w.body.Bytes(), &a); err != nil {
		return a, fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return a, nil
}

// recorder keeps an answer of the API.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }
