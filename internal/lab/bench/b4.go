package bench

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/world"
)

const aboutB4 = `Resend Authorization OTP for %d patients in turns, then Complete OTP Verification with the codes that were sent, each over %d connections as fast as answers come; and Resend at %.0f a second. How many codes may be sent is not limited.
The floor does the same statements in the same transactions, the queued SMS included, and judges no code. It has nobody who sends what it has queued; esoz sends while it answers.
The lag is the time from the SMS being stored to its being handed to the provider, at the constant rate; one that is not handed over within %s counts as if it were then.`

// lagPatience is how long a round waits for its last SMS.
const lagPatience = 30 * time.Second

// codes are patients whose codes are resent and completed at one service.
type codes struct {
	*service
	lab  *lab
	pool *pgxpool.Pool

	resend   []vegeta.Target
	complete request
	entered  []vegeta.Target // with the codes of the last resends
}

// b4 sends codes and enters them.
func (l *lab) b4(ctx context.Context, b *Benchmark) error {
	b.About = about(aboutB4, l.plan.Phones, l.plan.Clients, l.plan.Codes, lagPatience)
	server, err := l.codes(ctx, "codes", func(ctx context.Context, name, database string) (*service, error) {
		return l.server(ctx, name, database)
	})
	if err != nil {
		return err
	}
	defer server.pool.Close()
	floor, err := l.codes(ctx, "codes of the floor", l.floor)
	if err != nil {
		return err
	}
	defer floor.pool.Close()
	both := func(c *codes, name string) []contender {
		return []contender{
			{name: "resend: " + name, process: c.process, prepare: c.forget, round: c.resends},
			{name: "complete: " + name, process: c.process, prepare: c.read, round: c.completes},
		}
	}
	if b.Rows, err = l.interleave(ctx, append(both(server, ours), both(floor, bare)...)...); err != nil {
		return err
	}
	var p50, p99 []float64
	steadily := func(ctx context.Context, d time.Duration) (Round, error) {
		r, lag, err := server.steadily(ctx, d)
		p50, p99 = append(p50, lag[0]), append(p99, lag[1])
		return r, err
	}
	steady, err := l.interleave(ctx,
		contender{name: "resend, steadily: " + ours, process: server.process, prepare: server.forget, round: steadily},
		contender{name: "resend, steadily: " + bare, process: floor.process, prepare: floor.forget, round: func(ctx context.Context, d time.Duration) (Round, error) {
			return openLoop(ctx, inTurns(floor.resend), l.plan.Clients, l.plan.Codes, d)
		}})
	if err != nil {
		return err
	}
	b.Rows = append(b.Rows, steady...)
	b.figure("lag of an SMS, p50", "ms", p50[1:]...) // the first is of the warm-up
	b.figure("lag of an SMS, p99", "ms", p99[1:]...)
	b.reachRate("resends beside the floor", 0.75, "resend: "+ours, "resend: "+bare)
	b.reachRate("completions beside the floor", 0.75, "complete: "+ours, "complete: "+bare)
	b.keep("lag of an SMS, p99", 250, statOf(p99[1:]).Median, "ms", true)
	return nil
}

// codes starts a service on a database of its own with a declaration request
// for each phone.
func (l *lab) codes(ctx context.Context, name string, start func(context.Context, string, string) (*service, error)) (*codes, error) {
	c := &codes{lab: l}
	var err error
	if c.pool, err = l.database(ctx, name); err != nil {
		return nil, err
	}
	ids, phones := make([]uuid.UUID, l.plan.Phones), make([]string, l.plan.Phones)
	for i := range ids {
		ids[i], phones[i] = world.ID(fmt.Sprint("declaration request of a benchmark ", i)), fmt.Sprintf("+38050%07d", i)
	}
	if err := declare(ctx, c.pool, ids, phones); err != nil {
		return nil, err
	}
	if c.service, err = start(ctx, name, name); err != nil {
		return nil, err
	}
	resend, err := l.passing("resendDeclarationRequestOtp")
	if err != nil {
		return nil, err
	}
	if c.complete, err = l.passing("completeVerification"); err != nil {
		return nil, err
	}
	for _, id := range ids {
		resend.Path = "/api/v3/declaration_requests/" + id.String() + "/actions/resend_otp"
		t, err := target(c.url, resend)
		if err != nil {
			return nil, err
		}
		c.resend = append(c.resend, t)
	}
	return c, nil
}

