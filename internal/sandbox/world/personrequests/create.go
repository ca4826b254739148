package personrequests

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/verifications"
)

const op = "createPersonRequest"

func post(token string, body build.Row) build.Request {
	return build.Post(token, "/api/v2/person_requests").With(body)
}

// register asks for a person to be registered.
func register(person build.Row) build.Request { return post(doctor, request(person)) }

// at is the refusal of a part of the person of the body.
func at(id rules.ID, entry string, args ...any) *fault.Error {
	return fault.RefuseAt(id, "$.person."+entry, nil, args...)
}

// refused is a person who is not registered.
type refused struct {
	title   string
	refusal *fault.Error
	person  build.Row
	config  []string
}

func create(w *build.World) {
	passing(w)
	w.Refused(op, "no person", post(doctor, build.Row{"patient_signed": false, "process_disclosure_data_consent": true}),
		build.MissingProperty(rules.PersonRequestCreateSchema, "person"))
	w.Refused(op, "patient_signed that is true", post(doctor, build.Changed(request(adult(nil)), build.Row{"patient_signed": true})),
		fault.Refuse(rules.PersonRequestCreatePatientSigned))
	w.Refused(op, "no consent", post(doctor, build.Changed(request(adult(nil)), build.Row{"process_disclosure_data_consent": false})),
		fault.Refuse(rules.PersonRequestCreateConsent))
	for _, list := range [][]refused{wrongBodies(w), wrongPersons(w), wrongAddresses(), wrongConfidants(w), wrongDocuments(w), wrongMethods(w)} {
		for _, r := range list {
			w.Refused(op, r.title, register(r.person), r.refusal).Set(r.config...)
		}
	}
	w.Refused(op, "the legal entity has had all codes of the day sent", post(otherDoctor, request(adult(nil))),
		fault.Refuse(rules.PersonRequestCreateLegalEntityLimit)).Set("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1")
}

func passing(w *build.World) {
	pass := func(title string, person build.Row, config ...string) {
		w.Passes(op, title, register(person), http.StatusCreated).Set(config...)
	}
	pass("an adult who confirms by OTP", adult(nil))
	pass("an adult with everything that can be told", adult(build.Row{
		"email": "Roman@example.com", "unzr": "19900705-01234", "preferred_way_communication": "phone", "phones": []build.Row{mobile},
		"addresses": []build.Row{residence(nil), residence(build.Row{"type": "REGISTRATION"})},
	}))
	pass("an adult who confirms by documents", adult(build.Row{"authentication_methods": []build.Row{{"type": "OFFLINE"}}}))
	pass("a child with a confidant person", child(w, nil))
	pass("a child whose third person confirms by documents, which is allowed", child(w, build.Row{
		"confidant_person": confidant(w, "offline_patient", nil), "authentication_methods": []build.Row{by("offline_patient")},
	}), "THIRD_PERSON_OFFLINE", "true")
	pass("a minor who is married", sixteen(w, build.Row{"documents": []build.Row{idCard(w, nil), married(w)}}))
	pass("unzr of another birth date, whose scan is asked for", adult(build.Row{"unzr": "19910705-01234"}))
	pass("a foreign birth certificate and a residence permit", adult(build.Row{"documents": []build.Row{
		document("PERMANENT_RESIDENCE_PERMIT", "any 1", build.Row{"expiration_date": w.Day(100)}), document("BIRTH_CERTIFICATE_FOREIGN", "any 2", nil),
	}}))
	pass("a tax id that somebody has, and that is not asked", adult(build.Row{"tax_id": "3121203456"}), "VALIDATE_PERSON_TAX_ID_UNIQUENESS", "false")
	pass("a phone by which five persons confirm, and there is no limit", adult(build.Row{"authentication_methods": []build.Row{otp(crowdedPhone)}}),
		"PHONE_NUMBER_AUTH_LIMIT", "0")
	pass("a code was sent a moment ago, and there is no limit", adult(build.Row{"authentication_methods": []build.Row{otp(freshPhone)}}))
}

// married proves legal capacity of a minor.
func married(w *build.World) build.Row {
	return document("MARRIAGE_CERTIFICATE", "І-БК123456", build.Row{"issued_at": w.Day(-30)})
}

