package encounterpackages

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/internal/operation"
	"esoz/internal/resource/medicalrecords"
)

func countReports(p *content) int { return len(p.DiagnosticReports) }

// ofReports are the places of a reference of each report.
func ofReports(field string, ref func(d *medicalrecords.DiagnosticReport) *reference) func(p *content) []place {
	return func(p *content) (places []place) {
		for i := range p.DiagnosticReports {
			places = append(places, place{fmt.Sprintf("$.diagnostic_reports[%d].%s", i, field), ref(&p.DiagnosticReports[i])})
		}
		return places
	}
}

// eachReport makes a check of every report.
func eachReport(name, at string, ok func(c *call, p *content, d *medicalrecords.DiagnosticReport) bool) check {
	return each(name, "diagnostic_reports", at, countReports, func(c *call, p *content, i int) bool { return ok(c, p, &p.DiagnosticReports[i]) })
}

// ofService makes a check of every report whose service is found.
func ofService(name, at string, ok func(p *content, d *medicalrecords.DiagnosticReport, service *operation.Referent) bool) check {
	return finds(name, func(ctx context.Context, c *call, p *content) (found []wrong, _ error) {
		for i := range p.DiagnosticReports {
			d := &p.DiagnosticReports[i]
			service, err := look(ctx, c, "service", d.Code.Identifier.Value)
			if err != nil {
				return nil, err
			}
			if service != nil && !ok(p, d, service) {
				found = append(found, wrong{fmt.Sprintf("$.diagnostic_reports[%d]%s", i, at), nil})
			}
		}
		return found, nil
	})
}

// examines tells services whose reports must be interpreted.
func examines(service *operation.Referent) bool {
	return service.Type == "diagnostic_procedure" || service.Type == "imaging"
}

var (
	reportReferrals = referral{name: "report_referral", places: ofReports("based_on", func(d *medicalrecords.DiagnosticReport) *reference { return d.BasedOn })}
	reportServices  = refers{kind: "service", places: ofReports("code", func(d *medicalrecords.DiagnosticReport) *reference { return &d.Code })}
	reportOwners    = refers{kind: "legal_entity", places: ofReports("managing_organization", func(d *medicalrecords.DiagnosticReport) *reference {
		if !d.PrimarySource || d.ManagingOrganization.Identifier.Value == uuid.Nil {
			return nil
		}
		return &d.ManagingOrganization
	})}
	reportSpecimens = refers{kind: "specimen", places: func(p *content) (places []place) {
		for i := range p.DiagnosticReports {
			d := &p.DiagnosticReports[i]
			for k := range d.Specimens {
				places = append(places, place{fmt.Sprintf("$.diagnostic_reports[%d].specimens[%d]", i, k), &d.Specimens[k]})
			}
		}
		return places
	}}
)

