package validation

// IsUUID returns whether text matches the contract's format uuid: lower case, of a
// known version.
func IsUUID(text string) bool { return uuidFormatRegexp.MatchString(text) }
