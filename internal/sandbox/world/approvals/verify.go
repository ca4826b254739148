package approvals

import (
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/approvals"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/verifications"
)

// codePhone gets the codes of the approvals below, each its own.
const codePhone = "+380931234671"

// otherCode is not the code of any approval that LiveCode is.
const otherCode = 9993

// toVerify adds an approval that waits for a code which was sent for it; columns make
// the code another.
func toVerify(w *build.World, name, note string, code int, columns build.Row) string {
	approval := add(w, name, "patient", note, func(d *approvals.Document) {
		d.GrantedResources[0] = approvals.To("episode_of_care", build.ID("episode of "+name))
		d.Urgent.PhoneNumber = codePhone
	})
	id := build.ID("code of " + name)
	w.Insert("otp.verifications", build.Changed(build.Row{
		"id": id, "phone_number": codePhone, "resource_id": approval, "status": "new", "code_hash": w.Seal.Code(id, code), "active": true,
		"attempts_count": 0, "inserted_at": w.Now.Add(-time.Minute), "code_expired_at": w.Now.AddDate(1, 0, 0),
	}, columns))
	return name
}

func verifying(w *build.World) {
	const op, checked = "verifyApproval", "THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK"
	w.Insert("otp.verified_phones", build.Row{"id": build.ID("verified phone " + codePhone), "phone_number": codePhone, "updated_at": w.Now})
	path := func(patient, approval string) build.Request {
		return build.Patch(doctor, "/api/patients/"+patient+"/approvals/"+approval).With(build.Row{"code": verifications.LiveCode})
	}
	of := func(patient, approval string) build.Request {
		return path(build.ID(patient).String(), build.ID(approval).String())
	}

	withoutBody := func(approval string) build.Request {
		return build.Patch(doctor, "/api/patients/"+build.ID("patient").String()+"/approvals/"+build.ID(approval).String())
	}

	code := toVerify(w, "approval with a code", "waits for its code, which can be used", verifications.LiveCode, nil)
	text := toVerify(w, "approval with a code in text", "waits for its code, which can be used", verifications.LiveCode, nil)
	later := toVerify(w, "approval with a code for a job", "waits for its code, which can be used", verifications.LiveCode, nil)
	w.Passes(op, "the right code", of("patient", code), http.StatusOK)
	w.Passes(op, "the right code, as a text", of("patient", text).With(build.Row{"code": "1232"}), http.StatusOK)
	w.Passes(op, "the right code, with an idempotency key", of("patient", later).Header("X-Idempotency-Key", "verify-approval"), http.StatusAccepted).
		Set("IDEMPOTENCY", "replay")
	w.Passes(op, "documents confirm it, with a code that nobody asked for", of("offline_patient", "approval by OFFLINE"), http.StatusOK)
	w.Passes(op, "nothing confirms it", withoutBody("approval without a method"), http.StatusOK)

	w.Refused(op, "a list in place of an object", of("patient", code).With([]int{}),
		build.WrongShape(rules.ApprovalVerifySchema, "$", "cast", "type mismatch. Expected object but got array"))
	w.Refused(op, "an unknown patient", of("nobody", code), fault.Refuse(rules.ApprovalVerifyPerson))
	w.Refused(op, "a malformed patient id", path("1", build.ID(code).String()), fault.Refuse(rules.ApprovalVerifyPerson))
	w.Refused(op, "an inactive patient", of("inactive_patient", "approval of an inactive patient"), fault.Refuse(rules.ApprovalVerifyPersonActive))
	w.Refused(op, "an unknown approval", of("patient", "no approval"), fault.Refuse(rules.ApprovalVerifyNotFound))
	w.Refused(op, "a malformed approval id", path(build.ID("patient").String(), "1"), fault.Refuse(rules.ApprovalVerifyNotFound))
	for _, state := range []string{approvals.StateCancelled, approvals.StateTerminated, approvals.StateExpired, approvals.StateActive} {
		w.Refused(op, "an approval that is "+state, of("patient", state+" approval"), fault.Refuse("approval.verify.state_"+rules.ID(state)))
	}
	w.Refused(op, "an approval of another patient", of("stranger_patient", code), fault.Refuse(rules.ApprovalVerifyPatient))
	w.Refused(op, "a third person who is no approved confidant, and that is checked", of("third_person_patient", "approval by a third person"),
		fault.Refuse(rules.ApprovalVerifyConfidant)).Set(checked, "true")

	wrong := toVerify(w, "approval for a wrong code", "waits for a code", verifications.LiveCode, nil)
	old := toVerify(w, "approval with an old code", "waits; the time of its code is over", verifications.LiveCode,
		build.Row{"inserted_at": w.Now.Add(-time.Hour), "code_expired_at": w.Now.Add(-45 * time.Minute)})
	used := toVerify(w, "approval with a dead code", "waits; its code has no attempt left", verifications.LiveCode,
		build.Row{"status": "unverified", "active": false, "attempts_count": 3})
	own := toVerify(w, "approval with a code of its own", "waits for a code that is not that of the others to its phone", otherCode, nil)
	for _, c := range []struct {
		title   string
		request build.Request
	}{
		{"a wrong code", of("patient", wrong).With(build.Row{"code": otherCode})},
		{"a code of letters", of("patient", wrong).With(build.Row{"code": "abcd"})},
		{"no code", of("patient", wrong).With(build.Row{})},
		{"a code whose time is over", of("patient", old)},
		{"a code without an attempt left", of("patient", used)},
		{"no code was sent", of("patient", "new approval")},
		{"the code of another approval", of("patient", own)},
		{"a third person has not got a code", of("third_person_patient", "approval by a third person")},
	} {
		w.Refused(op, c.title, c.request, fault.Refuse(rules.ApprovalVerifyCode))
	}
}
