package devicedispenses

import (
	"time"

	"github.com/google/uuid"

	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/devicerequests"
)

// dispense is a device dispense on its way. Its methods do what the documented
// writes do, so that it is in a state that they can leave.
type dispense struct {
	w       *build.World
	name    string
	patient string
	d       devicedispenses.Document
	request func(r *devicerequests.Request) // changes the request that it meets, unless nil
}

// pharmacy is who dispenses.
type pharmacy struct {
	user, person, legalEntity, title, division, divisionTitle string
}

var (
	own       = pharmacy{"pharmacist", "Мельничук Ольга Богданівна", "pharmacy", "Аптека «Подорожник»", "division of the pharmacy", "Аптека «Подорожник» №1"}
	strangers = pharmacy{"other_pharmacist", "Чумак Тарас Миколайович", "other_pharmacy", "Аптека «Ромашка»", "division of the other pharmacy", "Аптека «Ромашка» №1"}
	hospital  = pharmacy{"msp_pharmacist", "Кушнір Леся Тарасівна", "msp_pharmacy", "Лікарня з аптекою «Явір»", "division of the msp_pharmacy", "Аптека лікарні «Явір»"}
)

// begin is Create Device Dispense, yesterday.
func begin(w *build.World, name, patient, note string, by pharmacy) *dispense {
	p := &dispense{w: w, name: name, patient: patient, d: devicedispenses.Document{
		ID: w.Object("device dispense", name, note), Subject: w.Seal.PatientID(build.ID(patient)),
		BasedOn: new(medicalevents.To("device_request", build.ID("device request of "+name))), // one can have one dispense at a time
		Status:  devicedispenses.InProgress, PrimarySource: true,
		Performer:            named("employee", build.ID("employee "+by.user), by.person),
		Location:             named("division", build.ID(by.division), by.divisionTitle),
		PerformerLegalEntity: named("legal_entity", build.ID(by.legalEntity), by.title),
		Program:              named("medical_program", build.ID("device program"), "Доступні медичні вироби"),
		Note:                 new("Видати разом з інструкцією"),
		Details: []devicedispenses.Detail{{
			Device:        new(medicalevents.To("device_definition", build.ID("device definition"))),
			ProgramDevice: new(medicalevents.To("program_device", build.ID("program device"))),
			Quantity:      medicalevents.Quantity{Value: 10, System: "device_unit", Code: "piece", Unit: new("шт")},
			SellPrice:     new(18.65), DiscountAmount: new(150.0), ReimbursementAmount: new(450.0),
		}},
		ContextEpisodeID: new(build.ID("episode of " + patient)),
		InsertedBy:       build.ID(by.user),
	}}
	w.Confide(by.person, *p.d.Note)
	p.to(devicedispenses.InProgress, build.ID(by.user), 24*time.Hour)
	p.d.InsertedAt = p.d.UpdatedAt
	return p
}

func named(kind string, id uuid.UUID, display string) *medicalevents.Reference {
	reference := medicalevents.To(kind, id)
	reference.DisplayValue = &display
	return &reference
}

// to changes the status, some time ago.
func (p *dispense) to(status string, by uuid.UUID, ago time.Duration) *dispense {
	p.d.Status, p.d.UpdatedBy, p.d.UpdatedAt = status, by, p.w.Now.Add(-ago)
	return p
}

// complete is Complete Device Dispense.
func (p *dispense) complete(ago time.Duration) *dispense {
	p.d.WhenHandedOver = new(p.w.Now.Add(-ago))
	p.d.PaymentID, p.d.PaymentAmount = new("1239804"), new(36.5)
	return p.to(devicedispenses.Completed, p.d.InsertedBy, ago)
}

// markInError is Mark in error Device Dispense.
func (p *dispense) markInError(ago time.Duration) *dispense {
	p.d.StatusReason = new(medicalevents.Concept("device_dispense_mark_in_error_reasons", "incorrect_patient"))
	return p.to(devicedispenses.EnteredInError, p.d.InsertedBy, ago)
}

// expire is the passing of DEVICE_DISPENSE_TTL, when that was a day.
func (p *dispense) expire(ago time.Duration) *dispense {
	return p.to(devicedispenses.Unknown, build.SystemUser, ago)
}

// fromPackage is a dispense that came with an encounter data package, in its
// status from the beginning: of no program, and without prices.
func (p *dispense) fromPackage(status string) *dispense {
	p.outsideOfPrograms()
	p.d.BasedOn, p.d.Location, p.d.ContextEpisodeID = nil, nil, nil
	p.d.Encounter = new(medicalevents.To("encounter", build.ID("encounter of the dispense")))
	p.d.WhenHandedOver = new(p.d.InsertedAt)
	p.d.Status = status
	return p
}

// fromRegister is a dispense by the state register of social services. No source
// says whether it names a legal entity; this one does, or no pharmacy could ask
// to stop it.
func (p *dispense) fromRegister() *dispense {
	p.outsideOfPrograms()
	p.d.BasedOn, p.d.Performer, p.d.Location, p.d.ContextEpisodeID = nil, nil, nil, nil
	p.d.InsertedBy, p.d.UpdatedBy, p.d.Status = build.SystemUser, build.SystemUser, devicedispenses.Preparation
	return p
}

func (p *dispense) outsideOfPrograms() {
	p.d.Program = nil
	detail := &p.d.Details[0]
	detail.ProgramDevice, detail.SellPrice, detail.DiscountAmount, detail.ReimbursementAmount = nil, nil, nil, nil
}

// add seeds the dispense, and the device request that it meets.
func (p *dispense) add() uuid.UUID {
	if p.d.BasedOn != nil {
		r := devicerequests.Of(p.w, "device request of "+p.name, p.patient, "what the "+p.name+" is based on")
		if p.d.Status == devicedispenses.Completed {
			r.Complete(p.d.UpdatedBy, p.w.Now.Sub(p.d.UpdatedAt))
		}
		if p.request != nil {
			p.request(r)
		}
		r.Add()
	}
	return p.seed()
}

// seed seeds the dispense alone.
func (p *dispense) seed() uuid.UUID {
	p.w.Document(devicedispenses.Collection, p.d)
	return p.d.ID
}
