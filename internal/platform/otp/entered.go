package otp

import (
	"errors"
	"fmt"
	"strconv"

	"esoz/gen/rules"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
)

// noCode is no code of any verification.
const noCode = -1

// Entered reads a code that a client has sent as a number or a text. What cannot be
// one is a wrong code, and costs an attempt.
func Entered(sent any) int {
	switch sent := sent.(type) {
	case float64:
		const beyond = 1e9 // codes have at most nine digits
		if code := int(min(max(sent, noCode), beyond)); float64(code) == sent {
			return code
		}
	case string:
		if code, err := strconv.Atoi(sent); err == nil {
			return code
		}
	}
	return noCode
}

// Rejection turns an error of Judge into the refusal of the operation's rule: attempts
// when no code is live, expired, and wrong. It returns other errors unchanged.
func Rejection(err error, cfg *config.Config, attempts, expired, wrong rules.ID) error {
	switch {
	case errors.Is(err, ErrNoVerification), errors.Is(err, ErrAttempts):
		return fault.Refuse(attempts).Because("code",
			fmt.Sprintf("live, after fewer than %d attempts (MAX_ATTEMPTS)", cfg.MaxAttempts), "used, cancelled, or no attempt is left")
	case errors.Is(err, ErrExpired):
		return fault.Refuse(expired).Because("age of the code",
			fmt.Sprintf("at most %d minutes (CODE_EXPIRATION_PERIOD_MINUTES)", cfg.CodeExpirationMinutes), "more")
	case errors.Is(err, ErrWrongCode):
		return fault.Refuse(wrong).Because("code", "the code of the last SMS for this request", "another one")
	}
	return err
}
