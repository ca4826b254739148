package devicerequests

import (
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/world/build"
)

func resend(w *build.World) {
	const op = "resendDeviceRequestSms"
	by := func(patient, id string) build.Request {
		return build.Patch(doctor, "/api/patients/"+patient+"/device_requests/"+id+"/actions/resend")
	}
	of := func(patient, name string) build.Request {
		return by(build.ID(patient).String(), build.ID(name).String())
	}

	const open = "device request to be dispensed"
	w.Passes(op, "a request in a program", of("patient", open), http.StatusAccepted)
	w.Passes(op, "a body is ignored", of("patient", "device request of a care plan").With([]any{}), http.StatusAccepted)
	w.Passes(op, "a patient who gets no SMS", of("offline_patient", "device request of offline_patient"), http.StatusAccepted)

	missing := fault.Refuse(rules.DeviceRequestResendNotFound)
	w.Refused(op, "an unknown request", of("patient", "no device request"), missing)
	w.Refused(op, "a malformed id", by(build.ID("patient").String(), "1"), missing)
	w.Refused(op, "a request of another patient", of("stranger_patient", open), missing)
	w.Refused(op, "a malformed patient id", by("1", build.ID(open).String()), missing)
	w.Refused(op, "a revoked request", of("patient", "revoked device request"), fault.Refuse(rules.DeviceRequestResendStatus))

	told := issue(w, "device request that was told of", "patient", "active; its SMS was sent again a minute ago", clinic).Add()
	at := w.Now.Add(-time.Minute)
	w.Insert("otp.sms_attempts", build.Row{"key": sms.Attempts{Kind: "device_request"}.Key(told), "sent_at": []time.Time{at}, "last_at": at})
	limited := []string{"DR_SEND_TIMEOUT", "3600", "DR_MAX_ATTEMPTS_COUNT"}
	w.Refused(op, "as many SMS as may be sent", of("patient", "device request that was told of"),
		fault.Refuse(rules.DeviceRequestResendTimeout, "time", envelope.Milli(at.Add(time.Hour)))).Set(append(limited, "1")...)
	w.Passes(op, "one SMS fewer", of("patient", "device request that was told of"), http.StatusAccepted).Set(append(limited, "2")...)
}
