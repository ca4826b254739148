package events

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var naiveDateTime = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?Z?$`)

// A moment is a date and time of the documented form, in UTC; what it names is
// the moment that is read.
func FuzzMoment(f *testing.F) {
	for _, text := range []string{
		"2017-12-07T12:00:00", "2017-12-07 12:00", "2017-12-07T12:00:00.5Z", "2017-12-07T1:00:00", "2017-12-07T12:00:00+02:00",
		"2017-02-30T12:00:00", "0000-01-01T00:00:00", "9999-12-31T23:59:59", "2016-12-31T23:59:60", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read, ok := moment(&text)
		switch {
		case text == "":
			require.Nil(t, read)
			require.True(t, ok)
		case !ok:
			require.Nil(t, read)
		default:
			require.Regexp(t, naiveDateTime, text)
			require.Equal(t, time.UTC, read.Location())
			require.Equal(t, text[:len("2006-01-02")], read.Format(time.DateOnly))
			require.Equal(t, text[len("2006-01-02T"):len("2006-01-02T15:04")], read.Format("15:04"))
		}
	})
}