// wrongBodies are refused by the schema and by what answers together with it.
func wrongBodies(w *build.World) []refused {
	shape := func(entry, rule, description string) *fault.Error {
		return build.WrongShape(rules.PersonRequestCreateSchema, entry, rule, description)
	}
	method := func(m build.Row) build.Row { return adult(build.Row{"authentication_methods": []build.Row{m}}) }
	const phone = "authentication_methods[0].phone_number"
	number := func(kind, number string) build.Row {
		return adult(build.Row{"documents": []build.Row{document(kind, number, nil)}})
	}
	return []refused{
		{"no secret", shape("$.person.secret", "required", "required property secret was not present"), adult(build.Row{"secret": nil}), nil},
		{"a field that no person has", shape("$.person.name", "schema", "schema does not allow additional properties"), adult(build.Row{"name": "Роман"}), nil},
		{"a gender of no dictionary", shape("$.person.gender", "inclusion", "value is not allowed in enum"), adult(build.Row{"gender": "OTHER"}), nil},
		{"a day that does not exist", shape("$.person.birth_date", "date", `expected "1990-02-30" to be an existing date`), adult(build.Row{"birth_date": "1990-02-30"}), nil},
		{
			"a Latin letter in the name", shape("$.person.first_name", "format",
				`string does not match pattern "^(?!.*[ЫЪЭЁыъэё@%&$^#])[А-ЯҐЇІЄа-яґїіє\'\-]+(\s(?!.*[ЫЪЭЁыъэё@%&$^#])[А-ЯҐЇІЄа-яґїіє\'\-]+)*$"`),
			adult(build.Row{"first_name": "Roman"}), nil,
		},
		{"NA as the method", shape("$.person.authentication_methods[0].type", "inclusion", "value is not allowed in enum"), method(build.Row{"type": "NA"}), nil},
		{"no authentication method", fault.Refuse(rules.PersonRequestCreateMethodsRequired), adult(build.Row{"authentication_methods": nil}), nil},
		{
			"two authentication methods", fault.Refuse(rules.PersonRequestCreateOneMethod),
			adult(build.Row{"authentication_methods": []build.Row{otp(verifications.VerifiedPhone), {"type": "OFFLINE"}}}), nil,
		},
		{"a phone without +38", at(rules.PersonRequestCreateMethodPhone, phone), method(otp("0503410870")), nil},
		{"OTP without a phone", fault.Refuse(rules.PersonRequestCreateMethodPhoneRequired), method(build.Row{"type": "OTP"}), nil},
		{"OFFLINE with a phone", fault.Refuse(rules.PersonRequestCreateMethodPhoneForbidden), method(build.Row{"type": "OFFLINE", "phone_number": verifications.VerifiedPhone}), nil},
		{
			"THIRD_PERSON without a value", fault.Refuse(rules.PersonRequestCreateMethodValueRequired),
			child(w, build.Row{"authentication_methods": []build.Row{build.Edit(by("confidant"), build.Row{"value": nil})}}), nil,
		},
		{
			"THIRD_PERSON without an alias", fault.Refuse(rules.PersonRequestCreateMethodAliasRequired),
			child(w, build.Row{"authentication_methods": []build.Row{build.Edit(by("confidant"), build.Row{"alias": nil})}}), nil,
		},
		{
			"a passport with one letter", at(rules.PersonRequestCreateDocumentNumber, "documents[0].number", "pattern", `^((?![ЫЪЭЁ])([А-ЯҐЇІЄ])){2}[0-9]{6}$`),
			number("PASSPORT", "А120518"), nil,
		},
		{"a birth certificate with a Russian letter", at(rules.PersonRequestCreateBirthCertificateNumber, "documents[0].number"), number("BIRTH_CERTIFICATE", "1-Ы123456"), nil},
		{
			"the same in the documents of the confidant person", at(rules.PersonRequestCreateRelationshipNumber, "confidant_person.documents_relationship[0].number"),
			child(w, build.Row{"confidant_person": confidant(w, "confidant", build.Row{"number": "1-Ы123456"})}), nil,
		},
	}
}

