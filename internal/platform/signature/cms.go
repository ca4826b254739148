package signature

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// What a container may hold at most. A container that holds more is refused
// before anything in it is verified.
const (
	maxCertificates = 32
	maxSigners      = 16
	maxAttributes   = 64
	maxCRLs         = 8
)

var (
	errNoContainer        = errors.New("not a CMS SignedData")
	errTooMany            = errors.New("the container holds too much")
	constructed           = tag.Tag(0).Constructed()
	explicit0, explicit1  = tag.Tag(0).Constructed().ContextSpecific(), tag.Tag(1).Constructed().ContextSpecific()
	keyIDTag, octetString = tag.Tag(0).ContextSpecific(), tag.OCTET_STRING
)

// container is a CMS SignedData (RFC 5652) as it came. Its slices refer to the
// bytes that were parsed.
type container struct {
	contentType  asn1.ObjectIdentifier
	content      []byte // nil when it is detached
	certificates [][]byte
	crls         [][]byte
	signers      []signerInfo
}

// signerInfo is one signature of a container.
type signerInfo struct {
	issuer     []byte   // DER of the name,
	serial     *big.Int // and the number; or
	keyID      []byte   // the subject key identifier
	digest     algorithm
	attributes []byte // DER of the SET of signed attributes, as it came; nil when there are none
	signed     []attribute
	algorithm  algorithm
	signature  []byte
	unsigned   []attribute
}

type algorithm struct {
	oid        asn1.ObjectIdentifier
	parameters []byte // DER, may be empty
}

// attribute has the DER of its values.
type attribute struct {
	oid    asn1.ObjectIdentifier
	values [][]byte
}

// parseContainer reads DER; what is no DER is read as BER, which streaming signers
// make.
func parseContainer(raw []byte) (*container, error) {
	c, err := parseDER(raw)
	if err == nil || errors.Is(err, errTooMany) {
		return c, err
	}
	der, ok := toDER(raw)
	if !ok {
		return nil, err
	}
	return parseDER(der)
}

func parseDER(raw []byte) (*container, error) {
	input := cryptobyte.String(raw)
	var info, wrapped, data, algorithms, encapsulated, infos cryptobyte.String
	var contentType asn1.ObjectIdentifier
	if !input.ReadASN1(&info, tag.SEQUENCE) || !input.Empty() || !info.ReadASN1ObjectIdentifier(&contentType) ||
		!contentType.Equal(oidSignedData) || !info.ReadASN1(&wrapped, explicit0) || !info.Empty() ||
		!wrapped.ReadASN1(&data, tag.SEQUENCE) || !wrapped.Empty() {
		return nil, errNoContainer
	}
	c := new(container)
	var version int
	if !data.ReadASN1Integer(&version) || !data.ReadASN1(&algorithms, tag.SET) || !data.ReadASN1(&encapsulated, tag.SEQUENCE) ||
		!encapsulated.ReadASN1ObjectIdentifier(&c.contentType) {
		return nil, errNoContainer
	}
	if content, ok, err := readContent(encapsulated); err != nil {
		return nil, err
	} else if ok {
		c.content = content
	}
	for _, list := range []struct {
		tag  tag.Tag
		to   *[][]byte
		most int
	}{{explicit0, &c.certificates, maxCertificates}, {explicit1, &c.crls, maxCRLs}} {
		var items cryptobyte.String
		var present bool
		if !data.ReadOptionalASN1(&items, &present, list.tag) {
			return nil, errNoContainer
		}
		var err error
		if *list.to, err = elements(items, list.most); err != nil {
			return nil, err
		}
	}
	if !data.ReadASN1(&infos, tag.SET) || !data.Empty() {
		return nil, errNoContainer
	}
	signers, err := elements(infos, maxSigners)
	if err != nil {
		return nil, err
	}
	for _, der := range signers {
		s, err := parseSigner(der)
		if err != nil {
			return nil, err
		}
		c.signers = append(c.signers, *s)
	}
	return c, nil
}

