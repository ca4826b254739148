// Package oauth has users who log in, and what they grant, exchange and end.
package oauth

import (
	"sync"

	"golang.org/x/crypto/bcrypt"

	"esoz/internal/sandbox/world/build"
)

// Who may log in. A login ends former tokens of its user, therefore this user
// has none to begin with.
const (
	LoginEmail    = "login_user@example.com"
	LoginPassword = "sandbox-password-1" // of every user that has a password
)

// loginHash is made once and as cheaply as bcrypt allows: the password is public.
var loginHash = sync.OnceValue(func() string {
	hash, err := bcrypt.GenerateFromPassword([]byte(LoginPassword), bcrypt.MinCost)
	if err != nil {
		panic(err) // the password is a constant
	}
	return string(hash)
})

// Add adds the users, the tokens and the cases.
func Add(w *build.World) {
	w.Confide(LoginPassword)
	logins(w)
	grants(w)
	exchanges(w)
	refreshes(w)
	sessions(w)
}
