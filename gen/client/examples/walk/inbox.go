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

// sms is a message as the inbox shows it. Code is the number at its end, if there is one.
type sms struct{ Phone, Text, Code string }

// next waits for the first message after a moment.
func (i sandboxInbox) next(ctx context.Context, after time.Time) (message sms, err error) {
	query := url.Values{"wait": {"10s"}, "after": {after.UTC().Format(time.RFC3339Nano)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, i.baseURL+"/_sandbox/sms?"+query.Encode(), nil)
	if err != nil {
		return sms{}, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return sms{}, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	var messages []sms
	if err := json.NewDecoder(res.Body).Decode(&messages); err != nil {
		return sms{}, fmt.Errorf("inbox of the sandbox: %w", err)
	}
	if len(messages) == 0 {
		return sms{}, errors.New("no message arrived")
	}
	return messages[0], nil
}
