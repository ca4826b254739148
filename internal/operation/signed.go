package operation

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"esoz/gen/rules"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/signature"
	"esoz/internal/platform/validation"
)

// Signed is the signed content of a request. The state of an operation that takes
// some embeds it and fills Sent; the checks of SignedContent open it.
type Signed struct {
	Sent   string // the field, as it came
	Values int    // how many values the content may have; 0: as many as a body

	Content    *validation.Value // what was signed
	Signatures []signature.Signature

	opened     bool
	base64     bool
	size, most int
	open       error // of signature.Open
	json       error // of Content
}

func (s *Signed) signed() *Signed { return s }

// SignedState is the state of an operation that takes signed content.
type SignedState interface {
	State
	signed() *Signed
}

// SignedContent are the checks of signed content that must have so many signatures
// and stamps, those of the template list signed.content. family is that of the
// operation's x-rules.
func SignedContent[S SignedState](family string, signatures, stamps int) []Check[S] {
	check := func(name string, pass func(s *Signed) error) Check[S] {
		return Check[S]{Rule: signedRule(family, name), Pass: func(ctx context.Context, s S) error {
			s.signed().read(ctx, s.caller())
			return pass(s.signed())
		}}
	}
	checks := []Check[S]{
		check("base64", func(s *Signed) error {
			return Expect(s.base64, "signed content", "base64 without line breaks", "another text")
		}),
		check("size", func(s *Signed) error {
			return Expect(s.size <= s.most, "size of the content", fmt.Sprintf("at most %d bytes (MAX_SIGNED_CONTENT_BYTES)", s.most), "more")
		}),
		check("readable", func(s *Signed) error {
			return Expect(s.open == nil, "container", "a few signatures and certificates", "too many")
		}),
		check("json", func(s *Signed) error {
			if s.json == nil {
				return nil
			}
			return Explained(fault.NewFact("content", "JSON in UTF-8", "another text"), "error", position(s.json))
		}),
		check("count", func(s *Signed) error { return s.count(signatures, stamps) }),
	}
	for _, one := range signature.Checks {
		checks = append(checks, check(string(one), func(s *Signed) error { return s.passes(one) }))
	}
	return checks
}

// SignerIsCaller are the checks that the person who signed is the user of the token
// (the template list signed.by_caller). A token without a party passes none.
func SignerIsCaller[S SignedState](family string) []Check[S] {
	return []Check[S]{
		{Rule: signedRule(family, "drfo_present"), Pass: func(ctx context.Context, s S) error {
			s.signed().read(ctx, s.caller())
			return Expect(s.signed().Signer().DRFO != "", "drfo of the signer", "a number in the certificate", "none")
		}},
		{Rule: signedRule(family, "drfo"), Pass: func(ctx context.Context, s S) error {
			s.signed().read(ctx, s.caller())
			ok := s.caller().Party != nil && SameNumber(s.signed().Signer().DRFO, s.caller().Party.TaxID)
			return Expect(ok, "drfo of the signer", "tax_id of the token's user", "another number")
		}},
	}
}

func signedRule(family, name string) rules.ID { return rules.ID(family + ".signed_" + name) }

// read opens the content, once.
func (s *Signed) read(ctx context.Context, c *Caller) {
	if s.opened {
		return
	}
	s.opened = true
	raw, err := base64.StdEncoding.DecodeString(s.Sent)
	s.base64 = err == nil && !strings.ContainsAny(s.Sent, "\r\n") // which Go ignores, and the national service does not
	if !s.base64 {
		return
	}
	content := &signature.Content{JSON: raw}
	if c.Config.Signature != config.SignaturePlain {
		if content, s.open = c.Config.SignatureRoots.Open(raw, c.Now); s.open != nil {
			return
		}
	}
	if s.size, s.most = len(content.JSON), c.Config.MaxSignedBytes; s.size > s.most {
		return
	}
	s.Signatures = content.Signatures
	if len(s.Signatures) == 0 {
		if c.Config.Signature == config.SignatureCMS {
			return // nothing is signed: the count says so
		}
		s.Signatures = signature.ClaimsFrom(ctx)
		if len(s.Signatures) == 0 {
			s.Signatures = []signature.Signature{{Signer: c.Signer()}}
		}
	}
	if s.Values > 0 {
		s.Content, s.json = validation.DecodeUpTo(content.JSON, s.Values)
	} else {
		s.Content, s.json = validation.Decode(content.JSON)
	}
}

// position says where JSON breaks, without a word of it.
func position(err error) string {
	if syntactic := (*jsontext.SyntacticError)(nil); errors.As(err, &syntactic) {
		return fmt.Sprintf("unexpected byte at position %d", syntactic.ByteOffset)
	}
	return "not one JSON value"
}

func (s *Signed) count(signatures, stamps int) error {
	found := len(slices.DeleteFunc(slices.Clone(s.Signatures), func(one signature.Signature) bool { return !one.IsStamp }))
	counted := func(n int, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return fmt.Sprintf("%d %ss", n, what)
	}
	return Expect(found == stamps && len(s.Signatures)-found == signatures, "signatures of the content",
		counted(signatures, "signature")+" and "+counted(stamps, "stamp"), counted(len(s.Signatures)-found, "signature")+" and "+counted(found, "stamp"),
		"signatures", counted(len(s.Signatures)-found, "signature"), "stamps", counted(found, "stamp"))
}

