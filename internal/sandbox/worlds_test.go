package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"esoz/internal/platform/clock"
	"esoz/internal/sandbox"
	"esoz/internal/sandbox/traffic"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

const worldsPath = "/_sandbox/worlds"

// besideWorld is what is told of a world beside the sandbox's own.
type besideWorld struct {
	Name    string
	BaseURL string    `json:"base_url"`
	MadeAt  time.Time `json:"made_at"`
	EndsAt  time.Time `json:"ends_at"`
}

// beside makes a world, which is a sandbox like any other. It ends with the test.
func (b *box) beside(t *testing.T) *box {
	t.Helper()
	var made besideWorld
	require.Equal(t, http.StatusCreated, b.call(t, http.MethodPost, worldsPath, object{}, &made))
	require.Equal(t, b.url+worldsPath+"/"+made.Name, made.BaseURL)
	side := &box{url: made.BaseURL}
	t.Cleanup(func() { side.end(t) })
	return side
}

// end ends a world beside the sandbox's own; one that has ended stays so.
func (b *box) end(t *testing.T) {
	t.Helper()
	request, err := http.NewRequest(http.MethodDelete, b.url, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
}

// What holds for the sandbox's own world holds for those beside it, and for all of them at once.
func TestWorlds(t *testing.T) {
	t.Parallel()
	b := startBox(t)
	t.Run("own methods", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, *box){
			"operations that are not served":           documentedButNotServed,
			"config refuses what it does not know":     configRefusesWhatItDoesNotKnow,
			"config goes back":                         configGoesBack,
			"inbox waits":                              inboxWaits,
			"reset forgets everything":                 resetForgetsEverything,
			"clock moves":                              clockMoves,
			"registry serves a team's own data":        registryServesATeamsOwnData,
			"registry refuses what is wrong":           registryRefusesWhatIsWrong,
			"signing":                                  signing,
			"registers answer":                         registersAnswer,
			"confidants are set":                       confidantsAreSet,
			"pages":                                    pages,
			"documents name the sandbox":               documentsNameTheSandbox,
			"a client whose body comes after a reset":  bodiesThatComeAfterAReset,
			"a client whose body comes after the end":  bodiesThatComeAfterTheEnd,
			"explanations stay over a reset":           explanationsStay,
			"a world has no worlds beside it":          noWorldsInWorlds,
			"links lead into the world":                linksLeadIntoTheWorld,
			"names are refused or taken":               namesAreRefused,
			"two worlds see nothing of one another":    worldsAreStrangers,
			"races in two worlds have one winner each": racesInTwoWorlds,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, b.beside(t))
			})
		}
	})
	var left []besideWorld
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, worldsPath, nil, &left))
	require.Empty(t, left)
}

// begun sends the head of a request; the rest of its body is sent by the function that it returns, which waits for the answer.
func begun(t *testing.T, b *box, path string) (finish func() string) {
	t.Helper()
	host, prefix, _ := strings.Cut(strings.TrimPrefix(b.url, "http://"), "/")
	conn, err := net.Dial("tcp", host)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	const body = `{"phone_number":"+380509998877"}`
	_, err = fmt.Fprintf(conn, "POST /%s%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"+
		"Authorization: Bearer sandbox-doctor\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", prefix, path, len(body))
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))) // the body is being read
	require.NoError(t, err)
	return func() string {
		_, err := conn.Write([]byte(body))
		require.NoError(t, err)
		status := make([]byte, len("HTTP/1.1 200"))
		_, err = conn.Read(status)
		require.NoError(t, err)
		return string(status)
	}
}

func bodiesThatComeAfterAReset(t *testing.T, b *box) {
	finish := begun(t, b, "/api/verifications")
	b.reset(t)
	require.Equal(t, "HTTP/1.1 200", finish())
	var messages []object
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/sms?wait=30s&phone=%2B380509998877", nil, &messages))
	require.Len(t, messages, 1, "the new world has served it")
}

func bodiesThatComeAfterTheEnd(t *testing.T, b *box) {
	finish := begun(t, b, "/api/verifications")
	b.end(t)
	require.Equal(t, "HTTP/1.1 404", finish())
}

