package validation

// IsUUID tells whether text is a uuid as the format of the contract takes it:
// lower case, of a known version.
func IsUUID(text string) bool { return uuidFormatRegexp.MatchString(text) }
