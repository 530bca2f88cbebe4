# Targets for developers; "make" alone lists them. Only Go is needed; "make
# deps" installs what else the tests can use.

# The weights and pictures that some tests and the models need.
SHARED := $(or $(HALFMEG_SHARED),../shared)

# No cgo anywhere.
export CGO_ENABLED := 0

# The lowest level of amd64: at a higher one the compiler may fuse multiplications
# with additions, which changes bits of the models.
export GOAMD64 := v1

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: ## run the checks, and list what is left out; all with CHECK=-all
	@go run ./tools/check $(CHECK)

.PHONY: lint
lint: ## run staticcheck and golangci-lint at pinned versions
	@go run ./tools/check lint

.PHONY: integration
integration: ## run edge and tests with a camera, buses and lines on emulated boards
	@go run ./tools/check integration pi3

.PHONY: edge
edge: ## build the program for the Raspberry Pi: build/edge-linux-arm64
	@go run ./tools/check edge

.PHONY: deb
deb: ## build the Debian package for the Raspberry Pi in build/release
	@go run ./tools/release deb

.PHONY: release
release: ## build the programs of all platforms, with checksums and an SBOM, in build/release
	@go run ./tools/release binaries

.PHONY: service-test
service-test: ## as root: check the Debian package and its service in a container with systemd; ten minutes
	@go run ./tools/servicetest

.PHONY: service-test-arm64
service-test-arm64: ## as root: check the package on an emulated Pi with systemd and devices; an hour; not in "make test"
	@go run ./tools/boardtest

.PHONY: bench
bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: fuzz
fuzz: ## fuzz each target for a minute, or FUZZTIME=10s
	@go run ./tools/check fuzz

.PHONY: deps
deps: ## install the Debian packages that the tests use
	@sh tools/deps.sh

.PHONY: armcycles
armcycles: ## estimate the cycles of a frame on each Raspberry Pi: FLAGS="-operation NAME"
	GOOS=linux GOARCH=arm64 go build -o build/cyclebench ./tools/cyclebench
	@for core in cortex-a76 cortex-a72 cortex-a53; do \
		GOMAXPROCS=1 go run ./tools/armcycles -core $$core -per 5 -- build/cyclebench -frames 5 $(FLAGS) || exit 1; \
	done

.PHONY: armcycles-deps
armcycles-deps: ## install the Debian packages that armcycles uses
	@sh tools/deps.sh armcycles

.PHONY: groups
groups: ## rebuild the groups of the ImageNet classes from WordNet
	go run ./tools/wordnet -synsets $(SHARED)/images/synset_words.txt -out cmd/edge/internal/groups/imagenet.txt

.PHONY: clean
clean: ## remove what was built here
	rm -rf build

# The embedded models. One command makes each from pretrained weights, bit for
# bit the same on any linux/amd64. Their hashes are recorded.

PRETRAINED := model/pretrained
QUANTIZE := go run ./tools/quantize -calib $(SHARED)/images/calib -labels $(SHARED)/images/synset_words.txt
QUANTIZE_1.0 := $(QUANTIZE) -weights $(SHARED)/weights/squeezenet1.0-deepcompression.net
QUANTIZE_1.1 := $(QUANTIZE) -weights $(SHARED)/weights/squeezenet1.1-caffe-fp16.onnx
HASHES := sha256sum -- *.sqz
# The order of *.sqz.
models models-check: export LC_ALL := C

.PHONY: models
models: ## rebuild the embedded models and record their hashes
	$(QUANTIZE_1.0) -max-bytes 380000 -out $(PRETRAINED)/squeezenet1.0.sqz
	$(QUANTIZE_1.1) -out $(PRETRAINED)/squeezenet1.1.sqz
	cd $(PRETRAINED) && $(HASHES) > SHA256SUMS

.PHONY: models-check
models-check: ## check the embedded models against their hashes, and rebuild one
	cd $(PRETRAINED) && $(HASHES) | diff -u SHA256SUMS -
	mkdir -p build
	$(QUANTIZE_1.1) -out build/squeezenet1.1.sqz
	cmp build/squeezenet1.1.sqz $(PRETRAINED)/squeezenet1.1.sqz
