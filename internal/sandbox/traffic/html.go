package traffic

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"esoz/openapi/publish"
)

//go:embed explain.html
var page string

var pageTemplate = template.Must(template.New("").Funcs(template.FuncMap{
	"mark": func(s State) string { return marks[s] }, "add": func(a, b int) int { return a + b }, "links": publish.Links,
}).Parse(page))

// WriteHTML writes the explanation as a page below a bar. root is the way from it to the root of the sandbox.
func (x *Explanation) WriteHTML(out io.Writer, root string, bar template.HTML) error {
	view := struct {
		*Explanation
		Root string
		Bar  template.HTML
	}{x, root, bar}
	if err := pageTemplate.Execute(out, view); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
