package conformance

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"esoz/internal/sandbox/world"
)

// parts are what a request is made of, each of which can be broken on its own:
// "method", "path/03", "query/name", "header/authorization", "body/token/scope".
// A body that is no JSON object is one part, "body".
type parts map[string]any

// raw is a body that is sent byte for byte.
type raw string

// partsOf takes a request apart; ok is false when it could not be put together again.
func partsOf(r world.Request) (p parts, ok bool) {
	path, query, _ := strings.Cut(r.Path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, false
	}
	p = parts{"method": r.Method}
	for i, segment := range strings.Split(path, "/") {
		p[fmt.Sprintf("path/%02d", i)] = segment
	}
	for name, list := range values {
		p["query/"+name] = list
	}
	for name, value := range r.Headers {
		p["header/"+strings.ToLower(name)] = value
	}
	switch {
	case r.Raw != "":
		p["body"] = raw(r.Raw)
	case r.Body != nil:
		p.flatten("body", r.Body)
	}
	return p, true
}

func (p parts) flatten(place string, value any) {
	object, ok := value.(map[string]any)
	slash := func(name string) bool { return strings.Contains(name, "/") }
	if !ok || len(object) == 0 || slices.ContainsFunc(slices.Collect(maps.Keys(object)), slash) {
		p[place] = value
		return
	}
	for name, member := range object {
		p.flatten(place+"/"+name, member)
	}
}

// request puts the parts together.
func (p parts) request() world.Request {
	r := world.Request{Headers: map[string]string{}}
	query := url.Values{}
	var segments []string
	for _, key := range slices.Sorted(maps.Keys(p)) {
		kind, rest, _ := strings.Cut(key, "/")
		switch value := p[key].(type) {
		case raw:
			r.Raw = string(value)
		case []string:
			query[rest] = value
		case string:
			switch kind {
			case "method":
				r.Method = value
			case "path":
				segments = append(segments, value)
			case "header":
				r.Headers[spelling(rest)] = value
			default:
				r.Body = put(r.Body, rest, value)
			}
		default:
			r.Body = put(r.Body, rest, value)
		}
	}
	r.Path = strings.Join(segments, "/")
	if len(query) > 0 {
		r.Path += "?" + query.Encode()
	}
	return r
}

// spelling of a header as the documents have it.
func spelling(header string) string {
	for _, name := range []string{"API-key", "Authorization", "Content-Type", "X-Custom-PSK", "X-Idempotency-Key"} {
		if strings.EqualFold(name, header) {
			return name
		}
	}
	return header
}

// put places a value in a body of objects.
func put(body any, place string, value any) any {
	if place == "" {
		return value
	}
	object, ok := body.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	name, rest, _ := strings.Cut(place, "/")
	object[name] = put(object[name], rest, value)
	return object
}

// changesTo are the changes that turn p into other: absent parts have the value gone.
func (p parts) changesTo(other parts) parts {
	changes := parts{}
	for key, value := range other {
		if old, had := p[key]; !had || !reflect.DeepEqual(old, value) {
			changes[key] = value
		}
	}
	for key := range p {
		if _, has := other[key]; !has {
			changes[key] = gone{}
		}
	}
	return changes
}

type gone struct{}

// with makes changes.
func (p parts) with(changes parts) parts {
	changed := maps.Clone(p)
	for key, value := range changes {
		if _, absent := value.(gone); absent {
			delete(changed, key)
		} else {
			changed[key] = value
		}
	}
	return changed
}

// apart tells whether no change of one touches what the other changes.
func (p parts) apart(other parts) bool {
	for one := range p {
		for two := range other {
			if one == two || strings.HasPrefix(one, two+"/") || strings.HasPrefix(two, one+"/") {
				return false
			}
		}
	}
	return true
}

// touches tells whether a part of a kind is among the changes.
func (p parts) touches(kind string) bool {
	for key := range p {
		if key == kind || strings.HasPrefix(key, kind+"/") {
			return true
		}
	}
	return false
}
