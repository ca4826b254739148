package torture

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"golang.org/x/sync/errgroup"

	"esoz/gen/rules"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/sms"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// atOnce is how many callers there are.
const atOnce = 64

// codeServers are servers of one PostgreSQL that codes are sent by. Requests go
// to them in turn.
type codeServers struct {
	urls  []string
	pool  *pgxpool.Pool
	store *mongo.Database
	keys  *seal.Keys
	turn  atomic.Int64
}

// oneCodeServer is a server in this process.
func oneCodeServer(s *testkit.Server) *codeServers {
	return &codeServers{urls: []string{s.URL}, pool: s.Pool, store: s.Mongo, keys: s.Keys}
}

// threeCodeServers are processes: what one of them holds a code by the others
// know only from PostgreSQL.
func threeCodeServers(t *testing.T, settings ...string) *codeServers {
	t.Helper()
	a := newArena(t, severalServers(t), 3, settings...)
	return &codeServers{urls: a.urls(), pool: a.pool, store: a.store, keys: a.keys}
}

// url is that of the server whose turn it is.
func (c *codeServers) url() string { return c.urls[int(c.turn.Add(1))%len(c.urls)] }

// guessing is what codes are guessed by.
type guessing struct {
	*codeServers
	t        *testing.T
	tr       *trial
	client   *http.Client
	attempts int
	age      func(t *testing.T) // lets the time of all codes pass
}

func newGuessing(t *testing.T, tr *trial, servers *codeServers) *guessing {
	t.Helper()
	return &guessing{codeServers: servers, t: t, tr: tr, attempts: 3, client: &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: atOnce},
	}}
}

// verdicts counts the answers to codes that were entered, by rule; "" is success.
type verdicts map[rules.ID]int

// evaluated is how many codes were compared with the one that was sent.
func (v verdicts) evaluated() int {
	return v[""] + v[rules.VerificationCompleteCode] + v[rules.VerificationCompleteExpired]
}

// However many codes are entered at once, MAX_ATTEMPTS of them are judged. A
// code is dead when they are spent, after success, after another was sent, and
// when its time is over.
func TestGuessedCodes(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T9", "of codes entered 64 at once no more are judged than MAX_ATTEMPTS; who guesses succeeds by chance alone; a used, replaced or old code is dead")
	s := testkit.New(t, testkit.Idle(), testkit.With("CODE_EXPIRATION_PERIOD_MINUTES", "5"))
	g := newGuessing(t, tr, oneCodeServer(s))
	require.Equal(t, g.attempts, s.Config.Get().MaxAttempts)
	g.age = func(*testing.T) { s.Clock.Advance(300 * time.Second) } // the clock stays ahead
	g.guess(amount(20, 1_000))
	g.die(amount(4, 50))
}

// The same where the attempts are made at three servers.
func TestGuessedCodesOnThreeServers(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T9", "the same codes entered at three servers at once")
	g := newGuessing(t, tr, threeCodeServers(t, "MAX_ATTEMPTS=3"))
	g.age = func(t *testing.T) {
		t.Helper()
		_, err := g.pool.Exec(t.Context(), "UPDATE otp.verifications SET code_expired_at = code_expired_at - interval '1 day'")
		require.NoError(t, err)
	}
	g.guess(amount(4, 100))
	g.die(amount(1, 20))
}

// guess has codes sent and enters everything that they can be. Some of them are
// guessed for long.
func (g *guessing) guess(codes int) {
	g.t.Helper()
	deep, shallow := amount(1, 4), amount(64, 100)
	chance, successes := 0.0, 0
	for i := range codes {
		phone, n := fmt.Sprintf("+38067%07d", i), shallow
		if i < deep {
			n = amount(1_000, 10_000)
		}
		right := g.start(phone)
		seen := g.enter(phone, amongOthers(right, n))
		chance += float64(g.attempts) / float64(n)
		successes += seen[""]
		g.requireSpent(phone, seen)
		require.Equal(g.t, verdicts{rules.VerificationCompleteActive: 1}, g.enter(phone, []int{right}), "the code is dead now")
		g.requireSpent(phone, seen)
		g.tr.add("codes", 1)
		g.tr.add("guesses judged", seen.evaluated())
		g.tr.add("successes by chance", seen[""])
	}
	require.LessOrEqual(g.t, float64(successes), chance+6*math.Sqrt(chance)+6, "%.1f were to be expected", chance)
}

// die lets codes of some phones die in each way.
func (g *guessing) die(phones int) {
	g.t.Helper()
	for i := range phones {
		g.dies(fmt.Sprintf("+38068%07d", i))
	}
	g.expire(phones)
}

