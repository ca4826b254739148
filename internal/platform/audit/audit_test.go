package audit_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/audit"
	"esoz/internal/testkit"
)

// The id of a patient is personal data.
func TestErrorsNameNobody(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	tx, err := s.Pool.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, tx.Rollback(t.Context()))
	for says, changeset := range map[string]any{"encode": func() {}, "write": map[string]any{}} {
		e := audit.Entry{Actor: uuid.New(), Resource: "persons", ResourceID: uuid.New(), Changeset: changeset, At: time.Unix(0, 0)}
		err := audit.Write(t.Context(), tx, e)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "persons")
		require.NotContains(t, err.Error(), e.ResourceID.String())
	}
}
