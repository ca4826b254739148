// Package declarationrequests has declaration requests in every state, each as
// the documented writes leave it.
package declarationrequests

import (
	"strings"
	"time"

	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
)

// Add adds the requests and the cases. A new request for a person cancels the
// former ones, so that each one that is NEW or APPROVED is for another person.
func Add(w *build.World) {
	declarants(w)
	doctors(w)
	create(w)
	ofTheClinic(w)
	byStatus(w)
	ofPatients(w)
	ofOthers(w)
	approve(w)
	sign(w)
	reject(w)
	resend(w)
	get(w)
	list(w)
}

var doctor, otherDoctor = build.TokenValue("doctor"), build.TokenValue("other_doctor")

const (
	approved = "approved declaration request"
	busy     = "declaration request with a fresh code"
	shared   = "shared declaration request"
	foreign  = "declaration request of another clinic"
	expired  = "expired declaration request"
)

// add adds a request of V3 that a doctor of the clinic has made for a person and
// that waits for the code; columns make it another.
func add(w *build.World, name, person, note string, columns build.Row) {
	w.Insert("il.declaration_requests", build.Changed(w.Audited(build.Row{
		"id": w.Object("declaration request", name, note), "status": "NEW", "channel": "MIS", "is_shareable": false, "mpi_id": build.ID(person),
		"data": data(w, person, "clinic", "doctor"), "authentication_method_current": otp(persons.PhoneOf(person)),
		"declaration_id": persons.DeclarationID(name), "declaration_number": persons.DeclarationNumber(name),
		"system_declaration_limit": 1800, "current_declaration_count": 675,
		"data_legal_entity_id": build.ID("clinic"), "data_employee_id": build.ID("employee doctor"), "data_start_date_year": w.Now.Year(),
		"inserted_by": build.ID("doctor"), "updated_by": build.ID("doctor"),
	}), columns))
}

// data is what a request of V3 is about.
func data(w *build.World, person, legalEntity, doctor string) build.Row {
	return build.Row{
		"start_date": w.Now.Format(time.DateOnly), "end_date": w.Now.AddDate(10, 0, 0).Format(time.DateOnly),
		"person_id": build.ID(person), "employee_id": build.ID("employee " + doctor),
		"division_id": build.ID("division of the " + strings.ReplaceAll(legalEntity, "_", " ")), "legal_entity_id": build.ID(legalEntity),
	}
}

// How the patient confirms, as it was fixed when the request was made.
var offline, notAsked = build.Row{"type": "OFFLINE"}, build.Row{"type": "NA"}

func otp(phone string) build.Row { return build.Row{"type": "OTP", "number": phone} }

// ofTheClinic are requests by each way of confirming.
func ofTheClinic(w *build.World) {
	add(w, "new declaration request", "patient", "NEW, confirmed by a code: its code may be sent again", nil)
	add(w, "declaration request by a third person", "third_person_patient", "NEW; the code goes to the third person's phone", build.Row{
		"authentication_method_current": otp(persons.ThirdPersonPhone), "authorize_with": build.ID("method of third_person_patient"),
	})
	add(w, "declaration request by a former phone", "former_patient", "NEW; the code goes to the phone that the patient had when it was created", build.Row{
		"authentication_method_current": otp("+380931234592"),
	})
	add(w, busy, "busy_patient", "NEW; a code was sent to its phone a moment ago", nil)
	add(w, "declaration request by OFFLINE", "offline_patient", "NEW, confirmed by documents", build.Row{
		"authentication_method_current": offline,
		"documents":                     []build.Row{{"type": "person.no_tax_id", "verb": "PUT", "url": "https://storage.example.com/declaration_requests/person.no_tax_id"}},
	})
	add(w, "declaration request by a third person without a phone", "third_person_offline_patient",
		"NEW; the third person confirms by documents", build.Row{
			"authentication_method_current": offline, "authorize_with": build.ID("method of third_person_offline_patient"),
		})
}

