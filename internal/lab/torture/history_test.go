package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sync/errgroup"

	"esoz/gen/rules"
	"esoz/internal/app"
	shapes "esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/jobs"
	"esoz/internal/sandbox/world"
)

// historians are the clients of a history.
const historians = 8

func TestHistoriesAreLinearizable(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T8", "what concurrent clients see of a status has an order in which each of them is right, also when a server is killed half way and restarted")
	newArena(t, "", 1).writeHistories(t, tr, amount(10, 20), amount(2, 4)) // FerretDB does less in the same time
}

func TestHistoriesOfThreeServersAreLinearizable(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T8", "the same on three servers and a document store whose findAndModify is atomic")
	newArena(t, severalServers(t), 3).writeHistories(t, tr, amount(10, 100), amount(3, 12))
}

// writeHistories writes histories of rows, and of each kind of document, every
// other with a fault.
func (a *arena) writeHistories(t *testing.T, tr *trial, rows, documents int) {
	t.Helper()
	ofRows, ofDocuments := a.lifelines(t)
	for i := range each(rows, rows, len(ofRows)) {
		for _, line := range ofRows {
			a.writeHistory(t, tr, line, uint64(i), amount(100, 1000), i%2 == 1)
		}
	}
	for i := range each(documents, documents, len(ofDocuments)) {
		for _, line := range ofDocuments {
			a.writeHistory(t, tr, line, uint64(i), amount(24, 200), i%2 == 1)
		}
	}
}

// lifeline is how a kind of thing lives: its states, who shows them and what
// leads from one to another.
type lifeline struct {
	model   uuid.UUID // the world's object that each one is a copy of, in the first state
	states  []string
	read    move
	changes []move
	field   string
	table   string // of a row

	// Of a document. A job changes it, and back it comes only by us.
	collection string
	back       move
}

// move is what a client does: it leads from a state to another, from anywhere
// when from is empty; a look leads nowhere.
type move struct {
	operation string
	from      []string
	to        string
}

func (m move) isLook() bool { return m.to == "" }

// registered is an operation as its resource has registered it.
func registered(id string) shapes.Operation {
	all := app.Operations()
	if i := slices.IndexFunc(all, func(op shapes.Operation) bool { return op.ID == id }); i >= 0 {
		return all[i]
	}
	return shapes.Operation{}
}

// lifelines are those of everything that an operation shows and others move from
// one state to another: of rows, and of documents.
func (a *arena) lifelines(t *testing.T) (rows, documents []lifeline) {
	t.Helper()
	all := app.Operations()
	type life struct{ reads, collection, attribute string }
	var lives []life // a thing has one for each part of its state
	for _, reads := range all {
		for _, op := range all {
			if op.Moves == nil || reads.Reads == "" || op.Moves.Collection != reads.Reads || strings.HasSuffix(reads.ID, "Context") {
				continue // a context tells no state
			}
			if one := (life{reads.ID, reads.Reads, op.Moves.Attribute}); !slices.Contains(lives, one) {
				lives = append(lives, one)
			}
		}
	}
	for _, one := range lives {
		line := lifeline{read: move{operation: one.reads}}
		var moves *shapes.Moves
		document := false
		for _, op := range all {
			if op.Moves == nil || op.Moves.Collection != one.collection || op.Moves.Attribute != one.attribute || len(op.Moves.From) == 0 ||
				op.Signed || len(op.Also) > 0 {
				continue // what was signed for another document does not fit; and one attribute is put back, not several
			}
			sameMove := func(m move) bool { return slices.Equal(m.from, op.Moves.From) && m.to == op.Moves.To[0] }
			if op.Update == nil && slices.ContainsFunc(line.changes, sameMove) {
				continue // another user makes it, whose row the model would have to be
			}
			moves, document = op.Moves, op.Update != nil
			if len(line.states) == 0 {
				line.states = append(line.states, moves.From[0])
			}
			// A row that was moved on belongs to whom the last move asks for. A document must fit each move.
			if line.model == uuid.Nil || !document || moves.From[0] == line.states[0] {
				line.model = a.object(t, op.ID)
			}
			line.states = append(line.states, moves.To[0])
			line.changes = append(line.changes, move{op.ID, moves.From, moves.To[0]})
		}
		if moves == nil {
			continue
		}
		line.field = moves.Attribute
		if !document {
			line.table = moves.Collection
			rows = append(rows, line)
			continue
		}
		line.collection = moves.Collection
		line.back = move{operation: "put back", to: line.states[0]}
		documents = append(documents, line)
	}
	require.NotEmpty(t, rows)
	require.NotEmpty(t, documents)
	return rows, documents
}