func wrongPersons(w *build.World) []refused {
	return []refused{
		{"born tomorrow", fault.Refuse(rules.PersonRequestCreateBirthDate), adult(build.Row{"birth_date": w.Day(2)}), nil},
		{"older than anybody", fault.Refuse(rules.PersonRequestCreateBirthDate), adult(build.Row{"birth_date": "1800-01-01"}), nil},
		{"a tax id that was refused", fault.Refuse(rules.PersonRequestCreateTaxIDRefused), adult(build.Row{"no_tax_id": true}), nil},
		{"no tax id", fault.Refuse(rules.PersonRequestCreateTaxIDRequired), adult(build.Row{"tax_id": nil}), nil},
		{"a tax id that somebody has", fault.Refuse(rules.PersonRequestCreateTaxIDUnique), adult(build.Row{"tax_id": "3121203456"}), nil},
		{"no residence", fault.Refuse(rules.PersonRequestCreateResidence), adult(build.Row{"addresses": []build.Row{residence(build.Row{"type": "REGISTRATION"})}}), nil},
		{"two residences", fault.Refuse(rules.PersonRequestCreateResidence), adult(build.Row{"addresses": []build.Row{residence(nil), residence(nil)}}), nil},
	}
}

func wrongAddresses() []refused {
	unknown := build.ID("no settlement").String()
	wrong := func(title string, id rules.ID, field string, changes build.Row, args ...any) refused {
		return refused{title, at(id, "addresses[0]."+field, args...), adult(build.Row{"addresses": []build.Row{residence(changes)}}), nil}
	}
	return []refused{
		wrong("an area that does not exist", rules.PersonRequestCreateArea, "area", build.Row{"area": "Атлантида"}),
		wrong("a settlement that does not exist", rules.PersonRequestCreateSettlement, "settlement", build.Row{"settlement": "Бердич"}),
		wrong("an unknown settlement id", rules.PersonRequestCreateSettlementID, "settlement_id", build.Row{"settlement_id": unknown}, "id", unknown),
		wrong("name and id of two settlements", rules.PersonRequestCreateSettlementMatch, "settlement", build.Row{"settlement": "Київ"}),
		wrong("a settlement whose area is gone", rules.PersonRequestCreateAreaRow, "settlement_id",
			build.Row{"settlement": "Загублене", "settlement_id": build.ID("settlement without an area").String()}, "id", build.ID("no area")),
		wrong("another area than the settlement's", rules.PersonRequestCreateAreaMatch, "area", build.Row{"area": "Київ"}),
		wrong("a settlement whose region is gone", rules.PersonRequestCreateRegionRow, "settlement_id",
			build.Row{"settlement": "Забуте", "settlement_id": build.ID("settlement without a region").String()}, "id", build.ID("no region")),
		wrong("another region than the settlement's", rules.PersonRequestCreateRegionMatch, "region", build.Row{"region": "Житомирський"}),
	}
}

