package devicerequests

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/servicerequests"
)

// Request is a device request on its way. Its methods do what the documented writes do,
// so that it is in a state that they can leave.
type Request struct {
	w *build.World
	d devicerequests.Document
}

// worker is who writes requests.
type worker struct{ user, person, legalEntity, title string }

var (
	clinic      = worker{"doctor", "Коваль Олена Петрівна", "clinic", "Амбулаторія «Верба»"}
	otherClinic = worker{"other_doctor", "Ткач Марія Іванівна", "other_clinic", "Амбулаторія «Калина»"}
)

const (
	hour = time.Hour
	day  = 24 * hour
)

// Of returns the request that a dispense to a patient is based on, written by their
// doctor three days ago in the medical program of devices.
func Of(w *build.World, name, patient, note string) *Request {
	by := clinic
	if patient == "stranger_patient" {
		by = otherClinic
	}
	return issue(w, name, patient, note, by)
}

// issue is Create Device Request, three days ago, in a medical program.
func issue(w *build.World, name, patient, note string, by worker) *Request {
	const instruction = "Навчити користуватися глюкометром"
	number := Requisition(name)
	w.Confide(by.person, instruction, number, strings.ReplaceAll(number, "-", ""))
	hidden, ok := w.Seal.Requisition(strings.ReplaceAll(number, "-", ""))
	if !ok {
		panic("world: the requisition of " + name + " is no number")
	}
	at := w.Now.Add(-3 * day)
	y, m, d := at.AddDate(0, 0, 30).Date()
	r := &Request{w, devicerequests.Document{
		ID: w.Object("device request", name, note), Subject: w.Seal.PatientID(build.ID(patient)), Requisition: hidden,
		Status: devicerequests.Active, Intent: "order", Priority: new("routine"), Note: new(instruction),
		CodeReference:        new(medicalevents.To("device_definition", build.ID("device definition"))),
		Quantity:             &medicalevents.Quantity{Value: 10, System: "device_unit", Code: "piece", Unit: new("шт")},
		Requester:            named("employee", "employee "+by.user, by.person),
		RequesterLegalEntity: named("legal_entity", by.legalEntity, by.title),
		Encounter:            medicalevents.To("encounter", build.ID("encounter of "+patient)),
		Reason:               []medicalevents.Reference{medicalevents.To("condition", build.ID("condition of "+patient))},
		AuthoredOn:           at, OccurrencePeriod: medicalevents.Period{Start: at, End: new(at.AddDate(0, 0, 30))},
		DispenseValidTo:  time.Date(y, m, d, 23, 59, 59, 0, time.UTC),
		ContextEpisodeID: new(build.ID("episode of " + patient)),
		InsertedAt:       at, InsertedBy: build.ID(by.user), UpdatedAt: at, UpdatedBy: build.ID(by.user),
	}}
	return r.InProgram("device program", "Доступні медичні вироби")
}

// InProgram names the medical program that pays; dispensing then takes a code.
func (r *Request) InProgram(name, title string) *Request {
	r.d.Program = new(named("medical_program", name, title))
	code, ok := r.w.Seal.DocumentCode(r.d.ID, Code(r.d.ID))
	if !ok {
		panic("world: no code of a device request")
	}
	r.d.VerificationCode = &code
	return r
}

// WithoutProgram is a request that no medical program pays for.
func (r *Request) WithoutProgram() *Request {
	r.d.Program, r.d.VerificationCode = nil, nil
	return r
}

// withoutQuantity is a request, without a program, that leaves the amount open.
func (r *Request) withoutQuantity() *Request {
	r.d.Quantity = nil
	return r.WithoutProgram()
}

// Complete is Complete Device Dispense, or Complete Device Request when there is no quantity.
func (r *Request) Complete(by uuid.UUID, ago time.Duration) *Request {
	return r.to(devicerequests.Completed, by, ago)
}

// Revoke is Revoke Device Request.
func (r *Request) Revoke() *Request {
	return r.end(devicerequests.Revoked, "device_request_revoke_reasons")
}

// end is Revoke or Mark in error Device Request.
func (r *Request) end(status, reasons string) *Request {
	r.d.StatusReason = new(medicalevents.Concept(reasons, "incorrect_patient"))
	return r.to(status, r.d.InsertedBy, hour)
}

func (r *Request) to(status string, by uuid.UUID, ago time.Duration) *Request {
	r.d.Status, r.d.UpdatedBy, r.d.UpdatedAt = status, by, r.w.Now.Add(-ago)
	return r
}

// With changes what the request says.
func (r *Request) With(change func(d *devicerequests.Document)) *Request {
	change(&r.d)
	return r
}

// Add seeds the request.
func (r *Request) Add() uuid.UUID {
	r.w.Document(devicerequests.Collection, r.d)
	return r.d.ID
}

// Requisition is the number of a request, Code what its patient names beside it.
func Requisition(name string) string { return servicerequests.Requisition(name) }

// Code of a request in a medical program.
func Code(request uuid.UUID) string { return fmt.Sprintf("%02d%02d", request[0]%100, request[1]%100) }

func named(kind, name, display string) medicalevents.Reference {
	reference := medicalevents.To(kind, build.ID(name))
	reference.DisplayValue = &display
	return reference
}
