package jobs_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// The jobs of the world, one in each state, as they are shown.
func TestGetJobShowsEveryState(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	validation := `"type":"validation_failed","message":"Validation failed. You can find validators description at our API Manifest: https://docs.apimanifest.apiary.io/#introduction/interacting-with-api/errors.",
		"invalid":[{"entry":"$.requisition","entry_type":"json_data_property","rules":[{"rule":"required","description":"required property requisition was not present","params":{"property":"requisition"}}]}]`
	patient := "/api/patients/" + world.ID("patient").String()
	expected := map[string]string{
		"a processed job with links to a service request": `"status":"processed","status_code":200,"links":[{"entity":"service_request","href":"` +
			patient + `/service_requests/` + world.ID("service request new in its program").String() + `"}]`,
		"a processed job with links to a device dispense": `"status":"processed","status_code":200,"links":[{"entity":"device_dispense","href":"` +
			patient + `/device_dispenses/` + world.ID("stopped device dispense").String() + `"}]`,
		"a processed job with an empty payload": `"status":"processed","status_code":200,"response_data":""`,
		"a job that failed 403":                 `"status":"failed","status_code":403,"error":{"type":"forbidden","message":"Access denied"}`,
		"a job that failed 404":                 `"status":"failed","status_code":404,"error":{"type":"not_found","message":"Service request not found"}`,
		"a job that failed 409":                 `"status":"failed","status_code":409,"error":{"type":"request_conflict","message":"Invalid program processing status"}`,
		"a job that failed 422":                 `"status":"failed","status_code":422,"error":{` + validation + `}`,
		"a job that failed 429":                 `"status":"failed","status_code":429,"error":{"type":"too_many_requests","message":"too many requests"}`,
		"a job that failed 500":                 `"status":"failed","status_code":500,"error":{"type":"internal_error","message":"Failed to initialize otp verification"}`,
		"a job whose worker broke down":         `"status":"failed_with_error","status_code":500,"error":{"type":"internal_error","message":"Remote server internal error"}`,
	}
	for _, c := range srv.World.Cases {
		if c.OperationID != "getJob" || len(c.Config) > 0 || len(c.Rules) > 0 && !strings.HasPrefix(string(c.Rules[0]), "job.get.") {
			continue // of another setting, or the gateway's
		}
		t.Run(c.Title, func(t *testing.T) {
			r := srv.Send(t, c.Request)
			require.Equal(t, c.Expect.Status, r.Status, "%s", r.Raw)
			require.Empty(t, r.Header.Get("Location"))
			switch {
			case c.Title == "a pending job":
				expected[c.Title] = `"status":"pending","links":[{"entity":"job","href":"` + c.Request.Path + `"}]`
			case r.Status == http.StatusNotFound:
				require.Equal(t, "not_found", r.Body.Error.Type)
				require.Empty(t, r.Body.Error.Message)
				return
			case r.Status == http.StatusNotImplemented:
				require.Equal(t, "Job status_code `204` not implemented for response", r.Body.Error.Message)
				return
			case c.Title == "a processed job with a payload":
				var shown struct {
					StatusCode int   `json:"status_code"`
					Links      []any `json:"links"`
				}
				r.Data(t, &shown)
				require.Equal(t, http.StatusOK, shown.StatusCode)
				require.Nil(t, shown.Links)
				require.Contains(t, string(r.Body.Data), `"response_data":{`)
				return
			}
			require.Contains(t, expected, c.Title)
			var shown struct{ Eta string }
			r.Data(t, &shown)
			_, err := time.Parse("2006-01-02T15:04:05.000Z", shown.Eta)
			require.NoError(t, err)
			require.JSONEq(t, `{"eta":"`+shown.Eta+`",`+expected[c.Title]+`}`, string(r.Body.Data))
		})
	}
}

func TestGetJobUnknownIDs(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, id := range []string{
		strings.Repeat("0", 24), "1", world.ID("pending").String(), "NBXk9EyErUZv1RhXgyvgg", strings.Repeat("A", 24), "%00", "%ff" + strings.Repeat("0", 23),
	} {
		r := srv.Send(t, testkit.As(world.TokenValue("doctor"), http.MethodGet, "/api/jobs/"+id, nil))
		require.Equal(t, http.StatusNotFound, r.Status, "%s: %s", id, r.Raw)
		require.Equal(t, []string{"job.get.not_found"}, r.Rules())
	}
}
