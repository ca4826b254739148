// Package accounts has who calls: legal entities and their clients, users and
// their roles, tokens and API-keys.
package accounts

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"esoz/internal/platform/auth"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/subject"
	"esoz/internal/resource/uaddresses"
	"esoz/internal/sandbox/world/build"
)

// RedirectURI of every connection.
const RedirectURI = "https://example.com/callback"

// Add adds the accounts.
func Add(w *build.World) {
	for _, kind := range slices.Sorted(maps.Keys(grants().ClientTypes)) {
		w.Insert("mithril.client_types", w.Stamped(build.Row{"id": clientType(kind), "name": kind, "scope": grants().ClientTypes[kind]}))
	}
	for _, role := range slices.Sorted(maps.Keys(grants().Roles)) {
		w.Insert("mithril.roles", w.Stamped(build.Row{"id": roleID(role), "name": role, "scope": grants().Roles[role]}))
	}
	legalEntities(w)
	clients(w)
	users(w)
	tokens(w)
}

func legalEntities(w *build.World) {
	for _, le := range []struct {
		name, title, kind, status, note string
		hidden                          bool
	}{
		{"clinic", "Амбулаторія «Верба»", "PRIMARY_CARE", subject.Active, "where the doctor and the owner work", false},
		{"other_clinic", "Амбулаторія «Калина»", "PRIMARY_CARE", subject.Active, "a stranger to the clinic's objects", false},
		{"hospital", "Обласна лікарня «Надія»", "OUTPATIENT", subject.Active, "registers licensed units", false},
		{"ambulance", "Центр екстреної допомоги", "EMERGENCY", subject.Active, "", false},
		{"msp", "Заклад медичних послуг «Світанок»", "MSP", subject.Active, "a legacy type", false},
		{"msp_pharmacy", "Лікарня з аптекою «Явір»", "MSP_PHARMACY", subject.Active, "a legacy type", false},
		{"pharmacy", "Аптека «Подорожник»", "PHARMACY", subject.Active, "where the pharmacist works", false},
		{"other_pharmacy", "Аптека «Ромашка»", "PHARMACY", subject.Active, "a stranger to the pharmacy's objects", false},
		{"suspended_clinic", "Амбулаторія «Осінь»", "PRIMARY_CARE", subject.Suspended, "suspended: divisions yes, medical events no", false},
		{"closed_clinic", "Амбулаторія «Зима»", "PRIMARY_CARE", subject.Closed, "closed", false},
		{"reorganized_clinic", "Амбулаторія «Весна»", "PRIMARY_CARE", subject.Reorganized, "reorganized", false},
		{"hidden_clinic", "Амбулаторія «Літо»", "PRIMARY_CARE", subject.Active, "status ACTIVE, but is_active is false", true},
		{"closed_pharmacy", "Аптека «Кульбаба»", "PHARMACY", subject.Closed, "closed", false},
		{"suspended_pharmacy", "Аптека «Мальва»", "PHARMACY", subject.Suspended, "suspended", false},
		{"unlisted_clinic", "Амбулаторія «Тополя»", "PRIMARY_CARE", subject.Active, "active, but nhs_verified is false", false},
		{"nhs", "Національна служба здоров'я України", "NHS", subject.Active, "a type without divisions and medical events", false},
	} {
		id := w.Object("legal entity", le.name, strings.TrimSuffix(le.kind+", "+le.status+": "+le.note, ": "))
		w.Insert("prm.legal_entities", w.Audited(build.Row{
			"id": id, "name": le.title, "public_name": le.title, "short_name": le.title, "type": le.kind, "status": le.status,
			"is_active": !le.hidden, "edrpou": EDRPOU(le.name), "nhs_verified": le.name != "unlisted_clinic", "nhs_reviewed": true, "edr_verified": true,
			"legal_form": "140", "owner_property_type": "STATE", "email": "clinic@example.com", "edr_data_id": build.ID("edr of " + le.name),
			"phones": []build.Row{{"type": "MOBILE", "number": "+380503410870"}}, "residence_address": residence, "addresses": []build.Row{residence},
			"registration_address": build.Row{
				"zip": "13300", "country": "УКРАЇНА", "address": "Житомирська обл., місто Бердичів ВУЛИЦЯ ЄВРОПЕЙСЬКА буд. 12", "parts": build.Row{
					"atu": "Житомирська обл., місто Бердичів", "atu_code": "1810400000", "street": "ВУЛИЦЯ ЄВРОПЕЙСЬКА",
					"house_type": "буд.", "house": "12", "building_type": nil, "building": "", "num_type": nil, "num": nil,
				},
			},
			"kveds":        []build.Row{{"name": "Загальна медична практика", "code": "86.21", "is_primary": true}},
			"public_offer": build.Row{"consent_text": "Заклад погоджується з умовами договору", "consent": true},
		}))
		w.Insert("prm.licenses", License(w, "license of "+le.name, le.name, "the primary one", nil))
		Client(w, le.name, le.title, le.kind, nil)
	}
}

