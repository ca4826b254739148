// Command docs writes the documents that are made from code: the table of
// settings, the sandbox's world, the operations, the status machines and the
// quick starts.
package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/template"
	"time"

	"esoz/gen/machines"
	"esoz/gen/rules"
	"esoz/internal/app"
	"esoz/internal/platform/config"
	"esoz/internal/reference/docs/part"
	"esoz/internal/sandbox/world"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func run() error {
	w, err := newWorld()
	if err != nil {
		return err
	}
	operations, err := operationPage(".")
	if err != nil {
		return err
	}
	return errors.Join(
		write("docs/configuration.md", configuration()),
		write("docs/sandbox-world.md", sandboxWorld(w)),
		write("docs/status-machines.md", statusMachinePage(machines.All)),
		write("docs/operations.md", operations),
		writeContents("docs/divergences.md"),
		quickstart("docs/sdk.md", "output", "text", "output.txt"),
		quickstart("docs/sdk.md", "python", "python", "python/quickstart.py"),
		quickstart("docs/sdk.md", "java", "java", "java/QuickStart.java"),
		quickstart("docs/sdk.md", "csharp", "csharp", "csharp/QuickStart.cs"),
		quickstart("docs/sdk.md", "php", "php", "php/quickstart.php"),
		quickstart("docs/sdk.md", "guzzle", "php", "php/guzzle.php"),
		quickstart("docs/sdk.md", "nswag", "csharp", "csharp/Client.cs"),
		quickstart("docs/signing.md", "output", "text", "signing/output.txt"),
		quickstart("docs/signing.md", "php", "php", "signing/sign.php"),
		quickstart("docs/signing.md", "csharp", "csharp", "signing/Sign.cs"),
		quickstart("docs/signing.md", "typescript", "ts", "signing/sign.mts"),
		quickstart("docs/signing.md", "go", "go", "signing/sign.go"),
		quickstart("docs/test-runners.md", "jest-package", "json", "testing/jest/package.json"),
		quickstart("docs/test-runners.md", "jest-start", "js", "testing/jest/start.js"),
		quickstart("docs/test-runners.md", "jest-stop", "js", "testing/jest/stop.js"),
		quickstart("docs/test-runners.md", "jest-test", "js", "testing/jest/codes.test.js"),
		quickstart("docs/test-runners.md", "vitest-setup", "js", "testing/vitest/setup.js"),
		quickstart("docs/test-runners.md", "vitest-config", "js", "testing/vitest/vitest.config.js"),
		quickstart("docs/test-runners.md", "phpunit-trait", "php", "testing/phpunit/InWorld.php"),
		quickstart("docs/test-runners.md", "phpunit-test", "php", "testing/phpunit/CodesTest.php"),
		quickstart("docs/test-runners.md", "phpunit-workers", "sh", "testing/phpunit/workers.sh"),
		quickstart("docs/test-runners.md", "xunit-test", "csharp", "testing/xunit/CodesTest.cs"),
	)
}

// newWorld describes the world at a fixed moment, so that the document does not
// change by itself.
func newWorld() (*world.World, error) {
	keys, err := app.NewKeys(&config.Config{
		ServerKey: config.Secret(strings.Repeat("00", 32)), PersonPKKey: config.Secret(strings.Repeat("00", 16)),
	})
	if err != nil {
		return nil, err
	}
	return world.New(keys, time.Date(2026, 3, 25, 10, 0, 0, 0, time.UTC)), nil
}

func write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// replace puts text into a part of a document.
func replace(path, name, text string) error {
	_, err := part.Replace(path, name, text)
	return err
}

// quickstart shows a file that CI runs.
func quickstart(page, name, language, path string) error {
	program, err := os.ReadFile("docs/quickstarts/" + path)
	if err != nil {
		return fmt.Errorf("read the quick start: %w", err)
	}
	return replace(page, name, "```"+language+"\n"+string(program)+"```\n")
}

func configuration() string {
	return render(`# Configuration

Made from `+"`internal/platform/config`"+` by `+"`make generate`"+`. All settings are environment variables. An unknown or invalid value stops the start, and all faults are reported at once. Names are those of the national documents where they have one.

A secret may lie in a file: each of {{secrets .}} is read from the file that the same name with `+"`_FILE`"+` names (`+"`SERVER_KEY_FILE`"+`), without white space around it.

| variable | default | what it is |
|---|---|---|
{{range .}}| `+"`{{.Name}}`"+` | {{if .Required}}(required){{else if .Default}}`+"`{{cell .Default}}`"+`{{end}} | {{cell .Doc}}{{if .Max}} ({{.Min}} to {{.Max}}){{end}} |
{{end}}
Variables of libpq (`+"`PGOPTIONS`"+`, `+"`PGPASSWORD`"+` and others that begin with `+"`PG`"+`) are ignored: everything about PostgreSQL stands in `+"`DATABASE_URL`"+`.

Tracing is off unless `+"`OTEL_EXPORTER_OTLP_ENDPOINT`"+` (or `+"`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`"+`) names a collector. OpenTelemetry's other variables apply too.

## In the sandbox

- Defaults differ: `+"`GATEWAY_API_KEY=when_sent`"+`, `+"`LOG_LEVEL=warn`"+`, `+"`ADMIN_ADDR=off`"+`, and no limits of codes (`+"`OTP_PHONE_LIMIT`"+`, `+"`OTP_RESOURCE_LIMIT`"+`, `+"`OTP_LEGAL_ENTITY_DAILY_LIMIT`"+`), because its SMS cost nothing and tests send many.
- Its address is the flag `+"`--listen`"+` (with `+"`--i-know-this-is-public`"+` when other machines reach it), `+"`ALLOWED_HOSTS`"+` also the flag `+"`--allow-host`"+`. It sets its databases and keys itself.
- `+"`ESOZ_POSTGRES`"+`, or the flag `+"`--postgres`"+`, names the folder that holds `+"`bin/`"+` of the PostgreSQL to use. Without it the newest on the machine is taken, or one is downloaded from npm's registry (`+"`NPM_CONFIG_REGISTRY`"+` names another): [installing.md](installing.md#postgresql).
- Messages stay in its inbox, whatever `+"`SMS_PROVIDER`"+` is. It sends no traces.
- `+"`POST /_sandbox/config`"+` changes settings while it runs, except those that are read only at the start.
`, config.Fields())
}

