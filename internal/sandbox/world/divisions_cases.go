package world

import (
	"net/http"
	"slices"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/uaddresses"
)

// bodyCase is a wrong body and how both methods that take it refuse.
type bodyCase struct {
	title          string
	pharmacy       bool // sent by the owner of the pharmacy
	create, update rules.ID
	refusal        func(id rules.ID) *fault.Error
	body           row
}

// refusedPlainly refuses as the contract words the rule.
func refusedPlainly(id rules.ID) *fault.Error { return fault.Refuse(id) }

// refusedAt refuses at a place; args fill the rule's texts.
func refusedAt(path string, args ...any) func(rules.ID) *fault.Error {
	return func(id rules.ID) *fault.Error { return fault.RefuseAt(id, path, nil, args...) }
}

// refusedByPattern refuses a string by the pattern that the rule names.
func refusedByPattern(path string) func(rules.ID) *fault.Error {
	return func(id rules.ID) *fault.Error {
		rule, _ := rules.Get(id)
		params, _ := rule.Params.(map[string]any)
		return fault.RefuseAt(id, path, nil, "pattern", params["pattern"])
	}
}

// wrongShape refuses as the schema's validator words it.
func wrongShape(path, rule, description string) func(rules.ID) *fault.Error {
	return func(id rules.ID) *fault.Error {
		refusal := fault.Refuse(id)
		refusal.Invalid = []fault.Item{{Entry: path, EntryType: "json_data_property", Rules: []fault.Rule{{Rule: rule, Description: description}}}}
		return refusal
	}
}

// wrongShapes are refused by the first answer about a body.
func wrongShapes() []bodyCase {
	const create, update = rules.DivisionCreateSchema, rules.DivisionUpdateSchema
	return []bodyCase{
		{
			title: "no name", create: create, update: update, body: divisionBody(row{"name": nil}),
			refusal: wrongShape("$.name", "required", "required property name was not present"),
		},
		{
			title: "null in place of an absent field", create: create, update: update, body: withNull("external_id"),
			refusal: wrongShape("$.external_id", "cast", "type mismatch. Expected string but got null"),
		},
		{
			title: "a field of the answer sent back", create: create, update: update, body: divisionBody(row{"status": "ACTIVE"}),
			refusal: wrongShape("$.status", "schema", "schema does not allow additional properties"),
		},
		{
			title: "no phone at all", create: create, update: update, body: divisionBody(row{"phones": []row{}}),
			refusal: wrongShape("$.phones", "length", "expected a minimum of 1 items but got 0"),
		},
		{
			title: "a name beyond the column", create: create, update: update, body: divisionBody(row{"name": strings.Repeat("Я", 256)}),
			refusal: wrongShape("$.name", "length", "expected value to have a maximum length of 255 but was 256"),
		},
		{
			title: "a colon in working hours", create: create, update: update,
			body:    divisionBody(row{"working_hours": row{"mon": [][]string{{"8:00", "12.00"}}}}),
			refusal: wrongShape("$.working_hours.mon[0][0]", "format", `string does not match pattern "^([0-9]|0[0-9]|1[0-9]|2[0-3])\.[0-5][0-9]$"`),
		},
		{
			title: "an address type of no dictionary", create: rules.DivisionCreateAddressType, update: rules.DivisionUpdateAddressType,
			body: divisionAt(residence(row{"type": "HOME"})), refusal: refusedAt("$.addresses[0].type"),
		},
		{
			title: "a settlement type of no dictionary", create: rules.DivisionCreateSettlementType, update: rules.DivisionUpdateSettlementType,
			body: divisionAt(residence(row{"settlement_type": "TOWN"})), refusal: refusedAt("$.addresses[0].settlement_type"),
		},
		{
			title: "a street type of no dictionary", create: rules.DivisionCreateStreetType, update: rules.DivisionUpdateStreetType,
			body: divisionAt(residence(row{"street_type": "PATH"})), refusal: refusedAt("$.addresses[0].street_type"),
		},
		{
			title: "a country of no dictionary", create: rules.DivisionCreateCountry, update: rules.DivisionUpdateCountry,
			body: divisionAt(residence(row{"country": "UKR"})), refusal: refusedAt("$.addresses[0].country"),
		},
		{
			title: "a zip code of four digits", create: rules.DivisionCreateZip, update: rules.DivisionUpdateZip,
			body: divisionAt(residence(row{"zip": "0209"})), refusal: refusedAt("$.addresses[0].zip"),
		},
		{
			title: "a phone type of no dictionary", create: rules.DivisionCreatePhoneType, update: rules.DivisionUpdatePhoneType,
			body: divisionBody(row{"phones": []row{{"type": "FAX", "number": "+380503410870"}}}), refusal: refusedAt("$.phones[0].type"),
		},
		{
			title: "a phone number without +38", create: rules.DivisionCreatePhoneNumber, update: rules.DivisionUpdatePhoneNumber,
			body: divisionBody(row{"phones": []row{{"type": "MOBILE", "number": "0503410870"}}}), refusal: refusedAt("$.phones[0].number"),
		},
		{
			title: "an e-mail without a domain", create: rules.DivisionCreateEmail, update: rules.DivisionUpdateEmail,
			body: divisionBody(row{"email": "email@example"}), refusal: refusedAt("$.email", "value", "email@example"),
		},
		{
			title: "a type of no dictionary", create: rules.DivisionCreateType, update: rules.DivisionUpdateType,
			body: divisionBody(row{"type": "HOSPITAL"}), refusal: refusedAt("$.type"),
		},
		{
			title: "a Russian letter in the name", create: rules.DivisionCreateNamePattern, update: rules.DivisionUpdateNamePattern,
			body: divisionBody(row{"name": "Больница Ы"}), refusal: refusedByPattern("$.name"),
		},
		{
			title: "a sign in the region", create: rules.DivisionCreateRegionPattern, update: rules.DivisionUpdateRegionPattern,
			body: divisionAt(residence(row{"region": "Бердичівський #1"})), refusal: refusedByPattern("$.addresses[0].region"),
		},
		{
			title: "a sign in the street", create: rules.DivisionCreateStreetPattern, update: rules.DivisionUpdateStreetPattern,
			body: divisionAt(residence(row{"street": "вул. Ніжинська & Ко"})), refusal: refusedByPattern("$.addresses[0].street"),
		},
		{
			title: "a building that starts with a letter", create: rules.DivisionCreateBuildingPattern, update: rules.DivisionUpdateBuildingPattern,
			body: divisionAt(residence(row{"building": "б15"})), refusal: refusedByPattern("$.addresses[0].building"),
		},
	}
}

