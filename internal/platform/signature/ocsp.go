package signature

import (
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// maxResponders is how many certificates an answer may bring.
const maxResponders = 4

type ocspStatus int

const (
	ocspUnknown ocspStatus = iota
	ocspGood
	ocspRevoked
)

// ocspResponse is a BasicOCSPResponse (RFC 6960).
type ocspResponse struct {
	signed       []byte
	algorithm    algorithm
	signature    []byte
	certificates [][]byte
	single       []ocspSingle
}

type ocspSingle struct {
	serial     *big.Int
	status     ocspStatus
	this, next time.Time
	hasNext    bool
}

func parseOCSP(der []byte) (*ocspResponse, bool) {
	r := new(ocspResponse)
	input := cryptobyte.String(der)
	var body, data, element, wrapped, list, responses, produced cryptobyte.String
	var bits []byte
	var has bool
	if !input.ReadASN1(&body, tag.SEQUENCE) || !body.ReadASN1Element(&element, tag.SEQUENCE) || !readAlgorithm(&body, &r.algorithm) ||
		!body.ReadASN1BitStringAsBytes(&bits) || !body.ReadOptionalASN1(&wrapped, &has, explicit0) {
		return nil, false
	}
	r.signed, r.signature = element, bits
	if has {
		if !wrapped.ReadASN1(&list, tag.SEQUENCE) {
			return nil, false
		}
		var err error
		if r.certificates, err = elements(list, maxResponders); err != nil {
			return nil, false
		}
	}
	var responder cryptobyte.String
	var kind tag.Tag
	if !element.ReadASN1(&data, tag.SEQUENCE) || !data.SkipOptionalASN1(explicit0) || !data.ReadAnyASN1Element(&responder, &kind) ||
		!data.ReadASN1(&produced, tag.GeneralizedTime) || !data.ReadASN1(&responses, tag.SEQUENCE) {
		return nil, false
	}
	all, err := elements(responses, maxCertificates)
	if err != nil {
		return nil, false
	}
	for _, der := range all {
		single, ok := parseSingle(der)
		if !ok {
			return nil, false
		}
		r.single = append(r.single, single)
	}
	return r, true
}

func parseSingle(der []byte) (s ocspSingle, ok bool) {
	input := cryptobyte.String(der)
	var body, id, nameHash, keyHash, status, this, next, wrapped cryptobyte.String
	var hash algorithm
	var kind tag.Tag
	var has bool
	s.serial = new(big.Int)
	if !input.ReadASN1(&body, tag.SEQUENCE) || !body.ReadASN1(&id, tag.SEQUENCE) || !readAlgorithm(&id, &hash) ||
		!id.ReadASN1(&nameHash, octetString) || !id.ReadASN1(&keyHash, octetString) || !id.ReadASN1Integer(s.serial) ||
		!body.ReadAnyASN1(&status, &kind) || !body.ReadASN1(&this, tag.GeneralizedTime) ||
		!body.ReadOptionalASN1(&wrapped, &has, explicit0) {
		return s, false
	}
	switch kind {
	case tag.Tag(0).ContextSpecific():
		s.status = ocspGood
	case tag.Tag(1).ContextSpecific().Constructed():
		s.status = ocspRevoked
	}
	var err error
	if s.this, err = time.Parse("20060102150405Z", string(this)); err != nil {
		return s, false
	}
	if has {
		if !wrapped.ReadASN1(&next, tag.GeneralizedTime) {
			return s, false
		}
		if s.next, err = time.Parse("20060102150405Z", string(next)); err != nil {
			return s, false
		}
	}
	s.hasNext = has
	return s, true
}

// lifetime is how long an answer without nextUpdate counts.
const lifetime = 24 * time.Hour

// about returns what the answer says about a certificate at a moment, if it may
// speak for the issuer.
func (r *ocspResponse) about(c, issuer *certificate, at time.Time, t *Trust) ocspStatus {
	for _, s := range r.single {
		if s.serial.Cmp(c.serial) != 0 { // the issuer's: only he, or whom he allows, may have signed
			continue
		}
		until := s.next
		if !s.hasNext {
			until = s.this.Add(lifetime)
		}
		if at.Before(s.this) || !at.Before(until) || !r.isBy(issuer, t) {
			continue
		}
		return s.status
	}
	return ocspUnknown
}

// isBy returns whether the issuer has signed the answer, or a responder whom it
// has allowed to.
func (r *ocspResponse) isBy(issuer *certificate, t *Trust) bool {
	signedBy := func(c *certificate) bool { return c.verify(r.algorithm, nil, r.signed, r.signature) == nil }
	if signedBy(issuer) {
		return true
	}
	isResponder := func(c *certificate) bool {
		return c.mayBeUsedFor(oidOCSPSigning) && c.namesIssuer(issuer) && signedBy(c)
	}
	for _, der := range r.certificates {
		if c, err := parseCertificate(der); err == nil && isResponder(c) && c.isSignedBy(issuer) {
			return true
		}
	}
	return slices.ContainsFunc(t.known, isResponder)
}
