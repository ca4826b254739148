package torture

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/jobs"
)

// auditor compares what a load was promised with what both databases hold.
type auditor struct {
	*load
	findings []string

	done    map[string]string // jobs that were carried out: their operation by id
	changed map[uuid.UUID]bool
	audits  map[string]int    // rows of the audit log by object
	events  map[string]int    // by object
	places  map[string]string // tables of acknowledged ids
}

// audit waits until everything that was accepted is done, stops the servers and
// looks for what is lost, doubled or half done. Only after a crash may an SMS
// have gone out twice. It returns how many are marked so.
func (l *load) audit(crashed bool) (marked int) {
	t := l.rig.t
	t.Helper()
	l.stop()
	for _, s := range l.rig.all() {
		select {
		case <-s.done:
			t.Errorf("a server has ended by itself: %s", s.log())
		default:
		}
	}
	l.awaitJobs()
	l.rig.stopServers()

	require.Empty(t, l.wrong)
	require.Positive(t, l.acknowledgements())
	a := &auditor{load: l}
	a.auditJobs()
	a.auditObjects()
	a.auditCreated()
	a.auditCodes()
	marked = a.auditMessages(crashed)
	require.Empty(t, a.findings[:min(len(a.findings), 20)], "%d findings", len(a.findings))
	return marked
}

// jobsPatience covers the choice of another leader of the queue, who looks every
// half minute for jobs that nobody carries out any more.
const jobsPatience = 4 * time.Minute

// awaitJobs waits until no job and no message is left to be worked on.
func (l *load) awaitJobs() {
	t := l.rig.t
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), jobsPatience)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		var pending, queued int
		require.NoError(t, l.rig.pool.QueryRow(ctx, `
			SELECT (SELECT count(*) FROM jobs.jobs WHERE status = 0 AND inserted_at >= $1),
			       (SELECT count(*) FROM river.river_job
			        WHERE kind IN ('carry_out', 'send_sms') AND state NOT IN ('completed', 'cancelled', 'discarded'))`, l.began).
			Scan(&pending, &queued))
		if pending+queued == 0 {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d jobs and %d of their tries have not ended", pending, queued)
		case <-ticker.C:
		}
	}
}

func (a *auditor) find(format string, args ...any) {
	a.findings = append(a.findings, fmt.Sprintf(format, args...))
}

// counts reads a text and a number per row.
func (a *auditor) counts(query string, args ...any) map[string]int {
	t := a.rig.t
	t.Helper()
	rows, err := a.rig.pool.Query(t.Context(), query, args...)
	require.NoError(t, err)
	found := map[string]int{}
	var name string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error {
		found[name] = n
		return nil
	})
	require.NoError(t, err)
	return found
}

// none reports every text that a query finds.
func (a *auditor) none(what, query string, args ...any) {
	t := a.rig.t
	t.Helper()
	rows, err := a.rig.pool.Query(t.Context(), query, args...)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, text := range found {
		a.find("%s: %s", what, text)
	}
}

// auditJobs: every acknowledged job is there and was carried out, no request has
// made two, and none that was refused has made one.
func (a *auditor) auditJobs() {
	t := a.rig.t
	t.Helper()
	rows, err := a.rig.pool.Query(t.Context(), "SELECT id, operation, request_id, status FROM jobs.jobs WHERE inserted_at >= $1", a.began)
	require.NoError(t, err)
	a.done = map[string]string{}
	of := map[string]int{}
	var id, operation, request string
	var status int32
	_, err = pgx.ForEachRow(rows, []any{&id, &operation, &request, &status}, func() error {
		if status != jobs.Processed {
			a.find("job %s of %s ended in status %d", id, operation, status)
		}
		if of[request]++; of[request] > 1 {
			a.find("request %s to %s has made %d jobs", request, operation, of[request])
		}
		a.done[id] = operation
		return nil
	})
	require.NoError(t, err)
	for _, s := range a.sent {
		if s.status == http.StatusAccepted && len(s.jobs) != 1 {
			a.find("%s was accepted without a job", s.operation)
		}
		if s.refused() && of[s.request] > 0 {
			a.find("%s was refused with %d, and made a job", s.operation, s.status)
		}
		for _, job := range s.jobs {
			if a.done[job] == "" {
				a.find("lost: job %s of %s", job, s.operation)
			}
		}
	}
	a.none("tries of a job", "SELECT kind || ' ' || state || ': ' || count(*) FROM river.river_job "+
		"WHERE kind IN ('carry_out', 'send_sms') AND state <> 'completed' GROUP BY kind, state")
}

