package accounts

import (
	"fmt"
	"hash/crc32"

	"github.com/google/uuid"

	"esoz/internal/sandbox/world/build"
)

// users are people with a party and an employee in their legal entity.
func users(w *build.World) {
	for _, u := range []struct{ name, first, last, second, legalEntity, employee, role string }{
		{"doctor", "Олена", "Коваль", "Петрівна", "clinic", "DOCTOR", "DOCTOR"},
		{"colleague", "Віра", "Гнатюк", "Романівна", "clinic", "DOCTOR", "DOCTOR"},
		{"owner", "Ігор", "Бондар", "Васильович", "clinic", "OWNER", "OWNER"},
		{"med_admin", "Софія", "Білик", "Андріївна", "clinic", "MED_ADMIN", "MED_ADMIN"},
		{"other_doctor", "Марія", "Ткач", "Іванівна", "other_clinic", "DOCTOR", "DOCTOR"},
		{"hospital_owner", "Андрій", "Мельник", "Олегович", "hospital", "OWNER", "OWNER"},
		{"hospital_doctor", "Наталія", "Гончар", "Юріївна", "hospital", "SPECIALIST", "DOCTOR"},
		{"ambulance_owner", "Петро", "Швець", "Степанович", "ambulance", "OWNER", "OWNER"},
		{"msp_owner", "Ганна", "Кравець", "Ігорівна", "msp", "OWNER", "OWNER"},
		{"msp_pharmacy_owner", "Юрій", "Лимар", "Павлович", "msp_pharmacy", "OWNER", "OWNER"},
		{"msp_pharmacist", "Леся", "Кушнір", "Тарасівна", "msp_pharmacy", "PHARMACIST", "PHARMACIST"},
		{"pharmacist", "Ольга", "Мельничук", "Богданівна", "pharmacy", "PHARMACIST", "PHARMACIST"},
		{"pharmacy_owner", "Роман", "Стельмах", "Ярославович", "pharmacy", "PHARMACY_OWNER", "OWNER"},
		{"other_pharmacist", "Тарас", "Чумак", "Миколайович", "other_pharmacy", "PHARMACIST", "PHARMACIST"},
	} {
		User(w, u.name, nil)
		Party(w, u.name, u.first, u.last, u.second, nil)
		var columns build.Row
		if u.employee == "DOCTOR" {
			columns = Speciality("FAMILY_DOCTOR")
		}
		Employee(w, u.name, u.legalEntity, u.employee, u.employee+" of "+u.legalEntity, columns)
		Role(w, u.name, u.legalEntity, u.role)
	}
	User(w, "nhs_admin", nil)
	Party(w, "nhs_admin", "Оксана", "Захарчук", "Вікторівна", nil)
	Role(w, "nhs_admin", "nhs", "NHS ADMIN")
	User(w, "cabinet_user", build.Row{"person_id": build.ID("settled_patient")})
	User(w, "portal_user", build.Row{"person_id": build.ID("portal_patient")})
	for _, user := range []string{"cabinet_user", "portal_user"} {
		Role(w, user, "cabinet", "CABINET")
	}
	User(w, "mis_service", nil)
	User(w, "blocked_user", build.Row{"is_blocked": true})
}

// User adds a user; columns override those of the row.
func User(w *build.World, name string, columns build.Row) uuid.UUID {
	const noPassword = "!" // no bcrypt hash: nobody logs in with it
	w.Insert("mithril.users", build.Changed(w.Stamped(build.Row{
		"id": build.ID(name), "email": name + "@example.com", "password": noPassword, "password_set_at": w.Now.AddDate(1, 0, 0), // its tokens live for a year, and end with a password
	}), columns))
	return build.ID(name)
}

// Party adds the party of a user; columns override those of the row.
func Party(w *build.World, user, first, last, second string, columns build.Row) {
	w.Insert("prm.parties", build.Changed(w.Audited(build.Row{
		"id": build.ID("party " + user), "first_name": first, "last_name": last, "second_name": second,
		"birth_date": w.Now.AddDate(-40, 0, 0), "gender": "FEMALE", "tax_id": TaxID(user), "no_tax_id": false, "verification_status": "VERIFIED",
		"phones":    []build.Row{{"type": "MOBILE", "number": "+38067" + TaxID(user)[1:8]}},
		"documents": []build.Row{{"type": "PASSPORT", "number": "НК" + TaxID(user)[1:7], "issued_by": "Рокитнянським РВ ГУ МВС Київської області", "issued_at": "2007-02-28"}},
	}), columns))
	w.Insert("prm.party_users", w.Stamped(build.Row{"id": build.ID("party user " + user), "user_id": build.ID(user), "party_id": build.ID("party " + user)}))
}

// TaxID is the invented tax number of a user's party, whose last digit is right.
func TaxID(user string) string {
	number := fmt.Sprintf("3%08d", crc32.ChecksumIEEE([]byte(user))%100_000_000)
	check := 0
	for i, weight := range []int{-1, 5, 7, 9, 4, 6, 10, 5, 7} {
		check += weight * int(number[i]-'0')
	}
	return fmt.Sprintf("%s%d", number, (check%11+11)%11%10)
}

// Employee adds the employee of a user in a legal entity; columns override those
// of the row.
func Employee(w *build.World, user, legalEntity, kind, note string, columns build.Row) {
	w.Insert("prm.employees", build.Changed(w.Audited(build.Row{
		"id": w.Object("employee", "employee "+user, note), "party_id": build.ID("party " + user), "legal_entity_id": build.ID(legalEntity),
		"employee_type": kind, "position": "P1", "status": "APPROVED", "is_active": true, "start_date": w.Now.AddDate(-2, 0, 0),
	}), columns))
}

// Speciality is the official one of an employee.
func Speciality(name string) build.Row {
	return build.Row{"speciality": build.Row{
		"speciality": name, "speciality_officio": true, "level": "FIRST", "qualification_type": "AWARDING", "attestation_name": "Академія Богомольця",
		"attestation_date": "2017-02-28", "certificate_number": "AB/21331",
	}}
}

// Role gives a user a role in a client.
func Role(w *build.World, user, client, role string) {
	w.Insert("mithril.user_roles", w.Stamped(build.Row{
		"id": build.ID("role " + role + " of " + user), "user_id": build.ID(user), "role_id": roleID(role), "client_id": build.ID(client),
	}))
}
