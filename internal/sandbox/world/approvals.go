package world

import (
	"crypto/sha256"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/otp"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
)

// Phones that are fixed in approvals, but are no patient's any more.
const (
	formerPhone = "+380931234590"
	busyPhone   = "+380931234591"
)

// approval adds an approval that a doctor of the clinic has asked a patient for
// and that waits for its code; change makes it another.
func (w *World) approval(name, patient, note string, change func(d *approvals.Document)) uuid.UUID {
	hidden := w.keys.PatientID(ID(patient))
	d := approvals.Document{
		ID: w.object("approval", name, note), PatientID: hidden,
		GrantedResources: []approvals.Reference{approvals.To("episode_of_care", ID("episode of "+patient))},
		GrantedTo:        approvals.To("employee", ID("employee doctor")),
		GrantedBy:        approvals.ToPatient("mpi-hash", hidden),
		CreatedBy:        approvals.To("employee", ID("employee doctor")),
		ExpiresAt:        w.now.AddDate(0, 3, 0), Status: approvals.StateNew, AccessLevel: "read",
		Urgent:     &approvals.Urgent{Type: medicalevents.MethodOTP, PhoneNumber: phoneOf(patient)},
		InsertedAt: w.now, InsertedBy: ID("doctor"), UpdatedAt: w.now, UpdatedBy: ID("doctor"),
	}
	if change != nil {
		change(&d)
	}
	w.document(approvals.Collection, d)
	return d.ID
}

func phoneOf(patient string) string {
	switch patient {
	case "stranger_patient":
		return StrangerPhone
	case "inactive_patient":
		return InactivePhone
	}
	return PatientPhone
}

// verifiedApproval adds an effective approval: whom it is granted to may read
// the resource.
func (w *World) verifiedApproval(name, patient, note string, grantedTo, resource approvals.Reference) uuid.UUID {
	return w.approval(name, patient, note, func(d *approvals.Document) {
		d.GrantedTo, d.CreatedBy = grantedTo, grantedTo
		d.GrantedResources = []approvals.Reference{resource}
		d.IsVerified, d.Status = true, approvals.StateActive
	})
}

// endedMethod adds an authentication method of a patient that only approvals name:
// it has ended, so nobody takes it for the patient's present one.
func (w *World) endedMethod(name, patient string) uuid.UUID {
	id := w.object("authentication method", name, "an OTP method of "+patient+" that has ended")
	w.insert("mpi.person_authentication_methods", w.audited(row{
		"id": id, "person_id": ID(patient), "type": medicalevents.MethodOTP, "phone_number": formerPhone, "is_active": false,
		"started_at": w.now.AddDate(-1, 0, 0), "ended_at": w.now.AddDate(0, -1, 0),
	}))
	return id
}

func (w *World) approvals() {
	w.approvalsToResend()
	w.approvalReads()
}

