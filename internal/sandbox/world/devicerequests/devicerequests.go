// Package devicerequests has prescriptions of devices in every state.
package devicerequests

import "esoz/internal/sandbox/world/build"

// Add adds the requests and the cases.
func Add(w *build.World) {
	create(w)
	prequalify(w)
	get(w)
	list(w)
	search(w)
	contexts(w)
	complete(w)
	qualify(w)
	revoke(w)
	markInError(w)
	resend(w)
}

// Who calls.
var (
	doctor         = build.TokenValue("doctor")
	otherDoctor    = build.TokenValue("other_doctor")
	hospitalDoctor = build.TokenValue("hospital_doctor")
	pharmacist     = build.TokenValue("pharmacist")
)
