# `make help` lists the targets.
GO ?= go
GOLANGCI_LINT_VERSION = v2.15.0
# The product, and the laboratory, which has a go.mod of its own.
MODULES = . internal/lab
LINT = run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)

.PHONY: help run build test test-short torture-short hostile fuzz generate examples verify lint vet-systems fmt demo conformance alerts-check \
	openapi-lint openapi-publish openapi-diff openapi-release \
	reference reference-assets reference-check sign-in-test console-test screenshots sdk-test sdk-test-go

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: ## the sandbox: databases, a seeded world and the API, with one command
	$(GO) run ./cmd/esoz-sandbox

build: ## the programs, into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/ ./cmd/...

# The race detector does not watch SQLite and the parsers of YAML: they share no memory
# with goroutines of ours, and it makes them ten times as slow. (What uses generic types
# of sync or sync/atomic must be watched, or the detector loses sight of others' use of
# them; encoding/json, too.) Pointers are not checked: nothing here uses unsafe. Vet is a part of make lint.
export GORACE = atexit_sleep_ms=50
UNWATCHED = modernc.org go.yaml.in github.com/oasdiff
RACE = -race -vet=off -ldflags='-s -w' -gcflags=all=-d=checkptr=0 $(UNWATCHED:%='-gcflags=%/...=-race=0 -d=checkptr=0')

# Nor is what works in one goroutine: the programs that make the documents and their pages, the pages as the sandbox shows them, and
# the walks through all cases, which send one request after another (make torture-short sends them at once). Of many worlds each is
# a server that other tests watch; TestWorldsEnd watches what is around them.
WALKS = '^Test(Cases|ResetLeavesWhatTheSeedingPutThere|Pages|Public|Workers|Worlds|Dials|Traffic|Walk|AgainstTheSandbox)$$'
WALKED = ./internal/sandbox ./internal/sandbox/demo ./gen/client/examples
ALONE = ./openapi/... ./internal/reference/...
TOGETHER = $$($(GO) list ./... | grep -vE '^esoz/(openapi|internal/reference)(/|$$)')
# The engines are not watched either, and that matters most: one process has PostgreSQL and the document stores of all tests.
ENGINES = bin/withengines
.PHONY: $(ENGINES)
$(ENGINES):
	@$(GO) build -o bin/ ./internal/testkit/withengines

test: $(ENGINES) ## all tests but the torture, on real engines that are started for them
	$(ENGINES) $(GO) test $(RACE) -p 3 -timeout 30m -skip $(WALKS) ./internal/sandbox $(TOGETHER) # the longest first
	$(GO) test -vet=off -ldflags='-s -w' -timeout 20m $(ALONE)
	$(ENGINES) $(GO) test -vet=off -timeout 20m -run $(WALKS) $(WALKED)
	$(ENGINES) $(GO) -C internal/lab test $(RACE) -timeout 20m $$($(GO) -C internal/lab list ./... | grep -v /torture)

# Where the race detector would see the client alone: what a test sends one request after another. (make several-servers
# has the races for one transition with the detector.)
ONE_BY_ONE = WhoMay|NobodySeesOrChangesAnothersData|FirstBrokenRuleAnswers|MissingChecksAreFound|ChecksThatAreSwitchedOff|Endings|\
NothingConfidentialIsTold|OneWinnerOnOneServer
# Tests that start the program itself. They measure how long it takes to answer, so they do not run beside what keeps all cores busy.
PROGRAMS_OF_THEIR_OWN = Backup|KilledServer|ServerWithoutFaults|FullDisk|PostgresRestarts|NoConnections|Failover|LargePages|NetworkFaults|\
ChangesUnderNetworkFaults|LostAnswersAreFoundAgain|Outbox|OutboxWithCrashes|OutboxOfAnUnreliableGateway|Pooler|RollingRestarts|\
KilledBetweenDocumentAndCommit|InterruptedJobs|InterruptedCancellations|KilledPackages|KilledSandboxStartsAgain|Soak|Upgrade|HostileWire|PlantedFaultsAreFound
one_line = '^Test($(subst $() ,,$(1)))$$'
# Requests that are made up; the detector makes them ten times as slow, and finds little in more of the same.
MADE_UP = BrokenBodies|BrokenParameters|FittingRequests
torture-short: $(ENGINES) ## the short form of the torture: faults, races (make hostile sends what is made up)
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target torture-watched torture-unwatched # one core each
	$(GO) -C internal/lab test $(TORTURE_UNWATCHED) -run $(call one_line,$(PROGRAMS_OF_THEIR_OWN)) ./torture

