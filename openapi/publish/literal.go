package publish

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// wording is how a language writes values.
type wording struct {
	indent            string
	mapping, sequence [2]string // what they begin and end with
	emptyMapping      string
	padding           string // within a mapping that stands on one line
	colon             string
	lastComma         bool
	null, yes, no     string
	quote, key        func(string) string
}

var (
	jsonWords = wording{
		indent: "  ", mapping: [2]string{"{", "}"}, sequence: [2]string{"[", "]"}, emptyMapping: "{}", colon: ": ",
		null: "null", yes: "true", no: "false", quote: jsonQuote, key: jsonQuote,
	}
	typescriptWords = wording{ // a text of JSON is also one of TypeScript and Python
		indent: "  ", mapping: [2]string{"{", "}"}, sequence: [2]string{"[", "]"}, emptyMapping: "{}", colon: ": ",
		padding: " ", lastComma: true, null: "null", yes: "true", no: "false", quote: jsonQuote, key: typescriptKey,
	}
	pythonWords = wording{
		indent: "    ", mapping: [2]string{"{", "}"}, sequence: [2]string{"[", "]"}, emptyMapping: "{}", colon: ": ",
		lastComma: true, null: "None", yes: "True", no: "False", quote: jsonQuote, key: jsonQuote,
	}
	phpWords = wording{
		indent: "    ", mapping: [2]string{"[", "]"}, sequence: [2]string{"[", "]"}, emptyMapping: "new stdClass()", colon: " => ",
		lastComma: true, null: "null", yes: "true", no: "false", quote: phpQuote, key: phpQuote,
	}
)

// literal writes a value in a language. Lines after the first begin with the indent.
func literal(n *yaml.Node, w wording, indent string) string {
	var elements []string
	switch n.Kind {
	case yaml.MappingNode:
		if len(n.Content) == 0 {
			return w.emptyMapping
		}
		for key, value := range tree.Entries(n) {
			elements = append(elements, w.key(key)+w.colon+literal(value, w, indent+w.indent))
		}
		return w.collection(elements, w.mapping, w.padding, indent)
	case yaml.SequenceNode:
		for _, value := range n.Content {
			elements = append(elements, literal(value, w, indent+w.indent))
		}
		return w.collection(elements, w.sequence, "", indent)
	}
	switch n.Tag {
	case "!!null":
		return w.null
	case "!!bool":
		if n.Value == "true" {
			return w.yes
		}
		return w.no
	case "!!int", "!!float":
		return n.Value
	default:
		return w.quote(n.Value)
	}
}

// shortLine is the length up to which a mapping or a list stands on one line.
const shortLine = 60

func (w wording) collection(elements []string, brackets [2]string, padding, indent string) string {
	line := brackets[0] + padding + strings.Join(elements, ", ") + padding + brackets[1]
	if len([]rune(line)) <= shortLine && !strings.Contains(line, "\n") {
		return line
	}
	start, last := "\n"+indent+w.indent, ""
	if w.lastComma {
		last = ","
	}
	return brackets[0] + start + strings.Join(elements, ","+start) + last + "\n" + indent + brackets[1]
}

func jsonQuote(text string) string {
	quoted, err := tree.JSON(tree.Scalar(text))
	if err != nil {
		panic(err) // every text is one of JSON
	}
	return string(quoted)
}

func phpQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

var identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

func typescriptKey(name string) string {
	if identifier.MatchString(name) {
		return name
	}
	return jsonQuote(name)
}