// object is what the world's passing case of an operation works on.
func (a *arena) object(t *testing.T, operation string) uuid.UUID {
	t.Helper()
	passing, found := a.world.Passing(operation)
	require.True(t, found, operation)
	ids := uuids.FindAllString(passing.Request.Path, -1)
	require.NotEmpty(t, ids, operation)
	return uuid.MustParse(ids[len(ids)-1])
}

// seen is what a client has learnt of its move.
type seen struct {
	unknown bool   // nothing: the connection broke
	refused bool   // it came to nothing
	state   string // that it was told; "" when it was told none
}

// sequential is a lifeline when one client acts after another. A move whose
// outcome nobody knows may have happened at any time from its call on; one that
// never happened is put behind everything else, where nobody sees it.
func (l lifeline) sequential() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return l.states[0] },
		Step: func(state, input, output any) (bool, any) {
			is, m, o := state.(string), input.(move), output.(seen)
			possible := len(m.from) == 0 || slices.Contains(m.from, is)
			switch {
			case m.isLook():
				return o.state == is, is
			case o.unknown && !possible:
				return true, is
			case o.unknown:
				return true, m.to
			case o.refused:
				return !possible && (o.state == "" || o.state == is), is
			}
			return possible && o.state == m.to, m.to
		},
		DescribeOperation: func(input, output any) string {
			m, o := input.(move), output.(seen)
			switch {
			case o.unknown:
				return m.operation + " -> ?"
			case o.refused:
				return strings.TrimSpace(m.operation + " -> refused " + o.state)
			}
			return m.operation + " -> " + o.state
		},
	}
}

// history is what clients have done to one thing, and seen of it.
type history struct {
	*arena
	line     lifeline
	id       uuid.UUID
	first    bson.D                     // all that a document is put back to
	requests map[string][]world.Request // by operation: of each client under its first name, its second and so on
	broken   [historians]int            // how often each client has lost an answer, and has gone on under another name
	at       func() time.Duration

	mu         sync.Mutex
	operations []porcupine.Operation
	known      int // changes that are known to have happened
	unknown    int // and those that may have
}

// writeHistory lets clients do n things to something new, checks what they have
// seen, and compares it with what the databases tell.
func (a *arena) writeHistory(t *testing.T, tr *trial, line lifeline, seed uint64, n int, fault bool) {
	t.Helper()
	h := a.newHistory(t, line)
	moves := line.moves()
	switch {
	case line.collection == "":
		h.part(t, moves, moves, seed, n, fault)
	case !a.alone: // were it put back all the time, two changes at once would look like one after another
		h.part(t, slices.Concat(moves, []move{line.back}), moves, seed, n, fault)
	default: // we put it back while no server works
		const part = 12
		for done := 0; done < n; done += part {
			if done > 0 {
				a.unmarked(t, []formerDocument{{line.collection, h.document(t)}})
				require.NoError(t, h.act(t.Context(), historians, line.back))
			}
			h.part(t, moves, moves, seed+uint64(done)<<32, min(part, n-done), fault && done+part >= n)
		}
	}
	h.judge(t, seed)
	h.audit(t)
	tr.add("histories", 1)
	tr.add("moves", len(h.operations))
	if fault {
		tr.add("kills", 1)
	}
}

// moves are what clients do by requests.
func (l lifeline) moves() []move { return slices.Concat([]move{l.read}, l.changes) }

