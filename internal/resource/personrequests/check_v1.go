package personrequests

import (
	"context"
	"fmt"
	"slices"
	"time"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/fault"
)

// v1BodyChecks read the documents of the persons who act, as they were sent.
var v1BodyChecks = []operation.Check[*creating]{
	{Rule: rules.PersonRequestCreateV1ConfidantDocumentNumber, Pass: func(_ context.Context, s *creating) error {
		return s.confidantNumbers(rules.PersonRequestCreateV1ConfidantDocumentNumber, func(kind string) bool { return kind != birthCertificate }, "documents_person")
	}},
	{Rule: rules.PersonRequestCreateV1ConfidantCertificateNumber, Pass: func(_ context.Context, s *creating) error {
		return s.confidantNumbers(rules.PersonRequestCreateV1ConfidantCertificateNumber, isBirthCertificate, "documents_person", "documents_relationship")
	}},
}

// confidantNumbers refuses the documents of the persons who act whose number does not
// fit their type.
func (s *creating) confidantNumbers(rule rules.ID, of func(kind string) bool, lists ...string) error {
	sent, _ := s.Value("person", "confidant_person").([]any)
	var refused operation.Refusals
	for i := range sent {
		for _, list := range lists {
			documents, _ := s.Value("person", "confidant_person", i, list).([]any)
			for j := range documents {
				kind, number := s.Text("person", "confidant_person", i, list, j, "type"), s.Text("person", "confidant_person", i, list, j, "number")
				if kind == nil || number == nil || !of(*kind) {
					continue
				}
				if form := misfit(*kind, *number); form != nil {
					refused = append(refused, refuseInList(rule, i, list, j, "number", "pattern", form.documented))
				}
			}
		}
	}
	return refused.OrNil()
}

// refuseInList refuses a field of an item of a list of one of the persons who act.
func refuseInList(rule rules.ID, i int, list string, j int, field string, args ...any) *fault.Error {
	entry := fmt.Sprintf("$.person.confidant_person[%d].%s[%d].%s", i, list, j, field)
	of, _ := rules.Get(rule)
	return fault.RefuseAt(rule, entry, nil, args...).Because(entry, of.Check, "another value")
}

// v1ConfidantChecks ask who acts for the person.
var v1ConfidantChecks = []operation.Check[*creating]{
	eachItem(rules.PersonRequestCreateV1ConfidantDouble, countConfidants, func(s *creating, i int) ([]any, bool) {
		all, kind := s.confidants(), s.confidants()[i].RelationType
		return []any{"type", kind}, !slices.ContainsFunc(all[:i], func(c api.PersonRequestConfidantV1) bool { return c.RelationType == kind })
	}),
	{Rule: rules.PersonRequestCreateV1ConfidantPrimary, Pass: func(_ context.Context, s *creating) error {
		return operation.Unless(countConfidants(s) == 0 || slices.ContainsFunc(s.confidants(), func(c api.PersonRequestConfidantV1) bool {
			return c.RelationType == api.PersonRequestConfidantV1RelationTypePRIMARY
		}))
	}},
	{Rule: rules.PersonRequestCreateV1ConfidantForChild, Pass: func(_ context.Context, s *creating) error {
		has := countConfidants(s) > 0 || s.registered != nil && s.registered.hasConfidant
		return operation.Expect(has || s.age >= s.Config.NoSelfAuthAge, "confidant person", "one", "none")
	}},
	listedTwice(rules.PersonRequestCreateV1ConfidantDocumentDouble, func(c *api.PersonRequestConfidantV1) map[string][]string {
		lists := map[string][]string{}
		for _, d := range c.DocumentsPerson {
			lists["documents_person"] = append(lists["documents_person"], d.Type)
		}
		for _, d := range c.DocumentsRelationship {
			lists["documents_relationship"] = append(lists["documents_relationship"], d.Type)
		}
		return lists
	}, "documents_person", "documents_relationship"),
	listedTwice(rules.PersonRequestCreateV1ConfidantPhoneDouble, func(c *api.PersonRequestConfidantV1) map[string][]string {
		lists := map[string][]string{}
		if c.Phones != nil {
			for _, p := range *c.Phones {
				lists["phones"] = append(lists["phones"], p.Type)
			}
		}
		return lists
	}, "phones"),
	eachItem(rules.PersonRequestCreateV1ConfidantAge, countConfidants, func(s *creating, i int) ([]any, bool) {
		born, _ := time.Parse(time.DateOnly, s.confidants()[i].BirthDate) // the schema has checked it
		return nil, clock.Age(born, s.Now) >= s.Config.NoSelfAuthAge
	}),
}

// v1MethodChecks ask how the person will confirm.
var v1MethodChecks = []operation.Check[*creating]{
	{Rule: rules.PersonRequestCreateV1MethodAge, Pass: func(_ context.Context, s *creating) error {
		m := s.method()
		return operation.Unless(m == nil || s.age >= s.Config.NoSelfAuthAge || m.Type == methodThird)
	}},
}

func countConfidants(s *creating) int { return len(s.confidants()) }

// listedTwice refuses items of lists of the persons who act whose type an earlier item
// of the list has.
func listedTwice(rule rules.ID, typesOf func(c *api.PersonRequestConfidantV1) map[string][]string, lists ...string) operation.Check[*creating] {
	return operation.Check[*creating]{Rule: rule, Pass: func(_ context.Context, s *creating) error {
		var refused operation.Refusals
		for i, c := range s.confidants() {
			types := typesOf(&c)
			for _, list := range lists {
				for j, kind := range types[list] {
					if slices.Contains(types[list][:j], kind) {
						refused = append(refused, refuseInList(rule, i, list, j, "type", "type", kind))
					}
				}
			}
		}
		return refused.OrNil()
	}}
}
