package medicalevents

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/fault"
)

// Mention is a reference in what is sent, and the kinds of objects that its place takes.
type Mention struct {
	Sent  api.ReferenceRequest
	At    string // the place: $.code, $.focus[0]
	Kinds []string
}

// MentionsOf are those of a list; it may be nil.
func MentionsOf(list *[]api.ReferenceRequest, at string, kinds ...string) (all []Mention) {
	if list == nil {
		return nil
	}
	for i, sent := range *list {
		all = append(all, Mention{sent, fmt.Sprintf("%s[%d]", at, i), kinds})
	}
	return all
}

// MentionOf is that of a field; it may be nil.
func MentionOf(sent *api.ReferenceRequest, at string, kinds ...string) []Mention {
	if sent == nil {
		return nil
	}
	return []Mention{{*sent, at, kinds}}
}

// Kind of the object. The contract's schema wants one coding at least.
func (m Mention) Kind() string { return m.Sent.Identifier.Type.Coding[0].Code }

// Value is the id of the object, as it was sent.
func (m Mention) Value() string { return m.Sent.Identifier.Value }

// Refuse refuses the reference, or the id in it when the entry of the rule says so.
func (m Mention) Refuse(rule rules.ID, args ...any) *fault.Error {
	const id = ".identifier.value"
	at := m.At
	if r, _ := rules.Get(rule); strings.HasSuffix(r.Entry, id) {
		at += id
	}
	return fault.RefuseAt(rule, at, nil, args...)
}

// KindsFit passes when each reference leads to a kind that its place takes.
func KindsFit(rule rules.ID, mentions []Mention) error {
	var refused operation.Refusals
	for _, m := range mentions {
		for i, coding := range m.Sent.Identifier.Type.Coding {
			if !slices.Contains(m.Kinds, coding.Code) {
				at := fmt.Sprintf("%s.identifier.type.coding[%d].code", m.At, i)
				refused = append(refused, fault.RefuseAt(rule, at, nil).Because(at, m.Kinds, "another kind"))
			}
		}
	}
	return refused.OrNil()
}

// EachRecord makes a check of each record of a patient that references lead to. judge returns
// nil, or how the record is refused.
func EachRecord(
	ctx context.Context, mentions []Mention, find func(ctx context.Context, kind, id string) (*operation.Referent, error),
	judge func(m Mention, found *operation.Referent) *fault.Error,
) error {
	var refused operation.Refusals
	for _, m := range mentions {
		found, err := find(ctx, m.Kind(), m.Value())
		if err != nil {
			return err
		}
		if refusal := judge(m, found); refusal != nil {
			refused = append(refused, refusal)
		}
	}
	return refused.OrNil()
}

// recordNames are how refusals call records by their kinds.
var recordNames = map[string][2]string{
	"condition":           {"Condition with such id", "Condition"},
	"observation":         {"Observation with such id", "Observation"},
	"diagnostic_report":   {"Diagnostic report with such id", "Diagnostic report"},
	"episode":             {"Episode with such ID", "Episode"},
	"episode_of_care":     {"Episode with such ID", "Episode"},
	"device_request":      {"Device request with such id", "Device request"},
	"specimen":            {"Specimen with such id", "Specimen"},
	"procedure":           {"Procedure with such id", "Procedure"},
	"encounter":           {"Encounter with such id", "Encounter"},
	"device":              {"Device with such id", "Device"},
	"device_association":  {"Device association with such id", "Device association"},
	"clinical_impression": {"Clinical impression with such id", "Clinical impression"},
}

// Records are the checks of the records of a patient that a list of references names.
type Records struct {
	Mentions []Mention
	Patient  []string // hidden, under each key
	Find     func(ctx context.Context, kind, id string) (*operation.Referent, error)
}

// Exist passes when the patient has all of them.
func (r Records) Exist(ctx context.Context, rule rules.ID) error {
	return EachRecord(ctx, r.Mentions, r.Find, func(m Mention, found *operation.Referent) *fault.Error {
		if r.has(found) {
			return nil
		}
		return m.Refuse(rule, "what", recordNames[m.Kind()][0]).Because(m.At, "a record of the patient", "nothing of this id, or another patient's")
	})
}

// AreRight passes when none of them, episodes apart, is entered in error.
func (r Records) AreRight(ctx context.Context, rule rules.ID) error {
	return EachRecord(ctx, r.Mentions, r.Find, func(m Mention, found *operation.Referent) *fault.Error {
		if !r.has(found) || isEpisode(m) || found.Status != "entered_in_error" {
			return nil
		}
		return m.Refuse(rule, "what", recordNames[m.Kind()][1]).Because("status of "+m.At, "another status", found.Status)
	})
}

// EpisodesAreActive passes when those of them that are episodes are active.
func (r Records) EpisodesAreActive(ctx context.Context, rule rules.ID) error {
	return EachRecord(ctx, r.Mentions, r.Find, func(m Mention, found *operation.Referent) *fault.Error {
		if !r.has(found) || !isEpisode(m) || found.Status == "active" {
			return nil
		}
		return m.Refuse(rule).Because("status of "+m.At, "active", found.Status)
	})
}

func isEpisode(m Mention) bool { return m.Kind() == "episode" || m.Kind() == "episode_of_care" }

func (r Records) has(found *operation.Referent) bool {
	return found != nil && slices.Contains(r.Patient, found.Patient)
}
