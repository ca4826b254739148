package app_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// object is a JSON object.
type object = map[string]any

// A medical information system gets in as live ones do, and uses what they use,
// in both readings. The documented one has it ask for user:read too.
func TestLiveClientGetsIn(t *testing.T) {
	t.Parallel()
	for _, reading := range []string{"documented", "live"} {
		t.Run(reading, func(t *testing.T) {
			t.Parallel()
			s := testkit.New(t, testkit.With("READING", reading), testkit.With("GATEWAY_API_KEY", "required"), testkit.With("GATEWAY_PSK", "hosting"))
			w := &walk{Server: s, t: t, reading: reading}
			scopes := w.scopes("OWNER", "DOCTOR")
			if reading == "documented" {
				scopes = append(scopes, "user:read")
			}
			w.signIn(strings.Join(scopes, " "))
			w.staff()
			w.divisions()
			w.dictionaries()
			w.addresses()
			w.approvals()
			w.anApproval()
			w.records()
			w.referrals()
			w.devices()
			w.leave()
		})
	}
}

// walk is a client's way through the system.
type walk struct {
	*testkit.Server
	t *testing.T

	reading         string
	access, refresh string
}

// call sends a request as a live client does, and reads data.
func (w *walk) call(token, method, path string, body any, status int, data any) *testkit.Response {
	w.t.Helper()
	answer := w.send(token, method, path, body)
	require.Equal(w.t, status, answer.Status, "%s %s: %s", method, path, answer.Raw)
	if data != nil {
		answer.Data(w.t, data)
	}
	return answer
}

func (w *walk) send(token, method, path string, body any) *testkit.Response {
	w.t.Helper()
	r := testkit.As(token, method, path, body)
	return w.Send(w.t, r.Header("X-Custom-PSK", "hosting").Header("API-key", world.MISKey))
}

func (w *walk) get(path string, data any) {
	w.t.Helper()
	w.call(w.access, http.MethodGet, path, nil, http.StatusOK, data)
}

// scopes are what roles and the clinic's type share: live clients hold these lists
// and ask for all of them. user:read is in none of theirs.
func (w *walk) scopes(roles ...string) (shared []string) {
	w.t.Helper()
	list := func(query string, argument any) (scopes []string) {
		require.NoError(w.t, w.Pool.QueryRow(w.t.Context(), query, argument).Scan(&scopes))
		return scopes
	}
	ofRoles := list("SELECT array_agg(DISTINCT s) FROM mithril.roles, regexp_split_to_table(scope, ' ') s WHERE name = ANY($1)", roles)
	ofType := list(`SELECT regexp_split_to_array(t.scope, ' ') FROM mithril.client_types t JOIN mithril.clients c ON c.client_type_id = t.id
		WHERE c.id = $1`, world.ID("clinic"))
	for _, scope := range ofRoles {
		if slices.Contains(ofType, scope) && scope != "user:read" {
			shared = append(shared, scope)
		}
	}
	require.Greater(w.t, len(shared), 50)
	return shared
}

