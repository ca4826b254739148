package devicedispenses

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
)

func performerIsUser(ctx context.Context, c *creating) error {
	found, err := performer.Referent(ctx, c)
	if err != nil {
		return err
	}
	return operation.Expect(found != nil && c.Party != nil && found.Party == c.Party.ID, "performer", "an employee that the user is", "another employee, or none")
}

func performerStays(ctx context.Context, c *creating) error {
	found, err := performer.Referent(ctx, c)
	if found == nil {
		return err
	}
	return operation.Expect(found.Until == nil || found.Until.After(clock.Today(c.Now)), "end_date of the performer", "later than today", found.Until)
}

func locationIsVerified(ctx context.Context, c *creating) error {
	if !c.Config.DeviceDispenseDLS {
		return nil
	}
	found, err := location.Referent(ctx, c)
	if err != nil || found.Verified {
		return err
	}
	if c.Body.Program != nil {
		if skips, err := c.API.Programs.SkipsDLS(ctx, idOf(*c.Body.Program), c.Now); err != nil || skips {
			return err
		}
	}
	return operation.Expect(false, "dls_verified of the division", true, false)
}

func requestExists(ctx context.Context, c *creating) (err error) {
	id, _ := envelope.ParseID(c.Body.BasedOn.Identifier.Value) // a malformed id finds nothing
	for i := range c.Body.Details {
		c.Body.details = append(c.Body.details, detail{sent: &c.Body.Details[i]})
	}
	c.Body.request, err = c.API.request(ctx, id)
	return err
}

func requestIsOfPatient(_ context.Context, c *creating) error {
	return operation.Expect(slices.Contains(c.Patient.Hidden, c.Body.request.Subject), "patient of the device request", "the patient of the path", "another patient")
}

func requestIsOrder(_ context.Context, c *creating) error {
	return operation.Expect(c.Body.request.Intent == "order", "intent of the device request", "order", c.Body.request.Intent)
}

func requestIsActive(_ context.Context, c *creating) error {
	return operation.Expect(c.Body.request.Status == devicerequests.Active, "status of the device request", devicerequests.Active, c.Body.request.Status)
}

func requestHasNotExpired(_ context.Context, c *creating) error {
	return operation.Expect(!c.Body.request.DispenseValidTo.Before(c.Now), "dispense_valid_to of the device request",
		"not before "+c.Now.Format(time.RFC3339), c.Body.request.DispenseValidTo)
}

func programIsThatOfRequest(_ context.Context, c *creating) error {
	var sent, stored uuid.UUID
	if c.Body.Program != nil {
		sent = idOf(*c.Body.Program)
	}
	if c.Body.request.Program != nil {
		stored = c.Body.request.Program.Identifier.Value
	}
	return operation.Expect(sent == stored, "program", "that of the device request", "another one, or none")
}

func programPays(ctx context.Context, c *creating) (err error) {
	if c.Body.Program == nil {
		return nil
	}
	c.Body.program, err = c.API.Programs.Judge(ctx, idOf(*c.Body.Program), idOf(c.Body.Location), c.Body.request, c.Now)
	if err != nil {
		return err
	}
	return operation.Expect(c.Body.program.Reason == "", "Qualify Device Request", "VALID", c.Body.program.Reason)
}

func idOf(sent api.ReferenceRequest) uuid.UUID { return medicalevents.Received(sent).Identifier.Value }

func nothingIsBeingDispensed(ctx context.Context, c *creating) error {
	if c.Body.request.Quantity == nil {
		return nil
	}
	waiting, err := devicerequests.BeingDispensed(ctx, c.API.Engine.Documents, c.Body.request.ID, c.Now.Add(-c.Config.DeviceDispenseTTL))
	if err != nil {
		return err
	}
	return operation.Expect(len(waiting) == 0, "dispenses of the device request in_progress", 0, len(waiting))
}

// isFirst looks again in the transaction that ends the job: another dispense of the request
// may have been made at the same time. It counts when its job has ended, as its audit row
// tells.
func (a *API) isFirst(ctx context.Context, tx postgres.Tx, c *creating, id uuid.UUID) error {
	if err := db.New().LockDispensesOfRequest(ctx, tx, id.String()); err != nil {
		return fmt.Errorf("lock the dispenses of a device request: %w", postgres.Error(err))
	}
	request, err := a.request(ctx, id)
	if err != nil || request.Quantity == nil {
		return err
	}
	waiting, err := devicerequests.BeingDispensed(ctx, a.Engine.Documents, id, c.Now.Add(-c.Config.DeviceDispenseTTL))
	if err != nil {
		return err
	}
	var onTheirWay []string
	for _, other := range waiting {
		switch {
		case other.ID == c.ID:
		case len(other.AppliedJobs) == 0:
			return operation.Expect(false, "dispenses of the device request in_progress", "none", "another one")
		default:
			onTheirWay = append(onTheirWay, other.ID.String())
		}
	}
	told, err := db.New().ListToldDispenses(ctx, tx, onTheirWay)
	if err != nil {
		return fmt.Errorf("look up dispenses of a device request: %w", postgres.Error(err))
	}
	return operation.Expect(len(told) == 0, "dispenses of the device request in_progress", "none", "another one")
}

func codeFits(_ context.Context, c *creating) error {
	sent, request := c.Body.VerificationCode, c.Body.request
	if sent == nil {
		return nil
	}
	var code string
	if request.VerificationCode != nil {
		var err error
		if code, err = c.API.Engine.Keys.OpenDocumentCode(*request.VerificationCode, request.SealedWith); err != nil {
			return fmt.Errorf("open the code of device request %s: %w", request.ID, err)
		}
	}
	return operation.Expect(*sent == code, "verification_code", "that of the device request", "another code")
}

func enoughIsLeft(ctx context.Context, c *creating) error {
	if c.Body.request.Quantity == nil {
		return nil
	}
	handedOver, err := devicerequests.HandedOver(ctx, c.API.Engine.Documents, c.Body.request.ID)
	if err != nil {
		return err
	}
	var wanted float64
	for _, d := range c.Body.Details {
		wanted += d.Quantity.Value
	}
	left := c.Body.request.Quantity.Value - handedOver
	return operation.Expect(wanted <= left, "quantity of the details", fmt.Sprintf("at most %v", left), wanted)
}
