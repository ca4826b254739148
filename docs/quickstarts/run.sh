#!/bin/sh
# Runs the quick starts of docs/sdk.md, in every language whose runtime is there,
# against the server at ESOZ_URL. All of them say the same. With ALL_LANGUAGES set
# a language that is not there is a failure.
set -eu
cd "$(dirname "$0")"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

check() { # LANGUAGE COMMAND...
  language=$1
  shift
  timeout 120 "$@" >"$made/output.txt"
  diff -u output.txt "$made/output.txt" || { echo "quick start: $language says something else" >&2; exit 1; }
  echo "quick start: $language: ok"
}

missing() {
  echo "quick start: $1: not run, there is no $2"
  [ -z "${ALL_LANGUAGES:-}" ]
}

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
