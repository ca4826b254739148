package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/sandbox/engines"
	"esoz/internal/sandbox/world"
)

const (
	// freshness is how old the world may be that copies are made of: what is fresh in it goes off.
	freshness = 5 * time.Minute
	// connections of one world to PostgreSQL.
	connections = 8
	// building bounds how long it may take to make one copy, engines and all.
	building = 2 * time.Minute
)

// copies makes servers on copies of one seeded world, and keeps some ready.
type copies struct {
	environ func(dsn, mongoURI string) []string
	public  bool
	hook    func(jobID string)
	log     *slog.Logger
	machine *clock.Clock

	shared *engines.Engines // nil: engines of its own are started
	count  atomic.Int64     // of databases, for their names
	limit  chan struct{}    // bounds what is built at once

	making sync.Mutex // guards the engines and the template; PostgreSQL copies one database once at a time
	own    *engines.Engines
	newest *template

	mu      sync.Mutex // guards what follows
	ready   []*replica
	filling bool
	ended   bool
	work    sync.WaitGroup // goroutines that make and remove replicas
}

// template is a seeded world that nobody is connected to.
type template struct {
	world     *world.World
	database  string
	documents string // folder
	made      time.Time
	memory    atomic.Pointer[app.Memory] // of the first server on a copy
}

// replica is a server on a copy of a template.
type replica struct {
	*server
	database  string
	documents *engines.Documents
	made      time.Time // when its template was
}

// newCopies prepares for copies of the world that a sandbox of its own engines begins with. Nothing is started before
// somebody wants one.
func newCopies(o Options, eng *engines.Engines, own place) *copies {
	c := &copies{
		public: own.public, hook: own.hook, log: own.logger, machine: o.Machine, limit: make(chan struct{}, runtime.GOMAXPROCS(0)),
		environ: func(dsn, mongoURI string) []string {
			few := append([]string{fmt.Sprintf("DATABASE_MAX_CONNS=%d", connections)}, o.Environ...)
			return environ(few, dsn, mongoURI, own.address)
		},
	}
	if c.machine == nil {
		c.machine = clock.New()
	}
	if o.Ephemeral {
		c.shared = eng // nothing on them has to outlive us
	}
	return c
}

// engines returns those that worlds live on. The caller holds making.
func (c *copies) engines(ctx context.Context) (*engines.Engines, error) {
	if c.shared != nil {
		return c.shared, nil
	}
	if c.own == nil {
		own, err := engines.Start(ctx, engines.Options{Ephemeral: true, PostgresOnly: true, Logger: c.log})
		if err != nil {
			return nil, fmt.Errorf("start the engines of worlds: %w", err)
		}
		c.own = own
	}
	return c.own, nil
}

// template returns a fresh one. The caller holds making.
func (c *copies) template(ctx context.Context, e *engines.Engines) (*template, error) {
	if c.newest != nil && c.machine.Now().Sub(c.newest.made) < freshness {
		return c.newest, nil
	}
	fresh, err := c.seed(ctx, e)
	if err != nil {
		return nil, fmt.Errorf("make the world that is copied: %w", err)
	}
	old := c.newest
	c.newest = fresh
	if old != nil {
		return fresh, errors.Join(e.DropDatabase(ctx, old.database), os.RemoveAll(old.documents))
	}
	return fresh, nil
}

// seed makes a template: of the last one, whose tables and indexes are there already.
func (c *copies) seed(ctx context.Context, e *engines.Engines) (t *template, err error) {
	number := strconv.FormatInt(c.count.Add(1), 10)
	base, folder := "template1", ""
	if c.newest != nil {
		base, folder = c.newest.database, c.newest.documents
	}
	t = &template{database: "template_" + number, made: c.machine.Now()}
	dsn, err := e.CloneDatabase(ctx, base, t.database)
	if err != nil {
		return nil, err
	}
	store, err := e.Stores.Copy(folder, "t"+number)
	if err != nil {
		return nil, err
	}
	t.documents = store.Dir
	defer func() {
		if err = errors.Join(err, within(ctx, closing, store.Stop)); err != nil { // nobody copies half of a world
			err = errors.Join(err, store.Remove(), e.DropDatabase(context.WithoutCancel(ctx), t.database))
		}
	}()
	cfg, err := place{environ: c.environ(dsn, store.URI)}.configuration()
	if err != nil {
		return nil, err
	}
	keys, err := app.NewKeys(cfg)
	if err != nil {
		return nil, err
	}
	now := clock.New().Now()
	t.world = world.New(keys, now)
	return t, migrated(ctx, cfg, now, func(pool *pgxpool.Pool, documents *mongo.Database) error { return t.world.Seed(ctx, pool, documents) })
}

