// Package seal keeps clear secrets out of the databases: it encrypts texts, hashes
// one-time codes and tokens, and hides the patient's id in medical events.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"
)

// Keys holds the keys. The first of each kind is used for what is written; data
// that were written with the others can still be read (docs/security.md, Changing keys).
type Keys struct {
	servers  []serverKey
	patients []patientKey
	unmarked string // id of the patient key of documents that name none
}

// serverKey holds what is derived from one SERVER_KEY: a key for each purpose.
type serverKey struct {
	id       string
	texts    cipher.AEAD
	codes    []byte
	requests []byte
	numbers  []byte
}

// patientKey is one PERSON_PK_KEYPHRASE.
type patientKey struct {
	id    string
	block cipher.Block
}

// New takes server keys (SERVER_KEY, 32 bytes each) and keys of patient ids
// (PERSON_PK_KEYPHRASE, 16 bytes each), the newest first.
func New(serverKeys, patientKeys [][]byte) (*Keys, error) {
	if len(serverKeys) == 0 || len(patientKeys) == 0 {
		return nil, errors.New("SERVER_KEY and PERSON_PK_KEYPHRASE are needed")
	}
	k := new(Keys)
	for _, raw := range serverKeys {
		key, err := newServerKey(raw)
		if err != nil {
			return nil, fmt.Errorf("SERVER_KEY: %w", err)
		}
		k.servers = append(k.servers, key)
	}
	for _, raw := range patientKeys {
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, fmt.Errorf("PERSON_PK_KEYPHRASE: %w", err)
		}
		id, err := keyID(raw)
		if err != nil {
			return nil, fmt.Errorf("PERSON_PK_KEYPHRASE: %w", err)
		}
		k.patients = append(k.patients, patientKey{id: id, block: block})
	}
	k.unmarked = k.patients[0].id
	return k, nil
}

func newServerKey(raw []byte) (key serverKey, err error) {
	if len(raw) != 32 {
		return key, errors.New("want 32 bytes")
	}
	var textKey []byte
	for _, derived := range []struct {
		to      *[]byte
		purpose string
	}{{&textKey, "esoz texts"}, {&key.codes, "esoz one-time codes"}, {&key.requests, "esoz requests"}, {&key.numbers, "esoz numbers"}} {
		if *derived.to, err = hkdf.Key(sha256.New, raw, nil, derived.purpose, 32); err != nil {
			return key, fmt.Errorf("derive a key: %w", err)
		}
	}
	block, err := aes.NewCipher(textKey)
	if err != nil {
		return key, fmt.Errorf("text key: %w", err)
	}
	if key.texts, err = cipher.NewGCM(block); err != nil {
		return key, fmt.Errorf("text key: %w", err)
	}
	key.id, err = keyID(raw)
	return key, err
}

// keyID is a value from which a key can be recognised and not computed.
func keyID(raw []byte) (string, error) {
	id, err := hkdf.Key(sha256.New, raw, nil, "esoz key id", 16)
	if err != nil {
		return "", fmt.Errorf("derive a key: %w", err)
	}
	return hex.EncodeToString(id), nil
}

// ServerKeyIDs identifies the server keys, the newest first.
func (k *Keys) ServerKeyIDs() []string {
	ids := make([]string, len(k.servers))
	for i, key := range k.servers {
		ids[i] = key.id
	}
	return ids
}

// PatientKeyIDs identifies the keys of patient ids, the newest first.
func (k *Keys) PatientKeyIDs() []string {
	ids := make([]string, len(k.patients))
	for i, key := range k.patients {
		ids[i] = key.id
	}
	return ids
}

// SetUnmarked says under which key documents lie that name no key.
func (k *Keys) SetUnmarked(patientKeyID string) { k.unmarked = patientKeyID }

// Seal encrypts text. Open reads it with the same purpose only.
func (k *Keys) Seal(purpose string, text []byte) []byte {
	texts := k.servers[0].texts
	nonce := make([]byte, texts.NonceSize())
	rand.Read(nonce) // never fails
	return texts.Seal(nonce, nonce, text, []byte(purpose))
}

// Open decrypts the result of Seal.
func (k *Keys) Open(purpose string, sealed []byte) ([]byte, error) {
	text, _, err := k.open(purpose, sealed)
	return text, err
}

// Reseal returns a text sealed with the newest key. changed is false when it was.
func (k *Keys) Reseal(purpose string, sealed []byte) (fresh []byte, changed bool, err error) {
	text, by, err := k.open(purpose, sealed)
	if err != nil || by == 0 {
		return sealed, false, err
	}
	return k.Seal(purpose, text), true, nil
}

// open also returns which of the keys has sealed the text.
func (k *Keys) open(purpose string, sealed []byte) (text []byte, by int, err error) {
	for by, key := range k.servers {
		n := key.texts.NonceSize()
		if len(sealed) < n {
			return nil, 0, fmt.Errorf("open sealed %s: too short", purpose)
		}
		if text, err = key.texts.Open(nil, sealed[:n], sealed[n:], []byte(purpose)); err == nil {
			return text, by, nil
		}
	}
	return nil, 0, fmt.Errorf("open sealed %s: %w", purpose, err)
}

// Code hashes a one-time code for its verification. The hash is keyed, because a
// plain hash of four digits can be reversed by ten thousand tries.
func (k *Keys) Code(verification uuid.UUID, code int) []byte {
	return k.servers[0].code(verification, code)
}

// IsCode returns whether hash is that of the code, under any of the keys.
func (k *Keys) IsCode(hash []byte, verification uuid.UUID, code int) bool {
	is := false
	for _, key := range k.servers {
		is = hmac.Equal(hash, key.code(verification, code)) || is
	}
	return is
}

func (key serverKey) code(verification uuid.UUID, code int) []byte {
	mac := hmac.New(sha256.New, key.codes)
	mac.Write(verification[:])
	mac.Write([]byte(strconv.Itoa(code)))
	return mac.Sum(nil)
}

// Request identifies a request by its operation and all its parameters. The hash
// is keyed, so that a patient's id among them cannot be guessed.
func (k *Keys) Request(operation string, params []byte) string {
	return k.servers[0].request(operation, params)
}

// Requests returns what Request returns under each of the keys, the newest first.
func (k *Keys) Requests(operation string, params []byte) []string {
	all := make([]string, len(k.servers))
	for i, key := range k.servers {
		all[i] = key.request(operation, params)
	}
	return all
}

func (key serverKey) request(operation string, params []byte) string {
	mac := hmac.New(sha256.New, key.requests)
	mac.Write([]byte(operation))
	mac.Write([]byte{0})
	mac.Write(params)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Token hashes a token or another random secret for storage and look-up.
func Token(value string) []byte {
	sum := sha256.Sum256([]byte(value))
	return sum[:]
}
