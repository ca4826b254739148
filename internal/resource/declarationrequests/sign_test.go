package declarationrequests_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/signature"
	"esoz/internal/sandbox/authority"
	"esoz/internal/sandbox/world"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/testkit"
)

// toSign is a request of the world that the doctor may sign, and contentOf what is to
// be signed of a stored one, after the patient has signed the form.
var toSign = world.ID("declaration request to sign")

func (f *fixture) contentOf(id any) object {
	f.t.Helper()
	content := f.stored(id)["data_to_be_signed"].(object)
	content["person"].(object)["patient_signed"] = true
	return content
}

// signed puts content into a container of the sandbox's authority.
func (f *fixture) signed(content any, drfo string) string {
	f.t.Helper()
	return base64.StdEncoding.EncodeToString(authority.New().SignBy(f.encoded(content), owner(drfo), f.Clock.Now()))
}

func owner(drfo string) authority.Owner { return authority.Owner{Signer: signature.Signer{DRFO: drfo}} }

func (f *fixture) encoded(content any) []byte {
	f.t.Helper()
	raw, err := json.Marshal(content)
	require.NoError(f.t, err)
	return raw
}

func (f *fixture) sign(id any, container string) *testkit.Response {
	f.t.Helper()
	return f.act("sign", id, object{"signed_declaration_request": container})
}

func TestSignMakesADeclarationAndEndsTheFormer(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	person, former := world.ID("person of declaration request to sign"), uuid.New()
	f.exec(`INSERT INTO ops.declarations SELECT d.* FROM ops.declarations o, jsonb_populate_record(o, jsonb_build_object(
		'id', $1::uuid, 'person_id', $2::uuid, 'declaration_number', 'former')) d WHERE o.id = $3`, former, person, world.ID("declaration of stranger_patient"))
	others := f.Count(t, "ops.declarations WHERE is_active")
	content := f.contentOf(toSign)
	container := f.signed(content, accounts.TaxID("doctor"))
	r := f.sign(toSign.String(), container)
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var data object
	r.Data(t, &data)
	require.Equal(t, content["declaration_id"], data["id"])
	require.Equal(t, "active", data["status"])

	stored := f.row("SELECT * FROM ops.declarations WHERE id = $1", data["id"])
	for _, field := range []string{"declaration_request_id", "person_id", "employee_id", "division_id", "legal_entity_id", "start_date", "end_date", "status", "is_active"} {
		require.Equal(t, data[field], stored[field], field)
	}
	require.Equal(t, toSign.String(), stored["declaration_request_id"])
	require.Equal(t, content["seed"], stored["seed"])
	require.Equal(t, content["declaration_number"], stored["declaration_number"])
	require.Nil(t, stored["reason"])
	require.Equal(t, "SIGNED", f.stored(toSign)["status"])
	ended := f.row("SELECT * FROM ops.declarations WHERE id = $1", former)
	require.Equal(t, "terminated", ended["status"])
	require.Equal(t, false, ended["is_active"])
	require.Equal(t, others, f.Count(t, "ops.declarations WHERE is_active"), "declarations of other persons stay")

	for id, status := range map[uuid.UUID]string{former: "terminated", uuid.MustParse(data["id"].(string)): "active"} {
		events := f.Events(t, id)
		require.Len(t, events, 1)
		require.Equal(t, "Declaration", events[0].EntityType)
		require.JSONEq(t, `{"status": {"new_value": "`+status+`"}}`, events[0].Properties)
		require.Equal(t, 1, f.Count(t, "prm.audit_log WHERE resource = 'declarations' AND resource_id = $1", id))
	}
	name := "declarations/" + data["id"].(string) + "/signed_content"
	kept, err := f.Keys.Open("media", one[[]byte](f, "SELECT content FROM il.media WHERE name = $1", name))
	require.NoError(t, err)
	require.Equal(t, container, base64.StdEncoding.EncodeToString(kept), "the container is kept as it was sent")

	require.Equal(t, "incorrect status", f.sign(toSign.String(), container).Body.Error.Invalid[0].Rules[0].Description, "twice")
}

