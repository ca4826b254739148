// Package signature reads signed content: CMS containers (RFC 5652) that hold JSON,
// signed with RSA, ECDSA or DSTU 4145. It judges them by the container and by
// what the settings say, and never opens a connection.
//
// CMS is read with cryptobyte rather than by a library, because digests are made
// of signed attributes as they came, whatever their order, and because every
// count and depth is bounded.
package signature

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// maxDepth is how many containers may stand in each other: each signature or stamp
// is a container around the former one.
const maxDepth = 6

// ErrUnreadable is the error of Open: the container holds more than a reader takes.
var ErrUnreadable = errors.New("the container holds too many signatures, certificates or containers")

// Check is a documented check of a container. Rules of operations end in its name.
type Check string

// The checks in documented order.
const (
	OneSigner             Check = "one_signer"
	TimeStamp             Check = "timestamp"
	TimeStampReadable     Check = "timestamp_readable"
	Certificate           Check = "certificate"
	CertificateReadable   Check = "certificate_readable"
	Root                  Check = "root"
	RootSignature         Check = "root_signature"
	RootReadable          Check = "root_readable"
	TimeStampService      Check = "timestamp_service"
	TimeStampSignature    Check = "timestamp_signature"
	TimeStampInValidity   Check = "timestamp_in_validity"
	CertificateValid      Check = "certificate_valid"
	CertificateOCSP       Check = "certificate_ocsp"
	Value                 Check = "value"
	CertificateNotRevoked Check = "certificate_not_revoked"
)

// Checks lists them.
var Checks = []Check{
	OneSigner, TimeStamp, TimeStampReadable, Certificate, CertificateReadable, Root, RootSignature, RootReadable,
	TimeStampService, TimeStampSignature, TimeStampInValidity, CertificateValid, CertificateOCSP, Value, CertificateNotRevoked,
}

// Content is signed content that was opened.
type Content struct {
	JSON []byte // the inmost content
	// Signatures are those of the containers, the inmost first. There are none when
	// the content is no container.
	Signatures []Signature
}

// Signature is one signature of a container.
type Signature struct {
	Signer  Signer
	IsStamp bool
	Failed  []Failure // in the order of the checks
}

// Failure is a check that a signature does not pass.
type Failure struct {
	Check    Check
	Expected string
	Found    string
	Signers  int // of OneSigner
}

// Open reads a container and every container in it, and makes all checks at a
// moment. What is no container is content without signatures.
func (t *Trust) Open(raw []byte, now time.Time) (*Content, error) {
	content := raw
	var signatures []Signature
	for {
		c, err := parseContainer(content)
		if errors.Is(err, errTooMany) || err == nil && len(signatures) == maxDepth {
			return nil, ErrUnreadable
		}
		if err != nil {
			break
		}
		content = c.content
		signatures = append([]Signature{t.judge(c, now)}, signatures...)
	}
	return &Content{JSON: clean(content), Signatures: signatures}, nil
}

// clean removes what signers put around JSON.
func clean(content []byte) []byte {
	return bytes.TrimRight(bytes.TrimPrefix(content, []byte("\ufeff")), "\x00")
}

// judge makes all checks of one container.
func (t *Trust) judge(c *container, now time.Time) (s Signature) {
	fail := func(check Check, expected, found string) {
		s.Failed = append(s.Failed, Failure{Check: check, Expected: expected, Found: found})
	}
	if len(c.signers) != 1 {
		s.Failed = []Failure{{Check: OneSigner, Expected: "1 signature", Found: fmt.Sprint(len(c.signers)), Signers: len(c.signers)}}
		return s
	}
	by := &c.signers[0]

	stamp := t.judgeTimeStamp(by, fail)
	signer, err := signerOf(c, by)
	switch {
	case errors.Is(err, errNoCertificate):
		fail(Certificate, "the signer's certificate in the container", fmt.Sprintf("%d others", len(c.certificates)))
		return s
	case err != nil:
		fail(CertificateReadable, "a certificate that can be read", "none")
		return s
	}
	s.Signer, s.IsStamp = signer.signer(), signer.mayBeUsedFor(oidStamp)

	issuer := t.issuer(signer)
	t.judgeIssuer(signer, issuer, fail)
	if stamp != nil && issuer != nil && !issuer.isSelfSigned() {
		if service := t.service(stamp); service == nil {
			fail(TimeStampService, "the certificate of a known service of time stamps", "none")
		} else if err := stamp.isOf(c.content, service); err != nil {
			fail(TimeStampSignature, "a time stamp of this content", err.Error())
		}
	}
	validity := signer.notBefore.UTC().Format(time.RFC3339) + " to " + signer.notAfter.UTC().Format(time.RFC3339)
	if stamp != nil && !signer.isValid(stamp.at) {
		fail(TimeStampInValidity, validity, stamp.at.UTC().Format(time.RFC3339))
	}
	if !signer.isValid(now) {
		fail(CertificateValid, validity, now.UTC().Format(time.RFC3339))
	}
	if !signer.hasOCSP {
		fail(CertificateOCSP, "an address of OCSP in the certificate", "none")
	}
	if err := by.verify(c, signer); err != nil {
		fail(Value, "a signature of this content by the key of this certificate", err.Error())
		return s // what else the container brings is not worth the time
	}
	t.judgeRevocation(c, by, signer, issuer, stamp, now, fail)
	return s
}

