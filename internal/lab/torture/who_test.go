package torture

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/conformance"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/subject"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// guarded is what the contract says of who may call an operation.
type guarded struct {
	id, method, path string
	scopes           []string
	query            []string // declared parameters
	public           bool     // no token
}

// guardedOperations are all operations of the contract.
func guardedOperations(t *testing.T) []guarded {
	t.Helper()
	contract, err := conformance.Contract()
	require.NoError(t, err)
	var all []guarded
	for path, item := range contract.Paths.Map() {
		for method, spec := range item.Operations() {
			op := guarded{id: spec.OperationID, method: method, path: path, public: len(*spec.Security) == 0}
			if !op.public {
				op.scopes = (*spec.Security)[0]["oauth2"]
			}
			for _, parameter := range slices.Concat(item.Parameters, spec.Parameters) {
				if parameter.Value.In == "query" {
					op.query = append(op.query, parameter.Value.Name)
				}
			}
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b guarded) int { return cmp.Compare(a.id, b.id) })
	return all
}

// allScopes are those of all operations.
func allScopes(operations []guarded) []string {
	var all []string
	for _, op := range operations {
		all = append(all, op.scopes...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// documented is the answer that a cell of the matrix must get: a refusal by a
// rule or, without one, what the request gets from who may make it.
type documented struct {
	rule rules.ID
	world.Expect
}

func refusedBy(id rules.ID, args ...any) documented {
	return documented{id, world.Expecting(fault.Refuse(id, args...))}
}

// gateway is the answer to who breaks a check of the gateway: in the gateway's
// words or, where the operation has its own, in those. Who is not checked passes.
func (op guarded) gateway(passes documented, id rules.ID, args ...any) documented {
	for _, rule := range rules.OfOperation(op.id) {
		if slices.Contains(rule.Replaces, id) && !rule.Off {
			return refusedBy(rule.ID, args...)
		}
	}
	if slices.Contains(rules.Guards(op.id), id) {
		return refusedBy(id, args...)
	}
	return passes
}

// own is the answer to who breaks the first rule of the operation that asks
// something of the legal entity of the token.
func (op guarded) own(cfg *config.Config, passes documented, asks func(rules.Rule) bool) documented {
	for _, rule := range rules.OfOperation(op.id) {
		if cfg.InForce(rule.ID) && !rule.Job && asks(rule) {
			return refusedBy(rule.ID)
		}
	}
	return passes
}

func endsWith(rule rules.Rule, ends ...string) bool {
	return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(string(rule.ID), end) })
}

// asksForOwner: the object is of the legal entity of the token, or its patient
// has opened it to that.
func asksForOwner(rule rules.Rule) bool {
	if rule.ID == rules.DeviceRequestCreateRequester || rule.ID == rules.DeviceRequestPrequalifyRequester {
		return false // who the user is: the next rules ask where
	}
	return endsWith(rule, ".owner", ".owner_conflict", ".access", ".requester", ".requester_legal_entity", ".use.employee", ".use.used_by_legal_entity", "person_request.create.employee_type",
		"person_request.create_v1.employee_type", "person_request.create_v3.employee_type", ".create.employee_legal_entity", ".sign.employee", ".create.managing_organization", "device_dispense.create.performer_legal_entity", "device_request.qualify.division_legal_entity",
		"approval.create.granted_to_organization", "device_request.revoke.author", "device_request.mark_in_error.author") || rule.Check == "The request belongs to the legal entity of the token"
}

// asksForStatus: the legal entity of the token is in a status in which it may do this.
func asksForStatus(rule rules.Rule) bool {
	return endsWith(rule, ".legal_entity_active", ".legal_entity_status", ".owner_status")
}

// takesSuspended: the status may be SUSPENDED, too.
func takesSuspended(rule rules.Rule) bool {
	return strings.Contains(rule.Check, subject.Suspended)
}

// A rule about the legal entity of the token that this file does not know would
// be one that the matrix expects nothing of.
func TestRulesOfLegalEntitiesAreKnown(t *testing.T) {
	t.Parallel()
	for _, rule := range rules.All {
		name := string(rule.ID[strings.LastIndex(string(rule.ID), ".")+1:]) // without the operation, which may read legal entities
		if rule.Job || !strings.Contains(rule.Check, "legal entity of the token") && !strings.Contains(name, "legal_entity") {
			continue // the caller is judged before the job
		}
		known := asksForOwner(rule) || asksForStatus(rule) || endsWith(rule, ".division_legal_entity", ".location_legal_entity") || // of what the body names
			// It exists, is of a type, is asked for, has had its SMS: the matrix breaks none of these.
			endsWith(rule, ".legal_entity", ".legal_entity_type", ".legal_entity_verified", ".author", ".record_legal_entity", ".legal_entity_id", ".legal_entity_limit", ".parent_legal_entity")
		require.True(t, known, "%s: %s", rule.ID, rule.Check)
	}
}

// stage is a server whose world is made new once a request has changed it.
type stage struct {
	*testkit.Server
	used bool
	undo []string // what a test has done to the world, undone
}

// fresh makes the world as it was.
func (s *stage) fresh(t *testing.T) {
	t.Helper()
	if s.used {
		require.NoError(t, s.World.Seed(t.Context(), s.Pool, s.Mongo))
	} else {
		for _, query := range s.undo {
			s.exec(t, query)
		}
	}
	s.used, s.undo = false, nil
}

// set changes a column of a row until the world is fresh again.
func (s *stage) set(t *testing.T, table, column string, id uuid.UUID, value, former string) {
	t.Helper()
	update := "UPDATE " + table + " SET " + column + " = '%s' WHERE id = '" + id.String() + "'"
	s.exec(t, fmt.Sprintf(update, value))
	s.undo = append(s.undo, fmt.Sprintf(update, former))
}

func (s *stage) send(t *testing.T, r world.Request) *testkit.Response {
	t.Helper()
	answer := s.Send(t, r)
	if r.Method != http.MethodGet && answer.Status < http.StatusBadRequest {
		s.used = true
	}
	return answer
}

func (s *stage) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	_, err := s.Pool.Exec(t.Context(), query, args...)
	require.NoError(t, err)
}

