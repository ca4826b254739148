package world_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/seal"
	resource "esoz/internal/resource/approvals"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/sandbox/world/build"
	"esoz/openapi"
	"esoz/openapi/tree"
)

// The seeded documents and rows are in states that the documented writes can
// leave.

func seeded(t *testing.T) *world.World {
	t.Helper()
	keys, err := seal.New([][]byte{make([]byte, 32)}, [][]byte{make([]byte, 16)})
	require.NoError(t, err)
	return world.New(keys, time.Date(2026, 3, 25, 10, 0, 0, 0, time.UTC))
}

// At night the date in Kyiv is a day ahead of UTC.
func TestDaysAreThoseOfKyiv(t *testing.T) {
	t.Parallel()
	keys, err := seal.New([][]byte{make([]byte, 32)}, [][]byte{make([]byte, 16)})
	require.NoError(t, err)
	w := world.New(keys, time.Date(2026, 11, 30, 22, 30, 0, 0, time.UTC))
	require.Equal(t, "2026-12-01", w.Day(0))
	paid := slices.IndexFunc(w.Rows["prm.program_devices"], func(r build.Row) bool { return r["id"] == world.ID("last day of a program device") })
	require.Equal(t, "2026-12-01", w.Rows["prm.program_devices"][paid]["end_date"])
}

// machine is the x-status-machine of a schema of the contract.
type machine struct{ Transitions []way }

type way struct{ From, To string }

func machineOf(t *testing.T, place ...string) machine {
	t.Helper()
	root, err := tree.Parse(openapi.Document)
	require.NoError(t, err)
	node := tree.At(root, append(append([]string{"components", "schemas"}, place...), "x-status-machine")...)
	require.NotNil(t, node, place)
	var m machine
	require.NoError(t, node.Decode(&m))
	return m
}

// leads tells whether there is a way between two states; from "" a way in.
func (m machine) leads(from, to string) bool {
	return slices.Contains(m.Transitions, way{from, to})
}

// reaches tells whether a change leads to a state.
func (m machine) reaches(to string) bool {
	return slices.ContainsFunc(m.Transitions, func(w way) bool { return w.From != "" && w.To == to })
}

// walk requires that a history is a way through the machine to a status.
func (m machine) walk(t *testing.T, name, status string, history []string) {
	t.Helper()
	from := ""
	for _, to := range history {
		require.True(t, m.leads(from, to), "%s: nothing leads from %q to %q", name, from, to)
		from = to
	}
	require.Equal(t, status, from, "%s: the status is the last one of its history", name)
}

func name(w *world.World, id uuid.UUID) string {
	return w.Objects[slices.IndexFunc(w.Objects, func(o world.Object) bool { return o.ID == id })].Name
}

func all[D any](w *world.World, collection string) []D {
	var found []D
	for _, d := range w.Documents[collection] {
		found = append(found, d.(D)) //nolint:forcetypeassert // a collection holds one type
	}
	return found
}

func TestServiceRequestsAreReachable(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	statuses, inProgram := machineOf(t, "ServiceRequest", "properties", "status"), machineOf(t, "ServiceRequest", "properties", "program_processing_status")
	for _, d := range all[servicerequests.Document](w, servicerequests.Collection) {
		n := name(w, d.ID)
		var changes []servicerequests.Change
		var history, programHistory []string
		for _, change := range d.StatusHistory {
			history, changes = append(history, change.Status), append(changes, change.Change)
		}
		statuses.walk(t, n, d.Status, history)
		last := d.StatusHistory[len(d.StatusHistory)-1]
		ended := d.Status == servicerequests.Recalled || d.Status == servicerequests.EnteredInError
		require.Equal(t, ended, d.StatusReason != nil, "%s: Recall and Cancel need a reason", n)
		require.Equal(t, d.StatusReason, last.StatusReason, n)
		require.Equal(t, d.Status == servicerequests.Completed, d.CompletedWith != nil, n)

		for _, change := range d.ProgramProcessingStatusHistory {
			programHistory, changes = append(programHistory, change.ProgramProcessingStatus), append(changes, change.Change)
		}
		program := ""
		if d.Program != nil {
			program = *d.ProgramProcessingStatus
			require.Equal(t, program == servicerequests.ProgramCompleted, d.Status == servicerequests.Completed, "%s: Complete changes both", n)
		}
		inProgram.walk(t, n, program, programHistory)

		used := slices.Contains([]string{servicerequests.ProgramInQueue, servicerequests.ProgramInProgress, servicerequests.ProgramCompleted}, program)
		for _, by := range []*medicalevents.Reference{d.UsedByEmployee, d.UsedByLegalEntity, d.UsedByDivision} {
			require.Equal(t, used, by != nil, "%s: used_by_* in %q", n, program)
		}
		require.Len(t, d.UsedByEmployeeHistory, len(d.UsedByLegalEntityHistory), n)
		if used {
			require.Equal(t, *d.UsedByEmployee, d.UsedByEmployeeHistory[len(d.UsedByEmployeeHistory)-1].UsedByEmployee, n)
			require.Equal(t, *d.UsedByLegalEntity, d.UsedByLegalEntityHistory[len(d.UsedByLegalEntityHistory)-1].UsedByLegalEntity, n)
		}
		y, m, day := d.InsertedAt.AddDate(0, 0, 365).Date()
		require.Equal(t, time.Date(y, m, day, 23, 59, 59, 0, time.UTC), d.ExpirationDate, n)

		slices.SortStableFunc(changes, func(a, b servicerequests.Change) int { return a.InsertedAt.Compare(b.InsertedAt) })
		require.Equal(t, servicerequests.Change{InsertedAt: d.InsertedAt, InsertedBy: d.InsertedBy}, changes[0], n)
		require.Equal(t, servicerequests.Change{InsertedAt: d.UpdatedAt, InsertedBy: d.UpdatedBy}, changes[len(changes)-1], n)
	}
}

