package legalentities_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/resource/uaddresses"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func read(t *testing.T, s *testkit.Server, token, path string, data any) {
	t.Helper()
	r := s.Send(t, testkit.As(world.TokenValue(token), http.MethodGet, path, nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	r.Data(t, data)
}

type legalEntity struct {
	ID  string
	EDR struct {
		ID         string
		Name       string
		State      int
		LegalForm  *string `json:"legal_form"`
		Kveds      []struct{ Code string }
		Registered *struct {
			Parts map[string]*string
		} `json:"registration_address"`
	}
	Residence *struct {
		SettlementID string `json:"settlement_id"`
	} `json:"residence_address"`
	License *struct {
		OrderNo    string  `json:"order_no"`
		InsertedAt string  `json:"inserted_at"`
		ExpiryDate *string `json:"expiry_date"`
	}
	Urgent any
}

// Each filter finds exactly the rows that have its value; medical institutions see
// themselves alone.
func TestFiltersOfLegalEntities(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	berdychiv := uaddresses.ID(uaddresses.CodeBerdychiv).String()
	_, err := s.Pool.Exec(t.Context(), `UPDATE prm.legal_entities SET nhs_verified = false, type = 'MIS' WHERE id = $1`, world.ID("ambulance"))
	require.NoError(t, err)
	_, err = s.Pool.Exec(t.Context(), `UPDATE prm.legal_entities SET nhs_verified = false, residence_address = NULL WHERE id = $1`, world.ID("msp"))
	require.NoError(t, err)
	for filter, where := range map[string]string{
		"":                            "",
		"&nhs_verified=false":         " AND NOT nhs_verified",
		"&status=CLOSED":              " AND status = 'CLOSED'",
		"&type=PHARMACY":              " AND type = 'PHARMACY'",
		"&settlement_id=" + berdychiv: " AND residence_address ->> 'settlement_id' = '" + berdychiv + "'",
	} {
		var found []legalEntity
		read(t, s, "nhs_admin", "/api/v2/legal_entities?page_size=300"+filter, &found)
		require.NotEmpty(t, found, filter)
		require.Len(t, found, s.Count(t, "prm.legal_entities WHERE is_active AND type <> 'MIS'"+where), filter)
		read(t, s, "owner", "/api/v2/legal_entities?page_size=300"+filter, &found)
		require.LessOrEqual(t, len(found), 1, filter)
	}
}

// What the register of enterprises and the license say is shown in its own form; what
// is not known is null.
func TestLegalEntityShowsWhatIsKnown(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	path := "/api/v2/legal_entities/" + world.ID("clinic").String()
	var shown legalEntity
	read(t, s, "owner", path, &shown)
	require.Equal(t, world.ID("edr of clinic").String(), shown.EDR.ID)
	require.Equal(t, 1, shown.EDR.State)
	require.Equal(t, "86.21", shown.EDR.Kveds[0].Code)
	require.Nil(t, shown.EDR.Registered.Parts["building_type"])
	require.Equal(t, "12", *shown.EDR.Registered.Parts["house"])
	require.Equal(t, "ВА43234", shown.License.OrderNo)
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`, shown.License.InsertedAt)
	require.Nil(t, shown.License.ExpiryDate)

	_, err := s.Pool.Exec(t.Context(), `UPDATE prm.legal_entities SET edr_data_id = NULL, registration_address = NULL, residence_address = NULL,
		kveds = NULL, phones = NULL, legal_form = NULL WHERE id = $1`, world.ID("clinic"))
	require.NoError(t, err)
	_, err = s.Pool.Exec(t.Context(), "UPDATE prm.licenses SET is_active = false WHERE legal_entity_id = $1", world.ID("clinic"))
	require.NoError(t, err)
	shown = legalEntity{}
	read(t, s, "owner", path, &shown)
	require.Equal(t, legalEntity{ID: world.ID("clinic").String(), EDR: struct {
		ID         string
		Name       string
		State      int
		LegalForm  *string `json:"legal_form"`
		Kveds      []struct{ Code string }
		Registered *struct {
			Parts map[string]*string
		} `json:"registration_address"`
	}{ID: world.ID("clinic").String(), Name: "Амбулаторія «Верба»", State: 1, Kveds: []struct{ Code string }{}}}, shown)
}

// A legal entity sees its own licenses that count, and each filter finds exactly those
// that have its value.
func TestFiltersOfLicenses(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	for filter, wanted := range map[string][]string{
		"":                     {"license of clinic", "additional license"},
		"&is_primary=true":     {"license of clinic"},
		"&is_primary=false":    {"additional license"},
		"&type=PROVISION":      {"additional license"},
		"&license_number=none": {},
		"&id=" + world.ID("license of clinic").String():   {"license of clinic"},
		"&id=" + world.ID("license of pharmacy").String(): {},
	} {
		var found []struct {
			ID          string
			LegalEntity string `json:"legal_entity_id"`
			IsPrimary   bool   `json:"is_primary"`
		}
		read(t, s, "owner", "/api/licenses?page_size=300"+filter, &found)
		var ids, want []string
		for _, one := range found {
			ids = append(ids, one.ID)
			require.Equal(t, world.ID("clinic").String(), one.LegalEntity)
		}
		for _, name := range wanted {
			want = append(want, world.ID(name).String())
		}
		require.ElementsMatch(t, want, ids, filter)
	}
}

// The former version shows the same row in its own shape.
func TestFormerShapeOfALegalEntity(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	type former struct {
		Name       string
		Kveds      []string
		Addresses  []struct{ Settlement string }
		Provider   struct{ Licenses []struct{ ID string } } `json:"medical_service_provider"`
		NHSComment *string                                  `json:"nhs_comment"`
	}
	var shown former
	read(t, s, "owner", "/api/legal_entities/"+world.ID("clinic").String(), &shown)
	require.Equal(t, "Амбулаторія «Верба»", shown.Name)
	require.Equal(t, []string{"86.21"}, shown.Kveds)
	require.Equal(t, "Бердичів", shown.Addresses[0].Settlement)
	require.Equal(t, world.ID("license of clinic").String(), shown.Provider.Licenses[0].ID)
	require.Equal(t, "перевірено", *shown.NHSComment)
	var all []former
	read(t, s, "owner", "/api/legal_entities?owner_property=STATE", &all)
	require.Len(t, all, 1)
	require.Nil(t, all[0].NHSComment)
	read(t, s, "owner", "/api/legal_entities?owner_property=private", &all)
	require.Empty(t, all)
}
