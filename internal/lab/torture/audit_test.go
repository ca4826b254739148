package torture

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/otp"
)

// auditor compares what a load was promised with what both databases hold.
type auditor struct {
	*load
	findings []string

	crashed  bool
	changed  map[uuid.UUID]bool
	audits   map[string]int         // rows of the audit log by object
	resent   map[string]int         // codes, by counter of what for
	traces   int                    // audit rows that there should be
	made     map[string]bool        // rows that the load has brought about
	kept     map[string]bool        // jobs whose marks may stay
	followed map[string]bool        // documents that no request names, and that changed with others
	born     map[string][]uuid.UUID // documents that came under ids of the server, by collection
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
	l.awaitJobs() // first: they keep the document store busy
	l.completes(l.rig.all()[0])
	l.awaitJobs()
	l.rig.stopServers()

	require.Empty(t, l.wrong)
	require.Positive(t, l.acknowledgements())
	a := &auditor{load: l, crashed: crashed, kept: map[string]bool{}}
	for _, s := range l.rig.all() {
		for _, found := range keptMark.FindAllStringSubmatch(s.told(), -1) {
			a.kept[found[1]] = true
		}
	}
	a.auditJobs()
	a.auditObjects()
	a.auditCreated()
	a.auditCodes()
	a.auditTokens()
	marked = a.auditMessages()
	a.auditInformed()
	require.Empty(t, a.findings[:min(len(a.findings), 20)], "%d findings: %s", len(a.findings), l.rig.all()[0].log())
	return marked
}

// jobsPatience covers the choice of another leader of the queue, who looks every
// half minute for jobs that nobody carries out any more.
const jobsPatience = 4 * time.Minute

