package devicerequests

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/postgres"
)

// Programs asks medical programs about device requests.
type Programs struct{ Pool *pgxpool.Pool }

// Participant is a device that a medical program pays for.
type Participant = db.ListDevicesOfProgramRow

// Verdict is what a medical program says to a device request.
type Verdict struct {
	Program      db.GetDeviceProgramRow
	Reason       string        // why it does not pay, "" when it does
	Participants []Participant // what may be dispensed
}

// Reasons of a medical program not to pay.
const (
	noProgram      = "Program not found"
	notOfDevices   = "Invalid program type"
	notAllowed     = "Medical program is not allowed for this action"
	beingTreated   = "It is not allowed to create device request with the same code in one treatment period"
	notProvided    = "Program is not provided by the division"
	noParticipants = "No appropriate participants found for this medical program"
	otherUnits     = "Not found any active Device Definition with the same units of measure as pointed in the quantity of the Device Request"
	notDivisible   = "The quantity in the Device Request must be divisible to packaging_count of at least one related Device Definition"
)

// Judge asks a medical program whether it pays for what a division dispenses of a device
// request.
func (p Programs) Judge(ctx context.Context, program, division uuid.UUID, d *Document, now time.Time) (v Verdict, err error) {
	v.Program, err = p.get(ctx, db.GetDeviceProgramParams{
		ProgramID: program, DivisionID: division, Today: clock.Today(now), PerDay: d.PerDay(),
	})
	if err != nil {
		return v, err
	}
	switch {
	case v.Program.IsActive == nil || !*v.Program.IsActive:
		v.Reason = noProgram
	case *v.Program.Type != "DEVICE":
		v.Reason = notOfDevices
	case !v.Program.SkipsProvision && !v.Program.IsProvided:
		v.Reason = notProvided
	case !v.Program.HasDevices:
		v.Reason = noParticipants
	}
	if v.Reason != "" {
		return v, nil
	}
	return v, p.choose(ctx, &v, program, d, now)
}

// PreJudge asks a medical program whether it would pay for a new device request, whose
// requester has a speciality. treated: the patient has what it prescribes at that time.
func (p Programs) PreJudge(ctx context.Context, program uuid.UUID, d *Document, speciality string, treated bool, now time.Time) (v Verdict, err error) {
	v.Program, err = p.get(ctx, db.GetDeviceProgramParams{ProgramID: program, Today: clock.Today(now), PerDay: d.PerDay()})
	if err != nil {
		return v, err
	}
	codeType := "CLASSIFICATION_TYPE"
	if d.CodeReference != nil {
		codeType = "DEVICE_DEFINITION"
	}
	lacks := func(allowed []string, one string) bool { return len(allowed) > 0 && !slices.Contains(allowed, one) }
	switch {
	case v.Program.IsActive == nil || !*v.Program.IsActive:
		v.Reason = noProgram
	case *v.Program.Type != "DEVICE":
		v.Reason = notOfDevices
	case !v.Program.RequestAllowed || lacks(v.Program.Specialities, speciality) || lacks(v.Program.CodeTypes, codeType):
		v.Reason = notAllowed
	case !v.Program.SkipsTreatment && treated:
		v.Reason = beingTreated
	case !v.Program.HasDevices:
		v.Reason = noParticipants
	}
	if v.Reason != "" {
		return v, nil
	}
	return v, p.choose(ctx, &v, program, d, now)
}

// choose fills what may be dispensed, or why nothing may.
func (p Programs) choose(ctx context.Context, v *Verdict, program uuid.UUID, d *Document, now time.Time) error {
	found, err := p.Devices(ctx, program, d.Definition(), d.TypeCode(), d.PerDay(), now)
	if err != nil {
		return err
	}
	v.Reason = otherUnits
	for _, device := range found {
		if !d.inUnits(device.PRMDeviceDefinition.PackagingUnit) {
			continue
		}
		if v.Reason == otherUnits {
			v.Reason = notDivisible
		}
		if d.Quantity == nil || Divisible(d.Quantity.Value, device.PRMDeviceDefinition.PackagingCount) {
			v.Participants = append(v.Participants, device)
		}
	}
	if len(v.Participants) > 0 {
		v.Reason = ""
	}
	return nil
}

// SkipsDLS tells whether a medical program lets divisions dispense that the register of
// drugstores has not verified.
func (p Programs) SkipsDLS(ctx context.Context, program uuid.UUID, now time.Time) (bool, error) {
	found, err := p.get(ctx, db.GetDeviceProgramParams{ProgramID: program, Today: clock.Today(now)})
	return found.SkipsDLS, err
}

func (p Programs) get(ctx context.Context, asked db.GetDeviceProgramParams) (db.GetDeviceProgramRow, error) {
	found, err := db.New().GetDeviceProgram(ctx, p.Pool, asked)
	if err != nil {
		return found, fmt.Errorf("look up a medical program: %w", postgres.Error(err))
	}
	return found, nil
}

// Devices are those that a medical program pays for, so many a day, which have a definition
// or are of a type.
func (p Programs) Devices(ctx context.Context, program uuid.UUID, definition *uuid.UUID, code *string, perDay float64, now time.Time) ([]Participant, error) {
	found, err := db.New().ListDevicesOfProgram(ctx, p.Pool, db.ListDevicesOfProgramParams{
		ProgramID: program, Today: clock.Today(now), PerDay: perDay, DefinitionID: definition, Code: code,
	})
	if err != nil {
		return nil, fmt.Errorf("look up devices of a medical program: %w", postgres.Error(err))
	}
	return found, nil
}

// Device returns what the register says of a device definition, of a type if one is given,
// and of the device in a program that is named beside it.
func (p Programs) Device(ctx context.Context, definition uuid.UUID, programDevice *uuid.UUID, code *string, now time.Time) (db.GetDispensedDeviceRow, error) {
	found, err := db.New().GetDispensedDevice(ctx, p.Pool, db.GetDispensedDeviceParams{
		DefinitionID: definition, ProgramDeviceID: programDevice, Code: code, Today: clock.Today(now),
	})
	if err != nil {
		return found, fmt.Errorf("look up a device definition: %w", postgres.Error(err))
	}
	return found, nil
}

// PerDay is how many devices a day a request asks for, 0 when it leaves the amount open.
func (d *Document) PerDay() float64 {
	const hoursOfDay = 24
	if d.Quantity == nil || d.OccurrencePeriod.End == nil {
		return 0
	}
	days := max(1, d.OccurrencePeriod.End.Sub(d.OccurrencePeriod.Start).Hours()/hoursOfDay)
	return d.Quantity.Value / days
}

// Definition is the device definition that a request prescribes, nil when it prescribes a type.
func (d *Document) Definition() *uuid.UUID {
	if d.CodeReference == nil {
		return nil
	}
	return &d.CodeReference.Identifier.Value
}

// TypeCode is the type of devices that a request prescribes, nil when it prescribes a definition.
func (d *Document) TypeCode() *string {
	if d.Code == nil || len(d.Code.Coding) == 0 {
		return nil
	}
	return &d.Code.Coding[0].Code
}

// inUnits tells whether a request counts devices as their packages do.
func (d *Document) inUnits(unit string) bool { return d.Quantity == nil || d.Quantity.Code == unit }

// Divisible tells whether an amount is a number of whole packages.
func Divisible(amount float64, packagingCount int32) bool {
	return math.Mod(amount, float64(packagingCount)) == 0
}
