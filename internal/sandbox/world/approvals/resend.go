package approvals

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/otp"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
	"esoz/internal/sandbox/world/verifications"
)

const resendOperation = "resendApprovalSms"

func resendBy(token, patient, approval string) build.Request {
	return build.Patch(token, "/api/patients/"+patient+"/approvals/"+approval+"/actions/resend")
}

func resendOf(patient string, approval uuid.UUID) build.Request {
	return resendBy(doctor, build.ID(patient).String(), approval.String())
}

func resend(w *build.World) {
	const op = resendOperation
	fresh := add(w, "new approval", "patient", "waits for the code: its SMS may be sent again",
		func(d *approvals.Document) { d.AuthorizeWith = new(build.ID("method of patient")) })
	byDefault := add(w, "new approval by default", "patient", "the same by the patient's default method: authorize_with is null", nil)
	w.Passes(op, "a code is sent again, by a job", resendOf("patient", fresh), http.StatusAccepted)
	w.Passes(op, "a code is sent again, at once", resendOf("patient", fresh), http.StatusCreated).Set("APPROVAL_RESEND_MODE", "sync")
	w.Passes(op, "a body is ignored", resendOf("patient", fresh).With([]any{}), http.StatusAccepted)
	w.Passes(op, "no method was chosen: the one that is fixed in the approval counts", resendOf("patient", byDefault), http.StatusAccepted)

	w.Refused(op, "an unknown patient", resendBy(doctor, build.ID("nobody").String(), fresh.String()), fault.Refuse(rules.ApprovalResendPerson))
	w.Refused(op, "a malformed patient id", resendBy(doctor, "1", fresh.String()), fault.Refuse(rules.ApprovalResendPerson))
	w.Refused(op, "an unknown approval", resendOf("patient", build.ID("no approval")), fault.Refuse(rules.ApprovalResendNotFound))
	w.Refused(op, "an approval of another patient", resendOf("stranger_patient", fresh), fault.Refuse(rules.ApprovalResendNotFound))
	w.Refused(op, "a malformed approval id", resendBy(doctor, build.ID("patient").String(), "1"), fault.Refuse(rules.ApprovalResendNotFound))

	byMethod(w)
	byThirdPerson(w)
	inactive := add(w, "approval of an inactive patient", "inactive_patient", "the patient has become inactive since",
		func(d *approvals.Document) { created(d, w.Now.Add(-time.Hour)) })
	w.Refused(op, "an inactive patient", resendOf("inactive_patient", inactive), fault.Refuse(rules.ApprovalResendPersonActive))
	byState(w)
	byLimit(w)
	w.Refused(op, "the legal entity has had all codes of the day sent", resendBy(otherDoctor, build.ID("patient").String(), fresh.String()),
		fault.Refuse(rules.ApprovalResendLegalEntityLimit)).Set("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1")
}

// byMethod are approvals whose method no code can be sent by, or no more.
func byMethod(w *build.World) {
	const op, formerPhone = resendOperation, "+380931234590"
	ended := w.Object("authentication method", "ended method", "an OTP method of patient that has ended")
	persons.Method(w, "patient", build.Row{
		"id": ended, "type": medicalevents.MethodOTP, "phone_number": formerPhone, "is_active": false,
		"ended_at": w.Now.Add(-time.Hour), "updated_at": w.Now.Add(-time.Hour),
	})
	endedChoice := add(w, "approval by an ended method", "patient", "authorize_with names a method that has ended since; the phone is fixed in the approval",
		func(d *approvals.Document) {
			d.AuthorizeWith, d.Urgent.PhoneNumber = &ended, formerPhone
			created(d, w.Now.Add(-2*time.Hour))
		})
	w.Passes(op, "the chosen method has ended since", resendOf("patient", endedChoice), http.StatusAccepted)
	w.Refused(op, "the chosen method has ended since, and that is checked", resendOf("patient", endedChoice), fault.Refuse(rules.ApprovalResendMethodUsable)).
		Set("RULES", "+approval.resend.method_usable")

	inpatient := add(w, "approval without a method", "patient", "of an inpatient care plan of the own legal entity, which needs no confirmation: urgent is null",
		func(d *approvals.Document) {
			d.GrantedResources = []approvals.Reference{approvals.To("care_plan", build.ID("care plan of patient"))}
			d.Urgent, d.ExpiresAt = nil, d.InsertedAt.AddDate(0, 0, carePlanDays)
		})
	w.Refused(op, "an approval that needed no confirmation", resendOf("patient", inpatient), fault.Refuse(rules.ApprovalResendNoMethod))
	offline := add(w, "approval by OFFLINE", "offline_patient", "confirmed by documents, not by SMS",
		func(d *approvals.Document) { d.Urgent = &approvals.Urgent{Type: medicalevents.MethodOffline} })
	w.Refused(op, "a method that gets no SMS", resendOf("offline_patient", offline), fault.Refuse(rules.ApprovalResendMethodType))

	// No write leaves this state: Create Approval sends a code to the phone, and fails as well.
	short := add(w, "approval with a wrong phone", "patient", "the OTP service does not take the phone that is fixed in it",
		func(d *approvals.Document) { d.Urgent.PhoneNumber = "+3805011100" })
	w.Refused(op, "a phone that the OTP service does not take", resendOf("patient", short), fault.Refuse(rules.ApprovalResendOTP))
}

