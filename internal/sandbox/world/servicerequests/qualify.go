package servicerequests

import (
	"net/http"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/build"
)

func qualify(w *build.World) {
	const op = "qualifyServiceRequest"
	by := func(token, id string, programs ...string) build.Request {
		body := api.ServiceRequestQualify{Programs: []api.ReferenceRequest{}}
		for _, name := range programs {
			body.Programs = append(body.Programs, *reference("medical_program", name))
		}
		return build.Post(token, "/api/service_requests/"+id+"/actions/qualify").With(body)
	}
	of := func(id uuid.UUID, programs ...string) build.Request { return by(doctor, id.String(), programs...) }
	refused := func(title string, id uuid.UUID, rule rules.ID) {
		w.Refused(op, title, of(id, "medical program"), fault.Refuse(rule))
	}
	given := func(name, note string) *referral { return issue(w, name, "patient", note, clinic(3*day)) }

	fresh := given("service request to be qualified", "active, new in its program: programs may be asked").add()
	w.Passes(op, "a program that pays", of(fresh, "medical program"), http.StatusOK)
	w.Passes(op, "programs that do not pay", of(fresh, "no program", "inactive medical program", "medical program of medications",
		"other medical program", "medical program without requests"), http.StatusOK)
	w.Passes(op, "a referral in work", of(build.ID("service request in_progress in its program"), "medical program"), http.StatusOK)
	stranger := issue(w, "service request of a stranger to be qualified", "stranger_patient", "of a patient of the other clinic, by its doctor", otherClinic(3*day)).add()
	w.Passes(op, "a stranger's referral, which no program pays for", of(stranger, "medical program"), http.StatusOK)

	w.Refused(op, "no programs", of(fresh), build.WrongShape(rules.ServiceRequestQualifySchema, "$.programs", "length", "expected a minimum of 1 items but got 0"))
	refused("an unknown referral", build.ID("no service request"), rules.ServiceRequestQualifyNotFound)
	w.Refused(op, "a malformed id", by(doctor, "1", "medical program"), fault.Refuse(rules.ServiceRequestQualifyNotFound))
	refused("a referral without a program", build.ID("service request without a program"), rules.ServiceRequestQualifyProgramStatus)
	refused("a referral that is completed in its program", build.ID("completed service request"), rules.ServiceRequestQualifyProgramStatus)
	refused("a recalled referral", build.ID("recalled service request"), rules.ServiceRequestQualifyStatus)

	w.Passes(op, "an activity of a care plan", of(planned(w, "to be carried out", Plan{}), "medical program"), http.StatusOK)
	refused("an activity that was cancelled", planned(w, "that is cancelled", Plan{Activity: "cancelled"}), rules.ServiceRequestQualifyActivity)
	refused("an activity of which nothing is left", planned(w, "of which nothing is left", Plan{Exhausted: true}), rules.ServiceRequestQualifyQuantity)
	refused("an activity of a completed care plan", planned(w, "of a completed care plan", Plan{Status: "completed"}), rules.ServiceRequestQualifyCarePlan)
	refused("an activity of a care plan that has ended", planned(w, "of a care plan that has ended", Plan{Ended: true}), rules.ServiceRequestQualifyCarePlanEnd)
}

// planned adds a referral that carries out an activity of a care plan.
func planned(w *build.World, what string, p Plan) uuid.UUID {
	r := issue(w, "service request for an activity "+what, "patient", "carries out an activity of a care plan", clinic(3*day))
	r.d.BasedOn = p.Add(w, what)
	return r.add()
}

// ofReferral is how much a referral asks for.
const ofReferral = 10

func units(value float64) medicalevents.Quantity {
	return medicalevents.Quantity{Value: value, System: "SERVICE_UNIT", Code: "PIECE"}
}

// Plan is a care plan of the patient with an activity: active, scheduled and with something
// left, unless it says something else.
type Plan struct {
	Status, Activity string
	Exhausted, Ended bool
}

// Add seeds the plan and returns what based_on of a document that carries it out names.
func (p Plan) Add(w *build.World, what string) []medicalevents.Reference {
	or := func(value, otherwise string) string {
		if value == "" {
			return otherwise
		}
		return value
	}
	patient, at := w.Seal.PatientID(build.ID("patient")), w.Now.AddDate(0, -1, 0)
	end, left := w.Now.AddDate(0, 6, 0), 5.0
	if p.Ended {
		end = w.Now.AddDate(0, 0, -1)
	}
	if p.Exhausted {
		left = 0
	}
	carePlan := w.Object("care plan", "care plan with an activity "+what, "of the patient")
	activity := w.Object("activity", "activity "+what, "of a care plan of the patient")
	w.Document("care_plans", bson.D{
		{Key: "_id", Value: carePlan},
		{Key: "patient_id", Value: patient},
		{Key: "status", Value: or(p.Status, "active")},
		{Key: "period", Value: medicalevents.Period{Start: at, End: &end}},
		{Key: "managing_organization", Value: clinic(0).organization()},
		{Key: "inserted_at", Value: at},
	})
	w.Document("activities", bson.D{
		{Key: "_id", Value: activity},
		{Key: "patient_id", Value: patient},
		{Key: "status", Value: or(p.Activity, "scheduled")},
		{Key: "care_plan", Value: medicalevents.To("care_plan", carePlan)},
		{Key: "detail", Value: bson.D{
			{Key: "quantity", Value: units(left + ofReferral)}, {Key: "remaining_quantity", Value: units(left)},
		}},
		{Key: "inserted_at", Value: at},
	})
	return []medicalevents.Reference{medicalevents.To("care_plan", carePlan), medicalevents.To("activity", activity)}
}
