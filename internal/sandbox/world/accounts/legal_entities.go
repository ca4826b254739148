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
		{"nhs", "Національна служба здоров'я України", "NHS", subject.Active, "a type without divisions and medical events", false},
	} {
		id := w.Object("legal entity", le.name, strings.TrimSuffix(le.kind+", "+le.status+": "+le.note, ": "))
		w.Insert("prm.legal_entities", w.Audited(build.Row{
			"id": id, "name": le.title, "public_name": le.title, "short_name": le.title, "type": le.kind, "status": le.status,
			"is_active": !le.hidden, "edrpou": EDRPOU(le.name), "nhs_verified": true, "legal_form": "140", "email": "clinic@example.com",
			"phones": []build.Row{{"type": "MOBILE", "number": "+380503410870"}},
		}))
		Client(w, le.name, le.title, le.kind, nil)
	}
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
	const unwanted = "legal_entity:read" // by every operation here
	Client(w, "mis", "МІС «Пульс»", "MIS", direct(allScopes()...))
	Client(w, "narrow_mis", "МІС «Щілина»", "MIS", direct(unwanted))
	Client(w, "unset_mis", "МІС без прав", "MIS", direct())
	for _, key := range []build.Key{
		{Name: "mis", Value: build.MISKey, Scopes: allScopes(), Note: "of the MIS that may do everything"},
		{Name: "narrow_mis", Value: build.MISKeyNoScope, Scopes: []string{unwanted}, Note: "of a MIS that may read legal entities and nothing else"},
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
