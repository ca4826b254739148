// Package conformance finds out whether a server keeps the contract: it sends
// the cases of a world, and requests derived from them, and judges the answers.
package conformance

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"esoz/gen/rules"
	"esoz/internal/conformance/report"
	"esoz/internal/platform/clock"
	"esoz/internal/sandbox/world"
)

// Faults that end a run.
var (
	ErrNoAnswer = errors.New("the server does not answer")
	ErrNotJSON  = errors.New("the server does not answer with JSON")
	ErrUnknown  = errors.New("unknown")
)

// Options of a run.
type Options struct {
	BaseURL    string
	World      *world.World // nil: the server's own, or the built-in one
	Tokens     Tokens
	Operations []string // empty: all
	Rules      []string // patterns of ids; empty: all
	Order      int      // how many requests that break two rules are sent to an operation, at most
	KeepWorld  bool     // never ask the server for a new world or other settings
	Worlds     int      // of the sandbox, in which parts of the checks are made side by side; 0: the server as it is
	Timeout    time.Duration
	Clock      *clock.Clock
	Progress   func(done, total int) // nil: nobody looks
	// Answered, when set, sees the body of each answer. When a check is sent
	// again in a new world, its last answer counts.
	Answered func(c Check, body []byte)
}

// Check is a request and the answer that the contract documents for it.
type Check struct {
	world.Case
	// Before names what else the request breaks, which is checked later and
	// must not answer.
	Before []rules.ID
}

// Result is what became of a check.
type Result struct {
	Check
	Outcome report.Outcome
	Misses  []string // why it failed
	Reason  string   // why it was skipped
	Curl    string   // without its secrets
	Took    time.Duration
	// RequestID finds the request in the logs of the server, and in the
	// explanations of a sandbox.
	RequestID string
}

// Run sends everything and judges the answers. An error means that nothing can
// be said about the server.
func Run(ctx context.Context, o Options) (results *Results, err error) {
	took := clock.Stopwatch()
	contract, err := Contract()
	if err != nil {
		return nil, err
	}
	first := newServer(o.BaseURL, o.Timeout)
	servers := []*server{first}
	if o.Worlds > 0 {
		var end func() error
		if servers, end, err = first.worlds(ctx, o.Worlds); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, end()) }()
	}
	done := 0
	var mu sync.Mutex
	runners := make([]*runner, len(servers))
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range servers {
		r := &runner{options: o, contract: contract, server: s, dirty: true, part: i, parts: len(servers)}
		r.progress = func(total int) {
			mu.Lock()
			defer mu.Unlock()
			done++
			if o.Progress != nil {
				o.Progress(done, total)
			}
		}
		runners[i] = r
		group.Go(func() error { return r.run(ctx) })
	}
	if err := group.Wait(); err != nil {
		return nil, err //nolint:wrapcheck // of run
	}
	r := runners[0]
	for i := range r.results {
		r.results[i] = runners[i%len(runners)].results[i]
	}
	return &Results{
		BaseURL: first.name, Version: contract.Info.Version, At: o.Clock.Now(), World: r.from, Renewed: r.renews,
		Results: r.results, Rules: r.chosenRules(r.checks), Took: took(),
	}, nil
}

// run makes one part of the checks.
func (r *runner) run(ctx context.Context) (err error) {
	if r.world, r.from, err = r.findWorld(ctx); err != nil {
		return err
	}
	r.told = r.from == FromServer
	r.secrets = newSecrets(r.world, r.options.Tokens)
	if r.checks, err = r.choose(); err != nil {
		return err
	}
	if !r.options.KeepWorld {
		r.renews = r.control(ctx, http.MethodGet, "/_sandbox/config", nil) == nil
	}
	if err := r.renew(ctx); err != nil {
		return err
	}
	if err := r.probe(ctx, r.checks); err != nil {
		return err
	}
	r.results = make([]Result, len(r.checks))
	return errors.Join(r.all(ctx, r.checks), r.renew(ctx))
}

type runner struct {
	options  Options
	contract *Document
	server   *server
	secrets  *secrets
	world    *world.World
	from     string // where the world is from
	checks   []Check
	part     int // which of the checks are this runner's: every parts-th
	parts    int
	progress func(total int) // called after each check
	renews   bool            // the server can be given a new world, and other settings
	told     bool            // the world is the server's

	dirty      bool // the world may no longer be as seeded
	set        bool // the settings are not those of the start
	unanswered int  // in a row
	done       int
	results    []Result
}

