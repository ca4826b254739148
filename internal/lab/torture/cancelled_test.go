package torture

import (
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

const inError = "entered_in_error"

// T13: cancellations of packages of encounters, interrupted at each step between two writes.
func TestInterruptedCancellations(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T13", "a cancellation of a package that is interrupted between any two writes ends, and has taken all of it back once, or nothing; "+
		"the diagnoses of the episode are those of the encounters that are left; a cancellation that is carried out twice changes nothing")
	s := testkit.New(t, testkit.Idle(), testkit.With("ENGINE_TIMEOUT", "50s"), testkit.With("REQUEST_TIMEOUT", "50s"))
	n := &nursery{pool: s.Pool, store: s.Mongo, of: map[uuid.UUID]*birth{}, url: s.URL}
	all := slices.DeleteFunc(models(t, s.World, s.Mongo), func(m *model) bool { return !m.isPackage() })
	if !*full {
		all = richest(all)
	}
	makeRoom(t, all, s.Mongo, amount(2, 200))
	n.measure(t, all, func(b *birth) {
		_, err := s.Jobs.Release(t.Context(), b.job)
		require.NoError(t, err)
	})
	for i := range amount(4, 600) {
		b := all[i%len(all)].fresh(i)
		b.plan = &plan{}
		n.expect(b)
		n.carryThrough(t, s, b)
	}
	require.Equal(t, len(n.births), n.audit(t))
	n.requireNone(t)

	undone := n.takeBack(t, s)
	interruptions := 0
	for _, b := range undone {
		interruptions += b.plan.hits
	}
	tr.add("packages", len(undone))
	tr.add("interruptions", interruptions)
	tr.add("reads meanwhile", int(n.looks.Load()))
}

// disturb has a job refused that has not decided: a package needs an active episode, and a cancellation the encounter as it was
// signed.
func (n *nursery) disturb(t *testing.T, b *birth) error {
	collection, id, change := episodes.Collection, b.within, bson.E{Key: "status", Value: episodes.Closed}
	if b.undoes != nil {
		collection, id, change = "encounters", b.born["encounters"][0], bson.E{Key: "made_up", Value: true}
	}
	_, err := n.store.Collection(collection).UpdateOne(t.Context(), bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "$set", Value: bson.D{change}}})
	return err
}

// statusIn is the field that tells whether a document of a collection was entered in error.
func statusIn(collection string) string {
	if collection == "conditions" || collection == "allergy_intolerances" {
		return "verification_status"
	}
	return "status"
}

// undo is the request that takes all of a package back.
func (b *birth) undo(t *testing.T) *birth {
	t.Helper()
	var content map[string]any
	require.NoError(t, json.Unmarshal(b.sent, &content))
	for name, value := range content {
		items, _ := value.([]any)
		for _, item := range items {
			fields, _ := item.(map[string]any)
			fields[statusIn(name)] = inError
		}
	}
	encounter, _ := content["encounter"].(map[string]any)
	encounter["status"], encounter["explanatory_letter"] = inError, "Помилка"
	encounter["cancellation_reason"] = map[string]any{"coding": []any{map[string]any{"system": "eHealth/cancellation_reasons", "code": "misspelling"}}}
	signed, err := json.Marshal(content)
	require.NoError(t, err)
	request := world.Request{
		Method: http.MethodPatch, Path: b.request.Path, Headers: b.request.Headers, Body: map[string]any{"signed_data": b.sign(signed)},
	}
	m := &model{deed: deed{operation: "cancelEncounterPackage", request: request}}
	u := &birth{model: m, request: request, born: maps.Clone(b.born), within: b.within, undoes: b, plan: &plan{}}
	delete(u.born, "visits") // they stay as they are
	return u
}

// takeBack cancels all packages, each interrupted at some steps, and compares what there is then with what the jobs have told. The
// cancellation of one package of each model comes first, and shows the steps.
func (n *nursery) takeBack(t *testing.T, s *testkit.Server) (undone []*birth) {
	t.Helper()
	before := n.imprints(t)
	steps := map[*model][]string{}
	for _, b := range n.births {
		u := b.undo(t)
		undone = append(undone, u)
		if u.steps = steps[b.model]; u.steps != nil {
			i := len(undone) % len(u.steps)
			u.plan.at = []string{u.steps[i], u.steps[i+rand.IntN(len(u.steps)-i)]}
			switch len(undone) % 5 {
			case 2:
				u.refused, u.plan.at = true, []string{deciding}
			case 3:
				u.doubled, u.plan.at = true, u.steps[len(undone)/5%len(u.steps):][:1]
			case 4:
				u.doubled, u.plan.at = true, []string{"change encounters"}
			}
		}
		n.carryThrough(t, s, u)
		require.Equal(t, len(u.plan.at), u.plan.hits, "interruptions of a cancellation at %v: %v", u.plan.at, u.plan.seen)
		if steps[b.model] == nil {
			require.Equal(t, deciding, u.plan.seen[0])
			steps[b.model] = u.plan.seen
		}
	}
	n.auditBack(t, undone, before)
	n.requireNone(t)

	left := n.imprints(t)
	for i, u := range undone {
		if u.refused || i%5 > 0 {
			continue
		}
		again := &birth{model: u.model, request: u.request, plan: &plan{}}
		require.Equal(t, jobs.Failed, int(n.carryThrough(t, s, again)))
		require.NotEqual(t, u.job, again.job)
	}
	require.Equal(t, left, n.imprints(t))
	n.auditBack(t, undone, before)
	n.requireNone(t)
	return undone
}

