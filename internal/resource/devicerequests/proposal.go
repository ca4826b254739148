package devicerequests

import (
	"context"
	"errors"
	"fmt"
	"math"
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

// proposal is a device request that a doctor wants to write, and what its checks ask. Create
// and PreQualify make the same checks of it.
type proposal struct {
	api.DeviceRequestContent

	at      string // its place in what is sent
	api     *API
	caller  *operation.Caller
	patient operation.Person
	find    func(ctx context.Context, kind, id string) (*operation.Referent, error)

	programs *[]api.ReferenceRequest // that PreQualify asks
	types    []string                // of the device definition, each after its dictionary
	names    map[string]*string      // display_value, by id
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
		return pass(p, ctx, rule)
	}}
}

// requester are the checks of who prescribes, for which care plan, and of what.
func (a asked[B]) requester() []operation.Check[*operation.Call[*API, Document, B]] {
	return []operation.Check[*operation.Call[*API, Document, B]]{
		a.check("kinds", (*proposal).kindsFit),
		a.check("requester", (*proposal).requesterIsUser),
		a.check("requester_status", (*proposal).requesterIsApproved),
		a.check("requester_legal_entity", (*proposal).requesterIsOfCaller),
		a.check("requester_speciality", (*proposal).requesterMayPrescribe),
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
		a.check("one_code", (*proposal).hasOneCode),
		a.check("code_reference", (*proposal).definitionIsInUse),
		a.check("code", (*proposal).codeIsPrescribable),
	}
}

// content are the checks of the rest of what is prescribed.
func (a asked[B]) content() []operation.Check[*operation.Call[*API, Document, B]] {
	return []operation.Check[*operation.Call[*API, Document, B]]{
		a.check("quantity_value", (*proposal).quantityIsWhole),
		a.check("encounter", func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.records(p.encounters()).Exist(ctx, rule)
		}),
		a.check("encounter_status", func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.records(p.encounters()).AreRight(ctx, rule)
		}),
		a.check("encounter_performer", (*proposal).requesterHasHadEncounter),
		a.check("authored_on", (*proposal).isWrittenInTime),
		a.check("authored_on_encounter", (*proposal).isWrittenAfterEncounter),
		a.check("occurrence_start", (*proposal).startIsToCome),
		a.check("occurrence_end", (*proposal).endFollowsStart),
		a.check("reason", func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.records(p.reasons()).Exist(ctx, rule)
		}),
		a.check("reason_status", func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.records(p.reasons()).AreRight(ctx, rule)
		}),
		a.check("supporting_info", func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.records(p.infos()).Exist(ctx, rule)
		}),
		a.check("supporting_info_status", func(p *proposal, ctx context.Context, rule rules.ID) error {
			return p.records(p.infos()).AreRight(ctx, rule)
		}),
		a.check("performer", (*proposal).performerExists),
		a.check("performer_status", (*proposal).performerIsActive),
		a.check("parameter", (*proposal).parametersHaveOneValue),
		a.check("inform_with", (*proposal).methodIsUsable),
	}
}

func (p *proposal) records(mentions []medicalevents.Mention) medicalevents.Records {
	return medicalevents.Records{Mentions: mentions, Patient: p.patient.Hidden, Find: p.find}
}

func (p *proposal) basedOn() medicalevents.BasedOn {
	mentions := medicalevents.MentionsOf(p.BasedOn, p.at+".based_on", "care_plan", "activity")
	return medicalevents.BasedOn{Records: p.records(mentions), Now: p.caller.Now}
}

// Places that refer to records of the patient.
func (p *proposal) encounters() []medicalevents.Mention {
	return medicalevents.MentionOf(&p.Encounter, p.at+".encounter", "encounter")
}

func (p *proposal) reasons() []medicalevents.Mention {
	return medicalevents.MentionsOf(p.Reason, p.at+".reason", "condition", "observation", "diagnostic_report")
}

func (p *proposal) infos() []medicalevents.Mention {
	return medicalevents.MentionsOf(p.SupportingInfo, p.at+".supporting_info",
		"condition", "observation", "diagnostic_report", "procedure", "encounter", "episode", "device", "device_association")
}

