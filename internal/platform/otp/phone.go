package otp

import "regexp"

// phonePattern is that of the contract's phone_number.
var phonePattern = regexp.MustCompile(`^\+380[0-9]{9}$`)

// isPhone keeps what no phone can be out of the queries: a path may hold text
// that PostgreSQL does not take.
func isPhone(text string) bool { return phonePattern.MatchString(text) }
