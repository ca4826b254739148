package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"esoz/gen/client"
)

const (
	patientPhone = "+380671234568" // nobody's in the sandbox
	doctor       = "91263858-5734-5192-9e3b-d74f237e6d52"
	colleague    = "356b2d88-33f3-57cc-847b-2d301500d79d" // of the same clinic
)

// register takes a patient from a phone to a declaration, and to the next one with another doctor, which ends the first.
func (m *mis) register(ctx context.Context) error {
	baseURL := m.inbox.baseURL
	first := doctorAt(baseURL, "sandbox-doctor", doctor)
	second := doctorAt(baseURL, "sandbox-colleague", colleague)
	api, err := first.client()
	if err != nil {
		return err
	}
	person, err := first.registerPatient(ctx, api)
	if err != nil {
		return err
	}
	m.person = person
	declaration, err := first.declare(ctx, person, m.division)
	if err != nil {
		return err
	}
	if _, err := second.declare(ctx, person, m.division); err != nil {
		return err
	}
	ended, err := api.GetDeclarationWithResponse(ctx, declaration)
	if err != nil {
		return fmt.Errorf("read the first declaration: %w", err)
	}
	fmt.Println("The first declaration is", ended.JSON200.Data.Status)
	return nil
}

// registering is a doctor with what it takes to register patients.
type registering struct {
	token, employee string
	inbox           sandboxInbox
}

func doctorAt(baseURL, token, employee string) registering {
	return registering{token, employee, sandboxInbox{baseURL}}
}

func (d registering) client() (*client.ClientWithResponses, error) {
	return client.New(d.inbox.baseURL, client.WithToken(d.token), client.WithAPIKey(apiKey))
}

// codeAfter returns the code of the message that something brings about.
func (d registering) codeAfter(ctx context.Context, do func() error) (code string, err error) {
	before := time.Now()
	if err := do(); err != nil {
		return "", err
	}
	message, err := d.inbox.next(ctx, before)
	return message.Code, err
}