.PHONY: torture-watched torture-unwatched
TORTURE_UNWATCHED = -vet=off -ldflags='-s -w' -timeout 45m
torture-watched:
	$(ENGINES) $(GO) -C internal/lab test $(RACE) -timeout 45m -skip $(call one_line,$(ONE_BY_ONE)|$(PROGRAMS_OF_THEIR_OWN)|$(MADE_UP)) ./torture
torture-unwatched:
	$(ENGINES) $(GO) -C internal/lab test $(TORTURE_UNWATCHED) -run $(call one_line,$(ONE_BY_ONE)) ./torture

# Several servers need a document store that FerretDB 1 is not.
DOCUMENTS = internal/lab/tools/documentdb-up
several-servers: ## the tests of several servers, and of the plans of such a store, in their short form
	ESOZ_TEST_MONGODB_URI=$${ESOZ_TEST_MONGODB_URI:-$$($(DOCUMENTS))} $(GO) -C internal/lab test $(RACE) -timeout 20m -run 'ThreeServers|QuestionsHaveIndexes' ./torture

torture: ## what docs/reliability.md tells of, done anew: an hour; RUN=TestX does one test of it
	@if [ -z "$$ESOZ_TEST_MONGODB_URI" ]; then \
		ESOZ_TEST_MONGODB_URI=$$($(DOCUMENTS)) && export ESOZ_TEST_MONGODB_URI || exit 1; fi; \
	$(GO) -C internal/lab test -count=1 -timeout 3h -v $(if $(RUN),-run '$(RUN)') ./torture -args -full -report $(CURDIR)/docs/reliability.md

TIMES ?= 1
hostile: $(ENGINES) ## hostile input, without the race detector; TIMES=10 makes up ten times as much
	$(ENGINES) $(GO) -C internal/lab test -vet=off -ldflags='-s -w' -count=1 -timeout 20m -run $(call one_line,$(MADE_UP)) ./torture -args -times $(TIMES)

FUZZTIME ?= 10s

fuzz: ## each decoder against made-up input, for FUZZTIME
	@grep -rE '^func Fuzz' --include='*_test.go' internal | sed -E 's|^(.*)/[^/]*:func (Fuzz[A-Za-z0-9]+).*|\1 \2|' | \
		while read -r folder target; do \
			echo "$$target in $$folder"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "./$$folder" || exit 1; \
		done

test-short: ## the same without the race detector
	@for module in $(MODULES); do $(GO) -C $$module test ./... || exit 1; done

CONSOLE = internal/sandbox/console
GENERATED = openapi gen docs $(CONSOLE)/dist
generate: ## contract, rule ids, server stubs, Go client, methods by resource, queries, documents, the console's bundle
	$(GO) run ./openapi/bundle
	$(GO) tool oapi-codegen -config openapi/oapi-codegen.yaml openapi/openapi.yaml
	$(GO) tool oapi-codegen -config openapi/oapi-codegen-client.yaml openapi/openapi.yaml
	$(GO) run ./openapi/resources
	$(GO) tool sqlc generate
	$(GO) run ./internal/reference/docs
	$(GO) run ./openapi/release changes
	$(GO) -C internal/lab run ./console $(CURDIR)/$(CONSOLE)

examples: ## what a sandbox answers to the cases that the contract shows, into openapi/examples; then run make generate
	$(GO) test -count=1 -run '^TestCases$$' ./internal/sandbox -args -update

verify: generate ## fail when what is generated is not what is committed
	@for module in $(MODULES); do $(GO) -C $$module mod tidy -diff || exit 1; done
	@git diff --exit-code -- $(GENERATED) README.md && test -z "$$(git status --porcelain -- $(GENERATED))" || \
		{ echo 'generated files have drifted: run make generate and commit' >&2; git status --short -- $(GENERATED); exit 1; }

lint: ## golangci-lint, and what it cannot see
	@for module in $(MODULES); do $(GO) -C $$module $(LINT) run ./... || exit 1; done
	@! grep -rn '"[$$]elemMatch"' --include='*.go' internal || \
		{ echo 'FerretDB 1.24 silently finds nothing with $$elemMatch' >&2; exit 1; }

SYSTEMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
vet-systems: ## vet the programs and the sandbox as they compile for each of SYSTEMS
	@for system in $(SYSTEMS); do \
		echo "$$system"; GOOS=$${system%/*} GOARCH=$${system#*/} CGO_ENABLED=0 $(GO) vet -trimpath ./cmd/... ./internal/sandbox/... || exit 1; done