// withNull is a body with null for an optional field.
func withNull(field string) row {
	body := divisionBody(nil)
	body[field] = nil
	return body
}

// wrongMeanings are refused by the second answer about a body.
func wrongMeanings() []bodyCase {
	unknown := ID("no settlement").String()
	noArea, noRegion := ID("settlement without an area").String(), ID("settlement without a region").String()
	registration := residence(row{"type": "REGISTRATION"})
	return []bodyCase{
		{
			title: "a pharmacy without location", pharmacy: true, create: rules.DivisionCreateLocation, update: rules.DivisionUpdateLocation,
			body: divisionBody(row{"type": "DRUGSTORE", "location": nil}), refusal: refusedPlainly,
		},
		{
			title: "an area that does not exist", create: rules.DivisionCreateArea, update: rules.DivisionUpdateArea,
			body: divisionAt(residence(row{"area": "Жытомирська"})), refusal: refusedAt("$.addresses[0].area"),
		},
		{
			title: "a settlement that does not exist", create: rules.DivisionCreateSettlement, update: rules.DivisionUpdateSettlement,
			body: divisionAt(residence(row{"settlement": "Бердычів"})), refusal: refusedAt("$.addresses[0].settlement"),
		},
		{
			title: "an unknown settlement id", create: rules.DivisionCreateSettlementID, update: rules.DivisionUpdateSettlementID,
			body: divisionAt(residence(row{"settlement_id": unknown})), refusal: refusedAt("$.addresses[0].settlement_id", "id", unknown),
		},
		{
			title: "a settlement id that is no uuid", create: rules.DivisionCreateSettlementID, update: rules.DivisionUpdateSettlementID,
			body: divisionAt(residence(row{"settlement_id": uaddresses.CodeBerdychiv})), refusal: refusedAt("$.addresses[0].settlement_id", "id", uaddresses.CodeBerdychiv),
		},
		{
			title: "name and id of two settlements", create: rules.DivisionCreateSettlementMatch, update: rules.DivisionUpdateSettlementMatch,
			body: divisionAt(residence(row{"settlement": "Київ"})), refusal: refusedAt("$.addresses[0].settlement"),
		},
		{
			title: "a settlement whose area is gone", create: rules.DivisionCreateAreaRow, update: rules.DivisionUpdateAreaRow,
			body:    divisionAt(residence(row{"settlement": "Загублене", "settlement_id": noArea})),
			refusal: refusedAt("$.addresses[0].settlement_id", "id", ID("no area")),
		},
		{
			title: "another area than the settlement's", create: rules.DivisionCreateAreaMatch, update: rules.DivisionUpdateAreaMatch,
			body: divisionAt(residence(row{"area": "Київ"})), refusal: refusedAt("$.addresses[0].area"),
		},
		{
			title: "a settlement whose region is gone", create: rules.DivisionCreateRegionRow, update: rules.DivisionUpdateRegionRow,
			body:    divisionAt(residence(row{"settlement": "Забуте", "settlement_id": noRegion})),
			refusal: refusedAt("$.addresses[0].settlement_id", "id", ID("no region")),
		},
		{
			title: "another region than the settlement's", create: rules.DivisionCreateRegionMatch, update: rules.DivisionUpdateRegionMatch,
			body: divisionAt(residence(row{"region": "Житомирський"})), refusal: refusedAt("$.addresses[0].region"),
		},
		{
			title: "a type that the legal entity may not have", create: rules.DivisionCreateTypeMapping, update: rules.DivisionUpdateTypeMapping,
			body: divisionBody(row{"type": "DRUGSTORE"}), refusal: refusedPlainly,
		},
		{
			title: "an address type that the division may not have", create: rules.DivisionCreateAddressTypeMapping, update: rules.DivisionUpdateAddressTypeMapping,
			body: divisionAt(residence(nil), residence(row{"type": "RECEPTION"})), refusal: refusedAt("$.addresses[1].type"),
		},
		{
			title: "no RESIDENCE", create: rules.DivisionCreateResidence, update: rules.DivisionUpdateResidence,
			body: divisionAt(registration), refusal: refusedAt("$.addresses", "type", "RESIDENCE"),
		},
		{
			title: "two addresses of one type", create: rules.DivisionCreateAddressTypeDouble, update: rules.DivisionUpdateAddressTypeDouble,
			body: divisionAt(residence(nil), registration, registration), refusal: refusedAt("$.addresses[2].type"),
		},
		{
			title: "two phones of one type", create: rules.DivisionCreatePhoneTypeDouble, update: rules.DivisionUpdatePhoneTypeDouble,
			body: divisionBody(row{"phones": []row{
				{"type": "MOBILE", "number": "+380503410870"}, {"type": "MOBILE", "number": "+380503410871"},
			}}), refusal: refusedAt("$.phones[1].type"),
		},
	}
}

