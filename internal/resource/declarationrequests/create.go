package declarationrequests

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
)

// CreateDeclarationRequest serves POST /api/v3/declaration_requests.
func (a *API) CreateDeclarationRequest(
	ctx context.Context, req api.CreateDeclarationRequestRequestObject,
) (api.CreateDeclarationRequestResponseObject, error) {
	s := &creating{Caller: a.Engine.Caller(ctx), API: a, body: req.Body}
	if err := create.Run(ctx, s); err != nil {
		return nil, err
	}
	data, err := renderDetails(&s.made)
	if err != nil {
		return nil, err
	}
	urgent := renderUrgent(&s.made)
	urgent.Documents = a.scanLinks(&s.made)
	return api.CreateDeclarationRequest201JSONResponse{Meta: envelope.Created(ctx, data.ID), Data: data, Urgent: urgent}, nil
}

// scanLinks are the addresses to which the scans of a new request are sent; nil when
// there are none.
func (a *API) scanLinks(d *details) *[]api.DeclarationRequestDocument {
	if len(d.Documents) == 0 {
		return nil
	}
	links := make([]api.DeclarationRequestDocument, len(d.Documents))
	for i, scan := range d.Documents {
		links[i] = api.DeclarationRequestDocument{Type: scan.Type, URL: a.Media.URL(scan.name(d.ID))}
	}
	return &links
}

// create makes a request.
var create = operation.Create[*creating]{
	ID: "createDeclarationRequest",
	Guard: []operation.Check[*operation.Caller]{
		{Rule: rules.DeclarationRequestCreateParty, Caller: operation.PartyIsVerified},
		{Rule: rules.DeclarationRequestCreatePartyDeceased, Caller: operation.PartyIsAlive},
	},
	Checks: slices.Concat(doctorChecks, personChecks, methodChecks, parentChecks, suitChecks),
	Write:  func(ctx context.Context, s *creating) error { return s.write(ctx) },
}

// creating is one call of createDeclarationRequest.
type creating struct {
	operation.Caller
	*API
	body *api.DeclarationRequestCreate

	doctor   *doctor
	division *division
	person   *person
	methods  []confirming // the default one first
	method   confirming   // that confirms
	parent   *parent
	made     details
}

// code is asked for when a code confirms the request.
func (s *creating) code() otp.Request {
	return otp.Request{Phone: s.made.Method.Number, LegalEntity: s.ClientID}
}

// codeRules refuse a code that would be one too many.
var codeRules = map[otp.Limit]rules.ID{
	otp.Frequency:      rules.DeclarationRequestCreateRate,
	otp.PerPhone:       rules.DeclarationRequestCreateCodeLimit,
	otp.PerLegalEntity: rules.DeclarationRequestCreateLegalEntityLimit,
}

// codeMayBeSent asks the limits before anything is written; write asks them again.
func codeMayBeSent(ctx context.Context, s *creating) error {
	s.made.Method = s.confirmation()
	if s.made.Method.Type != methodOTP {
		return nil
	}
	return otp.Refusal(s.Codes.Check(ctx, s.code()), codeRules)
}

// confirmation is how the person confirms. Who carries a declaration on confirms
// nothing, unless the request names a method.
func (s *creating) confirmation() method {
	switch {
	case s.parent != nil && s.body.AuthorizeWith == nil, s.method.kind == methodNone:
		return method{Type: methodNone}
	case s.method.kind == methodOTP:
		return method{Type: methodOTP, Number: s.method.phone}
	}
	return method{Type: s.method.kind}
}

// write cancels earlier requests for the person, stores the new one and sends the
// code, all in one transaction.
func (s *creating) write(ctx context.Context) error {
	declaration := uuid.New()
	s.made.ID, s.made.DeclarationID = uuid.New(), &declaration
	s.made.Status, s.made.Channel, s.made.LegalEntityID = statusNew, channelMIS, &s.ClientID
	start, end := s.term()
	s.made.content = content{
		StartDate: &start, EndDate: &end, PersonID: &s.body.PersonID, EmployeeID: &s.body.EmployeeID, DivisionID: &s.body.DivisionID,
	}
	s.made.AuthorizeWith, s.made.ParentDeclarationID = parsed(s.body.AuthorizeWith), parsed(s.body.ParentDeclarationID)
	if err := s.scans(ctx); err != nil {
		return err
	}
	if err := s.count(ctx); err != nil {
		return err
	}
	return postgres.InTx(ctx, s.Store.Pool, func(tx postgres.Tx) error {
		if err := s.Store.create(ctx, tx, s); err != nil {
			return err
		}
		if s.made.Method.Type != methodOTP {
			return nil
		}
		request := s.code()
		request.Resource = s.made.ID // a code that is sent again replaces it
		_, err := s.Codes.Initialize(ctx, tx, request)
		return otp.Refusal(err, codeRules)
	})
}

