package torture

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/clock"
	"esoz/internal/sandbox/world"
)

// T12: pages of divisions whose working hours are as large as they could once be stored, many at once.
func TestLargePages(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T12", "large pages that were stored before there were bounds end within the deadline and 512 MiB")
	const (
		atOnce   = 32
		deadline = 10 * time.Second
		slack    = 4 * time.Second // of a client that reads while the server refuses, on a busy machine
	)
	r := newRig(t, rigOptions{})
	_, err := r.pool.Exec(t.Context(), `
		INSERT INTO prm.divisions (id, name, type, mountain_group, phones, legal_entity_id, status, is_active, working_hours,
		                           inserted_by, inserted_at, updated_by, updated_at)
		SELECT gen_random_uuid(), 'Old', 'CLINIC', false, '[]', $1, 'ACTIVE', true,
		       (SELECT jsonb_build_object('mon', jsonb_agg(jsonb_build_array('08.00', '12.0' || minute % 10)))
		        FROM generate_series(1, 3333) AS minute),
		       $2, $3, $2, $3
		FROM generate_series(1, 281)`, world.ID("clinic"), world.SystemUser, r.world.Now)
	require.NoError(t, err)
	s := r.serve("GOMEMLIMIT=460MiB", "REQUEST_TIMEOUT="+deadline.String()) // as on a machine with 512 MiB
	peak := watchMemory(t, s.admin)

	var mu sync.Mutex
	statuses := map[int]int{}
	var clients sync.WaitGroup
	for range atOnce {
		clients.Go(func() {
			took := clock.Stopwatch()
			status := s.readPage(t.Context(), 300)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
			if elapsed := took(); elapsed > deadline+slack {
				t.Errorf("a page took %s", elapsed)
			}
		})
	}
	clients.Wait()
	t.Log(statuses)
	require.Equal(t, atOnce, statuses[http.StatusOK]+statuses[http.StatusServiceUnavailable], "%v", statuses)
	require.Positive(t, statuses[http.StatusOK])
	require.Equal(t, http.StatusOK, s.readPage(t.Context(), 1))
	most := peak() / mebibyte
	tr.add("large pages", statuses[http.StatusOK])
	tr.add("MiB at most", most)
	require.Less(t, most, 512)
}

// readPage reads a page of divisions to its end and returns its status, or 0 when there was no whole answer.
func (s *server) readPage(ctx context.Context, size int) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/divisions?page_size="+strconv.Itoa(size), http.NoBody)
	if err != nil {
		return 0
	}
	request.Header.Set("Authorization", "Bearer "+world.TokenValue("owner"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode == http.StatusOK && !bytes.Contains(answer, []byte(`"paging"`)) {
		return 0
	}
	return response.StatusCode
}
