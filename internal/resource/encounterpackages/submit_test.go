package encounterpackages_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/signature"
	"esoz/internal/resource/encounterpackages"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) {
	encounterpackages.Submit.Between, encounterpackages.Cancel.Between = between, between
	testkit.Main(m)
}

// stops are the steps at which jobs are interrupted, once each.
var stops sync.Map // by job: step

var errInterrupted = errors.New("interrupted")

func between(jobID, step string) error {
	if stops.CompareAndDelete(jobID, step) {
		return errInterrupted
	}
	return nil
}

// interrupt carries out the job up to a step.
func interrupt(t *testing.T, srv *testkit.Server, job, step string) {
	t.Helper()
	stops.Store(job, step)
	_, err := srv.Jobs.Release(t.Context(), job)
	require.ErrorIs(t, err, errInterrupted)
}

// carryOut carries the job out to its end.
func carryOut(t *testing.T, srv *testkit.Server, job string) {
	t.Helper()
	_, err := srv.Jobs.Release(t.Context(), job)
	require.NoError(t, err)
}

const patient = "patient"

var doctor = world.TokenValue("doctor")

// pack is a package of the world with ids of its own, to be sent without a signature.
type pack struct {
	content map[string]any
	visit   map[string]any
	token   string
}

// signedIn opens what a case of the world has signed.
func signedIn(t *testing.T, srv *testkit.Server, operation, title string) (content []byte, visit any, token string) {
	t.Helper()
	i := slices.IndexFunc(srv.World.Cases, func(c world.Case) bool { return c.OperationID == operation && c.Title == title })
	require.GreaterOrEqual(t, i, 0, title)
	r := srv.World.Cases[i].Request
	body, _ := r.Body.(map[string]any)
	text, _ := body["signed_data"].(string)
	raw, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	opened, err := new(signature.Trust).Open(raw, srv.World.Now)
	require.NoError(t, err)
	return opened.JSON, body["visit"], strings.TrimPrefix(r.Headers["Authorization"], "Bearer ")
}

// fresh is the package of a case of the world, with new ids.
func fresh(t *testing.T, srv *testkit.Server, title string) *pack {
	t.Helper()
	content, sent, token := signedIn(t, srv, "submitEncounterPackage", title)
	p := &pack{token: token}
	visit, err := json.Marshal(sent)
	require.NoError(t, err)
	all := append(append([]byte{'['}, content...), append([]byte{','}, append(visit, ']')...)...)
	for _, id := range newIDs(content, visit) {
		all = bytes.ReplaceAll(all, []byte(id), []byte(uuid.NewString()))
	}
	var both []map[string]any
	require.NoError(t, json.Unmarshal(all, &both))
	p.content, p.visit = both[0], both[1]
	return p
}

// newIDs are the ids that the package gives.
func newIDs(content, visit []byte) (ids []string) {
	var sent map[string]any
	_ = json.Unmarshal(content, &sent)
	collect := func(object any) {
		fields, _ := object.(map[string]any)
		if id, ok := fields["id"].(string); ok {
			ids = append(ids, id)
		}
	}
	for _, value := range sent {
		collect(value)
		items, _ := value.([]any)
		for _, item := range items {
			collect(item)
		}
	}
	var of map[string]any
	_ = json.Unmarshal(visit, &of)
	collect(of)
	return ids
}

func (p *pack) encounter() map[string]any {
	e, _ := p.content["encounter"].(map[string]any)
	return e
}

// records are the ids of the package by the paths of their kinds.
func (p *pack) records() map[string][]string {
	records := map[string][]string{"encounters": {fmt.Sprint(p.encounter()["id"])}}
	for name, value := range p.content {
		items, _ := value.([]any)
		for _, item := range items {
			fields, _ := item.(map[string]any)
			records[name] = append(records[name], fmt.Sprint(fields["id"]))
		}
	}
	return records
}

func (p *pack) request(t *testing.T) world.Request {
	t.Helper()
	raw, err := json.Marshal(p.content)
	require.NoError(t, err)
	body := map[string]any{"signed_data": base64.StdEncoding.EncodeToString(raw)}
	if p.visit != nil {
		body["visit"] = p.visit
	}
	return testkit.As(p.token, http.MethodPost, "/api/patients/"+world.ID(patient).String()+"/encounter_package", body)
}

// outcome is the end of a job.
type outcome struct {
	Status     string
	StatusCode int `json:"status_code"`
	Links      []struct{ Entity, Href string }
	Error      struct {
		Message string
		Invalid []struct {
			Entry string
			Rules []struct{ Description string }
		}
	}
}

