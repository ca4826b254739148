package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// point is a point on which documents and the running system differ.
type point struct {
	setting          string
	shown            func(t *testing.T, s *testkit.Server) string
	documented, live string
}

var points = []point{
	{"RESEND_OTP_STATUS", func(t *testing.T, s *testkit.Server) string {
		return read(t, passing(t, s, "resendDeclarationRequestOtp"), "status")
	}, "NEW", "new"},
	{"JOB_LINKS", func(t *testing.T, s *testkit.Server) string {
		var job struct{ Links []struct{ Href string } }
		answer := passing(t, s, "releaseServiceRequest")
		answer.Data(t, &job)
		href := job.Links[0].Href
		require.Equal(t, http.StatusSeeOther, s.WaitJob(t, world.TokenValue("doctor"), answer).Status)
		return href[:len(href)-24]
	}, "/api/jobs/", "/jobs/"},
	{"CITY_AREA_NAMES", func(t *testing.T, s *testkit.Server) string {
		regions := get(t, s, "", "/api/uaddresses/regions?name="+url.QueryEscape("Севастополь"))
		var all []map[string]any
		regions.Data(t, &all)
		require.Len(t, all, 1)
		require.Equal(t, all[0]["region"], all[0]["name"])
		kyiv := get(t, s, "", "/api/uaddresses/settlements?type=CITY&name="+url.QueryEscape("Київ"))
		var cities []map[string]any
		kyiv.Data(t, &cities)
		one := get(t, s, "", "/api/uaddresses/settlements/"+cities[0]["id"].(string))
		require.Equal(t, "Київ", read(t, one, "name"), "the city itself is printed as it is")
		require.Equal(t, cities[0]["region"], read(t, one, "region"))
		return fmt.Sprint(all[0]["name"], " ", cities[0]["region"])
	}, "Севастополь Київ", "М.СЕВАСТОПОЛЬ М.КИЇВ"},
	{"USER_READ_SCOPE", func(t *testing.T, s *testkit.Server) string {
		require.Equal(t, http.StatusForbidden, get(t, s, world.TokenValue("no_scopes"), "/api/divisions").Status)
		require.Equal(t, http.StatusUnauthorized, get(t, s, "nobody", "/oauth/user").Status)
		return fmt.Sprint(get(t, s, world.TokenValue("no_scopes"), "/oauth/user").Status)
	}, "403", "200"},
	{"VERIFICATION_STATUS", func(t *testing.T, s *testkit.Server) string {
		answer := passing(t, s, "initializeVerification")
		return fmt.Sprint(answer.Status, " ", answer.Body.Meta["code"])
	}, "200 200", "201 201"},
	{"ASYNC_CHECKS", func(t *testing.T, s *testkit.Server) string {
		c, found := s.World.Passing("useServiceRequest")
		require.True(t, found)
		c.Request.Path = "/api/service_requests/" + world.ID("nothing").String() + "/actions/use"
		answer := s.Send(t, c.Request)
		if answer.Status != http.StatusAccepted {
			return fmt.Sprint(answer.Status)
		}
		return fmt.Sprint(answer.Status, " ", read(t, s.WaitJob(t, world.TokenValue("doctor"), answer), "status_code"))
	}, "404", "202 404"},
	{"SIGNED_BODY_FIELDS", func(t *testing.T, s *testkit.Server) string {
		c, found := s.World.Passing("cancelServiceRequest")
		require.True(t, found)
		body := maps.Clone(c.Request.Body.(object))
		body["signed_data_encoding"] = "base64"
		return fmt.Sprint(s.Send(t, c.Request.With(body)).Status)
	}, "422", "202"},
}

func passing(t *testing.T, s *testkit.Server, operation string) *testkit.Response {
	t.Helper()
	c, found := s.World.Passing(operation)
	require.True(t, found)
	return s.Send(t, c.Request)
}

func get(t *testing.T, s *testkit.Server, token, path string) *testkit.Response {
	t.Helper()
	return s.Send(t, testkit.As(token, http.MethodGet, path, nil))
}

// read prints a field of the answer's data.
func read(t *testing.T, answer *testkit.Response, field string) string {
	t.Helper()
	var data map[string]any
	answer.Data(t, &data)
	return fmt.Sprint(data[field])
}

// READING switches all points, and each setting its own.
func TestReadings(t *testing.T) {
	t.Parallel()
	servers := map[string]*testkit.Server{"": testkit.New(t), "READING": testkit.New(t, testkit.With("READING", "live"))}
	for _, p := range points {
		t.Run(p.setting, func(t *testing.T) {
			require.Equal(t, p.documented, p.shown(t, servers[""]))
			require.Equal(t, p.live, p.shown(t, servers["READING"]))
		})
	}
	for _, p := range points {
		t.Run(p.setting+" alone", func(t *testing.T) {
			s := testkit.New(t)
			cfg, err := s.Config.Get().With(map[string]string{p.setting: "live"})
			require.NoError(t, err)
			s.Config.Set(cfg)
			for _, other := range points {
				want := other.documented
				if other.setting == p.setting {
					want = other.live
				}
				require.Equal(t, want, other.shown(t, s), other.setting)
			}
		})
	}
}
