package approvals_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func verify(approval uuid.UUID, code any) world.Request {
	return testkit.As(doctor, http.MethodPatch, "/api/patients/"+world.ID("patient").String()+"/approvals/"+approval.String(),
		map[string]any{"code": code})
}

// coded adds an approval and has a code sent for it.
func (f *fixture) coded(change func(d *approvals.Document)) (id uuid.UUID, code int) {
	f.t.Helper()
	id = f.add("patient", change)
	require.Equal(f.t, "processed", f.finish(f.Send(f.t, resend(doctor, "patient", id))).Status)
	return id, digits(f.t, f.messages(phone)[0].Text)
}

func (f *fixture) approval(id uuid.UUID) (d approvals.Document) {
	f.t.Helper()
	f.Decode(f.t, approvals.Collection, id, &d)
	return d
}

func (f *fixture) told(id uuid.UUID, status string) int {
	f.t.Helper()
	return f.count(`event_manager.events WHERE entity_id = $1 AND entity_type = 'Approval' AND event_type = 'StatusChangeEvent'
		AND properties = jsonb_build_object('status', jsonb_build_object('new_value', $2::text))`, id, status)
}

func TestVerifyMakesAnApprovalEffective(t *testing.T) {
	t.Parallel()
	f := start(t)
	episode := approvals.To("episode_of_care", uuid.New())
	opens := func(d *approvals.Document) { d.GrantedResources = []approvals.Reference{episode} }
	verified := func(change func(d *approvals.Document)) uuid.UUID {
		return f.add("patient", func(d *approvals.Document) {
			opens(d)
			d.IsVerified, d.Status, d.UpdatedAt = true, approvals.StateActive, d.UpdatedAt.Add(-time.Minute)
			if change != nil {
				change(d)
			}
		})
	}
	former := verified(nil)
	others := []uuid.UUID{
		verified(func(d *approvals.Document) { d.AccessLevel = "write" }),
		verified(func(d *approvals.Document) { d.GrantedTo = approvals.To("employee", uuid.New()) }),
		verified(func(d *approvals.Document) {
			d.GrantedResources = append(d.GrantedResources, approvals.To("episode_of_care", uuid.New()))
		}),
		verified(func(d *approvals.Document) { d.PatientID = f.Keys.PatientID(world.ID("stranger_patient")) }),
		verified(func(d *approvals.Document) { d.ExpiresAt = d.InsertedAt.Add(-time.Second) }),
		f.add("patient", opens),
	}
	unchanged := map[uuid.UUID]string{}
	for _, other := range others {
		unchanged[other] = f.stored(other)
	}
	id, code := f.coded(opens)
	before := f.approval(id)
	wrong := code%9000 + 1000
	if wrong == code {
		wrong++
	}
	require.Equal(t, []string{"approval.verify.code"}, f.Send(t, verify(id, wrong)).Rules())
	answer := f.Send(t, verify(id, code))
	require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Raw)
	require.JSONEq(t, "{}", string(answer.Body.Data))

	after := f.approval(id)
	require.True(t, after.IsVerified)
	require.Equal(t, approvals.StateActive, after.State(f.Clock.Now()))
	require.Equal(t, before.ExpiresAt, after.ExpiresAt)
	require.Equal(t, world.ID("doctor"), after.UpdatedBy)
	require.Equal(t, 1, f.told(id, "ACTIVE"))
	require.Equal(t, 1, f.count("prm.audit_log WHERE resource = 'approvals' AND resource_id = $1", id.String()))
	require.Equal(t, 1, f.count("otp.verifications WHERE resource_id = $1 AND status = 'verified' AND NOT active", id))

	ended := f.approval(former)
	require.Equal(t, approvals.StateTerminated, ended.State(f.Clock.Now()))
	require.True(t, ended.IsVerified)
	require.Equal(t, after.UpdatedAt, ended.ExpiresAt)
	require.Equal(t, 1, f.told(former, "TERMINATED"))
	for _, other := range others {
		require.Equal(t, unchanged[other], f.stored(other))
	}
	require.Equal(t, []string{"approval.verify.state_active"}, f.Send(t, verify(id, code)).Rules())
	require.Equal(t, []string{"approval.verify.state_terminated"}, f.Send(t, verify(former, code)).Rules())
}