func accepted(t *testing.T, srv *testkit.Server, p *pack) *testkit.Response {
	t.Helper()
	r := srv.Send(t, p.request(t))
	require.Equal(t, http.StatusAccepted, r.Status, "%s", r.Raw)
	return r
}

func end(t *testing.T, srv *testkit.Server, p *pack, r *testkit.Response) (o outcome) {
	t.Helper()
	srv.WaitJob(t, p.token, r).Data(t, &o)
	return o
}

func jobOf(t *testing.T, r *testkit.Response) string {
	t.Helper()
	var o outcome
	r.Data(t, &o)
	return path.Base(o.Links[0].Href)
}

// requireRead asks for each record by its id, and in the list of its encounter.
func requireRead(t *testing.T, srv *testkit.Server, p *pack, status int, when string) {
	t.Helper()
	for kind, ids := range p.records() {
		for _, id := range ids {
			r := srv.Send(t, testkit.As(doctor, http.MethodGet, "/api/patients/"+world.ID(patient).String()+"/"+kind+"/"+id, nil))
			require.Equal(t, status, r.Status, "%s %s: %s", kind, when, r.Raw)
		}
	}
}

// listed counts the records that lists show.
func listed(t *testing.T, srv *testkit.Server, packs ...*pack) (n int) {
	t.Helper()
	for kind := range packs[0].records() {
		r := srv.Send(t, testkit.As(doctor, http.MethodGet, "/api/patients/"+world.ID(patient).String()+"/"+kind+"?page_size=300", nil))
		for _, p := range packs {
			for _, id := range p.records()[kind] {
				if bytes.Contains(r.Raw, []byte(`"id":"`+id+`"`)) {
					n++
				}
			}
		}
	}
	return n
}

// requireStored looks at the documents themselves.
func requireStored(t *testing.T, srv *testkit.Server, want bool, packs ...*pack) {
	t.Helper()
	for kind := range packs[0].records() {
		stored := srv.Documents(t, kind)
		for _, p := range packs {
			for _, id := range p.records()[kind] {
				d, there := stored[uuid.MustParse(id)]
				require.Equal(t, want, there, "%s %s", kind, id)
				if want {
					require.Equal(t, true, d["visible"], kind)
					require.Empty(t, d["applied_jobs"], kind)
				}
			}
		}
	}
}

// episodeOf is the stored episode of a package.
func episodeOf(t *testing.T, srv *testkit.Server, p *pack) (e episodes.Document) {
	t.Helper()
	srv.Decode(t, episodes.Collection, medicalevents.IDIn(p.encounter()["episode"]), &e)
	return e
}

// history counts the items of the episode that name the encounter.
func history(t *testing.T, srv *testkit.Server, p *pack) (n int) {
	t.Helper()
	for _, item := range episodeOf(t, srv, p).DiagnosesHistory {
		if item.Evidence.Identifier.Value.String() == p.records()["encounters"][0] {
			n++
		}
	}
	return n
}

// A package that is interrupted between any two writes is read whole or not at all, and whole in the end.
func TestInterruptedPackages(t *testing.T) {
	t.Parallel()
	steps := []string{
		"store visits", "store conditions", "store observations", "store immunizations", "store allergy_intolerances", "store risk_assessments",
		"store encounters", "decide", "reveal encounters", "reveal visits", "reveal conditions", "reveal observations", "reveal immunizations",
		"reveal allergy_intolerances", "reveal risk_assessments", "commit",
	}
	srv := testkit.New(t, testkit.Idle(), testkit.With("SIGNATURE", "auto"))
	var packs []*pack
	for i, step := range steps {
		p := fresh(t, srv, "an encounter with everything")
		r := accepted(t, srv, p)
		job := jobOf(t, r)
		interrupt(t, srv, job, step)
		if i <= slices.Index(steps, "decide") {
			requireRead(t, srv, p, http.StatusNotFound, "before "+step)
			require.Zero(t, listed(t, srv, p), "before "+step)
			require.Zero(t, history(t, srv, p))
		} else {
			requireRead(t, srv, p, http.StatusOK, "before "+step)
		}
		carryOut(t, srv, job)
		o := end(t, srv, p, r)
		require.Equal(t, "processed", o.Status, "after %s: %v", step, o.Error)
		require.Equal(t, "encounter", o.Links[0].Entity)
		require.Equal(t, 1, history(t, srv, p), "once")
		packs = append(packs, p)
	}
	require.Equal(t, 6*len(steps), listed(t, srv, packs...))
	requireStored(t, srv, true, packs...)
	var e bson.M
	srv.Decode(t, episodes.Collection, world.ID("episode of packages"), &e)
	require.Empty(t, e["applied_jobs"], "the marks of the jobs are gone")
}

