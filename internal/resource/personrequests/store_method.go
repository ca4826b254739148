package personrequests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// methodTable of the requests to change how a person confirms, as audit rows name it.
const methodTable = "authentication_method_requests"

// personMethod is an authentication method of somebody.
type personMethod struct {
	id, person uuid.UUID
	kind       string
	active     bool
}

// personMethod returns a method, active or not; fault.ErrNotFound when there is none.
func (s Store) personMethod(ctx context.Context, id uuid.UUID, now time.Time) (*personMethod, error) {
	row, err := db.New().GetAuthenticationMethod(ctx, s.Pool, db.GetAuthenticationMethodParams{ID: id, At: now})
	if err != nil {
		return nil, fmt.Errorf("look up authentication method: %w", postgres.Error(err))
	}
	return &personMethod{row.ID, row.PersonID, row.Type, row.IsActive && (row.EndedAt == nil || row.EndedAt.After(now))}, nil
}

// createMethodRequest cancels the pending request of the person and stores the new one.
func (s Store) createMethodRequest(ctx context.Context, tx postgres.Tx, c *methodCreating) error {
	if err := s.lockRegistrations(ctx, tx, []string{c.person.id.String()}); err != nil {
		return err
	}
	cancelled, err := db.New().CancelMethodRequests(ctx, tx, db.CancelMethodRequestsParams{PersonID: c.person.id, UserID: c.UserID, At: c.Now})
	if err != nil {
		return fmt.Errorf("cancel authentication method requests: %w", err)
	}
	for _, id := range cancelled {
		if err := logStatusOf(ctx, tx, &c.Caller, methodTable, id, string(api.AuthenticationMethodRequestStatusCANCELED)); err != nil {
			return err
		}
	}
	made := &c.made
	params := db.InsertMethodRequestParams{ID: made.ID, Action: made.Action, PersonID: c.person.id, UserID: c.UserID, At: c.Now}
	for column, value := range map[*json.RawMessage]any{
		&params.AuthenticationMethod: made.Method, &params.AuthenticationMethodCurrent: made.Current, &params.Documents: made.Uploads,
	} {
		if *column, err = json.Marshal(value); err != nil {
			return fmt.Errorf("encode authentication method request %s: %w", made.ID, err)
		}
	}
	if err := db.New().InsertMethodRequest(ctx, tx, params); err != nil {
		return fmt.Errorf("insert authentication method request: %w", err)
	}
	return logStatusOf(ctx, tx, &c.Caller, methodTable, made.ID, string(made.Status))
}

// methodRequest returns a request of a person; fault.ErrNotFound when there is none.
func (s Store) methodRequest(ctx context.Context, id, person uuid.UUID) (*methodRequest, error) {
	row, err := db.New().GetMethodRequest(ctx, s.Pool, db.GetMethodRequestParams{ID: id, PersonID: person})
	if err != nil {
		return nil, fmt.Errorf("get authentication method request: %w", postgres.Error(err))
	}
	found := methodRequest{ID: row.ID, Action: row.Action, Status: api.AuthenticationMethodRequestStatus(row.Status), Channel: row.Channel}
	err = errors.Join(decode(row.AuthenticationMethod, &found.Method), decode(row.AuthenticationMethodCurrent, &found.Current), decode(row.Documents, &found.Uploads))
	if err != nil {
		return nil, fmt.Errorf("read authentication method request %s: %w", id, err)
	}
	return &found, nil
}

// lockMethodRequest returns what decides about a code for a request that nobody changes before tx ends; fault.ErrNotFound
// when the person has none.
func (s Store) lockMethodRequest(
	ctx context.Context, tx postgres.Tx, id, person uuid.UUID,
) (status api.AuthenticationMethodRequestStatus, current method, err error) {
	row, err := db.New().LockMethodRequest(ctx, tx, db.LockMethodRequestParams{ID: id, PersonID: person})
	if err != nil {
		return "", method{}, fmt.Errorf("lock authentication method request: %w", postgres.Error(err))
	}
	return api.AuthenticationMethodRequestStatus(row.Status), current, decode(row.AuthenticationMethodCurrent, &current)
}