fmt: ## format
	@for module in $(MODULES); do $(GO) -C $$module $(LINT) fmt ./... || exit 1; done

demo: ## the walk of the README, against a sandbox of its own
	$(GO) run ./internal/sandbox/demo

conformance: ## every documented check against a sandbox of its own, or the image with IN=.ci/image; reports into bin/
	$(IN) $(GO) run ./internal/conformance/ours

alerts-check: ## the alert rules of docs/operations, by promtool (Debian: prometheus)
	promtool check rules docs/operations/alerts.yml
	promtool test rules docs/operations/alerts_test.yml

openapi-publish: ## the documents for readers, into bin/openapi/
	$(GO) run ./openapi/release publish

openapi-diff: ## fail when the contract breaks clients of the last release and CHANGELOG.md does not say so
	$(GO) run ./openapi/release diff

openapi-release: ## keep the contract as the one that was released last
	$(GO) run ./openapi/release baseline

reference: ## the reference as static files, into bin/reference/
	$(GO) run ./internal/reference/export

# What the console is bundled from, and what it is called in its npm package.
PREACT = preact:preact/dist/preact.mjs hooks:preact/hooks/dist/hooks.mjs jsx-runtime:preact/jsx-runtime/dist/jsxRuntime.mjs \
	signals:@preact/signals/dist/signals.mjs signals-core:@preact/signals-core/dist/signals-core.mjs