// findWorld takes the world that was given, else the server's own, else the
// built-in one.
func (r *runner) findWorld(ctx context.Context) (w *world.World, from string, err error) {
	if r.options.World != nil {
		return r.options.World, FromFile, nil
	}
	a, err := r.server.send(ctx, world.Request{Method: http.MethodGet, Path: "/_sandbox/world"})
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("%w: %w", ErrNoAnswer, reason(err))
	case a.status == http.StatusOK && !a.notJSON():
		w, err = ReadWorld(bytes.NewReader(a.body), r.contract)
		if err != nil {
			return nil, "", fmt.Errorf("%s/_sandbox/world: %w", r.server.name, err)
		}
		return w, FromServer, nil
	}
	w, err = BuiltIn(r.options.Clock.Now(), r.contract)
	return w, FromHere, err
}

// probe sends one request to find out whether anybody answers there, and
// whether it is this kind of server.
func (r *runner) probe(ctx context.Context, checks []Check) error {
	c := checks[max(0, slices.IndexFunc(checks, func(c Check) bool { return c.OperationID != "" }))]
	a, err := r.server.send(ctx, r.secrets.dress(world.Request{Method: http.MethodGet, Path: c.Request.Path, Headers: c.Request.Headers}))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNoAnswer, reason(err))
	case a.notJSON():
		p, _, _ := strings.Cut(c.Request.Path, "?")
		return fmt.Errorf("%w: GET %s%s gives %d with %s; is this the address of the API?", ErrNotJSON, r.server.name, p, a.status, a.contentType())
	}
	return nil
}

// reason leaves the address out, which may hold a password.
func reason(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		if failed.Timeout() {
			return errors.New("no answer in time")
		}
		return failed.Err
	}
	return err
}

// all sends the checks: first what changes nothing, then what does, then what
// needs other settings, those with the same settings together.
func (r *runner) all(ctx context.Context, checks []Check) error {
	var still, changing []int
	settings := map[string][]int{}
	for i, c := range checks {
		if i%r.parts != r.part {
			continue
		}
		r.results[i] = Result{Check: c, Outcome: report.Skipped, Curl: r.curl(c)}
		switch {
		case len(c.Config) > 0:
			settings[settingsOf(c)] = append(settings[settingsOf(c)], i)
		case changes(c.Case):
			changing = append(changing, i)
		default:
			still = append(still, i)
		}
	}
	if !r.renews {
		changing = r.withoutReset(changing)
	}
	if err := r.group(ctx, slices.Concat(still, changing), nil); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if !r.renews {
			for _, i := range settings[key] {
				r.results[i].Reason = "needs " + key
				r.advance()
			}
			continue
		}
		if err := r.group(ctx, settings[key], checks[settings[key][0]].Config); err != nil {
			return err
		}
	}
	return nil
}

// withoutReset leaves out what cannot be told in a world that is never made new:
// requests that would use up the attempts of others, and the second change of
// one object. What counts attempts comes before what passes.
func (r *runner) withoutReset(changing []int) []int {
	passes, changed := map[string]bool{}, map[string]bool{} // by path
	for _, i := range changing {
		if c := r.results[i]; !c.IsRefused() {
			passes[c.Request.Path] = true
		}
	}
	var some []int
	for _, i := range changing {
		result := &r.results[i]
		path, refused := result.Request.Path, result.IsRefused()
		object := r.contract.template(result.Request.Method, path) != path
		switch {
		case refused && result.Job == nil && (len(result.Before) > 0 || object && passes[path]):
			result.Reason = "needs a new world: it would use up attempts"
		case !refused && object && changed[path]:
			result.Reason = "needs a new world: its object was changed already"
		default:
			changed[path] = changed[path] || !refused
			some = append(some, i)
			continue
		}
		r.advance()
	}
	slices.SortStableFunc(some, func(a, b int) int { return cmp.Compare(r.results[b].Expect.Status, r.results[a].Expect.Status) })
	return some
}

// group sends checks that want the same settings. One that fails in a world
// that others have changed is judged again in a new one.
func (r *runner) group(ctx context.Context, checks []int, settings map[string]string) error {
	if err := r.configure(ctx, settings); err != nil {
		return err
	}
	for _, i := range checks {
		result := &r.results[i]
		if err := r.try(ctx, result); err != nil {
			return err
		}
		if r.dirty && len(result.Misses) > 0 && r.renews {
			if err := errors.Join(r.renew(ctx), r.configure(ctx, settings)); err != nil {
				return err
			}
			if err := r.try(ctx, result); err != nil {
				return err
			}
		}
		if len(result.Misses) > 0 && r.renews && r.told {
			if err := r.again(ctx, i, settings); err != nil {
				return err
			}
		}
		// What should have been refused and was not has changed something, too.
		if changes(result.Case) || len(result.Misses) > 0 && result.Request.Method != http.MethodGet {
			r.dirty = true
		}
		r.advance()
	}
	return nil
}