// auditObjects: what was acknowledged has changed its object; who has changed
// has one audit row, a document one event too, and who has not has none.
func (a *auditor) auditObjects() {
	a.changed = map[uuid.UUID]bool{}
	for _, h := range a.herds {
		if h.document == "" {
			a.lookAtRows(h)
		}
	}
	a.lookAtDocuments()
	a.audits = a.counts("SELECT resource_id, count(*) FROM prm.audit_log WHERE inserted_at >= $1 GROUP BY resource_id", a.began)
	a.events = a.counts("SELECT entity_id::text, count(*) FROM event_manager.events WHERE inserted_at >= $1 GROUP BY entity_id", a.began)

	outcomes := map[string]map[bool]int{} // by operation: acknowledged jobs that have changed their object, or not
	for _, s := range a.sent {
		if s.herd == nil || s.herd == &a.codes {
			continue
		}
		id, changed := s.object.String(), a.changed[s.object]
		want := 0
		if changed {
			want = 1
		}
		if a.audits[id] != want {
			a.find("%s of %s: changed %t, %d audit rows", s.operation, id, changed, a.audits[id])
		}
		if s.herd.document != "" && a.events[id] != want || a.events[id] > 1 {
			a.find("%s of %s: changed %t, %d events", s.operation, id, changed, a.events[id])
		}
		switch {
		case s.status == http.StatusAccepted:
			if outcomes[s.operation] == nil {
				outcomes[s.operation] = map[bool]int{}
			}
			outcomes[s.operation][changed]++
		case s.acknowledged() && !changed:
			a.find("lost: %s of %s", s.operation, id)
		case s.refused() && changed:
			a.find("%s of %s was refused with %d, and done", s.operation, id, s.status)
		}
	}
	for operation, of := range outcomes { // a job changes its object or, as a resend does, never does
		if of[true] > 0 && of[false] > 0 {
			a.find("lost: %d of %d changes by %s", of[false], of[true]+of[false], operation)
		}
	}
}

