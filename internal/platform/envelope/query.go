package envelope

// ParseBool reads a boolean filter of a query. An absent or empty filter is nil.
// ok is false when the text is neither true nor false.
func ParseBool(text *string) (value *bool, ok bool) {
	if text == nil || *text == "" {
		return nil, true
	}
	isTrue := *text == "true"
	if !isTrue && *text != "false" {
		return nil, false
	}
	return &isTrue, true
}

// Sent returns a filter of a query, or nil when it is empty: an empty filter
// counts as not sent.
func Sent(value *string) *string {
	if value != nil && *value == "" {
		return nil
	}
	return value
}