func (p *proposal) kindsFit(_ context.Context, rule rules.ID) error {
	one := medicalevents.MentionOf
	return medicalevents.KindsFit(rule, slices.Concat(
		p.basedOn().Mentions, one(p.CodeReference, p.at+".code_reference", "device_definition"), p.encounters(), p.reasons(),
		one(&p.Requester, p.at+".requester", "employee"), one(p.Performer, p.at+".performer", "legal_entity"), p.infos(),
		one(p.Program, p.at+".program", "medical_program"), medicalevents.MentionsOf(p.programs, "$.programs", "medical_program"),
	))
}

// requester is who prescribes, nil when there is no such employee.
func (p *proposal) requester(ctx context.Context) (*operation.Referent, error) {
	return p.find(ctx, "employee", p.Requester.Identifier.Value)
}

func (p *proposal) requesterIsUser(ctx context.Context, _ rules.ID) error {
	found, err := p.requester(ctx)
	if err != nil {
		return err
	}
	return operation.Expect(found != nil && p.caller.Party != nil && found.Party == p.caller.Party.ID, "requester", "an employee that the user is", "another employee, or none")
}

func (p *proposal) requesterIsApproved(ctx context.Context, _ rules.ID) error {
	found, err := p.requester(ctx)
	if found == nil {
		return err
	}
	return operation.Expect(found.Status == "APPROVED", "status of the requester", "APPROVED", found.Status)
}

func (p *proposal) requesterIsOfCaller(ctx context.Context, _ rules.ID) error {
	found, err := p.requester(ctx)
	if found == nil {
		return err
	}
	return operation.Expect(found.LegalEntity == p.caller.ClientID, "legal entity of the requester", p.caller.ClientID, "another legal entity", "id", p.Requester.Identifier.Value)
}

// assistive is the dictionary of devices that only some may prescribe.
const assistive = "eHealth/assistive_devices"

func (p *proposal) requesterMayPrescribe(ctx context.Context, _ rules.ID) error {
	if p.Code == nil || !slices.ContainsFunc(p.Code.Coding, func(c api.Coding) bool { return c.System == assistive }) {
		return nil
	}
	found, err := p.requester(ctx)
	if found == nil {
		return err
	}
	allowed := p.caller.Config.AssistiveSpecialities
	return operation.Expect(slices.Contains(allowed, found.Speciality), "speciality of the requester", allowed, "another one, or none")
}

func (p *proposal) planMayBeChanged(ctx context.Context, _ rules.ID) error {
	return p.basedOn().MayBeChanged(ctx, func(ctx context.Context, kind string, ids []uuid.UUID) (bool, error) {
		return p.api.People.MayWrite(ctx, p.caller.Subject, p.patient, kind, ids)
	})
}

func (p *proposal) hasOneCode(_ context.Context, rule rules.ID) error {
	if (p.Code == nil) != (p.CodeReference == nil) {
		return nil
	}
	return operation.Refusals{
		fault.Refuse(rule).Because("code and code_reference", "one of them", "both, or neither"), fault.RefuseAt(rule, p.at+".code_reference", nil),
	}
}

func (p *proposal) definitionIsInUse(ctx context.Context, _ rules.ID) error {
	if p.CodeReference == nil {
		return nil
	}
	found, err := p.api.prescribed(ctx, medicalevents.Received(*p.CodeReference).Identifier.Value)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	p.types = found.Types
	return operation.Expect(err == nil && found.IsActive, "code_reference", "an active device definition", "an inactive one, or none")
}

func (p *proposal) codeIsPrescribable(_ context.Context, rule rules.ID) error {
	types, at := p.types, p.at+".code_reference"
	if p.Code != nil {
		types, at = nil, p.at+".code"
		for _, c := range p.Code.Coding {
			types = append(types, operation.Item(c.System, c.Code))
		}
	}
	allowed := p.caller.Config.PrescribableDevices
	for _, one := range types {
		for _, may := range allowed {
			if p.allows(may, one) {
				return nil
			}
		}
	}
	return operation.Refusals{fault.RefuseAt(rule, at, nil).Because(at, allowed, "another type")}
}

// allows tells whether an entry of PRESCRIBABLE_DEVICE_CODES allows a type: one of the
// dictionary that it names, or the very one.
func (p *proposal) allows(entry, one string) bool {
	if entry == one {
		return true
	}
	code, of := cutDictionary(one, entry)
	return of && (p.CodeReference != nil || p.api.Dictionaries.IsOpen(entry) || slices.Contains(p.api.Dictionaries.Codes(entry), code))
}

// cutDictionary returns the code of a type of a dictionary.
func cutDictionary(one, dictionary string) (code string, of bool) {
	prefix := operation.Item(dictionary, "")
	if len(one) < len(prefix) || one[:len(prefix)] != prefix {
		return "", false
	}
	return one[len(prefix):], true
}

