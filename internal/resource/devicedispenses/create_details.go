package devicedispenses

import (
	"context"
	"math"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
)

// detail is one of the body, and what the register says of it.
type detail struct {
	sent         *api.DeviceDispenseDetailCreate
	found        db.GetDispensedDeviceRow     // from the check of device on
	participants []devicerequests.Participant // devices of the program, where the body names none
}

// eachDetail makes a check of every detail.
func eachDetail(rule rules.ID, pass func(d *detail, c *creating) bool) operation.Check[*creating] {
	return operation.Check[*creating]{Rule: rule, Pass: func(_ context.Context, c *creating) error {
		return c.Body.each(rule, func(d *detail) bool { return pass(d, c) })
	}}
}

func (b *create) each(rule rules.ID, pass func(d *detail) bool) error {
	var refused operation.Refusals
	for i := range b.details {
		if !pass(&b.details[i]) {
			refused = append(refused, fault.RefuseItem(rule, i, nil))
		}
	}
	return refused.OrNil()
}

func (d *detail) isOne(*creating) bool { return (d.sent.Device == nil) != (d.sent.DeviceCode == nil) }

func (d *detail) namesDefinition(*creating) bool {
	return d.sent.Device == nil || names(*d.sent.Device, "device_definition")
}

func (d *detail) namesProgramDevice(*creating) bool {
	return d.sent.ProgramDevice == nil || names(*d.sent.ProgramDevice, "program_device")
}

func names(sent api.ReferenceRequest, kind string) bool {
	coding := sent.Identifier.Type.Coding
	return len(coding) > 0 && coding[0].Code == kind
}

// devicesExist looks up what the register says of the details, and who dispenses them.
func devicesExist(ctx context.Context, c *creating) error {
	owner, err := c.Referent(ctx, "legal_entity", c.ClientID.String())
	if err != nil {
		return err
	}
	if owner != nil {
		c.Body.owner = owner.Display
	}
	for i := range c.Body.details {
		d := &c.Body.details[i]
		var definition uuid.UUID
		var programDevice *uuid.UUID
		if d.sent.Device != nil {
			definition = idOf(*d.sent.Device)
		}
		if d.sent.ProgramDevice != nil {
			programDevice = new(idOf(*d.sent.ProgramDevice))
		}
		if d.found, err = c.API.Programs.Device(ctx, definition, programDevice, c.Body.request.TypeCode(), c.Now); err != nil {
			return err
		}
	}
	return c.Body.each(rules.DeviceDispenseCreateDevice, func(d *detail) bool { return d.sent.Device == nil || d.found.IsActive })
}

// isPrescribed passes the definition that the request names, or one of its type.
func (d *detail) isPrescribed(c *creating) bool {
	definition, code := c.Body.request.Definition(), c.Body.request.TypeCode()
	switch {
	case d.sent.Device == nil:
		sent := d.sent.DeviceCode
		return code != nil && sent != nil && len(sent.Coding) > 0 && sent.Coding[0].Code == *code
	case definition != nil:
		return *definition == idOf(*d.sent.Device)
	}
	return d.found.IsOfType
}

func (d *detail) isCountedAsPrescribed(c *creating) bool {
	prescribed := c.Body.request.Quantity
	return prescribed == nil || d.found.PackagingUnit == nil || *d.found.PackagingUnit == prescribed.Code
}

func (d *detail) fillsPackages(*creating) bool {
	return d.found.PackagingCount == nil || devicerequests.Divisible(d.sent.Quantity.Value, *d.found.PackagingCount)
}

func (d *detail) programDeviceIsInDate(*creating) bool {
	return d.sent.ProgramDevice == nil || d.found.IsInDate
}

func (d *detail) programDeviceIsEnough(c *creating) bool {
	return d.found.MaxDailyCount == nil || *d.found.MaxDailyCount >= c.Body.request.PerDay()
}

