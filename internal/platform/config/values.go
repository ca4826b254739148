package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"esoz/gen/rules"
	"esoz/internal/platform/signature"
)

// Secret is a value that must not be printed.
type Secret string

func (Secret) String() string               { return "***" }
func (Secret) GoString() string             { return "***" }
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }
func (Secret) LogValue() slog.Value         { return slog.StringValue("***") }

// Keys reads a list of keys in hex, as SERVER_KEY=new,old has it.
func (s Secret) Keys() (keys [][]byte, err error) {
	for _, text := range strings.Split(string(s), ",") {
		key, err := hex.DecodeString(strings.TrimSpace(text))
		if err != nil {
			return nil, errors.New("not hex") // the parser's text quotes a part of the key
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// APIKeyMode says when the header API-key is asked for (decisions R5).
type APIKeyMode string

const (
	APIKeyOff      APIKeyMode = "off"
	APIKeyWhenSent APIKeyMode = "when_sent"
	APIKeyRequired APIKeyMode = "required"
)

func (m *APIKeyMode) UnmarshalText(text []byte) error {
	return oneOf(m, text, APIKeyOff, APIKeyWhenSent, APIKeyRequired)
}

// FerretDB1Mode says whether the server may use FerretDB 1.
type FerretDB1Mode string

// FerretDB1SingleProcess means that no other process uses its database.
const FerretDB1SingleProcess FerretDB1Mode = "single_process"

func (m *FerretDB1Mode) UnmarshalText(text []byte) error {
	return oneOf(m, text, "", FerretDB1SingleProcess)
}

// Mode of an operation that the documents describe as asynchronous or synchronous.
type Mode string

const (
	Async Mode = "async"
	Sync  Mode = "sync"
)

func (m *Mode) UnmarshalText(text []byte) error { return oneOf(m, text, Async, Sync) }

// IdempotencyMode says what a request with an idempotency key gets (decisions R30).
type IdempotencyMode string

const (
	IdempotencyEcho   IdempotencyMode = "echo"
	IdempotencyReplay IdempotencyMode = "replay"
)

func (m *IdempotencyMode) UnmarshalText(text []byte) error {
	return oneOf(m, text, IdempotencyEcho, IdempotencyReplay)
}

// SignatureMode says which form signed content has.
type SignatureMode string

const (
	SignatureCMS   SignatureMode = "cms"
	SignaturePlain SignatureMode = "plain"
	SignatureAuto  SignatureMode = "auto"
)

func (m *SignatureMode) UnmarshalText(text []byte) error {
	return oneOf(m, text, SignatureCMS, SignaturePlain, SignatureAuto)
}

// Authorities are whom signatures are trusted by. The zero value trusts nobody.
type Authorities struct{ signature.Trust }

// UnmarshalText reads the file of this name.
func (a *Authorities) UnmarshalText(name []byte) error {
	if len(name) == 0 {
		return nil
	}
	text, err := os.ReadFile(string(name))
	if err != nil {
		return err //nolint:wrapcheck // names the file
	}
	return a.Add(text)
}

// Reading of a point on which documents and the running system differ (decisions
// R31). Empty: as READING says.
type Reading string

const (
	ReadingDocumented Reading = "documented"
	ReadingLive       Reading = "live"
)

func (r *Reading) UnmarshalText(text []byte) error {
	return oneOf(r, text, "", ReadingDocumented, ReadingLive)
}

// UseTarget is the program status of a service request that is used.
type UseTarget string

const (
	UseInProgress UseTarget = "in_progress"
	UseInQueue    UseTarget = "in_queue"
)

func (u *UseTarget) UnmarshalText(text []byte) error {
	return oneOf(u, text, UseInProgress, UseInQueue)
}

// StoppedValue is the status of an employee who is dismissed.
type StoppedValue string

const (
	StoppedByBody StoppedValue = "by_body"
	Stopped       StoppedValue = "STOPPED"
	Dismissed     StoppedValue = "DISMISSED"
)

func (v *StoppedValue) UnmarshalText(text []byte) error {
	return oneOf(v, text, StoppedByBody, Stopped, Dismissed)
}

// EnteredInErrorValue is the status of an employee who was never employed.
type EnteredInErrorValue string

const (
	EnteredInError           EnteredInErrorValue = "ENTERED_IN_ERROR"
	EnteredInErrorWithSpaces EnteredInErrorValue = "ENTERED IN ERROR"
)

func (v *EnteredInErrorValue) UnmarshalText(text []byte) error {
	return oneOf(v, text, EnteredInError, EnteredInErrorWithSpaces)
}

// WithRoles says whether the employee roles of a dismissed employee end.
type WithRoles string

const (
	EndRoles      WithRoles = "deactivate"
	RefuseOfRoles WithRoles = "refuse"
)

func (v *WithRoles) UnmarshalText(text []byte) error { return oneOf(v, text, EndRoles, RefuseOfRoles) }

// SMSProvider names the provider that delivers messages.
type SMSProvider string

const (
	SMSLog    SMSProvider = "log"
	SMSTwilio SMSProvider = "twilio"
)

func (p *SMSProvider) UnmarshalText(text []byte) error { return oneOf(p, text, SMSLog, SMSTwilio) }

// PeriodOperator says how the unverified-party period is compared.
type PeriodOperator string

const (
	PeriodSeed  PeriodOperator = "seed"
	PeriodGrace PeriodOperator = "grace"
)

func (p *PeriodOperator) UnmarshalText(text []byte) error {
	return oneOf(p, text, PeriodSeed, PeriodGrace)
}

// LogLevel is the least severe level that is logged.
type LogLevel struct{ slog.Level }

// LogFormat of the log lines.
type LogFormat string

const (
	LogAuto LogFormat = "auto"
	LogJSON LogFormat = "json"
	LogText LogFormat = "text"
)

func (f *LogFormat) UnmarshalText(text []byte) error {
	return oneOf(f, text, LogAuto, LogJSON, LogText)
}

func oneOf[T ~string](to *T, text []byte, allowed ...T) error {
	if !slices.Contains(allowed, T(text)) {
		return fmt.Errorf("%q is none of %v", text, allowed)
	}
	*to = T(text)
	return nil
}

// Days and Hours are ages that may also be `never`, which is a hundred years: it
// can be added to any moment.
type (
	Days  int
	Hours int
)

// What never means.
const (
	NeverDays  Days  = 100 * 365
	NeverHours Hours = Hours(NeverDays) * 24
)

func (d *Days) UnmarshalText(text []byte) (err error) {
	*d, err = age(text, NeverDays)
	return err
}

func (h *Hours) UnmarshalText(text []byte) (err error) {
	*h, err = age(text, NeverHours)
	return err
}

func age[T ~int](text []byte, never T) (T, error) {
	if string(text) == "never" {
		return never, nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return 0, fmt.Errorf("%q is neither a number nor never", text)
	}
	return T(n), nil
}

// Schedule is a five-field cron expression, in UTC.
type Schedule struct {
	cron.Schedule
	text string
}

func (s *Schedule) UnmarshalText(text []byte) error {
	parsed, err := cron.ParseStandard(string(text))
	if err != nil {
		return fmt.Errorf("cron expression %q: %w", text, err)
	}
	*s = Schedule{Schedule: parsed, text: string(text)}
	return nil
}

// Next returns the first moment after t, in UTC.
func (s Schedule) Next(t time.Time) time.Time { return s.Schedule.Next(t.UTC()) }

func (s Schedule) String() string { return s.text }

// Switches turns rules on and off by id.
type Switches map[rules.ID]bool

// UnmarshalText reads `+id,-id`. It rejects unknown rules and rules that cannot be
// switched: the rules of a seed, and checks whose result later checks need.
func (s *Switches) UnmarshalText(text []byte) error {
	parsed := Switches{}
	for _, item := range strings.Split(string(text), ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		sign, id := item[0], rules.ID(item[1:])
		rule, known := rules.Get(id)
		switch {
		case sign != '+' && sign != '-':
			return fmt.Errorf("rule switch %q: want +id or -id", item)
		case !known:
			return fmt.Errorf("rule switch %q: the contract has no such rule", item)
		case rule.Fixed:
			return fmt.Errorf("rule switch %q: this rule cannot be switched", item)
		}
		parsed[id] = sign == '+'
	}
	*s = parsed
	return nil
}

// AddressTypes of the divisions of one kind.
type AddressTypes struct {
	Required []string
	Optional []string
}

// Allowed returns required and optional types together.
func (t AddressTypes) Allowed() []string { return append(slices.Clone(t.Required), t.Optional...) }

// AddressMatrix maps LEGAL_ENTITY_TYPE/DIVISION_TYPE to address types; either
// side may be `*`.
type AddressMatrix map[string]AddressTypes

// UnmarshalText reads `LE/DIVISION=TYPE!,TYPE;…` where `!` marks a required type.
func (m *AddressMatrix) UnmarshalText(text []byte) error {
	parsed := AddressMatrix{}
	for _, line := range strings.Split(string(text), ";") {
		key, list, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.Count(key, "/") != 1 {
			return fmt.Errorf("address types %q: want LEGAL_ENTITY_TYPE/DIVISION_TYPE=TYPE!,TYPE", line)
		}
		var types AddressTypes
		for _, name := range strings.Split(list, ",") {
			name, required := strings.CutSuffix(strings.TrimSpace(name), "!")
			switch {
			case name == "":
				return fmt.Errorf("address types %q: empty type", line)
			case required:
				types.Required = append(types.Required, name)
			default:
				types.Optional = append(types.Optional, name)
			}
		}
		parsed[key] = types
	}
	*m = parsed
	return nil
}

// For returns the types of the most specific line. The order is: both names, the
// legal entity's name, the division's name, none (`*/*`).
func (m AddressMatrix) For(legalEntityType, divisionType string) AddressTypes {
	for _, key := range []string{legalEntityType + "/" + divisionType, legalEntityType + "/*", "*/" + divisionType, "*/*"} {
		if types, ok := m[key]; ok {
			return types
		}
	}
	return AddressTypes{}
}

// TypeMatrix maps a type of a legal entity or an employee to the types that it allows. A
// type without a line allows none.
type TypeMatrix map[string][]string

// UnmarshalText reads `TYPE=ALLOWED,ALLOWED;…`.
func (m *TypeMatrix) UnmarshalText(text []byte) error {
	parsed := TypeMatrix{}
	for _, line := range strings.Split(string(text), ";") {
		key, list, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || key == "" {
			return fmt.Errorf("types %q: want TYPE=ALLOWED,ALLOWED", line)
		}
		for _, name := range strings.Split(list, ",") {
			if name = strings.TrimSpace(name); name == "" {
				return fmt.Errorf("types %q: empty type", line)
			}
			parsed[key] = append(parsed[key], name)
		}
	}
	*m = parsed
	return nil
}
