package bench

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sample is a run in which everything has happened.
func sample() *Results {
	b1 := Benchmark{
		ID: "B1", Title: "Create Division", About: "One kind of request.",
		Rows: []Measured{
			{Name: "esoz", Memory: 64 << 20, Rounds: []Round{
				{Requests: 2000, Time: time.Second, P50: 5 * time.Millisecond, P99: 20 * time.Millisecond, CPU: 700 * time.Millisecond, Engines: 600 * time.Millisecond},
				{Requests: 1801, Wrong: 1, Example: "POST /api/divisions: 503 in place of [200]", Time: time.Second, P50: 6 * time.Millisecond, P99: 30 * time.Millisecond, CPU: 700 * time.Millisecond, Engines: 600 * time.Millisecond},
			}},
			{Name: "floor", Rounds: []Round{{Requests: 2500, Time: time.Second}}},
			{Name: "Prism", Problem: "node is\nnot installed", Rounds: []Round{}},
		},
	}
	b1.reachRate("rate beside the floor", 0.85, "esoz", "floor")
	b1.reachRate("rate beside Prism", 1.5, "esoz", "Prism")
	start := Benchmark{ID: "start", Title: "Starting up"}
	start.figure("server: start to first answer", "s", 0.2, 0.4, 0.3)
	start.keep("server: start to first answer", 0.25, 0.3, "s", true)
	return &Results{
		Machine: Machine{Cores: 2, CPU: "a processor", Kernel: "Linux 6", Settings: []Version{{"fsync", "on"}}, Versions: []Version{{"Go", "go1.26"}}},
		Plan:    Full(),
		Benchmarks: []Benchmark{b1, start, {ID: "B3", Title: "Transitions", Problem: "the store is away"}, {
			ID: "parts", Title: "Parts", Micro: []Micro{{Name: "envelope.Encode", Times: []float64{5000, 5200, 5100}, Bytes: 544, Allocs: 17}},
		}},
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	require.NoError(t, sample().WriteTables(&text))
	for _, line := range []string{
		"| B1    | rate beside the floor         |   ≥ 0.85 |    0.760 | not met      |",
		"| B1    | rate beside Prism             |    ≥ 1.5 |        - | not measured |",
		"| start | server: start to first answer | ≤ 0.25 s |  0.300 s | not met      |",
		"- esoz: 1 unexpected, such as POST /api/divisions: 503 in place of [200]",
		"- Prism: not measured: node is not installed",
		"| server: start to first answer | 0.300 (0.200–0.400) | s    |",
		"**It came to nothing:** the store is away",
		"| envelope.Encode | 5 100 (5 000–5 200) ns |   544 |          17 |",
	} {
		require.Contains(t, text.String(), line+"\n")
	}
	require.Regexp(t, `\| esoz +\| +1 900 \(1 800–2 000\) \| +5.50 \(5–6\) \| +25 \(20–30\) \| +369 \(350–389\) \| +317 \(300–333\) \| +64 \| +1 \|`, text.String())
	require.Regexp(t, `\| floor +\| +2 500 \| +- \| +- \| +- \| +0 \| +- \| +0 \|`, text.String())
}

func TestDocument(t *testing.T) {
	t.Parallel()
	folder, results := t.TempDir(), sample()
	require.NoError(t, results.WriteDocument(folder))

	document, err := os.ReadFile(filepath.Join(folder, "benchmarks.md"))
	require.NoError(t, err)
	for _, part := range []string{"2 cores of a processor", "One kind of request.", "![B1: Create Division](bench/b1.svg)", "`fsync=on`.", "- Go: go1.26"} {
		require.Contains(t, string(document), part)
	}
	require.NotContains(t, string(document), "start.svg")
	require.NotContains(t, string(document), "\n\n\n")

	chart, err := os.Open(filepath.Join(folder, "bench", "b1.svg"))
	require.NoError(t, err)
	defer chart.Close()
	drawing := xml.NewDecoder(chart)
	var words []string
	for {
		token, err := drawing.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if word, ok := token.(xml.CharData); ok {
			words = append(words, strings.TrimSpace(string(word)))
		}
	}
	require.Subset(t, words, []string{"B1: Create Division", "esoz", "floor"})
	require.NotContains(t, words, "Prism")

	figures, err := os.ReadFile(filepath.Join(folder, "bench", "results.json"))
	require.NoError(t, err)
	var again Results
	require.NoError(t, json.Unmarshal(figures, &again))
	require.Equal(t, results.Benchmarks, again.Benchmarks)
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]float64{
		"0": 0, "4": 4, "0.850": 0.85, "8.50": 8.5, "10.3": 10.31, "1 000 000": 1e6, "1 235": 1234.6, "0.0012": 0.0012, "999": 999, "-1 500": -1500,
	} {
		require.Equal(t, want, number(f))
	}
}
