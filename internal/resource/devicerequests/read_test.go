package devicerequests_test

import (
	"encoding/json"
	"net/http"
	"strings"
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

func TestListFilters(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	find := func(query string) (ids []string) {
		t.Helper()
		r := srv.Send(t, testkit.As(doctor, http.MethodGet, "/api/patients/"+world.ID("patient").String()+"/device_requests?page_size=300&"+query, nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var found []struct{ ID string }
		r.Data(t, &found)
		for _, f := range found {
			ids = append(ids, f.ID)
		}
		return ids
	}
	of := func(holds func(d devicerequests.Document) bool) (ids []string) {
		for _, one := range srv.World.Documents[devicerequests.Collection] {
			d := one.(devicerequests.Document) //nolint:forcetypeassert // a collection holds one type
			if d.Subject == srv.Keys.PatientID(world.ID("patient")) && holds(d) {
				ids = append(ids, d.ID.String())
			}
		}
		return ids
	}
	every := find("")
	require.ElementsMatch(t, of(func(devicerequests.Document) bool { return true }), every)
	planned := []string{world.ID("device request of a care plan").String()}
	for _, query := range []string{
		"performer=" + world.ID("other_clinic").String(), "context_care_plan_id=" + world.ID("care plan of patient").String(),
		"based_on=" + world.ID("care plan of patient").String(), "based_on=" + world.ID("activity of the care plan").String(),
		"based_on=" + world.ID("activity of the care plan").String() + "&context_care_plan_id=" + world.ID("care plan of patient").String(),
	} {
		require.Equal(t, planned, find(query), query)
	}
	for _, query := range []string{
		"requester=" + world.ID("employee doctor").String(), "encounter=" + world.ID("encounter of patient").String(), "priority=routine",
		"context_episode_id=" + world.ID("episode of patient").String(), "requester_legal_entity=" + world.ID("clinic").String(),
	} {
		require.Equal(t, every, find(query), query)
	}
	require.ElementsMatch(t, of(func(d devicerequests.Document) bool { return d.TypeCode() != nil && *d.TypeCode() == "30221" }), find("code=30221"))
	require.ElementsMatch(t, of(func(d devicerequests.Document) bool { return d.Status == devicerequests.Revoked }), find("status=revoked"))
	require.Equal(t, []string{world.ID("device request without SMS").String()}, find("program="+world.ID("silent device program").String()))
	require.Subset(t, every, find("code_reference="+world.ID("device definition").String()))
	require.Empty(t, find("priority=urgent"))
	require.Empty(t, find("based_on="+world.ID("care plan of patient").String()+"&context_care_plan_id="+world.ID("outpatient care plan").String()))

	at := srv.World.Now.Add(-72 * time.Hour)
	recent := of(func(d devicerequests.Document) bool { return d.AuthoredOn.Equal(at) })
	require.Less(t, len(recent), len(every), "some are of two months ago")
	for field, moment := range map[string]time.Time{"authored_on": at, "occurrence_period_start": at, "occurrence_period_end": at.AddDate(0, 0, 30)} {
		const layout = "2006-01-02T15:04:05.000Z"
		require.ElementsMatch(t, recent, find(field+"_from="+moment.Format(layout)+"&"+field+"_to="+moment.Format(layout)), field)
		require.Empty(t, find(field+"_from="+moment.Add(time.Second).Format(layout)), field)
		require.Len(t, find(field+"_to="+moment.Add(-time.Second).Format(layout)), len(every)-len(recent), field)
	}
}

func TestSearchFindsByTheWholeNumber(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	find := func(number string) (ids []string, identities []string) {
		t.Helper()
		r := srv.Send(t, testkit.As(world.TokenValue("pharmacist"), http.MethodGet, "/api/device_requests?requisition="+number, nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var found []struct {
			ID       string
			Identity *struct {
				LastName string `json:"last_name"`
			}
		}
		r.Data(t, &found)
		for _, f := range found {
			ids = append(ids, f.ID)
			if f.Identity != nil {
				identities = append(identities, f.Identity.LastName)
			}
		}
		return ids, identities
	}
	number := issued.Requisition(open)
	ids, identities := find(number)
	require.Equal(t, []string{world.ID(open).String()}, ids)
	require.Equal(t, []string{"Іваненко"}, identities)
	ids, _ = find(strings.ReplaceAll(number, "-", ""))
	require.Len(t, ids, 1)
	for _, other := range []string{number[:9], number + "0", "0000000000000000"} {
		ids, _ = find(other)
		require.Empty(t, ids, other)
	}
	// The master index does not know prepersons: they are found without an identity.
	srv.Change(t, devicerequests.Collection, world.ID(open), bson.D{{Key: "subject", Value: srv.Keys.PatientID(world.ID("preperson"))}})
	ids, identities = find(number)
	require.Len(t, ids, 1)
	require.Empty(t, identities)
}

func TestContext(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	type ref struct{ Identifier struct{ Value string } }
	context := func(id string) (shown struct {
		Episode  *ref
		CarePlan *ref `json:"care_plan"`
	},
	) {
		t.Helper()
		request := read(doctor, "patient", id)
		request.Path += "/context"
		r := srv.Send(t, request)
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		r.Data(t, &shown)
		return shown
	}
	planned := context("device request of a care plan")
	require.Equal(t, world.ID("care plan of patient").String(), planned.CarePlan.Identifier.Value)
	require.Equal(t, world.ID("episode of patient").String(), planned.Episode.Identifier.Value)
	require.Nil(t, context(open).CarePlan)
	srv.Change(t, devicerequests.Collection, world.ID(open), bson.D{{Key: "context_episode_id", Value: nil}})
	require.Nil(t, context(open).Episode)
}

func TestGetOrder(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, c := range []struct{ title, token, patient, id, rule string }{
		{"patient before request", doctor, "nobody", "no device request", "person"},
		{"another patient's before access", doctor, "stranger_patient", open, "patient"},
		{"request before access", doctor, "stranger_patient", "no device request", "not_found"},
	} {
		t.Run(c.title, func(t *testing.T) {
			r := srv.Send(t, read(c.token, c.patient, c.id))
			require.Equal(t, []string{"device_request.get." + c.rule}, r.Rules(), "%s", r.Raw)
		})
	}
}
