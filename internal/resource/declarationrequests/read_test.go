package declarationrequests_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestGetShowsTheRequest(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	r := f.get(fresh)
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var data map[string]any
	r.Data(t, &data)
	today := f.Clock.Now()
	require.Equal(t, map[string]any{
		"id": fresh.String(), "start_date": data["start_date"], "end_date": data["end_date"], "status": "NEW", "channel": "MIS",
		"person_id": world.ID("patient").String(), "employee_id": world.ID("employee doctor").String(),
		"division_id": world.ID("division of the clinic").String(), "legal_entity_id": world.ID("clinic").String(),
		"declaration_id": world.ID("declaration of new declaration request").String(), "declaration_number": data["declaration_number"],
		"system_declaration_limit": 1800.0, "current_declaration_count": 675.0,
	}, data)
	require.Contains(t, data["end_date"], today.AddDate(10, 0, 0).Format("2006"))
	require.JSONEq(t, `{"authentication_method_current": {"type": "OTP", "number": "+38093*****74"}}`, string(r.Body.Urgent))
	require.NotContains(t, string(r.Raw), world.PatientPhone)
}

func TestGetTellsHowThePatientConfirms(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	for name, urgent := range map[string]string{
		"new declaration request":        `{"authentication_method_current": {"type": "OTP", "number": "+38093*****74"}}`,
		"declaration request by OFFLINE": `{"authentication_method_current": {"type": "OFFLINE"}}`,
		"shared declaration request":     `{"authentication_method_current": {"type": "NA"}}`,
		"approved shared declaration request": `{"authentication_method_current": {"type": "NA"}, "documents": [
			{"type": "signed_content", "url": "https://storage.example.com/declaration_requests/signed_content"}]}`,
	} {
		r := f.get(world.ID(name))
		require.Equal(t, http.StatusOK, r.Status, name)
		require.JSONEq(t, urgent, string(r.Body.Urgent), name)
	}
}

// What is to be signed comes as it is stored, numbers too that no float holds.
func TestGetKeepsWhatIsToBeSigned(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	id := world.ID("approved declaration request")
	f.exec(`UPDATE il.declaration_requests SET data_to_be_signed = data_to_be_signed || '{"seed": 12345678901234567890123}' WHERE id = $1`, id)
	r := f.get(id)
	require.Equal(t, http.StatusOK, r.Status)
	var data struct {
		DataToBeSigned json.RawMessage `json:"data_to_be_signed"`
	}
	r.Data(t, &data)
	require.Contains(t, string(data.DataToBeSigned), `"seed":12345678901234567890123`)
	require.JSONEq(t, one[string](f, "SELECT data_to_be_signed::text FROM il.declaration_requests WHERE id = $1", id), string(data.DataToBeSigned))
}

func TestGetHidesWhatIsNotOnesOwn(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	var bodies []string
	for _, name := range []string{
		"no declaration request", "cabinet declaration request", "declaration request of another clinic", "expired declaration request",
	} {
		r := f.get(world.ID(name))
		require.Equal(t, http.StatusNotFound, r.Status, name)
		require.Contains(t, string(r.Raw), `"error":{"type":"not_found","message":"not found"}`)
		bodies = append(bodies, r.Body.Error.Message)
	}
	require.Len(t, bodies, 4)
}

// A request of V2 keeps whole objects, one that the clean-up has emptied nothing.
func TestGetRequestsOfAnotherShape(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("RULES", "-declaration_request.get.legal_entity"))
	var data map[string]any
	f.get(world.ID("V2 declaration request")).Data(t, &data)
	require.Nil(t, data["person_id"])
	require.Equal(t, world.ID("employee doctor").String(), data["employee_id"])
	require.Equal(t, world.ID("division of the clinic").String(), data["division_id"])
	require.NotNil(t, data["start_date"])

	r := f.get(world.ID("expired declaration request"))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	data = nil
	r.Data(t, &data)
	require.Equal(t, "EXPIRED", data["status"])
	require.Equal(t, world.ID("employee doctor").String(), data["employee_id"])
	for _, key := range []string{"start_date", "end_date", "person_id", "division_id", "legal_entity_id"} {
		require.Contains(t, data, key)
		require.Nil(t, data[key], key)
	}
	require.JSONEq(t, `{"authentication_method_current": {"type": "NA"}}`, string(r.Body.Urgent))

	// A method without a number has none, neither empty nor null.
	for _, method := range []string{`{"type": "OTP"}`, `{"type": "OTP", "number": ""}`, `{"type": "OTP", "number": null}`} {
		_, err := f.Pool.Exec(t.Context(), "UPDATE il.declaration_requests SET authentication_method_current = $1::jsonb WHERE id = $2", method, fresh)
		require.NoError(t, err)
		require.JSONEq(t, `{"authentication_method_current": {"type": "OTP"}}`, string(f.get(fresh).Body.Urgent), method)
	}
}

