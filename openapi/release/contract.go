package main

import (
	"fmt"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"
)

// contract is what a comparison looks at beside oasdiff: the rules.
type contract struct {
	Info struct{ Version string }
	// Rules are the document's own: the gateway's and the router's.
	Rules []rule `yaml:"x-rules"`
	Paths map[string]map[string]operation
}

type operation struct {
	ID             string   `yaml:"operationId"`
	AddedInVersion string   `yaml:"x-addedInVersion"`
	Guards         []string `yaml:"x-guards"`
	Rules          []rule   `yaml:"x-rules"`
}

// rule is what clients see of a rule.
type rule struct {
	ID, Type, Message, Entry string
	Check                    string
	CheckUK                  string `yaml:"x-check-uk"`
	Keyword                  string `yaml:"rule"` // of an entry of error.invalid, as its description
	Description, Together    string
	Status                   int
}

func readContract(path string) (*contract, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var c contract
	if err := yaml.Unmarshal(content, &c); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return &c, nil
}

// methods are the keys of a path item that hold operations.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// operations returns the operations by id.
func (c *contract) operations() map[string]operation {
	found := map[string]operation{}
	for _, item := range c.Paths {
		for method, op := range item {
			if slices.Contains(methods, method) {
				found[op.ID] = op
			}
		}
	}
	return found
}

// checks are the ids of everything that can refuse an operation, in the order in which it is checked.
func (op operation) checks() []string {
	checks := slices.Clone(op.Guards)
	for _, r := range op.Rules {
		checks = append(checks, r.ID)
	}
	return checks
}
