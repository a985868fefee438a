"""Packages that are needed by some who use vecq, and not by all."""

from importlib import import_module
from typing import Any

from vecq.core.errors import UnsupportedError


def need(package: str, install: str, purpose: str) -> Any:
    """Imports a package, or says how to get it."""
    try:
        return import_module(package)
    except ImportError:
        raise UnsupportedError(
            f"{purpose} needs the package {package}: pip install {install}"
        ) from None
