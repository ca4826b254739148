package personrequests_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type object = map[string]any

// sent is the request of a case of the world.
func sent(t *testing.T, s *testkit.Server, operation, title string) world.Request {
	t.Helper()
	for _, c := range s.World.Cases {
		if c.OperationID == operation && c.Title == title {
			return c.Request
		}
	}
	require.Fail(t, "no such case", title)
	return world.Request{}
}

// created is the answer to a request of which the world says that it is made.
func created(t *testing.T, s *testkit.Server, title string) (data, urgent object) {
	t.Helper()
	r := s.Send(t, sent(t, s, "createPersonRequest", title))
	require.Equal(t, http.StatusCreated, r.Status, "%s", r.Raw)
	r.Data(t, &data)
	require.NoError(t, json.Unmarshal(r.Body.Urgent, &urgent))
	return data, urgent
}

func decoded(t *testing.T, raw []byte) (whole object) {
	t.Helper()
	require.NoError(t, json.Unmarshal(raw, &whole))
	return whole
}

// row of a query as one JSON object.
func row(t *testing.T, s *testkit.Server, query string, args ...any) object {
	t.Helper()
	rows, err := s.Pool.Query(t.Context(), "SELECT to_jsonb(found) FROM ("+query+") found", args...)
	require.NoError(t, err)
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[object])
	require.NoError(t, err)
	return found
}

func requestOf(t *testing.T, s *testkit.Server, id any) object {
	t.Helper()
	return row(t, s, "SELECT * FROM il.person_requests WHERE id = $1", id)
}

func TestCreateStoresTheRequestAndSendsACode(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	people := s.Count(t, "mpi.persons")
	body := sent(t, s, "createPersonRequest", "an adult with everything that can be told").Body.(object)
	data, urgent := created(t, s, "an adult with everything that can be told")
	require.Equal(t, people, s.Count(t, "mpi.persons"), "nobody is registered yet")

	require.Equal(t, "NEW", data["status"])
	require.Equal(t, "MIS", data["channel"])
	person := data["person"].(object)
	require.Equal(t, "roman@example.com", person["email"])
	require.Equal(t, []any{object{"type": "OTP", "phone_number": "+38093*****06"}}, person["authentication_methods"])
	require.Equal(t, object{"authentication_method_current": []any{object{"type": "OTP", "phone_number": "+38093*****06"}}}, urgent)

	stored := requestOf(t, s, data["id"])
	require.Equal(t, object{"type": "OTP", "phone_number": world.VerifiedPhone}, stored["authentication_method_current"])
	require.Equal(t, body["person"].(object)["tax_id"], stored["tax_id"])
	require.Equal(t, world.ID("clinic").String(), stored["legal_entity_id"])
	require.Equal(t, world.ID("doctor").String(), stored["inserted_by"])
	require.Nil(t, stored["mpi_id"])
	require.InDelta(t, 2, stored["version"], 0)
	kept := stored["data"].(object)["person"].(object)
	require.Equal(t, []any{object{"type": "OTP", "phone_number": world.VerifiedPhone}}, kept["authentication_methods"])
	require.Equal(t, object{"status": "NEW"}, row(t, s, "SELECT * FROM prm.audit_log WHERE resource = 'person_requests' AND resource_id = $1", data["id"])["changeset"])

	inbox, err := sms.Inbox(t.Context(), s.Pool, s.Keys, world.VerifiedPhone, 10)
	require.NoError(t, err)
	require.Len(t, inbox, 1)
}

func TestANewerRequestCancels(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	others := s.Count(t, "il.person_requests WHERE status = 'NEW'")
	const adult, children, updates = "an adult who confirms by OTP", "a child with a confidant person", "an update"
	for _, title := range []string{adult, children, updates} {
		first, _ := created(t, s, title)
		second, _ := created(t, s, title)
		require.Equal(t, "CANCELLED", requestOf(t, s, first["id"])["status"], title)
		require.Equal(t, "NEW", requestOf(t, s, second["id"])["status"], title)
	}
	require.Equal(t, others+3, s.Count(t, "il.person_requests WHERE status = 'NEW'"), "requests for other persons stay")
}

// How an update is confirmed when the client names no method, and when it does.
func TestUpdateIsConfirmedByTheMethodOfThePerson(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	for title, want := range map[string]object{
		"an update": {"type": "OTP", "phone_number": "+38093*****80"},
		"an update that is confirmed by documents":                  {"type": "OFFLINE"},
		"an update of a person who confirms by nothing":             {"type": "NA"},
		"an update of a child, which the confidant person confirms": {"type": "OTP", "phone_number": "+38093*****79"},
	} {
		data, urgent := created(t, s, title)
		require.Equal(t, []any{want}, urgent["authentication_method_current"], title)
		require.Equal(t, data["person"].(object)["id"], requestOf(t, s, data["id"])["mpi_id"], title)
	}
	data, _ := created(t, s, "an update of a child, which the confidant person confirms")
	require.Equal(t, world.ID("confidant for guarded_child").String(), data["authorize_with"])
}

// documents are the types and addresses of the scans that are asked for.
func documents(urgent object) (types, urls []string) {
	list, _ := urgent["documents"].([]any)
	for _, item := range list {
		types = append(types, item.(object)["type"].(string))
		urls = append(urls, item.(object)["url"].(string))
	}
	return types, urls
}

