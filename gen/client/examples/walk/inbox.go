package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// sandboxInbox is the phone of all patients of the sandbox. It is no part of the
// API: elsewhere people read their SMS and tell the code.
type sandboxInbox struct{ baseURL string }

// next waits for the first message after a moment.
func (i sandboxInbox) next(ctx context.Context, after time.Time) (phone, code string, err error) {
	query := url.Values{"wait": {"10s"}, "after": {after.UTC().Format(time.RFC3339Nano)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, i.baseURL+"/_sandbox/sms?"+query.Encode(), nil)
	if err != nil {
		return "", "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	var messages []struct{ Phone, Code string }
	if err := json.NewDecoder(res.Body).Decode(&messages); err != nil {
		return "", "", fmt.Errorf("inbox of the sandbox: %w", err)
	}
	if len(messages) == 0 {
		return "", "", errors.New("no message arrived")
	}
	return messages[0].Phone, messages[0].Code, nil
}