func sandboxWorld(w *world.World) string {
	cases := map[string][]world.Case{}
	guards := map[string][]world.Case{} // of the gateway's own rules, by title
	var operations, titles []string
	for _, c := range w.Cases {
		if len(c.Rules) > 0 && isGuard(c.Rules[0]) {
			if guards[c.Title] == nil {
				titles = append(titles, c.Title)
			}
			guards[c.Title] = append(guards[c.Title], c)
			continue
		}
		if cases[c.OperationID] == nil {
			operations = append(operations, c.OperationID)
		}
		cases[c.OperationID] = append(cases[c.OperationID], c)
	}
	slices.Sort(operations)
	return render(`# The sandbox's world

Made from `+"`internal/sandbox/world`"+` by `+"`make generate`"+`. The same values seed the sandbox, with the same ids in every sandbox. `+"`GET /_sandbox/world`"+` returns all of this as JSON, with a complete request for each case.

## Tokens

| token | who | scopes |
|---|---|---|
{{range .World.Tokens}}| `+"`{{.Value}}`"+` | {{cell .Note}} | {{join .Scopes}} |
{{end}}
| API-key | owner |
|---|---|
{{range .World.Keys}}| `+"`{{.Value}}`"+` | {{cell .Note}} |
{{end}}
## Objects

| name | kind | id | note |
|---|---|---|---|
{{range .World.Objects}}| {{cell .Name}} | {{.Kind}} | `+"`{{.ID}}`"+` | {{cell .Note}} |
{{end}}
## Cases of every operation

These stand before an operation. Each is made for every operation that has the check, from the first of its cases that pass, so the world has one per operation. An operation with words of its own for a check shows the case in its own table below.

| case | answer | rules | settings | operations |
|---|---|---|---|---|
{{range .Titles}}{{$all := index $.Guards .}}{{with index $all 0}}| {{cell .Title}} | {{.Expect.Status}}{{with message .Rules}} {{cell .}}{{end}} | {{ids .Rules}} | {{settings .Config}} | {{len $all}} |
{{end}}{{end}}
## Cases of one operation
{{range .Operations}}
### {{.}}

| case | answer | rules | settings |
|---|---|---|---|
{{range index $.Cases .}}| {{cell .Title}} | {{.Expect.Status}}{{with .Expect.Message}} {{cell .}}{{end}} | {{ids .Rules}} | {{settings .Config}} |
{{end}}{{end}}`, map[string]any{"World": w, "Operations": operations, "Cases": cases, "Titles": titles, "Guards": guards})
}

// isGuard tells whether a rule is the gateway's, and not an operation's.
func isGuard(id rules.ID) bool {
	rule, _ := rules.Get(id)
	return rule.Operation == ""
}

func render(text string, data any) string {
	functions := template.FuncMap{
		"cell": func(s string) string {
			return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s)
		},
		"secrets": func(fields []config.Field) string {
			var names []string
			for _, f := range fields {
				if f.Secret {
					names = append(names, "`"+f.Name+"`")
				}
			}
			return strings.Join(names, ", ")
		},
		"join":       func(list []string) string { return strings.Join(list, " ") },
		"semicolons": func(list []string) string { return strings.Join(list, "; ") },
		"lower":      strings.ToLower,
		"ids": func(ids []rules.ID) string {
			texts := make([]string, len(ids))
			for i, id := range ids {
				texts[i] = "`" + string(id) + "`"
			}
			return strings.Join(texts, ", ")
		},
		"message": func(ids []rules.ID) string { // with its {names}
			rule, _ := rules.Get(ids[0])
			return cmp.Or(rule.Message, rule.Description)
		},
		"rules": func(operation string) int { return len(rules.Guards(operation)) + len(rules.OfOperation(operation)) },
		"settings": func(vars map[string]string) string {
			var texts []string
			for name, value := range vars {
				texts = append(texts, "`"+name+"="+value+"`")
			}
			slices.Sort(texts)
			return strings.Join(texts, " ")
		},
	}
	var out bytes.Buffer
	if err := template.Must(template.New("").Funcs(functions).Parse(text)).Execute(&out, data); err != nil {
		panic(err) // the templates are constants
	}
	return out.String()
}
