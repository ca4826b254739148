package torture

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/auth"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// shared are the operations that the documents let every legal entity do with
// what is another's, and why.
var shared = map[string]string{
	"searchServiceRequests":       "a legal entity that knows the number of a referral finds it and carries it out",
	"searchDeviceRequests":        "like searchServiceRequests",
	"releaseServiceRequest":       "any legal entity may give a reservation back, as long as service_request.release.owner is off",
	"completeDeviceRequest":       "any legal entity that may work with medical events ends a device request that it serves; the page compares nothing else",
	"getDeviceDispenseContext":    "a user who knows the patient and the dispense reads which episodes to ask access to",
	"listSpecimenServiceRequests": "a laboratory reads the referrals of its specimen, without the names of the patient",
	"qualifyServiceRequest":       "any legal entity may ask medical programs about a referral",
	"resendServiceRequestSms":     "a user who knows the patient and the referral may send its number to the patient again",
	"resendDeviceRequestSms":      "like resendServiceRequestSms",
	"resendApprovalSms":           "whoever knows patient and approval may have the code sent to the patient again",
	"verifyApproval":              "whoever knows patient, approval and the code of the SMS confirms it; the pages compare nothing else",
	"getJob":                      "anybody with the scope may see any job",
	"listEvents":                  "events are everybody's who has the scope, which NHS gives to medical information systems",
	"getEvent":                    "like listEvents",

	"listServices":        "a catalogue is the same for everybody",
	"listMedicalPrograms": "a catalogue is the same for everybody",
	"getMedicalProgram":   "a catalogue is the same for everybody",
	"listProgramServices": "a catalogue is the same for everybody",
	"getProgramService":   "a catalogue is the same for everybody",

	"searchPersons":                    "a patient is of no legal entity: a search by name and birth date finds the patients of all",
	"searchPersonsV2":                  "like searchPersons",
	"listAuthenticationMethods":        "like searchPersons; phones and numbers are masked",
	"listConfidantPersonRelationships": "like listAuthenticationMethods",
	"listShortEpisodes":                "whoever may read summaries sees what any patient is treated for, in short; the pages check nothing else",

	// Rule -1 of the wiki: allergies, vaccinations and risks are every doctor's business.
	"getImmunization":                "anybody with the scope may read them (decisions R41)",
	"listImmunizations":              "anybody with the scope may read them (decisions R41)",
	"getEpisodeImmunization":         "anybody with the scope may read them (decisions R41)",
	"listEpisodeImmunizations":       "anybody with the scope may read them (decisions R41)",
	"getAllergyIntolerance":          "anybody with the scope may read them (decisions R41)",
	"listAllergyIntolerances":        "anybody with the scope may read them (decisions R41)",
	"getEpisodeAllergyIntolerance":   "anybody with the scope may read them (decisions R41)",
	"listEpisodeAllergyIntolerances": "anybody with the scope may read them (decisions R41)",
	"getRiskAssessment":              "anybody with the scope may read them (decisions R41)",
	"listRiskAssessments":            "anybody with the scope may read them (decisions R41)",

	"submitEncounterPackage": "the request is accepted; the job checks signer and performer, and refuses another clinic's package",
	"cancelEncounterPackage": "the request is accepted; the job checks signer and caller, and refuses another clinic's package",

	// Who may not see a record learns which episode to ask an approval for.
	"getEncounterContext":          "a context tells the ids of episodes and reports alone",
	"getConditionContext":          "a context tells the ids of episodes and reports alone",
	"getObservationContext":        "a context tells the ids of episodes and reports alone",
	"getDiagnosticReportContext":   "a context tells the ids of episodes and reports alone",
	"getProcedureContext":          "a context tells the ids of episodes and reports alone",
	"getImmunizationContext":       "a context tells the ids of episodes and reports alone",
	"getAllergyIntoleranceContext": "a context tells the ids of episodes and reports alone",
	"getDeviceRequestContext":      "a context tells the ids of episodes and care plans alone",
	"getRiskAssessmentContext":     "a context tells the ids of episodes and reports alone",
}

