package main

import (
	"go/token"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/openapi"
)

// document is read once: it takes seconds.
var document = sync.OnceValues(func() ([]*resource, error) { return read(openapi.Document) })

func TestEveryOperationHasANameOfItsOwn(t *testing.T) {
	t.Parallel()
	resources, err := document()
	require.NoError(t, err)
	operations, taken := 0, map[string]string{}
	for _, r := range resources {
		for _, op := range r.operations {
			operations++
			require.Equal(t, strings.ToLower(op.name.inGo()), strings.ToLower(op.name.inTypeScript()))
			for _, called := range []name{op.name, op.all} {
				if called == nil {
					continue
				}
				require.True(t, token.IsIdentifier(called.inGo()), "%s: %s", op.id, called.inGo())
				require.True(t, token.IsExported(called.inGo()), "%s: %s", op.id, called.inGo())
				require.Regexp(t, `^[a-z][A-Za-z0-9]*$`, called.inTypeScript(), op.id)
				whole := strings.ToLower(r.name.inGo() + "." + called.inGo())
				require.Empty(t, taken[whole], "%s is %s as well", whole, op.id)
				taken[whole] = op.id
			}
		}
	}
	require.Equal(t, strings.Count(string(openapi.Document), "\n      operationId: "), operations)
}

func TestNames(t *testing.T) {
	t.Parallel()
	type spelled struct{ inGo, inTypeScript, all string }
	resources, err := document()
	require.NoError(t, err)
	got := map[string]spelled{}
	for _, r := range resources {
		for _, op := range r.operations {
			got[op.id] = spelled{r.name.inGo() + "." + op.name.inGo(), r.name.inTypeScript() + "." + op.name.inTypeScript(), op.all.inGo()}
		}
	}
	for id, want := range map[string]spelled{
		"createDivision":                   {"Divisions.Create", "divisions.create", ""},
		"listDivisions":                    {"Divisions.List", "divisions.list", "All"},
		"getLegalEntityV1":                 {"LegalEntities.GetV1", "legalEntities.getV1", ""},
		"searchDeviceRequests":             {"DeviceRequests.Search", "deviceRequests.search", "SearchAll"},
		"markInErrorDeviceRequest":         {"DeviceRequests.MarkInError", "deviceRequests.markInError", ""},
		"resendApprovalSms":                {"Approvals.ResendSMS", "approvals.resendSms", ""},
		"resendDeclarationRequestOtp":      {"DeclarationRequests.ResendOTP", "declarationRequests.resendOtp", ""},
		"listApprovedEpisodes":             {"Episodes.ListApproved", "episodes.listApproved", "AllApproved"},
		"listEpisodesOfDiagnosesGroups":    {"Episodes.ListOfDiagnosesGroups", "episodes.listOfDiagnosesGroups", "AllOfDiagnosesGroups"},
		"getEpisodeServiceRequest":         {"ServiceRequests.GetOfEpisode", "serviceRequests.getOfEpisode", ""},
		"getAllergyIntoleranceContext":     {"AllergyIntolerances.GetContext", "allergyIntolerances.getContext", ""},
		"getPersonalDataV2":                {"Persons.GetPersonalDataV2", "persons.getPersonalDataV2", ""},
		"listConfidantPersonRelationships": {"Persons.ListConfidantPersonRelationships", "persons.listConfidantPersonRelationships", "AllConfidantPersonRelationships"},
		"listServices":                     {"MedicalPrograms.ListServices", "medicalPrograms.listServices", "AllServices"},
		"listDiagnosesGroups":              {"DiagnosesGroups.List", "diagnosesGroups.list", "All"},
		"login":                            {"OAuth.Login", "oauth.login", ""},
		"listDictionaries":                 {"Dictionaries.List", "dictionaries.list", ""}, // it has no pages
	} {
		require.Equal(t, want, got[id], id)
	}
}

func TestNamesThatAreTakenAreRefused(t *testing.T) {
	t.Parallel()
	_, err := read([]byte(`
tags: [{name: Divisions}]
paths:
  /api/divisions: {get: {operationId: getDivision, tags: [Divisions]}}
  /api/v2/divisions: {get: {operationId: getDivisions, tags: [Divisions]}}
`))
	require.EqualError(t, err, "getDivision and getDivisions would both be Divisions.Get: give one another operationId")
}

func TestAnOperationNeedsATagThatIsDescribed(t *testing.T) {
	t.Parallel()
	_, err := read([]byte("paths: {/api/divisions: {get: {operationId: listDivisions, tags: [Divisions]}}}"))
	require.EqualError(t, err, "get /api/divisions: want one tag that the document describes")
}