func (a *arena) newHistory(t *testing.T, line lifeline) *history {
	t.Helper()
	h := &history{arena: a, line: line, id: uuid.New(), requests: map[string][]world.Request{}, at: clock.Stopwatch()}
	if line.collection == "" {
		tag, err := a.pool.Exec(t.Context(), fmt.Sprintf(`
			INSERT INTO %[1]s SELECT fresh.* FROM %[1]s AS model, LATERAL jsonb_populate_record(model, jsonb_build_object(
				'id', $1::uuid, 'declaration_number', $1::text, $3::text, $4::text)) AS fresh WHERE model.id = $2`,
			a.tableNamed(t, line.table)), h.id, line.model, line.field, line.states[0])
		require.NoError(t, err)
		require.EqualValues(t, 1, tag.RowsAffected())
	} else {
		var model bson.D
		require.NoError(t, a.store.Collection(line.collection).FindOne(t.Context(), bson.D{{Key: "_id", Value: line.model}}).Decode(&model))
		for i := range model {
			if model[i].Key == "_id" {
				model[i].Value = h.id
			}
		}
		_, err := a.store.Collection(line.collection).InsertOne(t.Context(), model)
		require.NoError(t, err)
		h.first = slices.DeleteFunc(model, func(e bson.E) bool { return e.Key == "_id" || e.Key == "applied_jobs" })
	}
	for _, m := range line.moves() {
		passing, found := a.world.Passing(m.operation)
		require.True(t, found, m.operation)
		request := passing.Request
		ids := uuids.FindAllStringIndex(request.Path, -1)
		require.NotEmpty(t, ids, "%s names nothing in %s", m.operation, request.Path)
		last := ids[len(ids)-1]
		request.Path = request.Path[:last[0]] + h.id.String() + request.Path[last[1]:]
		const names = 8 * historians
		h.requests[m.operation] = slices.Repeat([]world.Request{request}, names)
		if line.collection != "" && !m.isLook() { // or two clients share a job, and both take its change for theirs
			h.requests[m.operation] = a.invite(t, request, names)
		}
	}
	return h
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// tableNamed is a table with its schema.
func (a *arena) tableNamed(t *testing.T, name string) string {
	t.Helper()
	tables := a.tables(t)
	i := slices.IndexFunc(tables, func(table string) bool { return strings.HasSuffix(table, "."+name) })
	require.GreaterOrEqual(t, i, 0, "no table %s", name)
	return tables[i]
}

// document is the thing as it is stored.
func (h *history) document(t *testing.T) bson.Raw {
	t.Helper()
	raw, err := h.store.Collection(h.line.collection).FindOne(t.Context(), bson.D{{Key: "_id", Value: h.id}}).Raw()
	require.NoError(t, err)
	return raw
}

// part lets all clients do n things between them, and kills a server half way
// and starts it again when there is to be a fault. The first client chooses among
// moves of its own.
func (h *history) part(t *testing.T, first, others []move, seed uint64, n int, fault bool) {
	t.Helper()
	var left atomic.Int64
	left.Store(int64(n))
	half := make(chan struct{})
	group, ctx := errgroup.WithContext(t.Context())
	for client := range historians {
		random, moves := rand.New(rand.NewPCG(seed, uint64(client))), others
		if client == 0 {
			moves = first
		}
		group.Go(func() error {
			for {
				rest := left.Add(-1)
				if rest < 0 {
					return nil
				}
				if rest == int64(n/2) {
					close(half)
				}
				if err := h.act(ctx, client, moves[random.IntN(len(moves))]); err != nil {
					return err
				}
			}
		})
	}
	if fault {
		select {
		case <-half:
		case <-ctx.Done():
		}
		h.ring[0].kill()
		h.ring[0].start()
	}
	require.NoError(t, group.Wait())
}

// act makes one move and notes what came of it.
func (h *history) act(ctx context.Context, client int, m move) error {
	if m.operation == h.line.back.operation {
		call := h.at()
		_, err := h.store.Collection(h.line.collection).UpdateOne(ctx, bson.D{{Key: "_id", Value: h.id}}, bson.D{{Key: "$set", Value: h.first}})
		if err != nil {
			return fmt.Errorf("put back: %w", err)
		}
		h.note(client, m, call, seen{state: m.to})
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*rigPatience)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for try := client; ; try++ {
		call := h.at()
		r, err := callServer(ctx, h.ring[try%len(h.ring)].url, h.requests[m.operation][client+historians*h.broken[client]])
		if notSent(err) { // the server is away: the next one, or again
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s: no server came back: %w", m.operation, err)
			case <-ticker.C:
			}
			continue
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", m.operation, ctx.Err()) // another client has failed, or nobody answers
		}
		o, err := h.learn(ctx, m, r, err)
		if err != nil {
			return fmt.Errorf("%s: %w", m.operation, err)
		}
		if o.unknown { // under its old name it could be given the job of the request that broke
			h.broken[client]++
		}
		h.note(client, m, call, o)
		return nil
	}
}

