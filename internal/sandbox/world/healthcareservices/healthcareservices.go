// Package healthcareservices has healthcare services that are not ACTIVE, or of a pharmacy.
package healthcareservices

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

// Who calls.
var (
	owner      = build.TokenValue("owner")
	pharmacist = build.TokenValue("pharmacist")
	nhs        = build.TokenValue("nhs_admin")
)

// Add adds the healthcare services and the cases.
func Add(w *build.World) {
	coded := func(system, code string) build.Row {
		return build.Row{"coding": []build.Row{{"system": system, "code": code}}}
	}
	for _, h := range []struct {
		name, division, legalEntity, note string
		columns                           build.Row
	}{
		{"inactive healthcare service", "division of the clinic", "clinic", "INACTIVE", build.Row{
			"status": "INACTIVE", "category": coded("HEALTHCARE_SERVICE_CATEGORIES", "MSP"), "speciality_type": "PEDIATRICIAN", "providing_condition": "OUTPATIENT",
		}},
		{"removed healthcare service", "division of the clinic", "clinic", "INACTIVE, is_active is false", build.Row{
			"status": "INACTIVE", "is_active": false, "category": coded("HEALTHCARE_SERVICE_CATEGORIES", "MSP"),
		}},
		{"healthcare service of the pharmacy", "division of the other pharmacy", "other_pharmacy", "sells medications", build.Row{
			"status": "ACTIVE", "category": coded("HEALTHCARE_SERVICE_CATEGORIES", "PHARMACY_DRUGS"),
			"type": coded("HEALTHCARE_SERVICE_PHARMACY_DRUGS_TYPES", "SALE"), "license_id": build.ID("license of other_pharmacy"),
		}},
	} {
		w.Insert("prm.healthcare_services", build.Changed(w.Audited(build.Row{
			"id": w.Object("healthcare service", h.name, h.note), "division_id": build.ID(h.division), "legal_entity_id": build.ID(h.legalEntity),
		}), h.columns))
	}
	list(w)
	get(w)
}

func list(w *build.World) {
	const op = "listHealthcareServices"
	of := func(token, query string) build.Request { return build.Get(token, "/api/healthcare_services"+query) }
	w.Passes(op, "services of the clinic", of(owner, "?page_size=300"), http.StatusOK)
	w.Passes(op, "services by all filters", of(owner, "?speciality_type=FAMILY_DOCTOR&providing_condition=OUTPATIENT&category=MSP&status=ACTIVE&division_id="+
		build.ID("division with a healthcare service").String()), http.StatusOK)
	w.Passes(op, "services of a pharmacy by their type", of(build.TokenValue("other_pharmacist"), "?category=PHARMACY_DRUGS&type=SALE"), http.StatusOK)
	w.Passes(op, "services of another legal entity are not listed", of(pharmacist, "?category=MSP"), http.StatusOK)
	w.Passes(op, "services of any legal entity for the National Health Service", of(nhs, "?type=SALE"), http.StatusOK)
	w.Passes(op, "a page of services past the end", of(owner, "?page=100"), http.StatusOK)
	w.Refused(op, "division_id of a service that is no uuid", of(owner, "?division_id=1"), fault.Refuse(rules.HealthcareServiceListDivisionID))
	w.Passes(op, "a wrong division_id finds no service when it is not checked", of(owner, "?division_id=1"), http.StatusOK).
		Set("RULES", "-healthcare_service.list.division_id")
}

func get(w *build.World) {
	const op = "getHealthcareService"
	of := func(token, name string) build.Request {
		return build.Get(token, "/api/healthcare_services/"+build.ID(name).String())
	}
	w.Passes(op, "a service with every field", of(owner, "active healthcare service"), http.StatusOK)
	w.Passes(op, "a service that is INACTIVE", of(owner, "inactive healthcare service"), http.StatusOK)
	w.Passes(op, "any service for the National Health Service", of(nhs, "healthcare service of the pharmacy"), http.StatusOK)
	w.Refused(op, "an unknown service", of(owner, "nobody"), fault.Refuse(rules.HealthcareServiceGetNotFound))
	w.Refused(op, "a service with is_active = false", of(owner, "removed healthcare service"), fault.Refuse(rules.HealthcareServiceGetNotFound))
	w.Refused(op, "a malformed id of a service", build.Get(owner, "/api/healthcare_services/1"), fault.Refuse(rules.HealthcareServiceGetNotFound))
	w.Refused(op, "a service of another legal entity", of(owner, "healthcare service of the pharmacy"), fault.Refuse(rules.HealthcareServiceGetOwner))
	w.Passes(op, "a service of another legal entity, when that is not checked", of(owner, "healthcare service of the pharmacy"), http.StatusOK).
		Set("RULES", "-healthcare_service.get.owner")
}
