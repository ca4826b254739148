package servicerequests

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/subject"
	"esoz/internal/resource/medicalevents"
)

// proposal is a referral that a doctor wants to write, and what its checks ask. Create and
// PreQualify make the same checks of it.
type proposal struct {
	api.ServiceRequestContent

	at      string // its place in what is sent
	api     *API
	caller  *operation.Caller
	patient operation.Person
	find    func(ctx context.Context, kind, id string) (*operation.Referent, error)

	programs  *[]api.ReferenceRequest // that PreQualify asks
	encounter *operation.Referent     // of context
	job       string                  // "" in a request
	planned   *activity               // of which something is asked for, as the check of what is left has read it
	names     map[string]*string      // display_value, by id
}

// asked makes the check of a rule of the operation's family.
type asked[B any] struct {
	family, at string
	of         func(b *B) *proposal
}

func (a asked[B]) check(name string, pass func(p *proposal, ctx context.Context, rule rules.ID) error) operation.Check[*operation.Call[*API, Document, B]] {
	rule := rules.ID(a.family + "." + name)
	return operation.Check[*operation.Call[*API, Document, B]]{Rule: rule, Pass: func(ctx context.Context, c *operation.Call[*API, Document, B]) error {
		p := a.of(&c.Body)
		p.at, p.api, p.caller, p.patient, p.find = a.at, c.API, &c.Caller, c.Patient, c.Referent
		p.job = c.Job()
		return pass(p, ctx, rule)
	}}
}

// shape are the checks that follow the schema.
func (a asked[B]) shape() []operation.Check[*operation.Call[*API, Document, B]] {
	return []operation.Check[*operation.Call[*API, Document, B]]{
		a.check("kinds", (*proposal).kindsFit),
		a.check("context_required", (*proposal).isAboutSomething),
		a.check("occurrence", (*proposal).occursOnce),
	}
}

// content are the checks of what is asked for.
func (a asked[B]) content() []operation.Check[*operation.Call[*API, Document, B]] {
	all := []operation.Check[*operation.Call[*API, Document, B]]{
		a.check("category", (*proposal).categoryIsKnown),
		a.check("specimens_category", (*proposal).categoryHasSpecimens),
		a.check("requester_category", (*proposal).requesterMayAskForCategory),
		a.check("code_status", (*proposal).serviceIsActive),
		a.check("code_request_allowed", (*proposal).serviceMayBeRequested),
		a.check("code", (*proposal).serviceExists),
		a.check("code_category", (*proposal).serviceIsOfCategory),
		a.check("context", func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.records(p.contexts()).Exist(ctx, rule)
		}),
		a.check("context_status", func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.records(p.contexts()).AreRight(ctx, rule)
		}),
		a.check("requester_legal_entity", (*proposal).requesterIsCaller),
	}
	for _, list := range []struct {
		name     string
		mentions func(p *proposal) []medicalevents.Mention
		episodes bool
	}{
		{"reason_reference", (*proposal).reasons, false},
		{"supporting_info", (*proposal).infos, true},
		{"permitted_resources", (*proposal).permitted, true},
	} {
		all = append(all, a.records(list.name, list.mentions, list.episodes)...)
	}
	all = append(all,
		a.check("permitted_resources_laboratory", (*proposal).laboratoryPermitsNothing),
		a.check("occurrence_date_time", (*proposal).dateIsToCome),
		a.check("occurrence_start", (*proposal).startIsToCome),
		a.check("occurrence_end", (*proposal).endFollowsStart),
		a.check("performer", (*proposal).performerExists),
		a.check("performer_status", (*proposal).performerIsActive),
		a.check("location_reference", (*proposal).locationExists),
		a.check("location_reference_status", (*proposal).locationIsActive),
	)
	all = append(all, a.records("specimens", (*proposal).specimens, false)...)
	all = append(all, a.records("focus", (*proposal).focuses, false)...)
	return append(all,
		a.check("care_plan", func(p *proposal, ctx context.Context, rule rules.ID) error { return p.basedOn().PlanExists(ctx, rule) }),
		a.check("care_plan_status", func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.basedOn().PlanIsActive(ctx, rule)
		}),
		a.check("care_plan_end", func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.basedOn().PlanHasNotEnded(ctx, rule)
		}),
		a.check("activity", func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.basedOn().ActivityExists(ctx, rule)
		}),
		a.check("activity_status", func(p *proposal, ctx context.Context, _ rules.ID) error { return p.basedOn().ActivityIsOpen(ctx) }),
		a.check("care_plan_access", (*proposal).planMayBeChanged),
		a.check("activity_quantity", (*proposal).enoughIsLeft),
		a.check("inform_with", (*proposal).methodIsUsable),
	)
}

