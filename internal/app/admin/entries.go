package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"

	"esoz/gen/db"
	"esoz/internal/platform/auth"
)

// MIS is a medical information system: a client that calls for legal entities.
type MIS struct {
	Name        string   `json:"name"`
	RedirectURI string   `json:"redirect_uri"`
	Scopes      []string `json:"scopes"`  // what it may do for others; empty: all scopes of all client types
	APIKey      string   `json:"api_key"` // empty: one is made
}

func (m MIS) register(ctx context.Context, s *session) (Registered, error) {
	if err := checked(required("name", m.Name), redirect(m.RedirectURI)); err != nil {
		return Registered{}, err
	}
	scopes := m.Scopes
	if len(scopes) == 0 {
		types, err := s.ListClientTypes(ctx, s.tx)
		if err != nil {
			return Registered{}, err
		}
		for _, t := range types {
			scopes = append(scopes, strings.Fields(t.Scope)...)
		}
		slices.Sort(scopes)
		scopes = slices.Compact(scopes)
	}
	settings, err := json.Marshal(map[string]string{"access_type": auth.Direct, "broker_scope": strings.Join(scopes, " ")})
	if err != nil {
		return Registered{}, fmt.Errorf("encode the settings: %w", err)
	}
	id := uuid.New()
	key, err := s.client(ctx, client{
		id: id, consumer: id, kind: "MIS", name: m.Name, redirectURI: m.RedirectURI, secret: m.APIKey, privSettings: settings,
	})
	return Registered{ID: id, Kind: KindMIS, Name: m.Name, Secret: key}, err
}

// LegalEntity is a medical institution or a pharmacy, with its client and its connection with a MIS.
type LegalEntity struct {
	Name        string    `json:"name"`
	Type        string    `json:"type"`
	Status      string    `json:"status"` // empty: ACTIVE
	EDRPOU      string    `json:"edrpou"`
	MISID       uuid.UUID `json:"mis_id"`
	RedirectURI string    `json:"redirect_uri"`
	Secret      string    `json:"secret"` // of the connection; empty: one is made
}

var edrpou = regexp.MustCompile(`^([0-9]{8,10}|[А-ЯЁЇIЄҐ]{2}\d{6})$`)

func (l LegalEntity) register(ctx context.Context, s *session) (Registered, error) {
	if err := checked(required("name", l.Name), required("type", l.Type), matches("edrpou", l.EDRPOU, edrpou), redirect(l.RedirectURI)); err != nil {
		return Registered{}, err
	}
	id, status := uuid.New(), l.Status
	if status == "" {
		status = "ACTIVE"
	}
	secret, err := s.client(ctx, client{
		id: id, consumer: l.MISID, kind: l.Type, name: l.Name, redirectURI: l.RedirectURI, secret: l.Secret,
		privSettings: []byte(`{"access_type":"` + auth.Broker + `"}`),
	})
	if err != nil {
		return Registered{}, err
	}
	err = s.InsertLegalEntity(ctx, s.tx, db.InsertLegalEntityParams{
		ID: id, Name: &l.Name, Type: l.Type, Status: status, Edrpou: l.EDRPOU, By: s.SystemUser, At: s.at,
	})
	return Registered{ID: id, Kind: KindLegalEntity, Name: l.Name, Secret: secret}, err
}

// Human is the name and the birth of a party or a person.
type Human struct {
	FirstName  string  `json:"first_name"`
	LastName   string  `json:"last_name"`
	SecondName *string `json:"second_name"`
	BirthDate  string  `json:"birth_date"`
	Gender     string  `json:"gender"`
	TaxID      *string `json:"tax_id"`
}

func (h Human) check() (born time.Time, err error) {
	born, err = date("birth_date", h.BirthDate)
	return born, checked(required("first_name", h.FirstName), required("last_name", h.LastName), err, oneOf("gender", h.Gender, "MALE", "FEMALE"))
}

// User is somebody who logs in, with employees and roles in legal entities.
type User struct {
	Human
	Email       string     `json:"email"`
	Password    string     `json:"password"`
	PhoneNumber string     `json:"phone_number"` // empty: none is known
	Documents   []Document `json:"documents"`
	Employees   []Employee `json:"employees"`
}

