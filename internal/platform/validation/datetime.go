package validation

// HasDateTimeForm tells whether text has the form of a date and time as the
// format of the contract takes it. Its day may not exist, its zone be missing.
func HasDateTimeForm(text string) bool { return dateTimeRegexp.MatchString(text) }
