package approvals_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/sms"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func cancel(token string, approval uuid.UUID) world.Request {
	return testkit.As(token, http.MethodPatch, "/api/patients/"+world.ID("patient").String()+"/approvals/"+approval.String()+"/actions/cancel", nil)
}

func TestCancelEndsAnApproval(t *testing.T) {
	t.Parallel()
	f := start(t)
	for state, change := range map[string]func(d *approvals.Document){
		"new":    nil,
		"active": func(d *approvals.Document) { d.IsVerified, d.Status = true, approvals.StateActive },
	} {
		id := f.add("patient", change)
		before := f.approval(id)
		f.Clock.Advance(time.Minute)
		j := f.finish(f.Send(t, cancel(doctor, id)))
		require.Equal(t, "processed", j.Status, state)
		require.Empty(t, j.Links)

		after := f.approval(id)
		require.Equal(t, approvals.StateCancelled, after.State(f.Clock.Now()))
		require.Equal(t, before.IsVerified, after.IsVerified)
		require.Equal(t, after.UpdatedAt, after.ExpiresAt)
		require.Equal(t, world.ID("doctor"), after.UpdatedBy)
		var shown struct{ ID, ExpiresAt string }
		require.NoError(t, json.Unmarshal(j.ResponseData, &shown))
		require.Equal(t, id.String(), shown.ID)
		require.JSONEq(t, `"`+masked+`"`, string(field(t, field(t, j.ResponseData, "authentication_method_current"), "number")))
		require.Contains(t, string(j.ResponseData), "created_by", "it is shown as Get approval details does")
		require.Equal(t, 1, f.told(id, "CANCELLED"))
		require.Equal(t, 1, f.count("prm.audit_log WHERE resource = 'approvals' AND resource_id = $1", id.String()))
		message := f.messages(phone)[0]
		require.Equal(t, sms.TypeInformation, message.Type)
		require.Equal(t, f.Config.Get().ApprovalCancelSMS, message.Text)

		require.Equal(t, []string{"approval.cancel.expired"}, f.Send(t, cancel(doctor, id)).Rules())
		require.Equal(t, []string{"approval.verify.state_cancelled"}, f.Send(t, verify(id, 1)).Rules())
	}
	require.Len(t, f.messages(phone), 2)
}

// Nobody is told by SMS who has no phone in the approval, or when no text is set.
func TestCancelWithoutAnSMS(t *testing.T) {
	t.Parallel()
	f := start(t)
	messages := f.count("otp.sms_logs")
	offline := f.add("patient", func(d *approvals.Document) { d.Urgent = &approvals.Urgent{Type: medicalevents.MethodOffline} })
	none := f.add("patient", func(d *approvals.Document) { d.Urgent = nil })
	for _, id := range []uuid.UUID{offline, none} {
		require.Equal(t, "processed", f.finish(f.Send(t, cancel(doctor, id))).Status)
	}
	f.Set(t, map[string]string{"APPROVAL_CANCEL_SMS": "none"})
	require.Equal(t, "processed", f.finish(f.Send(t, cancel(doctor, f.add("patient", nil)))).Status)
	require.Equal(t, messages, f.count("otp.sms_logs"))
}

// Verified between the request and its job, an approval is cancelled all the same;
// cancelled in between, it is not cancelled twice.
func TestCancelMeetsOtherChanges(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	id := f.add("patient", func(d *approvals.Document) { d.Urgent = &approvals.Urgent{Type: medicalevents.MethodOffline} })
	first := f.Send(t, cancel(doctor, id))
	var pending, again job
	first.Data(t, &pending)
	f.Send(t, cancel(doctor, id)).Data(t, &again)
	require.Equal(t, pending.Links, again.Links, "the same request while its job is pending")
	second := f.Send(t, cancel(world.TokenValue("other_doctor"), id))
	require.Equal(t, []string{"approval.cancel.access"}, second.Rules())
	require.Equal(t, http.StatusOK, f.Send(t, verify(id, 1)).Status)
	f.run()
	require.Equal(t, "processed", f.finish(first).Status)
	after := f.approval(id)
	require.Equal(t, approvals.StateCancelled, after.State(f.Clock.Now()))
	require.Equal(t, 1, f.told(id, "ACTIVE"))
	require.Equal(t, 1, f.told(id, "CANCELLED"))
}

// The clocks of two servers differ: the end that one of them has set may lie ahead of
// the other's clock. A cancelled approval is not cancelled again even then.
func TestCancelOnAServerWhoseClockIsBehind(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.add("patient", nil)
	require.Equal(t, "processed", f.finish(f.Send(t, cancel(doctor, id))).Status)
	f.Clock.Advance(-time.Minute)
	require.Equal(t, []string{"approval.cancel.expired"}, f.Send(t, cancel(doctor, id)).Rules())
	require.Equal(t, 1, f.told(id, "CANCELLED"))
}
