package reference

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"esoz/internal/sandbox/world"
)

// API is the page of a document that has no rules: the sandbox's own methods.
type API struct{ site *Site }

// NewAPI reads a document of OpenAPI.
func NewAPI(document []byte) (*API, error) {
	var err error
	s := &Site{}
	if s.atlas, err = readAtlas(document); err != nil {
		return nil, err
	}
	s.template, err = parsed()
	return &API{s}, err
}

// Page shows all methods. root is the way from it to the root of the sandbox that baseURL calls.
func (a *API) Page(root, baseURL string) ([]byte, error) {
	v := view{Source: Source{Live: true, BaseURL: baseURL}, Site: a.site, Title: "Sandbox API", Root: root + "docs/"}
	var out bytes.Buffer
	if err := a.site.template.ExecuteTemplate(&out, "own.html", v); err != nil {
		return nil, fmt.Errorf("make the page of the sandbox's methods: %w", err)
	}
	return out.Bytes(), nil
}

// Example calls the operation of the page as its document's examples do.
func (v view) Example() attempt {
	request, query := world.Request{Method: v.About.Method, Path: v.About.Path}, url.Values{}
	for _, p := range v.Parameters() {
		switch p.In {
		case "path":
			request.Path = strings.ReplaceAll(request.Path, "{"+p.Name+"}", cmp.Or(url.PathEscape(p.Example), "{"+p.Name+"}"))
		case "query":
			if p.Required && p.Example != "" {
				query.Set(p.Name, p.Example)
			}
		}
	}
	if len(query) > 0 {
		request.Path += "?" + query.Encode()
	}
	if sent := v.Body(); sent != nil && len(sent.Examples) > 0 {
		request.Raw, request.Headers = sent.Examples[0].Body, map[string]string{"Content-Type": "application/json"}
	}
	prefilled := url.Values{"method": {request.Method}, "path": {request.Path}}
	if request.Raw != "" {
		prefilled.Set("body", request.Raw)
	}
	return attempt{Curl: request.Curl(v.BaseURL), Send: v.send(prefilled)}
}
