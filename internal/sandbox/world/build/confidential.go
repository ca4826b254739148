package build

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Confidential are the values of the world that no log, metric or trace may
// tell: what is known of people, what stands in their medical records, and what
// opens a door. Values too short to be told from others are left out.
func (w *World) Confidential() []string {
	c := confidential{}
	maps.Copy(c, w.secrets)
	for _, table := range aboutPeople {
		for _, r := range w.Rows[table] {
			c.columns(r)
		}
	}
	for _, t := range w.Tokens {
		c.take(t.Value)
	}
	for _, k := range w.Keys {
		c.take(k.Value)
	}
	for _, one := range w.Cases {
		c.take(one.Config["GATEWAY_PSK"], one.Request.Headers["API-key"], strings.TrimPrefix(one.Request.Headers["Authorization"], "Bearer "))
		c.body(one.Request.Body)
	}
	return slices.Sorted(maps.Keys(c))
}

// Confide adds values to Confidential that stand in documents or in no row.
func (w *World) Confide(values ...string) { confidential(w.secrets).take(values...) }

// aboutPeople are the tables whose texts are confidential unless known is said
// of their column: a column that is added is confidential.
var aboutPeople = []string{
	"mithril.users", "prm.parties", "mpi.persons", "mpi.person_authentication_methods", "mpi.person_documents", "mpi.person_phones",
	"mpi.person_addresses", "mpi.confidant_person_relationships", "ops.declarations", "il.declaration_requests", "il.person_requests",
	"il.authentication_method_requests", "il.employee_requests", "otp.verifications", "otp.verified_phones",
}

// known are columns and keys in those tables whose values say nothing of anybody.
var known = map[string]bool{
	"status": true, "status_reason": true, "verification_status": true, "type": true, "relation_type": true, "gender": true,
	"channel": true, "block_reason": true, "seed": true, "legal_form": true, "position": true, "verb": true, "url": true,
	"start_date": true, "end_date": true, "time": true, "birth_country": true, "edrpou": true, "reason": true,
	"issued_at": true, "expiration_date": true, "settlement_id": true, "area": true, "region": true,
}

// opening are the keys of bodies whose values open a door or reach somebody.
var opening = map[string]bool{
	"email": true, "password": true, "code": true, "refresh_token": true, "client_secret": true, "phone_number": true, "number": true,
}

// confidential is a set of values.
type confidential map[string]bool

// Values that are shorter may stand in any line: three letters, four digits.
const (
	shortestWord = 4 // in letters beyond ASCII, which our own words never have
	shortestText = 6
)

var constant = regexp.MustCompile(`^[A-Z][A-Z_0-9]*$`)

func (c confidential) take(values ...string) {
	for _, value := range values {
		value = strings.TrimPrefix(value, "+") // phones are also told without it
		letters := utf8.RuneCountInString(value)
		if letters >= shortestText || letters >= shortestWord && letters < len(value) {
			c[value] = true
		}
	}
}

// columns takes what a row of aboutPeople holds, however deep.
func (c confidential) columns(r Row) {
	for column, value := range r {
		if known[column] {
			continue
		}
		switch value := value.(type) {
		case string:
			if !constant.MatchString(value) {
				c.take(value)
			}
		case time.Time:
			if column == "birth_date" {
				c.take(value.Format(time.DateOnly))
			}
		case Row:
			c.columns(value)
		case []Row:
			for _, one := range value {
				c.columns(one)
			}
		}
	}
}

// body takes what a request sends.
func (c confidential) body(body any) {
	switch body := body.(type) {
	case Row:
		_, coded := body["system"] // its code is a value of a dictionary
		for key, value := range body {
			if text, ok := value.(string); ok && opening[key] && !coded {
				c.take(text)
			}
			c.body(value)
		}
	case []Row:
		for _, one := range body {
			c.body(one)
		}
	}
}