// tokenRow is a token as it is stored.
type tokenRow struct {
	Name      string
	ExpiresAt int64
	User      uuid.UUID
	Details   map[string]any
}

// token reads the row of a token.
func (s *stage) token(t *testing.T, value string) tokenRow {
	t.Helper()
	var row tokenRow
	require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT name, expires_at, user_id, details FROM mithril.tokens WHERE value_hash = $1",
		seal.Token(value)).Scan(&row.Name, &row.ExpiresAt, &row.User, &row.Details))
	return row
}

// issue stores a token and returns its value.
func (s *stage) issue(t *testing.T, row tokenRow) string {
	t.Helper()
	value := "torture-" + uuid.NewString()
	s.exec(t, `INSERT INTO mithril.tokens (id, name, value_hash, expires_at, user_id, details, inserted_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`, uuid.New(), row.Name, seal.Token(value), row.ExpiresAt, row.User, row.Details, s.Clock.Now())
	return value
}

// copyRow adds a row that differs from another one in some columns.
func (s *stage) copyRow(t *testing.T, table string, id uuid.UUID, changes map[string]any) {
	t.Helper()
	s.exec(t, "INSERT INTO "+table+" SELECT made.* FROM "+table+" AS r, jsonb_populate_record(r, $2::jsonb) AS made WHERE r.id = $1", id, changes)
}

// twin adds a legal entity that is like another one and owns nothing, and its
// client. A client without a legal entity gets a twin without one.
func (s *stage) twin(t *testing.T, of uuid.UUID) uuid.UUID {
	t.Helper()
	id := uuid.New()
	s.copyRow(t, "prm.legal_entities", of, map[string]any{"id": id, "edrpou": fmt.Sprintf("%08d", id.ID()%100_000_000)})
	s.copyRow(t, "mithril.clients", of, map[string]any{"id": id})
	return id
}

// cell is what a column of the matrix needs to know of an operation.
type cell struct {
	op      guarded
	request world.Request // passes
	passes  documented    // and is answered so
	token   tokenRow      // of its caller or, where no token is wanted, of the clinic's owner
	client  uuid.UUID     // of that token
	direct  bool          // the client needs no API-key
	all     []string      // every scope there is
}

// caller is a column of the matrix: it makes somebody of the one who may, and
// tells what the contract has for them.
type caller struct {
	name  string
	comes func(t *testing.T, s *stage, c cell) (world.Request, documented)
}

