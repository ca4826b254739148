package signature

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes by their names
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// maxRSABits bounds the time of a verification, as crypto/tls does.
const maxRSABits = 8192

var (
	errAlgorithm   = errors.New("unknown or unsafe algorithm")
	errCertificate = errors.New("not a certificate")
	errWrong       = errors.New("the signature does not fit")
)

// certificate is the part of an X.509 certificate that signatures need. crypto/x509
// refuses certificates that are in use: with an authority's key identifier in
// another form, or with texts that are no UTF-8.
type certificate struct {
	signed                    []byte // DER of what the issuer has signed
	algorithm                 algorithm
	signature                 []byte
	serial                    *big.Int
	issuer, subject           []byte // DER of the names
	names                     map[string]string
	notBefore, notAfter       time.Time
	key                       any // *rsa.PublicKey, *ecdsa.PublicKey, *dstuKey, or of a kind that is not verified
	subjectKeyID, issuerKeyID []byte
	isAuthority, hasOCSP      bool
	usages                    []asn1.ObjectIdentifier // extended key usage
	numbers                   []attribute             // of the extension subjectDirectoryAttributes
}

func parseCertificate(der []byte) (*certificate, error) {
	input := cryptobyte.String(der)
	var body, element, data, issuer, validity, subject, key, wrapped cryptobyte.String
	var own algorithm
	var has bool
	c := &certificate{serial: new(big.Int), names: map[string]string{}}
	if !input.ReadASN1(&body, tag.SEQUENCE) || !input.Empty() || !body.ReadASN1Element(&element, tag.SEQUENCE) ||
		!readAlgorithm(&body, &c.algorithm) || !body.ReadASN1BitStringAsBytes(&c.signature) || !body.Empty() {
		return nil, errCertificate
	}
	c.signed = element
	if !element.ReadASN1(&data, tag.SEQUENCE) || !data.SkipOptionalASN1(explicit0) || !data.ReadASN1Integer(c.serial) ||
		!readAlgorithm(&data, &own) || !data.ReadASN1Element(&issuer, tag.SEQUENCE) || !data.ReadASN1(&validity, tag.SEQUENCE) ||
		!readTime(&validity, &c.notBefore) || !readTime(&validity, &c.notAfter) || !data.ReadASN1Element(&subject, tag.SEQUENCE) ||
		!data.ReadASN1Element(&key, tag.SEQUENCE) || !data.SkipOptionalASN1(explicit1^constructed) ||
		!data.SkipOptionalASN1(tag.Tag(2).ContextSpecific()) ||
		!data.ReadOptionalASN1(&wrapped, &has, tag.Tag(3).Constructed().ContextSpecific()) || !data.Empty() {
		return nil, errCertificate
	}
	c.issuer, c.subject = issuer, subject
	if !c.readNames(subject) || has && !c.readExtensions(wrapped) {
		return nil, errCertificate
	}
	var err error
	if c.key, err = parseDSTUKey(key); errors.Is(err, errAlgorithm) {
		c.key, err = x509.ParsePKIXPublicKey(key)
		if err != nil {
			c.key, err = nil, nil // another kind of key
		}
	}
	return c, err
}

func readTime(from *cryptobyte.String, to *time.Time) bool {
	if from.PeekASN1Tag(tag.UTCTime) {
		return from.ReadASN1UTCTime(to)
	}
	return from.ReadASN1GeneralizedTime(to)
}

// readNames reads the texts of a name by object identifier. A text that is not
// UTF-8 is empty.
func (c *certificate) readNames(der cryptobyte.String) bool {
	var sets, set, pair, value cryptobyte.String
	if !der.ReadASN1(&sets, tag.SEQUENCE) {
		return false
	}
	for !sets.Empty() {
		if !sets.ReadASN1(&set, tag.SET) {
			return false
		}
		for !set.Empty() {
			var oid asn1.ObjectIdentifier
			var kind tag.Tag
			if !set.ReadASN1(&pair, tag.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&oid) || !pair.ReadAnyASN1Element(&value, &kind) {
				return false
			}
			c.names[oid.String()] = textOf(value)
		}
	}
	return true
}

