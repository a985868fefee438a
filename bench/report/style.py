"""The template and style sheets beside this file, and optional packages that draw."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from vecq import UnsupportedError


def package(name: str, what: str) -> Any:
    """Import a package of vecq[bench], or raise an error that says how to install it."""
    try:
        return import_module(name)
    except ImportError:
        raise UnsupportedError(
            f"{what} needs the package {name.split('.')[0]}: pip install 'vecq[bench]'", name
        ) from None


@cache
def text(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
