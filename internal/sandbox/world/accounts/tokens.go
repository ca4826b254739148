package accounts

import (
	"slices"
	"strings"

	"esoz/internal/platform/auth"
	"esoz/internal/platform/seal"
	"esoz/internal/sandbox/world/build"
)

// Token adds a token that a caller may use; columns override those of its row.
func Token(w *build.World, name, user, client string, scopes []string, note string, columns build.Row) string {
	value := build.TokenValue(name)
	w.Insert("mithril.tokens", build.Changed(w.Stamped(build.Row{
		"id": build.ID("token " + name), "name": auth.AccessToken, "value_hash": seal.Token(value),
		"expires_at": w.Now.AddDate(1, 0, 0).Unix(), "user_id": build.ID(user),
		"details": build.Row{"scope": strings.Join(scopes, " "), "client_id": build.ID(client), "grant_type": auth.AuthorizationCode},
	}), columns))
	w.Tokens = append(w.Tokens, build.Token{
		Name: name, Value: value, Scopes: scopes, LegalEntityID: build.ID(client), UserID: build.ID(user), Direct: client == "mis", Note: note,
	})
	return value
}

func tokens(w *build.World) {
	for _, t := range []struct {
		name, user, client string
		scopes             []string
		note               string
	}{
		{"doctor", "doctor", "clinic", doctorScopes, "a doctor of the clinic"},
		{"colleague", "colleague", "clinic", doctorScopes, "a second doctor of the clinic, whom no patient has chosen"},
		{"owner", "owner", "clinic", ownerScopes, "the owner of the clinic"},
		{"med_admin", "med_admin", "clinic", medAdminScopes, "a medical administrator of the clinic"},
		{"pharmacist", "pharmacist", "pharmacy", pharmacistScopes, "a pharmacist of the pharmacy"},
		{"mis", "mis_service", "mis", misScopes, "the MIS itself, for events"},
		{"other_doctor", "other_doctor", "other_clinic", doctorScopes, "a doctor of another clinic"},
		{"hospital_doctor", "hospital_doctor", "hospital", doctorScopes, "a doctor of the hospital"},
		{"hospital_owner", "hospital_owner", "hospital", ownerScopes, "the owner of the hospital (OUTPATIENT)"},
		{"ambulance_owner", "ambulance_owner", "ambulance", ownerScopes, "the owner of the EMERGENCY legal entity"},
		{"msp_owner", "msp_owner", "msp", ownerScopes, "the owner of the MSP"},
		{"msp_pharmacy_owner", "msp_pharmacy_owner", "msp_pharmacy", ownerScopes, "the owner of the MSP_PHARMACY"},
		{"msp_pharmacist", "msp_pharmacist", "msp_pharmacy", pharmacistScopes, "a pharmacist of the MSP_PHARMACY"},
		{"pharmacy_owner", "pharmacy_owner", "pharmacy", ownerScopes, "the owner of the pharmacy"},
		{"other_pharmacist", "other_pharmacist", "other_pharmacy", pharmacistScopes, "a pharmacist of another pharmacy"},
		{"suspended_owner", "owner", "suspended_clinic", ownerScopes, "an owner in a SUSPENDED legal entity"},
		{"suspended_doctor", "doctor", "suspended_clinic", doctorScopes, "a doctor in a SUSPENDED legal entity"},
		{"suspended_pharmacist", "pharmacist", "suspended_pharmacy", pharmacistScopes, "a pharmacist in a SUSPENDED legal entity"},
		{"closed_owner", "owner", "closed_clinic", slices.Concat(ownerScopes, doctorScopes), "an owner in a CLOSED legal entity"},
		{"hidden_owner", "owner", "hidden_clinic", ownerScopes, "an owner in a legal entity with is_active = false"},
		{"closed_pharmacist", "pharmacist", "closed_pharmacy", pharmacistScopes, "a pharmacist in a CLOSED legal entity"},
		{"unlisted_doctor", "doctor", "unlisted_clinic", doctorScopes, "a doctor in a legal entity that the NHS has not verified"},
		{"nhs", "doctor", "nhs", append(slices.Clone(doctorScopes), "event:read"), "a legal entity of a type that may not work with medical events"},
		{"nhs_admin", "nhs_admin", "nhs", nhsScopes, "an administrator of the National Health Service"},
		{"cabinet", "cabinet_user", "cabinet", cabinetScopes, "a patient in the patient's cabinet: settled_patient"},
		{"portal", "portal_user", "cabinet", cabinetScopes, "a patient in a patient's information system (PIS): portal_patient"},
		{
			"stranger", "owner", "stranger", distinct(slices.Concat(ownerScopes, doctorScopes, pharmacyScopes, nhsScopes, cabinetScopes)),
			"a client without a legal entity",
		},
	} {
		Token(w, t.name, t.user, t.client, t.scopes, t.note, nil)
	}
	unverified(w)
	unusable(w)
}