// reports are the checks of the diagnostic reports, and after them those of their referrals that answer alone.
var reports = slices.Concat([]check{idsDiffer("report", "diagnostic_reports")},
	reportReferrals.fields(),
	[]check{
		finds("report_category_single", func(_ context.Context, _ *call, p *content) (found []wrong, _ error) {
			for i := range p.DiagnosticReports {
				if n := len(p.DiagnosticReports[i].Category); n > 1 {
					found = append(found, wrong{fmt.Sprintf("$.diagnostic_reports[%d].category", i), []any{"count", n}})
				}
			}
			return found, nil
		}),
		ofService("report_category", ".category", func(_ *content, d *medicalrecords.DiagnosticReport, service *operation.Referent) bool {
			return len(d.Category) != 1 || d.Category[0].Coding[0].Code == service.Type
		}),
		reportServices.exists("report_service"), reportServices.inStatus("report_service_status", "active"),
	},
	reportReferrals.of(func(p *content, s place) uuid.UUID { return p.DiagnosticReports[indexOf(s.at)].Code.Identifier.Value }),
	[]check{
		ofService("report_observations", ".code.identifier.value", func(p *content, _ *medicalrecords.DiagnosticReport, service *operation.Referent) bool {
			return service.Type != "laboratory" || len(p.Observations) > 0
		}),
		contexts("report_encounter", "diagnostic_reports", "encounter", func(p *content) (refs []reference) {
			for i := range p.DiagnosticReports {
				refs = append(refs, *p.DiagnosticReports[i].Encounter)
			}
			return refs
		}),
		past("report_issued", "diagnostic_reports", "issued", countReports, func(p *content, i int) time.Time { return p.DiagnosticReports[i].Issued }),
		young("report_issued_age", "diagnostic_reports", "issued", countReports, func(p *content, i int) time.Time { return p.DiagnosticReports[i].Issued },
			func(c *call) int { return c.Config.DiagnosticReportMaxDays }),
	},
	employees("report_recorded_by", ofReports("recorded_by", func(d *medicalrecords.DiagnosticReport) *reference { return &d.RecordedBy })),
	[]check{
		eachReport("report_organization_required", ".managing_organization", func(_ *call, _ *content, d *medicalrecords.DiagnosticReport) bool {
			return !d.PrimarySource || d.ManagingOrganization.Identifier.Value != uuid.Nil
		}),
		reportOwners.check("report_organization", func(c *call, _ *content, s place, _ *operation.Referent) bool {
			return s.ref.Identifier.Value == c.ClientID
		}),
		reportOwners.inStatus("report_organization_status", active),
		eachReport("report_performer_required", ".performer.reference", func(_ *call, _ *content, d *medicalrecords.DiagnosticReport) bool {
			return !d.PrimarySource || d.Performer != nil && d.Performer.Reference != nil
		}),
	},
	employees("report_performer", ofReports("performer.reference", func(d *medicalrecords.DiagnosticReport) *reference {
		if d.Performer == nil || !d.PrimarySource {
			return nil
		}
		return d.Performer.Reference
	})),
	[]check{
		eachReport("report_source", ".performer", func(_ *call, _ *content, d *medicalrecords.DiagnosticReport) bool {
			return d.PrimarySource || d.ReportOrigin != nil || d.Performer != nil && (d.Performer.Text != nil || d.Performer.Reference != nil)
		}),
		eachReport("report_source_reference", ".performer", func(_ *call, _ *content, d *medicalrecords.DiagnosticReport) bool {
			return d.PrimarySource || d.Performer == nil || d.Performer.Reference == nil
		}),
		ofService("report_interpreter_required", ".results_interpreter", func(_ *content, d *medicalrecords.DiagnosticReport, service *operation.Referent) bool {
			return !examines(service) || !d.PrimarySource || d.ResultsInterpreter != nil && d.ResultsInterpreter.Reference != nil
		}),
		ofService("report_conclusion", ".conclusion", func(_ *content, d *medicalrecords.DiagnosticReport, service *operation.Referent) bool {
			return !examines(service) || d.Conclusion != nil
		}),
		eachReport("report_interpreter_reference", ".results_interpreter.reference", func(_ *call, _ *content, d *medicalrecords.DiagnosticReport) bool {
			return d.PrimarySource || d.ResultsInterpreter == nil || d.ResultsInterpreter.Reference == nil
		}),
	},
	employees("report_interpreter", ofReports("results_interpreter.reference", func(d *medicalrecords.DiagnosticReport) *reference {
		if d.ResultsInterpreter == nil || !d.PrimarySource {
			return nil
		}
		return d.ResultsInterpreter.Reference
	})),
	divisions("report_division", ofReports("division", func(d *medicalrecords.DiagnosticReport) *reference { return d.Division })),
	[]check{
		reportSpecimens.exists("report_specimen"), reportSpecimens.counts("report_specimen_status"),
		idsAreFree("report", "diagnostic_reports"),
	},
	reportReferrals.alone(),
)

func countProcedures(p *content) int { return len(p.Procedures) }

// ofProcedures are the places of a reference of each procedure.
func ofProcedures(field string, ref func(d *medicalrecords.Procedure) *reference) func(p *content) []place {
	return func(p *content) (places []place) {
		for i := range p.Procedures {
			places = append(places, place{fmt.Sprintf("$.procedures[%d].%s", i, field), ref(&p.Procedures[i])})
		}
		return places
	}
}

// allOfProcedures are those of several references of each.
func allOfProcedures(fields map[string]func(d *medicalrecords.Procedure) []reference) func(p *content) []place {
	return func(p *content) (places []place) {
		for i := range p.Procedures {
			for _, field := range []string{"reason_references", "complication_details"} {
				refs := fields[field](&p.Procedures[i])
				for k := range refs {
					places = append(places, place{fmt.Sprintf("$.procedures[%d].%s[%d]", i, field, k), &refs[k]})
				}
			}
		}
		return places
	}
}