// byStatus are requests that wait for no code any more.
func byStatus(w *build.World) {
	hourAgo := w.Now.Add(-time.Hour)
	status := func(status string, more build.Row) build.Row {
		return build.Changed(build.Row{"status": status, "inserted_at": hourAgo}, more)
	}
	add(w, approved, "newcomer", "APPROVED: has data_to_be_signed", status("APPROVED", build.Row{"data_to_be_signed": toBeSigned(w, approved, "newcomer")}))
	add(w, "signed declaration request", "confided_patient", "SIGNED: confided_patient has the declaration", status("SIGNED", build.Row{
		"data_to_be_signed": toBeSigned(w, "confided_patient", "confided_patient"), "authentication_method_current": otp(persons.ConfidantPhone),
		"authorize_with": build.ID("method of confided_patient"), "inserted_at": hourAgo.Add(-time.Hour), "updated_at": hourAgo,
		"declaration_id": persons.DeclarationID("confided_patient"), "declaration_number": persons.DeclarationNumber("confided_patient"),
	}))
	add(w, "rejected declaration request", "patient", "REJECTED by the doctor", status("REJECTED", build.Row{"status_reason": "doctor_reject"}))
	add(w, "cancelled declaration request", "patient", "CANCELLED by a newer one", status("CANCELLED", build.Row{"status_reason": "request_cancelled"}))
	add(w, expired, "patient", "EXPIRED: the clean-up has removed its data, so it is nobody's any more", build.Row{
		"status": "EXPIRED", "data": nil, "data_legal_entity_id": nil, "data_start_date_year": nil, "authentication_method_current": nil,
		"inserted_at": w.Now.AddDate(0, 0, -3), "updated_at": w.Now.AddDate(0, 0, -1), "updated_by": build.SystemUser,
	})
}

// ofPatients are requests that patients have made, which confirm nothing more.
func ofPatients(w *build.World) {
	made := func(channel string, isShareable bool, more build.Row) build.Row {
		return build.Changed(build.Row{"channel": channel, "is_shareable": isShareable, "authentication_method_current": notAsked}, more)
	}
	add(w, shared, "confidant", "NEW, made by the patient and shared with legal entities; nothing has to be confirmed (NA)", made("PIS", true, nil))
	add(w, "approved shared declaration request", "third_person", "APPROVED, made by the patient and shared: links the content that the patient has signed",
		made("PIS", true, build.Row{
			"status": "APPROVED", "inserted_at": w.Now.Add(-time.Hour), "data_to_be_signed": toBeSigned(w, "approved shared declaration request", "third_person"),
			"documents": []build.Row{{"type": "signed_content", "verb": "GET", "url": "https://storage.example.com/declaration_requests/signed_content"}},
		}))
	add(w, "cabinet declaration request", "cabinet_patient", "NEW, made in the patient's cabinet and not shared", made("CABINET", false, nil))
}

// ofOthers are requests by V2 and by another clinic.
func ofOthers(w *build.World) {
	half := w.Now.Add(-12 * time.Hour)
	add(w, "V2 declaration request", "patient", "NEW, made by V2: keeps whole objects in place of ids", build.Row{
		"data": build.Row{
			"start_date": w.Now.Format(time.DateOnly), "end_date": w.Now.AddDate(10, 0, 0).Format(time.DateOnly),
			"person": build.Row{"first_name": "Петро", "last_name": "Іваненко"}, "employee": build.Row{"id": build.ID("employee doctor")},
			"division": build.Row{"id": build.ID("division of the clinic")}, "legal_entity": build.Row{"id": build.ID("clinic")},
		},
		"mpi_id": nil, "inserted_at": half, "updated_at": half,
	})
	add(w, foreign, "stranger_patient", "NEW, of the other clinic", build.Row{
		"data":                 data(w, "stranger_patient", "other_clinic", "other_doctor"),
		"data_legal_entity_id": build.ID("other_clinic"), "data_employee_id": build.ID("employee other_doctor"),
		"inserted_by": build.ID("other_doctor"), "updated_by": build.ID("other_doctor"),
	})
}
