package persons_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/persons"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func people(s *testkit.Server) *persons.Store {
	return &persons.Store{Pool: s.Pool, Documents: s.Mongo, Keys: s.Keys, Clock: s.Clock}
}

func TestPatient(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	p := people(s)
	id := world.ID("patient")
	patient, err := p.Patient(t.Context(), id.String())
	require.NoError(t, err)
	require.Equal(t, operation.Person{ID: id, Hidden: s.Keys.PatientIDs(id), Active: true}, patient)
	patient, err = p.Patient(t.Context(), world.ID("inactive_patient").String())
	require.NoError(t, err)
	require.False(t, patient.Active)
	for _, unknown := range []string{uuid.NewString(), "", "1", "urn:uuid:" + id.String(), "{" + id.String() + "}", s.Keys.PatientID(id)} {
		_, err = p.Patient(t.Context(), unknown)
		require.ErrorIs(t, err, fault.ErrNotFound, unknown)
	}
}

func TestMayRead(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	p := people(s)
	patient, err := p.Patient(t.Context(), world.ID("stranger_patient").String())
	require.NoError(t, err)
	by := auth.Subject{UserID: world.ID("doctor"), ClientID: world.ID("clinic")}
	record := operation.Access{Kind: "service_request", ID: uuid.New(), LegalEntities: []uuid.UUID{uuid.New()}}
	read := func(record operation.Access) bool {
		t.Helper()
		may, err := p.MayRead(t.Context(), by, patient, record)
		require.NoError(t, err)
		return may
	}
	require.False(t, read(record))
	require.False(t, read(operation.Access{Kind: "service_request"}))

	own := record
	own.LegalEntities = append(own.LegalEntities, by.ClientID)
	require.True(t, read(own), "a record of the own legal entity")

	collection := s.Mongo.Collection(approvals.Collection)
	grant := func(change func(d *approvals.Document)) (undo func()) {
		d := approvals.Document{
			ID: uuid.New(), PatientID: patient.Hidden[0], GrantedTo: approvals.To("employee", world.ID("employee doctor")),
			GrantedResources: []approvals.Reference{approvals.To("episode_of_care", uuid.New()), approvals.To("service_request", record.ID)},
			ExpiresAt:        s.Clock.Now().Add(time.Minute), IsVerified: true,
		}
		change(&d)
		_, err := collection.InsertOne(t.Context(), d)
		require.NoError(t, err)
		return func() {
			_, err := collection.DeleteOne(t.Context(), map[string]any{"_id": d.ID})
			require.NoError(t, err)
		}
	}
	for name, c := range map[string]struct {
		want   bool
		change func(d *approvals.Document)
	}{
		"of the record to an employee":      {true, func(*approvals.Document) {}},
		"of the record to the legal entity": {true, func(d *approvals.Document) { d.GrantedTo = approvals.To("legal_entity", by.ClientID) }},
		"of the patient": {true, func(d *approvals.Document) {
			d.GrantedResources = []approvals.Reference{approvals.ToPatient("patient", patient.Hidden[0])}
		}},
		"not verified":          {false, func(d *approvals.Document) { d.IsVerified = false }},
		"expired":               {false, func(d *approvals.Document) { d.ExpiresAt = s.Clock.Now() }},
		"to another's employee": {false, func(d *approvals.Document) { d.GrantedTo = approvals.To("employee", world.ID("employee other_doctor")) }},
		"by another patient":    {false, func(d *approvals.Document) { d.PatientID = "another" }},
		"of another record":     {false, func(d *approvals.Document) { d.GrantedResources = d.GrantedResources[:1] }},
		"of another kind with the same id": {false, func(d *approvals.Document) {
			d.GrantedResources = []approvals.Reference{approvals.To("device_dispense", record.ID)}
		}},
		"of nothing, for a type as a whole": {false, func(d *approvals.Document) { d.GrantedResources = nil }},
	} {
		undo := grant(c.change)
		require.Equal(t, c.want, read(record), name)
		undo()
	}
	undo := grant(func(d *approvals.Document) {
		d.GrantedResources = []approvals.Reference{approvals.ToPatient("patient", patient.Hidden[0])}
	})
	require.True(t, read(operation.Access{Kind: "service_request"}), "an approval of the patient opens all records")
	undo()
	undo = grant(func(*approvals.Document) {})
	require.False(t, read(operation.Access{Kind: "service_request"}), "an approval of one record does not open the others")
	undo()

	_, err = s.Pool.Exec(t.Context(), `INSERT INTO ops.declarations (id, declaration_number, declaration_request_id, person_id,
		employee_id, division_id, legal_entity_id, start_date, end_date, signed_at, status, is_active, seed, created_by, updated_by,
		inserted_at, updated_at)
		VALUES ($1, 'test', $1, $2, $1, $1, $3, $4::timestamptz, $4::timestamptz, $4::timestamptz, 'active', true, '', $1, $1, $4, $4)`,
		uuid.New(), patient.ID, by.ClientID, s.Clock.Now())
	require.NoError(t, err)
	require.True(t, read(record), "an active declaration")
	_, err = s.Pool.Exec(t.Context(), `UPDATE ops.declarations SET status = 'terminated' WHERE declaration_number = 'test'`)
	require.NoError(t, err)
	require.False(t, read(record), "a declaration that is over")
}

func TestEmployees(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	p := people(s)
	by := auth.Subject{UserID: world.ID("doctor"), ClientID: world.ID("clinic")}
	found, err := p.Employees(t.Context(), by)
	require.NoError(t, err)
	require.ElementsMatch(t, []uuid.UUID{world.ID("employee doctor"), world.ID("assistant of packages"), world.ID("owner of packages")}, found)
	found, err = p.Employees(t.Context(), auth.Subject{UserID: by.UserID, ClientID: world.ID("hospital")})
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{world.ID("employee doctor of the hospital")}, found)
	_, err = s.Pool.Exec(t.Context(), `UPDATE prm.employees SET status = 'DISMISSED' WHERE id = $1`, world.ID("employee doctor"))
	require.NoError(t, err)
	found, err = p.Employees(t.Context(), by)
	require.NoError(t, err)
	require.NotContains(t, found, world.ID("employee doctor"))
	require.Len(t, found, 2)
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	p := people(s)
	id := world.ID("patient")
	_, err := s.Pool.Exec(t.Context(), `UPDATE mpi.persons SET last_name = 'Їжак', first_name = 'Єва', second_name = NULL,
		birth_date = '2000-05-10', gender = 'FEMALE' WHERE id = $1`, id)
	require.NoError(t, err)
	found, err := p.Identities(t.Context(), []uuid.UUID{id, uuid.New()})
	require.NoError(t, err)
	born := time.Date(2000, 5, 10, 0, 0, 0, 0, time.UTC)
	require.Equal(t, map[uuid.UUID]medicalevents.Identity{id: {LastName: "Їжак", FirstName: "Є.", Gender: "FEMALE", BirthDate: born}}, found)
	// In Kyiv the birthday begins three hours earlier than in UTC.
	for at, age := range map[string]int{"2026-05-09T20:59:00Z": 25, "2026-05-09T21:01:00Z": 26, "2026-05-10T12:00:00Z": 26, "2026-04-30T12:00:00Z": 25} {
		moment, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		require.Equal(t, age, found[id].Age(moment), at)
	}
}
