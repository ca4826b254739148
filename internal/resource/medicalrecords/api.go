package medicalrecords

import "esoz/internal/operation"

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Groups ServiceGroups
}

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		GetEncounter.Operation(),
		ListEncounters.Operation(),
		GetEncounterContext.Operation(),
		GetEpisodeEncounter.Operation(),
		ListEpisodeEncounters.Operation(),
		GetCondition.Operation(),
		ListConditions.Operation(),
		GetConditionContext.Operation(),
		GetEpisodeCondition.Operation(),
		ListEpisodeConditions.Operation(),
		GetObservation.Operation(),
		ListObservations.Operation(),
		GetObservationContext.Operation(),
		GetEpisodeObservation.Operation(),
		ListEpisodeObservations.Operation(),
		GetDiagnosticReport.Operation(),
		ListDiagnosticReports.Operation(),
		GetDiagnosticReportContext.Operation(),
		ListApprovedDiagnosticReports.Operation(),
		ListDiagnosticReportsOfServiceGroups.Operation(),
		GetProcedure.Operation(),
		ListProcedures.Operation(),
		GetProcedureContext.Operation(),
		ListProceduresOfServiceGroups.Operation(),
		GetImmunization.Operation(),
		ListImmunizations.Operation(),
		GetImmunizationContext.Operation(),
		GetEpisodeImmunization.Operation(),
		ListEpisodeImmunizations.Operation(),
		GetAllergyIntolerance.Operation(),
		ListAllergyIntolerances.Operation(),
		GetAllergyIntoleranceContext.Operation(),
		GetEpisodeAllergyIntolerance.Operation(),
		ListEpisodeAllergyIntolerances.Operation(),
		GetRiskAssessment.Operation(),
		ListRiskAssessments.Operation(),
		GetRiskAssessmentContext.Operation(),
	}
}
