package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/google/uuid"
)

// KeyField is the field of a document that holds the id of the key under which
// the patient's id in it is hidden. Documents that were never resealed lack it.
const KeyField = "sealed_with"

// errBlock means that a hidden value was not made by this package.
var errBlock = errors.New("not one hex AES block")

// PatientID hides the id of a patient: one AES block, upper-case hex. The result
// is deterministic, so that queries can use it, and reversible, so that answers
// can show the id (decisions R13).
func (k *Keys) PatientID(id uuid.UUID) string { return k.patients[0].hide([aes.BlockSize]byte(id)) }

// PatientIDs returns how the id may lie in documents: hidden under each of the
// keys, the newest first.
func (k *Keys) PatientIDs(id uuid.UUID) []string { return k.hideAll([aes.BlockSize]byte(id)) }

// OpenPatientID returns the id behind PatientID. keyID is the document's KeyField.
func (k *Keys) OpenPatientID(hidden, keyID string) (uuid.UUID, error) {
	block, err := k.show(hidden, keyID)
	return uuid.UUID(block), err
}

// Requisition hides the number of a referral, without its dashes, in the same way
// as PatientID: a caller who knows the number can find the referral. ok is false
// when the text is no number: numbers have 16 characters, one AES block.
func (k *Keys) Requisition(number string) (hidden string, ok bool) {
	if len(number) != aes.BlockSize {
		return "", false
	}
	return k.patients[0].hide([aes.BlockSize]byte([]byte(number))), true
}

// Requisitions returns the number hidden under each of the keys, the newest first.
func (k *Keys) Requisitions(number string) (hidden []string, ok bool) {
	if len(number) != aes.BlockSize {
		return nil, false
	}
	return k.hideAll([aes.BlockSize]byte([]byte(number))), true
}

// OpenRequisition returns the number behind Requisition. keyID is the document's KeyField.
func (k *Keys) OpenRequisition(hidden, keyID string) (string, error) {
	block, err := k.show(hidden, keyID)
	if err != nil {
		return "", err
	}
	return string(block[:]), nil
}

// numberSigns are those of numbers: letters that look alike in Cyrillic and Latin, and digits.
const numberSigns = "0123456789ABCEHIKMOPTX"

// Number makes the number of what an id names, without dashes: always the same one, which
// nobody can guess. salt makes another one.
func (k *Keys) Number(id uuid.UUID, salt string) string {
	mac := hmac.New(sha256.New, k.servers[0].numbers)
	mac.Write(id[:])
	mac.Write([]byte(salt))
	rest := binary.BigEndian.Uint64(mac.Sum(nil))
	number := bytes.Repeat([]byte(numberSigns[:1]), aes.BlockSize)
	for i := len(number) - 1; rest > 0; i-- {
		number[i], rest = numberSigns[rest%uint64(len(numberSigns))], rest/uint64(len(numberSigns))
	}
	return string(number)
}

// codeLength is how many characters DocumentCode takes.
const codeLength = 4

// DocumentCode hides a code of four characters that belongs to a document. Equal codes of
// two documents lie as different texts. ok is false when the code has another length.
func (k *Keys) DocumentCode(document uuid.UUID, code string) (hidden string, ok bool) {
	if len(code) != codeLength {
		return "", false
	}
	return k.patients[0].hide([aes.BlockSize]byte(append(document[codeLength:len(document):len(document)], code...))), true
}

// OpenDocumentCode returns the code behind DocumentCode. keyID is the document's KeyField.
func (k *Keys) OpenDocumentCode(hidden, keyID string) (string, error) {
	block, err := k.show(hidden, keyID)
	if err != nil {
		return "", err
	}
	return string(block[aes.BlockSize-codeLength:]), nil
}

// Rehide hides a patient's id, a number or a code under the newest key. keyID is the
// document's KeyField.
func (k *Keys) Rehide(hidden, keyID string) (string, error) {
	block, err := k.show(hidden, keyID)
	if err != nil {
		return "", err
	}
	return k.patients[0].hide(block), nil
}

func (k *Keys) hideAll(block [aes.BlockSize]byte) []string {
	all := make([]string, len(k.patients))
	for i, key := range k.patients {
		all[i] = key.hide(block)
	}
	return all
}

func (k *Keys) show(hidden, keyID string) (block [aes.BlockSize]byte, err error) {
	raw, err := hex.DecodeString(hidden)
	if err != nil || len(raw) != aes.BlockSize {
		return block, errBlock
	}
	if keyID == "" {
		keyID = k.unmarked
	}
	for _, key := range k.patients {
		if key.id == keyID {
			key.block.Decrypt(block[:], raw)
			return block, nil
		}
	}
	return block, errors.New("hidden under a key that PERSON_PK_KEYPHRASE does not name")
}

func (key patientKey) hide(block [aes.BlockSize]byte) string {
	var out [aes.BlockSize]byte
	key.block.Encrypt(out[:], block[:])
	return strings.ToUpper(hex.EncodeToString(out[:]))
}