func TestDeviceDispensesAreReachable(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	statuses := machineOf(t, "DeviceDispense", "properties", "status")
	requests := map[uuid.UUID]bool{}
	for _, d := range all[devicedispenses.Document](w, devicedispenses.Collection) {
		n := name(w, d.ID)
		changed := d.UpdatedAt.After(d.InsertedAt)
		require.False(t, d.UpdatedAt.Before(d.InsertedAt), n)
		if changed {
			require.True(t, statuses.reaches(d.Status), n)
		} else {
			require.True(t, statuses.leads("", d.Status), n)
			require.Equal(t, d.InsertedBy, d.UpdatedBy, n)
		}
		require.Equal(t, d.Status == devicedispenses.EnteredInError, d.StatusReason != nil, "%s: only Mark in error has a reason", n)
		handedOver := d.Status == devicedispenses.Completed || d.Encounter != nil
		require.Equal(t, handedOver, d.WhenHandedOver != nil, "%s: when_handed_over", n)
		require.Equal(t, d.Status == devicedispenses.Completed && d.Program != nil, d.PaymentAmount != nil, "%s: payment_amount", n)
		if d.Status == devicedispenses.Unknown {
			require.Equal(t, world.SystemUser, d.UpdatedBy, "%s: nobody does it", n)
		}
		require.Equal(t, d.Status == devicedispenses.Declined, d.Encounter != nil, "%s: declined by a package", n)
		if d.Program == nil {
			continue // from a package or the register
		}
		require.NotNil(t, d.Performer, n)
		require.NotNil(t, d.Location, n)
		require.NotNil(t, d.BasedOn, n)
		require.False(t, requests[d.BasedOn.Identifier.Value], "%s: its device request has another dispense", n)
		requests[d.BasedOn.Identifier.Value] = true
	}
}

// A dispense and its device request fit together.
func TestDeviceRequestsAreReachable(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	statuses := machineOf(t, "DeviceRequest", "properties", "status")
	dispenses := map[uuid.UUID]devicedispenses.Document{}
	for _, d := range all[devicedispenses.Document](w, devicedispenses.Collection) {
		if d.BasedOn != nil {
			dispenses[d.BasedOn.Identifier.Value] = d
		}
	}
	require.NotEmpty(t, dispenses)
	for _, d := range all[devicerequests.Document](w, devicerequests.Collection) {
		n := name(w, d.ID)
		require.Equal(t, d.Status != devicerequests.Active, d.UpdatedAt.After(d.InsertedAt), n)
		require.True(t, statuses.leads("", d.Status) || statuses.reaches(d.Status), n)
		require.Equal(t, d.Status == devicerequests.Revoked || d.Status == devicerequests.EnteredInError, d.StatusReason != nil, n)
		require.NotEqual(t, d.Code == nil, d.CodeReference == nil, n)
		require.Equal(t, d.Program != nil, d.VerificationCode != nil, "%s: Create makes a code for a program", n)
		require.True(t, d.Program == nil || d.Quantity != nil, "%s: a program needs a quantity", n)
		dispense, ok := dispenses[d.ID]
		if !ok {
			continue
		}
		require.Equal(t, d.Subject, dispense.Subject, n)
		require.Equal(t, d.Program, dispense.Program, n)
		if d.Quantity != nil {
			require.LessOrEqual(t, dispense.Details[0].Quantity.Value, d.Quantity.Value, n)
			require.Equal(t, dispense.Details[0].Quantity.Code, d.Quantity.Code, n)
		}
		require.Equal(t, d.ContextEpisodeID, dispense.ContextEpisodeID, n)
		require.True(t, d.InsertedAt.Before(dispense.InsertedAt), n)
		require.Equal(t, dispense.Status == devicedispenses.Completed, d.Status == devicerequests.Completed, "%s: Complete Device Dispense changes both", n)
		delete(dispenses, d.ID)
	}
	require.Empty(t, dispenses, "every dispense has its request")
}

