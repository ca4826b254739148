package bench

import (
	"testing"
	"time"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/require"
)

func TestStat(t *testing.T) {
	t.Parallel()
	require.Equal(t, Stat{}, statOf(nil))
	require.Equal(t, Stat{3, 3, 3}, statOf([]float64{3}))
	require.Equal(t, Stat{2, 1, 9}, statOf([]float64{9, 1, 2}))
	require.Equal(t, Stat{2.5, 1, 9}, statOf([]float64{9, 1, 2, 3}))
}

func TestMeasured(t *testing.T) {
	t.Parallel()
	m := Measured{Rounds: []Round{
		{Requests: 100, Wrong: 10, Time: 2 * time.Second, CPU: 10 * time.Millisecond, P99: 4 * time.Millisecond},
		{Requests: 200, Time: 2 * time.Second, CPU: 10 * time.Millisecond, P99: 2 * time.Millisecond},
		{}, // nothing was sent
	}}
	require.Equal(t, Stat{45, 0, 100}, m.Rate())
	require.Equal(t, Stat{50, 0, 100}, m.CPU())
	require.Equal(t, Stat{2, 0, 4}, m.P99())
	require.Equal(t, 10, m.Wrong())
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		goal Goal
		want string
	}{
		{Goal{Want: 1, Got: 2}, NotMeasured},
		{Goal{Want: 1, Got: 1, Measured: true}, Met},
		{Goal{Want: 1, Got: 1.01, Measured: true}, NotMet},
		{Goal{Want: 1, Got: 1, Measured: true, AtLeast: true}, Met},
		{Goal{Want: 1, Got: 0.99, Measured: true, AtLeast: true}, NotMet},
	} {
		require.Equal(t, c.want, c.goal.Verdict(), "%+v", c.goal)
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	children := map[int][]int{1: {2, 3}, 2: {4}, 9: {10}}
	require.Equal(t, []int{1, 2, 3, 4}, tree(1, children))
	require.Equal(t, []int{7}, tree(7, children))
	require.Equal(t, 1230*time.Millisecond, ticks(procfs.ProcStat{UTime: 100, STime: 20, CUTime: 2, CSTime: 1}))
}
