package personrequests

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/validation"
)

// CreateAuthenticationMethodRequest serves POST /api/persons/{id}/authentication_method_requests.
func (a *API) CreateAuthenticationMethodRequest(
	ctx context.Context, req api.CreateAuthenticationMethodRequestRequestObject,
) (api.CreateAuthenticationMethodRequestResponseObject, error) {
	s := &methodCreating{ofPerson: a.ofPerson(ctx, req.ID), body: req.Body, sent: &req.Body.AuthenticationMethod}
	if err := CreateMethodRequest.Run(ctx, s); err != nil {
		return nil, err
	}
	urgent := api.AuthenticationMethodRequestUrgent{AuthenticationMethodCurrent: nullable.NewNullNullable[api.AuthenticationMethodRequestCurrent]()}
	if m := s.made.Current; m.Type != methodNone {
		current := api.AuthenticationMethodRequestCurrent{Type: api.AuthenticationMethodRequestCurrentType(m.Type)}
		if m.Type == methodOTP {
			current.PhoneNumber = envelope.MaskPhone(m.PhoneNumber)
		}
		urgent.AuthenticationMethodCurrent = nullable.NewNullableWithValue(current)
	}
	urgent.Documents = links(a.Media, s.made.Uploads, s.made.scan)
	return api.CreateAuthenticationMethodRequest201JSONResponse{
		Meta: envelope.Created(ctx, s.made.ID.String()), Data: s.made.show(), Urgent: urgent,
	}, nil
}

// CreateMethodRequest makes a request to change how a person confirms.
var CreateMethodRequest = operation.Create[*methodCreating]{
	ID: "createAuthenticationMethodRequest",
	Body: []operation.Check[*methodCreating]{
		{Rule: rules.AuthenticationMethodRequestCreateFieldRequired, Pass: func(_ context.Context, s *methodCreating) error {
			required, _, sent := s.fields()
			return refuseFields(rules.AuthenticationMethodRequestCreateFieldRequired, required, func(field string) bool { return !slices.Contains(sent, field) })
		}},
		{Rule: rules.AuthenticationMethodRequestCreateFieldForbidden, Pass: func(_ context.Context, s *methodCreating) error {
			required, optional, sent := s.fields()
			if required == nil {
				return nil
			}
			return refuseFields(rules.AuthenticationMethodRequestCreateFieldForbidden, sent, func(field string) bool {
				return slices.Contains(methodFields, field) && !slices.Contains(required, field) && !slices.Contains(optional, field)
			})
		}},
		{Rule: rules.AuthenticationMethodRequestCreatePhone, Pass: func(_ context.Context, s *methodCreating) error {
			phone := s.Text("authentication_method", "phone_number")
			return operation.Expect(phone == nil || phonePattern.MatchString(*phone), "phone_number", phonePattern.String(), "another form")
		}},
	},
	Checks: slices.Concat(
		personOfPath[*methodCreating]("authentication_method_request.create."), storedMethodChecks, ownMethodChecks, thirdPersonChecks,
	),
	Write: func(ctx context.Context, s *methodCreating) error { return s.write(ctx) },
}

// methodCreating is one call of createAuthenticationMethodRequest.
type methodCreating struct {
	ofPerson
	*validation.Checked // of the checks of the body; nil later

	body *api.AuthenticationMethodRequestCreate
	sent *api.AuthenticationMethodRequestMethod // of the body

	methods  []storedMethod // of the person
	current  *storedMethod  // that confirms; nil: none
	changed  *personMethod  // that the body names
	third    *registered    // who shall confirm
	thirdOwn method         // by which the third person confirms
	made     methodRequest
}

// readMethod prepares the checks of the body.
func (a *API) readMethod(ctx context.Context, body *validation.Checked) *methodCreating {
	return &methodCreating{ofPerson: a.ofPerson(ctx, ""), Checked: body}
}

// Actions of a request.
const (
	actionInsert     = "INSERT"
	actionUpdate     = "UPDATE"
	actionDeactivate = "DEACTIVATE"
)

// methodFields are those that a method of the body can have.
var methodFields = []string{"id", "type", "phone_number", "value", "alias"}