type failing func(check Check, expected, found string)

func (t *Trust) judgeTimeStamp(by *signerInfo, fail failing) *timeStamp {
	der, err := one(by.signed, oidContentTimeStamp)
	if der == nil && err == nil {
		fail(TimeStamp, "a time stamp of the content among the signed attributes", "none")
		return nil
	}
	if err == nil {
		var stamp *timeStamp
		if stamp, err = parseTimeStamp(der); err == nil {
			return stamp
		}
	}
	fail(TimeStampReadable, "a token of RFC 3161", err.Error())
	return nil
}

func (t *Trust) judgeIssuer(signer, issuer *certificate, fail failing) {
	switch {
	case issuer == nil:
		fail(Root, "an issuer among the trusted authorities", "another one")
	case !issuer.hasKnownKey():
		fail(RootReadable, "a key of RSA, ECDSA or DSTU 4145", "another one")
	case !signer.isSignedBy(issuer):
		fail(RootSignature, "a certificate signed by its issuer", errWrong.Error())
	}
}

func (t *Trust) judgeRevocation(
	c *container, by *signerInfo, signer, issuer *certificate, stamp *timeStamp, now time.Time, fail failing,
) {
	if issuer == nil {
		fail(CertificateNotRevoked, "a list or an answer of a trusted authority", "no trusted authority")
		return
	}
	at := now // what a container brings is as old as its signature
	if stamp != nil && stamp.at.Before(now) {
		at = stamp.at
	}
	revoked, err := t.isRevoked(signer, issuer, c.revocations(by), at, now)
	switch {
	case err != nil:
		fail(CertificateNotRevoked, "a current list or answer about the certificate", "none")
	case revoked:
		fail(CertificateNotRevoked, "a certificate that is not revoked", "revoked")
	}
}

var errNoCertificate = errors.New("no certificate of the signer")

// signerOf returns the certificate of a container that a signature names.
func signerOf(c *container, by *signerInfo) (*certificate, error) {
	err := errNoCertificate
	for _, der := range c.certificates {
		parsed, failed := parseCertificate(der)
		if failed != nil {
			err = failed
			continue
		}
		if parsed.is(by) {
			return parsed, nil
		}
	}
	return nil, err
}

// verify checks digest and signature of a container's content.
func (s *signerInfo) verify(c *container, by *certificate) error {
	if s.attributes == nil {
		return by.verify(s.algorithm, s.digest.oid, c.content, s.signature)
	}
	contentType, err := one(s.signed, oidContentType)
	if err != nil {
		return err
	}
	input := cryptobyte.String(contentType)
	var named asn1.ObjectIdentifier
	if !input.ReadASN1ObjectIdentifier(&named) || !named.Equal(c.contentType) {
		return errors.New("the signed attributes name another content type")
	}
	digest, err := one(s.signed, oidMessageDigest)
	if err != nil {
		return err
	}
	sum, err := digestOf(s.digest.oid, c.content)
	if err != nil {
		return err
	}
	if !bytes.Equal(sum, octets(digest)) {
		return errors.New("the digest is of other content")
	}
	return by.verify(s.algorithm, s.digest.oid, s.attributes, s.signature)
}
