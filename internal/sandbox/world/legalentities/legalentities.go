// Package legalentities has cases of legal entities; accounts has the objects.
package legalentities

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/uaddresses"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

// Who calls.
var (
	owner    = build.TokenValue("owner")
	nhs      = build.TokenValue("nhs_admin")
	stranger = build.TokenValue("stranger")
)

// Add adds the cases, and what only some legal entities have.
func Add(w *build.World) {
	const beneficiary = "Бондар Ігор Васильович"
	w.Confide(beneficiary)
	for _, row := range w.Rows["prm.legal_entities"] {
		if row["id"] == build.ID("clinic") {
			row["website"], row["receiver_funds_code"], row["beneficiary"], row["nhs_comment"] = "www.example.com", "12345", beneficiary, "перевірено"
			row["accreditation"] = build.Row{"category": "SECOND", "issued_date": "2017-02-28", "expiry_date": "2027-02-28", "order_no": "fd123443", "order_date": "2017-02-28"}
			row["archive"] = []build.Row{{"date": "2017-02-28", "place": "вул. Грушевського 15"}}
		}
	}
	w.Insert("prm.licenses", accounts.License(w, "additional license", "clinic", "one that is not primary", build.Row{
		"is_primary": false, "type": "PROVISION", "license_number": nil, "expiry_date": "2032-02-28", "issuer_status": "ACTIVE",
	}))
	w.Insert("prm.licenses", accounts.License(w, "removed license", "clinic", "is_active is false", build.Row{"is_primary": false, "is_active": false}))
	list(w)
	get(w)
	v1(w)
	licenses(w)
}

func list(w *build.World) {
	const op = "listLegalEntities"
	of := func(token, query string) build.Request { return build.Get(token, "/api/v2/legal_entities"+query) }
	w.Passes(op, "the legal entity of the token", of(owner, ""), http.StatusOK)
	w.Passes(op, "the legal entity of the token, as live clients ask for it", of(owner, "?page=1&page_size=300&edrpou="+accounts.EDRPOU("clinic")), http.StatusOK)
	for _, c := range []struct{ title, query string }{
		{"legal entities by their type", "page_size=2&type=PHARMACY"},
		{"legal entities by their status", "page_size=2&status=SUSPENDED"},
		{"legal entities in a settlement", "page_size=2&settlement_id=" + uaddresses.ID(uaddresses.CodeBerdychiv).String()},
		{"legal entities that are verified", "page_size=2&nhs_verified=true"},
		{"any legal entity for the National Health Service", "legal_entity_id=" + build.ID("pharmacy").String()},
		{"a page of legal entities past the end", "page=100"},
	} {
		w.Passes(op, c.title, of(nhs, "?"+c.query), http.StatusOK)
	}
	w.Passes(op, "the legal entity of the token, which another type does not fit", of(owner, "?type=PHARMACY"), http.StatusOK)
	w.Passes(op, "another legal entity is an empty list", of(owner, "?legal_entity_id="+build.ID("other_clinic").String()), http.StatusOK)
	w.Passes(op, "a legal entity with is_active = false is not listed", of(build.TokenValue("hidden_owner"), ""), http.StatusOK)
	wrong := of(owner, "?legal_entity_id=1&settlement_id=1&nhs_verified=yes")
	w.Refused(op, "legal_entity_id of legal entities that is no uuid", of(owner, "?legal_entity_id=1"), fault.Refuse(rules.LegalEntityListLegalEntityID))
	w.Refused(op, "settlement_id that is no uuid", of(owner, "?settlement_id=1"), fault.Refuse(rules.LegalEntityListSettlementID))
	w.Refused(op, "nhs_verified that is no boolean", of(owner, "?nhs_verified=yes"), fault.Refuse(rules.LegalEntityListNhsVerified))
	w.Refused(op, "all filters of legal entities wrong", wrong, fault.Refuse(rules.LegalEntityListLegalEntityID),
		fault.Refuse(rules.LegalEntityListSettlementID), fault.Refuse(rules.LegalEntityListNhsVerified))
	w.Passes(op, "wrong filters of legal entities find nothing when they are not checked", wrong, http.StatusOK).
		Set("RULES", "-legal_entity.list.legal_entity_id,-legal_entity.list.settlement_id,-legal_entity.list.nhs_verified")
}

func get(w *build.World) {
	const op = "getLegalEntity"
	of := func(token, name string) build.Request {
		return build.Get(token, "/api/v2/legal_entities/"+build.ID(name).String())
	}
	w.Passes(op, "the own legal entity", of(owner, "clinic"), http.StatusOK)
	w.Passes(op, "an own legal entity that is closed", of(build.TokenValue("closed_owner"), "closed_clinic"), http.StatusOK)
	w.Passes(op, "any legal entity by its id for the National Health Service", of(nhs, "pharmacy"), http.StatusOK)
	w.Refused(op, "another legal entity", of(owner, "other_clinic"), fault.Refuse(rules.LegalEntityGetOwner))
	w.Refused(op, "a malformed id of a legal entity", build.Get(owner, "/api/v2/legal_entities/1"), fault.Refuse(rules.LegalEntityGetOwner))
	w.Refused(op, "an unknown legal entity", of(nhs, "nobody"), fault.Refuse(rules.LegalEntityGetNotFound))
	w.Refused(op, "the own legal entity of a client that is none", of(stranger, "stranger"), fault.Refuse(rules.LegalEntityGetNotFound))
	w.Passes(op, "another legal entity, when that is not checked", of(owner, "other_clinic"), http.StatusOK).Set("RULES", "-legal_entity.get.owner")
}

