package approvals

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/subject"
	"esoz/internal/resource/medicalevents"
)

// CreateApproval serves POST /api/patients/{patient_id}/approvals.
func (a *API) CreateApproval(ctx context.Context, req api.CreateApprovalRequestObject) (api.CreateApprovalResponseObject, error) {
	job, err := Create.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID}, *req.Body)
	return api.CreateApproval202JSONResponse(job), err
}

type creating = operation.Call[*API, draft, api.ApprovalCreate]

// draft is a new approval, and what the checks have found for it.
type draft struct {
	Document `bson:",inline"`

	resolved bool // GrantedResources are what the body asks for
	referral *referral
}

// Create asks a patient for access to their data.
var Create = operation.Addition[*API, draft, api.ApprovalCreate]{
	ID: "createApproval", Collection: Collection, Kind: "approval",
	Guard: []operation.Check[*creating]{
		{Rule: rules.ApprovalCreatePerson, Pass: operation.FindPatient[*API, draft, api.ApprovalCreate]},
		{Rule: rules.ApprovalCreatePersonActive, Pass: operation.CalledPatientIsActive[*API, draft, api.ApprovalCreate]},
	},
	Checks: []operation.Check[*creating]{
		{Rule: rules.ApprovalCreateOneOf, Pass: oneIsSent},
		{Rule: rules.ApprovalCreateOneOfNone, Pass: anyIsSent},
		{Rule: rules.ApprovalCreateChildAlone, Pass: childHasResources},

		grantedEmployee.Exists(rules.ApprovalCreateGrantedTo),
		grantedEmployee.OfType(rules.ApprovalCreateGrantedToType, func(c *operation.Caller) []string { return c.Config.ApprovalEmployeeTypes }),
		grantedEmployee.InStatus(rules.ApprovalCreateGrantedToStatus, approved),
		grantedEmployee.OfCaller(rules.ApprovalCreateGrantedToOrganization),
		{Rule: rules.ApprovalCreateGrantedToUser, Pass: employeeIsUser},
		grantedOrganization.Exists(rules.ApprovalCreateGrantedToExists),
		grantedOrganization.InStatus(rules.ApprovalCreateGrantedToActive, subject.Active),
		author.Exists(rules.ApprovalCreateCreatedBy),
		author.OfCaller(rules.ApprovalCreateCreatedByOrganization),
		{Rule: rules.ApprovalCreateGrantedToKind, Pass: resourcesMayBeGrantedTo},

		{Rule: rules.ApprovalCreateServiceRequest, Pass: referralExists},
		{Rule: rules.ApprovalCreateServiceRequestStatus, Pass: referralIsActive},
		{Rule: rules.ApprovalCreateServiceRequestExpired, Pass: referralHasNotExpired},
		{Rule: rules.ApprovalCreateServiceRequestResources, Pass: referralPermits},

		{Rule: rules.ApprovalCreateResource, Pass: someResourceExists},
		exists(rules.ApprovalCreateEpisode, "episode_of_care", "episode"),
		isInStatus(rules.ApprovalCreateEpisodeStatus, []string{"active", "closed"}, "episode_of_care", "episode"),
		exists(rules.ApprovalCreateDiagnosticReport, "diagnostic_report"),
		isNotInError(rules.ApprovalCreateDiagnosticReportStatus, "diagnostic_report"),
		exists(rules.ApprovalCreateCarePlan, carePlan),
		{Rule: rules.ApprovalCreateCarePlanAlone, Pass: carePlanIsAlone},
		{Rule: rules.ApprovalCreateCarePlanOrganization, Pass: carePlanIsOfGrantee},
		exists(rules.ApprovalCreateEncounter, "encounter"),
		isNotInError(rules.ApprovalCreateEncounterStatus, "encounter"),
		exists(rules.ApprovalCreateProcedure, "procedure"),
		isNotInError(rules.ApprovalCreateProcedureStatus, "procedure"),
		exists(rules.ApprovalCreateSpecimen, "specimen"),
		isNotInError(rules.ApprovalCreateSpecimenStatus, "specimen"),
		exists(rules.ApprovalCreateComposition, "composition"),
		isNotInError(rules.ApprovalCreateCompositionStatus, "composition"),

		groupIsActive(rules.ApprovalCreateForbiddenGroup, "forbidden_group"),
		groupIsActive(rules.ApprovalCreateDiagnosesGroup, "diagnoses_group"),
		groupIsActive(rules.ApprovalCreateServiceGroup, "service_group"),
		{Rule: rules.ApprovalCreatePatient, Pass: patientIsThatOfPath},
		{Rule: rules.ApprovalCreateChildResource, Pass: childExists},
		{Rule: rules.ApprovalCreateAccessLevel, Pass: levelIsAllowed},

		{Rule: rules.ApprovalCreateAuthorizeWith, Pass: namedMethodIsUsable},
		{Rule: rules.ApprovalCreateAuthorizeWithConfidant, Pass: namedConfidantIsApproved},
		{Rule: rules.ApprovalCreateMethod, Pass: patientConfirms},
		{Rule: rules.ApprovalCreateOTP, Pass: func(_ context.Context, c *creating) error {
			return operation.Expect(!getsCode(&c.Document.Document) || otp.IsPhone(c.Document.Urgent.PhoneNumber), "phone of the method", "a phone number", "another text")
		}},
		{Rule: rules.ApprovalCreateRate, Or: []rules.ID{rules.ApprovalCreatePhoneLimit, rules.ApprovalCreateLegalEntityLimit}, Pass: createdCodesAreLeft},
	},
	New: func(c *creating) draft {
		d := c.Document
		d.ID, d.PatientID, d.SealedWith = c.ID, c.Patient.Hidden[0], c.PatientKeyID()
		d.GrantedBy = ToPatient("mpi-hash", d.PatientID)
		d.AccessLevel = string(c.Body.AccessLevel)
		d.ExpiresAt = c.Now.Add(lifetime(c))
		d.InsertedAt, d.InsertedBy, d.UpdatedAt, d.UpdatedBy = c.Now, c.UserID, c.Now, c.UserID
		return d
	},
	Told: func(d *draft) operation.Told { return d.told() },
	Respond: func(c *creating, d *draft) (any, error) {
		shown, err := c.API.show(&d.Document)
		if err != nil || d.Urgent != nil {
			return shown, err
		}
		return withoutMethod{Approval: shown}, nil
	},
	Commit: func(ctx context.Context, tx postgres.Tx, c *creating, d *draft) error {
		if !getsCode(&d.Document) {
			return nil
		}
		_, err := c.API.Codes.Initialize(ctx, tx, firstCode(c, &d.Document))
		return otp.Refusal(err, ruleOfCreationLimit)
	},
}