// again judges a check in a world that is new to both sides: a new world has other moments,
// which a request or its answer may name.
func (r *runner) again(ctx context.Context, i int, settings map[string]string) (err error) {
	r.dirty = true
	if err = r.renew(ctx); err != nil {
		return err
	}
	if r.world, _, err = r.findWorld(ctx); err != nil {
		return err
	}
	checks, err := r.choose()
	if err != nil {
		return err
	}
	if len(checks) != len(r.results) || checks[i].ID != r.results[i].ID {
		return nil // another world altogether: the check has failed
	}
	r.results[i].Check = checks[i]
	return errors.Join(r.configure(ctx, settings), r.try(ctx, &r.results[i]))
}

func (r *runner) advance() {
	r.done++
	r.progress(len(r.results))
}

// maxUnanswered requests in a row mean that the server has gone away.
const maxUnanswered = 3

// try sends a check and judges the answer.
func (r *runner) try(ctx context.Context, result *Result) error {
	took := clock.Stopwatch()
	a, err := r.server.send(ctx, r.secrets.dress(result.Request))
	result.Took = took()
	if err != nil {
		if r.unanswered++; r.unanswered == maxUnanswered || ctx.Err() != nil {
			return fmt.Errorf("%w any more, after %d of %d requests: %w", ErrNoAnswer, r.done, len(r.results), reason(err))
		}
		result.Outcome, result.Misses = report.Failed, []string{r.secrets.hide.Replace("no answer: " + reason(err).Error())}
		return nil
	}
	r.unanswered = 0
	if r.options.Answered != nil {
		r.options.Answered(result.Check, a.body)
	}
	result.Outcome, result.Misses, result.RequestID = report.Passed, nil, a.header.Get("X-Request-Id")
	misses := a.judge(result.Case, r.contract)
	if len(misses) == 0 && result.Job != nil {
		if misses, err = r.follow(ctx, a, result); err != nil {
			return err
		}
		result.Took = took()
	}
	for _, miss := range misses {
		result.Outcome, result.Misses = report.Failed, append(result.Misses, r.secrets.hide.Replace(miss))
	}
	return nil
}

func (r *runner) curl(c Check) string {
	return r.secrets.hide.Replace(r.secrets.undress(c.Request).Curl(r.server.name))
}

// configure gives the server settings in place of those of the checks before.
func (r *runner) configure(ctx context.Context, settings map[string]string) error {
	if r.set {
		if err := r.control(ctx, http.MethodDelete, "/_sandbox/config", nil); err != nil {
			return fmt.Errorf("put the settings back: %w", err)
		}
		r.set = false
	}
	if len(settings) == 0 {
		return nil
	}
	r.set = true
	if err := r.control(ctx, http.MethodPost, "/_sandbox/config", settings); err != nil {
		return fmt.Errorf("change the settings: %w", err)
	}
	return nil
}

// renew gives the server a new world and its first settings, if it takes them and
// the old ones were changed.
func (r *runner) renew(ctx context.Context) error {
	if !r.renews || !r.dirty && !r.set {
		return nil
	}
	if err := r.control(ctx, http.MethodPost, "/_sandbox/reset", nil); err != nil {
		return fmt.Errorf("make the world new: %w", err)
	}
	r.dirty, r.set = false, false
	return nil
}

// control calls a method of the sandbox.
func (r *runner) control(ctx context.Context, method, path string, body any) error {
	a, err := r.server.send(ctx, world.Request{Method: method, Path: path, Body: body})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNoAnswer, reason(err))
	case a.status >= http.StatusMultipleChoices || a.notJSON():
		return fmt.Errorf("%s %s answered %d", method, path, a.status)
	}
	return nil
}

func settingsOf(c Check) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(c.Config)) {
		pairs = append(pairs, name+"="+c.Config[name])
	}
	return strings.Join(pairs, " ")
}

// changes tells whether a case leaves something behind. A refusal does not, but
// for the attempts that an operation's own may count.
func changes(c world.Case) bool {
	if c.Job != nil && c.IsRefused() {
		return false
	}
	if c.Expect.Status < http.StatusBadRequest {
		return c.Request.Method != http.MethodGet
	}
	own := slices.ContainsFunc(c.Rules, func(id rules.ID) bool { r, _ := rules.Get(id); return r.Operation != "" })
	return own && (c.OperationID == "completeVerification" || c.OperationID == "login")
}
