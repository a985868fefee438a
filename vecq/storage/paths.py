"""Paths of files: their encoding, and errors that name them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from vecq.core.errors import ArgumentError, FileError, VecqError


def encoded(path: object) -> bytes:
    """Return a path as the system takes it.

    Raises:
        ArgumentError: `path` is no path, is empty or contains a null byte.
    """
    try:
        found = os.fsencode(path)  # type: ignore[arg-type]
    except (TypeError, UnicodeError):
        raise ArgumentError(f"path is {path!r}, expected the path of a file", "path") from None
    if not found or b"\0" in found:
        raise ArgumentError(f"path is {path!r}, which no file can have", "path")
    return found


@contextmanager
def naming(path: object) -> Iterator[None]:
    """Put the path into errors that are raised about the file."""
    try:
        yield
    except VecqError as error:
        if error.argument == "path" and not isinstance(error, ArgumentError):
            error.args = (f"{os.fsdecode(encoded(path))}: {error}",)
            if isinstance(error, FileError):
                error.filename = path
        raise
