#!/bin/sh
# Makes build/nswag/EsozClient.cs and EsozClient.dll from bin/openapi/esoz.json by NSwag under Mono (Debian:
# mono-devel), and runs docs/quickstarts/csharp/Client.cs against the sandbox at ESOZ_URL.
set -eu
cd "$(dirname "$0")"
npm ci --loglevel=error --ignore-scripts --no-audit --no-fund
nswag=$PWD/node_modules/nswag/bin/binaries/Win
cd ../../..
made=$PWD/build/nswag
mkdir -p "$made"
cp "$nswag/Newtonsoft.Json.dll" "$made"
node openapi/generators/nswag/open.mjs bin/openapi/esoz.json "$made/contract.json"
mono "$nswag/NSwag.exe" run openapi/generators/nswag/nswag.json \
  "/variables:document=$made/contract.json,output=$made/EsozClient.cs" >"$made/nswag.txt" </dev/null || { cat "$made/nswag.txt"; exit 1; }
mcs -langversion:7 -warn:0 -target:library -out:"$made/EsozClient.dll" -r:"$made/Newtonsoft.Json.dll" \
  -r:System.Net.Http -r:System.Runtime.Serialization -r:System.ComponentModel.DataAnnotations "$made/EsozClient.cs"
cd docs/quickstarts/csharp
mcs -langversion:7 -r:System.Net.Http -r:System.Runtime.Serialization -r:System.Xml -r:System.Xml.Linq \
  -r:"$made/EsozClient.dll" -r:"$made/Newtonsoft.Json.dll" -out:"$made/client.exe" Client.cs World.cs
timeout 120 mono "$made/client.exe" >"$made/said.txt"
diff -u client.txt "$made/said.txt"
echo 'C# client by NSwag: ok'