func TestScansAreAskedFor(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	confidant, offline := world.ID("confidant").String(), world.ID("offline_patient").String()
	for title, want := range map[string][]string{
		"an adult who confirms by OTP":                        nil,
		"an adult who confirms by documents":                  {"person.PASSPORT"},
		"a child with a confidant person":                     {"confidant_person." + confidant + ".documents_relationship.BIRTH_CERTIFICATE"},
		"a minor who is married":                              {"person.MARRIAGE_CERTIFICATE"},
		"unzr of another birth date, whose scan is asked for": {"person.unzr"},
		"a foreign birth certificate and a residence permit":  {"person.PERMANENT_RESIDENCE_PERMIT"},
	} {
		_, urgent := created(t, s, title)
		types, _ := documents(urgent)
		require.Equal(t, want, types, title)
	}
	s.Set(t, map[string]string{"THIRD_PERSON_OFFLINE": "true"})
	_, urgent := created(t, s, "a child whose third person confirms by documents, which is allowed")
	types, _ := documents(urgent)
	require.Equal(t, []string{"confidant_person." + offline + ".documents_relationship.BIRTH_CERTIFICATE", "third_person.PASSPORT"}, types)
}

// jpeg is what the type of a picture is told by.
var jpeg = []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01")

// upload sends a file to an address of an answer, on this server's host.
func upload(t *testing.T, s *testkit.Server, method, address, contentType string, content []byte) int {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+u.RequestURI(), bytes.NewReader(content))
	require.NoError(t, err)
	req.Header.Set("Content-Type", contentType)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

func TestScansAreTaken(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	before := s.Count(t, "il.media")
	_, urgent := created(t, s, "an adult who confirms by documents")
	_, urls := documents(urgent)
	address := urls[0]
	require.Equal(t, http.StatusNotFound, upload(t, s, http.MethodHead, address, "", nil))
	for what, refused := range map[string]struct {
		want        int
		address     string
		contentType string
		content     []byte
	}{
		"another type":          {http.StatusUnsupportedMediaType, address, "image/png", jpeg},
		"another content":       {http.StatusUnsupportedMediaType, address, "image/jpeg", []byte("%PDF-1.7")},
		"nothing":               {http.StatusUnsupportedMediaType, address, "image/jpeg", nil},
		"too much":              {http.StatusRequestEntityTooLarge, address, "image/jpeg", append(bytes.Clone(jpeg), make([]byte, 10<<20)...)},
		"another signature":     {http.StatusForbidden, address + "0", "image/jpeg", jpeg},
		"another file":          {http.StatusForbidden, replaceOnce(address, "PASSPORT", "NATIONAL_ID"), "image/jpeg", jpeg},
		"without any signature": {http.StatusForbidden, "http://host/media/x", "image/jpeg", jpeg},
	} {
		require.Equal(t, refused.want, upload(t, s, http.MethodPut, refused.address, refused.contentType, refused.content), what)
	}
	require.Equal(t, before, s.Count(t, "il.media"))
	require.Equal(t, http.StatusMethodNotAllowed, upload(t, s, http.MethodGet, address, "", nil))

	require.Equal(t, http.StatusOK, upload(t, s, http.MethodPut, address, "image/jpeg", jpeg))
	require.Equal(t, http.StatusOK, upload(t, s, http.MethodPut, address, "image/jpeg", jpeg), "a scan may be sent again")
	require.Equal(t, http.StatusOK, upload(t, s, http.MethodHead, address, "", nil))
	require.Equal(t, before+1, s.Count(t, "il.media"))
	require.Zero(t, s.Count(t, "il.media WHERE position($1 IN content) > 0", jpeg), "it is sealed")

	s.Clock.Set(s.Clock.Now().Add(16 * 60e9))
	require.Equal(t, http.StatusForbidden, upload(t, s, http.MethodPut, address, "image/jpeg", jpeg), "the address is good for 15 minutes")
}

func replaceOnce(text, old, with string) string {
	return string(bytes.Replace([]byte(text), []byte(old), []byte(with), 1))
}

// The checks come in the order of the page, whatever else is wrong.
func TestCreateChecksInOrder(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	r := sent(t, s, "createPersonRequest", "an adult who confirms by OTP")
	original := r.Body.(object)["person"].(object)
	person := maps.Clone(original) // the world is shared
	r.Body = object{"person": person, "patient_signed": false, "process_disclosure_data_consent": true}
	before := s.Count(t, "il.person_requests")
	edit := func(field string, value any) { person[field] = value }
	edit("birth_date", "2999-01-01")
	edit("no_tax_id", true)
	edit("addresses", []any{})
	edit("documents", append([]object{}, object{"type": "PASSPORT", "number": "АА120518", "issued_by": "РВ", "issued_at": "2999-01-02"}))
	edit("authentication_methods", []object{{"type": "OTP", "phone_number": world.SilentPhone}})
	for _, step := range []struct{ rule, repair string }{
		{"person_request.create.schema", "addresses"},
		{"person_request.create.birth_date", "birth_date"},
		{"person_request.create.tax_id_refused", "no_tax_id"},
		{"person_request.create.issued", "documents"},
		{"person_request.create.phone_verified", "authentication_methods"},
	} {
		answer := s.Send(t, r)
		require.Equal(t, []string{step.rule}, answer.Rules(), "%s", answer.Raw)
		person[step.repair] = original[step.repair]
	}
	require.Equal(t, http.StatusCreated, s.Send(t, r).Status)
	require.Equal(t, before+1, s.Count(t, "il.person_requests"), "a refusal stores nothing")
}