// residence is where the legal entities are.
var residence = build.Row{
	"type": "RESIDENCE", "country": "UA", "area": "Житомирська", "region": "Бердичівський", "settlement": "Бердичів", "settlement_type": "CITY",
	"settlement_id": uaddresses.ID(uaddresses.CodeBerdychiv), "street_type": "STREET", "street": "Європейська", "building": "12", "zip": "13300",
}

// License is one of a legal entity; columns override those of the row.
func License(w *build.World, name, legalEntity, note string, columns build.Row) build.Row {
	return build.Changed(w.Audited(build.Row{
		"id": w.Object("license", name, note), "legal_entity_id": build.ID(legalEntity), "is_primary": true, "type": "MSP", "is_active": true,
		"license_number": "АГ123443", "issued_by": "Міністерство охорони здоров'я України", "issued_date": "2022-02-28", "active_from_date": "2022-02-28",
		"what_licensed": "Провадження господарської діяльності з медичної практики", "order_no": "ВА43234",
	}), columns)
}

func clientType(name string) uuid.UUID { return build.ID("client type " + name) }

func roleID(name string) uuid.UUID { return build.ID("role " + name) }

// EDRPOU makes eight digits of a name; they belong to nobody.
func EDRPOU(name string) string {
	digits := make([]byte, 8)
	id := build.ID("edrpou " + name)
	for i := range digits {
		digits[i] = '0' + id[i]%10
	}
	return string(digits)
}

// clients are those of no legal entity, the MIS, and how the others reach it.
func clients(w *build.World) {
	Client(w, "stranger", "Клієнт без закладу", "PRIMARY_CARE", nil)
	Client(w, "cabinet", "Кабінет пацієнта", "CABINET", nil)
	Client(w, "blocked_client", "Заблокований клієнт", "PRIMARY_CARE", build.Row{"is_blocked": true})
	direct := func(scopes ...string) build.Row {
		settings := build.Row{"access_type": auth.Direct}
		if scopes != nil {
			settings["broker_scope"] = strings.Join(scopes, " ")
		}
		return build.Row{"priv_settings": settings}
	}
	const unwanted = "capitation_report:read" // by every operation here
	Client(w, "mis", "МІС «Пульс»", "MIS", direct(allScopes()...))
	Client(w, "narrow_mis", "МІС «Щілина»", "MIS", direct(unwanted))
	Client(w, "unset_mis", "МІС без прав", "MIS", direct())
	for _, key := range []build.Key{
		{Name: "mis", Value: build.MISKey, Scopes: allScopes(), Note: "of the MIS that may do everything"},
		{Name: "narrow_mis", Value: build.MISKeyNoScope, Scopes: []string{unwanted}, Note: "of a MIS that may read reports of capitation and nothing else"},
		{Name: "unset_mis", Value: build.MISKeyUnbroken, Scopes: []string{}, Note: "of a MIS without rights"},
	} {
		connect(w, key.Name, key.Name, key.Value)
		w.Keys = append(w.Keys, key)
	}
	for _, client := range []string{"clinic", "other_clinic", "hospital", "pharmacy", "blocked_client"} {
		connect(w, client, "mis", Secret(client))
	}
}

// Secret of the connection of a client with the world's MIS.
func Secret(client string) string { return "sandbox-secret-" + client }

// Client adds a client of a type of legal entity, which calls through a MIS;
// columns override those of its row.
func Client(w *build.World, name, title, kind string, columns build.Row) {
	w.Insert("mithril.clients", build.Changed(w.Stamped(build.Row{
		"id": build.ID(name), "name": title, "user_id": User(w, "administrator_of_"+name, nil), "client_type_id": clientType(kind),
		"settings": build.Row{"allowed_grant_types": []string{"password"}}, "priv_settings": build.Row{"access_type": auth.Broker},
	}), columns))
}

func connect(w *build.World, client, consumer, secret string) {
	w.Confide(secret)
	w.Insert("mithril.connections", w.Stamped(build.Row{
		"id": build.ID("connection " + client + " " + consumer), "secret_hash": seal.Token(secret),
		"redirect_uri": RedirectURI, "client_id": build.ID(client), "consumer_id": build.ID(consumer),
	}))
}
