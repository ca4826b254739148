// Package sms queues messages in the transaction that causes them and passes them
// to a provider afterwards. Stored texts are encrypted, because they may hold a
// valid code.
package sms

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/seal"
)

// Types of messages: with a code, and without.
const (
	TypeVerification = "verification"
	TypeInformation  = "information"
)

// Message is a message to send.
type Message struct {
	Phone          string
	Text           string
	Type           string
	VerificationID *uuid.UUID
}

// ErrNotTaken is in the chain of a provider's error when the message was certainly
// not taken: it may be sent again.
var ErrNotTaken = errors.New("the provider did not take the message")

// Provider delivers messages. After ErrNotTaken Send is called again for the same
// message, as long as its code lives. After any other failure, and after a crash, the
// message may have been delivered; Send is then called once more, and sms_logs.tries
// is 2. Messages to one phone may arrive in another order; a code that is no longer
// valid when its turn comes is not sent.
type Provider interface {
	Name() string
	// Send returns the provider's id and status of a message, whose id in sms_logs is ours. It ends with its
	// context. Its errors are logged, so they must hold neither the phone nor the text.
	Send(ctx context.Context, id uuid.UUID, phone, text string) (gatewayID, status string, err error)
}

// Log is a provider that delivers nothing. Messages stay in sms_logs, where the
// sandbox's inbox reads them.
type Log struct{}

// Name implements Provider.
func (Log) Name() string { return "log" }

// Send implements Provider.
func (Log) Send(context.Context, uuid.UUID, string, string) (gatewayID, status string, err error) {
	return uuid.NewString(), "Delivered", nil
}

// Args of the River job that sends one message.
type Args struct {
	ID uuid.UUID `json:"id"`
}

// Kind implements river.JobArgs.
func (Args) Kind() string { return "send_sms" }

// InsertOpts implements river.JobArgsWithInsertOpts. giveUpAfter ends the tries
// before MaxAttempts does.
func (Args) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 50} }

// Outbox queues messages.
type Outbox struct {
	River *river.Client[pgx.Tx]
	Keys  *seal.Keys
	Clock *clock.Clock
}

// Enqueue stores the encrypted message and its River job in tx.
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

// Sealed is where texts lie.
var Sealed = seal.Column{Table: "otp.sms_logs", Key: "id", KeyType: "uuid", Name: "body", Purpose: sealPurpose}
