// Package divisions has divisions of every kind and state, and what refers to
// them.
package divisions

import (
	"github.com/google/uuid"

	"esoz/internal/resource/uaddresses"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

// Settlements of the built-in addresses.
var (
	berdychiv  = uaddresses.ID(uaddresses.CodeBerdychiv)
	kyiv       = uaddresses.ID(uaddresses.CodeKyiv)
	verkhovyna = uaddresses.ID(uaddresses.CodeVerkhovyna)
	zhytomyr   = uaddresses.ID("UA18000000000041385") // the area
)

// Who calls.
var (
	doctor        = build.TokenValue("doctor")
	owner         = build.TokenValue("owner")
	pharmacyOwner = build.TokenValue("pharmacy_owner")
	closedOwner   = build.TokenValue("closed_owner")
	hiddenOwner   = build.TokenValue("hidden_owner")
)

// Add adds the divisions and the cases.
func Add(w *build.World) {
	settlementsAstray(w)
	rows(w)
	occupied(w)
	create(w)
	update(w)
	list(w)
	get(w)
	activate(w)
	deactivate(w)
}

// settlementsAstray are rows that no import makes: uaddresses has no foreign
// keys, and two rules (area_row, region_row) ask whether the row behind an id
// exists. Nothing that is documented leads to it.
func settlementsAstray(w *build.World) {
	w.Insert("uaddresses.settlements", w.Stamped(build.Row{
		"id":      w.Object("settlement", "settlement without an area", "its area_id names no row"),
		"area_id": build.ID("no area"), "name": "Загублене", "type": "VILLAGE",
	}))
	w.Insert("uaddresses.settlements", w.Stamped(build.Row{
		"id":      w.Object("settlement", "settlement without a region", "in Житомирська, but its region_id names no row"),
		"area_id": zhytomyr, "region_id": build.ID("no region"), "name": "Забуте", "type": "VILLAGE",
	}))
}

// Divisions that the cases and other files name.
const (
	clinicDivision   = "division of the clinic"
	pharmacyDivision = "division of the pharmacy"
)

// division adds a division in Бердичів; change overrides columns of its row.
func division(w *build.World, name, legalEntity, kind, note string, change build.Row) uuid.UUID {
	id := w.Object("division", name, note)
	since := w.Now.AddDate(0, -1, 0)
	w.Insert("prm.divisions", build.Changed(w.Audited(build.Row{
		"id": id, "name": "Підрозділ «" + name + "»", "type": kind, "mountain_group": false, "legal_entity_id": build.ID(legalEntity),
		"email": "division@example.com", "phones": []build.Row{{"type": "MOBILE", "number": "+380503410870"}},
		"status": "ACTIVE", "is_active": true, "inserted_at": since, "updated_at": since,
	}), change))
	w.Insert("prm.division_addresses", w.Audited(build.Row{
		"id": build.ID("address of " + name), "division_id": id, "position": 1, "type": "RESIDENCE", "country": "UA",
		"area": "Житомирська", "region": "Бердичівський", "settlement": "Бердичів", "settlement_type": "CITY",
		"settlement_id": berdychiv, "street_type": "STREET", "street": "Європейська", "building": "12",
	}))
	return id
}

func rows(w *build.World) {
	inactive := build.Row{"status": "INACTIVE", "updated_at": w.Now.AddDate(0, 0, -1)}
	division(w, clinicDivision, "clinic", "CLINIC", "ACTIVE, with every optional field; nothing forbids its deactivation", build.Row{
		"external_id": "3213213", "longitude": 28.5833, "latitude": 49.8992,
		"working_hours": build.Row{"mon": [][]string{{"08.00", "12.00"}, {"14.00", "18.00"}}, "sat": [][]string{}},
	})
	division(w, "inactive division", "clinic", "FAP", "INACTIVE", inactive)
	division(w, "division of the other clinic", "other_clinic", "CLINIC", "a stranger's", nil)
	// Deactivation has set is_active to false once, and does so no more: nothing activates such a division.
	division(w, "removed division", "clinic", "FAP", "INACTIVE, is_active is false: it can be read, but neither activated nor deactivated",
		build.Changed(inactive, build.Row{"is_active": false}))
	division(w, "division of the closed clinic", "closed_clinic", "CLINIC", "ACTIVE, of a CLOSED legal entity", nil)
	division(w, "inactive division of the closed clinic", "closed_clinic", "CLINIC", "INACTIVE, of a CLOSED legal entity", inactive)

	division(w, pharmacyDivision, "pharmacy", "DRUGSTORE", "a drugstore in a medical program", build.Row{
		"longitude": 28.5833, "latitude": 49.8992, "dls_id": "2872985", "dls_verified": true,
	})
	division(w, "division of the other pharmacy", "other_pharmacy", "DRUGSTORE", "a stranger's drugstore", nil)
	for _, d := range []struct {
		name, note string
		change     build.Row
	}{
		{"drugstore", "dispenses devices; nothing deactivates it", build.Row{"dls_id": "2872986", "dls_verified": true}},
		{"drugstore outside of DLS", "dls_verified is false", build.Row{"dls_verified": false}},
		{"inactive drugstore", "INACTIVE", inactive},
	} {
		division(w, d.name, "pharmacy", "DRUGSTORE", d.note, d.change)
	}
	w.Insert("prm.medical_program_provision", w.Audited(build.Row{
		"id":                 w.Object("medical program provision", "provision of the pharmacy", "active; it ends with the division of the pharmacy"),
		"medical_program_id": build.ID("medical program of medications"), "division_id": build.ID(pharmacyDivision), "contract_number": "0000-AB12-C",
	}))
}

// occupied are divisions that something in them keeps active.
func occupied(w *build.World) {
	w.Insert("prm.healthcare_services", w.Audited(build.Row{
		"id":              w.Object("healthcare service", "active healthcare service", "of the division with a healthcare service"),
		"division_id":     division(w, "division with a healthcare service", "clinic", "CLINIC", "an ACTIVE healthcare service forbids its deactivation", nil),
		"legal_entity_id": build.ID("clinic"), "status": "ACTIVE", "license_id": build.ID("license of clinic"), "speciality_type": "FAMILY_DOCTOR",
		"providing_condition": "OUTPATIENT", "comment": "Новий сервіс",
		"category":       build.Row{"coding": []build.Row{{"system": "HEALTHCARE_SERVICE_CATEGORIES", "code": "MSP"}}},
		"available_time": []build.Row{{"days_of_week": []string{"mon", "wed"}, "all_day": false, "available_start_time": "08:30:00", "available_end_time": "19:00:00"}},
		"not_available": []build.Row{{
			"description": "Санітарний день", "during": build.Row{"start": "2026-08-02T10:45:16.000Z", "end": "2026-08-02T11:00:00.000Z"},
		}},
		"licensed_healthcare_service": build.Row{"status": "ACTIVE", "updated_at": "2026-01-20T19:14:13Z"},
	}))
	accounts.User(w, "nurse", nil)
	accounts.Party(w, "nurse", "Віра", "Савчук", "Марківна", nil)
	accounts.Employee(w, "nurse", "clinic", "ASSISTANT", "APPROVED in the division with an employee", build.Row{
		"division_id": division(w, "division with an employee", "clinic", "CLINIC", "an APPROVED employee forbids its deactivation", nil),
		"start_date":  w.Now.AddDate(-1, 0, 0),
	})
	w.Insert("prm.equipment", w.Audited(build.Row{
		"id":              w.Object("equipment", "active equipment", "of the division with equipment"),
		"division_id":     division(w, "division with equipment", "clinic", "CLINIC", "an ACTIVE piece of equipment forbids its deactivation", nil),
		"legal_entity_id": build.ID("clinic"), "status": "ACTIVE", "availability_status": "AVAILABLE", "type": "24107",
	}))
	w.InsertBefore("prm.divisions", "prm.employees")
}
