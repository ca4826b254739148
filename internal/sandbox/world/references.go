package world

import (
	"esoz/gen/rules"
	"esoz/internal/fault"
	"esoz/internal/uaddresses"
)

// references are dictionaries and addresses, which everybody may read.
func (w *World) references() {
	kyiv := uaddresses.ID(uaddresses.CodeKyiv).String()
	read := func(path string) Request { return as("", get, path) }

	w.passes("listDictionaries", "one dictionary", read("/api/dictionaries?name=DIVISION_TYPE&is_active=true"), 200)
	w.refused("listDictionaries", "is_active is no boolean", read("/api/dictionaries?is_active=maybe"), fault.Refuse(rules.DictionaryListIsActive))
	w.passes("listDictionariesV2", "a value by its text", read("/api/v2/dictionaries?name=STREET_TYPE&value_description=%D0%B2%D1%83%D0%BB"), 200)
	w.refused("listDictionariesV2", "is_active is no boolean", read("/api/v2/dictionaries?is_active=maybe"), fault.Refuse(rules.DictionaryListV2IsActive))
	w.refused("listDictionariesV2", "value_is_active is no boolean", read("/api/v2/dictionaries?value_is_active=maybe"), fault.Refuse(rules.DictionaryListV2ValueIsActive))

	w.passes("listRegions", "all oblasts", read("/api/uaddresses/regions"), 200)
	w.passes("listDistricts", "raions of an oblast", read("/api/uaddresses/districts?region=%D0%96%D0%B8%D1%82%D0%BE%D0%BC%D0%B8%D1%80%D1%81%D1%8C%D0%BA%D0%B0"), 200)
	w.refused("listDistricts", "region_id is no id", read("/api/uaddresses/districts?region_id=1"), fault.Refuse(rules.DistrictListRegionID))
	w.passes("listSettlements", "mountain settlements", read("/api/uaddresses/settlements?mountain_group=true"), 200)
	w.refused("listSettlements", "district_id is no id", read("/api/uaddresses/settlements?district_id=1"), fault.Refuse(rules.SettlementListDistrictID))
	w.refused("listSettlements", "mountain_group is no boolean", read("/api/uaddresses/settlements?mountain_group=maybe"), fault.Refuse(rules.SettlementListMountainGroup))
	w.passes("getSettlement", "Київ", read("/api/uaddresses/settlements/"+kyiv), 200)
	w.refused("getSettlement", "a settlement that is not there", read("/api/uaddresses/settlements/"+ID("no settlement").String()), fault.Refuse(rules.SettlementGetNotFound))
	w.refused("getSettlement", "a malformed id", read("/api/uaddresses/settlements/kyiv"), fault.Refuse(rules.SettlementGetNotFound))
	w.passes("listStreets", "streets of Київ", read("/api/uaddresses/streets?settlement_id="+kyiv), 200)
	w.refused("listStreets", "no settlement", read("/api/uaddresses/streets"), fault.Refuse(rules.StreetListSettlementIDRequired))
	w.refused("listStreets", "settlement_id is no id", read("/api/uaddresses/streets?settlement_id=1"), fault.Refuse(rules.StreetListSettlementID))
}