// byThirdPerson are approvals that somebody else confirms for the patient.
func byThirdPerson(w *build.World) {
	const op, checked = resendOperation, "THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK"
	confirmed := func(name, patient, note, phone string) build.Request {
		return resendOf(patient, add(w, name, patient, note, func(d *approvals.Document) {
			d.AuthorizeWith = new(build.ID("method of " + patient))
			d.Urgent = &approvals.Urgent{Type: medicalevents.MethodThirdPerson, PhoneNumber: phone}
		}))
	}
	w.Refused(op, "a third person without a phone", confirmed("approval by a third person without a phone", "third_person_offline_patient",
		"the third person has no OTP method", ""), fault.Refuse(rules.ApprovalResendThirdPerson))
	third := confirmed("approval by a third person", "third_person_patient", "the code goes to the third person", persons.ThirdPersonPhone)
	w.Passes(op, "the code goes to a third person", third, http.StatusAccepted)
	confided := confirmed("approval by a confidant", "confided_patient", "the code goes to an approved confidant", persons.ConfidantPhone)
	w.Passes(op, "the code goes to a confidant, and that is checked", confided, http.StatusAccepted).Set(checked, "true")
	w.Refused(op, "a third person who is no approved confidant, and that is checked", third, fault.Refuse(rules.ApprovalResendMethodConfidant)).Set(checked, "true")
}

// byState are approvals in the states that no code ends.
func byState(w *build.World) {
	for _, c := range []struct {
		state, note string
		rule        rules.ID
		change      func(d *approvals.Document)
	}{
		{approvals.StateActive, "verified", rules.ApprovalResendStateActive, func(d *approvals.Document) { verify(d, w.Now) }},
		{approvals.StateCancelled, "cancelled before it was verified", rules.ApprovalResendStateCancelled, func(d *approvals.Document) {
			end(d, approvals.StateCancelled, w.Now)
		}},
		{approvals.StateTerminated, "replaced by a later one that was verified", rules.ApprovalResendStateTerminated, func(d *approvals.Document) {
			created(d, w.Now.AddDate(0, -1, 0))
			verify(d, d.InsertedAt.Add(time.Minute))
			end(d, approvals.StateTerminated, w.Now)
		}},
		{approvals.StateExpired, "verified, and its time is over", rules.ApprovalResendStateExpired, func(d *approvals.Document) {
			d.GrantedResources[0] = approvals.To("episode_of_care", build.ID("former episode of patient"))
			created(d, w.Now.AddDate(0, 0, -usualDays))
			verify(d, d.InsertedAt.Add(time.Minute))
		}},
	} {
		id := add(w, c.state+" approval", "patient", c.note, func(d *approvals.Document) {
			created(d, w.Now.Add(-time.Hour))
			c.change(d)
		})
		w.Refused(resendOperation, "an approval that is "+c.note, resendOf("patient", id), fault.Refuse(c.rule))
	}
}

// byLimit is an approval whose phone has got a code a moment ago.
func byLimit(w *build.World) {
	const op = resendOperation
	busy := add(w, "approval with a fresh code", "busy_patient", "a code was sent to its phone a moment ago", nil)
	verifications.CodeSent(w, otp.PerResource, busy.String())
	again := resendOf("busy_patient", busy)
	w.Passes(op, "a code was sent a moment ago, and there is no limit", again, http.StatusAccepted)
	w.Refused(op, "a code was sent a moment ago, and there is a limit", again, fault.Refuse(rules.ApprovalResendRate)).Set("INIT_VERIFICATION_LIMIT", "86400")
	w.Refused(op, "the phone has got all codes of the hour", again, fault.Refuse(rules.ApprovalResendPhoneLimit)).Set("OTP_PHONE_LIMIT", "1")
	w.Refused(op, "all codes for the approval were sent", again, fault.Refuse(rules.ApprovalResendResourceLimit)).Set("OTP_RESOURCE_LIMIT", "1")
}