// No legal entity sees or changes what is another's: not by its ids in a path,
// not by a filter, not in a list.
func TestNobodySeesOrChangesAnothersData(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T4", "no answer tells anything of another legal entity, and nothing of it is changed")
	s := &stage{Server: testkit.New(t, testkit.Idle())}
	operations := guardedOperations(t)
	cfg := s.Config.Get()
	for id, why := range shared {
		i := slices.IndexFunc(operations, func(op guarded) bool { return op.id == id })
		require.GreaterOrEqual(t, i, 0, id)
		none := documented{}
		require.Equal(t, none, operations[i].own(cfg, none, asksForOwner), "%s has a rule against it, so it cannot be that %s", id, why)
	}

	for _, name := range []string{"clinic", "pharmacy"} {
		s.used = true
		s.fresh(t)
		owner := world.ID(name)
		stranger := tokenRow{
			Name: auth.AccessToken, ExpiresAt: s.Clock.Now().AddDate(1, 0, 0).Unix(), User: uuid.New(),
			Details: map[string]any{
				"scope": strings.Join(allScopes(operations), " "), "client_id": s.twin(t, owner), "grant_type": auth.AuthorizationCode,
			},
		}
		s.copyRow(t, "mithril.users", world.ID("owner"), map[string]any{"id": stranger.User, "email": stranger.User.String() + "@example.com"})
		before := s.possessions(t, owner)
		require.NotEmpty(t, before.canaries)
		require.NotEmpty(t, before.ids)
		tr.add("canaries", len(before.canaries))
		for _, op := range operations {
			if op.public || shared[op.id] != "" {
				continue
			}
			token := s.issue(t, stranger) // one may log itself out
			for _, request := range s.attempts(op, before.ids, owner) {
				request = request.Bearing(token)
				answer := s.Send(t, request)
				// No job runs here, so that what one would change stays as it is.
				require.False(t, answer.Status == http.StatusAccepted && !asksForAnother(t, op, request), "%s: a stranger's %s %s has become a job", op.id, request.Method, request.Path)
				told := string(answer.Body.Data) + string(answer.Body.Urgent) + answer.Body.Error.Message + answer.Header.Get("Location")
				asked := request.Path + fmt.Sprint(request.Body)
				for _, canary := range before.canaries {
					if strings.Contains(told, canary) && !strings.Contains(asked, canary) {
						t.Errorf("%s: %s %s tells a stranger of %s: %s", op.id, request.Method, request.Path, name, canary)
					}
				}
				tr.add("requests of strangers", 1)
			}
			require.Equal(t, before.rows, s.possessions(t, owner).rows, "%s by a stranger has changed something of %s", op.id, name)
		}
	}
}

// asksForAnother tells that a patient is asked to open their data to a legal entity.
// Anybody may ask: the patient decides, and who has asked sees nothing.
func asksForAnother(t *testing.T, op guarded, r world.Request) bool {
	t.Helper()
	if op.id == "completeServiceRequest" {
		return true // the page asks who has reserved a referral only where there is a program
	}
	if op.id != "createApproval" {
		return false
	}
	raw, err := json.Marshal(r.Body)
	require.NoError(t, err)
	var body struct {
		GrantedTo struct {
			Identifier struct {
				Type struct{ Coding []struct{ Code string } }
			}
		} `json:"granted_to"`
	}
	require.NoError(t, json.Unmarshal(raw, &body))
	coding := body.GrantedTo.Identifier.Type.Coding
	return len(coding) > 0 && coding[0].Code == "legal_entity"
}

// attempts are requests of an operation for what is another's: those that pass
// for the owner, and its ids in the path and as each of the filters.
func (s *stage) attempts(op guarded, ids []string, owner uuid.UUID) []world.Request {
	var all []world.Request
	for _, c := range s.World.Cases {
		if c.OperationID == op.id && len(c.Rules) == 0 && len(c.Config) == 0 {
			all = append(all, c.Request)
		}
	}
	base := all[0]
	path, _, _ := strings.Cut(base.Path, "?")
	some := sampleOf(ids, amount(4, len(ids)))
	if strings.Contains(op.path, "{") {
		tried := map[string]bool{}
		for _, patient := range []string{world.ID("patient").String(), world.ID("stranger_patient").String()} {
			for _, id := range some {
				request := base
				request.Path = filled(op.path, patient, id)
				if !tried[request.Path] {
					all = append(all, request)
				}
				tried[request.Path] = true
			}
		}
	}
	if op.method != http.MethodGet {
		return all
	}
	for _, parameter := range op.query {
		for _, id := range append(sampleOf(ids, amount(3, 24)), owner.String()) {
			request := base
			request.Path = path + "?" + url.Values{parameter: {id}}.Encode()
			all = append(all, request)
		}
	}
	return all
}

// filled puts ids into a path of the contract: a patient into its place, and
// the other id into every other one.
func filled(path, patient, id string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		switch {
		case part == "{patient_id}":
			parts[i] = patient
		case strings.HasPrefix(part, "{"):
			parts[i] = id
		}
	}
	return strings.Join(parts, "/")
}

// sampleOf takes n of all, evenly, the same in every run.
func sampleOf[T any](all []T, n int) []T {
	if n >= len(all) {
		return slices.Clone(all)
	}
	some := make([]T, n)
	for i := range some {
		some[i] = all[i*len(all)/n]
	}
	return some
}

// possessions are what a legal entity has.
type possessions struct {
	ids      []string // of its rows and documents
	canaries []string // ids and texts that nobody else has
	rows     []string // all of it, as text
}