// parsed reads an id that the schema has checked.
func parsed(sent *string) *uuid.UUID {
	if sent == nil {
		return nil
	}
	id, _ := envelope.ParseID(*sent)
	return &id
}

// term is the first and the last day of the declaration. One with a pediatrician
// ends before the person grows up.
func (s *creating) term() (start, end string) {
	last := s.Now.AddDate(0, 0, s.Config.DeclarationTerm)
	if s.doctor.officio == pediatrician {
		if child := s.person.born.AddDate(s.Config.AdultAge, 0, -1); child.Before(last) && clock.Age(s.person.born, s.Now) < s.Config.AdultAge {
			last = child
		}
	}
	return s.Now.Format(time.DateOnly), last.Format(time.DateOnly)
}

// count keeps how many declarations the doctor has and may have.
func (s *creating) count(ctx context.Context) error {
	load, err := s.Store.load(ctx, s.Store.Pool, s.doctor.party, *parsed(&s.body.PersonID))
	if err != nil {
		return err
	}
	limit, count := int32(load.limit(s.Config)), int32(load.count) //nolint:gosec // far below
	s.made.SystemDeclarationLimit, s.made.CurrentDeclarationCount = &limit, &count
	return nil
}

// load is how many declarations a doctor has, and the official specialities of the
// doctor's positions, which limit them.
type load struct {
	count        int
	specialities []string
}

// limit is that of the speciality that allows fewest; 0 when none does.
func (l load) limit(cfg *config.Config) int {
	limits := map[string]int{
		pediatrician: cfg.PediatricianDeclarationLimit, therapist: cfg.TherapistDeclarationLimit, familyDoctor: cfg.FamilyDoctorDeclarationLimit,
	}
	least, known := 0, false
	for _, speciality := range l.specialities {
		if limit, limits := limits[speciality]; limits && (!known || limit < least) {
			least, known = limit, true
		}
	}
	return least
}

// scans finds out which documents the person shows: all of them when that is how the
// person confirms, and the refusal of the tax id always.
func (s *creating) scans(ctx context.Context) error {
	add := func(kind string) { s.made.Documents = append(s.made.Documents, document{Type: kind, Verb: "PUT"}) }
	switch {
	case s.person.noTaxID:
		add("person.no_tax_id")
	case s.person.hasTaxID && s.made.Method.Type == methodOffline:
		add("person.tax_id")
	}
	if s.made.Method.Type != methodOffline {
		return nil
	}
	for _, kind := range s.person.documents {
		add("person." + kind)
	}
	proofs, err := s.Store.confidantDocuments(ctx, *parsed(&s.body.PersonID), s.Now)
	if err != nil {
		return err
	}
	var last uuid.UUID
	number := -1
	for _, proof := range proofs {
		if proof.ID != last {
			last, number = proof.ID, number+1
		}
		if proof.Type == birthCertificate && slices.Contains(s.person.documents, birthCertificate) {
			continue // the person shows it already
		}
		add("confidant_person." + strconv.Itoa(number) + "." + proof.RelationType + ".RELATIONSHIP." + proof.Type)
	}
	return nil
}

const birthCertificate = "BIRTH_CERTIFICATE"

// digits of the numbers of declarations, as the national system writes them.
const digits = "0A1E2H3K4M5P6T7X89"

// declarationNumber writes a number of the sequence: the least digit comes first.
func declarationNumber(n int64) string {
	const length, half = 8, 4
	var written strings.Builder
	for range length {
		written.WriteByte(digits[n%int64(len(digits))])
		n /= int64(len(digits))
	}
	text := written.String()
	return "0001-" + text[:half] + "-" + text[half:]
}
