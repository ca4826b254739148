package build

import (
	"encoding/base64"
	"encoding/json"

	"esoz/internal/platform/signature"
	"esoz/internal/sandbox/authority"
)

// Sign puts content into a container of the sandbox's authority, in base64.
func (w *World) Sign(content any, by signature.Signer) string {
	return w.SignWith(func(a *authority.Authority, content []byte) []byte {
		return a.SignBy(content, authority.Owner{Signer: by}, w.Now)
	}, content)
}

// SignWith lets the authority do something else with content.
func (w *World) SignWith(do func(a *authority.Authority, content []byte) []byte, content any) string {
	raw, err := json.Marshal(content)
	if err != nil {
		panic(err) // a value of the world
	}
	return base64.StdEncoding.EncodeToString(do(authority.New(), raw))
}
