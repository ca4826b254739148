package seal

import (
	"crypto/aes"
	"encoding/hex"
	"errors"
	"strings"
)

// Requisition hides the number of a referral, without its dashes, in the same way
// as PatientID: a caller who knows the number can find the referral. ok is false
// when the text is no number: numbers have 16 characters, one AES block.
func (k *Keys) Requisition(number string) (hidden string, ok bool) {
	if len(number) != aes.BlockSize {
		return "", false
	}
	var out [aes.BlockSize]byte
	k.patient.Encrypt(out[:], []byte(number))
	return strings.ToUpper(hex.EncodeToString(out[:])), true
}

// OpenRequisition returns the number behind Requisition.
func (k *Keys) OpenRequisition(hidden string) (string, error) {
	raw, err := hex.DecodeString(hidden)
	if err != nil || len(raw) != aes.BlockSize {
		return "", errors.New("open requisition: not one hex AES block")
	}
	var out [aes.BlockSize]byte
	k.patient.Decrypt(out[:], raw)
	return string(out[:]), nil
}