// notSent tells whether a request has surely never reached a server.
func notSent(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && network.Op == "dial"
}

// learn reads what came of a move.
func (h *history) learn(ctx context.Context, m move, r reply, failed error) (seen, error) {
	switch {
	case failed != nil, r.Status >= http.StatusInternalServerError:
		return seen{unknown: true}, nil
	case r.job != "":
		return h.follow(ctx, m, r.job)
	case r.Status == http.StatusConflict && !m.isLook():
		return seen{refused: true, state: h.named(m.operation, r.Message)}, nil
	case r.Status != http.StatusOK:
		return seen{}, fmt.Errorf("told %+v", r.told)
	}
	var shown map[string]json.RawMessage
	if err := json.Unmarshal(r.data, &shown); err != nil {
		return seen{}, fmt.Errorf("read the answer: %w", err)
	}
	var state string
	if err := json.Unmarshal(shown[h.line.field], &state); err != nil {
		return seen{}, fmt.Errorf("read %s: %w", h.line.field, err)
	}
	return seen{state: state}, nil
}

// named is the state that a refusal names, "" when it names none: a text that is
// the same in every state may have the word for another state.
func (h *history) named(operation, message string) string {
	if slices.ContainsFunc(rules.OfOperation(operation), func(r rules.Rule) bool { return r.Message == message }) {
		return ""
	}
	for _, word := range strings.Fields(message) {
		if slices.Contains(h.line.states, word) {
			return word
		}
	}
	return ""
}

// follow waits for the end of a job, whichever server brings it.
func (h *history) follow(ctx context.Context, m move, job string) (seen, error) {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		var status, code int
		if err := h.pool.QueryRow(ctx, "SELECT status, status_code FROM jobs.jobs WHERE id = $1", job).Scan(&status, &code); err != nil {
			return seen{}, fmt.Errorf("look at job %s: %w", job, err)
		}
		switch {
		case status == jobs.Processed:
			return seen{state: m.to}, nil
		case status == jobs.Failed && code == http.StatusConflict:
			return seen{refused: true}, nil
		case status != jobs.Pending:
			return seen{}, fmt.Errorf("job %s ended in status %d with %d", job, status, code)
		}
		select {
		case <-ctx.Done():
			return seen{}, fmt.Errorf("job %s does not end: %w", job, ctx.Err())
		case <-ticker.C:
		}
	}
}

const unanswered = -1 // return of a move whose outcome is unknown

func (h *history) note(client int, m move, call time.Duration, o seen) {
	h.mu.Lock()
	defer h.mu.Unlock()
	back := int64(h.at())
	switch {
	case o.unknown && m.isLook():
		return // and nothing has happened
	case o.unknown:
		back = unanswered
		h.unknown++
	case !o.refused && !m.isLook() && m.operation != h.line.back.operation:
		h.known++
	}
	h.operations = append(h.operations, porcupine.Operation{ClientId: client, Input: m, Call: int64(call), Output: o, Return: back})
}

// judge fails the test when no order of the moves explains what was seen. The
// picture of such a history stays for who looks into it.
func (h *history) judge(t *testing.T, seed uint64) {
	t.Helper()
	end := int64(h.at())
	for i := range h.operations {
		if h.operations[i].Return == unanswered {
			h.operations[i].Return = end
		}
	}
	model := h.line.sequential()
	if porcupine.CheckOperationsTimeout(model, h.operations, rigPatience) == porcupine.Ok {
		return
	}
	result, information := porcupine.CheckOperationsVerbose(model, h.operations, rigPatience)
	file, err := os.CreateTemp("", "history-*.html")
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, porcupine.Visualize(model, information, file))
	t.Fatalf("a history of %s with seed %d is %s: see %s", h.line.model, seed, result, file.Name())
}

