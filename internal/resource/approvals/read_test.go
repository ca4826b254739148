package approvals_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/operation"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/persons"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// patientWithoutApprovals is a patient of the medical events alone, so that the
// world's own approvals stay out of the lists.
func (f *fixture) patientWithoutApprovals(name string) {
	f.t.Helper()
	_, err := f.Mongo.Collection(persons.Collection).InsertOne(f.t.Context(),
		persons.Document{ID: f.Keys.PatientID(world.ID(name)), Status: persons.Active})
	require.NoError(f.t, err)
}

// declare lets a patient choose a doctor of a legal entity.
func (f *fixture) declare(patient, employee, legalEntity string) {
	f.t.Helper()
	_, err := f.Pool.Exec(f.t.Context(), `INSERT INTO ops.declarations (id, declaration_number, declaration_request_id, person_id,
		employee_id, division_id, legal_entity_id, start_date, end_date, signed_at, status, is_active, seed, created_by, updated_by,
		inserted_at, updated_at)
		VALUES ($1::uuid, $1::uuid::text, $1, $2, $5, $1, $3, $4::timestamptz, $4::timestamptz, $4::timestamptz, 'active', true, '', $1, $1, $4, $4)`,
		uuid.New(), world.ID(patient), world.ID(legalEntity), f.Clock.Now(), world.ID(employee))
	require.NoError(f.t, err)
}

func list(token, patient string, query url.Values) world.Request {
	return testkit.As(token, http.MethodGet, "/api/patients/"+world.ID(patient).String()+"/approvals?"+query.Encode(), nil)
}

func get(token, patient string, id uuid.UUID) world.Request {
	return testkit.As(token, http.MethodGet, "/api/patients/"+world.ID(patient).String()+"/approvals/"+id.String(), nil)
}

func (f *fixture) ids(r world.Request) []uuid.UUID {
	f.t.Helper()
	answer := f.Send(f.t, r)
	require.Equal(f.t, http.StatusOK, answer.Status, "%s", answer.Raw)
	require.Equal(f.t, "list", answer.Body.Meta["type"])
	var data []struct{ ID uuid.UUID }
	answer.Data(f.t, &data)
	found := make([]uuid.UUID, len(data))
	for i := range data {
		found[i] = data[i].ID
	}
	return found
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	f.patientWithoutApprovals("somebody")
	f.declare("somebody", "employee doctor", "clinic")
	resource, reason := uuid.New(), uuid.New()
	because := approvals.To("service_request", reason)
	someone := world.ID("somebody")
	at := f.Clock.Now()
	add := func(change func(d *approvals.Document)) uuid.UUID {
		at = at.Add(time.Second) // in order
		return f.add("somebody", func(d *approvals.Document) {
			d.InsertedAt = at
			change(d)
		})
	}
	plain := add(func(*approvals.Document) {})
	entities := add(func(d *approvals.Document) {
		d.GrantedResources = []approvals.Reference{approvals.To("diagnostic_report", uuid.New()), approvals.To("care_plan", resource)}
		d.IsVerified, d.Reason = true, &because
	})
	expired := add(func(d *approvals.Document) { d.ExpiresAt, d.AccessLevel = f.Clock.Now(), "write" })
	types := add(func(d *approvals.Document) {
		d.GrantedResources = nil
		d.GrantedResourceTypes = []medicalevents.CodeableConcept{medicalevents.Concept(medicalevents.Resources, "device")}
	})
	whole := add(func(d *approvals.Document) {
		d.GrantedResources = []approvals.Reference{approvals.ToPatient("patient", f.Keys.PatientID(someone))}
		d.GrantedTo = approvals.To("legal_entity", world.ID("hospital"))
	})

	for _, c := range []struct {
		query string
		want  []uuid.UUID
	}{
		{"", []uuid.UUID{plain, entities, expired, types, whole}},
		{"status=new&colour=red", []uuid.UUID{plain, entities, expired, types, whole}},
		{"granted_to=" + world.ID("hospital").String(), []uuid.UUID{whole}},
		{"granted_resources=" + resource.String(), []uuid.UUID{entities}},
		{"granted_resources=" + someone.String(), []uuid.UUID{whole}},
		{"granted_resource_type=diagnostic_report", []uuid.UUID{entities}},
		{"granted_resource_type=device", []uuid.UUID{types}},
		{"is_verified=true", []uuid.UUID{entities}},
		{"is_verified=false", []uuid.UUID{plain, expired, types, whole}},
		{"is_expired=true", []uuid.UUID{expired}},
		{"is_expired=false", []uuid.UUID{plain, entities, types, whole}},
		{"reason=" + reason.String(), []uuid.UUID{entities}},
		{"access_level=write", []uuid.UUID{expired}},
		{"is_verified=false&is_expired=false&granted_resource_type=device", []uuid.UUID{types}},
		{"page=2&page_size=2", []uuid.UUID{expired, types}},
		{"page=9&page_size=2", []uuid.UUID{}},
	} {
		query, err := url.ParseQuery(c.query)
		require.NoError(t, err)
		require.Equal(t, c.want, f.ids(list(doctor, "somebody", query)), c.query)
	}
	answer := f.Send(t, list(doctor, "somebody", url.Values{"page": {"9"}, "page_size": {"2"}}))
	require.Equal(t, map[string]any{"page_number": 9.0, "page_size": 2.0, "total_entries": 5.0, "total_pages": 3.0}, answer.Body.Paging)

	answer = f.Send(t, list(doctor, "somebody", url.Values{"granted_to": {world.ID("hospital").String()}}))
	require.Contains(t, string(answer.Raw), someone.String(), "the patient's id is shown as clients know it")
	require.NotContains(t, string(answer.Raw), f.Keys.PatientID(someone))
	require.NotContains(t, string(answer.Raw), "authentication_method_current")
	require.NotContains(t, string(answer.Raw), `"status"`)
}

