package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/events"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/personrequests"
)

// Statuses of verification.
const (
	verified    = "VERIFIED"
	notVerified = "NOT_VERIFIED"
	needed      = "VERIFICATION_NEEDED"
	notNeeded   = "VERIFICATION_NOT_NEEDED"
)

// streams are the registers that a person is checked against.
var streams = []string{
	"drfo", "dracs_death", "nhs", "unzr", "mvs_passport", "dms_passport", "dracs_birth", "dracs_name_change", "legal_capacity",
}

// Stream is what a register has said of a person.
type Stream struct {
	Status  string  `json:"verification_status"`
	Reason  string  `json:"verification_reason"`
	Comment *string `json:"verification_comment,omitempty"`
	Result  *int    `json:"result,omitempty"` // of drfo
	State   *int    `json:"status,omitempty"` // of unzr, mvs_passport, dms_passport
}

// Verification is what registers have said of a person, by stream. Without a status
// of the person it follows from the streams.
type Verification struct {
	Status  string            `json:"verification_status,omitempty"`
	Details map[string]Stream `json:"details"`
}

// Relationship is a confidant of a person.
type Relationship struct {
	ID       uuid.UUID  `json:"id"`
	Type     string     `json:"relation_type"`
	Status   string     `json:"verification_status"`
	Reason   string     `json:"verification_reason"`
	IsActive bool       `json:"is_active"`
	ActiveTo *time.Time `json:"active_to,omitempty"`
	// Documents prove it. Nil leaves what there are.
	Documents []RelationshipDocument `json:"documents_relationship,omitempty"`
}

// RelationshipDocument proves a relationship. Its days are YYYY-MM-DD.
type RelationshipDocument struct {
	Type     string  `json:"type"`
	Number   string  `json:"number"`
	IssuedBy string  `json:"issued_by"`
	IssuedAt string  `json:"issued_at"`
	ActiveTo *string `json:"active_to,omitempty"`
}

// unfit is what a method of the sandbox cannot do; unknownPerson whom it does not find.
type unfit string

func (e unfit) Error() string { return string(e) }

var errUnknownPerson = errors.New("no such person")

func (h *Handler) setVerification(w http.ResponseWriter, r *http.Request) {
	var sent Verification
	if err := decode(w, r, &sent); err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	h.changing.RLock()
	set, err := h.verify(r.Context(), r.PathValue("id"), sent)
	h.changing.RUnlock()
	h.answer(r.Context(), w, set, err)
}

func (h *Handler) setRelationship(w http.ResponseWriter, r *http.Request) {
	sent := Relationship{Type: "PRIMARY", Status: verified, Reason: "MANUAL_CONFIRMED", IsActive: true}
	if err := decode(w, r, &sent); err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	h.changing.RLock()
	set, err := h.relate(r.Context(), r.PathValue("id"), r.PathValue("confidant_person_id"), sent)
	h.changing.RUnlock()
	h.answer(r.Context(), w, set, err)
}

func (h *Handler) answer(ctx context.Context, w http.ResponseWriter, set any, err error) {
	var wrong unfit
	switch {
	case err == nil:
		h.write(w, http.StatusOK, set)
	case errors.Is(err, errUnknownPerson):
		h.refuse(w, http.StatusNotFound, errUnknownPerson)
	case errors.As(err, &wrong):
		h.refuse(w, http.StatusUnprocessableEntity, wrong)
	default:
		h.logger.ErrorContext(ctx, "the register of persons failed", "error", err)
		h.refuse(w, http.StatusInternalServerError, errors.New("the databases failed; see the log"))
	}
}

// verify sets the streams that were sent, as if the registers had answered.
func (h *Handler) verify(ctx context.Context, pathID string, sent Verification) (set Verification, err error) {
	id, ok := envelope.ParseID(pathID)
	if !ok {
		return set, errUnknownPerson
	}
	if err := sent.check(); err != nil {
		return set, err
	}
	user, now := h.config.Get().SystemUser, h.clock.Now()
	err = postgres.InTx(ctx, h.app.Pool, func(tx postgres.Tx) error {
		row, err := db.New().LockPersonStreams(ctx, tx, id)
		if err = postgres.Error(err); errors.Is(err, fault.ErrNotFound) {
			return errUnknownPerson
		}
		if err != nil {
			return fmt.Errorf("look up the streams of the person: %w", err)
		}
		set = Verification{Status: sent.Status, Details: map[string]Stream{}}
		if err := json.Unmarshal(row.Streams, &set.Details); err != nil {
			return fmt.Errorf("decode the streams of the person: %w", err)
		}
		for _, name := range streams {
			if stream, ok := sent.Details[name]; ok {
				set.Details[name] = stream
			} else if _, ok := set.Details[name]; !ok {
				set.Details[name] = Stream{Status: notNeeded, Reason: "INITIAL"}
			}
		}
		stored, err := json.Marshal(set.Details)
		if err != nil {
			return fmt.Errorf("encode the streams of the person: %w", err)
		}
		if set.Status == "" {
			set.Status = set.cumulative()
		}
		err = errors.Join(
			db.New().PutVerification(ctx, tx, db.PutVerificationParams{PersonID: id, Streams: stored, UserID: user, At: now}),
			db.New().SetPersonVerificationStatus(ctx, tx, db.SetPersonVerificationStatusParams{ID: id, VerificationStatus: set.Status, UserID: user, At: now}))
		if err != nil {
			return fmt.Errorf("set the streams of the person: %w", err)
		}
		if set.Status == row.VerificationStatus {
			return nil
		}
		//nolint:wrapcheck // says what failed
		return events.Write(ctx, tx, events.Event{
			ID: uuid.New(), Type: events.StatusChange, EntityType: "Person", EntityID: id, Attribute: "verification_status", NewValue: set.Status,
			At: now, ChangedBy: user,
		})
	})
	return set, err
}

