package personrequests

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/address"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/validation"
)

// CreatePersonRequest serves POST /api/v2/person_requests.
func (a *API) CreatePersonRequest(ctx context.Context, req api.CreatePersonRequestRequestObject) (api.CreatePersonRequestResponseObject, error) {
	s := a.creating(ctx, req.Body, nil)
	if err := creates[v2].Run(ctx, s); err != nil {
		return nil, err
	}
	return api.CreatePersonRequest201JSONResponse{
		Meta: envelope.Created(ctx, s.made.ID.String()), Data: s.made.show(), Urgent: s.made.urgent(a.Media),
	}, nil
}

// creates make a request of a person who is to be registered or updated. Their guard
// asks the store, so Operations adds it.
var creates = ofVersions(creation)

func creation(v version) *operation.Create[*creating] {
	f := v.family("create")
	body := slices.Concat(bodyChecks(f), confidantBodyChecks(f))
	confidants, own := confidantChecks(f), firstMethodChecks(f)
	var first []operation.Check[*creating]
	switch v {
	case v1:
		body = slices.Concat(bodyChecks(f), v1BodyChecks)
		confidants, own = v1ConfidantChecks, v1MethodChecks
	case v3:
		first = v3Checks
	}
	return &operation.Create[*creating]{
		ID:     v.operation("createPersonRequest"),
		Body:   body,
		Checks: slices.Concat(first, personChecks(f), addressChecks(f), confidants, documentChecks(f), own, methodChecks(f)),
		Write:  func(ctx context.Context, s *creating) error { return s.write(ctx) },
	}
}

// creating is one call of createPersonRequest, in any version.
type creating struct {
	operation.Caller
	*API
	*validation.Checked // of the checks of the body; nil later

	version version
	inV1    *api.PersonRequestPersonV1 // as it came in version 1, else nil
	sent    *api.PersonRequestPersonV3 // as it came in version 3, else nil
	foreign bool                       // by a document; only in version 3

	body   *api.PersonRequestCreate // in the form of version 2
	person *api.PersonRequestPerson // of the body
	born   time.Time
	age    int
	today  string // as the dates of the body are written
	places []address.Place

	registered *registered // the person to update; nil when one is registered
	confidant  *registered // who shall act for the person
	third      uuid.UUID   // who confirms in place of the person; uuid.Nil: nobody
	current    method
	chosen     *storedMethod // that confirms an update; nil: none
	made       request
}

// read prepares the checks of the body.
func (a *API) read(ctx context.Context, body *validation.Checked) *creating {
	return &creating{Caller: a.Engine.Caller(ctx), API: a, Checked: body}
}

// creating is a call with a body. sent is its person as it came in version 3.
func (a *API) creating(ctx context.Context, body *api.PersonRequestCreate, sent *api.PersonRequestPersonV3) *creating {
	s := &creating{Caller: a.Engine.Caller(ctx), API: a, version: v2, body: body, person: &body.Person}
	if sent != nil {
		s.version, s.sent = v3, sent
		s.foreign = s.hasType(s.Config.ForeignDocumentTypes...)
	}
	s.today = s.Now.In(clock.Kyiv).Format(time.DateOnly)
	s.born, _ = time.Parse(time.DateOnly, s.person.BirthDate) // the schema has checked it
	s.age = clock.Age(s.born, s.Now)
	s.places = make([]address.Place, len(s.person.Addresses))
	for i := range s.places {
		sent := &s.person.Addresses[i]
		if s.version == v3 && sent.Country != ukraine {
			continue // uaddresses do not know it
		}
		s.places[i] = address.Place{
			Type: &sent.Type, Area: &sent.Area, Settlement: &sent.Settlement, Region: sent.Region, SettlementID: &sent.SettlementID,
		}
		s.places[i].Find(a.Addresses)
	}
	return s
}

func (s *creating) isUpdate() bool { return s.person.ID != nil }

// method is the authentication method of a person who is registered; nil in an
// update.
func (s *creating) method() *api.PersonRequestMethod {
	if s.isUpdate() || s.person.AuthenticationMethods == nil {
		return nil
	}
	return &(*s.person.AuthenticationMethods)[0]
}

// hasType tells whether the person has a document of one of the types.
func (s *creating) hasType(types ...string) bool {
	return slices.ContainsFunc(s.person.Documents, func(d api.PersonRequestDocument) bool { return slices.Contains(types, d.Type) })
}

// isMinor tells of the ages at which a document can prove legal capacity.
func isMinor(age int, cfg *config.Config) bool {
	return age >= cfg.NoSelfRegistrationAge && age < cfg.FullLegalCapacityAge
}

// allowedTypes of legal entities register persons.
var allowedTypes = []string{"MSP", "OUTPATIENT", "EMERGENCY", "PRIMARY_CARE"}

// employeeTypes are those of who registers persons.
var employeeTypes = []string{"DOCTOR", "SPECIALIST", "RECEPTIONIST", "ASSISTANT"}

