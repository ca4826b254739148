package world

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/auth"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/subject"
)

// SystemUser is the author of everything that was there before the first
// request (EHEALTH_SYSTEM_USER).
var SystemUser = uuid.MustParse("4261eacf-8008-4e62-899f-de1e2f7065f0")

// API-keys of the world's MIS.
const (
	MISKey         = "sandbox-mis-key"          // holds every scope
	MISKeyNoScope  = "sandbox-mis-key-no-scope" // its MIS may read divisions and nothing else
	MISKeyUnbroken = "sandbox-mis-key-unset"    // its MIS has no broker_scope
)

// RedirectURI of every connection.
const RedirectURI = "https://example.com/callback"

// legalEntityTypes and what their clients may ask for.
var clientScopes = map[string][]string{
	"PRIMARY_CARE": medicalScopes, "OUTPATIENT": medicalScopes, "EMERGENCY": medicalScopes, "MSP": medicalScopes,
	"MSP_PHARMACY": slices.Concat(medicalScopes, pharmacyScopes),
	"PHARMACY":     slices.Concat(pharmacyScopes, divisionScopes, commonScopes),
	"NHS":          slices.Concat(medicalScopes, pharmacyScopes, []string{"event:read"}),
	"MIS":          {"event:read", "user:read", "app:authorize"},
}

// Scopes by role . A pharmacist may read jobs, so that
// the outcome of Stop Device Dispense can be seen (C14); everybody may read
// their own user.
var (
	commonScopes   = []string{"user:read", "app:authorize", "job:read", "otp:read", "otp:write"}
	divisionScopes = []string{"division:read", "division:details", "division:write", "division:activate", "division:deactivate"}
	doctorScopes   = slices.Concat(commonScopes, []string{
		"approval:create", "approval:read", "declaration_request:read", "service_request:use", "service_request:read",
		"device_dispense:read", "division:read", "division:details",
	})
	ownerScopes = slices.Concat(commonScopes, divisionScopes, []string{
		"declaration_request:read", "service_request:read", "device_dispense:read",
	})
	pharmacistScopes = slices.Concat(commonScopes, []string{
		"device_dispense:read", "device_dispense:stop", "division:read", "division:details",
	})
	misScopes = []string{"event:read", "user:read"}

	medicalScopes  = slices.Concat(doctorScopes, divisionScopes)
	pharmacyScopes = []string{"device_dispense:read", "device_dispense:stop"}
	allScopes      = distinct(slices.Concat(medicalScopes, pharmacyScopes, misScopes))
)

func distinct(scopes []string) []string {
	sorted := slices.Clone(scopes)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

func (w *World) legalEntities() {
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
		id := w.object("legal entity", le.name, strings.TrimSuffix(le.kind+", "+le.status+": "+le.note, ": "))
		w.insert("prm.legal_entities", w.audited(row{
			"id": id, "name": le.title, "public_name": le.title, "short_name": le.title, "type": le.kind, "status": le.status,
			"is_active": !le.hidden, "edrpou": edrpou(le.name), "nhs_verified": true,
		}))
		w.client(le.name, le.title, le.kind, row{"access_type": auth.Broker})
	}
	w.client("stranger", "Клієнт без закладу", "PRIMARY_CARE", row{"access_type": auth.Broker})
	w.client("blocked_client", "Заблокований клієнт", "PRIMARY_CARE", row{"access_type": auth.Broker})
	w.rows["mithril.clients"][len(w.rows["mithril.clients"])-1]["is_blocked"] = true
	w.client("mis", "МІС «Пульс»", "MIS", row{"access_type": auth.Direct, "broker_scope": strings.Join(allScopes, " ")})
	w.client("narrow_mis", "МІС «Щілина»", "MIS", row{"access_type": auth.Direct, "broker_scope": "division:read"})
	w.client("unset_mis", "МІС без прав", "MIS", row{"access_type": auth.Direct})
	for _, key := range []Key{
		{Name: "mis", Value: MISKey, Scopes: allScopes, Note: "of the MIS that may do everything"},
		{Name: "narrow_mis", Value: MISKeyNoScope, Scopes: []string{"division:read"}, Note: "of a MIS that may read divisions and nothing else"},
		{Name: "unset_mis", Value: MISKeyUnbroken, Scopes: []string{}, Note: "of a MIS without rights"},
	} {
		w.connection(key.Name, key.Name, key.Value)
		w.Keys = append(w.Keys, key)
	}
	for _, client := range []string{"clinic", "other_clinic", "hospital", "pharmacy", "blocked_client"} {
		w.connection(client, "mis", Secret(client))
	}
}