// signIn is the way from the password to an access token, with every field that a
// live client wants in the answers.
func (w *walk) signIn(scope string) {
	var session, code, token struct {
		ID        string
		Name      string
		Value     string
		UserID    string  `json:"user_id"`
		ExpiresAt float64 `json:"expires_at"`
		Details   struct {
			AppID        string `json:"app_id"`
			ClientID     string `json:"client_id"`
			RedirectURI  string `json:"redirect_uri"`
			Scope        string
			ScopeRequest string `json:"scope_request"`
			RefreshToken string `json:"refresh_token"`
		}
	}
	clinic := world.ID("clinic").String()
	w.call("", http.MethodPost, "/auth/login", object{"token": object{
		"grant_type": "password", "email": world.LoginEmail, "password": world.LoginPassword, "client_id": world.ID("mis"), "scope": "app:authorize",
	}}, http.StatusCreated, &session)

	w.call(session.Value, http.MethodPost, "/oauth/apps/authorize", object{"app": object{
		"client_id": clinic, "redirect_uri": world.RedirectURI, "scope": scope,
	}}, http.StatusCreated, &code)
	require.Equal(w.t, "authorization_code", code.Name)
	for _, id := range []string{code.ID, code.UserID, code.Details.AppID} {
		require.NoError(w.t, uuid.Validate(id))
	}
	require.Equal(w.t, clinic, code.Details.ClientID)
	require.Equal(w.t, world.RedirectURI, code.Details.RedirectURI)
	require.ElementsMatch(w.t, strings.Fields(scope), strings.Fields(code.Details.ScopeRequest))
	require.NotZero(w.t, code.ExpiresAt)

	w.call("", http.MethodPost, "/oauth/tokens", object{"token": object{
		"grant_type": "authorization_code", "code": code.Value, "redirect_uri": world.RedirectURI,
		"client_id": clinic, "client_secret": world.Secret("clinic"), "scope": scope,
	}}, http.StatusCreated, &token)
	require.Equal(w.t, code.UserID, token.UserID)
	require.Equal(w.t, clinic, token.Details.ClientID)
	require.ElementsMatch(w.t, strings.Fields(scope), strings.Fields(token.Details.Scope), "a live client refuses a scope that it does not know")
	require.NotZero(w.t, token.ExpiresAt)
	require.NotEmpty(w.t, token.Details.RefreshToken)
	w.access, w.refresh = token.Value, token.Details.RefreshToken

	var user struct {
		ID        string
		Email     string
		IsBlocked *bool `json:"is_blocked"`
		Settings  *object
	}
	w.get("/oauth/user", &user)
	require.Equal(w.t, token.UserID, user.ID)
	require.Equal(w.t, world.LoginEmail, user.Email)
	require.NotNil(w.t, user.IsBlocked)
	require.NotNil(w.t, user.Settings)
}

// staff reads what live clients read after a login, with the fields without which they
// refuse an answer.
func (w *walk) staff() {
	clinic := world.ID("clinic").String()
	wanted := func(of object, names ...string) {
		w.t.Helper()
		for _, name := range names {
			require.NotNil(w.t, of[name], name)
		}
	}
	list := func(path string) (all []object) {
		w.t.Helper()
		w.get(path+"?page=1&page_size=300", &all)
		require.NotEmpty(w.t, all, path)
		return all
	}
	ofClinic := list("/api/v2/legal_entities")
	require.Len(w.t, ofClinic, 1)
	require.Equal(w.t, clinic, ofClinic[0]["id"])
	var legalEntity object
	w.get("/api/v2/legal_entities/"+clinic, &legalEntity)
	require.Equal(w.t, ofClinic[0], legalEntity)
	wanted(legalEntity, "edrpou", "type", "status", "email", "is_active", "nhs_verified", "nhs_reviewed", "edr", "residence_address", "phones", "license",
		"inserted_at", "updated_at")
	wanted(legalEntity["edr"].(object), "id", "name", "edrpou", "kveds", "state")

	for _, e := range list("/api/employees") {
		require.Equal(w.t, true, e["is_active"])
		wanted(e, "id", "position", "employee_type", "status", "start_date", "party", "legal_entity")
		require.Regexp(w.t, `^\d{4}-\d\d-\d\d$`, e["start_date"])
		if e["employee_type"] == "DOCTOR" {
			for _, s := range e["doctor"].(object)["specialities"].([]any) {
				wanted(s.(object), "speciality", "speciality_officio", "attestation_date", "attestation_name", "certificate_number")
				require.IsType(w.t, "", s.(object)["level"])
			}
		}
		var one object
		w.get("/api/employees/"+e["id"].(string), &one)
		party := one["party"].(object)
		wanted(party, "birth_date", "tax_id")
		require.NotEmpty(w.t, party["phones"])
		require.NotEmpty(w.t, party["documents"])
		require.Contains(w.t, []string{"VERIFIED", "VERIFICATION_NEEDED", "NOT_VERIFIED"}, party["verification_status"])
	}
	for path, names := range map[string][]string{
		"/api/employee_roles":      {"healthcare_service_id", "employee_id", "start_date", "status", "is_active"},
		"/api/healthcare_services": {"division_id", "legal_entity_id", "category", "status", "is_active"},
		"/api/licenses":            {"issued_by", "issued_date", "active_from_date", "what_licensed", "order_no", "is_primary", "is_active", "inserted_by"},
		"/api/employee_requests":   {"status", "inserted_at", "edrpou", "legal_entity_name", "first_name", "last_name"},
	} {
		all := list(path)
		for _, one := range all {
			wanted(one, append(names, "id")...)
		}
		if path != "/api/licenses" { // which has no read by id
			var one object
			w.get(path+"/"+all[0]["id"].(string), &one)
			require.Equal(w.t, all[0]["id"], one["id"])
		}
	}
}