func TestDocumentsVerifyWithoutACode(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	id := f.add("patient", func(d *approvals.Document) { d.Urgent = &approvals.Urgent{Type: medicalevents.MethodOffline} })
	require.Equal(t, http.StatusOK, f.Send(t, verify(id, 1)).Status)
	require.True(t, f.approval(id).IsVerified, "no worker was needed")
	require.Equal(t, 1, f.told(id, "ACTIVE"))
}

// Of equal requests at the same time one verifies, and the others are told that it is done.
func TestOneOfManyVerifies(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.With("ENGINE_TIMEOUT", "50s"), testkit.With("REQUEST_TIMEOUT", "50s"))
	id, code := f.coded(nil)
	answers := make([]*testkit.Response, 16)
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() { answers[i] = f.Send(t, verify(id, code)) })
	}
	wait.Wait()
	won := 0
	for _, answer := range answers {
		if answer.Status == http.StatusOK {
			won++
			continue
		}
		require.Equal(t, []string{"approval.verify.state_active"}, answer.Rules(), "%s", answer.Raw)
	}
	require.Equal(t, 1, won)
	require.Equal(t, 1, f.told(id, "ACTIVE"))
}

// A server that dies between the change of the document and the commit leaves its
// job to a worker.
func TestKilledVerifyEndsOnce(t *testing.T) {
	t.Parallel()
	var armed atomic.Bool
	f := start(t, testkit.WithHook(func(string) {
		if armed.CompareAndSwap(true, false) {
			panic("killed")
		}
	}))
	former := f.add("patient", func(d *approvals.Document) {
		d.IsVerified, d.Status, d.UpdatedAt = true, approvals.StateActive, d.UpdatedAt.Add(-time.Minute)
	})
	access := f.approval(former).GrantedResources
	id, code := f.coded(func(d *approvals.Document) { d.GrantedResources = access })
	armed.Store(true)
	f.Send(t, verify(id, code))
	require.Eventually(t, func() bool { return f.told(id, "ACTIVE") == 1 }, time.Minute, 20*time.Millisecond)
	require.False(t, armed.Load())
	require.True(t, f.approval(id).IsVerified)
	require.Equal(t, 1, f.told(former, "TERMINATED"))
	require.Equal(t, 1, f.count("otp.verifications WHERE resource_id = $1 AND status = 'verified'", id))
}

// groupsOpenedBy are the approvals of forbidden groups that follow from an approval.
func (f *fixture) groupsOpenedBy(id uuid.UUID) (all []approvals.Document) {
	f.t.Helper()
	cursor, err := f.Mongo.Collection(approvals.Collection).Find(f.t.Context(), bson.D{{Key: "reason.identifier.value", Value: id}})
	require.NoError(f.t, err)
	require.NoError(f.t, cursor.All(f.t.Context(), &all))
	return all
}

