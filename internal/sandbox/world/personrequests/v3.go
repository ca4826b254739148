package personrequests

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

// version of a request and of the methods that act on it.
type version int

const v1, v2, v3 version = 1, 2, 3

func (v version) op(id string) string {
	if v == v2 {
		return id
	}
	return fmt.Sprintf("%sV%d", id, v)
}

func (v version) path(rest string) string {
	if v == v1 {
		return "/api/person_requests" + rest
	}
	return fmt.Sprintf("/api/v%d/person_requests%s", v, rest)
}

// name is that of an object of the version.
func (v version) name(name string) string {
	if v == v2 {
		return name
	}
	return fmt.Sprintf("%s V%d", name, v)
}

func (v version) id(name string) uuid.UUID { return build.ID(v.name(name)) }

func (v version) rule(family, name string) rules.ID {
	if v != v2 {
		family = fmt.Sprintf("%s_v%d", family, v)
	}
	return rules.ID("person_request." + family + "." + name)
}

func (v version) refuse(family, name string, args ...any) *fault.Error {
	return fault.Refuse(v.rule(family, name), args...)
}

// person is a person of version 2 in the form of the version.
func (v version) person(of build.Row) build.Row {
	switch v {
	case v1:
		return inFormOfV1(of)
	case v2:
		return of
	}
	names := build.Row{"language": "uk", "no_last_name": false}
	for _, part := range []string{"first_name", "last_name", "second_name"} {
		if of[part] != nil {
			names[part] = of[part]
		}
	}
	person := build.Edit(of, build.Row{"first_name": nil, "last_name": nil, "second_name": nil, "names": []build.Row{names}})
	person["documents"] = each(of["documents"], func(d build.Row) build.Row {
		country := "UA"
		if d["type"] == "BIRTH_CERTIFICATE_FOREIGN" {
			country = "PL"
		}
		return build.Changed(d, build.Row{"issuing_country": country})
	})
	person["addresses"] = each(of["addresses"], func(a build.Row) build.Row { return build.Edit(a, build.Row{"settlement_type": nil}) })
	return person
}

func each(list any, change func(build.Row) build.Row) []build.Row {
	all := slices.Clone(list.([]build.Row)) //nolint:forcetypeassert // of adult
	for i := range all {
		all[i] = change(all[i])
	}
	return all
}

// data is what a request for a person stores.
func (v version) data(person build.Row) build.Row {
	switch v {
	case v1:
		return build.Changed(request(build.Edit(person, build.Row{"confidant_person": nil})), build.Row{"person_v1": v.person(person)})
	case v2:
		return request(person)
	}
	return build.Changed(request(person), build.Row{"person_v3": v.person(person)})
}

// inV3 repeats the cases of createPersonRequest in the form of version 3.
func inV3(w *build.World) {
	v3.repeat(w, func(c build.Case) bool { return c.Title != "a Latin letter in the name" }) // of which version 3 has its own rule
}

// repeat makes those of the cases of createPersonRequest that fit in the form of the
// version.
func (v version) repeat(w *build.World, fits func(build.Case) bool) {
	family := fmt.Sprintf("person_request.create_v%d.", v)
	for _, c := range slices.Clone(w.Cases) {
		if c.OperationID != op || !fits(c) {
			continue
		}
		sent := c.Request
		sent.Path = v.path("")
		if body := sent.Body.(build.Row); body["person"] != nil { //nolint:forcetypeassert // of post
			sent.Body = build.Changed(body, build.Row{"person": v.person(body["person"].(build.Row))}) //nolint:forcetypeassert // of request
		}
		title, config := c.Title, []string{}
		for name, value := range c.Config {
			config = append(config, name, strings.ReplaceAll(value, "person_request.create.", family))
		}
		if len(c.Rules) == 0 {
			w.Passes(v.op(op), title, sent, c.Expect.Status).Set(config...)
			continue
		}
		refusal := fault.Error{Rules: slices.Clone(c.Rules)}
		for i, rule := range refusal.Rules {
			refusal.Rules[i] = rules.ID(strings.Replace(string(rule), "person_request.create.", family, 1))
		}
		twin := w.Refused(v.op(op), title, sent, &refusal)
		twin.Expect = c.Expect
		twin.Set(config...)
	}
}

