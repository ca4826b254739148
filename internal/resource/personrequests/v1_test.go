package personrequests_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/signature"
	"esoz/internal/sandbox/authority"
	"esoz/internal/sandbox/world"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/testkit"
)

// A child goes through all methods of version 1, and the register keeps the whole
// persons who act for them.
func TestV1RegistersAChild(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.With("RULES", "-person.personal_data.access"))
	request := sent(t, s, "createPersonRequestV1", "a child with two confidant persons")
	raw, err := json.Marshal(request.Body.(object)["person"].(object)["confidant_person"])
	require.NoError(t, err)
	var confidants []any
	require.NoError(t, json.Unmarshal(raw, &confidants))

	r := s.Send(t, request)
	require.Equal(t, http.StatusCreated, r.Status, "%s", r.Raw)
	var made, urgent object
	r.Data(t, &made)
	require.NoError(t, json.Unmarshal(r.Body.Urgent, &urgent))
	require.Equal(t, confidants, made["person"].(object)["confidant_person"])
	types, urls := documents(urgent)
	require.Equal(t, []string{
		"person.no_tax_id", "confidant_person.PRIMARY.BIRTH_CERTIFICATE", "confidant_person.PRIMARY.PASSPORT",
		"confidant_person.SECONDARY.BIRTH_CERTIFICATE", "confidant_person.SECONDARY.PASSPORT",
	}, types)
	for _, address := range urls {
		require.Equal(t, http.StatusOK, upload(t, s, http.MethodPut, address, "image/jpeg", jpeg))
	}

	act := func(action string, body any) (data object) {
		r := s.Send(t, testkit.As(doctor, http.MethodPatch, "/api/person_requests/"+made["id"].(string)+"/actions/"+action, body))
		require.Less(t, r.Status, http.StatusMultipleChoices, "%s", r.Raw)
		r.Data(t, &data)
		return data
	}
	approved := act("approve", object{"verification_code": newestCode(t, s, world.ConfidantPhone)})
	approved["patient_signed"] = true
	raw, err = json.Marshal(approved)
	require.NoError(t, err)
	container := authority.New().SignBy(raw, authority.Owner{Signer: signature.Signer{DRFO: accounts.TaxID("doctor")}}, s.Clock.Now())
	id := act("sign", object{"signed_content": base64.StdEncoding.EncodeToString(container)})["person_id"].(string)

	require.Equal(t, object{"confidant_person": confidants}, row(t, s, "SELECT confidant_person FROM mpi.persons WHERE id = $1", id))
	require.Zero(t, s.Count(t, "mpi.confidant_person_relationships WHERE person_id = $1", id), "who is not in the register is in no relationship")
	r = s.Send(t, testkit.As(doctor, http.MethodGet, "/api/persons/"+id+"/personal_data", nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var known object
	r.Data(t, &known)
	require.Len(t, known["confidant_person"], len(confidants))
}