// textOf returns a string of ASN.1, "" when it is none.
func textOf(der []byte) string {
	var text string
	if rest, err := asn1.Unmarshal(der, &text); err != nil || len(rest) > 0 {
		return ""
	}
	return text
}

func (c *certificate) readExtensions(wrapped cryptobyte.String) bool {
	var list, extension, value cryptobyte.String
	if !wrapped.ReadASN1(&list, tag.SEQUENCE) {
		return false
	}
	for !list.Empty() {
		var oid asn1.ObjectIdentifier
		if !list.ReadASN1(&extension, tag.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
			!extension.SkipOptionalASN1(tag.BOOLEAN) || !extension.ReadASN1(&value, octetString) {
			return false
		}
		var body, item cryptobyte.String
		switch {
		case oid.Equal(oidSubjectKeyID):
			c.subjectKeyID = octets(value)
		case oid.Equal(oidAuthorityKeyID):
			if c.issuerKeyID = octets(value); c.issuerKeyID == nil && value.ReadASN1(&body, tag.SEQUENCE) && body.ReadASN1(&item, keyIDTag) {
				c.issuerKeyID = item
			}
		case oid.Equal(oidBasicConstraints):
			if value.ReadASN1(&body, tag.SEQUENCE) && body.PeekASN1Tag(tag.BOOLEAN) && !body.ReadASN1Boolean(&c.isAuthority) {
				return false
			}
		case oid.Equal(oidExtendedKeyUsage):
			if !value.ReadASN1(&body, tag.SEQUENCE) {
				return false
			}
			for !body.Empty() {
				var usage asn1.ObjectIdentifier
				if !body.ReadASN1ObjectIdentifier(&usage) {
					return false
				}
				c.usages = append(c.usages, usage)
			}
		case oid.Equal(oidAuthorityInfo):
			value.ReadASN1(&body, tag.SEQUENCE)
			for body.ReadASN1(&item, tag.SEQUENCE) {
				var method asn1.ObjectIdentifier
				c.hasOCSP = c.hasOCSP || item.ReadASN1ObjectIdentifier(&method) && method.Equal(oidOCSP)
			}
		case oid.Equal(oidSubjectDirectoryAttributes):
			value.ReadASN1(&body, tag.SEQUENCE)
			c.numbers, _ = parseAttributes(body) // numbers that cannot be read are as good as none
		}
	}
	return true
}

// dstuKey is a key of DSTU 4145. Its point is read when it is needed first, which
// takes milliseconds.
type dstuKey struct {
	*curve
	point func() (point, error)
}

// parseDSTUKey reads a key of DSTU 4145 on a known curve, whose hash uses the S-box
// of certificates.
func parseDSTUKey(der cryptobyte.String) (any, error) {
	var info, bits, parameters, box cryptobyte.String
	var kind algorithm
	var hasBox bool
	if !der.ReadASN1(&info, tag.SEQUENCE) || !readAlgorithm(&info, &kind) || !info.ReadASN1(&bits, tag.BIT_STRING) || len(bits) == 0 {
		return nil, errCertificate
	}
	given := cryptobyte.String(kind.parameters)
	if !kind.oid.Equal(oidDSTU4145) || !given.ReadASN1(&parameters, tag.SEQUENCE) {
		return nil, errAlgorithm
	}
	on := readCurve(&parameters)
	if on == nil || !parameters.ReadOptionalASN1(&box, &hasBox, octetString) || hasBox && !bytes.Equal(box, packedDKE1) {
		return nil, errAlgorithm
	}
	compressed := octets(bits[1:])
	return &dstuKey{on, sync.OnceValues(func() (point, error) { return on.expand(compressed) })}, nil
}

// readCurve finds the curve that parameters name or describe. A curve is found by
// its field and its order, and never computed with as described.
func readCurve(parameters *cryptobyte.String) *curve {
	var name asn1.ObjectIdentifier
	if parameters.PeekASN1Tag(tag.OBJECT_IDENTIFIER) {
		if !parameters.ReadASN1ObjectIdentifier(&name) {
			return nil
		}
		return namedCurves[name.String()]
	}
	var described, field, b cryptobyte.String
	var m, a int
	n := new(big.Int)
	if !parameters.ReadASN1(&described, tag.SEQUENCE) || !described.ReadASN1(&field, tag.SEQUENCE) || !field.ReadASN1Integer(&m) ||
		!described.ReadASN1Integer(&a) || !described.ReadASN1(&b, octetString) || !described.ReadASN1Integer(n) {
		return nil
	}
	for _, known := range namedCurves {
		if known.m == m && known.n.Cmp(n) == 0 {
			return known
		}
	}
	return nil
}

// hasKnownKey returns whether signatures by the certificate's key can be verified.
func (c *certificate) hasKnownKey() bool {
	switch c.key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, *dstuKey:
		return true
	}
	return false
}

