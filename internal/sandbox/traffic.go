package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"esoz/internal/conformance/report"
	"esoz/internal/reference"
	"esoz/internal/sandbox/traffic"
)

// explain tells what became of a request. Its id may hold anything printable.
func (h *Handler) explain(w http.ResponseWriter, r *http.Request) {
	explanation, ok := h.traffic.Explain(r.PathValue("request_id"))
	h.answerExplanation(w, r, explanation, ok)
}

// inConsole shows a request in the console to a browser, and explains it to a program.
func (h *Handler) inConsole(view http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if accepted(r, explainedAs...) == "text/html" {
			view.ServeHTTP(w, r)
			return
		}
		number, err := strconv.Atoi(r.PathValue("number"))
		var explanation *traffic.Explanation
		ok := err == nil
		if ok {
			explanation, ok = h.traffic.ExplainNumber(number)
		}
		h.answerExplanation(w, r, explanation, ok)
	}
}

// explainedAs are the forms of an explanation, the usual one first.
var explainedAs = []string{"application/json", "text/plain", "text/html"}

func (h *Handler) answerExplanation(w http.ResponseWriter, r *http.Request, explanation *traffic.Explanation, ok bool) {
	if !ok {
		h.refuse(w, http.StatusNotFound, fmt.Errorf(
			"no request with this id or number is remembered: it was none of the API's, or it is forgotten (the last %d are kept); write # as %%23 in the path",
			traffic.Kept))
		return
	}
	baseURL := h.config.Get().PublicBaseURL
	explanation.Advise(h.currentWorld(), baseURL)
	switch accepted(r, explainedAs...) {
	case "text/plain":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, explanation.Text(baseURL)) // a client that went away
	case "text/html":
		bar, err := reference.Bar(rootOf(r), "")
		if err != nil {
			h.refuse(w, http.StatusInternalServerError, err)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := explanation.WriteHTML(w, rootOf(r), bar); err != nil {
			h.logger.Debug("answer not delivered", "error", err)
		}
	default:
		h.write(w, http.StatusOK, explanation)
	}
}

// coverage tells what the traffic has touched.
func (h *Handler) coverage(w http.ResponseWriter, r *http.Request) {
	format := r.URL.Query().Get("format")
	if format == "" {
		format = formats[accepted(r, "application/json", "text/html", "application/xml", "text/xml")]
	}
	cfg := h.config.Get()
	coverage := h.traffic.Coverage(cfg)
	if format == "json" {
		h.write(w, http.StatusOK, coverage)
		return
	}
	report, err := coverage.Report(cfg.PublicBaseURL, nil)
	if err != nil {
		h.refuse(w, http.StatusInternalServerError, err)
		return
	}
	switch format {
	case "html":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		err = writePage(w, report, rootOf(r))
	case "junit":
		w.Header().Set("Content-Type", "application/xml")
		err = report.WriteJUnit(w)
	default:
		h.refuse(w, http.StatusBadRequest, fmt.Errorf("format %q is none of json, html, junit", format))
	}
	if err != nil {
		h.logger.Debug("answer not delivered", "error", err)
	}
}

func writePage(w io.Writer, report *report.Report, root string) error {
	var page bytes.Buffer
	if err := report.WriteHTML(&page); err != nil {
		return err //nolint:wrapcheck // says what failed
	}
	whole, err := withBar(page.Bytes(), root, "Coverage")
	if err != nil {
		return err
	}
	if _, err := w.Write(whole); err != nil {
		return fmt.Errorf("send the coverage: %w", err)
	}
	return nil
}

var formats = map[string]string{
	"application/json": "json", "text/html": "html", "application/xml": "junit", "text/xml": "junit",
}

func (h *Handler) forgetCoverage(w http.ResponseWriter, _ *http.Request) {
	h.traffic.Reset()
	w.WriteHeader(http.StatusNoContent)
}

// accepted is the first of the types that a client names and we have, else the
// first that we have.
func accepted(r *http.Request, types ...string) string {
	for _, wanted := range strings.Split(r.Header.Get("Accept"), ",") {
		if media, _, err := mime.ParseMediaType(wanted); err == nil && slices.Contains(types, media) {
			return media
		}
	}
	return types[0]
}
