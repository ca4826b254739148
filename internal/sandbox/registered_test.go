package sandbox_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/app/admin"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

type object = map[string]any

// registered is what a team has registered, in the order of what needs what.
type registered struct{ mis, legalEntity, user, person admin.Registered }

func register(t *testing.T, b *box) (r registered) {
	t.Helper()
	add := func(path string, body object, added *admin.Registered) {
		require.Equal(t, http.StatusCreated, b.call(t, http.MethodPost, path, body, added))
	}
	add("/_sandbox/mis", object{"name": "МІС «Хвиля»", "redirect_uri": "https://mis.example.com/callback"}, &r.mis)
	add("/_sandbox/legal_entities", object{
		"name": "Амбулаторія «Дуб»", "type": "PRIMARY_CARE", "edrpou": "12345678", "mis_id": r.mis.ID, "redirect_uri": "https://mis.example.com/callback",
	}, &r.legalEntity)
	add("/_sandbox/users", object{
		"first_name": "Олена", "last_name": "Дуб", "birth_date": "1985-07-05", "gender": "FEMALE", "email": "own@mis.example.com", "password": "own-password",
		"phone_number": "+380931234588", "documents": []object{{"type": "PASSPORT", "number": "АА120518", "issued_by": "Рокитнянським РВ", "issued_at": "2006-02-28"}},
		"employees": []object{
			{"legal_entity_id": r.legalEntity.ID, "employee_type": "DOCTOR", "roles": []string{"DOCTOR"}},
			{"legal_entity_id": r.legalEntity.ID, "employee_type": "OWNER", "roles": []string{"OWNER"}},
		},
	}, &r.user)
	add("/_sandbox/persons", object{
		"first_name": "Петро", "last_name": "Дуб", "birth_date": "1990-01-31", "gender": "MALE",
		"documents":              []object{{"type": "PASSPORT", "number": "АА120519", "issued_by": "Рокитнянським РВ", "issued_at": "2006-02-28"}},
		"authentication_methods": []object{{"type": "OTP", "phone_number": "+380931234599"}},
	}, &r.person)
	return r
}

// enter logs in, authorizes, exchanges the code, opens a division and asks for a
// declaration of the person with the doctor, with the MIS's own key.
func (r registered) enter(t *testing.T, b *box) {
	t.Helper()
	send := func(token, path string, status int, body, data any) {
		request := testkit.As(token, http.MethodPost, path, body).Header("API-key", r.mis.Secret)
		answer := testkit.Send(t, b.url, request)
		require.Equal(t, status, answer.Status, "%s", answer.Raw)
		answer.Data(t, data)
	}
	var session, code, access struct{ Value string }
	send("", "/auth/login", http.StatusCreated, object{"token": object{
		"grant_type": "password", "email": "own@mis.example.com", "password": "own-password", "client_id": r.legalEntity.ID, "scope": "app:authorize",
	}}, &session)
	send(session.Value, "/oauth/apps/authorize", http.StatusCreated, object{"app": object{
		"client_id": r.legalEntity.ID, "redirect_uri": "https://mis.example.com/callback", "scope": "division:write declaration_request:write employee:read employee:details legal_entity:read",
	}}, &code)
	send("", "/oauth/tokens", http.StatusCreated, object{"token": object{
		"grant_type": "authorization_code", "client_id": r.legalEntity.ID, "client_secret": r.legalEntity.Secret,
		"code": code.Value, "redirect_uri": "https://mis.example.com/callback",
	}}, &access)
	r.show(t, b, access.Value)
	clinic, ok := testkit.World().Passing("createDivision")
	require.True(t, ok)
	var division struct{ ID uuid.UUID }
	send(access.Value, "/api/divisions", http.StatusOK, clinic.Request.Body, &division)
	var asked struct{ Status string }
	send(access.Value, "/api/v3/declaration_requests", http.StatusCreated, object{
		"person_id": r.person.ID, "employee_id": r.user.Employees[0].ID, "division_id": division.ID,
	}, &asked)
	require.Equal(t, "NEW", asked.Status)
}

