package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/signature"
)

// Package is signed content that stores or changes several documents of a patient. The
// request makes the checks of the caller and of the body; the job opens the content and
// makes the others (decisions R40).
//
// New documents are stored unseen, one after another, each with the mark of the job. Then
// one guarded write of another document decides: before it, nothing of the package is seen,
// and a refusal takes the new documents away; after it, all of them are (IsSeen). What
// follows is done by whichever try of the job comes so far: the documents become visible,
// further ones are changed, and audit rows and the end of the job commit together.
//
// A is what the checks ask (the resource's API), B the body and what its content says.
type Package[A, B any] struct {
	ID     string                      // operationId
	Guard  []Check[*PackageCall[A, B]] // before the schema of the body, and again before Checks
	Checks []Check[*PackageCall[A, B]] // of the request
	Judged []Check[*PackageCall[A, B]] // of the job
	Signed func(b *B) string           // the field with the content
	Values int                         // that the content may have
	// Decides is the collection of the document whose change decides. Its id stands in the
	// content; uuid.Nil: the content is not sound.
	Decides string
	Decider func(c *PackageCall[A, B]) uuid.UUID
	// Write is what is stored and changed. It makes no look-ups, because a job that carries on
	// makes no checks.
	Write func(c *PackageCall[A, B]) Written
	// Commit, when set, writes what else commits with the audit rows.
	Commit func(ctx context.Context, tx postgres.Tx, c *PackageCall[A, B]) error

	Points
}

// PackageCall is one call of a package.
type PackageCall[A, B any] = Call[A, struct{}, B]

// Written is what a package writes.
type Written struct {
	New      []Piece  // in the order in which they are stored
	Decision Change   // of the document that decides
	While    []Demand // what it must hold
	Then     []Changed
	Links    []jobs.Link
}

// Demand is what the document that decides must hold at the write. One of a rule that is off demands nothing.
type Demand struct {
	Rule      rules.ID // "": whatever is switched off
	Condition mongodb.Condition
}

// Piece is a new document.
type Piece struct {
	Collection string
	ID         uuid.UUID
	Document   any
}

// Changed is the change of a further document.
type Changed struct {
	Collection string
	ID         uuid.UUID
	Change     Change
	// While it does not hold these, it stays as it is: a try of the job that comes so far when another one has ended the job
	// finds no mark, and must not push an item again.
	While []mongodb.Condition
}

// Start makes the checks of the request and leaves the rest to a job.
func (o *Package[A, B]) Start(ctx context.Context, e *Engine, asked A, path Path, body B) (api.JobResponse, error) {
	c := o.call(e, asked, body)
	c.Caller, c.path = e.Caller(ctx), path
	return e.Start(ctx, o.ID, unmade(ctx, c), Run(ctx, slices.Concat(o.Guard, o.Checks), c))
}

func (o *Package[A, B]) call(e *Engine, asked A, body B) *PackageCall[A, B] {
	c := newCall[A, struct{}, B](e, asked, o.ID, o.Decides)
	c.Body, c.Values = body, o.Values
	c.Sent = o.Signed(&c.Body)
	return c
}

// carryOut is the jobs.Handler of the operation.
func (o *Package[A, B]) carryOut(ctx context.Context, e *Engine, asked A, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
	var p params[B]
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("decode params: %w", err)
	}
	c := o.call(e, asked, p.Body)
	c.Caller = Caller{Subject: p.Unchecked.By, Config: e.Config.Get(), Now: e.Clock.Now().Truncate(time.Millisecond)}
	c.path, c.job = p.Unchecked.Path, jobID
	c.knowPatient()
	ctx = signature.WithClaims(ctx, p.Unchecked.Claims)
	c.read(ctx, &c.Caller)

	w, mark, err := o.write(ctx, c)
	if err != nil {
		return nil, err
	}
	made, err := o.follow(ctx, c, w, mark)
	if err != nil {
		return nil, err
	}
	return &jobs.Outcome{
		Links:  w.Links,
		Commit: func(ctx context.Context, tx postgres.Tx) error { return o.commit(ctx, tx, c, w, made, mark) },
		Forget: func(ctx context.Context) error {
			for _, f := range made {
				if err := f.store.Forget(ctx, f.id, f.change.Mark); err != nil {
					return err
				}
			}
			return c.store.Forget(ctx, c.ID, mark)
		},
	}, nil
}

