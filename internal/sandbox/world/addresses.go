package world

import "esoz/internal/uaddresses"

// addresses names the built-in settlements that come with the migrations.
func (w *World) addresses() {
	for _, s := range []struct{ name, code, note string }{
		{"settlement Київ", uaddresses.CodeKyiv, "CITY; an area of its own, without a region"},
		{"settlement Бердичів", uaddresses.CodeBerdychiv, "CITY; Житомирська, Бердичівський"},
		{"settlement Верховина", uaddresses.CodeVerkhovyna, "SETTLEMENT of the mountain group; Івано-Франківська, Верховинський"},
	} {
		w.Objects = append(w.Objects, Object{Name: s.name, Kind: "settlement", ID: uaddresses.ID(s.code), Note: s.note})
	}
}
