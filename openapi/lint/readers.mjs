// Gives the published documents to tools that read such documents. Whatever one of them prints beside its progress is a
// complaint, and a complaint fails the check.
//
//	node readers.mjs DOCUMENT...
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const OGEN = 'github.com/ogen-go/ogen/cmd/ogen@v1.24.0'
const here = fileURLToPath(new URL('.', import.meta.url))
const require = createRequire(import.meta.url)
const bin = (name) => join(here, 'node_modules/.bin', name)

// Libraries, each in a process of its own (node readers.mjs --as NAME DOCUMENT).
const libraries = {
  'express-openapi-validator': async (apiSpec) => {
    const app = require('express')()
    app.use(require('express-openapi-validator').middleware({ apiSpec, validateResponses: true, validateSecurity: false }))
    app.get('/api/dictionaries', (_, response) => response.json({ meta: {} })) // not what the document says
    app.use((error, _request, response, _next) => response.status(error.status ?? 500).json({ error: error.message }))
    const server = app.listen(0)
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/api/dictionaries?is_active=true`)
    server.close()
    const { error } = await answer.json()
    if (!/must have required property 'data'/.test(error)) throw new Error(`the answer was not checked: ${answer.status} ${error}`)
  },
  'openapi-backend': async (definition) => {
    const { OpenAPIBackend } = require('openapi-backend')
    const quick = definition.openapi.startsWith('3.1') // it compares a document with the schema of 3.0 alone
    await new OpenAPIBackend({ definition, strict: true, quick, customizeAjv: require('ajv-formats') }).init()
  },
  'openapi-to-postmanv2': (document) => new Promise((done, failed) => {
    require('openapi-to-postmanv2').convertV2({ type: 'json', data: document }, {}, (error, { result, reason }) =>
      result ? done() : failed(error ?? new Error(reason)))
  }),
}

const programs = {
  'openapi-typescript': (file, out) => [bin('openapi-typescript'), file, '-o', join(out, 'schema.ts')],
  'openapi-ts': (file, out) => [bin('openapi-ts'), '--silent', '--no-log-file', '-i', file, '-o', join(out, 'client')],
  ogen: (file, out) => ['go', 'run', OGEN, '--target', join(out, 'ogen'), '--clean', file],
}

// What is no complaint.
const progress = [
  /^$/, /^✨ openapi-typescript/, /^🚀 /,
  /^INFO\t/, // ogen: what it makes of a schema
  /Header name is not canonical/, // ogen: of headers in the letters of their standards; HTTP takes all letters alike
  /^go: downloading /,
]

if (process.argv[2] === '--as') {
  await libraries[process.argv[3]](require('yaml').parse(readFileSync(process.argv[4], 'utf8')))
  process.exit()
}
const out = mkdtempSync(join(tmpdir(), 'readers-'))
let failed = false
for (const file of process.argv.slice(2).map((name) => resolve(name))) {
  const commands = Object.entries(programs).map(([name, command]) => [name, command(file, out)])
  commands.push(...Object.keys(libraries).map((name) => [name, [process.execPath, fileURLToPath(import.meta.url), '--as', name, file]]))
  for (const [name, [program, ...args]] of commands) {
    const run = spawnSync(program, args, { cwd: out, encoding: 'utf8', maxBuffer: 1 << 28 })
    const said = `${run.stdout}${run.stderr}${run.error ?? ''}`.split('\n')
    const complaints = said.filter((line) => !progress.some((pattern) => pattern.test(line)))
    if (run.status === 0 && complaints.length === 0) continue
    failed = true
    console.error(`${name} on ${basename(file)} (exit ${run.status}): ${complaints.length} complaints`)
    for (const line of complaints.slice(0, 20)) console.error(`  ${line}`)
  }
}
rmSync(out, { recursive: true })
process.exitCode = failed ? 1 : 0
