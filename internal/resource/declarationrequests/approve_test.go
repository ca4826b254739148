package declarationrequests_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func (f *fixture) act(action string, id any, body any) *testkit.Response {
	f.t.Helper()
	return f.Send(f.t, testkit.As(doctor, http.MethodPatch, "/api/v3/declaration_requests/"+id.(string)+"/actions/"+action, body))
}

func (f *fixture) approve(id, code any) *testkit.Response {
	f.t.Helper()
	return f.act("approve", id, object{"verification_code": code})
}

func TestApproveStoresWhatIsToBeSigned(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	made, _ := f.created(asked("child_declarant", "doctor"))
	_, err := f.Pool.Exec(t.Context(), "UPDATE il.declaration_requests SET documents = NULL WHERE id = $1", made["id"])
	require.NoError(t, err)
	var data object
	r := f.approve(made["id"], f.codes(world.ConfidantPhone)[0])
	require.Equal(t, http.StatusCreated, r.Status, "%s", r.Raw)
	r.Data(t, &data)
	require.Equal(t, "APPROVED", data["status"])
	signed := data["data_to_be_signed"].(object)
	stored := f.stored(made["id"])
	require.Equal(t, "APPROVED", stored["status"])
	require.Equal(t, stored["data_to_be_signed"], signed)
	require.Equal(t, stored["printout_content"], signed["content"])
	for _, field := range []string{"id", "declaration_number", "declaration_id", "start_date", "end_date", "channel"} {
		require.Equal(t, made[field], signed[field], field)
	}
	require.Equal(t, "APPROVED", signed["status"])
	require.NotEmpty(t, signed["seed"])

	person := signed["person"].(object)
	require.Equal(t, world.ID("child_declarant").String(), person["id"])
	require.Equal(t, false, person["patient_signed"])
	require.Equal(t, true, person["process_disclosure_data_consent"])
	require.NotContains(t, person, "tax_id", "what is not known is left out")
	require.Equal(t, "BIRTH_CERTIFICATE", person["documents"].([]any)[0].(object)["type"])
	require.Equal(t, "Житомирська", person["addresses"].([]any)[0].(object)["area"])
	require.Len(t, person["authentication_methods"], 2)
	confidant := person["confidant_person"].([]any)[0].(object)
	require.Equal(t, "PRIMARY", confidant["relation_type"])
	require.Equal(t, "Гринько", confidant["last_name"])
	require.Len(t, confidant["documents_relationship"], 2)
	require.Len(t, confidant["documents_person"], 1)

	party := signed["employee"].(object)["party"].(object)
	require.Equal(t, "Коваль", party["last_name"])
	require.Equal(t, world.ID("clinic").String(), signed["legal_entity"].(object)["id"])
	require.Equal(t, world.ID("division of the clinic").String(), signed["division"].(object)["id"])
	for _, text := range []string{made["declaration_number"].(string), "Декларант", "Гринько", "Коваль", "Амбулаторія «Верба»"} {
		require.Contains(t, signed["content"], text)
	}
	require.Equal(t, 1, f.Count(t, "prm.audit_log WHERE resource_id = $1 AND changeset = '{\"status\": \"APPROVED\"}'", made["id"]))

	require.Equal(t, "Invalid transition", f.approve(made["id"], f.codes(world.ConfidantPhone)[0]).Body.Error.Message, "a code twice")
}

// The code that Resend OTP has sent counts, and the former one does not.
func TestApproveByTheCodeThatWasSentAgain(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	made, _ := f.created(asked("declarant", "doctor"))
	require.Equal(t, http.StatusOK, f.resend(uuid.MustParse(made["id"].(string))).Status)
	codes := f.codes(declarantPhone) // the newest first
	if codes[0] != codes[1] {
		r := f.approve(made["id"], codes[1])
		require.Equal(t, http.StatusUnprocessableEntity, r.Status)
		require.Equal(t, "Invalid verification code", r.Body.Error.Message)
	}
	r := f.approve(made["id"], codes[0])
	require.Equal(t, http.StatusCreated, r.Status, "%s", r.Raw)
	require.Contains(t, string(r.Raw), `"phone_number":"+38093*****41"`)
	require.NotContains(t, string(r.Raw), declarantPhone, "phones by which somebody confirms are masked")
	require.Equal(t, 1, f.Count(t, "otp.verifications WHERE resource_id = $1 AND status = 'verified'", made["id"]))
}