// What an interrupted job has stored is taken away when the package is refused after all.
func TestRefusedAfterInterruption(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle(), testkit.With("SIGNATURE", "auto"))
	p := fresh(t, srv, "an encounter with everything")
	r := accepted(t, srv, p)
	interrupt(t, srv, jobOf(t, r), "decide")
	srv.Change(t, episodes.Collection, world.ID("episode of packages"), bson.D{{Key: "status", Value: episodes.Closed}})
	carryOut(t, srv, jobOf(t, r))
	o := end(t, srv, p, r)
	require.Equal(t, "failed", o.Status)
	require.Equal(t, http.StatusUnprocessableEntity, o.StatusCode)
	require.Equal(t, "Episode is not active", o.Error.Invalid[0].Rules[0].Description)
	requireRead(t, srv, p, http.StatusNotFound, "after the refusal")
	requireStored(t, srv, false, p)
}

// What a package writes beside its documents.
func TestSubmit(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("SIGNATURE", "auto"))
	before := srv.Count(t, "event_manager.events")
	p := fresh(t, srv, "an encounter with everything")
	r := accepted(t, srv, p)
	o := end(t, srv, p, r)
	require.Equal(t, "processed", o.Status, "%v", o.Error)
	var entities []string
	for _, link := range o.Links {
		entities = append(entities, link.Entity)
	}
	require.Equal(t, []string{"encounter", "immunization", "allergy_intolerance", "risk_assessment", "condition", "observation"}, entities)
	for _, link := range o.Links {
		require.Equal(t, http.StatusOK, srv.Send(t, testkit.As(doctor, http.MethodGet, link.Href, nil)).Status, link.Href)
	}
	var e episodes.Document
	srv.Decode(t, episodes.Collection, world.ID("episode of packages"), &e)
	require.Len(t, e.CurrentDiagnoses, 1)
	require.Equal(t, "R80", e.CurrentDiagnoses[0].Code.Coding[0].Code)
	require.Equal(t, []string{"eHealth/ICPC2/condition_codes|R80"}, []string(e.Items))
	require.Equal(t, 7, srv.Count(t, "prm.audit_log WHERE changeset->>'package' = $1", world.ID("episode of packages").String()), "an audit row for each document")
	require.Equal(t, before, srv.Count(t, "event_manager.events"), "packages have no events")
	encounter := p.records()["encounters"][0]
	require.Equal(t, 1, srv.Count(t, "il.media WHERE name = $1", "encounters/"+encounter+"/create"))

	var shown struct {
		Performer struct {
			DisplayValue string `json:"display_value"`
		}
		Diagnoses []struct {
			Code struct{ Coding []struct{ Code string } }
		}
	}
	srv.Send(t, testkit.As(doctor, http.MethodGet, o.Links[0].Href, nil)).Data(t, &shown)
	require.Equal(t, "Олена Петрівна Коваль", shown.Performer.DisplayValue)
	require.Equal(t, "R80", shown.Diagnoses[0].Code.Coding[0].Code)
	var vaccination struct{ Reactions []any }
	srv.Send(t, testkit.As(doctor, http.MethodGet, o.Links[1].Href, nil)).Data(t, &vaccination)
	require.Len(t, vaccination.Reactions, 1, "the observation of the package")

	again := accepted(t, srv, p)
	o = end(t, srv, p, again)
	require.Equal(t, "failed", o.Status, "its ids are taken")
	requireStored(t, srv, true, p)
}

// Hundreds of observations are stored; content beyond the limit is refused by the request, and nothing is stored.
func TestLargePackages(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("SIGNATURE", "auto"))
	p := fresh(t, srv, "an encounter with everything")
	items, _ := p.content["observations"].([]any)
	first, _ := items[0].(map[string]any)
	for range 299 {
		one := maps.Clone(first)
		one["id"] = uuid.NewString()
		delete(one, "reaction_on")
		items = append(items, one)
	}
	p.content["observations"] = items
	o := end(t, srv, p, accepted(t, srv, p))
	require.Equal(t, "processed", o.Status, "%v", o.Error)
	require.Len(t, o.Links, 305)
	requireStored(t, srv, true, p)

	large := fresh(t, srv, "an encounter with a condition")
	large.encounter()["prescriptions"] = strings.Repeat("ї", 6<<20)
	r := srv.Send(t, large.request(t))
	require.Equal(t, http.StatusRequestEntityTooLarge, r.Status, "%s", r.Raw[:min(len(r.Raw), 300)])
	requireStored(t, srv, false, large)
}
