package servicerequests_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func read(token, patient, id string) world.Request {
	return testkit.As(token, http.MethodGet, "/api/patients/"+world.ID(patient).String()+"/service_requests/"+world.ID(id).String(), nil)
}

func search(query string) world.Request {
	return testkit.As(otherDoctor, http.MethodGet, "/api/service_requests?"+query, nil)
}

func TestGetShowsTheDocument(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	r := srv.Send(t, read(doctor, "patient", "service request in the queue"))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var shown map[string]any
	r.Data(t, &shown)

	d := one(t, srv, queued)
	const layout = "2006-01-02T15:04:05.000Z"
	to := func(kind, name string) map[string]any {
		return map[string]any{"display_value": nil, "identifier": map[string]any{
			"type": map[string]any{"coding": []any{map[string]any{"system": "eHealth/resources", "code": kind}}}, "value": world.ID(name).String(),
		}}
	}
	inserted, reserved := d.InsertedAt.Format(layout), d.UpdatedAt.Format(layout)
	by := world.ID("doctor").String()
	piece := map[string]any{"value": 1.0, "system": "SERVICE_UNIT", "code": "PIECE", "unit": "шт"}
	require.Regexp(t, `^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$`, shown["requisition"])
	delete(shown, "requisition")
	require.Equal(t, map[string]any{
		"id": queued.String(), "status": "active", "status_reason": nil,
		"status_history": []any{map[string]any{"status": "active", "status_reason": nil, "inserted_at": inserted, "inserted_by": by}},
		"program":        to("medical_program", "medical program"), "program_processing_status": "in_queue", "program_service": nil,
		"program_processing_status_history": []any{
			map[string]any{"program_processing_status": "new", "inserted_at": inserted, "inserted_by": by},
			map[string]any{"program_processing_status": "in_queue", "inserted_at": reserved, "inserted_by": by},
		},
		"intent": "order", "priority": "routine",
		"category": map[string]any{"coding": []any{map[string]any{"system": "eHealth/SNOMED/service_request_categories", "code": "409063005"}}},
		"code":     to("service", "service"), "subject": to("patient", "patient"), "context": to("encounter", "encounter of patient"),
		"occurrence_date_time": d.Occurrence.DateTime.Format(layout),
		"requester_employee":   to("employee", "employee doctor"), "requester_legal_entity": to("legal_entity", "clinic"),
		"reason_reference": []any{to("condition", "condition of patient")},
		"note":             "Консультація кардіолога", "patient_instruction": "Взяти з собою результати аналізів",
		"quantity": piece, "remaining_quantity": piece, "expiration_date": d.ExpirationDate.Format(layout),
		"used_by_employee": to("employee", "employee doctor"), "used_by_legal_entity": to("legal_entity", "clinic"),
		"used_by_employee_history": []any{
			map[string]any{"used_by_employee": to("employee", "employee doctor"), "inserted_at": reserved, "inserted_by": by},
		},
		"used_by_legal_entity_history": []any{
			map[string]any{"used_by_legal_entity": to("legal_entity", "clinic"), "inserted_at": reserved, "inserted_by": by},
		},
		"completed_with": nil, "inserted_at": inserted, "updated_at": reserved,
	}, shown)
}

func TestGetOrder(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, c := range []struct{ title, token, patient, id, rule string }{
		{"patient before referral", doctor, "nobody", "no service request", "person"},
		{"inactive patient before referral", doctor, "inactive_patient", "no service request", "person_active"},
		{"inactive patient before access", otherDoctor, "inactive_patient", "service request of an inactive patient", "person_active"},
		{"referral before access", doctor, "stranger_patient", "no service request", "not_found"},
	} {
		t.Run(c.title, func(t *testing.T) {
			r := srv.Send(t, read(c.token, c.patient, c.id))
			require.Equal(t, []string{"service_request.get." + c.rule}, r.Rules(), "%s", r.Raw)
		})
	}
}

func TestSearchFindsByTheWholeNumber(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	var shown struct{ Requisition string }
	srv.Send(t, read(doctor, "patient", "service request in the queue")).Data(t, &shown)
	number := shown.Requisition

	raw, err := bson.MarshalExtJSON(srv.Documents(t, servicerequests.Collection)[queued], false, false)
	require.NoError(t, err)
	require.NotContains(t, string(raw), strings.ReplaceAll(number, "-", ""), "the number lies hidden")

	type item struct {
		ID, Requisition, Status string
		InsertedAt              time.Time `json:"inserted_at"`
		Identity                *struct {
			LastName   string `json:"last_name"`
			FirstName  string `json:"first_name"`
			SecondName string `json:"second_name"`
			Gender     string
			Age        int
		}
	}
	find := func(query string) ([]item, map[string]any) {
		t.Helper()
		r := srv.Send(t, search(query))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		require.Equal(t, "list", r.Body.Meta["type"])
		var found []item
		r.Data(t, &found)
		return found, r.Body.Paging
	}

	found, paging := find("requisition=" + number + "&page_size=100")
	require.Greater(t, len(found), 3)
	require.Equal(t, map[string]any{"page_number": 1.0, "page_size": 100.0, "total_entries": float64(len(found)), "total_pages": 1.0}, paging)
	for i, f := range found {
		require.Equal(t, number, f.Requisition)
		require.Equal(t, "active", f.Status)
		require.NotNil(t, f.Identity)
		require.Equal(t, "Іваненко П. М. MALE", f.Identity.LastName+" "+f.Identity.FirstName+" "+f.Identity.SecondName+" "+f.Identity.Gender)
		require.Greater(t, f.Identity.Age, 30)
		require.False(t, i > 0 && f.InsertedAt.After(found[i-1].InsertedAt), "newest first")
	}
	without, _ := find("requisition=" + strings.ReplaceAll(number, "-", "") + "&page_size=100")
	require.Equal(t, found, without)

	second, paging := find("requisition=" + number + "&page=2&page_size=1")
	require.Equal(t, found[1:2], second)
	require.Equal(t, float64(len(found)), paging["total_pages"])
	past, paging := find("requisition=" + number + "&page=100")
	require.Empty(t, past)
	require.Equal(t, float64(len(found)), paging["total_entries"])

	recalled, _ := find("requisition=" + number + "&status=" + servicerequests.Recalled)
	require.Len(t, recalled, 1)
	require.Equal(t, world.ID("recalled service request").String(), recalled[0].ID)

	for _, query := range []string{
		"requisition=" + number[:9], "requisition=" + strings.ToLower(number) + "0", "requisition=0000000000000000",
		"requisition=" + number + "&status=ACTIVE",
	} {
		nothing, paging := find(query)
		require.Empty(t, nothing, query)
		require.Equal(t, map[string]any{"page_number": 1.0, "page_size": 50.0, "total_entries": 0.0, "total_pages": 0.0}, paging)
	}

	// The master index does not know prepersons: they are found without an identity.
	srv.Change(t, servicerequests.Collection, queued, bson.D{{Key: "subject", Value: srv.Keys.PatientID(world.ID("preperson"))}})
	found, _ = find("requisition=" + number + "&page_size=100")
	for _, f := range found {
		require.Equal(t, f.ID == queued.String(), f.Identity == nil)
	}
}