// The coverage of a suite is not lost with the resets between its tests.
func explanationsStay(t *testing.T, b *box) {
	answer := testkit.Send(t, b.url, testkit.As("sandbox-doctor", http.MethodGet, "/api/divisions/1", nil))
	explain := strings.TrimPrefix(answer.Header.Get("X-Sandbox-Explain"), b.url)
	b.reset(t)
	var explanation struct{ Operation struct{ ID string } }
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, explain, nil, &explanation))
	require.Equal(t, "getDivision", explanation.Operation.ID)
	var coverage traffic.Coverage
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/coverage", nil, &coverage))
	require.Equal(t, 1, coverage.Totals.Requests)
}

// host is the sandbox in which the world is.
func (b *box) host() string {
	host, _, _ := strings.Cut(b.url, worldsPath)
	return host
}

func noWorldsInWorlds(t *testing.T, b *box) {
	for _, path := range []string{worldsPath, worldsPath + "/a", worldsPath + "/a/api/divisions"} {
		response, err := http.Get(b.url + path)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusNotFound, response.StatusCode, path)
	}
}

func linksLeadIntoTheWorld(t *testing.T, b *box) {
	answer := testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil))
	require.Equal(t, http.StatusOK, answer.Status)
	require.Equal(t, b.url+"/api/divisions", answer.Body.Meta["url"])
	response, err := http.Get(answer.Header.Get("X-Sandbox-Explain"))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
}

func namesAreRefused(t *testing.T, b *box) {
	outside := &box{url: b.host()}
	_, name, _ := strings.Cut(b.url, worldsPath+"/")
	for wrong, status := range map[string]int{
		name: http.StatusConflict, "Ім'я": http.StatusUnprocessableEntity, "-a": http.StatusUnprocessableEntity, "a/b": http.StatusUnprocessableEntity,
		strings.Repeat("a", 64): http.StatusUnprocessableEntity,
	} {
		var refused struct{ Error string }
		require.Equal(t, status, outside.call(t, http.MethodPost, worldsPath, object{"name": wrong}, &refused), wrong)
		require.Contains(t, refused.Error, wrong)
	}
	require.Equal(t, http.StatusBadRequest, outside.call(t, http.MethodPost, worldsPath, object{"nome": "a"}, nil))
	require.Equal(t, http.StatusNotFound, outside.call(t, http.MethodGet, worldsPath+"/nobody", nil, nil))
	require.Equal(t, http.StatusNotFound, outside.call(t, http.MethodDelete, worldsPath+"/nobody", nil, nil))
	require.Equal(t, http.StatusNotFound, (&box{url: b.host() + worldsPath + "/nobody"}).status(t))
	require.Equal(t, http.StatusOK, outside.call(t, http.MethodGet, worldsPath+"/"+name, nil, nil))
}

// status is of an answer to a request that the contract lets pass. The contract knows no world that is not there.
func (b *box) status(t *testing.T) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/api/divisions", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer sandbox-owner")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