// records are the checks of a list of records.
func (a asked[B]) records(name string, mentions func(p *proposal) []medicalevents.Mention, episodes bool) []operation.Check[*operation.Call[*API, Document, B]] {
	checks := []operation.Check[*operation.Call[*API, Document, B]]{
		a.check(name, func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.records(mentions(p)).Exist(ctx, rule)
		}),
	}
	if episodes {
		checks = append(checks, a.check(name+"_episode", func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.records(mentions(p)).EpisodesAreActive(ctx, rule)
		}))
	}
	return append(checks, a.check(name+"_status", func(p *proposal, ctx context.Context, rule rules.ID) error {
		return p.records(mentions(p)).AreRight(ctx, rule)
	}))
}

func (p *proposal) records(mentions []medicalevents.Mention) medicalevents.Records {
	return medicalevents.Records{Mentions: mentions, Patient: p.patient.Hidden, Find: p.find}
}

func (p *proposal) basedOn() medicalevents.BasedOn {
	mentions := medicalevents.MentionsOf(p.BasedOn, p.at+".based_on", "care_plan", "activity")
	return medicalevents.BasedOn{Records: p.records(mentions), Now: p.caller.Now}
}

// Places that refer to records of the patient.
func (p *proposal) contexts() []medicalevents.Mention {
	return medicalevents.MentionOf(p.Context, p.at+".context", "encounter")
}

func (p *proposal) reasons() []medicalevents.Mention {
	return medicalevents.MentionsOf(p.ReasonReference, p.at+".reason_reference", "condition", "observation", "diagnostic_report")
}

func (p *proposal) infos() []medicalevents.Mention {
	return medicalevents.MentionsOf(p.SupportingInfo, p.at+".supporting_info", "episode_of_care", "condition", "observation", "diagnostic_report", kindOfDevices)
}

func (p *proposal) permitted() []medicalevents.Mention {
	return medicalevents.MentionsOf(p.PermittedResources, p.at+".permitted_resources", "episode_of_care", "diagnostic_report")
}

func (p *proposal) specimens() []medicalevents.Mention {
	return medicalevents.MentionsOf(p.Specimens, p.at+".specimens", "specimen")
}

func (p *proposal) focuses() []medicalevents.Mention {
	return medicalevents.MentionsOf(p.Focus, p.at+".focus", "specimen")
}

const kindOfDevices = "device_request"

func (p *proposal) kindsFit(_ context.Context, rule rules.ID) error {
	one := medicalevents.MentionOf
	return medicalevents.KindsFit(rule, slices.Concat(
		p.basedOn().Mentions, one(&p.Code, p.at+".code", "service", "service_group"), one(p.Program, p.at+".program", "medical_program"), p.contexts(),
		one(&p.RequesterEmployee, p.at+".requester_employee", "employee"), one(&p.RequesterLegalEntity, p.at+".requester_legal_entity", "legal_entity"),
		p.reasons(), p.infos(), p.permitted(), medicalevents.MentionsOf(p.programs, "$.programs", "medical_program"), one(p.Performer, p.at+".performer", "legal_entity"),
		one(p.LocationReference, p.at+".location_reference", "division"), p.specimens(), p.focuses(),
	))
}

func (p *proposal) isAboutSomething(context.Context, rules.ID) error {
	return operation.Expect(p.Context != nil || p.Focus != nil, "context", "an encounter, unless focus is given", "neither")
}

func (p *proposal) occursOnce(_ context.Context, rule rules.ID) error {
	if p.OccurrenceDateTime == nil || p.OccurrencePeriod == nil {
		return nil
	}
	return operation.Refusals{
		fault.Refuse(rule).Because("occurrence", "a moment or a period", "both"), fault.RefuseAt(rule, p.at+".occurrence_period", nil),
	}
}

func (p *proposal) category() string { return p.Category.Coding[0].Code }

func (p *proposal) categoryIsKnown(_ context.Context, rule rules.ID) error {
	const dictionary = "eHealth/SNOMED/service_request_categories"
	codes, open := p.api.Dictionaries.Codes(dictionary), p.api.Dictionaries.IsOpen(dictionary)
	var refused operation.Refusals
	for _, coding := range p.Category.Coding {
		if !open && !slices.Contains(codes, coding.Code) {
			refused = append(refused, fault.Refuse(rule, "code", coding.Code).Because("category", codes, "another code"))
		}
	}
	return refused.OrNil()
}