// fields are those that the method of the body must have, may have and has. What it must have is nil when that cannot be known.
func (s *methodCreating) fields() (required, optional, sent []string) {
	object, ok := s.Value("authentication_method").(map[string]any)
	action := s.Text("action")
	if !ok || action == nil {
		return nil, nil, nil
	}
	for _, field := range methodFields {
		if _, has := object[field]; has {
			sent = append(sent, field)
		}
	}
	switch *action {
	case actionUpdate:
		return []string{"id", "alias"}, nil, sent
	case actionDeactivate:
		return []string{"id"}, nil, sent
	}
	_, has := object["type"]
	kind := s.Text("authentication_method", "type")
	switch {
	case !has:
		return []string{"type"}, methodFields[1:], sent
	case kind == nil: // the schema refuses it
		return nil, nil, sent
	}
	switch *kind {
	case methodOTP:
		return []string{"type", "phone_number"}, []string{"alias"}, sent
	case methodThird:
		return []string{"type", "value", "alias"}, []string{"phone_number"}, sent
	}
	return []string{"type"}, []string{"alias"}, sent
}

// refuseFields refuses those of the fields that are wrong.
func refuseFields(rule rules.ID, fields []string, isWrong func(field string) bool) error {
	var refused operation.Refusals
	for _, field := range fields {
		if isWrong(field) {
			refused = append(refused, fault.Refuse(rule, "field", field).Because(field, "as the action and the type want it", "not so"))
		}
	}
	return refused.OrNil()
}

// inserts tells whether a method of a type is to be added.
func (s *methodCreating) inserts(kinds ...string) bool {
	return s.body.Action == actionInsert && slices.Contains(kinds, string(*s.sent.Type))
}

// isOld tells whether the person can confirm alone.
func (s *methodCreating) isOld(p *registered) bool { return p.age >= s.Config.NoSelfAuthAge }

// storedMethodChecks ask about the methods that the person has.
var storedMethodChecks = []operation.Check[*methodCreating]{
	{Rule: rules.AuthenticationMethodRequestCreateMethodActive, Pass: func(ctx context.Context, s *methodCreating) (err error) {
		if s.methods, err = s.Store.methods(ctx, s.person.id, s.Now); err != nil {
			return err
		}
		s.current = defaultMethod(s.methods)
		if s.sent.ID == nil {
			return nil
		}
		id, ok := envelope.ParseID(*s.sent.ID)
		if !ok {
			return fault.ErrNotFound
		}
		if s.changed, err = s.Store.personMethod(ctx, id, s.Now); err != nil {
			return err
		}
		return operation.Expect(s.changed.active, "authentication method", "active", "ended")
	}},
	{Rule: rules.AuthenticationMethodRequestCreateMethodOwner, Pass: func(_ context.Context, s *methodCreating) error {
		return operation.Expect(s.changed == nil || s.changed.person == s.person.id, "person of the method", "that of the path", "another")
	}},
	{Rule: rules.AuthenticationMethodRequestCreateMethodType, Pass: func(_ context.Context, s *methodCreating) error {
		return operation.Expect(s.body.Action != actionDeactivate || s.changed.kind == methodThird, "type of the method", methodThird, "another")
	}},
	{Rule: rules.AuthenticationMethodRequestCreateMethodPrimary, Pass: func(_ context.Context, s *methodCreating) error {
		isPrimary := s.body.Action == actionDeactivate && s.current != nil && s.current.ID == s.changed.id
		return operation.Expect(!isPrimary, "method", "not the default one", "the default one")
	}},
	{Rule: rules.AuthenticationMethodRequestCreateCurrentMethod, Pass: func(_ context.Context, s *methodCreating) error {
		asked := s.body.Action != actionInsert || s.inserts(methodThird) && s.isOld(s.person)
		return operation.Expect(!asked || s.current != nil, "authentication methods of the person", "one that confirms", "none")
	}},
}