// A wrong code is counted, and nothing else is stored: a third one ends the code.
func TestWrongCodesAreCounted(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	id := world.ID("declaration request for a wrong code").String()
	before := f.contents("il.declaration_requests") + f.contents("prm.audit_log")
	for range 3 {
		require.Equal(t, "Invalid verification code", f.approve(id, 9993).Body.Error.Message)
	}
	require.Equal(t, "Maximum attempts exceed", f.approve(id, world.LiveCode).Body.Error.Message)
	require.Equal(t, before, f.contents("il.declaration_requests")+f.contents("prm.audit_log"))
	require.Equal(t, http.StatusOK, f.resend(uuid.MustParse(id)).Status)
	require.Equal(t, http.StatusCreated, f.approve(id, f.codes("+380931234651")[0]).Status, "a new code has attempts of its own")
}

// A right code is used by the approval alone: when a scan is missing, it stays.
func TestCodeOutlastsARefusal(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	made, urgent := f.created(asked("child_declarant", "doctor"))
	code := f.codes(world.ConfidantPhone)[0]
	for range 4 {
		require.Equal(t, "Documents person.no_tax_id is not uploaded", f.approve(made["id"], code).Body.Error.Message)
	}
	require.Equal(t, http.StatusOK, f.scan(http.MethodPut, urgent.Documents[0].URL, "image/jpeg", append([]byte{0xFF, 0xD8, 0xFF, 0xE0}, make([]byte, 100)...)))
	require.Equal(t, http.StatusCreated, f.approve(made["id"], code).Status)
}

// Who carries a declaration on signs nothing.
func TestApproveOfADeclarationThatIsCarriedOn(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	r := f.act("approve", world.ID("declaration request that carries on").String(), nil)
	require.Equal(t, http.StatusCreated, r.Status, "%s", r.Raw)
	var data object
	r.Data(t, &data)
	person := data["data_to_be_signed"].(object)["person"].(object)
	for _, field := range []string{"patient_signed", "process_disclosure_data_consent"} {
		require.Contains(t, person, field)
		require.Nil(t, person[field], field)
	}
}

// The last place of a doctor goes to one of the requests that are approved at once.
func TestApprovalsAtOnceKeepTheLimit(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	names := []string{"declaration request with a code", "declaration request with a code in text", "declaration request for a wrong code", "declaration request for a crowded doctor"}
	for _, name := range names {
		f.exec("UPDATE il.declaration_requests SET data_employee_id = $2::uuid, data = jsonb_set(data, '{employee_id}', to_jsonb($2::uuid)) WHERE id = $1",
			world.ID(name), world.ID("employee crowded_doctor"))
	}
	f.Set(t, map[string]string{"THERAPIST_DECLARATION_LIMIT": "2"})
	var wait sync.WaitGroup
	answers := make([]*testkit.Response, len(names))
	for i, name := range names {
		wait.Go(func() { answers[i] = f.approve(world.ID(name).String(), world.LiveCode) })
	}
	wait.Wait()
	approved := slices.DeleteFunc(slices.Clone(answers), func(r *testkit.Response) bool { return r.Status != http.StatusCreated })
	require.Len(t, approved, 1)
	for _, r := range answers {
		if r.Status != http.StatusCreated {
			require.True(t, strings.HasPrefix(r.Body.Error.Message, "This doctor has 2 declarations"), "%s", r.Raw)
		}
	}
}