// Why a declaration that is active has a reason all the same.
func TestReasonOfADeclaration(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	person := world.ID("person of declaration request to sign")
	f.exec("UPDATE mpi.persons SET no_tax_id = true WHERE id = $1", person)
	reason := func() any {
		r := f.sign(toSign.String(), f.signed(f.contentOf(toSign), accounts.TaxID("doctor")))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var data object
		r.Data(t, &data)
		f.exec("UPDATE il.declaration_requests SET status = 'APPROVED' WHERE id = $1", toSign)
		f.exec("DELETE FROM ops.declarations WHERE id = $1", data["id"])
		return data["reason"]
	}
	require.Equal(t, "no_tax_id", reason())
	f.exec(`UPDATE il.declaration_requests SET authentication_method_current = '{"type": "OFFLINE"}' WHERE id = $1`, toSign)
	require.Equal(t, "offline", reason())
}

// What is not signed as it must be is refused with the documented words, and nothing
// of it is stored.
func TestSignRefusesBadInput(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("SIGNATURE", "cms"))
	content := f.contentOf(toSign)
	good := f.signed(content, accounts.TaxID("doctor"))
	raw, err := base64.StdEncoding.DecodeString(good)
	require.NoError(t, err)
	changed := bytes.Replace(raw, []byte(`"patient_signed":true`), []byte(`"patient_signed":trye`), 1)
	require.NotEqual(t, raw, changed)
	different := maps.Clone(content)
	different["end_date"] = "2099-01-01"
	sized := func(bytes int) object {
		large := maps.Clone(content)
		large["content"] = strings.Repeat("a", bytes)
		return large
	}
	other := f.contentOf(world.ID("declaration request for a colleague to sign"))

	tables := []string{"il.declaration_requests", "ops.declarations", "event_manager.events", "prm.audit_log", "il.media"}
	before := map[string]string{}
	for _, table := range tables {
		before[table] = f.contents(table)
	}
	for name, c := range map[string]struct {
		sent   string
		status int
		rule   string
	}{
		"unsigned":                    {base64.StdEncoding.EncodeToString(f.encoded(content)), http.StatusBadRequest, "signed_count"},
		"two signatures":              {base64.StdEncoding.EncodeToString(authority.New().SignBy(raw, owner(accounts.TaxID("doctor")), f.Clock.Now())), http.StatusBadRequest, "signed_count"},
		"a foreign signer":            {f.signed(content, accounts.TaxID("colleague")), http.StatusUnprocessableEntity, "signed_drfo"},
		"a signer without a number":   {f.signed(content, ""), http.StatusUnprocessableEntity, "signed_drfo_present"},
		"a changed byte":              {base64.StdEncoding.EncodeToString(changed), http.StatusUnprocessableEntity, "signed_json"},
		"a changed value":             {f.signed(different, accounts.TaxID("doctor")), http.StatusUnprocessableEntity, "content"},
		"content of another request":  {f.signed(other, accounts.TaxID("doctor")), http.StatusUnprocessableEntity, "content"},
		"base64 with line breaks":     {good[:76] + "\r\n" + good[76:], http.StatusUnprocessableEntity, "signed_base64"},
		"more than 10 MB of content":  {f.signed(sized(10<<20), accounts.TaxID("doctor")), http.StatusRequestEntityTooLarge, "signed_size"},
		"a container of 11 MB":        {f.signed(sized(11<<20), accounts.TaxID("doctor")), http.StatusRequestEntityTooLarge, "request.too_large"},
		"content that is not JSON":    {f.signed(json.RawMessage(`"\ud800"`), accounts.TaxID("doctor")), http.StatusUnprocessableEntity, "signed_json"},
		"a patient who has signed 1x": {f.signed(json.RawMessage(strings.Replace(string(f.encoded(content)), `"patient_signed":true`, `"patient_signed":"true"`, 1)), accounts.TaxID("doctor")), http.StatusUnprocessableEntity, "patient_signed_true"},
	} {
		r := f.sign(toSign.String(), c.sent)
		require.Equal(t, c.status, r.Status, "%s: %s", name, r.Raw)
		require.Equal(t, c.rule, strings.TrimPrefix(strings.Join(r.Rules(), " "), "declaration_request.sign."), name)
		for _, table := range tables {
			require.Equal(t, before[table], f.contents(table), "%s: %s", name, table)
		}
	}
	require.Equal(t, http.StatusOK, f.sign(toSign.String(), good).Status)
}

