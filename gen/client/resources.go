package client

import (
	"iter"
	"net/http"
)

// answered is the body of an answer, or an error when it came with a status that the contract has not.
func answered[Body any](res *http.Response, operation string, body *Body) (*Body, error) {
	if body == nil {
		return nil, unanswered(res, operation)
	}
	return body, nil
}

func unanswered(res *http.Response, operation string) *Error {
	return &Error{
		Operation: operation, StatusCode: res.StatusCode, RequestID: res.Header.Get("X-Request-ID"),
		Message: "the contract has no such status for this operation",
	}
}

// pages goes through the entries of all pages from the first on.
func pages[Item any](first *int, read func(page *int) ([]Item, Paging, error)) iter.Seq2[Item, error] {
	from := 1
	if first != nil {
		from = max(from, *first) // a page below 1 is answered as the first one
	}
	return func(yield func(Item, error) bool) {
		for page := from; ; page++ {
			items, paging, err := read(new(page))
			if err != nil {
				var none Item
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if page >= paging.TotalPages {
				return
			}
		}
	}
}
