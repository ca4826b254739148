// Package servicerequests has referrals in every state.
package servicerequests

import "esoz/internal/sandbox/world/build"

// Add adds the referrals and the cases.
func Add(w *build.World) {
	create(w)
	prequalify(w)
	release(w)
	use(w)
	process(w)
	complete(w)
	qualify(w)
	resend(w)
	recall(w)
	cancel(w)
	get(w)
	search(w)
	lists(w)
	ofSpecimen(w)
	readsInEpisode(w)
}

var doctor, otherDoctor = build.TokenValue("doctor"), build.TokenValue("other_doctor")