// Of signatures and rejections at once, one wins.
func TestSignaturesAndRejectionsAtOnce(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	container := f.signed(f.contentOf(toSign), accounts.TaxID("doctor"))
	var wait sync.WaitGroup
	answers := make([]*testkit.Response, 8)
	for i := range answers {
		wait.Go(func() {
			if i%2 == 0 {
				answers[i] = f.sign(toSign.String(), container)
				return
			}
			answers[i] = f.reject(toSign)
		})
	}
	wait.Wait()
	done := 0
	for _, r := range answers {
		if r.Status == http.StatusOK {
			done++
			continue
		}
		require.Contains(t, []int{http.StatusConflict, http.StatusUnprocessableEntity}, r.Status, "%s", r.Raw)
	}
	require.Equal(t, 1, done)
	declarations := f.Count(t, "ops.declarations WHERE declaration_request_id = $1", toSign)
	require.Equal(t, map[int]any{0: "REJECTED", 1: "SIGNED"}[declarations], f.stored(toSign)["status"])
}

func (f *fixture) reject(id uuid.UUID) *testkit.Response {
	f.t.Helper()
	return f.Send(f.t, testkit.As(world.TokenValue("owner"), http.MethodPatch, "/api/v3/declaration_requests/"+id.String()+"/actions/reject", nil))
}

func TestRejectKeepsTheReason(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	for name, reason := range map[string]string{
		"declaration request to reject": "doctor_reject", "approved declaration request to reject": "doctor_reject",
		"patient's declaration request to reject": "doctor_rejected_over_limit",
	} {
		r := f.reject(world.ID(name))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var data object
		r.Data(t, &data)
		require.Equal(t, "REJECTED", data["status"])
		require.Equal(t, reason, data["status_reason"])
		stored := f.stored(world.ID(name))
		require.Equal(t, "REJECTED", stored["status"])
		require.Equal(t, reason, stored["status_reason"])
		require.Equal(t, world.ID("owner").String(), stored["updated_by"])
		require.Equal(t, 1, f.Count(t, "prm.audit_log WHERE resource_id = $1", world.ID(name)))
	}
}

// The whole life: create, send the code again, approve, sign, see it; a second
// declaration with another doctor ends the first.
func TestFromRequestToDeclaration(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("SIGNATURE", "cms"), testkit.With("SIGNATURE_TRUST", "true"))
	sign := func(employee string) (id any) {
		made, _ := f.created(asked("declarant", employee))
		require.Equal(t, http.StatusOK, f.resend(uuid.MustParse(made["id"].(string))).Status)
		r := f.approve(made["id"], f.codes(declarantPhone)[0])
		require.Equal(t, http.StatusCreated, r.Status, "%s", r.Raw)
		var approved object
		r.Data(t, &approved)
		content := approved["data_to_be_signed"].(object)
		content["person"].(object)["patient_signed"] = true
		r = f.sign(made["id"], f.signed(content, accounts.TaxID("doctor")))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var declaration object
		r.Data(t, &declaration)
		require.Equal(t, made["declaration_id"], declaration["id"])
		var found []object
		f.list("?status=SIGNED&employee_id="+world.ID("employee "+employee).String()).Data(t, &found)
		require.Equal(t, made["id"], found[0]["id"])
		return declaration["id"]
	}
	status := func(id any) any { return f.row("SELECT status FROM ops.declarations WHERE id = $1", id)["status"] }
	first := sign("doctor")
	require.Equal(t, "active", status(first))
	second := sign("therapist")
	require.Equal(t, "terminated", status(first))
	require.Equal(t, "active", status(second))
	require.Equal(t, 1, f.Count(t, "ops.declarations WHERE person_id = $1 AND is_active", world.ID("declarant")))
}

// A doctor who is dismissed while the declaration is being signed does not get it.
func TestDismissedWhileSigning(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	container := f.signed(f.contentOf(toSign), accounts.TaxID("doctor"))
	before := f.Count(t, "ops.declarations")
	dismissal, err := f.Pool.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = dismissal.Rollback(context.Background()) }) // it has been committed
	_, err = dismissal.Exec(t.Context(), "UPDATE prm.employees SET status = 'DISMISSED' WHERE id = $1", world.ID("employee doctor"))
	require.NoError(t, err)
	answered := make(chan *testkit.Response, 1)
	go func() { answered <- f.sign(toSign.String(), container) }()
	require.Eventually(t, func() bool {
		return f.Count(t, "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1
	}, time.Minute, 5*time.Millisecond, "signing waits for the dismissal")
	require.NoError(t, dismissal.Commit(t.Context()))
	r := <-answered
	require.Equal(t, []string{"declaration_request.sign.employee"}, r.Rules(), "%s", r.Raw)
	require.Equal(t, before, f.Count(t, "ops.declarations"))
}
