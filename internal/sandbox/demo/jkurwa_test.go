//go:build jkurwa

package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world/accounts"
)

// The walk goes to its end with keys of DSTU 4145 that npm's jkurwa makes: `make jkurwa`.
func TestWalkByJkurwa(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, byJkurwa), "%s", &out)
	require.Contains(t, out.String(), "Done.")
}

func byJkurwa(w *walk, doctor, drfo string, content []byte) (container string, headers map[string]string, err error) {
	command := exec.CommandContext(w.ctx, "node", "../../platform/signature/jkurwa/sign.js", "DSTU_PB_257", "", cmp.Or(drfo, accounts.TaxID(doctor)))
	command.Stdin, command.Stderr = bytes.NewReader(content), os.Stderr
	signed, err := command.Output()
	if err != nil {
		return "", nil, fmt.Errorf("sign with jkurwa: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signed), nil, nil
}
