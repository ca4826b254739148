package httpapi

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// allowOrigins lets pages of the configured origins call the API. Without origins
// it adds no header, and a preflight is refused like other methods that a path
// does not have.
func (s *Server) allowOrigins() echo.MiddlewareFunc {
	return middleware.CORSWithConfig(middleware.CORSConfig{
		Skipper:         func(echo.Context) bool { return len(s.Config.Get().CORSOrigins) == 0 },
		AllowOriginFunc: func(origin string) (bool, error) { return s.Config.Get().AllowsOrigin(origin), nil },
		AllowMethods:    []string{http.MethodGet, http.MethodPost, http.MethodPatch},
		AllowHeaders: []string{
			echo.HeaderAuthorization, "API-key", "X-Custom-PSK", echo.HeaderContentType, echo.HeaderXRequestID,
			"X-Idempotency-Key", "Idempotency-Key",
		},
		ExposeHeaders: []string{
			echo.HeaderXRequestID, echo.HeaderRetryAfter, echo.HeaderLocation, "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset",
			"X-RateLimit-Limit-Minute", "X-RateLimit-Remaining-Minute", "Idempotency-Replayed",
			"X-Sandbox-Rule", "X-Sandbox-Hint", "X-Sandbox-Warning", "X-Sandbox-Explain",
		},
		MaxAge: 600,
	})
}

// clientAddress finds the address of a client. It trusts X-Forwarded-For of the
// given proxies only.
func clientAddress(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		trust = append(trust, echo.TrustIPRange(&net.IPNet{
			IP: p.Masked().Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}