// unverified are users of the clinic whose party is not VERIFIED.
func unverified(w *build.World) {
	User(w, "unverified_owner", nil)
	Party(w, "unverified_owner", "Лідія", "Швидка", "Антонівна", build.Row{"verification_status": "NOT_VERIFIED"})
	Token(w, "unverified_owner", "unverified_owner", "clinic", ownerScopes, "a party NOT_VERIFIED since today", nil)
	User(w, "long_unverified_owner", nil)
	since := w.Now.AddDate(0, 0, -90)
	Party(w, "long_unverified_owner", "Семен", "Довгий", "Левович",
		build.Row{"verification_status": "NOT_VERIFIED", "inserted_at": since, "updated_at": since})
	Token(w, "long_unverified_owner", "long_unverified_owner", "clinic", ownerScopes, "a party NOT_VERIFIED for 90 days", nil)
	User(w, "partyless_owner", nil)
	// The same in the role of a doctor, and one more.
	for _, u := range []struct{ name, user, note string }{
		{"unverified_doctor", "unverified_owner", "a party NOT_VERIFIED since today"},
		{"long_unverified_doctor", "long_unverified_owner", "a party NOT_VERIFIED for 90 days"},
		{"partyless_doctor", "partyless_owner", "a user without a party"},
		{"deceased_doctor", "deceased_doctor", "a party whose death is confirmed"},
		{"unemployed_doctor", "owner", "a user whom the clinic employs as its OWNER alone, with the scopes of a doctor"},
	} {
		Token(w, u.name, u.user, "clinic", doctorScopes, u.note, nil)
	}
	// The same in the role of a pharmacist.
	for _, u := range []struct{ name, user, note string }{
		{"unverified_pharmacist", "unverified_owner", "a party NOT_VERIFIED since today"},
		{"long_unverified_pharmacist", "long_unverified_owner", "a party NOT_VERIFIED for 90 days"},
		{"partyless_pharmacist", "partyless_owner", "a user without a party"},
		{"deceased_pharmacist", "deceased_doctor", "a party whose death is confirmed"},
		{"unemployed_pharmacist", "doctor", "a user whom the pharmacy does not employ, with the scopes of a pharmacist"},
	} {
		Token(w, u.name, u.user, "pharmacy", pharmacistScopes, u.note, nil)
	}
	User(w, "deceased_doctor", nil)
	Party(w, "deceased_doctor", "Марта", "Тиха", "Олегівна",
		build.Row{"dracs_death_verification_status": "VERIFIED", "dracs_death_verification_reason": "MANUAL_CONFIRMED"})
	Token(w, "partyless_owner", "partyless_owner", "clinic", ownerScopes, "a user without a party", nil)
}

// unusable are tokens that the gateway refuses, each for one reason.
func unusable(w *build.World) {
	everything := distinct(slices.Concat(doctorScopes, ownerScopes, pharmacistScopes, misScopes))
	Token(w, "no_scopes", "doctor", "clinic", []string{}, "no scope at all", nil)
	Token(w, "expired", "doctor", "clinic", everything, "expired a moment ago", build.Row{"expires_at": w.Now.Unix()})
	Token(w, "refresh", "doctor", "clinic", everything, "a refresh token, not an access token", build.Row{"name": auth.RefreshToken})
	Token(w, "blocked_user", "blocked_user", "clinic", everything, "its user is blocked", nil)
	Token(w, "blocked_client", "doctor", "blocked_client", everything, "its client is blocked", nil)
	Token(w, "clientless", "doctor", "clinic", everything, "its details name no client", build.Row{"details": build.Row{"scope": strings.Join(everything, " ")}})
	Token(w, "spent", "doctor", "clinic", doctorScopes, "has used up the request limit of every operation, when one is set", nil)
}