// ownMethodChecks ask about a method of the person alone.
var ownMethodChecks = []operation.Check[*methodCreating]{
	{Rule: rules.AuthenticationMethodRequestCreateAge, Pass: func(_ context.Context, s *methodCreating) error {
		asked := s.inserts(methodOTP, methodOffline)
		return operation.Expect(!asked || s.isOld(s.person), "age of the person", s.Config.NoSelfAuthAge, "less")
	}},
	{Rule: rules.AuthenticationMethodRequestCreatePhoneVerified, Pass: func(ctx context.Context, s *methodCreating) error {
		if !s.inserts(methodOTP) {
			return nil
		}
		verified, err := s.Codes.Verified(ctx, *s.sent.PhoneNumber)
		if err != nil {
			return err //nolint:wrapcheck // says what failed
		}
		return operation.Expect(verified, "phone of the method", "verified", "not verified")
	}},
	{Rule: rules.AuthenticationMethodRequestCreatePhoneLimit, Pass: func(ctx context.Context, s *methodCreating) error {
		limit := s.Config.PhoneAuthLimit
		if !s.inserts(methodOTP) || limit == 0 {
			return nil
		}
		used, err := s.Store.countPhoneUses(ctx, s.Store.Pool, *s.sent.PhoneNumber, s.Now)
		if err != nil {
			return err
		}
		for _, m := range s.methods {
			if m.Type == methodOTP && m.PhoneNumber != nil && *m.PhoneNumber == *s.sent.PhoneNumber {
				used-- // not another person
			}
		}
		return operation.Expect(used < limit, "persons who confirm by the phone", limit, used, "limit", limit)
	}},
	{Rule: rules.AuthenticationMethodRequestCreateOfflinePresent, Pass: func(_ context.Context, s *methodCreating) error {
		has := s.inserts(methodOffline) && s.current != nil && s.current.Type == methodOffline
		return operation.Expect(!has, "default method of the person", "any but OFFLINE", methodOffline)
	}},
	{Rule: rules.AuthenticationMethodRequestCreateOfflineAfterOTP, Pass: func(_ context.Context, s *methodCreating) error {
		refused := s.inserts(methodOffline) && s.current != nil && s.current.Type == methodOTP && !s.Config.AuthSecurityReduction
		return operation.Expect(!refused, "default method of the person", "any but OTP (AUTH_REQUEST_SECURITY_REDUCTION)", methodOTP)
	}},
}

// thirdPersonChecks ask about who shall confirm for the person, and whether the code can be sent.
var thirdPersonChecks = []operation.Check[*methodCreating]{
	{Rule: rules.AuthenticationMethodRequestCreateThirdPerson, Pass: func(ctx context.Context, s *methodCreating) (err error) {
		if !s.inserts(methodThird) {
			return nil
		}
		id, ok := envelope.ParseID(*s.sent.Value)
		if !ok {
			return fault.ErrNotFound
		}
		s.third, err = s.Store.registered(ctx, s.Store.Pool, id, s.Now, nil)
		return err
	}},
	{Rule: rules.AuthenticationMethodRequestCreateThirdPersonActive, Pass: func(_ context.Context, s *methodCreating) error {
		return operation.Expect(s.third == nil || s.third.active, "status of the third person", "active", "another")
	}},
	{Rule: rules.AuthenticationMethodRequestCreateThirdPersonAge, Pass: func(_ context.Context, s *methodCreating) error {
		return operation.Expect(s.third == nil || s.isOld(s.third), "age of the third person", s.Config.NoSelfAuthAge, "less")
	}},
	{Rule: rules.AuthenticationMethodRequestCreateThirdPersonMethod, Pass: func(ctx context.Context, s *methodCreating) error {
		if s.third == nil {
			return nil
		}
		all, err := s.Store.methods(ctx, s.third.id, s.Now)
		if err != nil {
			return err
		}
		own := defaultMethod(slices.DeleteFunc(all, func(m storedMethod) bool { return m.Type == methodThird }))
		if own != nil {
			s.thirdOwn = own.own()
		}
		return operation.Expect(own != nil, "active methods of the third person", "OTP or OFFLINE", "neither")
	}},
	{Rule: rules.AuthenticationMethodRequestCreateThirdPersonOffline, Pass: func(_ context.Context, s *methodCreating) error {
		refused := s.third != nil && s.thirdOwn.Type == methodOffline && !s.Config.ThirdPersonOffline
		return operation.Expect(!refused, "authentication method of the third person", methodOTP, s.thirdOwn.Type)
	}},
	{Rule: rules.AuthenticationMethodRequestCreateThirdPersonPhone, Pass: func(_ context.Context, s *methodCreating) error {
		fits := s.third == nil || s.sent.PhoneNumber == nil || *s.sent.PhoneNumber == s.thirdOwn.PhoneNumber
		return operation.Expect(fits, "phone_number", "the phone of the third person", "another")
	}},
	{Rule: rules.AuthenticationMethodRequestCreateThirdPersonPresent, Pass: func(_ context.Context, s *methodCreating) error {
		present := s.third != nil && slices.ContainsFunc(s.methods, func(m storedMethod) bool { return m.Value != nil && *m.Value == s.third.id })
		return operation.Expect(!present, "third persons of the person", "others", "the same")
	}},
	{Rule: rules.AuthenticationMethodRequestCreateThirdPersonLimit, Pass: func(ctx context.Context, s *methodCreating) error {
		limit := s.Config.ThirdPersonLimit
		if s.third == nil || limit == 0 {
			return nil
		}
		used, err := s.Store.countThirdPersonUses(ctx, s.Store.Pool, s.third.id, s.Now)
		if err != nil {
			return err
		}
		return operation.Expect(used < limit, "persons for whom the third person confirms", limit, used, "limit", limit)
	}},
	{Rule: rules.AuthenticationMethodRequestCreateThirdPersons, Pass: func(_ context.Context, s *methodCreating) error {
		used, limit := 0, s.Config.PersonThirdPersonLimit
		for _, m := range s.methods {
			if m.Type == methodThird {
				used++
			}
		}
		return operation.Expect(s.third == nil || limit == 0 || used < limit, "third persons of the person", limit, used)
	}},
	{Rule: rules.AuthenticationMethodRequestCreateConfidant, Pass: func(_ context.Context, s *methodCreating) error {
		return operation.Expect(!s.inserts(methodOTP, methodOffline) || !s.person.hasConfidant, "approved confidant of the person", "none", "one")
	}},
	{
		Rule: rules.AuthenticationMethodRequestCreateRate, Or: []rules.ID{
			rules.AuthenticationMethodRequestCreateCodeLimit, rules.AuthenticationMethodRequestCreateLegalEntityLimit,
		},
		Pass: func(ctx context.Context, s *methodCreating) error {
			s.made.Current = s.confirming()
			if s.made.Current.Type != methodOTP {
				return nil
			}
			return otp.Refusal(s.Codes.Check(ctx, s.code()), methodCodeRules)
		},
	},
}

