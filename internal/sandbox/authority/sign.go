package authority

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"esoz/internal/platform/signature"
)

const revokedSerial = "revoked"

var (
	oidData             = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidContentTimeStamp = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 20}
	oidTimeStampInfo    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidPolicy           = asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 2, 3}
	oidSHA256           = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidECDSASHA256      = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidRSASHA256        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
)

// Sign puts content into a container signed by key, with a time stamp of the
// authority.
func (a *Authority) Sign(content []byte, key Key, at time.Time) []byte {
	return container(oidData, content, a.signed(content, key, at), key.Certificate)
}

// SignBy signs with the key of an owner.
func (a *Authority) SignBy(content []byte, o Owner, at time.Time) []byte {
	return a.Sign(content, a.KeyOf(o), at)
}

func (a *Authority) signed(content []byte, key Key, at time.Time) []byte {
	return signerInfo(oidData, content, key, at, a.service.timeStamp(content, at))
}

// Fail signs so that one check of the container refuses, and none before it.
func (a *Authority) Fail(check signature.Check, content []byte, o Owner, at time.Time) []byte {
	key := a.KeyOf(o)
	stamp := a.service.timeStamp(content, at)
	changed := func(by issuer, differ func(*x509.Certificate)) []byte {
		return a.Sign(content, a.keyOf(o, by, differ), at)
	}
	same := func(*x509.Certificate) {}
	switch check {
	case signature.OneSigner:
		info := a.signed(content, key, at)
		return container(oidData, content, slices.Concat(info, info), key.Certificate)
	case signature.TimeStamp:
		stamp = nil
	case signature.TimeStampReadable:
		stamp = []byte{byte(tag.NULL), 0}
	case signature.Certificate:
		return container(oidData, content, a.signed(content, key, at), a.issuing.Certificate)
	case signature.CertificateReadable:
		return container(oidData, content, a.signed(content, key, at), []byte{byte(tag.SEQUENCE), 0})
	case signature.Root:
		return changed(a.foreign, same)
	case signature.RootSignature:
		forged := a.issuing
		forged.Private = ecdsaKey("forged")
		return changed(unchecked(forged), same)
	case signature.RootReadable:
		return changed(a.unknown, same)
	case signature.TimeStampService:
		stamp = a.foreignService.timeStamp(content, at)
	case signature.TimeStampSignature:
		stamp = a.service.timeStamp([]byte("other content"), at)
	case signature.TimeStampInValidity:
		stamp = a.service.timeStamp(content, begin.Add(-time.Hour))
	case signature.CertificateValid:
		return a.Sign(content, a.keyOf(o, a.issuing, func(c *x509.Certificate) { c.NotAfter = expired }), begin.Add(time.Hour))
	case signature.CertificateOCSP:
		return changed(a.issuing, func(c *x509.Certificate) { c.OCSPServer = nil })
	case signature.CertificateNotRevoked:
		return changed(a.issuing, func(c *x509.Certificate) { c.SerialNumber = serial(revokedSerial) })
	case signature.Value:
		signed := a.Sign(content, key, at)
		signed[len(signed)-1] ^= 1 // the signature stands last
		return signed
	}
	return container(oidData, content, signerInfo(oidData, content, key, at, stamp), key.Certificate)
}

// unchecked hides the public key of an issuer, which x509 compares with the private
// one.
func unchecked(i issuer) issuer {
	copied := *i.certificate
	copied.PublicKey = nil
	i.certificate = &copied
	return i
}

// container is a CMS SignedData of content and signatures.
func container(contentType asn1.ObjectIdentifier, content, infos []byte, certificates ...[]byte) []byte {
	return build(func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidSignedData)
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
				b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
					version := int64(1)
					if !contentType.Equal(oidData) {
						version = 3
					}
					b.AddASN1Int64(version)
					b.AddASN1(tag.SET, func(b *cryptobyte.Builder) { addAlgorithm(b, oidSHA256) })
					b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(contentType)
						b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1OctetString(content) })
					})
					b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddBytes(slices.Concat(certificates...)) })
					b.AddASN1(tag.SET, func(b *cryptobyte.Builder) { b.AddBytes(infos) })
				})
			})
		})
	})
}

// signerInfo signs content of a type, with a time stamp if there is one.
func signerInfo(contentType asn1.ObjectIdentifier, content []byte, key Key, at time.Time, stamp []byte) []byte {
	certificate, err := x509.ParseCertificate(key.Certificate)
	must(err)
	digest := sha256.Sum256(content)
	attributes := [][]byte{
		attribute(oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(contentType) }),
		attribute(oidMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest[:]) }),
		attribute(oidSigningTime, func(b *cryptobyte.Builder) { b.AddASN1UTCTime(at) }),
	}
	if stamp != nil {
		attributes = append(attributes, attribute(oidContentTimeStamp, func(b *cryptobyte.Builder) { b.AddBytes(stamp) }))
	}
	slices.SortFunc(attributes, bytes.Compare)
	body := slices.Concat(attributes...)
	toSign := sha256.Sum256(build(func(b *cryptobyte.Builder) { b.AddASN1(tag.SET, addBytes(body)) }))
	value, err := key.Private.Sign(nil, toSign[:], crypto.SHA256)
	must(err)
	return build(func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(1)
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddBytes(certificate.RawIssuer)
				b.AddASN1BigInt(certificate.SerialNumber)
			})
			addAlgorithm(b, oidSHA256)
			b.AddASN1(explicit(0), addBytes(body))
			switch key.Private.(type) {
			case *ecdsa.PrivateKey:
				addAlgorithm(b, oidECDSASHA256)
			case *rsa.PrivateKey:
				addAlgorithm(b, oidRSASHA256)
			}
			b.AddASN1OctetString(value)
		})
	})
}

// timeStamp makes a token of RFC 3161.
func (i issuer) timeStamp(content []byte, at time.Time) []byte {
	digest := sha256.Sum256(content)
	info := build(func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(1)
			b.AddASN1ObjectIdentifier(oidPolicy)
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				addAlgorithm(b, oidSHA256)
				b.AddASN1OctetString(digest[:])
			})
			b.AddASN1Int64(1)
			b.AddASN1GeneralizedTime(at.UTC())
		})
	})
	return container(oidTimeStampInfo, info, signerInfo(oidTimeStampInfo, info, i.Key, at, nil), i.Certificate)
}

func attribute(oid asn1.ObjectIdentifier, value func(*cryptobyte.Builder)) []byte {
	return build(func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(tag.SET, value)
		})
	})
}

func addAlgorithm(b *cryptobyte.Builder, oid asn1.ObjectIdentifier) {
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) })
}

func addBytes(body []byte) func(*cryptobyte.Builder) {
	return func(b *cryptobyte.Builder) { b.AddBytes(body) }
}

func explicit(n uint8) tag.Tag { return tag.Tag(n).Constructed().ContextSpecific() }

func build(add func(*cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	add(&b)
	der, err := b.Bytes()
	must(err)
	return der
}
