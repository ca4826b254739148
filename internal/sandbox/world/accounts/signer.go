package accounts

import "esoz/internal/platform/signature"

// Signer is a user of the world.
func Signer(user string) signature.Signer {
	return signature.Signer{DRFO: TaxID(user), Surname: "Коваль"}
}
