package bench

// Micro is a Go benchmark of a part of the way.
type Micro struct {
	Name   string  `json:"name"`
	Time   Stat    `json:"time_ns"`
	Bytes  float64 `json:"bytes"`
	Allocs float64 `json:"allocs"`
}