type item struct {
	ID            string
	Status        string
	Channel       string
	LegalEntityID string `json:"legal_entity_id"`
}

func items(t *testing.T, r *testkit.Response) []item {
	t.Helper()
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	require.Equal(t, "list", r.Body.Meta["type"])
	var list []item
	r.Data(t, &list)
	require.NotNil(t, list)
	return list
}

func TestListShowsOnesOwn(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	own := one[int](f, "SELECT count(*) FROM il.declaration_requests WHERE data_legal_entity_id = $1 AND (channel = 'MIS' OR is_shareable)", world.ID("clinic"))
	require.Greater(t, own, 10)

	r := f.list("")
	list := items(t, r)
	require.Len(t, list, own)
	statuses := map[string]bool{}
	for _, entry := range list {
		require.Equal(t, world.ID("clinic").String(), entry.LegalEntityID)
		require.NotEqual(t, "CABINET", entry.Channel)
		statuses[entry.Status] = true
	}
	require.Len(t, statuses, 5, "all but those that the clean-up took from their legal entity")
	require.Equal(t, map[string]any{"page_number": 1.0, "page_size": 50.0, "total_entries": float64(own), "total_pages": 1.0}, r.Body.Paging)
	require.Equal(t, world.ID("V2 declaration request").String(), list[own-1].ID, "newest first")

	// Keys of the short form, those without a value left out.
	var raw []map[string]any
	r.Data(t, &raw)
	for _, entry := range raw {
		require.NotContains(t, entry, "declaration_number")
		if entry["id"] == fresh.String() {
			require.Equal(t, map[string]any{
				"id": fresh.String(), "start_date": entry["start_date"], "end_date": entry["end_date"], "status": "NEW", "channel": "MIS",
				"person_id": world.ID("patient").String(), "employee_id": world.ID("employee doctor").String(),
				"division_id": world.ID("division of the clinic").String(), "legal_entity_id": world.ID("clinic").String(),
				"system_declaration_limit": 1800.0, "current_declaration_count": 675.0,
			}, entry)
		}
	}
}

func TestListFiltersAndPages(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	all := items(t, f.list(""))

	for _, entry := range items(t, f.list("?status=NEW")) {
		require.Equal(t, "NEW", entry.Status)
	}
	require.Len(t, items(t, f.list("?channel=PIS")), 3)
	require.Len(t, items(t, f.list("?channel=PIS&status=APPROVED")), 1)
	require.Len(t, items(t, f.list("?employee_id="+world.ID("employee doctor").String())),
		f.Count(t, "il.declaration_requests WHERE data_employee_id = $1 AND data_legal_entity_id = $2 AND (channel = 'MIS' OR is_shareable)", world.ID("employee doctor"), world.ID("clinic")))
	require.Len(t, items(t, f.list("?legal_entity_id="+world.ID("clinic").String())), len(all))
	for _, query := range []string{
		"?status=new", "?channel=CABINET", "?employee_id=" + world.ID("employee owner").String(), "?legal_entity_id=" + world.ID("other_clinic").String(),
	} {
		r := f.list(query)
		require.Empty(t, items(t, r), query)
		require.Equal(t, map[string]any{"page_number": 1.0, "page_size": 50.0, "total_entries": 0.0, "total_pages": 1.0}, r.Body.Paging, query)
	}

	var paged []item
	for page := range []int{1, 2, 3} {
		r := f.list("?page_size=3&page=" + string(rune('1'+page)))
		require.EqualValues(t, len(all), r.Body.Paging["total_entries"])
		require.EqualValues(t, (len(all)+2)/3, r.Body.Paging["total_pages"])
		paged = append(paged, items(t, r)...)
	}
	require.Equal(t, all[:9], paged)
	r := f.list("?page_size=3&page=1000")
	require.Empty(t, items(t, r))
	require.EqualValues(t, len(all), r.Body.Paging["total_entries"], "a page past the end knows the total")
}