func (w *walk) divisions() {
	var all []object
	w.get("/api/divisions?page=1&page_size=300", &all)
	require.NotEmpty(w.t, all)
	var one object
	w.get("/api/divisions/"+all[0]["id"].(string), &one)
	require.Equal(w.t, all[0]["name"], one["name"])
	passing, found := w.World.Passing("createDivision")
	require.True(w.t, found)
	w.call(w.access, http.MethodPost, "/api/divisions", passing.Request.Body, http.StatusOK, nil)
}

func (w *walk) dictionaries() {
	for _, version := range []string{"", "v2/"} {
		var all []struct{ Name string }
		w.get("/api/"+version+"dictionaries?name=DIVISION_TYPE", &all)
		require.Len(w.t, all, 1)
		require.Equal(w.t, "DIVISION_TYPE", all[0].Name)
	}
}

// addresses goes from the region to the settlement, by names and by ids.
func (w *walk) addresses() {
	type place struct{ ID, Name string }
	first := func(path string, filters ...string) place {
		query := url.Values{"page_size": {"300"}}
		for i := 0; i < len(filters); i += 2 {
			query.Set(filters[i], filters[i+1])
		}
		var found []place
		w.get("/api/uaddresses/"+path+"?"+query.Encode(), &found)
		require.NotEmpty(w.t, found, path)
		return found[0]
	}
	region := first("regions", "name", "Житомирська")
	district := first("districts", "region", region.Name, "name", "Бердичівський")
	require.Equal(w.t, district, first("regions/"+region.ID+"/districts", "name", "Бердичівський"))
	settlement := first("settlements", "region", region.Name, "district", district.Name, "name", "Бердичів")
	require.Equal(w.t, settlement, first("districts/"+district.ID+"/settlements", "name", "Бердичів"))
	var one place
	w.get("/api/uaddresses/settlements/"+settlement.ID, &one)
	require.Equal(w.t, settlement, one)
	w.get("/api/uaddresses/streets?settlement_id="+settlement.ID, nil)
}

// approvals reads a patient's approvals, has an SMS sent again, and follows the job
// by the link that is printed.
func (w *walk) approvals() {
	passing, found := w.World.Passing("resendApprovalSms")
	require.True(w.t, found)
	list, _, _ := strings.Cut(passing.Request.Path, "/approvals/")
	w.get(list+"/approvals?page_size=300", nil)

	var job struct {
		Status string
		Links  []struct{ Entity, Href string }
	}
	w.call(w.access, passing.Request.Method, passing.Request.Path, []any{}, http.StatusAccepted, &job)
	require.Equal(w.t, "job", job.Links[0].Entity)
	href := job.Links[0].Href
	require.Eventually(w.t, func() bool {
		w.get(href, &job)
		return job.Status != "pending"
	}, time.Minute, 20*time.Millisecond)
	require.Equal(w.t, "processed", job.Status)
	for _, form := range []string{"/api/jobs/", "/jobs/"} {
		w.get(form+href[strings.LastIndex(href, "/")+1:], nil)
	}
}

