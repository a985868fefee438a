"""The page's template and styles, which lie beside this file, and the packages that draw."""

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from vecq import UnsupportedError


def package(name: str, what: str) -> Any:
    """Imports a package that comes with vecq[bench], or says how to get it."""
    try:
        return import_module(name)
    except ImportError:
        raise UnsupportedError(
            f"{what} needs the package {name.split('.')[0]}: pip install 'vecq[bench]'", name
        ) from None


@cache
def text(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


@cache
def colours() -> list[str]:
    """What the series are drawn in on light ground."""
    light = text("series.css").split("@media")[0]
    return re.findall(r"--c\d+: (#\w+)", light)
