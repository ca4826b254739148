package personrequests_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

var doctor = world.TokenValue("doctor")

func action(id any, name string, body any) world.Request {
	method, path := http.MethodPatch, "/api/v2/person_requests/"
	if name == "resend_otp" {
		method, path = http.MethodPost, "/api/person_requests/"
	}
	return testkit.As(doctor, method, path+id.(string)+"/actions/"+name, body)
}

func get(t *testing.T, s *testkit.Server, id any) (data, whole object) {
	t.Helper()
	r := s.Send(t, testkit.As(doctor, http.MethodGet, "/api/v2/person_requests/"+id.(string), nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	r.Data(t, &data)
	return data, decoded(t, r.Raw)
}

// newestCode is the code of the last SMS to a phone.
func newestCode(t *testing.T, s *testkit.Server, phone string) string {
	t.Helper()
	inbox, err := sms.Inbox(t.Context(), s.Pool, s.Keys, phone, 1)
	require.NoError(t, err)
	require.Len(t, inbox, 1)
	return inbox[0].Text[strings.LastIndexByte(inbox[0].Text, ' ')+1:]
}

// From the creation to the approval: the code of the SMS and the scan are asked for,
// the former codes are dead, and what is to be signed stays as it is.
func TestApproveByTheCodeOfTheSMS(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	made, urgent := created(t, s, "unzr of another birth date, whose scan is asked for")
	id := made["id"]
	_, urls := documents(urgent)
	data, whole := get(t, s, id)
	require.Equal(t, made, data, "a read shows what the creation showed")
	require.Equal(t, urgent["authentication_method_current"], whole["urgent"].(object)["authentication_method_current"])

	first := newestCode(t, s, world.VerifiedPhone)
	r := s.Send(t, action(id, "resend_otp", nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	second := newestCode(t, s, world.VerifiedPhone)
	if first != second {
		r = s.Send(t, action(id, "approve", object{"verification_code": first}))
		require.Equal(t, []string{"person_request.approve.code"}, r.Rules())
		require.Equal(t, "forbidden", r.Body.Error.Type)
	}
	r = s.Send(t, action(id, "approve", object{"verification_code": second}))
	require.Equal(t, []string{"person_request.approve.documents"}, r.Rules(), "%s", r.Raw)
	require.Equal(t, "Documents person.unzr is not uploaded", r.Body.Error.Message)
	require.Equal(t, "NEW", requestOf(t, s, id)["status"])

	require.Equal(t, http.StatusOK, upload(t, s, http.MethodPut, urls[0], "image/jpeg", jpeg))
	r = s.Send(t, action(id, "approve", object{"verification_code": second}))
	require.Equal(t, http.StatusCreated, r.Status, "a refusal leaves the right code alive: %s", r.Raw)
	var used bool
	require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT count(*) = 1 FROM otp.verifications WHERE resource_id = $1 AND status = 'verified' AND NOT active", id).Scan(&used))
	require.True(t, used)
	var approved object
	r.Data(t, &approved)
	require.Contains(t, approved["content"], "Заєць Роман Маркович")
	require.NotContains(t, decoded(t, r.Raw), "urgent")

	data, whole = get(t, s, id)
	require.Equal(t, approved, data, "a read shows what is to be signed")
	require.NotContains(t, whole, "urgent")
	delete(approved, "content")
	made["status"] = "APPROVED"
	require.Equal(t, made, approved, "nothing else has changed")
	require.Equal(t, []any{"NEW", "APPROVED"}, row(t, s, `SELECT jsonb_agg(changeset -> 'status' ORDER BY inserted_at) AS all FROM prm.audit_log
		WHERE resource = 'person_requests' AND resource_id = $1`, id)["all"])
	require.Equal(t, []string{"person_request.approve.status"}, s.Send(t, action(id, "approve", object{"verification_code": 1232})).Rules())
	require.Equal(t, []string{"person_request.resend_otp.status"}, s.Send(t, action(id, "resend_otp", nil)).Rules())
}

// The form is HTML that a person reads: what was sent stands there as text.
func TestFormEscapes(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	r := sent(t, s, "createPersonRequest", "an adult who confirms by documents")
	body := r.Body.(object)
	person := object{}
	for field, value := range body["person"].(object) {
		person[field] = value
	}
	person["birth_country"] = "<script>alert(1)</script>"
	r.Body = object{"person": person, "patient_signed": false, "process_disclosure_data_consent": true}
	answer := s.Send(t, r)
	require.Equal(t, http.StatusCreated, answer.Status, "%s", answer.Raw)
	var made object
	answer.Data(t, &made)
	_, urls := documents(decoded(t, answer.Raw)["urgent"].(object))
	require.Equal(t, http.StatusOK, upload(t, s, http.MethodPut, urls[0], "image/jpeg", jpeg))
	answer = s.Send(t, action(made["id"], "approve", nil))
	require.Equal(t, http.StatusCreated, answer.Status, "%s", answer.Raw)
	answer.Data(t, &made)
	require.Contains(t, made["content"], "&lt;script&gt;")
	require.NotContains(t, made["content"], "<script>")
}

// Of an approval and rejections at once, one of them comes first, and the status is
// never one that no way leads to.
func TestActionsAtOnce(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	id := world.ID("person request by documents").String()
	var wait sync.WaitGroup
	answers := make([]*testkit.Response, 8)
	for i := range answers {
		wait.Go(func() {
			answers[i] = s.Send(t, action(id, []string{"reject", "approve"}[i%2], nil))
		})
	}
	wait.Wait()
	done := map[string]int{}
	for i, r := range answers {
		if r.Status < http.StatusBadRequest {
			done[[]string{"reject", "approve"}[i%2]]++
			continue
		}
		require.Equal(t, http.StatusConflict, r.Status, "%s", r.Raw)
		require.Equal(t, "Invalid transition", r.Body.Error.Message)
	}
	require.Equal(t, 1, done["reject"])
	require.LessOrEqual(t, done["approve"], 1)
	require.Equal(t, "REJECTED", requestOf(t, s, id)["status"])
	require.Equal(t, done["reject"]+done["approve"], s.Count(t, "prm.audit_log WHERE resource = 'person_requests' AND resource_id = $1", id))
}

// Of approvals at once with the right code one comes first; the others find the
// request approved, and not the code used.
func TestApprovalsAtOnce(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	id := world.ID("person request with a code").String()
	var wait sync.WaitGroup
	answers := make([]*testkit.Response, 8)
	for i := range answers {
		wait.Go(func() { answers[i] = s.Send(t, action(id, "approve", object{"verification_code": world.LiveCode})) })
	}
	wait.Wait()
	approved := 0
	for _, r := range answers {
		if r.Status == http.StatusCreated {
			approved++
			continue
		}
		require.Equal(t, []string{"person_request.approve.status"}, r.Rules(), "%s", r.Raw)
	}
	require.Equal(t, 1, approved)
}

func TestListIsNewestFirstAndOwn(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	first, _ := created(t, s, "an adult who confirms by OTP")
	s.Clock.Set(s.Clock.Now().Add(1e9))
	second, _ := created(t, s, "a child with a confidant person")
	list := func(query string) (found []object, paging object) {
		r := s.Send(t, testkit.As(doctor, http.MethodGet, "/api/person_requests"+query, nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		r.Data(t, &found)
		return found, decoded(t, r.Raw)["paging"].(object)
	}
	found, paging := list("?status=NEW")
	require.Equal(t, second["id"], found[0]["id"])
	require.Equal(t, object{
		"id": first["id"], "status": "NEW", "version": 2.0, "person": object{"first_name": "Роман", "last_name": "Заєць", "second_name": "Маркович"},
	}, found[1])
	own := "il.person_requests WHERE legal_entity_id = $1"
	require.EqualValues(t, s.Count(t, own+" AND status = 'NEW'", world.ID("clinic")), paging["total_entries"])
	_, paging = list("?page=50")
	require.EqualValues(t, s.Count(t, own+" AND status <> 'EXPIRED'", world.ID("clinic")), paging["total_entries"], "a page past the end tells the number, too")
}
