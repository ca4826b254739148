package world

import (
	"net/url"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/uaddresses"
)

// references are dictionaries and addresses, which everybody may read.
func (w *World) references() {
	w.classifier()
	kyiv, verkhovyna := uaddresses.ID(uaddresses.CodeKyiv).String(), uaddresses.ID(uaddresses.CodeVerkhovyna).String()
	read := func(path string, filters ...string) Request {
		query := url.Values{}
		for i := 0; i+1 < len(filters); i += 2 {
			query.Set(filters[i], filters[i+1])
		}
		if len(query) > 0 {
			path += "?" + query.Encode()
		}
		return as("", get, path)
	}

	const dictionaries, dictionariesV2 = "/api/dictionaries", "/api/v2/dictionaries"
	w.passes("listDictionaries", "two dictionaries", read(dictionaries, "name", "DIVISION_TYPE,ADDRESS_TYPE", "is_active", "true"), 200)
	w.refused("listDictionaries", "is_active is neither true nor false", read(dictionaries, "is_active", "maybe"),
		fault.Refuse(rules.DictionaryListIsActive))
	w.passes("listDictionariesV2", "a classifier with values under values", read(dictionariesV2, "name", classifier), 200)
	w.passes("listDictionariesV2", "values by a part of their text", read(dictionariesV2, "name", "STREET_TYPE", "value_description", "вул"), 200)
	w.passes("listDictionariesV2", "values out of use", read(dictionariesV2, "value_is_active", "false"), 200)
	w.refused("listDictionariesV2", "is_active is neither true nor false", read(dictionariesV2, "is_active", "maybe"),
		fault.Refuse(rules.DictionaryListV2IsActive))
	w.refused("listDictionariesV2", "value_is_active is neither true nor false", read(dictionariesV2, "value_is_active", "maybe"),
		fault.Refuse(rules.DictionaryListV2ValueIsActive))

	const regions, districts, settlements, streets = "/api/uaddresses/regions", "/api/uaddresses/districts",
		"/api/uaddresses/settlements", "/api/uaddresses/streets"
	w.passes("listRegions", "regions by a part of their name", read(regions, "name", "київ"), 200)
	w.passes("listDistricts", "the districts of a region", read(districts, "region", "Житомирська"), 200)
	w.refused("listDistricts", "region_id is no UUID", read(districts, "region_id", "UA18000000000041385"),
		fault.Refuse(rules.DistrictListRegionID))
	w.passes("listSettlements", "a settlement of a district", read(settlements, "region", "Житомирська", "district", "Бердичівський", "name", "бердич"), 200)
	w.passes("listSettlements", "mountain settlements", read(settlements, "mountain_group", "true"), 200)
	w.refused("listSettlements", "district_id is no UUID", read(settlements, "district_id", "UA18020000000072859"),
		fault.Refuse(rules.SettlementListDistrictID))
	w.refused("listSettlements", "mountain_group is neither true nor false", read(settlements, "mountain_group", "0"),
		fault.Refuse(rules.SettlementListMountainGroup))
	w.passes("getSettlement", "a mountain settlement", read(settlements+"/"+verkhovyna), 200)
	w.refused("getSettlement", "an unknown settlement", read(settlements+"/"+ID("no settlement").String()), fault.Refuse(rules.SettlementGetNotFound))
	w.refused("getSettlement", "an id that is no UUID", read(settlements+"/"+uaddresses.CodeKyiv), fault.Refuse(rules.SettlementGetNotFound))
	w.passes("listStreets", "a street by a former name", read(streets, "settlement_id", kyiv, "name", "короленка"), 200)
	w.refused("listStreets", "no settlement_id", read(streets), fault.Refuse(rules.StreetListSettlementIDRequired))
	w.refused("listStreets", "settlement_id is no UUID", read(streets, "settlement_id", uaddresses.CodeKyiv),
		fault.Refuse(rules.StreetListSettlementID))
}

const classifier = "eHealth/ICF/classifiers"

// classifier is a dictionary with levels, which the built-in ones have not: the
// example of the blueprint, with a value out of use.
func (w *World) classifier() {
	id := w.object("dictionary", classifier, "has values under values; b11428 is out of use")
	w.insert("prm.dictionaries", w.audited(row{
		"id": id, "name": classifier, "description": "Класифікатори МКФ", "labels": []string{"SYSTEM", "EXTERNAL"}, "is_active": true,
	}))
	parent := ID(classifier + " b1142")
	for _, v := range []struct {
		code, description string
		parent            any
		isActive          bool
	}{
		{"b1142", "Орієнтація в особі", nil, true},
		{"b11428", "Орієнтація в особі, інша уточнена", parent, false},
		{"b11429", "Орієнтація в особі неуточнена", parent, true},
	} {
		w.insert("prm.dictionary_values", w.audited(row{
			"id": ID(classifier + " " + v.code), "dictionary_id": id, "code": v.code, "description": v.description,
			"parent_id": v.parent, "is_active": v.isActive,
		}))
	}
}
