package servicerequests

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/validation"
	"esoz/internal/resource/medicalevents"
)

// withdrawal is the body of Recall and Cancel, and the phone of the patient.
type withdrawal struct {
	api.ServiceRequestSigned
	phone string
}

type withdrawing = operation.Call[*API, Document, withdrawal]

// withdraw is what Recall and Cancel have in common: the author signs the service request as
// it is read, with the reason for its end.
type withdraw struct {
	id, family string
	first      []operation.Check[*withdrawing] // before the patient is looked up
	author     []operation.Check[*withdrawing] // after that of requester_employee
	reasons    string                          // the dictionary
	to         string
	file       string // of the media store
	text       func(c *config.Config) string
}

func (w withdraw) transition() operation.Transition[*API, Document, withdrawal] {
	rule := func(name string) rules.ID { return rules.ID(w.family + "." + name) }
	return operation.Transition[*API, Document, withdrawal]{
		ID: w.id, Collection: Collection, Kind: kind, Again: true,
		Signed: func(b *withdrawal) string { return b.SignedData },
		Guard: slices.Concat(w.first, []operation.Check[*withdrawing]{
			{Rule: rule("person"), Pass: operation.FindPatient[*API, Document, withdrawal]},
			{Rule: rule("person_active"), Pass: operation.CalledPatientIsActive[*API, Document, withdrawal]},
		}),
		Checks: slices.Concat(
			[]operation.Check[*withdrawing]{
				{Rule: rule("legal_entity"), Caller: operation.HasLegalEntity},
				{Rule: rule("legal_entity_type"), Caller: operation.MayWorkWithMedicalEvents},
				{Rule: rule("legal_entity_status"), Caller: operation.LegalEntityIsActive},
				{Rule: rule("legal_entity_verified"), Caller: operation.LegalEntityIsVerified},
			},
			operation.SignedContent[*withdrawing](w.family, 1, 0),
			operation.SignerIsCaller[*withdrawing](w.family),
			[]operation.Check[*withdrawing]{{Rule: rule("requester"), Pass: callerMayWithdraw}},
			w.author,
			[]operation.Check[*withdrawing]{
				{Rule: rule("not_found"), Want: operation.Exists},
				{Rule: rule("patient"), Field: "subject", Want: operation.Is(operation.Patient)},
				{Rule: rule("status"), Field: "status", Want: operation.Is(Active)},
			},
			medicalevents.HasReason(w.family, w.reasons, func(c *withdrawing) validation.Dictionaries { return c.API.Dictionaries }),
			[]operation.Check[*withdrawing]{
				{Rule: rule("content"), Pass: contentIsStored, Seen: func(c *withdrawing) mongodb.Condition {
					return seen("updated_at", c.Document.UpdatedAt)
				}},
				{Rule: rule("occurrence"), Pass: func(_ context.Context, c *withdrawing) error {
					content := c.Object()
					return operation.Expect(content["occurrence_date_time"] == nil || content["occurrence_period"] == nil, "occurrence of the content",
						"a moment or a period", "both")
				}},
			},
		),
		Prepare: func(ctx context.Context, c *withdrawing) (err error) {
			if c.Document.Performer == nil {
				c.Body.phone, err = c.API.phoneOf(ctx, c.Patient.ID, c.Document.InformWith)
			}
			return err
		},
		Change: func(c *withdrawing) operation.Change {
			reason, _ := medicalevents.ReasonIn(c.Object())
			change := operation.Change{
				Set: map[string]any{"status": w.to, "status_reason": reason},
				Push: map[string]any{
					"status_history":       StatusChange{Status: w.to, StatusReason: &reason, Change: Change{InsertedAt: c.Now, InsertedBy: c.UserID}},
					"signed_content_links": medicalevents.ContentName(Collection, c.ID, w.file),
				},
			}
			if letter, ok := c.Object()["explanatory_letter"].(string); ok {
				change.Set["explanatory_letter"] = letter
			}
			return change
		},
		Event:   operation.Event{Entity: "ServiceRequest", Attribute: "status", To: []string{w.to}},
		Follows: ends[withdrawal](),
		Commit: func(ctx context.Context, tx postgres.Tx, c *withdrawing) error {
			if err := medicalevents.Keep(ctx, tx, c.API.Media, medicalevents.ContentName(Collection, c.ID, w.file), c.Body.SignedData); err != nil {
				return err
			}
			return c.API.inform(ctx, tx, c.Body.phone, w.text(c.Config), &c.Document)
		},
	}
}

// callerMayWithdraw passes the author, and who may change the care plan that the service
// request carries out. The content says both; a later check compares it with what is stored.
func callerMayWithdraw(ctx context.Context, c *withdrawing) error {
	content := c.Object()
	own, err := c.API.People.Employees(ctx, c.Subject)
	if err != nil {
		return err
	}
	if slices.Contains(own, medicalevents.IDIn(content["requester_employee"])) {
		return nil
	}
	var plans []uuid.UUID
	basedOn, _ := content["based_on"].([]any)
	for _, one := range basedOn {
		plans = append(plans, medicalevents.IDIn(one))
	}
	may, err := c.API.People.MayWrite(ctx, c.Subject, c.Patient, "care_plan", plans)
	if err != nil {
		return err
	}
	return operation.Expect(may, "requester_employee of the content", "an employee that the user is, or a care plan that the user may change", "neither")
}

// contentIsStored passes when the content is what Get Service Request Details shows, but for
// what the end adds and the moments.
func contentIsStored(_ context.Context, c *withdrawing) error {
	shown, _, err := c.Document.Show(c.API.Engine.Keys)
	if err != nil {
		return err
	}
	return c.ExpectShown(shown, "status_reason", "explanatory_letter", "inserted_at", "updated_at")
}

// phoneOf is the phone by which a patient is told of a service request: that of the method
// which inform_with names, or of the default one. It is empty when that gets no SMS.
func (a *API) phoneOf(ctx context.Context, patient uuid.UUID, named *InformWith) (string, error) {
	ways, err := a.People.Confirmations(ctx, patient)
	return medicalevents.WayOf(ways, named.method()).SMS(), err
}
