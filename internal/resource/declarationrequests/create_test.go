package declarationrequests_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

type object = map[string]any

const declarantPhone = "+380931234641"

// asked is the body of a request for a declaration of a person with an employee of
// the clinic.
func asked(person, employee string) object {
	return object{
		"person_id": world.ID(person).String(), "employee_id": world.ID("employee " + employee).String(), "division_id": world.ID("division of the clinic").String(),
	}
}

func (f *fixture) create(body object) *testkit.Response {
	f.t.Helper()
	return f.Send(f.t, testkit.As(doctor, http.MethodPost, "/api/v3/declaration_requests", body))
}

// created returns the answer to a request that is made.
func (f *fixture) created(body object) (data object, urgent urgent) {
	f.t.Helper()
	r := f.create(body)
	require.Equal(f.t, http.StatusCreated, r.Status, "%s", r.Raw)
	r.Data(f.t, &data)
	require.NoError(f.t, json.Unmarshal(r.Body.Urgent, &urgent))
	return data, urgent
}

type urgent struct {
	Method    object `json:"authentication_method_current"`
	Documents []struct{ Type, URL string }
}

func (f *fixture) row(query string, args ...any) (found object) {
	f.t.Helper()
	return one[object](f, "SELECT to_jsonb(found) FROM ("+query+") found", args...)
}

func (f *fixture) stored(id any) object {
	return f.row("SELECT * FROM il.declaration_requests WHERE id = $1", id)
}

func TestCreateStoresTheRequestAndSendsACode(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	f.exec("SELECT setval('il.declaration_request', 1000001, false)")
	today := f.Clock.Now().UTC()
	data, urgent := f.created(asked("declarant", "doctor"))
	require.Equal(t, object{"type": "OTP", "number": "+38093*****41"}, urgent.Method)
	require.Empty(t, urgent.Documents)
	require.Equal(t, "0001-PK4M-M000", data["declaration_number"], "1000001 in the digits of the national system")
	require.Equal(t, today.Format(time.DateOnly), data["start_date"])
	require.Equal(t, today.AddDate(0, 0, 365).Format(time.DateOnly), data["end_date"])
	require.InDelta(t, 1800, data["system_declaration_limit"], 0)

	stored := f.stored(data["id"])
	kept := maps.Clone(asked("declarant", "doctor"))
	maps.Copy(kept, object{"start_date": data["start_date"], "end_date": data["end_date"], "legal_entity_id": world.ID("clinic").String()})
	require.Equal(t, kept, stored["data"])
	for column, value := range (object{
		"status": "NEW", "channel": "MIS", "is_shareable": false, "mpi_id": world.ID("declarant").String(), "declaration_id": data["declaration_id"],
		"authentication_method_current": object{"type": "OTP", "number": declarantPhone}, "documents": nil, "authorize_with": nil, "parent_declaration_id": nil,
		"data_legal_entity_id": world.ID("clinic").String(), "data_employee_id": world.ID("employee doctor").String(),
		"data_start_date_year": float64(today.Year()), "inserted_by": world.ID("doctor").String(), "data_to_be_signed": nil,
	}) {
		require.Equal(t, value, stored[column], column)
	}
	require.Len(t, f.codes(declarantPhone), 1)
	require.Equal(t, 1, one[int](f, "SELECT count(*) FROM otp.verifications WHERE resource_id = $1 AND active", data["id"]))
	require.Equal(t, object{"status": "NEW"}, f.row("SELECT changeset FROM prm.audit_log WHERE resource_id = $1", data["id"])["changeset"])
}

func TestANewerRequestCancels(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	others := f.Count(t, "il.declaration_requests WHERE status IN ('NEW', 'APPROVED')")
	first, _ := f.created(asked("declarant", "doctor"))
	second, _ := f.created(asked("declarant", "therapist"))
	cancelled := f.stored(first["id"])
	require.Equal(t, "CANCELLED", cancelled["status"])
	require.Equal(t, "request_cancelled", cancelled["status_reason"])
	require.Equal(t, "NEW", f.stored(second["id"])["status"])
	require.Equal(t, others+1, f.Count(t, "il.declaration_requests WHERE status IN ('NEW', 'APPROVED')"), "requests for other persons stay")
	require.Equal(t, 2, f.Count(t, "prm.audit_log WHERE resource_id = $1", first["id"]))
}

// Requests for one person at once leave one that is NEW.
func TestParallelRequestsForOnePerson(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() { f.create(asked("offline_declarant", "doctor")) })
	}
	wait.Wait()
	of := "il.declaration_requests WHERE mpi_id = $1"
	require.Equal(t, 8, f.Count(t, of, world.ID("offline_declarant")))
	require.Equal(t, 1, f.Count(t, of+" AND status = 'NEW'", world.ID("offline_declarant")))
	require.Equal(t, 7, f.Count(t, of+" AND status = 'CANCELLED'", world.ID("offline_declarant")))
}

