package bench

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/lab/bench/floor"
	"esoz/internal/platform/clock"
	"esoz/internal/sandbox/world"
)

// pgbench creates divisions with the statements of the server and nothing
// around them.
func (l *lab) pgbench(ctx context.Context, database string, create request) contender {
	c := contender{name: raw}
	program, err := findPgbench()
	if err != nil {
		c.problem = err
		return c
	}
	script, err := l.divisionScript(ctx, create)
	if err != nil {
		c.problem = err
		return c
	}
	file := filepath.Join(l.Dir, "create_division.pgbench")
	if err := os.WriteFile(file, []byte(script.text), 0o600); err != nil {
		c.problem = fmt.Errorf("write the script of pgbench: %w", err)
		return c
	}
	args := append([]string{"-n", "-M", "prepared", "-f", file}, script.defines...)
	c.round = func(ctx context.Context, d time.Duration) (Round, error) {
		seconds := max(1, int(d.Round(time.Second).Seconds()))
		cmd := exec.CommandContext(ctx, program, slices.Concat(args, []string{
			"-c", strconv.Itoa(l.plan.Clients), "-j", strconv.Itoa(runtime.NumCPU()), "-T", strconv.Itoa(seconds), l.dsn(database),
		})...)
		return runPgbench(cmd)
	}
	return c
}

// findPgbench finds the program in PATH, or where Debian keeps the newest.
func findPgbench() (string, error) {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench") // the pattern is well-formed
	if len(found) == 0 {
		return "", errors.New("pgbench is not installed")
	}
	return found[len(found)-1], nil
}

func runPgbench(cmd *exec.Cmd) (Round, error) {
	took := clock.Stopwatch()
	output, err := cmd.CombinedOutput()
	if err != nil {
		return Round{}, fmt.Errorf("pgbench: %w: %s", err, output)
	}
	r, err := readPgbench(output)
	if err != nil {
		return Round{}, err
	}
	if r.Time == 0 {
		r.Time = took()
	}
	r.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return r, nil
}

var (
	processedPattern = regexp.MustCompile(`number of transactions actually processed: (\d+)`)
	failedPattern    = regexp.MustCompile(`number of failed transactions: (\d+)`)
	tpsPattern       = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)
)

// readPgbench reads what pgbench prints in the end. It tells no percentiles.
func readPgbench(output []byte) (Round, error) {
	number := func(pattern *regexp.Regexp) float64 {
		if found := pattern.FindSubmatch(output); found != nil {
			n, _ := strconv.ParseFloat(string(found[1]), 64) // the pattern lets nothing else through
			return n
		}
		return 0
	}
	processed, tps := number(processedPattern), number(tpsPattern)
	if processed == 0 || tps == 0 {
		return Round{}, fmt.Errorf("pgbench did nothing: %s", output)
	}
	failed := int(number(failedPattern))
	return Round{
		Requests: int(processed) + failed, Wrong: failed,
		Time: time.Duration(processed / tps * float64(time.Second)),
	}, nil
}

// script is a script of pgbench with the values of its variables.
type script struct {
	text    string
	defines []string // -D name=value …
}

// divisionScript takes down what the floor would send for a Create Division,
// down to the letter, and has pgbench send the same with new ids each time.
func (l *lab) divisionScript(ctx context.Context, create request) (script, error) {
	encoded, err := json.Marshal(create.Body)
	if err != nil {
		return script{}, fmt.Errorf("encode body: %w", err)
	}
	var body api.DivisionRequest
	if err := json.Unmarshal(encoded, &body); err != nil {
		return script{}, fmt.Errorf("decode body: %w", err)
	}
	header := http.Header{}
	for name, value := range create.Headers {
		header.Set(name, value)
	}
	id := uuid.New()
	division, err := floor.Division(body, id, world.ID("clinic"), world.ID("owner"), l.clock.Now())
	if err != nil {
		return script{}, err
	}
	var taken notebook
	_, _ = db.New().ResolveIdentity(ctx, &taken, floor.Caller(header)) // the notebook answers nothing
	_ = db.New().CreateDivision(ctx, &taken, division)
	fresh := []string{id.String(), division.AuditID.String()}
	for _, found := range addressID.FindAllSubmatch(division.Addresses, -1) {
		fresh = append(fresh, string(found[1]))
	}
	return taken.script(fresh)
}

