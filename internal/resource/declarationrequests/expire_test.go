package declarationrequests_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/resource/declarationrequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// Requests expire at their age and not before; their data and their scans are gone.
func TestRequestsExpire(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	f.exec("UPDATE il.declaration_requests SET inserted_at = $1, data = NULL WHERE mpi_id IS DISTINCT FROM $2", f.Clock.Now(), world.ID("confided_patient"))
	made, urgent := f.created(asked("offline_declarant", "doctor"))
	jpeg := append([]byte{0xFF, 0xD8, 0xFF, 0xE0}, make([]byte, 100)...)
	for _, document := range urgent.Documents {
		require.Equal(t, http.StatusOK, f.scan(http.MethodPut, document.URL, "image/jpeg", jpeg))
	}
	signed := world.ID("signed declaration request")
	inserted := one[time.Time](f, "SELECT inserted_at FROM il.declaration_requests WHERE id = $1", made["id"])
	f.exec("UPDATE il.declaration_requests SET inserted_at = $2 WHERE id = $1", signed, inserted)
	scans := f.Count(t, "il.media")
	api := &declarationrequests.API{
		Engine: &operation.Engine{Config: f.Config}, Store: declarationrequests.Store{Pool: f.Pool},
	}
	expire := func(age time.Duration) {
		f.Clock.Set(inserted.Add(age))
		api.Engine.Clock = clock.Stopped(inserted.Add(age)) // to the microsecond
		require.NoError(t, api.ExpireDeclarationRequests(t.Context()))
	}

	expire(24*time.Hour - time.Microsecond)
	require.Equal(t, "NEW", f.stored(made["id"])["status"])
	require.Equal(t, scans, f.Count(t, "il.media"))
	expire(24 * time.Hour)
	for id, status := range map[string]string{made["id"].(string): "EXPIRED", signed.String(): "SIGNED"} {
		row := f.stored(uuid.MustParse(id))
		require.Equal(t, status, row["status"])
		for _, column := range []string{
			"data", "data_to_be_signed", "printout_content", "documents", "authentication_method_current", "data_legal_entity_id", "data_start_date_year",
		} {
			require.Nil(t, row[column], column)
		}
		require.Equal(t, world.SystemUser.String(), row["updated_by"])
		require.NotNil(t, row["data_employee_id"])
	}
	require.Equal(t, "request_overdue", f.stored(made["id"])["status_reason"])
	require.Nil(t, f.stored(signed)["status_reason"])
	require.Equal(t, scans-len(urgent.Documents), f.Count(t, "il.media"))
	audited := "prm.audit_log WHERE actor_id = $1 AND resource_id = $2"
	require.Equal(t, 1, f.Count(t, audited, world.SystemUser, made["id"]))
	require.Zero(t, f.Count(t, audited, world.SystemUser, signed))

	before := f.contents("il.declaration_requests")
	expire(48 * time.Hour)
	require.Equal(t, before, f.contents("il.declaration_requests"), "once is enough")
	require.Equal(t, http.StatusForbidden, f.approve(made["id"], world.LiveCode).Status, "it is nobody's any more")
}
