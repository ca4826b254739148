package accounts

import "slices"

// Scopes by role. A pharmacist may read jobs, so that the outcome of Stop Device
// Dispense can be seen; everybody may read their own user.
var (
	commonScopes   = []string{"user:read", "app:authorize", "job:read", "otp:read", "otp:write"}
	divisionScopes = []string{"division:read", "division:details", "division:write", "division:activate", "division:deactivate"}
	doctorScopes   = slices.Concat(commonScopes, []string{
		"approval:create", "approval:read", "declaration_request:read", "service_request:use", "service_request:read",
		"device_dispense:read", "division:read", "division:details",
	})
	ownerScopes = slices.Concat(commonScopes, divisionScopes, []string{
		"declaration_request:read", "service_request:read", "device_dispense:read",
	})
	pharmacistScopes = slices.Concat(commonScopes, []string{
		"device_dispense:read", "device_dispense:stop", "division:read", "division:details",
	})
	misScopes = []string{"event:read", "user:read"}

	medicalScopes  = slices.Concat(doctorScopes, divisionScopes)
	pharmacyScopes = []string{"device_dispense:read", "device_dispense:stop"}
	allScopes      = distinct(slices.Concat(medicalScopes, pharmacyScopes, misScopes))
)

var roleScopes = map[string][]string{"DOCTOR": doctorScopes, "OWNER": ownerScopes, "PHARMACIST": pharmacistScopes, "MIS": misScopes}

// clientScopes are what the clients of a type of legal entity may ask for.
var clientScopes = map[string][]string{
	"PRIMARY_CARE": medicalScopes, "OUTPATIENT": medicalScopes, "EMERGENCY": medicalScopes, "MSP": medicalScopes,
	"MSP_PHARMACY": slices.Concat(medicalScopes, pharmacyScopes),
	"PHARMACY":     slices.Concat(pharmacyScopes, divisionScopes, commonScopes),
	"NHS":          slices.Concat(medicalScopes, pharmacyScopes, []string{"event:read"}),
	"MIS":          {"event:read", "user:read", "app:authorize"},
}

func distinct(scopes []string) []string {
	sorted := slices.Clone(scopes)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
