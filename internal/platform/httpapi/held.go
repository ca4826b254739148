package httpapi

import (
	"bytes"
	"fmt"
	"net/http"
)

// Held is an answer that is not sent yet.
type Held struct {
	to     http.ResponseWriter
	status int
	body   bytes.Buffer
}

// Hold returns an answer that Send sends to w. Its headers are those of w.
func Hold(w http.ResponseWriter) *Held { return &Held{to: w, status: http.StatusOK} }

// Header implements http.ResponseWriter.
func (a *Held) Header() http.Header { return a.to.Header() }

// WriteHeader implements http.ResponseWriter.
func (a *Held) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *Held) Write(p []byte) (int, error) { return a.body.Write(p) }

// Unwrap is what http.ResponseController needs.
func (a *Held) Unwrap() http.ResponseWriter { return a.to }

// Insert replaces the first mark of the body by a text.
func (a *Held) Insert(mark, text string) {
	a.Replace(bytes.Replace(a.body.Bytes(), []byte(mark), []byte(text), 1))
}

// Status of the answer.
func (a *Held) Status() int { return a.status }

// Body of the answer.
func (a *Held) Body() []byte { return a.body.Bytes() }

// Replace puts another body in the place of the answer's.
func (a *Held) Replace(body []byte) { a.body = *bytes.NewBuffer(body) }

// Send sends the answer.
func (a *Held) Send() error {
	a.to.WriteHeader(a.status)
	if _, err := a.body.WriteTo(a.to); err != nil {
		return fmt.Errorf("send the answer: %w", err)
	}
	return nil
}
