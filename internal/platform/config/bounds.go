package config

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// outOfBounds compares numbers and durations with the tags min and max.
func outOfBounds(c *Config) (faults []error) {
	value := reflect.ValueOf(c).Elem()
	for _, f := range Fields() {
		field := value.FieldByName(f.field)
		if !field.CanInt() {
			continue
		}
		if n := field.Int(); n < bound(field, f.Min) {
			faults = append(faults, fmt.Errorf("%s: want at least %s", f.Name, f.Min))
		} else if n > bound(field, f.Max) && !isNever(field) {
			faults = append(faults, fmt.Errorf("%s: want at most %s", f.Name, f.Max))
		}
	}
	return faults
}

func bound(field reflect.Value, text string) int64 {
	if field.Type() == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(text)
		if err != nil {
			panic(err) // a constant
		}
		return int64(d)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err) // a constant
	}
	return n
}

func isNever(field reflect.Value) bool {
	switch age := field.Interface().(type) {
	case Days:
		return age == NeverDays
	case Hours:
		return age == NeverHours
	}
	return false
}

// wrongBaseURL returns why an address cannot be put before a path.
func wrongBaseURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "this is none"
	case !isPort(u):
		return "the port must be 1 to 65535"
	case u.User != nil:
		return "clients would see the name and the password"
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return "no query and no fragment, because paths are put behind it"
	case strings.HasSuffix(text, "/"):
		return "no slash at the end, because paths begin with one"
	}
	return ""
}

// wrongOrigin returns why no browser sends the text as its Origin.
func wrongOrigin(origin string) string {
	u, err := url.Parse(origin)
	switch {
	case origin == "*":
		return ""
	case err != nil || u.Scheme == "" || u.Hostname() == "":
		return "this is none"
	case strings.Contains(origin, "*"):
		return "there are no patterns, only * alone"
	case u.Scheme+"://"+u.Host != origin:
		return "no name, path, query or slash at the end, and the scheme in small letters"
	case strings.ToLower(u.Host) != u.Host:
		return "browsers send the host in small letters"
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r > '~' || r <= ' ' }):
		return "browsers send such a host in punycode (xn--)"
	case !isPort(u):
		return "the port must be 1 to 65535"
	case u.Scheme == "https" && u.Port() == "443", u.Scheme == "http" && u.Port() == "80":
		return "browsers leave out the usual port"
	}
	return ""
}

// isPort returns whether an address has a usable port or none.
func isPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}
