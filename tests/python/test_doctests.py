"""The examples in docstrings of vecq run and print what they say.

Each module is run in a folder of its own, with `numpy` and `vecq` imported. An example that needs a
package which is not installed is skipped.
"""

import doctest
import pkgutil
import re
import warnings
from importlib import import_module
from importlib.util import find_spec

import numpy
import pytest

import vecq

OPTIONAL = ("faiss", "hnswlib", "implicit", "scipy", "sklearn")
# Other packages of the distribution, and the command line, which imports them.
LEFT_OUT = ("vecq.bench", "vecq.datasets", "vecq.__main__")


def modules():
    for found in pkgutil.walk_packages(vecq.__path__, "vecq."):
        if not found.name.startswith(LEFT_OUT) and not found.name.startswith("vecq._native"):
            yield found.name


def examples(module):
    finder = doctest.DocTestFinder(exclude_empty=True)
    names = {"numpy": numpy, "vecq": vecq, **vars(module)}
    return [test for test in finder.find(module, globs=names) if test.examples]


def missing(test):
    source = "".join(example.source for example in test.examples)
    used = re.findall(r"import ([\w, ]+)", source)
    names = {name.strip().split(".")[0] for line in used for name in line.split(",")}
    return [name for name in OPTIONAL if name in names and find_spec(name) is None]


@pytest.mark.parametrize("name", ["vecq", *modules()])
def test_the_examples_of_a_module_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        module = import_module(name)
    except vecq.UnsupportedError as error:
        pytest.skip(str(error))
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner, printed = doctest.DocTestRunner(optionflags=flags), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for test in examples(module):
            if not missing(test):
                runner.run(test, out=printed.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(printed)


def test_methods_of_the_index_have_examples():
    names = {test.name for test in examples(import_module("vecq.index"))}
    for method in ("search", "add", "upsert", "remove", "save", "open", "measure_recall"):
        assert f"vecq.index.Index.{method}" in names