// dies follows the codes of a phone: one that was replaced, and one that is used.
func (g *guessing) dies(phone string) {
	g.t.Helper()
	replaced := g.start(phone)
	right := g.start(phone)
	for right == replaced { // one of 729 is drawn again
		right = g.start(phone)
	}
	seen := g.enter(phone, slices.Repeat([]int{replaced}, atOnce))
	require.Equal(g.t, verdicts{rules.VerificationCompleteCode: g.attempts, rules.VerificationCompleteActive: atOnce - g.attempts}, seen, "a replaced code")
	g.requireSpent(phone, seen)

	right = g.start(phone)
	seen = g.enter(phone, slices.Repeat([]int{right}, atOnce))
	require.Equal(g.t, verdicts{"": 1, rules.VerificationCompleteActive: atOnce - 1}, seen, "a right code")
	g.requireSpent(phone, seen)
	require.Equal(g.t, verdicts{rules.VerificationCompleteActive: 1}, g.enter(phone, []int{right}), "a used code")
	g.tr.add("codes replaced", 1)
	g.tr.add("codes used", 1)
}

// expire lets the time of some codes pass and enters them.
func (g *guessing) expire(phones int) {
	g.t.Helper()
	right := map[string]int{}
	for i := range phones {
		phone := fmt.Sprintf("+38069%07d", i)
		right[phone] = g.start(phone)
	}
	g.age(g.t)
	for phone, code := range right {
		seen := g.enter(phone, slices.Repeat([]int{code}, atOnce))
		require.Equal(g.t, verdicts{rules.VerificationCompleteExpired: g.attempts, rules.VerificationCompleteActive: atOnce - g.attempts}, seen, "an old code")
		g.requireSpent(phone, seen)
		g.tr.add("codes past their time", 1)
	}
}

// start has a code sent to a phone and returns it.
func (g *guessing) start(phone string) int {
	g.t.Helper()
	r := testkit.Send(g.t, g.url(), testkit.As(world.TokenValue("doctor"), http.MethodPost, "/api/verifications", map[string]string{"phone_number": phone}))
	require.Equal(g.t, http.StatusOK, r.Status, "%s", r.Raw)
	received, err := sms.Inbox(g.t.Context(), g.pool, g.keys, phone, 1)
	require.NoError(g.t, err)
	require.Len(g.t, received, 1)
	_, text, found := strings.Cut(received[0].Text, ": ")
	require.True(g.t, found)
	code, err := strconv.Atoi(text)
	require.NoError(g.t, err)
	return code
}

// amongOthers hides a code among n, each of which is there once.
func amongOthers(right, n int) []int {
	codes := slices.DeleteFunc(rand.Perm(10_000), func(code int) bool { return code == right })
	codes = append(codes[:n-1], right)
	rand.Shuffle(n, func(i, j int) { codes[i], codes[j] = codes[j], codes[i] })
	return codes
}

// enter enters codes for a phone, many at once.
func (g *guessing) enter(phone string, codes []int) verdicts {
	g.t.Helper()
	answers := make([]rules.ID, len(codes))
	group, ctx := errgroup.WithContext(g.t.Context())
	group.SetLimit(atOnce)
	for i, code := range codes {
		group.Go(func() (err error) {
			answers[i], err = g.complete(ctx, phone, code)
			return err
		})
	}
	require.NoError(g.t, group.Wait())
	g.tr.add("guesses", len(codes))
	seen := verdicts{}
	for _, id := range answers {
		seen[id]++
	}
	return seen
}

// complete enters a code and returns the rule that refuses it, "" when none does.
// Only a documented answer is one.
func (g *guessing) complete(ctx context.Context, phone string, code int) (rules.ID, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPatch, g.url()+"/api/verifications/"+phone+"/actions/complete",
		strings.NewReader(fmt.Sprintf(`{"code": %d}`, code)))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+world.TokenValue("doctor"))
	req.Header.Set("Content-Type", "application/json")
	res, err := g.client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	var body struct {
		Error struct{ Type, Message string }
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return "", fmt.Errorf("status %d, %q: %w", res.StatusCode, raw, err)
	}
	if res.StatusCode == http.StatusOK {
		return "", nil
	}
	for _, id := range []rules.ID{rules.VerificationCompleteCode, rules.VerificationCompleteActive, rules.VerificationCompleteExpired} {
		if refusal := fault.Refuse(id); refusal.Status == res.StatusCode && refusal.Type == body.Error.Type && refusal.Message == body.Error.Message {
			return id, nil
		}
	}
	return "", fmt.Errorf("status %d: %s %q", res.StatusCode, body.Error.Type, body.Error.Message)
}

