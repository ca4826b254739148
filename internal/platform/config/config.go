// Package config reads the server's settings from the environment. A setting has
// the name that the national system's documents give it, if they do.
// docs/configuration.md is generated from Config.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
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

// Config holds every setting. The doc tag names purpose and unit, envDefault is
// the value of an unset variable, min and max bound a number or a time, and start:"only" marks settings that a running
// server does not read again.
type Config struct {
	// Addresses and processes.
	ListenAddr      string        `env:"LISTEN_ADDR" start:"only" envDefault:"127.0.0.1:8080" doc:"Address of the public API"`
	AdminAddr       string        `env:"ADMIN_ADDR" start:"only" envDefault:"127.0.0.1:9090" doc:"Address of metrics, health and profiles (pprof). off: not served"`
	AllowedHosts    []string      `env:"ALLOWED_HOSTS" start:"only" doc:"Host names that requests to ADMIN_ADDR and to a sandbox may use, comma-separated, besides localhost, addresses, the host they listen on and that of PUBLIC_BASE_URL. Other names are refused, because a page whose name leads here would read what it asks for (DNS rebinding)"`
	PublicBaseURL   string        `env:"PUBLIC_BASE_URL" envDefault:"http://127.0.0.1:8080" doc:"Scheme and host printed in meta.url"`
	RequestTimeout  time.Duration `env:"REQUEST_TIMEOUT" envDefault:"10s" min:"1ns" max:"1m" doc:"Deadline of a request. After it the answer is 503, or 504 when a change may have been made; 400 when the body has not come"`
	MaxUnderWay     int           `env:"MAX_REQUESTS_UNDER_WAY" envDefault:"1000" min:"0" max:"1000000" doc:"How many requests are answered at once. Beyond them the answer is 503. 0: no limit"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" start:"only" envDefault:"15s" min:"1ms" max:"1h" doc:"How long shutdown waits for running requests and jobs"`
	ShutdownDelay   time.Duration `env:"SHUTDOWN_DELAY" start:"only" envDefault:"5s" min:"0s" max:"10m" doc:"How long a server that was asked to stop goes on to serve while /readyz answers 503, so that proxies send requests elsewhere. Longer than their health checks need. In the sandbox 0s"`
	MaxBodyBytes    int64         `env:"MAX_BODY_BYTES" envDefault:"1048576" min:"1" max:"104857600" doc:"Largest request body in bytes. A larger body is refused with 413"`
	LogLevel        LogLevel      `env:"LOG_LEVEL" start:"only" envDefault:"info" doc:"debug, info, warn or error"`
	LogFormat       LogFormat     `env:"LOG_FORMAT" start:"only" envDefault:"auto" doc:"json, text or auto. auto writes text to a terminal and JSON elsewhere"`

	// Engines.
	DatabaseURL      Secret        `env:"DATABASE_URL,required,notEmpty" start:"only" doc:"Connection string of PostgreSQL 15 or newer. With several hosts and target_session_attrs=read-write the primary among them is used"`
	DatabaseMaxConns int32         `env:"DATABASE_MAX_CONNS" start:"only" envDefault:"0" min:"0" max:"10000" doc:"Size of the connection pool. 0: eight per core"`
	DatabaseListen   bool          `env:"DATABASE_LISTEN" start:"only" envDefault:"true" doc:"Whether servers learn of new jobs and SMS by LISTEN. false: they look for them each second. Set it to false behind a pooler in transaction mode"`
	ReplicaURL       Secret        `env:"DATABASE_REPLICA_URL" start:"only" doc:"Connection string of a replica of PostgreSQL for lists of divisions, declaration requests and events, which may then lag behind. No check reads from it. While it is away the primary answers. Empty: none"`
	MongoURL         Secret        `env:"MONGO_URL,required,notEmpty" start:"only" doc:"Connection string of MongoDB 6 or newer, or of FerretDB 2"`
	FerretDB1        FerretDB1Mode `env:"FERRETDB1" start:"only" doc:"Unsafe. single_process lets the server use FerretDB 1 through one connection (maxPoolSize=1 in MONGO_URL); a status can change twice if a second process uses the database. Empty: the server refuses FerretDB 1"`
	MongoDatabase    string        `env:"MONGO_DATABASE" start:"only" envDefault:"medical_events" doc:"Database of the medical events"`
	EngineTimeout    time.Duration `env:"ENGINE_TIMEOUT" start:"only" envDefault:"3s" min:"1ms" max:"1m" doc:"Longest wait for MongoDB"`

	// Keys.
	ServerKey        Secret    `env:"SERVER_KEY,required,notEmpty" start:"only" doc:"32 bytes in hex. Seals texts and hashes one-time codes. new,old while the key is changed (docs/security.md, Changing keys)"`
	PersonPKKey      Secret    `env:"PERSON_PK_KEYPHRASE,required,notEmpty" start:"only" doc:"16 bytes in hex. Hides the patient's id in medical events. new,old while the key is changed"`
	SystemUser       uuid.UUID `env:"EHEALTH_SYSTEM_USER" start:"only" envDefault:"4261eacf-8008-4e62-899f-de1e2f7065f0" doc:"User id written where no request made the change"`
	TwilioAccountSID string    `env:"TWILIO_ACCOUNT_SID" start:"only" doc:"Account of the SMS provider twilio"`
	TwilioAuthToken  Secret    `env:"TWILIO_AUTH_TOKEN" start:"only" doc:"Secret of the SMS provider twilio"`
	TwilioFrom       string    `env:"TWILIO_FROM" start:"only" doc:"Sender number of the SMS provider twilio"`

	// Gateway.
	GatewayAPIKey      APIKeyMode      `env:"GATEWAY_API_KEY" envDefault:"required" doc:"Check of the header API-key of broker clients: off, when_sent or required"`
	GatewayPSK         []Secret        `env:"GATEWAY_PSK" doc:"Allowed values of X-Custom-PSK, comma-separated. Empty: not checked"`
	RateLimitPerMinute int             `env:"RATE_LIMIT_PER_MINUTE" envDefault:"0" min:"0" max:"1000000" doc:"Requests per minute for each token and operation. Operations without a token count per client address, and so do unknown tokens. 0: no limit"`
	TrustedProxies     []netip.Prefix  `env:"TRUSTED_PROXIES" start:"only" doc:"Networks of reverse proxies, comma-separated (10.0.0.0/8). The client's address is taken from their X-Forwarded-For. Empty: the address of the connection counts"`
	CORSOrigins        []string        `env:"CORS_ORIGINS" doc:"Web origins whose pages may call the API, comma-separated (https://mis.example.com), or *. Empty: none, because the API-key is the secret of a server and does not belong in a browser"`
	Idempotency        IdempotencyMode `env:"IDEMPOTENCY" envDefault:"echo" doc:"What a request with an idempotency key gets. echo: the key is repeated in meta, and the request is carried out, as in the national system. replay: the request is carried out once, and a repetition gets the first answer"`
	IdempotencyHours   int             `env:"IDEMPOTENCY_TTL_HOURS" envDefault:"24" min:"1" max:"87600" doc:"How long IDEMPOTENCY=replay keeps an answer, in hours"`
	MaxPageSize        int             `env:"MAX_PAGE_SIZE" envDefault:"300" min:"1" max:"300" doc:"Largest page. A larger page_size is lowered to it"`
	Rules              Switches        `env:"RULES" doc:"Rules to switch, comma-separated: +id switches on, -id off. docs/divergences.md lists the rules that can be switched"`

	// What the documents say against what the running system does (decisions R31).
	Reading            Reading `env:"READING" envDefault:"documented" doc:"Where documents and the running national system differ: documented follows the documents, live the system. The seven settings after this one switch one point each and take the same values; empty: as READING says"`
	ResendOTPStatus    Reading `env:"RESEND_OTP_STATUS" doc:"status in the answer of resend_otp. documented: NEW. live: new"`
	JobLinks           Reading `env:"JOB_LINKS" doc:"Link to a job in an answer. documented: /api/jobs/{id}. live: /jobs/{id}. Both are always served"`
	CityAreaNames      Reading `env:"CITY_AREA_NAMES" doc:"Names of Київ and Севастополь as regions in answers of the address methods. documented: as the codifier has them. live: М.КИЇВ, М.СЕВАСТОПОЛЬ"`
	UserReadScope      Reading `env:"USER_READ_SCOPE" doc:"Scope of GET /oauth/user. documented: user:read. live: none, any access token will do"`
	VerificationStatus Reading `env:"VERIFICATION_STATUS" doc:"Status and meta.code of POST /api/verifications. documented: 200. live: 201"`
	AsyncChecks        Reading `env:"ASYNC_CHECKS" doc:"Where an asynchronous operation makes the checks that come after the schema of the body. documented: in the request, which gets the status of a refusal. live: in the job, after 202. Resend SMS on Approval, Release and Stop always check in the request, as their pages say"`
	SignedBodyFields   Reading `env:"SIGNED_BODY_FIELDS" doc:"Fields that the method does not have, beside signed content in a body. documented: refused where the schema refuses them. live: ignored; live clients send signed_data_encoding and explanatory_letter"`

	// Signed content.
	Signature      SignatureMode `env:"SIGNATURE" envDefault:"cms" doc:"Form of signed content. cms: CMS containers. plain: base64 of JSON, the signer in the headers drfo, edrpou, surname, given_name and msp_drfo, or else the owner of the token. auto: either. esoz serve takes cms only"`
	SignatureTrust bool          `env:"SIGNATURE_TRUST" envDefault:"true" doc:"Check issuer, time stamp, validity and revocation of certificates, unless RULES says otherwise. Nothing is fetched: the container and SIGNATURE_ROOTS_FILE must have it. Content, signature and signer are always checked"`
	SignatureRoots Authorities   `env:"SIGNATURE_ROOTS_FILE" start:"only" doc:"PEM file: certificates of trusted authorities and of their time-stamping services, and their lists of revoked certificates (X509 CRL)"`
	MaxSignedBytes int           `env:"MAX_SIGNED_CONTENT_BYTES" envDefault:"10485760" min:"1" max:"104857600" doc:"Largest signed content in bytes. More is refused with 413. A body with signed content may have two fifths more, for base64 and certificates, even if MAX_BODY_BYTES is less"`

	// OAuth.
	AuthCodeLifetime      int  `env:"AUTH_CODE_GRANT_LIFETIME" envDefault:"300" min:"1" max:"315360000" doc:"Lifetime of an authorization code, in seconds"`
	AccessTokenLifetime   int  `env:"AUTH_ACCESS_TOKEN_LIFETIME" envDefault:"2592000" min:"1" max:"315360000" doc:"Lifetime of an access token, in seconds"`
	RefreshTokenLifetime  int  `env:"AUTH_REFRESH_TOKEN_LIFETIME" envDefault:"2592000" min:"1" max:"315360000" doc:"Lifetime of a refresh token, in seconds"`
	PasswordExpiration    Days `env:"PASSWORD_EXPIRATION_DAYS" envDefault:"90" min:"1" max:"3650" doc:"Age at which a password expires, in days. never is a value"`
	MaxFailedLogins       int  `env:"MAX_FAILED_LOGINS" envDefault:"10" min:"1" max:"1000000" doc:"Wrong passwords before logins are refused"`
	MaxFailedLoginsPeriod int  `env:"MAX_FAILED_LOGINS_PERIOD" envDefault:"10" min:"1" max:"5256000" doc:"Period in which wrong passwords are counted, in minutes"`

	// Parties and legal entities.
	BlockUnverifiedParty   bool           `env:"BLOCK_UNVERIFIED_PARTY_USERS" envDefault:"false" doc:"Refuse users whose party is not verified"`
	BlockDeceasedParty     bool           `env:"BLOCK_DECEASED_PARTY_USERS" envDefault:"false" doc:"Refuse users whose death the register of civil status has confirmed, where persons are registered"`
	UnverifiedPartyDays    int            `env:"UNVERIFIED_PARTY_PERIOD_DAYS_ALLOWED" envDefault:"30" min:"0" max:"3650" doc:"Period of the unverified-party check, in days"`
	UnverifiedPartyCompare PeriodOperator `env:"UNVERIFIED_PARTY_PERIOD_OPERATOR" envDefault:"seed" doc:"When an unverified party passes. seed: it was last changed at least that many days ago, as the page of Create Division prints it. grace: it was changed within them, as newer pages say"`
	MedicalEventsLETypes   []string       `env:"ME_ALLOWED_TRANSACTIONS_LE_TYPES" envDefault:"PRIMARY_CARE,OUTPATIENT,EMERGENCY,MSP,MSP_PHARMACY" doc:"Legal entity types that may work with medical events"`

	// Declarations.
	DeclarationsSchedule Schedule `env:"DECLARATION_AUTOTERMINATION_SCHEDULE" start:"only" envDefault:"0 0-4 * * *" doc:"Cron: close declarations whose last day is over"`
	PersonalClientTypes  []string `env:"TOKENS_TYPES_PERSONAL" envDefault:"MSP,MSP_LIMITED,MSP_PHARMACY,PRIMARY_CARE,OUTPATIENT,EMERGENCY,PHARMACY" doc:"Client types whose tokens see only what their own legal entity has: its declarations, employees, licenses and services, and itself"`

	// Divisions.
	MSPDivisionTypes         []string      `env:"LEGAL_ENTITY_MSP_DIVISION_TYPES" envDefault:"CLINIC,AMBULANT_CLINIC,FAP" doc:"Division types of an MSP"`
	PharmacyDivisionTypes    []string      `env:"LEGAL_ENTITY_PHARMACIST_DIVISION_TYPES" envDefault:"DRUGSTORE,DRUGSTORE_POINT" doc:"Division types of a PHARMACY"`
	MSPPharmacyDivisionTypes []string      `env:"LEGAL_ENTITY_MSP_PHARMACY_DIVISION_TYPES" envDefault:"CLINIC,AMBULANT_CLINIC,FAP,DRUGSTORE,DRUGSTORE_POINT" doc:"Division types of an MSP_PHARMACY"`
	PrimaryCareDivisionTypes []string      `env:"LEGAL_ENTITY_PRIMARY_CARE_DIVISION_TYPES" envDefault:"CLINIC,AMBULANT_CLINIC,FAP" doc:"Division types of a PRIMARY_CARE"`
	OutpatientDivisionTypes  []string      `env:"LEGAL_ENTITY_OUTPATIENT_DIVISION_TYPES" envDefault:"LICENSED_UNIT,CLINIC,AMBULANT_CLINIC,FAP" doc:"Division types of an OUTPATIENT"`
	EmergencyDivisionTypes   []string      `env:"LEGAL_ENTITY_EMERGENCY_DIVISION_TYPES" envDefault:"LICENSED_UNIT" doc:"Division types of an EMERGENCY"`
	DivisionAddressTypes     AddressMatrix `env:"DIVISION_ADDRESS_TYPES" envDefault:"*/*=RESIDENCE!,REGISTRATION;OUTPATIENT/*=RESIDENCE!,REGISTRATION,RECEPTION" envSeparator:"" doc:"Address types by LEGAL_ENTITY_TYPE/DIVISION_TYPE. An exclamation mark makes a type required. The most specific line applies"`

	// Persons.
	NoSelfAuthAge              int      `env:"NO_SELF_AUTH_AGE" envDefault:"14" min:"0" max:"150" doc:"Age below which a person has no authentication method of their own, in years"`
	NoSelfRegistrationAge      int      `env:"NO_SELF_REGISTRATION_AGE" envDefault:"14" min:"0" max:"150" doc:"Age below which a person must have a confidant person, in years"`
	FullLegalCapacityAge       int      `env:"PERSON_FULL_LEGAL_CAPACITY_AGE" envDefault:"18" min:"0" max:"150" doc:"Age below which a person must have a confidant person or a document that proves legal capacity, in years"`
	PhoneAuthLimit             int      `env:"PHONE_NUMBER_AUTH_LIMIT" envDefault:"5" min:"0" max:"1000000" doc:"Persons who may confirm by codes to one phone. 0: no limit"`
	ThirdPersonLimit           int      `env:"THIRD_PERSON_LIMIT" envDefault:"150" min:"0" max:"1000000" doc:"Persons for whom one person may confirm. 0: no limit"`
	ThirdPersonTerm            int      `env:"THIRD_PERSON_TERM" envDefault:"2" min:"1" max:"150" doc:"How long one person may confirm for another, in years. It ends when the other comes of age"`
	ThirdPersonOffline         bool     `env:"THIRD_PERSON_OFFLINE" envDefault:"false" doc:"Whether a person who confirms by documents may confirm for others"`
	PersonThirdPersonLimit     int      `env:"PERSON_WITH_THIRD_PERSON_LIMIT" envDefault:"10" min:"0" max:"1000000" doc:"Persons who may confirm for one person. 0: no limit"`
	AuthSecurityReduction      bool     `env:"AUTH_REQUEST_SECURITY_REDUCTION" envDefault:"false" doc:"Whether a person who confirms by codes may go over to documents"`
	TaxIDUniqueness            bool     `env:"VALIDATE_PERSON_TAX_ID_UNIQUENESS" envDefault:"true" doc:"Refuse the tax id of another active person"`
	PersonRequestExpiration    Days     `env:"PERSON_REQUEST_EXPIRATION" envDefault:"10" min:"1" max:"3650" doc:"Age at which person requests that are not signed and authentication method requests that are not approved expire, in days. never is a value"`
	PersonRequestCleaning      Days     `env:"PERSON_REQUEST_AUTOCLEANING" envDefault:"30" min:"1" max:"3650" doc:"Age at which the data of all other person requests and authentication method requests is removed, in days. What was signed stays. never is a value"`
	PersonRequestsSchedule     Schedule `env:"PERSON_REQUESTS_CLEANUP_SCHEDULE" start:"only" envDefault:"* * * * *" doc:"Cron: expire person requests and authentication method requests, and remove their data"`
	RegistrationDocumentTypes  []string `env:"PERSON_REGISTRATION_DOCUMENT_TYPES" envDefault:"BIRTH_CERTIFICATE,BIRTH_CERTIFICATE_FOREIGN,COMPLEMENTARY_PROTECTION_CERTIFICATE,NATIONAL_ID,PASSPORT,PERMANENT_RESIDENCE_PERMIT,REFUGEE_CERTIFICATE,TEMPORARY_CERTIFICATE,TEMPORARY_PASSPORT" doc:"Document types that prove who a person is"`
	LegalCapacityDocumentTypes []string `env:"PERSON_LEGAL_CAPACITY_DOCUMENT_TYPES" envDefault:"DIVORCE_CERTIFICATE,MARRIAGE_CERTIFICATE,STATE_REGISTER_EXTRACT,COURT_DECISION_LEGAL_CAPACITY,COURT_DECISION_DIVORCE,GUARDIANSHIP_DECISION_LEGAL_CAPACITY,LEGAL_CAPACITY_DOCUMENT" doc:"Document types that prove full legal capacity of a minor"`
	ForeignDocumentTypes       []string `env:"IDENTITY_DOCUMENT_TYPES_FOREIGN" envDefault:"FOREIGN_PASSPORT,NO_CITIZENSHIP_CERTIFICATE,FOREIGN_DOCUMENT_OTHER" doc:"Document types that prove who a foreigner is, in version 3 of person requests"`
	UkrainianDocumentTypes     []string `env:"DOCUMENT_TYPES_ISSUING_COUNTRY_UA_ONLY" envDefault:"BIRTH_CERTIFICATE,COMPLEMENTARY_PROTECTION_CERTIFICATE,NATIONAL_ID,PASSPORT,PERMANENT_RESIDENCE_PERMIT,REFUGEE_CERTIFICATE,TEMPORARY_PASSPORT,TEMPORARY_CERTIFICATE" doc:"Document types that only Ukraine issues"`
	ForeignIssuedDocumentTypes []string `env:"DOCUMENT_TYPES_ISSUING_COUNTRY_NOT_UA" envDefault:"FOREIGN_PASSPORT,FOREIGN_DOCUMENT_OTHER,BIRTH_CERTIFICATE_FOREIGN" doc:"Document types that Ukraine does not issue"`
	ExpiringDocumentTypes      []string `env:"EXPIRATION_DATE_EXISTS" envDefault:"NATIONAL_ID,COMPLEMENTARY_PROTECTION_CERTIFICATE,PERMANENT_RESIDENCE_PERMIT,REFUGEE_CERTIFICATE,TEMPORARY_CERTIFICATE,TEMPORARY_PASSPORT" doc:"Document types that must have expiration_date"`

	// Declarations.
	DeclarationLETypes            []string `env:"DECLARATION_REQUEST_LEGAL_ENTITY_TYPES" envDefault:"MSP,PRIMARY_CARE,MSP_PHARMACY" doc:"Legal entity types that request declarations"`
	AdultAge                      int      `env:"ADULT_AGE" envDefault:"18" min:"0" max:"150" doc:"Age from which a person goes to a therapist and no longer to a pediatrician, in years"`
	DeclarationRequestExpiration  Days     `env:"DECLARATION_REQUEST_EXPIRATION" envDefault:"1" min:"1" max:"3650" doc:"Age at which the data of declaration requests is taken away and those that are not signed expire, in days. never is a value"`
	DeclarationRequestSchedule    Schedule `env:"DECLARATION_REQUEST_AUTOTERMINATION_SCHEDULE" start:"only" envDefault:"0 0-4 * * *" doc:"Cron: expire declaration requests"`
	DeclarationTerm               int      `env:"DECLARATION_TERM" envDefault:"365" min:"1" max:"36500" doc:"Term of a declaration, in days"`
	PediatricianDeclarationLimit  int      `env:"PEDIATRICIAN_DECLARATION_LIMIT" envDefault:"900" min:"0" max:"1000000" doc:"Declarations that a pediatrician may have"`
	TherapistDeclarationLimit     int      `env:"THERAPIST_DECLARATION_LIMIT" envDefault:"2000" min:"0" max:"1000000" doc:"Declarations that a therapist may have"`
	FamilyDoctorDeclarationLimit  int      `env:"FAMILY_DOCTOR_DECLARATION_LIMIT" envDefault:"1800" min:"0" max:"1000000" doc:"Declarations that a family doctor may have"`
	DeclarationChildDocumentTypes []string `env:"DECLARATION_NO_SELF_AUTH_AGE_DOCUMENT_TYPES" envDefault:"BIRTH_CERTIFICATE,BIRTH_CERTIFICATE_FOREIGN,FOREIGN_PASSPORT" doc:"Document types, one of which a person below NO_SELF_AUTH_AGE needs for a declaration. Empty: none is needed"`
	DeclarationDocumentTypes      []string `env:"DECLARATION_SELF_AUTH_AGE_DOCUMENT_TYPES" envDefault:"PASSPORT,NATIONAL_ID,TEMPORARY_PASSPORT,PERMANENT_RESIDENCE_PERMIT,REFUGEE_CERTIFICATE,COMPLEMENTARY_PROTECTION_CERTIFICATE,FOREIGN_PASSPORT" doc:"Document types, one of which a person above NO_SELF_AUTH_AGE needs for a declaration. Empty: none is needed"`
	// Employees.
	EmployeeStopped        StoppedValue        `env:"EMPLOYEE_STOPPED_VALUE" envDefault:"by_body" doc:"Status of an employee who is dismissed: STOPPED, DISMISSED (its older name), or by_body: STOPPED, and DISMISSED when the request has no status"`
	EmployeeEnteredInError EnteredInErrorValue `env:"EMPLOYEE_ENTERED_IN_ERROR_VALUE" envDefault:"ENTERED_IN_ERROR" doc:"Status of an employee who was never employed: ENTERED_IN_ERROR, or ENTERED IN ERROR with spaces"`
	EmployeeListStatus     string              `env:"EMPLOYEES_LIST_DEFAULT_STATUS" doc:"Status of the employees that are listed when the request names none. Empty: all statuses, as the code of 2019 and live clients have it. APPROVED: as a wiki page says"`
	EmployeeWithRoles      WithRoles           `env:"EMPLOYEE_DEACTIVATE_WITH_ROLES" envDefault:"deactivate" doc:"Dismissal of an employee with active employee roles: deactivate ends them, refuse answers 409"`

	// Files.
	SecretsTTL int `env:"SECRETS_TTL" envDefault:"900" min:"1" max:"315360000" doc:"How long the address to which a scan is sent is good, in seconds"`

	// Dictionaries.
	BigDictionaries []string `env:"BIG_DICTIONARIES" doc:"Dictionaries left out of a list that names none, comma-separated"`

	// One-time codes and SMS.
	OTPCodeLength          int           `env:"OTP_CODE_LENGTH" envDefault:"4" min:"2" max:"9" doc:"Digits of a one-time code, with the check digit"`
	OTPCodeText            string        `env:"OTP_CODE_TEXT" envDefault:"Код авторизації дій в системі eHealth: " doc:"Text of the SMS before the code"`
	CodeExpirationMinutes  int           `env:"CODE_EXPIRATION_PERIOD_MINUTES" envDefault:"15" min:"1" max:"5256000" doc:"Lifetime of a one-time code, in minutes (5 in the national production system)"`
	MaxAttempts            int           `env:"MAX_ATTEMPTS" envDefault:"3" min:"1" max:"1000" doc:"How often a one-time code may be tried"`
	InitVerificationLimit  int           `env:"INIT_VERIFICATION_LIMIT" envDefault:"0" min:"0" max:"315360000" doc:"Shortest time between two codes to one phone, in seconds. 0: no limit"`
	OTPPhoneLimit          int           `env:"OTP_PHONE_LIMIT" envDefault:"10" min:"0" max:"1000000000" doc:"Codes sent to one phone in an hour, counted from the first. 0: no limit. Ten allow for several documents of a family that shares a phone"`
	OTPResourceLimit       int           `env:"OTP_RESOURCE_LIMIT" envDefault:"10" min:"0" max:"1000000000" doc:"Codes sent again for one approval or declaration request in VALIDATIONS_EXPIRATION_PERIOD_DAYS, which is longer than either waits for a code. 0: no limit. With three attempts each, ten codes can be guessed with a chance of 4 %, codes of other requests to the same phone not counted"`
	OTPLegalEntityLimit    int           `env:"OTP_LEGAL_ENTITY_DAILY_LIMIT" envDefault:"10000" min:"0" max:"1000000000" doc:"Codes that one legal entity sends in 24 hours, counted from the first. 0: no limit. Ten thousand are more than a large hospital needs, and limit the cost of SMS when a token is abused"`
	ValidationsExpiration  Days          `env:"VALIDATIONS_EXPIRATION_PERIOD_DAYS" envDefault:"30" min:"1" max:"3650" doc:"Age at which verifications and logged SMS are deleted, in days. never is a value"`
	DeactivatorSchedule    Schedule      `env:"DEACTIVATOR_SCHEDULE" start:"only" envDefault:"* * * * *" doc:"Cron: expire verifications whose time is over"`
	TerminatorSchedule     Schedule      `env:"TERMINATOR_SCHEDULE" start:"only" envDefault:"*/15 * * * *" doc:"Cron: delete old verifications"`
	SMSProvider            SMSProvider   `env:"SMS_PROVIDER" start:"only" envDefault:"log" doc:"log (messages are stored in sms_logs and not sent) or twilio"`
	SMSTimeout             time.Duration `env:"SMS_TIMEOUT" envDefault:"10s" min:"1ms" max:"1m" doc:"How long the SMS provider may take to answer. After it the message may have been sent or not; it is sent once more at most"`
	ConfidantRelationships bool          `env:"THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK" envDefault:"false" doc:"Require an approved confidant relationship between a third person and the patient"`
	PersonSearchLimit      int           `env:"PERSON_SEARCH_LIMIT" envDefault:"50" min:"1" max:"10000" doc:"Persons that a search may find; more of them are refused"`

	// Approvals, jobs, events.
	ApprovalResendMode       Mode     `env:"APPROVAL_RESEND_MODE" envDefault:"async" doc:"Resend SMS on Approval: async answers 202 with a job, sync 201 with the approval"`
	ApprovalCancelSMS        string   `env:"APPROVAL_CANCEL_SMS" envDefault:"Доступ до ваших медичних даних скасовано" doc:"Text of the SMS that tells a patient of a cancelled approval. none: nothing is sent"`
	DeviceRequestSMS         bool     `env:"DEVICE_REQUESTS_SMS_ENABLED" envDefault:"true" doc:"Tell patients by SMS of device requests that no medical program pays for. Programs have a setting of their own"`
	DeviceRequestSMSText     string   `env:"TEMPLATE_SMS_FOR_CREATE_DEVICE_REQUEST" envDefault:"Номер рецепта на медичний виріб: " doc:"Text of the SMS about a device request before its number and its code. none: nothing is sent"`
	DeviceRequestAttempts    int      `env:"DR_MAX_ATTEMPTS_COUNT" envDefault:"3" min:"0" max:"1000" doc:"How often the SMS about a device request may be sent again within DR_SEND_TIMEOUT. 0: no limit"`
	DeviceRequestSendTimeout int      `env:"DR_SEND_TIMEOUT" envDefault:"60" min:"1" max:"86400" doc:"How long an SMS that was sent again counts for DR_MAX_ATTEMPTS_COUNT, in seconds"`
	DeviceRequestCompleteSMS string   `env:"TEMPLATE_SMS_FOR_COMPLETE_DEVICE_REQUEST" envDefault:"Рецепт на медичний виріб виконано" doc:"Text of the SMS that tells a patient of a completed device request. none: nothing is sent"`
	DeviceRequestRevokeSMS   string   `env:"TEMPLATE_SMS_FOR_REVOKE_DEVICE_REQUEST" envDefault:"Рецепт на медичний виріб відкликано" doc:"Text of the SMS that tells a patient of a revoked device request. none: nothing is sent"`
	DeviceRequestInErrorSMS  string   `env:"MARK_IN_ERROR_DEVICE_REQUEST_SMS_TEMPLATE" envDefault:"Рецепт на медичний виріб скасовано: його внесено помилково" doc:"Text of the SMS that tells a patient of a device request that was entered in error. none: nothing is sent"`
	ApprovalTTLHours         Hours    `env:"APPROVAL_TTL_HOURS" envDefault:"12" min:"1" max:"87600" doc:"Age at which unverified approvals are deleted, in hours. never is a value"`
	ApprovalMinutes          int      `env:"APPROVAL_EXPIRATION" envDefault:"129600" min:"1" max:"5256000" doc:"How long a new approval is good, in minutes, unless one of the four settings below says otherwise"`
	CarePlanApprovalMinutes  int      `env:"CARE_PLAN_APPROVAL_EXPIRATION" envDefault:"525600" min:"1" max:"5256000" doc:"How long a new approval of a care plan is good, in minutes"`
	ForbiddenGroupMinutes    int      `env:"FORBIDDEN_GROUP_APPROVAL_EXPIRATION" envDefault:"43200" min:"1" max:"5256000" doc:"How long a new approval of a forbidden group is good, in minutes"`
	DiagnosesGroupMinutes    int      `env:"DIAGNOSES_GROUP_APPROVAL_EXPIRATION" envDefault:"129600" min:"1" max:"5256000" doc:"How long a new approval of a group of diagnoses is good, in minutes"`
	PatientApprovalMinutes   int      `env:"PATIENT_APPROVAL_EXPIRATION" envDefault:"2880" min:"1" max:"5256000" doc:"How long a new approval of all data of a patient is good, in minutes"`
	ApprovalReads            []string `env:"CREATE_APPROVAL_ACCESS_LEVEL_READ_ALLOWED_RESOURCES" envDefault:"care_plan,diagnostic_report,episode_of_care,service_request,forbidden_group,diagnoses_group,service_group,patient,composition,device,device_association,detected_issue" doc:"What a new approval may open with the access level read"`
	ApprovalWrites           []string `env:"CREATE_APPROVAL_ACCESS_LEVEL_WRITE_ALLOWED_RESOURCES" envDefault:"care_plan,diagnostic_report,encounter,procedure,specimen,composition" doc:"What a new approval may open with the access level write"`
	ApprovalEmployeeTypes    []string `env:"APPROVAL_GRANTED_TO_EMPLOYEE_TYPES" envDefault:"DOCTOR,SPECIALIST,ASSISTANT,MED_COORDINATOR" doc:"Types of employees whom a new approval may be granted to"`
	ApprovalsCleanupSchedule Schedule `env:"APPROVALS_CLEANUP_SCHEDULE" start:"only" envDefault:"20 0 * * *" doc:"Cron: delete unverified approvals"`
	JobETASeconds            int      `env:"JOB_ETA_SECONDS" envDefault:"600" min:"0" max:"315360000" doc:"eta of a new job, in seconds from now"`
	JobTTLDays               Days     `env:"JOB_TTL_DAYS" envDefault:"7" min:"1" max:"3650" doc:"Age at which ended jobs are deleted, in days. never is a value"`
	JobsCleanupSchedule      Schedule `env:"JOBS_CLEANUP_SCHEDULE" start:"only" envDefault:"40 0 * * *" doc:"Cron: delete ended jobs"`
	EventsMaxPeriodHours     int      `env:"EVENTS_LIST_MAX_PERIOD_HOURS" envDefault:"3" min:"1" max:"87600" doc:"Longest period of a list of events, in hours"`
	MaxEvents                int      `env:"MAX_EVENTS" envDefault:"10000" min:"1" max:"1000000000" doc:"The newest events are kept beyond EVENTS_EXPIRATION, so many of them. It never deletes younger ones"`
	EventsExpiration         Days     `env:"EVENTS_EXPIRATION" envDefault:"30" min:"1" max:"3650" doc:"Age at which events are deleted, in days, except the newest MAX_EVENTS. never is a value"`
	EventsCleanupSchedule    Schedule `env:"EVENTS_TERMINATION_SCHEDULE" start:"only" envDefault:"* 0-4 * * *" doc:"Cron: delete old events"`

	// Episodes.
	EpisodeLETypes          TypeMatrix `env:"LEGAL_ENTITY_EPISODE_TYPES" envDefault:"OUTPATIENT=TREATMENT,PREVENTION,PALLIATIVE_CARE,DG,REHAB,CONDITIONING;PRIMARY_CARE=TREATMENT,PREVENTION,PALLIATIVE_CARE,PHC;MSP=TREATMENT,PHC,PREVENTION,PALLIATIVE_CARE;MSP_PHARMACY=TREATMENT,PHC,PREVENTION,PALLIATIVE_CARE" envSeparator:"" doc:"Types of episodes by type of legal entity. A type without a line allows none"`
	EpisodeEmployeeTypes    TypeMatrix `env:"EMPLOYEE_EPISODE_TYPES" envDefault:"SPECIALIST=TREATMENT,PREVENTION,PALLIATIVE_CARE,DG,REHAB,CONDITIONING;DOCTOR=TREATMENT,PREVENTION,PALLIATIVE_CARE,PHC;ASSISTANT=PREVENTION;MED_COORDINATOR=TREATMENT,DG" envSeparator:"" doc:"Types of episodes by type of the employee who is the care manager. A type without a line allows none"`
	EpisodeCareManagerTypes []string   `env:"ALLOWED_EPISODE_CARE_MANAGER_EMPLOYEE_TYPES" envDefault:"DOCTOR,SPECIALIST,ASSISTANT,MED_COORDINATOR" doc:"Types of employees who may be the care manager of an episode"`
	EpisodeOthersManage     bool       `env:"ALLOW_OTHER_LE_EMPLOYEES_TO_MANAGE_EPISODE" envDefault:"false" doc:"Whether all who work in the legal entity that manages an episode may change it, and not its care manager alone"`

	// Encounter packages.
	EncounterMatrices         bool       `env:"ENCOUNTER_CLASS_CONFIG_CHECK" envDefault:"true" doc:"Check class and type of an encounter against the five settings after this one"`
	EncounterLEClasses        TypeMatrix `env:"LEGAL_ENTITY_ENCOUNTER_CLASSES" envDefault:"PRIMARY_CARE=PHC;MSP=PHC;OUTPATIENT=AMB,INPATIENT" envSeparator:"" doc:"Classes of encounters by type of legal entity. A type without a line allows none"`
	EncounterEmployeeClasses  TypeMatrix `env:"PERFORMER_EMPLOYEE_ENCOUNTER_CLASSES" envDefault:"DOCTOR=PHC;SPECIALIST=AMB,INPATIENT;ASSISTANT=PHC,AMB,INPATIENT;MED_COORDINATOR=AMB" envSeparator:"" doc:"Classes of encounters by type of the performer. A type without a line allows none"`
	EncounterEmployeeTypes    TypeMatrix `env:"PERFORMER_EMPLOYEE_ENCOUNTER_TYPES" envDefault:"SPECIALIST=service_delivery_location,virtual,patient_identity,discharge,field,home,covid,intervention,concilium;DOCTOR=service_delivery_location,virtual,home,field,intervention;ASSISTANT=intervention;MED_COORDINATOR=service_delivery_location,virtual" envSeparator:"" doc:"Types of encounters by type of the performer. A type without a line allows none"`
	EncounterClassTypes       TypeMatrix `env:"ENCOUNTER_CLASS_ENCOUNTER_TYPES" envDefault:"AMB=service_delivery_location,virtual,patient_identity,field,home,intervention,concilium;INPATIENT=patient_identity,discharge,service_delivery_location,intervention,concilium;PHC=service_delivery_location,virtual,home,field,intervention" envSeparator:"" doc:"Types of encounters by class. A class without a line allows none"`
	EncounterEpisodeClasses   TypeMatrix `env:"EPISODE_TYPE_ENCOUNTER_CLASSES" envDefault:"TREATMENT=AMB,PHC,INPATIENT;PREVENTION=PHC,INPATIENT,AMB;DG=AMB,INPATIENT;REHAB=AMB,INPATIENT;PALLIATIVE_CARE=INPATIENT,PHC,AMB;PHC=PHC;CONDITIONING=INPATIENT" envSeparator:"" doc:"Classes of encounters by type of their episode. A type without a line allows none"`
	EncounterEmployees        []string   `env:"ENCOUNTER_PACKAGE_EMPLOYEE_TYPES" envDefault:"DOCTOR,SPECIALIST,ASSISTANT" doc:"Types of employees who may assert, perform, record and interpret what a package holds"`
	EncounterPerformers       []string   `env:"ENCOUNTER_PERFORMER_EMPLOYEE_TYPES" envDefault:"DOCTOR,SPECIALIST,ASSISTANT,MED_COORDINATOR" doc:"Types of employees who may perform an encounter"`
	EncounterReferrals        []string   `env:"ENCOUNTER_REFERRAL_CATEGORIES" doc:"Categories of service requests that an encounter may follow, comma-separated. Empty: any"`
	EncounterMaxDays          int        `env:"ENCOUNTER_MAX_DAYS_PASSED" envDefault:"7" min:"1" max:"1000000" doc:"How many days ago an encounter may have begun at most"`
	ConditionMaxDays          int        `env:"CONDITION_MAX_DAYS_PASSED" envDefault:"54750" min:"1" max:"1000000" doc:"How many days ago a condition may have begun at most"`
	ObservationMaxDays        int        `env:"OBSERVATION_MAX_DAYS_PASSED" envDefault:"54750" min:"1" max:"1000000" doc:"How many days ago an observation may have been issued at most"`
	DiagnosticReportMaxDays   int        `env:"DIAGNOSTIC_REPORT_MAX_DAYS_PASSED" envDefault:"54750" min:"1" max:"1000000" doc:"How many days ago a diagnostic report may have been issued at most"`
	ImmunizationMaxDays       int        `env:"IMMUNIZATION_MAX_DAYS_PASSED" envDefault:"54750" min:"1" max:"1000000" doc:"How many days ago a vaccination may have been given at most"`
	AllergyIntoleranceMaxDays int        `env:"ALLERGY_INTOLERANCE_MAX_DAYS_PASSED" envDefault:"54750" min:"1" max:"1000000" doc:"How many days ago an allergy may have begun at most"`
	IdentityObservations      []string   `env:"PATIENT_IDENTITY_OBSERVATIONS" envDefault:"8302-2,46098-0" doc:"Codes of observations that an encounter of type patient_identity must have"`
	IdentityObservationsMore  []string   `env:"PATIENT_IDENTITY_OBSERVATIONS_ALLOWED" envDefault:"29463-7,stature,eye_colour,hair_color,hair_length,beard,mustache,clothes,peculiarity" doc:"Further codes of observations that an encounter of type patient_identity may have"`
	ContentErrors             int        `env:"JSON_SCHEMA_ERRORS_LIMIT" envDefault:"6" min:"1" max:"200" doc:"How many violations of its schema the refusal of a package lists at most"`

	// Service requests.
	ServiceRequestUseTarget UseTarget `env:"SERVICE_REQUEST_USE_TARGET_STATUS" envDefault:"in_progress" doc:"program_processing_status that Use Service Request sets: in_progress, or in_queue, which Release Service Request can undo"`
	ServiceRequestDays      int       `env:"SERVICE_REQUEST_EXPIRATION_DAYS" envDefault:"365" min:"1" max:"36500" doc:"How long a new service request is good, in days"`
	SpecimenCategories      []string  `env:"SPECIMEN_SERVICE_REQUEST_ALLOWED_CATEGORIES" envDefault:"laboratory_procedure" doc:"Categories of service requests that may name specimens"`
	AssistantCategories     []string  `env:"ASSISTANT_SERVICE_REQUEST_ALLOWED_CATEGORIES" envDefault:"laboratory_procedure,diagnostic_procedure,procedure" doc:"Categories of service requests that an employee of type ASSISTANT may write"`
	ServiceRequestCreateSMS string    `env:"SERVICE_REQUEST_CREATE_SMS" envDefault:"Ваше направлення: {number}" doc:"Text of the SMS with the number of a service request; {number} stands for the number"`
	ServiceRequestRecallSMS string    `env:"RECALL_SMS" envDefault:"Ваше направлення під номером {number} було відкликано" doc:"Text of the SMS that tells a patient of a recalled service request; {number} stands for its number"`
	ServiceRequestSchedule  Schedule  `env:"SERVICE_REQUESTS_AUTOEXPIRATION_SCHEDULE" start:"only" envDefault:"0 0,4 * * *" doc:"Cron: recall service requests whose expiration_date is over and that nobody has used"`
	ServiceRequestCancelSMS string    `env:"CANCEL_SMS" envDefault:"Ваше направлення під номером {number} було відмінено" doc:"Text of the SMS that tells a patient of a cancelled service request; {number} stands for its number"`

	// Device requests.
	PrescribableDevices   []string `env:"PRESCRIBABLE_DEVICE_CODES" envDefault:"device_definition_classification_type,eHealth/assistive_devices" doc:"Types of devices that may be prescribed: dictionaries, or single codes as dictionary|code"`
	AssistiveSpecialities []string `env:"ASSISTIVE_DEVICES_SPECIALITIES_ALLOWED" envDefault:"PHYSICAL_MEDICINE_AND_REHABILITATION,ORTHOPAEDICS,PEDIATRIC_ORTHOPAEDICS,PHYSICAL_THERAPY" doc:"Specialities of the doctors who may prescribe devices of the dictionary eHealth/assistive_devices"`
	DeviceRequestDelay    int      `env:"DEVICE_REQUEST_DELAY_INPUT" envDefault:"3" min:"0" max:"3650" doc:"How many days after it was written a device request may be created"`
	DeviceDispensePeriod  int      `env:"DEVICE_DISPENSE_PERIOD" envDefault:"30" min:"1" max:"3650" doc:"How many days a device is dispensed by a new device request, unless its medical program says otherwise (dispense_period_day)"`

	// Device dispenses.
	DeviceDispenseDLS      bool          `env:"DEVICE_DISPENSE_DIVISION_DLS_VERIFY" envDefault:"false" doc:"Devices are dispensed only by divisions that the register of drugstores (DLS) has verified, unless the medical program has skip_dispense_division_dls_verify"`
	DeviceDispenseTTL      time.Duration `env:"DEVICE_DISPENSE_TTL" envDefault:"720h" min:"1m" max:"87600h" doc:"How long a device dispense may stay in progress. After it, it holds no other dispense of its device request up, and its status becomes unknown"`
	DeviceDispenseSchedule Schedule      `env:"DEVICE_DISPENSE_AUTOEXPIRATION_SCHEDULE" start:"only" envDefault:"* * * * *" doc:"Cron: end device dispenses whose DEVICE_DISPENSE_TTL is over"`
}

