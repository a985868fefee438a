"""Modules of vecq import each other in one direction, and no function hides a module."""

import ast
import pkgutil
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import vecq

LEFT_OUT = ("vecq.__main__", "vecq._native")
ROOT = Path(vecq.__file__).parents[1]


def modules():
    for found in pkgutil.walk_packages(vecq.__path__, "vecq."):
        if not found.name.startswith(LEFT_OUT):
            try:
                import_module(found.name)
            except vecq.UnsupportedError:  # a package that it is for is not installed
                continue
            yield found.name


NAMES = ["vecq", *modules()]


def imports(name):
    """Modules of vecq that a module imports, also inside of functions."""
    for node in ast.walk(ast.parse(Path(sys.modules[name].__file__).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                longer = f"{node.module}.{alias.name}"
                yield longer if longer in NAMES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_modules_import_each_other():
    own = [name for name in NAMES if not name.startswith(("vecq.bench", "vecq.datasets"))]
    graph = {name: {other for other in imports(name) if other in own} - {name} for name in own}
    assert len(graph["vecq.index"]) > 5
    while leaves := {name for name, below in graph.items() if not below}:
        graph = {name: below - leaves for name, below in graph.items() if name not in leaves}
    assert not graph


def test_no_function_hides_a_module():
    for name in NAMES[1:]:
        parent, _, leaf = name.rpartition(".")
        assert isinstance(getattr(sys.modules[parent], leaf), ModuleType), name