// Employee is what a user is in a legal entity.
type Employee struct {
	LegalEntityID uuid.UUID `json:"legal_entity_id"`
	EmployeeType  string    `json:"employee_type"`
	Position      string    `json:"position"`   // empty: P1
	Speciality    string    `json:"speciality"` // the official one; empty: a DOCTOR is a FAMILY_DOCTOR, others have none
	Roles         []string  `json:"roles"`
}

func (u User) register(ctx context.Context, s *session) (Registered, error) {
	born, err := u.check()
	if _, wrong := mail.ParseAddress(u.Email); wrong != nil {
		err = checked(err, invalid("email: not an address"))
	}
	if err := checked(err, required("password", u.Password)); err != nil {
		return Registered{}, err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(u.Password), bcrypt.DefaultCost)
	if err != nil {
		return Registered{}, invalid("password: %s", err)
	}
	id := uuid.New()
	if err := s.InsertUser(ctx, s.tx, db.InsertUserParams{ID: id, Email: u.Email, TaxID: u.TaxID, Password: string(hash), At: s.at}); err != nil {
		return Registered{}, err
	}
	phones, documents, err := u.papers()
	if err != nil {
		return Registered{}, err
	}
	if err := s.InsertParty(ctx, s.tx, db.InsertPartyParams{
		ID: id, FirstName: u.FirstName, LastName: u.LastName, SecondName: u.SecondName, BirthDate: born, Gender: u.Gender,
		TaxID: u.TaxID, NoTaxID: u.TaxID == nil, Phones: phones, Documents: documents, By: s.SystemUser, At: s.at,
	}); err != nil {
		return Registered{}, err
	}
	if err := s.InsertPartyUser(ctx, s.tx, db.InsertPartyUserParams{ID: uuid.New(), UserID: id, PartyID: id, At: s.at}); err != nil {
		return Registered{}, err
	}
	added := Registered{ID: id, Kind: KindUser, Name: u.Email}
	for i, e := range u.Employees {
		employee := RegisteredEmployee{ID: uuid.New(), LegalEntityID: e.LegalEntityID, EmployeeType: e.EmployeeType}
		if err := e.register(ctx, s, id, employee.ID); err != nil {
			return Registered{}, fmt.Errorf("employees[%d]: %w", i, err)
		}
		added.Employees = append(added.Employees, employee)
	}
	return added, nil
}

// papers are the phone and the documents of a user, as a party keeps them.
func (u User) papers() (phones, documents json.RawMessage, err error) {
	if u.PhoneNumber != "" {
		if err := matches("phone_number", u.PhoneNumber, phone); err != nil {
			return nil, nil, err
		}
		if phones, err = json.Marshal([]map[string]string{{"type": "MOBILE", "number": u.PhoneNumber}}); err != nil {
			return nil, nil, fmt.Errorf("encode the phone: %w", err)
		}
	}
	for i, d := range u.Documents {
		if _, err := d.check(i); err != nil {
			return nil, nil, err
		}
	}
	if len(u.Documents) > 0 {
		if documents, err = json.Marshal(u.Documents); err != nil {
			return nil, nil, fmt.Errorf("encode the documents: %w", err)
		}
	}
	return phones, documents, nil
}

func (e Employee) register(ctx context.Context, s *session, user, id uuid.UUID) error {
	if err := required("employee_type", e.EmployeeType); err != nil {
		return err
	}
	position := e.Position
	if position == "" {
		position = "P1"
	}
	speciality := e.Speciality
	if speciality == "" && e.EmployeeType == "DOCTOR" {
		speciality = "FAMILY_DOCTOR"
	}
	if err := s.InsertEmployee(ctx, s.tx, db.InsertEmployeeParams{
		ID: id, PartyID: user, LegalEntityID: e.LegalEntityID, EmployeeType: e.EmployeeType, Position: position, Speciality: speciality,
		StartDate: s.at, By: s.SystemUser, At: s.at,
	}); err != nil {
		return err
	}
	roles, err := s.ListRoles(ctx, s.tx)
	if err != nil {
		return err
	}
	ids, known := map[string]uuid.UUID{}, []string{}
	for _, r := range roles {
		ids[r.Name] = r.ID
		known = append(known, r.Name)
	}
	for _, name := range e.Roles {
		if err := oneOf("roles", name, known...); err != nil {
			return err
		}
		if err := s.InsertUserRole(ctx, s.tx, db.InsertUserRoleParams{ID: uuid.New(), UserID: user, RoleID: ids[name], ClientID: e.LegalEntityID, At: s.at}); err != nil {
			return err
		}
	}
	return nil
}