// namesIssuer returns whether the certificate names issuer as the one who made it.
func (c *certificate) namesIssuer(issuer *certificate) bool {
	if !bytes.Equal(c.issuer, issuer.subject) {
		return false
	}
	return len(c.issuerKeyID) == 0 || len(issuer.subjectKeyID) == 0 || bytes.Equal(c.issuerKeyID, issuer.subjectKeyID)
}

func (c *certificate) isSelfSigned() bool { return bytes.Equal(c.issuer, c.subject) }

func (c *certificate) isSignedBy(issuer *certificate) bool {
	return issuer.verify(c.algorithm, nil, c.signed, c.signature) == nil
}

// is returns whether a signature names this certificate as the signer's.
func (c *certificate) is(s *signerInfo) bool {
	if s.keyID != nil {
		return bytes.Equal(s.keyID, c.subjectKeyID)
	}
	return bytes.Equal(s.issuer, c.issuer) && s.serial.Cmp(c.serial) == 0
}

func (c *certificate) mayBeUsedFor(usage asn1.ObjectIdentifier) bool {
	return isOneOf(usage, c.usages...)
}

func (c *certificate) isValid(at time.Time) bool {
	return !at.Before(c.notBefore) && !at.After(c.notAfter)
}

// hashes are the digests that may be used, by object identifier.
var hashes = map[string]struct {
	id  crypto.Hash // 0: not of the standard library
	sum func([]byte) []byte
}{
	oidSHA256.String(): {crypto.SHA256, sumOf(crypto.SHA256)},
	oidSHA384.String(): {crypto.SHA384, sumOf(crypto.SHA384)},
	oidSHA512.String(): {crypto.SHA512, sumOf(crypto.SHA512)},
	oidGOST34311.String(): {0, func(data []byte) []byte {
		digest := gost34311(dke1, data)
		return digest[:]
	}},
}

func sumOf(h crypto.Hash) func([]byte) []byte {
	return func(data []byte) []byte {
		w := h.New()
		w.Write(data)
		return w.Sum(nil)
	}
}

func digestOf(oid asn1.ObjectIdentifier, data []byte) ([]byte, error) {
	hash, ok := hashes[oid.String()]
	if !ok {
		return nil, fmt.Errorf("%w: digest %s", errAlgorithm, oid)
	}
	return hash.sum(data), nil
}

// hashOfSignature are the digests that the identifier of a signature names itself.
var hashOfSignature = map[string]asn1.ObjectIdentifier{
	oidRSASHA256.String(): oidSHA256, oidRSASHA384.String(): oidSHA384, oidRSASHA512.String(): oidSHA512,
	oidECDSASHA256.String(): oidSHA256, oidECDSASHA384.String(): oidSHA384, oidECDSASHA512.String(): oidSHA512,
	oidDSTU4145.String(): oidGOST34311,
}