// carryThrough sends a request, and has its job tried until it ends.
func (n *nursery) carryThrough(t *testing.T, s *testkit.Server, b *birth) (status int32) {
	t.Helper()
	r, err := callServer(t.Context(), s.URL, b.request)
	require.NoError(t, err)
	require.NotEmpty(t, r.job, "%+v", r)
	b.job = r.job
	b.plan.meet = func(step string, first bool) error { return n.meet(t, s, b, step, first) }
	plans.Store(b.job, b.plan)
	t.Cleanup(func() { plans.Delete(b.job) })
	for range 100 {
		ended, err := s.Jobs.Release(t.Context(), b.job)
		if err == nil && ended.Status != jobs.Pending {
			return ended.Status
		}
		require.True(t, errors.Is(err, errInterrupted) || errors.Is(err, fault.ErrUnavailable), "%v", err)
	}
	require.Fail(t, "a job does not end")
	return 0
}

// lookBack reads a package whose cancellation has come to a step: what the steps before it change is entered in error, and the rest
// is not. The episode comes first.
func (n *nursery) lookBack(t *testing.T, b *birth, step string) {
	at := slices.Index(b.steps, step)
	for collection, ids := range b.born {
		own := slices.Index(b.steps, "change "+collection)
		if own == at {
			continue // some of them may have changed
		}
		id := ids[rand.IntN(len(ids))]
		for _, r := range n.readings {
			if r.kind != collection || !r.byID || strings.HasSuffix(r.path, "/context") { // a context does not show the status
				continue
			}
			answer, ok := n.read(t, r, b, id)
			if !ok {
				break
			}
			var shown map[string]any
			if err := json.Unmarshal(answer.data, &shown); err != nil {
				n.find("%s at %s: %s", r.path, step, err)
			}
			if is := shown[statusIn(collection)]; is == nil || (is == inError) != (own < at) {
				n.find("%s is %v when its cancellation has come to %s", collection, shown[statusIn(collection)], step)
			}
			break
		}
	}
	stored, err := mongodb.DocumentsOf(n.store, episodes.Collection).Get(t.Context(), b.within)
	var episode episodes.Document
	if err == nil {
		err = stored.Decode(&episode)
	}
	if err != nil {
		n.find("look up an episode: %s", err)
	}
	if counts := inForce(&episode, b); counts != (step == deciding) {
		n.find("diagnoses count in their episode: %t, at %s", counts, step)
	}
}

// inForce tells whether the diagnoses of a package count in its episode.
func inForce(episode *episodes.Document, b *birth) bool {
	return slices.ContainsFunc(episode.DiagnosesHistory, func(item episodes.DiagnosesItem) bool {
		return item.IsActive && item.Evidence.Identifier.Value == b.born["encounters"][0]
	})
}

// auditBack compares what there is with what the jobs of cancellations have told: each has taken its package back as a whole and
// once, or nothing of it.
func (n *nursery) auditBack(t *testing.T, undone []*birth, before map[string]imprint) {
	t.Helper()
	left := n.imprints(t)
	documents := map[string]map[uuid.UUID]bson.Raw{}
	for _, collection := range collections {
		documents[collection] = stored(t, n.store, collection)
	}
	changed := map[uuid.UUID]int{} // episodes
	for _, u := range undone {
		encounter := u.born["encounters"][0]
		var status int32
		require.NoError(t, n.pool.QueryRow(t.Context(), "SELECT status FROM jobs.jobs WHERE id = $1", u.job).Scan(&status))
		if (status == jobs.Processed) == u.refused {
			n.find("job %s of a cancellation ended in status %d", u.job, status)
		}
		for collection, ids := range u.born {
			for _, id := range ids {
				document, want := mongodb.Document(documents[collection][id]), before[id.String()]
				if is := document.Text(statusIn(collection)) == inError; is == u.refused {
					n.find("%s of %s: in error %t, job %s", id, collection, is, u.job)
				}
				if marks, _ := bson.Raw(document).Lookup("applied_jobs").Array().Values(); len(marks) > 0 {
					n.find("%s of %s has marks", id, collection)
				}
				if !u.refused {
					want.audit++
					if id == encounter {
						want.media++
					}
				}
				if left[id.String()] != want {
					n.find("the cancellation of %s of %s has left %+v and not %+v", id, collection, left[id.String()], want)
				}
			}
		}
		if links, _ := bson.Raw(documents["encounters"][encounter]).Lookup("signed_content_links").Array().Values(); len(links) != 2 && !u.refused {
			n.find("encounter %s has %d links to what was signed", encounter, len(links))
		}
		if !u.refused {
			changed[u.within]++
		}
		var episode episodes.Document
		require.NoError(t, mongodb.Document(documents[episodes.Collection][u.within]).Decode(&episode))
		if counts := inForce(&episode, u); counts != u.refused {
			n.find("diagnoses count in their episode: %t, job %s", counts, u.job)
		}
		last := []medicalevents.Diagnosis{}
		for _, item := range episode.DiagnosesHistory {
			if item.IsActive && len(item.Diagnoses) > 0 {
				last = item.Diagnoses
			}
		}
		if !assert.ObjectsAreEqual(last, episode.CurrentDiagnoses) {
			n.find("diagnoses of episode %s are not those of its last encounter in force", u.within)
		}
		items := slices.Clone(episode.Items)
		if episode.KeepItems(); !slices.Equal(items, episode.Items) {
			n.find("items of episode %s are not those of its diagnoses", u.within)
		}
	}
	for id, times := range changed {
		if got, want := left[id.String()].audit, before[id.String()].audit+times; got != want {
			n.find("episode %s has %d audit rows and not %d", id, got, want)
		}
	}
}
