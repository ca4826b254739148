package torture

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/gen/rules"
	"esoz/internal/app"
	"esoz/internal/conformance"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
	"esoz/openapi"
)

// contenders want the same thing at the same time.
const contenders = 64

// guests is who they are where a request becomes a job: the requests of one
// user share theirs.
const guests = 8

// rounds of each kind of race, of one operation.
type rounds struct {
	rows      int // transitions in PostgreSQL
	documents int // transitions of documents
	codes     int // of codes that replace each other: a round is 64 transitions
}

// fully are the rounds of a full run: the same in all, however many operations
// there are.
func fully(t *testing.T, inTests, total rounds) rounds {
	t.Helper()
	several := len(changingOperations(t))
	return rounds{
		rows: each(inTests.rows, total.rows, several), documents: each(inTests.documents, total.documents, several),
		codes: each(inTests.codes, total.codes, several),
	}
}

func TestOneWinnerOnOneServer(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T7", "of 64 callers who want one transition exactly one gets it, and the others the documented refusal; of 64 codes the last one lives (one server, the sandbox's FerretDB)")
	newArena(t, "", 1).races(t, tr, fully(t, rounds{rows: 200, documents: 60, codes: 60}, rounds{rows: 18_000, documents: 4_000, codes: 1_800}))
}

func TestOneWinnerOnThreeServers(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T7", "the same on three servers and a document store whose findAndModify is atomic")
	newArena(t, severalServers(t), 3).races(t, tr, fully(t, rounds{rows: 200, documents: 200, codes: 90}, rounds{rows: 18_000, documents: 9_000, codes: 3_600}))
}

// contest is an operation that many want to carry out on the same thing.
type contest struct {
	operation string
	requests  []world.Request // of each contender
	queued    bool            // a job carries it out

	// What doing it once, and then once more, has shown.
	rows      []formerRow
	documents []formerDocument
	added     []formerDocument       // that were not there
	made      map[string][]uuid.UUID // tables in which a row was made that may stand in the way, and their former rows
	left      footprint
	phones    []string    // that a code was sent to
	resources []uuid.UUID // that each of the codes confirms; uuid.Nil: only the phone
	second    told
}

// races lets contenders race for whatever operation changes something once:
// what that is, what it changes and what who comes second is told is found out
// by carrying it out twice.
func (a *arena) races(t *testing.T, tr *trial, n rounds) {
	raced := map[string]bool{}
	for _, operation := range changingOperations(t) {
		passing, found := a.world.Passing(operation)
		require.True(t, found, "the world has no case in which %s passes", operation)
		c := a.twice(t, passing)
		switch {
		case !c.second.passed():
			raced[operation] = true
			tr.add("operations", 1)
			t.Run(operation, func(t *testing.T) {
				many := n.rows
				if len(c.documents)+len(c.added) > 0 {
					many = n.documents
				}
				a.race(t, tr, c, many)
			})
		case len(c.phones) > 0:
			raced[operation] = true
			tr.add("operations", 1)
			t.Run(operation, func(t *testing.T) {
				many := n.codes
				if c.queued {
					many = min(many, n.documents)
				}
				a.replacements(t, tr, c, many)
			})
		}
	}
	for _, operation := range transitionOperations(t) {
		require.True(t, raced[operation], "%s changes a state, and passes twice, so that nobody races for it", operation)
	}
	require.NotEmpty(t, tr.figures, "nothing was raced for")
}

// changingOperations of the contract.
func changingOperations(t *testing.T) (ids []string) {
	t.Helper()
	contract, err := conformance.Contract()
	require.NoError(t, err)
	for _, item := range contract.Paths.Map() {
		for method, operation := range item.Operations() {
			if method != http.MethodGet {
				ids = append(ids, operation.OperationID)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// asksForState: the object is in the state that the operation leads out of.
func asksForState(rule rules.Rule) bool {
	return endsWith(rule, ".status", ".active", "_used") || strings.Contains(string(rule.ID), ".state_")
}

// transitionOperations are those by which a status machine of the contract
// leads from one state to another, and those that ask for the state of their object.
func transitionOperations(t *testing.T) []string {
	t.Helper()
	contract, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	require.NoError(t, err)
	known, found := changingOperations(t), map[string]bool{}
	read := func(extensions map[string]any) {
		raw, err := json.Marshal(extensions["x-status-machine"])
		require.NoError(t, err)
		var machine struct {
			Transitions []struct{ From, To, By string }
		}
		require.NoError(t, json.Unmarshal(raw, &machine))
		for _, way := range machine.Transitions {
			if way.From != "" && way.From != way.To && slices.Contains(known, way.By) {
				found[way.By] = true
			}
		}
	}
	for _, schema := range contract.Components.Schemas {
		read(schema.Value.Extensions)
		for _, property := range schema.Value.Properties {
			read(property.Value.Extensions)
		}
	}
	for _, operation := range known {
		if slices.ContainsFunc(rules.OfOperation(operation), asksForState) {
			found[operation] = true
		}
	}
	for _, op := range app.Operations() {
		switch {
		case op.Still, op.Moves == nil && op.Update != nil: // it leaves the status as it is
			delete(found, op.ID)
		case op.Moves == nil:
		case len(op.Moves.From) == 0: // it may be carried out again in the state that it leads to
			delete(found, op.ID)
		default:
			require.True(t, found[op.ID], "no status machine of the contract shows %s", op.ID)
		}
	}
	require.NotEmpty(t, found)
	return slices.Sorted(maps.Keys(found))
}

// asksForUser: the user alone may do this who has begun it, and nobody whom they are like.
func asksForUser(rule rules.Rule) bool { return strings.HasPrefix(rule.Check, "The user has created ") }

// twice carries out an operation, and then asks for it once more.
func (a *arena) twice(t *testing.T, passing world.Case) *contest {
	t.Helper()
	request, url := passing.Request, a.ring[0].url
	c := &contest{operation: passing.OperationID, requests: slices.Repeat([]world.Request{request}, contenders)}
	former, before := a.picture(t), a.footprint(t)

	first := testkit.Send(t, url, request)
	require.Equal(t, passing.Expect.Status, first.Status, "%s: %s", passing.ID, first.Raw)
	c.queued = first.Status == http.StatusAccepted
	require.True(t, a.outcome(t, request, first).passed(), "%s: %s", passing.ID, first.Raw)
	if c.queued && !slices.ContainsFunc(rules.OfOperation(c.operation), asksForUser) {
		invited := a.invite(t, request, guests)
		for i := range c.requests {
			c.requests[i] = invited[i%guests]
		}
	}
	latter := a.picture(t)
	c.rows, c.documents = former.changesTo(t, latter)
	c.added = former.addedIn(latter)
	c.made = a.madeBetween(t, former, latter)
	c.left = a.footprint(t).since(before)
	for id, row := range latter.rows["otp.verifications"] {
		if _, old := former.rows["otp.verifications"][id]; !old {
			var sent struct {
				Phone    string    `json:"phone_number"`
				Resource uuid.UUID `json:"resource_id"`
			}
			require.NoError(t, json.Unmarshal([]byte(row), &sent))
			if sent.Resource != uuid.Nil && latter.has(sent.Resource) && !former.has(sent.Resource) {
				continue // it confirms what was made now: it replaces nothing
			}
			c.phones, c.resources = append(c.phones, sent.Phone), append(c.resources, sent.Resource)
		}
	}
	c.second = a.outcome(t, request, testkit.Send(t, url, request))
	return c
}

// outcome is what a checked answer comes to.
func (a *arena) outcome(t *testing.T, request world.Request, r *testkit.Response) told {
	t.Helper()
	if r.Status != http.StatusAccepted {
		return told{r.Status, r.Body.Error.Type, r.Body.Error.Message}
	}
	var job struct{ Links []struct{ Href string } }
	r.Data(t, &job)
	require.Len(t, job.Links, 1)
	id := job.Links[0].Href[strings.LastIndex(job.Links[0].Href, "/")+1:]
	return a.ends(t, []reply{{job: id}}, request)[id]
}

// race makes everything as it was, again and again, and lets all contenders
// want it at the same time.
func (a *arena) race(t *testing.T, tr *trial, c *contest, n int) {
	require.True(t, len(c.rows)+len(c.documents)+len(c.added) > 0, "%s passes once, and changes nothing that could be put back", c.operation)
	require.NotEmpty(t, refusalsLike(c.operation, c.second), "%s: who comes second is told what no rule says: %+v", c.operation, c.second)
	a.withdrawOthers(t, c.documents)
	before := a.footprint(t)
	for i := range n {
		a.rearm(t, c)
		won := a.winners(t, c)
		require.Equal(t, 1, won, "winners of round %d of %s", i+1, c.operation)
	}
	require.Equal(t, c.left.times(n), a.footprint(t).since(before), "audit rows and events of %d transitions", n)
	a.rearm(t, c)
	tr.add("rounds", n)
	tr.add("requests", n*contenders)
}

// rearm puts back what the transition changes.
func (a *arena) rearm(t *testing.T, c *contest) {
	t.Helper()
	a.unmarked(t, c.documents)
	a.takeAway(t, c.added)
	a.putAside(t, c.made)
	for _, former := range c.rows {
		tag, err := a.pool.Exec(t.Context(), former.set, former.row, former.id)
		require.NoError(t, err, former.set)
		require.EqualValues(t, 1, tag.RowsAffected())
	}
	for _, former := range c.documents {
		result, err := a.store.Collection(former.collection).
			ReplaceOne(t.Context(), bson.D{{Key: "_id", Value: former.document.Lookup("_id")}}, former.document)
		require.NoError(t, err)
		require.EqualValues(t, 1, result.MatchedCount)
	}
}

// takeAway deletes documents that were added, when their jobs are done with them.
func (a *arena) takeAway(t *testing.T, added []formerDocument) {
	t.Helper()
	for _, d := range added {
		id := bson.D{{Key: "_id", Value: d.document.Lookup("_id")}}
		n, err := a.store.Collection(d.collection).CountDocuments(t.Context(), id)
		require.NoError(t, err)
		if n == 0 {
			continue
		}
		a.unmarked(t, []formerDocument{d})
		_, err = a.store.Collection(d.collection).DeleteOne(t.Context(), id)
		require.NoError(t, err)
	}
}

// madeBetween are the tables, of those whose rows can be inactive, that have got a row.
func (a *arena) madeBetween(t *testing.T, former, latter picture) map[string][]uuid.UUID {
	t.Helper()
	made := map[string][]uuid.UUID{}
	for table, rows := range latter.rows {
		var inactive bool
		require.NoError(t, a.pool.QueryRow(t.Context(), `SELECT count(*) > 0 FROM information_schema.columns
			WHERE format('%I.%I', table_schema, table_name) = $1 AND column_name = 'is_active'`, table).Scan(&inactive))
		if inactive && len(rows) > len(former.rows[table]) {
			made[table] = slices.Collect(maps.Keys(former.rows[table]))
		}
	}
	return made
}

// putAside gives rows that were made other ids, with all that refers to them, and makes them inactive: the same can be
// made again.
func (a *arena) putAside(t *testing.T, made map[string][]uuid.UUID) {
	t.Helper()
	for table, former := range made {
		tx, err := a.pool.Begin(t.Context())
		require.NoError(t, err)
		exec := func(query string, args ...any) {
			_, err := tx.Exec(t.Context(), query, args...)
			require.NoError(t, err, query)
		}
		collect := func(query string, args ...any) []string {
			rows, err := tx.Query(t.Context(), query, args...)
			require.NoError(t, err, query)
			found, err := pgx.CollectRows(rows, pgx.RowTo[string])
			require.NoError(t, err, query)
			return found
		}
		exec("SET LOCAL session_replication_role = replica") // ids and what refers to them change one after the other
		referring := collect(`
			SELECT format('UPDATE %s SET %I = $2 WHERE %I = $1', c.conrelid::regclass, a.attname, a.attname)
			FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
			WHERE c.contype = 'f' AND c.confrelid = $1::regclass AND array_length(c.conkey, 1) = 1`, table)
		numbered := ""
		if len(collect(`SELECT column_name FROM information_schema.columns
			WHERE format('%I.%I', table_schema, table_name) = $1 AND column_name = 'declaration_number'`, table)) > 0 {
			numbered = ", declaration_number = $2::text"
		}
		for _, id := range collect("SELECT id::text FROM "+table+" WHERE is_active AND NOT (id = ANY($1))", former) {
			aside := uuid.New()
			exec("UPDATE "+table+" SET id = $2::uuid, is_active = false"+numbered+" WHERE id = $1::uuid", id, aside.String())
			for _, update := range referring {
				exec(update, uuid.MustParse(id), aside)
			}
		}
		require.NoError(t, tx.Commit(t.Context()))
	}
}

// winners lets all contenders loose and counts the transitions that came of it.
// Everybody else must have been told what who comes second is told.
func (a *arena) winners(t *testing.T, c *contest) (won int) {
	t.Helper()
	replies := a.rush(t, c.requests)
	count := func(what told) {
		if what.passed() {
			won++
			return
		}
		if len(c.documents) > 1 && what != c.second { // the winner changes one document after another, and the refusal may name any of them
			require.Equal(t, refusalsLike(c.operation, c.second), refusalsLike(c.operation, what), "%s: %+v", c.operation, what)
			return
		}
		require.Equal(t, c.second, what, c.operation)
	}
	for _, r := range replies {
		if r.job == "" {
			count(r.told)
		}
	}
	for _, end := range a.ends(t, replies, c.requests[0]) {
		count(end)
	}
	return won
}

// replacements sends codes that make each other void: however many there were,
// one lives.
func (a *arena) replacements(t *testing.T, tr *trial, c *contest, n int) {
	for i := range n {
		// The codes of former rounds are dead and only in the way.
		_, err := a.pool.Exec(t.Context(), "DELETE FROM otp.verifications WHERE phone_number = ANY($1) AND NOT active", c.phones)
		require.NoError(t, err)
		var queued int
		sms := "SELECT count(*) FROM otp.sms_logs WHERE phone_number = ANY($1)"
		require.NoError(t, a.pool.QueryRow(t.Context(), sms, c.phones).Scan(&queued))

		accepted := a.winners(t, c)
		require.Positive(t, accepted)
		var all, live, messages int
		require.NoError(t, a.pool.QueryRow(t.Context(), `
			SELECT count(*), count(*) FILTER (WHERE active AND status = 'new')
			FROM otp.verifications JOIN unnest($1::text[], $2::uuid[]) AS sent (phone, resource)
				ON phone_number = phone AND coalesce(resource_id, '00000000-0000-0000-0000-000000000000') = resource`,
			c.phones, c.resources).Scan(&all, &live))
		require.NoError(t, a.pool.QueryRow(t.Context(), sms, c.phones).Scan(&messages))
		require.Equal(t, len(c.phones), live, "live codes after round %d of %s", i+1, c.operation)
		require.Equal(t, accepted, all-len(c.phones), "codes of round %d of %s, beside the one before", i+1, c.operation)
		require.Equal(t, accepted, messages-queued, "SMS of round %d of %s", i+1, c.operation)
		tr.add("codes", accepted)
	}
	tr.add("rounds", n)
	tr.add("requests", n*contenders)
}

// refusalsLike are the rules of an operation, and the gateway's before it, that
// refuse in these words.
func refusalsLike(operation string, what told) (ids []rules.ID) {
	all := rules.OfOperation(operation)
	for _, id := range rules.Guards(operation) {
		if rule, known := rules.Get(id); known {
			all = append(slices.Clip(all), rule)
		}
	}
	for _, rule := range all {
		words := placeholder.ReplaceAllString(regexp.QuoteMeta(cmp.Or(rule.Message, rules.ValidationMessage)), ".+")
		said, err := regexp.MatchString("^"+words+"$", what.Message)
		if err == nil && said && rule.Status == what.Status && rule.Type == what.Type {
			ids = append(ids, rule.ID)
		}
	}
	return ids
}

var placeholder = regexp.MustCompile(`\\\{[a-z_]+\\\}`)

// The same request gets the same job while that one is pending, unless the operation makes
// something new each time.
func TestOneJobForOneRequest(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T7", "64 requests of one caller for the same are one job, or 64 where each makes something new")
	s := testkit.New(t, testkit.Idle(), testkit.With("ENGINE_TIMEOUT", "50s"), testkit.With("REQUEST_TIMEOUT", "50s"))
	anew := map[string]bool{}
	for _, op := range app.Operations() {
		anew[op.ID] = op.Anew
	}
	var queued []world.Case
	for _, operation := range changingOperations(t) {
		if c, found := s.World.Passing(operation); found && c.Expect.Status == http.StatusAccepted {
			queued = append(queued, c)
		}
	}
	require.NotEmpty(t, queued)
	for i := range amount(len(queued), 300) {
		request, promised := queued[i%len(queued)].Request, 1
		if anew[queued[i%len(queued)].OperationID] {
			promised = contenders
		}
		answers := make([]*testkit.Response, contenders)
		var wait sync.WaitGroup
		for caller := range answers {
			wait.Go(func() { answers[caller] = s.Send(t, request) })
		}
		wait.Wait()
		jobs := map[string]int{}
		for _, answer := range answers {
			require.Equal(t, http.StatusAccepted, answer.Status, "%s", answer.Raw)
			var job struct{ Links []struct{ Href string } }
			answer.Data(t, &job)
			require.Len(t, job.Links, 1)
			jobs[job.Links[0].Href]++
		}
		require.Len(t, jobs, promised, request.Path)
		require.Equal(t, promised, s.Count(t, "jobs.jobs WHERE status = 0 AND hash NOT LIKE 'sandbox %'"))
		require.Equal(t, promised, s.Count(t, "river.river_job WHERE kind = 'carry_out'"))
		for _, table := range []string{"jobs.jobs WHERE status = 0 AND hash NOT LIKE 'sandbox %'", "river.river_job WHERE kind = 'carry_out'"} {
			_, err := s.Pool.Exec(t.Context(), "DELETE FROM "+table)
			require.NoError(t, err)
		}
		tr.add("rounds", 1)
		tr.add("requests", contenders)
	}
}

// A session that ends takes with it what refreshing gives at the same time.
func TestNoTokenOutlivesItsSession(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T7", "of 63 who refresh a session while it is ended nobody keeps a live token")
	s := testkit.New(t, testkit.Idle())
	logout, found := s.World.Passing("logout")
	require.True(t, found)
	refresh := testkit.As("", http.MethodPost, "/oauth/tokens", map[string]any{"token": map[string]any{
		"grant_type": "refresh_token", "refresh_token": world.TokenValue("leaving_refresh"),
		"client_id": world.ID("clinic"), "client_secret": world.Secret("clinic"),
	}})
	session := []any{world.ID("token leaving"), world.ID("token leaving_refresh")}
	for i := range amount(10, 1000) {
		_, err := s.Pool.Exec(t.Context(), "UPDATE mithril.tokens SET expires_at = $3 WHERE id IN ($1, $2)", append(session, s.Clock.Now().Unix()+3600)...)
		require.NoError(t, err)
		answers := make([]*testkit.Response, contenders)
		var wait sync.WaitGroup
		for caller := range answers {
			wait.Go(func() {
				if caller == i%contenders {
					answers[caller] = s.Send(t, logout.Request)
				} else {
					answers[caller] = s.Send(t, refresh)
				}
			})
		}
		wait.Wait()
		for caller, answer := range answers {
			switch {
			case caller == i%contenders:
				require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Raw)
			case answer.Status != http.StatusCreated:
				require.Equal(t, []string{string(rules.TokenCreateGrantExpired)}, answer.Rules(), "%s", answer.Raw)
			}
		}
		const family = "mithril.tokens WHERE (id IN ($1, $2::uuid) OR details ->> 'refresh_token_id' = $2::uuid::text)"
		require.Zero(t, s.Count(t, family+" AND expires_at > $3", append(session, s.Clock.Now().Unix())...), "round %d", i+1)
		_, err = s.Pool.Exec(t.Context(), "DELETE FROM "+family+" AND id NOT IN ($1, $2)", session...)
		require.NoError(t, err)
		tr.add("rounds", 1)
		tr.add("requests", contenders)
	}
}

func TestRefusalsLike(t *testing.T) {
	t.Parallel()
	second := func(message string) told { return told{http.StatusConflict, "request_conflict", message} }
	require.Equal(t, []rules.ID{rules.DeviceDispenseStopStatus},
		refusalsLike("stopDeviceDispense", second(fmt.Sprintf("Device dispense in status %s cannot be stopped", "stopped"))))
	require.Empty(t, refusalsLike("stopDeviceDispense", second("Something else")))
}
