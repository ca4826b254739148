package sandbox_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/gen/machines"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// openObject is the answer about one object.
type openObject struct {
	Name, Kind, Status string
	States             []struct {
		Attribute, Current, Title string
		States                    []string
		Ways                      []openWay
	}
	Confirming []struct {
		Type  string
		Phone string     `json:"phone_number"`
		By    *uuid.UUID `json:"value"`
	}
	Error string
}

type openWay struct {
	From, To  string
	Operation string `json:"operation_id"`
	Request   *world.Request
	Another   bool
}

func (b *box) object(t *testing.T, id string) (o openObject) {
	t.Helper()
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/objects/"+id, nil, &o), "%s", o.Error)
	return o
}

// put puts an object into a state.
func (b *box) put(t *testing.T, id, attribute, state string) (status int, o openObject) {
	t.Helper()
	wanted := object{"state": state}
	if attribute != "" {
		wanted["attribute"] = attribute
	}
	return b.call(t, http.MethodPost, "/_sandbox/objects/"+id+"/state", wanted, &o), o
}

// Each object whose state is shown can be put into each of its states, and shows it. Of a kind one object is enough.
func objectsArePutIntoStates(t *testing.T, b *box) {
	var objects []struct{ Name, Kind, ID, Status string }
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/objects", nil, &objects))
	kinds, shown := map[string]bool{}, map[string]bool{}
	for _, seeded := range objects {
		if seeded.Status == "" || kinds[seeded.Kind] {
			continue // it is not there yet, or its kind has been seen
		}
		kinds[seeded.Kind] = true
		opened := b.object(t, seeded.ID)
		require.Equal(t, seeded.Name, opened.Name)
		require.Equal(t, seeded.Kind, opened.Kind)
		for i, part := range opened.States {
			shown[part.Title] = true
			require.NotEmpty(t, part.Ways, seeded.Name)
			for _, state := range part.States {
				status, after := b.put(t, seeded.ID, part.Attribute, state)
				if status == http.StatusConflict { // a phone has one live code
					require.Equal(t, "Verification", part.Title, after.Error)
					continue
				}
				require.Equal(t, http.StatusOK, status, "%s into %s: %s", seeded.Name, state, after.Error)
				require.Equal(t, state, after.States[i].Current, seeded.Name)
				require.Equal(t, after, b.object(t, seeded.ID))
			}
		}
	}
	for _, m := range machines.All {
		if m.Title != "Job" { // has dials of its own
			require.True(t, shown[m.Title], m.Title)
		}
	}

	// An object that a client has made, and the request that leads on from where it was put.
	b.reset(t)
	created := testkit.Send(t, b.url, passing(t, "createDivision"))
	require.Equal(t, http.StatusOK, created.Status, "%s", created.Raw)
	var division struct{ ID string }
	created.Data(t, &division)
	id := division.ID
	require.Empty(t, b.object(t, id).Name)
	status, closed := b.put(t, id, "", "INACTIVE")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "INACTIVE", closed.Status)
	for _, way := range closed.States[0].Ways {
		require.Equal(t, way.From == "INACTIVE", way.Request != nil, "%s to %s", way.From, way.To)
		if way.Request != nil {
			require.Equal(t, "activateDivision", way.Operation)
			require.False(t, way.Another)
			require.Equal(t, http.StatusOK, testkit.Send(t, b.url, *way.Request).Status)
		}
	}
	require.Equal(t, "ACTIVE", b.object(t, id).Status)

	// The document of a patient: the request has the patient's id, too. A signed body names another object.
	episode := world.ID("episode of offline_patient").String()
	for _, way := range b.object(t, episode).States[0].Ways {
		if way.Operation == "closeEpisode" {
			require.Equal(t, "/api/patients/"+world.ID("offline_patient").String()+"/episodes/"+episode+"/actions/close", way.Request.Path)
		}
	}
	i := slices.IndexFunc(objects, func(o struct{ Name, Kind, ID, Status string }) bool { return o.Kind == "declaration request" })
	_, request := b.put(t, objects[i].ID, "", "APPROVED")
	signing := slices.IndexFunc(request.States[0].Ways, func(way openWay) bool { return way.Operation == "signDeclarationRequest" })
	require.True(t, request.States[0].Ways[signing].Another)
}

func statesAreRefused(t *testing.T, b *box) {
	division, request := "965430ff-3e10-5377-af26-dafce365a69f", ""
	var requests []struct{ ID, Status string }
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/objects?kind=service%20request", nil, &requests))
	request = requests[slices.IndexFunc(requests, func(r struct{ ID, Status string }) bool { return r.Status == "active" })].ID
	for _, c := range []struct {
		id, attribute, state string
		status               int
		says                 string
	}{
		{division, "", "GONE", http.StatusUnprocessableEntity, `state: "GONE" is none of ACTIVE, INACTIVE`},
		{division, "", "", http.StatusUnprocessableEntity, `state: "" is none of`},
		{division, "name", "ACTIVE", http.StatusUnprocessableEntity, `attribute: "name" is none of status`},
		{request, "is_active", "active", http.StatusUnprocessableEntity, `attribute: "is_active" is none of status`},
		{world.ID("patient").String(), "", "active", http.StatusUnprocessableEntity, "no status machine"},
		{"00000000-0000-0000-0000-000000000000", "", "ACTIVE", http.StatusNotFound, "id"},
		{"%23%25%22", "", "ACTIVE", http.StatusNotFound, "id"},
	} {
		status, refused := b.put(t, c.id, c.attribute, c.state)
		require.Equal(t, c.status, status, c.says)
		require.Contains(t, refused.Error, c.says)
	}
	require.Equal(t, http.StatusBadRequest, b.call(t, http.MethodPost, "/_sandbox/objects/"+division+"/state", "INACTIVE", nil))
	require.Equal(t, http.StatusBadRequest, b.call(t, http.MethodPost, "/_sandbox/objects/"+division+"/state", object{"status": "INACTIVE"}, nil))
	require.Equal(t, "ACTIVE", b.object(t, division).Status)
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/_sandbox/objects/nothing", nil, nil))
}

func personsShowHowTheyConfirm(t *testing.T, b *box) {
	patient := b.object(t, world.ID("patient").String())
	require.Equal(t, "person", patient.Kind)
	require.Empty(t, patient.States)
	require.NotEmpty(t, patient.Confirming)
	var phones []string
	for _, method := range patient.Confirming {
		require.Equal(t, "OTP", method.Type)
		phones = append(phones, method.Phone)
	}
	require.Contains(t, phones, world.PatientPhone)
	ward := b.object(t, world.ID("third_person_patient").String())
	require.Equal(t, "THIRD_PERSON", ward.Confirming[0].Type)
	require.NotNil(t, ward.Confirming[0].By)
}
