package healthcareservices_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// Each filter finds exactly the rows that have its value, of the own legal entity.
func TestFiltersOfHealthcareServices(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	for _, c := range []struct{ token, filter, where string }{
		{"owner", "", "legal_entity_id = $1"},
		{"owner", "&status=INACTIVE", "legal_entity_id = $1 AND status = 'INACTIVE'"},
		{"owner", "&speciality_type=PEDIATRICIAN", "legal_entity_id = $1 AND speciality_type = 'PEDIATRICIAN'"},
		{"owner", "&providing_condition=OUTPATIENT&category=MSP", "legal_entity_id = $1 AND providing_condition = 'OUTPATIENT'"},
		{"owner", "&division_id=" + world.ID("division of the clinic").String(), "legal_entity_id = $1 AND division_id = '" + world.ID("division of the clinic").String() + "'"},
		{"nhs_admin", "&type=SALE", "legal_entity_id <> $1"},
		{"nhs_admin", "&category=PHARMACY_DRUGS", "legal_entity_id <> $1"},
	} {
		r := s.Send(t, testkit.As(world.TokenValue(c.token), http.MethodGet, "/api/healthcare_services?page_size=300"+c.filter, nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var found []struct {
			Category struct{ Coding []struct{ Code string } }
		}
		r.Data(t, &found)
		require.NotEmpty(t, found, c.filter)
		require.NotEmpty(t, found[0].Category.Coding[0].Code)
		require.Len(t, found, s.Count(t, "prm.healthcare_services WHERE is_active AND "+c.where, world.ID("clinic")), c.filter)
	}
}
