package divisions

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

func create(w *build.World) {
	const op = "createDivision"
	post := func(token string, body build.Row) build.Request {
		return build.Post(token, "/api/divisions").With(body)
	}
	berdychivTwice := bodyAt(residence(nil), residence(build.Row{"type": "REGISTRATION"}))

	w.Passes(op, "a clinic", post(owner, validBody(nil)), http.StatusOK)
	w.Passes(op, "a clinic with everything that can be told", post(owner, build.Edit(berdychivTwice, build.Row{
		"external_id": "3213213", "legal_entity_id": build.ID("other_clinic").String(),
		"working_hours": build.Row{"mon": [][]string{{"08.00", "12.00"}, {"14.00", "18.00"}}, "sun": [][]string{}},
	})), http.StatusOK)
	w.Passes(op, "the required fields alone, and names in capitals", post(owner, build.Edit(bodyAt(build.Row{
		"type": "RESIDENCE", "country": "UA", "area": "ЖИТОМИРСЬКА", "settlement": "БЕРДИЧІВ", "settlement_type": "CITY",
		"settlement_id": berdychiv.String(),
	}), build.Row{"location": nil})), http.StatusOK)
	w.Passes(op, "a city in no region", post(owner, bodyAt(residence(build.Row{
		"area": "Київ", "region": "Печерський", "settlement": "Київ", "settlement_id": kyiv.String(),
	}))), http.StatusOK)
	w.Passes(op, "an area as the running system writes it, and odd blanks and hyphens", post(owner, bodyAt(
		residence(build.Row{"area": "М.КИЇВ", "region": nil, "settlement": "КИЇВ", "settlement_id": kyiv.String()}),
		residence(build.Row{
			"type": "REGISTRATION", "area": "Івано–Франківська\u00a0", "region": "Верховин\u00adський", "settlement": "Верховина", "settlement_type": "SETTLEMENT",
			"settlement_id": verkhovyna.String(),
		}))), http.StatusOK)
	w.Passes(op, "a mountain settlement", post(owner, bodyAt(residence(build.Row{
		"area": "Івано-Франківська", "region": "Верховинський", "settlement": "Верховина", "settlement_type": "SETTLEMENT",
		"settlement_id": verkhovyna.String(),
	}))), http.StatusOK)
	w.Passes(op, "a pharmacy", post(pharmacyOwner, validBody(build.Row{"type": "DRUGSTORE"})), http.StatusOK)
	w.Passes(op, "a licensed unit of a hospital, with an address of reception", post(build.TokenValue("hospital_owner"),
		build.Edit(bodyAt(residence(nil), residence(build.Row{"type": "RECEPTION"})), build.Row{"type": "LICENSED_UNIT"})), http.StatusOK)
	w.Passes(op, "a licensed unit of an ambulance service", post(build.TokenValue("ambulance_owner"), validBody(build.Row{"type": "LICENSED_UNIT"})), http.StatusOK)
	w.Passes(op, "a clinic of an MSP", post(build.TokenValue("msp_owner"), validBody(nil)), http.StatusOK)
	w.Passes(op, "a drugstore of an MSP_PHARMACY, which need not tell its location", post(build.TokenValue("msp_pharmacy_owner"),
		validBody(build.Row{"type": "DRUGSTORE", "location": nil})), http.StatusOK)
	w.Passes(op, "a SUSPENDED legal entity", post(build.TokenValue("suspended_owner"), validBody(nil)), http.StatusOK)

	unlessBlocked(w, op, func(token string) build.Request { return post(token, validBody(nil)) }, rules.DivisionCreateLegalEntityActive)
	refuseBodies(w, op, "division.create.", func(body build.Row) build.Request { return post(owner, body) })
	w.Refused(op, "a pharmacy without location", post(pharmacyOwner, validBody(build.Row{"type": "DRUGSTORE", "location": nil})),
		fault.Refuse(rules.DivisionCreateLocation))
	refuseAtOnce(w, op, "division.create.", post)
}

// refuseAtOnce are bodies in which everything is wrong: one answer names it in the
// order of the rules.
func refuseAtOnce(w *build.World, op, prefix string, request func(token string, body build.Row) build.Request) {
	of := func(rule string, refusal func(rules.ID) *fault.Error) *fault.Error {
		return refusal(rules.ID(prefix + rule))
	}
	w.Refused(op, "everything wrong in the shape, in one answer",
		request(owner, build.Edit(bodyAt(residence(build.Row{"zip": "1", "country": "UKR"})), build.Row{"email": "email", "name": nil})),
		of("schema", wrongShape("$.name", "required", "required property name was not present")),
		of("zip", refusedAt("$.addresses[0].zip")), of("country", refusedAt("$.addresses[0].country")),
		of("email", refusedAt("$.email", "value", "email")))
	w.Refused(op, "everything wrong in the meaning, in one answer", request(pharmacyOwner, build.Edit(
		bodyAt(residence(build.Row{"type": "REGISTRATION", "area": "Атлантида", "region": "Житомирський"}), residence(build.Row{"type": "REGISTRATION", "settlement": "Київ"})),
		build.Row{"location": nil})),
		of("location", refusedPlainly), of("area", refusedAt("$.addresses[0].area")), of("type_mapping", refusedPlainly),
		of("residence", refusedAt("$.addresses", "type", "RESIDENCE")), of("settlement_match", refusedAt("$.addresses[1].settlement")),
		of("region_match", refusedAt("$.addresses[0].region")), of("address_type_double", refusedAt("$.addresses[1].type")))
	w.Refused(op, "shape and meaning wrong, in one answer", request(pharmacyOwner, build.Edit(
		bodyAt(residence(build.Row{"type": "HOME", "area": "Атлантида", "region": 1, "settlement_id": "1", "zip": "1"})),
		build.Row{"location": nil, "email": "email", "type": "HOSPITAL"})),
		of("schema", wrongShape("$.addresses[0].region", "cast", "type mismatch. Expected string but got integer")),
		of("location", refusedPlainly), of("address_type", refusedAt("$.addresses[0].type")), of("area", refusedAt("$.addresses[0].area")),
		of("settlement_id", refusedAt("$.addresses[0].settlement_id", "id", "1")), of("zip", refusedAt("$.addresses[0].zip")),
		of("email", refusedAt("$.email", "value", "email")), of("type", refusedAt("$.type")))
}

// unlessBlocked are callers whom a method with a body asks about: those whom the
// settings let pass, and the legal entity that is not marked active.
func unlessBlocked(w *build.World, op string, request func(token string) build.Request, legalEntityActive rules.ID) {
	const block = "BLOCK_UNVERIFIED_PARTY_USERS"
	unverified := request(build.TokenValue("unverified_owner"))
	w.Passes(op, "an unverified party, which is not asked", unverified, http.StatusOK)
	w.Passes(op, "a verified party, which is asked", request(owner), http.StatusOK).Set(block, "true")
	w.Passes(op, "a party that has long been unverified, read literally", request(build.TokenValue("long_unverified_owner")), http.StatusOK).Set(block, "true")
	w.Passes(op, "a party that has just become unverified, with days of grace", unverified, http.StatusOK).
		Set(block, "true", "UNVERIFIED_PARTY_PERIOD_OPERATOR", "grace")
	w.Refused(op, "a legal entity with is_active = false", request(hiddenOwner), fault.Refuse(legalEntityActive))
}
