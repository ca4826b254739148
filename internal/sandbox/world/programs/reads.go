package programs

import (
	"net/http"
	"net/url"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

// Who calls.
var (
	doctor = build.TokenValue("doctor")
	mis    = build.TokenValue("mis")
)

func catalogue(w *build.World) {
	const op = "listServices"
	by := func(query url.Values) build.Request { return build.Get(doctor, "/api/services?"+query.Encode()) }
	w.Passes(op, "services by code and name", by(url.Values{"code": {"59300-00"}, "name": {"МАМОГРАФІЯ"}}), http.StatusOK)
	w.Passes(op, "the whole catalogue of services", by(url.Values{"page_size": {"300"}}), http.StatusOK)
	w.Passes(op, "a group of services with all that is in it", by(url.Values{"code": {"a58001"}}), http.StatusOK)
	w.Passes(op, "a service under another name in a group", by(url.Values{"name": {"інсуліну вдома"}}), http.StatusOK)
	w.Passes(op, "a group of services that is empty", by(url.Values{"code": {"A57002"}}), http.StatusOK)
	w.Passes(op, "services for a token without scopes", build.Get(build.TokenValue("no_scopes"), "/api/services?code=37003"), http.StatusOK)
	w.Passes(op, "a page of services past the end", by(url.Values{"page": {"100"}}), http.StatusOK)
}

func programReads(w *build.World) {
	const op = "listMedicalPrograms"
	by := func(query url.Values) build.Request {
		return build.Get(doctor, "/api/medical_programs?"+query.Encode())
	}
	w.Passes(op, "programs by all filters", by(url.Values{
		"id": {build.ID("medical program of medications").String()}, "name": {"ДОСТУПНІ"}, "is_active": {"true"}, "mr_blank_type": {"F-1"}, "type": {"MEDICATION"},
	}), http.StatusOK)
	w.Passes(op, "all programs in use", by(nil), http.StatusOK)
	w.Passes(op, "programs that have ended", by(url.Values{"is_active": {"false"}}), http.StatusOK)
	w.Passes(op, "programs for a medical information system", build.Get(mis, "/api/medical_programs?page_size=300"), http.StatusOK)
	w.Passes(op, "a page of programs past the end", by(url.Values{"page": {"100"}}), http.StatusOK)
	w.Refused(op, "an id of a program that is no uuid", by(url.Values{"id": {"1"}}), fault.Refuse(rules.MedicalProgramListID))
	w.Passes(op, "a wrong id finds no program when it is not checked", by(url.Values{"id": {"1"}}), http.StatusOK).
		Set("RULES", "-medical_program.list.id")
	w.Refused(op, "is_active of a program that is no boolean", by(url.Values{"is_active": {"yes"}}), fault.Refuse(rules.MedicalProgramListIsActive))
	w.Passes(op, "programs in use when is_active is not checked", by(url.Values{"is_active": {"yes"}}), http.StatusOK).
		Set("RULES", "-medical_program.list.is_active")

	const get = "getMedicalProgram"
	of := func(id string) build.Request { return build.Get(doctor, "/api/medical_programs/"+id) }
	w.Passes(get, "a program with settings", of(build.ID("medical program of insulin").String()), http.StatusOK)
	w.Passes(get, "a program of devices", of(build.ID("medical program of devices").String()), http.StatusOK)
	w.Passes(get, "a program that has ended", of(build.ID("inactive medical program").String()), http.StatusOK)
	w.Refused(get, "a program that was never stored", of(build.ID("nobody").String()), fault.Refuse(rules.MedicalProgramGetNotFound))
	w.Refused(get, "a malformed id of a program", of("1"), fault.Refuse(rules.MedicalProgramGetNotFound))
}

func programServiceReads(w *build.World) {
	const op = "listProgramServices"
	by := func(query url.Values) build.Request {
		return build.Get(doctor, "/api/program_services?"+query.Encode())
	}
	of := func(program string) url.Values { return url.Values{"medical_program_id": {program}} }
	w.Passes(op, "services of a program", by(of(build.ID("medical program").String())), http.StatusOK)
	w.Passes(op, "what a program no longer pays for is not listed", by(of(build.ID("other medical program").String())), http.StatusOK)
	w.Passes(op, "a program that was never stored pays for nothing", by(of(build.ID("nobody").String())), http.StatusOK)
	w.Passes(op, "a page of services of a program past the end",
		by(url.Values{"medical_program_id": {build.ID("medical program").String()}, "page": {"100"}}), http.StatusOK)
	w.Refused(op, "services of no program", by(nil), fault.Refuse(rules.ProgramServiceListMedicalProgramIDRequired))
	w.Refused(op, "medical_program_id that is empty", by(of("")), fault.Refuse(rules.ProgramServiceListMedicalProgramIDRequired))
	w.Refused(op, "medical_program_id that is no uuid", by(of("1")), fault.Refuse(rules.ProgramServiceListMedicalProgramID))
	w.Passes(op, "a wrong medical_program_id finds nothing when it is not checked", by(of("1")), http.StatusOK).
		Set("RULES", "-program_service.list.medical_program_id")

	const get = "getProgramService"
	one := func(id string) build.Request { return build.Get(doctor, "/api/program_services/"+id) }
	w.Passes(get, "a service of a program", one(build.ID("program service").String()), http.StatusOK)
	w.Passes(get, "a group of services of a program", one(build.ID("program service of a group").String()), http.StatusOK)
	w.Passes(get, "a service that a program no longer pays for", one(build.ID("former program service").String()), http.StatusOK)
	w.Refused(get, "a service of a program that was never stored", one(build.ID("nobody").String()), fault.Refuse(rules.ProgramServiceGetNotFound))
	w.Refused(get, "a malformed id of a service of a program", one("1"), fault.Refuse(rules.ProgramServiceGetNotFound))
}
