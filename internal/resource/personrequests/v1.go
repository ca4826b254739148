package personrequests

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"esoz/gen/api"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// CreatePersonRequestV1 serves POST /api/person_requests.
func (a *API) CreatePersonRequestV1(ctx context.Context, req api.CreatePersonRequestV1RequestObject) (api.CreatePersonRequestV1ResponseObject, error) {
	person, err := withoutConfidants(req.Body.Person)
	if err != nil {
		return nil, err
	}
	s := a.creating(ctx, &api.PersonRequestCreate{
		Person: person, PatientSigned: req.Body.PatientSigned, ProcessDisclosureDataConsent: req.Body.ProcessDisclosureDataConsent,
		AuthorizeWith: req.Body.AuthorizeWith,
	}, nil)
	s.version, s.inV1 = v1, &req.Body.Person
	if err := creates[v1].Run(ctx, s); err != nil {
		return nil, err
	}
	return api.CreatePersonRequestV1201JSONResponse{
		Meta: envelope.Created(ctx, s.made.ID.String()), Data: s.made.showV1(), Urgent: s.made.urgent(a.Media),
	}, nil
}

// GetPersonRequestV1 serves GET /api/person_requests/{id}.
func (a *API) GetPersonRequestV1(ctx context.Context, req api.GetPersonRequestV1RequestObject) (api.GetPersonRequestV1ResponseObject, error) {
	s := a.acting(ctx, req.ID, v1)
	if err := operation.Run(ctx, gets[v1], s); err != nil {
		return nil, err
	}
	shown := api.PersonRequestResponseV1{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.found.showV1()}
	if s.found.Status == api.PersonRequestStatusNEW {
		urgent := s.found.urgent(a.Media)
		shown.Urgent = &urgent
	}
	return api.GetPersonRequestV1200JSONResponse(shown), nil
}

// ApprovePersonRequestV1 serves PATCH /api/person_requests/{id}/actions/approve.
func (a *API) ApprovePersonRequestV1(ctx context.Context, req api.ApprovePersonRequestV1RequestObject) (api.ApprovePersonRequestV1ResponseObject, error) {
	s := a.acting(ctx, req.ID, v1)
	if req.Body != nil {
		s.code = req.Body.VerificationCode
	}
	if err := approves[v1].Run(ctx, s); err != nil {
		return nil, err
	}
	return api.ApprovePersonRequestV1201JSONResponse{Meta: envelope.Meta(ctx, http.StatusCreated), Data: s.found.showV1()}, nil
}

// RejectPersonRequestV1 serves PATCH /api/person_requests/{id}/actions/reject.
func (a *API) RejectPersonRequestV1(ctx context.Context, req api.RejectPersonRequestV1RequestObject) (api.RejectPersonRequestV1ResponseObject, error) {
	s := a.acting(ctx, req.ID, v1)
	if err := rejects[v1].Run(ctx, s); err != nil {
		return nil, err
	}
	return api.RejectPersonRequestV1200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.found.showV1()}, nil
}

// SignPersonRequestV1 serves PATCH /api/person_requests/{id}/actions/sign.
func (a *API) SignPersonRequestV1(ctx context.Context, req api.SignPersonRequestV1RequestObject) (api.SignPersonRequestV1ResponseObject, error) {
	s := a.acting(ctx, req.ID, v1)
	s.Sent = req.Body.SignedContent
	if err := signs[v1].Run(ctx, s); err != nil {
		return nil, err
	}
	return api.SignPersonRequestV1200JSONResponse(s.signedResponse(ctx)), nil
}

// withoutConfidants is a person of version 1 in the form of version 2, in which the
// persons who act for them have no place.
func withoutConfidants(sent api.PersonRequestPersonV1) (p api.PersonRequestPerson, err error) {
	sent.ConfidantPerson = nil
	alike, err := json.Marshal(sent) //nolint:gosec // the secret is of the person
	if err == nil {
		err = json.Unmarshal(alike, &p)
	}
	if err != nil {
		return p, fmt.Errorf("read a person of version 1: %w", err)
	}
	return p, nil
}

// showV1 is show of a request of version 1.
func (r *request) showV1() api.PersonRequestV1 {
	alike := r.show()
	shown := api.PersonRequestV1{
		ID: alike.ID, Status: alike.Status, Person: *r.Data.V1, PatientSigned: alike.PatientSigned,
		ProcessDisclosureDataConsent: alike.ProcessDisclosureDataConsent, Channel: api.PersonRequestV1Channel(alike.Channel), Content: alike.Content,
		AuthorizeWith: alike.AuthorizeWith,
	}
	shown.Person.AuthenticationMethods = alike.Person.AuthenticationMethods
	return shown
}

// uploadsOfV1 are the scans that only version 1 asks for.
func (s *creating) uploadsOfV1(add func(prefix string, kinds ...string)) {
	if s.person.NoTaxID {
		add("person.", "no_tax_id")
	}
	if id := s.person.TaxID; id != nil && !taxIDAgrees(*id, s.born, s.person.Gender) {
		add("person.", "tax_id")
	}
	for _, c := range s.confidants() {
		prefix := "confidant_person." + string(c.RelationType) + "."
		for _, d := range c.DocumentsRelationship {
			add(prefix, d.Type)
		}
		for _, d := range c.DocumentsPerson {
			add(prefix, d.Type)
		}
	}
}

// taxIDAgrees tells whether ten digits are a tax id of a person: the first five are
// the days from 1899-12-31 to the birth date, the ninth is odd for a man, the last is
// a sum of the others.
func taxIDAgrees(id string, born time.Time, gender string) bool {
	sum := 0
	for i, weight := range []int{-1, 5, 7, 9, 4, 6, 10, 5, 7} {
		sum += weight * int(id[i]-'0')
	}
	days, _ := strconv.Atoi(id[:5]) // digits by the schema
	first := time.Date(1899, time.December, 31, 0, 0, 0, 0, time.UTC)
	isMan := (id[8]-'0')%2 == 1
	return first.AddDate(0, 0, days).Equal(born) && isMan == (gender == "MALE") && ((sum%11)+11)%11%10 == int(id[9]-'0')
}

// registeredV1 is a person of version 1 as the register keeps it: with a list of those
// who act for them, empty when there are none.
type registeredV1 struct {
	api.PersonRequestPerson

	Confidants []api.PersonRequestConfidantV1 `json:"confidant_person"`
}

func confidantsOf(p *api.PersonRequestPersonV1) []api.PersonRequestConfidantV1 {
	if p == nil || p.ConfidantPerson == nil {
		return []api.PersonRequestConfidantV1{}
	}
	return *p.ConfidantPerson
}

func (s *creating) confidants() []api.PersonRequestConfidantV1 { return confidantsOf(s.inV1) }
