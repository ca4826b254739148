package approvals

import (
	"fmt"

	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// renderApproval shows an approval as Resend and its job do.
func (a *API) renderApproval(d *Document) (api.Approval, error) {
	resources, err := a.references(d.GrantedResources)
	if err != nil {
		return api.Approval{}, err
	}
	grantedTo, reason, err := a.parties(d)
	if err != nil {
		return api.Approval{}, err
	}
	rendered := api.Approval{
		ID: d.ID.String(), GrantedResources: resources, GrantedResourceTypes: medicalevents.Each(d.GrantedResourceTypes, medicalevents.CodeableConcept.Show),
		GrantedTo: grantedTo, Reason: reason, ExpiresAt: envelope.Milli(d.ExpiresAt), IsVerified: d.IsVerified,
		AccessLevel: api.ApprovalAccessLevel(d.AccessLevel),
	}
	if d.Urgent != nil {
		rendered.AuthenticationMethodCurrent = method(d.Urgent)
	}
	return rendered, nil
}

// renderDetails shows an approval as the reads do. The list has no
// authentication method.
func (a *API) renderDetails(d *Document, withMethod bool) (api.ApprovalDetails, error) {
	resources, err := a.references(d.GrantedResources)
	if err != nil {
		return api.ApprovalDetails{}, err
	}
	grantedTo, reason, err := a.parties(d)
	if err != nil {
		return api.ApprovalDetails{}, err
	}
	createdBy, err := a.reference(d.CreatedBy)
	if err != nil {
		return api.ApprovalDetails{}, err
	}
	rendered := api.ApprovalDetails{
		ID: d.ID.String(), GrantedResources: resources, GrantedResourceTypes: medicalevents.Each(d.GrantedResourceTypes, medicalevents.CodeableConcept.Show),
		GrantedTo: grantedTo, Reason: reason, CreatedBy: api.ReferenceRequest{Identifier: createdBy.Identifier},
		IsVerified: d.IsVerified, ExpiresAt: envelope.Milli(d.ExpiresAt), AccessLevel: api.ApprovalDetailsAccessLevel(d.AccessLevel),
	}
	if d.AuthorizeWith != nil {
		id := d.AuthorizeWith.String()
		rendered.AuthorizeWith = &id
	}
	switch {
	case withMethod && d.Urgent != nil:
		rendered.AuthenticationMethodCurrent.Set(method(d.Urgent))
	case withMethod:
		rendered.AuthenticationMethodCurrent.SetNull()
	}
	return rendered, nil
}

// parties renders whom an approval is for, and why.
func (a *API) parties(d *Document) (grantedTo api.Reference, reason nullable.Nullable[api.NullableReference], err error) {
	if grantedTo, err = a.reference(d.GrantedTo); err != nil {
		return grantedTo, nil, err
	}
	if d.Reason == nil {
		return grantedTo, nullable.NewNullNullable[api.NullableReference](), nil
	}
	because, err := a.reference(*d.Reason)
	return grantedTo, nullable.NewNullableWithValue(because), err
}

func method(u *Urgent) api.ApprovalMethod {
	m := api.ApprovalMethod{Type: api.ApprovalMethodType(u.Type)}
	if u.PhoneNumber != "" {
		masked := envelope.MaskPhone(u.PhoneNumber)
		m.Number = &masked
	}
	return m
}

func (a *API) references(stored []Reference) ([]api.Reference, error) {
	rendered := make([]api.Reference, len(stored))
	for i, r := range stored {
		var err error
		if rendered[i], err = a.reference(r); err != nil {
			return nil, err
		}
	}
	return rendered, nil
}

func (a *API) reference(r Reference) (api.Reference, error) {
	id := r.Identifier.Value.ID
	if hidden := r.Identifier.Value.Patient; hidden != "" {
		var err error
		if id, err = a.keys.OpenPatientID(hidden); err != nil {
			return api.Reference{}, fmt.Errorf("render reference: %w", err)
		}
	}
	rendered := api.Reference{
		Identifier:   api.Identifier{Type: r.Identifier.Type.Show(), Value: id.String()},
		DisplayValue: nullable.NewNullNullable[string](),
	}
	if r.DisplayValue != nil {
		rendered.DisplayValue.Set(*r.DisplayValue)
	}
	return rendered, nil
}
