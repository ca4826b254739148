package bench

import (
	"fmt"
	"image/color"
	"io"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// chart draws the rows as bars, each with the least and the most of its rounds:
// the rates, or at a constant rate the latencies.
func (b Benchmark) chart(w io.Writer) error {
	of, label := Measured.Rate, "requests a second"
	if b.Steady {
		of, label = Measured.P99, "p99, ms"
	}
	p := plot.New()
	p.Title.Text = b.ID + ": " + b.Title
	p.X.Label.Text = label
	p.X.Min = 0
	p.Y.Padding = vg.Points(25) // viewers whose font is wider need room for the names
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		style.Font.Variant, style.Font.Size = "Sans", vg.Points(10)
	}
	bars := &spreads{}
	var names []string
	for _, row := range slices.Backward(b.Rows) { // the first on top
		if len(row.Rounds) > 0 {
			bars.stats, names = append(bars.stats, of(row)), append(names, row.Name)
		}
	}
	const width = 16
	drawn, err := plotter.NewBarChart(bars, vg.Points(width))
	if err != nil {
		return fmt.Errorf("draw %s: %w", b.ID, err)
	}
	drawn.Horizontal = true
	drawn.LineStyle.Width = 0
	drawn.Color = color.RGBA{R: 0x9d, G: 0xc3, B: 0xe6, A: 0xff}
	whiskers, err := plotter.NewXErrorBars(bars)
	if err != nil {
		return fmt.Errorf("draw %s: %w", b.ID, err)
	}
	p.Add(drawn, whiskers)
	p.NominalY(names...)
	image, err := p.WriterTo(8*vg.Inch, vg.Points(float64(90+2*width*len(names))), "svg")
	if err != nil {
		return fmt.Errorf("draw %s: %w", b.ID, err)
	}
	if _, err := image.WriteTo(w); err != nil {
		return fmt.Errorf("write the chart of %s: %w", b.ID, err)
	}
	return nil
}

// spreads are what the plotter draws.
type spreads struct{ stats []Stat }

// Len implements plotter.Valuer and plotter.XYer.
func (s *spreads) Len() int { return len(s.stats) }

// Value implements plotter.Valuer.
func (s *spreads) Value(i int) float64 { return s.stats[i].Median }

// XY implements plotter.XYer.
func (s *spreads) XY(i int) (x, y float64) { return s.stats[i].Median, float64(i) }

// XError implements plotter.XErrorer.
func (s *spreads) XError(i int) (low, high float64) {
	return s.stats[i].Median - s.stats[i].Min, s.stats[i].Max - s.stats[i].Median
}
