// Package config reads the server's settings from the environment. Names are
// those of the documents where they have one; docs/configuration.md is made
// from this struct.
package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/google/uuid"

	"esoz/gen/rules"
)

// Config holds every setting. The doc tag says what it is for and in which
// unit; envDefault is what holds when the variable is not set; start:"only"
// marks what a running server does not read again.
type Config struct {
	// Addresses and processes.
	ListenAddr      string        `env:"LISTEN_ADDR" start:"only" envDefault:"127.0.0.1:8080" doc:"address of the public API"`
	AdminAddr       string        `env:"ADMIN_ADDR" start:"only" envDefault:"127.0.0.1:9090" doc:"address of metrics, health and pprof; off: none"`
	PublicBaseURL   string        `env:"PUBLIC_BASE_URL" envDefault:"http://127.0.0.1:8080" doc:"scheme and host printed in meta.url"`
	RequestTimeout  time.Duration `env:"REQUEST_TIMEOUT" envDefault:"10s" doc:"deadline of a request; past it the answer is 503, or 504 when a change was under way"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" start:"only" envDefault:"15s" doc:"how long a stop waits for requests and jobs under way"`
	MaxBodyBytes    int64         `env:"MAX_BODY_BYTES" envDefault:"1048576" doc:"largest request body, bytes; a larger one is refused with 413"`
	LogLevel        LogLevel      `env:"LOG_LEVEL" start:"only" envDefault:"info" doc:"debug, info, warn or error"`
	LogFormat       LogFormat     `env:"LOG_FORMAT" start:"only" envDefault:"auto" doc:"json, text, or auto: text on a terminal, JSON elsewhere"`

	// Engines.
	DatabaseURL      Secret        `env:"DATABASE_URL,required,notEmpty" start:"only" doc:"connection string of PostgreSQL 15 or newer"`
	DatabaseMaxConns int32         `env:"DATABASE_MAX_CONNS" start:"only" envDefault:"0" doc:"size of the connection pool; 0: eight per core"`
	MongoURL         Secret        `env:"MONGO_URL,required,notEmpty" start:"only" doc:"connection string of MongoDB 6 or newer, or of FerretDB 2"`
	FerretDB1        FerretDB1Mode `env:"FERRETDB1" start:"only" doc:"unsafe: single_process lets the server use FerretDB 1 through one connection (maxPoolSize=1 in MONGO_URL); a status can change twice when a second process uses the database. Empty: the server refuses FerretDB 1"`
	MongoDatabase    string        `env:"MONGO_DATABASE" start:"only" envDefault:"medical_events" doc:"database of the medical events"`
	EngineTimeout    time.Duration `env:"ENGINE_TIMEOUT" start:"only" envDefault:"3s" doc:"longest wait for MongoDB"`

	// Keys.
	ServerKey        Secret    `env:"SERVER_KEY,required,notEmpty" start:"only" doc:"32 bytes in hex: seals texts and hashes one-time codes"`
	PersonPKKey      Secret    `env:"PERSON_PK_KEYPHRASE,required,notEmpty" start:"only" doc:"16 bytes in hex: hides the patient's id in medical events"`
	SystemUser       uuid.UUID `env:"EHEALTH_SYSTEM_USER" start:"only" envDefault:"4261eacf-8008-4e62-899f-de1e2f7065f0" doc:"user id of what no request has written"`
	TwilioAccountSID string    `env:"TWILIO_ACCOUNT_SID" start:"only" doc:"account of the SMS provider twilio"`
	TwilioAuthToken  Secret    `env:"TWILIO_AUTH_TOKEN" start:"only" doc:"secret of the SMS provider twilio"`
	TwilioFrom       string    `env:"TWILIO_FROM" start:"only" doc:"sender number of the SMS provider twilio"`

	// Gateway.
	GatewayAPIKey      APIKeyMode     `env:"GATEWAY_API_KEY" envDefault:"required" doc:"header API-key of broker clients: off, when_sent or required"`
	GatewayPSK         []Secret       `env:"GATEWAY_PSK" doc:"allowed values of X-Custom-PSK, comma-separated; empty: not checked"`
	RateLimitPerMinute int            `env:"RATE_LIMIT_PER_MINUTE" envDefault:"0" doc:"requests per token and operation in a minute, per client address where no token is wanted; 0: no limit"`
	TrustedProxies     []netip.Prefix `env:"TRUSTED_PROXIES" start:"only" doc:"networks of reverse proxies, comma-separated (10.0.0.0/8), whose X-Forwarded-For tells the client's address; empty: the address of the connection counts"`
	CORSOrigins        []string       `env:"CORS_ORIGINS" doc:"web origins whose pages may call the API, comma-separated (https://mis.example.com), or *; empty: none, because the API-key is the secret of a server and has no place in a browser"`
	IdempotencyHours   int            `env:"IDEMPOTENCY_TTL_HOURS" envDefault:"24" doc:"how long the answer to a request with an idempotency key is kept, hours"`
	MaxPageSize        int            `env:"MAX_PAGE_SIZE" envDefault:"300" doc:"largest page; a larger page_size is lowered to it"`
	Rules              Switches       `env:"RULES" doc:"rules to switch, comma-separated: +id on, -id off; docs/divergences.md says which can be switched"`

	// OAuth.
	AuthCodeLifetime      int `env:"AUTH_CODE_GRANT_LIFETIME" envDefault:"300" doc:"life of an authorization code, seconds"`
	AccessTokenLifetime   int `env:"AUTH_ACCESS_TOKEN_LIFETIME" envDefault:"2592000" doc:"life of an access token, seconds"`
	RefreshTokenLifetime  int `env:"AUTH_REFRESH_TOKEN_LIFETIME" envDefault:"2592000" doc:"life of a refresh token, seconds"`
	PasswordExpiration    int `env:"PASSWORD_EXPIRATION_DAYS" envDefault:"90" doc:"age at which a password expires, days"`
	MaxFailedLogins       int `env:"MAX_FAILED_LOGINS" envDefault:"10" doc:"wrong passwords before logins are refused"`
	MaxFailedLoginsPeriod int `env:"MAX_FAILED_LOGINS_PERIOD" envDefault:"10" doc:"period in which wrong passwords are counted, minutes"`

	// Parties and legal entities.
	BlockUnverifiedParty   bool           `env:"BLOCK_UNVERIFIED_PARTY_USERS" envDefault:"false" doc:"refuse users whose party is not verified"`
	UnverifiedPartyDays    int            `env:"UNVERIFIED_PARTY_PERIOD_DAYS_ALLOWED" envDefault:"30" doc:"period of the unverified-party check, days"`
	UnverifiedPartyCompare PeriodOperator `env:"UNVERIFIED_PARTY_PERIOD_OPERATOR" envDefault:"seed" doc:"when a party that is not verified passes: seed: last changed at least so many days ago, as the page of Create Division prints it; grace: changed within them, as newer pages do"`
	MedicalEventsLETypes   []string       `env:"ME_ALLOWED_TRANSACTIONS_LE_TYPES" envDefault:"PRIMARY_CARE,OUTPATIENT,EMERGENCY,MSP,MSP_PHARMACY" doc:"legal entity types that may work with medical events"`

	// Divisions.
	MSPDivisionTypes         []string      `env:"LEGAL_ENTITY_MSP_DIVISION_TYPES" envDefault:"CLINIC,AMBULANT_CLINIC,FAP" doc:"division types of an MSP"`
	PharmacyDivisionTypes    []string      `env:"LEGAL_ENTITY_PHARMACIST_DIVISION_TYPES" envDefault:"DRUGSTORE,DRUGSTORE_POINT" doc:"division types of a PHARMACY"`
	MSPPharmacyDivisionTypes []string      `env:"LEGAL_ENTITY_MSP_PHARMACY_DIVISION_TYPES" envDefault:"CLINIC,AMBULANT_CLINIC,FAP,DRUGSTORE,DRUGSTORE_POINT" doc:"division types of an MSP_PHARMACY"`
	PrimaryCareDivisionTypes []string      `env:"LEGAL_ENTITY_PRIMARY_CARE_DIVISION_TYPES" envDefault:"CLINIC,AMBULANT_CLINIC,FAP" doc:"division types of a PRIMARY_CARE"`
	OutpatientDivisionTypes  []string      `env:"LEGAL_ENTITY_OUTPATIENT_DIVISION_TYPES" envDefault:"LICENSED_UNIT,CLINIC,AMBULANT_CLINIC,FAP" doc:"division types of an OUTPATIENT"`
	EmergencyDivisionTypes   []string      `env:"LEGAL_ENTITY_EMERGENCY_DIVISION_TYPES" envDefault:"LICENSED_UNIT" doc:"division types of an EMERGENCY"`
	DivisionAddressTypes     AddressMatrix `env:"DIVISION_ADDRESS_TYPES" envDefault:"*/*=RESIDENCE!,REGISTRATION;OUTPATIENT/*=RESIDENCE!,REGISTRATION,RECEPTION" envSeparator:"" doc:"address types by LEGAL_ENTITY_TYPE/DIVISION_TYPE, an exclamation mark after a required one; the most specific line holds"`

	// Dictionaries.
	BigDictionaries []string `env:"BIG_DICTIONARIES" doc:"dictionaries left out of a list that names none, comma-separated"`

	// One-time codes and SMS.
	OTPCodeLength          int         `env:"OTP_CODE_LENGTH" envDefault:"4" doc:"digits of a one-time code, the check digit among them"`
	OTPCodeText            string      `env:"OTP_CODE_TEXT" envDefault:"Код авторизації дій в системі eHealth: " doc:"text of the SMS, before the code"`
	CodeExpirationMinutes  int         `env:"CODE_EXPIRATION_PERIOD_MINUTES" envDefault:"15" doc:"life of a one-time code, minutes (the national production system: 5)"`
	MaxAttempts            int         `env:"MAX_ATTEMPTS" envDefault:"3" doc:"tries to enter a one-time code"`
	InitVerificationLimit  int         `env:"INIT_VERIFICATION_LIMIT" envDefault:"0" doc:"shortest time between two codes to one phone, seconds; 0: no limit"`
	OTPPhoneLimit          int         `env:"OTP_PHONE_LIMIT" envDefault:"10" doc:"codes that are sent to one phone in an hour, counted from the first of them; 0: no limit. Ten leave room for several documents of a family that shares a phone"`
	OTPResourceLimit       int         `env:"OTP_RESOURCE_LIMIT" envDefault:"10" doc:"codes that are sent again for one approval or declaration request in VALIDATIONS_EXPIRATION_PERIOD_DAYS, which is longer than either waits for one; 0: no limit. With three tries for a code, these ten leave a guesser a chance of 4 %; codes that other requests send to the phone come on top"`
	OTPLegalEntityLimit    int         `env:"OTP_LEGAL_ENTITY_DAILY_LIMIT" envDefault:"10000" doc:"codes that one legal entity has sent in 24 hours, counted from the first of them; 0: no limit. Ten thousand are more than a large hospital needs, and bound what SMS cost when a token is abused"`
	ValidationsExpiration  int         `env:"VALIDATIONS_EXPIRATION_PERIOD_DAYS" envDefault:"30" doc:"age at which verifications and logged SMS are deleted, days"`
	DeactivatorSchedule    Schedule    `env:"DEACTIVATOR_SCHEDULE" start:"only" envDefault:"* * * * *" doc:"cron: expire verifications past their time"`
	TerminatorSchedule     Schedule    `env:"TERMINATOR_SCHEDULE" start:"only" envDefault:"*/15 * * * *" doc:"cron: delete old verifications"`
	SMSProvider            SMSProvider `env:"SMS_PROVIDER" start:"only" envDefault:"log" doc:"log (kept in sms_logs only) or twilio"`
	ConfidantRelationships bool        `env:"THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK" envDefault:"false" doc:"a third person must be in an approved confidant relationship with the patient"`

	// Approvals, jobs, events.
	ApprovalResendMode       Mode     `env:"APPROVAL_RESEND_MODE" envDefault:"async" doc:"Resend SMS on Approval: async answers 202 with a job, sync 201 with the approval"`
	ApprovalTTLHours         int      `env:"APPROVAL_TTL_HOURS" envDefault:"12" doc:"age at which unverified approvals are deleted, hours"`
	ApprovalsCleanupSchedule Schedule `env:"APPROVALS_CLEANUP_SCHEDULE" start:"only" envDefault:"20 0 * * *" doc:"cron: delete unverified approvals"`
	JobETASeconds            int      `env:"JOB_ETA_SECONDS" envDefault:"600" doc:"eta of a new job: now plus so many seconds"`
	JobTTLDays               int      `env:"JOB_TTL_DAYS" envDefault:"7" doc:"age at which ended jobs are deleted, days"`
	JobsCleanupSchedule      Schedule `env:"JOBS_CLEANUP_SCHEDULE" start:"only" envDefault:"40 0 * * *" doc:"cron: delete ended jobs"`
	EventsMaxPeriodHours     int      `env:"EVENTS_LIST_MAX_PERIOD_HOURS" envDefault:"3" doc:"longest period that a list of events may ask for, hours"`
	MaxEvents                int      `env:"MAX_EVENTS" envDefault:"10000" doc:"number of events kept"`
	EventsExpiration         int      `env:"EVENTS_EXPIRATION" envDefault:"30" doc:"age at which events are deleted, days"`
	EventsCleanupSchedule    Schedule `env:"EVENTS_TERMINATION_SCHEDULE" start:"only" envDefault:"* 0-4 * * *" doc:"cron: delete old events"`
}

