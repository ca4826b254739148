package encounterpackages_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

const inError = "entered_in_error"

// inError is the package as it is signed to be cancelled: the encounter, and of the arrays those that are named, or all.
func (p *pack) inError(t *testing.T, letter string, arrays ...string) *pack {
	t.Helper()
	raw, err := json.Marshal(p.content)
	require.NoError(t, err)
	c := &pack{token: p.token}
	require.NoError(t, json.Unmarshal(raw, &c.content))
	e := c.encounter()
	e["cancellation_reason"] = map[string]any{"coding": []any{map[string]any{"system": "eHealth/cancellation_reasons", "code": "misspelling"}}}
	e["explanatory_letter"] = letter
	if len(arrays) == 0 {
		e["status"] = inError
	}
	for name, value := range c.content {
		items, ok := value.([]any)
		if !ok {
			continue
		}
		taken := len(arrays) == 0
		for _, array := range arrays {
			taken = taken || array == name
		}
		if !taken {
			delete(c.content, name)
			continue
		}
		for _, item := range items {
			fields, _ := item.(map[string]any)
			fields[statusOf(name)] = inError
		}
	}
	return c
}

func statusOf(array string) string {
	if array == "conditions" || array == "allergy_intolerances" {
		return "verification_status"
	}
	return "status"
}

func cancelled(t *testing.T, srv *testkit.Server, c *pack) *testkit.Response {
	t.Helper()
	raw, err := json.Marshal(c.content)
	require.NoError(t, err)
	body := map[string]any{"signed_data": base64.StdEncoding.EncodeToString(raw)}
	r := srv.Send(t, testkit.As(c.token, http.MethodPatch, "/api/patients/"+world.ID(patient).String()+"/encounter_package", body))
	require.Equal(t, http.StatusAccepted, r.Status, "%s", r.Raw)
	return r
}

// submitted is a package that is stored.
func submitted(t *testing.T, srv *testkit.Server, title string) *pack {
	t.Helper()
	p := fresh(t, srv, title)
	o := end(t, srv, p, accepted(t, srv, p))
	require.Equal(t, "processed", o.Status, "%v", o.Error)
	return p
}

// requireTaken compares the statuses of what is stored with those of what was signed.
func requireTaken(t *testing.T, srv *testkit.Server, c *pack, when string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(episodeOf(t, srv, c).AppliedJobs) == 0 }, time.Minute, 50*time.Millisecond, "marks stay %s", when)
	for kind, ids := range c.records() {
		stored := srv.Documents(t, kind)
		for i, id := range ids {
			d := stored[uuid.MustParse(id)]
			want := c.content[kind]
			if kind == "encounters" {
				want = c.encounter()["status"]
			} else {
				items, _ := want.([]any)
				fields, _ := items[i].(map[string]any)
				want = fields[statusOf(kind)]
			}
			require.Equal(t, want, d[statusOf(kind)], "%s %s", kind, when)
			require.Equal(t, true, d["visible"], kind)
			require.Empty(t, d["applied_jobs"], kind)
		}
	}
}

// current is the condition of the diagnosis of a package's episode, "" when it has none.
func current(t *testing.T, srv *testkit.Server, p *pack) string {
	t.Helper()
	if now := episodeOf(t, srv, p).CurrentDiagnoses; len(now) > 0 {
		return now[0].Condition.Identifier.Value.String()
	}
	return ""
}

// inForce tells whether the diagnoses of a package count in its episode, which must name it once.
func inForce(t *testing.T, srv *testkit.Server, p *pack) (active bool) {
	t.Helper()
	require.Equal(t, 1, history(t, srv, p))
	for _, item := range episodeOf(t, srv, p).DiagnosesHistory {
		if item.Evidence.Identifier.Value.String() == p.records()["encounters"][0] {
			active = item.IsActive
		}
	}
	return active
}