// guard holds the checks of the caller.
func (a *API) guard(f rules.ID) []operation.Check[*operation.Caller] {
	return []operation.Check[*operation.Caller]{
		{Rule: f + "legal_entity_type", Caller: func(c *operation.Caller) error {
			found := "none"
			if c.LegalEntity != nil {
				found = c.LegalEntity.Type
			}
			return operation.Expect(slices.Contains(allowedTypes, found), "type of the caller's legal entity", allowedTypes, found)
		}},
		{Rule: f + "party", Caller: operation.PartyIsVerified},
		{Rule: f + "party_deceased", Caller: operation.PartyIsAlive},
		{Rule: f + "employee_type", Pass: func(ctx context.Context, c *operation.Caller) error {
			found, err := a.Store.employeeTypes(ctx, c.UserID, c.ClientID)
			if err != nil {
				return err
			}
			allowed := slices.ContainsFunc(found, func(kind string) bool { return slices.Contains(employeeTypes, kind) })
			return operation.Expect(allowed, "types of the user's employees", employeeTypes, found)
		}},
	}
}

// codeRules refuse a code that would be one too many.
func codeRules(f rules.ID) map[otp.Limit]rules.ID {
	return map[otp.Limit]rules.ID{otp.Frequency: f + "rate", otp.PerPhone: f + "code_limit", otp.PerLegalEntity: f + "legal_entity_limit"}
}

func (s *creating) code() otp.Request {
	return otp.Request{Phone: s.current.PhoneNumber, LegalEntity: s.ClientID}
}

// codeMayBeSent asks the limits before anything is written; write asks them again.
func codeMayBeSent(ctx context.Context, s *creating) error {
	if s.current.Type != methodOTP {
		return nil
	}
	return otp.Refusal(s.Codes.Check(ctx, s.code()), codeRules(s.version.family("create")))
}

// write cancels earlier requests for the person, stores the new one and sends the
// code, all in one transaction.
func (s *creating) write(ctx context.Context) error {
	scans, err := s.uploads(ctx)
	if err != nil {
		return err
	}
	s.made = request{
		ID: uuid.New(), Version: s.version, LegalEntityID: s.ClientID, Status: api.PersonRequestStatusNEW, Channel: channelMIS, Method: s.current, Uploads: scans,
		Data: data{Person: normal(*s.person), PatientSigned: s.body.PatientSigned, Consent: s.body.ProcessDisclosureDataConsent},
	}
	if s.sent != nil {
		s.sent.Email = s.made.Data.Person.Email
		s.made.Data.V3 = s.sent
	}
	if s.inV1 != nil {
		s.inV1.Email = s.made.Data.Person.Email
		s.made.Data.V1 = s.inV1
	}
	if s.isUpdate() && s.body.AuthorizeWith != nil {
		id, ok := envelope.ParseID(*s.body.AuthorizeWith)
		if !ok {
			return fault.ErrNotFound
		}
		s.made.AuthorizeWith = &id
	}
	//nolint:wrapcheck // a refusal, or an error that says what failed
	return postgres.InTx(ctx, s.Store.Pool, func(tx postgres.Tx) error {
		if err := s.Store.create(ctx, tx, s); err != nil {
			return err
		}
		if s.current.Type != methodOTP {
			return nil
		}
		request := s.code()
		request.Resource = s.made.ID // a code that is sent again replaces it
		_, err := s.Codes.Initialize(ctx, tx, request)
		return otp.Refusal(err, codeRules(s.version.family("create")))
	})
}

// normal brings a person into the form in which it is stored and shown.
func normal(p api.PersonRequestPerson) api.PersonRequestPerson {
	if p.Email != nil {
		email := strings.ToLower(*p.Email)
		p.Email = &email
	}
	return p
}

// uploads are the scans that the approval waits for (wiki 18298175489), each once.
func (s *creating) uploads(ctx context.Context) (scans []upload, err error) {
	add := func(prefix string, kinds ...string) {
		for _, kind := range kinds {
			if scan := (upload{prefix + kind}); !slices.Contains(scans, scan) {
				scans = append(scans, scan)
			}
		}
	}
	var proofs []string
	if c := s.person.ConfidantPerson; c != nil {
		for _, d := range c.DocumentsRelationship {
			proofs = append(proofs, d.Type)
		}
		add("confidant_person."+c.PersonID+".documents_relationship.", proofs...)
	}
	if s.hasType(foreignCertificate) && !slices.Contains(proofs, foreignCertificate) && s.age < s.Config.NoSelfAuthAge {
		add("person.", foreignCertificate)
	}
	if s.hasType(residencePermit) && s.age >= s.Config.NoSelfAuthAge {
		add("person.", residencePermit)
	}
	switch {
	case s.current.Type != methodOffline:
	case s.third != uuid.Nil:
		kinds, err := s.Store.documentTypes(ctx, s.third)
		if err != nil {
			return nil, err
		}
		add("third_person.", kinds...)
	default:
		for _, d := range s.person.Documents {
			add("person.", d.Type)
		}
	}
	if isMinor(s.age, s.Config) {
		for _, d := range s.person.Documents {
			if slices.Contains(s.Config.LegalCapacityDocumentTypes, d.Type) {
				add("person.", d.Type)
			}
		}
	}
	if !s.unzrFits() {
		add("person.", "unzr")
	}
	if s.version == v1 {
		s.uploadsOfV1(add)
	}
	return scans, nil
}

// unzrFits tells whether unzr, if it was sent, begins with the birth date.
func (s *creating) unzrFits() bool {
	return s.person.Unzr == nil || strings.HasPrefix(*s.person.Unzr, strings.ReplaceAll(s.person.BirthDate, "-", "")+"-")
}
