package episodes

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	document "esoz/internal/resource/approvals"
	"esoz/internal/sandbox/world/approvals"
	"esoz/internal/sandbox/world/build"
)

func get(w *build.World) {
	const op = "getEpisode"
	read := func(token, patient, id string) build.Request {
		return build.Get(token, "/api/patients/"+patient+"/episodes/"+id)
	}
	of := func(token, patient, name string) build.Request {
		return read(token, build.ID(patient).String(), build.ID(name).String())
	}
	begin(w, "episode of patient", "patient", "active, of the clinic: it has a diagnosis", clinic, 30*day).diagnose("R80", 20*day).add()
	begin(w, "closed episode", "patient", "status closed", clinic, 90*day).close(clinic, 60*day).add()
	begin(w, "episode entered in error", "patient", "status entered_in_error", clinic, 80*day).cancel(clinic, 70*day).add()
	begin(w, "episode of the other clinic", "patient", "active, of the other clinic, of the clinic's patient", otherClinic, 10*day).add()
	begin(w, "episode of stranger_patient", "stranger_patient", "active, of the other clinic; the patient lets the clinic's doctor read it", otherClinic, 30*day).add()
	begin(w, "closed episode of stranger_patient", "stranger_patient", "of the other clinic; nobody else may read it", otherClinic, 50*day).close(otherClinic, 40*day).add()
	begin(w, "episode of former_patient", "former_patient", "of the other clinic; the patient lets the hospital's doctor read everything", otherClinic, 30*day).add()
	approvals.AddVerified(w, "approval of all data", "former_patient", "lets the hospital's doctor read everything", "hospital_doctor",
		document.ToPatient("patient", w.Seal.PatientID(build.ID("former_patient"))))

	w.Passes(op, "a doctor with a declaration", of(doctor, "patient", "episode of patient"), http.StatusOK)
	w.Passes(op, "a doctor with a declaration reads another clinic's episode", of(doctor, "patient", "episode of the other clinic"), http.StatusOK)
	w.Passes(op, "a closed episode", of(doctor, "patient", "closed episode"), http.StatusOK)
	w.Passes(op, "an episode that was entered in error", of(doctor, "patient", "episode entered in error"), http.StatusOK)
	w.Passes(op, "a doctor of the legal entity that manages it", of(colleague, "patient", "episode of patient"), http.StatusOK)
	w.Passes(op, "a doctor with an approval of the episode", of(doctor, "stranger_patient", "episode of stranger_patient"), http.StatusOK)
	w.Passes(op, "a doctor with an approval of all data", of(build.TokenValue("hospital_doctor"), "former_patient", "episode of former_patient"), http.StatusOK)

	closed := fault.Refuse(rules.EpisodeGetAccess)
	w.Refused(op, "neither a declaration nor an approval", of(doctor, "stranger_patient", "closed episode of stranger_patient"), closed)
	w.Refused(op, "the declaration of a colleague", of(colleague, "patient", "episode of the other clinic"), closed)
	w.Refused(op, "a declaration that has ended", of(doctor, "former_patient", "episode of former_patient"), closed)
	w.Refused(op, "an unknown episode, for a stranger", of(otherDoctor, "patient", "no episode"), closed)
	w.Refused(op, "an unknown patient", of(doctor, "nobody", "episode of patient"), closed)
	w.Refused(op, "a malformed patient id", read(doctor, "1", build.ID("episode of patient").String()), closed)
	w.Refused(op, "an own episode under another patient", of(doctor, "stranger_patient", "episode of patient"), closed)
	w.Passes(op, "neither a declaration nor an approval, when that is not checked", of(doctor, "stranger_patient", "closed episode of stranger_patient"),
		http.StatusOK).Set("RULES", "-episode.get.access")
	missing := fault.Refuse(rules.EpisodeGetNotFound)
	w.Refused(op, "an unknown episode", of(doctor, "patient", "no episode"), missing)
	w.Refused(op, "a malformed id", read(doctor, build.ID("patient").String(), "1"), missing)
	w.Refused(op, "an episode of another patient", of(doctor, "patient", "closed episode of stranger_patient"), missing)
}
