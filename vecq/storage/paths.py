"""Paths of files: their encoding, and errors that name them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def require_file(path: Path, argument: str) -> None:
    """Refuse a path that is not a regular file; opening a FIFO would wait for a writer.

    Raises:
        ArgumentError: It does not exist, or is a folder, FIFO or device.
    """
    if not path.exists():
        raise ArgumentError(f"{argument}: {path} does not exist", argument)
    if not path.is_file():
        raise ArgumentError(f"{argument}: {path} is not a regular file", argument)


def output_file(path: object, argument: str) -> Path:
    """Return a path that can be written to, before hours are spent on what it will hold.

    Raises:
        ArgumentError: It is no path, a folder, a FIFO or device, or in a folder that does not
            exist.
    """
    file = Path(os.fsdecode(encoded(path)))
    if file.is_dir():
        raise ArgumentError(f"{argument}: {file} is a folder, expected a file", argument)
    if file.exists() and not file.is_file():
        raise ArgumentError(
            f"{argument}: {file} is not a regular file, expected a path to write a file to",
            argument,
        )
    if not file.absolute().parent.is_dir():
        raise ArgumentError(
            f"{argument}: {file.parent} does not exist: make that folder first", argument
        )
    return file


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
