package world

import (
	"maps"
	"slices"

	"github.com/google/uuid"

	"esoz/internal/resource/uaddresses"
)

// Settlements of the built-in addresses.
var (
	berdychiv  = uaddresses.ID(uaddresses.CodeBerdychiv)
	kyiv       = uaddresses.ID(uaddresses.CodeKyiv)
	verkhovyna = uaddresses.ID(uaddresses.CodeVerkhovyna)
	zhytomyr   = uaddresses.ID("UA18000000000041385") // the area
)

func (w *World) divisions() {
	w.settlementsAstray()
	w.divisionRows()
	w.createDivision()
	w.updateDivision()
	w.divisionReads()
	w.activateDivision()
	w.deactivateDivision()
}

// settlementsAstray are rows that an import never makes: uaddresses has no
// foreign keys, and two rules ask whether the row behind an id exists.
func (w *World) settlementsAstray() {
	w.insert("uaddresses.settlements", w.stamped(row{
		"id":      w.object("settlement", "settlement without an area", "its area_id names no row"),
		"area_id": ID("no area"), "name": "Загублене", "type": "VILLAGE",
	}))
	w.insert("uaddresses.settlements", w.stamped(row{
		"id":      w.object("settlement", "settlement without a region", "in Житомирська, but its region_id names no row"),
		"area_id": zhytomyr, "region_id": ID("no region"), "name": "Забуте", "type": "VILLAGE",
	}))
}

// Divisions that the cases and other files name.
const (
	clinicDivision   = "division of the clinic"
	pharmacyDivision = "division of the pharmacy"
)

// division adds a division in Бердичів; change overrides columns of its row.
func (w *World) division(name, legalEntity, kind, note string, change row) uuid.UUID {
	id := w.object("division", name, note)
	r := w.audited(row{
		"id": id, "name": "Підрозділ «" + name + "»", "type": kind, "mountain_group": false, "legal_entity_id": ID(legalEntity),
		"email": "division@example.com", "phones": []row{{"type": "MOBILE", "number": "+380503410870"}},
		"status": "ACTIVE", "is_active": true,
	})
	maps.Copy(r, change)
	w.insert("prm.divisions", r)
	w.insert("prm.division_addresses", w.audited(row{
		"id": ID("address of " + name), "division_id": id, "position": 1, "type": "RESIDENCE", "country": "UA",
		"area": "Житомирська", "region": "Бердичівський", "settlement": "Бердичів", "settlement_type": "CITY",
		"settlement_id": berdychiv, "street_type": "STREET", "street": "Європейська", "building": "12",
	}))
	return id
}

func (w *World) divisionRows() {
	w.division(clinicDivision, "clinic", "CLINIC", "ACTIVE, with every optional field; nothing forbids its deactivation", row{
		"external_id": "3213213", "longitude": 28.5833, "latitude": 49.8992,
		"working_hours": row{"mon": [][]string{{"08.00", "12.00"}, {"14.00", "18.00"}}, "sat": [][]string{}},
	})
	w.division("inactive division", "clinic", "FAP", "INACTIVE", row{"status": "INACTIVE"})
	w.division("division of the other clinic", "other_clinic", "CLINIC", "a stranger's", nil)
	w.division("removed division", "clinic", "FAP", "is_active is false: it can be read, but neither activated nor deactivated",
		row{"is_active": false, "status": "INACTIVE"})
	w.division("removed active division", "clinic", "FAP", "is_active is false, status ACTIVE", row{"is_active": false})
	w.division("division of the closed clinic", "closed_clinic", "CLINIC", "ACTIVE, of a CLOSED legal entity", nil)
	w.division("inactive division of the closed clinic", "closed_clinic", "CLINIC", "INACTIVE, of a CLOSED legal entity", row{"status": "INACTIVE"})

	w.division(pharmacyDivision, "pharmacy", "DRUGSTORE", "a drugstore in a medical program", row{
		"longitude": 28.5833, "latitude": 49.8992, "dls_id": "2872985", "dls_verified": true,
	})
	w.insert("prm.medical_program_provision", w.audited(row{
		"id":                 w.object("medical program provision", "provision of the pharmacy", "active; it ends with the division of the pharmacy"),
		"medical_program_id": ID("medical program"), "division_id": ID(pharmacyDivision), "contract_number": "0000-AB12-C",
	}))

	w.insert("prm.healthcare_services", w.audited(row{
		"id":              w.object("healthcare service", "active healthcare service", "of the division with a healthcare service"),
		"division_id":     w.division("division with a healthcare service", "clinic", "CLINIC", "an ACTIVE healthcare service forbids its deactivation", nil),
		"legal_entity_id": ID("clinic"), "status": "ACTIVE",
	}))
	w.insertUser("nurse", row{})
	w.party("nurse", "Віра", "Савчук", "Марківна", "VERIFIED", w.now)
	w.insert("prm.employees", w.audited(row{
		"id":              w.object("employee", "employee nurse", "APPROVED in the division with an employee"),
		"party_id":        ID("party nurse"),
		"division_id":     w.division("division with an employee", "clinic", "CLINIC", "an APPROVED employee forbids its deactivation", nil),
		"legal_entity_id": ID("clinic"), "employee_type": "ASSISTANT", "position": "P1", "status": "APPROVED", "is_active": true,
		"start_date": w.now.AddDate(-1, 0, 0),
	}))
	w.insert("prm.equipment", w.audited(row{
		"id":              w.object("equipment", "active equipment", "of the division with equipment"),
		"division_id":     w.division("division with equipment", "clinic", "CLINIC", "an ACTIVE piece of equipment forbids its deactivation", nil),
		"legal_entity_id": ID("clinic"), "status": "ACTIVE", "availability_status": "AVAILABLE", "type": "24107",
	}))
	w.before("prm.divisions", "prm.employees")
}

// before has the rows of one table inserted before those of another, which
// refers to it.
func (w *World) before(first, second string) {
	w.tables = slices.DeleteFunc(w.tables, func(t string) bool { return t == first })
	w.tables = slices.Insert(w.tables, slices.Index(w.tables, second), first)
}

// residence is an address in Бердичів; changes override or, if nil, remove fields.
func residence(changes row) row {
	return changed(row{
		"type": "RESIDENCE", "country": "UA", "area": "Житомирська", "region": "Бердичівський", "settlement": "Бердичів",
		"settlement_type": "CITY", "settlement_id": berdychiv.String(),
		"street_type": "STREET", "street": "вул. Ніжинська", "building": "15", "apartment": "23", "zip": "02090",
	}, changes)
}

// divisionBody is a division that passes; changes override or, if nil, remove fields.
func divisionBody(changes row) row {
	return changed(row{
		"name": "Бориспільське відділення Клініки Ноунейм", "type": "CLINIC", "email": "email@example.com",
		"addresses": []row{residence(nil)}, "phones": []row{{"type": "MOBILE", "number": "+380503410870"}},
		"location": row{"longitude": 50.32423, "latitude": 30.1233},
	}, changes)
}

// divisionAt is divisionBody with these addresses.
func divisionAt(addresses ...row) row { return divisionBody(row{"addresses": addresses}) }