// Person is a patient, or somebody who confirms for one.
type Person struct {
	Human
	UNZR                  *string    `json:"unzr"`
	Documents             []Document `json:"documents"`
	AuthenticationMethods []Method   `json:"authentication_methods"`
}

// Document proves who a person is.
type Document struct {
	Type     string `json:"type"`
	Number   string `json:"number"`
	IssuedBy string `json:"issued_by"`
	IssuedAt string `json:"issued_at"`
}

func (d Document) check(i int) (issued time.Time, err error) {
	field := func(name string) string { return fmt.Sprintf("documents[%d].%s", i, name) }
	issued, err = date(field("issued_at"), d.IssuedAt)
	return issued, checked(required(field("type"), d.Type), required(field("number"), d.Number), required(field("issued_by"), d.IssuedBy), err)
}

// Method is a way in which a person confirms.
type Method struct {
	Type        string     `json:"type"` // OTP, OFFLINE, THIRD_PERSON or NA
	PhoneNumber *string    `json:"phone_number"`
	Value       *uuid.UUID `json:"value"` // of THIRD_PERSON: the person who confirms
	Alias       *string    `json:"alias"`
}

var phone = regexp.MustCompile(`^\+38[0-9]{10}$`)

func (p Person) register(ctx context.Context, s *session) (Registered, error) {
	born, err := p.check()
	if err != nil {
		return Registered{}, err
	}
	id := uuid.New()
	if err := s.InsertPerson(ctx, s.tx, db.InsertPersonParams{
		ID: id, FirstName: p.FirstName, LastName: p.LastName, SecondName: p.SecondName, BirthDate: born, Gender: p.Gender,
		TaxID: p.TaxID, NoTaxID: p.TaxID == nil, Unzr: p.UNZR, By: s.SystemUser, At: s.at,
	}); err != nil {
		return Registered{}, err
	}
	for i, d := range p.Documents {
		issued, err := d.check(i)
		if err != nil {
			return Registered{}, err
		}
		if err := s.InsertPersonDocument(ctx, s.tx, db.InsertPersonDocumentParams{
			PersonID: id, Type: d.Type, Number: d.Number, IssuedBy: d.IssuedBy, IssuedAt: issued,
		}); err != nil {
			return Registered{}, err
		}
	}
	for i, m := range p.AuthenticationMethods {
		if m.Type == "OTP" && (m.PhoneNumber == nil || !phone.MatchString(*m.PhoneNumber)) {
			return Registered{}, invalid("authentication_methods[%d].phone_number: not a number such as +380931234567", i)
		}
		if err := s.InsertPersonMethod(ctx, s.tx, db.InsertPersonMethodParams{
			ID: uuid.New(), PersonID: id, Type: m.Type, PhoneNumber: m.PhoneNumber, Value: m.Value, Alias: m.Alias, At: s.at, By: s.SystemUser,
		}); err != nil {
			return Registered{}, err
		}
	}
	return Registered{ID: id, Kind: KindPerson, Name: strings.TrimSpace(p.LastName + " " + p.FirstName)}, nil
}

// checked is the first refusal.
func checked(checks ...error) error {
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

func date(field, value string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return day, invalid("%s: not a date such as 1985-07-05", field)
	}
	return day, nil
}

func required(field, value string) error {
	if strings.TrimSpace(value) == "" {
		return invalid("%s: required", field)
	}
	return nil
}

func matches(field, value string, pattern *regexp.Regexp) error {
	if !pattern.MatchString(value) {
		return invalid("%s: does not match %s", field, pattern)
	}
	return nil
}

func redirect(uri string) error {
	if !strings.HasPrefix(uri, "https://") {
		return invalid("redirect_uri: does not begin with https://")
	}
	return nil
}

func oneOf(field, value string, values ...string) error {
	if !slices.Contains(values, value) {
		return invalid("%s: %q is none of %s", field, value, strings.Join(values, ", "))
	}
	return nil
}
