package sandbox

import (
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"esoz/internal/reference"
	"esoz/openapi/tree"
)

//go:embed openapi.yaml
var document []byte

func file(contentType string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(content) // a client that went away
	}
}

// published serves the contract as its readers want it, which is made when it is first asked for.
func (h *Handler) published(contentType string, read func() ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		content, err := read()
		if err != nil {
			h.logger.ErrorContext(r.Context(), "the contract could not be published", "error", err)
			h.refuse(w, http.StatusInternalServerError, errors.New("the contract could not be published; see the log"))
			return
		}
		file(contentType, content)(w, r)
	}
}

// reference serves the pages to read. They are made at the first request, so that
// a start does not wait for them.
func (h *Handler) reference() http.HandlerFunc {
	pages := sync.OnceValues(func() (http.Handler, error) {
		site, err := reference.New(h.documents)
		if err != nil {
			return nil, err
		}
		return site.Handler(h.currentWorld, h.baseURL), nil
	})
	return func(w http.ResponseWriter, r *http.Request) {
		handler, err := pages()
		if err != nil {
			h.logger.ErrorContext(r.Context(), "the reference could not be made", "error", err)
			h.refuse(w, http.StatusInternalServerError, errors.New("the reference could not be made; see the log"))
			return
		}
		handler.ServeHTTP(w, r)
	}
}

// baseURL is how a reader calls the sandbox: as it was configured, else as the reader has found it.
func (h *Handler) baseURL(r *http.Request) string {
	if configured := h.config.Get().PublicBaseURL; configured != h.address {
		return configured
	}
	return "http://" + r.Host + h.prefix
}

// ownDocument is the document of the sandbox's own methods as JSON.
var ownDocument = sync.OnceValues(func() ([]byte, error) {
	root, err := tree.Parse(document)
	if err != nil {
		return nil, fmt.Errorf("parse the sandbox's document: %w", err)
	}
	raw, err := tree.JSON(root)
	if err != nil {
		return nil, fmt.Errorf("encode the sandbox's document: %w", err)
	}
	return raw, nil
})

// ownPage is that document to read.
var ownPage = sync.OnceValues(func() (*reference.API, error) {
	own, err := ownDocument()
	if err != nil {
		return nil, err
	}
	page, err := reference.NewAPI(own)
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's document: %w", err)
	}
	return page, nil
})

func (h *Handler) ownMethods(w http.ResponseWriter, r *http.Request) {
	page, err := ownPage()
	var content []byte
	if err == nil {
		content, err = page.Page("../../", h.baseURL(r))
	}
	if err != nil {
		h.logger.ErrorContext(r.Context(), "the page of the sandbox's methods could not be made", "error", err)
		h.refuse(w, http.StatusInternalServerError, errors.New("the page could not be made; see the log"))
		return
	}
	file("text/html; charset=utf-8", content)(w, r)
}