// audit compares the changes that clients know of with what was written about them.
func (h *history) audit(t *testing.T) {
	t.Helper()
	h.until(t, "all jobs end", func() (done bool, err error) {
		err = h.pool.QueryRow(t.Context(), "SELECT NOT EXISTS (SELECT 1 FROM jobs.jobs WHERE status = $1 AND hash NOT LIKE 'sandbox %')", jobs.Pending).Scan(&done)
		return done, err
	})
	var entries, events int
	require.NoError(t, h.pool.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM prm.audit_log WHERE resource_id = $1), (SELECT count(*) FROM event_manager.events WHERE entity_id = $2)`,
		h.id.String(), h.id).Scan(&entries, &events))
	require.GreaterOrEqual(t, entries, h.known, "audit rows of acknowledged changes")
	require.LessOrEqual(t, entries, h.known+h.unknown, "audit rows of changes that can have been")
	if h.line.collection != "" && !slices.Contains(untold, h.line.collection) {
		require.Equal(t, entries, events, "each change has its event")
	}
}

// A model that finds everything right would prove nothing.
func TestWrongHistoriesAreFound(t *testing.T) {
	t.Parallel()
	deactivate, activate, look := move{"deactivateDivision", []string{"ACTIVE"}, "INACTIVE"}, move{"activateDivision", []string{"INACTIVE"}, "ACTIVE"}, move{operation: "getDivision"}
	line := lifeline{states: []string{"ACTIVE", "INACTIVE"}, read: look, changes: []move{deactivate, activate}}
	type operation = porcupine.Operation
	for name, c := range map[string]struct {
		right      bool
		operations []operation
	}{
		"one after another": {true, []operation{
			{Input: deactivate, Output: seen{state: "INACTIVE"}, Call: 1, Return: 2},
			{Input: look, Output: seen{state: "INACTIVE"}, Call: 3, Return: 4},
			{Input: activate, Output: seen{state: "ACTIVE"}, Call: 5, Return: 6},
		}},
		"two winners": {false, []operation{
			{Input: deactivate, Output: seen{state: "INACTIVE"}, Call: 1, Return: 5},
			{Input: deactivate, Output: seen{state: "INACTIVE"}, Call: 2, Return: 6},
		}},
		"an old state": {false, []operation{
			{Input: deactivate, Output: seen{state: "INACTIVE"}, Call: 1, Return: 2},
			{Input: look, Output: seen{state: "ACTIVE"}, Call: 3, Return: 4},
		}},
		"a refusal for nothing": {false, []operation{
			{Input: deactivate, Output: seen{refused: true, state: "INACTIVE"}, Call: 1, Return: 2},
		}},
		"one whose outcome is unknown has happened late": {true, []operation{
			{Input: deactivate, Output: seen{unknown: true}, Call: 1, Return: 9},
			{Input: look, Output: seen{state: "ACTIVE"}, Call: 2, Return: 3},
			{Input: look, Output: seen{state: "INACTIVE"}, Call: 4, Return: 5},
		}},
		"one whose outcome is unknown has not happened": {true, []operation{
			{Input: deactivate, Output: seen{unknown: true}, Call: 1, Return: 9},
			{Input: look, Output: seen{state: "ACTIVE"}, Call: 4, Return: 5},
		}},
		"and then it has not happened twice": {false, []operation{
			{Input: deactivate, Output: seen{unknown: true}, Call: 1, Return: 9},
			{Input: look, Output: seen{state: "INACTIVE"}, Call: 2, Return: 3},
			{Input: look, Output: seen{state: "ACTIVE"}, Call: 4, Return: 5},
		}},
	} {
		require.Equal(t, c.right, porcupine.CheckOperations(line.sequential(), c.operations), name)
	}
}
