package personrequests

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"esoz/gen/api"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/media"
)

// CreatePersonRequestV3 serves POST /api/v3/person_requests.
func (a *API) CreatePersonRequestV3(ctx context.Context, req api.CreatePersonRequestV3RequestObject) (api.CreatePersonRequestV3ResponseObject, error) {
	person, err := inV2(&req.Body.Person)
	if err != nil {
		return nil, err
	}
	s := a.creating(ctx, &api.PersonRequestCreate{
		Person: person, PatientSigned: req.Body.PatientSigned, ProcessDisclosureDataConsent: req.Body.ProcessDisclosureDataConsent,
		AuthorizeWith: req.Body.AuthorizeWith,
	}, &req.Body.Person)
	if err := creates[v3].Run(ctx, s); err != nil {
		return nil, err
	}
	return api.CreatePersonRequestV3201JSONResponse{
		Meta: envelope.Created(ctx, s.made.ID.String()), Data: s.made.showV3(), Urgent: s.made.urgentV3(a.Media),
	}, nil
}

// GetPersonRequestV3 serves GET /api/v3/person_requests/{id}.
func (a *API) GetPersonRequestV3(ctx context.Context, req api.GetPersonRequestV3RequestObject) (api.GetPersonRequestV3ResponseObject, error) {
	s := a.acting(ctx, req.ID, v3)
	if err := operation.Run(ctx, gets[v3], s); err != nil {
		return nil, err
	}
	shown := api.PersonRequestResponseV3{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.found.showV3()}
	if s.found.Status == api.PersonRequestStatusNEW {
		urgent := s.found.urgentV3(a.Media)
		shown.Urgent = &urgent
	}
	return api.GetPersonRequestV3200JSONResponse(shown), nil
}

// ApprovePersonRequestV3 serves PATCH /api/v3/person_requests/{id}/actions/approve.
func (a *API) ApprovePersonRequestV3(ctx context.Context, req api.ApprovePersonRequestV3RequestObject) (api.ApprovePersonRequestV3ResponseObject, error) {
	s := a.acting(ctx, req.ID, v3)
	if req.Body != nil {
		s.code = req.Body.VerificationCode
	}
	if err := approves[v3].Run(ctx, s); err != nil {
		return nil, err
	}
	return api.ApprovePersonRequestV3201JSONResponse{Meta: envelope.Meta(ctx, http.StatusCreated), Data: s.found.showV3()}, nil
}

// RejectPersonRequestV3 serves PATCH /api/v3/person_requests/{id}/actions/reject.
func (a *API) RejectPersonRequestV3(ctx context.Context, req api.RejectPersonRequestV3RequestObject) (api.RejectPersonRequestV3ResponseObject, error) {
	s := a.acting(ctx, req.ID, v3)
	if err := rejects[v3].Run(ctx, s); err != nil {
		return nil, err
	}
	return api.RejectPersonRequestV3200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.found.showV3()}, nil
}

// SignPersonRequestV3 serves PATCH /api/v3/person_requests/{id}/actions/sign.
func (a *API) SignPersonRequestV3(ctx context.Context, req api.SignPersonRequestV3RequestObject) (api.SignPersonRequestV3ResponseObject, error) {
	s := a.acting(ctx, req.ID, v3)
	s.Sent = req.Body.SignedContent
	if err := signs[v3].Run(ctx, s); err != nil {
		return nil, err
	}
	return api.SignPersonRequestV3200JSONResponse(s.signedResponse(ctx)), nil
}

// inV2 is a person in the form of version 2: with the names in Ukrainian or, when
// there are none, the first ones. Who has no tax id need not say that they refused it.
func inV2(sent *api.PersonRequestPersonV3) (p api.PersonRequestPerson, err error) {
	alike, err := json.Marshal(sent) //nolint:gosec // the secret is of the person
	if err == nil {
		err = json.Unmarshal(alike, &p)
	}
	if err != nil {
		return p, fmt.Errorf("read a person of version 3: %w", err)
	}
	if sent.NoTaxID.IsNull() {
		p.NoTaxID = true
	}
	names := &sent.Names[0]
	for i := range sent.Names {
		if sent.Names[i].Language == ukrainian {
			names = &sent.Names[i]
			break
		}
	}
	p.FirstName, p.SecondName = names.FirstName, names.SecondName
	p.LastName, _ = names.LastName.Get() // none is ""
	return p, nil
}

// registered is the person as the register keeps it.
func (d *data) registered() any {
	switch {
	case d.V1 != nil:
		return registeredV1{d.Person, confidantsOf(d.V1)}
	case d.V3 == nil:
		return d.Person
	}
	return struct {
		api.PersonRequestPerson

		Names     []api.PersonRequestNames      `json:"names"`
		Documents []api.PersonRequestDocumentV3 `json:"documents"`
		Addresses []api.PersonRequestAddressV3  `json:"addresses"`
	}{d.Person, d.V3.Names, d.V3.Documents, d.V3.Addresses}
}

// showV3 is show of a request of version 3.
func (r *request) showV3() api.PersonRequestV3 {
	alike := r.show()
	shown := api.PersonRequestV3{
		ID: alike.ID, Status: alike.Status, Person: *r.Data.V3, PatientSigned: alike.PatientSigned,
		ProcessDisclosureDataConsent: alike.ProcessDisclosureDataConsent, Channel: api.PersonRequestV3Channel(alike.Channel), Content: alike.Content,
		AuthorizeWith: alike.AuthorizeWith,
	}
	shown.Person.AuthenticationMethods = alike.Person.AuthenticationMethods
	return shown
}

func (r *request) urgentV3(scans *media.Store) api.PersonRequestUrgentV3 {
	alike := r.urgent(scans)
	return api.PersonRequestUrgentV3{AuthenticationMethodCurrent: alike.AuthenticationMethodCurrent[0], Documents: alike.Documents}
}

// shown is what a method of the request's version shows.
func (r *request) shown() any {
	switch r.Version {
	case v1:
		return r.showV1()
	case v3:
		return r.showV3()
	}
	return r.show()
}
