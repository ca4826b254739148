package openapi

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version says what a program was built from: the version of the contract, the commit and Go's version.
func Version() string {
	var contract struct {
		Info struct{ Version string }
	}
	if err := json.Unmarshal(Requests, &contract); err != nil {
		panic(err) // it is a part of the program
	}
	return fmt.Sprintf("%s (%s, %s)", contract.Info.Version, commit(), runtime.Version())
}

func commit() string {
	revision, modified := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				modified = ", with changes"
			}
		}
	}
	return "commit " + revision + modified
}