func wrongConfidants(w *build.World) []refused {
	of := func(name string) build.Row {
		return child(w, build.Row{"confidant_person": confidant(w, name, nil), "authentication_methods": []build.Row{by(name)}})
	}
	proof := func(documents ...build.Row) build.Row {
		return child(w, build.Row{"confidant_person": build.Row{"person_id": build.ID("confidant").String(), "documents_relationship": documents}})
	}
	changed := func(changes build.Row) build.Row { return proof(build.Edit(certificate(w), changes)) }
	alone := build.Row{"confidant_person": nil, "authentication_methods": []build.Row{otp(verifications.VerifiedPhone)}}
	const list = "confidant_person.documents_relationship"
	return []refused{
		{"a child without a confidant person", fault.Refuse(rules.PersonRequestCreateConfidantForChild), child(w, alone), nil},
		{"a minor without a confidant person", fault.Refuse(rules.PersonRequestCreateConfidantForMinor), sixteen(w, nil), nil},
		{
			"a married minor with a confidant person", fault.Refuse(rules.PersonRequestCreateConfidantUnwanted),
			sixteen(w, build.Row{
				"documents": []build.Row{idCard(w, nil), married(w)}, "confidant_person": confidant(w, "confidant", nil),
				"authentication_methods": []build.Row{by("confidant")},
			}), nil,
		},
		{"an unknown confidant person", fault.Refuse(rules.PersonRequestCreateConfidant), of("no person"), nil},
		{"an inactive confidant person", fault.Refuse(rules.PersonRequestCreateConfidant), of("inactive_patient"), nil},
		{"a child as the confidant person", fault.Refuse(rules.PersonRequestCreateConfidantDependent), of("confided_patient"), nil},
		{"a minor as the confidant person", fault.Refuse(rules.PersonRequestCreateConfidantDependent), of("minor"), nil},
		{"a confidant person who is not verified", fault.Refuse(rules.PersonRequestCreateConfidantVerified), of("unverified_confidant"), nil},
		{
			"two documents of one type for the confidant person", at(rules.PersonRequestCreateRelationshipDouble, list+"[1].type", "type", "BIRTH_CERTIFICATE"),
			proof(certificate(w), certificate(w)), nil,
		},
		{"issued tomorrow, for the confidant person", at(rules.PersonRequestCreateRelationshipIssued, list+"[0].issued_at"), changed(build.Row{"issued_at": w.Day(2)}), nil},
		{"issued before birth, for the confidant person", at(rules.PersonRequestCreateRelationshipBorn, list+"[0].issued_at"), changed(build.Row{"issued_at": years(w, 11)}), nil},
		{"over today, for the confidant person", at(rules.PersonRequestCreateRelationshipActive, list+"[0].active_to"), changed(build.Row{"active_to": w.Day(-2)}), nil},
	}
}

func wrongDocuments(w *build.World) []refused {
	with := func(documents ...build.Row) build.Row { return adult(build.Row{"documents": documents}) }
	passport := func(changes build.Row) build.Row { return document("PASSPORT", "АА120518", changes) }
	return []refused{
		{
			"unzr of another birth date, which is refused", fault.Refuse(rules.PersonRequestCreateUnzrBirthDate), adult(build.Row{"unzr": "19910705-01234"}),
			[]string{"RULES", "+person_request.create.unzr_birth_date"},
		},
		{"a national id without unzr", fault.Refuse(rules.PersonRequestCreateUnzrRequired), with(idCard(w, nil)), nil},
		{
			"a child without a birth certificate", fault.Refuse(rules.PersonRequestCreateBirthCertificate),
			child(w, build.Row{"documents": []build.Row{document("PASSPORT", "АА120518", build.Row{"issued_at": years(w, 1)})}}), nil,
		},
		{"two documents of one type", at(rules.PersonRequestCreateDocumentDouble, "documents[1].type", "type", "PASSPORT"), with(passport(nil), passport(nil)), nil},
		{"two phones of one type", at(rules.PersonRequestCreatePhoneDouble, "phones[1].type", "type", "MOBILE"), adult(build.Row{"phones": []build.Row{mobile, mobile}}), nil},
		{
			"two phones of one type of the emergency contact", at(rules.PersonRequestCreateContactPhoneDouble, "emergency_contact.phones[1].type", "type", "MOBILE"),
			adult(build.Row{"emergency_contact": build.Row{"first_name": "Олена", "last_name": "Заєць", "phones": []build.Row{mobile, mobile}}}), nil,
		},
		{
			"both passports", fault.Refuse(rules.PersonRequestCreatePassports),
			adult(build.Row{"unzr": "19900705-01234", "documents": []build.Row{passport(nil), idCard(w, nil)}}), nil,
		},
		{"issued tomorrow", at(rules.PersonRequestCreateIssued, "documents[0].issued_at"), with(passport(build.Row{"issued_at": w.Day(2)})), nil},
		{"issued before birth", at(rules.PersonRequestCreateIssuedBorn, "documents[0].issued_at"), with(passport(build.Row{"issued_at": "1989-01-01"})), nil},
		{
			"a refugee's certificate without an end", at(rules.PersonRequestCreateExpirationRequired, "documents[0].expiration_date", "type", "REFUGEE_CERTIFICATE"),
			with(document("REFUGEE_CERTIFICATE", "АА120518", nil)), nil,
		},
		{
			"a refugee's certificate that is over", at(rules.PersonRequestCreateExpiration, "documents[0].expiration_date"),
			with(document("REFUGEE_CERTIFICATE", "АА120518", build.Row{"expiration_date": w.Day(-2)})), nil,
		},
		{"a type that registers nobody", at(rules.PersonRequestCreateDocumentType, "documents[0].type"), with(document("CHILD_BIRTH_CERTIFICATE", "1-АП123456", nil)), nil},
		{
			"an adult who is married", fault.Refuse(rules.PersonRequestCreateCapacityAge, "type", "MARRIAGE_CERTIFICATE"), with(passport(nil), married(w)), nil,
		},
		{"a married minor without another document", fault.Refuse(rules.PersonRequestCreateCapacityAlone), sixteen(w, build.Row{"documents": []build.Row{married(w)}}), nil},
		{
			"a minor with two documents of legal capacity", fault.Refuse(rules.PersonRequestCreateCapacityOne),
			sixteen(w, build.Row{"documents": []build.Row{idCard(w, nil), married(w), document("DIVORCE_CERTIFICATE", "І-БК123457", build.Row{"issued_at": w.Day(-5)})}}), nil,
		},
		{
			"a person who is registered, by document", fault.Refuse(rules.PersonRequestCreateDuplicate),
			adult(build.Row{"last_name": "ІВАНЕНКО", "birth_date": "1985-07-05", "documents": []build.Row{document("PASSPORT", "сн123456", nil)}}),
			[]string{"RULES", "-person_request.create.document_number"},
		},
		{
			"a person who is registered, by tax id", fault.Refuse(rules.PersonRequestCreateDuplicate),
			adult(build.Row{"tax_id": "3121203456", "birth_date": "1985-07-05"}),
			[]string{"VALIDATE_PERSON_TAX_ID_UNIQUENESS", "false"},
		},
	}
}

