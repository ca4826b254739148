package approvals

import (
	"context"
	"slices"
	"strings"
	"time"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/references"
)

const (
	carePlan  = "care_plan"
	inpatient = "INPATIENT" // where a care plan is carried out
)

// alternative is one of the ways in which a body says what the approval opens.
type alternative struct {
	field string
	sent  bool
}

func alternatives(b *api.ApprovalCreate) []alternative {
	return slices.DeleteFunc([]alternative{
		{"resources", b.Resources != nil},
		{"service_request", b.ServiceRequest != nil},
		{"forbidden_group", b.ForbiddenGroup != nil},
		{"diagnoses_group", b.DiagnosesGroup != nil},
		{"service_group", b.ServiceGroup != nil},
		{"patient", b.Patient != nil},
		{"resource_types", b.ResourceTypes != nil},
		{"composition", b.Composition != nil},
	}, func(a alternative) bool { return !a.sent })
}

// oneIsSent refuses each of several alternatives.
func oneIsSent(_ context.Context, c *creating) error {
	sent := alternatives(&c.Body)
	if len(sent) < 2 {
		return nil
	}
	var refused operation.Refusals
	for _, a := range sent {
		refused = append(refused, fault.Refuse(rules.ApprovalCreateOneOf, "field", a.field).Because(a.field, "nothing beside another of its kind", "something"))
	}
	return refused
}

func anyIsSent(_ context.Context, c *creating) error {
	return operation.Expect(len(alternatives(&c.Body)) > 0, "what the approval opens", "one of resources, service_request and their like", "none")
}

func childHasResources(_ context.Context, c *creating) error {
	return operation.Expect(c.Body.ChildResource == nil || c.Body.Resources != nil, "child_resource", "something only beside resources", "without resources")
}

// group is the reference to a group of codes or services that the body has of a kind.
func group(c *creating, kind string) *api.ReferenceRequest {
	return map[string]*api.ReferenceRequest{
		"forbidden_group": c.Body.ForbiddenGroup, "diagnoses_group": c.Body.DiagnosesGroup, "service_group": c.Body.ServiceGroup,
	}[kind]
}

// know fills what the approval opens, and why, from the body. What it refers to is
// another check's question.
func know(ctx context.Context, c *creating) error {
	d, b := &c.Document, &c.Body
	if d.resolved {
		return nil
	}
	d.GrantedResources, d.GrantedResourceTypes = []Reference{}, []medicalevents.CodeableConcept{}
	if b.Resources != nil {
		for i := range *b.Resources {
			d.GrantedResources = append(d.GrantedResources, received(&(*b.Resources)[i]))
		}
	}
	for _, sent := range []*api.ReferenceRequest{b.ForbiddenGroup, b.DiagnosesGroup, b.ServiceGroup, b.Composition} {
		if sent != nil {
			d.GrantedResources = append(d.GrantedResources, received(sent))
		}
	}
	if b.Patient != nil {
		d.GrantedResources = append(d.GrantedResources, ToPatient("patient", c.Patient.Hidden[0]))
	}
	if b.ResourceTypes != nil {
		for _, kind := range *b.ResourceTypes {
			concept := medicalevents.Concept(medicalevents.Resources, string(kind.Coding[0].Code))
			concept.Text = kind.Text
			d.GrantedResourceTypes = append(d.GrantedResourceTypes, concept)
		}
	}
	if b.ChildResource != nil {
		d.Reason = new(received(b.ChildResource))
	}
	if b.ServiceRequest != nil {
		d.Reason = new(received(b.ServiceRequest))
		var err error
		if d.referral, err = c.API.store().referral(ctx, c.Patient.Hidden, d.Reason.Identifier.Value.ID); err != nil {
			return err
		}
		if d.referral != nil {
			d.GrantedResources = d.referral.PermittedResources
		}
	}
	d.resolved = true
	return nil
}

// referralExists passes when the patient has the service request that the body names.
func referralExists(ctx context.Context, c *creating) error {
	if err := know(ctx, c); err != nil {
		return err
	}
	return operation.Expect(c.Body.ServiceRequest == nil || c.Document.referral != nil, "service_request", "one of the patient", "nothing of this id")
}

// onReferral makes a check of the service request that the body names.
func onReferral(c *creating, pass func(r *referral) error) error {
	if c.Document.referral == nil {
		return nil
	}
	return pass(c.Document.referral)
}