func TestWhoSeesApprovals(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	f.patientWithoutApprovals("somebody")
	other := approvals.To("employee", world.ID("employee other_doctor"))
	toDoctor := f.add("somebody", nil)
	toClinic := f.add("somebody", func(d *approvals.Document) {
		d.GrantedTo, d.CreatedBy = approvals.To("legal_entity", world.ID("clinic")), other
	})
	f.add("somebody", func(d *approvals.Document) { d.GrantedTo = other }) // who asked for it sees it in Cancel alone
	foreign := f.add("somebody", func(d *approvals.Document) { d.GrantedTo, d.CreatedBy = other, other })

	require.ElementsMatch(t, []uuid.UUID{toDoctor, toClinic}, f.ids(list(doctor, "somebody", nil)))
	colleague := world.TokenValue("colleague")
	require.Equal(t, []uuid.UUID{toClinic}, f.ids(list(colleague, "somebody", nil)))
	require.Equal(t, []uuid.UUID{toClinic}, f.ids(list(colleague, "somebody", url.Values{"granted_to": {world.ID("clinic").String()}})))
	require.Empty(t, f.ids(list(colleague, "somebody", url.Values{"granted_to": {world.ID("employee doctor").String()}})), "a filter shows no more")
	require.Len(t, f.ids(list(otherDoctor, "somebody", nil)), 2)
	hospitalDoctor := world.TokenValue("hospital_doctor")
	require.Empty(t, f.ids(list(hospitalDoctor, "somebody", nil)))
	answer := f.Send(t, list(hospitalDoctor, "somebody", nil))
	require.EqualValues(t, 0, answer.Body.Paging["total_pages"])

	for _, id := range []uuid.UUID{toDoctor, toClinic} {
		require.Equal(t, "object", f.Send(t, get(doctor, "somebody", id)).Body.Meta["type"])
	}
	hides := func(token string, id uuid.UUID) {
		t.Helper()
		hidden := f.Send(t, get(token, "somebody", id))
		require.Equal(t, http.StatusOK, hidden.Status)
		require.Equal(t, "list", hidden.Body.Meta["type"])
		require.JSONEq(t, "[]", string(hidden.Body.Data))
	}
	hides(doctor, foreign)

	f.declare("somebody", "employee doctor", "clinic")
	require.Len(t, f.ids(list(doctor, "somebody", nil)), 4)
	require.Equal(t, "object", f.Send(t, get(doctor, "somebody", foreign)).Body.Meta["type"])
	require.Equal(t, []uuid.UUID{toClinic}, f.ids(list(colleague, "somebody", nil)), "the patient has chosen a colleague")
	hides(colleague, toDoctor)
}