// completeMethodRequest changes how the person confirms, and uses up the code that was entered for that; fault.ErrStale when
// the request is in another state than the checks saw.
func (s Store) completeMethodRequest(ctx context.Context, tx postgres.Tx, a *methodApproving) error {
	rows, err := db.New().CompleteMethodRequest(ctx, tx, db.CompleteMethodRequestParams{
		ID: a.found.ID, FromStatus: string(a.found.Status), UserID: a.UserID, At: a.Now,
	})
	if err != nil {
		return fmt.Errorf("complete authentication method request %s: %w", a.found.ID, err)
	}
	if rows == 0 {
		return fault.ErrStale
	}
	if a.verification != uuid.Nil {
		if err := a.Codes.Use(ctx, tx, a.verification, a.found.Current.PhoneNumber); err != nil {
			return err //nolint:wrapcheck // says what failed
		}
	}
	is, known, err := s.lockVerified(ctx, tx, a.person.id)
	if err != nil {
		return err
	}
	if err := s.changeMethod(ctx, tx, a); err != nil {
		return err
	}
	if err := s.askForVerification(ctx, tx, a, is, known); err != nil {
		return err
	}
	err = audit.Write(ctx, tx, audit.Entry{
		Actor: a.UserID, Resource: "persons", ResourceID: a.person.id, Changeset: map[string]any{"authentication_method_request_id": a.found.ID}, At: a.Now,
	})
	if err != nil {
		return err //nolint:wrapcheck // says what failed
	}
	return logStatusOf(ctx, tx, &a.Caller, methodTable, a.found.ID, string(api.AuthenticationMethodRequestStatusCOMPLETED))
}

// changeMethod does what a request asks for.
func (s Store) changeMethod(ctx context.Context, tx postgres.Tx, a *methodApproving) (err error) {
	q, m := db.New(), &a.found.Method
	switch a.found.Action {
	case actionDeactivate:
		err = q.EndMethod(ctx, tx, db.EndMethodParams{ID: uuid.MustParse(*m.ID), UserID: a.UserID, At: a.Now})
	case actionUpdate:
		err = q.RenameMethod(ctx, tx, db.RenameMethodParams{ID: uuid.MustParse(*m.ID), Alias: *m.Alias, UserID: a.UserID, At: a.Now})
	default:
		params := db.InsertAuthenticationMethodParams{
			ID: uuid.New(), PersonID: a.person.id, Type: string(*m.Type), Alias: m.Alias, UserID: a.UserID, At: a.Now,
		}
		if *m.Type == methodThird {
			third, end := uuid.MustParse(*m.Value), termOf(&a.Caller, a.person.born)
			params.Value, params.EndedAt = &third, &end
		} else {
			params.PhoneNumber = m.PhoneNumber
			err = q.EndOwnMethods(ctx, tx, db.EndOwnMethodsParams{PersonID: a.person.id, UserID: a.UserID, At: a.Now})
		}
		if err == nil {
			err = q.InsertAuthenticationMethod(ctx, tx, params)
		}
	}
	if err != nil {
		return fmt.Errorf("change authentication methods of the person: %w", err)
	}
	return nil
}

// askForVerification sends the person to the National Health Service, if what the person confirms by or shows asks for it.
func (s Store) askForVerification(ctx context.Context, tx postgres.Tx, a *methodApproving, is *identity, known map[string]stream) error {
	if !a.mustBeLookedAt(is) {
		return nil
	}
	if known == nil {
		known = nextStreams(&a.Caller, is, nil, nil)
	}
	known["nhs"] = stream{"verification_status": notVerified, "verification_reason": documentsTriggered}
	streams, err := json.Marshal(known)
	if err != nil {
		return fmt.Errorf("encode verification of the person: %w", err)
	}
	q := db.New()
	err = q.PutVerification(ctx, tx, db.PutVerificationParams{PersonID: a.person.id, Streams: streams, UserID: a.UserID, At: a.Now})
	if err == nil {
		err = q.SetVerificationStatus(ctx, tx, db.SetVerificationStatusParams{ID: a.person.id, Status: Cumulative(known), UserID: a.UserID, At: a.Now})
	}
	if err != nil {
		return fmt.Errorf("ask for the verification of the person: %w", err)
	}
	return nil
}