// possessions collects the rows that name a legal entity as theirs or belong to
// such a row, and the documents that name it or one of its employees.
func (s *stage) possessions(t *testing.T, owner uuid.UUID) possessions {
	t.Helper()
	var p possessions
	own, others := map[string]bool{}, map[string]bool{}
	take := func(id, text string, value any, isOwn bool) {
		into := others
		if isOwn {
			p.ids, p.rows = append(p.ids, id), append(p.rows, text)
			into = own
		}
		collectTexts(value, into)
	}
	employees := map[string]bool{owner.String(): true}
	for _, table := range s.ownedTables(t) {
		rows, err := s.Pool.Query(t.Context(), `
			SELECT r.id::text, to_jsonb(r)::text, coalesce(`+table.owned+`, false) FROM `+table.name+` AS r`, owner)
		require.NoError(t, err)
		var id, text string
		var isOwn bool
		_, err = pgx.ForEachRow(rows, []any{&id, &text, &isOwn}, func() error {
			var value map[string]any
			if err := json.Unmarshal([]byte(text), &value); err != nil {
				return fmt.Errorf("a row of %s: %w", table.name, err)
			}
			take(id, table.name+" "+text, value, isOwn)
			if isOwn && table.name == "prm.employees" {
				employees[id] = true
			}
			return nil
		})
		require.NoError(t, err)
	}
	collections, err := s.Mongo.ListCollectionNames(t.Context(), bson.D{})
	require.NoError(t, err)
	for _, collection := range collections {
		cursor, err := s.Mongo.Collection(collection).Find(t.Context(), bson.D{})
		require.NoError(t, err)
		var documents []bson.M
		require.NoError(t, cursor.All(t.Context(), &documents))
		for _, document := range documents {
			id, texts := map[string]bool{}, map[string]bool{}
			collectTexts(document["_id"], id)
			require.Len(t, id, 1, "the _id of a document in %s is a %T", collection, document["_id"])
			collectTexts(document, texts)
			named := slices.ContainsFunc(slices.Collect(maps.Keys(texts)), func(text string) bool { return employees[text] })
			take(slices.Collect(maps.Keys(id))[0], collection+" "+inOrder(t, document), document, named)
		}
	}
	for text := range own {
		if !others[text] && (uuid.Validate(text) == nil || len(text) >= 12 && strings.Contains(text, " ")) {
			p.canaries = append(p.canaries, text)
		}
	}
	slices.Sort(p.ids)
	slices.Sort(p.canaries)
	slices.Sort(p.rows)
	return p
}

// inOrder is a document as text, the same whenever it holds the same: maps are
// printed in any order.
func inOrder(t *testing.T, document bson.M) string {
	t.Helper()
	told, err := bson.MarshalExtJSON(document, true, false)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal(told, &value))
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

// ownedTable is a table whose rows are of a legal entity or of its client.
type ownedTable struct {
	name  string
	owned string // is true for the rows r of the legal entity $1
}

// ownedTables are those that name the legal entity, or the client, that a row is
// of, and those that refer to a row of such a one.
func (s *stage) ownedTables(t *testing.T) []ownedTable {
	t.Helper()
	rows, err := s.Pool.Query(t.Context(), `
		WITH keyed AS (
			SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.columns WHERE column_name = 'id'
		), owners AS (
			SELECT format('%I.%I', table_schema, table_name) AS name, column_name::text AS key
			FROM information_schema.columns
			WHERE column_name IN ('legal_entity_id', 'data_legal_entity_id', 'client_id') AND data_type = 'uuid'
			UNION VALUES ('prm.legal_entities', 'id'), ('mithril.clients', 'id')
		), referring AS (
			SELECT DISTINCT f.conrelid::regclass::text AS name, a.attname::text AS key, o.name AS owner, o.key AS owner_key
			FROM pg_constraint f
			JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
			JOIN owners o ON o.name = f.confrelid::regclass::text
			WHERE f.contype = 'f' AND f.conrelid::regclass::text NOT IN (SELECT name FROM owners)
		)
		SELECT name, string_agg(owned, ' OR ') FROM (
			SELECT name, format('r.%I = $1::uuid', key) AS owned FROM owners
			UNION ALL
			SELECT name, format('EXISTS (SELECT FROM %s AS o WHERE o.id = r.%I AND o.%I = $1::uuid)', owner, key, owner_key) FROM referring
		) AS conditions JOIN keyed USING (name)
		GROUP BY name ORDER BY name`)
	require.NoError(t, err)
	var all []ownedTable
	var table ownedTable
	_, err = pgx.ForEachRow(rows, []any{&table.name, &table.owned}, func() error {
		all = append(all, table)
		return nil
	})
	require.NoError(t, err)
	for _, known := range []string{"prm.legal_entities", "prm.divisions", "prm.division_addresses", "mithril.clients", "il.declaration_requests"} {
		require.True(t, slices.ContainsFunc(all, func(table ownedTable) bool { return table.name == known }), known)
	}
	return all
}

// collectTexts gathers the texts and ids in a value of JSON or BSON.
func collectTexts(value any, into map[string]bool) {
	switch value := value.(type) {
	case string:
		into[value] = true
	case bson.Binary:
		if id, err := uuid.FromBytes(value.Data); err == nil {
			into[id.String()] = true
		}
	case map[string]any:
		for _, v := range value {
			collectTexts(v, into)
		}
	case []any:
		for _, v := range value {
			collectTexts(v, into)
		}
	case bson.M:
		for _, v := range value {
			collectTexts(v, into)
		}
	case bson.D:
		for _, e := range value {
			collectTexts(e.Value, into)
		}
	case bson.A:
		for _, v := range value {
			collectTexts(v, into)
		}
	}
}
