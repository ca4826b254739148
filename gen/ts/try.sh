#!/bin/sh
# Does what the README says, with the packed package in an empty folder, against
# the sandbox at ESOZ_URL: the quick start, which must say what stands there, the
# walk, and tests in worlds. The contract's code samples must fit the package's types.
set -eu
cd "$(dirname "$0")"
bin=$PWD/node_modules/.bin types=$PWD/node_modules/@types
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

block() { # N LANGUAGE: the N-th block in that language of the README
  awk -v want="$1" -v fence="\`\`\`$2" '$0 == "```" { inside = 0 } inside { print } $0 == fence { inside = (++seen == want) }' README.md
}

npm pack --silent --pack-destination "$made" >/dev/null
block 1 ts >"$made/quickstart.mjs"
block 1 ts >"$made/typed.mts"
block 1 text >"$made/want.txt"
cp examples/walk.ts "$made/walk.mts"
cp examples/worlds.test.ts "$made/worlds.test.mts"
cd "$made"
npm install --silent --no-audit --no-fund ./esoz-*.tgz
node --input-type=module <<'EOF'
import { writeFileSync } from "node:fs";
const contract = await (await fetch(process.env.ESOZ_URL + "/openapi.json")).json();
for (const operation of Object.values(contract.paths).flatMap(Object.values)) {
  const sample = operation["x-codeSamples"]?.find(({ lang }) => lang === "TypeScript");
  if (sample) writeFileSync(`sample-${operation.operationId}.mts`, sample.source);
}
EOF
"$bin/tsc" --strict --module nodenext --target es2022 --typeRoots "$types" --types node typed.mts walk.mts worlds.test.mts sample-*.mts

[ "$(wc -l <quickstart.mjs)" -eq 5 ] || { echo 'the quick start has not five lines' >&2; exit 1; }
timeout 60 node quickstart.mjs >said.txt
diff -u want.txt said.txt
timeout 120 node walk.mjs
node --test worlds.test.mjs >worlds.txt || { cat worlds.txt; exit 1; }
