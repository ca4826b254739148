package divisions_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/resource/uaddresses"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
	"esoz/openapi"
	"esoz/openapi/tree"
)

func create(token string, b object) world.Request {
	return testkit.As(token, http.MethodPost, "/api/divisions", b)
}

func TestCreateStoresEverything(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	before, began := counts(t, s), s.Clock.Now()
	got := decoded(t, s.Send(t, create(owner, full())))
	require.Equal(t, object{"divisions": 1.0, "addresses": 2.0, "audit": 1.0}, grown(before, counts(t, s)))

	berdychiv, verkhovyna := uaddresses.ID(uaddresses.CodeBerdychiv).String(), uaddresses.ID(uaddresses.CodeVerkhovyna).String()
	id := got["id"].(string)
	require.Equal(t, object{
		"id": id, "legal_entity_id": idOf("clinic"), "name": "Амбулаторія №2", "type": "AMBULANT_CLINIC", "status": "ACTIVE",
		"email": "clinic@example.com", "external_id": "3213213", "mountain_group": false, "dls_id": nil, "dls_verified": nil,
		"addresses": []any{
			object{
				"type": "REGISTRATION", "country": "UA", "area": "Івано-Франківська", "region": nil, "settlement": "Верховина",
				"settlement_type": "SETTLEMENT", "settlement_id": verkhovyna,
				"street_type": nil, "street": nil, "building": nil, "apartment": nil, "zip": nil,
			},
			object{
				"type": "RESIDENCE", "country": "UA", "area": "Житомирська", "region": "бердичівський", "settlement": "Бердичів",
				"settlement_type": "CITY", "settlement_id": berdychiv,
				"street_type": "STREET", "street": "вул. Ніжинська", "building": "15/2 а", "apartment": "23", "zip": "02090",
			},
		},
		"phones":        []any{object{"type": "MOBILE", "number": "+380503410870"}, object{"type": "LAND_LINE", "number": "+380414310870"}},
		"working_hours": object{"mon": []any{[]any{"08.00", "12.00"}, []any{"14.00", "18.00"}}, "sun": []any{}},
		"location":      object{"longitude": 28.5833, "latitude": 49.8992},
	}, got)
	require.Equal(t, got, read(t, s, id), "a read shows what the creation showed")

	division, addresses := stored(t, s, id)
	at := moment(t, division["inserted_at"])
	require.False(t, at.Before(began) || at.After(s.Clock.Now()))
	require.Equal(t, object{
		"id": id, "external_id": "3213213", "name": "Амбулаторія №2", "type": "AMBULANT_CLINIC", "mountain_group": false,
		"phones": got["phones"], "email": "clinic@example.com", "legal_entity_id": idOf("clinic"),
		"longitude": 28.5833, "latitude": 49.8992, "status": "ACTIVE", "is_active": true, "working_hours": got["working_hours"],
		"dls_id": nil, "dls_verified": nil, "inserted_by": idOf("owner"), "updated_by": idOf("owner"),
		"inserted_at": division["inserted_at"], "updated_at": division["inserted_at"],
	}, division)
	require.Len(t, addresses, 2)
	for i, a := range addresses {
		require.NotEmpty(t, a["id"])
		require.Equal(t, float64(i+1), a["position"])
		require.Equal(t, idOf("owner"), a["inserted_by"])
		require.Equal(t, idOf("owner"), a["updated_by"])
		require.Equal(t, at, moment(t, a["inserted_at"]))
		require.Equal(t, at, moment(t, a["updated_at"]))
		for field, value := range got["addresses"].([]any)[i].(object) {
			require.Equal(t, value, a[field], field)
		}
	}

	log := rowOf(t, s, "SELECT * FROM prm.audit_log WHERE resource = 'divisions' AND resource_id = $1", id)
	require.Equal(t, idOf("owner"), log["actor_id"])
	require.Equal(t, at, moment(t, log["inserted_at"]))
	changeset := log["changeset"].(object)
	for field, value := range (object{
		"id": id, "legal_entity_id": idOf("clinic"), "status": "ACTIVE", "is_active": true, "mountain_group": false,
		"email": "clinic@example.com", "external_id": "3213213", "phones": got["phones"], "location": got["location"],
		"working_hours": got["working_hours"],
	}) {
		require.Equal(t, value, changeset[field], field)
	}
	require.Equal(t, addresses[1]["id"], changeset["addresses"].([]any)[1].(object)["id"])
}

