package declarationrequests

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
)

// Store reads il.declaration_requests.
type Store struct {
	Pool  *pgxpool.Pool
	Lists *postgres.Lists
}

// get returns a request; fault.ErrNotFound when there is none.
func (s Store) get(ctx context.Context, id uuid.UUID) (*details, error) {
	row, err := db.New().GetDeclarationRequest(ctx, s.Pool, id)
	if err != nil {
		return nil, fmt.Errorf("get declaration request: %w", postgres.Error(err))
	}
	d := details{
		entry: entry{
			request: request{
				Status: row.Status, Channel: row.Channel, IsShareable: isTrue(row.IsShareable), LegalEntityID: row.DataLegalEntityID,
			},
			ID: row.ID, StatusReason: row.StatusReason, AuthorizeWith: row.AuthorizeWith, ParentDeclarationID: row.ParentDeclarationID,
			SystemDeclarationLimit: row.SystemDeclarationLimit, CurrentDeclarationCount: row.CurrentDeclarationCount,
		},
		DeclarationID: row.DeclarationID, DeclarationNumber: row.DeclarationNumber, DataToBeSigned: row.DataToBeSigned,
	}
	if d.content, err = contentOf(row.Data, row.DataEmployeeID); err == nil {
		err = decode(row.AuthenticationMethodCurrent, &d.Method)
	}
	if err == nil {
		err = decode(row.Documents, &d.Documents)
	}
	if err != nil {
		return nil, fmt.Errorf("read declaration request %s: %w", id, err)
	}
	return &d, nil
}

// lock returns a request that nobody changes before tx ends; fault.ErrNotFound
// when there is none.
func (s Store) lock(ctx context.Context, tx pgx.Tx, id uuid.UUID) (request, error) {
	row, err := db.New().LockDeclarationRequest(ctx, tx, id)
	if err != nil {
		return request{}, fmt.Errorf("lock declaration request: %w", postgres.Error(err))
	}
	r := request{
		Status: row.Status, Channel: row.Channel, IsShareable: isTrue(row.IsShareable), LegalEntityID: row.DataLegalEntityID,
	}
	if err := decode(row.AuthenticationMethodCurrent, &r.Method); err != nil {
		return request{}, fmt.Errorf("read declaration request %s: %w", id, err)
	}
	return r, nil
}

// filter is which of a legal entity's requests are wanted.
type filter struct {
	legalEntity uuid.UUID
	employee    *uuid.UUID
	status      *string
	channel     *string
}

// list returns a page of the requests that a legal entity may see, newest
// first, and the number of all of them.
func (s Store) list(ctx context.Context, f filter, page envelope.Page) (found []entry, total int, err error) {
	read := func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListDeclarationRequestsRow, error) {
		return db.New().ListDeclarationRequests(ctx, from, db.ListDeclarationRequestsParams{
			LegalEntityID: f.legalEntity, EmployeeID: f.employee, Status: f.status, Channel: f.channel, PageLimit: limit, PageOffset: offset,
		})
	}
	rows, total, err := postgres.Page(ctx, s.Lists, page, read, func(row db.ListDeclarationRequestsRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list declaration requests: %w", err)
	}
	found = make([]entry, len(rows))
	for i, row := range rows {
		found[i] = entry{
			request: request{
				Status: row.Status, Channel: row.Channel, IsShareable: isTrue(row.IsShareable), LegalEntityID: row.DataLegalEntityID,
			},
			ID: row.ID, StatusReason: row.StatusReason, AuthorizeWith: row.AuthorizeWith, ParentDeclarationID: row.ParentDeclarationID,
			SystemDeclarationLimit: row.SystemDeclarationLimit, CurrentDeclarationCount: row.CurrentDeclarationCount,
		}
		if found[i].content, err = contentOf(row.Data, row.DataEmployeeID); err != nil {
			return nil, 0, fmt.Errorf("read declaration request %s: %w", row.ID, err)
		}
	}
	return found, total, nil
}

// decode reads a jsonb column; a null one leaves into as it is.
func decode(column json.RawMessage, into any) error {
	if len(column) == 0 {
		return nil
	}
	if err := json.Unmarshal(column, into); err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	return nil
}

func isTrue(b *bool) bool { return b != nil && *b }
