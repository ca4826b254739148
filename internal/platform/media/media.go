// Package media keeps files that clients send: scans of documents. Each has an
// address that is signed and good for some minutes, as in the object store of the
// national system; whoever has the address may send the file.
package media

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
)

// Sealed is where files lie.
var Sealed = seal.Column{Table: "il.media", Key: "name", KeyType: "text", Name: "content", Purpose: sealPurpose, Batch: 4}

const sealPurpose = "media"

// Prefix of the paths of files.
const Prefix = "/media/"

// maxBytes of a file, and its only type (general.apib L760).
const (
	maxBytes    = 10 << 20
	contentType = "image/jpeg"
)

// Store keeps files.
type Store struct {
	Pool   *pgxpool.Pool
	Keys   *seal.Keys
	Clock  *clock.Clock
	Config *config.Live
	Logger *slog.Logger
}

// URL is where a file may be sent to (PUT) and asked for (HEAD).
func (s *Store) URL(name string) string {
	cfg := s.Config.Get()
	expires := strconv.FormatInt(s.Clock.Now().Add(time.Duration(cfg.SecretsTTL)*time.Second).Unix(), 10)
	query := url.Values{"expires": {expires}, "signature": {s.signature(name, expires)}}
	return strings.TrimSuffix(cfg.PublicBaseURL, "/") + Prefix + name + "?" + query.Encode()
}

func (s *Store) signature(name, expires string) string {
	return s.Keys.Request("media", []byte(expires+" "+name))
}

// Missing returns those of the files that were not sent.
func (s *Store) Missing(ctx context.Context, names []string) ([]string, error) {
	sent, err := db.New().ListMedia(ctx, s.Pool, names)
	if err != nil {
		return nil, fmt.Errorf("look up files: %w", postgres.Error(err))
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(sent, name) }), nil
}

// Put stores a file, or replaces it.
func (s *Store) Put(ctx context.Context, on db.DBTX, name string, content []byte) error {
	sealed := s.Keys.Seal(sealPurpose, content)
	if err := db.New().PutMedia(ctx, on, db.PutMediaParams{Name: name, Content: sealed, At: s.Clock.Now()}); err != nil {
		return fmt.Errorf("store a file: %w", err)
	}
	return nil
}

// ServeHTTP takes a file, or says whether it is there. It answers with a status
// alone, like an object store.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, err := s.serve(r)
	if err != nil {
		s.Logger.ErrorContext(r.Context(), "media", "error", err)
	}
	w.WriteHeader(status)
}

func (s *Store) serve(r *http.Request) (status int, err error) {
	name, query := strings.TrimPrefix(r.URL.Path, Prefix), r.URL.Query()
	expires := query.Get("expires")
	until, err := strconv.ParseInt(expires, 10, 64)
	if err != nil || !hmac.Equal([]byte(query.Get("signature")), []byte(s.signature(name, expires))) || s.Clock.Now().Unix() >= until {
		return http.StatusForbidden, nil //nolint:nilerr // a refusal
	}
	switch r.Method {
	case http.MethodHead:
		missing, err := s.Missing(r.Context(), []string{name})
		switch {
		case err != nil:
			return http.StatusServiceUnavailable, err
		case len(missing) > 0:
			return http.StatusNotFound, nil
		}
		return http.StatusOK, nil
	case http.MethodPut:
		return s.put(r, name)
	}
	return http.StatusMethodNotAllowed, nil
}

func (s *Store) put(r *http.Request, name string) (status int, err error) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != contentType {
		return http.StatusUnsupportedMediaType, nil
	}
	content, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, nil
	case err != nil:
		return http.StatusBadRequest, nil //nolint:nilerr // the client has gone
	case http.DetectContentType(content) != contentType:
		return http.StatusUnsupportedMediaType, nil
	}
	if err := s.Put(r.Context(), s.Pool, name, content); err != nil {
		return http.StatusServiceUnavailable, postgres.Error(err)
	}
	return http.StatusOK, nil
}