func (p *proposal) hasQuantityForProgram(context.Context, rules.ID) error {
	return operation.Expect(p.Quantity != nil || p.Program == nil, "quantity", "an amount, because there is a program", "none")
}

func (p *proposal) quantityIsWhole(context.Context, rules.ID) error {
	return operation.Expect(p.Quantity == nil || p.Quantity.Value == math.Trunc(p.Quantity.Value), "quantity.value", "a whole number", "another one")
}

func (p *proposal) encounter(ctx context.Context) (*operation.Referent, error) {
	return p.find(ctx, "encounter", p.Encounter.Identifier.Value)
}

func (p *proposal) requesterHasHadEncounter(ctx context.Context, _ rules.ID) error {
	found, err := p.encounter(ctx)
	if found == nil {
		return err
	}
	return operation.Expect(found.Performer == medicalevents.Received(p.Requester).Identifier.Value, "performer of the encounter", "the requester", "another employee")
}

func (p *proposal) isWrittenInTime(context.Context, rules.ID) error {
	today, day := clock.Today(p.caller.Now), clock.Today(moment(p.AuthoredOn))
	earliest := today.AddDate(0, 0, -p.caller.Config.DeviceRequestDelay)
	return operation.Expect(!day.After(today) && !day.Before(earliest), "authored_on", "a day from "+earliest.Format(time.DateOnly)+" to "+today.Format(time.DateOnly), "another day",
		"today", today.Format(time.DateOnly), "earliest", earliest.Format(time.DateOnly))
}

func (p *proposal) isWrittenAfterEncounter(ctx context.Context, _ rules.ID) error {
	found, err := p.encounter(ctx)
	if found == nil {
		return err
	}
	return operation.Expect(!clock.Today(moment(p.AuthoredOn)).Before(clock.Today(found.Since)), "authored_on", "not before the encounter", "an earlier day")
}

func (p *proposal) startIsToCome(context.Context, rules.ID) error {
	ok := !clock.Today(moment(p.OccurrencePeriod.Start)).Before(clock.Today(p.caller.Now))
	return operation.Expect(ok, "start of occurrence_period", "today or later", "an earlier day")
}

func (p *proposal) endFollowsStart(context.Context, rules.ID) error {
	ok := !moment(*p.OccurrencePeriod.End).Before(moment(p.OccurrencePeriod.Start)) // the contract's schema wants both
	return operation.Expect(ok, "end of occurrence_period", "not before its start", "before it")
}

func (p *proposal) performerOf(ctx context.Context) (*operation.Referent, error) {
	if p.Performer == nil {
		return nil, nil
	}
	return p.find(ctx, "legal_entity", p.Performer.Identifier.Value)
}

func (p *proposal) performerExists(ctx context.Context, _ rules.ID) error {
	found, err := p.performerOf(ctx)
	if err != nil {
		return err
	}
	return operation.Expect(p.Performer == nil || found != nil, "performer", "a stored legal entity", "nothing of this id")
}

func (p *proposal) performerIsActive(ctx context.Context, _ rules.ID) error {
	found, err := p.performerOf(ctx)
	if found == nil {
		return err
	}
	return operation.Expect(found.Status == subject.Active, "status of the performer", subject.Active, found.Status)
}

func (p *proposal) parametersHaveOneValue(_ context.Context, rule rules.ID) error {
	if p.Parameter == nil {
		return nil
	}
	var refused operation.Refusals
	for i, one := range *p.Parameter {
		values := 0
		for _, has := range []bool{
			one.ValueCodeableConcept != nil, one.ValueQuantity != nil, one.ValueRange != nil, one.ValueBoolean != nil, one.ValueString != nil,
		} {
			if has {
				values++
			}
		}
		if values != 1 {
			refused = append(refused, fault.RefuseItem(rule, i, nil))
		}
	}
	return refused.OrNil()
}

func (p *proposal) methodIsUsable(ctx context.Context, _ rules.ID) error {
	named := p.informWith()
	if named == nil {
		return nil
	}
	found, err := p.api.People.Method(ctx, *named)
	if err != nil {
		return err
	}
	return found.IsUsableBy(p.patient.ID)
}

func (p *proposal) informWith() *uuid.UUID {
	if p.InformWith == nil {
		return nil
	}
	id, _ := uuid.Parse(*p.InformWith) // the contract's schema has judged it
	return &id
}

