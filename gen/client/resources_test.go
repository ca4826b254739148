package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/client"
)

// threePages answers with d-1 and d-2, d-3, d-4 of a list of three pages, and keeps what was asked.
func threePages(t *testing.T, asked *[]string) *client.API {
	t.Helper()
	return client.Resources(connect(t, func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.RequestURI())
		data := map[string]string{"1": `{"id":"d-1"},{"id":"d-2"}`, "2": `{"id":"d-3"}`, "3": `{"id":"d-4"}`}[r.URL.Query().Get("page")]
		answer(w, http.StatusOK, fmt.Sprintf(`{"meta":{},"data":[%s],"paging":{"total_pages":3}}`, data))
	}))
}

func TestAllPagesAreRead(t *testing.T) {
	t.Parallel()
	var asked, ids []string
	params := &client.ListDivisionsParams{Status: new("ACTIVE"), PageSize: new(2)}
	every := threePages(t, &asked).Divisions.All(t.Context(), params)
	params.Status = nil // is too late
	for range 2 {       // and a second time
		for division, err := range every {
			require.NoError(t, err)
			ids = append(ids, division.ID)
		}
	}
	require.Equal(t, []string{"d-1", "d-2", "d-3", "d-4", "d-1", "d-2", "d-3", "d-4"}, ids)
	once := []string{
		"/api/divisions?status=ACTIVE&page=1&page_size=2", "/api/divisions?status=ACTIVE&page=2&page_size=2",
		"/api/divisions?status=ACTIVE&page=3&page_size=2",
	}
	require.Equal(t, append(once, once...), asked)
	require.Equal(t, &client.ListDivisionsParams{PageSize: new(2)}, params)
}

func TestPagesAreReadWhileTheCallerWants(t *testing.T) {
	t.Parallel()
	var asked []string
	for division, err := range threePages(t, &asked).Divisions.All(t.Context(), nil) {
		require.NoError(t, err)
		if division.ID == "d-2" {
			break
		}
	}
	require.Equal(t, []string{"/api/divisions?page=1"}, asked)
}

func TestPagesAreReadFromTheOneThatIsWanted(t *testing.T) {
	t.Parallel()
	for from, want := range map[int]int{3: 1, 2: 2, 0: 4, -1: 4} {
		var asked []string
		entries := 0
		for _, err := range threePages(t, &asked).Divisions.All(t.Context(), &client.ListDivisionsParams{Page: &from}) {
			require.NoError(t, err)
			entries++
		}
		require.Equal(t, want, entries, "from %d: %v", from, asked)
	}
}

func TestARefusedPageEndsTheList(t *testing.T) {
	t.Parallel()
	asked := 0
	c := client.Resources(connect(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 2 {
			answer(w, http.StatusForbidden, `{"meta":{"request_id":"r-9"},"error":{"type":"forbidden","message":"no"}}`)
			return
		}
		answer(w, http.StatusOK, `{"meta":{},"data":[{"id":"d-1"}],"paging":{"total_pages":3}}`)
	}))
	var ids []string
	var errs []error
	for division, err := range c.Divisions.All(t.Context(), nil) {
		ids, errs = append(ids, division.ID), append(errs, err)
	}
	require.Equal(t, []string{"d-1", ""}, ids)
	require.NoError(t, errs[0])
	var refusal *client.Error
	require.ErrorAs(t, errs[1], &refusal)
	require.Equal(t, "forbidden", refusal.Type)
	require.Equal(t, 2, asked)
}

func TestResourcesSendWhatTheyAreGiven(t *testing.T) {
	t.Parallel()
	var request *http.Request
	var body string
	c := client.Resources(connect(t, func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		request, body = r, string(raw)
		switch r.Method {
		case http.MethodPost:
			answer(w, http.StatusOK, `{"meta":{},"data":{"id":"d-1"}}`)
		default:
			answer(w, http.StatusAccepted, `{"meta":{},"data":{"status":"pending"}}`)
		}
	}))

	created, err := c.Divisions.Create(t.Context(), client.DivisionRequest{Name: "Відділення"}, client.WithIdempotencyKey("key-1"))
	require.NoError(t, err)
	require.Equal(t, "d-1", created.Data.ID)
	require.Equal(t, "key-1", request.Header.Get("X-Idempotency-Key"))
	require.Contains(t, body, `"name":"Відділення"`)

	_, err = c.ServiceRequests.Recall(t.Context(), "patient", "request", client.RecallServiceRequestJSONRequestBody{})
	require.NoError(t, err)
	require.Equal(t, "PATCH /api/patients/patient/service_requests/request/actions/recall", request.Method+" "+request.URL.Path)
}

func TestOneOfTwoAnswersIsGiven(t *testing.T) {
	t.Parallel()
	status := http.StatusCreated
	c := client.Resources(connect(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, status, `{"meta":{},"data":{"id":"a-1","status":"pending"}}`)
	}))
	approval, job, err := c.Approvals.ResendSMS(t.Context(), "patient", "a-1")
	require.NoError(t, err)
	require.Nil(t, job)
	require.Equal(t, "a-1", approval.Data.ID)

	status = http.StatusAccepted
	approval, job, err = c.Approvals.ResendSMS(t.Context(), "patient", "a-1")
	require.NoError(t, err)
	require.Nil(t, approval)
	require.NotNil(t, job)

	status = http.StatusSeeOther // of a job that has ended
	ended, err := c.Jobs.Get(t.Context(), "j-1")
	require.NoError(t, err)
	require.NotNil(t, ended)
}

func TestRefusalsOfResources(t *testing.T) {
	t.Parallel()
	status := http.StatusUnprocessableEntity
	c := client.Resources(connect(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-ID", "r-9")
		if status < http.StatusBadRequest {
			answer(w, status, `{"meta":{},"data":{}}`)
			return
		}
		answer(w, status, `{"meta":{},"error":{"type":"validation_failed","message":"Validation failed."}}`)
	}))
	call := func(ctx context.Context) map[string]error {
		_, created := c.Divisions.Create(ctx, client.DivisionRequest{})
		_, _, verified := c.Approvals.Verify(ctx, "p-1", "a-1", client.VerifyApprovalJSONRequestBody{})
		return map[string]error{"POST /api/divisions": created, "PATCH /api/patients/{patient_id}/approvals/{id}": verified}
	}
	for _, err := range call(t.Context()) {
		var refusal *client.Error
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, "validation_failed", refusal.Type)
	}

	// Success with a status that the contract has not: there is no body to return.
	status = http.StatusPartialContent
	for operation, err := range call(t.Context()) {
		require.EqualError(t, err, operation+": 206 not an answer of this API: the contract has no such status for this operation [request r-9]")
	}
}
