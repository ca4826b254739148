package approvals

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// show shows an approval as Resend and its job do.
func (a *API) show(d *Document) (api.Approval, error) {
	p, err := a.partsOf(d)
	if err != nil {
		return api.Approval{}, err
	}
	shown := api.Approval{
		ID: d.ID.String(), GrantedResources: p.resources, GrantedResourceTypes: p.resourceTypes,
		GrantedTo: p.grantedTo, Reason: p.reason, ExpiresAt: envelope.Milli(d.ExpiresAt), IsVerified: d.IsVerified,
		AccessLevel: api.ApprovalAccessLevel(d.AccessLevel),
	}
	if d.Urgent != nil {
		shown.AuthenticationMethodCurrent = d.Urgent.show()
	}
	return shown, nil
}

// showDetails shows an approval as the reads do. The list has no authentication
// method.
func (a *API) showDetails(d *Document, withMethod bool) (api.ApprovalDetails, error) {
	p, err := a.partsOf(d)
	if err != nil {
		return api.ApprovalDetails{}, err
	}
	createdBy, err := a.reference(d, d.CreatedBy)
	if err != nil {
		return api.ApprovalDetails{}, err
	}
	shown := api.ApprovalDetails{
		ID: d.ID.String(), GrantedResources: p.resources, GrantedResourceTypes: p.resourceTypes,
		GrantedTo: p.grantedTo, Reason: p.reason, CreatedBy: api.ReferenceRequest{Identifier: createdBy.Identifier},
		IsVerified: d.IsVerified, ExpiresAt: envelope.Milli(d.ExpiresAt), AccessLevel: api.ApprovalDetailsAccessLevel(d.AccessLevel),
		AuthorizeWith: medicalevents.Optional(d.AuthorizeWith, uuid.UUID.String),
	}
	if withMethod {
		shown.AuthenticationMethodCurrent = medicalevents.Nullable(d.Urgent, Urgent.show)
	}
	return shown, nil
}

// parts are what both ways of showing have in common.
type parts struct {
	resources     []api.Reference
	resourceTypes []api.CodeableConcept
	grantedTo     api.Reference
	reason        nullable.Nullable[api.NullableReference]
}

func (a *API) partsOf(d *Document) (p parts, err error) {
	p.resourceTypes = medicalevents.Each(d.GrantedResourceTypes, medicalevents.CodeableConcept.Show)
	p.resources = make([]api.Reference, len(d.GrantedResources))
	for i, r := range d.GrantedResources {
		if p.resources[i], err = a.reference(d, r); err != nil {
			return p, err
		}
	}
	if p.grantedTo, err = a.reference(d, d.GrantedTo); err != nil {
		return p, err
	}
	p.reason = nullable.NewNullNullable[api.NullableReference]()
	if d.Reason != nil {
		because, err := a.reference(d, *d.Reason)
		if err != nil {
			return p, err
		}
		p.reason.Set(because)
	}
	return p, nil
}

func (u Urgent) show() api.ApprovalMethod {
	return api.ApprovalMethod{Type: api.ApprovalMethodType(u.Type), Number: envelope.MaskPhone(u.PhoneNumber)}
}

// reference shows a reference; that to a patient by the id that clients know.
func (a *API) reference(d *Document, r Reference) (api.Reference, error) {
	id := r.Identifier.Value.ID
	if hidden := r.Identifier.Value.Patient; hidden != "" {
		var err error
		if id, err = a.Engine.Keys.OpenPatientID(hidden, d.SealedWith); err != nil {
			return api.Reference{}, fmt.Errorf("show reference: %w", err)
		}
	}
	return api.Reference{
		Identifier:   api.Identifier{Type: r.Identifier.Type.Show(), Value: id.String()},
		DisplayValue: medicalevents.Nullable(r.DisplayValue, medicalevents.AsIs),
	}, nil
}
