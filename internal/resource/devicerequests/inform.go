package devicerequests

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"esoz/internal/platform/config"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/sms"
	"esoz/internal/resource/medicalevents"
)

// noSMS is the text of a template with which nothing is sent.
const noSMS = "none"

// phone returns the phone that SMS about a request go to, "" when its patient gets none.
func (a *API) phone(ctx context.Context, cfg *config.Config, d *Document) (string, error) {
	if d.Program == nil && !cfg.DeviceRequestSMS {
		return "", nil
	}
	if d.Program != nil {
		if silent, err := a.isSilent(ctx, d.Program.Identifier.Value); err != nil || silent {
			return "", err
		}
	}
	patient, err := a.Engine.Keys.OpenPatientID(d.Subject, d.SealedWith)
	if err != nil {
		return "", fmt.Errorf("inform of device request %s: %w", d.ID, err)
	}
	by, err := a.method(ctx, d, patient)
	if err != nil || by.SMS() == "" {
		return "", err
	}
	if d.InformWith != nil && by.Type == medicalevents.MethodThirdPerson && cfg.ConfidantRelationships {
		named, err := a.People.Method(ctx, by.ID)
		if err != nil || named == nil || !named.ConfidantApproved {
			return "", err
		}
	}
	return by.SMS(), nil
}

// inform tells a patient by SMS, if there is a phone and a text.
func (a *API) inform(ctx context.Context, tx postgres.Tx, phone, text string) error {
	if phone == "" || text == noSMS {
		return nil
	}
	return a.Outbox.Enqueue(ctx, tx, sms.Message{Phone: phone, Text: text, Type: sms.TypeInformation})
}

// method returns how the patient of a request is told of it; nil: in no way.
func (a *API) method(ctx context.Context, d *Document, patient uuid.UUID) (*medicalevents.Confirmation, error) {
	ways, err := a.People.Confirmations(ctx, patient)
	return medicalevents.WayOf(ways, d.InformWith), err
}