// cumulative is the status of a person whose streams these are.
func (v Verification) cumulative() string {
	all := map[string]map[string]any{}
	for name, stream := range v.Details {
		all[name] = map[string]any{"verification_status": stream.Status}
	}
	return personrequests.Cumulative(all)
}

// check returns what cannot be set.
func (v Verification) check() error {
	ofPersons := []string{verified, notVerified, needed, "CHANGES_NEEDED"}
	if v.Status != "" && !slices.Contains(ofPersons, v.Status) {
		return unfit(fmt.Sprintf("verification_status: want one of %v", ofPersons))
	}
	ofStreams := []string{verified, notVerified, needed, notNeeded, "IN_REVIEW"}
	for name, stream := range v.Details {
		switch {
		case !slices.Contains(streams, name):
			return unfit(fmt.Sprintf("details: want some of %v", streams))
		case !slices.Contains(ofStreams, stream.Status):
			return unfit(fmt.Sprintf("details.%s.verification_status: want one of %v", name, ofStreams))
		case stream.Reason == "":
			return unfit("details." + name + ".verification_reason is missing")
		}
	}
	return nil
}

// relate sets the relationship of two persons: the newest that there is, or a new one.
func (h *Handler) relate(ctx context.Context, person, confidant string, sent Relationship) (Relationship, error) {
	id, ok := envelope.ParseID(person)
	other, known := envelope.ParseID(confidant)
	if !ok || !known {
		return sent, errUnknownPerson
	}
	statuses := []string{verified, notVerified, needed}
	switch {
	case id == other:
		return sent, unfit("a person is no confidant of themselves")
	case sent.Type != "PRIMARY" && sent.Type != "SECONDARY":
		return sent, unfit("relation_type: want PRIMARY or SECONDARY")
	case !slices.Contains(statuses, sent.Status):
		return sent, unfit(fmt.Sprintf("verification_status: want one of %v", statuses))
	}
	if err := sent.checkDocuments(); err != nil {
		return sent, err
	}
	user, now := h.config.Get().SystemUser, h.clock.Now()
	return sent, postgres.InTx(ctx, h.app.Pool, func(tx postgres.Tx) (err error) {
		found, err := db.New().CountPersons(ctx, tx, []uuid.UUID{id, other})
		if err != nil {
			return fmt.Errorf("look up persons: %w", err)
		}
		if found < 2 {
			return errUnknownPerson
		}
		sent.ID, err = db.New().UpdateRelationship(ctx, tx, db.UpdateRelationshipParams{
			PersonID: id, ConfidantPersonID: other, RelationType: sent.Type, IsActive: sent.IsActive, ActiveTo: sent.ActiveTo,
			VerificationStatus: sent.Status, VerificationReason: sent.Reason, UserID: user, At: now,
		})
		if err = postgres.Error(err); err != nil && !errors.Is(err, fault.ErrNotFound) {
			return fmt.Errorf("set the relationship: %w", err)
		}
		if err != nil {
			sent.ID = uuid.New()
			err = db.New().AddRelationship(ctx, tx, db.AddRelationshipParams{
				ID: sent.ID, PersonID: id, ConfidantPersonID: other, RelationType: sent.Type, IsActive: sent.IsActive, ActiveTo: sent.ActiveTo,
				VerificationStatus: sent.Status, VerificationReason: sent.Reason, UserID: user, At: now,
			})
			if err != nil {
				return fmt.Errorf("add the relationship: %w", err)
			}
		}
		return sent.writeDocuments(ctx, tx)
	})
}

// checkDocuments returns what cannot be set.
func (r Relationship) checkDocuments() error {
	seen := map[string]bool{}
	for i, d := range r.Documents {
		_, issued := time.Parse(time.DateOnly, d.IssuedAt)
		var ends error
		if d.ActiveTo != nil {
			_, ends = time.Parse(time.DateOnly, *d.ActiveTo)
		}
		switch {
		case d.Type == "" || d.Number == "" || d.IssuedBy == "":
			return unfit(fmt.Sprintf("documents_relationship[%d]: want type, number, issued_by and issued_at", i))
		case issued != nil || ends != nil:
			return unfit(fmt.Sprintf("documents_relationship[%d]: want days as YYYY-MM-DD", i))
		case seen[d.Type]:
			return unfit(fmt.Sprintf("documents_relationship[%d]: want one document of a type", i))
		}
		seen[d.Type] = true
	}
	return nil
}

// writeDocuments replaces the documents of a relationship by those that were sent.
func (r Relationship) writeDocuments(ctx context.Context, tx postgres.Tx) error {
	if r.Documents == nil {
		return nil
	}
	documents, err := json.Marshal(r.Documents)
	if err != nil {
		return fmt.Errorf("encode documents of the relationship: %w", err)
	}
	if err := db.New().DeleteRelationshipDocuments(ctx, tx, r.ID); err != nil {
		return fmt.Errorf("remove documents of the relationship: %w", err)
	}
	if err := db.New().AddRelationshipDocuments(ctx, tx, db.AddRelationshipDocumentsParams{ID: r.ID, Documents: documents}); err != nil {
		return fmt.Errorf("add documents of the relationship: %w", err)
	}
	return nil
}
