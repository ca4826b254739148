package persons

import (
	"net/http"
	"net/url"
	"slices"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

const doctor = "sandbox-doctor"

// Cases are those of the register of persons.
func Cases(w *build.World) {
	search(w)
	searchV2(w)
	authenticationMethods(w)
	relationships(w)
	verification(w)
	personalData(w)
}

func personalData(w *build.World) {
	for _, v := range []struct {
		op, prefix, by string // by ends the titles
		family         rules.ID
	}{
		{"getPersonalData", "/api/persons/", "", "person.personal_data."},
		{"getPersonalDataV2", "/api/v2/persons/", ", in version 2", "person.personal_data_v2."},
	} {
		by := func(token, id string) build.Request { return build.Get(token, v.prefix+id+"/personal_data") }
		of := func(name string) build.Request { return by(doctor, build.ID(name).String()) }
		refused := func(title string, r build.Request, rule rules.ID) {
			w.Refused(v.op, title+v.by, r, fault.Refuse(v.family+rule))
		}
		w.Passes(v.op, "an approval grants the person"+v.by, of("stranger_patient"), http.StatusOK)
		refused("personal data of an unknown person", of("nobody"), "not_found")
		refused("personal data of a malformed id", by(doctor, "1"), "not_found")
		refused("a declaration without an approval", of("offline_patient"), "access")
		refused("an approval that is granted to a doctor of another clinic", by(build.TokenValue("hospital_doctor"), build.ID("stranger_patient").String()), "access")
	}
}

func verification(w *build.World) {
	const op = "getPersonVerification"
	of := func(id string) build.Request { return build.Get(doctor, "/api/persons/"+id+"/verification") }
	w.Passes(op, "a verified person", of(build.ID("patient").String()), http.StatusOK)
	w.Refused(op, "verification of an unknown person", of(build.ID("nobody").String()), fault.Refuse(rules.PersonVerificationNotFound))
	w.Refused(op, "verification of a malformed id", of("1"), fault.Refuse(rules.PersonVerificationNotFound))
	w.Refused(op, "a person who was never verified", of(build.ID("newcomer").String()), fault.Refuse(rules.PersonVerificationNotFound))
}

func search(w *build.World) {
	const op = "searchPersons"
	of := func(person string, more ...string) build.Request {
		p := Of(person)
		query := url.Values{"first_name": {p.First}, "last_name": {p.Last}, "birth_date": {p.Born}}
		for pair := range slices.Chunk(more, 2) {
			query.Set(pair[0], pair[1])
			if pair[1] == "" {
				query.Del(pair[0])
			}
		}
		return build.Get(doctor, "/api/persons?"+query.Encode())
	}
	w.Passes(op, "a person by name and date of birth", of("patient"), http.StatusOK)
	w.Passes(op, "a person by all that is known", of("patient", "first_name", "петро", "tax_id", TaxID, "unzr", "19850705-01234",
		"phone_number", PatientPhone, "birth_certificate", "і-ам123456"), http.StatusOK)
	w.Passes(op, "a person by tax number and phone", of("patient", "last_name", "Інша", "birth_date", "1985-07-06", "tax_id", TaxID,
		"phone_number", PatientPhone), http.StatusOK)
	w.Passes(op, "a person who is not active", of("inactive_patient"), http.StatusOK)
	w.Passes(op, "two persons of one name", of("newcomer"), http.StatusOK)
	w.Refused(op, "no date of birth", of("patient", "birth_date", ""), fault.Refuse(rules.PersonSearchBirthDate))
	w.Refused(op, "a date of birth that does not exist", of("patient", "birth_date", "1985-02-30"), fault.Refuse(rules.PersonSearchBirthDateForm))
	w.Refused(op, "no first name", of("patient", "first_name", ""), fault.Refuse(rules.PersonSearchFirstName))
	w.Refused(op, "a last name of blanks", of("patient", "last_name", " "), fault.Refuse(rules.PersonSearchLastName))
	w.Refused(op, "a phone of another form", of("patient", "phone_number", "0501234567"), fault.Refuse(rules.PersonSearchPhoneNumber))
	w.Passes(op, "a phone of another form finds nobody when that is not checked", of("patient", "phone_number", "0501234567"), http.StatusOK).
		Set("RULES", "-person.search.phone_number")
	w.Refused(op, "more persons than may be found", of("newcomer"), fault.Refuse(rules.PersonSearchTooMany)).Set("PERSON_SEARCH_LIMIT", "1")
	w.Passes(op, "no more persons than may be found, when more are allowed", of("newcomer"), http.StatusOK).Set("PERSON_SEARCH_LIMIT", "2")
}

func searchV2(w *build.World) {
	const op = "searchPersonsV2"
	of := func(person string, more ...string) build.Request {
		p := Of(person)
		query := url.Values{"first_name": {p.First}, "last_name": {p.Last}, "birth_date": {p.Born}}
		for pair := range slices.Chunk(more, 2) {
			query.Set(pair[0], pair[1])
			if pair[1] == "" {
				query.Del(pair[0])
			}
		}
		return build.Get(doctor, "/api/v2/persons?"+query.Encode())
	}
	passes := func(title string, r build.Request) *build.Case { return w.Passes(op, title, r, http.StatusOK) }
	refused := func(title string, r build.Request, found ...rules.ID) *build.Case {
		refusals := make([]*fault.Error, len(found))
		for i, rule := range found {
			refusals[i] = fault.Refuse(rule)
		}
		return w.Refused(op, title, r, refusals...)
	}
	passes("a person of version 2 by name and date of birth", of("patient"))
	passes("a person of version 2 by all that is known", of("patient", "language", "uk", "first_name", "петро", "tax_id", TaxID, "phone_number", PatientPhone,
		"document_type", "BIRTH_CERTIFICATE", "document_number", "і-ам123456"))
	passes("a person by tax number, without a last name", of("patient", "last_name", "", "tax_id", TaxID))
	passes("a person who has no last name", of("foreigner"))
	passes("a person by a document", of("foreigner", "last_name", "", "document_type", "FOREIGN_PASSPORT", "document_number", "p01234567"))
	passes("a person in a language in which they have no names", of("foreigner", "language", "uk"))
	passes("a person of version 2 who is not active", of("inactive_patient"))
	passes("two persons of one name, in version 2", of("newcomer"))
	refused("no date of birth in version 2", of("patient", "birth_date", ""), rules.PersonSearchV2BirthDate)
	refused("a date of birth that does not exist, in version 2", of("patient", "birth_date", "1985-02-30"), rules.PersonSearchV2BirthDateForm)
	refused("no first name in version 2", of("patient", "first_name", ""), rules.PersonSearchV2FirstName)
	refused("neither last name nor tax number nor document", of("patient", "last_name", "", "phone_number", PatientPhone), rules.PersonSearchV2LastName)
	refused("a document number without its type", of("patient", "document_number", "І-АМ123456"), rules.PersonSearchV2DocumentType)
	refused("a document type without its number", of("patient", "document_type", "BIRTH_CERTIFICATE"), rules.PersonSearchV2DocumentNumber)
	refused("a phone of another form, in version 2", of("patient", "phone_number", "0501234567"), rules.PersonSearchV2PhoneNumber)
	refused("everything wrong in a search of version 2", build.Get(doctor, "/api/v2/persons?phone_number=1"),
		rules.PersonSearchV2BirthDate, rules.PersonSearchV2FirstName, rules.PersonSearchV2LastName, rules.PersonSearchV2PhoneNumber)
	refused("more persons than may be found, in version 2", of("newcomer"), rules.PersonSearchV2TooMany).Set("PERSON_SEARCH_LIMIT", "1")
	passes("no more persons than may be found, in version 2", of("newcomer")).Set("PERSON_SEARCH_LIMIT", "2")
	for _, rule := range []rules.ID{rules.PersonSearchV2LastName, rules.PersonSearchV2DocumentType, rules.PersonSearchV2DocumentNumber, rules.PersonSearchV2PhoneNumber} {
		more := map[rules.ID][]string{
			rules.PersonSearchV2LastName: {"last_name", ""}, rules.PersonSearchV2DocumentType: {"document_number", "1"},
			rules.PersonSearchV2DocumentNumber: {"document_type", "PASSPORT"}, rules.PersonSearchV2PhoneNumber: {"phone_number", "1"},
		}[rule]
		passes("a search of version 2 with "+more[0]+" wrong, when that is not checked", of("patient", more...)).Set("RULES", "-"+string(rule))
	}
}

func authenticationMethods(w *build.World) {
	const op = "listAuthenticationMethods"
	of := func(id string) build.Request { return build.Get(doctor, "/api/persons/"+id+"/authentication_methods") }
	w.Passes(op, "an OTP method", of(build.ID("patient").String()), http.StatusOK)
	w.Passes(op, "documents", of(build.ID("offline_patient").String()), http.StatusOK)
	w.Passes(op, "a third person who is no confidant", of(build.ID("third_person_patient").String()), http.StatusOK)
	w.Passes(op, "a confidant as third person", of(build.ID("confided_patient").String()), http.StatusOK)
	w.Passes(op, "no method", of(build.ID("methodless_patient").String()), http.StatusOK)
	w.Refused(op, "an unknown person", of(build.ID("nobody").String()), fault.Refuse(rules.PersonAuthenticationMethodsNotFound))
	w.Refused(op, "a malformed id of a person", of("1"), fault.Refuse(rules.PersonAuthenticationMethodsNotFound))
	w.Refused(op, "a person who is not active", of(build.ID("inactive_patient").String()), fault.Refuse(rules.PersonAuthenticationMethodsNotFound))
}

func relationships(w *build.World) {
	const op = "listConfidantPersonRelationships"
	of := func(id, query string) build.Request {
		return build.Get(doctor, "/api/persons/"+id+"/confidant_person_relationships"+query)
	}
	child := build.ID("confided_patient").String()
	w.Passes(op, "a relationship in force", of(child, ""), http.StatusOK)
	w.Passes(op, "a relationship whose time is over", of(child, "?is_expired=true"), http.StatusOK)
	w.Passes(op, "a page past the end of relationships", of(child, "?page=9"), http.StatusOK)
	w.Passes(op, "no relationship", of(build.ID("patient").String(), "?is_expired=false"), http.StatusOK)
	w.Refused(op, "is_expired that is neither true nor false", of(child, "?is_expired=x"), fault.Refuse(rules.PersonRelationshipsIsExpired))
	w.Passes(op, "is_expired that is neither counts as false when that is not checked", of(child, "?is_expired=x"), http.StatusOK).
		Set("RULES", "-person.relationships.is_expired")
	w.Refused(op, "relationships of an unknown person", of(build.ID("nobody").String(), ""), fault.Refuse(rules.PersonRelationshipsNotFound))
	w.Refused(op, "relationships of a person who is not active", of(build.ID("inactive_patient").String(), ""), fault.Refuse(rules.PersonRelationshipsNotFound))
}
