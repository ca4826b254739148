package envelope

import "github.com/google/uuid"

// ParseID reads an id of a path or a query. It accepts the canonical form of 36
// characters only, not the other forms of the uuid package (urn:uuid:, braces,
// bare hex).
func ParseID(s string) (id uuid.UUID, ok bool) {
	if len(s) != 36 {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(s)
	return id, err == nil
}

// SentID reads an id of a query. One that was not sent, or is empty, is nil; a
// malformed one is an id that nothing has.
func SentID(value *string) (id *uuid.UUID, ok bool) {
	if value = Sent(value); value == nil {
		return nil, true
	}
	parsed, ok := ParseID(*value)
	return &parsed, ok
}
