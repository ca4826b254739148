package app

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"esoz/internal/platform/config"
)

// OwnVisitors refuses what pages of other sites make a browser send. It stands before addresses that need no secret: a
// sandbox, whose tokens are public, and the admin address. listen is the address that they listen on.
//
// A page reads such an address when its own name is made to lead there (DNS rebinding): the browser then sends that name
// as Host. A page that keeps its name sends Sec-Fetch-Site: cross-site.
func OwnVisitors(next http.Handler, live *config.Live, listen string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cfg := live.Get()
		switch {
		case !ownHost(cfg, listen, r.Host):
			refuseVisitor(w, fmt.Sprintf("the host name %q is not one of this address; --allow-host (ALLOWED_HOSTS) allows it", r.Host))
		case fromElsewhere(cfg, r):
			refuseVisitor(w, "a page of another site may not call this address; CORS_ORIGINS allows pages to call the API")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// ownHost returns whether a request may name the host. Browsers always send one, and some probes do not.
func ownHost(cfg *config.Config, listen, host string) bool {
	name := hostName(host)
	if _, err := netip.ParseAddr(name); name == "" || err == nil {
		return true
	}
	own := []string{"localhost", hostName(listen)}
	if base, err := url.Parse(cfg.PublicBaseURL); err == nil {
		own = append(own, hostName(base.Host))
	}
	return slices.Contains(own, name) ||
		slices.ContainsFunc(cfg.AllowedHosts, func(allowed string) bool { return hostName(allowed) == name })
}

func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// fromElsewhere returns whether a page of another site sent a request. Links lead here from anywhere: the page that has
// the link does not see the answer.
func fromElsewhere(cfg *config.Config, r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") != "cross-site" {
		return false
	}
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document" {
		return false
	}
	return !cfg.AllowsOrigin(r.Header.Get("Origin"))
}

func refuseVisitor(w http.ResponseWriter, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why}) // a client that went away
}
