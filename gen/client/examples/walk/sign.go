package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// shown is a part of an answer, to be signed.
func shown(answer []byte, path ...string) (content map[string]any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.UseNumber() // numbers are signed as they came
	if err := decoder.Decode(&content); err != nil {
		return nil, fmt.Errorf("read what is to be signed: %w", err)
	}
	for _, field := range path {
		content, _ = content[field].(map[string]any)
	}
	return content, nil
}

// signAs signs with a key of the sandbox, for the owner of a token. Elsewhere the user's own key does that.
func signAs(ctx context.Context, baseURL, token string, content map[string]any) (container string, err error) {
	body, err := jsonOf(map[string]any{"content": content})
	if err != nil {
		return "", fmt.Errorf("write what is to be signed: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, baseURL+"/_sandbox/sign", body)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	var signed struct {
		Container string `json:"signed_content"`
	}
	if err := json.NewDecoder(response.Body).Decode(&signed); err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return signed.Container, nil
}
