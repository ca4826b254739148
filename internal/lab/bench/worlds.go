package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"sync"

	"github.com/prometheus/procfs"
	"golang.org/x/sync/errgroup"

	"esoz/internal/platform/clock"
)

const (
	worldsPath = "/_sandbox/worlds"
	// heldWorlds is how many worlds stand at once when the memory is looked at.
	heldWorlds = 32
)

const aboutWorlds = `%d workers make worlds in one sandbox, as parallel tests do: each makes a world, asks it for divisions, resets it, asks again and ends it, %d times.
Memory is that of the sandbox with PostgreSQL while %d worlds stand that have answered (the proportional part of what they share, PSS).`

// worlds looks at what a world for every test costs.
func (l *lab) worlds(ctx context.Context, b *Benchmark) error {
	b.About = about(aboutWorlds, l.plan.Workers, l.plan.Worlds, heldWorlds)
	probe, err := l.passing("listDivisions")
	if err != nil {
		return err
	}
	listen, _, err := twoAddresses(ctx)
	if err != nil {
		return err
	}
	s, err := l.service(ctx, "sandbox of worlds", exec.Command(l.program("esoz-sandbox"), "--ephemeral", "--listen", listen), listen, probe) //nolint:noctx // launch ends it
	if err != nil {
		return err
	}
	w := &worldBuilder{url: s.url, probe: probe, client: &http.Client{Timeout: answerTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: l.plan.Workers}}}
	first, err := w.make(ctx) // the template is made with it
	if err != nil {
		return err
	}
	group, running := errgroup.WithContext(ctx)
	for range l.plan.Workers {
		group.Go(func() error {
			for range l.plan.Worlds {
				if err := w.test(running); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err //nolint:wrapcheck // of test
	}
	for range heldWorlds - 1 {
		world, err := w.make(ctx)
		if err != nil {
			return err
		}
		if err := w.ask(ctx, world); err != nil {
			return err
		}
	}
	held, err := s.proportionalMemory()
	if err != nil {
		return err
	}
	b.figure("a new world", "ms", w.made...)
	b.figure("a reset", "ms", w.reset...)
	b.figure("memory of 32 worlds", "MB", float64(held)/(1<<20))
	b.keep("a new world, median", 50, statOf(w.made).Median, "ms", true)
	b.keep("a reset, median", 100, statOf(w.reset).Median, "ms", true)
	b.keep("memory of 32 worlds", 1024, float64(held)/(1<<20), "MB", true)
	return errors.Join(w.end(ctx, first), s.stop())
}

// worldBuilder makes worlds in one sandbox, and notes how long that took.
type worldBuilder struct {
	url    string
	probe  request
	client *http.Client

	mu          sync.Mutex
	made, reset []float64 // milliseconds
}

// test is what a test does with a world of its own.
func (w *worldBuilder) test(ctx context.Context) error {
	took := clock.Stopwatch()
	world, err := w.make(ctx)
	made := took()
	if err != nil {
		return err
	}
	if err := w.ask(ctx, world); err != nil {
		return err
	}
	took = clock.Stopwatch()
	if err := w.call(ctx, http.MethodPost, world+"/_sandbox/reset", http.StatusNoContent, nil); err != nil {
		return err
	}
	reset := took()
	if err := w.ask(ctx, world); err != nil {
		return err
	}
	w.mu.Lock()
	w.made, w.reset = append(w.made, milliseconds(made)), append(w.reset, milliseconds(reset))
	w.mu.Unlock()
	return w.end(ctx, world)
}

// make returns the address of a new world.
func (w *worldBuilder) make(ctx context.Context) (url string, err error) {
	var made struct {
		BaseURL string `json:"base_url"`
	}
	err = w.call(ctx, http.MethodPost, w.url+worldsPath, http.StatusCreated, &made)
	return made.BaseURL, err
}

func (w *worldBuilder) end(ctx context.Context, world string) error {
	return w.call(ctx, http.MethodDelete, world, http.StatusNoContent, nil)
}

// ask sends the probe to a world.
func (w *worldBuilder) ask(ctx context.Context, world string) error {
	t, err := target(world, w.probe)
	if err != nil {
		return err
	}
	r, err := t.Request()
	if err != nil {
		return fmt.Errorf("ask a world: %w", err)
	}
	response, err := w.client.Do(r.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("ask a world: %w", err)
	}
	if err := response.Body.Close(); err != nil {
		return fmt.Errorf("ask a world: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask a world: %s", response.Status)
	}
	return nil
}

func (w *worldBuilder) call(ctx context.Context, method, url string, want int, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte("{}")))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := w.client.Do(request)
	if err != nil {
		return err //nolint:wrapcheck // it names method and URL
	}
	defer response.Body.Close()
	if response.StatusCode != want {
		return fmt.Errorf("%s %s: %s", method, url, response.Status)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	return nil
}

// proportionalMemory is what a process and its descendants hold now, in bytes, each page by the part that is theirs.
func (p *process) proportionalMemory() (total uint64, err error) {
	err = p.each(func(one procfs.Proc, _ procfs.ProcStat) error {
		maps, err := one.ProcSMapsRollup()
		total += maps.Pss
		return err //nolint:wrapcheck // each says of what
	})
	return total, err
}