var addressID = regexp.MustCompile(`"id":"([0-9a-f-]{36})"`)

// notebook takes statements down in place of running them.
type notebook struct{ statements []statement }

type statement struct {
	sql  string
	args []any
}

var errNotRun = errors.New("taken down, not run")

func (n *notebook) take(sql string, args []any) {
	n.statements = append(n.statements, statement{sql, args})
}

// Exec implements db.DBTX.
func (n *notebook) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	n.take(sql, args)
	return pgconn.CommandTag{}, errNotRun
}

// Query implements db.DBTX.
func (n *notebook) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	n.take(sql, args)
	return nil, errNotRun
}

// QueryRow implements db.DBTX.
func (n *notebook) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	n.take(sql, args)
	return noRow{}
}

type noRow struct{}

// Scan implements pgx.Row.
func (noRow) Scan(...any) error { return errNotRun }

var placeholder = regexp.MustCompile(`\$(\d+)`)

// script turns the statements into a script. The ids in fresh, wherever they
// stand, are new in each transaction.
func (n *notebook) script(fresh []string) (script, error) {
	var s script
	var text strings.Builder
	for i := range fresh {
		fmt.Fprintf(&text, "\\set f%da random(0, 99999999)\n\\set f%db random(0, 999999999999)\n", i, i)
	}
	for i, taken := range n.statements {
		values := make([]string, len(taken.args))
		for j, arg := range taken.args {
			value, isNull, err := textOf(arg)
			if err != nil {
				return s, err
			}
			if isNull {
				values[j] = "NULL"
				continue
			}
			variable := fmt.Sprintf("s%dp%d", i, j+1)
			expression, whole := ":"+variable, false
			for k, id := range fresh {
				switch {
				case value == id:
					expression, whole = freshID(k)+"::uuid", true
				case strings.Contains(value, id):
					expression = fmt.Sprintf("replace(%s, '%s', %s)", expression, id, freshID(k))
				}
			}
			if !whole {
				s.defines = append(s.defines, "-D", variable+"="+value)
			}
			if expression != ":"+variable && !whole {
				expression += "::jsonb"
			}
			values[j] = expression
		}
		_, sql, _ := strings.Cut(taken.sql, "\n") // the first line is the name of the query
		text.WriteString(placeholder.ReplaceAllStringFunc(sql, func(found string) string {
			n, _ := strconv.Atoi(found[1:]) // the pattern lets nothing else through
			return values[n-1]
		}))
		text.WriteString(";\n")
	}
	s.text = text.String()
	return s, nil
}

// freshID makes the text of an id of two random numbers, whose digits are
// hexadecimal ones too.
func freshID(n int) string {
	return fmt.Sprintf("(lpad(:f%da::text, 8, '0') || '-0000-4000-8000-' || lpad(:f%db::text, 12, '0'))", n, n)
}

// textOf is a parameter as PostgreSQL reads it in text.
func textOf(arg any) (text string, isNull bool, err error) {
	switch v := arg.(type) {
	case nil:
		return "", true, nil
	case string:
		return v, false, nil
	case *string:
		if v == nil {
			return "", true, nil
		}
		return *v, false, nil
	case *float64:
		if v == nil {
			return "", true, nil
		}
		return strconv.FormatFloat(*v, 'g', -1, 64), false, nil
	case bool:
		return strconv.FormatBool(v), false, nil
	case uuid.UUID:
		return v.String(), false, nil
	case time.Time:
		return v.Format(time.RFC3339Nano), false, nil
	case json.RawMessage:
		return string(v), v == nil, nil
	case []byte:
		return `\x` + hex.EncodeToString(v), v == nil, nil
	}
	return "", false, fmt.Errorf("pgbench cannot be given a %T", arg)
}