// Secret of the connection of a client with the world's MIS.
func Secret(client string) string { return "sandbox-secret-" + client }

// edrpou makes eight digits of a name; they belong to nobody.
func edrpou(name string) string {
	digits := make([]byte, 8)
	id := ID("edrpou " + name)
	for i := range digits {
		digits[i] = '0' + id[i]%10
	}
	return string(digits)
}

func (w *World) client(name, title, kind string, settings row) {
	typeID := ID("client type " + kind)
	w.insert("mithril.client_types", w.stamped(row{"id": typeID, "name": kind, "scope": strings.Join(clientScopes[kind], " ")}))
	w.insertUser("administrator_of_"+name, row{})
	w.insert("mithril.clients", w.stamped(row{
		"id": ID(name), "name": title, "user_id": ID("administrator_of_" + name), "client_type_id": typeID,
		"settings": row{"allowed_grant_types": []string{"password"}}, "priv_settings": settings,
	}))
}

func (w *World) connection(client, consumer, secret string) {
	w.insert("mithril.connections", w.stamped(row{
		"id": ID("connection " + client + " " + consumer), "secret_hash": seal.Token(secret),
		"redirect_uri": RedirectURI, "client_id": ID(client), "consumer_id": ID(consumer),
	}))
}

func (w *World) insertUser(name string, more row) uuid.UUID {
	r := w.stamped(row{
		"id": ID(name), "email": name + "@example.com", "password": noPassword, "password_set_at": w.now,
	})
	for column, value := range more {
		r[column] = value
	}
	w.insert("mithril.users", r)
	return ID(name)
}

// noPassword is no bcrypt hash: nobody logs in with it.
const noPassword = "!"

// users are people with a party and an employee in their legal entity.
func (w *World) users() {
	for _, u := range []struct{ name, first, last, second, legalEntity, employee, role string }{
		{"doctor", "Олена", "Коваль", "Петрівна", "clinic", "DOCTOR", "DOCTOR"},
		{"owner", "Ігор", "Бондар", "Васильович", "clinic", "OWNER", "OWNER"},
		{"other_doctor", "Марія", "Ткач", "Іванівна", "other_clinic", "DOCTOR", "DOCTOR"},
		{"hospital_owner", "Андрій", "Мельник", "Олегович", "hospital", "OWNER", "OWNER"},
		{"hospital_doctor", "Наталія", "Гончар", "Юріївна", "hospital", "SPECIALIST", "DOCTOR"},
		{"ambulance_owner", "Петро", "Швець", "Степанович", "ambulance", "OWNER", "OWNER"},
		{"msp_owner", "Ганна", "Кравець", "Ігорівна", "msp", "OWNER", "OWNER"},
		{"msp_pharmacy_owner", "Юрій", "Лимар", "Павлович", "msp_pharmacy", "OWNER", "OWNER"},
		{"pharmacist", "Ольга", "Мельничук", "Богданівна", "pharmacy", "PHARMACIST", "PHARMACIST"},
		{"pharmacy_owner", "Роман", "Стельмах", "Ярославович", "pharmacy", "PHARMACY_OWNER", "OWNER"},
		{"other_pharmacist", "Тарас", "Чумак", "Миколайович", "other_pharmacy", "PHARMACIST", "PHARMACIST"},
	} {
		w.insertUser(u.name, row{})
		w.party(u.name, u.first, u.last, u.second, "VERIFIED", w.now)
		w.insert("prm.employees", w.audited(row{
			"id": ID("employee " + u.name), "party_id": ID("party " + u.name), "legal_entity_id": ID(u.legalEntity),
			"employee_type": u.employee, "position": "P1", "status": "APPROVED", "is_active": true, "start_date": w.now.AddDate(-2, 0, 0),
		}))
		w.Objects = append(w.Objects, Object{Name: "employee " + u.name, Kind: "employee", ID: ID("employee " + u.name), Note: u.employee + " of " + u.legalEntity})
		w.role(u.name, u.legalEntity, u.role)
	}
	w.insertUser("mis_service", row{})
	w.insertUser("blocked_user", row{"is_blocked": true})
}