// names of the adult in Latin letters; changes override or, if nil, remove fields.
func latin(changes build.Row) build.Row {
	return build.Edit(build.Row{"language": "en", "first_name": "Roman", "last_name": "Zaiats-O'Neil", "no_last_name": false}, changes)
}

func names(changes build.Row) build.Row {
	return build.Edit(build.Row{"language": "uk", "first_name": "Роман", "last_name": "Заєць", "no_last_name": false}, changes)
}

func passportOf(country string) build.Row {
	return document("FOREIGN_PASSPORT", "X1234567", build.Row{"issuing_country": country})
}

// abroad is an address in Poland; changes override or, if nil, remove fields.
func abroad(changes build.Row) build.Row {
	return build.Edit(build.Row{
		"type": "RESIDENCE", "country": "PL", "area": "Mazowieckie", "settlement": "Warszawa", "street": "Nowy Swiat", "building": "1A", "zip": "00-001",
	}, changes)
}

// foreigner lives abroad and has no tax id; changes override fields.
func foreigner(changes build.Row) build.Row {
	polish := build.Row{"type": "MOBILE", "number": "+48501234567"}
	return build.Changed(build.Edit(v3.person(adult(nil)), build.Row{
		"names": []build.Row{latin(nil)}, "tax_id": nil, "documents": []build.Row{passportOf("PL")}, "addresses": []build.Row{abroad(nil)},
		"phones": []build.Row{polish}, "emergency_contact": build.Row{"first_name": "Anna", "last_name": "Zaiats", "phones": []build.Row{polish}},
	}), build.Changed(build.Row{"no_tax_id": nil}, changes))
}