var (
	procedureReferrals = referral{name: "procedure_referral", places: ofProcedures("based_on", func(d *medicalrecords.Procedure) *reference { return d.BasedOn })}
	procedureServices  = refers{kind: "service", places: ofProcedures("code", func(d *medicalrecords.Procedure) *reference { return &d.Code })}
	procedureOwners    = refers{kind: "legal_entity", places: ofProcedures("managing_organization", func(d *medicalrecords.Procedure) *reference { return &d.ManagingOrganization })}
	procedureReasons   = refers{within: true, titled: true, places: allOfProcedures(map[string]func(d *medicalrecords.Procedure) []reference{
		"reason_references":    func(d *medicalrecords.Procedure) []reference { return d.ReasonReferences },
		"complication_details": func(d *medicalrecords.Procedure) []reference { return d.ComplicationDetails },
	})}
	procedureDevices = refers{kind: "device", places: ofProcedures("focal_device.manipulated", func(d *medicalrecords.Procedure) *reference {
		if d.FocalDevice == nil {
			return nil
		}
		return &d.FocalDevice.Manipulated
	})}
)

// procedures are the checks of the procedures, and after them those of their referrals that answer alone.
var procedures = slices.Concat([]check{idsDiffer("procedure", "procedures")},
	procedureReferrals.fields(),
	[]check{procedureServices.exists("procedure_service"), procedureServices.inStatus("procedure_service_status", "active")},
	procedureReferrals.of(func(p *content, s place) uuid.UUID { return p.Procedures[indexOf(s.at)].Code.Identifier.Value }),
	[]check{
		finds("procedure_category", func(ctx context.Context, c *call, p *content) (found []wrong, _ error) {
			for i := range p.Procedures {
				service, err := look(ctx, c, "service", p.Procedures[i].Code.Identifier.Value)
				if err != nil {
					return nil, err
				}
				if service != nil && p.Procedures[i].Category.Coding[0].Code != service.Type {
					found = append(found, wrong{fmt.Sprintf("$.procedures[%d].category", i), nil})
				}
			}
			return found, nil
		}),
		contexts("procedure_encounter", "procedures", "encounter", func(p *content) (refs []reference) {
			for i := range p.Procedures {
				refs = append(refs, p.Procedures[i].Encounter)
			}
			return refs
		}),
		each("procedure_performed", "procedures", ".performed_date_time", countProcedures, func(c *call, p *content, i int) bool {
			at := p.Procedures[i].PerformedDateTime
			return at == nil || !at.After(c.Now)
		}),
		each("procedure_performed_start", "procedures", ".performed_period.start", countProcedures, func(c *call, p *content, i int) bool {
			at := p.Procedures[i].PerformedPeriod
			return at == nil || !at.Start.After(c.Now)
		}),
		each("procedure_performed_end", "procedures", ".performed_period.end", countProcedures, func(c *call, p *content, i int) bool {
			at := p.Procedures[i].PerformedPeriod
			return at == nil || !at.End.After(c.Now)
		}),
		each("procedure_performed_order", "procedures", ".performed_period.end", countProcedures, func(_ *call, p *content, i int) bool {
			at := p.Procedures[i].PerformedPeriod
			return at == nil || !at.End.Before(at.Start)
		}),
	},
	employees("procedure_recorded_by", ofProcedures("recorded_by", func(d *medicalrecords.Procedure) *reference { return &d.RecordedBy })),
	sources("procedures", "procedure", "performer", func(p *content) (all []source) {
		for i := range p.Procedures {
			d := &p.Procedures[i]
			all = append(all, source{d.PrimarySource, d.Performer, d.ReportOrigin})
		}
		return all
	}),
	divisions("procedure_division", ofProcedures("division", func(d *medicalrecords.Procedure) *reference { return d.Division })),
	[]check{
		procedureOwners.check("procedure_organization", func(c *call, _ *content, s place, _ *operation.Referent) bool {
			return s.ref.Identifier.Value == c.ClientID
		}),
		procedureReasons.exists("procedure_reason"), procedureReasons.counts("procedure_reason_status"),
		procedureDevices.exists("procedure_device"),
		idsAreFree("procedure", "procedures"),
	},
	procedureReferrals.alone(),
)