// AdminOff is the value of ADMIN_ADDR that stands for no address.
const AdminOff = "off"

// Load reads the settings from environ (as os.Environ gives it) and reports
// every fault at once.
func Load(environ []string) (*Config, error) {
	return load(env.ToMap(environ))
}

func load(vars map[string]string) (*Config, error) {
	cfg := new(Config)
	err := env.ParseWithOptions(cfg, env.Options{Environment: vars})
	faults, failed := named(err)
	for _, err := range cfg.validate() {
		// What could not be read is told once.
		if name, _, _ := strings.Cut(err.Error(), ":"); !failed[name] {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return cfg, nil
}

// named splits what the parser says and names variables in place of fields.
func named(err error) (faults []error, failed map[string]bool) {
	failed = map[string]bool{}
	var all env.AggregateError
	if !errors.As(err, &all) {
		if err != nil {
			faults = append(faults, err)
		}
		return faults, failed
	}
	for _, err := range all.Errors {
		var parse env.ParseError
		if errors.As(err, &parse) {
			for _, f := range Fields() {
				if f.field == parse.Name {
					failed[f.Name] = true
					err = fmt.Errorf("%s: %w", f.Name, parse.Err)
				}
			}
		}
		faults = append(faults, err)
	}
	return faults, failed
}

// With returns a copy with some variables set anew, checked as at the start.
// Unknown names are refused. The sandbox uses it.
func (c *Config) With(vars map[string]string) (*Config, error) {
	known := map[string]bool{}
	for _, f := range Fields() {
		known[f.Name] = true
	}
	var unknown []error
	for name := range vars {
		if !known[name] {
			unknown = append(unknown, fmt.Errorf("%s: no such setting", name))
		}
	}
	if len(unknown) > 0 {
		slices.SortFunc(unknown, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return nil, errors.Join(unknown...)
	}
	fresh, err := load(withRequired(c, vars))
	if err != nil {
		return nil, err
	}
	merged := *c
	to, from := reflect.ValueOf(&merged).Elem(), reflect.ValueOf(fresh).Elem()
	for _, f := range Fields() {
		if _, set := vars[f.Name]; set {
			to.FieldByName(f.field).Set(from.FieldByName(f.field))
		}
	}
	return &merged, nil
}

// withRequired adds c's values of the required variables, which vars seldom names.
func withRequired(c *Config, vars map[string]string) map[string]string {
	all := map[string]string{
		"DATABASE_URL": string(c.DatabaseURL), "MONGO_URL": string(c.MongoURL),
		"SERVER_KEY": string(c.ServerKey), "PERSON_PK_KEYPHRASE": string(c.PersonPKKey),
		"TWILIO_ACCOUNT_SID": c.TwilioAccountSID, "TWILIO_AUTH_TOKEN": string(c.TwilioAuthToken), "TWILIO_FROM": c.TwilioFrom,
	}
	for name, value := range vars {
		all[name] = value
	}
	return all
}

func (c *Config) validate() []error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	isHex := func(s Secret, bytes int) bool {
		raw, err := hex.DecodeString(string(s))
		return err == nil && len(raw) == bytes
	}
	if c.ServerKey != "" {
		check(isHex(c.ServerKey, 32), "SERVER_KEY: want 32 bytes in hex")
	}
	if c.PersonPKKey != "" {
		check(isHex(c.PersonPKKey, 16), "PERSON_PK_KEYPHRASE: want 16 bytes in hex")
	}
	base, err := url.Parse(c.PublicBaseURL)
	check(err == nil && (base.Scheme == "http" || base.Scheme == "https") && base.Host != "", "PUBLIC_BASE_URL: want http(s)://host")
	for _, n := range []struct {
		name       string
		value, min int
	}{
		{"MAX_PAGE_SIZE", c.MaxPageSize, 1},
		{"RATE_LIMIT_PER_MINUTE", c.RateLimitPerMinute, 0},
		{"IDEMPOTENCY_TTL_HOURS", c.IdempotencyHours, 1},
		{"AUTH_CODE_GRANT_LIFETIME", c.AuthCodeLifetime, 1},
		{"AUTH_ACCESS_TOKEN_LIFETIME", c.AccessTokenLifetime, 1},
		{"AUTH_REFRESH_TOKEN_LIFETIME", c.RefreshTokenLifetime, 1},
		{"PASSWORD_EXPIRATION_DAYS", c.PasswordExpiration, 1},
		{"MAX_FAILED_LOGINS", c.MaxFailedLogins, 1},
		{"MAX_FAILED_LOGINS_PERIOD", c.MaxFailedLoginsPeriod, 1},
		{"UNVERIFIED_PARTY_PERIOD_DAYS_ALLOWED", c.UnverifiedPartyDays, 0},
		{"CODE_EXPIRATION_PERIOD_MINUTES", c.CodeExpirationMinutes, 1},
		{"MAX_ATTEMPTS", c.MaxAttempts, 1},
		{"INIT_VERIFICATION_LIMIT", c.InitVerificationLimit, 0},
		{"OTP_PHONE_LIMIT", c.OTPPhoneLimit, 0},
		{"OTP_RESOURCE_LIMIT", c.OTPResourceLimit, 0},
		{"OTP_LEGAL_ENTITY_DAILY_LIMIT", c.OTPLegalEntityLimit, 0},
		{"VALIDATIONS_EXPIRATION_PERIOD_DAYS", c.ValidationsExpiration, 1},
		{"APPROVAL_TTL_HOURS", c.ApprovalTTLHours, 1},
		{"JOB_ETA_SECONDS", c.JobETASeconds, 0},
		{"JOB_TTL_DAYS", c.JobTTLDays, 1},
		{"EVENTS_LIST_MAX_PERIOD_HOURS", c.EventsMaxPeriodHours, 1},
		{"MAX_EVENTS", c.MaxEvents, 1},
		{"EVENTS_EXPIRATION", c.EventsExpiration, 1},
		{"MAX_BODY_BYTES", int(c.MaxBodyBytes), 1},
	} {
		check(n.value >= n.min, "%s: want at least %d", n.name, n.min)
	}
	check(c.OTPCodeLength >= 2 && c.OTPCodeLength <= 9, "OTP_CODE_LENGTH: want 2 to 9")
	check(c.MaxPageSize <= 300, "MAX_PAGE_SIZE: want at most 300, as the contract says")
	check(c.DatabaseMaxConns >= 0, "DATABASE_MAX_CONNS: want at least 0")
	check(c.RequestTimeout > 0, "REQUEST_TIMEOUT: want more than 0")
	check(c.ShutdownTimeout > 0, "SHUTDOWN_TIMEOUT: want more than 0")
	check(c.EngineTimeout > 0, "ENGINE_TIMEOUT: want more than 0")
	for name, address := range map[string]string{"LISTEN_ADDR": c.ListenAddr, "ADMIN_ADDR": c.AdminAddr} {
		_, _, err := net.SplitHostPort(address)
		check(err == nil || name == "ADMIN_ADDR" && address == AdminOff, "%s: want host:port", name)
	}
	for _, origin := range c.CORSOrigins {
		u, err := url.Parse(origin)
		check(origin == "*" || err == nil && u.Scheme+"://"+u.Host == origin && u.Hostname() != "", "CORS_ORIGINS: want scheme://host[:port] or *, not %q", origin)
	}
	if c.SMSProvider == SMSTwilio {
		check(c.TwilioAccountSID != "" && c.TwilioAuthToken != "" && c.TwilioFrom != "",
			"SMS_PROVIDER=twilio: want TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM")
	}
	return errs
}

// On tells whether a rule is checked: its default unless RULES switches it.
func (c *Config) On(id rules.ID) bool {
	if on, switched := c.Rules[id]; switched {
		return on
	}
	rule, _ := rules.Get(id)
	return !rule.Off
}

// InForce tells whether a rule can refuse at all: it is on, and the setting that
// it waits for is set.
func (c *Config) InForce(id rules.ID) bool {
	rule, _ := rules.Get(id)
	switch {
	case !c.On(id):
		return false
	case id == rules.GatewayAPIKeyMissing:
		return c.GatewayAPIKey == APIKeyRequired
	case rule.Flag == "GATEWAY_API_KEY":
		return c.GatewayAPIKey != APIKeyOff
	}
	field, flagged := fieldIndex()[rule.Flag]
	return !flagged || !reflect.ValueOf(c).Elem().Field(field).IsZero()
}

// fieldIndex finds the field of a setting by its name.
var fieldIndex = sync.OnceValue(func() map[string]int {
	index := map[string]int{}
	for i, f := range Fields() {
		index[f.Name] = i
	}
	return index
})

// DivisionTypes returns the division types that a legal entity of the type may have.
func (c *Config) DivisionTypes(legalEntityType string) []string {
	switch legalEntityType {
	case "MSP":
		return c.MSPDivisionTypes
	case "PHARMACY":
		return c.PharmacyDivisionTypes
	case "MSP_PHARMACY":
		return c.MSPPharmacyDivisionTypes
	case "PRIMARY_CARE":
		return c.PrimaryCareDivisionTypes
	case "OUTPATIENT":
		return c.OutpatientDivisionTypes
	case "EMERGENCY":
		return c.EmergencyDivisionTypes
	}
	return nil
}

// Live is a configuration that the sandbox may replace while requests run.
type Live struct{ current atomic.Pointer[Config] }

// NewLive starts from cfg.
func NewLive(cfg *Config) *Live {
	l := new(Live)
	l.current.Store(cfg)
	return l
}

// Get returns the configuration of this moment. A request reads it once per use
// and never keeps it.
func (l *Live) Get() *Config { return l.current.Load() }

// Set replaces the configuration.
func (l *Live) Set(cfg *Config) { l.current.Store(cfg) }

// Field describes one setting for the documentation.
type Field struct {
	Name, Default, Doc string
	Required           bool
	StartOnly          bool // read at the start; the sandbox cannot change it
	field              string
}

// Fields lists the settings in the order of Config.
func Fields() []Field {
	t := reflect.TypeFor[Config]()
	fields := make([]Field, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		name, flags, _ := strings.Cut(f.Tag.Get("env"), ",")
		fields = append(fields, Field{
			Name: name, Default: f.Tag.Get("envDefault"), Doc: f.Tag.Get("doc"),
			Required: strings.Contains(flags, "required"), StartOnly: f.Tag.Get("start") == "only", field: f.Name,
		})
	}
	return fields
}
