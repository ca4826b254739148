// Package world is the world that the sandbox is seeded with: legal entities,
// users and their tokens, patients, an object for every rule that can refuse,
// and the cases that show each rule at work. A package per resource adds its own;
// docs/sandbox-world.md is made from the same values.
package world

import (
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/seal"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/addresses"
	"esoz/internal/sandbox/world/approvals"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/declarationrequests"
	"esoz/internal/sandbox/world/declarations"
	"esoz/internal/sandbox/world/devicedispenses"
	"esoz/internal/sandbox/world/devicerequests"
	"esoz/internal/sandbox/world/diagnosesgroups"
	"esoz/internal/sandbox/world/dictionaries"
	"esoz/internal/sandbox/world/divisions"
	"esoz/internal/sandbox/world/employees"
	"esoz/internal/sandbox/world/encounterpackages"
	"esoz/internal/sandbox/world/episodes"
	"esoz/internal/sandbox/world/events"
	"esoz/internal/sandbox/world/forbiddengroups"
	"esoz/internal/sandbox/world/gateway"
	"esoz/internal/sandbox/world/healthcareservices"
	"esoz/internal/sandbox/world/jobs"
	"esoz/internal/sandbox/world/legalentities"
	"esoz/internal/sandbox/world/medicalrecords"
	"esoz/internal/sandbox/world/oauth"
	"esoz/internal/sandbox/world/personrequests"
	"esoz/internal/sandbox/world/persons"
	"esoz/internal/sandbox/world/programs"
	"esoz/internal/sandbox/world/servicerequests"
	"esoz/internal/sandbox/world/verifications"
)

// New describes the world at a moment: what is expired or fresh is so against now.
func New(keys *seal.Keys, now time.Time) *World {
	w := build.New(keys, now)
	for _, add := range []func(*World){
		addresses.Add, accounts.Add, persons.Add, divisions.Add, programs.Add, declarationrequests.Add, verifications.Add, personrequests.Add,
		approvals.Add, diagnosesgroups.Add, forbiddengroups.Add, persons.Cases, declarations.Add, employees.Add, legalentities.Add, healthcareservices.Add,
		servicerequests.Add, devicedispenses.Add, devicerequests.Add, episodes.Add, medicalrecords.Add, encounterpackages.Add, jobs.Add, events.Add, dictionaries.Add, oauth.Add,
		gateway.Add,
	} {
		add(w)
	}
	return w
}

// What the packages below share with who uses a world.
type (
	World        = build.World
	Token        = build.Token
	Key          = build.Key
	Object       = build.Object
	Case         = build.Case
	Request      = build.Request
	Expect       = build.Expect
	InvalidEntry = build.InvalidEntry
)

// Values that tests and the sandbox name.
const (
	MISKey           = build.MISKey
	MISKeyNoScope    = build.MISKeyNoScope
	MISKeyUnbroken   = build.MISKeyUnbroken
	RedirectURI      = accounts.RedirectURI
	PatientPhone     = persons.PatientPhone
	ThirdPersonPhone = persons.ThirdPersonPhone
	ConfidantPhone   = persons.ConfidantPhone
	NewcomerPhone    = persons.NewcomerPhone
	StrangerPhone    = persons.StrangerPhone
	LoginEmail       = oauth.LoginEmail
	LoginPassword    = oauth.LoginPassword
	LiveCode         = verifications.LiveCode
	VerifiedPhone    = verifications.VerifiedPhone
	SilentPhone      = verifications.SilentPhone
)

// SystemUser is the author of everything that was there before the first request.
var SystemUser = build.SystemUser

// ID returns the id of the named object: the same in every sandbox.
func ID(name string) uuid.UUID { return build.ID(name) }

// DeclarationID is that of a person's declaration.
func DeclarationID(person string) uuid.UUID { return persons.DeclarationID(person) }

// TokenValue is the token of a name.
func TokenValue(name string) string { return build.TokenValue(name) }

// Secret of the connection of a client with the world's MIS.
func Secret(client string) string { return accounts.Secret(client) }

// Expecting is the answer that a refusal makes.
func Expecting(refusal *fault.Error) Expect { return build.Expecting(refusal) }

// RefusedBy is a case with the end that a refusal makes.
func RefusedBy(c Case, refusal *fault.Error) Case { return build.RefusedBy(c, refusal) }

// Seeded tells whether the databases hold a whole world.
