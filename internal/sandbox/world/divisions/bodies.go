package divisions

import "esoz/internal/sandbox/world/build"

// residence is an address in Бердичів; changes override or, if nil, remove fields.
func residence(changes build.Row) build.Row {
	return build.Edit(build.Row{
		"type": "RESIDENCE", "country": "UA", "area": "Житомирська", "region": "Бердичівський", "settlement": "Бердичів",
		"settlement_type": "CITY", "settlement_id": berdychiv.String(),
		"street_type": "STREET", "street": "вул. Ніжинська", "building": "15", "apartment": "23", "zip": "02090",
	}, changes)
}

// validBody is a division that passes; changes override or, if nil, remove fields.
func validBody(changes build.Row) build.Row {
	return build.Edit(build.Row{
		"name": "Бориспільське відділення Клініки Ноунейм", "type": "CLINIC", "email": "email@example.com",
		"addresses": []build.Row{residence(nil)}, "phones": []build.Row{{"type": "MOBILE", "number": "+380503410870"}},
		"location": build.Row{"longitude": 50.32423, "latitude": 30.1233},
	}, changes)
}

// bodyAt is validBody with these addresses.
func bodyAt(addresses ...build.Row) build.Row { return validBody(build.Row{"addresses": addresses}) }

// withNull is a body with null for an optional field.
func withNull(field string) build.Row {
	body := validBody(nil)
	body[field] = nil
	return body
}
