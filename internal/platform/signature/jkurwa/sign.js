// Signs standard input with a new key of DSTU 4145 and writes the container. The
// certificate, of an invented person, is issued by a new authority; a second
// argument names a file for the authority's certificate in PEM, a third one the
// DRFO of the person.
const fs = require("fs");
const jkurwa = require("jkurwa");
const algorithms = require("gost89").compat.algos();
const sbox = require("gost89/lib/dstu");
const Message = require("jkurwa/lib/models/Message");

const [curve, authorityFile, drfo = "3126509816"] = process.argv.slice(2);
function newKey() {
  return Object.assign(jkurwa.std_curve(curve).keygen(), { algorithm: "Dstu4145le", sbox: sbox.packSbox(sbox.defaultSbox) });
}
function octets(bytes) {
  return Buffer.concat([Buffer.from([4, bytes.length]), bytes]);
}
// signCert knows neither another signer nor further extensions.
function issue(by, issuer, key, subject, serial, extensions) {
  const tbs = jkurwa.Certificate.createTBS({
    serial, issuer, subject, usage: "\x03\x02\x06\xC0", hash: algorithms.hash, pubkey: key.pub(),
    algorithm: key.algorithm, sbox: key.sbox, curve, valid: { from: Date.UTC(2020, 0), to: Date.UTC(2049, 0) },
  });
  const authorityKeyID = tbs.extensions.find((e) => e.extnID === "authorityKeyIdentifier");
  authorityKeyID.extnValue = octets(by.pub().keyid({ hash: algorithms.hash }));
  tbs.extensions.push(...extensions);
  return new jkurwa.Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: { algorithm: by.algorithm },
    signature: { unused: 0, data: octets(by.sign(algorithms.hash(jkurwa.Certificate.encodeTBS(tbs)), "le")) },
  });
}
// subjectDirectoryAttributes with DRFO and EDRPOU as PrintableString
function numbers(drfo, edrpou) {
  const attribute = (last, text) => {
    const oid = Buffer.from([0x06, 0x0c, 0x2a, 0x86, 0x24, 0x02, 0x01, 0x01, 0x01, 0x0b, 0x01, 0x04, last, 0x01]);
    const value = Buffer.concat([Buffer.from([0x31, text.length + 2, 0x13, text.length]), Buffer.from(text)]);
    return Buffer.concat([Buffer.from([0x30, oid.length + value.length]), oid, value]);
  };
  const both = Buffer.concat([attribute(1, drfo), attribute(2, edrpou)]);
  return Buffer.concat([Buffer.from([0x30, both.length]), both]);
}

const authority = newKey();
const name = { commonName: "an authority made by jkurwa" };
const isAuthority = { extnID: "basicConstraints", critical: true, extnValue: Buffer.from([0x30, 3, 1, 1, 0xff]) };
const root = issue(authority, name, authority, name, 1, [isAuthority]);
const key = newKey();
const cert = issue(authority, name, key, { surname: "Дуб", givenName: "Олена", commonName: "Дуб Олена" }, 2, [
  { extnID: "subjectDirectoryAttributes", extnValue: numbers(drfo, "12345678") },
]);
if (authorityFile) {
  fs.writeFileSync(authorityFile, `-----BEGIN CERTIFICATE-----\n${root.as_asn1().toString("base64")}\n-----END CERTIFICATE-----\n`);
}
const data = fs.readFileSync(0);
process.stdout.write(new Message({ type: "signedData", cert, data, hash: algorithms.hash, signer: key }).as_asn1());
