// Package medicalrecords has records of every kind, of patients whose data different callers may see.
package medicalrecords

import (
	"cmp"
	"time"

	"github.com/google/uuid"

	document "esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/medicalrecords"
	"esoz/internal/sandbox/world/approvals"
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
		if k.hidden {
			for _, r := range recordsOfForbiddenGroups {
				k.add(w, r)
			}
			k.getsHidden(w)
		}
		if k.inEpisode {
			k.getsInEpisode(w)
			k.listsInEpisode(w)
		}
		if k.ofService {
			for _, r := range recordsOfServices {
				k.add(w, r)
			}
			k.listsOfServiceGroups(w)
		}
		if k.approved {
			k.listsApproved(w)
		}
	}
	for _, a := range []struct{ group, user string }{
		{"group of imaging", "doctor"}, {"former service group", "doctor"}, {"service group", "colleague"},
	} {
		approvals.AddVerified(w, "approval of the "+a.group, "stranger_patient", "lets "+a.user+" list what was made for its services", a.user,
			document.To("service_group", build.ID(a.group)))
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
	service                      string // what it was made for
	forbidden                    bool   // a forbidden group has a code or the service of it
	otherTime                    bool   // it has a moment where other records of its kind have a period, or the other way round
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

const (
	ofGroup    = " of a service of a group"
	ownOfGroup = " of the clinic, of a service of a group"
	approved   = " that an approval names"
)

// recordsOfServices are what the kinds have that are made for services.
var recordsOfServices = []record{
	madeFor(ofGroup, "radiography", "its service is in the group of imaging"),
	{
		name: ownOfGroup, note: "of the clinic; its service is in the group of imaging; entered in error", patient: "stranger_patient",
		episode: "closed episode of stranger_patient", by: clinic, whole: unseen, service: "radiography", withdrawn: true, otherTime: true,
	},
	madeFor(" of a service that was taken out", "service", "its service was in the group of imaging, and is in a group out of use"),
	madeFor(" of a service of the group below", "mammography", "its service is in the group below the group of imaging"),
	madeFor(" of a service of another group", "service of a group", "its service is in a group that the colleague's approval names"),
}

func madeFor(name, service, note string) record {
	return record{
		name: name, note: note, patient: "stranger_patient", episode: "closed episode of stranger_patient", by: otherClinic, whole: unseen,
		service: service,
	}
}

const (
	hidden  = " that a forbidden group hides"
	unbound = " of a forbidden group that an approval opens"
)

// recordsOfForbiddenGroups are what the kinds have that forbidden groups hide.
var recordsOfForbiddenGroups = []record{
	{
		name: hidden, note: "of the other clinic; a forbidden group hides it from all but its author", patient: "patient",
		episode: "episode of the other clinic", by: otherClinic, whole: elsewhere, service: "forbidden service", forbidden: true,
	},
	{
		name: unbound, note: "of the other clinic; the hospital's doctor has an approval of the group", patient: "former_patient",
		episode: "episode of former_patient", by: otherClinic, whole: ofFormer, service: "service of a forbidden group", forbidden: true,
	},
}

// services are the titles of services.
var services = map[string]string{
	"examination": "Рентгенографія", "radiography": "Рентгенографія грудної клітки", "mammography": "Мамографія",
	"forbidden service": "Оцінка психічного стану", "service of a forbidden group": "Психотерапія",
	"service": "Інша електрокардіографія [ЕКГ]", "service of a group": "Ультразвукове дослідження черевної порожнини",
}

// diagnosis is a code of what the patient has.
func (r record) diagnosis() medicalevents.CodeableConcept {
	if r.forbidden {
		return concept("eHealth/ICPC2/condition_codes", "P72")
	}
	return concept("eHealth/ICPC2/condition_codes", "R80")
}

func (r record) code() medicalevents.Reference {
	service := cmp.Or(r.service, "examination")
	return named("service", build.ID(service), services[service])
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
