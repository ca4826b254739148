package devicedispenses_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// caseOf returns the request of a passing case.
func caseOf(t testing.TB, srv *testkit.Server, operation, title string) world.Request {
	t.Helper()
	i := slices.IndexFunc(srv.World.Cases, func(c world.Case) bool { return c.OperationID == operation && c.Title == title })
	require.GreaterOrEqual(t, i, 0, title)
	return srv.World.Cases[i].Request
}

func display(kind, name, text string) *medicalevents.Reference {
	r := medicalevents.To(kind, world.ID(name))
	r.DisplayValue = &text
	return &r
}

func TestCreateKeepsDevicesForAPatient(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	const request = "device request to be met"
	id := world.ID("dispense of " + request)
	done := srv.WaitJob(t, pharmacist, srv.Send(t, caseOf(t, srv, "createDeviceDispense", "a request in a program")))
	require.Equal(t, http.StatusSeeOther, done.Status)
	unmarked(t, srv, id)

	d := one(t, srv, id)
	subject, at := one(t, srv, begun).Subject, d.InsertedAt
	require.Equal(t, &devicedispenses.Document{
		ID: id, Subject: subject, SealedWith: d.SealedWith, BasedOn: new(medicalevents.To("device_request", world.ID(request))),
		Status: "in_progress", PrimarySource: true, Note: new("Видати разом з інструкцією"),
		Performer:            display("employee", "employee pharmacist", "Ольга Богданівна Мельничук"),
		Location:             display("division", "drugstore", "Підрозділ «drugstore»"),
		PerformerLegalEntity: display("legal_entity", "pharmacy", "Аптека «Подорожник»"),
		Program:              display("medical_program", "device program", "Доступні медичні вироби"),
		Details: []devicedispenses.Detail{{
			Device: new(medicalevents.To("device_definition", world.ID("device definition"))), ProgramDevice: new(medicalevents.To("program_device", world.ID("program device"))),
			Quantity: medicalevents.Quantity{Value: 10, System: "device_unit", Code: "piece", Unit: new("шт")}, SellPrice: new(18.65), DiscountAmount: new(150.0),
			ReimbursementAmount: new(125.0),
		}},
		ContextEpisodeID: new(world.ID("episode of patient")),
		InsertedAt:       at, InsertedBy: world.ID("pharmacist"), UpdatedAt: at, UpdatedBy: world.ID("pharmacist"), AppliedJobs: d.AppliedJobs,
	}, d)

	events := srv.Events(t, id)
	require.Len(t, events, 1)
	require.JSONEq(t, `{"status":{"new_value":"in_progress"}}`, string(events[0].Properties))
}

// What a program pays back is told by the device that the pharmacy names, or by the only one
// that the program has.
func TestCreateReckonsReimbursement(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, c := range []struct {
		title, request, device string
		amount                 float64
	}{
		{"no code, and the program's device left out", "device request to be met without a code", "program device", 125},
		{"a part of the quantity", "device request to be met in part", "program device", 62.5},
		{"a percentage", "device request to be met by a percentage", "second program device", 18.65}, // the half of two packages
	} {
		require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, pharmacist, srv.Send(t, caseOf(t, srv, "createDeviceDispense", c.title))).Status)
		detail := one(t, srv, world.ID("dispense of "+c.request)).Details[0]
		require.Equal(t, world.ID(c.device), detail.ProgramDevice.Identifier.Value, c.title)
		require.Equal(t, &c.amount, detail.ReimbursementAmount, c.title)
	}
}

// Of two dispenses of a request that are stored at the same moment the one stays whose job
// ends first.
func TestOneOfTwoDispensesStays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		marked, audited bool
		stays           bool
	}{
		{"the other job is on its way", true, false, true},
		{"the other job has ended", true, true, false},
		{"and has taken its mark away", false, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var srv *testkit.Server
			const request = "device request to be met"
			id, other := world.ID("dispense of "+request), uuid.New()
			var once sync.Once
			srv = testkit.New(t, testkit.Idle(), testkit.WithHook(func(string) {
				once.Do(func() {
					d := one(t, srv, id)
					d.ID = other
					if !c.marked {
						d.AppliedJobs = nil
					}
					_, err := srv.Mongo.Collection(devicedispenses.Collection).InsertOne(t.Context(), d)
					require.NoError(t, err)
					if c.audited {
						_, err := srv.Pool.Exec(t.Context(), `INSERT INTO prm.audit_log (id, actor_id, resource, resource_id, changeset, inserted_at)
							VALUES ($1, 'a test', $2, $3, '{}', now())`, uuid.New(), devicedispenses.Collection, other)
						require.NoError(t, err)
					}
				})
			}))
			answer := srv.Send(t, caseOf(t, srv, "createDeviceDispense", "a request in a program"))
			srv.Run(t)
			done := srv.WaitJob(t, pharmacist, answer)
			if c.stays {
				require.Equal(t, http.StatusSeeOther, done.Status)
				require.Len(t, srv.Events(t, id), 1)
				return
			}
			require.Contains(t, string(done.Raw), "Other active device dispense already exist.")
			require.NotContains(t, srv.Documents(t, devicedispenses.Collection), id)
			require.Empty(t, srv.Events(t, id))
		})
	}
}
