package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/google/uuid"

	"esoz/internal/platform/signature"
	"esoz/internal/sandbox"
)

type signCommand struct {
	File      string     `arg:"" optional:"" default:"-" help:"JSON to sign; - is standard input." placeholder:"FILE"`
	URL       string     `default:"http://127.0.0.1:8080" help:"Address of the sandbox." placeholder:"URL"`
	Token     string     `help:"Sign as the owner of this access token." placeholder:"TOKEN"`
	Employee  *uuid.UUID `help:"Sign as this employee." placeholder:"ID"`
	DRFO      string     `name:"drfo" help:"Sign as a person with this tax number." placeholder:"NUMBER"`
	EDRPOU    string     `name:"edrpou" help:"Number of that person's organisation." placeholder:"NUMBER"`
	Surname   string     `help:"That person's surname."`
	GivenName string     `help:"That person's given name."`
	Stamp     bool       `help:"Sign with the stamp of the organisation."`
	Around    bool       `help:"FILE is a signed container in base64: put one more signature around it."`
	Fault     string     `help:"Make a container that this check refuses: timestamp, root, value and others." placeholder:"CHECK"`
}

// Run prints the container in base64.
func (c *signCommand) Run(ctx context.Context) error { return c.run(ctx, os.Stdin, os.Stdout) }

func (c *signCommand) run(ctx context.Context, in io.Reader, out io.Writer) error {
	content, err := c.read(in)
	if err != nil {
		return err
	}
	asked := sandbox.ToSign{EmployeeID: c.Employee, Stamp: c.Stamp, Fault: signature.Check(c.Fault)}
	if signer := (signature.Signer{DRFO: c.DRFO, EDRPOU: c.EDRPOU, Surname: c.Surname, GivenName: c.GivenName}); signer != (signature.Signer{}) {
		asked.Signer = &signer
	}
	fields, err := json.Marshal(asked)
	if err != nil {
		return fmt.Errorf("ask for a signature: %w", err)
	}
	// The content is put in by hand: encoding JSON again could change its bytes.
	name := "content"
	if c.Around {
		name, content = "signed_content", []byte(`"`+string(content)+`"`)
	}
	if !json.Valid(content) {
		return fmt.Errorf("%s: no JSON", c.File)
	}
	separator := ","
	if len(fields) == len("{}") {
		separator = ""
	}
	signed, err := c.ask(ctx, fmt.Appendf(nil, `{"%s":%s%s%s`, name, content, separator, fields[1:]))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, signed.SignedContent)
	return err //nolint:wrapcheck // of standard output
}

func (c *signCommand) read(in io.Reader) ([]byte, error) {
	if c.File != "-" {
		content, err := os.ReadFile(c.File)
		return bytes.TrimSpace(content), err //nolint:wrapcheck // names the file
	}
	content, err := io.ReadAll(in)
	return bytes.TrimSpace(content), err //nolint:wrapcheck // of standard input
}

func (c *signCommand) ask(ctx context.Context, body []byte) (*sandbox.Signed, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	address, err := url.JoinPath(c.URL, "/_sandbox/sign")
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, &codedError{exitNoAnswer, fmt.Errorf("the sandbox does not answer: %w", err)}
	}
	defer res.Body.Close() //nolint:errcheck // read, not written
	var answer struct {
		sandbox.Signed
		Error string `json:"error"`
	}
	err = json.NewDecoder(res.Body).Decode(&answer)
	switch {
	case err == nil && answer.Error != "":
		return nil, errors.New(answer.Error)
	case err != nil || res.StatusCode != http.StatusOK:
		return nil, &codedError{exitNoAnswer, fmt.Errorf("%s answers %s: is it a sandbox?", address, res.Status)}
	}
	return &answer.Signed, nil
}