func TestCreateWithoutOptionalFields(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	got := decoded(t, s.Send(t, create(owner, body(nil))))
	for _, field := range []string{"external_id", "working_hours", "location", "dls_id", "dls_verified"} {
		require.Contains(t, got, field)
		require.Nil(t, got[field], field)
	}
	require.Equal(t, got, read(t, s, got["id"].(string)))
	division, addresses := stored(t, s, got["id"].(string))
	for _, column := range []string{"external_id", "working_hours", "longitude", "latitude"} {
		require.Nil(t, division[column], column)
	}
	for _, column := range []string{"region", "street_type", "street", "building", "apartment", "zip"} {
		require.Nil(t, addresses[0][column], column)
	}
	log := rowOf(t, s, "SELECT changeset FROM prm.audit_log WHERE resource_id = $1", got["id"])
	require.NotContains(t, log["changeset"], "working_hours")
	require.NotContains(t, log["changeset"], "external_id")
	require.NotContains(t, log["changeset"], "location")
}

// The mountain group is that of the place where the division works, wherever
// that address stands in the list.
func TestCreateCalculatesMountainGroup(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	for _, c := range []struct {
		name      string
		addresses []object
		mountain  bool
	}{
		{"in the mountains", []object{inVerkhovyna("RESIDENCE")}, true},
		{"registered elsewhere", []object{address("REGISTRATION", nil), inVerkhovyna("RESIDENCE")}, true},
		{"only registered there", []object{inVerkhovyna("REGISTRATION"), address("RESIDENCE", nil)}, false},
	} {
		got := decoded(t, s.Send(t, create(owner, body(object{"addresses": c.addresses}))))
		require.Equal(t, c.mountain, got["mountain_group"], c.name)
		division, _ := stored(t, s, got["id"].(string))
		require.Equal(t, c.mountain, division["mountain_group"], c.name)
	}
}

// A division whose audit row cannot be written is not there.
func TestCreateIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	before := counts(t, s)
	noAudit(t, s)
	require.Equal(t, http.StatusInternalServerError, s.Send(t, create(owner, body(nil))).Status)
	require.Equal(t, before, counts(t, s))
}

// A refused request leaves nothing behind.
func TestCreateRefusedWritesNothing(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	before := counts(t, s)
	for _, b := range []object{{}, body(object{"type": "DRUGSTORE"})} {
		require.Equal(t, http.StatusUnprocessableEntity, s.Send(t, create(owner, b)).Status)
	}
	require.Equal(t, before, counts(t, s))
}

