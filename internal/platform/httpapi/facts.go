package httpapi

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"esoz/internal/platform/fault"
)

// What checks of the gateway found, for explain. No value of a header or a body is
// repeated.

func sentOrNot(r *http.Request, header string) string {
	if r.Header.Get(header) == "" {
		return "nothing"
	}
	return "another value"
}

func lacking(what string, wanted, held, missing []string) fault.Fact {
	f := fault.NewFact(what, wanted, held)
	f.Hint = "missing scopes: " + strings.Join(missing, ", ")
	return f
}

// mediaType returns the type of a body when it is one that clients send by mistake.
func mediaType(contentType string) string {
	usual := []string{
		"", echo.MIMETextPlain, echo.MIMETextHTML, echo.MIMEApplicationForm, echo.MIMEMultipartForm, echo.MIMEApplicationXML, echo.MIMETextXML,
		echo.MIMEOctetStream, "application/vnd.api+json",
	}
	media, _, err := mime.ParseMediaType(contentType)
	switch {
	case contentType == "":
		return "nothing"
	case err == nil && slices.Contains(usual, media):
		return media
	}
	return "another type"
}

// notJSON says where a body stops being JSON, without its text.
func notJSON(raw []byte, err error) string {
	var syntax *jsontext.SyntacticError
	switch {
	case !utf8.Valid(raw):
		return "bytes that are no UTF-8"
	case errors.As(err, &syntax):
		return fmt.Sprintf("a fault after byte %d of %d", syntax.ByteOffset, len(raw))
	}
	return "too many values, nested too deeply, a number out of range, or data after the value"
}

// explainBody adds facts about violations of the schema of the body.
func (s *Server) explainBody(c echo.Context, refusal *fault.Error) {
	id, _ := c.Get(operationKey).(string)
	op, sent := s.known[id], c.Request().Body
	if b, ok := sent.(*body); ok && op != nil && op.body != nil && len(refusal.Invalid) > 0 {
		refusal.Facts = append(op.body.Facts(b.value, refusal), refusal.Facts...)
	}
}

// hints joins what the facts of a refusal advise into a header.
func hints(refusal *fault.Error) string {
	var all []string
	for _, f := range refusal.Facts {
		if f.Hint != "" && !slices.Contains(all, f.Hint) {
			all = append(all, f.Hint)
		}
	}
	const longest = 2000
	joined := strings.Join(all, "; ")
	return joined[:min(len(joined), longest)]
}
