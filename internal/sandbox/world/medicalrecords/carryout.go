package medicalrecords

import (
	"slices"

	"esoz/internal/resource/medicalrecords"
	"esoz/internal/sandbox/world/build"
)

// CarryOut adds a record of offline_patient, which the clinic has made, in the way that
// change says: an encounter, a diagnostic report or a procedure that carries out a referral.
func CarryOut[D medicalrecords.Encounter | medicalrecords.DiagnosticReport | medicalrecords.Procedure](
	w *build.World, name, title, note string, change func(d *D),
) {
	k := kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })]
	r := record{note: note, patient: "offline_patient", episode: "episode of offline_patient", by: clinic, whole: ofPatient, service: "service"}
	d := k.document(w, r, r.header(w, w.Object(name, title, note))).(*D) //nolint:forcetypeassert // the caller names the kind of D
	change(d)
	k.store(w, r, d)
}
