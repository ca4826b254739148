package main

import (
	"net/http"
	"slices"
	"strconv"
)

// everyHeader are the headers that any answer may have, by their names in components/headers.
var everyHeader = []string{
	"X-Request-ID", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset",
	"X-RateLimit-Limit-Minute", "X-RateLimit-Remaining-Minute", "Access-Control-Allow-Origin",
}

// retryStatuses are the answers that say when to come again.
var retryStatuses = []int{http.StatusTooManyRequests, http.StatusServiceUnavailable}

// declareHeaders adds to each answer of the operation the headers that it may have, as any other answer.
func (c *contract) declareHeaders(op *operation, p *problems) {
	for code, response := range entries(at(op.node, "responses")) {
		names := everyHeader
		status, err := strconv.Atoi(code)
		switch {
		case err != nil:
		case slices.Contains(retryStatuses, status), op.idempotent && status == http.StatusConflict:
			names = append([]string{"Retry-After"}, names...)
		case op.idempotent && status < http.StatusMultipleChoices:
			names = append([]string{"Idempotency-Replayed"}, names...)
		}
		headers := at(response, "headers")
		if headers == nil {
			headers = mapping()
			insertBefore(response, "content", "headers", headers)
		}
		for _, name := range names {
			if at(c.root, "components", "headers", name) == nil {
				p.add(rootFile, nil, "components/headers has no %s", name)
				return
			}
			set(headers, name, flow(mapping("$ref", "#/components/headers/"+name)))
		}
	}
}
