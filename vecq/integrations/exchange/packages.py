"""Optional packages."""

from importlib import import_module
from typing import Any

from vecq.core.errors import UnsupportedError


def need(package: str, install: str, purpose: str) -> Any:
    """Import a package; raise UnsupportedError that names the remedy if it is missing."""
    try:
        return import_module(package)
    except ImportError:
        raise UnsupportedError(
            f"{purpose} needs the package {package}: pip install {install}"
        ) from None
