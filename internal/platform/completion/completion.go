// Package completion writes what bash, zsh and fish need to complete the command line of a program.
package completion

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Flag is a flag that prints the completions of its program for a shell, and ends the program.
type Flag string

// BeforeApply runs before kong misses what else the command line must have.
func (Flag) BeforeApply(app *kong.Kong, ctx *kong.Context, path *kong.Path) error {
	shell, _ := ctx.FlagValue(path.Flag).(Flag)
	if err := Write(app.Stdout, string(shell), app.Model); err != nil {
		return err
	}
	app.Exit(0)
	return nil
}

// Write writes the completions of a program for bash, zsh or fish.
func Write(out io.Writer, shell string, app *kong.Application) error {
	s := script{name: app.Name, function: "_" + strings.ReplaceAll(app.Name, "-", "_")}
	s.add(app.Node, "", nil)
	var text string
	switch shell {
	case "bash":
		text = s.bash()
	case "zsh":
		text = s.zsh()
	case "fish":
		text = s.fish()
	default:
		return fmt.Errorf("there are completions for bash, zsh and fish, not for %q", shell)
	}
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("write completions: %w", err)
	}
	return nil
}

// script is a command line as all shells see it: the commands typed so far are a place, and each place has its words.
type script struct {
	name, function string
	places         []place
	values         []string // flags that a value follows
}

type place struct {
	path  string // "" or "/import/katottg"
	words []word
}

type word struct{ text, help string }

// add adds the place of a command and those below it. inherited are the flags of the commands above.
func (s *script) add(node *kong.Node, path string, inherited []word) {
	flags := append(append([]word{}, inherited...), s.flags(node)...)
	words := []word{}
	for _, child := range node.Children {
		if !child.Hidden && child.Type == kong.CommandNode {
			words = append(words, word{child.Name, child.Help})
		}
	}
	words = append(words, flags...)
	if node.DefaultCmd != nil { // its flags need no command
		words = append(words, s.flags(node.DefaultCmd)...)
	}
	s.places = append(s.places, place{path, words})
	for _, child := range node.Children {
		if !child.Hidden && child.Type == kong.CommandNode {
			s.add(child, path+"/"+child.Name, flags)
		}
	}
}

func (s *script) flags(node *kong.Node) (words []word) {
	for _, flag := range node.Flags {
		if flag.Hidden {
			continue
		}
		words = append(words, word{"--" + flag.Name, flag.Help})
		if !flag.IsBool() && !flag.IsCounter() {
			s.values = append(s.values, "--"+flag.Name)
		}
	}
	return words
}

// walk are the lines, for bash and zsh, that find the place: a flag's value is no command.
func (s *script) walk(words string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  local word before= place=\n  for word in %s; do\n    case $before in\n", words)
	if len(s.values) > 0 {
		fmt.Fprintf(&b, "      %s) ;;\n", strings.Join(s.values, "|"))
	}
	b.WriteString("      *) case $place/$word in\n")
	for _, p := range s.places[1:] {
		fmt.Fprintf(&b, "        %[1]s) place=%[1]s ;;\n", p.path)
	}
	b.WriteString("      esac ;;\n    esac\n    before=$word\n  done\n")
	return b.String()
}

func (s *script) bash() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# bash completions of %s\n%s() {\n%s", s.name, s.function, s.walk(`"${COMP_WORDS[@]:1:COMP_CWORD-1}"`))
	b.WriteString("  COMPREPLY=()\n  local words\n")
	if len(s.values) > 0 {
		fmt.Fprintf(&b, "  case $before in\n    %s) return ;;\n  esac\n", strings.Join(s.values, "|"))
	}
	b.WriteString("  case $place in\n")
	for _, p := range s.places {
		texts := make([]string, len(p.words))
		for i, w := range p.words {
			texts[i] = w.text
		}
		fmt.Fprintf(&b, "    '%s') words='%s' ;;\n", p.path, strings.Join(texts, " "))
	}
	b.WriteString("  esac\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n}\n")
	fmt.Fprintf(&b, "complete -o default -F %s %s\n", s.function, s.name)
	return b.String()
}

func (s *script) zsh() string {
	name := strings.NewReplacer(`\`, `\\`, `:`, `\:`, `'`, `'\''`)
	help := strings.NewReplacer(`\`, `\\`, `'`, `'\''`)
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n%s() {\n%s  local -a found\n", s.name, s.function, s.walk("${words[2,CURRENT-1]}"))
	if len(s.values) > 0 {
		fmt.Fprintf(&b, "  case $before in\n    %s) _files; return ;;\n  esac\n", strings.Join(s.values, "|"))
	}
	b.WriteString("  case $place in\n")
	for _, p := range s.places {
		fmt.Fprintf(&b, "    '%s') found=(\n", p.path)
		for _, w := range p.words {
			fmt.Fprintf(&b, "      '%s:%s'\n", name.Replace(w.text), help.Replace(w.help))
		}
		b.WriteString("    ) ;;\n")
	}
	fmt.Fprintf(&b, "  esac\n  _describe %s found || _files\n}\n", s.name)
	// Found in fpath it is called, sourced it registers itself.
	fmt.Fprintf(&b, "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then %[1]s; else compdef %[1]s %[2]s; fi\n", s.function, s.name)
	return b.String()
}

func (s *script) fish() string {
	quoter := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	quote := func(text string) string { return "'" + quoter.Replace(text) + "'" }
	var b strings.Builder
	fmt.Fprintf(&b, "# fish completions of %s\nfunction _%s_at\n    set -l place ''\n    set -l before ''\n", s.name, s.function)
	fmt.Fprintf(&b, "    for word in (commandline -opc)[2..-1]\n        if not contains -- $before %s\n            switch $place/$word\n", strings.Join(s.values, " "))
	for _, p := range s.places[1:] {
		fmt.Fprintf(&b, "                case %[1]s\n                    set place %[1]s\n", p.path)
	}
	b.WriteString("            end\n        end\n        set before $word\n    end\n    test \"$place\" = \"$argv[1]\"\nend\n")
	for _, p := range s.places {
		at := fmt.Sprintf("complete -c %s -n %s", s.name, quote("_"+s.function+"_at "+quote(p.path)))
		for _, w := range p.words {
			name, isFlag := strings.CutPrefix(w.text, "--")
			switch {
			case isFlag && slices.Contains(s.values, w.text):
				fmt.Fprintf(&b, "%s -l %s -r -d %s\n", at, name, quote(w.help))
			case isFlag:
				fmt.Fprintf(&b, "%s -l %s -d %s\n", at, name, quote(w.help))
			default:
				fmt.Fprintf(&b, "%s -f -a %s -d %s\n", at, w.text, quote(w.help))
			}
		}
	}
	return b.String()
}
