// Package floor is the least that a server does for the same work: echo, pgx
// and the statements of the real one, with the same durability and without one
// check. How near the real server comes to it tells what the rules cost.
package floor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/app"
	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/sms"
)

// Run serves until ctx ends. The settings are the server's own.
func Run(ctx context.Context, cfg *config.Config) (err error) {
	keys, err := app.NewKeys(cfg)
	if err != nil {
		return err
	}
	pool, err := postgres.Open(ctx, string(cfg.DatabaseURL), cfg.DatabaseMaxConns)
	if err != nil {
		return err
	}
	defer pool.Close()
	documents, err := mongodb.Open(string(cfg.MongoURL), cfg.MongoDatabase, cfg.EngineTimeout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mongodb.Close(context.WithoutCancel(ctx), documents)) }()
	transitions := map[string]operation.Operation{}
	for _, op := range app.Operations() {
		if op.Update != nil && op.Moves != nil {
			transitions[op.ID] = op
		}
	}
	clk := clock.New()
	queue, err := newQueue(pool, &changer{pool: pool, documents: documents, keys: keys, clock: clk, operations: transitions})
	if err != nil {
		return err
	}
	if err := queue.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start background work: %w", err)
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.ShutdownTimeout)
		defer cancel()
		err = errors.Join(err, queue.Stop(stopping))
	}()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.ListenAddr)
	if err != nil {
		return fmt.Errorf("LISTEN_ADDR: %w", err)
	}
	outbox, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: "river", Logger: slog.New(slog.DiscardHandler)}) // messages wait: nobody here works on them
	if err != nil {
		return fmt.Errorf("open the queue of SMS: %w", err)
	}
	f := &server{pool: pool, keys: keys, clock: clk, queue: queue, outbox: &sms.Outbox{River: outbox, Keys: keys, Clock: clk}}
	routes, err := f.routes(transitions)
	if err != nil {
		return err
	}
	return app.Serve(ctx, listener, routes, cfg.ShutdownTimeout, slog.New(slog.DiscardHandler))
}

type server struct {
	pool   *pgxpool.Pool
	keys   *seal.Keys
	clock  *clock.Clock
	queue  *river.Client[pgx.Tx]
	outbox *sms.Outbox
}

func (s *server) routes(transitions map[string]operation.Operation) (http.Handler, error) {
	e := echo.New()
	e.GET("/", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	e.POST("/api/divisions", s.createDivision)
	e.POST("/api/v3/declaration_requests/:id/actions/resend_otp", s.resend)
	e.POST("/api/v3/declaration_requests", s.createRequest)
	e.PATCH("/api/v3/declaration_requests/:id/actions/sign", s.signRequest)
	e.PATCH("/api/verifications/:phone/actions/complete", s.complete)
	return e, s.transitions(e, transitions)
}

// identify is the statement behind every token.
func (s *server) identify(r *http.Request) (db.ResolveIdentityRow, error) {
	row, err := db.New().ResolveIdentity(r.Context(), s.pool, Caller(r.Header))
	if err != nil {
		return row, fmt.Errorf("identify: %w", err)
	}
	if row.ClientID == nil {
		return row, errors.New("identify: the token names no client")
	}
	return row, nil
}

// Caller are the parameters of the statement that finds out who asks.
func Caller(h http.Header) db.ResolveIdentityParams {
	return db.ResolveIdentityParams{
		ValueHash:  seal.Token(strings.TrimPrefix(h.Get("Authorization"), "Bearer ")),
		APIKeyHash: seal.Token(h.Get("API-key")),
	}
}

// created is what Create Division answers.
type created struct {
	Meta api.Meta `json:"meta"`
	Data struct {
		ID            uuid.UUID          `json:"id"`
		LegalEntityID uuid.UUID          `json:"legal_entity_id"`
		Status        api.DivisionStatus `json:"status"`
		MountainGroup bool               `json:"mountain_group"`
		DLSID         *string            `json:"dls_id"`
		DLSVerified   *bool              `json:"dls_verified"`
		api.DivisionRequest
	} `json:"data"`
}

func (s *server) createDivision(c echo.Context) error {
	r := c.Request()
	by, err := s.identify(r)
	if err != nil {
		return err
	}
	answer := created{Meta: meta(r)}
	answer.Data.ID, answer.Data.LegalEntityID, answer.Data.Status = uuid.New(), *by.ClientID, api.DivisionStatusACTIVE
	if err := json.NewDecoder(r.Body).Decode(&answer.Data.DivisionRequest); err != nil {
		return fmt.Errorf("decode body: %w", err)
	}
	params, err := Division(answer.Data.DivisionRequest, answer.Data.ID, *by.ClientID, by.UserID, s.clock.Now())
	if err != nil {
		return err
	}
	if err := db.New().CreateDivision(r.Context(), s.pool, params); err != nil {
		return fmt.Errorf("create division: %w", err)
	}
	return c.JSON(http.StatusOK, &answer)
}

// Division are the parameters of the statement that creates a division.
func Division(body api.DivisionRequest, id, legalEntity, user uuid.UUID, at time.Time) (db.CreateDivisionParams, error) {
	type address struct {
		ID uuid.UUID `json:"id"`
		api.DivisionAddressRequest
	}
	addresses := make([]address, len(body.Addresses))
	for i, sent := range body.Addresses {
		addresses[i] = address{uuid.New(), sent}
	}
	p := db.CreateDivisionParams{
		AuditID: uuid.New(), ID: id, LegalEntityID: legalEntity, UserID: user, At: at,
		Name: body.Name, Type: body.Type, Email: body.Email, ExternalID: body.ExternalID,
	}
	if body.Location != nil {
		p.Longitude, p.Latitude = &body.Location.Longitude, &body.Location.Latitude
	}
	var errs [4]error
	p.Addresses, errs[0] = json.Marshal(addresses)
	p.Phones, errs[1] = json.Marshal(body.Phones)
	p.Changeset, errs[2] = json.Marshal(body)
	if body.WorkingHours != nil {
		p.WorkingHours, errs[3] = json.Marshal(body.WorkingHours)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return p, fmt.Errorf("encode division: %w", err)
	}
	return p, nil
}

// codeLife is CODE_EXPIRATION_PERIOD_MINUTES as it is by default.
const codeLife = 15 * time.Minute

// resend stores a code and queues its SMS. Nobody here sends it.
func (s *server) resend(c echo.Context) error {
	r := c.Request()
	if _, err := s.identify(r); err != nil {
		return err
	}
	request, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return fmt.Errorf("id of the request: %w", err)
	}
	id, now := uuid.New(), s.clock.Now()
	err = postgres.InTx(r.Context(), s.pool, func(tx pgx.Tx) error { return s.sendCode(r.Context(), tx, request, id, now) })
	if err != nil {
		return fmt.Errorf("resend: %w", err)
	}
	return c.JSON(http.StatusOK, verification(r, id, "NEW", true, now))
}

