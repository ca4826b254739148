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
	w.Refused(op, "everything wrong in the shape, in one answer",
		post(owner, build.Edit(bodyAt(residence(build.Row{"zip": "1", "country": "UKR"})), build.Row{"email": "email", "name": nil})),
		refusedAt("$.addresses[0].country")(rules.DivisionCreateCountry), refusedAt("$.addresses[0].zip")(rules.DivisionCreateZip),
		refusedAt("$.email", "value", "email")(rules.DivisionCreateEmail),
		wrongShape("$.name", "required", "required property name was not present")(rules.DivisionCreateSchema))
	w.Refused(op, "everything wrong in the meaning, in one answer", post(pharmacyOwner, build.Edit(
		bodyAt(residence(build.Row{"type": "REGISTRATION", "area": "Атлантида", "region": "Житомирський"}), residence(build.Row{"type": "REGISTRATION", "settlement": "Київ"})),
		build.Row{"location": nil})),
		refusedPlainly(rules.DivisionCreateLocation), refusedAt("$.addresses[0].area")(rules.DivisionCreateArea),
		refusedAt("$.addresses[1].settlement")(rules.DivisionCreateSettlementMatch), refusedAt("$.addresses[0].region")(rules.DivisionCreateRegionMatch),
		refusedPlainly(rules.DivisionCreateTypeMapping), refusedAt("$.addresses", "type", "RESIDENCE")(rules.DivisionCreateResidence),
		refusedAt("$.addresses[1].type")(rules.DivisionCreateAddressTypeDouble))
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
