// Package approvals has approvals in every state, each as the documented writes
// leave it.
package approvals

import (
	"time"

	"github.com/google/uuid"

	"esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
)

// Add adds the approvals and the cases.
func Add(w *build.World) {
	resend(w)
	list(w)
	get(w)
	verifying(w)
	cancel(w)
	creating(w)
}

var (
	doctor      = build.TokenValue("doctor")
	otherDoctor = build.TokenValue("other_doctor")
)

// For how long an approval is good.
const (
	usualDays    = 90
	carePlanDays = 365
)

// add adds an approval that the clinic's doctor has asked a patient for and that
// waits for its code; change makes it another.
func add(w *build.World, name, patient, note string, change func(d *approvals.Document)) uuid.UUID {
	hidden := w.Seal.PatientID(build.ID(patient))
	d := approvals.Document{
		ID: w.Object("approval", name, note), PatientID: hidden,
		GrantedResources: []approvals.Reference{approvals.To("episode_of_care", build.ID("episode of "+patient))},
		GrantedTo:        approvals.To("employee", build.ID("employee doctor")),
		GrantedBy:        approvals.ToPatient("mpi-hash", hidden),
		CreatedBy:        approvals.To("employee", build.ID("employee doctor")),
		Status:           approvals.StateNew, AccessLevel: "read",
		Urgent:     &approvals.Urgent{Type: medicalevents.MethodOTP, PhoneNumber: persons.PhoneOf(patient)},
		InsertedAt: w.Now, InsertedBy: build.ID("doctor"), UpdatedAt: w.Now, UpdatedBy: build.ID("doctor"),
	}
	d.ExpiresAt = d.InsertedAt.AddDate(0, 0, usualDays)
	if change != nil {
		change(&d)
	}
	if d.Urgent != nil {
		w.Confide(d.Urgent.PhoneNumber)
	}
	w.Document(approvals.Collection, d)
	return d.ID
}

// created moves the creation of an approval into the past.
func created(d *approvals.Document, at time.Time) {
	d.InsertedAt, d.UpdatedAt, d.ExpiresAt = at, at, at.AddDate(0, 0, usualDays)
}

// verify does what Verify Approval does.
func verify(d *approvals.Document, at time.Time) {
	d.IsVerified, d.Status, d.UpdatedAt = true, approvals.StateActive, at
}

// end does what Cancel Approval does, and Verify Approval to the former approvals
// of the same access.
func end(d *approvals.Document, state string, at time.Time) {
	d.Status, d.ExpiresAt, d.UpdatedAt = state, at, at
}

// AddVerified adds an effective approval: the employee of a user may read the
// resource of a patient.
func AddVerified(w *build.World, name, patient, note, user string, resource approvals.Reference) uuid.UUID {
	return addTo(w, name, patient, note, user, resource, "read", w.Now.Add(-time.Hour))
}

// AddWriting adds one by which the employee may also change the resource.
func AddWriting(w *build.World, name, patient, note, user string, resource approvals.Reference) uuid.UUID {
	return addTo(w, name, patient, note, user, resource, "write", w.Now.Add(-time.Hour))
}

// AddExpired adds one whose time is over.
func AddExpired(w *build.World, name, patient, note, user string, resource approvals.Reference) uuid.UUID {
	return addTo(w, name, patient, note, user, resource, "read", w.Now.AddDate(0, 0, -usualDays))
}

// addTo adds an approval that a user has asked for at a moment, verified an hour later.
func addTo(w *build.World, name, patient, note, user string, resource approvals.Reference, level string, at time.Time) uuid.UUID {
	return add(w, name, patient, note, func(d *approvals.Document) {
		d.GrantedTo = approvals.To("employee", build.ID("employee "+user))
		d.CreatedBy, d.InsertedBy, d.UpdatedBy = d.GrantedTo, build.ID(user), build.ID(user)
		d.GrantedResources, d.AccessLevel = []approvals.Reference{resource}, level
		created(d, at)
		if resource.IsTo("care_plan") {
			d.Urgent, d.ExpiresAt = nil, at.AddDate(0, 0, carePlanDays) // of an inpatient
		}
		verify(d, at.Add(time.Hour))
	})
}