// verify checks a signature of data by the certificate's key. digest is the
// algorithm beside the signature, for identifiers that name none.
func (c *certificate) verify(a algorithm, digest asn1.ObjectIdentifier, data, signature []byte) error {
	if own, ok := hashOfSignature[a.oid.String()]; ok {
		digest = own
	}
	if a.oid.Equal(oidRSAPSS) {
		var err error
		if digest, err = hashOfPSS(a.parameters); err != nil {
			return err
		}
	}
	sum, err := digestOf(digest, data)
	if err != nil {
		return err
	}
	hash := hashes[digest.String()].id
	fits := false
	switch key := c.key.(type) {
	case *rsa.PublicKey:
		switch {
		case key.N.BitLen() > maxRSABits || hash == 0:
			return errAlgorithm
		case a.oid.Equal(oidRSAPSS):
			fits = rsa.VerifyPSS(key, hash, sum, signature, nil) == nil
		case isOneOf(a.oid, oidRSA, oidRSASHA256, oidRSASHA384, oidRSASHA512):
			fits = rsa.VerifyPKCS1v15(key, hash, sum, signature) == nil
		default:
			return errAlgorithm
		}
	case *ecdsa.PublicKey:
		if hash == 0 || !isOneOf(a.oid, oidEC, oidECDSASHA256, oidECDSASHA384, oidECDSASHA512) {
			return errAlgorithm
		}
		fits = ecdsa.VerifyASN1(key, sum, signature)
	case *dstuKey:
		if !a.oid.Equal(oidDSTU4145) {
			return errAlgorithm
		}
		// Certificates have the signature in an OCTET STRING of its own.
		if inner := octets(signature); inner != nil && len(signature) != 2*((key.n.BitLen()+7)/8) {
			signature = inner
		}
		q, err := key.point()
		if err != nil {
			return err
		}
		fits = key.verify(q, sum, signature)
	default:
		return errAlgorithm
	}
	if !fits {
		return errWrong
	}
	return nil
}

func isOneOf(oid asn1.ObjectIdentifier, oids ...asn1.ObjectIdentifier) bool {
	for _, other := range oids {
		if oid.Equal(other) {
			return true
		}
	}
	return false
}

// hashOfPSS reads RSASSA-PSS-params. Its default, SHA-1, is refused.
func hashOfPSS(der []byte) (asn1.ObjectIdentifier, error) {
	input := cryptobyte.String(der)
	var parameters, wrapped cryptobyte.String
	var hash algorithm
	if !input.ReadASN1(&parameters, tag.SEQUENCE) || !parameters.ReadASN1(&wrapped, explicit0) || !readAlgorithm(&wrapped, &hash) {
		return nil, errAlgorithm
	}
	return hash.oid, nil
}

// Signer is what a certificate says about the person who signed.
type Signer struct {
	DRFO      string `json:"drfo"` // tax number, or number of the passport
	EDRPOU    string `json:"edrpou"`
	Surname   string `json:"surname"`
	GivenName string `json:"given_name"`
}

// signer reads the certificate. Numbers stand in an extension; newer certificates
// have them in the name (ETSI EN 319 412-1).
func (c *certificate) signer() Signer {
	s := Signer{Surname: c.names[oidSurname.String()], GivenName: c.names[oidGivenName.String()]}
	for _, n := range []struct {
		oid, newer asn1.ObjectIdentifier
		prefix     string
		to         *string
	}{{oidDRFO, oidSerialNumber, "TINUA-", &s.DRFO}, {oidEDRPOU, oidOrganizationIdentifier, "NTRUA-", &s.EDRPOU}} {
		if value, err := one(c.numbers, n.oid); err == nil && value != nil {
			*n.to = textOf(value)
		} else if number, ok := strings.CutPrefix(c.names[n.newer.String()], n.prefix); ok {
			*n.to = number
		}
	}
	return s
}