// passes makes one check of every container.
func (s *Signed) passes(check signature.Check) error {
	for _, one := range s.Signatures {
		for _, failed := range one.Failed {
			if failed.Check == check {
				return Explained(fault.NewFact("container", failed.Expected, failed.Found), "signatures", failed.Signers)
			}
		}
	}
	return nil
}

// Object is the content as an object; one of another kind has no fields.
func (s *Signed) Object() map[string]any {
	if s.Content == nil {
		return nil
	}
	object, _ := s.Content.JSON.(map[string]any)
	return object
}

// ContentIs is the check that signed content has the shape of a schema of the contract. It
// reads the content into what into returns.
func ContentIs[A, D, B any](rule rules.ID, schema string, into func(b *B) any) Check[*Call[A, D, B]] {
	return Check[*Call[A, D, B]]{Rule: rule, Pass: func(ctx context.Context, c *Call[A, D, B]) error {
		c.read(ctx, &c.Caller)
		if refusal := c.engine.Contents.Check(schema, c.Content, rule); refusal != nil {
			return refusal
		}
		raw, err := json.Marshal(c.Content.JSON)
		if err == nil {
			err = json.Unmarshal(raw, into(&c.Body))
		}
		if err != nil {
			return fmt.Errorf("read what is signed: %w", err)
		}
		c.readID(ctx)
		return nil
	}}
}

// readID reads the id that signed content gives a new document.
func (c *Call[A, D, B]) readID(ctx context.Context) {
	c.read(ctx, &c.Caller)
	text, _ := c.Object()["id"].(string)
	if id, ok := envelope.ParseID(text); ok {
		c.ID = id
	}
}

// ExpectShown refuses when the content differs from what a read shows of the stored object.
// Fields that are added, or that change with the moment, are not compared.
func (s *Signed) ExpectShown(shown any, added ...string) error {
	raw, err := json.Marshal(shown)
	if err != nil {
		return fmt.Errorf("render what is stored: %w", err)
	}
	stored, err := validation.Decode(bytes.Clone(raw))
	if err != nil {
		return fmt.Errorf("read what is stored: %w", err)
	}
	return ExpectSame(without(s.Content.JSON, added), without(stored.JSON, added))
}

func without(content any, fields []string) any {
	object, ok := content.(map[string]any)
	if !ok {
		return content
	}
	rest := maps.Clone(object)
	maps.DeleteFunc(rest, func(key string, _ any) bool { return slices.Contains(fields, key) })
	return rest
}

// Signer is the person of the last signature that is no stamp.
func (s *Signed) Signer() signature.Signer {
	for _, one := range slices.Backward(s.Signatures) {
		if !one.IsStamp {
			return one.Signer
		}
	}
	return signature.Signer{}
}

// latin holds Latin letters that look like Cyrillic ones: numbers of passports are
// written with either.
var latin = strings.NewReplacer("А", "A", "В", "B", "С", "C", "Е", "E", "Н", "H", "І", "I", "К", "K", "М", "M", "О", "O", "Р", "P", "Т", "T", "Х", "X", " ", "")

// SameNumber compares numbers of persons as signatures have them with those of the
// registry.
func SameNumber(signed, stored string) bool {
	same := func(number string) string { return latin.Replace(strings.ToUpper(number)) }
	return stored != "" && same(signed) == same(stored)
}

// ExpectSame refuses when signed content differs from what is stored, and names the
// places for explain. Both are decoded JSON.
func ExpectSame(signed, stored any) error {
	places := differences("$", signed, stored, nil)
	return Expect(len(places) == 0, "signed content", "the stored content", "differences in "+strings.Join(places, ", "))
}

// mostPlaces is how many places of different content are named.
const mostPlaces = 20

// differences lists where two values differ. Keys that only the signed value has
// may hold anything and are not named.
func differences(at string, signed, stored any, found []string) []string {
	if len(found) >= mostPlaces {
		return found
	}
	switch stored := stored.(type) {
	case map[string]any:
		object, ok := signed.(map[string]any)
		if !ok {
			return append(found, at)
		}
		for _, key := range slices.Sorted(maps.Keys(stored)) {
			value, has := object[key]
			if !has {
				found = append(found, at+"."+key+" (missing)")
				continue
			}
			found = differences(at+"."+key, value, stored[key], found)
		}
		for key := range object {
			if _, known := stored[key]; !known {
				return append(found, at+" (unknown fields)")
			}
		}
		return found
	case []any:
		list, ok := signed.([]any)
		if !ok || len(list) != len(stored) {
			return append(found, at)
		}
		for i := range stored {
			found = differences(fmt.Sprintf("%s[%d]", at, i), list[i], stored[i], found)
		}
		return found
	}
	if signed != stored {
		return append(found, at)
	}
	return found
}