// Of two rules that refuse, the earlier one answers.
func TestCreateOrder(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.With("BLOCK_UNVERIFIED_PARTY_USERS", "true"))
	// An unverified user of a legal entity that is closed, or is none, or of a client that may not.
	for name, legalEntity := range map[string]string{"closed": "closed_clinic", "no legal entity": "stranger"} {
		_, err := s.Pool.Exec(t.Context(),
			`UPDATE mithril.tokens SET details = jsonb_set(details, '{client_id}', to_jsonb($1::text)) WHERE id = $2`,
			idOf(legalEntity), world.ID("token unverified_owner"))
		require.NoError(t, err)
		r := s.Send(t, create("sandbox-unverified-owner", object{}))
		require.Equal(t, []string{"division.create.party"}, r.Rules(), name)
	}
	s.Set(t, map[string]string{"BLOCK_UNVERIFIED_PARTY_USERS": "false"})

	wrongShape := body(object{"type": "DRUGSTORE", "email": "x"})
	for _, c := range []struct {
		name, token string
		body        any
		rules       []string
	}{
		{"the scope before the party and the body", "sandbox-no-scopes", object{}, []string{"gateway.scope"}},
		{"JSON before the legal entity", "sandbox-closed-owner", nil, []string{"request.json"}},
		{"the legal entity before the body's shape", "sandbox-stranger", wrongShape, []string{"division.create.legal_entity"}},
		{"its status before the body's shape", "sandbox-closed-owner", wrongShape, []string{"division.create.legal_entity_active"}},
		{"shape and meaning at once", owner, wrongShape, []string{"division.create.type_mapping", "division.create.email"}},
		{"nothing at all", pharmacyOwner, object{}, []string{"division.create.schema", "division.create.location"}},
		{"null is not absent", pharmacyOwner, body(object{"type": "DRUGSTORE", "location": nil}), []string{"division.create.schema"}},
		{"no object", pharmacyOwner, []any{}, []string{"division.create.schema"}},
		{"no address", owner, body(object{"addresses": []object{}}), []string{"division.create.schema", "division.create.residence"}},
		{"addresses that are no list", owner, body(object{"addresses": object{}}), []string{"division.create.schema"}},
		{"an address that is no object", owner, body(object{"addresses": []any{1, address("REGISTRATION", nil)}}), []string{"division.create.schema"}},
		{"a type of no dictionary is compared with nothing", owner, body(object{
			"type": "HOSPITAL", "addresses": []object{address("RECEPTION", nil), address("HOME", nil), address("HOME", nil)},
		}), []string{"division.create.address_type", "division.create.type"}},
		{
			"the obligation of an unknown type", owner, body(object{"type": "HOSPITAL", "addresses": []object{address("REGISTRATION", nil)}}),
			[]string{"division.create.residence", "division.create.type"},
		},
		{
			"a name of a wrong pattern is compared with nothing", owner,
			body(object{"addresses": []object{address("RESIDENCE", object{"region": "Бердичівський #1"})}}),
			[]string{"division.create.region_pattern"},
		},
		{"a place is what it is in a body of another shape", owner, object{
			"addresses": []object{{"area": "Ніде", "settlement": "Ніде", "settlement_id": uaddresses.CodeBerdychiv, "region": nil}}, "phones": 1,
		}, []string{"division.create.schema", "division.create.area", "division.create.settlement", "division.create.settlement_id"}},
		{
			"matches of an address without a type", owner, body(object{"addresses": []object{address("RESIDENCE", object{"type": 1, "settlement": "Київ", "area": "Київ"})}}),
			[]string{"division.create.schema", "division.create.settlement_match", "division.create.area_match"},
		},
		{"the seed's order", pharmacyOwner, body(object{
			"addresses": []object{address("RECEPTION", object{"area": "Ніде"}), address("RECEPTION", object{"settlement": "Ніде", "settlement_id": "1"})},
			"phones":    []object{{"type": "MOBILE", "number": "+380503410870"}, {"type": "MOBILE", "number": "+380503410870"}},
		}), []string{
			"division.create.location", "division.create.area", "division.create.settlement", "division.create.settlement_id",
			"division.create.type_mapping", "division.create.address_type_mapping", "division.create.residence",
			"division.create.address_type_double", "division.create.phone_type_double",
		}},
	} {
		request := testkit.As(c.token, http.MethodPost, "/api/divisions", c.body)
		if c.body == nil {
			request = request.Sending("application/json", "{")
		}
		r := s.Send(t, request)
		require.Equal(t, c.rules, r.Rules(), "%s: %s", c.name, r.Raw)
	}
}

