// Command walk goes through the API as a medical information system does: a user
// logs in and lets the system act for them, a division is created, a patient is
// registered and declares with two doctors of it, a doctor of another clinic gets an
// approval of the patient's episode and loses it again, others confirm approvals by
// documents and through a third person, one has expired, a code is sent again and
// entered, an approval's SMS is sent again, a service request released, a device
// dispense stopped. The patient is treated: a doctor submits an encounter and refers
// them; the referral is used, given back, used again and completed with the encounter
// of a second package; others are recalled and cancelled by signature. Devices are
// prescribed, and a pharmacist finds the prescriptions by the number in an SMS, and
// dispenses what they ask for, stops, or takes a mistake back. The second package was
// a mistake, too, and is cancelled. The events of it all are read.
//
//	go run ./gen/client/examples/walk http://127.0.0.1:8080
//
// It needs a sandbox that is freshly started or reset: what was released once is
// not released again. For a while it changes one of its settings.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"time"

	"golang.org/x/oauth2"

	"esoz/gen/client"
)

// The sandbox's world is the same in every sandbox; see docs/sandbox-world.md.
const (
	apiKey      = "sandbox-mis-key"
	clinic      = "b03be10e-8c9c-5935-a736-0d94bee86521" // the legal entity, and the id of its OAuth client
	secret      = "sandbox-secret-clinic"
	redirectURI = "https://example.com/callback"
	email       = "login_user@example.com"
	password    = "sandbox-password-1"

	patient            = "722757d1-9a84-5559-803f-3fcf525809df"
	declarationRequest = "b934fd09-3907-5df3-bd43-986507dd8697"
	approval           = "271bcdca-9b64-5183-9d8e-ec4d53bc87d4"
	serviceRequest     = "9976beb6-c208-5552-ac1e-7a980588a1b2"
	deviceDispense     = "45ab6d7a-ff13-5796-8116-741f2db75e20"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	baseURL := "http://127.0.0.1:8080"
	if len(os.Args) > 1 {
		baseURL = os.Args[1]
	}
	if err := walk(ctx, baseURL); err != nil {
		stop()
		cancel()
		log.Fatal(err) //nolint:gocritic // stop and cancel have run
	}
	fmt.Println("Done.")
}

// mis is a medical information system with those for whom it acts.
type mis struct {
	clinic     *client.ClientWithResponses // the user who has logged in
	pharmacist *client.ClientWithResponses
	itself     *client.ClientWithResponses
	inbox      sandboxInbox
	division   string // that was created
	person     string // who was registered
	episode    string // in which they are treated
	referral   string // that the second package carries out
	first      encounterPackage
	second     encounterPackage
	began      time.Time
	changes    []change
}

func walk(ctx context.Context, baseURL string) error {
	m := mis{inbox: sandboxInbox{baseURL}, began: time.Now().UTC()}
	source, err := logIn(ctx, baseURL)
	if err != nil {
		return err
	}
	if m.clinic, err = client.New(baseURL, client.WithTokenSource(source), client.WithAPIKey(apiKey)); err != nil {
		return err
	}
	if m.pharmacist, err = client.New(baseURL, client.WithToken(pharmacistToken), client.WithAPIKey(apiKey)); err != nil {
		return err
	}
	if m.itself, err = client.New(baseURL, client.WithToken("sandbox-mis"), client.WithAPIKey(apiKey)); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		m.createDivision, m.register, m.shareEpisode, m.confirmOtherwise, m.expire, m.enterCode, m.resendApprovalSMS, m.release, m.stopDispense,
		m.treat, m.serveReferral, m.withdrawReferrals, m.dispenseDevices, m.takeBack, m.readEvents,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// logIn goes from a password to access tokens that are refreshed by themselves.
func logIn(ctx context.Context, baseURL string) (oauth2.TokenSource, error) {
	anonymous, err := client.New(baseURL, client.WithAPIKey(apiKey))
	if err != nil {
		return nil, err
	}
	session, err := anonymous.LoginWithResponse(ctx, client.LoginRequest{Token: client.LoginGrant{
		GrantType: new("password"), Email: new(email), Password: new(password), ClientID: new(clinic), Scope: new("app:authorize"),
	}})
	if err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}

	// The user agrees. In a browser this happens at the national system, and the
	// code comes with a redirect.
	user, err := client.New(baseURL, client.WithToken(session.JSON201.Data.Value), client.WithAPIKey(apiKey))
	if err != nil {
		return nil, err
	}
	code, err := user.AuthorizeAppWithResponse(ctx, client.AuthorizeRequest{App: client.AuthorizeApproval{
		ClientID: new(clinic), RedirectURI: new(redirectURI),
		Scope: new("division:write approval:create otp:write service_request:use job:read"),
	}})
	if err != nil {
		return nil, fmt.Errorf("authorize: %w", err)
	}

	app := &client.App{API: anonymous, ClientID: clinic, Secret: secret, RedirectURI: redirectURI}
	token, err := app.Exchange(ctx, code.JSON201.Data.Value)
	if err != nil {
		return nil, fmt.Errorf("exchange the code: %w", err)
	}
	fmt.Println("Logged in until", token.Expiry.UTC().Format(time.RFC3339))
	return app.TokenSource(ctx, token), nil
}

