#!/usr/bin/env bash
# Cross-builds a wheel for AArch64 into dist/aarch64, and tests it on an emulated Python.
#
# packaging/aarch64/wheel.sh FOLDER
#
# FOLDER is what python.sh filled. The build tools are those of the environment in use. auditwheel
# reads the versions of symbols from the ELF file, so it also tags and checks foreign wheels.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(realpath "$1")
root=$folder/root wheels=$folder/wheels packages=("$folder"/venv/lib/python3.*/site-packages)
version=$(basename "$root"/usr/include/python3.*)
version=${version#python}

rm -rf "$wheels" dist/aarch64
_PYTHON_HOST_PLATFORM=linux-aarch64 \
    CMAKE_ARGS="${CMAKE_ARGS:-} -DCMAKE_TOOLCHAIN_FILE=$PWD/native/cmake/aarch64.cmake \
        -DPython_INCLUDE_DIR=$root/usr/include/python$version" \
    pip wheel -q --no-build-isolation --no-deps -w "$wheels" .
auditwheel repair -w dist/aarch64 "$wheels"/*.whl

# pip chooses by tags, so it also proves that of the wheel.
wheel=(dist/aarch64/*.whl)
tag=${wheel[0]##*-}
pip install -q --upgrade --target "${packages[0]}" --only-binary=:all: \
    --implementation cp --python-version "$version" \
    --abi "cp${version/./}" --abi abi3 --abi none \
    --platform "${tag%.whl}" --platform manylinux_2_28_aarch64 \
    --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 \
    "${wheel[0]}" numpy cffi pytest hypothesis
python=(qemu-aarch64 -L "$root" "$folder/venv/bin/python")
"${python[@]}" -I tests/packaging/smoke.py
# Tests that start programs would need a kernel that runs those of AArch64, and qemu-user does not
# reliably start threads in a forked child.
"${python[@]}" -P -m pytest -p no:cacheprovider -q -k "not forked" \
    tests/python/{storage/test_files_frozen,quantization/test_codec,search/test_filters}.py
