// Package medicalrecords has records of every kind, of patients whose data different callers may see.
package medicalrecords

import (
	"time"

	"github.com/google/uuid"

	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/medicalrecords"
	"esoz/internal/sandbox/world/build"
)

// Add adds the records and the cases.
func Add(w *build.World) {
	for _, k := range kinds {
		for _, r := range records {
			k.add(w, r)
		}
		k.gets(w)
		k.lists(w)
		k.contexts(w)
		if k.inEpisode {
			k.getsInEpisode(w)
			k.listsInEpisode(w)
		}
	}
}

// maker is who made a record, in the name of which legal entity.
type maker struct{ user, person, legalEntity, title string }

var (
	clinic      = maker{"doctor", "Олена Петрівна Коваль", "clinic", "Амбулаторія «Верба»"}
	otherClinic = maker{"other_doctor", "Марія Іванівна Ткач", "other_clinic", "Амбулаторія «Калина»"}
)

// record is one of the records that there are of each kind. Its name follows that of the kind.
type record struct {
	name, note, patient, episode string
	by                           maker
	origin                       string // an episode
	whole                        string // the encounter and the report that it is a part of: the end of their names
	withdrawn                    bool
}

const (
	ofPatient  = " of patient"
	ofStranger = " of stranger_patient"
	unseen     = " of nobody's concern"
	elsewhere  = " of the other clinic"
	guest      = " in an episode of the clinic"
	originated = " with an origin"
	ofFormer   = " of former_patient"
	inError    = " entered in error"
)

var records = []record{
	{name: ofPatient, note: "of the clinic, in its episode", patient: "patient", episode: "episode of patient", by: clinic, whole: ofPatient},
	{name: inError, note: "entered in error", patient: "patient", episode: "episode of patient", by: clinic, whole: inError, withdrawn: true},
	{name: elsewhere, note: "of the other clinic, in its episode", patient: "patient", episode: "episode of the other clinic", by: otherClinic, whole: elsewhere},
	{name: guest, note: "of the other clinic, in an episode of the clinic", patient: "patient", episode: "episode of patient", by: otherClinic, whole: elsewhere},
	{
		name: originated, note: "of the other clinic, which an episode of the clinic has led to", patient: "patient", episode: "episode of the other clinic",
		by: otherClinic, origin: "episode of patient", whole: originated,
	},
	{
		name: ofStranger, note: "of the other clinic; the patient lets the clinic's doctor read its episode", patient: "stranger_patient",
		episode: "episode of stranger_patient", by: otherClinic, whole: ofStranger,
	},
	{
		name: unseen, note: "of the other clinic; nobody else may read it", patient: "stranger_patient",
		episode: "closed episode of stranger_patient", by: otherClinic, whole: unseen,
	},
	{
		name: ofFormer, note: "of the other clinic; the patient lets the hospital's doctor read everything", patient: "former_patient",
		episode: "episode of former_patient", by: otherClinic, whole: ofFormer,
	},
}

// header is what records of all kinds have in common.
func (r record) header(w *build.World, id uuid.UUID) medicalrecords.Header {
	at := w.Now.AddDate(0, 0, -20)
	w.Confide(r.by.person)
	return medicalrecords.Header{
		ID: id, PatientID: w.Seal.PatientID(build.ID(r.patient)), ContextEpisodeID: new(build.ID(r.episode)),
		ManagingOrganization: r.organization(), Visible: true, InsertedAt: at, InsertedBy: build.ID(r.by.user), UpdatedAt: at, UpdatedBy: build.ID(r.by.user),
	}
}

func named(kind string, id uuid.UUID, display string) medicalevents.Reference {
	reference := medicalevents.To(kind, id)
	reference.DisplayValue = &display
	return reference
}

func (r record) organization() medicalevents.Reference {
	return named("legal_entity", build.ID(r.by.legalEntity), r.by.title)
}

func (r record) employee() medicalevents.Reference {
	return named("employee", build.ID("employee "+r.by.user), r.by.person)
}

func (r record) encounter() medicalevents.Reference {
	return medicalevents.To("encounter", build.ID("encounter"+r.whole))
}

func (r record) report() *medicalevents.Reference {
	return new(medicalevents.To("diagnostic_report", build.ID("diagnostic report"+r.whole)))
}

func (r record) originEpisode() *medicalevents.Reference {
	if r.origin == "" {
		return nil
	}
	return new(medicalevents.To("episode", build.ID(r.origin)))
}

func (r record) status(ordinary string) string {
	if r.withdrawn {
		return "entered_in_error"
	}
	return ordinary
}

func (r record) letter(w *build.World) *string {
	if !r.withdrawn {
		return nil
	}
	return confided(w, "Запис був відмінений у зв'язку з помилкою при виборі пацієнта")
}

func (r record) cancellation() *medicalevents.CodeableConcept {
	if !r.withdrawn {
		return nil
	}
	return new(medicalevents.Concept("eHealth/cancellation_reasons", "incorrect_patient"))
}

func confided(w *build.World, text string) *string {
	w.Confide(text)
	return &text
}

// when is the moment of a record, a month before the world's.
func when(w *build.World) time.Time { return w.Now.AddDate(0, 0, -21) }

var (
	concept  = medicalevents.Concept
	concepts = func(system, code string) []medicalevents.CodeableConcept {
		return []medicalevents.CodeableConcept{concept(system, code)}
	}
	quantity = func(value float64, code string) medicalevents.Quantity {
		return medicalevents.Quantity{Value: value, System: "eHealth/ucum/units", Code: code, Unit: &code}
	}
)