// begin takes a world that was seeded just now, and that nobody is connected to, as the first template: its tables need
// not be made twice.
func (c *copies) begin(ctx context.Context, w *world.World) (err error) {
	if c.shared == nil {
		return nil
	}
	t := &template{world: w, database: "template_" + database, made: c.machine.Now()}
	if _, err = c.shared.CloneDatabase(ctx, database, t.database); err != nil {
		return err
	}
	if t.documents, err = c.shared.Stores.Keep(c.shared.Documents(), "template"); err != nil {
		return err
	}
	c.newest = t
	return nil
}

// build makes a replica.
func (c *copies) build(ctx context.Context) (_ *replica, err error) {
	c.limit <- struct{}{}
	defer func() { <-c.limit }()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), building) // half of a copy is of no use to anybody
	defer cancel()
	r := &replica{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.remove(ctx, r))
		}
	}()
	at, dsn, err := c.copy(ctx, r)
	if err != nil {
		return nil, err
	}
	r.made = at.made
	p := place{environ: c.environ(dsn, r.documents.URI), world: at.world, clock: clock.New(), logger: c.log, hook: c.hook, public: c.public}
	if known := at.memory.Load(); known != nil {
		p.memory = *known
	}
	if r.server, err = newServer(ctx, p); err != nil {
		return nil, err
	}
	if p.memory == nil {
		memory := r.app.Memory()
		at.memory.Store(&memory)
	}
	return r, nil
}

// copy makes the databases of a replica.
func (c *copies) copy(ctx context.Context, r *replica) (t *template, dsn string, err error) {
	c.making.Lock()
	defer c.making.Unlock()
	e, err := c.engines(ctx)
	if err != nil {
		return nil, "", err
	}
	if t, err = c.template(ctx, e); err != nil {
		return nil, "", err
	}
	number := strconv.FormatInt(c.count.Add(1), 10)
	if dsn, err = e.CloneDatabase(ctx, t.database, "world_"+number); err != nil {
		return nil, "", err
	}
	r.database = "world_" + number
	r.documents, err = e.Stores.Copy(t.documents, "w"+number)
	return t, dsn, err
}

// take returns a replica, a ready one if there is one, and has others made in its place.
func (c *copies) take(ctx context.Context) (*replica, error) {
	c.mu.Lock()
	var r *replica
	for r == nil && len(c.ready) > 0 {
		oldest := c.ready[0]
		c.ready = c.ready[1:]
		if c.machine.Now().Sub(oldest.made) < 2*freshness {
			r = oldest
		} else {
			c.discard(oldest)
		}
	}
	c.fill()
	c.mu.Unlock()
	if r != nil {
		return r, nil
	}
	return c.build(ctx)
}

// spare is how many replicas are kept ready.
func spare() int { return 4 * runtime.GOMAXPROCS(0) }

// fill has replicas made until enough are ready. The caller holds mu.
func (c *copies) fill() {
	if c.filling || c.ended {
		return
	}
	c.filling = true
	c.background(func(ctx context.Context) error {
		for {
			c.mu.Lock()
			enough := c.ended || len(c.ready) >= spare()
			c.filling = !enough
			c.mu.Unlock()
			if enough {
				return nil
			}
			r, err := c.build(ctx)
			c.mu.Lock()
			if err != nil {
				c.filling = false // the next take builds a replica itself, and returns the error if that fails too
				c.mu.Unlock()
				return fmt.Errorf("make a world: %w", err)
			}
			c.ready = append(c.ready, r)
			c.mu.Unlock()
		}
	})
}

// discard removes a replica in the background. The caller holds mu.
func (c *copies) discard(r *replica) {
	c.background(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, building)
		defer cancel()
		return c.remove(ctx, r)
	})
}

// background does what nobody waits for but the end.
func (c *copies) background(do func(ctx context.Context) error) {
	c.work.Go(func() {
		if err := do(context.Background()); err != nil {
			c.log.Error("a world could not be made or removed", "error", err)
		}
	})
}

// remove ends a replica, or what there is of it.
func (c *copies) remove(ctx context.Context, r *replica) error {
	var errs []error
	if r.server != nil {
		errs = append(errs, r.end(ctx))
	}
	if r.documents != nil {
		errs = append(errs, within(ctx, closing, r.documents.Stop), r.documents.Remove())
	}
	if r.database != "" {
		c.making.Lock()
		e, err := c.engines(ctx)
		c.making.Unlock()
		if errs = append(errs, err); err == nil {
			errs = append(errs, e.DropDatabase(ctx, r.database))
		}
	}
	return errors.Join(errs...)
}

// end removes what is ready, waits for what is under way and stops the engines.
func (c *copies) end(ctx context.Context) error {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.work.Wait()
	var errs []error
	for _, r := range c.ready {
		errs = append(errs, within(ctx, building, func(ctx context.Context) error { return c.remove(ctx, r) }))
	}
	if c.own != nil {
		errs = append(errs, within(ctx, 20*time.Second, c.own.Stop))
	}
	return errors.Join(errs...)
}
