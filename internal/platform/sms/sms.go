// Package sms queues messages in the transaction that causes them and hands
// them to a provider afterwards. Texts lie sealed: they may hold a live code.
package sms

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/seal"
)

// TypeVerification is the type under which messages with a code are logged.
const TypeVerification = "verification"

// Message is what is to be sent.
type Message struct {
	Phone          string
	Text           string
	Type           string
	VerificationID *uuid.UUID
}

// Provider delivers messages. Send may be called again for the same message
// after a crash or a failure: delivery is at least once, and sms_logs.tries
// marks what may have been delivered twice. Messages to one phone may overtake
// each other; only the code of the newest is alive.
type Provider interface {
	Name() string
	// Send returns the provider's id of the message and its word for the state. Its
	// errors are logged: they hold neither the phone nor the text.
	Send(ctx context.Context, phone, text string) (gatewayID, status string, err error)
}

// Log is the provider that delivers nowhere: messages stay in sms_logs, where
// the sandbox's inbox reads them.
type Log struct{}

// Name implements Provider.
func (Log) Name() string { return "log" }

// Send implements Provider.
func (Log) Send(context.Context, string, string) (gatewayID, status string, err error) {
	return uuid.NewString(), "Delivered", nil
}

// Args of the River job that sends one message.
type Args struct {
	ID uuid.UUID `json:"id"`
}

// Kind implements river.JobArgs.
func (Args) Kind() string { return "send_sms" }

// InsertOpts implements river.JobArgsWithInsertOpts: more tries than fit into
// the time after which a message is given up.
func (Args) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 50} }

// Outbox queues messages.
type Outbox struct {
	River *river.Client[pgx.Tx]
	Keys  *seal.Keys
	Clock *clock.Clock
}

// Enqueue stores the sealed message and its sending in tx.
func (o *Outbox) Enqueue(ctx context.Context, tx pgx.Tx, m Message) error {
	id := uuid.New()
	err := db.New().InsertSMSLog(ctx, tx, db.InsertSMSLogParams{
		ID: id, PhoneNumber: m.Phone, Body: o.Keys.Seal(sealPurpose, []byte(m.Text)),
		Type: m.Type, VerificationID: m.VerificationID, InsertedAt: o.Clock.Now(),
	})
	if err != nil {
		return fmt.Errorf("log SMS: %w", err)
	}
	if _, err := o.River.InsertTx(ctx, tx, Args{ID: id}, nil); err != nil {
		return fmt.Errorf("queue SMS: %w", err)
	}
	return nil
}

const sealPurpose = "sms"
