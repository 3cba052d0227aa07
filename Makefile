# run, test and bench are what the README promises.
.PHONY: run test bench soak check generate race fuzz chromium mcp node-oidc-provider node

export CGO_ENABLED = 0

# Build and serve, with the data in ./data.
run:
	go build -o bin/roster ./cmd/roster
	./bin/roster serve

# Install what the tests need, check the sources and pass every test.
test: chromium mcp node-oidc-provider check
	go test ./...

# Measure, as docs/performance.md tells: the parts, the program over HTTP against its peer, a registry of a million clients.
bench: node-oidc-provider
	go test -run '^$$' -bench . -benchmem $$(go list ./... | grep -v '/cmd/roster$$')
	go test -run '^$$' -bench . -skip 'LargeRegistry|Pages' -benchtime 3s -timeout 30m ./cmd/roster
	go test -run '^$$' -bench 'LargeRegistry|Pages' -benchtime 1x -timeout 90m ./cmd/roster

# Load the program for ten minutes: nothing may fail, grow or be left.
soak:
	go test -v -run TestSoak -timeout 30m ./cmd/roster -soak 10m

# Format, vet, lint; dependencies and generated code are current.
check:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not formatted: $$unformatted"; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go mod tidy -diff
	@before=$$(cat $(generated) | cksum); $(MAKE) --no-print-directory generate; \
	test "$$before" = "$$(cat $(generated) | cksum)" || { echo "$(generated): commit what make generate made"; exit 1; }

generated = web/*_templ.go web/ui/*_templ.go docs/reference.md

# The dashboard's pages, and the reference of members, settings and errors.
generate:
	go tool templ generate -path web
	go generate ./cmd/roster

# The tests under the race detector, which needs a C compiler.
race: export CGO_ENABLED = 1
race: chromium mcp node-oidc-provider
	go test -race -timeout 30m ./...

# Every fuzz target for a while.
fuzz:
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime 30s $$package || exit 1; \
		done; \
	done

# The browser of the dashboard's tests, from Debian's packages.
chromium:
	@command -v chromium >/dev/null || { \
		sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
		$$sudo apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core; \
	}

# The clients of the Model Context Protocol that the program is tested with, and the server that lives on it in tests
# and that it is measured against, as their lock files have them.
mcp: cmd/roster/testdata/mcp/node_modules/.package-lock.json
node-oidc-provider: cmd/roster/testdata/node-oidc-provider/node_modules/.package-lock.json

cmd/roster/testdata/%/node_modules/.package-lock.json: cmd/roster/testdata/%/package-lock.json | node
	cd cmd/roster/testdata/$* && npm ci --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved
	@touch $@

# What they run on, from Debian's packages.
node:
	@command -v npm >/dev/null || { \
		sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
		$$sudo apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -q -y --no-install-recommends nodejs npm; \
	}
