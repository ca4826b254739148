package app_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// asDoctor sends a request as a doctor of the clinic, and reads data.
func (w *walk) asDoctor(method, path string, body any, status int, data any) *testkit.Response {
	w.t.Helper()
	return w.call(world.TokenValue("doctor"), method, path, body, status, data)
}

// referrals finds a referral by its number, takes it into work, and withdraws another one, in the fields that live clients
// send. What they get wrong is refused as documented.
func (w *walk) referrals() {
	patient := "/api/patients/" + world.ID("patient").String()
	taken := world.ID("service request to be used").String()
	var one object
	w.asDoctor(http.MethodGet, patient+"/service_requests/"+taken, nil, http.StatusOK, &one)
	require.Equal(w.t, "active", one["status"])
	var found []object
	w.asDoctor(http.MethodGet, "/api/service_requests?"+url.Values{"requisition": {one["requisition"].(string)}}.Encode(), nil, http.StatusOK, &found)
	require.Contains(w.t, idsOf(found), taken)
	w.asDoctor(http.MethodGet, patient+"/service_requests?page=1&page_size=300", nil, http.StatusOK, &found)
	require.Contains(w.t, idsOf(found), taken)

	w.finished(w.asDoctor(http.MethodPatch, "/api/service_requests/"+taken+"/actions/use", object{
		"used_by_employee": sent("employee", "employee doctor"), "used_by_division": sent("division", "division of the clinic"),
		"used_by_legal_entity": sent("legal_entity", "clinic"), "program": sent("medical_program", "medical program"),
	}, http.StatusAccepted, nil))
	w.asDoctor(http.MethodGet, patient+"/service_requests/"+taken, nil, http.StatusOK, &one)
	require.Equal(w.t, "in_progress", one["program_processing_status"])

	// The letter and an encoding stand beside what is signed: documents leave no room for them.
	recalled, ok := w.World.Passing("recallServiceRequest")
	require.True(w.t, ok)
	body := maps.Clone(recalled.Request.Body.(object))
	body["signed_data_encoding"], body["explanatory_letter"] = "base64", "Призначення змінено"
	if w.reading == "documented" {
		w.refused(http.MethodPatch, recalled.Request.Path, body, http.StatusUnprocessableEntity, "$.explanatory_letter")
		body = recalled.Request.Body.(object)
	}
	w.finished(w.asDoctor(http.MethodPatch, recalled.Request.Path, body, http.StatusAccepted, nil))
	w.asDoctor(http.MethodGet, strings.TrimSuffix(recalled.Request.Path, "/actions/recall"), nil, http.StatusOK, &one)
	require.Equal(w.t, "recalled", one["status"])

	// Cancel, without anything signed, where Release is meant; POST for PATCH.
	release, ok := w.World.Passing("releaseServiceRequest")
	require.True(w.t, ok)
	queued := patient + strings.TrimPrefix(strings.TrimSuffix(release.Request.Path, "/actions/release"), "/api")
	w.refused(http.MethodPatch, queued+"/actions/cancel", []any{}, http.StatusUnprocessableEntity, "$")
	w.refused(http.MethodPost, queued+"/actions/resend", []any{}, http.StatusForbidden, "")
	w.finished(w.asDoctor(http.MethodPatch, release.Request.Path, nil, http.StatusAccepted, nil))
}

// devices reads prescribed and dispensed devices and their catalogue, with the fields without which live clients refuse an
// answer.
func (w *walk) devices() {
	patient := "/api/patients/" + world.ID("patient").String()
	for path, wanted := range map[string][]string{
		patient + "/device_requests":  {"id", "status", "intent"},
		patient + "/device_dispenses": {"id", "status", "details"},
		"/api/v2/device_definitions":  {"id", "device_names", "classification_types", "packaging"},
	} {
		var all []object
		w.asDoctor(http.MethodGet, path+"?page=1&page_size=300", nil, http.StatusOK, &all)
		require.NotEmpty(w.t, all, path)
		for _, one := range all {
			require.NoError(w.t, uuid.Validate(one["id"].(string)))
			for _, name := range wanted {
				require.NotEmpty(w.t, one[name], "%s of %s", name, path)
			}
			details, _ := one["details"].([]any)
			for _, detail := range details {
				quantity := detail.(object)["quantity"].(object)
				require.IsType(w.t, 1.0, quantity["value"])
				require.NotEmpty(w.t, quantity["system"])
				require.NotEmpty(w.t, quantity["code"])
			}
		}
		if path != "/api/v2/device_definitions" { // of which live clients read the list alone
			w.asDoctor(http.MethodGet, path+"/"+all[0]["id"].(string), nil, http.StatusOK, nil)
		}
	}
	from := url.Values{"inserted_at_from": {w.World.Now.AddDate(-1, 0, 0).Format("2006-01-02T15:04:05.000Z")}, "page_size": {"300"}}
	w.asDoctor(http.MethodGet, patient+"/device_dispenses?"+from.Encode(), nil, http.StatusOK, nil)

	request := "/device_requests/" + world.ID("device request to be dispensed").String()
	w.refused(http.MethodPost, patient+request+"/actions/resend", []any{}, http.StatusForbidden, "")
	w.refused(http.MethodPatch, "/api"+request+"/actions/reject", object{}, http.StatusNotFound, "")
	w.refused(http.MethodPost, "/api/prequalify_device_requests", object{}, http.StatusNotFound, "")
}

// refused sends what live clients get wrong; entry is the place in the body that is refused, if one is.
func (w *walk) refused(method, path string, body any, status int, entry string) {
	w.t.Helper()
	answer := w.asDoctor(method, path, body, status, nil)
	if entry == "" {
		require.Empty(w.t, answer.Body.Error.Invalid)
		return
	}
	require.Equal(w.t, entry, answer.Body.Error.Invalid[0].Entry, "%s", answer.Raw)
}

func sent(kind, name string) object {
	return object{"identifier": object{
		"type": object{"coding": []object{{"system": "eHealth/resources", "code": kind}}}, "value": world.ID(name),
	}}
}

func idsOf(all []object) (ids []any) {
	for _, one := range all {
		ids = append(ids, one["id"])
	}
	return ids
}
