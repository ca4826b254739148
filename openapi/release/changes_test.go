package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const oldContract = `
info: {version: 0.1.0}
x-rules:
  - {id: gateway.token, status: 401, message: Unauthorized}
paths:
  /divisions:
    post:
      operationId: createDivision
      x-guards: [gateway.token, gateway.limit]
      x-rules:
        - {id: division.party, check: The party is verified, x-check-uk: Особу верифіковано, status: 409, message: Not verified}
        - {id: division.zip, check: The zip is five digits, x-check-uk: Індекс має п'ять цифр, status: 422, entry: $.zip}
        - {id: division.name, check: There is a name, x-check-uk: Назва є, status: 422, description: is missing, together: shape}
        - {id: division.type, check: There is a type, x-check-uk: Тип є, status: 422, description: is missing, together: shape}
  /gone:
    get:
      operationId: getGone
      x-rules:
        - {id: gone.rule, check: It is there, status: 404}
`

const newContract = `
info: {version: 0.2.0}
x-rules:
  - {id: gateway.token, status: 401, message: Invalid access token}
paths:
  /divisions:
    post:
      operationId: createDivision
      x-guards: [gateway.token]
      x-rules:
        - {id: division.name, check: There is a name, x-check-uk: Назва є, status: 422, description: is missing, together: body}
        - {id: division.type, check: There is a type, x-check-uk: Тип є, status: 422, description: is missing, together: body}
        - {id: division.party, check: The party is verified, x-check-uk: Особу верифіковано, status: 422, message: Not verified}
        - {id: division.owner, check: 'The caller owns it.', x-check-uk: Підрозділ належить закладу, status: 403, message: 'Not ` + "`yours`" + `'}
  /new:
    get:
      operationId: getNew
      x-rules:
        - {id: new.rule, check: It is there, status: 404}
`

const wantEnglish = `## [Unreleased] since 0.1.0

### Changed

- every operation:
  - ` + "`Unauthorized` became `Invalid access token`: `gateway.token`" + `
- ` + "`createDivision`" + `:
  - 409 became 422: ` + "`division.party`" + `
  - answers together with ` + "`shape` became `body`: `division.name`, `division.type`" + `
  - ` + "`division.party`: check 2 became check 4" + `

### Added

- ` + "`createDivision`" + `:
  - 403 ` + "`` Not `yours` ``: `division.owner`. The caller owns it." + `

### Removed

- ` + "`createDivision`" + `:
  - 422: ` + "`division.zip`. The zip is five digits." + `
  - ` + "`gateway.limit` is no longer checked here" + `
`

// What two contracts answer otherwise stands on a page of each language, in the form of the list of changes. Operations that are
// new or gone are not repeated there. A release keeps the section under its version.
func TestChangedRulesHaveAPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := paths{
		contract: filepath.Join(dir, "openapi.yaml"), released: filepath.Join(dir, "released.yaml"), changelog: filepath.Join(dir, "CHANGELOG.md"), docs: dir,
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "uk"), 0o700))
	write := func(path, text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	page := func(name string) string {
		content, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(content)
	}
	write(p.released, oldContract)
	write(p.contract, newContract)
	write(p.changelog, "## [Unreleased]\n\n## [0.2.0]\n\n## [0.1.0]\n")

	var out bytes.Buffer
	require.NoError(t, writeChanges(&out, p))
	require.Contains(t, page("rule-changes.md"), wantEnglish)
	uk := page("uk/rule-changes.md")
	require.Contains(t, uk, "### Змінено\n\n- усі методи:\n  - `Unauthorized` тепер `Invalid access token`: `gateway.token`\n")
	require.Contains(t, uk, "  - 409 тепер 422: `division.party`\n")
	require.Contains(t, uk, "  - 422: `division.zip`. Індекс має п'ять цифр.\n")
	require.NotContains(t, uk, "getNew")
	require.NotContains(t, uk, "getGone")

	require.NoError(t, baseline(p))
	require.Contains(t, page("rule-changes.md"), "## [Unreleased] since 0.2.0\n\nNothing.\n\n## [0.2.0] since 0.1.0\n\n### Changed\n")
	kept := page("rule-changes.md")
	require.NoError(t, writeChanges(&out, p))
	require.Equal(t, kept, page("rule-changes.md"), "nothing has changed since")

	write(p.contract, newContract[:len(newContract)-1]+"\n        - {id: new.second, check: It is whole, status: 409}\n")
	require.NoError(t, writeChanges(&out, p))
	require.Contains(t, page("rule-changes.md"), "### Added\n\n- `getNew`:\n  - 409: `new.second`. It is whole.\n\n## [0.2.0] since 0.1.0\n\n### Changed\n")
}
