package accounts

import (
	"slices"
	"strings"
	"sync"

	"esoz/internal/platform/auth"
)

// Scopes of the world's tokens, by role of the user. A pharmacist may read jobs, so that the outcome of Stop Device
// Dispense can be seen, and a doctor what a laboratory sees of specimens; everybody may read their own user.
var (
	commonScopes   = []string{"user:read", "app:authorize", "job:read", "otp:read", "otp:write", "medical_program:read"}
	divisionScopes = []string{"division:read", "division:details", "division:write", "division:activate", "division:deactivate"}
	staffScopes    = []string{"employee:read", "legal_entity:read", "employee_role:read", "healthcare_service:read", "license:read", "employee_request:read"}
	doctorScopes   = slices.Concat(commonScopes, staffScopes, []string{
		"approval:cancel", "approval:create", "approval:read", "authentication_method_request:write",
		"declaration:read", "declaration_request:read", "service_request:use", "service_request:read", "service_request:read_impersonal",
		"service_request:makeinprogress", "service_request:complete", "service_request:recall", "service_request:cancel", "service_request:write",
		"device_dispense:read", "device_request:read", "device_request:write", "device_request:complete", "device_request:resend",
		"device_request:revoke", "device_request:mark_in_error", "division:read", "division:details", "program_service:read", "device_definition:read",
		"person:read", "confidant_person_relationship:read",
		"person_request:read", "person_request:write", "person_verification:details", "personal_data:read",
		"declaration_request:write", "declaration_request:approve", "declaration_request:sign", "episode:read", "episode:write",
		"patient_summary:read", "encounter:read", "encounter:write", "encounter:cancel", "condition:read", "observation:read", "diagnostic_report:read", "procedure:read",
		"immunization:read", "allergy_intolerance:read", "risk_assessment:read", "medical_event_context:read",
	})
	ownerScopes = slices.Concat(commonScopes, divisionScopes, staffScopes, []string{
		"employee:deactivate", "employee:details", "declaration:read", "declaration_request:read", "service_request:read", "device_dispense:read", "device_request:read",
		"declaration_request:write", "declaration_request:approve", "declaration_request:reject", "device_definition:read",
	})
	medAdminScopes = slices.Concat(commonScopes, staffScopes, []string{
		"device_request:read", "device_request:resend", "device_request:revoke", "device_request:mark_in_error", "device_dispense:read",
		"encounter:read", "encounter:cancel",
	})
	pharmacistScopes = slices.Concat(commonScopes, staffScopes, []string{
		"device_dispense:read", "device_dispense:write", "device_dispense:complete", "device_dispense:stop", "device_dispense:mark_in_error",
		"device_request:read", "device_request:complete", "division:read", "division:details",
	})
	misScopes     = []string{"event:read", "user:read", "medical_program:read"}
	nhsScopes     = slices.Concat(staffScopes, []string{"employee:details", "user:read", "app:authorize", "declaration:read", "declaration:approve", "declaration:reject"})
	cabinetScopes = []string{"user:read", "app:authorize", "declaration:terminate", "declaration:terminate_pis"}

	pharmacyScopes = []string{
		"device_dispense:read", "device_dispense:write", "device_dispense:complete", "device_dispense:stop", "device_dispense:mark_in_error",
		"device_request:read", "device_request:complete",
	}
)

// allScopes are those of all client types: what a MIS may do for others.
var allScopes = sync.OnceValue(func() []string {
	var all []string
	for _, scopes := range grants().ClientTypes {
		all = append(all, strings.Fields(scopes)...)
	}
	return distinct(all)
})

// grants are the scopes of roles and of client types.
var grants = sync.OnceValue(func() auth.Grants {
	known, err := auth.KnownGrants()
	if err != nil {
		panic(err) // the file is embedded
	}
	return known
})

func distinct(scopes []string) []string {
	sorted := slices.Clone(scopes)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