// told is what the event and the audit row tell of a new approval.
func (d *Document) told() operation.Told {
	status := "NEW"
	if d.IsVerified {
		status = "ACTIVE"
	}
	return operation.Told{Entity: "Approval", Status: status, Changeset: map[string]any{
		"status": d.Status, "is_verified": d.IsVerified, "expires_at": d.ExpiresAt, "access_level": d.AccessLevel,
		"granted_to": d.GrantedTo.Identifier.Value.ID, "created_by": d.CreatedBy.Identifier.Value.ID,
	}}
}

// withoutMethod shows an approval that nobody confirms.
type withoutMethod struct {
	api.Approval
	AuthenticationMethodCurrent *api.ApprovalMethod `json:"authentication_method_current"` // null
}

// approved is the status of an employee who works.
const approved = "APPROVED"

// lifetime is how long the approval is good.
func lifetime(c *creating) time.Duration {
	minutes := c.Config.ApprovalMinutes
	switch b := c.Body; {
	case b.ForbiddenGroup != nil:
		minutes = c.Config.ForbiddenGroupMinutes
	case b.DiagnosesGroup != nil:
		minutes = c.Config.DiagnosesGroupMinutes
	case b.Patient != nil:
		minutes = c.Config.PatientApprovalMinutes
	case len(c.Document.GrantedResources) > 0 && c.Document.GrantedResources[0].IsTo(carePlan):
		minutes = c.Config.CarePlanApprovalMinutes
	}
	return time.Duration(minutes) * time.Minute
}

// received is a reference as it was sent. Of several codings the first counts, because it
// is the one that was checked.
func received(sent *api.ReferenceRequest) Reference {
	id, _ := envelope.ParseID(sent.Identifier.Value)
	reference := To(kindOf(sent), id)
	reference.Identifier.Type.Text = sent.Identifier.Type.Text
	return reference
}

// kindOf a reference is its first coding; the contract's schema wants one at least.
func kindOf(sent *api.ReferenceRequest) string { return sent.Identifier.Type.Coding[0].Code }

// author is the employee who asks for the approval, when the body names one.
var author = operation.Reference[*creating]{
	Kind: "employee", Field: "created_by", Sent: func(c *creating) *api.ReferenceRequest { return c.Body.CreatedBy },
}

// Whom the approval is granted to: an employee or a legal entity.
var (
	grantedEmployee     = grantee("employee")
	grantedOrganization = grantee("legal_entity")
)

func grantee(kind string) operation.Reference[*creating] {
	return operation.Reference[*creating]{Kind: kind, Field: "granted_to", Sent: func(c *creating) *api.ReferenceRequest {
		if kindOf(&c.Body.GrantedTo) != kind {
			return nil
		}
		return &c.Body.GrantedTo
	}}
}

// employeeIsUser passes when the approval is granted to the user, as whatever employee.
func employeeIsUser(ctx context.Context, c *creating) error {
	if grantedEmployee.Sent(c) == nil {
		return nil
	}
	own, err := c.API.People.Employees(ctx, c.Subject)
	if err != nil {
		return err
	}
	id, _ := envelope.ParseID(c.Body.GrantedTo.Identifier.Value)
	return operation.Expect(slices.Contains(own, id), "granted_to", "an employee that the user is", "another employee")
}