PREACT_LICENCES = preact:preact/LICENSE signals:@preact/signals/LICENSE
MODULES_OF_NPM = internal/reference/npm/node_modules
each_part = for part in $(PREACT); do $(1) $(MODULES_OF_NPM)/$${part\#*:} $(CONSOLE)/preact/$${part%%:*}.mjs || exit 1; done; \
	for part in $(PREACT_LICENCES); do $(1) $(MODULES_OF_NPM)/$${part\#*:} $(CONSOLE)/preact/$${part%%:*}.LICENSE.txt || exit 1; done

reference-assets: ## take what the console is bundled from, from its pinned npm packages
	cd internal/reference/npm && npm ci --silent
	@$(call each_part,cp)

reference-check: ## fail when what the console is bundled from is not that of its pinned npm packages
	cd internal/reference/npm && npm ci --silent
	@$(call each_part,cmp)

sign-in-test: ## the sign-in page in real Chromium, with the keyboard alone
	npm ci --silent --prefix internal/reference/npm
	$(GO) run ./internal/sandbox/withsandbox node internal/reference/npm/signin.mjs

CONSOLE_TYPES = $(MODULES_OF_NPM)/.bin/openapi-typescript internal/sandbox/openapi.yaml -o $(CONSOLE)/src/schema.gen.ts
console-test: ## the console in real Chromium: types, the newcomer's path at both widths, keyboard, axe, ten thousand requests
	npm ci --silent --prefix internal/reference/npm
	$(CONSOLE_TYPES) --check
	$(MODULES_OF_NPM)/.bin/tsc -p $(CONSOLE)
	$(GO) build -o bin/ ./cmd/esoz-sandbox
	ESOZ_SANDBOX=bin/esoz-sandbox $(GO) run ./internal/sandbox/withsandbox node internal/reference/npm/console.mjs

screenshots: conformance ## the pictures of the documents (needs Chromium)
	npm ci --silent --prefix internal/reference/npm
	$(GO) run ./internal/sandbox/withsandbox node internal/reference/npm/screenshots.mjs

# Their own scripts stay off: one of them reports who installs it.
openapi/lint/node_modules/.package-lock.json: openapi/lint/package-lock.json
	@npm ci --prefix openapi/lint --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

openapi-lint: openapi/lint/node_modules/.package-lock.json openapi-publish ## redocly and spectral on the contract and the sandbox's document; tools that read the published ones
	@cd openapi/lint && export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true PATH="$$PWD/node_modules/.bin:$$PATH" && \
		redocly lint contract sandbox --format stylish && \
		spectral lint --quiet --fail-severity hint --ruleset spectral.yaml ../openapi.yaml && \
		spectral lint --quiet --fail-severity hint --ruleset sandbox.spectral.yaml ../../internal/sandbox/openapi.yaml && \
		node readers.mjs ../../bin/openapi/esoz.json ../../bin/openapi/esoz-3.1.yaml

.PHONY: sdk-test-ts sdk-test-docs generate-ts csharp-client jkurwa

jkurwa: ## verify what npm's jkurwa signs with DSTU 4145, and walk with its keys
	npm ci --prefix internal/platform/signature/jkurwa --ignore-scripts --no-audit --no-fund --loglevel=error
	$(GO) test -count=1 -tags jkurwa -run Jkurwa ./internal/platform/signature ./internal/sandbox/demo

sdk-test: sdk-test-go sdk-test-ts sdk-test-docs ## both clients, and the quick starts in other languages

sdk-test-go: ## the Go client, its quick start and its examples
	$(GO) test ./gen/client/...

TS_SANDBOX = $(GO) run ./internal/sandbox/withsandbox
sdk-test-ts: ## the TypeScript client: no drift, its tests, and as a package against a sandbox
	cd gen/ts && npm ci --ignore-scripts --no-audit --no-fund && npm run check && npm run build && npm test
	$(TS_SANDBOX) gen/ts/try.sh

sdk-test-docs: ## the quick starts of docs/sdk.md and tests of docs/test-runners.md, where their languages are installed
	$(GO) run ./internal/sandbox/withsandbox docs/quickstarts/run.sh

csharp-client: openapi-publish ## a C# client by NSwag into build/nswag/, tried in a sandbox (Debian: mono-devel)
	$(GO) run ./internal/sandbox/withsandbox openapi/generators/nswag/run.sh

generate-ts: ## types and version of the TypeScript client, types of the console (needs npm)
	cd gen/ts && npm ci --ignore-scripts --no-audit --no-fund && npm run generate && \
		npm version --no-git-tag-version --allow-same-version "$$(sed -n 's/^  version: //p' ../../openapi/openapi.yaml)"
	npm ci --silent --prefix internal/reference/npm
	$(CONSOLE_TYPES)

.PHONY: supply-chain vulnerabilities reproducible sbom release
PROGRAMS = esoz esoz-sandbox esoz-conformance
CYCLONEDX = github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

supply-chain: vulnerabilities reproducible sbom ## what our programs are made of: holes, the same bytes twice, licences, lists of parts

vulnerabilities: ## fail when a known hole is within reach (needs vuln.go.dev or GOVULNDB)
	GO=$(GO) .ci/vulnerabilities

reproducible: ## build what is committed twice, compare, leave it in bin/release/
	GO=$(GO) .ci/reproducible $(PROGRAMS:%=./cmd/%)

# The programs whose parts are listed.
LISTED ?= $(PROGRAMS:%=bin/release/%)
LICENCES = -client $(CURDIR)/gen/ts/package-lock.json -embedded $(CURDIR)/$(CONSOLE)/preact

sbom: ## fail at a licence that nobody has agreed to; lists of parts beside bin/release/*
	@for program in $(LISTED); do \
		$(GO) run -trimpath $(CYCLONEDX) bin -json -std -noserial -notimestamp -output "$$program.cdx.json" \
			-version "$$($(GO) version -m "$$program" | awk '$$1 == "mod" { print $$3 }')" "$$program" || exit 1; \
	done
	@$(GO) -C internal/lab run ./supply $(LICENCES) $(TEXTS:%=-texts $(CURDIR)/%) $(LISTED:%=$(CURDIR)/%.cdx.json)

BUILT = bin/programs
release: ## archives, packages of Debian, Red Hat and npm, checksums, of what is committed, into bin/release/; PLATFORMS="linux/amd64 ..." makes fewer
	rm -rf bin/release
	$(GO) -C internal/lab run ./release build $(CURDIR)/$(BUILT) $(PLATFORMS)
	$(MAKE) --no-print-directory sbom LISTED="$$(ls $(BUILT)/*/esoz* | grep -v '[.]json$$' | tr '\n' ' ')" TEXTS=$(BUILT)/THIRD-PARTY-LICENSES.txt
	$(GO) -C internal/lab run ./release pack $(CURDIR)/$(BUILT) $(CURDIR)/bin/release

.PHONY: image
image: ## the OCI image of what make release has built, into bin/image/, without a daemon (needs debootstrap, and root or sudo)
	internal/lab/tools/image bin/image

.PHONY: bench bench-quick torture several-servers
bench: ## every benchmark, and docs/benchmarks.md from them: more than an hour on a quiet machine; CODIFIER=FILE imports the national codifier
	$(GO) -C internal/lab build -trimpath -o $(CURDIR)/bin/ ./esoz-bench && bin/esoz-bench full $(CODIFIER:%=--codifier %)

bench-quick: ## the same tables on the terminal, in less than three minutes
	$(GO) -C internal/lab build -trimpath -o $(CURDIR)/bin/ ./esoz-bench && bin/esoz-bench quick