func TestDetails(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	method, resource := uuid.New(), uuid.New()
	because := approvals.To("service_request", uuid.New())
	id := f.add("patient", func(d *approvals.Document) {
		d.GrantedResources, d.Reason, d.AuthorizeWith = []approvals.Reference{approvals.To("episode_of_care", resource)}, &because, &method
		d.ExpiresAt = time.Date(2130, 8, 2, 10, 45, 16, 0, time.UTC)
	})
	reference := func(kind string, id uuid.UUID, display string) string {
		return `{"identifier":{"type":{"coding":[{"system":"eHealth/resources","code":"` + kind + `"}]},"value":"` + id.String() + `"}` + display + `}`
	}
	doctorID, null := world.ID("employee doctor"), `,"display_value":null`
	require.JSONEq(t, `{"id":"`+id.String()+`","granted_resources":[`+reference("episode_of_care", resource, null)+`],"granted_resource_types":[],
		"granted_to":`+reference("employee", doctorID, null)+`,"created_by":`+reference("employee", doctorID, "")+`,
		"reason":`+reference("service_request", because.Identifier.Value.ID, null)+`,"is_verified":false,
		"expires_at":"2130-08-02T10:45:16.000Z","access_level":"read","authorize_with":"`+method.String()+`",
		"authentication_method_current":{"type":"OTP","number":"`+masked+`"}}`, string(f.Send(t, get(doctor, "patient", id)).Body.Data))

	id = f.add("patient", func(d *approvals.Document) { d.Urgent = nil })
	var data map[string]json.RawMessage
	f.Send(t, get(doctor, "patient", id)).Data(t, &data)
	require.JSONEq(t, "null", string(data["authentication_method_current"]))
	require.NotContains(t, data, "authorize_with")
}

func TestCleanUpDeletesUnverified(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("APPROVAL_TTL_HOURS", "12"))
	old := func(change func(d *approvals.Document)) uuid.UUID {
		return f.add("patient", func(d *approvals.Document) {
			d.InsertedAt = f.Clock.Now().Add(-12*time.Hour - time.Minute)
			if change != nil {
				change(d)
			}
		})
	}
	forgotten := old(nil)
	verified := old(func(d *approvals.Document) { d.IsVerified, d.Status = true, approvals.StateActive })
	cancelled := old(func(d *approvals.Document) { d.Status = approvals.StateCancelled })
	fresh := f.add("patient", func(d *approvals.Document) { d.InsertedAt = f.Clock.Now().Add(-12*time.Hour + time.Minute) })

	api := approvals.API{Engine: &operation.Engine{Documents: f.Mongo, Clock: f.Clock, Config: f.Config}}
	require.NoError(t, api.DeleteUnverified(t.Context()))
	var left []struct {
		ID uuid.UUID `bson:"_id"`
	}
	cursor, err := f.Mongo.Collection(approvals.Collection).Find(t.Context(),
		bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: []uuid.UUID{forgotten, verified, cancelled, fresh}}}}})
	require.NoError(t, err)
	require.NoError(t, cursor.All(t.Context(), &left))
	require.Len(t, left, 3)
	require.Equal(t, []string{"approval.resend.not_found"}, f.Send(t, resend(doctor, "patient", forgotten)).Rules())
}

func TestState(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	later := now.Add(time.Second)
	for want, d := range map[string]approvals.Document{
		approvals.StateNew:        {Status: approvals.StateNew, ExpiresAt: later},
		approvals.StateActive:     {Status: approvals.StateNew, IsVerified: true, ExpiresAt: later},
		approvals.StateExpired:    {Status: approvals.StateActive, IsVerified: true, ExpiresAt: now},
		approvals.StateCancelled:  {Status: approvals.StateCancelled, IsVerified: true, ExpiresAt: now},
		approvals.StateTerminated: {Status: approvals.StateTerminated, IsVerified: true, ExpiresAt: now},
	} {
		require.Equal(t, want, d.State(now))
	}
}