// show reads the legal entity and its employees, as live clients do after a login.
func (r registered) show(t *testing.T, b *box, token string) {
	t.Helper()
	read := func(path string, data any) {
		answer := testkit.Send(t, b.url, testkit.As(token, http.MethodGet, path, nil).Header("API-key", r.mis.Secret))
		require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Raw)
		answer.Data(t, data)
	}
	var legalEntities []struct{ ID uuid.UUID }
	read("/api/v2/legal_entities?page_size=300", &legalEntities)
	require.Len(t, legalEntities, 1)
	require.Equal(t, r.legalEntity.ID, legalEntities[0].ID)
	var employees []struct {
		ID     uuid.UUID
		Doctor *struct {
			Specialities []map[string]any
		}
	}
	read("/api/employees?page_size=300", &employees)
	require.Len(t, employees, len(r.user.Employees))
	for _, e := range employees {
		if e.Doctor != nil {
			for _, field := range []string{"level", "attestation_date", "attestation_name", "certificate_number"} {
				require.NotEmpty(t, e.Doctor.Specialities[0][field], field)
			}
		}
		var shown struct {
			Party struct{ Phones, Documents []object }
		}
		read("/api/employees/"+e.ID.String(), &shown)
		require.Len(t, shown.Party.Phones, 1)
		require.Len(t, shown.Party.Documents, 1)
	}
}

func registryServesATeamsOwnData(t *testing.T, b *box) {
	r := register(t, b)
	r.enter(t, b)

	var list []admin.Registered
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/registered", nil, &list))
	require.Equal(t, []admin.Registered{
		{ID: r.mis.ID, Kind: admin.KindMIS, Name: "МІС «Хвиля»"},
		{ID: r.legalEntity.ID, Kind: admin.KindLegalEntity, Name: "Амбулаторія «Дуб»"},
		{ID: r.user.ID, Kind: admin.KindUser, Name: "own@mis.example.com", Employees: r.user.Employees},
		{ID: r.person.ID, Kind: admin.KindPerson, Name: "Дуб Петро"},
	}, list)

	require.Equal(t, http.StatusNoContent, b.call(t, http.MethodPost, "/_sandbox/reset?keep=registered", nil, nil))
	r.enter(t, b)
	require.Equal(t, http.StatusUnprocessableEntity, b.call(t, http.MethodDelete, "/_sandbox/registered/"+r.legalEntity.ID.String(), nil, nil), "it has a division")
	require.Equal(t, http.StatusNoContent, b.call(t, http.MethodPost, "/_sandbox/reset?keep=registered", nil, nil))
	require.Equal(t, http.StatusUnprocessableEntity, b.call(t, http.MethodDelete, "/_sandbox/registered/"+r.mis.ID.String(), nil, nil), "the legal entity calls through it")
	for _, o := range []admin.Registered{r.person, r.user, r.legalEntity, r.mis} {
		require.Equal(t, http.StatusNoContent, b.call(t, http.MethodDelete, "/_sandbox/registered/"+o.ID.String(), nil, nil), o.Kind)
		require.Equal(t, http.StatusNotFound, b.call(t, http.MethodDelete, "/_sandbox/registered/"+o.ID.String(), nil, nil), o.Kind)
	}
	b.call(t, http.MethodGet, "/_sandbox/registered", nil, &list)
	require.Empty(t, list)

	register(t, b)
	b.reset(t)
	b.call(t, http.MethodGet, "/_sandbox/registered", nil, &list)
	require.Empty(t, list, "a reset that is not asked to keep them forgets them")
	require.Equal(t, http.StatusBadRequest, b.call(t, http.MethodPost, "/_sandbox/reset?keep=all", nil, nil))
}

