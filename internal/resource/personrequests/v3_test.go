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

// A foreigner goes through all methods of version 3 in its form, and the register
// keeps what version 2 does not know.
func TestV3RegistersAForeigner(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.With("RULES", "-person.personal_data.access"))
	request := sent(t, s, "createPersonRequestV3", "a foreigner who lives abroad")
	raw, err := json.Marshal(request.Body.(object)["person"])
	require.NoError(t, err)
	var asked object
	require.NoError(t, json.Unmarshal(raw, &asked))
	act := func(id any, action string, body any) (data object) {
		r := s.Send(t, testkit.As(doctor, http.MethodPatch, "/api/v3/person_requests/"+id.(string)+"/actions/"+action, body))
		require.Less(t, r.Status, http.StatusMultipleChoices, "%s", r.Raw)
		r.Data(t, &data)
		return data
	}
	r := s.Send(t, request)
	require.Equal(t, http.StatusCreated, r.Status, "%s", r.Raw)
	var made object
	r.Data(t, &made)
	var answer struct{ Urgent object }
	require.NoError(t, json.Unmarshal(r.Raw, &answer))
	require.Equal(t, object{"type": "OTP", "phone_number": "+38093*****06"}, answer.Urgent["authentication_method_current"])
	require.InDelta(t, 3, requestOf(t, s, made["id"])["version"], 0)

	r = s.Send(t, testkit.As(doctor, http.MethodGet, "/api/v3/person_requests/"+made["id"].(string), nil))
	var shown object
	r.Data(t, &shown)
	for name, value := range asked {
		if name != "authentication_methods" { // masked
			require.Equal(t, value, shown["person"].(object)[name], name)
		}
	}
	require.Contains(t, shown["person"], "no_tax_id", "null is shown")
	r = s.Send(t, testkit.As(doctor, http.MethodGet, "/api/person_requests?status=NEW", nil))
	require.Contains(t, string(r.Raw), "Zaiats-O'Neil")

	approved := act(made["id"], "approve", object{"verification_code": newestCode(t, s, world.VerifiedPhone)})
	require.Contains(t, approved["content"], "en: Zaiats-O&#39;Neil Roman")
	approved["patient_signed"] = true
	raw, err = json.Marshal(approved)
	require.NoError(t, err)
	container := authority.New().SignBy(raw, authority.Owner{Signer: signature.Signer{DRFO: accounts.TaxID("doctor")}}, s.Clock.Now())
	signed := act(made["id"], "sign", object{"signed_content": base64.StdEncoding.EncodeToString(container)})

	id := signed["person_id"]
	stored := row(t, s, "SELECT first_name, last_name, second_name, names, no_tax_id, tax_id FROM mpi.persons WHERE id = $1", id)
	require.Equal(t, object{
		"first_name": "Roman", "last_name": "Zaiats-O'Neil", "second_name": nil, "names": asked["names"], "no_tax_id": true, "tax_id": nil,
	}, stored)
	require.Equal(t, object{"type": "FOREIGN_PASSPORT", "issuing_country": "PL"},
		row(t, s, "SELECT type, issuing_country FROM mpi.person_documents WHERE person_id = $1", id))
	require.Equal(t, object{"country": "PL", "settlement": "Warszawa", "settlement_type": nil, "settlement_id": nil},
		row(t, s, "SELECT country, settlement, settlement_type, settlement_id FROM mpi.person_addresses WHERE person_id = $1", id))
	r = s.Send(t, testkit.As(doctor, http.MethodGet, "/api/persons/"+id.(string)+"/personal_data", nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var known object
	r.Data(t, &known)
	for _, name := range []string{"names", "documents", "addresses", "phones", "emergency_contact"} {
		require.Equal(t, asked[name], known[name], name)
	}
}

// Of several names the Ukrainian ones are those of version 2.
func TestV3KeepsUkrainianNames(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	r := s.Send(t, sent(t, s, "createPersonRequestV3", "a foreigner with a tax id"))
	require.Equal(t, http.StatusCreated, r.Status, "%s", r.Raw)
	var made object
	r.Data(t, &made)
	require.Equal(t, "en", made["person"].(object)["names"].([]any)[0].(object)["language"], "in the order in which they came")
	require.Equal(t, "Заєць", requestOf(t, s, made["id"])["last_name"])

	r = s.Send(t, sent(t, s, "createPersonRequestV3", "a person without a last name"))
	r.Data(t, &made)
	names := made["person"].(object)["names"].([]any)[0].(object)
	require.Contains(t, names, "last_name")
	require.Nil(t, names["last_name"])
	require.Empty(t, requestOf(t, s, made["id"])["last_name"])
}