// What a cancellation writes, and what it does to the diagnoses of the episode.
func TestCancel(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("SIGNATURE", "auto"))
	events := srv.Count(t, "event_manager.events")
	first, second := submitted(t, srv, "an encounter with everything"), submitted(t, srv, "an encounter with a condition")
	require.Equal(t, second.records()["conditions"][0], current(t, srv, first))

	c := second.inError(t, "Помилка")
	o := end(t, srv, c, cancelled(t, srv, c))
	require.Equal(t, "processed", o.Status, "%v", o.Error)
	encounter := second.records()["encounters"][0]
	require.Len(t, o.Links, 1)
	require.Equal(t, "encounter", o.Links[0].Entity)
	var shown struct {
		Status            string
		ExplanatoryLetter string                                   `json:"explanatory_letter"`
		Reason            struct{ Coding []struct{ Code string } } `json:"cancellation_reason"`
	}
	srv.Send(t, testkit.As(doctor, http.MethodGet, o.Links[0].Href, nil)).Data(t, &shown)
	require.Equal(t, inError, shown.Status)
	require.Equal(t, "Помилка", shown.ExplanatoryLetter)
	require.Equal(t, "misspelling", shown.Reason.Coding[0].Code)
	requireTaken(t, srv, c, "after the cancellation")
	require.False(t, inForce(t, srv, second))
	require.True(t, inForce(t, srv, first))
	require.Equal(t, first.records()["conditions"][0], current(t, srv, first), "the diagnosis of the encounter before it")
	require.Equal(t, 1, srv.Count(t, "il.media WHERE name = $1", "encounters/"+encounter+"/cancel"))
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'encounters' AND resource_id = $1 AND changeset->>'status' = $2", encounter, inError))

	again := second.inError(t, "Ще раз")
	o = end(t, srv, again, cancelled(t, srv, again))
	require.Equal(t, http.StatusConflict, o.StatusCode)
	require.Equal(t, "Invalid transition for encounter - already entered_in_error", o.Error.Message)

	part := first.inError(t, "Не той пацієнт", "observations")
	o = end(t, srv, part, cancelled(t, srv, part))
	require.Equal(t, "processed", o.Status, "%v", o.Error)
	requireTaken(t, srv, part, "after a part was cancelled")
	require.True(t, inForce(t, srv, first))
	require.Equal(t, first.records()["conditions"][0], current(t, srv, first))
	observation := first.records()["observations"][0]
	require.Equal(t, 1, srv.Count(t, "il.media WHERE name = $1", "encounters/"+first.records()["encounters"][0]+"/cancel-"+observation))
	o = end(t, srv, part, cancelled(t, srv, part))
	require.Equal(t, "Invalid transition for observation - already entered_in_error", o.Error.Message)

	rest := first.inError(t, "Усе")
	delete(rest.content, "observations")
	o = end(t, srv, rest, cancelled(t, srv, rest))
	require.Equal(t, "processed", o.Status, "%v", o.Error)
	requireTaken(t, srv, rest, "after the rest was cancelled")
	require.Empty(t, current(t, srv, first), "no encounter is in force")
	require.Empty(t, episodeOf(t, srv, first).Items)
	require.Equal(t, events, srv.Count(t, "event_manager.events"), "packages have no events")
}

// A referral stays as it is, and reports and procedures keep the letter.
func TestCancelOfReferral(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("SIGNATURE", "auto"))
	p := submitted(t, srv, "a referral that is carried out")
	referral := world.ID("referral of packages")
	var before, after bson.M
	srv.Decode(t, "service_requests", referral, &before)
	c := p.inError(t, "Помилка")
	o := end(t, srv, c, cancelled(t, srv, c))
	require.Equal(t, "processed", o.Status, "%v", o.Error)
	srv.Decode(t, "service_requests", referral, &after)
	require.Equal(t, before, after)
	for _, kind := range []string{"diagnostic_reports", "procedures"} {
		d := srv.Documents(t, kind)[uuid.MustParse(p.records()[kind][0])]
		require.Equal(t, "Помилка", d["explanatory_letter"], kind)
	}
}

// stored is the cancellation of a package of the world that is stored: its whole content, and who signs it.
func stored(t *testing.T, srv *testkit.Server, title string) *pack {
	t.Helper()
	raw, _, token := signedIn(t, srv, "cancelEncounterPackage", title)
	p := &pack{token: token}
	require.NoError(t, json.Unmarshal(raw, &p.content))
	return p
}

// A cancellation that is interrupted between any two writes ends whole, and meanwhile no other takes the package back.
func TestInterruptedCancellation(t *testing.T) {
	t.Parallel()
	steps := []string{
		"decide", "change encounters", "change immunizations", "change allergy_intolerances", "change risk_assessments", "change conditions",
		"change observations", "commit",
	}
	srv := testkit.New(t, testkit.Idle(), testkit.With("SIGNATURE", "auto"))
	c := stored(t, srv, "everything that was entered in error")
	r := cancelled(t, srv, c)
	job := jobOf(t, r)
	for _, step := range steps {
		interrupt(t, srv, job, step)
		require.Equal(t, step == "decide", inForce(t, srv, c), "before "+step)
		if step == "decide" {
			continue
		}
		second := c.inError(t, "Ще раз, "+step)
		another := cancelled(t, srv, second)
		carryOut(t, srv, jobOf(t, another))
		o := end(t, srv, second, another)
		require.Equal(t, http.StatusConflict, o.StatusCode, "before %s: %v", step, o.Error)
		require.Equal(t, "Invalid transition for encounter - already entered_in_error", o.Error.Message)
	}
	carryOut(t, srv, job)
	o := end(t, srv, c, r)
	require.Equal(t, "processed", o.Status, "%v", o.Error)
	requireTaken(t, srv, c, "in the end")
	require.False(t, inForce(t, srv, c))
	require.EqualValues(t, 1, episodeOf(t, srv, c).Revision, "it has changed the episode once")
	encounter := c.records()["encounters"][0]
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'encounters' AND resource_id = $1", encounter))
	links := srv.Documents(t, "encounters")[uuid.MustParse(encounter)]["signed_content_links"]
	require.Equal(t, bson.A{"encounters/" + encounter + "/cancel"}, links)
}