func (w *World) approvalsToResend() {
	const op = "resendApprovalSms"
	resend := func(patient, approval string) Request {
		return as(doctor, patch, "/api/patients/"+patient+"/approvals/"+approval+"/actions/resend")
	}
	of := func(patient string, approval uuid.UUID) Request {
		return resend(ID(patient).String(), approval.String())
	}

	fresh := w.approval("new approval", "patient", "waits for the code: its SMS may be sent again",
		func(d *approvals.Document) { d.AuthorizeWith = pointer(ID("method of patient")) })
	byDefault := w.approval("new approval by default", "patient", "the same by the patient's default method: authorize_with is null", nil)
	w.passes(op, "a code is sent again, by a job", of("patient", fresh), http.StatusAccepted)
	w.passes(op, "a code is sent again, at once", of("patient", fresh), http.StatusCreated).set("APPROVAL_RESEND_MODE", "sync")
	w.passes(op, "a body is ignored", of("patient", fresh).with([]any{}), http.StatusAccepted)

	w.passes(op, "no method was chosen: the one that is fixed in the approval counts", of("patient", byDefault), http.StatusAccepted)

	ended := w.endedMethod("ended method", "patient")
	endedChoice := w.approval("approval by an ended method", "patient", "authorize_with names a method that has ended since; the phone is fixed in the approval",
		func(d *approvals.Document) { d.AuthorizeWith, d.Urgent.PhoneNumber = &ended, formerPhone })
	w.passes(op, "the chosen method has ended since", of("patient", endedChoice), http.StatusAccepted)
	w.refused(op, "the chosen method has ended since, and that is checked", of("patient", endedChoice), fault.Refuse(rules.ApprovalResendMethodUsable)).
		set("RULES", "+approval.resend.method_usable")

	w.refused(op, "an unknown patient", resend(ID("nobody").String(), fresh.String()), fault.Refuse(rules.ApprovalResendPerson))
	w.refused(op, "a malformed patient id", resend("1", fresh.String()), fault.Refuse(rules.ApprovalResendPerson))
	w.refused(op, "an unknown approval", of("patient", ID("no approval")), fault.Refuse(rules.ApprovalResendNotFound))
	w.refused(op, "an approval of another patient", of("stranger_patient", fresh), fault.Refuse(rules.ApprovalResendNotFound))
	w.refused(op, "a malformed approval id", resend(ID("patient").String(), "1"), fault.Refuse(rules.ApprovalResendNotFound))

	preperson := w.approval("approval without a method", "methodless_patient", "needed no confirmation: urgent is null",
		func(d *approvals.Document) { d.Urgent = nil })
	w.refused(op, "an approval that needed no confirmation", of("methodless_patient", preperson), fault.Refuse(rules.ApprovalResendNoMethod))
	offline := w.approval("approval by OFFLINE", "offline_patient", "confirmed by documents, not by SMS",
		func(d *approvals.Document) { d.Urgent = &approvals.Urgent{Type: medicalevents.MethodOffline} })
	w.refused(op, "a method that gets no SMS", of("offline_patient", offline), fault.Refuse(rules.ApprovalResendMethodType))

	thirdOffline := w.approval("approval by a third person without a phone", "third_person_offline_patient", "the third person has no OTP method",
		func(d *approvals.Document) {
			d.AuthorizeWith, d.Urgent = pointer(ID("method of third_person_offline_patient")), &approvals.Urgent{Type: medicalevents.MethodThirdPerson}
		})
	w.refused(op, "a third person without a phone", of("third_person_offline_patient", thirdOffline), fault.Refuse(rules.ApprovalResendThirdPerson))
	third := w.approval("approval by a third person", "third_person_patient", "the code goes to the third person",
		func(d *approvals.Document) {
			d.AuthorizeWith = pointer(ID("method of third_person_patient"))
			d.Urgent = &approvals.Urgent{Type: medicalevents.MethodThirdPerson, PhoneNumber: ThirdPersonPhone}
		})
	w.passes(op, "the code goes to a third person", of("third_person_patient", third), http.StatusAccepted)
	confided := w.approval("approval by a confidant", "confided_patient", "the code goes to an approved confidant",
		func(d *approvals.Document) {
			d.AuthorizeWith = pointer(ID("method of confided_patient"))
			d.Urgent = &approvals.Urgent{Type: medicalevents.MethodThirdPerson, PhoneNumber: ConfidantPhone}
		})
	w.passes(op, "the code goes to a confidant, and that is checked", of("confided_patient", confided), http.StatusAccepted).
		set("THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK", "true")
	w.refused(op, "a third person who is no approved confidant, and that is checked", of("third_person_patient", third),
		fault.Refuse(rules.ApprovalResendMethodConfidant)).set("THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK", "true")

	inactive := w.approval("approval of an inactive patient", "inactive_patient", "the patient's status is inactive", nil)
	w.refused(op, "an inactive patient", of("inactive_patient", inactive), fault.Refuse(rules.ApprovalResendPersonActive))
	w.approvalsPastWaiting(op, of)

	short := w.approval("approval with a wrong phone", "patient", "the OTP service does not take the phone that is fixed in it",
		func(d *approvals.Document) { d.Urgent.PhoneNumber = "+3805011100" })
	w.refused(op, "a phone that the OTP service does not take", of("patient", short), fault.Refuse(rules.ApprovalResendOTP))
	busy := w.approval("approval with a fresh code", "patient", "a code was sent to its phone a moment ago",
		func(d *approvals.Document) { d.Urgent.PhoneNumber = busyPhone })
	w.insert("otp.verifications", row{
		"id": ID("fresh code"), "phone_number": busyPhone, "status": "new", "active": true, "inserted_at": w.now,
		"code_hash": make([]byte, sha256.Size), "code_expired_at": w.now.AddDate(1, 0, 0),
	})
	w.passes(op, "a code was sent a moment ago, and there is no limit", of("patient", busy), http.StatusAccepted)
	w.refused(op, "a code was sent a moment ago, and there is a limit", of("patient", busy), fault.Refuse(rules.ApprovalResendRate)).
		set("INIT_VERIFICATION_LIMIT", "86400")
	w.codeSent(otp.PerPhone, busyPhone)
	w.codeSent(otp.PerResource, busy.String())
	w.refused(op, "the phone has got all codes of the hour", of("patient", busy), fault.Refuse(rules.ApprovalResendPhoneLimit)).
		set("OTP_PHONE_LIMIT", "1")
	w.refused(op, "all codes for the approval were sent", of("patient", busy), fault.Refuse(rules.ApprovalResendResourceLimit)).
		set("OTP_RESOURCE_LIMIT", "1")
	w.refused(op, "the legal entity has had all codes of the day sent",
		as(otherDoctor, patch, "/api/patients/"+ID("patient").String()+"/approvals/"+fresh.String()+"/actions/resend"),
		fault.Refuse(rules.ApprovalResendLegalEntityLimit)).set("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1")
}

