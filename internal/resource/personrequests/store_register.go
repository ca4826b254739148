package personrequests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// isSameRegistered tells whether an active person has all that tells persons apart.
func (s Store) isSameRegistered(ctx context.Context, on db.DBTX, p *api.PersonRequestPerson) (bool, error) {
	born, err := time.Parse(time.DateOnly, p.BirthDate)
	if err != nil {
		return false, fmt.Errorf("read a birth date: %w", err)
	}
	known, err := db.New().IsSamePersonRegistered(ctx, on, db.IsSamePersonRegisteredParams{
		BirthDate: born, TaxID: p.TaxID, LastName: p.LastName, FirstName: p.FirstName, SecondName: p.SecondName,
	})
	if err != nil {
		return false, fmt.Errorf("look for the person: %w", postgres.Error(err))
	}
	return known, nil
}

func (s Store) lockRegistrations(ctx context.Context, tx postgres.Tx, keys []string) error {
	if err := db.New().LockRegistrations(ctx, tx, keys); err != nil {
		return fmt.Errorf("lock registrations: %w", err)
	}
	return nil
}

// sign moves the request on, and returns when it was made; fault.ErrStale when it
// is in another state than the checks saw.
func (s Store) sign(ctx context.Context, tx postgres.Tx, a *acting) (inserted time.Time, err error) {
	a.personID = uuid.NewSHA1(a.found.ID, []byte("person")) // the same when a lost answer is asked for again
	if id := a.found.Data.Person.ID; id != nil {
		a.personID = uuid.MustParse(*id)
	}
	inserted, err = db.New().SignPersonRequest(ctx, tx, db.SignPersonRequestParams{
		ID: a.found.ID, FromStatus: string(a.found.Status), PersonID: a.personID, UserID: a.UserID, At: a.Now,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return inserted, fault.ErrStale
	}
	if err != nil {
		return inserted, fmt.Errorf("sign person request %s: %w", a.found.ID, err)
	}
	return inserted, logStatus(ctx, tx, &a.Caller, a.found.ID, string(api.PersonRequestStatusSIGNED))
}

// register writes the person of a request into the register.
func (s Store) register(ctx context.Context, tx postgres.Tx, a *acting) error {
	q, id := db.New(), a.personID
	person, err := json.Marshal(a.found.Data.registered())
	if err != nil {
		return fmt.Errorf("encode the person: %w", err)
	}
	var is identity
	if err := json.Unmarshal(person, &is); err != nil {
		return fmt.Errorf("read the person: %w", err)
	}
	var was *identity
	var known map[string]stream
	if a.found.Data.Person.ID != nil {
		if was, known, err = s.lockVerified(ctx, tx, id); err != nil {
			return err
		}
	}
	streamed := nextStreams(&a.Caller, &is, was, known)
	streams, err := json.Marshal(streamed)
	if err != nil {
		return fmt.Errorf("encode verification of the person: %w", err)
	}
	rows, err := q.PutPerson(ctx, tx, db.PutPersonParams{
		ID: id, Person: person, Consent: a.found.Data.Consent, VerificationStatus: Cumulative(streamed), UserID: a.UserID, At: a.Now,
	})
	if err == nil && rows == 0 {
		return fault.ErrStale
	}
	if err == nil && was != nil {
		err = q.DeletePersonParts(ctx, tx, id)
	}
	if err == nil {
		err = q.InsertPersonParts(ctx, tx, db.InsertPersonPartsParams{ID: id, Person: person})
	}
	if err == nil {
		err = q.PutVerification(ctx, tx, db.PutVerificationParams{PersonID: id, Streams: streams, UserID: a.UserID, At: a.Now})
	}
	if err == nil {
		err = s.registerConfirmation(ctx, tx, a, &is)
	}
	if err == nil {
		err = audit.Write(ctx, tx, audit.Entry{
			Actor: a.UserID, Resource: "persons", ResourceID: id, Changeset: map[string]any{"person_request_id": a.found.ID}, At: a.Now,
		})
	}
	if err != nil {
		return fmt.Errorf("register the person: %w", err)
	}
	return nil
}

// lockVerified returns what is known of a person who is about to be changed.
func (s Store) lockVerified(ctx context.Context, tx postgres.Tx, person uuid.UUID) (*identity, map[string]stream, error) {
	row, err := db.New().LockVerifiedPerson(ctx, tx, person)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, fault.ErrStale
	}
	if err != nil {
		return nil, nil, fmt.Errorf("lock the person: %w", err)
	}
	var was identity
	var known map[string]stream
	if err := errors.Join(decode(row.Person, &was), decode(row.Streams, &known)); err != nil {
		return nil, nil, fmt.Errorf("read the person: %w", err)
	}
	return &was, known, nil
}

// registerConfirmation writes how a person will confirm, and who acts for them.
func (s Store) registerConfirmation(ctx context.Context, tx postgres.Tx, a *acting, is *identity) error {
	q, p := db.New(), &a.found.Data.Person
	born, err := time.Parse(time.DateOnly, p.BirthDate)
	if err != nil {
		return fmt.Errorf("read a birth date: %w", err)
	}
	if m := a.found.method(); m != nil {
		params := db.InsertAuthenticationMethodParams{
			ID: uuid.New(), PersonID: a.personID, Type: string(m.Type), PhoneNumber: m.PhoneNumber, Alias: m.Alias, UserID: a.UserID, At: a.Now,
		}
		if m.Value != nil {
			third, end := uuid.MustParse(*m.Value), termOf(&a.Caller, born)
			params.Value, params.EndedAt = &third, &end
		}
		if err := q.InsertAuthenticationMethod(ctx, tx, params); err != nil {
			return fmt.Errorf("insert authentication method: %w", err)
		}
	}
	if c := p.ConfidantPerson; c != nil {
		documents, err := json.Marshal(c.DocumentsRelationship)
		if err != nil {
			return fmt.Errorf("encode documents: %w", err)
		}
		err = q.InsertRelationship(ctx, tx, db.InsertRelationshipParams{
			ID: uuid.New(), PersonID: a.personID, ConfidantPersonID: uuid.MustParse(c.PersonID), ActiveTo: a.relationshipEnd(born, c.DocumentsRelationship),
			VerificationReason: reasonOf(c.DocumentsRelationship), Documents: documents, UserID: a.UserID, At: a.Now,
		})
		if err != nil {
			return fmt.Errorf("insert relationship: %w", err)
		}
	}
	if p.ID != nil && is.numbers(a.Config.LegalCapacityDocumentTypes...) != "" {
		if err := q.EndRelationships(ctx, tx, db.EndRelationshipsParams{PersonID: a.personID, UserID: a.UserID, At: a.Now}); err != nil {
			return fmt.Errorf("end relationships: %w", err)
		}
	}
	return nil
}
