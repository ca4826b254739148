package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// The sandbox answers in place of the registers.
func registersAnswer(t *testing.T, b *box) {
	person := world.ID("patient")
	path := "/_sandbox/persons/" + person.String() + "/verification"
	set := func(body object) (set sandbox.Verification) {
		require.Equal(t, http.StatusOK, b.call(t, http.MethodPut, path, body, &set))
		return set
	}
	stream := func(status string) object {
		return object{"verification_status": status, "verification_reason": "AUTO"}
	}
	shown := func() string {
		answer := testkit.Send(t, b.url, testkit.As("sandbox-doctor", http.MethodGet, "/api/persons/"+person.String()+"/declaration", nil))
		require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Raw)
		var data []struct {
			Person struct {
				Status string `json:"verification_status"`
			}
		}
		answer.Data(t, &data)
		return data[0].Person.Status
	}
	for _, c := range []struct {
		body object
		want string
	}{
		{object{"details": object{"drfo": stream("VERIFICATION_NEEDED"), "unzr": stream("VERIFIED")}}, "VERIFICATION_NEEDED"},
		{object{"details": object{"drfo": stream("NOT_VERIFIED")}}, "CHANGES_NEEDED"},
		{object{"details": object{"drfo": stream("VERIFIED")}}, "VERIFIED"},
		{object{"verification_status": "NOT_VERIFIED"}, "NOT_VERIFIED"},
	} {
		got := set(c.body)
		require.Equal(t, c.want, got.Status, "%v", c.body)
		require.Equal(t, c.want, shown())
		require.Len(t, got.Details, 9)
		require.Equal(t, "VERIFIED", got.Details["unzr"].Status, "what was not sent stays")
		require.Equal(t, sandbox.Stream{Status: "VERIFIED", Reason: "AUTO"}, got.Details["nhs"])
	}
	events := testkit.Send(t, b.url, testkit.As("sandbox-mis", http.MethodGet, "/api/events?entity_type=Person&attribute_name=verification_status", nil))
	require.EqualValues(t, 4, events.Body.Paging["total_entries"], "%s", events.Raw)

	for says, c := range map[string]struct {
		path   string
		body   any
		status int
	}{
		"no such person":                           {"/_sandbox/persons/1/verification", object{}, 404},
		"no such":                                  {"/_sandbox/persons/" + uuid.NewString() + "/verification", object{}, 404},
		"legal_capacity":                           {path, object{"details": object{"mvs": stream("VERIFIED")}}, 422},
		"details.drfo.verification_status":         {path, object{"details": object{"drfo": stream("NO")}}, 422},
		"details.drfo.verification_reason":         {path, object{"details": object{"drfo": object{"verification_status": "VERIFIED"}}}, 422},
		"verification_status: want one of [VERIFI": {path, object{"verification_status": "IN_REVIEW"}, 422},
		"body": {path, []any{}, 400},
	} {
		var answer struct{ Error string }
		require.Equal(t, c.status, b.call(t, http.MethodPut, c.path, c.body, &answer), says)
		require.Contains(t, answer.Error, says)
	}
	b.reset(t)
	require.Equal(t, "VERIFIED", shown())
}

func confidantsAreSet(t *testing.T, b *box) {
	child, confidant := world.ID("third_person_patient").String(), world.ID("third_person").String()
	path := "/_sandbox/persons/" + child + "/confidants/" + confidant
	listed := func(query string) (found []map[string]any) {
		answer := testkit.Send(t, b.url, testkit.As("sandbox-doctor", http.MethodGet, "/api/persons/"+child+"/confidant_person_relationships"+query, nil))
		require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Raw)
		answer.Data(t, &found)
		return found
	}
	require.Empty(t, listed(""))
	var first, second sandbox.Relationship
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPut, path, object{}, &first))
	require.Equal(t, "VERIFIED", first.Status)
	require.Empty(t, listed("")[0]["documents_relationship"])
	document := func(kind, number string) object {
		return object{"type": kind, "number": number, "issued_by": "РАЦС", "issued_at": "2017-02-28"}
	}
	for _, sent := range []object{
		{"documents_relationship": []object{document("BIRTH_CERTIFICATE", "АА120518"), document("COURT_DECISION", "77")}},
		{"documents_relationship": []object{document("BIRTH_CERTIFICATE", "АА120519")}},
		{}, // they stay
	} {
		require.Equal(t, http.StatusOK, b.call(t, http.MethodPut, path, sent, nil))
	}
	require.Equal(t, []any{map[string]any{"type": "BIRTH_CERTIFICATE", "number": "******19"}}, listed("")[0]["documents_relationship"])
	require.Len(t, listed(""), 1)
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPut, path, object{"active_to": "2020-01-01T00:00:00Z", "verification_status": "NOT_VERIFIED"}, &second))
	require.Equal(t, first.ID, second.ID, "the same relationship")
	require.Empty(t, listed(""))
	require.Len(t, listed("?is_expired=true"), 1)
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPut, path, object{"is_active": false}, nil))
	require.Empty(t, listed("?is_expired=true"))

	for says, c := range map[string]struct {
		path   string
		body   object
		status int
	}{
		"no such person":      {"/_sandbox/persons/" + child + "/confidants/" + uuid.NewString(), object{}, 404},
		"no such":             {"/_sandbox/persons/" + child + "/confidants/1", object{}, 404},
		"themselves":          {"/_sandbox/persons/" + child + "/confidants/" + child, object{}, 422},
		"relation_type":       {path, object{"relation_type": "FRIEND"}, 422},
		"verification_status": {path, object{"verification_status": "CHANGES_NEEDED"}, 422},
		"issued_by":           {path, object{"documents_relationship": []object{{"type": "BIRTH_CERTIFICATE", "number": "1"}}}, 422},
		"YYYY-MM-DD": {path, object{"documents_relationship": []object{
			{"type": "BIRTH_CERTIFICATE", "number": "1", "issued_by": "РАЦС", "issued_at": "2017-02-30"},
		}}, 422},
		"one document of a type": {path, object{"documents_relationship": []object{
			document("BIRTH_CERTIFICATE", "1"), document("BIRTH_CERTIFICATE", "2"),
		}}, 422},
		"body": {path, object{"relation": "PRIMARY"}, 400},
	} {
		var answer struct{ Error string }
		require.Equal(t, c.status, b.call(t, http.MethodPut, c.path, c.body, &answer), says)
		require.Contains(t, answer.Error, says)
	}
	b.reset(t)
	require.Empty(t, listed(""))
}
