package main

import (
	"fmt"
	"strings"

	"esoz/gen/machines"
	"esoz/openapi/publish"
)

// diagram draws a status machine for Mermaid.
func diagram(m machines.Machine) string {
	var out strings.Builder
	out.WriteString("stateDiagram-v2\n")
	end := func(state string) string {
		if state == "" {
			return "[*]"
		}
		return state
	}
	for _, t := range m.Transitions {
		label := strings.NewReplacer(";", ",", ":", " ", "#", " ").Replace(t.By)
		fmt.Fprintf(&out, "    %s --> %s : %s\n", end(t.From), t.To, label)
	}
	for _, state := range m.Final {
		fmt.Fprintf(&out, "    %s --> [*]\n", state)
	}
	return out.String()
}

func statusMachinePage(all []machines.Machine) string {
	type row struct{ From, To, By, Source string }
	type section struct {
		machines.Machine
		Diagram string
		Rows    []row
	}
	var sections []section
	for _, m := range all {
		s := section{Machine: m, Diagram: diagram(m)}
		for _, t := range m.Transitions {
			source := t.Source
			if url := publish.SourceURL(source); url != "" {
				source = "[" + strings.NewReplacer("[", `\[`, "]", `\]`).Replace(source) + "](" + url + ")"
			}
			s.Rows = append(s.Rows, row{t.From, t.To, t.By, source})
		}
		sections = append(sections, s)
	}
	return render(`# Status machines

Made from `+"`x-status-machine`"+` of the contract by `+"`make generate`"+`. Each transition has its source. A transition made by an operation of this contract shows its operationId; others are described in words.
{{range .}}
## {{.Title}}

`+"`{{.Place}}`{{with .Dictionary}}, dictionary `{{.}}`{{end}}"+`

`+"```mermaid\n{{.Diagram}}```"+`
{{with .Note}}
{{.}}{{end}}
| from | to | by | source |
|---|---|---|---|
{{range .Rows}}| {{with .From}}`+"`{{.}}`{{end}} | `{{.To}}`"+` | {{cell .By}} | {{cell .Source}} |
{{end}}{{end}}`, sections)
}