func (w *World) createDivision() {
	const op = "createDivision"
	create := func(token string, body row) Request { return as(token, post, "/api/divisions").with(body) }
	berdychivTwice := divisionAt(residence(nil), residence(row{"type": "REGISTRATION"}))

	w.passes(op, "a clinic", create(owner, divisionBody(nil)), http.StatusOK)
	w.passes(op, "a clinic with everything that can be told", create(owner, changed(berdychivTwice, row{
		"external_id": "3213213", "legal_entity_id": ID("other_clinic").String(),
		"working_hours": row{"mon": [][]string{{"08.00", "12.00"}, {"14.00", "18.00"}}, "sun": [][]string{}},
	})), http.StatusOK)
	w.passes(op, "the required fields alone, and names in capitals", create(owner, changed(divisionAt(row{
		"type": "RESIDENCE", "country": "UA", "area": "ЖИТОМИРСЬКА", "settlement": "БЕРДИЧІВ", "settlement_type": "CITY",
		"settlement_id": berdychiv.String(),
	}), row{"location": nil})), http.StatusOK)
	w.passes(op, "a city in no region", create(owner, divisionAt(residence(row{
		"area": "Київ", "region": "Печерський", "settlement": "Київ", "settlement_id": kyiv.String(),
	}))), http.StatusOK)
	w.passes(op, "a mountain settlement", create(owner, divisionAt(residence(row{
		"area": "Івано-Франківська", "region": "Верховинський", "settlement": "Верховина", "settlement_type": "SETTLEMENT",
		"settlement_id": verkhovyna.String(),
	}))), http.StatusOK)
	w.passes(op, "a pharmacy", create(pharmacyOwner, divisionBody(row{"type": "DRUGSTORE"})), http.StatusOK)
	w.passes(op, "a licensed unit of a hospital, with an address of reception", create(hospitalOwner,
		changed(divisionAt(residence(nil), residence(row{"type": "RECEPTION"})), row{"type": "LICENSED_UNIT"})), http.StatusOK)
	w.passes(op, "a licensed unit of an ambulance service", create(TokenValue("ambulance_owner"), divisionBody(row{"type": "LICENSED_UNIT"})), http.StatusOK)
	w.passes(op, "a clinic of an MSP", create(TokenValue("msp_owner"), divisionBody(nil)), http.StatusOK)
	w.passes(op, "a drugstore of an MSP_PHARMACY, which need not tell its location", create(TokenValue("msp_pharmacy_owner"),
		divisionBody(row{"type": "DRUGSTORE", "location": nil})), http.StatusOK)
	w.passes(op, "a SUSPENDED legal entity", create(suspendedOwner, divisionBody(nil)), http.StatusOK)

	w.divisionGuards(op, func(token string) Request { return create(token, divisionBody(nil)) }, guardRules{
		rules.DivisionCreateParty, rules.DivisionCreateClientID, rules.DivisionCreateLegalEntity, rules.DivisionCreateLegalEntityActive,
	})
	for _, c := range slices.Concat(wrongShapes(), wrongMeanings()) {
		w.refused(op, c.title, create(c.token(), c.body), c.refusal(c.create))
	}
	w.refused(op, "everything wrong in the shape, in one answer",
		create(owner, changed(divisionAt(residence(row{"zip": "1", "country": "UKR"})), row{"email": "email", "name": nil})),
		refusedAt("$.addresses[0].country")(rules.DivisionCreateCountry), refusedAt("$.addresses[0].zip")(rules.DivisionCreateZip),
		refusedAt("$.email", "value", "email")(rules.DivisionCreateEmail),
		wrongShape("$.name", "required", "required property name was not present")(rules.DivisionCreateSchema))
	w.refused(op, "everything wrong in the meaning, in one answer", create(pharmacyOwner, changed(
		divisionAt(residence(row{"type": "REGISTRATION", "area": "Атлантида", "region": "Житомирський"}), residence(row{"type": "REGISTRATION", "settlement": "Київ"})),
		row{"location": nil})),
		refusedPlainly(rules.DivisionCreateLocation), refusedAt("$.addresses[0].area")(rules.DivisionCreateArea),
		refusedAt("$.addresses[1].settlement")(rules.DivisionCreateSettlementMatch), refusedAt("$.addresses[0].region")(rules.DivisionCreateRegionMatch),
		refusedPlainly(rules.DivisionCreateTypeMapping), refusedAt("$.addresses", "type", "RESIDENCE")(rules.DivisionCreateResidence),
		refusedAt("$.addresses[1].type")(rules.DivisionCreateAddressTypeDouble))
}

