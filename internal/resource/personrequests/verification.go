package personrequests

import (
	"slices"
	"strings"
	"time"

	"esoz/internal/operation"
	"esoz/internal/platform/clock"
)

// Statuses and reasons of verification.
const (
	verificationNeeded    = "VERIFICATION_NEEDED"
	verificationNotNeeded = "VERIFICATION_NOT_NEEDED"
	changesNeeded         = "CHANGES_NEEDED"
	verified              = "VERIFIED"
	notVerified           = "NOT_VERIFIED"
	onlineTriggered       = "ONLINE_TRIGGERED"
	documentsTriggered    = "DOCUMENTS_TRIGGERED"
)

// identity is what of a person is verified.
type identity struct {
	FirstName  string  `json:"first_name"`
	LastName   string  `json:"last_name"`
	SecondName *string `json:"second_name"`
	BirthDate  string  `json:"birth_date"`
	Gender     string  `json:"gender"`
	NoTaxID    bool    `json:"no_tax_id"`
	TaxID      *string `json:"tax_id"`
	Unzr       *string `json:"unzr"`
	Documents  []struct {
		Type   string `json:"type"`
		Number string `json:"number"`
	} `json:"documents"`
	ConfidantPerson any `json:"confidant_person"` // in version 1 a list
}

func (i *identity) hasConfidant() bool {
	list, isList := i.ConfidantPerson.([]any)
	return len(list) > 0 || !isList && i.ConfidantPerson != nil
}

func (i *identity) name() string {
	return strings.Join([]string{i.LastName, i.FirstName, text(i.SecondName), i.BirthDate}, "\n")
}

// numbers are those of the documents of some types.
func (i *identity) numbers(types ...string) string {
	var all []string
	for _, d := range i.Documents {
		if slices.Contains(types, d.Type) {
			all = append(all, d.Type+" "+d.Number)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func text(t *string) string {
	if t == nil {
		return ""
	}
	return *t
}

// stream is what one register says of a person. Its keys are verification_status,
// verification_reason and what else the register knows.
type stream = map[string]any

// fresh is a stream that begins, and the data that it is about.
type fresh struct{ data, status, reason string }

// streams are those of a person who is registered (wiki 18268127257, 18255708191).
func streams(c *operation.Caller, i *identity) map[string]fresh {
	online := func(data string) fresh {
		if data == "" {
			return fresh{data, verificationNotNeeded, "AUTO_DATA_ABSENT"}
		}
		return fresh{data, verificationNeeded, onlineTriggered}
	}
	born, _ := time.Parse(time.DateOnly, i.BirthDate) // the schema has checked it
	certificate := i.numbers(birthCertificate)
	if clock.Age(born, c.Now) > c.Config.NoSelfAuthAge && len(i.Documents) > 1 {
		certificate = ""
	}
	nhs := fresh{i.numbers(residencePermit), verificationNotNeeded, "AUTO"}
	if i.Unzr != nil && !strings.HasPrefix(*i.Unzr, strings.ReplaceAll(i.BirthDate, "-", "")+"-") {
		nhs.data += *i.Unzr
	}
	if nhs.data != "" || i.hasConfidant() {
		nhs.status, nhs.reason = notVerified, documentsTriggered
	}
	passport := online(i.numbers("PASSPORT", nationalID))
	return map[string]fresh{
		"drfo": online(text(i.TaxID)), "unzr": online(text(i.Unzr)), "dracs_death": online(i.name()), "dracs_name_change": online(i.name()),
		"dracs_birth": online(certificate), "mvs_passport": passport, "dms_passport": passport,
		"legal_capacity": online(i.numbers(c.Config.LegalCapacityDocumentTypes...)), "nhs": nhs,
	}
}

// nextStreams returns the streams of a person. Of one who was registered before,
// those stay as they are whose data has not changed.
func nextStreams(c *operation.Caller, is, was *identity, known map[string]stream) map[string]stream {
	var before map[string]fresh
	if was != nil && was.name() == is.name() {
		before = streams(c, was)
	}
	all := map[string]stream{}
	for name, begun := range streams(c, is) {
		all[name] = stream{"verification_status": begun.status, "verification_reason": begun.reason}
		if kept, has := known[name]; has && before != nil && before[name].data == begun.data {
			all[name] = kept
		}
	}
	return all
}

// Cumulative is the status of a person by their streams (wiki 18225989067).
func Cumulative(streams map[string]stream) string {
	status := verified
	for _, one := range streams {
		switch one["verification_status"] {
		case notVerified:
			return changesNeeded
		case verified, verificationNotNeeded:
		default:
			status = verificationNeeded
		}
	}
	return status
}
