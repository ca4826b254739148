package medicalrecords

import (
	"context"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/mongodb"
)

// Referrals tells what was made of referrals.
type Referrals struct{ Documents *mongo.Database }

// CarryOut tells whether an encounter or a diagnostic report of a patient refers to a
// referral. patient is their hidden id under each key.
func (r Referrals) CarryOut(ctx context.Context, patient []string, referral uuid.UUID) (bool, error) {
	var hidden []any
	for _, one := range patient {
		hidden = append(hidden, one)
	}
	for collection, field := range map[string]string{encounters.Collection: referralField, diagnosticReports.Collection: basedOnField} {
		_, total, err := mongodb.DocumentsOf(r.Documents, collection).Find(ctx, []mongodb.Condition{
			{Field: "patient_id", Operator: mongodb.OneOf, Values: hidden},
			{Field: field, Operator: mongodb.Equal, Values: []any{referral}},
			{Field: mongodb.Visible, Operator: mongodb.Equal, Values: []any{true}},
		}, mongodb.OldestFirst, 0, 1)
		if err != nil || total > 0 {
			return total > 0, err
		}
	}
	return false, nil
}
