package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/seal"
	"esoz/internal/sandbox/world"
)

// ErrWorld is a world, or a list of tokens, that cannot be used.
var ErrWorld = errors.New("cannot be used")

// ReadWorld reads a world as GET /_sandbox/world gives it, and finds what is
// wrong with its cases.
func ReadWorld(from io.Reader, contract *Document) (*world.World, error) {
	w := new(world.World)
	if err := json.NewDecoder(from).Decode(w); err != nil {
		return nil, fmt.Errorf("%w: it is not a world as JSON: %w", ErrWorld, err)
	}
	if len(w.Cases) == 0 {
		return nil, fmt.Errorf("%w: it has no cases", ErrWorld)
	}
	operations := map[string]bool{"": true}
	for _, item := range contract.Paths.Map() {
		for _, op := range item.Operations() {
			operations[op.OperationID] = true
		}
	}
	ids := map[string]bool{}
	for i, c := range w.Cases {
		if err := checkCase(c, operations); err != nil {
			return nil, fmt.Errorf("%w: case %d (%q): %w", ErrWorld, i+1, c.ID, err)
		}
		if ids[c.ID] {
			return nil, fmt.Errorf("%w: case %d (%q): the id stands twice", ErrWorld, i+1, c.ID)
		}
		ids[c.ID] = true
	}
	return w, nil
}

func checkCase(c world.Case, operations map[string]bool) error {
	switch {
	case c.ID == "":
		return errors.New("id is missing")
	case !operations[c.OperationID]:
		return fmt.Errorf("the contract has no operation %q", c.OperationID)
	case c.Request.Method == "":
		return errors.New("request.method is missing")
	case !strings.HasPrefix(c.Request.Path, "/"):
		return errors.New("request.path must begin with /")
	case c.Expect.Status < 200 || c.Expect.Status > 599:
		return fmt.Errorf("expect.status %d is no HTTP status", c.Expect.Status)
	case c.Expect.Status >= http.StatusBadRequest && len(c.Rules) == 0:
		return errors.New("it expects a refusal and names no rule")
	}
	for _, id := range c.Rules {
		switch rule, known := rules.Get(id); {
		case !known:
			return fmt.Errorf("the contract has no rule %q", id)
		case rule.Operation != "" && rule.Operation != c.OperationID:
			return fmt.Errorf("%s is a rule of %s", id, rule.Operation)
		}
	}
	return nil
}

// BuiltIn is the sandbox's world, whose ids are the same everywhere, for a
// server that does not tell its own.
func BuiltIn(now time.Time, contract *Document) (*world.World, error) {
	keys, err := seal.New([][]byte{make([]byte, 32)}, [][]byte{make([]byte, 16)})
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	raw, err := json.Marshal(world.New(keys, now))
	if err != nil {
		return nil, fmt.Errorf("write the built-in world: %w", err)
	}
	return ReadWorld(strings.NewReader(string(raw)), contract)
}
