package devicerequests

import (
	"context"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/validation"
	"esoz/internal/resource/medicalevents"
)

// signed is the body of Revoke and Mark in error, and whom their job tells.
type signed struct {
	api.DeviceRequestSigned
	informed
}

type ending = operation.Call[*API, Document, signed]

// end is what Revoke and Mark in error have in common: who may signs the device request as it
// is read, with the reason for its end and the status that it ends in.
type end struct {
	id, family string
	first      []operation.Check[*ending] // before the schema of the body
	author     func(ctx context.Context, c *ending) error
	from       operation.Want // the status
	to         string
	reasons    string // the dictionary
	file       string // of the media store
	text       func(c *config.Config) string
}

func (e end) transition() operation.Transition[*API, Document, signed] {
	rule := func(name string) rules.ID { return rules.ID(e.family + "." + name) }
	return operation.Transition[*API, Document, signed]{
		ID: e.id, Collection: Collection, Kind: kind, Again: true,
		Signed: func(b *signed) string { return b.SignedData },
		Guard:  e.first,
		Checks: slices.Concat(
			[]operation.Check[*ending]{
				{Rule: rule("legal_entity"), Caller: operation.HasLegalEntity},
				{Rule: rule("legal_entity_type"), Caller: operation.MayWorkWithMedicalEvents},
				{Rule: rule("legal_entity_status"), Caller: operation.LegalEntityIsActive},
				{Rule: rule("legal_entity_verified"), Caller: operation.LegalEntityIsVerified},
			},
			operation.SignedContent[*ending](e.family, 1, 0),
			operation.SignerIsCaller[*ending](e.family),
			[]operation.Check[*ending]{
				{Rule: rule("not_found"), Want: operation.Exists},
				{Rule: rule("patient"), Field: "subject", Want: operation.Is(operation.Patient)},
				{Rule: rule("author"), Pass: e.author},
				{Rule: rule("status"), Field: "status", Want: e.from},
			},
			medicalevents.HasReason(e.family, e.reasons, func(c *ending) validation.Dictionaries { return c.API.Dictionaries }),
			[]operation.Check[*ending]{
				{Rule: rule("status_value"), Pass: func(_ context.Context, c *ending) error {
					return operation.Expect(c.Object()["status"] == e.to, "status of the content", e.to, "another value")
				}},
				{Rule: rule("content"), Pass: contentIsStored, Seen: func(c *ending) mongodb.Condition {
					return mongodb.Condition{Field: "updated_at", Operator: mongodb.Equal, Values: []any{c.Document.UpdatedAt}}
				}},
			},
		),
		Prepare: func(ctx context.Context, c *ending) (err error) {
			c.Body.phone, err = c.API.phone(ctx, c.Config, &c.Document)
			return err
		},
		Change: func(c *ending) operation.Change {
			reason, _ := medicalevents.ReasonIn(c.Object())
			return operation.Change{
				Set:  map[string]any{"status": e.to, "status_reason": reason},
				Push: map[string]any{"signed_content_links": medicalevents.ContentName(Collection, c.ID, e.file)},
			}
		},
		Event: operation.Event{Entity: "DeviceRequest", Attribute: "status", To: []string{e.to}},
		Commit: func(ctx context.Context, tx postgres.Tx, c *ending) error {
			if err := medicalevents.Keep(ctx, tx, c.API.Media, medicalevents.ContentName(Collection, c.ID, e.file), c.Body.SignedData); err != nil {
				return err
			}
			return c.API.inform(ctx, tx, c.Body.phone, e.text(c.Config))
		},
	}
}

// contentIsStored passes when the content is what Get Device Request Details shows, but for
// what the end changes, the moments, and what is left, which dispenses change.
func contentIsStored(_ context.Context, c *ending) error {
	shown, _, err := c.Document.Show(c.API.Engine.Keys)
	if err != nil {
		return err
	}
	return c.ExpectShown(shown, "status", "status_reason", "remaining_quantity", "inserted_at", "updated_at")
}
