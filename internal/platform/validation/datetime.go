package validation

// HasDateForm returns whether text has the form of a date. Its day may not exist.
func HasDateForm(text string) bool { return dateShapeRegexp.MatchString(text) }

// HasDateTimeForm returns whether text has the form of the contract's date-time.
// Its day may not exist, and its zone may be missing.
func HasDateTimeForm(text string) bool { return dateTimeRegexp.MatchString(text) }
