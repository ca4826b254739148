package servicerequests

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/persons"
)

// SearchServiceRequests serves GET /api/service_requests.
func (a *API) SearchServiceRequests(
	ctx context.Context, req api.SearchServiceRequestsRequestObject,
) (api.SearchServiceRequestsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	undeclared := envelope.RequestFrom(ctx).Undeclared
	if refusal := checkSearch(req.Params, undeclared, a.config.Get()); refusal != nil {
		return nil, refusal
	}
	found, total, err := a.search(ctx, *req.Params.Requisition, req.Params.Status, page)
	if err != nil {
		return nil, err
	}
	data, err := a.showFound(ctx, found)
	if err != nil {
		return nil, err
	}
	return api.SearchServiceRequests200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// checkSearch tells what is wrong with a query, all in one answer:
//
//	service_request.search.unknown_parameter   nothing else was sent
//	service_request.search.requisition         there is a requisition
//	service_request.search.requisition_empty   and it is not empty
func checkSearch(params api.SearchServiceRequestsParams, undeclared map[string]string, cfg *config.Config) *fault.Error {
	var wrong []*fault.Error
	if cfg.On(rules.ServiceRequestSearchUnknownParameter) {
		for _, name := range slices.Sorted(maps.Keys(undeclared)) {
			wrong = append(wrong, fault.RefuseAt(rules.ServiceRequestSearchUnknownParameter, "$."+name, map[string]any{"properties": undeclared}))
		}
	}
	switch {
	case params.Requisition == nil:
		wrong = append(wrong, fault.Refuse(rules.ServiceRequestSearchRequisition))
	case *params.Requisition == "" && cfg.On(rules.ServiceRequestSearchRequisitionEmpty):
		wrong = append(wrong, fault.Refuse(rules.ServiceRequestSearchRequisitionEmpty))
	}
	return fault.Join(wrong...)
}

// search finds the service requests of a number. Patients read it out and
// clients type it with or without its dashes.
func (a *API) search(ctx context.Context, requisition string, status *string, page envelope.Page) (found []Document, total int, err error) {
	hidden, ok := a.keys.Requisition(strings.ReplaceAll(requisition, "-", ""))
	if !ok {
		return nil, 0, nil // nobody has such a number
	}
	wanted := Active
	if status != nil {
		wanted = *status
	}
	return a.store.find(ctx, hidden, wanted, page)
}

// showFound shows service requests with as much of their patients as is needed
// to recognise them.
func (a *API) showFound(ctx context.Context, found []Document) ([]api.ServiceRequest, error) {
	shown := make([]api.ServiceRequest, len(found))
	patients := make([]uuid.UUID, len(found))
	for i := range found {
		var err error
		if shown[i], patients[i], err = a.show(&found[i]); err != nil {
			return nil, err
		}
	}
	identities, err := a.people.Identity(ctx, patients)
	if err != nil {
		return nil, err
	}
	for i, patient := range patients {
		if identity, known := identities[patient]; known {
			shown[i].Identity = showIdentity(identity, found[i].InsertedAt)
		}
	}
	return shown, nil
}

// showIdentity shows the age that the patient had when the referral was written.
func showIdentity(identity persons.Identity, written time.Time) *api.PersonIdentity {
	shown := &api.PersonIdentity{
		LastName: nullable.NewNullableWithValue(identity.LastName), FirstName: nullable.NewNullableWithValue(identity.FirstName),
		SecondName: nullable.NewNullNullable[string](), Gender: api.PersonIdentityGender(identity.Gender), Age: identity.Age(written),
	}
	if identity.SecondName != nil {
		shown.SecondName.Set(*identity.SecondName)
	}
	return shown
}
