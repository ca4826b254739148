package publish

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// setServer puts a deployment's base before the servers of the national system, and makes the addresses of OAuth absolute,
// which readers of OpenAPI 3.1 want. OAuth wants TLS (RFC 6749, section 3.1): a deployment without it, like a sandbox on
// the loopback, shows the addresses of the national system.
func setServer(root *yaml.Node, base string) {
	oauth := BaseURL
	if base != "" {
		servers := tree.At(root, "servers")
		own := tree.Mapping("url", base, "description", "This deployment of esoz", "x-description-uk", "Це розгортання esoz")
		servers.Content = append([]*yaml.Node{own}, servers.Content...)
		if strings.HasPrefix(base, "https://") {
			oauth = base
		}
	}
	flow := tree.At(root, "components", "securitySchemes", "oauth2", "flows", "authorizationCode")
	for key, address := range tree.Entries(flow) {
		if strings.HasSuffix(key, "Url") && strings.HasPrefix(address.Value, "/") {
			address.Value = oauth + address.Value
		}
	}
}

// setKeys says that the national system wants X-Custom-PSK and API-key with every call (general.apib L54-58), those
// without a token included. A deployment of esoz can also be called without X-Custom-PSK and, where no token is wanted,
// without any key.
func setKeys(op *yaml.Node, isNational bool) {
	contract := tree.Items(tree.At(op, "security"))
	hosted := tree.Mapping()
	if len(contract) > 0 {
		tree.Set(hosted, "oauth2", tree.Clone(tree.At(contract[0], "oauth2")))
	}
	for _, key := range []string{"apiKey", "customPsk"} {
		tree.Set(hosted, key, &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle})
	}
	security := tree.Sequence(hosted)
	if !isNational {
		first := tree.Mapping()
		if len(contract) > 0 {
			first = contract[0]
		}
		security = tree.Sequence(first, hosted)
	}
	tree.Set(op, "security", security)
}