// methodCodeRules refuse a code that would be one too many.
var methodCodeRules = map[otp.Limit]rules.ID{
	otp.Frequency:      rules.AuthenticationMethodRequestCreateRate,
	otp.PerPhone:       rules.AuthenticationMethodRequestCreateCodeLimit,
	otp.PerLegalEntity: rules.AuthenticationMethodRequestCreateLegalEntityLimit,
}

func (s *methodCreating) code() otp.Request {
	return otp.Request{Phone: s.made.Current.PhoneNumber, LegalEntity: s.ClientID}
}

// confirming is how the request is confirmed: by the default method of the person or, when there is none, by the new third
// person (wiki 681246722).
func (s *methodCreating) confirming() method {
	switch {
	case s.current != nil:
		return s.current.own()
	case s.third != nil:
		return s.thirdOwn
	}
	return method{Type: methodNone}
}

// write cancels the earlier request of the person, stores the new one and sends the code, all in one transaction.
func (s *methodCreating) write(ctx context.Context) (err error) {
	s.made.ID, s.made.Action, s.made.Status, s.made.Channel = uuid.New(), string(s.body.Action), api.AuthenticationMethodRequestStatusNEW, channelMIS
	s.made.Method = *s.sent
	if s.made.Uploads, err = s.scans(ctx); err != nil {
		return err
	}
	//nolint:wrapcheck // a refusal, or an error that says what failed
	return postgres.InTx(ctx, s.Store.Pool, func(tx postgres.Tx) error {
		if err := s.Store.createMethodRequest(ctx, tx, s); err != nil {
			return err
		}
		if s.made.Current.Type != methodOTP {
			return nil
		}
		request := s.code()
		request.Resource = s.made.ID // a code that is sent again replaces it
		_, err := s.Codes.Initialize(ctx, tx, request)
		return otp.Refusal(err, methodCodeRules)
	})
}

// scans are the documents of who confirms by them, and those of a person who shall.
func (s *methodCreating) scans(ctx context.Context) (all []upload, err error) {
	add := func(prefix string, of uuid.UUID) {
		if err != nil {
			return
		}
		var kinds []string
		kinds, err = s.Store.documentTypes(ctx, of)
		for _, kind := range kinds {
			if scan := (upload{prefix + kind}); !slices.Contains(all, scan) {
				all = append(all, scan)
			}
		}
	}
	if s.made.Current.Type == methodOffline {
		switch {
		case s.current == nil:
			add("third_person.", s.third.id)
		case s.current.Value != nil:
			add("third_person.", *s.current.Value)
		default:
			add("person.", s.person.id)
		}
	}
	if s.inserts(methodOffline) {
		add("person.", s.person.id)
	}
	return all, err
}
