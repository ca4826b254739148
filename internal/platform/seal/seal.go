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
	"strings"

	"github.com/google/uuid"
)

// Keys holds the keys: one per purpose, derived from SERVER_KEY, and that of
// patient ids.
type Keys struct {
	texts    cipher.AEAD
	codes    []byte
	requests []byte
	patient  cipher.Block
}

// New takes the server key (SERVER_KEY, 32 bytes) and the key of patient ids
// (PERSON_PK_KEYPHRASE, 16 bytes).
func New(serverKey, patientKey []byte) (*Keys, error) {
	if len(serverKey) != 32 {
		return nil, errors.New("SERVER_KEY must be 32 bytes")
	}
	textKey, err := hkdf.Key(sha256.New, serverKey, nil, "esoz texts", 32)
	if err != nil {
		return nil, fmt.Errorf("derive text key: %w", err)
	}
	codes, err := hkdf.Key(sha256.New, serverKey, nil, "esoz one-time codes", 32)
	if err != nil {
		return nil, fmt.Errorf("derive code key: %w", err)
	}
	requests, err := hkdf.Key(sha256.New, serverKey, nil, "esoz requests", 32)
	if err != nil {
		return nil, fmt.Errorf("derive request key: %w", err)
	}
	textBlock, err := aes.NewCipher(textKey)
	if err != nil {
		return nil, fmt.Errorf("text key: %w", err)
	}
	texts, err := cipher.NewGCM(textBlock)
	if err != nil {
		return nil, fmt.Errorf("text key: %w", err)
	}
	patient, err := aes.NewCipher(patientKey)
	if err != nil {
		return nil, fmt.Errorf("PERSON_PK_KEYPHRASE: %w", err)
	}
	return &Keys{texts: texts, codes: codes, requests: requests, patient: patient}, nil
}

// Seal encrypts text. Open reads it with the same purpose only.
func (k *Keys) Seal(purpose string, text []byte) []byte {
	nonce := make([]byte, k.texts.NonceSize())
	rand.Read(nonce) // never fails
	return k.texts.Seal(nonce, nonce, text, []byte(purpose))
}

// Open decrypts the result of Seal.
func (k *Keys) Open(purpose string, sealed []byte) ([]byte, error) {
	n := k.texts.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("open sealed %s: too short", purpose)
	}
	text, err := k.texts.Open(nil, sealed[:n], sealed[n:], []byte(purpose))
	if err != nil {
		return nil, fmt.Errorf("open sealed %s: %w", purpose, err)
	}
	return text, nil
}

// Code hashes a one-time code for its verification. The hash is keyed, because a
// plain hash of four digits can be reversed by ten thousand tries.
func (k *Keys) Code(verification uuid.UUID, code int) []byte {
	mac := hmac.New(sha256.New, k.codes)
	mac.Write(verification[:])
	mac.Write([]byte(strconv.Itoa(code)))
	return mac.Sum(nil)
}

// Request identifies a request by its operation and all its parameters. The hash
// is keyed, so that a patient's id among them cannot be guessed.
func (k *Keys) Request(operation string, params []byte) string {
	mac := hmac.New(sha256.New, k.requests)
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

// PatientID hides the id of a patient: one AES block, upper-case hex. The result
// is deterministic, so that queries can use it, and reversible, so that answers
// can show the id (decisions R13).
func (k *Keys) PatientID(id uuid.UUID) string {
	var out [aes.BlockSize]byte
	k.patient.Encrypt(out[:], id[:])
	return strings.ToUpper(hex.EncodeToString(out[:]))
}

// OpenPatientID returns the id behind PatientID.
func (k *Keys) OpenPatientID(hidden string) (uuid.UUID, error) {
	raw, err := hex.DecodeString(hidden)
	if err != nil || len(raw) != aes.BlockSize {
		return uuid.Nil, errors.New("open patient id: not one hex AES block")
	}
	var id uuid.UUID
	k.patient.Decrypt(id[:], raw)
	return id, nil
}
