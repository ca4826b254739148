package episodes

import (
	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// show renders an episode.
func (d *Document) show() api.Episode {
	return api.Episode{
		ID: d.ID.String(), Type: api.Coding{System: d.Type.System, Code: d.Type.Code}, Status: api.EpisodeStatus(d.Status), Name: d.Name,
		ManagingOrganization: d.ManagingOrganization.Show(), CareManager: d.CareManager.Show(), Period: d.Period.Show(),
		StatusReason:      medicalevents.Nullable(d.StatusReason, concept.Show),
		ClosingSummary:    medicalevents.Nullable(d.ClosingSummary, medicalevents.AsIs),
		ExplanatoryLetter: medicalevents.Nullable(d.ExplanatoryLetter, medicalevents.AsIs),
		StatusHistory:     medicalevents.Each(d.StatusHistory, StatusChange.show),
		CurrentDiagnoses:  medicalevents.Each(d.CurrentDiagnoses, medicalevents.Diagnosis.Show),
		DiagnosesHistory:  medicalevents.Each(d.DiagnosesHistory, DiagnosesItem.show),
		InsertedAt:        envelope.Milli(d.InsertedAt), UpdatedAt: envelope.Milli(d.UpdatedAt),
	}
}

func (c StatusChange) show() api.EpisodeStatusHistoryItem {
	return api.EpisodeStatusHistoryItem{
		Status: c.Status, StatusReason: medicalevents.Nullable(c.StatusReason, concept.Show),
		InsertedAt: envelope.Milli(c.InsertedAt), InsertedBy: c.InsertedBy.String(),
	}
}

func (i DiagnosesItem) show() api.EpisodeDiagnosesHistoryItem {
	return api.EpisodeDiagnosesHistoryItem{
		Date: envelope.Milli(i.Date), IsActive: i.IsActive, Evidence: i.Evidence.Show(), Diagnoses: medicalevents.Each(i.Diagnoses, medicalevents.Diagnosis.Show),
	}
}