// Clock, SMS, settings, coverage, tokens, jobs and what was registered are of one world.
func worldsAreStrangers(t *testing.T, b *box) {
	other := (&box{url: b.host()}).beside(t)
	held := func(b *box) []string {
		divisions := testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil))
		require.Equal(t, http.StatusOK, divisions.Status)
		all := []string{fmt.Sprint(divisions.Body.Paging["total_entries"])}
		for _, path := range []string{"/_sandbox/sms", "/_sandbox/config", "/_sandbox/registered"} {
			_, raw := b.get(t, path)
			all = append(all, string(raw))
		}
		return all
	}
	before := held(b)
	require.Equal(t, before, held(other))

	seeded := b.world(t)
	for _, operation := range []string{"createDivision", "resendApprovalSms", "releaseServiceRequest"} {
		c, ok := seeded.Passing(operation)
		require.True(t, ok)
		answer := testkit.Send(t, b.url, c.Request)
		require.Less(t, answer.Status, http.StatusMultipleChoices, "%s", answer.Raw)
		if id, isJob := jobOf(answer); isJob {
			elsewhere := testkit.Send(t, other.url, testkit.As("sandbox-owner", http.MethodGet, "/api/jobs/"+id, nil))
			require.Equal(t, http.StatusNotFound, elsewhere.Status, "%s", elsewhere.Raw)
		}
	}
	own := register(t, b)
	own.enter(t, b)
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/config", map[string]string{"MAX_ATTEMPTS": "9"}, nil))
	after := held(b)
	for i := range before {
		require.NotEqual(t, before[i], after[i])
	}
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/clock", map[string]string{"advance": "PT2H"}, nil))

	require.Equal(t, before, held(other))
	var here, there struct{ Now time.Time }
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/clock", nil, &here))
	require.Equal(t, http.StatusOK, other.call(t, http.MethodGet, "/_sandbox/clock", nil, &there))
	require.Greater(t, here.Now.Sub(there.Now), time.Hour)
	var mine, others traffic.Coverage
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/coverage", nil, &mine))
	require.Equal(t, http.StatusOK, other.call(t, http.MethodGet, "/_sandbox/coverage", nil, &others))
	require.Greater(t, mine.Totals.Requests, others.Totals.Requests)
	require.Equal(t, 4, others.Totals.Requests, "two lists of divisions and two jobs")
}

// world returns what the sandbox is seeded with.
func (b *box) world(t *testing.T) (w world.World) {
	t.Helper()
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/world", nil, &w))
	return w
}

var jobLink = regexp.MustCompile(`"href":\s*"/(?:api/)?jobs/([0-9a-f-]+)"`)

// jobOf returns the job of an answer that has one.
func jobOf(answer *testkit.Response) (id string, ok bool) {
	found := jobLink.FindSubmatch(answer.Raw)
	if answer.Status != http.StatusAccepted || found == nil {
		return "", false
	}
	return string(found[1]), true
}

const (
	rounds  = 50 // of races for a row in each world
	callers = 4
)

// Worlds have document stores and pools of their own in one process: that neither lets a second writer in.
func racesInTwoWorlds(t *testing.T, b *box) {
	var worlds errgroup.Group
	for _, b := range []*box{b, (&box{url: b.host()}).beside(t)} {
		worlds.Go(func() error { return race(t, b) })
	}
	require.NoError(t, worlds.Wait())
}

// race has callers change one row back and forth, and each document that can be changed: one of them does it.
func race(t *testing.T, b *box) error {
	seeded := b.world(t)
	deactivate, _ := seeded.Passing("deactivateDivision")
	activate := deactivate.Request
	activate.Path = strings.Replace(activate.Path, "deactivate", "activate", 1)
	for i := range rounds {
		request := deactivate.Request
		if i%2 == 1 {
			request = activate
		}
		won := 0
		for _, answer := range atOnce(t, b, request) {
			if answer.Status == http.StatusOK {
				won++
			}
		}
		if won != 1 {
			return fmt.Errorf("%s: %d callers changed the row", request.Path, won)
		}
	}
	documents := 0
	for _, c := range seeded.Cases {
		first, _ := seeded.Passing(c.OperationID)
		// A code may be sent again as often as it is asked for: nobody wins.
		again := strings.HasSuffix(c.Request.Path, "/actions/resend")
		if c.ID != first.ID || c.Expect.Status != http.StatusAccepted || c.Request.Method == http.MethodPost || again {
			continue
		}
		documents++
		jobs := map[string]bool{}
		for _, answer := range atOnce(t, b, c.Request) {
			if id, ok := jobOf(answer); ok {
				jobs[id] = true
			}
		}
		won := 0
		for id := range jobs {
			if b.processed(t, c.Request, id) {
				won++
			}
		}
		if won != 1 {
			return fmt.Errorf("%s: %d jobs changed the document", c.ID, won)
		}
	}
	if documents < 10 {
		return fmt.Errorf("%d documents were raced for", documents)
	}
	return nil
}

// atOnce sends a request from several callers.
func atOnce(t *testing.T, b *box, request world.Request) []*testkit.Response {
	answers := make([]*testkit.Response, callers)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = testkit.Send(t, b.url, request) })
	}
	all.Wait()
	return answers
}