func TestApprovalsAreReachable(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	states := machineOf(t, "Approval")
	effective := map[string]string{}
	for _, d := range all[resource.Document](w, resource.Collection) {
		n, state := name(w, d.ID), d.State(w.Now)
		require.True(t, states.leads("", state) || states.reaches(state), n)
		require.False(t, d.UpdatedAt.Before(d.InsertedAt), n)
		require.False(t, d.UpdatedAt.After(w.Now), n)
		good := 90
		if d.GrantedResources[0].Identifier.Type.Coding[0].Code == "care_plan" {
			good = 365
		}
		switch state {
		case resource.StateCancelled, resource.StateTerminated:
			require.Equal(t, d.UpdatedAt, d.ExpiresAt, "%s: its end is its last change", n)
			require.Equal(t, state == resource.StateTerminated, d.IsVerified, n)
		case resource.StateNew:
			require.Equal(t, d.InsertedAt, d.UpdatedAt, n)
			require.Less(t, w.Now.Sub(d.InsertedAt), 12*time.Hour, "%s: the clean-up deletes what is not verified", n)
			require.Equal(t, d.InsertedAt.AddDate(0, 0, good), d.ExpiresAt, n)
		default:
			require.True(t, d.IsVerified, "%s: the clean-up deletes what is not verified", n)
			require.Equal(t, d.InsertedAt.AddDate(0, 0, good), d.ExpiresAt, n)
		}
		if state == resource.StateActive {
			access := fmt.Sprint(d.PatientID, d.GrantedResources, d.GrantedTo, d.AccessLevel)
			require.Empty(t, effective[access], "%s: Verify ends the former approval of the same access", n)
			effective[access] = n
		}
		require.Equal(t, good == 365, d.Urgent == nil, "%s: only an inpatient care plan needs no confirmation", n)
		if d.AuthorizeWith != nil {
			i := slices.IndexFunc(w.Rows["mpi.person_authentication_methods"], func(r map[string]any) bool { return r["id"] == *d.AuthorizeWith })
			require.GreaterOrEqual(t, i, 0, n)
			ended, _ := w.Rows["mpi.person_authentication_methods"][i]["ended_at"].(time.Time)
			require.True(t, ended.IsZero() || ended.After(d.InsertedAt), "%s: the method was good when it was chosen", n)
		}
	}
}

func TestDeclarationRequestsAreReachable(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	statuses := machineOf(t, "DeclarationRequestStatus")
	reasons := map[string]any{"REJECTED": "doctor_reject", "CANCELLED": "request_cancelled"}
	open := map[any]bool{}
	for _, r := range w.Rows["il.declaration_requests"] {
		n, status := name(w, r["id"].(uuid.UUID)), r["status"].(string)                //nolint:forcetypeassert // columns of one type
		inserted, updated := r["inserted_at"].(time.Time), r["updated_at"].(time.Time) //nolint:forcetypeassert // columns of one type
		method, _ := r["authentication_method_current"].(map[string]any)
		require.True(t, statuses.leads("", status) || statuses.reaches(status), n)
		require.Equal(t, status != "NEW", updated.After(inserted), "%s: something has changed it", n)
		require.Equal(t, reasons[status], r["status_reason"], n)
		require.Equal(t, status == "APPROVED" || status == "SIGNED", r["data_to_be_signed"] != nil, "%s: Approve makes what is signed", n)
		if status == "EXPIRED" {
			require.Nil(t, r["data"], n)
			require.Equal(t, world.SystemUser, r["updated_by"], n)
			continue
		}
		require.LessOrEqual(t, w.Now.Sub(inserted), 24*time.Hour, "%s: the clean-up takes its data", n)
		require.Equal(t, r["channel"] != "MIS" || r["parent_declaration_id"] != nil, method["type"] == "NA", "%s: nothing confirms what patients make and what is carried on", n)
		require.Equal(t, method["type"] == "OTP", method["number"] != nil, n)
		if status == "SIGNED" {
			require.True(t, slices.ContainsFunc(w.Rows["ops.declarations"], func(d map[string]any) bool {
				return d["id"] == r["declaration_id"] && d["declaration_request_id"] == r["id"] && d["declaration_number"] == r["declaration_number"] &&
					d["person_id"] == r["mpi_id"] && d["signed_at"] == r["updated_at"]
			}), "%s: Sign makes a declaration", n)
		}
		if person := r["mpi_id"]; person != nil && (status == "NEW" || status == "APPROVED") {
			require.False(t, open[person], "%s: Create cancels the former requests of the person", n)
			open[person] = true
		}
	}
}

