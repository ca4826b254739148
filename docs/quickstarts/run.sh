#!/bin/sh
# Runs the quick starts of docs/sdk.md and docs/signing.md, in every language whose
# runtime is there, against the sandbox at ESOZ_URL. All of a page say the same. With ALL_LANGUAGES set
# a language that is not there is a failure.
set -eu
cd "$(dirname "$0")"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

check() { # LANGUAGE COMMAND...
  language=$1
  shift
  timeout 120 "$@" >"$made/output.txt"
  diff -u "$output" "$made/output.txt" || { echo "quick start: $language says something else" >&2; exit 1; }
  echo "quick start: $language: ok"
}

missing() {
  echo "quick start: $1: not run, there is no $2"
  [ -z "${ALL_LANGUAGES:-}" ]
}

output=output.txt
check Python python3 python/quickstart.py
gson=/usr/share/java/gson.jar # of Debian's libgoogle-gson-java
if command -v java >/dev/null && [ -e $gson ]; then
  check Java java -Dfile.encoding=UTF-8 -cp $gson java/QuickStart.java
else
  missing Java 'java or no Gson'
fi
if command -v php >/dev/null; then
  check PHP php php/quickstart.php
else
  missing PHP php
fi
if command -v mcs >/dev/null && command -v mono >/dev/null; then
  mcs -langversion:7 -r:System.Net.Http -r:System.Runtime.Serialization -r:System.Xml -r:System.Xml.Linq \
    -out:"$made/quickstart.exe" csharp/QuickStart.cs
  check 'C#' mono "$made/quickstart.exe"
else
  missing 'C#' Mono
fi

# A request is signed once: each language gets the world anew.
sign() {
  curl -fsS -o /dev/null -X POST "$ESOZ_URL/_sandbox/reset"
  check "$@"
}

output=signing/output.txt
tsc=../../gen/ts/node_modules/.bin/tsc # of make sdk-test-ts
if command -v php >/dev/null; then
  sign 'PHP, signing' php signing/sign.php
fi
if command -v mcs >/dev/null && command -v mono >/dev/null; then
  mcs -langversion:7 -r:System.Net.Http -r:System.Runtime.Serialization -r:System.Xml -r:System.Xml.Linq \
    -out:"$made/sign.exe" signing/Sign.cs
  sign 'C#, signing' mono "$made/sign.exe"
fi
if [ -x $tsc ]; then
  $tsc --strict --module nodenext --target es2022 --types node --typeRoots ../../gen/ts/node_modules/@types \
    --outDir "$made" signing/sign.mts
  sign 'TypeScript, signing' node "$made/sign.mjs"
else
  missing TypeScript 'tsc: run make sdk-test-ts'
fi
if command -v go >/dev/null; then
  sign 'Go, signing' go run signing/sign.go
fi
