package medicalrecords

import (
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Indexes of the collections, by their names. A list is of one patient, of one episode, of
// one encounter or of services.
func Indexes() map[string][]mongo.IndexModel {
	newest := func(fields ...string) mongo.IndexModel {
		keys := bson.D{{Key: "patient_id", Value: 1}}
		for _, field := range fields {
			keys = append(keys, bson.E{Key: field, Value: 1})
		}
		return mongo.IndexModel{Keys: append(keys, bson.E{Key: "inserted_at", Value: -1}, bson.E{Key: "_id", Value: 1})}
	}
	all := map[string][]mongo.IndexModel{}
	for collection, encounter := range map[string]string{
		encounters.Collection:          originField,
		conditions.Collection:          contextField,
		observations.Collection:        contextField,
		diagnosticReports.Collection:   encounterField,
		procedures.Collection:          encounterField,
		immunizations.Collection:       contextField,
		allergyIntolerances.Collection: contextField,
		riskAssessments.Collection:     contextField,
	} {
		all[collection] = []mongo.IndexModel{newest(), newest(episodeField), newest(encounter)}
	}
	all[observations.Collection] = append(all[observations.Collection], newest(reportField))
	for _, collection := range []string{diagnosticReports.Collection, procedures.Collection} {
		all[collection] = append(all[collection], newest(serviceField))
	}
	return all
}