func referralIsActive(_ context.Context, c *creating) error {
	return onReferral(c, func(r *referral) error {
		return operation.Expect(r.Status == "active", "status of the service request", "active", r.Status)
	})
}

func referralHasNotExpired(_ context.Context, c *creating) error {
	return onReferral(c, func(r *referral) error {
		return operation.Expect(r.ExpirationDate.After(c.Now), "expiration_date of the service request", "after "+c.Now.Format(time.RFC3339), "earlier")
	})
}

func referralPermits(_ context.Context, c *creating) error {
	return onReferral(c, func(r *referral) error {
		return operation.Expect(len(r.PermittedResources) > 0, "permitted_resources of the service request", "one or more", "none")
	})
}

// records are the kinds of granted resources that documents of the patient are.
var records = []string{"episode_of_care", "episode", "diagnostic_report", carePlan, "encounter", "procedure", "specimen", "composition"}

// of returns the kind of a granted resource, "" when it is no document.
func of(r Reference) string {
	i := slices.IndexFunc(records, r.IsTo)
	if i < 0 {
		return ""
	}
	return records[i]
}

// record returns the document of the patient that a granted resource leads to, nil when
// there is none.
func record(ctx context.Context, c *creating, r Reference) (*operation.Referent, error) {
	return patients(ctx, c, of(r), r.Identifier.Value.ID.String())
}

// patients returns what a reference leads to, nil when the patient has none.
func patients(ctx context.Context, c *creating, kind, id string) (*operation.Referent, error) {
	found, err := c.Referent(ctx, kind, id)
	if err != nil || found == nil || !slices.Contains(c.Patient.Hidden, found.Patient) {
		return nil, err
	}
	return found, nil
}

// someResourceExists refuses when documents are to be opened, and the patient has none of
// them. The checks of the kinds tell which one is missing among others.
func someResourceExists(ctx context.Context, c *creating) error {
	asked := false
	for _, r := range c.Document.GrantedResources {
		if of(r) == "" {
			continue
		}
		asked = true
		found, err := record(ctx, c, r)
		if err != nil || found != nil {
			return err
		}
	}
	return operation.Expect(!asked, "resources", "one or more of the patient", "nothing of these ids")
}

// ofKinds makes a check of each granted resource of some kinds. found is nil when the
// patient has none of the id.
func ofKinds(rule rules.ID, kinds []string, pass func(c *creating, found *operation.Referent) bool) operation.Check[*creating] {
	return operation.Check[*creating]{Rule: rule, Pass: func(ctx context.Context, c *creating) error {
		var refused operation.Refusals
		for i, r := range c.Document.GrantedResources {
			if !slices.Contains(kinds, of(r)) {
				continue
			}
			found, err := record(ctx, c, r)
			if err != nil {
				return err
			}
			if !pass(c, found) {
				refused = append(refused, fault.RefuseItem(rule, i, nil))
			}
		}
		return refused.OrNil()
	}}
}

func exists(rule rules.ID, kinds ...string) operation.Check[*creating] {
	return ofKinds(rule, kinds, func(_ *creating, found *operation.Referent) bool { return found != nil })
}

func isInStatus(rule rules.ID, statuses []string, kinds ...string) operation.Check[*creating] {
	return ofKinds(rule, kinds, func(_ *creating, found *operation.Referent) bool {
		return found == nil || slices.Contains(statuses, found.Status)
	})
}

func isNotInError(rule rules.ID, kinds ...string) operation.Check[*creating] {
	return ofKinds(rule, kinds, func(_ *creating, found *operation.Referent) bool {
		return found == nil || found.Status != "entered_in_error"
	})
}

func carePlanIsAlone(_ context.Context, c *creating) error {
	all := c.Document.GrantedResources
	hasPlan := slices.ContainsFunc(all, func(r Reference) bool { return r.IsTo(carePlan) })
	return operation.Expect(!hasPlan || len(all) == 1, "resources beside a care plan", "none", len(all)-1)
}