func (w *World) party(user, first, last, second, status string, updated time.Time) {
	w.insert("prm.parties", w.audited(row{
		"id": ID("party " + user), "first_name": first, "last_name": last, "second_name": second,
		"birth_date": w.now.AddDate(-40, 0, 0), "gender": "FEMALE", "no_tax_id": true, "verification_status": status, "updated_at": updated,
	}))
	w.insert("prm.party_users", w.stamped(row{"id": ID("party user " + user), "user_id": ID(user), "party_id": ID("party " + user)}))
}

var roleScopes = map[string][]string{"DOCTOR": doctorScopes, "OWNER": ownerScopes, "PHARMACIST": pharmacistScopes, "MIS": misScopes}

func (w *World) role(user, client, role string) {
	w.insert("mithril.roles", w.stamped(row{"id": ID("role " + role), "name": role, "scope": strings.Join(roleScopes[role], " ")}))
	w.insert("mithril.user_roles", w.stamped(row{
		"id": ID("role " + role + " of " + user), "user_id": ID(user), "role_id": ID("role " + role), "client_id": ID(client),
	}))
}

// token adds a token that a caller may use; more overrides columns of its row.
func (w *World) token(name, user, client string, scopes []string, note string, more row) string {
	value := TokenValue(name)
	r := w.stamped(row{
		"id": ID("token " + name), "name": auth.AccessToken, "value_hash": seal.Token(value),
		"expires_at": w.now.AddDate(1, 0, 0).Unix(), "user_id": ID(user),
		"details": row{"scope": strings.Join(scopes, " "), "client_id": ID(client), "grant_type": auth.AuthorizationCode},
	})
	for column, v := range more {
		r[column] = v
	}
	w.insert("mithril.tokens", r)
	w.Tokens = append(w.Tokens, Token{Name: name, Value: value, Scopes: scopes, LegalEntityID: ID(client), UserID: ID(user), Direct: client == "mis", Note: note})
	return value
}

// TokenValue is the token of a name.
func TokenValue(name string) string { return "sandbox-" + strings.ReplaceAll(name, "_", "-") }

// Tokens of the roles that the methods need.
var (
	doctor           = TokenValue("doctor")
	owner            = TokenValue("owner")
	pharmacist       = TokenValue("pharmacist")
	mis              = TokenValue("mis")
	otherDoctor      = TokenValue("other_doctor")
	hospitalOwner    = TokenValue("hospital_owner")
	pharmacyOwner    = TokenValue("pharmacy_owner")
	otherPharmacist  = TokenValue("other_pharmacist")
	suspendedOwner   = TokenValue("suspended_owner")
	closedOwner      = TokenValue("closed_owner")
	noScopes         = TokenValue("no_scopes")
	expired          = TokenValue("expired")
	strangersToken   = TokenValue("stranger")
	hiddenOwner      = TokenValue("hidden_owner")
	unverifiedOwner  = TokenValue("unverified_owner")
	longUnverified   = TokenValue("long_unverified_owner")
	partyless        = TokenValue("partyless_owner")
	suspendedDoctor  = TokenValue("suspended_doctor")
	closedPharmacist = TokenValue("closed_pharmacist")
)

