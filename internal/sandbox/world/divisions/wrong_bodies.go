package divisions

import (
	"slices"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/uaddresses"
	"esoz/internal/sandbox/world/build"
)

// wrongBody is refused by a rule that both methods with a body have.
type wrongBody struct {
	title   string
	rule    string // division.create.<rule> and division.update.<rule>
	refusal func(id rules.ID) *fault.Error
	body    build.Row
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
	return func(id rules.ID) *fault.Error { return build.WrongShape(id, path, rule, description) }
}

// refuseBodies adds the wrong bodies as cases of a method that takes one;
// request sends a body for the clinic.
func refuseBodies(w *build.World, op, prefix string, request func(body build.Row) build.Request) {
	for _, b := range slices.Concat(wrongShapes(), wrongMeanings()) {
		w.Refused(op, b.title, request(b.body), b.refusal(rules.ID(prefix+b.rule)))
	}
}

// wrongShapes are refused by the schema of a body.
func wrongShapes() []wrongBody {
	return []wrongBody{
		{"no name", "schema", wrongShape("$.name", "required", "required property name was not present"), validBody(build.Row{"name": nil})},
		{"null in place of an absent field", "schema", wrongShape("$.external_id", "cast", "type mismatch. Expected string but got null"), withNull("external_id")},
		{"a field of the answer sent back", "schema", wrongShape("$.status", "schema", "schema does not allow additional properties"), validBody(build.Row{"status": "ACTIVE"})},
		{"no phone at all", "schema", wrongShape("$.phones", "length", "expected a minimum of 1 items but got 0"), validBody(build.Row{"phones": []build.Row{}})},
		{
			"a name beyond the column", "schema", wrongShape("$.name", "length", "expected value to have a maximum length of 255 but was 256"),
			validBody(build.Row{"name": strings.Repeat("Я", 256)}),
		},
		{
			"a colon in working hours", "schema", wrongShape("$.working_hours.mon[0][0]", "format", `string does not match pattern "^([0-9]|0[0-9]|1[0-9]|2[0-3])\.[0-5][0-9]$"`),
			validBody(build.Row{"working_hours": build.Row{"mon": [][]string{{"8:00", "12.00"}}}}),
		},
		{"an address type of no dictionary", "address_type", refusedAt("$.addresses[0].type"), bodyAt(residence(build.Row{"type": "HOME"}))},
		{"a settlement type of no dictionary", "settlement_type", refusedAt("$.addresses[0].settlement_type"), bodyAt(residence(build.Row{"settlement_type": "TOWN"}))},
		{"a street type of no dictionary", "street_type", refusedAt("$.addresses[0].street_type"), bodyAt(residence(build.Row{"street_type": "PATH"}))},
		{"a country of no dictionary", "country", refusedAt("$.addresses[0].country"), bodyAt(residence(build.Row{"country": "UKR"}))},
		{"a zip code of four digits", "zip", refusedAt("$.addresses[0].zip"), bodyAt(residence(build.Row{"zip": "0209"}))},
		{"a phone type of no dictionary", "phone_type", refusedAt("$.phones[0].type"), validBody(build.Row{"phones": []build.Row{{"type": "FAX", "number": "+380503410870"}}})},
		{"a phone number without +38", "phone_number", refusedAt("$.phones[0].number"), validBody(build.Row{"phones": []build.Row{{"type": "MOBILE", "number": "0503410870"}}})},
		{"an e-mail without a domain", "email", refusedAt("$.email", "value", "email@example"), validBody(build.Row{"email": "email@example"})},
		{"a type of no dictionary", "type", refusedAt("$.type"), validBody(build.Row{"type": "HOSPITAL"})},
		{"a Russian letter in the name", "name_pattern", refusedByPattern("$.name"), validBody(build.Row{"name": "Больница Ы"})},
		{"a sign in the region", "region_pattern", refusedByPattern("$.addresses[0].region"), bodyAt(residence(build.Row{"region": "Бердичівський #1"}))},
		{"a sign in the street", "street_pattern", refusedByPattern("$.addresses[0].street"), bodyAt(residence(build.Row{"street": "вул. Ніжинська & Ко"}))},
		{"a building that starts with a letter", "building_pattern", refusedByPattern("$.addresses[0].building"), bodyAt(residence(build.Row{"building": "б15"}))},
	}
}

// wrongMeanings are refused for what a body means.
func wrongMeanings() []wrongBody {
	unknown := build.ID("no settlement").String()
	noArea, noRegion := build.ID("settlement without an area").String(), build.ID("settlement without a region").String()
	registration := residence(build.Row{"type": "REGISTRATION"})
	return []wrongBody{
		{"an area that does not exist", "area", refusedAt("$.addresses[0].area"), bodyAt(residence(build.Row{"area": "Жытомирська"}))},
		{"a settlement that does not exist", "settlement", refusedAt("$.addresses[0].settlement"), bodyAt(residence(build.Row{"settlement": "Бердычів"}))},
		{"an unknown settlement id", "settlement_id", refusedAt("$.addresses[0].settlement_id", "id", unknown), bodyAt(residence(build.Row{"settlement_id": unknown}))},
		{
			"a settlement id that is no uuid", "settlement_id", refusedAt("$.addresses[0].settlement_id", "id", uaddresses.CodeBerdychiv),
			bodyAt(residence(build.Row{"settlement_id": uaddresses.CodeBerdychiv})),
		},
		{"name and id of two settlements", "settlement_match", refusedAt("$.addresses[0].settlement"), bodyAt(residence(build.Row{"settlement": "Київ"}))},
		{
			"a settlement whose area is gone", "area_row", refusedAt("$.addresses[0].settlement_id", "id", build.ID("no area")),
			bodyAt(residence(build.Row{"settlement": "Загублене", "settlement_id": noArea})),
		},
		{"another area than the settlement's", "area_match", refusedAt("$.addresses[0].area"), bodyAt(residence(build.Row{"area": "Київ"}))},
		{
			"a settlement whose region is gone", "region_row", refusedAt("$.addresses[0].settlement_id", "id", build.ID("no region")),
			bodyAt(residence(build.Row{"settlement": "Забуте", "settlement_id": noRegion})),
		},
		{"another region than the settlement's", "region_match", refusedAt("$.addresses[0].region"), bodyAt(residence(build.Row{"region": "Житомирський"}))},
		{"a type that the legal entity may not have", "type_mapping", refusedPlainly, validBody(build.Row{"type": "DRUGSTORE"})},
		{"an address type that the division may not have", "address_type_mapping", refusedAt("$.addresses[1].type"), bodyAt(residence(nil), residence(build.Row{"type": "RECEPTION"}))},
		{"no RESIDENCE", "residence", refusedAt("$.addresses", "type", "RESIDENCE"), bodyAt(registration)},
		{"two addresses of one type", "address_type_double", refusedAt("$.addresses[2].type"), bodyAt(residence(nil), registration, registration)},
		{
			"two phones of one type", "phone_type_double", refusedAt("$.phones[1].type"),
			validBody(build.Row{"phones": []build.Row{{"type": "MOBILE", "number": "+380503410870"}, {"type": "MOBILE", "number": "+380503410871"}}}),
		},
	}
}