// approvalsPastWaiting are approvals in the states that no code ends.
func (w *World) approvalsPastWaiting(op string, of func(string, uuid.UUID) Request) {
	for _, c := range []struct {
		state    string
		rule     rules.ID
		verified bool
		over     bool
		note     string
	}{
		{approvals.StateActive, rules.ApprovalResendStateActive, true, false, "verified"},
		{approvals.StateCancelled, rules.ApprovalResendStateCancelled, false, true, "cancelled before it was verified"},
		{approvals.StateTerminated, rules.ApprovalResendStateTerminated, true, true, "replaced by a later one that was verified"},
		{approvals.StateExpired, rules.ApprovalResendStateExpired, false, true, "never verified, and its time is over"},
	} {
		id := w.approval(c.state+" approval", "patient", c.note, func(d *approvals.Document) {
			d.IsVerified, d.Status = c.verified, c.state
			if c.state == approvals.StateExpired {
				d.Status = approvals.StateNew // nothing marks the passing of time
			}
			if c.over {
				d.ExpiresAt = w.now
			}
		})
		w.refused(op, "an approval that is "+c.note, of("patient", id), fault.Refuse(c.rule))
	}
}

func (w *World) approvalReads() {
	list := func(token, patient, query string) Request {
		return as(token, get, strings.TrimSuffix("/api/patients/"+patient+"/approvals?"+query, "?"))
	}
	patient, stranger := ID("patient").String(), ID("stranger_patient").String()
	episode := approvals.To("episode_of_care", ID("episode of stranger_patient"))
	foreign := w.verifiedApproval("verified approval for another doctor", "stranger_patient", "granted to a doctor of another clinic",
		approvals.To("employee", ID("employee other_doctor")), episode)
	own := w.verifiedApproval("verified approval for the doctor", "stranger_patient", "granted to the doctor, whose clinic has no declaration with the patient",
		approvals.To("employee", ID("employee doctor")), episode)

	w.passes("listApprovals", "a doctor with a declaration sees all", list(doctor, patient, ""), http.StatusOK)
	w.passes("listApprovals", "filters", list(doctor, patient, "is_verified=true&is_expired=false&access_level=read&granted_resource_type=episode_of_care"), http.StatusOK)
	w.passes("listApprovals", "a doctor without a declaration sees their own", list(doctor, stranger, ""), http.StatusOK)
	w.passes("listApprovals", "nothing to be seen is an empty list", list(TokenValue("hospital_doctor"), stranger, ""), http.StatusOK)
	for _, parameter := range []string{"granted_to", "granted_resources", "reason"} {
		w.refused("listApprovals", parameter+" that is no uuid", list(doctor, patient, parameter+"=1"),
			fault.Refuse(rules.ApprovalListIDFilter, "parameter", parameter))
	}
	for _, parameter := range []string{"is_verified", "is_expired"} {
		w.refused("listApprovals", parameter+" that is neither true nor false", list(doctor, patient, parameter+"=yes"),
			fault.Refuse(rules.ApprovalListBooleanFilter, "parameter", parameter))
	}
	w.refused("listApprovals", "an unknown access level", list(doctor, patient, "access_level=own"), fault.Refuse(rules.ApprovalListAccessLevel))
	w.refused("listApprovals", "everything wrong at once", list(doctor, patient, "reason=1&is_expired=1&access_level=own"),
		fault.Refuse(rules.ApprovalListIDFilter, "parameter", "reason"),
		fault.Refuse(rules.ApprovalListBooleanFilter, "parameter", "is_expired"), fault.Refuse(rules.ApprovalListAccessLevel))
	w.refused("listApprovals", "an unknown patient", list(doctor, ID("nobody").String(), ""), fault.Refuse(rules.ApprovalListPerson))

	one := func(token, patient, approval string) Request {
		return as(token, get, "/api/patients/"+patient+"/approvals/"+approval)
	}
	w.passes("getApproval", "a doctor with a declaration", one(doctor, patient, ID("new approval").String()), http.StatusOK)
	w.passes("getApproval", "a doctor whom it is granted to", one(doctor, stranger, own.String()), http.StatusOK)
	w.passes("getApproval", "an approval that needed no confirmation", one(doctor, ID("methodless_patient").String(), ID("approval without a method").String()), http.StatusOK)
	w.passes("getApproval", "not to be seen: data is an empty list", one(doctor, stranger, foreign.String()), http.StatusOK)
	w.refused("getApproval", "an unknown patient", one(doctor, ID("nobody").String(), foreign.String()), fault.Refuse(rules.ApprovalGetPerson))
	w.refused("getApproval", "an unknown approval", one(doctor, patient, ID("no approval").String()), fault.Refuse(rules.ApprovalGetNotFound))
	w.refused("getApproval", "an approval of another patient", one(doctor, patient, foreign.String()), fault.Refuse(rules.ApprovalGetNotFound))
}

func pointer[T any](v T) *T { return &v }
