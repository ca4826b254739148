package personrequests_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/signature"
	"esoz/internal/resource/persons"
	"esoz/internal/sandbox/authority"
	"esoz/internal/sandbox/world"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/testkit"
)

// signed is the sign request of content, signed by the owner of the doctor's token.
func signed(t *testing.T, s *testkit.Server, id any, content any) world.Request {
	t.Helper()
	raw, err := json.Marshal(content)
	require.NoError(t, err)
	container := authority.New().SignBy(raw, authority.Owner{Signer: signature.Signer{DRFO: accounts.TaxID("doctor")}}, s.Clock.Now())
	return action(id, "sign", object{"signed_content": base64.StdEncoding.EncodeToString(container)})
}

// approved is the data of a request that was made and confirmed by the code of the SMS.
func approved(t *testing.T, s *testkit.Server, title, phone string) object {
	t.Helper()
	made, urgent := created(t, s, title)
	_, urls := documents(urgent)
	for _, address := range urls {
		require.Equal(t, http.StatusOK, upload(t, s, http.MethodPut, address, "image/jpeg", jpeg))
	}
	r := s.Send(t, action(made["id"], "approve", object{"verification_code": newestCode(t, s, phone)}))
	require.Equal(t, http.StatusCreated, r.Status, "%s", r.Raw)
	var data object
	r.Data(t, &data)
	data["patient_signed"] = true
	return data
}

// signs signs a request and returns the id of the person.
func signs(t *testing.T, s *testkit.Server, data object) (person string) {
	t.Helper()
	r := s.Send(t, signed(t, s, data["id"], data))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var answer object
	r.Data(t, &answer)
	require.Equal(t, data["id"], answer["id"])
	require.Equal(t, "SIGNED", answer["status"])
	return answer["person_id"].(string)
}

// find returns the ids of the persons that a search finds.
func find(t *testing.T, s *testkit.Server, person object) (ids []any) {
	t.Helper()
	query := url.Values{}
	for _, field := range []string{"first_name", "last_name", "birth_date"} {
		query.Set(field, person[field].(string))
	}
	r := s.Send(t, testkit.As(doctor, http.MethodGet, "/api/persons?"+query.Encode(), nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var found []object
	r.Data(t, &found)
	for _, one := range found {
		ids = append(ids, one["id"])
	}
	return ids
}

// patients is how many persons the medical events know.
func patients(t *testing.T, s *testkit.Server) int {
	t.Helper()
	n, err := s.Mongo.Collection(persons.Collection).CountDocuments(t.Context(), bson.D{})
	require.NoError(t, err)
	return int(n)
}

// A person is registered: creation, code, signature; then the search finds them, and
// they confirm by their phone.
func TestSignRegistersAPerson(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	data := approved(t, s, "an adult with everything that can be told", world.VerifiedPhone)
	sent := data["person"].(object)
	require.Empty(t, find(t, s, sent))
	before := patients(t, s)
	request := signed(t, s, data["id"], data)
	r := s.Send(t, request)
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var answer object
	r.Data(t, &answer)
	id := answer["person_id"].(string)

	require.Equal(t, []any{id}, find(t, s, sent))
	require.Equal(t, before+1, patients(t, s), "the medical events know the patient")
	stored := row(t, s, "SELECT * FROM mpi.persons WHERE id = $1", id)
	for field, value := range sent {
		if column, has := stored[field]; has {
			require.Equal(t, value, column, field)
		}
	}
	require.Equal(t, "active", stored["status"])
	require.Equal(t, true, stored["patient_signed"])
	require.Equal(t, "VERIFICATION_NEEDED", stored["verification_status"])
	parts := func(columns, table string) any {
		return row(t, s, "SELECT jsonb_agg(to_jsonb(p) - 'person_id') AS all FROM (SELECT "+columns+" FROM mpi."+table+" WHERE person_id = $1 ORDER BY 1) p", id)["all"]
	}
	require.Equal(t, sent["phones"], parts("type, number", "person_phones"))
	require.Len(t, parts("*", "person_addresses"), 2)
	require.Equal(t, []any{object{
		"type": "PASSPORT", "number": "АА120518", "issued_by": "Рокитнянським РВ ГУ МВС Київської області", "issued_at": "2017-02-28",
	}}, parts("type, number, issued_by, issued_at", "person_documents"))
	require.Equal(t, []any{object{"type": "OTP", "phone_number": world.VerifiedPhone, "is_active": true, "ended_at": nil}},
		parts("type, phone_number, is_active, ended_at", "person_authentication_methods"))
	streams := row(t, s, "SELECT streams FROM mpi.person_verifications WHERE person_id = $1", id)["streams"].(object)
	require.Len(t, streams, 9)
	require.Equal(t, object{"verification_status": "VERIFICATION_NEEDED", "verification_reason": "ONLINE_TRIGGERED"}, streams["mvs_passport"])
	require.Equal(t, object{"verification_status": "VERIFICATION_NOT_NEEDED", "verification_reason": "AUTO"}, streams["nhs"])

	shownStreams := s.Send(t, testkit.As(doctor, http.MethodGet, "/api/persons/"+id+"/verification", nil))
	require.Equal(t, http.StatusOK, shownStreams.Status, "%s", shownStreams.Raw)
	require.Equal(t, object{"verification_status": "VERIFICATION_NEEDED", "details": streams}, decoded(t, shownStreams.Raw)["data"])

	require.Equal(t, id, requestOf(t, s, data["id"])["mpi_id"])
	sealed := []byte{}
	require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT content FROM il.media WHERE name = $1",
		"person_requests/"+data["id"].(string)+"/signed_content").Scan(&sealed))
	kept, err := s.Keys.Open("media", sealed)
	require.NoError(t, err)
	require.Equal(t, request.Body.(object)["signed_content"], string(kept), "the content is kept as it was sent")
	require.Equal(t, []string{"person_request.sign.status"}, s.Send(t, request).Rules(), "a request is signed once")
	shown, _ := get(t, s, data["id"])
	require.Equal(t, "SIGNED", shown["status"])
	require.Equal(t, true, shown["patient_signed"])
}

