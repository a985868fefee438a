PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

SOURCES := pyproject.toml README.md LICENSE \
	$(shell find native vecq datasets bench -type f ! -name '*.pyc')
CPP := $(shell find native tests/native tests/fuzz bench/native \
	-name '*.cpp' -o -name '*.hpp' -o -name '*.h' 2>/dev/null)
CONFIGURE := cmake --log-level=WARNING -S native -G Ninja
CTEST := ctest --verbose --parallel 2 --test-dir
CLANG := $(firstword $(foreach name,clang++ $(addprefix clang++-,22 21 20 19 18 17 16 15 14),\
	$(shell command -v $(name) 2>&1)))
FUZZ_SECONDS ?= 60
HNSWLIB ?= build/hnswlib
CROSS := aarch64-linux-gnu-g++ qemu-aarch64

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' Makefile | column -t -s '|'

demo: $(VENV)/bench ## install into .venv, compare on generated users and items, end in a report
	vecq bench recsys-demo --quick --k 100 --regimes single,batch,processes --seconds 45 \
		--peers 'hnswlib,faiss HNSWFlat' --out build/demo

test: native-tests aarch64-tests $(VENV)/dev ## native tests, the same on emulated AArch64, then pytest
	OPENBLAS_NUM_THREADS=1 pytest -n 2 --dist loadfile

native-tests: $(VENV)/tools
	$(CONFIGURE) -B build/native -DVECQ_TESTS=ON -DVECQ_WERROR=ON
	cmake --build build/native
	$(CTEST) build/native

ifeq ($(words $(foreach tool,$(CROSS),$(shell command -v $(tool) 2>&1))),2)
aarch64-tests: $(VENV)/tools
	$(CONFIGURE) -B build/aarch64 -DVECQ_TESTS=ON -DVECQ_WERROR=ON \
		-DCMAKE_TOOLCHAIN_FILE=cmake/aarch64.cmake
	cmake --build build/aarch64
	$(CTEST) build/aarch64
else
aarch64-tests:
	@echo '*** SKIPPED: AArch64 tests. Install g++-aarch64-linux-gnu and qemu-user to run them. ***'
endif

lint: $(VENV)/dev ## formatting, types and which room may include which
	ruff check
	ruff format --check
	mypy
	clang-format --dry-run --Werror $(CPP)
	python tests/lint/floors.py

sanitize: build/asan build/tsan ## native tests under the address, undefined and thread sanitizers

# They write files to where they run. It is the shim that they import as hnswlib.
hnswlib-tests: export PYTHONPATH := $(CURDIR)/tests/hnswlib_shim
hnswlib-tests: $(VENV)/dev $(HNSWLIB) ## hnswlib's Python tests over vecq.integrations.hnswlib; HNSWLIB=FOLDER
	mkdir -p build/hnswlib-tests
	cd build/hnswlib-tests && for folder in tests/python python_bindings/tests; do \
		python -m unittest discover -b -s $(abspath $(HNSWLIB))/$$folder -p 'bindings_test*.py' \
		|| exit 1; \
	done

build/hnswlib:
	git clone -q -c advice.detachedHead=false --depth 1 --branch v0.8.0 \
		https://github.com/nmslib/hnswlib $@

build/asan: SANITIZE := address,undefined
build/tsan: SANITIZE := thread
# The tests ask for more memory than there is, and expect to be refused.
build/asan build/tsan: export ASAN_OPTIONS := allocator_may_return_null=1
build/asan build/tsan: export TSAN_OPTIONS := allocator_may_return_null=1
build/asan build/tsan: $(VENV)/tools
	$(CONFIGURE) -B $@ -DVECQ_TESTS=ON -DVECQ_WERROR=ON -DVECQ_SANITIZE=$(SANITIZE)
	cmake --build $@
	$(CTEST) $@

ifneq ($(CLANG),)
fuzz: export ASAN_OPTIONS := allocator_may_return_null=1
fuzz: $(VENV)/dev ## open, search, change and save made-up files under sanitizers; FUZZ_SECONDS=60
	$(CONFIGURE) -B build/fuzz -DVECQ_FUZZ=ON -DVECQ_SANITIZE=address,undefined \
		-DCMAKE_CXX_COMPILER=$(CLANG)
	cmake --build build/fuzz --target fuzz_open fuzz_sections
	mkdir -p build/fuzz/corpus build/fuzz/corpus_sections
	build/fuzz/fuzz_open -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -timeout=30 \
		-print_final_stats=1 -artifact_prefix=build/fuzz/ build/fuzz/corpus tests/fixtures/fuzz
	build/fuzz/fuzz_sections -max_total_time=$(FUZZ_SECONDS) -max_len=128 -len_control=0 -timeout=120 \
		-print_final_stats=1 -artifact_prefix=build/fuzz/ build/fuzz/corpus_sections
