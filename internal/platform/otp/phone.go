package otp

import "regexp"

// phonePattern is the pattern of the contract's phone_number.
var phonePattern = regexp.MustCompile(`^\+380[0-9]{9}$`)

// IsPhone reports whether codes can be sent to text. It also keeps other text
// out of queries: a path may hold bytes that PostgreSQL rejects.
func IsPhone(text string) bool { return phonePattern.MatchString(text) }