// requireSpent compares what was answered with what the database has counted
// of a phone's newest code, which is no good any more. seen are all answers
// about that code.
func (g *guessing) requireSpent(phone string, seen verdicts) {
	g.t.Helper()
	var status string
	var counted int
	require.NoError(g.t, g.pool.QueryRow(g.t.Context(), `
		SELECT status, attempts_count FROM otp.verifications WHERE phone_number = $1 ORDER BY inserted_at DESC LIMIT 1`, phone).
		Scan(&status, &counted))
	require.Equal(g.t, seen.evaluated(), counted, "%s: %v", phone, seen)
	require.LessOrEqual(g.t, counted, g.attempts)
	if seen[""] > 0 {
		require.Equal(g.t, 1, seen[""], phone)
		require.Equal(g.t, "verified", status, phone)
	} else {
		require.Equal(g.t, g.attempts, counted, phone)
		require.Equal(g.t, "unverified", status, phone)
	}
}

// Limits under which codes are asked for, and the sizes of legal entities: few
// patients cannot spend the limit of theirs, many must.
const (
	phoneLimit    = 5
	resourceLimit = 3
	entityLimit   = 80
	fewPatients   = 10
	manyPatients  = 30
	asksPerPhone  = 10
)

// askingSettings are those of the servers that are asked.
var askingSettings = map[string]string{
	"APPROVAL_RESEND_MODE": "sync",
	"OTP_PHONE_LIMIT":      strconv.Itoa(phoneLimit), "OTP_RESOURCE_LIMIT": strconv.Itoa(resourceLimit),
	"OTP_LEGAL_ENTITY_DAILY_LIMIT": strconv.Itoa(entityLimit),
	"ENGINE_TIMEOUT":               "50s", "REQUEST_TIMEOUT": "50s", // who waits for the others is late, not refused
}

// prefixes of the phones that codes are asked for.
var prefixes = []string{
	"39", "50", "63", "66", "67", "68", "73", "75", "77", "89", "91", "92", "93", "94", "95", "96", "97", "98", "99", "20",
}

// asker is a phone that codes are asked for, by one legal entity.
type asker struct {
	phone    string
	entity   uuid.UUID
	requests []world.Request
	codes    int        // that it gets if its legal entity has so many left
	refuses  []rules.ID // what refuses the others, beside the limit of the legal entity
}

// However codes are asked for, as many are sent as the limits allow.
func TestAskedForCodes(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T10", "of codes asked for 64 at once exactly as many are sent as the limits of phone, resource and legal entity allow; the others are refused in the documented words")
	options := []testkit.Option{testkit.Idle()}
	for name, value := range askingSettings {
		options = append(options, testkit.With(name, value))
	}
	oneCodeServer(testkit.New(t, options...)).askForCodes(t, tr, amount(3, 50))
}

// The same where three servers are asked.
func TestAskedForCodesOnThreeServers(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T10", "the same codes asked for at three servers at once")
	var settings []string
	for name, value := range askingSettings {
		settings = append(settings, name+"="+value)
	}
	threeCodeServers(t, settings...).askForCodes(t, tr, amount(2, 20))
}

