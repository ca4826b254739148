package personrequests

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/validation"
)

// SignPersonRequest serves PATCH /api/v2/person_requests/{id}/actions/sign.
func (a *API) SignPersonRequest(ctx context.Context, req api.SignPersonRequestRequestObject) (api.SignPersonRequestResponseObject, error) {
	s := a.acting(ctx, req.ID, v2)
	s.Sent = req.Body.SignedContent
	if err := signs[v2].Run(ctx, s); err != nil {
		return nil, err
	}
	return api.SignPersonRequest200JSONResponse(s.signedResponse(ctx)), nil
}

func (s *acting) signedResponse(ctx context.Context) api.PersonRequestSignedResponse {
	return api.PersonRequestSignedResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: api.PersonRequestSigned{
		ID: s.found.ID.String(), PersonID: s.personID.String(), Status: api.PersonRequestStatusSIGNED,
		InsertedAt: envelope.Micro(s.insertedAt), UpdatedAt: envelope.Micro(s.Now),
	}}
}

// signs register or update the person of a request.
var signs = ofVersions(signing)

func signing(v version) *operation.RowTransition[*acting] {
	f := v.family("sign")
	signed := strings.TrimSuffix(string(f), ".")
	return &operation.RowTransition[*acting]{
		ID: v.operation("signPersonRequest"),
		Checks: slices.Concat(ofRequest(v, "sign"),
			[]operation.Check[*acting]{{Rule: f + "status", Pass: isIn(api.PersonRequestStatusAPPROVED)}},
			operation.SignedContent[*acting](signed, 1, 0),
			operation.SignerIsCaller[*acting](signed),
			[]operation.Check[*acting]{
				{Rule: f + "patient_signed", Pass: func(_ context.Context, s *acting) error {
					content, _ := s.Content.JSON.(map[string]any)
					return operation.Expect(content["patient_signed"] == true, "patient_signed of the content", true, "another value")
				}},
				{Rule: f + "content", Pass: func(_ context.Context, s *acting) error {
					stored, err := s.toBeSigned()
					if err != nil {
						return err
					}
					return operation.ExpectSame(s.Content.JSON, stored)
				}},
			},
			registryChecks(f),
		),
		Moves:     moves(api.PersonRequestStatusSIGNED, api.PersonRequestStatusAPPROVED),
		Unchanged: unchanged, // another signature may have registered the person
		Write: func(ctx context.Context, s *acting) error {
			//nolint:wrapcheck // a refusal, or an error that says what failed
			return postgres.InTx(ctx, s.Store.Pool, func(tx postgres.Tx) error { return s.register(ctx, tx) })
		},
	}
}

// toBeSigned is the request as it is shown, with patient_signed as it was signed.
func (s *acting) toBeSigned() (map[string]any, error) {
	shown, err := json.Marshal(s.found.shown())
	if err != nil {
		return nil, fmt.Errorf("encode person request %s: %w", s.found.ID, err)
	}
	decoded, err := validation.Decode(shown)
	if err != nil {
		return nil, fmt.Errorf("read person request %s: %w", s.found.ID, err)
	}
	stored := decoded.JSON.(map[string]any) //nolint:forcetypeassert // a struct
	if content, ok := s.Content.JSON.(map[string]any); ok {
		stored["patient_signed"] = content["patient_signed"]
	}
	return stored, nil
}

// registryChecks ask the register. They are made again in the transaction that
// changes it, since others register persons, too.
func registryChecks(f rules.ID) []operation.Check[*acting] {
	return []operation.Check[*acting]{
		{Rule: f + "person", Pass: func(ctx context.Context, s *acting) (err error) {
			if id := s.found.Data.Person.ID; id != nil {
				s.registered, err = s.Store.registered(ctx, s.on, uuid.MustParse(*id), s.Now, nil)
			}
			return err
		}},
		{Rule: f + "person_active", Pass: func(_ context.Context, s *acting) error {
			return operation.Expect(s.registered == nil || s.registered.active, "status of the person", "active", "another")
		}},
		{Rule: f + "duplicate", Pass: func(ctx context.Context, s *acting) error {
			if s.registered != nil {
				return nil
			}
			known, err := s.Store.isSameRegistered(ctx, s.on, &s.found.Data.Person)
			if err != nil {
				return err
			}
			return operation.Expect(!known, "person", "not registered", "registered")
		}},
		{Rule: f + "third_person_limit", Pass: func(ctx context.Context, s *acting) error {
			m, limit := s.found.method(), s.Config.ThirdPersonLimit
			if m == nil || m.Value == nil || limit == 0 {
				return nil
			}
			used, err := s.Store.countThirdPersonUses(ctx, s.on, uuid.MustParse(*m.Value), s.Now)
			if err != nil {
				return err
			}
			return operation.Expect(used < limit, "persons for whom the third person confirms", limit, used, "limit", limit)
		}},
		{Rule: f + "phone_limit", Pass: func(ctx context.Context, s *acting) error {
			m, limit := s.found.method(), s.Config.PhoneAuthLimit
			if m == nil || m.PhoneNumber == nil || limit == 0 {
				return nil
			}
			used, err := s.Store.countPhoneUses(ctx, s.on, *m.PhoneNumber, s.Now)
			if err != nil {
				return err
			}
			return operation.Expect(used < limit, "persons who confirm by the phone", limit, used, "limit", limit)
		}},
	}
}