// Who may read an episode that a forbidden group hides may read what else the group hides.
func TestVerifyOpensForbiddenGroups(t *testing.T) {
	t.Parallel()
	var killed atomic.Bool
	f := start(t, testkit.WithHook(func(string) {
		if killed.CompareAndSwap(false, true) {
			panic("killed") // the second try opens the same group
		}
	}))
	hidden := testkit.As(doctor, http.MethodGet,
		"/api/patients/"+world.ID("patient").String()+"/encounters/"+world.ID("encounter that a forbidden group hides").String(), nil)
	require.Equal(t, []string{"encounter.get.forbidden_group"}, f.Send(t, hidden).Rules())

	episode := approvals.To("episode_of_care", world.ID("episode that a forbidden group hides"))
	id, code := f.coded(func(d *approvals.Document) { d.GrantedResources = []approvals.Reference{episode} })
	killed.Store(false)
	f.Send(t, verify(id, code))
	require.Eventually(t, func() bool { return f.told(id, "ACTIVE") == 1 }, time.Minute, 20*time.Millisecond)

	opened := f.groupsOpenedBy(id)
	require.Len(t, opened, 1)
	group, from := opened[0], f.approval(id)
	require.Equal(t, []approvals.Reference{approvals.To("forbidden_group", world.ID("forbidden group"))}, group.GrantedResources)
	require.Equal(t, approvals.To("approval", id), *group.Reason)
	require.Equal(t, approvals.StateActive, group.State(f.Clock.Now()))
	require.Equal(t, from.UpdatedAt.Add(30*24*time.Hour), group.ExpiresAt)
	require.Equal(t, []approvals.Reference{from.GrantedTo, from.GrantedBy, from.CreatedBy}, []approvals.Reference{group.GrantedTo, group.GrantedBy, group.CreatedBy})
	require.Equal(t, 1, f.told(group.ID, "ACTIVE"))
	require.Equal(t, 1, f.count("prm.audit_log WHERE resource = 'approvals' AND resource_id = $1", group.ID.String()))
	require.Equal(t, http.StatusOK, f.Send(t, hidden).Status)
	shown := f.Send(t, testkit.As(doctor, http.MethodGet, "/api/patients/"+world.ID("patient").String()+"/approvals/"+group.ID.String(), nil))
	require.Equal(t, http.StatusOK, shown.Status, "%s", shown.Raw)
}

// A group that hides nothing of what is opened stays closed, and so do all to who may write or to a legal entity.
func TestVerifyOpensNoOtherGroups(t *testing.T) {
	t.Parallel()
	f := start(t)
	hidden := approvals.To("episode_of_care", world.ID("episode that a forbidden group hides"))
	for name, change := range map[string]func(d *approvals.Document){
		"in no group": func(d *approvals.Document) {
			d.GrantedResources[0] = approvals.To("episode_of_care", world.ID("episode of patient"))
		},
		"for writing":       func(d *approvals.Document) { d.AccessLevel = "write" },
		"to a legal entity": func(d *approvals.Document) { d.GrantedTo = approvals.To("legal_entity", world.ID("clinic")) },
		"of no document":    func(d *approvals.Document) { d.GrantedResources[0] = approvals.To("encounter", uuid.New()) },
	} {
		id := f.add("patient", func(d *approvals.Document) {
			d.Urgent = &approvals.Urgent{Type: medicalevents.MethodOffline}
			d.GrantedResources = []approvals.Reference{hidden}
			change(d)
		})
		require.Equal(t, http.StatusOK, f.Send(t, verify(id, 1)).Status, name)
		require.Empty(t, f.groupsOpenedBy(id), name)
	}
}

// An approval that was given for a referral opens the group of its service.
func TestVerifyOpensTheGroupOfTheReferral(t *testing.T) {
	t.Parallel()
	f := start(t)
	referral := world.ID("service request that permits")
	f.Change(t, "service_requests", referral, bson.D{{Key: "code.identifier.value", Value: world.ID("forbidden service")}})
	reason := approvals.To("service_request", referral)
	id := f.add("patient", func(d *approvals.Document) {
		d.Urgent, d.Reason = &approvals.Urgent{Type: medicalevents.MethodOffline}, &reason
	})
	require.Equal(t, http.StatusOK, f.Send(t, verify(id, 1)).Status)
	require.Len(t, f.groupsOpenedBy(id), 1)
}

// With an idempotency key the job commits with the answer, and a worker carries it out.
func TestVerifyIsReplayed(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.With("IDEMPOTENCY", "replay"))
	id, code := f.coded(nil)
	request := verify(id, code).Header("X-Idempotency-Key", uuid.NewString())
	first := f.Send(t, request)
	require.Equal(t, http.StatusAccepted, first.Status, "%s", first.Raw)
	j := f.finish(first)
	require.Equal(t, "processed", j.Status)
	require.JSONEq(t, "{}", string(j.ResponseData))
	require.True(t, f.approval(id).IsVerified)
	require.Equal(t, http.StatusAccepted, f.Send(t, request).Status)
	require.Equal(t, 1, f.told(id, "ACTIVE"))
}
