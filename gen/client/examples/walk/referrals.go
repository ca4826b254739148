package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/client"
)

// More of the sandbox's world.
const (
	service        = "cd88e4f2-b408-56e8-a1ae-2cab3ce64586"
	medicalProgram = "222ead96-3c1f-509e-b1b8-5b421f652c07" // pays for the service
	clinicDivision = "965430ff-3e10-5377-af26-dafce365a69f"
)

// refer writes a referral, signed by the doctor, once the medical program has said that it would pay.
func (m *mis) refer(ctx context.Context) (id string, err error) {
	author := doctorAt(m.inbox.baseURL, "sandbox-doctor", doctor)
	api, err := author.client()
	if err != nil {
		return "", err
	}
	program := reference("medical_program", medicalProgram)
	wanted := map[string]any{
		"status": "active", "intent": "order", "priority": "routine", "code": reference("service", service),
		"category": concept("eHealth/SNOMED/service_request_categories", "diagnostic_procedure"),
		"context":  reference("encounter", m.first.encounter), "reason_reference": []any{reference("condition", m.first.condition)},
		"requester_employee": reference("employee", doctor), "requester_legal_entity": reference("legal_entity", clinic),
	}
	body, err := jsonOf(map[string]any{"service_request": wanted, "programs": []any{program}})
	if err != nil {
		return "", err
	}
	told, err := api.PreQualifyServiceRequestWithBodyWithResponse(ctx, m.person, "application/json", body)
	if err != nil {
		return "", fmt.Errorf("ask the program about a referral: %w", err)
	}
	if told.JSON200.Data[0].Status != client.ServiceRequestQualificationStatusVALID {
		return "", errors.New("the program would not pay for the referral")
	}
	id = uuid.NewString()
	wanted["id"], wanted["program"] = id, program
	signed, err := signAs(ctx, m.inbox.baseURL, author.token, wanted)
	if err != nil {
		return "", err
	}
	accepted, err := api.CreateServiceRequestWithResponse(ctx, m.person, client.ServiceRequestNew{SignedData: signed})
	if err == nil {
		_, err = client.WaitJob(ctx, api, accepted.JSON202)
	}
	if err != nil {
		return "", fmt.Errorf("write a referral: %w", err)
	}
	fmt.Println("Referral", id, "is written")
	return id, nil
}

// serveReferral takes a referral from the question who pays to its end. On the way it is given back once, which takes the
// flow in which Use puts referrals into a queue.
func (m *mis) serveReferral(ctx context.Context) error {
	api, err := doctorAt(m.inbox.baseURL, "sandbox-doctor", doctor).client()
	if err != nil {
		return err
	}
	if m.referral, err = m.refer(ctx); err != nil {
		return err
	}
	told, err := api.QualifyServiceRequestWithResponse(ctx, m.referral, client.ServiceRequestQualify{
		Programs: []client.ReferenceRequest{reference("medical_program", medicalProgram)},
	})
	if err != nil {
		return fmt.Errorf("ask the program about the referral: %w", err)
	}
	if told.JSON200.Data[0].Status != client.ServiceRequestQualificationStatusVALID {
		return errors.New("the program does not pay for the referral")
	}
	if err := m.putUsedInto(ctx, "in_queue"); err != nil {
		return err
	}
	r := referral{m, api, m.referral}
	for _, step := range []struct {
		name string
		do   func(context.Context) (*client.JobResponse, error)
	}{{"used", r.use}, {"released", r.release}, {"used", r.use}, {"processed", r.process}, {"completed", r.complete}} {
		accepted, err := step.do(ctx)
		if err == nil {
			_, err = client.WaitJob(ctx, api, accepted)
		}
		if err != nil {
			return fmt.Errorf("the referral is not %s: %w", step.name, err)
		}
		fmt.Println("The referral is", step.name)
	}
	m.changed("ServiceRequest", m.referral, 6) // one of each step, and one of the end of its program
	return m.putUsedInto(ctx, "in_progress")
}

// referral is a service request with who serves it.
type referral struct {
	mis *mis
	api *client.ClientWithResponses
	id  string
}

func (r referral) use(ctx context.Context) (*client.JobResponse, error) {
	answer, err := r.api.UseServiceRequestWithResponse(ctx, r.id, client.ServiceRequestUse{
		UsedByEmployee: new(reference("employee", doctor)), UsedByLegalEntity: reference("legal_entity", clinic),
		UsedByDivision: new(reference("division", clinicDivision)), Program: reference("medical_program", medicalProgram),
	})
	if err != nil {
		return nil, err
	}
	return answer.JSON202, nil
}

func (r referral) release(ctx context.Context) (*client.JobResponse, error) {
	answer, err := r.api.ReleaseServiceRequestWithResponse(ctx, r.id)
	if err != nil {
		return nil, err
	}
	return answer.JSON202, nil
}