// declare makes copies of the world's declaration request that waits for a code.
func declare(ctx context.Context, pool *pgxpool.Pool, ids []uuid.UUID, phones []string) error {
	_, err := pool.Exec(ctx, `
		INSERT INTO il.declaration_requests (
			id, declaration_id, declaration_number, authentication_method_current,
			data, status, mpi_id, channel, is_shareable, system_declaration_limit, current_declaration_count,
			data_legal_entity_id, data_employee_id, data_start_date_year, inserted_by, inserted_at, updated_by, updated_at
		)
		SELECT new.id, new.id, 'B' || new.phone, jsonb_build_object('type', 'OTP', 'number', new.phone),
			data, status, mpi_id, channel, is_shareable, system_declaration_limit, current_declaration_count,
			data_legal_entity_id, data_employee_id, data_start_date_year, inserted_by, inserted_at, updated_by, updated_at
		FROM il.declaration_requests AS old, unnest($2::uuid[], $3::text[]) AS new (id, phone)
		WHERE old.id = $1`, world.ID("new declaration request"), ids, phones)
	if err != nil {
		return fmt.Errorf("make declaration requests: %w", err)
	}
	return analyze(ctx, pool)
}

func (c *codes) resends(ctx context.Context, d time.Duration) (Round, error) {
	return closedLoop(ctx, inTurns(c.resend), c.lab.plan.Clients, d)
}

func (c *codes) completes(ctx context.Context, d time.Duration) (Round, error) {
	return closedLoop(ctx, once(c.entered), c.lab.plan.Clients, d)
}

// forget takes away what is queued still, which would be sent during the next
// round, and at its cost.
func (c *codes) forget(ctx context.Context) error {
	if _, err := c.pool.Exec(ctx, "DELETE FROM river.river_job WHERE kind = 'send_sms' AND state = 'available'"); err != nil {
		return fmt.Errorf("empty the queue of SMS: %w", err)
	}
	return nil
}

// read finds the codes that are live, as the patients have got them.
func (c *codes) read(ctx context.Context) error {
	if err := c.forget(ctx); err != nil {
		return err
	}
	var live int32
	if err := c.pool.QueryRow(ctx, "SELECT count(*) FROM otp.sms_logs").Scan(&live); err != nil {
		return fmt.Errorf("count SMS: %w", err)
	}
	received, err := sms.Inbox(ctx, c.pool, c.lab.keys, "", live)
	if err != nil {
		return err
	}
	c.entered = nil
	seen := map[string]bool{}
	for _, message := range received {
		if seen[message.Phone] || !strings.HasPrefix(message.Phone, "+38050") {
			continue
		}
		seen[message.Phone] = true // what follows is older
		_, code, _ := strings.Cut(message.Text, ": ")
		entered := c.complete
		entered.Path = "/api/verifications/" + url.PathEscape(message.Phone) + "/actions/complete"
		t, err := target(c.url, entered)
		if err != nil {
			return err
		}
		t.Body = []byte(`{"code": ` + code + `}`)
		c.entered = append(c.entered, t)
	}
	return c.empty(ctx)
}

// empty removes the messages, so that each code is read once.
func (c *codes) empty(ctx context.Context) error {
	if _, err := c.pool.Exec(ctx, "TRUNCATE otp.sms_logs"); err != nil {
		return fmt.Errorf("remove SMS: %w", err)
	}
	return nil
}

// steadily resends at a constant rate and tells the 50th and the 99th
// percentile of the time that an SMS took to the provider, in milliseconds.
func (c *codes) steadily(ctx context.Context, d time.Duration) (r Round, lag [2]float64, err error) {
	if err := c.empty(ctx); err != nil {
		return r, lag, err
	}
	if r, err = openLoop(ctx, inTurns(c.resend), c.lab.plan.Clients, c.lab.plan.Codes, d); err != nil {
		return r, lag, err
	}
	err = settle(ctx, lagPatience, func() (done bool, err error) {
		err = c.pool.QueryRow(ctx, "SELECT count(*) = 0 FROM otp.sms_logs WHERE status_changed_at IS NULL").Scan(&done)
		return done, err
	})
	if err != nil {
		return r, lag, err
	}
	err = c.pool.QueryRow(ctx, `
		SELECT coalesce(percentile_cont(0.50) WITHIN GROUP (ORDER BY lag), 0), coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY lag), 0)
		FROM (SELECT 1000 * extract(epoch FROM coalesce(status_changed_at, inserted_at + $1) - inserted_at)::float8 AS lag FROM otp.sms_logs) AS sent`,
		lagPatience).Scan(&lag[0], &lag[1])
	if err != nil {
		return r, lag, fmt.Errorf("ask for the lag: %w", err)
	}
	return r, lag, nil
}

// settle asks until something is done, or patience is over: that is no error.
func settle(ctx context.Context, patience time.Duration, done func() (bool, error)) error {
	over := time.NewTimer(patience)
	defer over.Stop()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over.C:
			return nil
		case <-ticker.C:
		}
	}
}