func wrongMethods(w *build.World) []refused {
	method := func(m build.Row) build.Row { return adult(build.Row{"authentication_methods": []build.Row{m}}) }
	fresh := method(otp(freshPhone))
	return []refused{
		{
			"a child who confirms alone", fault.Refuse(rules.PersonRequestCreateMethodThirdPerson),
			child(w, build.Row{"authentication_methods": []build.Row{otp(verifications.SilentPhone)}}), nil,
		},
		{
			"a third person who is not the confidant person", fault.Refuse(rules.PersonRequestCreateMethodValue),
			child(w, build.Row{"authentication_methods": []build.Row{by("third_person")}}), nil,
		},
		{"a third person without a confidant person", fault.Refuse(rules.PersonRequestCreateMethodOwn), method(by("confidant")), nil},
		{
			"a third person who confirms by nothing", fault.Refuse(rules.PersonRequestCreateThirdPersonMethod),
			child(w, build.Row{"confidant_person": confidant(w, "cabinet_patient", nil), "authentication_methods": []build.Row{by("cabinet_patient")}}), nil,
		},
		{
			"a third person who confirms by documents", fault.Refuse(rules.PersonRequestCreateThirdPersonOffline),
			child(w, build.Row{"confidant_person": confidant(w, "offline_patient", nil), "authentication_methods": []build.Row{by("offline_patient")}}), nil,
		},
		{
			"a third person who confirms for others", fault.Refuse(rules.PersonRequestCreateThirdPersonLimit, "limit", 1), child(w, nil),
			[]string{"THIRD_PERSON_LIMIT", "1"},
		},
		{"a phone that is not verified", fault.Refuse(rules.PersonRequestCreatePhoneVerified), method(otp(verifications.SilentPhone)), nil},
		{"a phone by which five persons confirm", fault.Refuse(rules.PersonRequestCreatePhoneLimit, "limit", 5), method(otp(crowdedPhone)), nil},
		{"a code was sent a moment ago, and there is a limit", fault.Refuse(rules.PersonRequestCreateRate), fresh, []string{"INIT_VERIFICATION_LIMIT", "86400"}},
		{"the phone has got all codes of the hour", fault.Refuse(rules.PersonRequestCreateCodeLimit), fresh, []string{"OTP_PHONE_LIMIT", "1"}},
	}
}
