package operation

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/httpapi"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/seal"
)

// Operation is an operation of the contract as its resource registers it.
type Operation struct {
	ID      string     // operationId
	Shape   string     // of the value that says what the operation does; "" of a plain function
	Rules   []rules.ID // in checked order, without those of the gateway and of the body's schema
	Guard   httpapi.Guard
	Body    httpapi.BodyCheck
	Handler jobs.Handler // of operations that leave their work to a job
	Moves   *Moves       // of operations that change a status
	Also    []*Moves     // of further parts of the state that change with it
	Update  Update       // of transitions of documents
	Signed  bool         // what is signed is one document
	Still   bool         // it leaves the document as it is, though it is no read
	Reads   string       // the collection or table of which the operation shows one object
	Anew    bool         // each request has a job of its own, also one that asks for the same as another
	Points  *Points      // of operations that write more than one document, or a document and rows
}

// Points are the moments between two writes of a job.
type Points struct {
	// Between, when set, is called at each of them. Tests interrupt the job there.
	Between func(jobID, step string) error
}

func (p *Points) at(jobID, step string) error {
	if p.Between == nil {
		return nil
	}
	return p.Between(jobID, step)
}

// Update returns what a job writes: under which conditions it changes the
// document, and how. Benchmarks repeat it without the server.
type Update func(c Caller, keys *seal.Keys, path Path) ([]mongodb.Condition, mongodb.Change)

// Moves are the ways in a status machine that an operation goes.
type Moves struct {
	Collection string // or table
	Attribute  string
	From       []string // empty: any
	To         []string
}

// Verify compares the operations with the contract: each of its operations is
// registered once, and checks what x-rules says, in that order.
func Verify(contract []string, registered []Operation) error {
	var errs []error
	seen := map[string]bool{}
	for _, op := range registered {
		if seen[op.ID] {
			errs = append(errs, fmt.Errorf("%s is registered twice", op.ID))
		}
		seen[op.ID] = true
		if !slices.Contains(contract, op.ID) {
			errs = append(errs, fmt.Errorf("%s is no operation of the contract", op.ID))
			continue
		}
		if documented := documented(op.ID); !slices.Equal(documented, op.Rules) {
			errs = append(errs, fmt.Errorf("%s does not check what its x-rules say\n  x-rules: %s\n  checked: %s",
				op.ID, list(documented), list(op.Rules)))
		}
	}
	for _, id := range contract {
		if !seen[id] {
			errs = append(errs, fmt.Errorf("no resource registers %s", id))
		}
	}
	return errors.Join(errs...)
}

// documented are the rules of an operation that its own code checks.
func documented(operationID string) []rules.ID {
	var ids []rules.ID
	for _, r := range rules.OfOperation(operationID) {
		if len(r.Replaces) == 0 && !r.Schema {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

func list(ids []rules.ID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return strings.Join(texts, ", ")
}