// token is who sends a body.
func (c bodyCase) token() string {
	if c.pharmacy {
		return pharmacyOwner
	}
	return owner
}

// guardRules are the checks of a method that writes divisions, before its body's.
type guardRules struct{ party, clientID, legalEntity, legalEntityActive rules.ID }

func (w *World) divisionGuards(op string, request func(token string) Request, id guardRules) {
	const block, operator = "BLOCK_UNVERIFIED_PARTY_USERS", "UNVERIFIED_PARTY_PERIOD_OPERATOR"
	w.passes(op, "an unverified party, which is not asked", request(unverifiedOwner), http.StatusOK)
	w.passes(op, "a verified party, which is asked", request(owner), http.StatusOK).set(block, "true")
	w.passes(op, "a party that has long been unverified, read literally", request(longUnverified), http.StatusOK).set(block, "true")
	w.refused(op, "a party that has just become unverified, read literally", request(unverifiedOwner), fault.Refuse(id.party)).set(block, "true")
	w.passes(op, "a party that has just become unverified, with days of grace", request(unverifiedOwner), http.StatusOK).set(block, "true", operator, "grace")
	w.refused(op, "a party that has long been unverified, with days of grace", request(longUnverified), fault.Refuse(id.party)).set(block, "true", operator, "grace")
	w.refused(op, "a user without a party", request(partyless), fault.Refuse(id.party)).set(block, "true")

	w.refused(op, "a token of no client", request(TokenValue("clientless")), fault.Refuse(id.clientID))
	w.refused(op, "a client that is no legal entity", request(strangersToken), fault.Refuse(id.legalEntity))
	w.refused(op, "a CLOSED legal entity", request(closedOwner), fault.Refuse(id.legalEntityActive))
	w.refused(op, "a legal entity with is_active = false", request(hiddenOwner), fault.Refuse(id.legalEntityActive))
}