// method is how a person to register will confirm; nil in an update.
func (r *request) method() *api.PersonRequestMethod {
	if r.Data.Person.ID != nil || r.Data.Person.AuthenticationMethods == nil {
		return nil
	}
	return &(*r.Data.Person.AuthenticationMethods)[0]
}

// locks are what two registrations may have in common.
func (r *request) locks() (keys []string) {
	p := &r.Data.Person
	keys = []string{strings.ToLower(p.LastName) + " " + p.BirthDate}
	if m := r.method(); m != nil {
		for _, of := range []*string{m.PhoneNumber, m.Value} {
			if of != nil {
				keys = append(keys, *of)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// register changes the register, the request and what is kept of it.
func (s *acting) register(ctx context.Context, tx postgres.Tx) (err error) {
	if s.insertedAt, err = s.Store.sign(ctx, tx, s); err != nil {
		return err
	}
	if err := s.Store.lockRegistrations(ctx, tx, s.found.locks()); err != nil {
		return err
	}
	again := *s
	again.on = tx
	if err := operation.Run(ctx, registryChecks(s.version.family("sign")), &again); err != nil {
		return err //nolint:wrapcheck // a refusal, or an error that says what failed
	}
	if err := s.Store.register(ctx, tx, s); err != nil {
		return err
	}
	if err := s.Media.Put(ctx, tx, "person_requests/"+s.found.ID.String()+"/signed_content", []byte(s.Sent)); err != nil {
		return err //nolint:wrapcheck // says what failed
	}
	return s.People.AddPatient(ctx, s.personID) //nolint:wrapcheck // says what failed
}

// termOf is until when a third person confirms (wiki 622133300).
func termOf(c *operation.Caller, born time.Time) time.Time {
	end := c.Now.AddDate(c.Config.ThirdPersonTerm, 0, 0)
	if comesOfAge := born.AddDate(c.Config.FullLegalCapacityAge, 0, -1); comesOfAge.After(c.Now) && comesOfAge.Before(end) {
		return comesOfAge
	}
	return end
}

// relationshipEnd is until when a confidant person acts: as the documents say, and
// not beyond the birthday from which on the person acts alone.
func (s *acting) relationshipEnd(born time.Time, documents []api.PersonRequestRelationshipDocument) *time.Time {
	var end *time.Time
	earlier := func(at time.Time) {
		if end == nil || at.Before(*end) {
			end = &at
		}
	}
	for _, d := range documents {
		if d.ActiveTo != nil {
			at, _ := time.Parse(time.DateOnly, *d.ActiveTo) // the schema has checked it
			earlier(at)
		}
	}
	if comesOfAge := born.AddDate(s.Config.FullLegalCapacityAge, 0, 0); comesOfAge.After(s.Now) {
		earlier(comesOfAge)
	}
	return end
}

// reasonOf says how a relationship is to be verified.
func reasonOf(documents []api.PersonRequestRelationshipDocument) string {
	if slices.ContainsFunc(documents, func(d api.PersonRequestRelationshipDocument) bool { return d.Type == birthCertificate }) {
		return onlineTriggered
	}
	return "MANUAL_CREATED_BY_DOCTOR"
}

// People keeps the patients of the medical events.
type People interface {
	// AddPatient makes a person known to the medical events. It can be repeated.
	AddPatient(ctx context.Context, id uuid.UUID) error
}
