package divisions

import (
	"encoding/json"

	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
)

// created is the new division as a read would show it.
func (c change) created(e encoded) api.Division {
	return api.Division{
		ID: c.id.String(), LegalEntityID: c.legalEntityID.String(), Name: c.body.Name, Type: c.body.Type,
		Status: api.DivisionStatusACTIVE, Email: c.body.Email, MountainGroup: c.mountainGroup, Addresses: e.shown, Phones: e.phones,
		ExternalID: orNull(c.body.ExternalID), DlsID: nullable.NewNullNullable[string](), DlsVerified: nullable.NewNullNullable[bool](),
		Location: orNull((*api.DivisionLocation)(c.body.Location)), WorkingHours: hours(e.workingHours),
	}
}

func hours(stored json.RawMessage) nullable.Nullable[api.DivisionWorkingHours] {
	if stored == nil {
		return nullable.NewNullNullable[api.DivisionWorkingHours]()
	}
	return nullable.NewNullableWithValue(stored)
}

// addressesOf shows addresses of a body: what was not sent is null.
func addressesOf(sent []api.DivisionAddressRequest) []api.DivisionAddress {
	shown := make([]api.DivisionAddress, len(sent))
	for i, a := range sent {
		shown[i] = api.DivisionAddress{
			Type: a.Type, Country: a.Country, Area: a.Area, Region: orNull(a.Region),
			Settlement: a.Settlement, SettlementType: a.SettlementType, SettlementID: a.SettlementID,
			StreetType: orNull(a.StreetType), Street: orNull(a.Street), Building: orNull(a.Building),
			Apartment: orNull(a.Apartment), Zip: orNull(a.Zip),
		}
	}
	return shown
}

func orNull[T any](value *T) nullable.Nullable[T] {
	if value == nil {
		return nullable.NewNullNullable[T]()
	}
	return nullable.NewNullableWithValue(*value)
}
