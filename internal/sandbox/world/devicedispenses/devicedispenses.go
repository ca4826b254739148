// Package devicedispenses has device dispenses in every state.
package devicedispenses

import "esoz/internal/sandbox/world/build"

// Add adds the dispenses and the cases.
func Add(w *build.World) {
	create(w)
	complete(w)
	stop(w)
	markInError(w)
	get(w)
	contexts(w)
	list(w)
	search(w)
}

// Who calls.
var (
	doctor          = build.TokenValue("doctor")
	pharmacist      = build.TokenValue("pharmacist")
	otherPharmacist = build.TokenValue("other_pharmacist")
)