// createDivision is refused for a wrong zip, and then accepted.
func (m *mis) createDivision(ctx context.Context) error {
	found, err := m.clinic.ListSettlementsWithResponse(ctx, &client.ListSettlementsParams{Name: new("Бердичів")})
	if err != nil {
		return fmt.Errorf("look a settlement up: %w", err)
	}
	if len(found.JSON200.Data) == 0 {
		return errors.New("the settlement is not there")
	}
	settlement := found.JSON200.Data[0]
	division := client.DivisionRequest{
		Name: "Бердичівське відділення", Type: "CLINIC", Email: "berdychiv@example.com",
		Addresses: []client.DivisionAddressRequest{{
			Type: "RESIDENCE", Country: "UA", Area: *settlement.Region, Region: settlement.District,
			Settlement: settlement.SettlementName, SettlementType: *settlement.Type, SettlementID: settlement.ID,
			StreetType: new("STREET"), Street: new("вул. Вінницька"), Building: new("15"), Zip: new("133"),
		}},
		Phones: []client.DivisionPhoneRequest{{Type: "MOBILE", Number: "+380503410870"}},
	}
	_, err = m.clinic.CreateDivisionWithResponse(ctx, division)
	refusal := new(client.Error)
	if !errors.As(err, &refusal) {
		return fmt.Errorf("a division with a wrong zip: %w", err)
	}
	for _, invalid := range refusal.Invalid {
		for _, rule := range invalid.Rules {
			fmt.Println("Refused:", invalid.Entry, rule.Description)
		}
	}

	division.Addresses[0].Zip = new("13300")
	created, err := m.clinic.CreateDivisionWithResponse(ctx, division)
	if err != nil {
		return fmt.Errorf("create a division: %w", err)
	}
	m.division = created.JSON200.Data.ID
	fmt.Println("Created division", created.JSON200.Data.ID, "with status", created.JSON200.Data.Status)
	return nil
}

// enterCode has the code of a declaration request sent again, and enters what arrives.
func (m *mis) enterCode(ctx context.Context) error {
	before := time.Now()
	if _, err := m.clinic.ResendDeclarationRequestOTPWithResponse(ctx, declarationRequest); err != nil {
		return fmt.Errorf("have the code sent again: %w", err)
	}
	message, err := m.inbox.next(ctx, before)
	if err != nil {
		return fmt.Errorf("read the code: %w", err)
	}
	code, err := strconv.ParseFloat(message.Code, 64)
	if err != nil {
		return fmt.Errorf("read the code: %w", err)
	}
	verified, err := m.clinic.CompleteVerificationWithResponse(ctx, message.Phone, client.VerificationCompleteRequest{Code: code})
	if err != nil {
		return fmt.Errorf("enter the code: %w", err)
	}
	fmt.Println("The phone of the declaration request is", verified.JSON200.Data.Status)
	return nil
}

// resendApprovalSMS is answered with a job, which brings the approval.
func (m *mis) resendApprovalSMS(ctx context.Context) error {
	accepted, err := m.clinic.ResendApprovalSMSWithResponse(ctx, patient, approval)
	if err != nil {
		return fmt.Errorf("have the SMS sent again: %w", err)
	}
	job, err := client.WaitJob(ctx, m.clinic, accepted.JSON202)
	if err != nil {
		return fmt.Errorf("have the SMS sent again: %w", err)
	}
	var resent client.Approval
	if err := json.Unmarshal(job.ResponseData, &resent); err != nil {
		return fmt.Errorf("read the approval: %w", err)
	}
	fmt.Println("The SMS of approval", resent.ID, "was sent again")
	return nil
}

// release is answered with a job, which leads to the service request.
func (m *mis) release(ctx context.Context) error {
	accepted, err := m.clinic.ReleaseServiceRequestWithResponse(ctx, serviceRequest)
	if err != nil {
		return fmt.Errorf("release the service request: %w", err)
	}
	job, err := client.WaitJob(ctx, m.clinic, accepted.JSON202)
	if err != nil {
		return fmt.Errorf("release the service request: %w", err)
	}
	fmt.Println("Released", job.Links[0].Href)
	m.changed("ServiceRequest", serviceRequest, 1)
	return nil
}

// stopDispense does the same for a device dispense.
func (m *mis) stopDispense(ctx context.Context) error {
	accepted, err := m.pharmacist.StopDeviceDispenseWithResponse(ctx, patient, deviceDispense)
	if err != nil {
		return fmt.Errorf("stop the device dispense: %w", err)
	}
	job, err := client.WaitJob(ctx, m.pharmacist, accepted.JSON202)
	if err != nil {
		return fmt.Errorf("stop the device dispense: %w", err)
	}
	fmt.Println("Stopped", job.Links[0].Href)
	m.changed("DeviceDispense", deviceDispense, 1)
	return nil
}
