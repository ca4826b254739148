// Package clock is the only source of time. Code that stores, compares or prints
// a moment asks a Clock, so that tests and the sandbox can move it.
package clock

import (
	"sync/atomic"
	"time"
)

// Clock returns the time in UTC with PostgreSQL's precision (microseconds). The
// zero value follows the machine's clock. It is safe for concurrent use.
type Clock struct {
	stopped time.Time // zero: the clock follows the machine's clock
	offset  atomic.Int64
}

// New returns a clock that follows the machine's clock.
func New() *Clock { return &Clock{} }

// Stopped returns a clock that stays at t until it is moved.
func Stopped(t time.Time) *Clock { return &Clock{stopped: t} }

// Now returns the current moment.
func (c *Clock) Now() time.Time {
	return c.unmoved().Add(time.Duration(c.offset.Load())).UTC().Truncate(time.Microsecond)
}

func (c *Clock) unmoved() time.Time {
	if c.stopped.IsZero() {
		return time.Now()
	}
	return c.stopped
}

// Advance moves the clock forward (or back, when d is negative). Unless it is
// stopped, the clock keeps running.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

// Set moves the clock to t. Unless it is stopped, the clock keeps running.
func (c *Clock) Set(t time.Time) { c.offset.Store(int64(t.Sub(c.unmoved()))) }

// Reset makes the clock follow the machine's clock again, or moves a stopped clock
// back to its first moment.
func (c *Clock) Reset() { c.offset.Store(0) }

// Stopwatch measures a duration with the machine's clock. Moving a Clock does not
// affect it.
func Stopwatch() func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}
