package devicerequests_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/sandbox/world"
	issued "esoz/internal/sandbox/world/devicerequests"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const open = "device request to be dispensed"

var doctor = world.TokenValue("doctor")

func read(token, patient, id string) world.Request {
	return testkit.As(token, http.MethodGet, "/api/patients/"+world.ID(patient).String()+"/device_requests/"+world.ID(id).String(), nil)
}

// details are what a request shows beside its answer.
type details struct {
	Data struct {
		Status            string
		RemainingQuantity *struct {
			Value float64
			Unit  string
		} `json:"remaining_quantity"`
	}
	Urgent struct {
		Method *struct {
			Type        string
			PhoneNumber string `json:"phone_number"`
		} `json:"authentication_method_current"`
		VerificationCode string `json:"verification_code"`
	}
}

func detailsOf(t *testing.T, srv *testkit.Server, patient, id string) details {
	t.Helper()
	r := srv.Send(t, read(doctor, patient, id))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var d details
	require.NoError(t, json.Unmarshal(r.Raw, &d))
	return d
}

func TestGetShowsTheDocument(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	r := srv.Send(t, read(doctor, "patient", open))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var shown map[string]any
	r.Data(t, &shown)

	const layout = "2006-01-02T15:04:05.000Z"
	to := func(kind, name string, display any) map[string]any {
		return map[string]any{"display_value": display, "identifier": map[string]any{
			"type": map[string]any{"coding": []any{map[string]any{"system": "eHealth/resources", "code": kind}}}, "value": world.ID(name).String(),
		}}
	}
	at := srv.World.Now.Add(-72 * time.Hour)
	definition := to("device_definition", "device definition", nil)
	delete(definition, "display_value")
	ten := map[string]any{"value": 10.0, "system": "device_unit", "code": "piece", "unit": "шт"}
	last := at.AddDate(0, 0, 30)
	require.Equal(t, map[string]any{
		"id": world.ID(open).String(), "requisition": issued.Requisition(open), "status": "active", "intent": "order", "priority": "routine",
		"code_reference": definition, "quantity": ten, "remaining_quantity": ten,
		"subject": to("patient", "patient", nil), "encounter": to("encounter", "encounter of patient", nil),
		"requester":              to("employee", "employee doctor", "Коваль Олена Петрівна"),
		"requester_legal_entity": to("legal_entity", "clinic", "Амбулаторія «Верба»"),
		"reason":                 []any{to("condition", "condition of patient", nil)},
		"program":                to("medical_program", "device program", "Доступні медичні вироби"),
		"note":                   "Навчити користуватися глюкометром", "authored_on": at.Format(layout),
		"occurrence_period": map[string]any{"start": at.Format(layout), "end": last.Format(layout)},
		"dispense_valid_to": last.Format(time.DateOnly) + "T23:59:59.000Z",
		"inserted_at":       at.Format(layout), "updated_at": at.Format(layout),
	}, shown)

	raw, err := bson.MarshalExtJSON(srv.Documents(t, devicerequests.Collection)[world.ID(open)], false, false)
	require.NoError(t, err)
	require.NotContains(t, string(raw), issued.Code(world.ID(open)), "the code lies hidden")
}

// What remains is the quantity without what completed dispenses have handed over.
func TestRemainingQuantity(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	const dispensed = "device request of completed device dispense"
	d := detailsOf(t, srv, "patient", dispensed)
	require.Equal(t, devicerequests.Completed, d.Data.Status)
	require.Zero(t, d.Data.RemainingQuantity.Value)
	require.Equal(t, "шт", d.Data.RemainingQuantity.Unit)

	srv.Change(t, devicedispenses.Collection, world.ID("completed device dispense"), bson.D{{Key: "details.0.quantity.value", Value: 4.0}})
	require.InDelta(t, 6, detailsOf(t, srv, "patient", dispensed).Data.RemainingQuantity.Value, 0)
	srv.Change(t, devicedispenses.Collection, world.ID("completed device dispense"), bson.D{{Key: "status", Value: devicedispenses.Stopped}})
	require.InDelta(t, 10, detailsOf(t, srv, "patient", dispensed).Data.RemainingQuantity.Value, 0)

	srv.Change(t, devicerequests.Collection, world.ID(dispensed), bson.D{{Key: "quantity", Value: nil}})
	require.Nil(t, detailsOf(t, srv, "patient", dispensed).Data.RemainingQuantity)
}

// The code is shown when the patient got no SMS.
func TestUrgent(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, c := range []struct {
		patient, id, method, phone string
		code                       bool
	}{
		{"patient", open, "OTP", "+38093*****74", false},
		{"patient", "device request without SMS", "OTP", "+38093*****74", true},
		{"patient", "device request of a care plan", "OTP", "+38093*****74", false},
		{"patient", "device request that names no method of its patient", "", "", false},
		{"offline_patient", "device request of offline_patient", "OFFLINE", "", true},
		{"third_person_patient", "device request that informs another person", "THIRD_PERSON", "", false},
		{"methodless_patient", "device request of methodless_patient", "", "", false},
	} {
		d := detailsOf(t, srv, c.patient, c.id)
		if c.method == "" {
			require.Nil(t, d.Urgent.Method, c.id)
		} else {
			require.Equal(t, c.method+c.phone, d.Urgent.Method.Type+d.Urgent.Method.PhoneNumber, c.id)
		}
		code := ""
		if c.code {
			code = issued.Code(world.ID(c.id))
		}
		require.Equal(t, code, d.Urgent.VerificationCode, c.id)
	}
}
