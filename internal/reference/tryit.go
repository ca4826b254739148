package reference

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"esoz/internal/sandbox/world"
)

// authorize fills in the secrets once the document is read, and leaves alone
// what the reader has put in their place.
const authorize = `function() {
	var known = SECRETS, mine = window.ui.authSelectors.authorized();
	var schemes = window.ui.specSelectors.specJson().getIn(["components", "securitySchemes"]);
	Object.keys(known).forEach(function(name) {
		if (!schemes.has(name) || (mine && mine.has(name))) return;
		var secret = {};
		secret[name] = {name: name, schema: schemes.get(name), value: known[name]};
		window.ui.authActions.authorize(secret);
	});
}`

// tryIt is the page on which requests are sent to this sandbox. Its tokens are
// the same in every world.
func (s *Site) tryIt(current func() *world.World) (http.Handler, error) {
	known, err := json.Marshal(secrets(current()))
	if err != nil {
		return nil, fmt.Errorf("encode the tokens: %w", err)
	}
	v := view{Source: Source{Live: true}, Title: "Try it", Root: "../"}
	head, err := piece("try-head", v)
	if err != nil {
		return nil, err
	}
	header, err := piece("header", v)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+Prefix+"try/", v5emb.NewHandlerWithConfig(swgui.Config{
		Title: "Try it", SwaggerJSON: "./openapi.json", BasePath: "./", InternalBasePath: Prefix + "try/", AppendHead: head, PrependHTML: header,
		SettingsUI: map[string]string{
			"onComplete":           strings.ReplaceAll(authorize, "SECRETS", string(known)),
			"persistAuthorization": "true",
			"showExtensions":       "false",
			"filter":               "true",
		},
	}))
	mux.HandleFunc("GET "+Prefix+"try/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		content, err := trying(s.files["openapi.json"].content, current())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		send(w, file{"application/json", content})
	})
	return mux, nil
}