func callers() []caller {
	return []caller{
		{"who may", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			return c.request.Bearing(s.issue(t, c.token)), c.passes
		}},
		{"no token", func(_ *testing.T, _ *stage, c cell) (world.Request, documented) {
			return c.request.Header("Authorization", ""), c.op.gateway(c.passes, rules.GatewayTokenMissing)
		}},
		{"a malformed token", func(_ *testing.T, _ *stage, c cell) (world.Request, documented) {
			return c.request.Header("Authorization", "Basic c2FuZGJveDpvd25lcg=="), c.op.gateway(c.passes, rules.GatewayTokenMissing)
		}},
		{"an unknown token", func(_ *testing.T, _ *stage, c cell) (world.Request, documented) {
			return c.request.Bearing("torture-" + uuid.NewString()), c.op.gateway(c.passes, rules.GatewayTokenUnknown)
		}},
		{"a refresh token", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			c.token.Name = auth.RefreshToken
			return c.request.Bearing(s.issue(t, c.token)), c.op.gateway(c.passes, rules.GatewayTokenKind)
		}},
		{"an expired token", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			c.token.ExpiresAt = s.Clock.Now().Unix()
			return c.request.Bearing(s.issue(t, c.token)), c.op.gateway(c.passes, rules.GatewayTokenExpired)
		}},
		{"a revoked token", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			value := s.issue(t, c.token)
			require.Equal(t, http.StatusOK, s.send(t, testkit.As(value, http.MethodPost, "/auth/logout", nil)).Status)
			return c.request.Bearing(value), c.op.gateway(c.passes, rules.GatewayTokenExpired)
		}},
		{"a blocked user", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			s.set(t, "mithril.users", "is_blocked", c.token.User, "true", "false")
			return c.request.Bearing(s.issue(t, c.token)), c.op.gateway(c.passes, rules.GatewayTokenUserBlocked)
		}},
		{"a blocked client", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			if c.op.public { // nobody asks for the token, but some ask for the clinic that it is of
				c.client = s.twin(t, c.client)
				c.token.Details = changedDetails(c.token, "client_id", c.client)
			}
			s.set(t, "mithril.clients", "is_blocked", c.client, "true", "false")
			return c.request.Bearing(s.issue(t, c.token)), c.op.gateway(c.passes, rules.GatewayTokenClientBlocked)
		}},
		{"every scope but those that are wanted", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			c.token.Details = changedDetails(c.token, "scope", strings.Join(auth.Missing(c.all, c.op.scopes), " "))
			r := c.request.Bearing(s.issue(t, c.token))
			if len(c.op.scopes) == 0 {
				return r, c.passes
			}
			return r, c.op.gateway(c.passes, rules.GatewayScope, "scopes", strings.Join(c.op.scopes, ", "))
		}},
		{"a broker without the scope", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			r := c.request.Bearing(s.issue(t, c.token)).Header("API-key", world.MISKeyNoScope)
			if c.direct || len(c.op.scopes) == 0 {
				return r, c.passes
			}
			return r, c.op.gateway(c.passes, rules.GatewayBrokerScope, "scopes", strings.Join(c.op.scopes, ", "))
		}},
		{"an unknown broker", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			r := c.request.Bearing(s.issue(t, c.token)).Header("API-key", uuid.NewString())
			if c.direct {
				return r, c.passes
			}
			return r, c.op.gateway(c.passes, rules.GatewayAPIKeyUnknown)
		}},
		{"a broker without rights", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			r := c.request.Bearing(s.issue(t, c.token)).Header("API-key", world.MISKeyUnbroken)
			if c.direct {
				return r, c.passes
			}
			return r, c.op.gateway(c.passes, rules.GatewayAPIKeyBroker)
		}},
		{"another legal entity", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			c.token.Details = changedDetails(c.token, "client_id", s.twin(t, c.client))
			return c.request.Bearing(s.issue(t, c.token)), c.op.own(s.Config.Get(), c.passes, asksForOwner)
		}},
		{"a suspended legal entity", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			s.set(t, "prm.legal_entities", "status", c.client, subject.Suspended, subject.Active)
			return c.request.Bearing(s.issue(t, c.token)),
				c.op.own(s.Config.Get(), c.passes, func(r rules.Rule) bool { return asksForStatus(r) && !takesSuspended(r) })
		}},
		{"a closed legal entity", func(t *testing.T, s *stage, c cell) (world.Request, documented) {
			s.set(t, "prm.legal_entities", "status", c.client, subject.Closed, subject.Active)
			return c.request.Bearing(s.issue(t, c.token)), c.op.own(s.Config.Get(), c.passes, asksForStatus)
		}},
	}
}

func changedDetails(row tokenRow, name string, value any) map[string]any {
	details := maps.Clone(row.Details)
	details[name] = value
	return details
}

// Every operation answers each kind of caller exactly as documented: status,
// message and rule.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T4", "every operation answers every kind of caller with exactly the documented code and message")
	s := &stage{Server: testkit.New(t, testkit.Idle())}
	operations, columns := guardedOperations(t), callers()
	all := allScopes(operations)
	tr.add("operations", len(operations))
	tr.add("kinds of callers", len(columns))
	for _, op := range operations {
		base, found := s.World.Passing(op.id)
		require.True(t, found, "%s passes in no case", op.id)
		bearer := strings.TrimPrefix(base.Request.Headers["Authorization"], "Bearer ")
		if op.public {
			require.Empty(t, bearer, op.id)
			bearer = world.TokenValue("owner")
		}
		known := slices.IndexFunc(s.World.Tokens, func(token world.Token) bool { return token.Value == bearer })
		require.GreaterOrEqual(t, known, 0, op.id)
		for _, column := range columns {
			s.fresh(t)
			c := cell{
				op: op, request: base.Request, passes: documented{Expect: world.Expect{Status: base.Expect.Status}},
				token: s.token(t, bearer), client: s.World.Tokens[known].LegalEntityID, direct: s.World.Tokens[known].Direct, all: all,
			}
			request, want := column.comes(t, s, c)
			requireDocumented(t, op.id+": "+column.name, want, s.send(t, request))
			tr.add("cells", 1)
		}
	}
}

func requireDocumented(t *testing.T, name string, want documented, got *testkit.Response) {
	t.Helper()
	require.Equal(t, want.Status, got.Status, "%s: %s", name, got.Raw)
	if want.rule == "" {
		require.Empty(t, got.Rules(), name)
		return
	}
	require.Equal(t, []string{string(want.rule)}, got.Rules(), name)
	require.Equal(t, want.Type, got.Body.Error.Type, name)
	require.Equal(t, want.Message, got.Body.Error.Message, name)
}
