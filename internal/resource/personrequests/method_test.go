package personrequests_test

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/operation"
	"esoz/internal/platform/sms"
	"esoz/internal/resource/personrequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

const createMethod = "createAuthenticationMethodRequest"

// methodMade is the answer to a request of a person to change a method.
func methodMade(t *testing.T, s *testkit.Server, r world.Request) (id string, urgent object) {
	t.Helper()
	answer := s.Send(t, r)
	require.Equal(t, http.StatusCreated, answer.Status, "%s", answer.Raw)
	var data object
	answer.Data(t, &data)
	require.Equal(t, object{"id": data["id"], "status": "NEW", "channel": "MIS"}, data)
	require.NoError(t, json.Unmarshal(answer.Body.Urgent, &urgent))
	return data["id"].(string), urgent
}

// asked is the request to change a method of a person.
func asked(person string, body object) world.Request {
	return testkit.As(doctor, http.MethodPost, "/api/persons/"+world.ID(person).String()+"/authentication_method_requests", body)
}

// methodAction is an action on a request of a person.
func methodAction(person, id, name string, body any) world.Request {
	method := http.MethodPatch
	if name == "resend_otp" {
		method = http.MethodPost
	}
	return testkit.As(doctor, method, "/api/persons/"+world.ID(person).String()+"/authentication_method_requests/"+id+"/actions/"+name, body)
}

// approves approves a request by a code.
func approves(t *testing.T, s *testkit.Server, person, id string, code any) {
	t.Helper()
	answer := s.Send(t, methodAction(person, id, "approve", object{"verification_code": code}))
	require.Equal(t, http.StatusCreated, answer.Status, "%s", answer.Raw)
	var data object
	answer.Data(t, &data)
	require.Equal(t, object{"id": id, "status": "COMPLETED", "channel": "MIS"}, data)
	require.Equal(t, "COMPLETED", methodRequestOf(t, s, id)["status"])
}

func methodRequestOf(t *testing.T, s *testkit.Server, id string) object {
	t.Helper()
	return row(t, s, "SELECT * FROM il.authentication_method_requests WHERE id = $1", id)
}

// storedMethod is a request of the world, and the person of its own.
func storedMethod(name string) (person, id string) {
	return "owner of " + name, world.ID(name).String()
}

const activeMethods = "mpi.person_authentication_methods WHERE person_id = $1 AND is_active"

func TestNewPhoneTakesThePlaceOfTheOldOne(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	id, urgent := methodMade(t, s, sent(t, s, createMethod, "a new phone"))
	require.Equal(t, object{"authentication_method_current": object{"type": "OTP", "phone_number": "+38093*****80"}}, urgent)
	require.Equal(t, object{"type": "OTP", "phone_number": world.NewcomerPhone}, methodRequestOf(t, s, id)["authentication_method_current"])
	none, err := sms.Inbox(t.Context(), s.Pool, s.Keys, world.VerifiedPhone, 1)
	require.NoError(t, err)
	require.Empty(t, none, "the new phone gets no code")
	methods := s.Count(t, activeMethods, world.ID("newcomer"))

	approves(t, s, "newcomer", id, newestCode(t, s, world.NewcomerPhone))
	require.Equal(t, methods, s.Count(t, activeMethods, world.ID("newcomer")))
	made := row(t, s, "SELECT * FROM "+activeMethods, world.ID("newcomer"))
	require.Equal(t, "OTP", made["type"])
	require.Equal(t, world.VerifiedPhone, made["phone_number"])
	require.Nil(t, made["ended_at"])
	require.Equal(t, world.ID("doctor").String(), made["inserted_by"])
	former := row(t, s, "SELECT * FROM mpi.person_authentication_methods WHERE id = $1", world.ID("method of newcomer"))
	require.Equal(t, false, former["is_active"])
	require.Equal(t, made["started_at"], former["ended_at"])
	require.Equal(t, []any{"NEW", "COMPLETED"}, row(t, s, `SELECT jsonb_agg(changeset -> 'status' ORDER BY inserted_at) AS all FROM prm.audit_log
		WHERE resource = 'authentication_method_requests' AND resource_id = $1`, id)["all"])
	require.Equal(t, 1, s.Count(t, "prm.audit_log WHERE resource = 'persons' AND resource_id = $1", world.ID("newcomer")))
}