func (d *detail) programDeviceIsDevice(*creating) bool {
	return d.sent.ProgramDevice == nil || d.sent.Device == nil ||
		d.found.DeviceDefinitionID != nil && *d.found.DeviceDefinitionID == idOf(*d.sent.Device)
}

func (d *detail) programDeviceIsOfProgram(c *creating) bool {
	return d.sent.ProgramDevice == nil || c.Body.Program == nil ||
		d.found.MedicalProgramID != nil && *d.found.MedicalProgramID == idOf(*c.Body.Program)
}

// participantsExist looks up the devices of the program, where the body names none.
func participantsExist(ctx context.Context, c *creating) error {
	if c.Body.Program == nil {
		return nil
	}
	for i := range c.Body.details {
		d := &c.Body.details[i]
		if d.sent.ProgramDevice != nil {
			continue
		}
		var definition *uuid.UUID
		var code *string
		if d.sent.Device != nil {
			definition = new(idOf(*d.sent.Device))
		} else {
			code = c.Body.request.TypeCode()
		}
		var err error
		d.participants, err = c.API.Programs.Devices(ctx, idOf(*c.Body.Program), definition, code, c.Body.request.PerDay(), c.Now)
		if err != nil {
			return err
		}
	}
	return c.Body.each(rules.DeviceDispenseCreateParticipant, func(d *detail) bool {
		return d.sent.ProgramDevice != nil || len(d.participants) > 0
	})
}

func (d *detail) isOneParticipant(*creating) bool { return len(d.participants) <= 1 }

// stored is the detail as the dispense has it: in the program, with what it pays back.
func (d *detail) stored(c *creating) Detail {
	quantity := medicalevents.Quantity{
		Value: d.sent.Quantity.Value, System: string(d.sent.Quantity.System), Code: d.sent.Quantity.Code,
		Unit: c.API.Dictionaries.Text(string(d.sent.Quantity.System), d.sent.Quantity.Code),
	}
	stored := Detail{Quantity: quantity, SellPrice: d.sent.SellPrice, DiscountAmount: d.sent.DiscountAmount}
	if d.sent.Device != nil {
		stored.Device = new(medicalevents.Received(*d.sent.Device))
	}
	if d.sent.DeviceCode != nil {
		stored.DeviceCode = new(medicalevents.ReceivedConcept(*d.sent.DeviceCode))
	}
	pays := reimbursement{fixed: d.found.ReimbursementAmount, percentage: d.found.PercentageDiscount, price: d.found.ConsumerPrice, packaging: d.found.PackagingCount}
	if d.sent.ProgramDevice != nil {
		stored.ProgramDevice = new(medicalevents.Received(*d.sent.ProgramDevice))
	} else if len(d.participants) > 0 {
		one := d.participants[0]
		stored.ProgramDevice = new(medicalevents.To("program_device", one.PRMProgramDevice.ID))
		pays = reimbursement{
			fixed: one.PRMProgramDevice.ReimbursementAmount, percentage: one.PRMProgramDevice.PercentageDiscount,
			price: one.PRMProgramDevice.ConsumerPrice, packaging: &one.PRMDeviceDefinition.PackagingCount,
		}
	}
	stored.ReimbursementAmount = pays.of(quantity.Value)
	return stored
}

// reimbursement is what a program pays back: an amount for each device, or a part of the
// price of a package.
type reimbursement struct {
	fixed, percentage, price *float64
	packaging                *int32
}

// of a number of devices, in UAH; nil when the program says nothing.
func (r reimbursement) of(devices float64) *float64 {
	const whole, cents = 100, 100
	var amount float64
	switch {
	case r.fixed != nil:
		amount = *r.fixed * devices
	case r.percentage != nil && r.price != nil && r.packaging != nil:
		amount = *r.price * devices / float64(*r.packaging) * *r.percentage / whole
	default:
		return nil
	}
	return new(math.Round(amount*cents) / cents)
}
