package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"esoz/gen/client"
)

// More of the sandbox's world.
const (
	referralToUse    = "52b52c98-11c0-582d-8bcf-123a1780685e"
	referralToRecall = "5468f469-e9f4-5104-b75d-60be911bb0c4"
	referralToCancel = "3532ff1d-271c-5934-a13a-91ae9545f8a8"
	medicalProgram   = "222ead96-3c1f-509e-b1b8-5b421f652c07" // pays for the referral's service
	clinicDivision   = "965430ff-3e10-5377-af26-dafce365a69f"
)

// serveReferral takes a referral from the question who pays to its end. On the way it is given back once, which takes the
// flow in which Use puts referrals into a queue.
func (m *mis) serveReferral(ctx context.Context) error {
	api, err := doctorAt(m.inbox.baseURL, "sandbox-doctor", doctor).client()
	if err != nil {
		return err
	}
	told, err := api.QualifyServiceRequestWithResponse(ctx, referralToUse, client.ServiceRequestQualify{
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
	r := referral{api, referralToUse}
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
	m.changed("ServiceRequest", referralToUse, 6) // one of each step, and one of the end of its program
	return m.putUsedInto(ctx, "in_progress")
}

// referral is a service request with who serves it.
type referral struct {
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

func (r referral) complete(ctx context.Context) (*client.JobResponse, error) {
	answer, err := r.api.CompleteServiceRequestWithResponse(ctx, r.id, client.ServiceRequestComplete{})
	if err != nil {
		return nil, err
	}
	return answer.JSON202, nil
}

// recall ends a referral that is needed no more.
func (r referral) recall(ctx context.Context, signed string) (*client.JobResponse, error) {
	answer, err := r.api.RecallServiceRequestWithResponse(ctx, patient, r.id, client.ServiceRequestSigned{SignedData: signed})
	if err != nil {
		return nil, err
	}
	return answer.JSON202, nil
}

// cancel ends a referral that was written by mistake.
func (r referral) cancel(ctx context.Context, signed string) (*client.JobResponse, error) {
	answer, err := r.api.CancelServiceRequestWithResponse(ctx, patient, r.id, client.ServiceRequestSigned{SignedData: signed})
	if err != nil {
		return nil, err
	}
	return answer.JSON202, nil
}

// withdrawReferrals has the author of two referrals recall the one and cancel the other, by signature. The patient is told
// by SMS.
func (m *mis) withdrawReferrals(ctx context.Context) error {
	author := doctorAt(m.inbox.baseURL, "sandbox-doctor", doctor)
	api, err := author.client()
	if err != nil {
		return err
	}
	for _, c := range []struct {
		id, reasons, status string
		end                 func(ctx context.Context, signed string) (*client.JobResponse, error)
	}{
		{referralToRecall, "eHealth/service_request_recall_reasons", "recalled", referral{api, referralToRecall}.recall},
		{referralToCancel, "eHealth/service_request_cancel_reasons", "entered_in_error", referral{api, referralToCancel}.cancel},
	} {
		before, err := api.GetServiceRequestWithResponse(ctx, patient, c.id)
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
		accepted, err := c.end(ctx, signed)
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
		after, err := api.GetServiceRequestWithResponse(ctx, patient, c.id)
		if err != nil {
			return fmt.Errorf("read the referral: %w", err)
		}
		if status := string(after.JSON200.Data.Status); status != c.status {
			return fmt.Errorf("the referral is %s, want %s", status, c.status)
		}
		fmt.Printf("The referral is %s, and the patient reads: %s\n", c.status, message.Text)
		m.changed("ServiceRequest", c.id, 1)
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
