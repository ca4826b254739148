package episodes_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/approvals"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// list asks for a list of episodes of a patient and returns their ids as they stand there.
func list(t *testing.T, srv *testkit.Server, token, patient, path, query string) []uuid.UUID {
	t.Helper()
	r := srv.Send(t, testkit.As(token, http.MethodGet, strings.TrimSuffix("/api/patients/"+world.ID(patient).String()+path+"?"+query, "?"), nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	require.NotContains(t, string(r.Raw), "patient_id")
	var shown []struct{ ID uuid.UUID }
	r.Data(t, &shown)
	ids := make([]uuid.UUID, len(shown))
	for i := range shown {
		ids[i] = shown[i].ID
	}
	return ids
}

// stored are the ids of the episodes of a patient, newest first.
func stored(t *testing.T, srv *testkit.Server, patient string, those func(d episodes.Document) bool) []uuid.UUID {
	t.Helper()
	var found []episodes.Document
	for id := range srv.Documents(t, episodes.Collection) {
		if d := one(t, srv, id); d.PatientID == srv.Keys.PatientID(world.ID(patient)) && those(d) {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b episodes.Document) int {
		if order := b.InsertedAt.Compare(a.InsertedAt); order != 0 {
			return order
		}
		return strings.Compare(a.ID.String(), b.ID.String())
	})
	ids := make([]uuid.UUID, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	return ids
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	now := srv.World.Now
	date := func(ago time.Duration) string { return now.Add(-ago).Format(time.DateOnly) }
	const day = 24 * time.Hour
	midnight := func(ago time.Duration) time.Time { return now.Add(-ago).UTC().Truncate(day) }
	clinic, hidden := world.ID("clinic"), world.ID("episode that a forbidden group hides")
	goesOn := func(d episodes.Document, at time.Time) bool { return d.Period.End == nil || !d.Period.End.Before(at) }
	began := func(d episodes.Document, before time.Time) bool { return d.Period.Start.Before(before) }
	has := func(code string) func(d episodes.Document) bool {
		return func(d episodes.Document) bool {
			return slices.ContainsFunc(d.CurrentDiagnoses, func(one medicalevents.Diagnosis) bool { return one.Code.Coding[0].Code == code })
		}
	}
	for query, those := range map[string]func(d episodes.Document) bool{
		"":                        func(episodes.Document) bool { return true },
		"status=closed":           func(d episodes.Document) bool { return d.Status == episodes.Closed },
		"status=entered_in_error": func(d episodes.Document) bool { return d.Status == episodes.EnteredInError },
		"status=other":            func(episodes.Document) bool { return false },
		"code=R80":                has("R80"),
		"code=R81":                has("R81"),
		"managing_organization_id=" + clinic.String(): func(d episodes.Document) bool {
			return d.ManagingOrganization.Identifier.Value == clinic
		},
		"period_from=" + date(60*day): func(d episodes.Document) bool { return goesOn(d, midnight(60*day)) },
		"period_from=" + date(59*day): func(d episodes.Document) bool { return goesOn(d, midnight(59*day)) },
		"period_to=" + date(80*day):   func(d episodes.Document) bool { return began(d, midnight(79*day)) },
		"period_to=" + date(81*day):   func(d episodes.Document) bool { return began(d, midnight(80*day)) },
		"period_from=" + date(60*day) + "&period_to=" + date(85*day): func(d episodes.Document) bool {
			return goesOn(d, midnight(60*day)) && began(d, midnight(84*day))
		},
	} {
		want := stored(t, srv, "patient", func(d episodes.Document) bool { return d.ID != hidden && those(d) })
		require.Equal(t, want, list(t, srv, doctor, "patient", "/episodes", query+"&page_size=300"), query)
	}
	closed := world.ID("closed episode") // ended 60 days ago, began 90 days ago
	require.Contains(t, list(t, srv, doctor, "patient", "/episodes", "page_size=300&period_from="+date(60*day)), closed)
	require.NotContains(t, list(t, srv, doctor, "patient", "/episodes", "page_size=300&period_from="+date(59*day)), closed)
	require.Equal(t, []uuid.UUID{closed}, list(t, srv, doctor, "patient", "/episodes", "period_from="+date(60*day)+"&period_to="+date(90*day)))
	require.Empty(t, list(t, srv, doctor, "patient", "/episodes", "period_to="+date(91*day)))
}

func TestListPages(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	all := list(t, srv, doctor, "patient", "/episodes", "page_size=300")
	require.Greater(t, len(all), 4)
	require.Equal(t, all[2:4], list(t, srv, doctor, "patient", "/episodes", "page_size=2&page=2"))
	require.Empty(t, list(t, srv, doctor, "patient", "/episodes", "page=1000"))
}

// Who knows that access is not checked and sends a malformed id gets nobody's episodes.
func TestListOfNobody(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("RULES", "-episode.list.access"))
	r := srv.Send(t, testkit.As(doctor, http.MethodGet, "/api/patients/1/episodes", nil))
	require.Equal(t, http.StatusOK, r.Status)
	require.JSONEq(t, "[]", string(r.Body.Data))
}

func TestListShort(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	other, now := world.TokenValue("other_doctor"), srv.World.Now
	const day = 24 * time.Hour
	date := func(ago time.Duration) string { return now.Add(-ago).Format(time.DateOnly) }
	short := func(query string) []uuid.UUID {
		return list(t, srv, other, "patient", "/summary/episodes", query+"&page_size=300")
	}
	shown := short("")
	require.Equal(t, stored(t, srv, "patient", func(d episodes.Document) bool { return d.Status != episodes.EnteredInError }), shown)
	closed := world.ID("closed episode") // of 90 to 60 days ago
	require.Contains(t, shown, closed)
	require.NotContains(t, shown, world.ID("episode entered in error"))
	ended := stored(t, srv, "patient", func(d episodes.Document) bool { return d.Status != episodes.EnteredInError && d.Period.End != nil })
	require.Equal(t, ended, short("period_end_to="+date(0)))
	require.Equal(t, []uuid.UUID{closed}, short("period_end_to="+date(60*day)))
	require.NotContains(t, short("period_end_to="+date(61*day)), closed)
	require.Contains(t, short("period_end_from="+date(60*day)), closed)
	require.NotContains(t, short("period_end_from="+date(59*day)), closed)
	require.Contains(t, short("period_start_from="+date(90*day)), closed)
	require.NotContains(t, short("period_start_from="+date(89*day)), closed)
	require.Equal(t, []uuid.UUID{closed}, short("period_start_to="+date(90*day)))
	require.Empty(t, short("period_start_to="+date(91*day)))
	require.Equal(t, []uuid.UUID{closed}, short("period_from="+date(60*day)+"&period_to="+date(90*day)))

	r := srv.Send(t, testkit.As(other, http.MethodGet, "/api/patients/"+world.ID("patient").String()+"/summary/episodes?period_start_to="+date(90*day), nil))
	var data []map[string]any
	r.Data(t, &data)
	d, text := one(t, srv, closed), func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
	require.Equal(t, []map[string]any{{
		"id": closed.String(), "name": d.Name, "status": "closed", "inserted_at": text(d.InsertedAt), "updated_at": text(d.UpdatedAt),
		"period": map[string]any{"start": text(d.Period.Start), "end": text(*d.Period.End)},
	}}, data)
}

// The list follows the approvals: those of others, not verified, expired or of another
// patient open nothing.
func TestListApproved(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	approved := func(token, patient, query string) []uuid.UUID {
		return list(t, srv, token, patient, "/episodes/approved", query)
	}
	opened := world.ID("episode of stranger_patient")
	require.Equal(t, []uuid.UUID{opened}, approved(doctor, "stranger_patient", ""))
	require.Empty(t, approved(doctor, "stranger_patient", "code=R80"), "it has no diagnosis")
	named := []uuid.UUID{world.ID("episode of patient")}
	require.Equal(t, named, approved(doctor, "patient", ""), "a declaration names no episode")
	require.Equal(t, named, approved(doctor, "patient", "code=R80"))
	require.Empty(t, approved(doctor, "patient", "code=R81"))
	require.Empty(t, approved(colleague, "stranger_patient", ""))
	require.Empty(t, approved(world.TokenValue("hospital_doctor"), "former_patient", ""), "all data name no episode")

	ofPatient := srv.Keys.PatientID(world.ID("stranger_patient"))
	for id, stored := range srv.Documents(t, approvals.Collection) {
		if stored["patient_id"] == ofPatient {
			srv.Change(t, approvals.Collection, id, bson.D{{Key: "expires_at", Value: srv.Clock.Now().Add(-time.Second)}})
		}
	}
	require.Empty(t, approved(doctor, "stranger_patient", ""), "expired")
}

// The list follows the approvals of groups of diagnoses, and what the groups hold.
func TestListOfDiagnosesGroups(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	const day = 24 * time.Hour
	found := func(token, patient, query string) []uuid.UUID {
		return list(t, srv, token, patient, "/diagnoses_groups/episodes", query)
	}
	mine := func(query string) []uuid.UUID { return found(doctor, "stranger_patient", query) }
	first, second, dementia := world.ID("episode of diabetes"), world.ID("newer episode of diabetes"), world.ID("episode of dementia")
	group := func(name string) string { return "diagnoses_group_id=" + world.ID(name).String() }
	require.Equal(t, []uuid.UUID{second, first}, mine(""))
	require.Equal(t, []uuid.UUID{dementia}, found(colleague, "stranger_patient", ""))
	require.Empty(t, found(world.TokenValue("other_doctor"), "stranger_patient", ""), "who manages the episodes has no approval")
	require.Empty(t, found(doctor, "patient", ""), "a declaration opens no group")

	require.Equal(t, []uuid.UUID{second, first}, mine(group("group of diagnoses")))
	require.Empty(t, mine(group("group of dementia")), "no approval of the doctor names it")
	require.Empty(t, mine(group("former group of diagnoses")), "the group is not active")
	require.Equal(t, []uuid.UUID{second, first}, mine("managing_organization_id="+world.ID("other_clinic").String()))
	require.Empty(t, mine("managing_organization_id="+world.ID("clinic").String()))
	require.Equal(t, []uuid.UUID{first}, mine("page=2&page_size=1"))

	began := srv.World.Now.Add(-19 * day).UTC() // the newer one
	require.Equal(t, []uuid.UUID{second}, mine("period_from="+began.Format(time.DateOnly)))
	require.Empty(t, mine("period_from="+began.Add(day).Format(time.DateOnly)))
	require.Empty(t, mine("period_to="+srv.World.Now.Add(day).Format(time.DateOnly)), "active episodes have no end")
	srv.Change(t, episodes.Collection, second, bson.D{{Key: "period.start", Value: began.Truncate(day)}})
	require.Empty(t, mine("period_from="+began.Format(time.DateOnly)), "the period must begin later than that")

	r := srv.Send(t, testkit.As(doctor, http.MethodGet, "/api/patients/"+world.ID("stranger_patient").String()+"/diagnoses_groups/episodes?page=2&page_size=1", nil))
	var data []map[string]any
	r.Data(t, &data)
	require.Len(t, data, 1)
	d, text := one(t, srv, first), func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
	diagnoses, organization := data[0]["diagnoses"], data[0]["managing_organization"]
	delete(data[0], "diagnoses")
	delete(data[0], "managing_organization")
	require.Equal(t, map[string]any{
		"id": first.String(), "name": d.Name, "status": "active", "inserted_at": text(d.InsertedAt), "updated_at": text(d.UpdatedAt),
		"period": map[string]any{"start": text(d.Period.Start)},
	}, data[0])
	require.Equal(t, *d.ManagingOrganization.DisplayValue, organization.(map[string]any)["display_value"])
	require.Len(t, diagnoses, 1)
	code := diagnoses.([]any)[0].(map[string]any)["code"].(map[string]any)["coding"].([]any)[0]
	require.Equal(t, map[string]any{"system": "eHealth/ICPC2/condition_codes", "code": "R80"}, code, "the current one")

	_, err := srv.Pool.Exec(t.Context(), "UPDATE prm.diagnoses_group_codes SET is_active = false WHERE diagnoses_group_id = $1 AND code = 'T90'", world.ID("group of diagnoses"))
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{second}, mine(""), "the diagnosis was taken out of the group")

	ofPatient := srv.Keys.PatientID(world.ID("stranger_patient"))
	for id, stored := range srv.Documents(t, approvals.Collection) {
		if stored["patient_id"] == ofPatient {
			srv.Change(t, approvals.Collection, id, bson.D{{Key: "expires_at", Value: srv.Clock.Now().Add(-time.Second)}})
		}
	}
	require.Empty(t, mine(""), "expired")
}
