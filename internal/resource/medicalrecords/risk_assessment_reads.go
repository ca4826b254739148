package medicalrecords

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

var riskAssessments = kind[RiskAssessment]{
	Name: "risk_assessment", Collection: "risk_assessments",
	Grounds: func(d *RiskAssessment) operation.Grounds { return d.grounds(grounds{encounter: &d.Context}) },
}

// Operations on risk assessments.
var (
	GetRiskAssessment   = riskAssessments.get("getRiskAssessment", "", rules.RiskAssessmentGetNotFound)
	ListRiskAssessments = riskAssessments.open("listRiskAssessments", rules.RiskAssessmentListNotFound, []rules.ID{
		rules.RiskAssessmentListUnknownParameter, rules.RiskAssessmentListIDFilter, rules.RiskAssessmentListDateFilter, rules.RiskAssessmentListDateExists,
	})
	GetRiskAssessmentContext = riskAssessments.context("getRiskAssessmentContext", rules.RiskAssessmentContextPerson, rules.RiskAssessmentContextNotFound)
)

// GetRiskAssessment serves GET /api/patients/{patient_id}/risk_assessments/{risk_assessment_id}.
func (a *API) GetRiskAssessment(ctx context.Context, req api.GetRiskAssessmentRequestObject) (api.GetRiskAssessmentResponseObject, error) {
	d, err := GetRiskAssessment.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.RiskAssessmentID})
	if err != nil {
		return nil, err
	}
	return api.GetRiskAssessment200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// ListRiskAssessments serves GET /api/patients/{patient_id}/risk_assessments.
func (a *API) ListRiskAssessments(ctx context.Context, req api.ListRiskAssessmentsRequestObject) (api.ListRiskAssessmentsResponseObject, error) {
	p := req.Params
	f := filters(ctx, rules.RiskAssessmentListUnknownParameter)
	f.Text(p.Code, "code.coding.code")
	f.UUID(rules.RiskAssessmentListIDFilter, "encounter_id", p.EncounterID, contextField)
	f.UUID(rules.RiskAssessmentListIDFilter, "episode_id", p.EpisodeID, episodeField)
	f.Days(rules.RiskAssessmentListDateFilter, rules.RiskAssessmentListDateExists, "asserted_date", p.AssertedDateFrom, p.AssertedDateTo, "asserted_date")
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := ListRiskAssessments.List(ctx, a.Engine, req.PatientID, f, page)
	if err != nil {
		return nil, err
	}
	return api.ListRiskAssessments200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: showAll(found, (*RiskAssessment).show), Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// GetRiskAssessmentContext serves GET /api/patients/{patient_id}/risk_assessments/{risk_assessment_id}/context.
func (a *API) GetRiskAssessmentContext(ctx context.Context, req api.GetRiskAssessmentContextRequestObject) (api.GetRiskAssessmentContextResponseObject, error) {
	d, err := GetRiskAssessmentContext.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.RiskAssessmentID})
	if err != nil {
		return nil, err
	}
	data := api.RecordContext{Episode: d.episode()}
	return api.GetRiskAssessmentContext200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: data}, nil
}