func (w *World) updateDivision() {
	const op = "updateDivision"
	update := func(token, division string, body row) Request {
		return as(token, patch, "/api/divisions/"+ID(division).String()).with(body)
	}
	w.passes(op, "a new name and address", update(owner, clinicDivision, changed(divisionAt(residence(row{
		"area": "Київ", "region": nil, "settlement": "Київ", "settlement_id": kyiv.String(),
	})), row{"name": "Київське відділення"})), http.StatusOK)
	w.passes(op, "an INACTIVE division", update(owner, "inactive division", divisionBody(nil)), http.StatusOK)
	w.passes(op, "a pharmacy", update(pharmacyOwner, pharmacyDivision, divisionBody(row{"type": "DRUGSTORE_POINT"})), http.StatusOK)

	w.divisionGuards(op, func(token string) Request { return update(token, clinicDivision, divisionBody(nil)) }, guardRules{
		rules.DivisionUpdateParty, rules.DivisionUpdateClientID, rules.DivisionUpdateLegalEntity, rules.DivisionUpdateLegalEntityActive,
	})
	for _, c := range slices.Concat(wrongShapes(), wrongMeanings()) {
		division := clinicDivision
		if c.pharmacy {
			division = pharmacyDivision
		}
		w.refused(op, c.title, update(c.token(), division, c.body), c.refusal(c.update))
	}
	w.refused(op, "an unknown division", update(owner, "no division", divisionBody(nil)), fault.Refuse(rules.DivisionUpdateNotFound))
	w.refused(op, "a malformed id", as(owner, patch, "/api/divisions/1").with(divisionBody(nil)), fault.Refuse(rules.DivisionUpdateNotFound))
	foreign := update(owner, "division of the other clinic", divisionBody(nil))
	w.refused(op, "a stranger's division", foreign, fault.Refuse(rules.DivisionUpdateOwner))
	w.passes(op, "a stranger's division, when that is not checked", foreign, http.StatusOK).set("RULES", "-division.update.owner")
}

func (w *World) divisionReads() {
	list := func(token, query string) Request { return as(token, get, "/api/divisions"+query) }
	w.passes("listDivisions", "all divisions of the clinic", list(owner, ""), http.StatusOK)
	w.passes("listDivisions", "filters", list(owner, "?status=ACTIVE&type=CLINIC&name=THE&page=1&page_size=2&ids="+ID(clinicDivision).String()), http.StatusOK)
	w.passes("listDivisions", "a stranger's divisions, of which none is shown", list(owner, "?legal_entity_id="+ID("other_clinic").String()), http.StatusOK)
	w.passes("listDivisions", "a page past the end", list(owner, "?page=1000"), http.StatusOK)
	w.passes("listDivisions", "a legal entity with is_active = false", list(hiddenOwner, ""), http.StatusOK)
	w.refused("listDivisions", "a CLOSED legal entity", list(closedOwner, ""), fault.Refuse(rules.DivisionListLegalEntityActive))
	w.refused("listDivisions", "a client that is no legal entity", list(strangersToken, ""), fault.Refuse(rules.DivisionListLegalEntityActive))
	w.refused("listDivisions", "an id that is no uuid", list(owner, "?ids="+ID(clinicDivision).String()+",1"), fault.Refuse(rules.DivisionListIDs))
	w.refused("listDivisions", "a legal entity id that is no uuid", list(owner, "?legal_entity_id=1"), fault.Refuse(rules.DivisionListLegalEntityID))
	w.refused("listDivisions", "both", list(owner, "?ids=1&legal_entity_id=1"),
		fault.Refuse(rules.DivisionListIDs), fault.Refuse(rules.DivisionListLegalEntityID))

	read := func(token, id string) Request { return as(token, get, "/api/divisions/"+id) }
	w.passes("getDivision", "a division", read(doctor, ID(clinicDivision).String()), http.StatusOK)
	w.passes("getDivision", "an INACTIVE division", read(owner, ID("inactive division").String()), http.StatusOK)
	w.refused("getDivision", "an unknown division", read(owner, ID("no division").String()), fault.Refuse(rules.DivisionGetNotFound))
	w.refused("getDivision", "a malformed id", read(owner, "1"), fault.Refuse(rules.DivisionGetNotFound))
	foreign := read(owner, ID("division of the other clinic").String())
	w.refused("getDivision", "a stranger's division", foreign, fault.Refuse(rules.DivisionGetOwner))
	w.passes("getDivision", "a stranger's division, when that is not checked", foreign, http.StatusOK).set("RULES", "-division.get.owner")
}

