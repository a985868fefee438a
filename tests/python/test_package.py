import importlib.metadata
import importlib.util
import re
from pathlib import Path

import pytest

import vecq.bench
import vecq.datasets
from vecq._native import ffi, lib

ROOT = Path(__file__).parents[2]


def test_the_version_has_one_source():
    assert vecq.__version__ == importlib.metadata.version("vecq")


def test_every_public_name_exists():
    assert all(hasattr(vecq, name) for name in vecq.__all__)


def test_subpackages_are_installed():
    assert vecq.datasets.__doc__
    assert vecq.bench.__doc__


def functions_of(header):
    text = (ROOT / "native/include" / header).read_text()
    return set(re.findall(r"^\w.*?(vecq_\w+)\(", text, re.MULTILINE))


@pytest.mark.parametrize("header", ["vecq.h", "vecq_internal.h"])
def test_the_binding_has_every_function_of_the_header(header):
    functions = functions_of(header)
    assert len(functions) >= 5
    assert functions <= set(dir(lib))


def test_no_function_is_in_both_headers():
    internal = functions_of("vecq_internal.h")
    assert {"vecq_dot_rows", "vecq_pack_rows", "vecq_measure_machine_limits"} <= internal
    assert not internal & functions_of("vecq.h")


@pytest.mark.parametrize("header", ["vecq.h", "vecq_internal.h"])
def test_structs_that_may_grow_have_no_padding(header):
    """A later field would lie in it, and be read from callers that do not know the field."""
    text = (ROOT / "native/include" / header).read_text()
    names = re.findall(r"size_t struct_size;[^}]*} (\w+);", text)
    assert names
    for name in names:
        fields = [field.type for _, field in ffi.typeof(name).fields]
        assert sum(map(ffi.sizeof, fields)) == ffi.sizeof(name), name


def test_the_marked_spans_of_the_headers_parse():
    spec = importlib.util.spec_from_file_location("cffi_build", ROOT / "native/abi/cffi_build.py")
    cffi_build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cffi_build)
    assert cffi_build.binding().sizeof("vecq_error") == 512
