package otp

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/gen/db"
)

func TestCheckDigit(t *testing.T) {
	t.Parallel()
	for number, digit := range map[int]int{
		123: 2, 999: 3, 111: 6, 1: 9, 5: 5, 12: 5, 99: 2, 11111111: 8, 99999999: 8,
	} {
		require.Equal(t, digit, checkDigit(number), "%d", number)
	}
}

func TestNewCode(t *testing.T) {
	t.Parallel()
	for length := 2; length <= 9; length++ {
		pattern := regexp.MustCompile(`^[1-9]{` + strconv.Itoa(length-1) + `}[0-9]$`)
		for range 100 {
			code, err := newCode(length)
			require.NoError(t, err)
			require.Regexp(t, pattern, strconv.Itoa(code))
			require.Equal(t, checkDigit(code/10), code%10)
			require.True(t, IsCode(code, length))
			require.False(t, IsCode(code, length+1))
		}
	}
	seen := map[int]bool{}
	for range 20_000 {
		code, err := newCode(4)
		require.NoError(t, err)
		seen[code] = true
	}
	require.Len(t, seen, 729, "every code can be drawn")
}

func TestIsCode(t *testing.T) {
	t.Parallel()
	for code, is := range map[int]bool{1232: true, 1233: false, 9993: true, 1022: false, 123: false, 12325: false, 0: false, -1232: false} {
		require.Equal(t, is, IsCode(code, 4), "%d", code)
	}
	for length := 2; length <= 9; length++ {
		require.True(t, IsCode(Example(length), length), "%d", Example(length))
	}
}

// A code is valid until the microsecond of its expiry.
func TestJudge(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	live := db.CountVerificationAttemptRow{CodeExpiredAt: end}
	require.NoError(t, judge(live, true, end.Add(-time.Microsecond)))
	require.ErrorIs(t, judge(live, false, end.Add(-time.Microsecond)), ErrWrongCode)
	for _, late := range []time.Duration{0, time.Microsecond, time.Hour} {
		require.ErrorIs(t, judge(live, true, end.Add(late)), ErrExpired)
		require.ErrorIs(t, judge(live, false, end.Add(late)), ErrExpired, "too late comes before wrong")
	}
}

// The next code may be sent at the microsecond in which the limit ends.
func TestWaitAfter(t *testing.T) {
	t.Parallel()
	last := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	for after, wait := range map[time.Duration]time.Duration{
		0:                              time.Minute,
		time.Minute - time.Microsecond: time.Microsecond,
		time.Minute:                    0,
		time.Minute + time.Microsecond: -time.Microsecond,
		-time.Hour:                     time.Minute,
	} {
		require.Equal(t, wait, waitAfter(last, time.Minute, last.Add(after)), "%s", after)
	}
}
