package medicalrecords_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/medicalrecords"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// operations are those of the package whose ids begin so.
func operations(begin string) (ids []string) {
	for _, op := range new(medicalrecords.API).Operations() {
		if strings.HasPrefix(op.ID, begin) {
			ids = append(ids, op.ID)
		}
	}
	return ids
}

// passing is a case of the world by its title.
func passing(t *testing.T, srv *testkit.Server, operation, title string) world.Request {
	t.Helper()
	for _, c := range srv.World.Cases {
		if c.OperationID == operation && c.Title == title && c.Expect.Status == http.StatusOK {
			return c.Request
		}
	}
	t.Fatalf("%s has no case %q", operation, title)
	return world.Request{}
}

// many is a case of a list that finds more than one record, and the collection that they lie in.
func many(t *testing.T, srv *testkit.Server, operation string) (request world.Request, collection string) {
	t.Helper()
	title := "a doctor with a declaration"
	if strings.HasSuffix(operation, "OfServiceGroups") || strings.HasPrefix(operation, "listApproved") {
		title = "a doctor with an approval"
	}
	request = passing(t, srv, operation, title)
	path, _, _ := strings.Cut(request.Path, "?")
	path = strings.TrimSuffix(path, "/approved")
	return request, path[strings.LastIndex(path, "/")+1:]
}

// ids of the records of an answer, as they stand there.
func ids(t *testing.T, srv *testkit.Server, request world.Request) []uuid.UUID {
	t.Helper()
	r := srv.Send(t, request)
	require.Equal(t, http.StatusOK, r.Status, "%s: %s", request.Path, r.Raw)
	var shown []struct{ ID uuid.UUID }
	r.Data(t, &shown)
	var all []uuid.UUID
	for _, one := range shown {
		all = append(all, one.ID)
	}
	return all
}

// Each filter of a list counts: with all of them that a record can meet it is found, and
// with another value of any one of them it is not.
func TestEachFilterCounts(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	lists := operations("list")
	require.NotEmpty(t, lists)
	asked := map[string]bool{}
	for _, c := range srv.World.Cases {
		operation, request := c.OperationID, c.Request
		if !slices.Contains(lists, operation) || !strings.HasPrefix(c.Title, "all filters") {
			continue
		}
		asked[operation] = true
		path, raw, _ := strings.Cut(request.Path, "?")
		query, err := url.ParseQuery(raw)
		require.NoError(t, err)
		query.Set("page_size", "300")
		ask := func(q url.Values) []uuid.UUID {
			request.Path = path + "?" + q.Encode()
			return ids(t, srv, request)
		}
		require.NotEmpty(t, ask(query), "%s: %s", operation, request.Path)
		for name := range query {
			if name == "page_size" {
				continue
			}
			other := url.Values{}
			for known := range query {
				other.Set(known, query.Get(known))
			}
			switch value := query.Get(name); {
			case strings.HasSuffix(name, "_from"):
				other.Set(name, "2090-01-01")
			case strings.HasSuffix(name, "_to"):
				other.Set(name, "1991-01-01")
			case uuid.Validate(value) == nil:
				other.Set(name, uuid.NewString())
			default:
				other.Set(name, "another")
			}
			require.Empty(t, ask(other), "%s finds the same with another %s", operation, name)
		}
	}
	require.Len(t, asked, len(lists))
}

// The last day of a filter is taken whole, the first one, too.
func TestDaysAreWhole(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	day := srv.World.Now.AddDate(0, 0, -21).UTC()
	request := passing(t, srv, "listConditions", "a doctor with a declaration")
	path := request.Path
	ask := func(from, to time.Time) []uuid.UUID {
		request.Path = path + "?onset_date_from=" + from.Format(time.DateOnly) + "&onset_date_to=" + to.Format(time.DateOnly)
		return ids(t, srv, request)
	}
	require.Contains(t, ask(day, day), world.ID("condition of patient"))
	require.Empty(t, ask(day.AddDate(0, 0, 1), day.AddDate(0, 0, 2)))
	require.Empty(t, ask(day.AddDate(0, 0, -2), day.AddDate(0, 0, -1)))
}

// A list shows the newest record first, and nothing of a package that is not stored whole.
func TestListsShowWholePackagesNewestFirst(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, operation := range operations("list") {
		request, collection := many(t, srv, operation)
		before := ids(t, srv, request)
		require.Greater(t, len(before), 1, operation)
		oldest := before[len(before)-1]
		srv.Change(t, collection, oldest, bson.D{{Key: "inserted_at", Value: srv.World.Now}})
		now := ids(t, srv, request)
		require.Equal(t, oldest, now[0], operation)
		require.ElementsMatch(t, before, now, operation)
		srv.Change(t, collection, oldest, bson.D{{Key: "visible", Value: false}})
		require.Equal(t, now[1:], ids(t, srv, request), operation)
		srv.Change(t, collection, oldest, bson.D{{Key: "visible", Value: true}})
	}
}

// A context tells the episode of the encounter, and to a report and a procedure the one that they began with.
func TestContextsTellEpisodes(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	type reference struct {
		Identifier struct{ Value uuid.UUID }
	}
	for _, operation := range operations("get") {
		if !strings.HasSuffix(operation, "Context") {
			continue
		}
		r := srv.Send(t, passing(t, srv, operation, "a doctor with a declaration"))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		var shown map[string]*reference
		r.Data(t, &shown)
		require.Equal(t, world.ID("episode of the other clinic"), shown["episode"].Identifier.Value, operation)
		if origin, told := shown["origin_episode"]; told {
			require.Equal(t, world.ID("episode of patient"), origin.Identifier.Value, operation)
		}
		require.Equal(t, slices.Contains([]string{"getDiagnosticReportContext", "getProcedureContext"}, operation), shown["origin_episode"] != nil, operation)
		require.Equal(t, operation == "getObservationContext", shown["diagnostic_report"] != nil, operation)
	}
}

// What no record has is null where its key is always there, and left out elsewhere.
func TestAbsentFieldsAreNull(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	_, err := srv.Mongo.Collection("observations").UpdateOne(t.Context(), bson.D{{Key: "_id", Value: world.ID("observation of patient")}},
		bson.D{{Key: "$unset", Value: bson.D{
			{Key: "comment", Value: ""}, {Key: "components", Value: ""}, {Key: "performer", Value: ""}, {Key: "value_quantity", Value: ""},
		}}})
	require.NoError(t, err)
	r := srv.Send(t, passing(t, srv, "getObservation", "a doctor with a declaration"))
	var shown map[string]any
	r.Data(t, &shown)
	require.Contains(t, shown, "comment")
	require.Nil(t, shown["comment"])
	require.Equal(t, []any{}, shown["components"])
	require.NotContains(t, shown, "performer")
	require.NotContains(t, shown, "value_quantity")
	require.NotContains(t, shown, "patient_id")
	require.NotContains(t, shown, "context_episode_id")
}
