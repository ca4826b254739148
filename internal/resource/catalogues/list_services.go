package catalogues

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
)

// ListServices serves GET /api/services.
func (a *API) ListServices(ctx context.Context, req api.ListServicesRequestObject) (api.ListServicesResponseObject, error) {
	p := req.Params
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total := a.Services.Current().page(newFilter(p.Code, p.Name), page)
	return servicesPage{envelope.ListMeta(ctx), found, page.Paging(total, envelope.EmptySQL)}, nil
}

func newFilter(code, name *string) filter {
	var f filter
	if code != nil {
		f.code = keyOf(*code, "").code
	}
	if name != nil {
		f.name = keyOf("", *name).name
	}
	return f
}

// servicesPage is api.ListServices200JSONResponse, which would take ten times as long to
// encode.
type servicesPage struct {
	meta   api.Meta
	found  []*group
	paging api.Paging
}

// VisitListServicesResponse writes the answer.
func (p servicesPage) VisitListServicesResponse(w http.ResponseWriter) error {
	meta, err := json.Marshal(p.meta)
	if err != nil {
		return fmt.Errorf("encode meta: %w", err)
	}
	paging, err := json.Marshal(p.paging)
	if err != nil {
		return fmt.Errorf("encode paging: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	buffered := bufio.NewWriterSize(w, 64<<10)
	_, _ = fmt.Fprintf(buffered, `{"meta":%s,"data":`, meta)
	writeList(buffered, p.found, (*group).write)
	_, _ = fmt.Fprintf(buffered, `,"paging":%s}`+"\n", paging)
	return buffered.Flush()
}