func TestDocumentsTakeThePlaceOfNothing(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	person := world.ID("cabinet_patient")
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO mpi.person_documents (person_id, type, number, issued_by, issued_at)
		VALUES ($1, 'PASSPORT', 'АА120518', 'ДМС', '2003-08-01')`, person)
	require.NoError(t, err)
	id, urgent := methodMade(t, s, sent(t, s, createMethod, "documents of a person who confirms by nothing"))
	require.Nil(t, urgent["authentication_method_current"])
	require.Contains(t, urgent, "authentication_method_current")
	types, urls := documents(urgent)
	require.Equal(t, []string{"person.PASSPORT"}, types)

	answer := s.Send(t, methodAction("cabinet_patient", id, "approve", object{}))
	require.Equal(t, []string{"authentication_method_request.approve.documents"}, answer.Rules())
	require.Equal(t, "Documents person.PASSPORT is not uploaded", answer.Body.Error.Message)
	require.Equal(t, http.StatusNotFound, upload(t, s, http.MethodHead, urls[0], "image/jpeg", nil))
	require.Equal(t, http.StatusOK, upload(t, s, http.MethodPut, urls[0], "image/jpeg", jpeg))
	approves(t, s, "cabinet_patient", id, "")
	require.Equal(t, "OFFLINE", row(t, s, "SELECT type FROM "+activeMethods, person)["type"])
}

// From codes to documents, when that is allowed: the code of the old phone and the scans are both wanted.
func TestDocumentsTakeThePlaceOfAPhone(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	s.Set(t, map[string]string{"AUTH_REQUEST_SECURITY_REDUCTION": "true"})
	id, urgent := methodMade(t, s, asked("patient", object{"action": "INSERT", "authentication_method": object{"type": "OFFLINE"}}))
	types, urls := documents(urgent)
	require.Equal(t, []string{"person.BIRTH_CERTIFICATE", "person.PASSPORT"}, types)
	for _, address := range urls {
		require.Equal(t, http.StatusOK, upload(t, s, http.MethodPut, address, "image/jpeg", jpeg))
	}
	require.Equal(t, []string{"authentication_method_request.approve.code_required"}, s.Send(t, methodAction("patient", id, "approve", object{})).Rules())
	approves(t, s, "patient", id, newestCode(t, s, world.PatientPhone))
	require.Equal(t, "OFFLINE", row(t, s, "SELECT type FROM "+activeMethods, world.ID("patient"))["type"])
	streams := row(t, s, "SELECT streams FROM mpi.person_verifications WHERE person_id = $1", world.ID("patient"))["streams"].(object)
	require.Equal(t, object{"verification_status": "NOT_VERIFIED", "verification_reason": "DOCUMENTS_TRIGGERED"}, streams["nhs"])
	require.Equal(t, "VERIFIED", streams["drfo"].(object)["verification_status"], "the other streams stay")
	require.Equal(t, "CHANGES_NEEDED", row(t, s, "SELECT verification_status FROM mpi.persons WHERE id = $1", world.ID("patient"))["verification_status"])
}

func TestThirdPersonOfAChild(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	id, urgent := methodMade(t, s, sent(t, s, createMethod, "a third person of a child who confirms by nothing"))
	require.Equal(t, object{"type": "OTP", "phone_number": "+38093*****79"}, urgent["authentication_method_current"], "the third person confirms")
	approves(t, s, "methodless_patient", id, newestCode(t, s, world.ConfidantPhone))
	made := row(t, s, "SELECT * FROM "+activeMethods+" AND type = 'THIRD_PERSON'", world.ID("methodless_patient"))
	require.Equal(t, world.ID("confidant").String(), made["value"])
	require.Equal(t, "чоловік", made["alias"])
	started, err := time.Parse(time.RFC3339, made["started_at"].(string))
	require.NoError(t, err)
	ended, err := time.Parse(time.RFC3339, made["ended_at"].(string))
	require.NoError(t, err)
	require.Equal(t, started.AddDate(2, 0, 0), ended)
	again := s.Send(t, sent(t, s, createMethod, "a third person of a child who confirms by nothing"))
	require.Equal(t, []string{"authentication_method_request.create.third_person_present"}, again.Rules())
}

// Who confirms by documents through a third person shows those of the third person.
func TestScansOfTheThirdPerson(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	_, urgent := methodMade(t, s, asked("third_person_offline_patient", object{"action": "UPDATE", "authentication_method": object{
		"id": world.ID("method of third_person_offline_patient").String(), "alias": "бабуся Ганна",
	}}))
	require.Equal(t, object{"type": "OFFLINE"}, urgent["authentication_method_current"])
	types, _ := documents(urgent)
	require.Equal(t, []string{"third_person.PASSPORT"}, types)
}

func TestAliasAndEndOfAThirdPerson(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	third := func(name string) object {
		return row(t, s, "SELECT * FROM mpi.person_authentication_methods WHERE id = $1", world.ID("third person for "+name))
	}
	const alias, end = "method request of an alias", "method request of an end"
	was := third(alias)
	person, id := storedMethod(alias)
	approves(t, s, person, id, world.LiveCode)
	is := third(alias)
	require.Equal(t, "дружина", is["alias"])
	require.Equal(t, world.ID("doctor").String(), is["updated_by"])
	for _, field := range []string{"alias", "updated_at", "updated_by"} {
		delete(was, field)
		delete(is, field)
	}
	require.Equal(t, was, is)

	person, id = storedMethod(end)
	approves(t, s, person, id, world.LiveCode)
	is = third(end)
	require.Equal(t, false, is["is_active"])
	require.Equal(t, is["updated_at"], is["ended_at"])
	require.Equal(t, 1, s.Count(t, activeMethods, world.ID(person)), "the own method stays")
}

// A newer request cancels the pending one, whose code then approves neither.
func TestNewerMethodRequestCancels(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	first, _ := methodMade(t, s, sent(t, s, createMethod, "a new phone"))
	former := newestCode(t, s, world.NewcomerPhone)
	second, _ := methodMade(t, s, sent(t, s, createMethod, "a third person of an adult"))
	require.Equal(t, "CANCELED", methodRequestOf(t, s, first)["status"])
	require.Equal(t, []string{"authentication_method_request.approve.status"}, s.Send(t, methodAction("newcomer", first, "approve", object{"verification_code": former})).Rules())
	if code := newestCode(t, s, world.NewcomerPhone); code != former {
		answer := s.Send(t, methodAction("newcomer", second, "approve", object{"verification_code": former}))
		require.Equal(t, []string{"authentication_method_request.approve.code"}, answer.Rules(), "the code of another request does not approve")
	}
	require.Equal(t, []string{"authentication_method_request.resend_otp.status"}, s.Send(t, methodAction("newcomer", first, "resend_otp", nil)).Rules())

	former = newestCode(t, s, world.NewcomerPhone)
	answer := s.Send(t, methodAction("newcomer", second, "resend_otp", nil))
	require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Raw)
	if code := newestCode(t, s, world.NewcomerPhone); code != former {
		answer := s.Send(t, methodAction("newcomer", second, "approve", object{"verification_code": former}))
		require.Equal(t, []string{"authentication_method_request.approve.code"}, answer.Rules())
	}
	approves(t, s, "newcomer", second, newestCode(t, s, world.NewcomerPhone))
	require.Equal(t, 2, s.Count(t, activeMethods, world.ID("newcomer")), "a third person takes nobody's place")
}

// Of creations at once each cancels the one before: one request waits.
func TestMethodRequestsAtOnce(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	request := sent(t, s, createMethod, "a new phone")
	var wait sync.WaitGroup
	answers := make([]*testkit.Response, 8)
	for i := range answers {
		wait.Go(func() { answers[i] = s.Send(t, request) })
	}
	wait.Wait()
	for _, r := range answers {
		require.Equal(t, http.StatusCreated, r.Status, "%s", r.Raw)
	}
	count := func(status string) int {
		return s.Count(t, "il.authentication_method_requests WHERE person_id = $1 AND status = $2", world.ID("newcomer"), status)
	}
	require.Equal(t, 1, count("NEW"))
	require.Equal(t, len(answers)-1, count("CANCELED"))
}

// Of approvals at once with the right code one comes first; the others find the request completed, and not the code used.
func TestMethodApprovalsAtOnce(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	person, id := storedMethod("method request of a third person")
	var wait sync.WaitGroup
	answers := make([]*testkit.Response, 8)
	for i := range answers {
		wait.Go(func() {
			answers[i] = s.Send(t, methodAction(person, id, "approve", object{"verification_code": world.LiveCode}))
		})
	}
	wait.Wait()
	approved := 0
	for _, r := range answers {
		if r.Status == http.StatusCreated {
			approved++
			continue
		}
		require.Equal(t, []string{"authentication_method_request.approve.status"}, r.Rules(), "%s", r.Raw)
	}
	require.Equal(t, 1, approved)
	require.Equal(t, 1, s.Count(t, activeMethods+" AND type = 'THIRD_PERSON'", world.ID(person)))
}

// Who is to be looked at by the National Health Service after a change of methods.
func TestMethodRequestsAskForVerification(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	const name = "method request of a third person"
	for what, test := range map[string]struct {
		set   string
		asked bool
	}{
		"a tax id that fits":             {"no_tax_id = false, tax_id = '2928304210', gender = 'MALE'", false},
		"a tax id of a woman":            {"no_tax_id = false, tax_id = '2928304200', gender = 'MALE'", true},
		"a tax id of another birth date": {"no_tax_id = false, tax_id = '2928404210', gender = 'MALE'", true},
		"a refused tax id":               {"no_tax_id = true, tax_id = NULL", true},
		"no tax id":                      {"no_tax_id = false, tax_id = NULL", false},
	} {
		require.NoError(t, s.World.Seed(t.Context(), s.Pool, s.Mongo))
		person, id := storedMethod(name)
		_, err := s.Pool.Exec(t.Context(), "UPDATE mpi.persons SET "+test.set+" WHERE id = $1", world.ID(person))
		require.NoError(t, err)
		approves(t, s, person, id, world.LiveCode)
		asked := s.Count(t, "mpi.person_verifications WHERE person_id = $1 AND streams -> 'nhs' ->> 'verification_status' = 'NOT_VERIFIED'", world.ID(person))
		require.Equal(t, test.asked, asked == 1, what)
		status := row(t, s, "SELECT verification_status FROM mpi.persons WHERE id = $1", world.ID(person))["verification_status"]
		require.Equal(t, map[bool]string{false: "VERIFIED", true: "CHANGES_NEEDED"}[test.asked], status, what)
	}
}

// A request that is not approved in time expires, and the data of all of them goes.
func TestOldMethodRequestsAreForgotten(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle(), testkit.Still())
	waiting, urgent := methodMade(t, s, sent(t, s, createMethod, "a new phone in place of documents"))
	_, urls := documents(urgent)
	require.Equal(t, http.StatusOK, upload(t, s, http.MethodPut, urls[0], "image/jpeg", jpeg))
	person, completed := storedMethod("method request of a third person")
	approves(t, s, person, completed, world.LiveCode)
	began := s.Clock.Now()
	clean := func(age time.Duration) {
		s.Clock.Set(began.Add(age))
		api := personrequests.API{Engine: &operation.Engine{Config: s.Config, Clock: s.Clock}, Store: personrequests.Store{Pool: s.Pool}}
		require.NoError(t, api.Clean(t.Context()))
	}
	gone := func(id, status string) {
		t.Helper()
		stored := methodRequestOf(t, s, id)
		require.Equal(t, status, stored["status"])
		for _, column := range []string{"authentication_method", "authentication_method_current", "documents"} {
			require.Nil(t, stored[column], column)
		}
	}
	const day = 24 * time.Hour
	clean(10*day - time.Second)
	require.Equal(t, "NEW", methodRequestOf(t, s, waiting)["status"])
	clean(10*day + time.Second)
	gone(waiting, "EXPIRED")
	require.Zero(t, s.Count(t, "il.media WHERE name LIKE '%' || $1 || '%'", waiting))
	require.Equal(t, 1, s.Count(t, "prm.audit_log WHERE resource_id = $1 AND changeset ->> 'status' = 'EXPIRED'", uuid.MustParse(waiting)))
	require.Equal(t, []string{"authentication_method_request.approve.status"}, s.Send(t, methodAction("offline_patient", waiting, "approve", object{})).Rules())
	require.NotNil(t, methodRequestOf(t, s, completed)["authentication_method"])
	clean(30*day + time.Second)
	gone(completed, "COMPLETED")
}