func registryRefusesWhatIsWrong(t *testing.T, b *box) {
	r := register(t, b)
	defer b.reset(t)
	human := object{"first_name": "Олена", "last_name": "Дуб", "birth_date": "1985-07-05", "gender": "FEMALE"}
	user := func(changes object) object {
		body := maps.Clone(human)
		maps.Copy(body, object{"email": "other@mis.example.com", "password": "own-password"})
		maps.Copy(body, changes)
		return body
	}
	legalEntity := func(changes object) object {
		body := object{"name": "Дуб", "type": "PRIMARY_CARE", "edrpou": "12345678", "mis_id": r.mis.ID, "redirect_uri": "https://mis.example.com/"}
		maps.Copy(body, changes)
		return body
	}
	for _, c := range []struct {
		path string
		body object
		want string
	}{
		{"mis", object{"redirect_uri": "https://mis.example.com/"}, "name: required"},
		{"mis", object{"name": "МІС", "redirect_uri": "http://mis.example.com/"}, "redirect_uri: does not begin with https://"},
		{"mis", object{"name": "МІС", "redirect_uri": "https://mis.example.com/", "api_key": "sandbox-mis-key"}, "taken already: connections_secret_hash_key"},
		{"legal_entities", legalEntity(object{"type": "SHOP"}), `type: "SHOP" is none of `},
		{"legal_entities", legalEntity(object{"edrpou": "1"}), "edrpou: does not match"},
		{"legal_entities", legalEntity(object{"status": "OPEN"}), "not a possible value: legal_entities_status_check"},
		{"legal_entities", legalEntity(object{"mis_id": r.person.ID}), "names what is not there: connections_consumer_id_fkey"},
		{"users", user(object{"email": "nobody"}), "email: not an address"},
		{"users", user(object{"email": "OWN@mis.example.com"}), "taken already: users_email_key"},
		{"users", user(object{"password": ""}), "password: required"},
		{"users", user(object{"birth_date": "05.07.1985"}), "birth_date: not a date"},
		{"users", user(object{"employees": []object{{"legal_entity_id": r.legalEntity.ID, "employee_type": "OWNER", "roles": []string{"KING"}}}}), `roles: "KING" is none of `},
		{"users", user(object{"employees": []object{{"legal_entity_id": r.mis.ID, "employee_type": "OWNER"}}}), "names what is not there: employees_legal_entity_id_fkey"},
		{"persons", object{"first_name": "Олена", "last_name": "Дуб", "birth_date": "1985-07-05", "gender": "F"}, `gender: "F" is none of MALE, FEMALE`},
		{"persons", func() object {
			body := maps.Clone(human)
			body["authentication_methods"] = []object{{"type": "OTP", "phone_number": "0931234599"}}
			return body
		}(), "authentication_methods[0].phone_number: not a number"},
	} {
		var answer struct{ Error string }
		require.Equal(t, http.StatusUnprocessableEntity, b.call(t, http.MethodPost, "/_sandbox/"+c.path, c.body, &answer), c.want)
		require.Contains(t, answer.Error, c.want)
	}
	var answer struct{ Error string }
	require.Equal(t, http.StatusBadRequest, b.call(t, http.MethodPost, "/_sandbox/persons", object{"firstname": "Олена"}, &answer))
	require.Contains(t, answer.Error, "firstname")
	var list []json.RawMessage
	b.call(t, http.MethodGet, "/_sandbox/registered", nil, &list)
	require.Len(t, list, 4, "nothing that was refused is there")
}

// A person of one's own is known to the medical events: their lists are empty,
// which they are not for who is unknown.
func registryMakesPatients(t *testing.T, b *box) {
	r := register(t, b)
	defer b.reset(t)
	for id, status := range map[string]int{r.person.ID.String(): http.StatusOK, r.user.ID.String(): http.StatusNotFound} {
		request := testkit.As("sandbox-doctor", http.MethodGet, "/api/patients/"+id+"/approvals", nil)
		require.Equal(t, status, testkit.Send(t, b.url, world.Request(request)).Status)
	}
}