func (r referral) process(ctx context.Context) (*client.JobResponse, error) {
	answer, err := r.api.ProcessServiceRequestWithResponse(ctx, r.id)
	if err != nil {
		return nil, err
	}
	return answer.JSON202, nil
}

// complete ends it with the encounter of a package that names it.
func (r referral) complete(ctx context.Context) (_ *client.JobResponse, err error) {
	if r.mis.second, err = r.mis.submit(ctx, r.id); err != nil {
		return nil, err
	}
	paid, err := r.api.ListProgramServicesWithResponse(ctx, &client.ListProgramServicesParams{MedicalProgramID: medicalProgram, PageSize: new(100)})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(paid.JSON200.Data, func(p client.ProgramService) bool { return p.ServiceID != nil && *p.ServiceID == service })
	if i < 0 {
		return nil, errors.New("the program does not pay for the service")
	}
	answer, err := r.api.CompleteServiceRequestWithResponse(ctx, r.id, client.ServiceRequestComplete{
		CompletedWith:  new(reference("encounter", r.mis.second.encounter)),
		ProgramService: new(reference("program_service", paid.JSON200.Data[i].ID)),
	})
	if err != nil {
		return nil, err
	}
	return answer.JSON202, nil
}

// recall ends a referral that is needed no more.
func (r referral) recall(ctx context.Context, signed string) (*client.JobResponse, error) {
	answer, err := r.api.RecallServiceRequestWithResponse(ctx, r.mis.person, r.id, client.ServiceRequestSigned{SignedData: signed})
	if err != nil {
		return nil, err
	}
	return answer.JSON202, nil
}

// cancel ends a referral that was written by mistake.
func (r referral) cancel(ctx context.Context, signed string) (*client.JobResponse, error) {
	answer, err := r.api.CancelServiceRequestWithResponse(ctx, r.mis.person, r.id, client.ServiceRequestSigned{SignedData: signed})
	if err != nil {
		return nil, err
	}
	return answer.JSON202, nil
}

// withdrawReferrals has the author of two more referrals recall the one and cancel the other, by signature. The patient is told
// by SMS.
func (m *mis) withdrawReferrals(ctx context.Context) error {
	author := doctorAt(m.inbox.baseURL, "sandbox-doctor", doctor)
	api, err := author.client()
	if err != nil {
		return err
	}
	for _, c := range []struct {
		reasons, status string
		end             func(r referral, ctx context.Context, signed string) (*client.JobResponse, error)
	}{
		{"eHealth/service_request_recall_reasons", "recalled", referral.recall},
		{"eHealth/service_request_cancel_reasons", "entered_in_error", referral.cancel},
	} {
		id, err := m.refer(ctx)
		if err != nil {
			return err
		}
		before, err := api.GetServiceRequestWithResponse(ctx, m.person, id)
		if err != nil {
			return fmt.Errorf("read the referral: %w", err)
		}
		content, err := shown(before.Body, "data")
		if err != nil {
			return err
		}
		content["status_reason"] = client.CodeableConcept{Coding: []client.Coding{{System: c.reasons, Code: "default"}}}
		signed, err := signAs(ctx, m.inbox.baseURL, author.token, content)
		if err != nil {
			return err
		}
		since := time.Now()
		accepted, err := c.end(referral{m, api, id}, ctx, signed)
		if err == nil {
			_, err = client.WaitJob(ctx, api, accepted)
		}
		if err != nil {
			return fmt.Errorf("the referral is not %s: %w", c.status, err)
		}
		message, err := m.inbox.next(ctx, since)
		if err != nil {
			return err
		}
		if !strings.Contains(message.Text, before.JSON200.Data.Requisition) {
			return errors.New("the SMS does not tell the number of the referral")
		}
		after, err := api.GetServiceRequestWithResponse(ctx, m.person, id)
		if err != nil {
			return fmt.Errorf("read the referral: %w", err)
		}
		if status := string(after.JSON200.Data.Status); status != c.status {
			return fmt.Errorf("the referral is %s, want %s", status, c.status)
		}
		fmt.Printf("The referral is %s, and the patient reads: %s\n", c.status, message.Text)
		m.changed("ServiceRequest", id, 1)
	}
	return nil
}

// putUsedInto changes what Use does with referrals, a setting of the national system. Only in a sandbox can one change it.
func (m *mis) putUsedInto(ctx context.Context, status string) (err error) {
	body := strings.NewReader(fmt.Sprintf(`{"SERVICE_REQUEST_USE_TARGET_STATUS": %q}`, status))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.inbox.baseURL+"/_sandbox/config", body)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("change a setting: %w", err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("change a setting: %s", response.Status)
	}
	return nil
}
