// Package episodes has episodes of care in every status.
package episodes

import (
	"time"

	"github.com/google/uuid"

	"esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/build"
)

// Add adds the episodes and the cases.
func Add(w *build.World) {
	create(w)
	get(w)
	closeEpisode(w)
	cancel(w)
	update(w)
	list(w)
	listShort(w)
	listApproved(w)
	listOfDiagnosesGroups(w)
}

var doctor, otherDoctor, colleague = build.TokenValue("doctor"), build.TokenValue("other_doctor"), build.TokenValue("colleague")

const day = 24 * time.Hour

// manager is who is responsible for an episode.
type manager struct{ user, person, legalEntity, title string }

var (
	clinic      = manager{"doctor", "Олена Петрівна Коваль", "clinic", "Амбулаторія «Верба»"}
	otherClinic = manager{"other_doctor", "Марія Іванівна Ткач", "other_clinic", "Амбулаторія «Калина»"}

	suspendedClinic = manager{"doctor", "Олена Петрівна Коваль", "suspended_clinic", "Амбулаторія «Осінь»"}
)

// episode is an episode on its way. Its methods do what the documented writes do.
type episode struct {
	w *build.World
	d episodes.Document
}

// begin is Create Episode, some time ago.
func begin(w *build.World, name, patient, note string, by manager, ago time.Duration) *episode {
	at := w.Now.Add(-ago)
	e := &episode{w, episodes.Document{
		ID: w.Object("episode", name, note), PatientID: w.Seal.PatientID(build.ID(patient)),
		Type: medicalevents.Coding{System: "eHealth/episode_types", Code: "PHC"}, Name: "Діабет 2018",
		ManagingOrganization: named("legal_entity", build.ID(by.legalEntity), by.title),
		CareManager:          named("employee", build.ID("employee "+by.user), by.person),
		Period:               medicalevents.Period{Start: at},
		CurrentDiagnoses:     []medicalevents.Diagnosis{}, DiagnosesHistory: []episodes.DiagnosesItem{},
		InsertedAt: at, InsertedBy: build.ID(by.user),
	}}
	w.Confide(by.person, e.d.Name)
	return e.status(episodes.Active, nil, by.user, at)
}

func named(kind string, id uuid.UUID, display string) medicalevents.Reference {
	reference := medicalevents.To(kind, id)
	reference.DisplayValue = &display
	return reference
}

// close is Close Episode.
func (e *episode) close(by manager, ago time.Duration) *episode {
	at := e.w.Now.Add(-ago)
	e.d.ClosingSummary = new("Носові шляхи вільні, горло рожеве, температура в нормі")
	e.d.Period.End = &at
	e.w.Confide(*e.d.ClosingSummary)
	return e.status(episodes.Closed, new(medicalevents.Concept("eHealth/episode_closing_reasons", "resolved")), by.user, at)
}

// cancel is Cancel Episode.
func (e *episode) cancel(by manager, ago time.Duration) *episode {
	e.d.ExplanatoryLetter = new("Епізод був відмінений у зв'язку з помилкою при виборі пацієнта")
	e.w.Confide(*e.d.ExplanatoryLetter)
	return e.status(episodes.EnteredInError, new(medicalevents.Concept("eHealth/cancellation_reasons", "incorrect_patient")), by.user, e.w.Now.Add(-ago))
}

func (e *episode) status(status string, reason *medicalevents.CodeableConcept, user string, at time.Time) *episode {
	e.d.Status, e.d.StatusReason, e.d.UpdatedAt, e.d.UpdatedBy = status, reason, at, build.ID(user)
	e.d.StatusHistory = append(e.d.StatusHistory, episodes.StatusChange{
		Status: status, StatusReason: reason, InsertedAt: at, InsertedBy: build.ID(user),
	})
	return e
}

// diagnose is Submit Encounter Package: the diagnosis of an encounter.
func (e *episode) diagnose(code string, ago time.Duration) *episode {
	return e.diagnoseOf("eHealth/ICPC2/condition_codes", code, ago)
}

// diagnoseOf takes the diagnosis from another dictionary.
func (e *episode) diagnoseOf(system, code string, ago time.Duration) *episode {
	e.d.CurrentDiagnoses = []medicalevents.Diagnosis{{
		Condition: medicalevents.To("condition", build.ID("condition of "+e.d.ID.String())),
		Code:      medicalevents.Concept(system, code),
		Role:      medicalevents.Concept("eHealth/diagnosis_roles", "primary"), Rank: new(int32(1)),
	}}
	e.d.DiagnosesHistory = append(e.d.DiagnosesHistory, episodes.DiagnosesItem{
		Date: e.w.Now.Add(-ago), IsActive: true, Evidence: medicalevents.To("encounter", build.ID("encounter of "+e.d.ID.String())),
		Diagnoses: e.d.CurrentDiagnoses,
	})
	return e
}

// undiagnose is Cancel Encounter Package: the encounter was entered in error.
func (e *episode) undiagnose() *episode {
	e.d.CurrentDiagnoses = []medicalevents.Diagnosis{}
	for i := range e.d.DiagnosesHistory {
		e.d.DiagnosesHistory[i].IsActive = false
	}
	return e
}

// OfPackages adds an active episode of the patient, which encounter packages name.
func OfPackages(w *build.World, name, note, kind string, ofHospital bool, change func(d *episodes.Document)) {
	by := clinic
	if ofHospital {
		by = manager{"hospital_doctor", "Наталія Юріївна Гончар", "hospital", "Обласна лікарня «Надія»"}
	}
	e := begin(w, name, "patient", note, by, 5*day)
	e.d.Type.Code = kind
	if change != nil {
		change(&e.d)
	}
	e.add()
}

// add seeds the episode.
func (e *episode) add() uuid.UUID {
	e.d.KeepItems()
	e.w.Document(episodes.Collection, e.d)
	return e.d.ID
}
