package declarationrequests

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
)

func renderShort(e *entry) api.DeclarationRequestShort {
	return api.DeclarationRequestShort{
		ID: e.ID.String(), StartDate: orNull(e.StartDate), EndDate: orNull(e.EndDate),
		Status: api.DeclarationRequestStatus(e.Status), StatusReason: e.StatusReason, Channel: api.DeclarationRequestChannel(e.Channel),
		PersonID: orNull(e.PersonID), EmployeeID: orNull(e.EmployeeID), DivisionID: orNull(e.DivisionID),
		LegalEntityID: orNull(idText(e.LegalEntityID)), AuthorizeWith: idText(e.AuthorizeWith),
		ParentDeclarationID:    idText(e.ParentDeclarationID),
		SystemDeclarationLimit: number(e.SystemDeclarationLimit), CurrentDeclarationCount: number(e.CurrentDeclarationCount),
	}
}

func renderDetails(d *details) (api.DeclarationRequest, error) {
	short := renderShort(&d.entry)
	signed, err := renderDataToBeSigned(d.DataToBeSigned)
	if err != nil {
		return api.DeclarationRequest{}, fmt.Errorf("declaration request %s: %w", d.ID, err)
	}
	return api.DeclarationRequest{
		ID: short.ID, StartDate: short.StartDate, EndDate: short.EndDate, PersonID: short.PersonID, EmployeeID: short.EmployeeID,
		DivisionID: short.DivisionID, LegalEntityID: short.LegalEntityID,
		DeclarationNumber: d.DeclarationNumber, DeclarationID: orNull(idText(d.DeclarationID)), ParentDeclarationID: short.ParentDeclarationID,
		Status: short.Status, StatusReason: short.StatusReason, Channel: short.Channel, AuthorizeWith: short.AuthorizeWith,
		SystemDeclarationLimit: short.SystemDeclarationLimit, CurrentDeclarationCount: short.CurrentDeclarationCount,
		DataToBeSigned: signed,
	}, nil
}

// renderDataToBeSigned passes the values on undecoded: what the doctor signs must
// be what was stored, and a number that went through a float may not be.
func renderDataToBeSigned(stored json.RawMessage) (*api.DeclarationRequestDataToBeSigned, error) {
	if len(stored) == 0 {
		return nil, nil
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(stored, &values); err != nil {
		return nil, fmt.Errorf("decode data to be signed: %w", err)
	}
	rendered := make(api.DeclarationRequestDataToBeSigned, len(values))
	for key, value := range values {
		rendered[key] = value
	}
	return &rendered, nil
}

// renderUrgent shows how the patient confirms. A request whose data the clean-up
// has removed is confirmed by nothing any more. The signed content is linked for
// approved requests of patients' systems alone.
func renderUrgent(d *details) api.DeclarationRequestUrgent {
	u := api.DeclarationRequestUrgent{AuthenticationMethodCurrent: api.AuthenticationMethodCurrent{Type: methodNone}}
	switch d.Method.Type {
	case methodOTP:
		u.AuthenticationMethodCurrent = api.AuthenticationMethodCurrent{Type: methodOTP, Number: envelope.MaskPhone(d.Method.Number)}
	case methodOffline:
		u.AuthenticationMethodCurrent.Type = methodOffline
	}
	if d.Channel == channelPIS && d.Status == statusApproved && len(d.Documents) > 0 {
		links := make([]api.DeclarationRequestDocument, len(d.Documents))
		for i, document := range d.Documents {
			links[i] = api.DeclarationRequestDocument{Type: document.Type, URL: document.URL}
		}
		u.Documents = &links
	}
	return u
}

func orNull[T any](v *T) nullable.Nullable[T] {
	if v == nil {
		return nullable.NewNullNullable[T]()
	}
	return nullable.NewNullableWithValue(*v)
}

func idText(id *uuid.UUID) *string {
	if id == nil {
		return nil
	}
	text := id.String()
	return &text
}

func number(n *int32) *int {
	if n == nil {
		return nil
	}
	whole := int(*n)
	return &whole
}