// judge asks a medical program whether it would pay.
func (p *proposal) judge(ctx context.Context, program uuid.UUID) (Verdict, error) {
	by, err := p.requester(ctx)
	if err != nil {
		return Verdict{}, err
	}
	d := p.document()
	treated, err := p.api.isTreated(ctx, p.patient.Hidden, &d)
	if err != nil {
		return Verdict{}, err
	}
	speciality := ""
	if by != nil {
		speciality = by.Speciality
	}
	return Programs{p.api.Pool}.PreJudge(ctx, program, &d, speciality, treated, p.caller.Now)
}

// know looks up what the objects that the content names are called.
func (p *proposal) know(ctx context.Context, client uuid.UUID, programs ...*string) error {
	p.names = map[string]*string{}
	for kind, id := range map[string]string{"employee": p.Requester.Identifier.Value, "legal_entity": client.String()} {
		found, err := p.find(ctx, kind, id)
		if err != nil {
			return err
		}
		if found != nil {
			p.names[id] = found.Display
		}
	}
	performer, err := p.performerOf(ctx)
	if err == nil && performer != nil {
		p.names[p.Performer.Identifier.Value] = performer.Display
	}
	if p.Program != nil && len(programs) > 0 {
		p.names[p.Program.Identifier.Value] = programs[0]
	}
	return err
}

// named is a reference with what the object is called.
func (p *proposal) named(sent api.ReferenceRequest) reference {
	r := medicalevents.Received(sent)
	r.DisplayValue = p.names[sent.Identifier.Value]
	return r
}

// document is what the content alone tells of the request.
func (p *proposal) document() Document {
	list := func(sent *[]api.ReferenceRequest) []reference {
		if sent == nil {
			return nil
		}
		return medicalevents.Each(*sent, medicalevents.Received)
	}
	d := Document{
		Intent: p.Intent, Code: medicalevents.Optional(p.Code, medicalevents.ReceivedConcept),
		CodeReference: medicalevents.Optional(p.CodeReference, medicalevents.Received),
		Quantity:      medicalevents.ReceivedQuantity(p.Quantity, p.api.Dictionaries),
		Requester:     p.named(p.Requester), Performer: medicalevents.Optional(p.Performer, p.named), Encounter: medicalevents.Received(p.Encounter),
		Reason: list(p.Reason), BasedOn: list(p.BasedOn), AuthoredOn: moment(p.AuthoredOn), OccurrencePeriod: medicalevents.ReceivedPeriod(p.OccurrencePeriod),
		Priority: p.Priority, SupportingInfo: list(p.SupportingInfo), Note: p.Note, InformWith: p.informWith(),
		Program: medicalevents.Optional(p.Program, p.named),
	}
	if p.Parameter != nil {
		d.Parameter = medicalevents.Each(*p.Parameter, receivedParameter)
	}
	return d
}

func receivedParameter(sent api.DeviceParameter) Parameter {
	amount := func(q api.Quantity) quantity {
		return quantity{Value: q.Value, System: q.System, Code: q.Code, Unit: q.Unit}
	}
	return Parameter{
		Code: medicalevents.ReceivedConcept(sent.Code), ValueCodeableConcept: medicalevents.Optional(sent.ValueCodeableConcept, medicalevents.ReceivedConcept),
		ValueQuantity: medicalevents.Optional(sent.ValueQuantity, amount),
		ValueRange: medicalevents.Optional(sent.ValueRange, func(r api.Range) medicalevents.Range {
			return medicalevents.Range{Low: amount(r.Low), High: amount(r.High)}
		}),
		ValueBoolean: sent.ValueBoolean, ValueString: sent.ValueString,
	}
}

// moment reads a date and time; the contract's schema has judged its form.
func moment(text string) time.Time {
	at, _ := time.Parse(time.RFC3339Nano, text)
	return at.UTC().Truncate(time.Millisecond)
}

// lastMoment is the end of the day that is so many days from now.
func lastMoment(now time.Time, days int) time.Time {
	year, month, day := now.UTC().AddDate(0, 0, days).Date()
	return time.Date(year, month, day, 23, 59, 59, 0, time.UTC)
}

// newCode is what the patient names at the pharmacy.
func newCode() (string, error) {
	n, err := randomBelow(codes)
	if err != nil {
		return "", fmt.Errorf("make a code: %w", err)
	}
	return fmt.Sprintf("%04d", n), nil
}
