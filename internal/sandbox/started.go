package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"esoz/internal/sandbox/world"
	"esoz/openapi"
)

// Started is what a program reads that has started a sandbox.
type Started struct {
	Version     string            `json:"version"`
	BaseURL     string            `json:"base_url"`
	DatabaseURL string            `json:"database_url"`
	MongoURL    string            `json:"mongo_url"`
	Tokens      map[string]string `json:"tokens"`   // by name
	APIKeys     map[string]string `json:"api_keys"` // by name
}

func started(at Addresses, w *world.World) Started {
	s := Started{
		Version: openapi.Version(), BaseURL: at.BaseURL, DatabaseURL: at.DatabaseURL, MongoURL: at.MongoURL,
		Tokens: map[string]string{}, APIKeys: map[string]string{},
	}
	for _, token := range w.Tokens {
		s.Tokens[token.Name] = token.Value
	}
	for _, key := range w.Keys {
		s.APIKeys[key.Name] = key.Value
	}
	return s
}

// readyFile is a file that is there while a sandbox answers. The empty name is no file.
type readyFile string

// prepare removes what a killed sandbox has left, and finds out whether the file can be written.
func (f readyFile) prepare() error {
	if f == "" {
		return nil
	}
	left, err := os.ReadFile(string(f))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("--ready-file: %w", err)
	case !isReadyFile(left):
		return fmt.Errorf("--ready-file: %s holds something else: name a file that is not there", f)
	}
	if err := f.remove(); err != nil {
		return err
	}
	trial, err := f.temporary()
	if err != nil {
		return err
	}
	if err := errors.Join(trial.Close(), os.Remove(trial.Name())); err != nil {
		return fmt.Errorf("--ready-file: %w", err)
	}
	return nil
}

func isReadyFile(content []byte) bool {
	var s Started
	return len(content) == 0 || json.Unmarshal(content, &s) == nil && s.BaseURL != "" && s.DatabaseURL != ""
}

// write writes the file at once: nobody reads half of it. It holds the way into the databases, so it is for its owner alone.
func (f readyFile) write(content []byte) (err error) {
	if f == "" {
		return nil
	}
	temporary, err := f.temporary()
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), string(f))
	}
	if err != nil {
		return fmt.Errorf("--ready-file: %w", errors.Join(err, os.Remove(temporary.Name())))
	}
	return nil
}

// temporary is a new file beside it.
func (f readyFile) temporary() (*os.File, error) {
	file, err := os.CreateTemp(filepath.Dir(string(f)), filepath.Base(string(f))+".*")
	if err != nil {
		return nil, fmt.Errorf("--ready-file: %w", err)
	}
	return file, nil
}

func (f readyFile) remove() error {
	if f == "" {
		return nil
	}
	if err := os.Remove(string(f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--ready-file: %w", err)
	}
	return nil
}

// announce says on all the ways that were asked for that requests are answered.
func (o *Options) announce(at Addresses, w *world.World, old bool) error {
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(started(at, w)); err != nil {
		return fmt.Errorf("describe the sandbox: %w", err)
	}
	if err := readyFile(o.ReadyFile).write(text.Bytes()); err != nil {
		return err
	}
	if o.JSON != nil {
		if _, err := o.JSON.Write(text.Bytes()); err != nil {
			return fmt.Errorf("describe the sandbox: %w", err)
		}
	} else {
		printBanner(o.Out, at, w, old)
	}
	if o.Ready != nil {
		o.Ready(at)
	}
	return nil
}
