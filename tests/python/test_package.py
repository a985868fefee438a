import importlib.metadata
import importlib.util
import re
from pathlib import Path

import vecq.bench
import vecq.datasets
from vecq._native import lib

ROOT = Path(__file__).parents[2]


def test_the_version_has_one_source():
    assert vecq.__version__ == importlib.metadata.version("vecq")


def test_every_public_name_exists():
    assert all(hasattr(vecq, name) for name in vecq.__all__)


def test_subpackages_are_installed():
    assert vecq.datasets.__doc__
    assert vecq.bench.__doc__


def test_the_binding_has_every_function_of_the_header():
    header = (ROOT / "native/include/vecq.h").read_text()
    functions = re.findall(r"^\w.*?(vecq_\w+)\(", header, re.MULTILINE)
    assert len(functions) >= 8
    assert set(functions) <= set(dir(lib))


def test_the_marked_span_of_the_header_parses():
    spec = importlib.util.spec_from_file_location("cffi_build", ROOT / "native/abi/cffi_build.py")
    cffi_build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cffi_build)
    assert cffi_build.binding().sizeof("vecq_error") == 512
