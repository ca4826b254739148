package signature

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// Trust is what signatures are judged by: certificates of authorities and of their
// time-stamping services, and lists of revoked certificates. Nothing is fetched.
type Trust struct {
	known []*certificate
	crls  []*x509.RevocationList
}

// NewTrust reads PEM blocks: CERTIFICATE and X509 CRL.
func NewTrust(text []byte) (*Trust, error) {
	t := new(Trust)
	return t, t.Add(text)
}

// Add reads more of them.
func (t *Trust) Add(text []byte) error {
	for {
		var block *pem.Block
		block, text = pem.Decode(text)
		if block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE":
			c, err := parseCertificate(block.Bytes)
			if err != nil {
				return fmt.Errorf("certificate %d: %w", len(t.known)+1, err)
			}
			t.known = append(t.known, c)
		case "X509 CRL":
			crl, err := x509.ParseRevocationList(block.Bytes)
			if err != nil {
				return fmt.Errorf("list of revoked certificates %d: %w", len(t.crls)+1, err)
			}
			t.crls = append(t.crls, crl)
		default:
			return fmt.Errorf("%q is neither CERTIFICATE nor X509 CRL", block.Type)
		}
	}
	if len(bytes.TrimSpace(text)) > 0 {
		return errors.New("text that is not PEM")
	}
	return nil
}

// issuer returns the authority that a certificate names, nil when it is not known.
// Of several with one name, it is the one whose key has signed.
func (t *Trust) issuer(c *certificate) *certificate {
	var named *certificate
	for _, a := range t.known {
		if !a.isAuthority || !c.namesIssuer(a) {
			continue
		}
		if named == nil || c.isSignedBy(a) {
			named = a
		}
	}
	return named
}

// timeStamp is a token of RFC 3161.
type timeStamp struct {
	token   *container
	digest  algorithm
	imprint []byte
	at      time.Time
}

func parseTimeStamp(der []byte) (*timeStamp, error) {
	token, err := parseContainer(der)
	if err != nil {
		return nil, err
	}
	if !token.contentType.Equal(oidTimeStampInfo) || len(token.signers) != 1 {
		return nil, errNoContainer
	}
	ts := &timeStamp{token: token}
	input := cryptobyte.String(token.content)
	var info, imprint, digest, moment cryptobyte.String
	var version int
	var policy asn1.ObjectIdentifier
	serial := new(big.Int)
	if !input.ReadASN1(&info, tag.SEQUENCE) || !info.ReadASN1Integer(&version) || !info.ReadASN1ObjectIdentifier(&policy) ||
		!info.ReadASN1(&imprint, tag.SEQUENCE) || !readAlgorithm(&imprint, &ts.digest) || !imprint.ReadASN1(&digest, octetString) ||
		!info.ReadASN1Integer(serial) || !info.ReadASN1(&moment, tag.GeneralizedTime) {
		return nil, errNoContainer
	}
	ts.imprint = digest
	ts.at, err = time.Parse("20060102150405Z", string(moment)) // accepts a fraction of a second
	if err != nil {
		return nil, errNoContainer
	}
	return ts, nil
}

// service returns the known certificate of the service that has made a time stamp:
// one of the settings, or one in the token that a known authority has signed.
func (t *Trust) service(ts *timeStamp) *certificate {
	by := &ts.token.signers[0]
	for _, known := range t.known {
		if known.is(by) && known.mayBeUsedFor(oidTimeStamping) {
			return known
		}
	}
	c, err := signerOf(ts.token, by)
	if err != nil || !c.mayBeUsedFor(oidTimeStamping) {
		return nil
	}
	if issuer := t.issuer(c); issuer == nil || !c.isSignedBy(issuer) {
		return nil
	}
	return c
}

// isOf returns whether the time stamp was made for content, by service.
func (ts *timeStamp) isOf(content []byte, service *certificate) error {
	digest, err := digestOf(ts.digest.oid, content)
	if err != nil {
		return err
	}
	if !bytes.Equal(digest, ts.imprint) {
		return errWrong
	}
	return ts.token.signers[0].verify(ts.token, service)
}

// revocations is what a container brings about its certificates.
type revocations struct {
	crls      []*x509.RevocationList
	responses []*ocspResponse
}

func (c *container) revocations(s *signerInfo) (r revocations) {
	lists := c.crls
	if value, err := one(s.unsigned, oidRevocationValues); err == nil && value != nil {
		input := cryptobyte.String(value)
		var body, crls, answers cryptobyte.String
		var has bool
		if input.ReadASN1(&body, tag.SEQUENCE) {
			for _, part := range []struct {
				tag  tag.Tag
				list *cryptobyte.String
			}{{explicit0, &crls}, {explicit1, &answers}} {
				var wrapped cryptobyte.String
				if body.ReadOptionalASN1(&wrapped, &has, part.tag) && has {
					wrapped.ReadASN1(part.list, tag.SEQUENCE)
				}
			}
		}
		more, _ := elements(crls, maxCRLs)
		lists = append(slices.Clone(lists), more...)
		ocsp, _ := elements(answers, maxCRLs)
		for _, der := range ocsp {
			if answer, ok := parseOCSP(der); ok {
				r.responses = append(r.responses, answer)
			}
		}
	}
	for _, der := range lists {
		if crl, err := x509.ParseRevocationList(der); err == nil {
			r.crls = append(r.crls, crl)
		}
	}
	return r
}

// isRevoked looks a certificate up in what the container has brought, as of the
// moment of signing, and in the settings, as of now. It is an error when neither
// says anything about it.
func (t *Trust) isRevoked(c, issuer *certificate, brought revocations, signed, now time.Time) (bool, error) {
	known := false
	for i, crl := range append(slices.Clone(brought.crls), t.crls...) {
		at := now
		if i < len(brought.crls) {
			at = signed
		}
		if !bytes.Equal(crl.RawIssuer, issuer.subject) || at.Before(crl.ThisUpdate) || !at.Before(crl.NextUpdate) ||
			!isSignedCRL(crl, issuer) {
			continue
		}
		for _, entry := range crl.RevokedCertificateEntries {
			const removeFromCRL = 8
			if entry.SerialNumber.Cmp(c.serial) == 0 && entry.ReasonCode != removeFromCRL {
				return true, nil
			}
		}
		delta := slices.ContainsFunc(crl.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidDeltaCRL) })
		known = known || !delta
	}
	for _, answer := range brought.responses {
		status := answer.about(c, issuer, signed, t)
		if status == ocspRevoked {
			return true, nil
		}
		known = known || status == ocspGood
	}
	if !known {
		return false, errors.New("no current list or answer about the certificate")
	}
	return false, nil
}

func isSignedCRL(crl *x509.RevocationList, issuer *certificate) bool {
	input := cryptobyte.String(crl.Raw)
	var body, signed cryptobyte.String
	var a algorithm
	return input.ReadASN1(&body, tag.SEQUENCE) && body.ReadASN1Element(&signed, tag.SEQUENCE) && readAlgorithm(&body, &a) &&
		issuer.verify(a, nil, crl.RawTBSRevocationList, crl.Signature) == nil
}