// AdminOff is the value of ADMIN_ADDR for no address.
const AdminOff = "off"

// fileSuffix of a variable that names the file of a secret.
const fileSuffix = "_FILE"

// Load reads the settings from environ (in the form of os.Environ), and secrets
// from the files that it names. It reports all faults together.
func Load(environ []string) (*Config, error) {
	vars := env.ToMap(environ)
	faults := readFiles(vars)
	cfg, err := load(vars)
	if err = errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	return cfg, nil
}

// DatabaseURLOf reads DATABASE_URL alone, for commands that need no other setting.
func DatabaseURLOf(environ []string) (string, error) {
	vars := env.ToMap(environ)
	for name := range vars {
		if !strings.HasPrefix(name, "DATABASE_URL") {
			delete(vars, name)
		}
	}
	if err := errors.Join(readFiles(vars)...); err != nil {
		return "", err
	}
	if vars["DATABASE_URL"] == "" {
		return "", errors.New("DATABASE_URL or DATABASE_URL_FILE is needed")
	}
	return vars["DATABASE_URL"], nil
}

// readFiles sets each secret whose file is named.
func readFiles(vars map[string]string) (faults []error) {
	for _, f := range Fields() {
		path := vars[f.Name+fileSuffix]
		if !f.Secret || path == "" {
			continue
		}
		if vars[f.Name] != "" {
			faults = append(faults, fmt.Errorf("%s and %s: want one of them", f.Name, f.Name+fileSuffix))
			continue
		}
		text, err := os.ReadFile(path) //nolint:gosec // the operator names it
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", f.Name+fileSuffix, err))
			continue
		}
		vars[f.Name] = strings.TrimSpace(string(text))
	}
	return faults
}