// carePlanIsOfGrantee passes when a care plan that may be written is managed by the legal
// entity of the one whom the approval is granted to.
func carePlanIsOfGrantee(ctx context.Context, c *creating) error {
	if c.Body.AccessLevel != api.ApprovalCreateAccessLevelWrite {
		return nil
	}
	grantee, err := grantedEmployee.Referent(ctx, c)
	if err != nil || grantee == nil {
		return err
	}
	return ofKinds(rules.ApprovalCreateCarePlanOrganization, []string{carePlan}, func(_ *creating, found *operation.Referent) bool {
		return found == nil || found.LegalEntity == grantee.LegalEntity
	}).Pass(ctx, c)
}

// needsNoConfirmation tells whether a care plan of the grantee's own legal entity, which
// treats the patient as an inpatient, is all that is opened.
func needsNoConfirmation(ctx context.Context, c *creating) (bool, error) {
	all := c.Document.GrantedResources
	if len(all) != 1 || !all[0].IsTo(carePlan) {
		return false, nil
	}
	grantee, err := grantedEmployee.Referent(ctx, c)
	if err != nil || grantee == nil {
		return false, err
	}
	plan, err := record(ctx, c, all[0])
	return plan != nil && plan.Type == inpatient && plan.LegalEntity == grantee.LegalEntity, err
}

func resourcesMayBeGrantedTo(_ context.Context, c *creating) error {
	if c.Body.Resources == nil || grantedOrganization.Sent(c) == nil {
		return nil
	}
	personal := slices.ContainsFunc(*c.Body.Resources, func(r api.ReferenceRequest) bool {
		return slices.Contains([]string{"episode_of_care", "diagnostic_report", carePlan}, kindOf(&r))
	})
	return operation.Expect(!personal, "granted_to", "an employee", "a legal entity")
}

// groupIsActive passes when the group of a kind is stored and active.
func groupIsActive(rule rules.ID, kind string) operation.Check[*creating] {
	return operation.Check[*creating]{Rule: rule, Pass: func(ctx context.Context, c *creating) error {
		sent := group(c, kind)
		if sent == nil {
			return nil
		}
		found, err := c.Referent(ctx, kind, sent.Identifier.Value)
		if err != nil {
			return err
		}
		return operation.Expect(found != nil && found.Status == references.Active, kind, "the id of an active group", "none, or one that is not active")
	}}
}

func patientIsThatOfPath(_ context.Context, c *creating) error {
	if c.Body.Patient == nil {
		return nil
	}
	id, _ := envelope.ParseID(c.Body.Patient.Identifier.Value)
	return operation.Expect(id == c.Patient.ID, "patient", "the patient of the path", "another patient")
}

func childExists(ctx context.Context, c *creating) error {
	child := c.Body.ChildResource
	if child == nil {
		return nil
	}
	found, err := patients(ctx, c, kindOf(child), child.Identifier.Value)
	if err != nil {
		return err
	}
	kind := strings.ReplaceAll(kindOf(child), "_", " ")
	return operation.Expect(found != nil, "child_resource", "a "+kind+" of the patient", "nothing of this id",
		"kind", strings.ToUpper(kind[:1])+kind[1:])
}

// levelIsAllowed passes when all that is opened may be opened with the access level.
func levelIsAllowed(_ context.Context, c *creating) error {
	allowed := c.Config.ApprovalReads
	if c.Body.AccessLevel == api.ApprovalCreateAccessLevelWrite {
		allowed = c.Config.ApprovalWrites
	}
	var wrong []string
	for _, kind := range openedKinds(&c.Body) {
		if !slices.Contains(allowed, kind) && !slices.Contains(wrong, `"`+kind+`"`) {
			wrong = append(wrong, `"`+kind+`"`)
		}
	}
	return operation.Expect(len(wrong) == 0, "what the approval opens", allowed, wrong,
		"types", strings.Join(wrong, ", "), "level", string(c.Body.AccessLevel))
}

// openedKinds are the kinds of what the body asks for. A service request is one of its own,
// whatever it permits.
func openedKinds(b *api.ApprovalCreate) (kinds []string) {
	for _, a := range alternatives(b) {
		switch a.field {
		case "resources":
			for i := range *b.Resources {
				kinds = append(kinds, kindOf(&(*b.Resources)[i]))
			}
		case "resource_types":
			for _, t := range *b.ResourceTypes {
				kinds = append(kinds, string(t.Coding[0].Code))
			}
		default:
			kinds = append(kinds, a.field)
		}
	}
	return kinds
}
