package sandbox

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/signature"
	"esoz/internal/sandbox/authority"
)

// ToSign asks for a signature.
type ToSign struct {
	Content json.RawMessage `json:"content,omitempty"`
	// SignedContent, in place of Content, is a container that gets one more
	// signature around it.
	SignedContent []byte `json:"signed_content,omitempty"`

	EmployeeID *uuid.UUID        `json:"employee_id,omitempty"`
	Signer     *signature.Signer `json:"signer,omitempty"`
	Stamp      bool              `json:"stamp,omitempty"`
	Fault      signature.Check   `json:"fault,omitempty"`
}

// Signed is the answer.
type Signed struct {
	SignedContent string           `json:"signed_content"`
	Encoding      string           `json:"signed_content_encoding"`
	Signer        signature.Signer `json:"signer"`
}

// wrongSigning is a request for a signature that cannot be made.
type wrongSigning string

func (e wrongSigning) Error() string { return string(e) }

const errNoSigner = wrongSigning("who signs: send an access token in Authorization, employee_id or signer")

func (h *Handler) sign(w http.ResponseWriter, r *http.Request) {
	var asked ToSign
	if err := decodeUpTo(2*h.config.Get().MaxSignedBody(), w, r, &asked); err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	content := []byte(asked.Content)
	if asked.SignedContent != nil {
		content = asked.SignedContent
	}
	h.changing.RLock()
	owner, err := h.signer(r, &asked)
	h.changing.RUnlock()
	var wrong wrongSigning
	switch {
	case err == nil && len(content) == 0:
		err = wrongSigning("content or signed_content is missing")
	case err == nil && asked.Fault != "" && !slices.Contains(signature.Checks, asked.Fault):
		err = wrongSigning(fmt.Sprintf("fault: want one of %v", signature.Checks))
	}
	if errors.As(err, &wrong) {
		h.refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	if err != nil {
		h.logger.ErrorContext(r.Context(), "signing failed", "error", err)
		h.refuse(w, http.StatusInternalServerError, errors.New("the databases failed; see the log"))
		return
	}
	owner.IsStamp = asked.Stamp
	if owner.IsStamp {
		owner.DRFO = "" // a stamp belongs to no person
	}
	signed := authority.New().Fail(asked.Fault, content, owner, h.clock.Now())
	h.write(w, http.StatusOK, Signed{SignedContent: base64.StdEncoding.EncodeToString(signed), Encoding: "base64", Signer: owner.Signer})
}

// signer finds who signs.
func (h *Handler) signer(r *http.Request, asked *ToSign) (authority.Owner, error) {
	token, sent := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case asked.Signer != nil:
		return authority.Owner{Signer: *asked.Signer}, nil
	case asked.EmployeeID != nil:
		return h.employee(r.Context(), *asked.EmployeeID)
	case sent:
		return h.ownerOf(r.Context(), token)
	}
	return authority.Owner{}, errNoSigner
}

func (h *Handler) employee(ctx context.Context, id uuid.UUID) (authority.Owner, error) {
	row, err := db.New().GetEmployeeSigner(ctx, h.app.Pool, id)
	if err = postgres.Error(err); errors.Is(err, fault.ErrNotFound) {
		return authority.Owner{}, wrongSigning("employee_id: no such employee")
	}
	return authority.Owner{Signer: signature.Signer{DRFO: row.TaxID, EDRPOU: row.Edrpou, Surname: row.LastName, GivenName: row.FirstName}}, err
}

// ownerOf finds the owner of a token.
func (h *Handler) ownerOf(ctx context.Context, token string) (authority.Owner, error) {
	who, err := (&auth.Authenticator{Pool: h.app.Pool, Clock: h.clock, Config: h.config}).Identify(ctx, token, "")
	if errors.Is(err, fault.ErrNotFound) || err == nil && who.Party == nil {
		return authority.Owner{}, wrongSigning("Authorization: the token is unknown, or its user has no party")
	}
	if err != nil {
		return authority.Owner{}, fmt.Errorf("find the owner of the token: %w", err)
	}
	return authority.Owner{Signer: who.Signer()}, nil
}