// Business checks have params as a list and no raw_description, which stands
// with violations of the schema.
func TestCreateParams(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	for _, c := range []struct {
		name, token string
		body        object
		params      string
		raw         bool
	}{
		{"types of the legal entity", owner, body(object{"type": "DRUGSTORE"}), `["CLINIC","AMBULANT_CLINIC","FAP"]`, false},
		{"types of address", owner, body(object{"addresses": []object{address("RESIDENCE", nil), address("RECEPTION", nil)}}), `["RESIDENCE","REGISTRATION"]`, false},
		{"the double type", owner, body(object{"addresses": []object{address("RESIDENCE", nil), address("RESIDENCE", nil)}}), `["RESIDENCE"]`, false},
		{"nothing", owner, body(object{"addresses": []object{address("RESIDENCE", object{"area": "Ніде"})}}), `[]`, false},
		{"the missing property", pharmacyOwner, body(object{"type": "DRUGSTORE"}), `{"property":"location"}`, false},
		{"the schema's pattern", owner, body(object{"addresses": []object{address("RESIDENCE", object{"zip": "1"})}}), `{"pattern":"^[0-9]{5}$"}`, true},
	} {
		r := s.Send(t, create(c.token, c.body))
		require.Len(t, r.Body.Error.Invalid, 1, "%s: %s", c.name, r.Raw)
		rule := r.Body.Error.Invalid[0].Rules[0]
		params, err := json.Marshal(rule.Params)
		require.NoError(t, err)
		require.JSONEq(t, c.params, string(params), c.name)
		require.Equal(t, c.raw, rule.RawDescription != "", c.name)
	}
}

// The matrix of types is configuration. A legal entity of a type that is not in
// it may have no division at all.
func TestCreateTypesAreConfiguration(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.With("LEGAL_ENTITY_PRIMARY_CARE_DIVISION_TYPES", "FAP"),
		testkit.With("DIVISION_ADDRESS_TYPES", "*/*=RECEPTION!"))
	r := s.Send(t, create(owner, body(nil)))
	require.Equal(t, []string{
		"division.create.type_mapping", "division.create.address_type_mapping", "division.create.residence",
	}, r.Rules())
	require.Equal(t, "Addresses with type RECEPTION should be present", r.Body.Error.Invalid[2].Rules[0].Description)
	require.Equal(t, []any{"FAP"}, r.Body.Error.Invalid[0].Rules[0].Params)

	_, err := s.Pool.Exec(t.Context(), "UPDATE prm.legal_entities SET type = 'NHS' WHERE id = $1", world.ID("clinic"))
	require.NoError(t, err)
	r = s.Send(t, create(owner, body(object{"type": "FAP"})))
	require.Equal(t, "division.create.type_mapping", r.Rules()[0])
	require.Equal(t, []any{}, r.Body.Error.Invalid[0].Rules[0].Params)
}

// The examples that the contract shows can be sent as they stand.
func TestContractsExamplesPass(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	doc, err := tree.Parse(openapi.Document)
	require.NoError(t, err)
	examples := func(path, method string) map[string]struct{ Value object } {
		var all map[string]struct{ Value object }
		require.NoError(t, tree.At(doc, "paths", path, method, "requestBody", "content", "application/json", "examples").Decode(&all))
		require.NotEmpty(t, all)
		return all
	}
	tokens := map[string]string{"drugstore": pharmacyOwner}
	for name, example := range examples("/api/divisions", "post") {
		r := s.Send(t, create(cmp.Or(tokens[name], owner), example.Value))
		require.Equal(t, http.StatusOK, r.Status, "%s: %s", name, r.Raw)
	}
	for name, example := range examples("/api/divisions/{id}", "patch") {
		r := s.Send(t, testkit.As(owner, http.MethodPatch, "/api/divisions/"+idOf("division of the clinic"), example.Value))
		require.Equal(t, http.StatusOK, r.Status, "%s: %s", name, r.Raw)
	}
}

// A creation costs two round trips: one that tells who asks, one that writes.
func TestCreateRoundTrips(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	require.Equal(t, http.StatusOK, s.Send(t, create(owner, full())).Status)
	before := s.Pool.Stat().AcquireCount()
	require.Equal(t, http.StatusOK, s.Send(t, create(owner, full())).Status)
	require.EqualValues(t, 2, s.Pool.Stat().AcquireCount()-before)
}
