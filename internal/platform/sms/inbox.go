package sms

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
)

// Received is a message in the sandbox's inbox.
type Received struct {
	ID            uuid.UUID
	Phone, Text   string
	Type          string
	Provider      *string
	GatewayStatus *string
	At            time.Time
}

// Inbox returns the newest messages with their texts, of all phones when phone is
// empty. Only the sandbox calls it.
func Inbox(ctx context.Context, pool *pgxpool.Pool, keys *seal.Keys, phone string, limit int32) ([]Received, error) {
	params := db.ListSMSLogsParams{PageLimit: limit}
	if phone != "" {
		params.PhoneNumber = &phone
	}
	entries, err := db.New().ListSMSLogs(ctx, pool, params)
	if err != nil {
		return nil, fmt.Errorf("list SMS: %w", postgres.Error(err))
	}
	messages := make([]Received, 0, len(entries))
	for _, e := range entries {
		text, err := keys.Open(sealPurpose, e.Body)
		if err != nil {
			return nil, fmt.Errorf("open SMS %s: %w", e.ID, err)
		}
		messages = append(messages, Received{
			ID: e.ID, Phone: e.PhoneNumber, Text: string(text), Type: e.Type,
			Provider: e.Provider, GatewayStatus: e.GatewayStatus, At: e.InsertedAt,
		})
	}
	return messages, nil
}

// DeleteOld deletes messages that were queued before a moment.
func DeleteOld(ctx context.Context, pool *pgxpool.Pool, before time.Time) error {
	err := postgres.InBatches(ctx, func(ctx context.Context, limit int32) (int64, error) {
		return db.New().DeleteOldSMSLogs(ctx, pool, db.DeleteOldSMSLogsParams{InsertedBefore: before, Batch: limit})
	})
	if err != nil {
		return fmt.Errorf("delete old SMS: %w", err)
	}
	err = postgres.InBatches(ctx, func(ctx context.Context, limit int32) (int64, error) {
		return db.New().DeletePassedSMSAttempts(ctx, pool, db.DeletePassedSMSAttemptsParams{Since: before, Batch: limit})
	})
	if err != nil {
		return fmt.Errorf("delete old SMS attempts: %w", err)
	}
	return nil
}