// write stores the new documents and decides, unless an earlier try of the job has decided.
func (o *Package[A, B]) write(ctx context.Context, c *PackageCall[A, B]) (w Written, mark mongodb.Mark, err error) {
	mark = mongodb.Mark{Job: c.job, At: c.Now}
	c.ID = o.Decider(c)
	if first, decided, err := o.decided(ctx, c); err != nil || decided {
		return o.carryOn(c, first, err)
	}
	if refused := Run(ctx, o.Judged, c); refused != nil {
		if c.ID == uuid.Nil || !isRefusal(refused) {
			return w, mark, refused
		}
		// Another try of the job may have decided since: then its own documents refuse.
		if first, decided, err := o.decided(ctx, c); err != nil || decided {
			return o.carryOn(c, first, err)
		}
		if err := o.takeBack(ctx, c, mark); err != nil {
			return w, mark, err // the job is tried again
		}
		return w, mark, refused
	}
	if w = o.Write(c); w.Decision.Set == nil {
		w.Decision.Set = map[string]any{}
	}
	if err := o.store(ctx, c, w.New); err != nil {
		return w, mark, err
	}
	if err := o.at(c.job, "decide"); err != nil {
		return w, mark, err
	}
	set := map[string]any{"updated_at": c.Now, "updated_by": c.UserID}
	maps.Copy(set, w.Decision.Set)
	w.Decision.Set = set
	var while []mongodb.Condition
	for _, demand := range w.While {
		if demand.Rule == "" || c.Config.On(demand.Rule) {
			while = append(while, demand.Condition)
		}
	}
	// fault.ErrStale: another job was faster. The next try judges the package again.
	_, err = c.store.Apply(ctx, c.ID, while, mongodb.Change{Set: set, Push: w.Decision.Push, Mark: mark})
	return w, mark, err
}

// decided tells whether a try of the job has decided, and returns its mark.
func (o *Package[A, B]) decided(ctx context.Context, c *PackageCall[A, B]) (first mongodb.Mark, decided bool, err error) {
	if c.ID == uuid.Nil {
		return first, false, nil
	}
	stored, err := c.store.Get(ctx, c.ID)
	if errors.Is(err, fault.ErrNotFound) {
		return first, false, nil
	}
	if err != nil {
		return first, false, err
	}
	first, decided = stored.MarkOf(c.job)
	return first, decided, nil
}

// carryOn is what the package writes whose job has decided.
func (o *Package[A, B]) carryOn(c *PackageCall[A, B], first mongodb.Mark, err error) (Written, mongodb.Mark, error) {
	if err != nil {
		return Written{}, first, err
	}
	c.Now = first.At
	return o.Write(c), first, nil
}

func isRefusal(err error) bool {
	var refusal *fault.Error
	return errors.As(err, &refusal)
}

// store stores the new documents, but for those that an earlier try of the job has stored.
func (o *Package[A, B]) store(ctx context.Context, c *PackageCall[A, B], pieces []Piece) error {
	for len(pieces) > 0 {
		collection := pieces[0].Collection
		n := slices.IndexFunc(pieces, func(p Piece) bool { return p.Collection != collection })
		if n < 0 {
			n = len(pieces)
		}
		if err := o.at(c.job, "store "+collection); err != nil {
			return err
		}
		if err := o.storeAll(ctx, c, collection, pieces[:n]); err != nil {
			return err
		}
		pieces = pieces[n:]
	}
	return nil
}

func (o *Package[A, B]) storeAll(ctx context.Context, c *PackageCall[A, B], collection string, pieces []Piece) error {
	documents := mongodb.DocumentsOf(c.engine.Documents, collection)
	all := make([]any, len(pieces))
	for i, piece := range pieces {
		all[i] = piece.Document
	}
	err := documents.InsertAll(ctx, all, c.mark())
	if !errors.Is(err, fault.ErrStale) {
		return err
	}
	stored, err := documents.Among(ctx, byCollection(pieces)[collection])
	if err != nil {
		return err
	}
	var missing []any
	for _, piece := range pieces {
		if found, there := stored[piece.ID]; !there || !c.Ours(found) {
			missing = append(missing, piece.Document)
		}
	}
	// fault.ErrStale: another job was faster. The next try finds its document.
	return documents.InsertAll(ctx, missing, c.mark())
}

// mark of new documents. It has no moment, so that every try of the job makes the same one.
func (c *Call[A, D, B]) mark() mongodb.Mark { return mongodb.Mark{Job: c.job} }