// A declaration with a pediatrician ends on the day before the person grows up.
func TestTermWithAPediatrician(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	f.Set(t, map[string]string{"DECLARATION_TERM": "5400"})
	data, _ := f.created(asked("child_declarant", "pediatrician"))
	born, err := time.Parse(time.DateOnly, f.row("SELECT birth_date FROM mpi.persons WHERE id = $1", world.ID("child_declarant"))["birth_date"].(string))
	require.NoError(t, err)
	require.Equal(t, born.AddDate(18, 0, -1).Format(time.DateOnly), data["end_date"])
	require.InDelta(t, 900, data["system_declaration_limit"], 0)
	data, _ = f.created(asked("child_declarant", "doctor"))
	require.Equal(t, f.Clock.Now().UTC().AddDate(0, 0, 5400).Format(time.DateOnly), data["end_date"], "with a family doctor it goes on")
}

// What the person shows, by how the person confirms.
func TestScansOfARequest(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	scans := func(body object) (types []string) {
		_, urgent := f.created(body)
		for _, document := range urgent.Documents {
			types = append(types, document.Type)
		}
		return types
	}
	require.Equal(t, []string{"person.tax_id", "person.PASSPORT"}, scans(asked("offline_declarant", "doctor")))
	require.Equal(t, []string{"person.no_tax_id"}, scans(asked("child_declarant", "doctor")), "who has refused the tax id shows the refusal, also beside a code")
	byDocuments := asked("child_declarant", "doctor")
	byDocuments["authorize_with"] = world.ID("offline_patient for child_declarant").String()
	require.Equal(t, []string{
		"person.no_tax_id", "person.BIRTH_CERTIFICATE", "confidant_person.0.PRIMARY.RELATIONSHIP.COURT_DECISION_GUARDIANSHIP",
	}, scans(byDocuments), "one birth certificate is enough")
}

func TestScanIsSent(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	_, urgent := f.created(asked("offline_declarant", "doctor"))
	address := urgent.Documents[0].URL
	jpeg := append([]byte{0xFF, 0xD8, 0xFF, 0xE0}, make([]byte, 100)...)
	require.Equal(t, http.StatusNotFound, f.scan(http.MethodHead, address, "", nil))
	require.Equal(t, http.StatusUnsupportedMediaType, f.scan(http.MethodPut, address, "image/png", jpeg))
	require.Equal(t, http.StatusUnsupportedMediaType, f.scan(http.MethodPut, address, "image/jpeg", []byte("no image")))
	require.Equal(t, http.StatusRequestEntityTooLarge, f.scan(http.MethodPut, address, "image/jpeg", append(jpeg, make([]byte, 10<<20)...)))
	require.Equal(t, http.StatusNotFound, f.scan(http.MethodHead, address, "", nil), "nothing of it is stored")
	require.Equal(t, http.StatusOK, f.scan(http.MethodPut, address, "image/jpeg", jpeg))
	require.Equal(t, http.StatusOK, f.scan(http.MethodHead, address, "", nil))
	f.Clock.Advance(16 * time.Minute)
	require.Equal(t, http.StatusForbidden, f.scan(http.MethodPut, address, "image/jpeg", jpeg), "the address is no longer good")
}

// scan sends a scan to the address of an answer, or asks for it.
func (f *fixture) scan(method, address, kind string, content []byte) int {
	f.t.Helper()
	at, err := url.Parse(address)
	require.NoError(f.t, err)
	request, err := http.NewRequestWithContext(context.WithoutCancel(f.t.Context()), method, f.URL+at.RequestURI(), bytes.NewReader(content))
	require.NoError(f.t, err)
	request.Header.Set("Content-Type", kind)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(f.t, err)
	require.NoError(f.t, answer.Body.Close())
	return answer.StatusCode
}

// How a request is confirmed, when the client names a method and when it does not.
func TestHowARequestIsConfirmed(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	confirmed := func(body, more object) any {
		maps.Copy(body, more)
		data, urgent := f.created(body)
		stored := f.stored(data["id"])
		require.Equal(t, more["authorize_with"], stored["authorize_with"])
		require.Equal(t, more["parent_declaration_id"], stored["parent_declaration_id"])
		require.Equal(t, urgent.Method["type"], stored["authentication_method_current"].(object)["type"])
		return stored["authentication_method_current"]
	}
	require.Equal(t, object{"type": "OTP", "number": world.ConfidantPhone}, confirmed(asked("child_declarant", "doctor"), nil), "a third person by a code, before one by documents")
	require.Equal(t, object{"type": "OFFLINE"}, confirmed(asked("declarant", "doctor"), object{"authorize_with": world.ID("documents of declarant").String()}))
	parent := object{"parent_declaration_id": world.ID("declaration of carried_declarant").String()}
	require.Equal(t, object{"type": "NA"}, confirmed(asked("carried_declarant", "doctor"), parent))
	parent["authorize_with"] = world.ID("method of carried_declarant").String()
	require.Equal(t, object{"type": "OTP", "number": "+380931234643"}, confirmed(asked("carried_declarant", "doctor"), parent))
}

// A refused code leaves no request behind and cancels none.
func TestRefusedCodeStoresNothing(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("OTP_PHONE_LIMIT", "1"))
	f.created(asked("declarant", "doctor"))
	before := f.contents("il.declaration_requests")
	require.Equal(t, http.StatusTooManyRequests, f.create(asked("declarant", "doctor")).Status)
	require.Equal(t, before, f.contents("il.declaration_requests"))
	require.Len(t, f.codes(declarantPhone), 1)
}