func (p *proposal) categoryHasSpecimens(context.Context, rules.ID) error {
	allowed := p.caller.Config.SpecimenCategories
	return operation.Expect(p.Specimens == nil || slices.Contains(allowed, p.category()), "category of a referral with specimens", allowed, p.category())
}

func (p *proposal) requesterMayAskForCategory(ctx context.Context, _ rules.ID) error {
	found, err := p.find(ctx, "employee", p.RequesterEmployee.Identifier.Value)
	if found == nil || found.Type != "ASSISTANT" {
		return err
	}
	allowed := p.caller.Config.AssistantCategories
	return operation.Expect(slices.Contains(allowed, p.category()), "category of a referral by an ASSISTANT", allowed, p.category())
}

// service is what is asked for: nil when it is not stored.
func (p *proposal) service(ctx context.Context) (*operation.Referent, error) {
	return p.find(ctx, p.Code.Identifier.Type.Coding[0].Code, p.Code.Identifier.Value)
}

// called is how refusals call what is asked for, at the beginning of a sentence and within.
func (p *proposal) called() (begin, within string) {
	if p.Code.Identifier.Type.Coding[0].Code == "service_group" {
		return "Service group", "service group"
	}
	return "Service", "service"
}

func (p *proposal) serviceIsActive(ctx context.Context, _ rules.ID) error {
	found, err := p.service(ctx)
	if found == nil {
		return err
	}
	what, _ := p.called()
	return operation.Expect(found.Status == Active, "status of code", Active, found.Status, "what", what)
}

func (p *proposal) serviceMayBeRequested(ctx context.Context, _ rules.ID) error {
	found, err := p.service(ctx)
	if found == nil || found.Status != Active {
		return err
	}
	_, what := p.called()
	return operation.Expect(found.Requestable, "request_allowed of code", true, false, "what", what)
}

func (p *proposal) serviceExists(ctx context.Context, _ rules.ID) error {
	found, err := p.service(ctx)
	if err != nil {
		return err
	}
	what, _ := p.called()
	return operation.Expect(found != nil, "code", "what is stored", "nothing of this id", "what", what)
}

func (p *proposal) serviceIsOfCategory(ctx context.Context, _ rules.ID) error {
	found, err := p.service(ctx)
	if found == nil || found.Status != Active || !found.Requestable || found.Type == "" {
		return err
	}
	ok := p.category() == found.Type || p.category() == hospitalization || p.category() == transferOfCare
	return operation.Expect(ok, "category of the service", p.category(), found.Type)
}

func (p *proposal) requesterIsCaller(context.Context, rules.ID) error {
	return operation.Expect(idOf(&p.RequesterLegalEntity) == p.caller.ClientID, "requester_legal_entity", p.caller.ClientID, "another legal entity")
}

func (p *proposal) laboratoryPermitsNothing(context.Context, rules.ID) error {
	return operation.Expect(p.category() != "laboratory_procedure" || p.PermittedResources == nil, "permitted_resources", "nothing", "a list")
}

func (p *proposal) dateIsToCome(context.Context, rules.ID) error {
	if p.OccurrenceDateTime == nil {
		return nil
	}
	return operation.Expect(!clock.Today(moment(*p.OccurrenceDateTime)).Before(clock.Today(p.caller.Now)), "occurrence_date_time", "today or later", "an earlier day")
}

func (p *proposal) startIsToCome(context.Context, rules.ID) error {
	if p.OccurrencePeriod == nil {
		return nil
	}
	return operation.Expect(!moment(p.OccurrencePeriod.Start).Before(p.caller.Now), "start of occurrence_period", "in the future", "past")
}

func (p *proposal) endFollowsStart(context.Context, rules.ID) error {
	if p.OccurrencePeriod == nil || p.OccurrencePeriod.End == nil {
		return nil
	}
	return operation.Expect(!moment(*p.OccurrencePeriod.End).Before(moment(p.OccurrencePeriod.Start)), "end of occurrence_period", "not before its start", "before it")
}

func (p *proposal) performerExists(ctx context.Context, _ rules.ID) error {
	found, err := p.referred(ctx, p.Performer)
	return p.exists(found, err, p.Performer, "performer")
}