// knowParties fills whom the approval is granted to and who has asked for it: the employee
// that created_by names, else the user, as the grantee or as the first of their employees.
func knowParties(ctx context.Context, c *creating) error {
	d := &c.Document
	d.GrantedTo = received(&c.Body.GrantedTo)
	if d.GrantedTo.DisplayValue = grantedEmployee.Display(c); d.GrantedTo.DisplayValue == nil {
		d.GrantedTo.DisplayValue = grantedOrganization.Display(c)
	}
	d.CreatedBy = d.GrantedTo
	if c.Body.CreatedBy != nil {
		d.CreatedBy = received(c.Body.CreatedBy)
		return nil
	}
	own, err := c.API.People.Employees(ctx, c.Subject)
	if err == nil && len(own) > 0 && !slices.Contains(own, d.GrantedTo.Identifier.Value.ID) {
		d.CreatedBy = To("employee", own[0])
	}
	return err
}

// patientConfirms chooses how the patient confirms the approval (decisions R45): by the
// method that authorize_with names, else by the default one. A preperson cannot, and an
// inpatient care plan of the grantee's own legal entity needs none.
func patientConfirms(ctx context.Context, c *creating) error {
	d := &c.Document
	d.Status, d.IsVerified, d.Urgent, d.AuthorizeWith = StateNew, false, nil, nil
	if err := knowParties(ctx, c); err != nil {
		return err
	}
	preperson, err := c.API.People.IsPreperson(ctx, c.Patient.ID)
	if err != nil {
		return err
	}
	if preperson {
		d.Status, d.IsVerified = StateActive, true
		return nil
	}
	if free, err := needsNoConfirmation(ctx, c); free || err != nil {
		return err
	}
	named := namedMethod(c)
	all, err := c.API.People.Confirmations(ctx, c.Patient.ID)
	if err != nil {
		return err
	}
	for _, way := range all {
		if way.By == medicalevents.MethodNone || named != nil && way.ID != *named {
			continue
		}
		d.AuthorizeWith, d.Urgent = named, &Urgent{Type: way.Type, PhoneNumber: way.Phone}
		return nil
	}
	return operation.Expect(false, "active authentication methods of the person", "OTP, OFFLINE or THIRD_PERSON", "none")
}

// namedMethod is what authorize_with names, nil when it names nothing.
func namedMethod(c *creating) *uuid.UUID {
	if c.Body.AuthorizeWith == nil {
		return nil
	}
	id, _ := envelope.ParseID(*c.Body.AuthorizeWith) // the contract's schema has judged it
	return &id
}

// namedMethodIsUsable passes when the method that authorize_with names is the patient's
// and active.
func namedMethodIsUsable(ctx context.Context, c *creating) error {
	named := namedMethod(c)
	if named == nil {
		return nil
	}
	method, err := c.API.People.Method(ctx, *named)
	if err != nil {
		return err
	}
	return operation.Expect(method != nil && method.PersonID == c.Patient.ID && method.Usable,
		"authentication method that authorize_with names", "an active one of the patient", "none, an ended one, or another person's")
}

// namedConfidantIsApproved passes when the third person of the method that authorize_with
// names is an approved confidant, if that is to be checked.
func namedConfidantIsApproved(ctx context.Context, c *creating) error {
	named := namedMethod(c)
	if named == nil || !c.Config.ConfidantRelationships {
		return nil
	}
	method, err := c.API.People.Method(ctx, *named)
	if err != nil || method == nil {
		return err
	}
	return operation.Expect(method.Type != medicalevents.MethodThirdPerson || method.ConfidantApproved,
		"relationship of the third person with the patient", "an approved confidant", "none")
}

// getsCode tells whether a code is sent for the approval.
func getsCode(d *Document) bool { return d.Urgent != nil && d.waitsForCode() }

// firstCode is the code of a new approval.
func firstCode(c *creating, d *Document) otp.Request {
	return otp.Request{Phone: d.Urgent.PhoneNumber, Resource: c.ID, LegalEntity: c.ClientID, First: true}
}

// createdCodesAreLeft passes while no limit of codes is reached. The last word has the
// transaction that sends the code, which counts it.
func createdCodesAreLeft(ctx context.Context, c *creating) error {
	if !getsCode(&c.Document.Document) {
		return nil
	}
	return otp.Refusal(c.API.Codes.Check(ctx, firstCode(c, &c.Document.Document)), ruleOfCreationLimit)
}

// ruleOfCreationLimit names the rule that refuses when a limit of codes is reached.
var ruleOfCreationLimit = map[otp.Limit]rules.ID{
	otp.Frequency:      rules.ApprovalCreateRate,
	otp.PerPhone:       rules.ApprovalCreatePhoneLimit,
	otp.PerLegalEntity: rules.ApprovalCreateLegalEntityLimit,
}
