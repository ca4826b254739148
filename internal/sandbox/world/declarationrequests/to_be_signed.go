package declarationrequests

import (
	"strings"
	"time"

	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
)

// whose name a person has: those of requests to sign share one.
func whose(person string) persons.Person {
	if strings.HasPrefix(person, "person of ") {
		return persons.Person{First: "Яна", Last: "Декларант", Second: "Іванівна", Born: "1990-07-05", Gender: "FEMALE"}
	}
	return persons.Of(person)
}

// toBeSigned is what the doctor signs: an approved request for a person. name is
// that of its declaration.
func toBeSigned(w *build.World, name, person string) build.Row {
	p := whose(person)
	return build.Row{
		"id": build.ID(name), "status": "APPROVED",
		"declaration_number": persons.DeclarationNumber(name), "declaration_id": persons.DeclarationID(name),
		"start_date": w.Now.Format(time.DateOnly), "end_date": w.Now.AddDate(10, 0, 0).Format(time.DateOnly),
		"content": "<html><body><p>Декларація № " + persons.DeclarationNumber(name) + "</p></body></html>", "channel": "MIS",
		"person": build.Row{
			"id": build.ID(person), "first_name": p.First, "last_name": p.Last, "second_name": p.Second,
			"birth_date": p.Born, "birth_country": "Україна", "birth_settlement": "Вінниця", "gender": p.Gender, "no_tax_id": true,
			"secret": "слово", "documents": []build.Row{}, "addresses": []build.Row{}, "phones": []build.Row{},
			"authentication_methods": []build.Row{{"type": "OTP", "phone_number": "+38093*****74"}},
			"emergency_contact": build.Row{
				"first_name": "Олена", "last_name": "Іваненко", "phones": []build.Row{{"type": "MOBILE", "number": "+380931234593"}},
			},
			"patient_signed": false, "process_disclosure_data_consent": true,
		},
		"employee": build.Row{
			"id": build.ID("employee doctor"), "position": "P1",
			"party": build.Row{"id": build.ID("party doctor"), "no_tax_id": true, "first_name": "Олена", "last_name": "Коваль", "second_name": "Петрівна"},
		},
		"legal_entity": build.Row{
			"id": build.ID("clinic"), "name": "Амбулаторія «Верба»", "short_name": "Амбулаторія «Верба»", "legal_form": "140", "edrpou": accounts.EDRPOU("clinic"),
			"licenses": []build.Row{}, "addresses": []build.Row{}, "phones": []build.Row{}, "email": "clinic@example.com",
		},
		"division": build.Row{
			"id": build.ID("division of the clinic"), "legal_entity_id": build.ID("clinic"), "name": "Амбулаторія № 1",
			"addresses": []build.Row{}, "phones": []build.Row{}, "email": "division@example.com", "type": "CLINIC",
		},
		"seed": "0",
	}
}
