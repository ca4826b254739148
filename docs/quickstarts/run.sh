#!/bin/sh
# Runs the quick starts of docs/sdk.md and docs/signing.md and the tests of docs/test-runners.md, in every language
# whose runtime is there, against the sandbox at ESOZ_URL. All quick starts of a page say the same. With
# ALL_LANGUAGES set a language that is not there is a failure.
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

compile() { # PROGRAM SOURCE...
  program=$1
  shift
  mcs -langversion:7 -r:System.Net.Http -r:System.Runtime.Serialization -r:System.Xml -r:System.Xml.Linq -out:"$program" "$@"
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
  compile "$made/quickstart.exe" csharp/QuickStart.cs
  check 'C#' mono "$made/quickstart.exe"
else
  missing 'C#' Mono
fi

output=php/guzzle.txt
if command -v php >/dev/null && php -r 'require "GuzzleHttp/autoload.php";' >/dev/null 2>&1; then # Debian's php-guzzlehttp-guzzle
  mkdir -p "$made/guzzle/vendor"
  cp php/guzzle.php php/World.php "$made/guzzle"
  echo "<?php require_once 'GuzzleHttp/autoload.php';" >"$made/guzzle/vendor/autoload.php"
  check 'PHP, Guzzle' php "$made/guzzle/guzzle.php"
else
  missing 'PHP, Guzzle' 'php or no Guzzle'
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
  compile "$made/sign.exe" signing/Sign.cs
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

# Tests in worlds pass. With tokens that are none, tests fail and say which check refused them.
passes() { # LANGUAGE COMMAND...
  language=$1
  shift
  timeout 120 "$@" >"$made/said.txt" 2>&1 || { cat "$made/said.txt"; echo "tests in worlds: $language: they fail" >&2; exit 1; }
  echo "tests in worlds: $language: ok"
}

explains() { # LANGUAGE COMMAND...
  language=$1
  shift
  ! timeout 120 "$@" >"$made/said.txt" 2>&1 && grep -q '✗ gateway.token' "$made/said.txt" ||
    { cat "$made/said.txt"; echo "tests in worlds: $language: the refusal of a token is not explained" >&2; exit 1; }
}

if command -v phpunit >/dev/null; then
  passes PHPUnit testing/phpunit/workers.sh
  mkdir "$made/testing"
  cp -r php "$made"
  cp -r testing/phpunit "$made/testing"
  sed -i "s/'doctor'/'nobody'/" "$made/testing/phpunit/CodesTest.php"
  explains PHPUnit "$made/testing/phpunit/workers.sh"
else
  missing PHPUnit phpunit
fi
if command -v mcs >/dev/null && command -v mono >/dev/null; then
  compile "$made/tests.exe" csharp/World.cs testing/xunit/*.cs
  passes 'C#' mono "$made/tests.exe"
  sed 's/sandbox-doctor/sandbox-nobody/' testing/xunit/Codes.cs >"$made/Codes.cs"
  compile "$made/tests.exe" csharp/World.cs testing/xunit/CodesTest.cs testing/xunit/InPlaceOfXunit.cs "$made/Codes.cs"
  explains 'C#' mono "$made/tests.exe"
fi
if [ -x $tsc ]; then
  (cd ../../gen/ts && npm pack --silent --pack-destination "$made" >/dev/null)
  for runner in jest vitest; do
    cp -r testing/$runner "$made"
    cd "$made/$runner"
    npm ci --loglevel=error --ignore-scripts --no-audit --no-fund
    npm install --loglevel=error --ignore-scripts --no-audit --no-fund --no-save ../esoz-*.tgz
    passes $runner npm test
    sed -i 's/client("doctor")/client()/' codes.test.js
    explains $runner npm test
    cd - >/dev/null
  done
fi
