package personrequests

import (
	"slices"
	"strconv"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/media"
)

// Methods by which a request is confirmed.
const (
	methodOTP     = "OTP"
	methodOffline = "OFFLINE"
	methodThird   = "THIRD_PERSON"
	methodNone    = "NA"
)

// version of the methods that make a request and act on it.
type version int16

const v1, v2, v3 version = 1, 2, 3

var versions = []version{v1, v2, v3}

// ofVersions makes a value of each version, once.
func ofVersions[T any](of func(version) T) map[version]T {
	all := make(map[version]T, len(versions))
	for _, v := range versions {
		all[v] = of(v)
	}
	return all
}

// operation is what a method of version 2 is called in this one.
func (v version) operation(id string) string {
	if v == v2 {
		return id
	}
	return id + "V" + strconv.Itoa(int(v))
}

// family is how the ids of a method's rules begin.
func (v version) family(method string) rules.ID {
	if v != v2 {
		method += "_v" + strconv.Itoa(int(v))
	}
	return rules.ID("person_request." + method + ".")
}

// channelMIS is the channel of requests that legal entities make.
const channelMIS = "MIS"

// statusExpired is the status of requests whose data is gone; no answer shows it.
const statusExpired api.PersonRequestStatus = "EXPIRED"

// request is a stored person request.
type request struct {
	ID            uuid.UUID
	Version       version
	LegalEntityID uuid.UUID
	Status        api.PersonRequestStatus
	Channel       string
	Data          data
	Method        method
	Uploads       []upload
	AuthorizeWith *uuid.UUID
	Content       *string
	Cleaned       bool // its data is gone
}

// data is what was sent. Of a request of another version, Person is the same person
// in the form of version 2.
type data struct {
	Person        api.PersonRequestPerson    `json:"person"`
	V1            *api.PersonRequestPersonV1 `json:"person_v1,omitempty"`
	V3            *api.PersonRequestPersonV3 `json:"person_v3,omitempty"`
	PatientSigned bool                       `json:"patient_signed"`
	Consent       bool                       `json:"process_disclosure_data_consent"`
}

// method is how the request is confirmed, fixed when it is created.
type method struct {
	Type        string `json:"type"`
	PhoneNumber string `json:"phone_number,omitempty"`
}

// upload is a scan that the approval waits for.
type upload struct {
	Type string `json:"type"`
}

// name of the scan in the media store.
func (u upload) name(request uuid.UUID) string {
	return "person_requests/" + request.String() + "/person_request_" + u.Type + ".jpeg"
}

// show renders a request. Phones by which somebody confirms are masked.
func (r *request) show() api.PersonRequest {
	shown := api.PersonRequest{
		ID: r.ID.String(), Status: r.Status, Person: r.Data.Person, PatientSigned: r.Data.PatientSigned,
		ProcessDisclosureDataConsent: r.Data.Consent, Channel: api.PersonRequestChannel(r.Channel), Content: r.Content,
	}
	if r.AuthorizeWith != nil {
		id := r.AuthorizeWith.String()
		shown.AuthorizeWith = &id
	}
	shown.Person.AuthenticationMethods = masked(shown.Person.AuthenticationMethods)
	return shown
}

func masked(sent *[]api.PersonRequestMethod) *[]api.PersonRequestMethod {
	if sent == nil {
		return nil
	}
	all := slices.Clone(*sent)
	for i, m := range all {
		if m.PhoneNumber != nil {
			all[i].PhoneNumber = envelope.MaskPhone(*m.PhoneNumber)
		}
	}
	return &all
}

// urgent says how the request is confirmed.
func (r *request) urgent(scans *media.Store) api.PersonRequestUrgent {
	current := api.PersonRequestMethodCurrent{Type: api.PersonRequestMethodCurrentType(r.Method.Type)}
	if r.Method.Type == methodOTP {
		current.PhoneNumber = envelope.MaskPhone(r.Method.PhoneNumber)
	}
	u := api.PersonRequestUrgent{AuthenticationMethodCurrent: []api.PersonRequestMethodCurrent{current}}
	u.Documents = links(scans, r.Uploads, func(scan upload) string { return scan.name(r.ID) })
	return u
}

// links are the addresses to which scans are sent; nil when none are asked for.
func links(scans *media.Store, uploads []upload, name func(upload) string) *[]api.PersonRequestUpload {
	if len(uploads) == 0 {
		return nil
	}
	all := make([]api.PersonRequestUpload, len(uploads))
	for i, scan := range uploads {
		all[i] = api.PersonRequestUpload{Type: scan.Type, URL: scans.URL(name(scan))}
	}
	return &all
}
