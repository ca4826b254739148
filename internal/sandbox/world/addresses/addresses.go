// Package addresses has cases about the built-in addresses, which come with the
// migrations.
package addresses

import (
	"net/http"
	"net/url"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/uaddresses"
	"esoz/internal/sandbox/world/build"
)

// Add adds the cases, and names the settlements that show something.
func Add(w *build.World) {
	for _, s := range []struct{ name, code, note string }{
		{"settlement Київ", uaddresses.CodeKyiv, "CITY and an area at once, in no region; has streets with former names"},
		{"settlement Бердичів", uaddresses.CodeBerdychiv, "CITY; area Житомирська, region Бердичівський; has streets"},
		{"settlement Верховина", uaddresses.CodeVerkhovyna, "SETTLEMENT of the mountain group; area Івано-Франківська, region Верховинський"},
		{"settlement Криворівня", uaddresses.CodeKryvorivna, "VILLAGE of the mountain group; area Івано-Франківська, region Верховинський"},
	} {
		w.Objects = append(w.Objects, build.Object{Name: s.name, Kind: "settlement", ID: uaddresses.ID(s.code), Note: s.note})
	}
	areas(w)
	settlements(w)
	streets(w)
}

// list asks for a list; filters are pairs of name and value.
func list(path string, filters ...string) build.Request {
	query := url.Values{}
	for i := 0; i+1 < len(filters); i += 2 {
		query.Set(filters[i], filters[i+1])
	}
	return build.Get("", "/api/uaddresses/"+path+"?"+query.Encode())
}

func areas(w *build.World) {
	w.Passes("listRegions", "regions by a part of their name", list("regions", "name", "київ"), http.StatusOK)
	w.Passes("listRegions", "the cities that are regions, as the running system names them", list("regions", "name", "київ"), http.StatusOK).Set("READING", "live")
	w.Passes("listDistricts", "the districts of a region", list("districts", "region", "Житомирська"), http.StatusOK)
	within := func(path, id string, filters ...string) build.Request {
		return list(strings.Replace(path, "{id}", id, 1), filters...)
	}
	op := "listDistrictsOfRegion"
	const districts = "regions/{id}/districts"
	w.Passes(op, "the districts of this region", within(districts, uaddresses.ID("UA18000000000041385").String()), http.StatusOK)
	w.Refused(op, "an unknown region", within(districts, build.ID("no region").String()), fault.Refuse(rules.DistrictOfRegionNotFound))
	w.Refused(op, "an id that is no UUID", within(districts, "UA18000000000041385"), fault.Refuse(rules.DistrictOfRegionNotFound))
	op = "listSettlementsOfDistrict"
	const settlements = "districts/{id}/settlements"
	w.Passes(op, "the settlements of this district", within(settlements, uaddresses.ID("UA18020000000072859").String(), "name", "бердич"), http.StatusOK)
	w.Refused(op, "an unknown district", within(settlements, build.ID("no district").String()), fault.Refuse(rules.SettlementOfDistrictNotFound))
	w.Refused(op, "an id that is no UUID", within(settlements, "UA18020000000072859"), fault.Refuse(rules.SettlementOfDistrictNotFound))
	w.Refused("listDistricts", "region_id is no UUID", list("districts", "region_id", "UA18000000000041385"), fault.Refuse(rules.DistrictListRegionID))
}

func settlements(w *build.World) {
	op := "listSettlements"
	w.Passes(op, "a settlement of a district", list("settlements", "region", "Житомирська", "district", "Бердичівський", "name", "бердич"), http.StatusOK)
	w.Passes(op, "mountain settlements", list("settlements", "mountain_group", "true"), http.StatusOK)
	w.Refused(op, "district_id is no UUID", list("settlements", "district_id", "UA18020000000072859"), fault.Refuse(rules.SettlementListDistrictID))
	w.Refused(op, "mountain_group is neither true nor false", list("settlements", "mountain_group", "0"), fault.Refuse(rules.SettlementListMountainGroup))

	op = "getSettlement"
	one := func(id string) build.Request { return build.Get("", "/api/uaddresses/settlements/"+id) }
	w.Passes(op, "a mountain settlement", one(uaddresses.ID(uaddresses.CodeVerkhovyna).String()), http.StatusOK)
	w.Refused(op, "an unknown settlement", one(build.ID("no settlement").String()), fault.Refuse(rules.SettlementGetNotFound))
	w.Refused(op, "an id that is no UUID", one(uaddresses.CodeKyiv), fault.Refuse(rules.SettlementGetNotFound))
}

func streets(w *build.World) {
	const op = "listStreets"
	kyiv := uaddresses.ID(uaddresses.CodeKyiv).String()
	w.Passes(op, "a street by a former name", list("streets", "settlement_id", kyiv, "name", "короленка"), http.StatusOK)
	w.Refused(op, "no settlement_id", build.Get("", "/api/uaddresses/streets"), fault.Refuse(rules.StreetListSettlementIDRequired))
	w.Refused(op, "settlement_id is no UUID", list("streets", "settlement_id", uaddresses.CodeKyiv), fault.Refuse(rules.StreetListSettlementID))
}