func (w *World) activateDivision() {
	const op = "activateDivision"
	activate := func(token, division string) Request {
		return as(token, patch, "/api/divisions/"+ID(division).String()+"/actions/activate")
	}
	w.passes(op, "an INACTIVE division", activate(owner, "inactive division"), http.StatusOK)
	w.passes(op, "a body is ignored", activate(owner, "inactive division").with([]any{}), http.StatusOK)
	w.refused(op, "an unknown division", activate(owner, "no division"), fault.Refuse(rules.DivisionActivateNotFound))
	w.refused(op, "a malformed id", as(owner, patch, "/api/divisions/1/actions/activate"), fault.Refuse(rules.DivisionActivateNotFound))
	w.refused(op, "a division with is_active = false", activate(owner, "removed division"), fault.Refuse(rules.DivisionActivateNotFound))
	w.refused(op, "a stranger's division", activate(owner, "division of the other clinic"), fault.Refuse(rules.DivisionActivateOwner))
	w.refused(op, "a CLOSED legal entity", activate(closedOwner, "inactive division of the closed clinic"),
		fault.Refuse(rules.DivisionActivateLegalEntityActive))
	w.passes(op, "a CLOSED legal entity, when that is not checked", activate(closedOwner, "inactive division of the closed clinic"), http.StatusOK).
		set("RULES", "-division.activate.legal_entity_active")
	w.refused(op, "a division that is ACTIVE", activate(owner, clinicDivision), fault.Refuse(rules.DivisionActivateStatus, "status", "ACTIVE"))
}

func (w *World) deactivateDivision() {
	const op = "deactivateDivision"
	deactivate := func(token, division string) Request {
		return as(token, patch, "/api/divisions/"+ID(division).String()+"/actions/deactivate")
	}
	w.passes(op, "an ACTIVE division", deactivate(owner, clinicDivision), http.StatusOK)
	w.passes(op, "a pharmacy, which leaves its medical programs", deactivate(pharmacyOwner, pharmacyDivision), http.StatusOK)
	w.refused(op, "an unknown division", deactivate(owner, "no division"), fault.Refuse(rules.DivisionDeactivateNotFound))
	w.refused(op, "a malformed id", as(owner, patch, "/api/divisions/1/actions/deactivate"), fault.Refuse(rules.DivisionDeactivateNotFound))
	w.refused(op, "a division with is_active = false", deactivate(owner, "removed active division"), fault.Refuse(rules.DivisionDeactivateNotFound))
	w.refused(op, "a stranger's division", deactivate(owner, "division of the other clinic"), fault.Refuse(rules.DivisionDeactivateOwner))
	for _, c := range []struct {
		title, division string
		id              rules.ID
	}{
		{"an active healthcare service", "division with a healthcare service", rules.DivisionDeactivateHealthcareServices},
		{"an approved employee", "division with an employee", rules.DivisionDeactivateEmployees},
		{"active equipment", "division with equipment", rules.DivisionDeactivateEquipment},
	} {
		w.refused(op, c.title, deactivate(owner, c.division), fault.Refuse(c.id))
		w.passes(op, c.title+", when that is not checked", deactivate(owner, c.division), http.StatusOK).set("RULES", "-"+string(c.id))
	}
	w.refused(op, "a division that is INACTIVE", deactivate(owner, "inactive division"), fault.Refuse(rules.DivisionDeactivateStatus, "status", "INACTIVE"))
	w.refused(op, "a CLOSED legal entity", deactivate(closedOwner, "division of the closed clinic"),
		fault.Refuse(rules.DivisionDeactivateLegalEntityActive))
}
