#!/bin/sh
# Makes the containers of this folder anew with openssl 3, and with npm's jkurwa those of DSTU 4145. The people are invented.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat > "$tmp/config" <<'END'
[req]
distinguished_name = name
[name]
[signer]
subjectKeyIdentifier = hash
2.5.29.9 = ASN1:SEQUENCE:attributes
[attributes]
drfo = SEQUENCE:drfo
[drfo]
type = OID:1.2.804.2.1.1.1.11.1.4.1.1
values = SET:values
[values]
value = PRINTABLESTRING:3126509816
END
printf '{"a": "б"}' > "$tmp/content"
key() { # name, options of genpkey
	name=$1
	shift
	openssl genpkey "$@" -out "$tmp/$name.key" 2> "$tmp/log"
	openssl req -x509 -new -utf8 -key "$tmp/$name.key" -subj "/SN=Дуб/GN=Олена/CN=$name" -days 9000 -config "$tmp/config" \
		-extensions signer -out "$tmp/$name.pem"
}
sign() { # file, key, options of cms
	file=$1 name=$2
	shift 2
	openssl cms -sign -binary -nodetach -outform DER -in "$tmp/content" -signer "$tmp/$name.pem" -inkey "$tmp/$name.key" "$@" -out "$file.p7s"
}
key p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
key rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
sign ecdsa p256
sign ecdsa_sha512 p384 -md sha512
sign ecdsa_cades p256 -cades
sign ecdsa_keyid p256 -keyid
sign ecdsa_without_attributes p256 -noattr
sign ecdsa_stream p256 -stream -indef
sign rsa rsa
sign rsa_sha384_without_attributes rsa -md sha384 -noattr
sign rsa_pss rsa -keyopt rsa_padding_mode:pss
sign two_signers p256 -signer "$tmp/rsa.pem" -inkey "$tmp/rsa.key"
openssl cms -sign -binary -nodetach -outform DER -in ecdsa.p7s -signer "$tmp/rsa.pem" -inkey "$tmp/rsa.key" -out nested.p7s
openssl cms -sign -binary -outform DER -in "$tmp/content" -signer "$tmp/rsa.pem" -inkey "$tmp/rsa.key" -out detached.p7s
npm ci --prefix ../jkurwa --ignore-scripts --no-audit --no-fund --loglevel=error
node ../jkurwa/sign.js DSTU_PB_257 dstu_m257.pem < "$tmp/content" > dstu_m257.p7s
node ../jkurwa/sign.js DSTU_PB_431 dstu_m431.pem < "$tmp/content" > dstu_m431.p7s