// registerPatient is refused with a wrong code, with changed content and with a foreign signature, and then accepted.
func (d registering) registerPatient(ctx context.Context, api *client.ClientWithResponses) (person string, err error) {
	code, err := d.codeAfter(ctx, func() error {
		_, err := api.InitializeVerificationWithResponse(ctx, client.VerificationRequest{PhoneNumber: patientPhone})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("verify the phone: %w", err)
	}
	var number float64
	if _, err := fmt.Sscan(code, &number); err != nil {
		return "", fmt.Errorf("read the code: %w", err)
	}
	if _, err := api.CompleteVerificationWithResponse(ctx, patientPhone, client.VerificationCompleteRequest{Code: number}); err != nil {
		return "", fmt.Errorf("verify the phone: %w", err)
	}
	found, err := api.ListSettlementsWithResponse(ctx, &client.ListSettlementsParams{Name: new("Бердичів")})
	if err != nil {
		return "", fmt.Errorf("look a settlement up: %w", err)
	}
	settlement := found.JSON200.Data[0]
	var made *client.CreatePersonRequestResult
	code, err = d.codeAfter(ctx, func() (err error) {
		made, err = api.CreatePersonRequestWithResponse(ctx, client.PersonRequestCreate{
			ProcessDisclosureDataConsent: true,
			Person: client.PersonRequestPerson{
				FirstName: "Ганна", LastName: "Шевчук", SecondName: new("Іванівна"), BirthDate: "1988-03-14", BirthCountry: "Україна",
				BirthSettlement: "Бердичів", Gender: "FEMALE", TaxID: new("3221405189"), Secret: "калина",
				Documents: []client.PersonRequestDocument{{Type: "PASSPORT", Number: "ВМ204519", IssuedBy: "Бердичівським МВ УДМС", IssuedAt: "2006-05-16"}},
				Addresses: []client.PersonRequestAddress{{
					Type: "RESIDENCE", Country: "UA", Area: *settlement.Region, Region: settlement.District, Settlement: settlement.SettlementName,
					SettlementType: *settlement.Type, SettlementID: settlement.ID, Zip: new("13300"),
				}},
				AuthenticationMethods: []client.PersonRequestMethod{{Type: "OTP", PhoneNumber: new(patientPhone)}},
				EmergencyContact: client.PersonRequestContact{
					FirstName: "Іван", LastName: "Шевчук", Phones: []client.PersonRequestPhone{{Type: "MOBILE", Number: "+380503410870"}},
				},
			},
		})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("ask for the registration: %w", err)
	}
	request := made.JSON201.Data.ID
	_, err = api.ApprovePersonRequestWithResponse(ctx, request, client.PersonRequestApprove{VerificationCode: "0"})
	if err := refused(err, "Invalid verification code"); err != nil {
		return "", err
	}
	approved, err := api.ApprovePersonRequestWithResponse(ctx, request, client.PersonRequestApprove{VerificationCode: code})
	if err != nil {
		return "", fmt.Errorf("approve the registration: %w", err)
	}
	changed := bytes.ReplaceAll(approved.Body, []byte("Шевчук"), []byte("Шевченко"))
	var container string
	for _, try := range []struct {
		answer         []byte
		token, refusal string
	}{
		{changed, d.token, "Signed content does not match the previously created content"},
		{approved.Body, "sandbox-other-doctor", "Does not match the signer drfo"},
	} {
		if container, err = d.sign(ctx, try.answer, try.token, "data"); err != nil {
			return "", err
		}
		_, err = api.SignPersonRequestWithResponse(ctx, request, client.PersonRequestSign{SignedContent: container})
		if err := refused(err, try.refusal); err != nil {
			return "", err
		}
	}
	if container, err = d.sign(ctx, approved.Body, d.token, "data"); err != nil {
		return "", err
	}
	signed, err := api.SignPersonRequestWithResponse(ctx, request, client.PersonRequestSign{SignedContent: container})
	if err != nil {
		return "", fmt.Errorf("sign the registration: %w", err)
	}
	person = signed.JSON200.Data.PersonID
	persons, err := api.SearchPersonsWithResponse(ctx, &client.SearchPersonsParams{
		FirstName: "Ганна", LastName: "Шевчук", BirthDate: "1988-03-14", PhoneNumber: new(patientPhone),
	})
	if err != nil || len(persons.JSON200.Data) != 1 || persons.JSON200.Data[0].ID != person {
		return "", fmt.Errorf("find the patient: %w", errors.Join(err, errors.New("the registered person is not what is found")))
	}
	fmt.Println("Registered", person)
	return person, nil
}

// refused expects the error of a call to be a refusal with a text.
func refused(err error, text string) error {
	refusal := new(client.Error)
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Error(), text) {
		return fmt.Errorf("not refused with %q, but with: %w", text, err)
	}
	fmt.Println("Refused:", text)
	return nil
}

// declare makes a declaration of a person with the doctor, who works in a division.
func (d registering) declare(ctx context.Context, person, division string) (declaration string, err error) {
	api, err := d.client()
	if err != nil {
		return "", err
	}
	made, err := api.CreateDeclarationRequestWithResponse(ctx, client.DeclarationRequestCreate{
		PersonID: person, EmployeeID: d.employee, DivisionID: division,
	})
	if err != nil {
		return "", fmt.Errorf("ask for a declaration: %w", err)
	}
	request := made.JSON201.Data.ID
	code, err := d.codeAfter(ctx, func() error {
		_, err := api.ResendDeclarationRequestOTPWithResponse(ctx, request)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("have the code sent again: %w", err)
	}
	approved, err := api.ApproveDeclarationRequestWithResponse(ctx, request, client.DeclarationRequestApprove{VerificationCode: code})
	if err != nil {
		return "", fmt.Errorf("approve the declaration: %w", err)
	}
	container, err := d.sign(ctx, approved.Body, d.token, "data", "data_to_be_signed")
	if err != nil {
		return "", err
	}
	signed, err := api.SignDeclarationRequestWithResponse(ctx, request, client.DeclarationRequestSign{SignedDeclarationRequest: container})
	if err != nil {
		return "", fmt.Errorf("sign the declaration: %w", err)
	}
	fmt.Println("Declaration", signed.JSON200.Data.ID, "is", signed.JSON200.Data.Status)
	return signed.JSON200.Data.ID, nil
}

// sign has a part of an answer signed, after the patient has signed the printed form.
func (d registering) sign(ctx context.Context, answer []byte, token string, path ...string) (container string, err error) {
	content, err := shown(answer, path...)
	if err != nil {
		return "", err
	}
	form := content
	if _, top := content["patient_signed"]; !top {
		form, _ = content["person"].(map[string]any)
	}
	form["patient_signed"] = true
	return signAs(ctx, d.inbox.baseURL, token, content)
}
