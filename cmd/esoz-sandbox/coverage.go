package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"esoz/internal/conformance/report"
	"esoz/internal/sandbox/traffic"
)

type coverageCommand struct {
	URL       string   `default:"http://127.0.0.1:8080" help:"Address of the sandbox." placeholder:"URL"`
	HTML      string   `name:"html" help:"Write an HTML page." placeholder:"FILE"`
	JUnit     string   `name:"junit" help:"Write JUnit XML for CI." placeholder:"FILE"`
	FailUnder float64  `help:"Fail when fewer than N per cent of the checks have been met. Only the checks of operations that were called count." placeholder:"N"`
	Require   []string `help:"Operations that must have succeeded and rules that must have been met, by id. * matches any text: createDivision,division.create.*" placeholder:"ID"`
}

// Exit codes of the coverage command; 1 is for every other fault.
const (
	exitShort       = 2 // less was met than was asked for
	exitNoAnswer    = 3 // no sandbox answers at the address
	exitUnwritable  = 4 // a file could not be written
	answerTimeout   = 10 * time.Second
	longestCoverage = 16 << 20 // bytes
)

// codedError is an error with an exit code of its own.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

func (c *coverageCommand) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c *coverageCommand) run(ctx context.Context, out io.Writer) error {
	coverage, err := fetchCoverage(ctx, c.URL)
	if err != nil {
		return &codedError{exitNoAnswer, err}
	}
	r, err := coverage.Report(c.URL, c.Require)
	if err != nil {
		return fmt.Errorf("--require: %w", err)
	}
	coverage.WriteText(out)
	if err := errors.Join(writeFile(c.HTML, r.WriteHTML), writeFile(c.JUnit, r.WriteJUnit)); err != nil {
		return &codedError{exitUnwritable, err}
	}
	return c.judge(coverage, r)
}

// judge tells what falls short of what was asked for.
func (c *coverageCommand) judge(coverage *traffic.Coverage, r *report.Report) error {
	var short []string
	for _, suite := range r.Suites {
		for _, one := range suite.Cases {
			if one.Outcome == report.Failed {
				short = append(short, one.ID)
			}
		}
	}
	var faults []string
	if len(short) > 0 {
		faults = append(faults, "required and never met: "+strings.Join(short, ", "))
	}
	if met := coverage.Totals.RulesOfSeen; met.Percent() < c.FailUnder {
		faults = append(faults, fmt.Sprintf("checks met: %s, fewer than %g %%", met, c.FailUnder))
	}
	if len(faults) == 0 {
		return nil
	}
	return &codedError{exitShort, errors.New(strings.Join(faults, "; "))}
}

func fetchCoverage(ctx context.Context, baseURL string) (*traffic.Coverage, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	address, err := url.JoinPath(baseURL, "/_sandbox/coverage")
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?format=json", http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the sandbox does not answer: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // read, not written
	var coverage traffic.Coverage
	err = json.NewDecoder(io.LimitReader(res.Body, longestCoverage)).Decode(&coverage)
	if err != nil || res.StatusCode != http.StatusOK || len(coverage.Operations) == 0 {
		return nil, fmt.Errorf("%s answers %s without coverage: is it a sandbox?", address, res.Status)
	}
	return &coverage, nil
}

// writeFile writes to a file that the user names; an empty name writes nothing.
func writeFile(name string, write func(io.Writer) error) (err error) {
	if name == "" {
		return nil
	}
	f, err := os.Create(name) //nolint:gosec // the user names the file
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
