// Package authority is the sandbox's certificate authority: keys of people and
// organisations, and containers signed with them. Everything is made from fixed
// texts, so that every sandbox has the same keys and knows the certificates of the
// others. `esoz serve` does not have it.
package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"slices"
	"sync"
	"time"

	"esoz/internal/platform/config"
	"esoz/internal/platform/signature"
)

// Owner is whom a certificate names. Empty fields are left out of it.
type Owner struct {
	signature.Signer
	IsStamp bool
}

// Key is a private key with its certificate.
type Key struct {
	Private     crypto.Signer
	Certificate []byte // DER
}

// Authority issues certificates, stamps time and lists revoked certificates.
type Authority struct {
	root, issuing, service, foreign, foreignService, unknown issuer

	mu   sync.Mutex
	keys map[Owner]Key // those that were asked for
}

// maxKeys bounds the keys that are kept: a sandbox signs for any owner.
const maxKeys = 1000

type issuer struct {
	Key
	certificate *x509.Certificate
}

var (
	begin   = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	expired = time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	end     = time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)

	oidSurname                    = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidGivenName                  = asn1.ObjectIdentifier{2, 5, 4, 42}
	oidSubjectDirectoryAttributes = asn1.ObjectIdentifier{2, 5, 29, 9}
	oidDRFO                       = asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 11, 1, 4, 1, 1}
	oidEDRPOU                     = asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 11, 1, 4, 2, 1}
	oidStamp                      = asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 3, 9}
)

// New makes the authority.
var New = sync.OnceValue(func() *Authority {
	a := &Authority{keys: map[Owner]Key{}}
	a.root = authority("esoz sandbox root", nil)
	a.issuing = authority("esoz sandbox", &a.root)
	a.service = service("esoz sandbox time stamps", a.issuing)
	a.foreign = authority("an authority that nobody trusts", nil)
	a.foreignService = service("time stamps that nobody trusts", a.foreign)

	// An authority whose kind of key is not verified.
	private := ed25519.NewKeyFromSeed(secret("unknown kind of key", 32))
	a.unknown = issue(Key{Private: private}, template("an authority with another kind of key", true), nil)
	return a
})

// Trusted returns the certificates that the sandbox trusts, and a list of revoked
// ones, in PEM.
func (a *Authority) Trusted() []byte {
	var text []byte
	for _, i := range []issuer{a.root, a.issuing, a.service, a.unknown} {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate})...)
	}
	crl, err := x509.CreateRevocationList(nil, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: begin, NextUpdate: end,
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: serial(revokedSerial), RevocationTime: begin}},
	}, a.issuing.certificate, a.issuing.Private)
	must(err)
	return append(text, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: crl})...)
}

// TrustIn lets a configuration trust the authority, besides those of its own.
func TrustIn(cfg *config.Config) error { return cfg.SignatureRoots.Add(New().Trusted()) }

// KeyOf returns the key of an owner.
func (a *Authority) KeyOf(o Owner) Key {
	a.mu.Lock()
	defer a.mu.Unlock()
	key, known := a.keys[o]
	if !known {
		key = a.keyOf(o, a.issuing, func(*x509.Certificate) {})
		if len(a.keys) == maxKeys {
			clear(a.keys)
		}
		a.keys[o] = key
	}
	return key
}

// keyOf issues a certificate of an owner that differ changes.
func (a *Authority) keyOf(o Owner, by issuer, differ func(*x509.Certificate)) Key {
	name := o.Surname + " " + o.GivenName
	t := template(name, false)
	t.SerialNumber = serial("certificate of " + name + o.DRFO + o.EDRPOU + by.certificate.Subject.CommonName)
	t.OCSPServer = []string{"http://ocsp.sandbox.invalid/"}
	t.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	for oid, value := range map[*asn1.ObjectIdentifier]string{&oidSurname: o.Surname, &oidGivenName: o.GivenName} {
		if value != "" {
			t.Subject.ExtraNames = append(t.Subject.ExtraNames, pkix.AttributeTypeAndValue{Type: *oid, Value: value})
		}
	}
	slices.SortFunc(t.Subject.ExtraNames, func(a, b pkix.AttributeTypeAndValue) int { return a.Type[3] - b.Type[3] })
	if o.IsStamp {
		t.UnknownExtKeyUsage = []asn1.ObjectIdentifier{oidStamp}
	}
	if numbers := numbersOf(o); len(numbers) > 0 {
		value, err := asn1.Marshal(numbers)
		must(err)
		t.ExtraExtensions = []pkix.Extension{{Id: oidSubjectDirectoryAttributes, Value: value}}
	}
	differ(t)
	return issue(Key{Private: ecdsaKey("key of " + name + o.DRFO + o.EDRPOU)}, t, &by).Key
}

type directoryAttribute struct {
	Type   asn1.ObjectIdentifier
	Values []string `asn1:"set"`
}

func numbersOf(o Owner) (all []directoryAttribute) {
	if o.DRFO != "" {
		all = append(all, directoryAttribute{oidDRFO, []string{o.DRFO}})
	}
	if o.EDRPOU != "" {
		all = append(all, directoryAttribute{oidEDRPOU, []string{o.EDRPOU}})
	}
	return all
}

func authority(name string, by *issuer) issuer {
	t := template(name, true)
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	return issue(Key{Private: ecdsaKey(name)}, t, by)
}

func service(name string, by issuer) issuer {
	t := template(name, false)
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
	return issue(Key{Private: ecdsaKey(name)}, t, &by)
}

func template(name string, isCA bool) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name, Country: []string{"UA"}}, SerialNumber: serial(name), NotBefore: begin, NotAfter: end,
		BasicConstraintsValid: true, IsCA: isCA,
	}
}

// issue signs a certificate; without an issuer, its own key does.
func issue(k Key, t *x509.Certificate, by *issuer) issuer {
	signer, parent := k.Private, t
	if by != nil {
		signer, parent = by.Private, by.certificate
	}
	var err error
	k.Certificate, err = x509.CreateCertificate(nil, t, parent, k.Private.Public(), signer)
	must(err)
	certificate, err := x509.ParseCertificate(k.Certificate)
	must(err)
	return issuer{k, certificate}
}

// secret derives bytes from a text. The keys are public on purpose: they prove
// nothing outside a sandbox.
func secret(text string, n int) []byte {
	sum := sha512.Sum512([]byte("esoz sandbox authority: " + text))
	return sum[:n]
}

func ecdsaKey(text string) *ecdsa.PrivateKey {
	scalar := secret(text, sha256.Size)
	scalar[0] &= 0x7f // below the order of the curve
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	must(err)
	return key
}

func serial(text string) *big.Int {
	number := secret("serial of "+text, 16)
	number[0] = number[0]&0x7f | 0x40
	return new(big.Int).SetBytes(number)
}

// must stops the program on what only a mistake in this package can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
