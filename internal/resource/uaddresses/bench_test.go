package uaddresses_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/resource/uaddresses"
	"esoz/internal/testkit"
)

// BenchmarkSettlementCheck is what Create Division asks of an address.
func BenchmarkSettlementCheck(b *testing.B) {
	cache := testkit.New(b, testkit.Idle()).Addresses
	id := uaddresses.ID(uaddresses.CodeBerdychiv)
	b.ReportAllocs()
	for b.Loop() {
		settlement, found := cache.Settlement(id)
		area, ok := cache.Area(settlement.AreaID)
		if !found || !ok || !cache.AreaNamed("Житомирська") || !cache.SettlementNamed("Бердичів") ||
			!uaddresses.SameName(settlement.Name, "Бердичів") || !uaddresses.SameName(area.Name, "Житомирська") {
			require.Fail(b, "Бердичів in Житомирська is not found")
		}
	}
}
