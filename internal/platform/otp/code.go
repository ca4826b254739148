package otp

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// newCode draws length-1 digits of 1 to 9 and appends their check digit.
func newCode(length int) (int, error) {
	code := 0
	for range length - 1 {
		digit, err := rand.Int(rand.Reader, big.NewInt(9))
		if err != nil {
			return 0, fmt.Errorf("draw a code: %w", err)
		}
		code = code*10 + int(digit.Int64()) + 1
	}
	return code*10 + checkDigit(code), nil
}

// IsCode reports whether newCode could make a code of this length.
func IsCode(code, length int) bool {
	digits := strconv.Itoa(code)
	return code > 0 && len(digits) == length && !strings.ContainsRune(digits[:length-1], '0') && checkDigit(code/10) == code%10
}

// checkDigit returns the Luhn digit as the OTP service computes it: it doubles every
// second digit from the left.
func checkDigit(number int) int {
	sum := 0
	for i, r := range strconv.Itoa(number) {
		d := int(r - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum * 9 % 10
}

// Example is a code of this length.
func Example(length int) int {
	code := 0
	for i := range length - 1 {
		code = code*10 + i%9 + 1
	}
	return code*10 + checkDigit(code)
}
