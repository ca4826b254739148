package torture

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/clock"
)

// T21: half of the load that the server can carry, for a long time.
func TestSoak(t *testing.T) {
	t.Parallel()
	const clients = 8
	tr := begin(t, "T21", "at half of its maximum the server's memory and goroutines stay as they are: the last third of the time needs no more than the second")
	r := newRig(t, rigOptions{Documents: documentsOfTests()})
	l := newLoad(t, r, flock{rows: amount(1500, 20_000), documents: amount(60, 2000)})
	l.deadline = 25 * time.Second
	s := l.serve("ENGINE_TIMEOUT=20s", "LOG_LEVEL=warn")

	trial := time.Duration(amount(3, 10)) * time.Second
	l.start(clients, s)
	wait(trial, trial+time.Second)
	l.stop()
	most := float64(l.acknowledgements()) / trial.Seconds()
	l.pace = time.Duration(2 * clients / most * float64(time.Second))

	length := time.Duration(amount(15, 20*60)) * time.Second
	var memory, goroutines []float64
	l.start(clients, s)
	for took := clock.Stopwatch(); took() < length; wait(length/60, length/50) {
		memory = append(memory, s.gauge("process_resident_memory_bytes"))
		goroutines = append(goroutines, s.gauge("go_goroutines"))
	}
	l.audit(false)
	percent := func(readings []float64) int {
		third := len(readings) / 3
		return int(100 * (mean(readings[2*third:])/mean(readings[third:2*third]) - 1))
	}
	require.LessOrEqual(t, percent(memory), amount(20, 5), "percent of growth of memory: %v", memory)
	require.LessOrEqual(t, percent(goroutines), 20, "percent of growth of goroutines: %v", goroutines)
	tr.add("seconds", int(length.Seconds()))
	tr.add("requests", len(l.sent))
	tr.add("a second at most before", int(most))
	tr.add("MB at the end", int(memory[len(memory)-1]/1e6))
	tr.add("% more memory in the last third", percent(memory))
}

func mean(readings []float64) float64 {
	total := 0.0
	for _, n := range readings {
		total += n
	}
	return total / float64(len(readings))
}

// gauge reads one figure of the running server.
func (s *server) gauge(name string) float64 {
	t := s.rig.t
	t.Helper()
	metrics, err := s.metrics()
	require.NoError(t, err)
	for line := range strings.Lines(metrics) {
		if number, is := strings.CutPrefix(line, name+" "); is {
			value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
			require.NoError(t, err)
			return value
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
