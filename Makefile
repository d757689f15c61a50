# Keywright's words for working on it. `make` alone prints them.
#
# Everything that a target installs for itself goes into .cache/ or, for Debian packages and only where that is
# allowed without a question, into the system (.ci/needs says how).

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO       := go
BIN      := bin/keywright
VERSION  := $(shell .ci/version)
LDFLAGS  := -X main.version=$(VERSION)
FUZZTIME := 10s
FUZZTOTAL :=
DURATION := 10m
BENCH    := .
PKG      := ./...

LINT_VERSION := v2.15.0
LINT         := .cache/golangci-lint-$(LINT_VERSION)/golangci-lint

.PHONY: help demo test check build install bench gobench torture fuzz lint fmt fmt-check vet race arch rules self needs clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## build, then issue a key, leak it, find it, kill it (ARGS="--keep --repo PATH")
	@$(BIN) demo $(ARGS)

test: needs ## install what the tests need, run all of them (PKG=./issuer/... for some), fuzz the readers of packs and encodings a little
	$(GO) test -timeout 9m $(PKG)
	@[ '$(PKG)' != ./... ] || .ci/fuzz 1s ./internal/packfile ./scanner/decode

check: fmt-check vet lint arch race rules self ## everything that CI runs: format, vet, lint, borders, tests with -race, rules, our own history

build: ## make bin/keywright, its version taken from git where there is one
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w $(LDFLAGS)' -o $(BIN) ./cmd/keywright

install: ## put keywright where `go install` puts things
	CGO_ENABLED=0 $(GO) install -trimpath -ldflags '-s -w $(LDFLAGS)' ./cmd/keywright

bench: build ## measure the binary against git and ripgrep, write docs/benchmarks.md (BENCH_ONLY=large,staged, BENCH_REPO=path, BENCH_QUICK=1)
	@.ci/needs ripgrep >/dev/null || true
	$(GO) run ./internal/bench

gobench: ## run the packages' own benchmarks (BENCH=regexp, PKG=./scanner/...)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -timeout 60m $(PKG)

torture: needs ## revoke while processes are stopped, killed and cut off and the database crashes; check every answer (DURATION=10m)
	KEYWRIGHT_TORTURE='$(DURATION)' $(GO) test -run 'TestTorture$$' -v -count=1 -timeout 24h ./issuer/lease

fuzz: ## run every fuzz target for a while (FUZZTIME=10s each, FUZZTOTAL=10m for all of them together)
	@FUZZTOTAL='$(FUZZTOTAL)' .ci/fuzz '$(FUZZTIME)' $(PKG)

lint: $(LINT) ## run the linters of .golangci.yaml
	$(LINT) run --allow-parallel-runners ./...

fmt: ## format the Go files
	gofmt -w $$(.ci/gofiles)

fmt-check:
	@files=$$(gofmt -l $$(.ci/gofiles)); [ -z "$$files" ] || { echo "not formatted, run make fmt:"; echo "$$files"; exit 1; }

vet:
	$(GO) vet ./...

arch: ## check the borders between the rooms, who may reveal a secret, what a library user links
	$(GO) test ./internal/archtest/...

race: needs ## run the tests with the race detector, where a C compiler works
	@cc=$$(.ci/needs gcc) || true; \
	if [ -n "$$cc" ]; then set -x; CGO_ENABLED=1 CC="$$cc" $(GO) test -race -timeout 20m $(PKG); \
	else echo "make race: no C compiler that works, so these tests run WITHOUT -race"; set -x; $(GO) test -timeout 20m $(PKG); fi

rules: build ## check the catalogue of patterns
	$(BIN) rules check

self: build ## scan what this repository's HEAD reaches: nothing token-shaped is committed
	@if [ "$$(git rev-parse --is-shallow-repository 2>/dev/null)" = false ]; then set -x; $(BIN) scan . --ref HEAD --quiet; \
	else echo "make self: the whole history is not here, so it is NOT scanned"; fi

needs: ## install what the tests need and is not there (a Postgres server)
	@.ci/needs postgres >/dev/null

clean: ## remove what was built and installed here
	rm -rf bin .cache

$(LINT):
	@echo "installing golangci-lint $(LINT_VERSION) (once, some minutes)"
	@mkdir -p $(@D)
	GOBIN=$(abspath $(@D)) GOFLAGS= $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