func load(vars map[string]string) (*Config, error) {
	cfg := new(Config)
	err := env.ParseWithOptions(cfg, env.Options{Environment: vars})
	faults, failed := named(err)
	for _, err := range cfg.validate() {
		// A value that could not be parsed is reported once.
		if name, _, _ := strings.Cut(err.Error(), ":"); !failed[name] {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return cfg, nil
}

// named splits the parser's error and names variables instead of fields.
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

// With returns a copy with some variables replaced, after the same checks as at
// start. It rejects unknown names. The sandbox uses it.
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

// withRequired adds c's values of required variables that vars does not name.
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
	checkKeys := func(name string, list Secret, bytes int) {
		keys, err := list.Keys()
		wrong := func(key []byte) bool { return len(key) != bytes }
		check(list == "" || err == nil && !slices.ContainsFunc(keys, wrong), "%s: want %d bytes in hex, or several such keys, comma-separated", name, bytes)
		for i, key := range keys {
			check(!slices.ContainsFunc(keys[:i], func(other []byte) bool { return slices.Equal(other, key) }), "%s: names a key twice", name)
		}
	}
	checkKeys("SERVER_KEY", c.ServerKey, 32)
	checkKeys("PERSON_PK_KEYPHRASE", c.PersonPKKey, 16)
	if wrong := wrongBaseURL(c.PublicBaseURL); wrong != "" {
		errs = append(errs, fmt.Errorf("PUBLIC_BASE_URL: want http(s)://host[:port]: %s", wrong))
	}
	errs = append(errs, outOfBounds(c)...)
	for name, address := range map[string]string{"LISTEN_ADDR": c.ListenAddr, "ADMIN_ADDR": c.AdminAddr} {
		_, _, err := net.SplitHostPort(address)
		check(err == nil || name == "ADMIN_ADDR" && address == AdminOff, "%s: want host:port", name)
	}
	for _, origin := range c.CORSOrigins {
		if wrong := wrongOrigin(origin); wrong != "" {
			errs = append(errs, fmt.Errorf("CORS_ORIGINS: want scheme://host[:port] or *, not %q: %s", origin[strings.LastIndex(origin, "@")+1:], wrong))
		}
	}
	if c.SMSProvider == SMSTwilio {
		check(c.TwilioAccountSID != "" && c.TwilioAuthToken != "" && c.TwilioFrom != "",
			"SMS_PROVIDER=twilio: want TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM")
	}
	return errs
}

// Warnings are settings that a server of more than one machine hardly means.
func (c *Config) Warnings() (all []string) {
	if c.SMSProvider == SMSLog {
		all = append(all, "SMS_PROVIDER=log: no code reaches a phone")
	}
	base, err := url.Parse(c.PublicBaseURL)
	if err != nil {
		return all
	}
	address, err := netip.ParseAddr(base.Hostname())
	if base.Hostname() == "localhost" || err == nil && address.IsLoopback() {
		all = append(all, "PUBLIC_BASE_URL="+c.PublicBaseURL+": links in answers lead to the client's own machine")
	}
	return all
}

// On returns whether a rule is checked: its default unless RULES switches it.
func (c *Config) On(id rules.ID) bool {
	if on, switched := c.Rules[id]; switched {
		return on
	}
	rule, _ := rules.Get(id)
	if rule.Flag == signatureTrust {
		return c.SignatureTrust
	}
	return !rule.Off
}

// signatureTrust is a Flag that is only the default of its rules.
const signatureTrust = "SIGNATURE_TRUST"

// ReadsLive returns whether a point on which documents and the running system differ
// follows the system: the point's own setting, or READING when that is not set.
func (c *Config) ReadsLive(point Reading) bool { return cmp.Or(point, c.Reading) == ReadingLive }

// MaxSignedBody is how many bytes a body with signed content may have (decisions
// R43).
func (c *Config) MaxSignedBody() int64 { return max(c.MaxBodyBytes, int64(c.MaxSignedBytes)*7/5) }

// AllowsOrigin returns whether pages of a web origin may call the API.
func (c *Config) AllowsOrigin(origin string) bool {
	return origin != "" && (slices.Contains(c.CORSOrigins, "*") || slices.Contains(c.CORSOrigins, origin))
}

// InForce returns whether a rule can refuse at all: it is on, and the setting
// that it depends on (Flag) is set.
func (c *Config) InForce(id rules.ID) bool {
	rule, _ := rules.Get(id)
	switch {
	case !c.On(id):
		return false
	case rule.Flag == signatureTrust:
		return true
	case id == rules.GatewayAPIKeyMissing:
		return c.GatewayAPIKey == APIKeyRequired
	case rule.Flag == "GATEWAY_API_KEY":
		return c.GatewayAPIKey != APIKeyOff
	case rule.Flag == "IDEMPOTENCY":
		return c.Idempotency == IdempotencyReplay
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

// Live holds a configuration that the sandbox may replace while requests run.
type Live struct{ current atomic.Pointer[Config] }

// NewLive starts from cfg.
func NewLive(cfg *Config) *Live {
	l := new(Live)
	l.current.Store(cfg)
	return l
}

// Get returns the current configuration. Do not keep it beyond a request.
func (l *Live) Get() *Config { return l.current.Load() }

// Set replaces the configuration.
func (l *Live) Set(cfg *Config) { l.current.Store(cfg) }

// Field describes one setting for the documentation.
type Field struct {
	Name, Default, Doc string
	Required           bool
	StartOnly          bool   // read at the start; the sandbox cannot change it
	Min, Max           string // of a number or a duration
	Secret             bool   // may be read from the file that NAME_FILE names
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
			Name: name, Default: f.Tag.Get("envDefault"), Doc: f.Tag.Get("doc"), Min: f.Tag.Get("min"), Max: f.Tag.Get("max"),
			Required: strings.Contains(flags, "required"), StartOnly: f.Tag.Get("start") == "only",
			Secret: f.Type == reflect.TypeFor[Secret]() || f.Type == reflect.TypeFor[[]Secret](), field: f.Name,
		})
	}
	return fields
}