else
fuzz:
	@echo '*** SKIPPED: fuzzing. Install clang, which brings libFuzzer, to run it. ***'
endif

bench-kernels: $(VENV)/dev ## time every kernel on every instruction set of this machine
	$(CONFIGURE) -B build/bench -DVECQ_BENCH=ON
	cmake --build build/bench
	build/bench/bench_kernels

bench-codecs: $(VENV)/bench ## codecs: encode and score speed, recall; DATA=FILE.hdf5 ... adds sets
	python -I -m vecq.bench.codecs $(DATA)

bench-core: $(VENV)/bench ## the index against hnswlib and faiss; DATA=FILE.hdf5 ... adds sets, ARGS='--rows 0'
	python -I -m vecq.bench.core $(ARGS) $(DATA)

bench-exact: $(VENV)/bench ## exact scans, exclusions, large k beside faiss, hnswlib and scann; DATA=FILE.hdf5 ...
	python -I -m vecq.bench.exact $(ARGS) $(DATA)

bench-filters: $(VENV)/bench ## filters by every plan, and beside hnswlib and faiss; DATA=FILE.hdf5 ...
	python -I -m vecq.bench.filters $(ARGS) $(DATA)

bench-links: $(VENV)/bench ## graphs for inner products, by what items are linked; DATA=FILE.hdf5 ...
	python -I -m vecq.bench.links $(DATA)

bench-tuning: $(VENV)/bench ## the basic ladder against trying everything, and what it promises; DATA=FILE.hdf5 ...
	python -I -m vecq.bench.tuning $(ARGS) $(DATA)

bench-living: $(VENV)/bench ## items that come, change and go, beside hnswlib; ARGS='--rows 100000 --rounds 20'
	python -I -m vecq.bench.living $(ARGS)

bench-files: $(VENV)/bench ## save, open and search files; ARGS='--rows 200000 --folder /mnt'
	python -I -m vecq.bench.files $(ARGS)

bench-interop: $(VENV)/bench ## indexes of hnswlib and faiss, brought over; DATA=FILE.hdf5 ... ARGS='--rows 0'
	python -I -m vecq.bench.interop $(ARGS) $(DATA)

bench-recommend: $(VENV)/dev ## recommendations beside implicit's own, and what they promise; DATA=FILE.hdf5 ...
	python -I -m vecq.bench.recommend $(ARGS) $(DATA)

wheel: $(VENV)/dev ## a portable wheel in dist/, tried in an empty venv
	rm -rf dist build/wheel
	pip wheel -q --no-build-isolation --no-deps -w build/wheel .
	auditwheel repair -w dist build/wheel/*.whl
	python -m venv build/wheel/venv
	build/wheel/venv/bin/pip install -q dist/*.whl
	build/wheel/venv/bin/python -I -c 'import vecq; print(vecq.cpu())'

format: $(VENV)/dev ## format all sources in place
	ruff check --fix
	ruff format
	clang-format -i $(CPP)

clean: ## remove everything that was built
	rm -rf $(VENV) build dist

# Building without isolation keeps the paths of the build tools, and thereby the object files.
INSTALL := pip install -q --no-build-isolation

$(VENV)/tools: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	pip install -q scikit-build-core cffi cmake ninja
	touch $@

# Both stamps depend on every source, so that the compiled module is never older than they are.
$(VENV)/vecq: $(VENV)/tools $(SOURCES)
	$(INSTALL) .
	touch $@

# hnswlib comes as source and brings its own build tools: it is the one that needs isolation.
$(VENV)/hnswlib: $(VENV)/tools
	pip install -q hnswlib
	touch $@

$(VENV)/bench: $(VENV)/vecq $(VENV)/hnswlib
	$(INSTALL) '.[bench]'
	touch $@

$(VENV)/dev: $(VENV)/tools $(VENV)/hnswlib $(SOURCES)
	$(INSTALL) '.[dev]'
	touch $@ $(VENV)/vecq

.PHONY: help demo test native-tests aarch64-tests hnswlib-tests lint sanitize build/asan build/tsan fuzz \
	bench-kernels bench-codecs bench-core bench-links bench-exact bench-filters bench-tuning \
	bench-files bench-living bench-interop bench-recommend wheel format clean