func TestDivisionsAndCodesAreReachable(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	for _, r := range w.Rows["prm.divisions"] {
		active := r["status"] == "ACTIVE"
		require.Equal(t, !active, r["updated_at"].(time.Time).After(r["inserted_at"].(time.Time)), r["name"]) //nolint:forcetypeassert // columns of one type
		require.True(t, !active || r["is_active"] == true, r["name"])
	}
	live := map[[2]any]bool{}
	for _, r := range w.Rows["otp.verifications"] {
		phone := r["phone_number"]
		require.Equal(t, r["status"] == "new", r["active"], phone)
		require.Equal(t, r["status"] == "unverified", r["attempts_count"] == 3, phone)
		require.True(t, r["code_expired_at"].(time.Time).After(r["inserted_at"].(time.Time)), phone) //nolint:forcetypeassert // columns of one type
		require.True(t, r["status"] != "verified" || slices.ContainsFunc(w.Rows["otp.verified_phones"], func(v map[string]any) bool {
			return v["phone_number"] == phone
		}), phone)
		of := [2]any{phone, r["resource_id"]}
		require.False(t, r["active"] == true && live[of], "%s has two codes for one thing", phone)
		live[of] = r["active"] == true
	}
}

// Nothing was changed before it was there, and nothing is of the future but a
// job that nobody carries out.
func TestRowsWereInsertedBeforeTheyWereChanged(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	for table, rows := range w.Rows {
		for _, r := range rows {
			inserted, _ := r["inserted_at"].(time.Time)
			updated, ok := r["updated_at"].(time.Time)
			require.True(t, !ok || !updated.Before(inserted), "%s: %v", table, r)
			require.True(t, table == "jobs.jobs" || !updated.After(w.Now) && !inserted.After(w.Now), "%s: %v", table, r)
		}
	}
}

// An event tells of the last change of its object.
func TestEventsTellOfWhatHappened(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	type change struct {
		value string
		at    time.Time
		by    uuid.UUID
	}
	last := map[any]change{}
	for _, d := range all[servicerequests.Document](w, servicerequests.Collection) {
		if d.ProgramProcessingStatus != nil {
			last[d.ID] = change{*d.ProgramProcessingStatus, d.UpdatedAt, d.UpdatedBy}
		}
	}
	for _, d := range all[devicedispenses.Document](w, devicedispenses.Collection) {
		last[d.ID] = change{d.Status, d.UpdatedAt, d.UpdatedBy}
	}
	for _, r := range w.Rows["ops.declarations"] {
		last[r["id"]] = change{r["status"].(string), r["updated_at"].(time.Time), r["updated_by"].(uuid.UUID)} //nolint:forcetypeassert // columns of one type
	}
	require.NotEmpty(t, w.Rows["event_manager.events"])
	for _, e := range w.Rows["event_manager.events"] {
		for _, property := range e["properties"].(map[string]any) { //nolint:forcetypeassert // columns of one type
			got := change{property.(map[string]any)["new_value"].(string), e["event_time"].(time.Time), e["changed_by"].(uuid.UUID)} //nolint:forcetypeassert // columns of one type
			require.Equal(t, last[e["entity_id"]], got, "%v", e)
		}
	}
}

// Every check that stands before an operation has a case there.
func TestEveryGuardHasACase(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	shown, operations := map[string]map[rules.ID]bool{}, []string{}
	for _, c := range w.Cases {
		if shown[c.OperationID] == nil {
			shown[c.OperationID] = map[rules.ID]bool{}
			operations = append(operations, c.OperationID)
		}
		for _, id := range c.Rules {
			shown[c.OperationID][id] = true
		}
	}
	for _, op := range operations {
		guards := rules.Guards(op)
		for _, id := range guards {
			public := !slices.Contains(guards, rules.GatewayAPIKeyUnknown)
			require.Equal(t, id != rules.GatewayRateLimit || !public, shown[op][id], "%s: %s", op, id)
		}
		require.Equal(t, op != "", shown[op][rules.GatewayMethod], op)
	}
}