func licenses(w *build.World) {
	const op = "listLicenses"
	of := func(token, query string) build.Request { return build.Get(token, "/api/licenses"+query) }
	w.Passes(op, "licenses of the clinic", of(owner, "?page_size=300"), http.StatusOK)
	w.Passes(op, "the primary license", of(owner, "?is_primary=true"), http.StatusOK)
	w.Passes(op, "a license by its id, number and type",
		of(owner, "?type=MSP&license_number=%D0%90%D0%93123443&id="+build.ID("license of clinic").String()), http.StatusOK)
	w.Passes(op, "a license of another legal entity is not listed", of(owner, "?id="+build.ID("license of pharmacy").String()), http.StatusOK)
	w.Passes(op, "any license for the National Health Service", of(nhs, "?id="+build.ID("license of pharmacy").String()), http.StatusOK)
	w.Passes(op, "a page of licenses past the end", of(owner, "?page=100"), http.StatusOK)
	w.Refused(op, "an id of a license that is no uuid", of(owner, "?id=1"), fault.Refuse(rules.LicenseListID))
	w.Refused(op, "is_primary that is no boolean", of(owner, "?is_primary=1"), fault.Refuse(rules.LicenseListIsPrimary))
	w.Refused(op, "all filters of licenses wrong", of(owner, "?id=1&is_primary=1"), fault.Refuse(rules.LicenseListID), fault.Refuse(rules.LicenseListIsPrimary))
	w.Passes(op, "wrong filters of licenses find nothing when they are not checked", of(owner, "?id=1&is_primary=1"), http.StatusOK).
		Set("RULES", "-license.list.id,-license.list.is_primary")
}

// v1 are the cases of the former versions, which have the same rules.
func v1(w *build.World) {
	const list, get = "listLegalEntitiesV1", "getLegalEntityV1"
	of := func(token, rest string) build.Request { return build.Get(token, "/api/legal_entities"+rest) }
	w.Passes(list, "the legal entity of the token in the former shape", of(owner, ""), http.StatusOK)
	w.Passes(list, "legal entities by all filters of the former version", of(nhs, "?page_size=2&owner_property=state&type=PHARMACY&status=ACTIVE&nhs_verified=true&edrpou="+
		accounts.EDRPOU("pharmacy")+"&settlement_id="+uaddresses.ID(uaddresses.CodeBerdychiv).String()), http.StatusOK)
	w.Passes(list, "private legal entities, of which there are none", of(owner, "?owner_property=private"), http.StatusOK)
	w.Passes(list, "another legal entity is an empty list in the former version", of(owner, "?legal_entity_id="+build.ID("other_clinic").String()), http.StatusOK)
	w.Refused(list, "legal_entity_id that is no uuid in the former version", of(owner, "?legal_entity_id=1"), fault.Refuse(rules.LegalEntityListV1LegalEntityID))
	w.Refused(list, "settlement_id that is no uuid in the former version", of(owner, "?settlement_id=1"), fault.Refuse(rules.LegalEntityListV1SettlementID))
	w.Refused(list, "nhs_verified that is no boolean in the former version", of(owner, "?nhs_verified=yes"), fault.Refuse(rules.LegalEntityListV1NhsVerified))
	w.Passes(list, "wrong filters find nothing when they are not checked in the former version", of(owner, "?legal_entity_id=1&settlement_id=1&nhs_verified=yes"),
		http.StatusOK).Set("RULES", "-legal_entity.list_v1.legal_entity_id,-legal_entity.list_v1.settlement_id,-legal_entity.list_v1.nhs_verified")
	id := func(name string) string { return "/" + build.ID(name).String() }
	w.Passes(get, "the own legal entity in the former shape", of(owner, id("clinic")), http.StatusOK)
	w.Passes(get, "any legal entity in the former shape for the National Health Service", of(nhs, id("pharmacy")), http.StatusOK)
	w.Refused(get, "another legal entity in the former shape", of(owner, id("other_clinic")), fault.Refuse(rules.LegalEntityGetV1Owner))
	w.Refused(get, "an unknown legal entity in the former shape", of(nhs, id("nobody")), fault.Refuse(rules.LegalEntityGetV1NotFound))
	w.Passes(get, "another legal entity in the former shape, when that is not checked", of(owner, id("other_clinic")), http.StatusOK).
		Set("RULES", "-legal_entity.get_v1.owner")
}