// What is refused changes nothing: neither the register nor the request nor files.
func TestSignRefusesAndStoresNothing(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.With("SIGNATURE", "cms"), testkit.Idle())
	refusals := 0
	counts := func() map[string]int {
		all := map[string]int{"patients": patients(t, s)}
		for _, of := range []string{
			"mpi.persons", "mpi.person_authentication_methods", "mpi.person_documents", "mpi.person_verifications",
			"mpi.confidant_person_relationships", "il.media", "il.person_requests WHERE status = 'SIGNED'", "prm.audit_log",
		} {
			all[of] = s.Count(t, of)
		}
		return all
	}
	before := counts()
	for _, c := range s.World.Cases {
		if c.OperationID != "signPersonRequest" || len(c.Rules) == 0 || len(c.Config) > 0 {
			continue
		}
		r := s.Send(t, c.Request)
		require.GreaterOrEqual(t, r.Status, http.StatusBadRequest, c.Title)
		refusals++
	}
	require.Greater(t, refusals, 20)
	plain := signed(t, s, world.ID("person request to sign").String(), nil)
	plain.Body = object{"signed_content": base64.StdEncoding.EncodeToString([]byte("{}"))}
	require.Equal(t, []string{"person_request.sign.signed_count"}, s.Send(t, plain).Rules(), "SIGNATURE=cms takes nothing unsigned")
	require.Equal(t, before, counts())
}

// An update replaces what the person had; streams whose data stays keep their state.
func TestSignUpdatesAPerson(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	id := signs(t, s, approved(t, s, "an adult who confirms by OTP", world.VerifiedPhone))
	exec := func(query string, args ...any) {
		_, err := s.Pool.Exec(t.Context(), query, args...)
		require.NoError(t, err)
	}
	exec(`UPDATE mpi.person_verifications SET streams = jsonb_set(jsonb_set(streams, '{mvs_passport,verification_status}', '"VERIFIED"'),
		'{drfo,verification_status}', '"VERIFIED"') WHERE person_id = $1`, id)
	request := sent(t, s, "createPersonRequest", "an adult who confirms by OTP")
	person := maps.Clone(request.Body.(object)["person"].(object))
	delete(person, "authentication_methods")
	person["id"], person["tax_id"], person["email"] = id, "3305904299", "roman@example.com"
	person["phones"] = []object{{"type": "MOBILE", "number": "+380503410871"}}
	request.Body = object{"person": person, "patient_signed": false, "process_disclosure_data_consent": true}
	r := s.Send(t, request)
	require.Equal(t, http.StatusCreated, r.Status, "%s", r.Raw)
	var data object
	r.Data(t, &data)
	r = s.Send(t, action(data["id"], "approve", object{"verification_code": newestCode(t, s, world.VerifiedPhone)}))
	require.Equal(t, http.StatusCreated, r.Status, "%s", r.Raw)
	r.Data(t, &data)
	data["patient_signed"] = true
	require.Equal(t, id, signs(t, s, data))

	stored := row(t, s, "SELECT * FROM mpi.persons WHERE id = $1", id)
	require.Equal(t, "3305904299", stored["tax_id"])
	require.Equal(t, "roman@example.com", stored["email"])
	require.Equal(t, 1, s.Count(t, "mpi.person_phones WHERE person_id = $1", id))
	require.Equal(t, 1, s.Count(t, "mpi.person_documents WHERE person_id = $1", id))
	require.Equal(t, 1, s.Count(t, "mpi.person_authentication_methods WHERE person_id = $1", id), "methods stay")
	status := func(stream string) any {
		return row(t, s, "SELECT streams -> $2 -> 'verification_status' AS status FROM mpi.person_verifications WHERE person_id = $1", id, stream)["status"]
	}
	require.Equal(t, "VERIFIED", status("mvs_passport"), "the passport has not changed")
	require.Equal(t, "VERIFICATION_NEEDED", status("drfo"), "the tax number has")
}