// processed waits until a job has ended and returns whether it did what it was for.
func (b *box) processed(t *testing.T, request world.Request, id string) (done bool) {
	read := testkit.As(strings.TrimPrefix(request.Headers["Authorization"], "Bearer "), http.MethodGet, "/api/jobs/"+id, nil)
	require.Eventually(t, func() bool {
		answer := testkit.Send(t, b.url, read)
		done = answer.Status == http.StatusSeeOther || strings.Contains(string(answer.Raw), `"status":"processed"`)
		return done || !strings.Contains(string(answer.Raw), `"status":"pending"`)
	}, time.Minute, 20*time.Millisecond)
	return done
}

// A suite runs its tests side by side, each in a fresh world: a new one, or the worker's after a reset.
func TestWorkers(t *testing.T) {
	t.Parallel()
	const workers, each = 8, 50
	b := startBox(t)
	seeded, divisions := b.world(t), countDivisions(t, b)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			own := b.beside(t)
			for i := range each {
				switch {
				case t.Failed():
					return
				case i%2 == 0:
					own.end(t)
					own = b.beside(t)
				default:
					own.reset(t)
				}
				inAFreshWorld(t, own, &seeded, divisions)
			}
		})
	}
	all.Wait()
}

func countDivisions(t *testing.T, b *box) float64 {
	answer := testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil))
	total, ok := answer.Body.Paging["total_entries"].(float64)
	assert.True(t, ok, "%s", answer.Raw)
	return total
}

// inAFreshWorld is a test as a MIS has them, which finds nothing that another one has left.
func inAFreshWorld(t *testing.T, b *box, seeded *world.World, divisions float64) {
	create, _ := seeded.Passing("createDivision")
	release, _ := seeded.Passing("releaseServiceRequest")
	assert.InDelta(t, divisions, countDivisions(t, b), 0)
	assert.Equal(t, http.StatusOK, testkit.Send(t, b.url, create.Request).Status)
	assert.InDelta(t, divisions+1, countDivisions(t, b), 0)

	const phone = "+380509998877"
	var messages []struct{ Code string }
	sent := testkit.Send(t, b.url, testkit.As("sandbox-doctor", http.MethodPost, "/api/verifications", map[string]string{"phone_number": phone}))
	assert.Equal(t, http.StatusOK, sent.Status, "%s", sent.Raw)
	b.call(t, http.MethodGet, "/_sandbox/sms?wait=30s&phone="+url.QueryEscape(phone), nil, &messages)
	if assert.Len(t, messages, 1) {
		complete := testkit.As("sandbox-doctor", http.MethodPatch, "/api/verifications/"+phone+"/actions/complete", object{"code": json.Number(messages[0].Code)})
		answer := testkit.Send(t, b.url, complete)
		assert.Equal(t, http.StatusOK, answer.Status, "%s", answer.Raw)
	}

	answer := testkit.Send(t, b.url, release.Request)
	id, ok := jobOf(answer)
	if assert.True(t, ok, "%s", answer.Raw) {
		assert.True(t, b.processed(t, release.Request, id))
	}
}

// A world that nobody uses for an hour ends, and the world that is copied is never old.
func TestWorldsEnd(t *testing.T) {
	t.Parallel()
	machine := clock.New()
	b := startBox(t, func(o *sandbox.Options) { o.Machine = machine })
	used, forgotten := b.beside(t), b.beside(t)
	machine.Advance(40 * time.Minute)
	require.Equal(t, http.StatusOK, used.status(t))
	machine.Advance(40 * time.Minute)
	require.Equal(t, http.StatusOK, used.status(t))
	require.Equal(t, http.StatusNotFound, forgotten.status(t))
	var left []besideWorld
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, worldsPath, nil, &left))
	require.Len(t, left, 1)
	require.WithinDuration(t, machine.Now().Add(time.Hour), left[0].EndsAt, time.Minute)
	require.Equal(t, http.StatusOK, b.beside(t).status(t), "made of a world that was seeded anew")
}
