package servicerequests_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestQualifyTellsWhyProgramsDoNotPay(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	type told struct {
		ProgramName     *string `json:"program_name"`
		Status          string
		RejectionReason string `json:"rejection_reason"`
	}
	answers := map[string][]told{}
	for _, c := range srv.World.Cases {
		if c.OperationID == "qualifyServiceRequest" && c.Expect.Status == http.StatusOK {
			var data []told
			srv.Send(t, c.Request).Data(t, &data)
			answers[c.Title] = data
		}
	}
	name := new("Програма державних фінансових гарантій медичного обслуговування населення")
	require.Equal(t, []told{{ProgramName: name, Status: "VALID"}}, answers["a program that pays"])
	require.Equal(t, []told{
		{Status: "INVALID", RejectionReason: "Program not found"},
		{new("Програма, що завершилася"), "INVALID", "Program not found"},
		{new("Доступні ліки"), "INVALID", "Invalid program type"},
		{new("Реабілітаційна допомога"), "INVALID", "Service is not included in the program"},
		{new("Медичні огляди"), "INVALID", "Service request is not allowed for this service(service_group) in this programm"},
	}, answers["programs that do not pay"])
	require.Equal(t, []told{{name, "INVALID", "User is not allowed to create service request with the program for the patient"}},
		answers["a stranger's referral, which no program pays for"])
	require.Zero(t, srv.Count(t, "prm.audit_log"), "nothing changes")
}

func TestResendSendsTheNumber(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("SERVICE_REQUEST_CREATE_SMS", "Направлення {number}, дійсне рік"))
	for title, patient := range map[string]string{"the default method of the patient": "patient", "the phone of a third person": "third_person_patient"} {
		id := world.ID("service request to be told of")
		if patient != "patient" {
			id = world.ID("service request to tell a third person of")
		}
		before := one(t, srv, id)
		for _, c := range srv.World.Cases {
			if c.OperationID == "resendServiceRequestSms" && c.Title == title {
				require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, c.Request)).Status)
			}
		}
		require.Equal(t, before, one(t, srv, id), "the referral stays as it is")
		require.Empty(t, srv.Events(t, id))

		number, err := srv.Keys.OpenRequisition(before.Requisition, before.SealedWith)
		require.NoError(t, err)
		var texts []string
		for _, phone := range phones(t, srv) {
			received, err := sms.Inbox(t.Context(), srv.Pool, srv.Keys, phone, 10)
			require.NoError(t, err)
			for _, one := range received {
				texts = append(texts, one.Text)
			}
		}
		grouped := strings.Join([]string{number[:4], number[4:8], number[8:12], number[12:]}, "-")
		require.Contains(t, texts, "Направлення "+grouped+", дійсне рік", title)
	}
	require.Equal(t, 2, srv.Count(t, "otp.sms_logs"))
}

// phones are those that got an SMS.
func phones(t *testing.T, srv *testkit.Server) (found []string) {
	t.Helper()
	require.NoError(t, srv.Pool.QueryRow(t.Context(), "SELECT array_agg(DISTINCT phone_number::text) FROM otp.sms_logs").Scan(&found))
	return found
}