func (p *proposal) performerIsActive(ctx context.Context, _ rules.ID) error {
	found, err := p.referred(ctx, p.Performer)
	return p.isActive(found, err, "performer")
}

func (p *proposal) locationExists(ctx context.Context, _ rules.ID) error {
	found, err := p.referred(ctx, p.LocationReference)
	return p.exists(found, err, p.LocationReference, "location_reference")
}

func (p *proposal) locationIsActive(ctx context.Context, _ rules.ID) error {
	found, err := p.referred(ctx, p.LocationReference)
	return p.isActive(found, err, "location_reference")
}

// referred is what a reference leads to, nil when there is none.
func (p *proposal) referred(ctx context.Context, sent *api.ReferenceRequest) (*operation.Referent, error) {
	if sent == nil {
		return nil, nil
	}
	return p.find(ctx, sent.Identifier.Type.Coding[0].Code, sent.Identifier.Value)
}

func (p *proposal) exists(found *operation.Referent, err error, sent *api.ReferenceRequest, field string) error {
	if err != nil {
		return err
	}
	return operation.Expect(sent == nil || found != nil, field, "what is stored", "nothing of this id")
}

func (p *proposal) isActive(found *operation.Referent, err error, field string) error {
	if found == nil {
		return err
	}
	return operation.Expect(found.Status == subject.Active, "status of "+field, subject.Active, found.Status)
}

func (p *proposal) planMayBeChanged(ctx context.Context, _ rules.ID) error {
	return p.basedOn().MayBeChanged(ctx, func(ctx context.Context, kind string, ids []uuid.UUID) (bool, error) {
		return p.api.People.MayWrite(ctx, p.caller.Subject, p.patient, kind, ids)
	})
}

func (p *proposal) enoughIsLeft(ctx context.Context, _ rules.ID) error {
	id := medicalevents.ActivityOf(p.received(p.BasedOn))
	if id == uuid.Nil {
		return nil
	}
	var err error
	if p.planned, err = p.api.activity(ctx, id); err != nil || p.planned == nil {
		return err
	}
	left, err := p.api.leftTo(ctx, p.planned, p.job)
	if err != nil {
		return err
	}
	return operation.Expect(left.Value > 0 && p.wanted() <= left.Value, "what is left of the activity", p.wanted(), left.Value)
}

// wanted is how much is asked for.
func (p *proposal) wanted() float64 {
	if p.Quantity == nil {
		return 0
	}
	return p.Quantity.Value
}

func (p *proposal) methodIsUsable(ctx context.Context, _ rules.ID) error {
	named := p.informWith().method()
	if named == nil {
		return nil
	}
	found, err := p.api.People.Method(ctx, *named)
	if err != nil {
		return err
	}
	return found.IsUsableBy(p.patient.ID)
}

// informWith is that of the content.
func (p *proposal) informWith() *InformWith {
	if p.InformWith == nil {
		return nil
	}
	if p.InformWith.AuthMethodID == nil {
		return new(InformWith)
	}
	id, _ := uuid.Parse(*p.InformWith.AuthMethodID) // the contract's schema has judged it
	return &InformWith{AuthMethodID: &id}
}

// know looks up what is stored of the objects that the content names, or shown.
func (p *proposal) know(ctx context.Context) (err error) {
	if p.encounter, err = p.referred(ctx, p.Context); err != nil {
		return err
	}
	p.names = map[string]*string{}
	for _, sent := range []*api.ReferenceRequest{&p.RequesterEmployee, &p.RequesterLegalEntity, p.Performer} {
		found, err := p.referred(ctx, sent)
		if err != nil {
			return err
		}
		if found != nil {
			p.names[sent.Identifier.Value] = found.Display
		}
	}
	return nil
}

// named is a reference with what the object is called.
func (p *proposal) named(sent api.ReferenceRequest) reference {
	r := medicalevents.Received(sent)
	r.DisplayValue = p.names[sent.Identifier.Value]
	return r
}

// received is a list of references as it was sent; nil stays nil.
func (*proposal) received(sent *[]api.ReferenceRequest) []reference {
	if sent == nil {
		return nil
	}
	return medicalevents.Each(*sent, medicalevents.Received)
}

// moment reads a date and time; the contract's schema has judged its form.
func moment(text string) time.Time {
	at, _ := time.Parse(time.RFC3339Nano, text)
	return at.UTC().Truncate(time.Millisecond)
}
