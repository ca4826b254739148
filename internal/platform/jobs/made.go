package jobs

import (
	"encoding/json"
	"fmt"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/seal"
)

// SealParams seals the parameters of a job without a request: the sandbox's world
// has jobs in every state.
func SealParams(keys *seal.Keys, params any) ([]byte, error) {
	raw, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("encode params: %w", err)
	}
	return keys.Seal(purposeParams, raw), nil
}

// SealResponse seals the outcome of such a job. refusal is nil unless the job has
// failed.
func SealResponse(keys *seal.Keys, outcome Outcome, refusal *fault.Error) ([]byte, error) {
	made := response{Links: outcome.Links, ResponseData: outcome.ResponseData}
	if refusal != nil {
		made.Error = errorOf(refusal)
	}
	raw, err := json.Marshal(made)
	if err != nil {
		return nil, fmt.Errorf("encode response: %w", err)
	}
	return keys.Seal(purposeResponse, raw), nil
}