// takeBack takes away what an earlier try has stored.
func (o *Package[A, B]) takeBack(ctx context.Context, c *PackageCall[A, B], mark mongodb.Mark) error {
	pieces := o.Write(c).New
	if len(pieces) == 0 {
		return nil
	}
	// They were stored in their order: without the first there is none.
	first := pieces[0]
	stored, err := mongodb.DocumentsOf(c.engine.Documents, first.Collection).Get(ctx, first.ID)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, ours := stored.MarkOf(c.job); !ours {
		return nil
	}
	for collection, ids := range byCollection(pieces[1:]) {
		if err := o.at(c.job, "take back "+collection); err != nil {
			return err
		}
		if err := mongodb.DocumentsOf(c.engine.Documents, collection).RemoveAll(ctx, ids, mark); err != nil {
			return err
		}
	}
	if err := o.at(c.job, "take back the first"); err != nil {
		return err
	}
	return mongodb.DocumentsOf(c.engine.Documents, first.Collection).Remove(ctx, first.ID, mark) // last, so that a crash leaves it
}

func byCollection(pieces []Piece) map[string][]uuid.UUID {
	ids := map[string][]uuid.UUID{}
	for _, piece := range pieces {
		ids[piece.Collection] = append(ids[piece.Collection], piece.ID)
	}
	return ids
}

// follow does what follows from the decision. The head, stored last, becomes visible first.
func (o *Package[A, B]) follow(ctx context.Context, c *PackageCall[A, B], w Written, mark mongodb.Mark) (made []followed, err error) {
	if len(w.New) > 0 {
		head := w.New[len(w.New)-1]
		order := []string{head.Collection}
		ids := byCollection(w.New)
		for _, piece := range w.New {
			if !slices.Contains(order, piece.Collection) {
				order = append(order, piece.Collection)
			}
		}
		for _, collection := range order {
			if err := o.at(c.job, "reveal "+collection); err != nil {
				return nil, err
			}
			if err := mongodb.DocumentsOf(c.engine.Documents, collection).Reveal(ctx, ids[collection], c.mark()); err != nil {
				return nil, err
			}
		}
	}
	for i, then := range w.Then {
		if err := o.at(c.job, "change "+then.Collection); err != nil {
			return nil, err
		}
		set := map[string]any{"updated_at": c.Now, "updated_by": c.UserID}
		maps.Copy(set, then.Change.Set)
		one := followed{
			collection: then.Collection, id: then.ID, store: mongodb.DocumentsOf(c.engine.Documents, then.Collection),
			change: mongodb.Change{Set: set, Push: then.Change.Push, Mark: mongodb.Mark{Job: fmt.Sprintf("%s/%d", c.job, i), At: mark.At}},
		}
		ours, err := one.make(ctx, then.While)
		if err != nil {
			return nil, err
		}
		if ours {
			made = append(made, one)
		}
	}
	return made, o.at(c.job, "commit")
}

// commit writes an audit row for each document.
func (o *Package[A, B]) commit(ctx context.Context, tx postgres.Tx, c *PackageCall[A, B], w Written, made []followed, mark mongodb.Mark) error {
	for _, piece := range w.New {
		row := audit.Entry{Actor: c.UserID, Resource: piece.Collection, ResourceID: piece.ID, At: mark.At, Changeset: map[string]any{"package": c.ID}}
		if err := audit.Write(ctx, tx, row); err != nil {
			return err
		}
	}
	for _, f := range made {
		if err := f.tell(ctx, tx, &c.Caller); err != nil {
			return err
		}
	}
	row := audit.Entry{Actor: c.UserID, Resource: o.Decides, ResourceID: c.ID, At: mark.At, Changeset: w.Decision.Set}
	if err := audit.Write(ctx, tx, row); err != nil || o.Commit == nil {
		return err
	}
	return o.Commit(ctx, tx, c)
}

// Operation registers the package.
func (o *Package[A, B]) Operation(e *Engine, asked A) Operation {
	checks := slices.Concat(o.Guard, o.Checks, o.Judged)
	return Operation{
		ID: o.ID, Shape: "Package", Rules: RulesOf(checks), Signed: true, Points: &o.Points,
		Guard: pathGuard(e, o.Guard, func() *PackageCall[A, B] { return newCall[A, struct{}, B](e, asked, o.ID, o.Decides) }),
		Handler: func(ctx context.Context, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
			return o.carryOut(ctx, e, asked, jobID, raw)
		},
	}
}

// Ours tells whether an earlier try of the job has stored or changed a document.
func (c *Call[A, D, B]) Ours(stored mongodb.Document) bool {
	_, ours := stored.MarkOf(c.job)
	return ours
}

// Stored returns those of the documents of a collection that are stored, by their ids,
// without those that this job has stored.
func (c *Call[A, D, B]) Stored(ctx context.Context, collection string, ids []uuid.UUID) (map[uuid.UUID]mongodb.Document, error) {
	found, err := mongodb.DocumentsOf(c.engine.Documents, collection).Among(ctx, ids)
	maps.DeleteFunc(found, func(_ uuid.UUID, stored mongodb.Document) bool { return c.Ours(stored) })
	return found, err
}