func (w *World) tokens() {
	w.token("doctor", "doctor", "clinic", doctorScopes, "a doctor of the clinic", nil)
	w.token("owner", "owner", "clinic", ownerScopes, "the owner of the clinic", nil)
	w.token("pharmacist", "pharmacist", "pharmacy", pharmacistScopes, "a pharmacist of the pharmacy", nil)
	w.token("mis", "mis_service", "mis", misScopes, "the MIS itself, for events", nil)
	w.token("other_doctor", "other_doctor", "other_clinic", doctorScopes, "a doctor of another clinic", nil)
	w.token("hospital_doctor", "hospital_doctor", "hospital", doctorScopes, "a doctor of the hospital", nil)
	w.token("hospital_owner", "hospital_owner", "hospital", ownerScopes, "the owner of the hospital (OUTPATIENT)", nil)
	w.token("ambulance_owner", "ambulance_owner", "ambulance", ownerScopes, "the owner of the EMERGENCY legal entity", nil)
	w.token("msp_owner", "msp_owner", "msp", ownerScopes, "the owner of the MSP", nil)
	w.token("msp_pharmacy_owner", "msp_pharmacy_owner", "msp_pharmacy", ownerScopes, "the owner of the MSP_PHARMACY", nil)
	w.token("pharmacy_owner", "pharmacy_owner", "pharmacy", ownerScopes, "the owner of the pharmacy", nil)
	w.token("other_pharmacist", "other_pharmacist", "other_pharmacy", pharmacistScopes, "a pharmacist of another pharmacy", nil)
	w.token("suspended_owner", "owner", "suspended_clinic", ownerScopes, "an owner in a SUSPENDED legal entity", nil)
	w.token("suspended_doctor", "doctor", "suspended_clinic", doctorScopes, "a doctor in a SUSPENDED legal entity", nil)
	w.token("closed_owner", "owner", "closed_clinic", slices.Concat(ownerScopes, doctorScopes), "an owner in a CLOSED legal entity", nil)
	w.token("hidden_owner", "owner", "hidden_clinic", ownerScopes, "an owner in a legal entity with is_active = false", nil)
	w.token("closed_pharmacist", "pharmacist", "closed_pharmacy", pharmacistScopes, "a pharmacist in a CLOSED legal entity", nil)
	w.token("nhs", "doctor", "nhs", doctorScopes, "a legal entity of a type that may not work with medical events", nil)
	w.token("stranger", "owner", "stranger", slices.Concat(ownerScopes, doctorScopes, pharmacyScopes), "a client without a legal entity", nil)

	w.insertUser("unverified_owner", row{})
	w.party("unverified_owner", "Лідія", "Швидка", "Антонівна", "NOT_VERIFIED", w.now)
	w.token("unverified_owner", "unverified_owner", "clinic", ownerScopes, "a party NOT_VERIFIED since today", nil)
	w.insertUser("long_unverified_owner", row{})
	w.party("long_unverified_owner", "Семен", "Довгий", "Левович", "NOT_VERIFIED", w.now.AddDate(0, 0, -90))
	w.token("long_unverified_owner", "long_unverified_owner", "clinic", ownerScopes, "a party NOT_VERIFIED for 90 days", nil)
	w.insertUser("partyless_owner", row{})
	w.token("partyless_owner", "partyless_owner", "clinic", ownerScopes, "a user without a party", nil)

	everything := distinct(slices.Concat(doctorScopes, ownerScopes, pharmacistScopes, misScopes))
	w.token("no_scopes", "doctor", "clinic", []string{}, "no scope at all", nil)
	w.token("expired", "doctor", "clinic", everything, "expired a moment ago", row{"expires_at": w.now.Unix()})
	w.token("refresh", "doctor", "clinic", everything, "a refresh token, not an access token", row{"name": auth.RefreshToken})
	w.token("blocked_user", "blocked_user", "clinic", everything, "its user is blocked", nil)
	w.token("blocked_client", "doctor", "blocked_client", everything, "its client is blocked", nil)
	w.token("clientless", "doctor", "clinic", everything, "its details name no client", row{"details": row{"scope": strings.Join(everything, " ")}})
	w.token("spent", "doctor", "clinic", doctorScopes, "has used up the request limit of listDivisions, when one is set", nil)
}
