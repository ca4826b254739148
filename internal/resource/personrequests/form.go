package personrequests

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed form.html
var formText string

// form is what the person reads and signs. The national system keeps its own in
// its template service.
var form = template.Must(template.New("form").Parse(formText))

// printedForm fills the form with the data of a request.
func printedForm(r *request) (string, error) {
	var printed strings.Builder
	if err := form.Execute(&printed, r.Data); err != nil {
		return "", fmt.Errorf("print person request %s: %w", r.ID, err)
	}
	return printed.String(), nil
}
