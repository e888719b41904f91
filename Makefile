# Everything here works in a fresh clone with Go alone; `make` lists the targets.

# Where development data lies; tests that need it say one line and skip where it is absent.
MLFF_DATA ?= $(abspath ../shared/data)
export MLFF_DATA

STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
MLFF = bin/mlff

.PHONY: help build demo lint test test-heavy bench bench-kernels bench-students clean

help:
	@echo 'make build           the command bin/mlff (pure Go)'
	@echo 'make demo            distil the built-in silicon teacher; about two minutes on two cores'
	@echo 'make test            gofmt, vet, staticcheck and every test'
	@echo 'make test-heavy      kill loops and other tests that take minutes'
	@echo 'make bench           the measured numbers of the README (an hour): bench-kernels, then bench-students'

build:
	CGO_ENABLED=0 go build -trimpath -o $(MLFF) ./cmd/mlff

demo: build
	@rm -rf demo
	$(MLFF) distill examples/silicon.yaml --out demo

lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go vet -tags heavy ./...
	$(STATICCHECK) -tags heavy ./...

test: lint
	CGO_ENABLED=0 go build -trimpath -o $(MLFF) ./cmd/mlff
	go test ./...

test-heavy:
	go test -tags heavy -run Heavy -timeout 60m -count 1 -v ./...

bench: bench-kernels bench-students

bench-kernels:
	go test -run '^$$' -bench . -benchtime 2s ./...

# Test errors of students distilled from published labels; the bars stand in the README.
bench-students: build
	$(MLFF) distill --data $(MLFF_DATA)/mlearn/Si_training.extxyz --valid $(MLFF_DATA)/mlearn/Si_test.extxyz --budget 10m --out runs/bench-si || [ $$? = 3 ]
	$(MLFF) distill --data $(MLFF_DATA)/mlearn/Li_training.extxyz --valid $(MLFF_DATA)/mlearn/Li_test.extxyz --budget 10m --out runs/bench-li || [ $$? = 3 ]
	$(MLFF) distill --data $(MLFF_DATA)/water-painn/train.extxyz --valid $(MLFF_DATA)/water-painn/test.extxyz --budget 20m --out runs/bench-water || [ $$? = 3 ]

clean:
	rm -rf bin demo