// awaitJobs waits until no job and no message is left to be worked on.
func (l *load) awaitJobs() {
	t := l.rig.t
	t.Helper()
	took := clock.Stopwatch()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for range ticker.C {
		var pending, queued int
		require.NoError(t, l.rig.pool.QueryRow(t.Context(), `
			SELECT (SELECT count(*) FROM jobs.jobs WHERE status = 0 AND inserted_at >= $1),
			       (SELECT count(*) FROM river.river_job
			        WHERE kind IN ('carry_out', 'send_sms') AND state NOT IN ('completed', 'cancelled', 'discarded'))`, l.began).
			Scan(&pending, &queued))
		if pending+queued == 0 {
			return
		}
		require.Less(t, took(), jobsPatience, "%d jobs and %d of their tries have not ended: %s", pending, queued, l.rig.all()[0].log())
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
// made two, and none that was refused has made one. Of a request without an answer
// the table tells whether it has made one; then it must be as good as acknowledged.
func (a *auditor) auditJobs() {
	t := a.rig.t
	t.Helper()
	rows, err := a.rig.pool.Query(t.Context(), "SELECT id, operation, request_id, status FROM jobs.jobs WHERE inserted_at >= $1", a.began)
	require.NoError(t, err)
	done, of := map[string]bool{}, map[string][]string{} // jobs; and by request
	var id, operation, request string
	var status int32
	_, err = pgx.ForEachRow(rows, []any{&id, &operation, &request, &status}, func() error {
		if status != jobs.Processed {
			a.find("job %s of %s ended in status %d", id, operation, status)
		}
		if of[request] = append(of[request], id); len(of[request]) > 1 {
			a.find("request %s to %s has made %d jobs", request, operation, len(of[request]))
		}
		done[id] = true
		return nil
	})
	require.NoError(t, err)
	for _, s := range a.sent {
		if s.status == http.StatusAccepted && len(s.jobs) != 1 {
			a.find("%s was accepted without a job", s.operation)
		}
		if s.refused() && len(of[s.request]) > 0 {
			a.find("%s was refused with %d, and made a job", s.operation, s.status)
		}
		for _, job := range s.jobs {
			if !done[job] {
				a.find("lost: job %s of %s", job, s.operation)
			}
		}
		if s.unknown() {
			s.jobs = of[s.request]
		}
	}
	a.none("tries of a job", "SELECT kind || ' ' || state || ': ' || count(*) FROM river.river_job "+
		"WHERE kind IN ('carry_out', 'send_sms') AND state <> 'completed' GROUP BY kind, state")
}

// untold are collections that the catalogue of events does not have.
var untold = []string{"episodes"}

// auditObjects: what was acknowledged has changed its object or, by a resend, has
// sent one code for it. What has changed has one audit row, a document one event
// too; nothing else has any.
func (a *auditor) auditObjects() {
	a.changed = map[uuid.UUID]bool{}
	for _, h := range a.herds {
		if h.document == "" {
			a.lookAtRows(h)
		}
	}
	a.lookAtDocuments()
	a.audits = a.counts("SELECT resource_id, count(*) FROM prm.audit_log WHERE inserted_at >= $1 GROUP BY resource_id", a.began)
	a.resent = a.counts("SELECT key, codes FROM otp.code_counts")
	events := a.counts("SELECT entity_id::text, count(*) FROM event_manager.events WHERE inserted_at >= $1 GROUP BY entity_id", a.began)

	tellable, own, toldBy := 0, map[string]bool{}, map[string]int{}
	for _, s := range a.sent {
		if s.adds != "" && s.object != uuid.Nil {
			a.auditAdded(s)
		}
		if s.herd == nil || s.herd == &a.codes || s.made() {
			continue
		}
		id, changed, done := s.object.String(), a.changed[s.object], a.codesFor(s)
		audits, told := 0, 0
		own[id] = true
		if changed {
			done++
		}
		if changed && s.herd.table != tokenTable {
			audits = 1
		}
		if changed && s.herd.document != "" {
			if !slices.Contains(untold, s.herd.document) {
				told = max(1, min(events[id], 1+len(registered(s.operation).Also))) // of a document that has that part of its state, too
			}
		} else if changed { // of an operation on rows, all changes have an event, or none has
			if _, known := toldBy[s.operation]; !known {
				toldBy[s.operation] = min(events[id], 1)
			}
			told = toldBy[s.operation]
		}
		if !s.mayHave(done) {
			a.find("%s of %s: status %d, jobs %v, done %d times", s.operation, id, s.status, s.jobs, done)
		}
		if a.audits[id] != audits || events[id] != told {
			a.find("%s of %s: changed %t, %d audit rows, %d events", s.operation, id, changed, a.audits[id], events[id])
		}
		a.traces += audits
		tellable += told
	}
	touched := a.auditOthers(own)
	tellable += a.auditBorn()
	for id, n := range events {
		if touched[id] && !own[id] {
			tellable += n
		}
	}
	if all := sum(events); all != tellable {
		a.find("%d events of %d changes", all, tellable)
	}
}

// auditAdded: a document that was added has one audit row.
func (a *auditor) auditAdded(s *sending) {
	id, there := s.object.String(), 0
	if a.changed[s.object] {
		there = 1
	}
	if !s.mayHave(there) || a.audits[id] != there {
		a.find("%s of %s: status %d, jobs %v, %d documents, %d audit rows", s.operation, id, s.status, s.jobs, there, a.audits[id])
	}
	a.traces += there
}

// auditBorn: as many documents came under ids of the server as were acknowledged, each with
// one audit row and one event. It returns how many.
func (a *auditor) auditBorn() (told int) {
	for collection, ids := range a.born {
		sure, possible := 0, 0
		for _, s := range a.sent {
			if s.adds != collection || s.object != uuid.Nil {
				continue
			}
			if s.acknowledged() {
				sure++
			}
			if !s.refused() {
				possible++
			}
		}
		if len(ids) < sure || len(ids) > possible {
			a.find("%d documents came to %s, of %d that were acknowledged and %d that may be there", len(ids), collection, sure, possible)
		}
		for _, id := range ids {
			if a.audits[id.String()] != 1 {
				a.find("%s of %s: %d audit rows", collection, id, a.audits[id.String()])
			}
			a.made[id.String()] = true
		}
		a.traces += len(ids)
		told += len(ids)
	}
	return told
}

// auditOthers: a row that was made has one audit row, and one more when it has changed since, if rows of its table have any.
// It returns all rows and documents that were made or changed, but those that requests name.
func (a *auditor) auditOthers(own map[string]bool) (touched map[string]bool) {
	t := a.rig.t
	t.Helper()
	touched, a.made = maps.Clone(a.followed), map[string]bool{}
	for _, table := range a.tables(t) {
		var dated bool
		require.NoError(t, a.rig.pool.QueryRow(t.Context(), `SELECT count(*) = 2 FROM information_schema.columns
			WHERE format('%I.%I', table_schema, table_name) = $1 AND column_name IN ('inserted_at', 'updated_at')`, table).Scan(&dated))
		if !dated {
			continue
		}
		made := a.counts("SELECT id::text, 1 + (updated_at <> inserted_at)::int FROM "+table+" WHERE inserted_at >= $1", a.began)
		audited := false
		for id := range made {
			touched[id], a.made[id] = true, true
			audited = audited || a.audits[id] > 0
		}
		for id, rows := range made {
			if audited && a.audits[id] != rows {
				a.find("%s of %s, which was made: %d audit rows, and %d changes", id, table, a.audits[id], rows)
			}
		}
		for id := range a.counts("SELECT id::text, 1 FROM "+table+" WHERE inserted_at < $1 AND updated_at >= $1", a.began) {
			touched[id] = true
		}
	}
	for id, rows := range a.audits {
		if touched[id] && !own[id] {
			a.traces += rows
		}
	}
	return touched
}

// codesFor is how many codes were sent again for an object.
func (a *auditor) codesFor(s *sending) int {
	return a.resent[otp.CounterKey(otp.PerResource, s.object.String())]
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
	places, originals := map[string]bool{}, map[uuid.UUID]*herd{}
	for _, name := range collections {
		places[name] = true
	}
	for _, h := range a.herds {
		if h.document == "" {
			continue
		}
		places[h.document] = true
		for _, id := range h.taken() {
			originals[id] = h
		}
	}
	added := map[uuid.UUID]bool{}
	a.born, a.followed = map[string][]uuid.UUID{}, map[string]bool{}
	for _, s := range a.sent {
		if s.adds != "" {
			places[s.adds], added[s.object] = true, true
		}
		if s.adds != "" && s.object == uuid.Nil {
			a.born[s.adds] = nil
		}
	}
	require.NoError(t, a.rig.withDocuments(t.Context(), func(store *mongo.Database) error {
		for name := range places {
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
				id, err := uuid.FromBytes(raw.Data)
				switch {
				case err != nil:
				case originals[id] != nil:
					a.lookAtDocument(id, d, originals[id])
				case added[id]:
					a.changed[id] = true
				case a.isSince(d, "inserted_at"):
					if _, may := a.born[name]; may {
						a.born[name] = append(a.born[name], id)
					}
				case a.isSince(d, "updated_at"):
					a.followed[id.String()] = true
				}
			}
			if err := cursor.Err(); err != nil {
				return err
			}
		}
		return nil
	}))
}

// isSince tells whether a moment of a document is none before the load began.
func (a *auditor) isSince(d bson.M, moment string) bool {
	at, ok := d[moment].(bson.DateTime)
	return ok && !at.Time().Before(a.began.Truncate(time.Millisecond))
}

// keptMark names a job whose mark a server could not take off the document: the
// store did not answer in time.
var keptMark = regexp.MustCompile(`msg="mark of an ended job stays on its document" job_id=(\w+)`)

// lookAtDocument finds out whether a document has changed, and whether that has
// happened twice: then a list in it has grown by more than one. Only a crash may
// leave the mark of a job that has ended, or a server that says so.
func (a *auditor) lookAtDocument(id uuid.UUID, d bson.M, h *herd) {
	grown := map[string]int{}
	for key, value := range d {
		list, ok := value.(bson.A)
		if !ok {
			continue
		}
		grown[key] = len(list)
		for _, mark := range list {
			if fields, ok := mark.(bson.D); ok && key == "applied_jobs" && slices.ContainsFunc(fields, func(e bson.E) bool {
				job, ok := e.Value.(string)
				return ok && e.Key == "job" && a.kept[job]
			}) {
				grown[key]--
			}
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
		if n > 1 || n != 0 && (!a.changed[id] || key == "applied_jobs" && !a.crashed) {
			a.find("%s %s: changed %t, and %s has grown by %d", h.document, id, a.changed[id], key, n)
		}
	}
}

// auditCreated: what was acknowledged under an id is there, and nothing is there
// that nobody has asked for, in halves or twice.
func (a *auditor) auditCreated() {
	t := a.rig.t
	t.Helper()
	given := map[string]string{} // operations by id
	for _, s := range a.sent {
		switch {
		case !s.acknowledged() || s.id == s.object.String():
		case s.id == "" && s.herd == nil && s.adds == "":
			a.find("%s was acknowledged without an id", s.operation)
		case given[s.id] != "":
			a.find("%s: id %s was given twice", s.operation, s.id)
		case s.id != "":
			given[s.id] = s.operation
		}
	}
	ids := slices.Collect(maps.Keys(given))
	for _, table := range a.tables(t) {
		for id := range a.counts("SELECT id::text, 1 FROM "+table+" WHERE id = ANY($1::text[]::uuid[])", ids) {
			delete(given, id)
		}
	}
	for id, operation := range given {
		a.find("lost: %s %s", operation, id)
	}

	a.none("division without its addresses", `
		SELECT d.id::text FROM prm.divisions d WHERE inserted_at >= $1
			AND NOT EXISTS (SELECT 1 FROM prm.division_addresses WHERE division_id = d.id)`, a.began)
	divisions := a.counts("SELECT name, count(*) FROM prm.divisions WHERE inserted_at >= $1 GROUP BY name", a.began)
	for _, s := range a.sent {
		if s.division == "" {
			continue
		}
		if n := divisions[s.division]; !s.mayHave(n) {
			a.find("%s: status %d, %d divisions", s.operation, s.status, n)
		}
		delete(divisions, s.division)
	}
	if len(divisions) > 0 {
		a.find("divisions that nobody has asked for: %v", divisions)
	}
	if rows := sum(a.audits); rows != a.traces {
		a.find("%d audit rows of %d changes", rows, a.traces)
	}
}

func sum(counts map[string]int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

// made tells whether a request makes something for an object that stays as it is.
func (s *sending) made() bool { return makes(s.operation) }

func makes(operation string) bool { return strings.HasPrefix(operation, "create") }

// mayHave tells whether an effect may be there so many times: once when it was
// acknowledged or has made a job, never when it was refused.
func (s *sending) mayHave(n int) bool {
	return n == 1 && !s.refused() || n == 0 && !s.acknowledged() && len(s.jobs) == 0
}

// auditCodes: a code that was acknowledged as entered is, by one attempt, and
// its phone is verified; every code that was asked for is there once, and no other.
func (a *auditor) auditCodes() {
	entered := a.counts(`
		SELECT v.id::text, v.attempts_count
			+ CASE WHEN (v.status = 'verified') = (v.attempts_count = 1) AND (v.status = 'verified') = EXISTS (
				SELECT 1 FROM otp.verified_phones p WHERE p.phone_number = v.phone_number) THEN 0 ELSE 100 END
		FROM otp.verifications v WHERE v.id = ANY($1)`, a.codes.taken())
	perPhone := a.counts("SELECT phone_number, count(*) FROM otp.verifications WHERE inserted_at >= $1 GROUP BY phone_number", a.began)
	asked := 0
	for _, s := range a.sent {
		if attempts := entered[s.object.String()]; s.herd == &a.codes && !s.mayHave(attempts) {
			a.find("%s: status %d, %d attempts were counted (more than 99: by halves)", s.path, s.status, attempts)
		}
		if codes := perPhone[s.phone]; s.phone != "" && !s.mayHave(codes) {
			a.find("%s: status %d, %d codes for its phone", s.operation, s.status, codes)
		}
		if s.phone != "" {
			asked += perPhone[s.phone]
		}
		asked += a.codesFor(s)
	}
	for resource, codes := range a.counts("SELECT resource_id::text, count(*) FROM otp.verifications WHERE inserted_at >= $1 AND resource_id IS NOT NULL GROUP BY 1", a.began) {
		if !a.made[resource] {
			continue // it was sent again, as codesFor counts
		}
		if asked += codes; codes > 1 {
			a.find("%d codes for %s, which was made", codes, resource)
		}
	}
	if codes := sum(perPhone); codes != asked {
		a.find("%d codes, and %d that were asked for", codes, asked)
	}
}

// auditTokens: every code for a token that was used up has given a refresh token,
// and that an access token.
func (a *auditor) auditTokens() {
	used := 0
	for _, h := range a.herds {
		for _, id := range h.taken() {
			if h.exchange && a.changed[id] {
				used++
			}
		}
	}
	refresh := a.counts(`
		SELECT r.id::text, count(a.id) FROM mithril.tokens r LEFT JOIN mithril.tokens a ON a.details ->> 'refresh_token_id' = r.id::text
		WHERE r.name = 'refresh_token' AND r.inserted_at >= $1 GROUP BY r.id`, a.began)
	if len(refresh) != used || sum(refresh) != used {
		a.find("%d codes were exchanged for %d refresh tokens and %d access tokens", used, len(refresh), sum(refresh))
	}
}

// informing are the operations after which the patient gets an SMS without a code.
var informing = []string{"cancelApproval", "recallServiceRequest", "cancelServiceRequest", "completeDeviceRequest", "revokeDeviceRequest", "markInErrorDeviceRequest"}

// auditInformed: no message without a code but after a change that sends one. Who has no phone is not told.
func (a *auditor) auditInformed() {
	informed := 0
	for _, s := range a.sent {
		if a.changed[s.object] && slices.Contains(informing, s.operation) {
			informed++
		}
	}
	if told := sum(a.counts("SELECT id::text, 1 FROM otp.sms_logs WHERE inserted_at >= $1 AND verification_id IS NULL", a.began)); told > informed {
		a.find("%d SMS without a code, but only %d changes that send one", told, informed)
	}
}

// auditMessages: each code has its message, each message has been sent unless its
// code is dead, and those that may have been sent twice are marked.
func (a *auditor) auditMessages() (marked int) {
	t := a.rig.t
	t.Helper()
	a.none("code without its one message", `
		SELECT v.id::text FROM otp.verifications v LEFT JOIN otp.sms_logs s ON s.verification_id = v.id
		WHERE v.inserted_at >= $1 GROUP BY v.id HAVING count(s.id) <> 1`, a.began)
	a.none("message not sent, or without its code", `
		SELECT s.id::text || coalesce(' ' || s.gateway_status, '') || ' ' || s.tries FROM otp.sms_logs s
		WHERE s.inserted_at >= $1 AND (CASE s.gateway_status
				WHEN 'Delivered' THEN s.tries < 1
				WHEN 'Terminated' THEN s.tries > 0 OR EXISTS (SELECT 1 FROM otp.verifications v WHERE v.id = s.verification_id AND v.active)
				WHEN 'Unknown' THEN s.tries < 2 AND EXISTS (SELECT 1 FROM otp.verifications v WHERE v.id = s.verification_id AND v.active)
				ELSE true END
			OR s.verification_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM otp.verifications v WHERE v.id = s.verification_id))`, a.began)
	require.NoError(t, a.rig.pool.QueryRow(t.Context(), "SELECT count(*) FROM otp.sms_logs WHERE inserted_at >= $1 AND tries > 1", a.began).Scan(&marked))
	if marked > 0 && !a.crashed {
		a.find("%d messages are marked as sent twice, and nothing has crashed", marked)
	}
	return marked
}
