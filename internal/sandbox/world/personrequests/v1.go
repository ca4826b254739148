package personrequests

import (
	"net/http"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/sandbox/world/build"
)

// inFormOfV1 is a person of version 2 in the form of version 1, where whole persons
// act.
func inFormOfV1(of build.Row) build.Row {
	confidant, has := of["confidant_person"].(build.Row)
	if !has {
		return of
	}
	return build.Changed(of, build.Row{"confidant_person": []build.Row{
		acting("PRIMARY", build.Row{"documents_relationship": confidant["documents_relationship"]}),
	}})
}

// acting is an adult who acts for the person; changes override or, if nil, remove
// fields.
func acting(relation string, changes build.Row) build.Row {
	return build.Edit(build.Row{
		"relation_type": relation, "first_name": "Марко", "last_name": "Заєць", "birth_date": "1985-02-03", "birth_country": "Україна",
		"birth_settlement": "Вінниця", "gender": "MALE", "tax_id": "3105904219", "secret": "таємниця",
		"documents_person":       []build.Row{document("PASSPORT", "АА120519", nil)},
		"documents_relationship": []build.Row{{"type": "BIRTH_CERTIFICATE", "number": "1-АП123456"}},
	}, changes)
}

// inV1 are the cases of createPersonRequest that version 1 has, too, and its own.
func inV1(w *build.World) {
	v1.repeat(w, func(c build.Case) bool {
		for _, rule := range c.Rules {
			twin := rules.ID(strings.Replace(string(rule), "person_request.create.", "person_request.create_v1.", 1))
			if _, has := rules.Get(twin); !has || twin == rules.PersonRequestCreateV1ConfidantForChild {
				return false
			}
		}
		return true
	})
	op := v1.op(op)
	send := func(person build.Row) build.Request { return build.Post(doctor, v1.path("")).With(request(person)) }
	with := func(confidants ...build.Row) build.Row {
		return build.Changed(child(w, nil), build.Row{"confidant_person": confidants})
	}
	own := func(changes build.Row) build.Row { return with(acting("PRIMARY", changes)) }
	w.Passes(op, "a child with two confidant persons", send(with(acting("PRIMARY", nil), acting("SECONDARY", nil))), http.StatusCreated)
	w.Passes(op, "a minor without a confidant person", send(sixteen(w, nil)), http.StatusCreated)
	update := func(confidants ...build.Row) build.Row {
		return build.Edit(adult(build.Row{"confidant_person": confidants}), build.Row{"id": build.ID("newcomer").String(), "authentication_methods": nil})
	}
	w.Passes(op, "an update with a confidant person", send(update(acting("PRIMARY", nil))), http.StatusCreated)

	refuse := func(title, rule string, person build.Row) {
		w.Refused(op, title, send(person), v1.refuse("create", rule))
	}
	refuseAt := func(title, rule, entry string, person build.Row, args ...any) {
		w.Refused(op, title, send(person), at(v1.rule("create", rule), entry, args...))
	}
	refuseAt("a passport of a confidant person with one letter", "confidant_document_number", "confidant_person[0].documents_person[0].number",
		own(build.Row{"documents_person": []build.Row{document("PASSPORT", "А120518", nil)}}), "pattern", `^((?![ЫЪЭЁ])([А-ЯҐЇІЄ])){2}[0-9]{6}$`)
	refuseAt("a birth certificate of the relationship with a Russian letter", "confidant_certificate_number",
		"confidant_person[0].documents_relationship[0].number", own(build.Row{"documents_relationship": []build.Row{{"type": "BIRTH_CERTIFICATE", "number": "1-Ы123456"}}}))
	refuseAt("two primary confidant persons", "confidant_double", "confidant_person[1].relation_type", with(acting("PRIMARY", nil), acting("PRIMARY", nil)), "type", "PRIMARY")
	refuse("a secondary confidant person alone", "confidant_primary", with(acting("SECONDARY", nil)))
	refuse("a child without a confidant person", "confidant_for_child", build.Edit(child(w, nil), build.Row{"confidant_person": nil}))
	passport := document("PASSPORT", "АА120519", nil)
	refuseAt("two documents of one type of a confidant person", "confidant_document_double", "confidant_person[0].documents_person[1].type",
		own(build.Row{"documents_person": []build.Row{passport, passport}}), "type", "PASSPORT")
	refuseAt("two phones of one type of a confidant person", "confidant_phone_double", "confidant_person[0].phones[1].type",
		own(build.Row{"phones": []build.Row{mobile, mobile}}), "type", "MOBILE")
	refuseAt("a child as the confidant person", "confidant_age", "confidant_person[0].birth_date", own(build.Row{"birth_date": years(w, 13)}))
	refuse("a child who confirms by documents", "method_age", build.Changed(with(acting("PRIMARY", nil)),
		build.Row{"authentication_methods": []build.Row{{"type": "OFFLINE"}}}))
}