// Of many cancellations of one package at once one is processed: of the whole package, and of a part.
func TestRacingCancellations(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle(), testkit.With("SIGNATURE", "auto"))
	const racers = 5
	races := []struct {
		title   string
		arrays  []string
		pack    *pack
		answers [racers]*testkit.Response
	}{
		{title: "an encounter that was entered in error"},
		{title: "everything that was entered in error", arrays: []string{"observations"}},
	}
	for n := range races {
		race := &races[n]
		race.pack = stored(t, srv, race.title)
		if race.arrays != nil {
			race.pack.encounter()["status"] = "finished"
		}
		for i := range race.answers {
			race.answers[i] = cancelled(t, srv, race.pack.inError(t, fmt.Sprintf("Спроба %d", i), race.arrays...))
		}
	}
	srv.Run(t)
	for _, race := range races {
		won := 0
		for _, r := range race.answers {
			o := end(t, srv, race.pack, r)
			if o.Status == "processed" {
				won++
				continue
			}
			require.Equal(t, http.StatusConflict, o.StatusCode, "%v", o.Error)
			require.Contains(t, o.Error.Message, "already entered_in_error")
		}
		require.Equal(t, 1, won, race.title)
		require.Equal(t, race.arrays != nil, inForce(t, srv, race.pack))
	}
}

// Packages that are submitted and cancelled at once in one episode leave its diagnoses as if they had come one by one.
func TestCancellationsAmongSubmissions(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle(), testkit.With("SIGNATURE", "auto"))
	var gone, come []*pack
	var answers []*testkit.Response
	for _, title := range []string{"an encounter that was entered in error", "everything that was entered in error", "a medical administrator"} {
		c := stored(t, srv, title)
		p := fresh(t, srv, "an encounter with a condition")
		p.encounter()["episode"] = c.encounter()["episode"]
		gone, come = append(gone, c), append(come, p)
		answers = append(answers, cancelled(t, srv, c), accepted(t, srv, p))
	}
	srv.Run(t)
	for i, r := range answers {
		o := end(t, srv, []*pack{gone[i/2], come[i/2]}[i%2], r)
		require.Equal(t, "processed", o.Status, "%d: %v", i, o.Error)
	}
	for i := range gone {
		require.False(t, inForce(t, srv, gone[i]))
		require.True(t, inForce(t, srv, come[i]))
	}
	e := episodeOf(t, srv, come[0])
	require.EqualValues(t, len(answers), e.Revision)
	last := e.DiagnosesHistory[len(e.DiagnosesHistory)-1]
	require.True(t, last.IsActive)
	require.Equal(t, last.Diagnoses, e.CurrentDiagnoses, "a package that was submitted is the last in force")
	kept := e.Items
	e.KeepItems()
	require.Equal(t, e.Items, kept)
}

// One record that differs, and nothing is taken back.
func TestRefusedCancellation(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("SIGNATURE", "auto"))
	p := submitted(t, srv, "an encounter with everything")
	before := episodeOf(t, srv, p)
	foreign := submitted(t, srv, "an outpatient with a report and a procedure")
	for what, change := range map[string]func(c *pack){
		"another value": func(c *pack) { first(c, "allergy_intolerances")["criticality"] = "high" },
		"a record of another encounter": func(c *pack) {
			c.content["procedures"] = foreign.inError(t, "").content["procedures"]
		},
		"a record that nobody knows": func(c *pack) { first(c, "immunizations")["id"] = uuid.NewString() },
		"the same record twice": func(c *pack) {
			items, _ := c.content["observations"].([]any)
			c.content["observations"] = append(items, items[0])
		},
	} {
		c := p.inError(t, what)
		change(c)
		o := end(t, srv, c, cancelled(t, srv, c))
		require.Equal(t, http.StatusConflict, o.StatusCode, "%s: %v", what, o.Error)
		require.Contains(t, o.Error.Message, "Submitted signed content does not correspond to previously created content: ", what)
	}
	many := p.inError(t, "Забагато")
	many.encounter()["explanatory_letter"] = string(bytes.Repeat([]byte("x"), 11<<20))
	raw, err := json.Marshal(many.content)
	require.NoError(t, err)
	r := srv.Send(t, testkit.As(p.token, http.MethodPatch, "/api/patients/"+world.ID(patient).String()+"/encounter_package",
		map[string]any{"signed_data": base64.StdEncoding.EncodeToString(raw)}))
	require.Equal(t, http.StatusRequestEntityTooLarge, r.Status)
	requireTaken(t, srv, p, "after the refusals")
	require.Equal(t, before, episodeOf(t, srv, p))
}

func first(p *pack, array string) map[string]any {
	items, _ := p.content[array].([]any)
	fields, _ := items[0].(map[string]any)
	return fields
}
