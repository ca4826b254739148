package devicedispenses_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

var doctor = world.TokenValue("doctor")

func TestGetShowsTheDocument(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	r := srv.Send(t, testkit.As(pharmacist, http.MethodGet, "/api/patients/"+world.ID("patient").String()+"/device_dispenses/"+begun.String(), nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var shown map[string]any
	r.Data(t, &shown)

	sent := func(kind, name string) map[string]any {
		return map[string]any{"identifier": map[string]any{
			"type": map[string]any{"coding": []any{map[string]any{"system": "eHealth/resources", "code": kind}}}, "value": world.ID(name).String(),
		}}
	}
	to := func(kind, name string, display any) map[string]any {
		reference := sent(kind, name)
		reference["display_value"] = display
		return reference
	}
	at := one(t, srv, begun).InsertedAt.Format("2006-01-02T15:04:05.000Z")
	by := world.ID("pharmacist").String()
	require.Equal(t, map[string]any{
		"id": begun.String(), "status": "in_progress", "subject": to("patient", "patient", nil), "primary_source": true,
		"based_on":               to("device_request", "device request of device dispense in progress", nil),
		"performer":              to("employee", "employee pharmacist", "Мельничук Ольга Богданівна"),
		"location":               to("division", "division of the pharmacy", "Аптека «Подорожник» №1"),
		"performer_legal_entity": to("legal_entity", "pharmacy", "Аптека «Подорожник»"),
		"program":                to("medical_program", "device program", "Доступні медичні вироби"),
		"note":                   "Видати разом з інструкцією",
		"details": []any{map[string]any{
			"device": sent("device_definition", "device definition"), "program_device": to("program_device", "program device", nil),
			"quantity":   map[string]any{"value": 10.0, "system": "device_unit", "code": "piece", "unit": "шт"},
			"sell_price": 18.65, "discount_amount": 150.0, "reimbursement_amount": 450.0,
		}},
		"inserted_at": at, "inserted_by": by, "updated_at": at, "updated_by": by,
	}, shown)
}

// Each filter finds the one dispense that has what is asked for; the ends of a
// period belong to it.
func TestListFilters(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	patient := world.ID("methodless_patient")
	at := time.Date(2023, 8, 2, 10, 45, 16, 0, time.UTC)
	ids := map[string]uuid.UUID{}
	for _, name := range []string{
		"based_on", "performer_legal_entity", "location", "performer", "part_of", "encounter", "program", "device",
		"context_episode_id", "origin_episode_id",
	} {
		ids[name] = uuid.MustParse(uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)).String())
	}
	to := func(kind, name string) *medicalevents.Reference {
		reference := medicalevents.To(kind, ids[name])
		return &reference
	}
	code := medicalevents.Concept("device_definition_classification_type", "30201")
	quantity := medicalevents.Quantity{Value: 1, System: "device_unit", Code: "piece"}
	plain := devicedispenses.Document{
		ID: uuid.New(), Subject: srv.Keys.PatientID(patient), Status: devicedispenses.Completed, WhenHandedOver: &at,
		PerformerLegalEntity: to("legal_entity", "performer_legal_entity"),
		Details:              []devicedispenses.Detail{{DeviceCode: &code, Quantity: quantity}}, InsertedAt: at, UpdatedAt: at,
	}
	later := at.Add(time.Hour)
	episode, origin := ids["context_episode_id"], ids["origin_episode_id"]
	full := devicedispenses.Document{
		ID: uuid.New(), Subject: plain.Subject, Status: devicedispenses.Declined, WhenHandedOver: &later,
		BasedOn: to("device_request", "based_on"), Performer: to("employee", "performer"), Location: to("division", "location"),
		Program: to("medical_program", "program"), PartOf: to("procedure", "part_of"), Encounter: to("encounter", "encounter"),
		ContextEpisodeID: &episode, OriginEpisodeID: &origin,
		Details: []devicedispenses.Detail{
			{Device: &medicalevents.Reference{}, Quantity: quantity}, {Device: to("device_definition", "device"), Quantity: quantity},
		},
		InsertedAt: later, UpdatedAt: later,
	}
	_, err := srv.Mongo.Collection(devicedispenses.Collection).InsertMany(t.Context(), []any{full, plain})
	require.NoError(t, err)

	find := func(query url.Values) ([]string, map[string]any) {
		t.Helper()
		r := srv.Send(t, testkit.As(doctor, http.MethodGet, "/api/patients/"+patient.String()+"/device_dispenses?"+query.Encode(), nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var data []struct{ ID string }
		r.Data(t, &data)
		found := []string{}
		for _, d := range data {
			found = append(found, d.ID)
		}
		return found, r.Body.Paging
	}
	first, second := plain.ID.String(), full.ID.String()
	both, none := []string{first, second}, []string{}
	for _, c := range []struct {
		title string
		query map[string]string
		found []string
	}{
		{"no filter, oldest first", nil, both},
		{"based_on", map[string]string{"based_on": ids["based_on"].String()}, []string{second}},
		{"location", map[string]string{"location": ids["location"].String()}, []string{second}},
		{"performer", map[string]string{"performer": ids["performer"].String()}, []string{second}},
		{"performer_legal_entity", map[string]string{"performer_legal_entity": ids["performer_legal_entity"].String()}, []string{first}},
		{"part_of", map[string]string{"part_of": ids["part_of"].String()}, []string{second}},
		{"encounter", map[string]string{"encounter": ids["encounter"].String()}, []string{second}},
		{"program", map[string]string{"program": ids["program"].String()}, []string{second}},
		{"device, in any detail", map[string]string{"device": ids["device"].String()}, []string{second}},
		{"device_code", map[string]string{"device_code": "30201"}, []string{first}},
		{"context_episode_id", map[string]string{"context_episode_id": episode.String()}, []string{second}},
		{"origin_episode_id", map[string]string{"origin_episode_id": origin.String()}, []string{second}},
		{"status", map[string]string{"status": "completed"}, []string{first}},
		{"handed over from", map[string]string{"when_handed_over_from": "2023-08-02T10:45:16.001Z"}, []string{second}},
		{"handed over to", map[string]string{"when_handed_over_to": "2023-08-02T10:45:16Z"}, []string{first}},
		{"inserted from, in another zone", map[string]string{"inserted_at_from": "2023-08-02T14:45:16.000+03:00"}, []string{second}},
		{"inserted in a moment", map[string]string{"inserted_at_from": "2023-08-02T10:45:16Z", "inserted_at_to": "2023-08-02T10:45:16.000Z"}, []string{first}},
		{"all filters must be met", map[string]string{"status": "completed", "based_on": ids["based_on"].String()}, none},
	} {
		t.Run(c.title, func(t *testing.T) {
			query := url.Values{}
			for name, value := range c.query {
				query.Set(name, value)
			}
			found, paging := find(query)
			require.Equal(t, c.found, found)
			require.EqualValues(t, len(c.found), paging["total_entries"])
		})
	}

	found, paging := find(url.Values{"page": {"2"}, "page_size": {"1"}})
	require.Equal(t, []string{second}, found)
	require.Equal(t, map[string]any{"page_number": 2.0, "page_size": 1.0, "total_entries": 2.0, "total_pages": 2.0}, paging)
	found, paging = find(url.Values{"page": {"3"}, "page_size": {"1"}})
	require.Empty(t, found)
	require.EqualValues(t, 2, paging["total_entries"])
	found, paging = find(url.Values{"status": {"unknown"}, "page_number": {"1"}})
	require.Empty(t, found)
	require.EqualValues(t, 0, paging["total_pages"])
}

func TestReadOrder(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("RULES", "+device_dispense.list.person_active,+device_dispense.get.person_active,+device_dispense.get.owner"))
	srv.Change(t, devicedispenses.Collection, world.ID("device dispense of an inactive patient"), bson.D{
		{Key: "performer_legal_entity.identifier.value", Value: world.ID("other_pharmacy")},
	})
	for _, c := range []struct{ title, patient, rest, rule string }{
		{"query before patient", "nobody", "?status=new", "list.status"},
		{"inactive patient before access", "inactive_patient", "", "list.person_active"},
		{"patient before dispense", "nobody", "/" + world.ID("no device dispense").String(), "get.person"},
		{"inactive patient before dispense", "inactive_patient", "/" + world.ID("no device dispense").String(), "get.person_active"},
		{"dispense before owner", "stranger_patient", "/" + begun.String(), "get.not_found"},
		{"owner before access", "stranger_patient", "/" + world.ID("device dispense of another pharmacy").String(), "get.owner"},
	} {
		t.Run(c.title, func(t *testing.T) {
			r := srv.Send(t, testkit.As(pharmacist, http.MethodGet, "/api/patients/"+world.ID(c.patient).String()+"/device_dispenses"+c.rest, nil))
			require.Equal(t, []string{"device_dispense." + c.rule}, r.Rules(), "%s", r.Raw)
		})
	}
}

// The search finds what the own legal entity has dispensed, to any patient.
func TestSearchFindsTheOwnDispenses(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	search := func(token, query string) (ids []string, total float64) {
		r := srv.Send(t, testkit.As(token, http.MethodGet, "/api/device_dispenses?"+query, nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var found []struct {
			ID                   string
			PerformerLegalEntity struct{ Identifier struct{ Value string } } `json:"performer_legal_entity"`
		}
		r.Data(t, &found)
		for _, d := range found {
			ids = append(ids, d.ID)
			require.Equal(t, world.ID("pharmacy").String(), d.PerformerLegalEntity.Identifier.Value)
		}
		return ids, r.Body.Paging["total_entries"].(float64)
	}
	cursor, err := srv.Mongo.Collection(devicedispenses.Collection).Find(t.Context(),
		bson.D{{Key: "performer_legal_entity.identifier.value", Value: world.ID("pharmacy")}})
	require.NoError(t, err)
	var own []struct {
		ID      uuid.UUID `bson:"_id"`
		Subject string    `bson:"subject"`
	}
	require.NoError(t, cursor.All(t.Context(), &own))
	patients := map[string]bool{}
	var want []string
	for _, d := range own {
		want, patients[d.Subject] = append(want, d.ID.String()), true
	}
	require.Greater(t, len(patients), 1)
	ids, total := search(pharmacist, "page_size=300")
	require.ElementsMatch(t, want, ids)
	require.EqualValues(t, len(want), total)
	ids, total = search(pharmacist, "page_size=1&page=2")
	require.Len(t, ids, 1)
	require.EqualValues(t, len(want), total)

	_, total = search(pharmacist, "performer_legal_entity="+world.ID("other_pharmacy").String())
	require.Zero(t, total)
	_, total = search(doctor, "")
	require.Zero(t, total, "the clinic dispenses nothing")
}
