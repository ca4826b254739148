package sandbox

import (
	"net"
	"net/netip"
)

func isLoopback(a net.Addr) bool {
	address, err := netip.ParseAddrPort(a.String())
	return err == nil && address.Addr().Unmap().IsLoopback()
}

// reachable is the host and port at which others reach a listener: one that listens on every address has none that can be
// called, so it is that of the first network, or of loopback where there is no network.
func reachable(a net.Addr) string {
	listening, err := netip.ParseAddrPort(a.String())
	if err != nil || !listening.Addr().IsUnspecified() {
		return a.String()
	}
	own := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	networks, _ := net.InterfaceAddrs() // without them loopback remains
	for _, network := range networks {
		prefix, err := netip.ParsePrefix(network.String())
		if err == nil && prefix.Addr().Is4() && prefix.Addr().IsGlobalUnicast() {
			own = prefix.Addr()
			break
		}
	}
	return netip.AddrPortFrom(own, listening.Port()).String()
}