func (s *server) sendCode(ctx context.Context, tx pgx.Tx, request, id uuid.UUID, now time.Time) error {
	const code = 3782
	q := db.New()
	row, err := q.LockDeclarationRequest(ctx, tx, request)
	if err != nil {
		return err
	}
	var method struct{ Number string }
	if err := json.Unmarshal(row.AuthenticationMethodCurrent, &method); err != nil {
		return err
	}
	if err := q.LockPhone(ctx, tx, method.Number); err != nil {
		return err
	}
	if _, err := q.CancelActiveVerification(ctx, tx, db.CancelActiveVerificationParams{PhoneNumber: method.Number, ResourceID: &request}); err != nil {
		return err
	}
	err = q.InsertVerification(ctx, tx, db.InsertVerificationParams{
		ID: id, PhoneNumber: method.Number, ResourceID: &request, CodeHash: s.keys.Code(id, code), CodeExpiredAt: now.Add(codeLife), InsertedAt: now,
	})
	if err != nil {
		return err
	}
	return s.outbox.Enqueue(ctx, tx, sms.Message{
		Phone: method.Number, Text: fmt.Sprint("Код авторизації дій в системі eHealth: ", code), Type: sms.TypeVerification, VerificationID: &id,
	})
}

// complete ends a live code, whatever was entered.
func (s *server) complete(c echo.Context) error {
	r, phone := c.Request(), c.Param("phone")
	if _, err := s.identify(r); err != nil {
		return err
	}
	var body api.CompleteVerificationJSONRequestBody
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return fmt.Errorf("decode body: %w", err)
	}
	now := s.clock.Now()
	var live db.CountVerificationAttemptRow
	err := postgres.InTx(r.Context(), s.pool, func(tx pgx.Tx) (err error) {
		live, err = endCode(r.Context(), tx, phone, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("complete: %w", err)
	}
	return c.JSON(http.StatusOK, verification(r, live.ID, "VERIFIED", false, live.InsertedAt))
}

func endCode(ctx context.Context, tx pgx.Tx, phone string, now time.Time) (live db.CountVerificationAttemptRow, err error) {
	q := db.New()
	if err := q.LockPhone(ctx, tx, phone); err != nil {
		return live, err
	}
	all, err := q.CountVerificationAttempt(ctx, tx, db.CountVerificationAttemptParams{PhoneNumber: phone, MaxAttempts: 3})
	if err != nil {
		return live, err
	}
	if len(all) == 0 {
		return live, pgx.ErrNoRows
	}
	live = all[0]
	if _, err := q.CloseVerification(ctx, tx, db.CloseVerificationParams{ID: live.ID, Status: "verified"}); err != nil {
		return live, err
	}
	return live, q.InsertVerifiedPhone(ctx, tx, db.InsertVerifiedPhoneParams{ID: uuid.New(), PhoneNumber: phone, UpdatedAt: now})
}

func verification(r *http.Request, id uuid.UUID, status api.OTPStatus, active bool, at time.Time) api.OTPResponse {
	return api.OTPResponse{Meta: meta(r), Data: api.OTP{
		ID: id.String(), Status: status, Active: active, CodeExpiredAt: at.Add(codeLife).Format(time.RFC3339Nano),
	}}
}

func meta(r *http.Request) api.Meta {
	return api.Meta{Code: http.StatusOK, URL: "http://" + r.Host + r.URL.Path, Type: "object", RequestID: uuid.NewString()}
}
