package world

import "esoz/internal/resource/uaddresses"

// addresses names those of the built-in settlements, which come with the
// migrations, that show something.
func (w *World) addresses() {
	for _, s := range []struct{ name, code, note string }{
		{"settlement Київ", uaddresses.CodeKyiv, "CITY and an area at once, in no region; has streets with former names"},
		{"settlement Бердичів", uaddresses.CodeBerdychiv, "CITY; area Житомирська, region Бердичівський; has streets"},
		{"settlement Верховина", uaddresses.CodeVerkhovyna, "SETTLEMENT of the mountain group; area Івано-Франківська, region Верховинський"},
		{"settlement Криворівня", uaddresses.CodeKryvorivna, "VILLAGE of the mountain group; area Івано-Франківська, region Верховинський"},
	} {
		w.Objects = append(w.Objects, Object{Name: s.name, Kind: "settlement", ID: uaddresses.ID(s.code), Note: s.note})
	}
}