func (a *auditor) lookAtRows(h *herd) {
	t := a.rig.t
	t.Helper()
	rows, err := a.rig.pool.Query(t.Context(), fmt.Sprintf(
		"SELECT changed.id FROM %[1]s changed, %[1]s original WHERE original.id = $1 AND changed.id = ANY($2) AND changed.updated_at <> original.updated_at", h.table),
		h.id, h.taken())
	require.NoError(t, err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	require.NoError(t, err)
	for _, id := range ids {
		a.changed[id] = true
	}
}

func (a *auditor) lookAtDocuments() {
	t := a.rig.t
	t.Helper()
	collections, originals := map[string]bool{}, map[uuid.UUID]*herd{}
	for _, h := range a.herds {
		if h.document == "" {
			continue
		}
		collections[h.document] = true
		for _, id := range h.taken() {
			originals[id] = h
		}
	}
	require.NoError(t, a.rig.withDocuments(t.Context(), func(store *mongo.Database) error {
		for name := range collections {
			cursor, err := store.Collection(name).Find(t.Context(), bson.D{})
			if err != nil {
				return err
			}
			for cursor.Next(t.Context()) {
				var d bson.M
				if err := cursor.Decode(&d); err != nil {
					return err
				}
				raw, _ := d["_id"].(bson.Binary)
				if id, err := uuid.FromBytes(raw.Data); err == nil && originals[id] != nil {
					a.lookAtDocument(id, d, originals[id])
				}
			}
			if err := cursor.Err(); err != nil {
				return err
			}
		}
		return nil
	}))
}

// lookAtDocument finds out whether a document has changed, and whether that has
// happened twice: then a list in it has grown by more than one.
func (a *auditor) lookAtDocument(id uuid.UUID, d bson.M, h *herd) {
	grown := map[string]int{}
	for key, value := range d {
		if list, ok := value.(bson.A); ok {
			grown[key] = len(list)
		}
	}
	for _, e := range h.original {
		if e.Key == "updated_at" {
			a.changed[id] = d["updated_at"] != e.Value
		}
		if list, ok := e.Value.(bson.A); ok {
			grown[e.Key] -= len(list)
		}
	}
	for key, n := range grown {
		if n > 1 || n != 0 && !a.changed[id] {
			a.find("%s %s: changed %t, and %s has grown by %d", h.document, id, a.changed[id], key, n)
		}
	}
}

// auditCreated: what was acknowledged under an id is there, and nothing is there
// that nobody has asked for, in halves or twice.
func (a *auditor) auditCreated() {
	t := a.rig.t
	t.Helper()
	var ids []string
	acknowledged, unknown := map[string]int{}, map[string]int{}
	seen := map[string]bool{}
	for _, s := range a.sent {
		switch {
		case s.unknown():
			unknown[s.operation]++
		case s.acknowledged():
			acknowledged[s.operation]++
		}
		// A token may have given way to a later one.
		if s.acknowledged() && s.id != "" && s.herd == nil && strings.HasPrefix(s.path, "/api/") {
			if seen[s.id] {
				a.find("%s: id %s was given twice", s.operation, s.id)
			}
			seen[s.id] = true
			ids = append(ids, s.id)
		}
	}
	a.places = map[string]string{}
	for _, table := range a.tables(t) {
		for id := range a.counts("SELECT id::text, 1 FROM "+table+" WHERE id = ANY($1::text[]::uuid[])", ids) {
			a.places[id] = table
		}
	}
	for _, s := range a.sent {
		if seen[s.id] && s.herd == nil && a.places[s.id] == "" {
			a.find("lost: %s %s", s.operation, s.id)
		}
	}

	divisions := a.counts("SELECT id::text, (SELECT count(*) FROM prm.division_addresses WHERE division_id = d.id) FROM prm.divisions d WHERE inserted_at >= $1", a.began)
	for id, addresses := range divisions {
		if addresses == 0 || a.audits[id] != 1 {
			a.find("division %s has %d addresses and %d audit rows", id, addresses, a.audits[id])
		}
	}
	const create = "createDivision"
	if n := len(divisions); n < acknowledged[create] || n > acknowledged[create]+unknown[create] {
		a.find("%d divisions; %d were acknowledged, and of %d nobody knows", n, acknowledged[create], unknown[create])
	}
	changed := 0
	for _, is := range a.changed {
		if is {
			changed++
		}
	}
	if rows := sum(a.audits); rows != changed+len(divisions) {
		a.find("%d audit rows of %d changes", rows, changed+len(divisions))
	}
}

func sum(counts map[string]int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

// mayHave tells whether an effect may be there so many times.
func (s *sending) mayHave(n int) bool {
	return n == 1 && !s.refused() || n == 0 && !s.acknowledged()
}

// auditCodes: a code that was acknowledged as entered is, by one attempt, and
// its phone is verified; every code that was asked for is there once.
func (a *auditor) auditCodes() {
	entered := a.counts(`
		SELECT v.id::text, v.attempts_count
			+ CASE WHEN (v.status = 'verified') = (v.attempts_count = 1) AND (v.status = 'verified') = EXISTS (
				SELECT 1 FROM otp.verified_phones p WHERE p.phone_number = v.phone_number) THEN 0 ELSE 100 END
		FROM otp.verifications v WHERE v.id = ANY($1)`, a.codes.taken())
	perPhone := a.counts("SELECT phone_number, count(*) FROM otp.verifications WHERE inserted_at >= $1 GROUP BY phone_number", a.began)
	promised, unknown := 0, 0
	for _, s := range a.sent {
		if attempts := entered[s.object.String()]; s.herd == &a.codes && !s.mayHave(attempts) {
			a.find("%s: status %d, %d attempts were counted (more than 99: by halves)", s.path, s.status, attempts)
		}
		if codes := perPhone[s.phone]; s.phone != "" && !s.mayHave(codes) {
			a.find("%s: status %d, %d codes for its phone", s.operation, s.status, codes)
		}
		switch {
		case s.acknowledged() && a.places[s.id] == "otp.verifications" && s.herd == nil:
			promised++
		case s.unknown() && s.herd == nil:
			unknown++
		}
	}
	for _, operation := range a.done {
		if operation == "resendApprovalSms" {
			promised++
		}
	}
	if codes := sum(perPhone); codes < promised || codes > promised+unknown {
		a.find("%d codes; %d were promised, and of %d nobody knows", codes, promised, unknown)
	}
}

// auditMessages: each code has its message, each message has been sent, and
// those that may have been sent twice are marked.
func (a *auditor) auditMessages(crashed bool) (marked int) {
	t := a.rig.t
	t.Helper()
	a.none("code without its one message", `
		SELECT v.id::text FROM otp.verifications v LEFT JOIN otp.sms_logs s ON s.verification_id = v.id
		WHERE v.inserted_at >= $1 GROUP BY v.id HAVING count(s.id) <> 1`, a.began)
	a.none("message not sent, or without its code", `
		SELECT s.id::text || coalesce(' ' || s.gateway_status, '') || ' ' || s.tries FROM otp.sms_logs s
		WHERE s.inserted_at >= $1 AND (s.gateway_status IS DISTINCT FROM 'Delivered' OR s.tries < 1
			OR NOT EXISTS (SELECT 1 FROM otp.verifications v WHERE v.id = s.verification_id))`, a.began)
	require.NoError(t, a.rig.pool.QueryRow(t.Context(), "SELECT count(*) FROM otp.sms_logs WHERE inserted_at >= $1 AND tries > 1", a.began).Scan(&marked))
	if marked > 0 && !crashed {
		a.find("%d messages are marked as sent twice, and nothing has crashed", marked)
	}
	return marked
}
