package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// Answers that are right, but would surprise a client at the national host, carry
// X-Sandbox-Warning in a sandbox. A warning names parameters of the contract, and
// no value.

const noAPIKey = "no API-key was sent: the national host refuses such a call (here GATEWAY_API_KEY=required does)" //nolint:gosec // names no key

// warnBeforeAnswer puts the warnings of a request into the headers of its answer.
func (s *Server) warnBeforeAnswer(answer *echo.Response, about *envelope.Request) {
	if !s.ShowRules {
		return
	}
	answer.Before(func() {
		if answer.Status < http.StatusBadRequest {
			for _, text := range about.Warnings {
				answer.Header().Add("X-Sandbox-Warning", text)
			}
		}
	})
}

// warnOfQuery looks for parameters that are ignored or changed without a refusal.
// It is called before paging is bounded.
func (s *Server) warnOfQuery(op *operation, about *envelope.Request, query url.Values) {
	if !s.ShowRules {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(about.Undeclared)) {
		f := fault.NameFact("query parameter", name, op.query)
		text := "a query parameter that the operation does not have is ignored"
		if f.Hint != "" {
			text += ": " + f.Found + "; did you mean " + fault.Nearest(name, op.query) + "?"
		}
		about.Warn(text)
	}
	for _, name := range op.query {
		if sent := query.Get(name); sent != "" && s.isMalformed(op.filters[name], sent) {
			about.Warn(fmt.Sprintf("the query parameter %s has not the documented form: it is ignored, bounded, or finds nothing", name))
		}
	}
}

// isMalformed returns whether the schema of a parameter does not allow a text.
func (s *Server) isMalformed(schema *openapi3.Schema, text string) bool {
	if schema == nil || schema.Type.Is(openapi3.TypeArray) {
		return false
	}
	var value any = text
	switch {
	case schema.Type.Is(openapi3.TypeInteger), schema.Type.Is(openapi3.TypeNumber):
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return true
		}
		value = number
	case schema.Type.Is(openapi3.TypeBoolean):
		value = text == "true"
		if text != "true" && text != "false" {
			return true
		}
	}
	return schema.VisitJSON(value, openapi3.FailFast(), openapi3.EnableFormatValidation(), openapi3.WithStringFormatValidators(s.Formats)) != nil
}