// askForCodes asks for more codes than the limits of phones, resources and legal
// entities allow.
func (c *codeServers) askForCodes(t *testing.T, tr *trial, legalEntities int) {
	t.Helper()
	askers, entities := c.makeAskers(t, legalEntities)
	wanted := map[uuid.UUID]int{}
	for _, a := range askers {
		wanted[a.entity] += a.codes
	}
	tr.add("phones", len(askers))
	tr.add("legal entities", len(entities))
	tr.add("prefixes", len(prefixes))

	acknowledged := map[string]int{}
	for _, answered := range c.ask(t, askers) {
		a, r := answered.asker, answered.Response
		if r.Status == http.StatusOK || r.Status == http.StatusCreated {
			acknowledged[a.phone]++
			continue
		}
		require.Equal(t, []any{http.StatusTooManyRequests, "too_many_requests"}, []any{r.Status, r.Body.Error.Type})
		id := a.refusal(t, r)
		wait, err := strconv.Atoi(r.Header.Get("Retry-After"))
		require.NoError(t, err)
		require.Positive(t, wait)
		if strings.HasSuffix(string(id), ".legal_entity_limit") {
			require.Greater(t, wanted[a.entity], entityLimit, "%s: this legal entity has codes left", id)
		}
		tr.add("refused", 1)
	}

	sent := c.numbers(t, "SELECT phone_number, count(*) FROM otp.verifications GROUP BY 1")
	messages := c.numbers(t, "SELECT phone_number, count(*) FROM otp.sms_logs GROUP BY 1")
	counted := c.numbers(t, "SELECT key, codes FROM otp.code_counts")
	got := map[uuid.UUID]int{}
	for _, a := range askers {
		n := sent[a.phone]
		require.Equal(t, n, messages[a.phone], a.phone)
		require.Equal(t, n, acknowledged[a.phone], a.phone)
		require.Equal(t, n, counted[otp.CounterKey(otp.PerPhone, a.phone)], a.phone)
		if wanted[a.entity] <= entityLimit {
			require.Equal(t, a.codes, n, a.phone)
		}
		require.LessOrEqual(t, n, a.codes, a.phone)
		got[a.entity] += n
		tr.add("asked for", len(a.requests))
		tr.add("sent", n)
	}
	for _, id := range entities {
		require.Equal(t, min(wanted[id], entityLimit), got[id])
		require.Equal(t, got[id], counted[otp.CounterKey(otp.PerLegalEntity, id.String())])
	}
	for key, n := range counted {
		if strings.HasPrefix(key, string(otp.PerResource)+" ") {
			require.LessOrEqual(t, n, resourceLimit, key)
		}
	}
}

// refusal is the rule that refuses an asker: one of those that may.
func (a *asker) refusal(t *testing.T, r *testkit.Response) rules.ID {
	t.Helper()
	for _, id := range append(slices.Clone(a.refuses), rules.ApprovalResendLegalEntityLimit,
		rules.DeclarationRequestResendOTPLegalEntityLimit, rules.VerificationInitializeLegalEntityLimit) {
		named := r.Rules() == nil || slices.Equal(r.Rules(), []string{string(id)}) // a server by itself does not name its rules
		if named && r.Body.Error.Message == fault.Refuse(id).Message {
			return id
		}
	}
	t.Fatalf("%s refuses %s: %s", r.Rules(), a.phone, r.Raw)
	return ""
}

// answered is what an asker got.
type answered struct {
	*asker
	*testkit.Response
}