// finished follows the job of an answer to its end.
func (w *walk) finished(answer *testkit.Response) (job object) {
	w.t.Helper()
	answer.Data(w.t, &job)
	href := job["links"].([]any)[0].(object)["href"].(string)
	require.Eventually(w.t, func() bool {
		w.send(world.TokenValue("doctor"), http.MethodGet, href, nil).Data(w.t, &job) // 303 when the job has made something
		return job["status"] != "pending"
	}, time.Minute, 20*time.Millisecond)
	require.Equal(w.t, "processed", job["status"], "%v", job)
	return job
}

// anApproval asks for an approval in the fields that live clients send, types the number of the SMS, and gives the approval
// back.
func (w *walk) anApproval() {
	doctor := world.TokenValue("doctor")
	patient := "/api/patients/" + world.ID("patient").String()
	asked, found := w.World.Passing("createApproval")
	require.True(w.t, found)
	body := maps.Clone(asked.Request.Body.(object))
	body["created_by"] = body["granted_to"]
	before, err := sms.Inbox(w.t.Context(), w.Pool, w.Keys, world.PatientPhone, 100)
	require.NoError(w.t, err)
	created := w.finished(w.call(doctor, http.MethodPost, patient+"/approvals", body, http.StatusAccepted, nil))
	id := created["response_data"].(object)["id"].(string)

	var sent []sms.Received
	require.Eventually(w.t, func() bool {
		sent, err = sms.Inbox(w.t.Context(), w.Pool, w.Keys, world.PatientPhone, 100)
		require.NoError(w.t, err)
		return len(sent) > len(before)
	}, time.Minute, 20*time.Millisecond)
	code, err := strconv.Atoi(regexp.MustCompile(`\d{4}`).FindString(sent[0].Text))
	require.NoError(w.t, err)
	w.call(doctor, http.MethodPatch, patient+"/approvals/"+id, object{"code": code}, http.StatusOK, nil)
	var approval object
	w.call(doctor, http.MethodGet, patient+"/approvals/"+id, nil, http.StatusOK, &approval)
	require.Equal(w.t, true, approval["is_verified"])
	w.finished(w.call(doctor, http.MethodPatch, patient+"/approvals/"+id+"/actions/cancel", []any{}, http.StatusAccepted, nil))
}

// records begins an episode, and lists what a patient has, as long pages.
func (w *walk) records() {
	patient := "/api/patients/" + world.ID("patient").String()
	episode, found := w.World.Passing("createEpisode")
	require.True(w.t, found)
	w.finished(w.call(world.TokenValue("doctor"), http.MethodPost, patient+"/episodes", episode.Request.Body, http.StatusAccepted, nil))
	for _, path := range []string{
		"/episodes", "/episodes/approved", "/summary/episodes", "/encounters", "/conditions", "/observations", "/diagnostic_reports", "/procedures",
		"/immunizations", "/allergy_intolerances", "/risk_assessments",
	} {
		answer := w.call(world.TokenValue("doctor"), http.MethodGet, patient+path+"?page=1&page_size=300", nil, http.StatusOK, nil)
		require.InDelta(w.t, 300, answer.Body.Paging["page_size"], 0, path)
	}
}

// leave refreshes the token and logs out.
func (w *walk) leave() {
	var token struct {
		Value   string
		Details struct {
			RefreshToken string `json:"refresh_token"`
		}
	}
	w.call("", http.MethodPost, "/oauth/tokens", object{"token": object{
		"grant_type": "refresh_token", "refresh_token": w.refresh, "client_id": world.ID("clinic"), "client_secret": world.Secret("clinic"),
	}}, http.StatusCreated, &token)
	require.NotEmpty(w.t, token.Details.RefreshToken)
	w.call(token.Value, http.MethodPost, "/auth/logout", []any{}, http.StatusOK, nil)
	w.call(token.Value, http.MethodGet, "/oauth/user", nil, http.StatusUnauthorized, nil)
}
