package build

import (
	"encoding/json"

	"esoz/internal/platform/mongodb"
)

// Reread is a document as the store gives it back: moments to the millisecond.
func Reread[D any](d D) (read D) {
	stored, err := mongodb.Stored(d)
	if err == nil {
		err = stored.Decode(&read)
	}
	if err != nil {
		panic(err) // a value of the world
	}
	return read
}

// Content is what an answer shows, as an object that can be changed and signed.
func Content(shown any, err error) (content Row) {
	raw, failed := json.Marshal(shown)
	if err == nil {
		err = failed
	}
	if err == nil {
		err = json.Unmarshal(raw, &content)
	}
	if err != nil {
		panic(err) // a value of the world
	}
	return content
}