// foreigners are the cases of what only version 3 allows and refuses.
func foreigners(w *build.World) {
	op := v3.op(op)
	send := func(person build.Row) build.Request { return build.Post(doctor, v3.path("")).With(request(person)) }
	changed := func(changes build.Row) build.Row { return build.Changed(v3.person(adult(nil)), changes) }
	named := func(all ...build.Row) build.Row { return changed(build.Row{"names": all}) }

	w.Passes(op, "a foreigner who lives abroad", send(foreigner(nil)), http.StatusCreated)
	w.Passes(op, "a foreigner with a tax id", send(foreigner(build.Row{
		"names": []build.Row{latin(nil), names(nil)}, "no_tax_id": false, "tax_id": "3305904211", "addresses": v3.person(adult(nil))["addresses"],
	})), http.StatusCreated)
	w.Passes(op, "a person without a last name", send(named(build.Changed(names(nil), build.Row{"last_name": nil, "no_last_name": true}))), http.StatusCreated)

	refuse := func(title, rule string, person build.Row, args ...any) {
		w.Refused(op, title, send(person), v3.refuse("create", rule, args...))
	}
	refuseAt := func(title, rule, entry string, person build.Row, args ...any) {
		w.Refused(op, title, send(person), at(v3.rule("create", rule), entry, args...))
	}
	const (
		ukrainianNames = `^[А-ЩЬЮЯҐЄІЇа-щьюяґєії]+((\.[\s\-\/']?|[\s\-\/'])[А-ЩЬЮЯҐЄІЇа-щьюяґєії]+)*\.?$`
		latinNames     = `^[A-Za-z]+((\.[\s\-\/']?|[\s\-\/'])[A-Za-z]+)*\.?$`
		latinText      = `^[A-Za-z\s.\-\/']+$`
		fiveDigits     = `^[0-9]{5}$`
	)
	w.Refused(op, "a phone of ten digits", send(changed(build.Row{"phones": []build.Row{{"type": "MOBILE", "number": "+4850123456"}}})),
		build.WrongShape(v3.rule("create", "schema"), "$.person.phones[0].number", "format", `string does not match pattern "^\+[0-9]{11,12}$"`))
	refuseAt("two names in one language", "name_language", "names[1].language", named(names(nil), names(nil)), "language", "uk")
	refuseAt("a Latin letter in a Ukrainian name", "name_letters", "names[0].first_name", named(names(build.Row{"first_name": "Roman"})), "pattern", ukrainianNames)
	refuseAt("a Ukrainian letter in a Latin name", "name_letters", "names[1].last_name", named(names(nil), latin(build.Row{"last_name": "Заєць"})), "pattern", latinNames)
	refuseAt("a name that ends with a hyphen", "name_letters", "names[0].second_name", named(names(build.Row{"second_name": "Маркович-"})), "pattern", ukrainianNames)
	refuseAt("no last name", "last_name_required", "names[0].last_name", named(names(build.Row{"last_name": nil})))
	refuseAt("a last name although no_last_name is true", "last_name_forbidden", "names[0].last_name", named(names(build.Row{"no_last_name": true})))
	refuse("no Ukrainian names", "name_uk", named(latin(nil)))
	refuse("a foreigner with a tax id and without Ukrainian names", "name_uk", foreigner(build.Row{"no_tax_id": false, "tax_id": "3305904211"}))
	refuse("a foreigner without Latin names", "name_en", foreigner(build.Row{"names": []build.Row{names(nil)}}))
	refuse("a foreign passport and a Ukrainian one", "foreign_documents", foreigner(build.Row{
		"documents": []build.Row{passportOf("PL"), document("PASSPORT", "АА120518", build.Row{"issuing_country": "UA"})},
	}))
	refuse("a foreigner with unzr", "unzr_foreign", foreigner(build.Row{"unzr": "19900705-01234", "documents": []build.Row{passportOf("DE")}}))
	refuseAt("a passport of Ukraine that another country has issued", "issuing_country_ua", "documents[0].issuing_country",
		changed(build.Row{"documents": []build.Row{document("PASSPORT", "АА120518", build.Row{"issuing_country": "PL"})}}), "type", "PASSPORT")
	refuseAt("a foreign passport that Ukraine has issued", "issuing_country_not_ua", "documents[0].issuing_country",
		foreigner(build.Row{"documents": []build.Row{passportOf("UA")}}), "type", "FOREIGN_PASSPORT")
	refuse("no_tax_id that is null", "no_tax_id_required", changed(build.Row{"no_tax_id": nil}))
	refuse("no_tax_id is true for a foreigner without a tax id", "no_tax_id_unwanted", foreigner(build.Row{"no_tax_id": true}))
	address := func(changes build.Row) build.Row {
		return changed(build.Row{"addresses": []build.Row{build.Edit(residence(build.Row{"settlement_type": nil}), changes)}})
	}
	refuseAt("an address without the id of a settlement", "address_required", "addresses[0].settlement_id",
		address(build.Row{"settlement_id": nil}), "property", "settlement_id")
	refuseAt("an address abroad with a type of street", "address_forbidden", "addresses[0].street_type",
		foreigner(build.Row{"addresses": []build.Row{abroad(build.Row{"street_type": "STREET"})}}))
	refuseAt("an address abroad in Ukrainian letters", "address_letters", "addresses[0].street",
		foreigner(build.Row{"addresses": []build.Row{abroad(build.Row{"street": "Новий Світ"})}}), "pattern", latinText)
	refuseAt("a zip code of six digits", "address_letters", "addresses[0].zip", address(build.Row{"zip": "020901"}), "pattern", fiveDigits)
	refuse("a residence abroad without a foreign document", "residence_ua", changed(build.Row{"addresses": []build.Row{abroad(nil)}}))
	refuseAt("a Latin name of the emergency contact", "contact_letters", "emergency_contact.first_name", changed(build.Row{
		"emergency_contact": build.Row{"first_name": "Anna", "last_name": "Заєць", "phones": []build.Row{mobile}},
	}), "pattern", ukrainianNames)
}