// A child is registered with who acts and confirms for them, until they are of age.
func TestSignRegistersWhoActs(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	data := approved(t, s, "a child with a confidant person", world.ConfidantPhone)
	id := signs(t, s, data)
	born, err := time.Parse(time.DateOnly, data["person"].(object)["birth_date"].(string))
	require.NoError(t, err)
	method := row(t, s, "SELECT type, value, alias, ended_at = started_at + interval '2 years' AS in_time FROM mpi.person_authentication_methods WHERE person_id = $1", id)
	require.Equal(t, object{"type": "THIRD_PERSON", "value": world.ID("confidant").String(), "alias": "батько", "in_time": true}, method)
	relationship := row(t, s, `SELECT confidant_person_id, is_active, verification_status, verification_reason, active_to = $2::timestamptz AS to_age
		FROM mpi.confidant_person_relationships WHERE person_id = $1`, id, born.AddDate(18, 0, 0))
	require.Equal(t, object{
		"confidant_person_id": world.ID("confidant").String(), "is_active": true, "verification_status": "VERIFICATION_NEEDED",
		"verification_reason": "ONLINE_TRIGGERED", "to_age": true,
	}, relationship)
	require.Equal(t, 1, s.Count(t, `mpi.confidant_person_relationship_documents d JOIN mpi.confidant_person_relationships r ON r.id = d.relationship_id
		WHERE r.person_id = $1`, id))
	require.Equal(t, "CHANGES_NEEDED", row(t, s, "SELECT verification_status FROM mpi.persons WHERE id = $1", id)["verification_status"], "the NHS looks at the documents")
	r := s.Send(t, testkit.As(doctor, http.MethodGet, "/api/persons/"+id+"/confidant_person_relationships", nil))
	require.Contains(t, string(r.Raw), world.ID("confidant").String())
}

// An update with a document of legal capacity ends that somebody acts for the person.
func TestLegalCapacityEndsRelationships(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	exec := func(query string, args ...any) {
		_, err := s.Pool.Exec(t.Context(), query, args...)
		require.NoError(t, err)
	}
	id := world.ID("guarded_child").String()
	request := world.ID("person request to update").String()
	exec("UPDATE il.person_requests SET mpi_id = $2::uuid, data = jsonb_set(data, '{person,id}', to_jsonb($2::uuid)) WHERE id = $1", request, id)
	exec(`UPDATE il.person_requests SET data = jsonb_set(data, '{person,documents,0,type}', '"MARRIAGE_CERTIFICATE"') WHERE id = $1`, request)
	data, _ := get(t, s, request)
	data["patient_signed"] = true
	require.Equal(t, id, signs(t, s, data))
	require.Zero(t, s.Count(t, "mpi.confidant_person_relationships WHERE person_id = $1 AND is_active", id))
	require.Zero(t, s.Count(t, "mpi.person_authentication_methods WHERE person_id = $1 AND type = 'THIRD_PERSON' AND is_active", id))
	require.Equal(t, 1, s.Count(t, "mpi.person_authentication_methods WHERE person_id = $1 AND is_active", id), "own methods stay")
}

// Requests for one person that are signed at once register them once, and a limit
// holds for those who are signed at once.
func TestSignsAtOnce(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.With("PHONE_NUMBER_AUTH_LIMIT", "2"))
	const n = 6
	requests := make([]world.Request, n)
	data, _ := get(t, s, world.ID("person request to sign").String())
	for i := range requests {
		id := world.ID(fmt.Sprintf("copy %d", i)).String()
		_, err := s.Pool.Exec(t.Context(), `INSERT INTO il.person_requests SELECT (jsonb_populate_record(r, jsonb_build_object('id', $2::text))).*
			FROM il.person_requests r WHERE id = $1`, data["id"], id)
		require.NoError(t, err)
		if i%2 == 0 {
			_, err := s.Pool.Exec(t.Context(), "UPDATE il.person_requests SET data = jsonb_set(data, '{person,tax_id}', to_jsonb($2::text)) WHERE id = $1",
				id, fmt.Sprintf("330590430%d", i))
			require.NoError(t, err)
		}
		copied, _ := get(t, s, id)
		copied["patient_signed"] = true
		requests[i] = signed(t, s, id, copied)
	}
	answers := make([]*testkit.Response, n)
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() { answers[i] = s.Send(t, requests[i]) })
	}
	wait.Wait()
	registered := 0
	for _, r := range answers {
		if r.Status == http.StatusOK {
			registered++
			continue
		}
		require.Contains(t, []string{"person_request.sign.duplicate", "person_request.sign.phone_limit"}, r.Rules()[0], "%s", r.Raw)
	}
	require.Equal(t, 2, registered)
	require.Equal(t, 2, s.Count(t, "mpi.persons WHERE last_name = 'Невідомий'"))
	require.LessOrEqual(t, s.Count(t, "mpi.persons WHERE last_name = 'Невідомий' AND tax_id = '3305904222'"), 1)
}