// readContent reads the rest of EncapsulatedContentInfo.
func readContent(encapsulated cryptobyte.String) (content []byte, present bool, err error) {
	var wrapped, octets cryptobyte.String
	if !encapsulated.ReadOptionalASN1(&wrapped, &present, explicit0) || !encapsulated.Empty() {
		return nil, false, errNoContainer
	}
	if present && (!wrapped.ReadASN1(&octets, octetString) || !wrapped.Empty()) {
		return nil, false, errNoContainer
	}
	return octets, present, nil
}

func parseSigner(der []byte) (*signerInfo, error) {
	input := cryptobyte.String(der)
	s := new(signerInfo)
	var body cryptobyte.String
	var version int
	if !input.ReadASN1(&body, tag.SEQUENCE) || !body.ReadASN1Integer(&version) {
		return nil, errNoContainer
	}
	if body.PeekASN1Tag(tag.SEQUENCE) {
		var id, issuer cryptobyte.String
		s.serial = new(big.Int)
		if !body.ReadASN1(&id, tag.SEQUENCE) || !id.ReadASN1Element(&issuer, tag.SEQUENCE) ||
			!id.ReadASN1Integer(s.serial) || !id.Empty() {
			return nil, errNoContainer
		}
		s.issuer = issuer
	} else {
		var id cryptobyte.String
		if !body.ReadASN1(&id, keyIDTag) {
			return nil, errNoContainer
		}
		s.keyID = id
	}
	var set, value, unsigned cryptobyte.String
	var signed, more bool
	if !readAlgorithm(&body, &s.digest) {
		return nil, errNoContainer
	}
	whole := body
	if !body.ReadOptionalASN1(&set, &signed, explicit0) {
		return nil, errNoContainer
	}
	var err error
	if signed {
		// What is signed is the DER of a SET, of which this is the body.
		s.attributes = bytes.Clone(whole[:len(whole)-len(body)])
		s.attributes[0] = byte(tag.SET)
		if s.signed, err = parseAttributes(set); err != nil {
			return nil, err
		}
	}
	if !readAlgorithm(&body, &s.algorithm) || !body.ReadASN1(&value, octetString) ||
		!body.ReadOptionalASN1(&unsigned, &more, explicit1) || !body.Empty() {
		return nil, errNoContainer
	}
	s.signature = value
	if s.unsigned, err = parseAttributes(unsigned); err != nil {
		return nil, err
	}
	return s, nil
}

func readAlgorithm(from *cryptobyte.String, to *algorithm) bool {
	var body cryptobyte.String
	if !from.ReadASN1(&body, tag.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&to.oid) {
		return false
	}
	to.parameters = body
	return true
}

func parseAttributes(set cryptobyte.String) ([]attribute, error) {
	all, err := elements(set, maxAttributes)
	if err != nil {
		return nil, err
	}
	attributes := make([]attribute, len(all))
	for i, der := range all {
		input := cryptobyte.String(der)
		var body, values cryptobyte.String
		if !input.ReadASN1(&body, tag.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&attributes[i].oid) ||
			!body.ReadASN1(&values, tag.SET) || !body.Empty() {
			return nil, errNoContainer
		}
		if attributes[i].values, err = elements(values, maxAttributes); err != nil {
			return nil, err
		}
	}
	return attributes, nil
}

// elements splits a list.
func elements(list cryptobyte.String, most int) (all [][]byte, err error) {
	for !list.Empty() {
		if len(all) == most {
			return nil, errTooMany
		}
		var element cryptobyte.String
		var kind tag.Tag
		if !list.ReadAnyASN1Element(&element, &kind) {
			return nil, errNoContainer
		}
		all = append(all, element)
	}
	return all, nil
}

// one returns the only value of an attribute. An attribute that comes twice has
// none, because readers would choose differently.
func one(attributes []attribute, oid asn1.ObjectIdentifier) ([]byte, error) {
	var found []byte
	for _, a := range attributes {
		if !a.oid.Equal(oid) {
			continue
		}
		if found != nil || len(a.values) != 1 {
			return nil, fmt.Errorf("attribute %s: more than one value", oid)
		}
		found = a.values[0]
	}
	return found, nil
}

// octets reads an attribute's value that is one OCTET STRING.
func octets(der []byte) []byte {
	input := cryptobyte.String(der)
	var value cryptobyte.String
	if !input.ReadASN1(&value, octetString) || !input.Empty() {
		return nil
	}
	return value
}