// ask sends the requests of all askers in any order, many at once.
func (c *codeServers) ask(t *testing.T, askers []*asker) []answered {
	t.Helper()
	type sending struct {
		by      *asker
		request world.Request
	}
	var all []sending
	for _, a := range askers {
		for _, request := range a.requests {
			all = append(all, sending{a, request})
		}
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	answers := make([]answered, len(all))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, one := range all {
		group.Go(func() error {
			answers[i] = answered{one.by, testkit.Send(t, c.url(), one.request)}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	return answers
}

// makeAskers makes legal entities, and phones with a declaration request or an
// approval of their own. By turns a phone has but its declaration request to ask
// by, that and Initialize OTP Verification, or but its approval.
func (c *codeServers) makeAskers(t *testing.T, count int) (askers []*asker, entities []uuid.UUID) {
	t.Helper()
	var requests, owners []uuid.UUID // declaration requests
	var phones []string
	var documents []any
	for i := range count {
		entity, token := uuid.New(), fmt.Sprint("torture-", i)
		entities = append(entities, entity)
		c.addLegalEntity(t, entity, token)
		patients := fewPatients
		if i%2 == 1 {
			patients = manyPatients
		}
		for k := range patients {
			a := &asker{phone: fmt.Sprintf("+380%s%07d", prefixes[len(askers)%len(prefixes)], len(askers)), entity: entity, codes: resourceLimit}
			askers = append(askers, a)
			resource := uuid.New()
			byRequest := testkit.As(token, http.MethodPost, "/api/v3/declaration_requests/"+resource.String()+"/actions/resend_otp", nil)
			if k%3 == 2 {
				documents = append(documents, c.approvalFor(resource, a.phone))
				byApproval := testkit.As(token, http.MethodPatch, "/api/patients/"+world.ID("patient").String()+"/approvals/"+resource.String()+"/actions/resend", nil)
				a.requests = slices.Repeat([]world.Request{byApproval}, asksPerPhone)
				a.refuses = []rules.ID{rules.ApprovalResendResourceLimit}
				continue
			}
			requests, owners, phones = append(requests, resource), append(owners, entity), append(phones, a.phone)
			a.requests = slices.Repeat([]world.Request{byRequest}, asksPerPhone)
			a.refuses = []rules.ID{rules.DeclarationRequestResendOTPResourceLimit}
			if k%3 == 1 {
				alone := testkit.As(token, http.MethodPost, "/api/verifications", map[string]string{"phone_number": a.phone})
				a.requests = append(slices.Repeat([]world.Request{byRequest}, asksPerPhone/2), slices.Repeat([]world.Request{alone}, asksPerPhone/2)...)
				a.refuses = append(a.refuses, rules.DeclarationRequestResendOTPPhoneLimit, rules.VerificationInitializePhoneLimit)
				a.codes = phoneLimit
			}
		}
	}
	c.addDeclarationRequests(t, requests, owners, phones)
	_, err := c.store.Collection(approvals.Collection).InsertMany(t.Context(), documents)
	require.NoError(t, err)
	return askers, entities
}

// addLegalEntity adds a client like the clinic's, where the world's doctor has a token.
func (c *codeServers) addLegalEntity(t *testing.T, id uuid.UUID, token string) {
	t.Helper()
	_, err := c.pool.Exec(t.Context(), `
		INSERT INTO mithril.clients (id, name, user_id, client_type_id, settings, priv_settings, inserted_at, updated_at)
		SELECT $2, name, user_id, client_type_id, settings, priv_settings, inserted_at, updated_at
		FROM mithril.clients WHERE id = $1`, world.ID("clinic"), id)
	require.NoError(t, err)
	added, err := c.pool.Exec(t.Context(), `
		INSERT INTO mithril.tokens (id, name, value_hash, expires_at, user_id, details, inserted_at, updated_at)
		SELECT $2, name, $3, expires_at, user_id, details || jsonb_build_object('client_id', $4::text), inserted_at, updated_at
		FROM mithril.tokens WHERE value_hash = $1`, seal.Token(world.TokenValue("doctor")), uuid.New(), seal.Token(token), id.String())
	require.NoError(t, err)
	require.EqualValues(t, 1, added.RowsAffected())
}

// addDeclarationRequests copies the world's declaration request that waits for a
// code, each to a legal entity and a phone.
func (c *codeServers) addDeclarationRequests(t *testing.T, ids, entities []uuid.UUID, phones []string) {
	t.Helper()
	added, err := c.pool.Exec(t.Context(), `
		INSERT INTO il.declaration_requests (
			id, declaration_id, declaration_number, authentication_method_current,
			data, status, mpi_id, channel, is_shareable, system_declaration_limit, current_declaration_count,
			data_legal_entity_id, data_employee_id, data_start_date_year, inserted_by, inserted_at, updated_by, updated_at
		)
		SELECT new.id, new.id, 'T' || new.phone, jsonb_build_object('type', 'OTP', 'number', new.phone),
			data, status, mpi_id, channel, is_shareable, system_declaration_limit, current_declaration_count,
			new.entity, data_employee_id, data_start_date_year, inserted_by, inserted_at, updated_by, updated_at
		FROM il.declaration_requests AS old, unnest($2::uuid[], $3::uuid[], $4::text[]) AS new (id, entity, phone)
		WHERE old.id = $1`, world.ID("new declaration request"), ids, entities, phones)
	require.NoError(t, err)
	require.EqualValues(t, len(ids), added.RowsAffected())
}

// approvalFor is an approval of the world's patient that waits for a code.
func (c *codeServers) approvalFor(id uuid.UUID, phone string) approvals.Document {
	now, patient := clock.New().Now().Truncate(time.Millisecond), c.keys.PatientID(world.ID("patient"))
	by := approvals.To("employee", world.ID("employee doctor"))
	return approvals.Document{
		ID: id, PatientID: patient, GrantedResources: []approvals.Reference{approvals.To("episode_of_care", uuid.New())},
		GrantedTo: by, GrantedBy: approvals.ToPatient("mpi-hash", patient), CreatedBy: by, ExpiresAt: now.Add(12 * time.Hour),
		Status: approvals.StateNew, AccessLevel: "read", Urgent: &approvals.Urgent{Type: medicalevents.MethodOTP, PhoneNumber: phone},
		InsertedAt: now, InsertedBy: world.ID("doctor"), UpdatedAt: now, UpdatedBy: world.ID("doctor"),
	}
}

// numbers reads rows of a name and a number.
func (c *codeServers) numbers(t *testing.T, query string) map[string]int {
	t.Helper()
	rows, err := c.pool.Query(t.Context(), query)
	require.NoError(t, err)
	defer rows.Close()
	found := map[string]int{}
	for rows.Next() {
		var name string
		var n int
		require.NoError(t, rows.Scan(&name, &n))
		found[name] = n
	}
	require.NoError(t, rows.Err())
	return found
}
