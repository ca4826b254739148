package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"esoz/internal/sandbox/world"
)

// Tokens maps the name or the value of a token of the world, or the value of an
// API-key or hosting key, to what the server knows in its place.
type Tokens map[string]string

// ReadTokens reads a JSON object.
func ReadTokens(from io.Reader) (Tokens, error) {
	var tokens Tokens
	if err := json.NewDecoder(from).Decode(&tokens); err != nil {
		// The decoder's own words could quote what stands there.
		return nil, fmt.Errorf(`%w: it is not a JSON object of names and tokens, {"doctor": "…"}`, ErrWorld)
	}
	for name, value := range tokens {
		if value == "" {
			return nil, fmt.Errorf("%w: %q has no token", ErrWorld, name)
		}
	}
	return tokens, nil
}

// secrets puts the server's tokens into requests, and takes all tokens out of
// what is printed.
type secrets struct {
	tokens Tokens
	names  map[string]string // by value in the world
	hide   *strings.Replacer
}

func newSecrets(w *world.World, tokens Tokens) *secrets {
	s := &secrets{tokens: tokens, names: map[string]string{}}
	hidden := map[string]bool{}
	for _, t := range w.Tokens {
		s.names[t.Value], hidden[t.Value] = t.Name, true
	}
	for _, k := range w.Keys {
		s.names[k.Value], hidden[k.Value] = k.Name, true
	}
	for _, value := range tokens {
		hidden[value] = true
	}
	var pairs []string
	for _, value := range slices.SortedFunc(maps.Keys(hidden), func(a, b string) int { return len(b) - len(a) }) {
		if len(value) >= 6 { // shorter ones are words
			pairs = append(pairs, value, mask)
		}
	}
	s.hide = strings.NewReplacer(pairs...)
	return s
}

const mask = "***"

// secretHeaders of a request.
var secretHeaders = []string{"Authorization", "API-key", "X-Custom-PSK"}

// dress puts the server's tokens into the headers.
func (s *secrets) dress(r world.Request) world.Request {
	r.Headers = maps.Clone(r.Headers)
	for name, value := range r.Headers {
		if slices.ContainsFunc(secretHeaders, func(secret string) bool { return strings.EqualFold(secret, name) }) {
			scheme, token := splitScheme(value)
			r.Headers[name] = scheme + s.real(token)
		}
	}
	return r
}

func splitScheme(header string) (scheme, token string) {
	if i := strings.LastIndex(header, " "); i >= 0 {
		return header[:i+1], header[i+1:]
	}
	return "", header
}

func (s *secrets) real(token string) string {
	for _, key := range []string{token, s.names[token]} {
		if value, ok := s.tokens[key]; ok && key != "" {
			return value
		}
	}
	return token
}

// secretFields of bodies.
var secretFields = []string{"password", "client_secret", "refresh_token", "code"}

// undress puts names in the place of the tokens of a request, and hides what is
// secret in its body.
func (s *secrets) undress(r world.Request) world.Request {
	r.Headers = maps.Clone(r.Headers)
	for name, value := range r.Headers {
		if slices.ContainsFunc(secretHeaders, func(secret string) bool { return strings.EqualFold(secret, name) }) {
			scheme, token := splitScheme(value)
			known := s.names[token]
			if known == "" {
				known = mask
			} else {
				known = "<" + known + ">"
			}
			r.Headers[name] = scheme + known
		}
	}
	r.Body = withoutSecrets(r.Body)
	return r
}

func withoutSecrets(value any) any {
	switch value := value.(type) {
	case []any:
		all := make([]any, len(value))
		for i, item := range value {
			all[i] = withoutSecrets(item)
		}
		return all
	case map[string]any:
		object := make(map[string]any, len(value))
		_, coding := value["system"] // the code of a coding is none
		for name, member := range value {
			if slices.Contains(secretFields, name) && (name != "code" || !coding) {
				member = mask
			}
			object[name] = withoutSecrets(member)
		}
		return object
	}
	return value
}
