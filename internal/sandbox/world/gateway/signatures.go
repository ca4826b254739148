package gateway

import (
	"encoding/base64"
	"maps"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/signature"
	"esoz/internal/sandbox/authority"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

// breakSignatures breaks each check of signed content, from the first case in which
// an operation that takes some passes. That case is signed by the user of its token.
func breakSignatures(w *build.World, op operation, passing build.Case) {
	body, _ := passing.Request.Body.(build.Row)
	sent, ok := body[op.signed].(string)
	if !ok {
		return
	}
	signed, err := base64.StdEncoding.DecodeString(sent)
	must(err)
	opened, err := new(signature.Trust).Open(signed, w.Now)
	must(err)
	owner := authority.Owner{Signer: opened.Signatures[0].Signer}
	content, a := opened.JSON, authority.New()
	with := func(field string) build.Request {
		changed := maps.Clone(body)
		changed[op.signed] = field
		return passing.Request.With(changed)
	}
	signs := func(content []byte, owner authority.Owner) build.Request {
		return with(base64.StdEncoding.EncodeToString(a.SignBy(content, owner, w.Now)))
	}
	family := family(op.id)
	refused := func(name, title string, request build.Request, args ...any) *build.Case {
		return w.Refused(op.id, title, request, fault.Refuse(rules.ID(family+".signed_"+name), args...))
	}

	w.Passes(op.id, "all checks of the container", passing.Request, passing.Expect.Status).
		Set("SIGNATURE", "cms", "SIGNATURE_TRUST", "true")
	w.Passes(op.id, "content without a signature", with(base64.StdEncoding.EncodeToString(content)), passing.Expect.Status)

	refused("base64", "not base64", with("?"))
	refused("base64", "base64 with line breaks", with(sent[:64]+"\n"+sent[64:]))
	refused("size", "content beyond the limit", passing.Request).Set("MAX_SIGNED_CONTENT_BYTES", "2")
	nested := content
	for range 7 {
		nested = a.SignBy(nested, owner, w.Now)
	}
	refused("readable", "seven containers in each other", with(base64.StdEncoding.EncodeToString(nested)))
	refused("json", "content that is no JSON", signs([]byte("no JSON"), owner), "error", "unexpected byte at position 1")
	refused("count", "no signature where there must be one", with(base64.StdEncoding.EncodeToString(content)),
		"signatures", "0 signatures", "stamps", "0 stamps").Set("SIGNATURE", "cms")
	refused("count", "two signatures", signs(signed, owner), "signatures", "2 signatures", "stamps", "0 stamps")
	for _, check := range signature.Checks {
		request := with(base64.StdEncoding.EncodeToString(a.Fail(check, content, owner, w.Now)))
		refused(string(check), "a container that fails: "+strings.ReplaceAll(string(check), "_", " "), request, "signatures", 2).
			Set("SIGNATURE_TRUST", "true")
	}
	nobody, stranger := owner, owner
	nobody.DRFO, stranger.DRFO = "", accounts.TaxID("a stranger")
	if _, ok := rules.Get(rules.ID(family + ".signed_drfo")); ok {
		refused("drfo_present", "a certificate without a number", signs(content, nobody))
		refused("drfo", "a foreign signer", signs(content, stranger))
		refused("drfo", "a foreign signer by the headers", with(base64.StdEncoding.EncodeToString(append(content, ' '))).Header("drfo", stranger.DRFO)) // not as in the case that passes
	}
}

// family is the beginning that the rules of an operation share.
func family(operationID string) string {
	own := rules.OfOperation(operationID)
	return string(own[0].ID[:strings.LastIndexByte(string(own[0].ID), '.')])
}
